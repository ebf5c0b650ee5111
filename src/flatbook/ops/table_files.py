"""Tables as files: CSV in which every number is exact text, and Parquet in which none is a float."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC
from itertools import islice, starmap
from pathlib import Path
from typing import Any, TextIO

from flatbook.projections.export import Column, Kind, Line, Value
from flatbook.values.instants import Instant, text_of_instant
from flatbook.values.money import plain

ROWS_AT_ONCE = 10_000
PRECISION, SCALE = 38, 18
EXTRA = "parquet"
COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet would run as a formula."""
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


class FormatMissing(Exception):
    """A file of this format needs a package that is not installed. Says which."""


def write_csv(stream: TextIO, columns: tuple[Column, ...], lines: Iterable[Line]) -> None:
    """Writes a table as CSV: amounts as plain digits, instants as RFC 3339 in UTC, nothing where nothing is known.

    A text that a spreadsheet would compute begins with an apostrophe; what is a number stays as it is.
    """
    stream.write(_row(column.name for column in columns))
    stream.writelines(_row(starmap(_text, zip(columns, line.values, strict=True))) for line in lines)


def _row(cells: Iterable[str]) -> str:
    return f"{','.join(_quoted(inert(cell)) for cell in cells)}\n"


def _quoted(cell: str) -> str:
    """Returns a cell in quotes where it needs them: a return alone ends a row for a reader, too."""
    doubled = cell.replace('"', '""')
    return f'"{doubled}"' if doubled != cell or any(mark in cell for mark in ",\n\r") else cell


def inert(cell: str) -> str:
    """Returns a cell that no spreadsheet runs: with an apostrophe before what begins like a formula and is no number.

    Source: OWASP, "CSV Injection".
    """
    return f"'{cell}" if cell.startswith(COMPUTED) and _NUMBER.fullmatch(cell) is None else cell


def _text(column: Column, value: Value) -> str:
    if value is None:
        return ""
    if column.kind is Kind.INSTANT:
        return text_of_instant(Instant(int(value)))
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else plain(value)


def write_parquet(path: Path, columns: tuple[Column, ...], lines: Iterable[Line]) -> None:
    """Writes a table as Parquet: numbers as decimal128(38, 18), amounts with more decimals as exact text.

    Errors: FormatMissing without pyarrow.
    """
    arrow, parquet = _pyarrow()
    schema = arrow.schema([(column.name, _type(arrow, column)) for column in columns])
    rows = iter(lines)
    with parquet.ParquetWriter(path, schema) as writer:
        while lot := list(islice(rows, ROWS_AT_ONCE)):
            writer.write_table(_table(arrow, schema, columns, lot))


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise FormatMissing(
            f"Parquet needs the package pyarrow: install flatbook[{EXTRA}], or write CSV with --format csv"
        ) from None
    return pa, pq


def _type(arrow: Any, column: Column) -> Any:
    return {
        Kind.TEXT: arrow.string,
        Kind.AMOUNT: arrow.string,
        Kind.WHOLE: arrow.int64,
        Kind.INSTANT: lambda: arrow.timestamp("ns", tz="UTC"),
        Kind.NUMBER: lambda: arrow.decimal128(PRECISION, SCALE),
    }[column.kind]()


def _table(arrow: Any, schema: Any, columns: tuple[Column, ...], lot: list[Line]) -> Any:
    cells = zip(*(line.values for line in lot), strict=True)
    arrays = [
        arrow.array(list(_cells(column, values)), type=field.type)
        for column, values, field in zip(columns, cells, schema, strict=True)
    ]
    return arrow.Table.from_arrays(arrays, schema=schema)


def _cells(column: Column, values: Iterable[Value]) -> Iterator[Value]:
    for value in values:
        yield value if value is None or column.kind is not Kind.AMOUNT else _text(column, value)


def read_bar_rows(path: Path) -> Iterator[tuple[str, str, str]]:
    """Yields (start, open, close) of recorded minute bars in Parquet: RFC 3339 in UTC, prices as the shortest text.

    Errors: FormatMissing without pyarrow; OSError when the file cannot be read.
    """
    _, parquet = _pyarrow()
    for row in parquet.read_table(path, columns=["ts", "open", "close"]).to_pylist():
        yield row["ts"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), repr(row["open"]), repr(row["close"])
