"""Onchain fills hedged at the simulated Schwab, by the production engine and adapter, whatever is spoilt on the way."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from flatbook.events import orders as ev
from flatbook.events.control import AlertName, AlertRaised
from flatbook.sim.alpaca.faults import Spoiling
from flatbook.sim.alpaca.ledger import Placing
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.instants import NS_PER_S, later
from flatbook.values.money import ZERO
from tests.desk import COIN, OPEN, OWNER, fill
from tests.sim.engine_desk import check_flat
from tests.sim.schwab_desk import SchwabDesk
from tests.sim.test_alpaca_desk import SPOILT
from tests.unit.sim.alpaca.scene import Faults

SIZES = (("buy", "10"), ("sell", "3"), ("sell", "20"), ("buy", "7"), ("buy", "2"), ("sell", "10"))
NET = Decimal(-14)
REPLACE_MS_MAX = 60_000
SCRIPT = tuple(
    ScriptedBlocks(at=later(OPEN, seconds=20 + 25 * number), events=(fill(number, side, size, at=OPEN),))
    for number, (side, size) in enumerate(SIZES, 1)
)


def check_flat_and_equal(desk: SchwabDesk) -> None:
    """Schwab holds the opposite of the fills, there are no more orders than intents, and the books hold its truth."""
    events, ledger = desk.events(), desk.ledger
    intended = [event.order_id for event in events if isinstance(event, ev.OrderIntended)]
    assert len(ledger.orders) <= len(intended)
    booked = [event for event in events if isinstance(event, ev.OrderFilled)]
    assert sorted((event.qty, event.happened_at) for event in booked) == sorted(
        (each.qty, each.at // NS_PER_S * NS_PER_S) for each in ledger.executions
    )
    assert len({event.order_id for event in booked}) == len({each.order.id for each in ledger.executions})
    check_flat(desk, NET)


def test_fills_are_hedged_at_schwab() -> None:
    desk = SchwabDesk(SCRIPT)
    desk.begin()
    desk.advance(seconds=300)
    events = desk.events()
    check_flat_and_equal(desk)
    assert not [event for event in events if isinstance(event, ev.OrderUnknown)]
    assert not [event for event in events if isinstance(event, AlertRaised)]


@pytest.mark.parametrize("spoiling", SPOILT)
def test_answers_of_one_spoilt_kind_double_and_lose_nothing(spoiling: Spoiling) -> None:
    chance = Random(spoiling.value)
    spoilings = [spoiling if chance.random() < 0.3 else Spoiling.NONE for _ in range(150)]
    desk = SchwabDesk(SCRIPT, faults=Faults(spoilings=spoilings, pieces=[4_000, 10_000] * 3))
    desk.begin()
    desk.advance(seconds=1_200)
    check_flat_and_equal(desk)


@pytest.mark.parametrize("seed", range(8))
def test_a_desk_that_is_killed_again_and_again_ends_flat_among_spoilt_answers(seed: int) -> None:
    chance = Random(seed)
    spoilings = [chance.choice(SPOILT) if chance.random() < 0.25 else Spoiling.NONE for _ in range(200)]
    faults = Faults(spoilings=spoilings, lag_ms=chance.choice((0, 800, 4_000)), neighbour=chance.random() < 0.5)
    desk = SchwabDesk(SCRIPT, seed=seed, faults=faults)
    for _ in range(4):
        desk.begin()
        desk.advance(ms=chance.randrange(20_000, 60_000))
        desk.kill()
        desk.advance(ms=chance.randrange(3_000))
    desk.begin()
    desk.advance(seconds=1_500)
    check_flat_and_equal(desk)


def test_a_copy_of_an_order_is_booked_as_not_ours_and_stops_its_instrument() -> None:
    desk = SchwabDesk(SCRIPT[:1], faults=Faults(repeated=[True] * 100))
    desk.begin()
    desk.advance(seconds=240)
    events = desk.events()
    assert len(desk.ledger.orders) == 2
    ours = [event.qty for event in events if isinstance(event, ev.OrderFilled)]
    theirs = [event.qty for event in events if isinstance(event, ev.ForeignFilled)]
    assert (ours, theirs) == ([Decimal(10)], [Decimal(10)])
    alerts = [event.name for event in events if isinstance(event, AlertRaised)]
    assert AlertName.FOREIGN_ACTIVITY in alerts
    desk.close()


def replace_by_hand(desk: SchwabDesk, *, limit: str | None) -> None:
    """Changes the limit of the newest order by hand, in the moment in which it works."""
    front = desk.server.front
    for _ in range(REPLACE_MS_MAX):
        desk.advance(ms=1)
        numbered = next(reversed(front.orders.values()), None)
        if numbered is not None and numbered.order.now.status == "new":
            order, price = numbered.order, None if limit is None else Decimal(limit)
            asked = Placing(
                account_id=order.account_id,
                client_id="",
                symbol=order.symbol,
                sign=order.sign,
                qty=order.qty,
                limit=price,
                extended=False,
            )
            front.replace_by_hand(numbered.number, asked, desk.now())
            return
    raise AssertionError("no order worked")


def test_an_order_that_a_person_replaces_twice_stays_ours_through_a_restart_and_fills_once() -> None:
    desk = SchwabDesk(SCRIPT[:1])
    desk.begin()
    replace_by_hand(desk, limit="1000000")
    desk.advance(seconds=200)
    (open_order,) = desk.engines[-1].state.open_orders
    desk.kill()
    desk.begin()
    desk.advance(seconds=100)
    assert list(desk.engines[-1].state.open_orders) == [open_order]
    replace_by_hand(desk, limit=None)
    desk.advance(seconds=200)
    events = desk.events()
    statuses = [numbered.order.now.status for numbered in desk.server.front.orders.values()]
    assert statuses == ["replaced", "replaced", "filled"]
    filled = [(event.order_id, event.qty) for event in events if isinstance(event, ev.OrderFilled)]
    assert filled == [(open_order, Decimal(10))]
    assert not [
        event for event in events if isinstance(event, ev.ForeignFilled | ev.ForeignOrderSeen | ev.OrderOverfilled)
    ]
    assert desk.engines[-1].state.positions.net(OWNER, COIN).known == ZERO
    assert not desk.engines[-1].state.open_orders
    desk.close()
