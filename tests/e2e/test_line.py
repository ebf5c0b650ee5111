"""The thin line: a taker takes our orders on a real chain, the desk hedges at the broker, and all books agree."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.events.control import HedgeHeld, HoldReason
from tests.e2e.judge import assert_agreed, books_of, bought, is_settled, told_of
from tests.e2e.market import Market, flatbook, open_market, until

pytestmark = pytest.mark.real
SETTLES_S = 60.0


def net_once_settled(market: Market) -> Decimal:
    """Returns the net of the desk once it is settled and all books agree."""
    until(lambda: is_settled(market), SETTLES_S, lambda: told_of(market))
    assert_agreed(market)
    return books_of(market).net


@pytest.mark.parametrize("broker", ["alpaca", "schwab"])
def test_a_fill_on_a_chain_is_hedged_at_a_broker_and_all_books_agree(tmp_path: Path, broker: str) -> None:
    with open_market(tmp_path, broker) as market:
        market.idle()
        healthy = flatbook("doctor", "--home", str(market.home))
        assert healthy.returncode == 0, healthy.stdout
        market.start()
        market.tick()
        market.scene.take(market.ask, most="5")
        assert net_once_settled(market) == 0


@pytest.mark.e2e
def test_a_fill_that_came_while_no_desk_ran_is_hedged_by_the_next_one(tmp_path: Path) -> None:
    with open_market(tmp_path, "alpaca") as market:
        market.start()
        market.tick()
        market.scene.take(market.ask, most="5")
        until(lambda: books_of(market).net == -5, SETTLES_S, lambda: told_of(market))
        market.kill()
        market.tick()
        market.scene.take(market.bid, most="750")
        market.start()
        assert net_once_settled(market) == 0


@pytest.mark.e2e
def test_a_desk_that_is_started_halted_sends_nothing_until_its_halt_is_lifted(tmp_path: Path) -> None:
    with open_market(tmp_path, "alpaca") as market:
        market.tick()
        market.scene.take(market.ask, most="5")
        market.start("--halted")
        until(lambda: HedgeHeld in map(type, books_of(market).events), SETTLES_S, lambda: told_of(market))
        books = books_of(market)
        (halt_id,) = books.state.halts
        assert (books.net, bought(market.truth())) == (-5, 0)
        assert [event.reason for event in books.events if isinstance(event, HedgeHeld)] == [HoldReason.HALTED]
        lifted = flatbook("lift", halt_id, "--reason", "looked at it", "--home", str(market.home))
        assert lifted.returncode == 0, lifted.stderr
        assert net_once_settled(market) == 0


@pytest.mark.e2e
def test_a_new_block_that_is_told_of_is_read_before_the_next_poll_and_silence_only_costs_time(tmp_path: Path) -> None:
    with open_market(tmp_path, "alpaca", chain_poll_s=15) as market:
        market.start()
        market.tick()
        market.scene.take(market.ask, most="2")
        assert net_once_settled(market) == 0
        began = time.monotonic()
        market.scene.take(market.ask, most="3")
        assert net_once_settled(market) == 0
        assert time.monotonic() - began < 12
        market.heads.is_mute = True
        market.scene.take(market.bid, most="750")
        assert net_once_settled(market) == 0
