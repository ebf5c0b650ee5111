"""What reaches the simulated Alpaca around closes and at zero: nothing for tomorrow, nothing short by accident.

Hypothesis: no order of ours can execute in another trade date than the one it was decided in, and none crosses zero.
Mechanism: our own table of sessions bounds what is sent, with a margin before the close; sells stop at what is held.
Premise: fills come before, at and after the close, so that orders are wanted at each of these times.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.events import orders as ev
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.strategies.hedge_terms import CloseRamp
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.money import ZERO
from flatbook.values.sessions import SessionKind, last_close, regular_close, session_at
from tests.desk import COIN, HEDGE, OPEN, OWNER, fill
from tests.sim.alpaca_desk import ACCOUNT_ID, AlpacaDesk
from tests.unit.sim.alpaca.scene import Faults

DAYTIME = (SessionKind.EARLY, SessionKind.REGULAR, SessionKind.LATE)
RAMP = CloseRamp(before_close_s=900, threshold_shares=Decimal(1), collar_bps_max=400, reprice_s=60)
WIDE = msgspec.structs.replace(HEDGE, sessions=DAYTIME, ramp=RAMP)
REGULAR_CLOSE = instant_of_text("2025-12-02T21:00:00Z")
LATE_CLOSE = instant_of_text("2025-12-03T01:00:00Z")
HALF_DAY_CLOSE = instant_of_text("2025-11-28T22:00:00Z")


def around(close: Instant) -> tuple[ScriptedBlocks, ...]:
    """A sale every eight seconds, from two minutes before a close to one minute after it."""
    return tuple(
        ScriptedBlocks(at=later(close, seconds=-120 + 8 * number), events=(fill(number, "sell", "3", at=close),))
        for number in range(1, 23)
    )


def check_nothing_for_tomorrow(desk: AlpacaDesk, close: Instant) -> None:
    assert desk.ledger.orders
    for order in desk.ledger.orders.values():
        today = session_at(order.taken_at).trade_date
        assert order.taken_at < close
        assert order.works_until <= (last_close(today) if order.extended else regular_close(today))
        assert not order.is_open
    assert all(each.at < close for each in desk.ledger.executions)
    assert desk.loop.faults == []


@pytest.mark.parametrize("thinking_ms", [0, 5_000, 8_000])
def test_nothing_that_is_sent_around_the_regular_close_can_execute_tomorrow(thinking_ms: int) -> None:
    """Alpaca may be slow: the margin before the close is as long as a request may live."""
    faults = Faults(thinking_ms=thinking_ms)
    desk = AlpacaDesk(around(REGULAR_CLOSE), start=later(REGULAR_CLOSE, seconds=-300), faults=faults)
    desk.begin()
    desk.advance(seconds=900)
    check_nothing_for_tomorrow(desk, REGULAR_CLOSE)
    assert desk.engines[-1].state.positions.net(OWNER, COIN).known < ZERO
    desk.close()


@pytest.mark.parametrize("close", [LATE_CLOSE, HALF_DAY_CLOSE])
def test_the_ramp_flattens_by_limits_in_the_late_session_and_nothing_is_left_for_tomorrow(close: Instant) -> None:
    """On a half day the late session ends at 17:00, whatever Alpaca's calendar says of it."""
    early = ScriptedBlocks(at=later(close, seconds=-1_000), events=(fill(100, "sell", "7.5", at=close),))
    desk = AlpacaDesk((early, *around(close)), start=later(close, seconds=-1_200), hedge=WIDE)
    desk.begin()
    desk.advance(seconds=1_800)
    check_nothing_for_tomorrow(desk, close)
    orders = desk.ledger.orders.values()
    assert all(order.extended and order.limit is not None for order in orders)
    assert sum((each.order.sign * each.qty for each in desk.ledger.executions), ZERO) >= Decimal("7.5")
    desk.close()


def test_a_sale_beyond_what_is_held_stops_at_zero_and_its_rest_is_sold_short_in_whole_shares() -> None:
    shorting = msgspec.structs.replace(HEDGE, shorting=True)
    script = (ScriptedBlocks(at=later(OPEN, seconds=20), events=(fill(1, "buy", "12.5", at=OPEN),)),)
    desk = AlpacaDesk(script, held="4.5", hedge=shorting)
    desk.begin()
    desk.advance(seconds=240)
    sold = [(order.sign, order.qty, order.now.status) for order in desk.ledger.orders.values()]
    assert sold == [(-1, Decimal("4.5"), "filled"), (-1, Decimal(8), "filled")]
    assert desk.ledger.holdings(ACCOUNT_ID, desk.now()) == {"COIN": Decimal(-8)}
    assert not [event for event in desk.events() if isinstance(event, ev.OrderRejected)]
    desk.close()


def test_without_shorting_what_is_not_held_is_not_sold() -> None:
    script = (ScriptedBlocks(at=later(OPEN, seconds=20), events=(fill(1, "buy", "12.5", at=OPEN),)),)
    desk = AlpacaDesk(script, held="4.5")
    desk.begin()
    desk.advance(seconds=240)
    assert [(order.sign, order.qty) for order in desk.ledger.orders.values()] == [(-1, Decimal("4.5"))]
    assert desk.engines[-1].state.positions.net(OWNER, COIN).known == Decimal(8)
    desk.close()
