"""A running desk lets its monitors look, and reads its accounts until they show that nothing is left."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from flatbook.events.event import Event
from flatbook.events.risk import RiskRaised, StopProven
from flatbook.risk.monitor import MonitorRules, Policy
from flatbook.values.instants import NS_PER_S
from flatbook.values.instruments import Side
from tests.desk import OPEN, OWNER, PAPER, Setting, at, desk_of, journalled
from tests.lives import Life
from tests.unit.state.scene import STOCK

MISSING_S = 120
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
    missing_s=MISSING_S,
)


def lived(monitors: dict[str, MonitorRules]) -> tuple[Event, ...]:
    """Returns what a desk journals in five minutes in which nobody tells it of any candle."""
    desk = desk_of(Setting(), ())
    asyncio.run(Life(replace(desk, rules=replace(desk.rules, monitors=monitors))).run(at(5)))
    return journalled(desk)


def test_a_market_that_nobody_tells_of_is_stopped_in_time_and_the_account_proves_it_at_once() -> None:
    events = lived({"majors": MONITOR})
    raised = [event for event in events if isinstance(event, RiskRaised)]
    assert [event.side for event in raised] == [Side.BUY, Side.SELL]
    assert [(event.raised_at - OPEN) // NS_PER_S for event in raised] == [MISSING_S + 1, MISSING_S + 1]
    proven = [event for event in events if isinstance(event, StopProven)]
    assert [(event.side, event.account) for event in proven] == [(Side.BUY, PAPER), (Side.SELL, PAPER)]
    assert max(event.seen_at for event in proven) - raised[0].raised_at < 30 * NS_PER_S


def test_a_desk_without_monitors_looks_at_nothing() -> None:
    assert [event for event in lived({}) if isinstance(event, RiskRaised | StopProven)] == []
