"""Bars and rates of funding in CSV and Parquet files, under the column names that people use for them.

Times of bars are their opens; a bar stands on a tape at its end, when its close is known. Rates are fractions, paid at
their time. Source: ccxt, "OHLCV structure" and "funding rate history"; freqtrade and pandas for names of columns.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape_survey import Heard
from flatbook.market.depth import Unread, UnreadFor
from flatbook.market.ticks import FINE_DECIMALS, RATE_DECIMALS, Kind, Tick, Told
from flatbook.values.instants import NS_PER_MS, NS_PER_S, InstantRefused, instant_of_text
from flatbook.values.money import NumberRefused, scaled_integer

TIMES = ("ts", "bar_open_ts", "date", "datetime", "timestamp", "time", "fundingTimestamp", "fundingTime")
SYMBOLS = ("pair", "venue_symbol", "symbol", "instrument")
VENUES = ("venue", "exchange")
RATES = ("funding_rate", "fundingRate", "rate_raw", "rate")
MARKS = ("mark_price", "markPrice", "mark")
OHLC = ("open", "high", "low", "close")
PREFIXES = ("", "spot_", "perp_")
TRADES = ("n_trades", "transactions", "trades")
LOOKED_AT = 1_000
SYMBOLS_MAX = 64
NS_OF_DIGITS = {10: NS_PER_S, 13: NS_PER_MS, 16: 1_000, 19: 1}
_ZONELESS = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?")

Row = Mapping[str, Any]


class Table(NamedTuple):
    """Which columns of a file hold what; `bars` are the prefixes before open, high, low and close.

    Units: `step_ns` is how long a bar is.
    """

    path: Path
    time: str
    venue: str | None
    symbol: str | None
    rate: str | None
    mark: str | None
    bars: tuple[str, ...]
    step_ns: int


def table_of(path: Path) -> Table | None:
    """Returns what the columns of a file hold; None where they hold neither bars nor rates.

    Errors: TapeRefused, OSError.
    """
    if not path.name.endswith((".csv", ".csv.gz", ".parquet")):
        return None
    first = list(islice(_rows(path), LOOKED_AT))
    names = tuple(first[0]) if first else ()
    time = _one(names, TIMES)
    bars = tuple(prefix for prefix in PREFIXES if all(prefix + name in names for name in OHLC))
    rate = _one(names, RATES)
    if time is None or not (bars or rate):
        return None
    table = Table(path, time, _one(names, VENUES), _one(names, SYMBOLS), rate, _one(names, MARKS), bars, 0)
    return table._replace(step_ns=_step(table, first)) if bars else table


def _one(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    return next((name for name in wanted if name in names), None)


def _step(table: Table, rows: Sequence[Row]) -> int:
    """Returns how long a bar is: the step between two of one symbol that is met most often. Units: ns."""
    last: dict[str, int] = {}
    steps: Counter[int] = Counter()
    for row in rows:
        try:
            symbol, at = _symbol(table, row), instant_of(row[table.time])
        except InstantRefused:
            continue  # whoever reads the rows says so of this one
        if at > last.get(symbol, at):
            steps[at - last[symbol]] += 1
        last[symbol] = at
    if not steps:
        wanted = "two bars of one symbol, in order of time and with times that can be read, say how long one is"
        raise TapeRefused(f"{table.path.name}: {wanted}: give it such rows")
    return steps.most_common(1)[0][0]


def symbols_of(table: Table) -> tuple[str, ...]:
    """Returns the symbols that a file names, its own for each venue; one that is empty where it names none.

    Errors: TapeRefused where there are more than SYMBOLS_MAX; OSError.
    """
    if table.venue is None and table.symbol is None:
        return ("",)
    found = dict.fromkeys(_symbol(table, row) for row in _rows(table.path))
    if len(found) > SYMBOLS_MAX:
        raise TapeRefused(
            f"{table.path.name} holds {len(found)} symbols, at most {SYMBOLS_MAX} go on one tape: split it"
        )
    return tuple(found)


def read_table(table: Table, only: str, symbol: str) -> Iterator[Heard]:
    """Yields what a file of bars or rates tells of the symbol `only`; a row that cannot be read says why.

    `symbol` is told where the file names none.
    """
    for row in _rows(table.path):
        if _symbol(table, row) != only:
            continue
        try:
            yield from ((0, told) for told in _told(table, row, only or symbol))
        except (InstantRefused, NumberRefused, ValueError, ArithmeticError, TypeError) as error:
            yield 0, Unread(UnreadFor.MALFORMED, str(error))


def _symbol(table: Table, row: Row) -> str:
    named = [str(row[column]) for column in (table.venue, table.symbol) if column is not None]
    return ":".join(named)


def _told(table: Table, row: Row, symbol: str) -> Iterator[Told]:
    at = instant_of(row[table.time])
    if table.rate is not None and not _is_empty(row[table.rate]):
        mark = None if table.mark is None or _is_empty(row[table.mark]) else _fine(row[table.mark])
        interval = row.get("interval_hours")
        seconds = 0 if _is_empty(interval) else int(Decimal(str(interval)) * 3600)
        rate = scaled_integer(_number(row[table.rate]), decimals=RATE_DECIMALS)
        tick = Tick(Kind.FUNDING, rate, at, mark or 0, seconds)
        perp = f"{symbol}-PERP" if "perp_" in table.bars else symbol
        yield Told(symbol=perp, stream="funding", happened_at=at, ticks=(tick,))
    for prefix in table.bars:
        if any(_is_empty(row[prefix + name]) for name in OHLC):
            continue
        named = f"{symbol}-PERP" if prefix == "perp_" else symbol
        ticks = _of_bar(row, prefix, at)
        yield Told(symbol=named, stream="bars", happened_at=at + table.step_ns, ticks=ticks)


def _of_bar(row: Row, prefix: str, at: int) -> tuple[Tick, Tick]:
    opened, high, low, close = (_fine(row[prefix + name]) for name in OHLC)
    if not low <= min(opened, close) <= max(opened, close) <= high or low <= 0:
        raise ValueError(f"the bar at {at} is not within its highest and lowest")
    volume, trades = row.get(prefix + "volume"), _one(tuple(row), TRADES)
    size = 0 if _is_empty(volume) else _fine(volume)
    count = 0 if trades is None or _is_empty(row[trades]) else int(row[trades])
    return Tick(Kind.RANGE, high, count, low, at), Tick(Kind.BAR, opened, size, close, at)


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and isnan(value))


def _number(value: Any) -> Decimal:
    """Returns a number as it was written; of a float the shortest that reads back as it."""
    number = Decimal(repr(value) if isinstance(value, float) else str(value))
    if not number.is_finite():
        raise NumberRefused(f"{value!r} is no finite number")
    return number


def _fine(value: Any) -> int:
    """Returns a price or size, cut below 1e-12. Units: 1e-12."""
    number = scaled_integer(_number(value), decimals=FINE_DECIMALS)
    if number < 0:
        raise NumberRefused(f"{value!r} is below zero")
    return number


def instant_of(value: Any) -> int:
    """Returns an instant that a table states: a time with its zone, or a number of s, ms, us or ns since 1970.

    A text without a zone is refused, as nobody knows which it was.

    Errors: InstantRefused.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InstantRefused("a time without a zone: state it in UTC")
        whole = value.astimezone(UTC)
        return int(whole.replace(microsecond=0).timestamp()) * 10**9 + whole.microsecond * 1000
    text = str(value).strip()
    if text.isdigit():
        return int(text) * NS_OF_DIGITS.get(len(text), NS_PER_S)
    if _ZONELESS.fullmatch(text):
        raise InstantRefused(f"{text!r} has no zone: state it in UTC")
    return instant_of_text(text)


def _rows(path: Path) -> Iterator[Row]:
    if path.suffix == ".parquet":
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches():
                    yield from batch.to_pylist()
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise TapeRefused(f"{path.name} is no Parquet file, or one that is cut off: copy it again") from error
        return
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        try:
            with io.TextIOWrapper(file, encoding="utf-8", newline="") as text:
                yield from csv.DictReader(text)
        except (EOFError, gzip.BadGzipFile, UnicodeDecodeError, csv.Error) as error:
            raise TapeRefused(f"{path.name} is cut off or damaged ({error}): copy it again") from error
