"""Onchain fills hedged at the simulated Alpaca, by the production engine and adapter, whatever is spoilt on the way."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from flatbook.events import orders as ev
from flatbook.events.activities import AccountActivityBooked
from flatbook.events.control import AlertName, AlertRaised
from flatbook.sim.alpaca.faults import Pushing, Spoiling
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.ids import AssetId
from flatbook.values.instants import NS_PER_MS, later
from flatbook.values.money import ZERO
from tests.desk import COIN, OPEN, OWNER, PAPER, fill
from tests.sim.alpaca_desk import ACCOUNT_ID, AlpacaDesk
from tests.sim.engine_desk import check_flat
from tests.unit.sim.alpaca.scene import Faults

SIZES = (("buy", "10.5"), ("sell", "3.25"), ("sell", "20"), ("buy", "7.125"), ("buy", "2"), ("sell", "11.5"))
NET = Decimal("-15.125")
SCRIPT = tuple(
    ScriptedBlocks(at=later(OPEN, seconds=20 + 25 * number), events=(fill(number, side, size, at=OPEN),))
    for number, (side, size) in enumerate(SIZES, 1)
)
AFTERNOON = later(OPEN, seconds=5 * 3_600)
SALES = tuple(
    ScriptedBlocks(at=later(AFTERNOON, seconds=20 * number), events=(fill(number, "buy", size, at=AFTERNOON),))
    for number, size in enumerate(("10.5", "20"), 1)
)
SPOILT = (
    Spoiling.HTML_200, Spoiling.HTML_503, Spoiling.SERVER_ERROR, Spoiling.TRUNCATED, Spoiling.CUT, Spoiling.GARBLED,
    Spoiling.SILENCE, Spoiling.UNAVAILABLE,
)  # fmt: skip


def check_flat_and_equal(desk: AlpacaDesk) -> None:
    """Alpaca holds the opposite of the fills, each intent is one order there at most, and the books hold its truth."""
    events, ledger = desk.events(), desk.ledger
    intended = [event.order_id for event in events if isinstance(event, ev.OrderIntended)]
    taken = [order.client_id for order in ledger.orders.values()]
    assert len(set(taken)) == len(taken)
    assert set(taken) <= set(intended)
    booked = sorted(
        (event.order_id, event.qty, event.happened_at) for event in events if isinstance(event, ev.OrderFilled)
    )
    assert booked == sorted((each.order.client_id, each.qty, each.at) for each in ledger.executions)
    check_flat(desk, NET)


def test_fills_are_hedged_at_alpaca() -> None:
    desk = AlpacaDesk(SCRIPT)
    desk.begin()
    desk.advance(seconds=240)
    events = desk.events()
    check_flat_and_equal(desk)
    assert not [event for event in events if isinstance(event, ev.OrderUnknown)]
    assert not [event for event in events if isinstance(event, AlertRaised)]


@pytest.mark.parametrize("spoiling", SPOILT)
def test_answers_of_one_spoilt_kind_double_and_lose_nothing(spoiling: Spoiling) -> None:
    chance = Random(spoiling.value)
    spoilings = [spoiling if chance.random() < 0.3 else Spoiling.NONE for _ in range(150)]
    desk = AlpacaDesk(SCRIPT, faults=Faults(spoilings=spoilings, pieces=[4_000, 10_000] * 3))
    desk.begin()
    desk.advance(seconds=900)
    check_flat_and_equal(desk)


@pytest.mark.parametrize("seed", range(8))
def test_a_desk_that_is_killed_again_and_again_ends_flat_among_spoilt_answers(seed: int) -> None:
    chance = Random(seed)
    spoilings = [chance.choice(SPOILT) if chance.random() < 0.25 else Spoiling.NONE for _ in range(200)]
    repeated = [chance.random() < 0.2 for _ in range(200)]
    faults = Faults(spoilings=spoilings, repeated=repeated, lag_ms=chance.choice((0, 800, 4_000)))
    desk = AlpacaDesk(SCRIPT, seed=seed, faults=faults)
    for _ in range(4):
        desk.begin()
        desk.advance(ms=chance.randrange(20_000, 60_000))
        desk.kill()
        desk.advance(ms=chance.randrange(3_000))
    desk.begin()
    desk.advance(seconds=900)
    check_flat_and_equal(desk)


def test_an_order_that_was_taken_while_its_answer_was_lost_is_adopted_and_never_placed_again() -> None:
    """The answer is a page of HTML, so that the order is unknown; its id is then found, with its execution."""
    desk = AlpacaDesk(SCRIPT[:1], faults=Faults(repeated=[True] * 100))
    desk.begin()
    desk.advance(seconds=120)
    events = desk.events()
    assert [event.reason for event in events if isinstance(event, ev.OrderUnknown)] == [ev.UnknownReason.UNREADABLE]
    assert [event.filled_qty for event in events if isinstance(event, ev.OrderFound)]
    assert len(desk.ledger.orders) == 1
    assert desk.server.front.requests["POST orders"] == 2
    assert desk.engines[-1].state.positions.net(OWNER, COIN).known == ZERO
    desk.close()


def test_what_the_broker_refuses_for_its_rate_is_hedged_once_it_takes_orders_again() -> None:
    desk = AlpacaDesk(SCRIPT, faults=Faults(per_minute=12))
    desk.begin()
    desk.advance(seconds=1_800)
    check_flat_and_equal(desk)


def test_what_is_pushed_is_booked_long_before_a_poll_would_find_it() -> None:
    desk = AlpacaDesk(SCRIPT)
    desk.begin()
    desk.advance(seconds=240)
    events = desk.events()
    check_flat_and_equal(desk)
    waits_ms = [
        (event.seen_at - event.happened_at) // NS_PER_MS for event in events if isinstance(event, ev.OrderFilled)
    ]
    assert len(waits_ms) == len(SIZES)
    assert max(waits_ms) < 200


def test_a_stream_that_tells_nothing_or_all_twice_and_late_changes_nothing_in_the_books() -> None:
    for pushings in ([Pushing.LOST] * 500, [Pushing.TWICE, Pushing.LATE] * 250):
        desk = AlpacaDesk(SCRIPT, faults=Faults(pushings=pushings, pieces=[3_000, 10_000] * 6))
        desk.begin()
        desk.advance(seconds=240)
        check_flat_and_equal(desk)


def test_what_the_broker_books_over_night_is_booked_and_the_cash_of_the_books_is_the_brokers() -> None:
    """Two sales are charged at midnight in New York; a dividend and a split come beside."""
    desk = AlpacaDesk(SALES, start=AFTERNOON)
    desk.begin()
    desk.advance(seconds=300)
    for kind, amount in (("DIV", "25.5"), ("SPLIT", "0")):
        desk.ledger.book(ACCOUNT_ID, desk.now(), kind, Decimal(amount), f"{kind} of COIN")
    desk.advance(seconds=10 * 3_600)
    booked = [event for event in desk.events() if isinstance(event, AccountActivityBooked)]
    assert [(event.kind.value, event.venue_kind, event.amount) for event in booked] == [
        ("dividend", "DIV", Decimal("25.5")),
        ("other", "SPLIT", Decimal(0)),
        ("fee", "FEE TAF", Decimal("-0.01")),
    ]
    assert [event.owner for event in booked] == [OWNER] * 3
    state, now = desk.engines[-1].state, desk.now()
    assert state.balances[PAPER, AssetId("USD")] == desk.ledger.cash(ACCOUNT_ID, now)
    assert [name for name, _ in state.alerts] == [AlertName.ACTIVITY_UNKNOWN]
    desk.close()
