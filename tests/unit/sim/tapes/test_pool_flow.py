from __future__ import annotations

import gzip
import os
from decimal import Decimal
from importlib.resources import files
from math import isqrt
from pathlib import Path

import pytest

from flatbook.services.replay import POOL_SHARED
from flatbook.sim.tapes.demo_tape import TAPE_FOLDER
from flatbook.sim.tapes.pool import Q192, SamplesRefused
from flatbook.sim.tapes.pool_flow import PoolState, changes_of, states_of_csv, trades_of
from flatbook.values.instruments import Side
from tests.conftest import SHARED_ABSENT


def states(*rows: tuple[int, str, str, str]) -> tuple[PoolState, ...]:
    """Returns the states of a pool: block, USDC, tokens, and its price in USDC per token."""
    lines = [f"{block},{usdc},{tokens},{root(price)}" for block, usdc, tokens, price in rows]
    return states_of_csv("\n".join(["block,reserve0,reserve1,sqrtPriceX96", *lines]).encode(), name="pool.csv")


def root(price: str) -> int:
    return isqrt(Q192 * 10**12 // int(price))


def test_what_a_pool_got_and_gave_between_two_states_is_a_trade_at_the_price_that_both_make() -> None:
    sold, bought = trades_of(
        states((100, "1000", "4", "250"), (200, "1251", "3", "252"), (300, "1125.25", "3.5", "251"))
    )
    assert (sold.block, sold.side, sold.tokens, sold.usdc, sold.price) == (
        200,
        Side.SELL,
        Decimal(1),
        Decimal(251),
        251,
    )
    assert (bought.side, bought.tokens, bought.price) == (Side.BUY, Decimal("0.5"), Decimal("251.5"))


def test_what_moved_liquidity_is_no_trade() -> None:
    both_up = states((100, "1000", "4", "250"), (200, "1250", "5", "250"))
    only_one = states((100, "1000", "4", "250"), (200, "1000", "4.5", "250"))
    nothing = states((100, "1000", "4", "250"), (200, "1000", "4", "260"))
    assert [list(trades_of(each)) for each in (both_up, only_one, nothing)] == [[], [], []]


def test_a_price_beyond_both_states_and_the_fee_says_that_liquidity_moved_too() -> None:
    def traded(usdc: str) -> int:
        return len(list(trades_of(states((100, "1000", "4", "250"), (200, usdc, "3", "252")))))

    assert [traded(usdc) for usdc in ("1247.26", "1247.24", "1254.77", "1254.78")] == [1, 0, 1, 0]


def test_states_around_changes_give_the_same_trades() -> None:
    quiet = [(block, "1000", "4", "250") for block in range(100, 2000, 100)]
    whole = states(*quiet, (2000, "1251", "3", "252"), (2100, "1251", "3", "252"), (2200, "1251", "3", "252"))
    kept = changes_of(whole)
    assert [state.sample.block for state in kept] == [100, 1900, 2000, 2200]
    assert list(trades_of(kept)) == list(trades_of(whole))
    assert changes_of(()) == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"block,reserve0\n1,2\n", "has no column reserve1, sqrtPriceX96"),
        (b"block,reserve0,reserve1,sqrtPriceX96\n1,2,x,4\n", "line 2"),
        (b"block,reserve0,reserve1,sqrtPriceX96\n1,2,3,0\n", "a root of a price above zero"),
        (b"block,reserve0,reserve1,sqrtPriceX96\n1,2,3\n", "line 2"),
        (b"\xff", "is cut off, damaged or no text"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(content: bytes, said: str) -> None:
    with pytest.raises(SamplesRefused, match=said):
        states_of_csv(content, name="pool.csv")


def shipped() -> tuple[PoolState, ...]:
    content = (files("flatbook.sim.tapes") / TAPE_FOLDER / "pool_states.csv.gz").read_bytes()
    return states_of_csv(content, name="pool_states.csv.gz")


def test_the_recording_that_is_shipped_shows_eighty_one_trades() -> None:
    trades = list(trades_of(shipped()))
    assert (len(trades), sum(trade.side is Side.BUY for trade in trades)) == (81, 34)
    assert sum(trade.tokens for trade in trades) == Decimal("120.0127879002426649")
    assert sum(trade.usdc for trade in trades) == Decimal("30359.297174")


def test_the_raw_recording_shows_the_same_trades() -> None:
    shared = os.environ.get("FLATBOOK_SHARED")
    if shared is None:
        pytest.skip(SHARED_ABSENT)
    content = gzip.decompress((Path(shared) / POOL_SHARED).read_bytes())
    assert list(trades_of(states_of_csv(content, name="raw.csv"))) == list(trades_of(shipped()))
