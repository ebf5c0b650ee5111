"""Views of the hedge strategy: one share, one broker, a price of 250, and whatever a test changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from flatbook.market.quotes import Quote
from flatbook.state.intents import CancelIntent, PlaceIntent
from flatbook.state.orders import Order, Status, order_of_intent
from flatbook.strategies.decision import Decision
from flatbook.strategies.hedge import HedgeView, decide
from flatbook.strategies.hedge_size import OrderCaps, Route
from flatbook.strategies.hedge_terms import HedgeParams
from flatbook.values.ids import AccountId, InstrumentId, SourceId
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.instruments import Instrument
from flatbook.values.money import Price, Quantity
from flatbook.values.sessions import next_session, run_end, session_at
from tests.desk import COIN, HEDGE, OWNER, coin
from tests.unit.state.scene import intended, qty

NOON = instant_of_text("2025-12-02T17:00:00Z")
POOL = SourceId("pool")
BACKUP = AccountId("backup")


def params(**changes: Any) -> HedgeParams:
    """Returns the parameters of the test desk, changed."""
    return msgspec.structs.replace(HEDGE, **changes)


def quote(price: str, *, at: Instant = NOON) -> Quote:
    """Returns a quote that happened at an instant."""
    return Quote(price=Price(Decimal(price)), happened_at=at, seen_at=at)


def route(lot: str = "1", **changes: Any) -> Route:
    """Returns an account that can take everything."""
    instrument = coin(lot)
    plain = Route(
        instrument=instrument,
        quote_usd=Price(Decimal(1)),
        cash=None,
        held=None,
        selling=qty("0"),
        buying=qty("0"),
        halted=False,
    )
    return msgspec.structs.replace(plain, **changes)


def backup_route(**changes: Any) -> Route:
    """Returns the account of a second broker, which was stated with nothing held."""
    first = route(held=Quantity(Decimal(0)))
    there = msgspec.structs.replace(first.instrument, id=InstrumentId("COIN/USD@backup"), account=BACKUP)
    return msgspec.structs.replace(first, instrument=there, **changes)


def with_rules(instrument: Instrument, **changes: Any) -> Instrument:
    """Returns an instrument on another grid."""
    return msgspec.structs.replace(instrument, rules=msgspec.structs.replace(instrument.rules, **changes))


def view(net: str, *, now: Instant = NOON, **changes: Any) -> HedgeView:
    """Returns what the hedge sees of a net."""
    hedge = changes.pop("params", HEDGE)
    coming = next_session(now, hedge.sessions)
    plain = HedgeView(
        now=now,
        owner=OWNER,
        underlying=COIN,
        net=qty(net),
        last_price=Price(Decimal(250)),
        orders=(),
        route=route(),
        backup=None,
        caps=OrderCaps(usd=Decimal(1_000_000), shares=Decimal(10_000)),
        price=quote("250", at=now),
        second=None,
        session=session_at(now),
        pauses_at=run_end(now, hedge.sessions),
        next_open=coming.opens_at if coming.opens_at > now else next_session(coming.closes_at, hedge.sessions).opens_at,
        flattening=False,
        hold=None,
        refusals=0,
        retry_from=None,
        cause=None,
        intents=0,
    )
    return msgspec.structs.replace(plain, **changes)


def order(
    side: str = "buy",
    size: str = "10",
    status: str = "accepted",
    *,
    name: str = "fb1",
    filled: str = "0",
    account: AccountId | None = None,
    **changes: Any,
) -> Order:
    """Returns an order of the net in a status."""
    plain = order_of_intent(intended(side, size, name, decided_at=NOON, good_until=later(NOON, seconds=600)))
    facts = {"status": Status(status), "filled": qty(filled), "claimed": qty(filled)} | changes
    held = msgspec.structs.replace(plain, **facts)
    return held if account is None else msgspec.structs.replace(held, account=account)


def placed(decision: Decision) -> PlaceIntent:
    """Returns the one order that a decision places."""
    (intent,) = decision.intents
    assert isinstance(intent, PlaceIntent)
    return intent


def canceled(decision: Decision) -> list[tuple[str, str]]:
    """Returns what a decision cancels and why."""
    assert all(isinstance(intent, CancelIntent) for intent in decision.intents)
    return [
        (str(intent.order_id), intent.reason.value) for intent in decision.intents if isinstance(intent, CancelIntent)
    ]


def wanted(net: str, **changes: Any) -> str:
    """Returns the order that a net leads to as text, or why it is held."""
    hedge = changes.get("params", HEDGE)
    decision = decide(view(net, **changes), hedge)
    if decision.intents:
        intent = placed(decision)
        return f"{intent.side.value} {intent.qty} at {intent.limit}"
    reasons = [reason.value for note in decision.notes if (reason := getattr(note, "reason", None)) is not None]
    return " ".join(reasons) or "nothing"


def size(decision: Decision) -> Quantity:
    """Returns the quantity that a decision orders."""
    return placed(decision).qty
