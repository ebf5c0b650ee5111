"""A tape on which a grid earns, and a plan for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flatbook.backtest.tape_file import Message, TapeWriter
from flatbook.market.ticks import Kind
from flatbook.strategies.decision import Decision
from flatbook.strategies.quoting import QuoteView, Seat
from flatbook.values.ids import OwnerId
from flatbook.values.instruments import Instrument
from tests.unit.backtest.scenes import PERP

S = 10**9
BEGIN = 1_700_000_000 * S
PLAN = """
sample_s = 60
[cash]
USDT = "10000"
[marks]
USDT = "1"
[latency]
placing_ms = 2
canceling_ms = 2
reporting_ms = 2
[instruments."binance:BTCUSDT-PERP"]
underlying = "BTC"
quote = "USDT"
maker = "0.0001"
taker = "0.0005"
leverage = 10
maintenance = "0.005"
qty_min = "0.001"
notional_min = "5"
[strategies.grid]
kind = "grid"
instrument = "binance:BTCUSDT-PERP"
[strategies.grid.limits]
order_notional_usd_max = "1000"
order_qty_max = "10"
position_max = "100"
open_orders_max = 50
orders_per_minute_max = 10000
day_loss_usd_max = "10000"
collar_bps_max = 2000
book_age_ms_max = 5000
[strategies.grid.params]
mode = "neutral"
spacing = "arithmetic"
step = 10
buy_levels = 3
sell_levels = 3
size = {type = "base", amount = "1"}
inventory_max = "20"
fee = "0.0001"
orders_max = 50
"""


def write_tape(path: Path, *, seconds: int = 600, begin: int = BEGIN) -> Path:
    """A price that goes up and down by four steps of the grid, and is paid funding once."""
    writer = TapeWriter(path, (PERP,))
    for second in range(seconds):
        at = begin + second * S
        bid = 1000 + abs(second % 80 - 40)
        writer.add(Message(at, at + S // 1000, [(Kind.QUOTE, 0, bid, 500_000, bid + 1, 500_000, second + 1)]))
        if second == seconds // 2:
            writer.add(Message(at, at + S // 1000, [(Kind.FUNDING, 0, 10**8, at, bid, 0, 0)]))
    writer.close()
    return path


def seat_that_breaks(owner: OwnerId, instrument: Instrument, params: dict[str, Any]) -> Seat:
    """A seat of somebody's own, whose strategy breaks."""

    def decide(_view: QuoteView, _params: Any) -> Decision:
        raise ArithmeticError(params["says"])

    return Seat(owner=owner, instruments=(instrument,), params=None, decide=decide)


def write_plan(path: Path, text: str = PLAN) -> Path:
    path.write_text(text)
    return path
