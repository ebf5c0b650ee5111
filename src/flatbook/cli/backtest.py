"""`flatbook backtest`: strategies over a recorded market, and a report of what they brought."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import Column, Part, Table, cents, cents_in_sum, progress, short, show

if TYPE_CHECKING:
    from flatbook.services.backtest import PlanOf

FOLDER = "backtests"
PARTS = ("spread", "inventory", "fees", "funding", "opening")


Only = Annotated[list[str] | None, says("Of the grids of the home only those of this owner.")]
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
    only: Only = None,
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
    folder = out if out is not None else free_folder(where.folder / FOLDER, f"{stem}-{tape.stem}")
    body = run_into(plan_of(plan, where, only or [], name or []), tape, folder)
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


def plan_of(plan: Path | None, where: Where, only: list[str], name: list[str]) -> PlanOf:
    """Returns what makes the plan of a tape: a file, or the grids of a home. Errors: Failed."""
    from flatbook.cli.desks import loaded_of
    from flatbook.services.backtest_home import plan_of_home
    from flatbook.services.backtest_plan import read_plan

    if plan is not None:
        return lambda tape: read_plan(plan, tape)
    loaded, named = loaded_of(where), named_of(name)
    return lambda tape: plan_of_home(loaded, tape, only=only, named=named)


def named_of(pairs: list[str]) -> Any:
    """Returns pairs of OURS=TAPED by ours. Errors: Failed."""
    named = {}
    for pair in pairs:
        traded, equals, taped = pair.partition("=")
        if not (traded and equals and taped):
            raise Failed(Exit.USAGE, f"{pair!r} is not OURS=TAPED", where="--name")
        named[traded] = taped
    return named


def run_into(plan_of: PlanOf, tape: Path, folder: Path) -> dict[str, Any]:
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


def free_folder(parent: Path, name: str) -> Path:
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
            *(_cents_of(at, name) for at, name in enumerate((*PARTS, "net"))),
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


def _cents_of(at: int, name: str) -> Column:
    return Column(f"{name}>", lambda row: cents_in_sum([row[part] for part in PARTS])[at])


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"
