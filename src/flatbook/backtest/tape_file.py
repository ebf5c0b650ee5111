"""Tapes as Parquet files: written and read a row group at a time, so that memory stays flat whatever the length."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape import (
    DTYPES,
    ROWS_IN_A_CHUNK,
    VERSION,
    Clocks,
    Columns,
    Cover,
    MemoryTape,
    Origin,
    TapeHead,
    TapeInstrument,
    covers_of,
    joined,
)
from flatbook.backtest.tape_checks import Before, ends_with, flaws_of
from flatbook.market.ticks import LAST

MAGIC = b"PAR1"
KEY = b"flatbook.tape"
PARTIAL = ".partial"
WIDTH = len(Columns._fields)
LEVEL = 3

Row = tuple[int, int, int, int, int, int, int]
"""(kind, inst, p1, q1, p2, q2, seq), as flatbook.market.ticks says."""

_SCHEMA = pa.schema([pa.field(name, pa.from_numpy_dtype(dtype), nullable=False) for name, dtype in DTYPES.items()])
AGAIN = ": make it again with flatbook data convert"
_STEADY = ("ts", "local_ts", "seq")


class Message(NamedTuple):
    """The rows of one message of a venue, at least one. Units: ns."""

    ts: int
    local_ts: int
    rows: Sequence[Row]


class TapeWriter:
    """Writes a tape; it stands under its name only once it is whole.

    Errors: TapeRefused where rows are none of a tape; nothing is left under the name then.
    """

    def __init__(
        self,
        path: Path,
        instruments: tuple[TapeInstrument, ...],
        *,
        origins: tuple[Origin, ...] = (),
        clocks: tuple[Clocks, ...] = (),
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._path, self._partial = path, path.with_name(path.name + PARTIAL)
        self._head = TapeHead(instruments=instruments, origins=origins, clocks=clocks)
        self._numbers = array("q")
        self._before, self._rows, self._covers = Before(), 0, tuple[Cover, ...]()
        self._parquet = pq.ParquetWriter(
            self._partial,
            _SCHEMA,
            compression="zstd",
            compression_level=LEVEL,
            use_dictionary=[name for name in Columns._fields if name not in _STEADY],
            column_encoding=dict.fromkeys(_STEADY, "DELTA_BINARY_PACKED"),
        )

    def add(self, message: Message) -> None:
        """Adds a message behind those before it.

        Errors: TapeRefused, at once or when its rows are written; OverflowError never.
        """
        ts, local_ts, rows = message
        last = len(rows) - 1
        try:
            for number, (kind, inst, p1, q1, p2, q2, seq) in enumerate(rows):
                flags = LAST if number == last else 0
                self._numbers.extend((ts, local_ts, kind, inst, p1, q1, p2, q2, seq, flags))
        except OverflowError as error:
            of = self._head.instruments[rows[0][1]].id
            raise TapeRefused(f"{of}: a number of the message at {ts} does not fit in 64 bits: leave it out") from error
        if len(self._numbers) >= ROWS_IN_A_CHUNK * WIDTH:
            self._flush()

    def add_columns(self, columns: Columns) -> None:
        """Adds rows behind those before them.

        Errors: TapeRefused.
        """
        self._flush()
        for start in range(0, columns.rows, ROWS_IN_A_CHUNK):
            self._write(columns.cut(start, start + ROWS_IN_A_CHUNK))

    def close(self) -> TapeHead:
        """Ends the tape, gives it its name and returns its head.

        Errors: TapeRefused where no row is in it, or the last message has no end.
        """
        self._flush()
        if not self._rows or self._before.is_open:
            self.drop()
            counted = ", ".join(f"{count:,} {name}" for name, count in self.counts.items() if count)
            nothing = (
                f"nothing that was read is a row of a tape ({counted or 'there was none'}): look at what was recorded"
            )
            raise TapeRefused(f"{self._path.name}: {'its last message does not end' if self._rows else nothing}")
        head = msgspec.structs.replace(
            self._head, covers=self._covers, rows=self._rows, counts={k: v for k, v in self.counts.items() if v}
        )
        self._parquet.add_key_value_metadata({KEY: msgspec.json.encode(head)})
        self._parquet.close()
        self._partial.replace(self._path)
        return head

    def drop(self) -> None:
        """Gives up what was written."""
        self._parquet.close()
        self._partial.unlink(missing_ok=True)

    def _flush(self) -> None:
        numbers, self._numbers = self._numbers, array("q")
        if numbers:
            self._write(columns_of(numbers))

    def _write(self, columns: Columns) -> None:
        self._before = _checked(columns, len(self._head.instruments), self._before, self._path.name, self._rows)
        self._rows += columns.rows
        self._covers = joined((*self._covers, *covers_of(columns)))
        batch = pa.record_batch([pa.array(column) for column in columns], schema=_SCHEMA)
        self._parquet.write_batch(batch, row_group_size=ROWS_IN_A_CHUNK)


def columns_of(numbers: array[int]) -> Columns:
    """Returns rows as columns. Needs: ten numbers for each row, in the order of Columns."""
    table = np.frombuffer(numbers, dtype=np.int64).reshape(-1, WIDTH)
    return Columns._make(np.ascontiguousarray(table[:, i], dtype) for i, dtype in enumerate(DTYPES.values()))


def _checked(columns: Columns, instruments: int, before: Before, name: str, row: int) -> Before:
    found = flaws_of(columns, instruments, before)
    if found:
        first = min(found, key=lambda each: each.row)
        raise TapeRefused(f"{name}, row {row + first.row}: {first.flaw.value} ({first.rows} rows){AGAIN}")
    return ends_with(columns, before)


class FileTape:
    """A tape in a file, read a row group at a time and looked at again while it is read.

    Errors: TapeRefused where the file is no tape, or is of a version that is not known; OSError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.head = read_head(path)

    def chunks(self) -> Iterator[Columns]:
        """Yields its rows in order.

        Errors: TapeRefused at the first row that is none of a tape.
        """
        before, row = Before(), 0
        with pq.ParquetFile(self.path) as file:
            for group in range(file.num_row_groups):
                columns = _read(file, group, self.path.name)
                before = _checked(columns, len(self.head.instruments), before, self.path.name, row)
                row += columns.rows
                yield columns
        if before.is_open or row != self.head.rows:
            raise TapeRefused(f"{self.path.name} ends too early: make it again from its sources")


