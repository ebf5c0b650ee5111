"""Runs a plan over a tape and keeps what came of it in a folder: report, tables and the journal.

Verbs that read nothing but the journal look at the folder as at a home; it has no configuration.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from shutil import rmtree
from typing import Any

import msgspec

from flatbook import __version__
from flatbook.backtest.report import Report, draw_report
from flatbook.backtest.report_page import PARTS, page_of
from flatbook.backtest.run import BacktestRun, Progress, digest_of, run
from flatbook.backtest.tape import NamedTape, Tape
from flatbook.backtest.tape_file import FileTape
from flatbook.journal.files import written_whole
from flatbook.journal.sqlite_whole import whole_journal
from flatbook.ops.home import BACKTEST_FILE
from flatbook.ops.table_files import write_csv, write_parquet
from flatbook.projections.export import Column, Kind, Line
from flatbook.projections.fold import recorded
from flatbook.services.backtest_plan import BacktestPlan
from flatbook.values.instants import Instant, text_of_instant
from flatbook.values.money import plain

JOURNAL, PAGE = "journal.sqlite", "report.html"
SCHEMA = "flatbook.backtest.v1"
CURVE_DECIMALS = 8

EXECUTIONS = (
    Column("happened_at", Kind.INSTANT),
    Column("seen_at", Kind.INSTANT),
    Column("owner", Kind.TEXT),
    Column("instrument", Kind.TEXT),
    Column("order_id", Kind.TEXT),
    Column("side", Kind.TEXT),
    Column("qty", Kind.NUMBER),
    Column("price", Kind.NUMBER),
    Column("middle", Kind.NUMBER),
    Column("contract_size", Kind.NUMBER),
    Column("maker", Kind.TEXT),
    Column("spread", Kind.NUMBER),
    Column("fees", Kind.NUMBER),
    Column("quote", Kind.TEXT),
)
CURVE = (
    Column("at", Kind.INSTANT),
    *(Column(name, Kind.NUMBER) for name in ("equity", *PARTS, "exposure")),
)
SUMS = (*PARTS, "net", "change", "turnover")
PARTS_TABLE = (
    Column("instrument", Kind.TEXT),
    Column("quote", Kind.TEXT),
    *(Column(name, Kind.NUMBER) for name in (*SUMS, "position")),
    Column("executions", Kind.WHOLE),
)


PlanOf = Callable[[FileTape], BacktestPlan]


def run_backtest(plan_of: PlanOf, tape_path: Path, folder: Path, progress: Progress) -> dict[str, Any]:
    """Runs a plan over a tape, keeps report, tables and journal in a folder, and returns what the report says.

    Gives: a whole folder, or none.
    Errors: PlanRefused, TapeRefused, ValueError where plan and tape do not fit, Refused where the run has no room,
    OSError.
    """
    tape = FileTape(tape_path)
    plan = plan_of(tape)
    folder.mkdir(parents=True)
    is_whole = False
    try:
        ran, report = _run(plan, NamedTape(tape, plan.names), folder, progress)
        body = _keep(report, ran, plan, tape_path, folder)
        is_whole = True
        return body
    finally:
        if not is_whole:
            rmtree(folder)


def _run(plan: BacktestPlan, tape: Tape, folder: Path, progress: Progress) -> tuple[BacktestRun, Report]:
    with whole_journal(folder / JOURNAL) as journal:
        ran = run(tape, plan.seats, plan.terms, journal, progress, ask_each=plan.ask_each)
        return ran, draw_report(ran, (item.event for item in recorded(journal.read())), tape, plan.terms.marks)


def _keep(report: Report, ran: BacktestRun, plan: BacktestPlan, tape_path: Path, folder: Path) -> dict[str, Any]:
    facts = _facts(ran, plan, tape_path)
    body = {"schema": SCHEMA, "run": facts, **body_of(report)}
    _write(folder / plan.file, plan.text)
    _write(folder / BACKTEST_FILE, json.dumps(body, indent=2))
    _write(
        folder / PAGE, page_of(report, f"Backtest of {', '.join(_owners(plan))}", {k: str(v) for k, v in facts.items()})
    )
    for name, columns, lines in TABLES:
        with written_whole(folder / f"{name}.csv") as part, part.open("w", encoding="utf-8", newline="") as stream:
            write_csv(stream, columns, lines(report))
        with written_whole(folder / f"{name}.parquet") as part:
            write_parquet(part, columns, lines(report))
    return body


def _write(path: Path, text: str) -> None:
    with written_whole(path) as part:
        part.write_text(text, encoding="utf-8")


def _owners(plan: BacktestPlan) -> list[str]:
    return [str(seat.owner) for seat in plan.seats]


def _facts(ran: BacktestRun, plan: BacktestPlan, tape_path: Path) -> dict[str, Any]:
    return {
        "tape": str(tape_path),
        "names": dict(plan.names),
        "sources": [f"{origin.name} {origin.sha256}" for origin in ran.head.origins],
        "clocks": [clocks.rule for clocks in ran.head.clocks],
        "strategies": _owners(plan),
        "digest": digest_of(plan.seats, plan.terms),
        "seed": plan.terms.seed,
        "version": __version__,
        "stops": dict(ran.counts),
    }


def body_of(report: Report) -> dict[str, Any]:
    """Returns what a report says for programs: amounts as texts, ratios as numbers, no curve and no executions."""
    return {
        "from": text_of_instant(report.began_at),
        "to": text_of_instant(report.ended_at),
        "is_whole": report.is_whole,
        "rows": report.rows,
        "start_usd": plain(report.start_usd),
        "parts": [
            {"instrument": each.instrument, "quote": each.quote, "executions": each.executions}
            | {name: plain(getattr(each, name)) for name in (*SUMS, "position")}
            for each in report.parts
        ],
        "total_usd": {name: plain(amount) for name, amount in report.total.items()},
        "adds_up": report.adds_up,
        "without_middle": report.without_middle,
        "orders": msgspec.to_builtins(report.orders),
        "no_orders": list(report.no_orders),
        "held": msgspec.to_builtins(report.held),
        "queue": msgspec.to_builtins(report.queue),
        "equity": msgspec.to_builtins(report.equity),
        "not_annualised": report.not_annualised,
        "trades": msgspec.to_builtins(report.trades),
        "exposure_usd": {"mean": report.exposure_mean_usd, "max": report.exposure_max_usd},
        "turnover": {"usd": plain(report.turnover_usd), "of_mean_equity": report.turnover_rate},
    }


def _executions(report: Report) -> Iterator[Line]:
    for each in report.executions:
        maker = None if each.maker is None else "maker" if each.maker else "taker"
        values = (
            each.happened_at,
            each.seen_at,
            each.owner,
            each.instrument,
            each.order_id,
            each.side.value,
            each.qty,
            each.price,
            each.middle,
            each.contract_size,
            maker,
            each.spread,
            each.fees,
            each.quote,
        )
        yield Line(each.happened_at, values, ())


def _curve(report: Report) -> Iterator[Line]:
    curve = report.curve
    columns = (curve.equity, *(getattr(curve, name) for name in PARTS), curve.exposures)
    for time, *values in zip(curve.times, *columns, strict=True):
        told = (Decimal(f"{value:.{CURVE_DECIMALS}f}") for value in values)
        yield Line(Instant(time), (time, *told), ())


def _parts(report: Report) -> Iterator[Line]:
    """Yields the parts of each instrument in its quote; of all of them together report.json has the sums in USD."""
    for each in report.parts:
        sums = (getattr(each, name) for name in (*SUMS, "position"))
        yield Line(report.ended_at, (each.instrument, each.quote, *sums, each.executions), ())


TABLES = (("parts", PARTS_TABLE, _parts), ("executions", EXECUTIONS, _executions), ("curve", CURVE, _curve))
