"""A market that falls stops buys: nothing new is sent there, what rests goes, exits pass, and the venue proves it."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from flatbook.engine.inputs import RiskDue
from flatbook.engine.reports import CancelTaken
from flatbook.engine.step import Step
from flatbook.engine.take_risk import CalmSince, monitors_due
from flatbook.events.control import CommandRefused
from flatbook.events.risk import RiskCleared, RiskRaised
from flatbook.risk.monitor import MonitorRules, Policy
from flatbook.state.stops import is_stopped
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from tests.desk import OWNER, PAPER
from tests.unit.engine.scene import Bench, effects, one, report, statement, tags
from tests.unit.state.scene import STOCK

MONITOR = MonitorRules(
    instruments=(STOCK,),
    owners=(OWNER,),
    accounts=(PAPER,),
    interval_s=60,
    window=2,
    volume_multiple=3.0,
    calm_multiple=2.0,
    calm_s=60,
    policy=Policy.ALL,
    recovery=1,
    missing_s=600,
)


class Watched(Bench):
    """A desk with a monitor whose market has been calm."""

    def __init__(self, **setting: Any) -> None:
        super().__init__(**setting)
        self.calm_since: CalmSince = {}
        self.rules = msgspec.structs.replace(self.rules, monitors={"majors": MONITOR})
        self.market.candles.watch("majors", MONITOR.watch)
        self.candle(close=100.0, minutes=-3)
        self.candle(close=100.0, minutes=-2)
        self.candle(close=100.0, minutes=-1)

    def candle(self, *, close: float, volume: float = 10.0, minutes: int = 0) -> None:
        """States the candle of a minute, counted from now on."""
        start = Instant(self.now - self.now % 60_000_000_000)
        candle = [close, close, close, close, volume]
        self.market.candles.write_candle(STOCK, 60, later(start, seconds=60 * minutes), candle, self.now)

    def asked(self) -> tuple[RiskDue, ...]:
        """What the monitors want to be asked."""
        began_at = self.wakes.began_at or self.now
        return monitors_due(self.state, self.market, self.rules, self.calm_since, began_at, self.now)

    def due(self) -> tuple[str, ...]:
        """The monitors that want to be asked."""
        return tuple(each.monitor for each in self.asked())

    def look(self) -> Step:
        """Lets the monitor look."""
        return self.take(next(iter(self.asked()), RiskDue(monitor="majors")))

    def stopped(self, side: Side) -> bool:
        """Whether new risk on a side is kept back."""
        return is_stopped(self.state, OWNER, PAPER, STOCK, side)

    def calm(self, minutes: int = 3) -> None:
        """Lets calm minutes pass, in each of which the monitor looks."""
        for _ in range(minutes):
            self.wait(60).candle(close=100.0)
            self.due()


def test_a_calm_market_asks_for_nothing() -> None:
    bench = Watched()
    assert bench.due() == ()
    assert tags(bench.look()) == []


def test_a_fall_stops_buys_and_cancels_what_rests_there() -> None:
    bench = Watched()
    order_id = bench.working()
    bench.candle(close=90.0, volume=31.0)
    assert bench.due() == ("majors",)
    done = bench.look()
    assert tags(done)[:2] == ["risk_raised", "cancel_intended"]
    assert effects(done) == ["cancel", "statement"]
    event = one(done, RiskRaised)
    assert (event.side, event.owners, event.abnormal) == (Side.BUY, (OWNER,), (STOCK,))
    assert event.evidence == {STOCK: "abnormal: volume 31.0 of 10.0, close 90.0 of 100.0"}
    assert (bench.stopped(Side.BUY), bench.stopped(Side.SELL)) == (True, False)
    assert bench.order(order_id).cancel_pending
    assert bench.alerts == ["risk_raised"]
    assert (bench.due(), tags(bench.look())) == ((), [])


def test_a_rise_stops_sales_and_leaves_buys_at_work() -> None:
    bench = Watched()
    order_id = bench.working()
    bench.candle(close=110.0, volume=31.0)
    assert tags(bench.look()) == ["risk_raised"]
    assert (bench.stopped(Side.BUY), bench.stopped(Side.SELL)) == (False, True)
    assert not bench.order(order_id).cancel_pending


def test_the_stop_is_proven_by_a_statement_read_after_it_that_shows_nothing() -> None:
    bench = Watched()
    bench.state_account(statement(bench.now))
    order_id = bench.wait(60).working()
    bench.candle(close=90.0, volume=31.0)
    before = statement(bench.now)
    bench.look()
    assert "stop_proven" not in tags(bench.state_account(before))
    bench.wait(5).answer_cancel(order_id, CancelTaken())
    shown = report(order_id)
    assert "stop_proven" not in tags(bench.state_account(statement(bench.now, open_orders=(shown,))))
    assert "stop_proven" not in tags(bench.wait(1).state_account(statement(bench.now)))
    bench.report(report(order_id, "canceled"))
    assert "stop_proven" in tags(bench.wait(1).state_account(statement(bench.now)))
    assert bench.state.stops["majors", Side.BUY].unproven == ()


def test_a_statement_of_the_moment_of_the_stop_or_before_it_proves_nothing() -> None:
    bench = Watched()
    bench.state_account(statement(bench.now))
    bench.wait(60).candle(close=90.0, volume=31.0)
    before = statement(later(bench.now, seconds=-1))
    bench.look()
    for shown in (before, statement(bench.now)):
        assert "stop_proven" not in tags(bench.state_account(shown))
    assert bench.state.stops["majors", Side.BUY].unproven == (PAPER,)
    assert "stop_proven" in tags(bench.wait(1).state_account(statement(bench.now)))


def test_an_exit_that_stays_at_work_stands_before_no_proof() -> None:
    bench = Watched()
    bench.state_account(statement(bench.now))
    order_id = bench.wait(60).working()
    bench.state.orders[order_id] = msgspec.structs.replace(bench.order(order_id), reduce_only=True)
    bench.candle(close=90.0, volume=31.0)
    bench.look()
    assert not bench.order(order_id).cancel_pending
    shown = report(order_id)
    assert "stop_proven" in tags(bench.wait(1).state_account(statement(bench.now, open_orders=(shown,))))


def test_an_operator_frees_a_side_once_what_stopped_it_is_over_and_not_before() -> None:
    bench = Watched()
    bench.candle(close=90.0, volume=31.0)
    bench.look()
    assert tags(bench.command("stop_free", "k1", monitor="majors", side="buy")) == ["command_refused"]
    assert bench.stopped(Side.BUY)
    bench.candle(close=90.0, volume=5.0)
    freed = bench.command("stop_free", "k2", monitor="majors", side="buy")
    assert tags(freed)[:2] == ["command_accepted", "risk_cleared"]
    assert not bench.stopped(Side.BUY)
    refused = bench.command("stop_free", "k3", monitor="majors", side="buy")
    assert one(refused, CommandRefused).why == "no such stop stands; none does"


def test_a_proof_that_does_not_come_is_told_until_it_comes() -> None:
    bench = Watched()
    bench.state_account(statement(bench.now))
    order_id = bench.wait(60).unknown()
    bench.candle(close=90.0, volume=31.0)
    bench.look()
    assert bench.wait(30).due() == ()
    assert bench.wait(1).due() == ("majors",)
    bench.look()
    assert "cancel_unproven" in bench.alerts
    assert bench.due() == ()
    bench.report(report(order_id, "canceled"))
    bench.wait(1).state_account(statement(bench.now))
    assert "cancel_unproven" not in bench.alerts


def test_the_side_is_freed_when_the_market_is_calm_again() -> None:
    bench = Watched()
    bench.candle(close=90.0, volume=31.0)
    bench.look()
    bench.calm()
    assert bench.due() == ("majors",)
    assert tags(bench.look())[0] == "risk_cleared"
    assert not bench.stopped(Side.BUY)
    assert bench.alerts == []
    assert bench.due() == ()


def test_a_side_is_freed_only_after_a_while_of_calm_without_a_break() -> None:
    bench = Watched()
    bench.candle(close=90.0, volume=31.0)
    bench.look()
    for is_broken in (True, False):
        for _ in range(60):
            bench.wait(1).candle(close=95.0)
            assert not any(each.calm for each in bench.asked())
        if is_broken:
            bench.candle(close=95.0, volume=500.0)
            bench.asked()
            assert bench.calm_since == {}
    assert tags(bench.take(RiskDue(monitor="majors"))) == []
    assert bench.wait(1).asked() == (RiskDue(monitor="majors", calm=(Side.BUY,)),)
    assert tags(bench.look()) == ["risk_cleared"]


def test_a_side_that_was_calm_for_long_enough_is_not_freed_if_it_is_loud_when_that_is_taken() -> None:
    bench = Watched()
    bench.candle(close=90.0, volume=31.0)
    bench.look()
    bench.candle(close=100.0, volume=25.0)
    assert tags(bench.take(RiskDue(monitor="majors", calm=(Side.BUY,)))) == []


VOLUMES = st.sampled_from([5.0, 19.0, 21.0, 29.0, 31.0, 500.0])
CLOSES = st.sampled_from([90.0, 100.0, 110.0])


@given(st.lists(st.tuples(VOLUMES, CLOSES), max_size=40))
def test_whatever_hovers_at_a_bound_a_side_is_stopped_for_as_long_as_the_calm_that_frees_it(
    market: list[tuple[float, float]],
) -> None:
    bench = Watched()
    raised: dict[Side, Instant] = {}
    loud = dict.fromkeys(Side, bench.now)
    for volume, close in market:
        bench.wait(20).candle(close=close, volume=volume)
        sight = bench.market.candles.sight("majors", STOCK, bench.now)
        assert sight is not None
        for event in bench.look().events:
            if isinstance(event, RiskRaised):
                raised[event.side] = bench.now
            elif isinstance(event, RiskCleared):
                assert bench.now >= later(raised.pop(event.side), seconds=60)
                assert bench.now >= later(loud[event.side], seconds=60)
        if max(sight.volume, sight.last_volume) > 2 * sight.mean_volume:
            loud = dict.fromkeys(Side, bench.now)
    assert {side for side in Side if bench.stopped(side)} == set(raised)


def test_the_stop_stands_over_a_restart_although_the_new_process_has_seen_nothing() -> None:
    bench = Watched()
    bench.candle(close=90.0, volume=31.0)
    bench.look()
    bench.restart()
    bench.market.candles.watch("majors", MONITOR.watch)
    assert bench.wait(1).due() == ()
    assert bench.stopped(Side.BUY)
    bench.wait(600)
    assert bench.due() == ("majors",)
    assert [event.side for event in bench.look().events if isinstance(event, RiskRaised)] == [Side.SELL]


def test_a_monitor_that_is_configured_no_more_frees_its_sides_at_the_next_start() -> None:
    bench = Watched()
    bench.candle(close=90.0, volume=31.0)
    bench.look()
    bench.rules = msgspec.structs.replace(bench.rules, monitors={})
    assert bench.look().dropped == ("monitor_gone",)
    assert bench.stopped(Side.BUY)
    assert "risk_cleared" in tags(bench.restart())
    assert not bench.stopped(Side.BUY)
    assert bench.alerts == []
