"""One kept backtest drawn: its equity, its trades on the price that was seen with them, and its tables as files."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from litestar import Response
from litestar.params import PathParameter

from flatbook.api.home_files import FILE_BYTES_MAX, saved, unreadable
from flatbook.api.problems import Code, Problem
from flatbook.api.reads_reports import NameParameter, folder_of
from flatbook.api.routes import AtSite, reading
from flatbook.values.instants import Instant, instant_of_text, text_of_instant
from flatbook.values.money import parse_number

POINTS_MAX = 400
CANDLES_MAX = 240
TRADES_MAX = 2_000
INSTRUMENTS_MAX = 32
ROWS_MAX = 2_000_000
CURVE, EXECUTIONS = "curve.csv", "executions.csv"
KINDS = {
    CURVE: "text/csv",
    EXECUTIONS: "text/csv",
    "parts.csv": "text/csv",
    "curve.parquet": "application/vnd.apache.parquet",
    "executions.parquet": "application/vnd.apache.parquet",
    "parts.parquet": "application/vnd.apache.parquet",
    "report.html": "text/html",
    "report.json": "application/json",
}
Rows = list[dict[str, str]]
T = TypeVar("T")

FileParameter = Annotated[str, PathParameter(description="A file of its folder.", max_length=64)]


class PointBody(msgspec.Struct, frozen=True, kw_only=True):
    """The equity of a run at an instant. Units: USD."""

    at: str
    equity: str
    exposure: str


class SeenBody(msgspec.Struct, frozen=True, kw_only=True):
    """The middle of the market as it was seen with the executions of a stretch. Units: quote per base."""

    at: str
    open: str
    high: str
    low: str
    close: str


class TradeMarkBody(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of a run. Units: contracts; quote per base."""

    at: str
    side: str
    qty: str
    price: str
    made: str | None


class TradedBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was traded of one instrument: of `found` executions the first TRADES_MAX, on the price seen with all."""

    instrument: str
    found: int
    seen: list[SeenBody]
    trades: list[TradeMarkBody]


class TearsheetAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The course of one backtest: at most POINTS_MAX points of its equity, its trades, and its files."""

    name: str
    points: list[PointBody]
    traded: list[TradedBody]
    files: list[str]


@reading("/reports/{name:str}/tearsheet", "The course of one backtest", tag="reports")
async def tearsheet(site: AtSite, name: NameParameter) -> TearsheetAnswer:
    """Returns equity and trades of a kept backtest, drawn from its own tables."""
    folder = folder_of(site.home, name)
    points, traded = await asyncio.to_thread(_drawn, folder)
    return TearsheetAnswer(
        name=name, points=points, traded=traded, files=[each for each in KINDS if (folder / each).is_file()]
    )


@reading("/reports/{name:str}/files/{file:str}", "A table of one backtest", tag="reports")
async def report_file(site: AtSite, name: NameParameter, file: FileParameter) -> Response[bytes]:
    """Returns a file of a kept backtest, to be saved."""
    path = folder_of(site.home, name) / file
    if file not in KINDS or not path.is_file():
        raise Problem(404, Code.NOT_FOUND, f"this backtest has no such file; there are {', '.join(KINDS)}")
    return await saved(path, KINDS[file], f"{name}-{file}")


def _drawn(folder: Path) -> tuple[list[PointBody], list[TradedBody]]:
    return _of_table(folder / CURVE, _points), _of_table(folder / EXECUTIONS, _traded)


def _of_table(path: Path, drawn: Callable[[Rows], Iterator[T]]) -> list[T]:
    """Returns what is drawn of a table that a backtest wrote; nothing where it wrote none.

    Errors: Problem where it is not as a backtest writes it.
    """
    try:
        return list(drawn(_rows(path)))
    except (OSError, csv.Error, KeyError, ValueError) as error:
        raise unreadable(path, f"it is no table of a backtest ({type(error).__name__})") from error


def _rows(path: Path) -> Rows:
    """Returns the rows of a table, at most ROWS_MAX."""
    if not path.is_file() or path.stat().st_size > FILE_BYTES_MAX:
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(islice(csv.DictReader(stream), ROWS_MAX))
    if any(None in row.values() for row in rows):
        raise ValueError("a row is cut off")
    return rows


def _points(rows: Rows) -> Iterator[PointBody]:
    step = max(1, -(-len(rows) // POINTS_MAX))
    for number, row in enumerate(rows):
        if number % step == 0 or number == len(rows) - 1:
            yield PointBody(at=row["at"], equity=row["equity"], exposure=row["exposure"])


def _traded(rows: Rows) -> Iterator[TradedBody]:
    by_instrument: dict[str, Rows] = {}
    for row in rows:
        by_instrument.setdefault(row["instrument"], []).append(row)
    for instrument, own in islice(sorted(by_instrument.items()), INSTRUMENTS_MAX):
        yield TradedBody(
            instrument=instrument,
            found=len(own),
            seen=list(_seen(own)),
            trades=[
                TradeMarkBody(
                    at=row["happened_at"],
                    side=row["side"],
                    qty=row["qty"],
                    price=row["price"],
                    made=row["maker"] or None,
                )
                for row in own[:TRADES_MAX]
            ],
        )


def _seen(rows: Rows) -> Iterator[SeenBody]:
    """Yields the middle that was seen with executions, in at most CANDLES_MAX stretches of the same length."""
    timed = [(instant_of_text(row["happened_at"]), row["middle"]) for row in rows if row["middle"]]
    if not timed:
        return
    began = timed[0][0]
    width = max(1, -(-(timed[-1][0] - began + 1) // CANDLES_MAX))
    stretches: dict[int, list[str]] = {}
    for at, middle in timed:
        stretches.setdefault((at - began) // width, []).append(middle)
    for number, middles in stretches.items():
        yield SeenBody(
            at=text_of_instant(Instant(began + number * width)),
            open=middles[0],
            high=max(middles, key=parse_number),
            low=min(middles, key=parse_number),
            close=middles[-1],
        )


ROUTES = (tearsheet, report_file)
