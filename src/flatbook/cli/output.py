"""What verbs print: tables for people, one JSON object for programs, progress for whoever waits at a terminal."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

SCHEMA = "flatbook.{verb}.v1"
NOTHING = "-"
RIGHT = ">"
LINE_START = "\r\x1b[K"
HEX_SHOWN = 12
_LONG_HEX = re.compile(rf"(0x[0-9a-f]{{{HEX_SHOWN}}})[0-9a-f]{{8,}}")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

Record = Mapping[str, Any]
Progress = Callable[[int, int], None]


class Column(NamedTuple):
    """A column of a table: its title, and where in a record its text comes from. A title ending in `>` is a number."""

    title: str
    value: str | Callable[[Record], Any]

    def text(self, record: Record) -> str:
        """Returns the text of a cell."""
        value = self.value(record) if callable(self.value) else record[self.value]
        if isinstance(value, bool):
            return "yes" if value else "no"
        return NOTHING if value is None or value == "" else printable(str(value))


class Table(NamedTuple):
    """A titled table of records."""

    title: str
    columns: Sequence[Column]
    records: Sequence[Record]

    def cells(self) -> list[list[str]]:
        """Returns the text of all cells, row by row."""
        return [[column.text(record) for column in self.columns] for record in self.records]

    def without_empty_columns(self) -> Table:
        """Returns the table without the columns that say nothing of any record."""
        said = [column for column in self.columns if any(column.text(record) != NOTHING for record in self.records)]
        return self._replace(columns=said)


Part = str | Table


def printable(text: str) -> str:
    """Returns a text in which no character can move a cursor, hide, or turn the direction of reading."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def show(verb: str, body: Record, parts: Callable[[], Iterable[Part]], *, as_json: bool) -> None:
    """Prints the answer of a verb: the body as JSON, or what its parts say of it."""
    end_progress()
    if as_json:
        print_json(verb, body)
        return
    before: Part | None = None
    for part in parts():
        if isinstance(part, str):
            print(printable(part))
        elif part.records:
            if before is not None and not (isinstance(before, Table) and sys.stdout.isatty()):
                print()
            _print_table(part)
        else:
            continue
        before = part
    sys.stdout.flush()


def print_json(verb: str, body: Record) -> None:
    """Prints one object that names its schema. Amounts are texts, counts are numbers, instants are RFC 3339."""
    print(json.dumps({"schema": SCHEMA.format(verb=verb), **body}, ensure_ascii=True, indent=2))
    sys.stdout.flush()


def _print_table(table: Table) -> None:
    filled = table.without_empty_columns()
    if sys.stdout.isatty():
        _print_rich(filled)
    else:
        _print_plain(filled)


def _print_plain(table: Table) -> None:
    titles = [column.title.rstrip(RIGHT) for column in table.columns]
    rows = [titles, *table.cells()]
    widths = [max(len(row[index]) for row in rows) for index in range(len(titles))]
    print(f"{table.title}:")
    for row in rows:
        cells = [
            cell.rjust(width) if column.title.endswith(RIGHT) else cell.ljust(width)
            for column, cell, width in zip(table.columns, row, widths, strict=True)
        ]
        print(f"  {'  '.join(cells)}".rstrip())


def _print_rich(table: Table) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(title=Text(table.title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns:
        right = column.title.endswith(RIGHT)
        drawn.add_column(
            Text(column.title.rstrip(RIGHT)), justify="right" if right else "left", overflow="fold", no_wrap=right
        )
    for row in table.cells():
        drawn.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(drawn)


def progress(label: str) -> Progress:
    """Returns what reports progress on one line of standard error, when somebody watches it there."""
    if not sys.stderr.isatty():
        return lambda _done, _total: None

    def say(done: int, total: int) -> None:
        print(f"{LINE_START}{label}: {done:,} of {total:,}", end="", file=sys.stderr, flush=True)

    return say


def end_progress() -> None:
    """Takes the line of progress away before anything else is said."""
    if sys.stderr.isatty():
        print(LINE_START, end="", file=sys.stderr, flush=True)


def cents(text: str | None) -> str | None:
    """Returns an amount of USD for people: cut to the cent; None stays None."""
    if text is None:
        return None
    from decimal import Decimal

    from flatbook.values.money import cut

    amount = cut(Decimal(text), decimals=2)
    return f"{amount or abs(amount):,f}"


def short(text: str | None) -> str | None:
    """Returns a quantity or a price for people: cut to six decimals; None stays None."""
    if text is None:
        return None
    from decimal import Decimal

    from flatbook.values.money import cut, plain

    return plain(cut(Decimal(text), decimals=6))


def brief(ref: str | None) -> str | None:
    """Returns a reference for people, long hashes cut; `why` takes it as it is shown."""
    return None if ref is None else _LONG_HEX.sub(r"\1..", ref)
