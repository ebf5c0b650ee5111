"""The checks that a chain call must pass before it is intended. The first refusal decides.

A remote signer checks the same again from the bytes it is asked to sign; here the words of the intent are checked.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from flatbook.events.calls import CallPurpose, CallRefusal
from flatbook.risk.call_limits import SELECTOR_TEXT, AllowedCall, CallLimits
from flatbook.state.intents import CallIntent
from flatbook.values.ids import HaltId
from flatbook.values.money import ZERO, Quantity, plain

QUEUE_MAX = 32
PAYLOAD_TEXT_MAX = 65_536


class CallView(msgspec.Struct, frozen=True, kw_only=True):
    """What risk can see of a wallet. Units: spent_today in units of the call's asset."""

    halt: HaltId | None
    waiting: int
    calls_today: int
    spent_today: Quantity


class CallDenied(msgspec.Struct, frozen=True, kw_only=True):
    """The call may not be made, and why."""

    reason: CallRefusal
    detail: str


Rule = Callable[[CallView, CallIntent, CallLimits], CallDenied | None]


def check_call(view: CallView, intent: CallIntent, limits: CallLimits) -> CallDenied | None:
    """Returns the first rule that a call breaks, None when it may be made."""
    return next((denied for rule in _RULES if (denied := rule(view, intent, limits)) is not None), None)


def _denied(reason: CallRefusal, detail: str) -> CallDenied:
    return CallDenied(reason=reason, detail=detail)


def halted(view: CallView, intent: CallIntent, _limits: CallLimits) -> CallDenied | None:
    """Denies new risk under a halt; what only takes back passes."""
    if view.halt is None or intent.purpose.lowers_risk:
        return None
    return _denied(CallRefusal.HALTED, f"{intent.purpose.value} under {view.halt}")


def allowed(_view: CallView, intent: CallIntent, limits: CallLimits) -> CallDenied | None:
    """Denies a contract, a function or a destination that the wallet does not name."""
    selector = intent.payload[:SELECTOR_TEXT]
    rule = _rule_of(intent, limits)
    if rule is None or len(intent.payload) > PAYLOAD_TEXT_MAX:
        return _denied(CallRefusal.NOT_ALLOWED, f"{selector} of {intent.to} is not on the wallet's list")
    if intent.destination is None and not rule.destinations:
        return None
    if intent.destination in rule.destinations:
        return None
    return _denied(CallRefusal.NOT_ALLOWED, f"{selector} of {intent.to} for {intent.destination} is not on its list")


def _rule_of(intent: CallIntent, limits: CallLimits) -> AllowedCall | None:
    wanted = (intent.to, intent.payload[:SELECTOR_TEXT])
    return next((each for each in limits.allowed if (each.to, each.selector) == wanted), None)


def valued(_view: CallView, intent: CallIntent, _limits: CallLimits) -> CallDenied | None:
    """Denies a call that carries coin: none of ours does."""
    return _denied(CallRefusal.VALUE_MAX, f"{plain(intent.value)} wei") if intent.value else None


def amounts(view: CallView, intent: CallIntent, limits: CallLimits) -> CallDenied | None:
    """Denies more of an asset than the wallet may move at once or in a day, and an approval without an amount."""
    if intent.amount is None or intent.asset is None:
        if intent.purpose is CallPurpose.APPROVE:
            return _denied(CallRefusal.UNLIMITED_APPROVAL, "an approval states what it approves")
        return None
    if intent.purpose.lowers_risk:
        return None
    cap = limits.amount_max.get(intent.asset, ZERO)
    if intent.amount > cap:
        reason = CallRefusal.UNLIMITED_APPROVAL if intent.purpose is CallPurpose.APPROVE else CallRefusal.AMOUNT_MAX
        return _denied(reason, f"{plain(intent.amount)} {intent.asset} asked, {plain(cap)} allowed at once")
    if intent.purpose is CallPurpose.APPROVE:
        return None
    day_cap = limits.amount_day_max.get(intent.asset, ZERO)
    if view.spent_today + intent.amount > day_cap:
        asked = plain(view.spent_today + intent.amount)
        return _denied(CallRefusal.DAY_AMOUNT_MAX, f"{asked} {intent.asset} in a day, {plain(day_cap)} allowed")
    return None


def counted(view: CallView, intent: CallIntent, limits: CallLimits) -> CallDenied | None:
    """Denies a call too many in a day, and one that finds too many waiting; what only takes back is not counted out."""
    if view.waiting >= QUEUE_MAX:
        return _denied(CallRefusal.QUEUE_FULL, f"{view.waiting} calls wait")
    if intent.purpose.lowers_risk or view.calls_today < limits.calls_day_max:
        return None
    return _denied(CallRefusal.DAY_CALLS_MAX, f"{view.calls_today} calls today")


_RULES: tuple[Rule, ...] = (allowed, valued, halted, amounts, counted)