def _read(file: pq.ParquetFile, group: int, name: str) -> Columns:
    """Returns the rows of a group.

    Errors: TapeRefused where the file is damaged, or a number is missing.
    """
    try:
        table = file.read_row_group(group, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise TapeRefused(f"{name} is damaged: copy it again, or make it again from its sources") from error
    for field, column in zip(table.column_names, table.columns, strict=True):
        if column.null_count:
            raise TapeRefused(f"{name}: a number of {field} is missing{AGAIN}")
    return Columns._make(map(_array, table.columns, DTYPES.values()))


def _array(column: pa.ChunkedArray, of: npt.DTypeLike) -> npt.NDArray[Any]:
    """Returns the numbers of a column as they lie in memory: asking Arrow for an array imports pandas where it is."""
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    kind = np.dtype(of)
    return np.frombuffer(whole.buffers()[1], kind, count=len(whole), offset=whole.offset * kind.itemsize)


def is_tape(path: Path) -> bool:
    """Returns whether a file is a tape, of whatever version.

    Errors: OSError.
    """
    with path.open("rb") as raw:
        try:
            with pq.ParquetFile(raw) as file:
                return KEY in (file.metadata.metadata or {})
        except (pa.ArrowException, OSError):
            return False


def _check_magic(path: Path) -> None:
    """Passes where a file begins as Parquet does, or is named as such. Errors: TapeRefused, OSError."""
    with path.open("rb") as raw:
        if path.suffix != ".parquet" and raw.read(len(MAGIC)) != MAGIC:
            raise TapeRefused(f"{path.name} is no tape: make a tape of it: flatbook data convert {path.name}")


def read_head(path: Path) -> TapeHead:
    """Returns what a tape in a file says of itself.

    Errors: TapeRefused, OSError.
    """
    try:
        with path.open("rb") as raw, pq.ParquetFile(raw) as file:
            found: Mapping[bytes, bytes] = file.metadata.metadata or {}
            columns = {field.name: field.type for field in file.schema_arrow}
    except pa.ArrowException as error:
        _check_magic(path)
        raise TapeRefused(f"{path.name} is no Parquet file, or one that is cut off: copy it again") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise TapeRefused(f"{path.name} is damaged ({error}): copy it again") from error
    if KEY not in found:
        raise TapeRefused(f"{path.name} is no tape: make one of it with flatbook data convert")
    return _head(found[KEY], columns, path.name)


def _head(content: bytes, columns: Mapping[str, pa.DataType], name: str) -> TapeHead:
    try:
        version = msgspec.json.decode(content, type=dict[str, Any]).get("version")
        if version != VERSION:
            why = f"is a tape of version {version}, known is {VERSION}: make it again from its sources"
            raise TapeRefused(f"{name} {why}")
        head = msgspec.json.decode(content, type=TapeHead)
    except msgspec.MsgspecError as error:
        raise TapeRefused(f"{name} says of itself what cannot be ({error}){AGAIN}") from error
    if list(columns) != list(Columns._fields):
        raise TapeRefused(f"{name} has other columns than a tape: {', '.join(columns)}{AGAIN}")
    for field in _SCHEMA:
        if columns[field.name] != field.type:
            raise TapeRefused(f"{name}: {field.name} is of {columns[field.name]}, in a tape of {field.type}{AGAIN}")
    return head


def memory_tape(
    messages: Iterable[Message],
    instruments: tuple[TapeInstrument, ...],
    *,
    clocks: tuple[Clocks, ...] = (),
) -> MemoryTape:
    """Returns a tape of messages in order, held in memory whole.

    Errors: TapeRefused.
    """
    numbers = array("q")
    for ts, local_ts, rows in messages:
        for number, row in enumerate(rows, 1):
            numbers.extend((ts, local_ts, *row, LAST if number == len(rows) else 0))
    columns = columns_of(numbers)
    _checked(columns, len(instruments), Before(), "tape", 0)
    head = TapeHead(instruments=instruments, clocks=clocks, covers=covers_of(columns), rows=columns.rows)
    return MemoryTape(head, columns)
