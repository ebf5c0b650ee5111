"""`flatbook backtest` and `flatbook compare`: strategies over a recorded market, and beside what was traded in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import Column, Part, Table, cents, progress, short, show

if TYPE_CHECKING:
    from flatbook.backtest.divergence import Divergence
    from flatbook.services.backtest import PlanOf

FOLDER, JOURNAL = "backtests", "journal.sqlite"
NS_PER_MS = 1_000_000
PARTS = ("spread", "inventory", "fees", "funding", "opening", "net")


Named = Annotated[
    list[str] | None, says("OURS=TAPED: the name on the tape of an instrument that the desk names otherwise.")
]


def backtest(
    plan: Annotated[
        Path | None,
        says("A plan in TOML: what is traded on which terms, by which strategies. Left out: the grids of the home."),
    ] = None,
    /,
    *,
    tape: Annotated[Path, Parameter(name="--data", help="The tape to run it over.")],
    only: Annotated[list[str] | None, says("Of the grids of the home only those of this owner.")] = None,
    name: Named = None,
    out: Annotated[Path | None, says("Folder to write; in the home under backtests when left out.")] = None,
    where: Where = HERE,
) -> int:
    """Runs strategies over a recorded market, as they would trade it live, and reports.

    Without a plan it runs the grids that the configuration of the home trades, with the limits, marks, fees and cash
    that stand there. Report, tables and the journal are kept in a folder on which every verb works that reads
    nothing but a journal. Exits with 1 where the parts of the profit do not add up to the change of equity.
    """
    from flatbook.cli.tapes import need_packages

    need_packages()
    if plan is not None and (only or name):
        raise Failed(Exit.USAGE, "--only and --name go with the grids of a home", where="a plan names its own")
    _check_files(plan, tape)
    stem = (where.folder.name.lstrip(".") or "home") if plan is None else plan.stem
    folder = out if out is not None else _free(where.folder / FOLDER, f"{stem}-{tape.stem}")
    body = _ran(_plan_of(plan, where, only or [], name or []), tape, folder)
    show("backtest", body, lambda: _parts(body), as_json=where.as_json)
    return Exit.OK if body["adds_up"] else Exit.ERROR


def _check_files(plan: Path | None, tape: Path) -> None:
    """Passes where plan and tape are there, each in its place. Errors: Failed."""
    from flatbook.backtest.tape_file import is_tape

    swapped = plan if plan is not None and plan.is_file() and is_tape(plan) else None
    if tape.suffix == ".toml" or swapped is not None:
        do = f"flatbook backtest {tape} --data {swapped or 'TAPE'}"
        raise Failed(Exit.USAGE, "the plan stands first, the tape behind --data", do=do)
    if plan is not None and not plan.exists():
        raise Failed(Exit.USAGE, "there is no such plan", where=str(plan), do="look at its name")


def _plan_of(plan: Path | None, where: Where, only: list[str], name: list[str]) -> PlanOf:
    from flatbook.cli.desks import loaded_of
    from flatbook.services.backtest_home import plan_of_home
    from flatbook.services.backtest_plan import read_plan

    if plan is not None:
        return lambda tape: read_plan(plan, tape)
    loaded, named = loaded_of(where), _named(name)
    return lambda tape: plan_of_home(loaded, tape, only=only, named=named)


def _ran(plan_of: PlanOf, tape: Path, folder: Path) -> dict[str, Any]:
    """Runs a plan over a tape into a folder that is not there yet, and returns what is shown of it."""
    from flatbook.backtest.simulator import Refused
    from flatbook.services.backtest import PAGE, run_backtest
    from flatbook.services.backtest_plan import PlanRefused

    if folder.exists():
        raise Failed(Exit.USAGE, "is there already", where=str(folder), do="name another folder with --out")
    told = progress("running, rows of tape")

    def go_on(done: int, total: int) -> bool:
        told(done, total)
        return True

    try:
        body = run_backtest(plan_of, tape, folder, go_on)
    except PlanRefused as refused:
        raise Failed(Exit.CONFIG, str(refused)) from refused
    except Refused as refused:
        raise Failed(Exit.ERROR, str(refused), do="let the strategy keep fewer orders open") from refused
    shown = {**body, "folder": str(folder), "page": str(folder / PAGE)}
    shown.pop("schema")
    return shown


def _free(parent: Path, name: str) -> Path:
    """Returns a folder that is not there yet."""
    number = 1
    while (parent / f"{name}-{number}").exists():
        number += 1
    return parent / f"{name}-{number}"


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    orders, equity = body["orders"], body["equity"] or {}
    yield f"{body['from']} to {body['to']}, {body['rows']:,} rows of tape"
    if not body["is_whole"]:
        yield "STOPPED before its tape ended"
    yield Table(
        "profit by part",
        (
            Column("instrument", "instrument"),
            Column("quote", "quote"),
            *(_cents_of(name) for name in PARTS),
            Column("held at the end>", lambda row: short(row["position"])),
            Column("executions>", "executions"),
        ),
        body["parts"],
    )
    turned_over = cents(body["turnover"]["usd"])
    yield f"net {cents(body['total_usd']['net'])} USD of {cents(body['start_usd'])}, turned over {turned_over}"
    filled, made = _percent(orders["fill_rate"]), _percent(orders["maker_share"])
    yield (
        f"orders {orders['intended']:,}, filled {filled}, made {made}; Sharpe {_ratio(equity.get('sharpe'))},"
        f" Sortino {_ratio(equity.get('sortino'))}, largest drawdown {_percent(equity.get('max_drawdown'))}"
    )
    yield from (f"NO ORDERS: {why}" for why in body["no_orders"])
    if body["not_annualised"]:
        yield f"no Sharpe and no Sortino: {body['not_annualised']}"
    if orders["forced"]:
        yield f"the venue closed positions by force for want of margin: {orders['forced']:,} times"
    if not body["adds_up"]:
        yield "THE PARTS DO NOT ADD UP TO THE CHANGE OF EQUITY"
    yield f"report: {body['page']}"


def _cents_of(name: str) -> Column:
    return Column(f"{name}>", lambda row: cents(row[name]))


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def compare(
    run: Annotated[Path, says("The home of the desk that traded, or its journal.")],
    /,
    *,
    against: Annotated[
        Path | None, says("The folder of a backtest over a tape of the same window. Left out: one is run.")
    ] = None,
    tape: Annotated[
        Path | None, Parameter(name="--data", help="The tape of the window, or where that of the backtest lies now.")
    ] = None,
    name: Named = None,
    where: Where = HERE,
) -> int:
    """Says how a paper or live window differs from the simulator over the same recorded market, by cause.

    Without --against the grids that the home of the run trades are backtested over the tape first. Each order is
    matched with one that is alike; what both brought differs by latency, queue, missed fills, fees and gaps of the
    recording, and these add up. Exits with 1 where the desk traded nothing while the tape ran.
    """
    from flatbook.cli.tapes import need_packages

    need_packages()
    from flatbook.services.backtest import compare as compared

    journal, names = _journal(run), name or []
    if against is None:
        against, names = _backtested(run, tape, names, where), []
    _journal(against)
    found = compared(journal, against, tape, _named(names))
    _check_traded(found)
    body = _divergence(found)
    show("compare", {**body, "against": str(against)}, lambda: _divergence_parts(body), as_json=where.as_json)
    return Exit.OK


def _check_traded(found: Divergence) -> None:
    """Passes where the desk traded while the tape ran: else there is nothing to judge it by. Errors: Failed."""
    from flatbook.values.instants import text_of_instant

    if not found.orders_traded:
        span = f"{text_of_instant(found.began_at)} and {text_of_instant(found.ended_at)}"
        what = f"the desk traded nothing between {span}: nothing to compare"
        raise Failed(Exit.ERROR, what, do="name a tape of a window in which it traded")


def _backtested(run: Path, tape: Path | None, names: list[str], where: Where) -> Path:
    """Runs the grids of the home of a run over a tape, and returns the folder of the backtest."""
    if tape is None or not run.is_dir():
        raise Failed(
            Exit.USAGE,
            "what is it compared with?",
            where=str(run),
            do="name --data TAPE and a home, or --against FOLDER",
        )
    home = dataclasses.replace(where, home=run, config=where.config)
    folder = _free(home.folder / FOLDER, f"compare-{tape.stem}")
    _ran(_plan_of(None, home, [], names), tape, folder)
    return folder


def _journal(place: Path) -> Path:
    path = place / JOURNAL if place.is_dir() else place
    if not path.is_file():
        raise Failed(Exit.USAGE, "there is no journal", where=str(path), do="name a home, or the file of a journal")
    return path


def _named(pairs: list[str]) -> Any:
    named = {}
    for pair in pairs:
        traded, equals, taped = pair.partition("=")
        if not (traded and equals and taped):
            raise Failed(Exit.USAGE, f"{pair!r} is not OURS=TAPED", where="--name")
        named[traded] = taped
    return named


def _divergence(found: Divergence) -> dict[str, Any]:
    from flatbook.backtest.divergence import Cause
    from flatbook.values.instants import text_of_instant
    from flatbook.values.money import plain

    delays = found.delays_ns
    return {
        "orders": {
            "traded": found.orders_traded,
            "simulated": found.orders_simulated,
            "matched": found.orders_matched,
        },
        "decided_later_ms": delays[len(delays) // 2] // NS_PER_MS if delays else None,
        "traded": plain(found.traded),
        "simulated": plain(found.simulated),
        "difference": plain(found.traded - found.simulated),
        "turnover": plain(found.turnover),
        "causes": [
            {
                "cause": cause.value,
                "amount": plain(found.total(cause)),
                "bps": float(found.total(cause)) / float(found.turnover) * 10_000 if found.turnover else None,
                "orders": sum(each.cause is cause for each in found.differences),
            }
            for cause in Cause
        ],
        "differences": [
            {
                "cause": each.cause.value,
                "instrument": each.instrument,
                "traded": each.traded,
                "simulated": each.simulated,
                "traded_qty": plain(each.traded_qty),
                "simulated_qty": plain(each.simulated_qty),
                "amount": plain(each.amount),
                "at": text_of_instant(each.at),
            }
            for each in found.differences
        ],
    }


def _divergence_parts(body: dict[str, Any]) -> Iterator[Part]:
    orders = body["orders"]
    yield f"orders: {orders['traded']:,} traded, {orders['simulated']:,} simulated, {orders['matched']:,} alike"
    yield Table(
        "difference by cause, in quote",
        (
            Column("cause", "cause"),
            Column("amount>", lambda row: cents(row["amount"])),
            Column("bps of turnover>", lambda row: None if row["bps"] is None else f"{row['bps']:.2f}"),
            Column("orders>", "orders"),
        ),
        body["causes"],
    )
    worst = max(body["causes"], key=lambda row: abs(float(row["amount"])))
    word = "better" if float(body["difference"]) > 0 else "worse"
    if float(body["difference"]):
        by = cents(body["difference"].removeprefix("-"))
        yield f"what was traded is {word} than the backtest by {by}; first cause: {worst['cause']}"
    else:
        yield "what was traded is as good as the backtest"
