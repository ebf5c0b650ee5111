"""Asks strategies, checks what they want, and books it: the one way from a decision to an order."""

from __future__ import annotations

from flatbook.engine.book_intents import book_approved, book_refused
from flatbook.engine.quoting import decide_seat
from flatbook.engine.turn import Turn
from flatbook.engine.views import hedge_view, limits_of, risk_view
from flatbook.events.codec import name_of
from flatbook.events.control import AlertCleared, AlertName, AlertRaised, HedgeHeld, HoldReason, Severity
from flatbook.events.event import Event
from flatbook.risk.checks import Approved, check
from flatbook.state.intents import Intent
from flatbook.state.positions import NetKey
from flatbook.strategies.hedge import decide
from flatbook.values.money import plain

ROUNDS_MAX = 4


def decide_touched(turn: Turn) -> None:
    """Asks each strategy whose net was touched in this turn, again while risk refuses, at most ROUNDS_MAX times."""
    seats = turn.rules.seats
    for _ in range(ROUNDS_MAX):
        touched, turn.touched = turn.touched, {}
        for key in touched:
            seated = seats.get(key[0])
            if seated is None:
                _decide_hedge(turn, key)
            else:
                decide_seat(turn, key, seated)
        if not turn.touched:
            return


def decide_net(turn: Turn, key: NetKey) -> None:
    """Asks the strategy of one net, and books its notes and what risk approved of its intents."""
    seated = turn.rules.seats.get(key[0])
    if seated is None:
        _decide_hedge(turn, key)
    else:
        decide_seat(turn, key, seated)


def _decide_hedge(turn: Turn, key: NetKey) -> None:
    hedge = turn.rules.hedges.get(key)
    if hedge is None:
        return
    decision = decide(hedge_view(turn.state, turn.market, key, turn.rules, turn.now), hedge.params)
    turn.wakes.put(key, decision.wake, turn.now)
    for note in decision.notes:
        book_note(turn, key, note)
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


def book_note(turn: Turn, key: NetKey, note: Event) -> None:
    """Books a note of a strategy, and tells where it says that an exposure stays."""
    turn.book(note)
    if not isinstance(note, HedgeHeld):
        return
    subject = f"{key[0]}:{key[1]}"
    if note.reason is None:
        turn.clear(AlertName.EXPOSURE_HELD, subject)
    elif note.reason is not HoldReason.RETRY_LATER:
        price = turn.price(key)
        worth = "no price known" if price is None else f"{plain(abs(note.net) * price)} USD at {plain(price)}"
        detail = f"{plain(note.net)} {key[1]} stays exposed ({worth}): {note.reason.value}"
        turn.alert(AlertName.EXPOSURE_HELD, subject, detail, severity=Severity.WARNING)


def _book_intents(turn: Turn, key: NetKey, intents: tuple[Intent, ...]) -> None:
    state, rules = turn.state, turn.rules
    verdict = check(risk_view(state, turn.market, key, rules, turn.now), intents, limits_of(state, rules))
    if isinstance(verdict, Approved):
        book_approved(turn, verdict.intents)
    else:
        book_refused(turn, key, verdict.intent, verdict.refusals, severity=Severity.CRITICAL)
