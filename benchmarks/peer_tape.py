"""The tape that peers are measured on, as a tape of ours: quotes and trades of a perpetual and of its spot market.

A million quotes and 200,000 trades for each unit of scale, one event a millisecond, the same numbers in the same order
as the generator of the peers draws them.

python -m benchmarks.peer_tape FILE SCALE
"""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import numpy as np

from flatbook.backtest.tape import Clocks, Columns, TapeHead, TapeInstrument
from flatbook.backtest.tape_file import TapeWriter
from flatbook.market.ticks import LAST, Kind, Product

EVENTS = 1_200_000
SEED = 7
BEGIN_NS = 1_700_000_000_000_000_000
STEP_NS = 1_000_000
FIRST_BID = 1_000_000
PERP, SPOT = (
    TapeInstrument(
        id=f"made:{symbol}",
        venue="made",
        symbol=symbol,
        product=product,
        tick=Decimal("0.1"),
        lot=Decimal(1),
        quote="USD",
    )
    for symbol, product in (("PERP", Product.LINEAR), ("SPOT", Product.SPOT))
)


def peer_columns(scale: float = 1.0, seed: int = SEED) -> Columns:
    """Returns the rows of the peers' tape."""
    rows = int(EVENTS * scale)
    chance = np.random.default_rng(seed)
    trade = np.arange(rows) % 6 == 5
    inst = chance.integers(0, 2, rows)
    bid_size, ask_size = chance.integers(1, 1000, rows), chance.integers(1, 1000, rows)
    step = chance.choice(np.array([-1, 0, 1]), rows, p=[0.3, 0.4, 0.3])
    side = chance.choice(np.array([-1, 1]), rows)
    p1, p2 = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    for each in (0, 1):
        of = inst == each
        quoted = ~trade[of]
        bid = FIRST_BID + np.cumsum(np.where(quoted, step[of], 0))
        p1[of] = np.where(quoted, bid, bid + (side[of] > 0))
        p2[of] = np.where(quoted, bid + 1, side[of])
    ask_size[trade] = 0
    ts = BEGIN_NS + STEP_NS * np.arange(1, rows + 1)
    kind = np.where(trade, Kind.TRADE, Kind.QUOTE).astype(np.int8)
    flags = np.full(rows, LAST, np.int8)
    return Columns(ts, ts, kind, inst.astype(np.int16), p1, bid_size, p2, ask_size, np.zeros(rows, np.int64), flags)


def write_peer_tape(path: Path, scale: float = 1.0) -> TapeHead:
    """Writes the peers' tape as a file of ours."""
    rule = "made: seen when it happens"
    writer = TapeWriter(path, (PERP, SPOT), clocks=tuple(Clocks(inst=inst, rule=rule) for inst in (0, 1)))
    writer.add_columns(peer_columns(scale))
    return writer.close()


if __name__ == "__main__":
    print(f"wrote {write_peer_tape(Path(sys.argv[1]), float(sys.argv[2])).rows:,} rows to {sys.argv[1]}")
