"""Reads recorded minute bars from CSV files, packed or not."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from flatbook.sim.tapes.bars import Bar, Bars
from flatbook.values.instants import InstantRefused, instant_of_text
from flatbook.values.money import NumberRefused, Price, parse_number

COLUMNS = ("ts", "open", "close")
BARS_MAX = 2_000_000


class BarsRefused(ValueError):
    """A file of bars cannot be read. Says where, what, and what to do."""


def read_bars(path: Path) -> Bars:
    """Returns the bars of one symbol from a CSV file with the columns ts, open and close; others are ignored.

    Units: ts is the start of the minute, RFC 3339 with its zone; prices in quote per base.
    Errors: BarsRefused with file, line and remedy; OSError when the file cannot be opened.
    """
    return bars_of_csv(path.read_bytes(), name=path.name)


def bars_of_csv(content: bytes, *, name: str) -> Bars:
    """Returns the bars that the bytes of a CSV file state, unpacked first when the name ends in .gz.

    Errors: BarsRefused.
    """
    try:
        text = (gzip.decompress(content) if name.endswith(".gz") else content).decode("ascii")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise BarsRefused(f"{name} is cut off, damaged or no text ({error}): copy or record it again") from error
    bars = list(_bars(text, name))
    try:
        return Bars(bars)
    except ValueError as error:
        raise BarsRefused(f"{name}: {error}: correct or remove that bar") from error


def _bars(text: str, name: str) -> Iterator[Bar]:
    rows = csv.DictReader(text.splitlines())
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise BarsRefused(f"{name} has no column {', '.join(missing)}: its first line must name ts, open and close")
    for line, row in enumerate(rows, 2):
        if line > BARS_MAX:
            raise BarsRefused(f"{name} has more than {BARS_MAX} bars: split it")
        try:
            yield Bar(starts_at=instant_of_text(row["ts"]), open=_price(row["open"]), close=_price(row["close"]))
        except (InstantRefused, NumberRefused, TypeError) as error:
            raise BarsRefused(f"{name}, line {line}: {error}: correct or remove the line") from error


def _price(text: str) -> Price:
    return Price(parse_number(text))
