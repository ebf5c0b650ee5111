"""What the market stood at just before each of some instants: the middle of the best bid and ask on a tape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from flatbook.backtest.tape import Columns, Tape
from flatbook.market.ticks import Kind

Middles = npt.NDArray[np.int64]


def middles_before(tape: Tape, instants: Mapping[int, Sequence[int]]) -> dict[int, Middles]:
    """Returns, for each instrument by its place, twice the middle just before each of its instants.

    Quotes are read where there are any; elsewhere 0 stands for not known.
    Units: half ticks; instants in ns by the venue's clock, in any order.
    Errors: TapeRefused.
    """
    found = {inst: np.zeros(len(at), np.int64) for inst, at in instants.items()}
    wanted = {inst: np.asarray(at, np.int64) for inst, at in instants.items() if len(at)}
    last = dict.fromkeys(wanted, 0)
    begins = -(2**62)
    for columns in tape.chunks():
        ends = int(columns.ts[-1])
        for inst, at in wanted.items():
            due = (at > begins) & (at <= ends)
            ts, middles = _quotes(columns, inst)
            known = np.concatenate(([last[inst]], middles))
            found[inst][due] = known[np.searchsorted(ts, at[due], side="left")]
            last[inst] = int(known[-1])
        begins = ends
    for inst, at in wanted.items():
        found[inst][at > begins] = last[inst]
    return found


def _quotes(columns: Columns, inst: int) -> tuple[Middles, Middles]:
    of = (columns.inst == inst) & (columns.kind == Kind.QUOTE) & (columns.p1 > 0) & (columns.p2 > 0)
    return columns.ts[of], columns.p1[of] + columns.p2[of]
