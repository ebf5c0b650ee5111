"""Days on which money was lost elsewhere, played through the whole desk."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import msgspec

from flatbook.engine.run import Engine, Parts
from flatbook.events.event import Event
from flatbook.events.orders import CancelIntended, CancelReason, OrderFilled, OrderIntended
from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.wire import Verb
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.state.desk import State
from flatbook.state.exposure import exposure_of
from flatbook.state.fold import apply
from flatbook.strategies.hedge_terms import CloseRamp
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.money import ZERO, Quantity
from flatbook.values.sessions import session_at
from tests.desk import COIN, HEDGE, LIMITS, OWNER, PAPER, Setting, at, desk_of, fill, journalled, live
from tests.lives import Desk, Life

KEY = (OWNER, COIN)


def turned_over(life_events: list[tuple[Decimal, Decimal, Decimal]]) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Returns the moments at which what works could turn the net over, in shares."""
    return [
        (net, may_buy, may_sell)
        for net, may_buy, may_sell in life_events
        if (net > ZERO and may_sell > net) or (net < ZERO and may_buy > -net)
    ]


class Watched(Engine):
    """Notes the exposure after each commit."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.exposures: list[tuple[Decimal, Decimal, Decimal]] = []
        self.listeners.append(lambda _: self._note())

    def _note(self) -> None:
        seen = exposure_of(self.state, KEY)
        canceling = sum((order.leaves for order in self.state.orders_owing(KEY) if order.cancel_pending), Decimal(0))
        self.exposures.append((seen.net, seen.may_buy - canceling, seen.may_sell))


def test_scenario_01_offsetting_fills_never_leave_an_order_above_the_net() -> None:
    """A hedge of 10 is half done when the chain sells 8 back: what works above the net is canceled, then sold back."""
    script = (
        ScriptedBlocks(at=at(1, 5), events=(fill(1, "sell", "10", at=at(1, 5)),)),
        ScriptedBlocks(at=at(2, 20), events=(fill(2, "buy", "8", at=at(2, 20)),)),
    )
    late = Fault(verb=Verb.PLACE, kind=FaultKind.LATE_FILL, number=1, delay_ms=90_000, share=Decimal("0.5"))
    desk = desk_of(Setting(fill_qty_max=Quantity(Decimal(4)), plan=FaultPlan(faults=(late,))), script)
    life = Life(desk, engine_of=Watched)
    _run(life, at(30))
    engine = life.engine
    assert isinstance(engine, Watched)
    events = journalled(desk)
    reasons = [event.reason for event in events if isinstance(event, CancelIntended)]
    assert reasons[0] in (CancelReason.EXCEEDS_NET, CancelReason.WRONG_SIDE)
    assert turned_over(engine.exposures) == []
    first = next(event.order_id for event in events if isinstance(event, OrderIntended))
    assert sum((event.qty for event in events if isinstance(event, OrderFilled) and event.order_id == first), ZERO) == 7
    assert engine.state.positions.net(*KEY).known == 0
    assert shares_at_broker(desk, at(30)) == Decimal(10_002)


FRIDAY_NOON = instant_of_text("2025-11-28T17:30:00Z")
FRIDAY_CLOSE = instant_of_text("2025-11-28T18:00:00Z")
MONDAY_OPEN = instant_of_text("2025-12-01T14:30:00Z")


def test_scenario_02_a_half_day_weekend_ends_inside_the_bound() -> None:
    """Fills come until the bell of a half day: the ramp leaves less than its bound, and nothing waits for Monday."""
    ramp = CloseRamp(before_close_s=900, threshold_shares=Decimal("0.5"), collar_bps_max=400, reprice_s=60)
    hedge = msgspec.structs.replace(HEDGE, ramp=ramp, close_cutoff_s=30)
    moments = [later(FRIDAY_NOON, seconds=60 * minute + 5) for minute in (2, 11, 19, 24, 27, 28)]
    script = [
        ScriptedBlocks(at=moment, events=(fill(number, "sell", "0.75", at=moment),))
        for number, moment in enumerate(moments, 1)
    ]
    weekend = later(FRIDAY_CLOSE, seconds=3600)
    script.append(ScriptedBlocks(at=weekend, events=(fill(9, "sell", "0.3", at=weekend),)))
    setting = Setting(
        hedge=hedge,
        limits=msgspec.structs.replace(LIMITS, collar_bps_max=400),
        lot="0.01",
        start=FRIDAY_NOON,
        minutes=30,
    )
    desk = desk_of(setting, script)
    live(desk, FRIDAY_CLOSE)
    assert abs(net_of(journalled(desk))) <= Decimal("0.5")
    life = live(desk, MONDAY_OPEN)
    executions = broker_of(desk).truth.executions()
    assert executions
    assert all(each.at <= FRIDAY_CLOSE for each in executions)
    intents = [event for event in journalled(desk) if isinstance(event, OrderIntended)]
    assert any("close_ramp_collar_bps" in (intent.evidence or {}) for intent in intents)
    assert all(intent.good_until <= session_at(intent.decided_at).closes_at for intent in intents)
    assert not life.engine.state.open_orders


def _run(life: Life, until: Instant) -> None:
    asyncio.run(life.run(until))


def broker_of(desk: Desk) -> Broker:
    assert isinstance(desk.broker, Broker)
    return desk.broker


def shares_at_broker(desk: Desk, when: Instant) -> Decimal:
    return broker_of(desk).truth.balances_at(PAPER, when)["COIN"]


def net_of(events: tuple[Event, ...]) -> Decimal:
    """Returns the net that the journal alone tells."""
    state = State()
    for event in events:
        apply(state, event)
    return state.positions.net(*KEY).known
