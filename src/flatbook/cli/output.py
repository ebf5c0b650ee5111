"""What verbs print: tables for people, one JSON object for programs, progress for whoever waits at a terminal."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from flatbook.ops.home import BY_LINES, PROGRESS_VARIABLE

SCHEMA = "flatbook.{verb}.v1"
NOTHING = "-"
RIGHT = ">"
LINE_START = "\r\x1b[K"
HEX_SHOWN = 12
INDENT = "  "
GAP = "  "
RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
WIDTH_MEASURED = 10_000
HALF_A_CENT = "0.005"
_LONG_HEX = re.compile(rf"(0x[0-9a-f]{{{HEX_SHOWN}}})[0-9a-f]{{8,}}")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")

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


class Told(NamedTuple):
    """One thing and what is known of it: a lead, then `name=value` for each; a narrow terminal breaks between them."""

    lead: str
    known: Sequence[str]


Part = str | Table | Told


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
        drawn_before = isinstance(before, Table) and sys.stdout.isatty()
        if isinstance(part, str):
            if part or not drawn_before:
                print(printable(part))
        elif isinstance(part, Told):
            print_told(part)
        elif part.records:
            if before is not None and not drawn_before:
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


def print_told(told: Told) -> None:
    """Prints a thing and what is known of it as one line; as several where a terminal is too narrow."""
    words = [printable(word) for word in (told.lead, *told.known)]
    width = _terminal_width() if sys.stdout.isatty() else None
    line = words[0]
    for word in words[1:]:
        if width is not None and len(line) + len(GAP) + len(word) > width:
            print(line)
            line = 2 * INDENT + word
        else:
            line = f"{line}{GAP}{word}"
    print(line)


def _terminal_width() -> int:
    return shutil.get_terminal_size().columns


def _print_plain(table: Table, width: int | None = None) -> None:
    """Prints a line per record; several where it would be wider than `width`, so that nothing is ever cut."""
    rows = [[column.title.rstrip(RIGHT) for column in table.columns], *table.cells()]
    widths = [max(len(row[index]) for row in rows) for index in range(len(table.columns))]
    lines = _stacked(widths, width)
    print(table.title if width else f"{table.title}:")
    for number, row in enumerate(rows):
        told = []
        for depth, indexes in enumerate(lines, 1):
            cells = [_cell(table.columns[index], row[index], widths[index]) for index in indexes]
            told.append(f"{INDENT * min(depth, 2)}{GAP.join(cells)}".rstrip())
        print(*told, sep="\n")
        if width and not number:
            print(f"{INDENT}{RULE * (max(map(len, told)) - len(INDENT))}")
    if width:
        print()


def _cell(column: Column, text: str, width: int) -> str:
    return text.rjust(width) if column.title.endswith(RIGHT) else text.ljust(width)


def _stacked(widths: Sequence[int], width: int | None) -> list[list[int]]:
    """Returns which columns share a line, so that no line is wider than `width` unless one column alone is."""
    lines: list[list[int]] = [[]]
    used = 0
    for index, each in enumerate(widths):
        if lines[-1] and width is not None and used + len(GAP) + each > width:
            lines.append([])
        used = len(INDENT) * min(len(lines), 2) + each if not lines[-1] else used + len(GAP) + each
        lines[-1].append(index)
    return lines


def _print_rich(table: Table) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(title=Text(table.title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns:
        right = column.title.endswith(RIGHT)
        drawn.add_column(Text(column.title.rstrip(RIGHT)), justify="right" if right else "left", no_wrap=True)
    for row in table.cells():
        drawn.add_row(*(Text(cell) for cell in row))
    console = Console(highlight=False, width=_terminal_width())
    if console.measure(drawn, options=console.options.update(width=WIDTH_MEASURED)).maximum <= console.width:
        console.print(drawn)
    else:
        _print_plain(table, console.width)


def progress(label: str) -> Progress:
    """Returns what reports progress on standard error, when somebody watches it there: on one line of a terminal, or
    by lines where the API reads them.
    """
    by_lines = os.environ.get(PROGRESS_VARIABLE) == BY_LINES
    if not by_lines and not sys.stderr.isatty():
        return lambda _done, _total: None
    lead, end = ("", "\n") if by_lines else (LINE_START, "")

    def say(done: int, total: int) -> None:
        print(f"{lead}{label}: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)

    return say


def note(text: str) -> None:
    """Says on standard error what is going on, for people who wait."""
    end_progress()
    print(text, file=sys.stderr, flush=True)


def end_progress() -> None:
    """Takes the line of progress away before anything else is said."""
    if sys.stderr.isatty():
        print(LINE_START, end="", file=sys.stderr, flush=True)


def counted(count: int, noun: str) -> str:
    """Returns how many there are of something, in words for people."""
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def latest(shown: int, found: int, noun: str) -> str:
    """Returns how many of what was found are shown, and how to see the others."""
    return counted(found, noun) if shown == found else f"the latest {shown} of {counted(found, noun)}; --limit 0: all"


def cents_in_sum(texts: Sequence[str]) -> list[str]:
    """Returns amounts for people in cents that add up to their sum, which is the last one."""
    from decimal import Decimal

    from flatbook.values.money import ZERO, cents_of

    told = cents_of([Decimal(text) for text in texts])
    return [f"{each:,f}" for each in (*told, sum(told, ZERO))]


def cents(text: str | None) -> str | None:
    """Returns an amount of USD for people: the nearest cent, so that parts add up to their sum; None stays None."""
    if text is None:
        return None
    from decimal import Decimal

    from flatbook.values.money import cut

    exact = Decimal(text)
    amount = cut(exact + Decimal(HALF_A_CENT).copy_sign(exact), decimals=2)
    return f"{amount or abs(amount):,f}"


def ago(seconds: int) -> str:
    """Returns an age in the two largest units that matter."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


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
