"""Files of a nautilus catalogue: quotes, trades, changes of books and bars in Parquet.

Source: nautilus_trader 1.221, the schemas that its ParquetDataCatalog writes, seen in files made by it: prices and
sizes are integers of 8 or 16 bytes, little-endian, with 9 or 16 decimals; the metadata names the instrument.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape_survey import Heard
from flatbook.market.depth import Depth, OffGrid, Unread, Update, unknown, unread
from flatbook.market.ticks import FINE_DECIMALS, Kind, Tick, Told

DECIMALS_OF_BYTES = {8: 9, 16: 16}
CLEAR, DELETE = 4, 3
BUY = 1
AGGRESSORS = {0: 0, 1: 1, 2: -1}
KNOWN = frozenset(("bid_price", "aggressor_side", "open", "action"))
ROWS_AT_ONCE = 16_384
NANOSECONDS = {"SECOND": 10**9, "MINUTE": 60 * 10**9, "HOUR": 3600 * 10**9, "DAY": 86400 * 10**9}

Row = dict[str, Any]
Read = Callable[[str, Row], Told | Unread]


def is_of_catalogue(path: Path) -> bool:
    """Returns whether a Parquet file is one of a nautilus catalogue.

    Errors: TapeRefused where it is no Parquet file; OSError.
    """
    return b"instrument_id" in _metadata(path) and bool(KNOWN.intersection(_names(path)))


def read_catalogue(paths: Sequence[Path]) -> Iterator[Heard]:
    """Yields what files of a catalogue tell, those of all kinds together, in the order in which it was seen.

    Needs: the files of one kind of one instrument in order of time.
    Errors: TapeRefused, OSError.
    """
    kinds: dict[tuple[str, ...], list[Path]] = {}
    for path in paths:
        kinds.setdefault((_metadata(path)[b"instrument_id"].decode(), *_names(path)), []).append(path)
    return heapq.merge(*(_chain(chain) for chain in kinds.values()), key=lambda heard: heard[0])


def _metadata(path: Path) -> dict[bytes, bytes]:
    try:
        return pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise TapeRefused(f"{path.name} is no Parquet file, or one that is cut off: copy it again") from error


def _names(path: Path) -> tuple[str, ...]:
    return tuple(pq.read_schema(path).names)


def _reader(names: Sequence[str], step: int) -> Read | None:
    """Returns what reads a row of a file with such columns; None where several rows make a message."""
    if "bid_price" in names:
        return _of_quote
    if "aggressor_side" in names:
        return _of_trade
    return partial(_of_bar, step=step) if "open" in names else None


def _chain(paths: Sequence[Path]) -> Iterator[Heard]:
    for path in paths:
        metadata, rows = _metadata(path), _rows(path)
        symbol = metadata[b"instrument_id"].decode()
        read = _reader(_names(path), _step(metadata.get(b"bar_type", b"").decode()))
        if read is None:
            yield from _changes(symbol, rows)
        else:
            yield from _each(read, symbol, rows)


def _each(read: Read, symbol: str, rows: Iterator[Row]) -> Iterator[Heard]:
    for row in rows:
        try:
            yield row["ts_init"], read(symbol, row)
        except OffGrid as error:
            yield row["ts_init"], unread(error)


def _rows(path: Path) -> Iterator[Row]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
            yield from batch.to_pylist()


def _step(bar_type: str) -> int:
    """Returns how long a bar of a type such as ID-1-MINUTE-LAST-EXTERNAL is, 0 where it is not one of time. ns."""
    parts = bar_type.rsplit("-", 4)
    return int(parts[1]) * NANOSECONDS.get(parts[2], 0) if len(parts) == 5 and parts[1].isdigit() else 0


def _of_quote(symbol: str, row: Row) -> Told:
    bid, bid_size = _fine(row["bid_price"]), _fine(row["bid_size"])
    tick = Tick(Kind.QUOTE, bid, bid_size, _fine(row["ask_price"]), _fine(row["ask_size"]))
    return Told(symbol=symbol, stream="quote", happened_at=row["ts_event"], ticks=(tick,))


def _of_trade(symbol: str, row: Row) -> Told | Unread:
    if (side := AGGRESSORS.get(row["aggressor_side"])) is None:
        return unknown("the aggressor of a trade", str(row["aggressor_side"]))
    tick = Tick(Kind.TRADE, _fine(row["price"]), _fine(row["size"]), side)
    return Told(symbol=symbol, stream="trade", happened_at=row["ts_event"], ticks=(tick,))


def _of_bar(symbol: str, row: Row, step: int) -> Told:
    at = row["ts_event"]
    prices = {name: _fine(row[name]) for name in ("open", "high", "low", "close")}
    ticks = (
        Tick(Kind.RANGE, prices["high"], 0, prices["low"], at - step),
        Tick(Kind.BAR, prices["open"], _fine(row["volume"]), prices["close"], at - step),
    )
    return Told(symbol=symbol, stream="bars", happened_at=at, ticks=ticks)


def _changes(symbol: str, rows: Iterator[Row]) -> Iterator[Heard]:
    """Yields changes of a book, those of one instant as one message.

    Errors: TapeRefused where orders are told one by one: a tape holds levels.
    """
    for (at, seen), group in groupby(rows, key=lambda row: (row["ts_event"], row["ts_init"])):
        changes = list(group)
        if any(change["order_id"] for change in changes):
            raise TapeRefused(f"{symbol}: a book of single orders (L3); a tape holds levels (L2): name those")
        sides: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
        try:
            for change in changes:
                if change["action"] != CLEAR:
                    size = 0 if change["action"] == DELETE else _fine(change["size"])
                    sides[change["side"] == BUY].append((_fine(change["price"]), size))
        except OffGrid as error:
            yield seen, unread(error)
            continue
        is_whole = any(change["action"] == CLEAR for change in changes)
        update = Update(symbol, is_whole, Depth(sides[True], sides[False]))
        yield seen, Told(symbol=symbol, stream="depth", happened_at=at, seq=changes[-1]["sequence"], depth=update)


def _fine(raw: bytes) -> int:
    """Returns a price or size. Units: 1e-12. Errors: OffGrid."""
    number, decimals = int.from_bytes(raw, "little", signed=True), DECIMALS_OF_BYTES[len(raw)]
    if decimals < FINE_DECIMALS:
        scale: int = 10 ** (FINE_DECIMALS - decimals)
        return number * scale
    unit: int = 10 ** (decimals - FINE_DECIMALS)
    fine, rest = divmod(number, unit)
    if rest or fine < 0:
        raise OffGrid(f"{number} in units of 1e-{decimals} is no number with at most {FINE_DECIMALS} decimals")
    return fine
