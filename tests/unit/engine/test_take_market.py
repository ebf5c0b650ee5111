"""What is known of a market: other hours than ours are told, what is not traded is halted, what is unseen is told."""

from __future__ import annotations

from datetime import date

import msgspec

from flatbook.engine.inputs import MarketSight
from flatbook.engine.reports import MarketHours
from flatbook.events.control import AlertName
from flatbook.values.instants import Instant, instant_of_text
from tests.unit.engine.scene import Bench, statement
from tests.unit.state.scene import STOCK

HALT = ("instrument", str(STOCK), "not_tradable")
FULL = (instant_of_text("2025-12-02T14:30:00Z"), instant_of_text("2025-12-02T21:00:00Z"))


def hours(opens_at: Instant | None, closes_at: Instant | None, day: date = date(2025, 12, 2)) -> MarketHours:
    return MarketHours(trade_date=day, opens_at=opens_at, closes_at=closes_at)


def stated(bench: Bench, **changes: object) -> None:
    bench.state_account(msgspec.structs.replace(statement(bench.now), **changes))


def test_hours_that_are_ours_are_not_told() -> None:
    bench = Bench().resume()
    stated(bench, hours=hours(*FULL))
    stated(bench, hours=hours(None, None, date(2025, 12, 25)))
    stated(bench, hours=None)
    assert bench.alerts == []


def test_hours_that_differ_are_told_until_they_agree() -> None:
    bench = Bench().resume()
    for differing in (hours(None, None), hours(FULL[0], instant_of_text("2025-12-02T18:00:00Z"))):
        stated(bench, hours=differing)
        assert bench.alerts == ["hours_differ"]
        stated(bench, hours=hours(*FULL))
        assert bench.alerts == []
    assert bench.halted == []


def test_a_share_that_is_not_tradable_is_halted_and_lifted_once_it_is() -> None:
    bench = Bench().resume()
    stated(bench, untradable=(STOCK,))
    assert (bench.halted, bench.alerts) == ([HALT], ["stock_halted"])
    bench.fill(1, "sell", "10")
    assert bench.orders() == []
    stated(bench, untradable=None)
    assert bench.halted == [HALT]
    stated(bench, untradable=())
    assert (bench.halted, bench.alerts) == ([], [])
    assert bench.orders() == ["buy 10.000"]


def test_a_market_that_is_not_seen_is_told_once_with_who_should_tell_it_until_it_is() -> None:
    bench = Bench().resume()
    unseen = MarketSight(instrument=STOCK, host="wss://stream.example", why="gap")
    bench.take(unseen)
    assert bench.take(msgspec.structs.replace(unseen, why="crossed")).events == ()
    assert bench.state.alerts[AlertName.MARKET_UNSEEN, STOCK].detail == (
        "no book of COIN/USD from wss://stream.example (gap): what opens there is withdrawn"
    )
    bench.take(msgspec.structs.replace(unseen, why=None))
    assert (bench.alerts, bench.halted) == ([], [])
    assert bench.take(msgspec.structs.replace(unseen, why=None)).events == ()
