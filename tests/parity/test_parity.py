"""One recording, one strategy object, three ways: the compiled scan, its oracle, and the desk on paper.

All three decide the same orders at the same time, and the same becomes of each of them. What is left: an exchange tells
times in milliseconds and cuts its fees where the backtest rounds them up, and of orders that are decided at one instant
another one may come first.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from flatbook.backtest.kernel.market import CompiledMarket
from flatbook.backtest.plain_market import PlainMarket
from flatbook.backtest.tape import NamedTape
from flatbook.events.control import TradingHalted
from flatbook.events.event import Event
from flatbook.events.orders import OrderDone, OrderEnd
from flatbook.services.backtest_home import plan_of_home
from flatbook.services.tapes import Steps
from flatbook.values.ids import Slot
from flatbook.values.instants import Instant
from tests.parity.paper_desk import CONFIG, RECORDED, PaperDesk
from tests.parity.recorded_market import frames_of, write_frames
from tests.parity.sides import Became, Order, as_seen, backtested, orders_of

SHARED = os.environ.get("FLATBOOK_SHARED")
NS_PER_MS = 1_000_000
D = Decimal
LONG = 6_000
PERP_STEPS, SPOT_STEPS = Steps(D("0.1"), D("0.001")), Steps(D("0.01"), D("0.000001"))
LAST_DECIMAL = D("0.00000001")


class Sides(NamedTuple):
    """What three ways made of one recording."""

    compiled: tuple[Event, ...]
    plain: tuple[Event, ...]
    paper: tuple[Event, ...]


def three_ways(
    recording: Path, folder: Path, config: str, *, last: int | None = None, steps: Steps = PERP_STEPS
) -> Sides:
    """Trades a recording, or its first frames, by one seat in three ways."""
    frames = frames_of(recording)[:last]
    desk = PaperDesk(config, folder, frames)
    write_frames(frames, folder / "told.gz")
    tape = as_seen(folder / "told.gz", folder, steps)
    plan = plan_of_home(desk.loaded, tape)
    named = NamedTape(tape, plan.names)
    compiled, plain = (backtested(kind, named, plan) for kind in (CompiledMarket, PlainMarket))
    assert compiled == plain
    return Sides(compiled, plain, desk.run())


def check_alike(sides: Sides, *, until: Instant | None = None) -> int:
    """Checks that all ways made the same orders of the same fate up to an instant, and returns how many executions."""
    ours, theirs = orders_of(sides.plain, until), orders_of(sides.paper, until)
    assert fates(ours) == fates(theirs)
    for slot, orders in ours.items():
        for mine, other in zip(orders, theirs[slot], strict=True):
            assert all(abs(a - b) <= NS_PER_MS for a, b in zip(mine.times, other.times, strict=True))
            assert all(0 <= a - b <= LAST_DECIMAL for a, b in zip(mine.fees, other.fees, strict=True))
    return sum(len(order.became.executions) for orders in ours.values() for order in orders)


def fates(orders: dict[Slot | None, list[Order]]) -> dict[Slot | None, list[Became]]:
    return {slot: [each.became for each in orders[slot]] for slot in sorted(orders, key=str)}


def test_a_recording_is_traded_alike_by_the_scan_its_oracle_and_the_desk_on_paper(tmp_path: Path) -> None:
    sides = three_ways(RECORDED, tmp_path, CONFIG)
    assert check_alike(sides) == 30
    assert sum(isinstance(event, TradingHalted) for event in sides.paper) == 0


def test_a_neutral_grid_trades_alike_where_its_exchange_cuts_exits_that_only_reduce(tmp_path: Path) -> None:
    sides = three_ways(RECORDED, tmp_path, CONFIG.replace('mode = "long"', 'mode = "neutral"'))
    assert check_alike(sides) == 49
    assert sum(isinstance(event, OrderDone) and event.end is OrderEnd.EXPIRED for event in sides.plain) == 7
    assert sum(isinstance(event, TradingHalted) for event in sides.paper) == 0


@pytest.mark.skipif(SHARED is None, reason="no FLATBOOK_SHARED")
@pytest.mark.parametrize(("day", "executions"), [("20230404", 42), ("20240808", 87)])
def test_longer_pieces_of_recordings_are_traded_alike(tmp_path: Path, day: str, executions: int) -> None:
    sides = three_ways(
        Path(str(SHARED)) / "data" / "2_orderbook" / f"hftbt_usdm_btcusdt_{day}.gz", tmp_path, CONFIG, last=LONG
    )
    assert check_alike(sides) == executions


@pytest.mark.skipif(SHARED is None, reason="no FLATBOOK_SHARED")
@pytest.mark.parametrize(("maker_bps", "executions"), [("0", 153), ("0.1", 153)])
def test_spot_is_traded_alike_with_fees_that_take_a_part_of_what_is_bought(
    tmp_path: Path, maker_bps: str, executions: int
) -> None:
    recording = Path(str(SHARED)) / "data" / "2_orderbook" / "hftbt_spot_btcusdt_20240808.gz"
    config = at_spot(CONFIG).replace('maker_bps = "0"', f'maker_bps = "{maker_bps}"')
    assert check_alike(three_ways(recording, tmp_path, config, last=LONG, steps=SPOT_STEPS)) == executions


def at_spot(config: str) -> str:
    """Returns the desk at spot without fees."""
    for old, new in (
        ('market = "usdm"', 'market = "spot"'),
        ('maker_bps = "0.1"', 'maker_bps = "0"'),
        ('tick = "0.1"', 'tick = "0.01"'),
        ('lot = "0.001"', 'lot = "0.000001"'),
        ('qty_min = "0.001"', 'qty_min = "0.000001"'),
        ('product = "linear_perp"', 'product = "spot"'),
        ('step = "0.3"', 'step = "1"'),
        ('fee_bps = "0.01"', 'fee_bps = "0"'),
    ):
        assert old in config
        config = config.replace(old, new)
    return config
