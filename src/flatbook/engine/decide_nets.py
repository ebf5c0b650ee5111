"""Asks strategies, checks what they want, and books it: the one way from a decision to an order."""

from __future__ import annotations

from flatbook.engine.effects import place_of
from flatbook.engine.take_calls import intend_call
from flatbook.engine.turn import Turn
from flatbook.engine.views import hedge_view, risk_view
from flatbook.events.codec import name_of
from flatbook.events.control import AlertCleared, AlertName, AlertRaised, HedgeHeld, HoldReason, Severity
from flatbook.events.event import Event
from flatbook.events.orders import IntentRefused, OrderIntended
from flatbook.risk.checks import Approved, Refused, check
from flatbook.state.intents import CallIntent, CancelIntent, Intent, PlaceIntent
from flatbook.state.positions import NetKey
from flatbook.strategies.decision import Trigger
from flatbook.strategies.hedge import decide
from flatbook.values.money import plain

ROUNDS_MAX = 4


def decide_touched(turn: Turn) -> None:
    """Asks each strategy whose net was touched in this turn, again while risk refuses, at most ROUNDS_MAX times."""
    for _ in range(ROUNDS_MAX):
        keys = tuple(turn.touched)
        turn.touched.clear()
        for key in keys:
            decide_net(turn, key)
        if not turn.touched:
            return


def decide_net(turn: Turn, key: NetKey) -> None:
    """Asks the strategy of one net, and books its notes and what risk approved of its intents."""
    hedge = turn.rules.hedges.get(key)
    if hedge is None:
        return
    decision = decide(hedge_view(turn.state, turn.market, key, turn.rules, turn.now), hedge.params)
    turn.wakes.put(key, decision.wake)
    for note in decision.notes:
        _book_note(turn, key, note)
    if decision.intents:
        _book_intents(turn, key, decision.intents)
    elif not turn.state.orders_owing(key) and key not in turn.state.holds:
        _clear_settled(turn, key)


def scan_net(turn: Turn, key: NetKey) -> None:
    """Asks the strategy of a net that nothing woke. What it then does was missed by its wake: a fault of ours, told."""
    before = len(turn.events)
    decide_net(turn, key)
    missed = [event for event in turn.events[before:] if not isinstance(event, (AlertRaised, AlertCleared))]
    if missed:
        detail = f"{name_of(type(missed[0]))} was decided by a scan and by no wake"
        turn.alert(AlertName.WAKE_MISSED, f"{key[0]}:{key[1]}", detail, severity=Severity.CRITICAL)


def _clear_settled(turn: Turn, key: NetKey) -> None:
    """A net that rests has nothing left of what surprised it."""
    for name in (AlertName.FILL_REVERSED, AlertName.ORDER_OVERFILLED):
        turn.clear(name, f"{key[0]}:{key[1]}")


def _book_note(turn: Turn, key: NetKey, note: Event) -> None:
    turn.book(note)
    if not isinstance(note, HedgeHeld):
        return
    subject = f"{key[0]}:{key[1]}"
    if note.reason is None:
        turn.clear(AlertName.EXPOSURE_HELD, subject)
    elif note.reason is not HoldReason.RETRY_LATER:
        usd = turn.usd(key, abs(note.net))
        worth = f"{plain(usd)} USD" if usd is not None else "no price known"
        detail = f"{plain(note.net)} {key[1]} stays exposed ({worth}): {note.reason.value}"
        turn.alert(AlertName.EXPOSURE_HELD, subject, detail, severity=Severity.WARNING)


def _book_intents(turn: Turn, key: NetKey, intents: tuple[Intent, ...]) -> None:
    verdict = check(risk_view(turn.state, turn.market, key, turn.rules, turn.now), intents, turn.rules.limits)
    if isinstance(verdict, Approved):
        _book_approved(turn, verdict)
    else:
        _book_refused(turn, key, verdict)


def _book_approved(turn: Turn, approved: Approved) -> None:
    for intent in approved.intents:
        if isinstance(intent, CancelIntent):
            turn.cancel(turn.state.orders[intent.order_id], intent.reason, intent.because)
        elif isinstance(intent, CallIntent):
            intend_call(turn, intent)
        else:
            turn.book(_intended(turn, intent))
            turn.effects.append(place_of(turn.state.orders[intent.order_id]))
            turn.clear(AlertName.INTENT_REFUSED, f"{intent.owner}:{intent.underlying}")


def _intended(turn: Turn, intent: PlaceIntent) -> OrderIntended:
    return OrderIntended(
        order_id=intent.order_id,
        owner=intent.owner,
        account=intent.account,
        instrument=intent.instrument_id,
        underlying=intent.underlying,
        side=intent.side,
        qty=intent.qty,
        limit=intent.limit,
        contract_size=intent.instrument.contract_size,
        reduce_only=intent.reduce_only,
        style=intent.style,
        product=intent.instrument.product,
        slot=intent.slot,
        together=None,
        because=intent.because,
        evidence=intent.evidence,
        decided_at=turn.now,
        good_until=intent.good_until,
    )


def _book_refused(turn: Turn, key: NetKey, refused: Refused) -> None:
    intent, first = refused.intent, refused.refusals[0]
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
    detail = "; ".join(f"{each.rule.value}: {each.asked} asked, {each.limit} allowed" for each in refused.refusals)
    turn.alert(AlertName.INTENT_REFUSED, f"{key[0]}:{key[1]}", detail, severity=Severity.CRITICAL)
    turn.touch(key, Trigger.INTENT_REFUSED)
