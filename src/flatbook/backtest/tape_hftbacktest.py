"""Event arrays of hftbacktest: tapes written as such, and read from them, a bounded number of rows at a time.

Source: hftbacktest, "Data" and "Types" of its documentation (version 2): the fields of an event, the words of `ev`.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape import Columns, Tape
from flatbook.backtest.tape_survey import Heard
from flatbook.market.depth import Depth, Update, unknown
from flatbook.market.ticks import FINE_DECIMALS, LAST, Kind, Tick, Told

EVENT = np.dtype(
    [
        ("ev", "<u8"),
        ("exch_ts", "<i8"),
        ("local_ts", "<i8"),
        ("px", "<f8"),
        ("qty", "<f8"),
        ("order_id", "<u8"),
        ("ival", "<i8"),
        ("fval", "<f8"),
    ]
)
DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
UNUSED = (5, 10, 11, 12, 13)
"""The best prices alone, and orders one by one: added, canceled, modified, filled."""
EXCH, LOCAL, BUY, SELL = 1 << 31, 1 << 30, 1 << 29, 1 << 28
BOTH = EXCH | LOCAL
WORD = 0xFF
MEMBER = "data.npy"
ROWS_AT_ONCE = 65_536
FLOAT_DECIMALS = 8

Events = npt.NDArray[Any]


def write_events(path: Path, tape: Tape, inst: int) -> int:
    """Writes one instrument of a tape as an event array in an .npz file, and returns how many events it holds.

    A book is written where there is one, its best prices as a book of one level where there are only quotes. Marks,
    rates and bars have no event there and are left out.
    Units: prices in quote, sizes in units of the instrument, both float64.
    """
    total = sum(len(events) for events in _events(tape, inst))
    header = {"descr": np.lib.format.dtype_to_descr(EVENT), "fortran_order": False, "shape": (total,)}
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(MEMBER, "w", force_zip64=True) as out,
    ):
        np.lib.format.write_array_header_1_0(out, header)
        for events in _events(tape, inst):
            out.write(events.tobytes())
    return total


def _events(tape: Tape, inst: int) -> Iterator[Events]:
    instrument = tape.head.instruments[inst]
    has_depth = bool(tape.head.kinds_of(inst) & {Kind.BID, Kind.ASK})
    scale = float(instrument.tick), float(instrument.lot)
    kinds = [Kind.CLEAR, Kind.BID, Kind.ASK, Kind.TRADE] if has_depth else [Kind.QUOTE, Kind.TRADE]
    best = [0, 0]
    is_whole = False
    for columns in tape.chunks():
        picked = Columns._make(column[(columns.inst == inst) & np.isin(columns.kind, kinds)] for column in columns)
        if not picked.rows:
            continue
        if has_depth:
            whole, is_whole = _of_whole(picked, is_whole)
            yield _priced(picked, _words(picked, whole), scale)
        else:
            yield _of_quotes(picked, best, scale)


def _of_whole(columns: Columns, is_whole: bool) -> tuple[npt.NDArray[np.bool_], bool]:
    """Returns which rows are levels of a whole book, and whether the last message goes on as one."""
    whole = np.zeros(columns.rows, np.bool_)
    for row in range(columns.rows) if is_whole or (columns.kind == Kind.CLEAR).any() else ():
        is_whole = is_whole or columns.kind[row] == Kind.CLEAR
        whole[row] = is_whole
        is_whole = is_whole and not columns.flags[row] & LAST
    return whole, is_whole


def _words(columns: Columns, whole: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    kind = columns.kind
    words = np.where(whole, SNAPSHOT, DEPTH) | np.where(kind == Kind.BID, BUY, SELL)
    words = np.where(kind == Kind.TRADE, TRADE | _side(columns), words)
    return np.where(kind == Kind.CLEAR, CLEAR, words).astype(np.uint64)


def _side(columns: Columns) -> npt.NDArray[np.int64]:
    return np.where(columns.p2 > 0, BUY, np.where(columns.p2 < 0, SELL, 0))


def _priced(columns: Columns, words: npt.NDArray[np.uint64], scale: tuple[float, float]) -> Events:
    events = np.zeros(columns.rows, EVENT)
    events["ev"], events["exch_ts"], events["local_ts"] = words | np.uint64(BOTH), columns.ts, columns.local_ts
    events["px"], events["qty"] = _decimal(columns.p1, scale[0]), _decimal(columns.q1, scale[1])
    return events


def _decimal(steps: npt.NDArray[np.int64], step: float) -> npt.NDArray[np.float64]:
    """Returns steps as a float that is the nearest to its decimal, which a product alone is not."""
    return np.round(steps * step, FINE_DECIMALS)


def _of_quotes(columns: Columns, best: list[int], scale: tuple[float, float]) -> Events:
    """Returns quotes as a book of one level: what stood before is taken away where the price has moved."""
    rows: list[tuple[int, int, int, int, int]] = []
    names = ("ts", "local_ts", "kind", "p1", "q1", "p2", "q2")
    for ts, local_ts, kind, p1, q1, p2, q2 in zip(*(getattr(columns, name).tolist() for name in names), strict=True):
        if kind == Kind.TRADE:
            rows.append((TRADE | (BUY if p2 > 0 else SELL if p2 < 0 else 0), ts, local_ts, p1, q1))
            continue
        for side, word, price, size in ((1, SELL, p2, q2), (0, BUY, p1, q1)):
            if best[side] and best[side] != price:
                rows.append((DEPTH | word, ts, local_ts, best[side], 0))
            if price:
                rows.append((DEPTH | word, ts, local_ts, price, size))
            best[side] = price
    words, *numbers = np.array(rows, np.int64).T if rows else np.zeros((5, 0), np.int64)
    events = np.zeros(len(rows), EVENT)
    events["ev"], events["exch_ts"], events["local_ts"] = words.astype(np.uint64) | np.uint64(BOTH), *numbers[:2]
    events["px"], events["qty"] = _decimal(numbers[2], scale[0]), _decimal(numbers[3], scale[1])
    return events


def read_events(paths: Sequence[Path], symbol: str) -> Iterator[Heard]:
    """Yields what event arrays, each going on where the one before ends, tell of one instrument.

    Depth of one instant is one message. Prices and sizes are taken to FLOAT_DECIMALS decimals, which floats hold. A
    book begins with a snapshot; one without an instant has that of the event after it.
    Errors: TapeRefused where a file is no event array; OSError.
    """
    number = local = 0
    undated: list[list[Any]] = []
    aside: Counter[int] = Counter()
    for rows in _groups(paths, aside):
        yield from _set_aside(aside, local)
        number += 1
        exch, local, is_depth = rows[0][1], rows[0][2], rows[0][0] & WORD != TRADE
        if is_depth and exch <= 0:
            undated.append(rows)
            continue
        for before in undated:
            yield local, _of_depth(before, exch, number, symbol)
        undated.clear()
        if is_depth:
            yield local, _of_depth(rows, exch, number, symbol)
            continue
        for ev, at, seen, px, qty in rows:
            side = 1 if ev & BUY else -1 if ev & SELL else 0
            tick = Tick(Kind.TRADE, _fine(px), _fine(qty), side)
            yield seen, Told(symbol=symbol, stream="trade", happened_at=at, sent_at=at, ticks=(tick,))
    yield from _set_aside(aside, local)


def _set_aside(aside: Counter[int], local: int) -> Iterator[Heard]:
    """Yields for each event that was not taken that it is of no use, or of a kind that is not known, once."""
    for kind, count in aside.items():
        for _ in range(count):
            yield local, None if kind in UNUSED else unknown("an event of kind", str(kind))
    aside.clear()


def _of_depth(rows: list[Any], at: int, number: int, symbol: str) -> Told:
    is_whole = any(row[0] & WORD in (CLEAR, SNAPSHOT) for row in rows)
    sides: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    for ev, _, _, px, qty in rows:
        if ev & WORD != CLEAR:
            sides[bool(ev & BUY)].append((_fine(px), _fine(qty)))
    update = Update(symbol, is_whole, Depth(sides[True], sides[False], number, number))
    return Told(symbol=symbol, stream="depth", happened_at=at, sent_at=at, seq=number, depth=update)


def _fine(number: float) -> int:
    """Returns a price or size. Units: 1e-12. Errors: ValueError where it is not finite."""
    scale: int = 10 ** (FINE_DECIMALS - FLOAT_DECIMALS)
    return int(np.rint(number * 10**FLOAT_DECIMALS)) * scale


def _groups(paths: Sequence[Path], aside: Counter[int]) -> Iterator[list[Any]]:
    """Yields events that stand together: depth of one instant, or trades of one. Only those of the venue's clock.

    Those of other kinds are counted in `aside`, by kind.
    """
    events = ((row[0], row[1], row[2], row[3], row[4]) for path in paths for part in _parts(path) for row in part)
    wanted = (row for row in events if row[0] & EXCH and _is_taken(row[0] & WORD, aside))
    for _, group in groupby(wanted, key=lambda row: (row[1], row[2], row[0] & WORD == TRADE)):
        yield list(group)


def _is_taken(kind: int, aside: Counter[int]) -> bool:
    is_taken = kind in (DEPTH, TRADE, CLEAR, SNAPSHOT)
    aside[kind] += not is_taken
    return is_taken


def _parts(path: Path) -> Iterator[list[Any]]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(MEMBER) as file:
            yield from _rows(file, path.name)
    except (zipfile.BadZipFile, KeyError, EOFError) as error:
        raise TapeRefused(f"{path.name} is no event array of hftbacktest ({error}): copy it again") from error


def _rows(file: IO[bytes], name: str) -> Iterator[list[Any]]:
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        (total,), _, dtype = read(file)
    except ValueError as error:
        raise TapeRefused(f"{name} is no event array of hftbacktest ({error}): copy it again") from error
    if dtype.names != EVENT.names or dtype.itemsize != EVENT.itemsize:
        raise TapeRefused(f"{name} is an array of {dtype.names}, and none of hftbacktest's events: name another file")
    while total > 0:
        count = min(total, ROWS_AT_ONCE)
        content = file.read(count * EVENT.itemsize)
        if len(content) < count * EVENT.itemsize:
            raise TapeRefused(f"{name} ends too early: copy it again")
        events = np.frombuffer(content, EVENT)
        if not (np.isfinite(events["px"]).all() and np.isfinite(events["qty"]).all()):
            raise TapeRefused(f"{name} holds prices or sizes that are no numbers: make it again")
        yield events.tolist()
        total -= count
