"""A small market and ways to talk to its broker in plain JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.spec import NO_FEES, BrokerSpec, OpeningAccount
from flatbook.sim.tapes.bars import Bar, Bars
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text, text_of_instant
from flatbook.values.instruments import TradingRules
from flatbook.values.money import Money, Price, Quantity

RULES = TradingRules(tick=Decimal("0.01"), lot=Decimal("0.001"), qty_min=Decimal("0.001"), notional_min=Decimal(1))


def at(clock: str, day: str = "2025-12-02") -> Instant:
    """Returns an instant of a day by its UTC clock; the regular session is 14:30 to 21:00."""
    return instant_of_text(f"{day}T{clock}Z")


def bars(opens: dict[str, str], day: str = "2025-12-02") -> Bars:
    """Returns bars by their minute; each closes a dollar above its open."""
    return Bars(
        Bar(
            starts_at=at(f"{minute}:00", day),
            open=Price(Decimal(price)),
            close=Price(Decimal(price) + 1),
        )
        for minute, price in opens.items()
    )


def minutes(first: str, *prices: str, day: str = "2025-12-02") -> Bars:
    """Returns one bar a minute from the first, with these opens."""
    start = at(f"{first}:00", day)
    return Bars(
        Bar(
            starts_at=Instant(start + 60 * NS_PER_S * index),
            open=Price(Decimal(price)),
            close=Price(Decimal(price)),
        )
        for index, price in enumerate(prices)
    )


def spec(*, cash: str = "100000", shares: str = "100", **settings: Any) -> BrokerSpec:
    """Returns a broker with one account, whole speed and no fees, unless the settings say otherwise."""
    account = OpeningAccount(account="main", cash=Money(Decimal(cash)), holdings={"COIN": Quantity(Decimal(shares))})
    plain: dict[str, Any] = {"rules": {"COIN": RULES}, "fees": NO_FEES, "seed": "test", "latency_jitter_ms": 0}
    return BrokerSpec(accounts=(account,), **(plain | settings))


def ask(broker: Broker, now: Instant, verb: str, **fields: Any) -> dict[str, Any]:
    """Sends one request that must be answered, and returns the answer."""
    request = {"verb": verb, "v": 1, "account": "main", "sent_at": text_of_instant(now), **fields}
    served = broker.serve(json.dumps(request).encode(), now)
    assert served is not None
    answer = json.loads(served.body)
    assert answer["v"] == 1
    return answer


def order_fields(client_id: str | None = "one", **fields: Any) -> dict[str, Any]:
    """Returns the fields of a place request: buy 2 COIN at 101 or better, unless said otherwise."""
    plain = {
        "client_order_id": client_id,
        "symbol": "COIN",
        "side": "buy",
        "qty": "2",
        "limit_price": "101",
        "time_in_force": "day",
        "extended_hours": False,
        "good_until": None,
    }
    return plain | fields


def place(broker: Broker, now: Instant, client_id: str | None = "one", **fields: Any) -> dict[str, Any]:
    """Places an order and returns the answer."""
    return ask(broker, now, "place", **order_fields(client_id, **fields))


def find(broker: Broker, now: Instant, client_id: str = "one") -> dict[str, Any]:
    """Looks an order up and returns the answer."""
    return ask(broker, now, "find", client_order_id=client_id)


def code_of(answer: dict[str, Any]) -> str:
    """Returns the code of a refusal."""
    return str(answer["error"]["code"])


def holdings(broker: Broker, account: str = "main") -> dict[str, Decimal]:
    """Returns what the broker's truth says an account has."""
    return broker.truth.balances_at(account, broker.now)
