"""The rows of a recorded market: what each kind means, and what its numbers hold.

A row has `ts`, when the venue did it, and `local_ts`, when we would have seen it, both ns in UTC; `inst`, its place in
the table of instruments; `seq`, the venue's own number, or 0. `p1`, `q1`, `p2`, `q2` depend on the kind:

| kind | p1 | q1 | p2 | q2 |
|---|---|---|---|---|
| CLEAR | 0 | 0 | 0 | 0 | the book is forgotten; a whole book may follow in the same message
| BID, ASK | price | size, 0 takes the level away | 0 | 0 |
| QUOTE | best bid | its size | best ask | its size | 0 and 0 where a side is empty
| TRADE | price | size | +1 a buyer took, -1 a seller took, 0 unknown | 0 |
| MARK, INDEX | price, cut to the tick | what was cut, in 1e-9 ticks | 0 | 0 |
| FUNDING | rate in 1e-12, longs pay where above zero | settlement, ns | mark price or 0 | interval in s or 0 |
| RANGE | highest | number of trades or 0 | lowest | first instant of the bar, ns |
| BAR | open | volume | close | first instant of the bar, ns |

Units: prices in ticks, sizes in lots. A FUNDING row at its settlement is what is paid; one before it only foretells.
The rows of a bar stand at its end, RANGE before BAR. All rows of one message of the venue have one `ts` and stand
together, and only the last of them has the flag LAST.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple

import msgspec

from flatbook.market.depth import Grid, Update

LAST = 1
RATE_DECIMALS = 12
TICK_PARTS = 10**9
NOTIONAL_BOUND = 2**62
FINE_DECIMALS = 12
FINE = Grid(FINE_DECIMALS, FINE_DECIMALS)


class Kind(IntEnum):
    """What a row says."""

    CLEAR = 0
    BID = 1
    ASK = 2
    QUOTE = 3
    TRADE = 4
    MARK = 5
    INDEX = 6
    FUNDING = 7
    RANGE = 8
    BAR = 9


class Product(Enum):
    """What is traded: the thing itself, or a contract that pays in its quote (linear) or in its base (inverse)."""

    SPOT = "spot"
    LINEAR = "linear"
    INVERSE = "inverse"


class Tick(NamedTuple):
    """One thing that a venue told, of any kind but those of depth. Units: prices and sizes in 1e-12."""

    kind: Kind
    p1: int
    q1: int = 0
    p2: int = 0
    q2: int = 0


class Told(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one message of a venue tells of one instrument, before anything is known of its ticks and lots.

    `happened_at` is when the venue did it, `sent_at` when it said so, 0 where it does not say. `stream` names messages
    that are numbered, or in order of time, among themselves. `depth` has prices and sizes on the FINE grid.
    Units: ns.
    """

    symbol: str
    stream: str
    happened_at: int
    sent_at: int = 0
    seq: int = 0
    ticks: tuple[Tick, ...] = ()
    depth: Update | None = None
