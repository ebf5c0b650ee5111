"""Judges of monitors and breakers: what breaks them, and what does not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.events import control, orders, risk
from flatbook.events.event import Event
from flatbook.sim.judges.expectation import Expectation, SeatBound
from flatbook.sim.world import record as rec
from flatbook.sim.world.record import SHARE
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, OwnerId
from flatbook.values.instruments import Side
from flatbook.values.money import Money
from tests.unit.sim.judges.story import (
    EXPECTS,
    ORDER,
    accepted,
    at,
    changed,
    filled,
    halt,
    intended,
    opened,
    replaced,
    row,
    vault_filled,
    what,
)


def expects(drawdown_usd_max: int | None = None, losses_max: int | None = None) -> Expectation:
    seat = SeatBound(
        owner="desk",
        inventory_max=100 * SHARE,
        seen_within=None,
        drawdown_usd_max=drawdown_usd_max,
        losses_max=losses_max,
    )
    return replaced(EXPECTS, seat=seat)


def raised(side: Side = Side.BUY) -> risk.RiskRaised:
    return risk.RiskRaised(
        monitor="watch",
        side=side,
        owners=(OwnerId("desk"),),
        accounts=(AccountId("alpha"),),
        abnormal=(InstrumentId("COIN@alpha"),),
        evidence={},
        raised_at=at(2),
    )


def cleared(side: Side = Side.BUY) -> risk.RiskCleared:
    return risk.RiskCleared(monitor="watch", side=side, normal=(), evidence={}, cleared_at=at(3))


def stopped_early(*events: Event) -> list[rec.Entry]:
    return changed(
        opening=row(1, 2, *opened(), *events),
        intent=row(3, 4 + len(events), vault_filled(), intended()),
        accepted=row(4, 6 + len(events), accepted()),
        filled=row(6, 7 + len(events), filled()),
    )


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ((raised(),), [f"{ORDER} was intended on a side that watch had stopped"]),
        ((raised(Side.SELL),), []),
        ((raised(), cleared()), []),
        ((raised(), cleared(Side.SELL)), ["watch freed a side that it had not stopped"]),
    ],
)
def test_nothing_opens_on_a_side_that_a_monitor_has_stopped(events: tuple[Event, ...], found: list[str]) -> None:
    assert what(stopped_early(*events), "I15", expects())[:1] == found


@pytest.mark.parametrize(
    ("calm_s", "evidence", "found"),
    [
        (1, "normal: volume 80.0 of 100.0, close 1.0 of 1.0", []),
        (2, "normal: volume 80.0 of 100.0, close 1.0 of 1.0", ["watch freed a side that it had only just stopped"]),
        (1, "normal: volume 80.1 of 100.0, close 1.0 of 1.0", ["watch freed a side of a market that is not calm"]),
        (1, "normal: volume 0.0 of 0.0, close 1.0 of 1.0", []),
    ],
)
def test_a_side_is_freed_no_sooner_than_its_market_was_calm(calm_s: int, evidence: str, found: list[str]) -> None:
    stock = InstrumentId("COIN@alpha")
    free = replaced(cleared(), normal=(stock,), evidence={stock: evidence})
    bound = expects()
    bound = replaced(bound, seat=replaced(bound.seat, calm_s=calm_s, calm_pct=80))
    assert what(stopped_early(raised(), free), "I15", bound) == found


def test_what_works_on_a_side_that_is_stopped_is_asked_to_cancel() -> None:
    working = {"executed": None, "over": None}
    found = [f"{ORDER} worked under a stop and no cancel followed in time"]
    assert what(changed(**working, filled=row(6, 7, raised())), "I15", expects()) == found
    assert what(changed(**working, filled=row(6, 7, raised(Side.SELL))), "I15", expects()) == []
    cancel = orders.CancelIntended(
        order_id=OrderId(ORDER), attempt=1, reason=orders.CancelReason.HALTED, because=None, decided_at=at(6)
    )
    assert what(changed(**working, filled=row(6, 7, raised(), cancel)), "I15", expects()) == []


def lost(*events: Event, usd: str = "2") -> list[rec.Entry]:
    """The hedge costs so much in fees, and these events follow in its row."""
    fee = orders.Fee(asset=AssetId("USD"), amount=Money(Decimal(usd)))
    return changed(filled=row(6, 7, filled(fees=(fee,)), *events))


def tripped() -> control.TradingHalted:
    return replaced(halt("owner", "desk"), cause=control.HaltCause.BREAKER)


def test_an_owner_that_lost_more_than_its_breaker_allows_is_halted_in_the_same_row() -> None:
    found = ["an owner with -2 was stopped by no breaker"]
    assert what(lost(), "I15", expects(drawdown_usd_max=1)) == found
    assert what(lost(tripped()), "I15", expects(drawdown_usd_max=1)) == []
    assert what(lost(), "I15", expects(drawdown_usd_max=2)) == []
    assert what(lost(), "I15", expects()) == []


def test_a_breaker_that_stops_an_owner_without_cause_is_found() -> None:
    found = ["desk was stopped by a breaker with -2"]
    assert what(lost(tripped()), "I15", expects(drawdown_usd_max=2)) == found
    assert what(lost(tripped()), "I15", expects(drawdown_usd_max=2, losses_max=1)) == []


def test_a_breaker_counts_anew_once_it_was_lifted() -> None:
    lift = control.TradingLifted(halt_id=tripped().halt_id, reason="planned", lifted_at=at(7))
    told = changed(filled=(*(entry for entry in lost(tripped()) if entry.at == at(6)), row(7, 9, lift)))
    assert what(told, "I15", expects(drawdown_usd_max=1)) == []
