"""Books what risk said of the intents of a decision: an order that may leave, or a refusal that is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flatbook.engine.effects import place_of
from flatbook.engine.take_calls import intend_call
from flatbook.engine.turn import Turn
from flatbook.events.control import AlertName, Severity
from flatbook.events.orders import IntentRefused, OrderIntended
from flatbook.risk.checks import Refusal
from flatbook.state.intents import CallIntent, CancelIntent, Intent, PlaceIntent
from flatbook.state.positions import NetKey
from flatbook.strategies.decision import Trigger
from flatbook.values.instants import Instant


def book_approved(turn: Turn, intents: Iterable[Intent]) -> None:
    """Books intents that risk approved, and asks the outside for what they want."""
    for intent in intents:
        if isinstance(intent, PlaceIntent):
            book_place(turn, intent)
        elif isinstance(intent, CancelIntent):
            turn.cancel(turn.state.orders[intent.order_id], intent.reason, intent.because)
        elif isinstance(intent, CallIntent):
            intend_call(turn, intent)


def book_place(turn: Turn, intent: PlaceIntent) -> None:
    """Books an order that risk approved, and asks its venue for it."""
    state = turn.state
    turn.book(intended(intent, turn.now))
    turn.effects.append(place_of(state.orders[intent.order_id]))
    if state.alerts:
        turn.clear(AlertName.INTENT_REFUSED, f"{intent.owner}:{intent.underlying}")


def intended(intent: PlaceIntent, now: Instant) -> OrderIntended:
    """Returns that an intent which risk approved is going to be carried out."""
    instrument = intent.instrument
    return OrderIntended(
        intent.order_id,
        intent.owner,
        instrument.account,
        instrument.id,
        intent.underlying,
        intent.side,
        intent.qty,
        intent.limit,
        instrument.contract_size,
        intent.reduce_only,
        intent.style,
        instrument.product,
        intent.slot,
        None,
        intent.because,
        intent.evidence,
        now,
        intent.good_until,
    )


def book_refused(
    turn: Turn, key: NetKey, intent: PlaceIntent, refusals: Sequence[Refusal], *, severity: Severity
) -> None:
    """Books that an intent was refused, tells of it, and asks its strategy again."""
    first = refusals[0]
    turn.book(
        IntentRefused(
            order_id=intent.order_id,
            owner=intent.owner,
            account=intent.account,
            instrument=intent.instrument_id,
            underlying=intent.underlying,
            side=intent.side,
            qty=intent.qty,
            rule=first.rule,
            limit=first.limit,
            asked=first.asked,
            because=intent.because,
            decided_at=turn.now,
        )
    )
    detail = "; ".join(f"{each.rule.value}: {each.asked} asked, {each.limit} allowed" for each in refusals)
    turn.alert(AlertName.INTENT_REFUSED, f"{key[0]}:{key[1]}", detail, severity=severity)
    turn.touch(key, Trigger.INTENT_REFUSED)
