"""A tape: the rows of recorded markets in order of the venue's time, and the head that says where they came from.

`local_ts` never goes back along the tape, and is never before `ts`: nothing is seen before what was matched earlier.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from flatbook.market.ticks import Product
from flatbook.values.ids import InstrumentId
from flatbook.values.money import ZERO

VERSION = 1
ROWS_IN_A_CHUNK = 262_144
INSTRUMENTS_MAX = 32_767

Longs = npt.NDArray[np.int64]


class TapeInstrument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One instrument of a tape.

    Units: tick in quote per base (spot, linear) or in quote (inverse); lot in base for spot, in contracts otherwise;
    contract_size in base per contract, in quote per contract where it is inverse.
    """

    id: str
    venue: str
    symbol: str
    product: Product
    tick: Decimal
    lot: Decimal
    contract_size: Decimal = Decimal(1)
    quote: str = ""

    def __post_init__(self) -> None:
        for name in ("tick", "lot", "contract_size"):
            if not (getattr(self, name).is_finite() and getattr(self, name) > ZERO):
                raise ValueError(f"{self.id}: {name} must be above zero")


class Origin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that a tape was made of."""

    name: str
    sha256: str


class Clocks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the two times of the rows of an instrument were made.

    Units: ns. `offset_ns` was added to the recorded local times; `lag_ns` stands between the two times where only one
    of them was recorded. `rule` says in words what was done.
    """

    inst: int
    rule: str
    offset_ns: int = 0
    lag_ns: int = 0


class Cover(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From when to when there are rows of one kind of one instrument, and how many."""

    inst: int
    kind: int
    rows: int
    first_ts: int
    last_ts: int


class TapeHead(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a tape says of itself. `counts` holds what was repaired or left out when it was made, by reason."""

    version: int = VERSION
    instruments: tuple[TapeInstrument, ...]
    origins: tuple[Origin, ...] = ()
    clocks: tuple[Clocks, ...] = ()
    covers: tuple[Cover, ...] = ()
    counts: Mapping[str, int] = {}
    rows: int = 0

    @property
    def first_ts(self) -> int:
        """When the first row happened; 0 where there is none."""
        return min((cover.first_ts for cover in self.covers), default=0)

    @property
    def last_ts(self) -> int:
        """When the last row happened; 0 where there is none."""
        return max((cover.last_ts for cover in self.covers), default=0)

    def kinds_of(self, inst: int) -> frozenset[int]:
        """Returns the kinds of rows that there are of an instrument."""
        return frozenset(cover.kind for cover in self.covers if cover.inst == inst)


class Columns(NamedTuple):
    """Some rows of a tape, one array for each column, all of one length."""

    ts: Longs
    local_ts: Longs
    kind: npt.NDArray[np.int8]
    inst: npt.NDArray[np.int16]
    p1: Longs
    q1: Longs
    p2: Longs
    q2: Longs
    seq: Longs
    flags: npt.NDArray[np.int8]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.ts)

    def cut(self, start: int, end: int) -> Columns:
        """Returns the rows from `start` up to `end`, without copying them."""
        return Columns._make(column[start:end] for column in self)


DTYPES: Mapping[str, Any] = {
    name: {"kind": np.int8, "flags": np.int8, "inst": np.int16}.get(name, np.int64) for name in Columns._fields
}


class Tape(Protocol):
    """A tape that can be read from its beginning any number of times."""

    @property
    def head(self) -> TapeHead:
        """What it says of itself."""

    def chunks(self) -> Iterator[Columns]:
        """Yields its rows in order, a bounded number at a time; a message may go on in the next chunk."""


class MemoryTape:
    """A tape that is held in memory whole."""

    def __init__(self, head: TapeHead, columns: Columns) -> None:
        self.head, self._columns = head, columns

    def chunks(self) -> Iterator[Columns]:
        """Yields its rows in order."""
        for start in range(0, self._columns.rows, ROWS_IN_A_CHUNK):
            yield self._columns.cut(start, start + ROWS_IN_A_CHUNK)


class NamedTape:
    """A tape whose instruments go by the names that a desk has for them."""

    def __init__(self, tape: Tape, names: Mapping[InstrumentId, InstrumentId]) -> None:
        named = [
            msgspec.structs.replace(each, id=names.get(InstrumentId(each.id), each.id))
            for each in tape.head.instruments
        ]
        self.head, self._tape = msgspec.structs.replace(tape.head, instruments=tuple(named)), tape

    def chunks(self) -> Iterator[Columns]:
        """Yields its rows in order."""
        return self._tape.chunks()


def covers_of(columns: Columns) -> tuple[Cover, ...]:
    """Returns what some rows in order of time cover, by instrument and kind."""
    found = []
    keys = columns.inst.astype(np.int64) * (1 << 8) + columns.kind
    for key in np.unique(keys):
        ts = columns.ts[keys == key]
        inst, kind = divmod(int(key), 1 << 8)
        found.append(Cover(inst=inst, kind=kind, rows=len(ts), first_ts=int(ts[0]), last_ts=int(ts[-1])))
    return tuple(found)


def joined(covers: Iterable[Cover]) -> tuple[Cover, ...]:
    """Returns covers of parts of a tape as those of the whole."""
    whole: dict[tuple[int, int], Cover] = {}
    for cover in covers:
        key = (cover.inst, cover.kind)
        before = whole.get(key, cover)
        rows = cover.rows if before is cover else before.rows + cover.rows
        first, last = min(before.first_ts, cover.first_ts), max(before.last_ts, cover.last_ts)
        whole[key] = Cover(inst=cover.inst, kind=cover.kind, rows=rows, first_ts=first, last_ts=last)
    return tuple(whole[key] for key in sorted(whole))
