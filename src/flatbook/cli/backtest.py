"""`flatbook backtest` and `flatbook compare`: strategies over a recorded market, and beside what was traded in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import Column, Part, Table, cents, progress, short, show

if TYPE_CHECKING:
    from flatbook.backtest.divergence import Divergence

FOLDER, JOURNAL = "backtests", "journal.sqlite"
NS_PER_MS = 1_000_000
PARTS = ("spread", "inventory", "fees", "funding", "opening", "net")


def backtest(
    plan: Annotated[Path, says("The plan: what is traded on which terms, by which strategies. TOML.")],
    /,
    *,
    tape: Annotated[Path, Parameter(name="--data", help="The tape to run it over.")],
    out: Annotated[Path | None, says("Folder to write; in the home under backtests when left out.")] = None,
    where: Where = HERE,
) -> int:
    """Runs strategies over a recorded market, as they would trade it live, and reports.

    Report, tables and the journal are kept in a folder that is a home of its own: every verb that looks works on it.
    Exits with 1 where the parts of the profit do not add up to the change of equity.
    """
    from flatbook.cli.tapes import need_packages

    need_packages()
    from flatbook.backtest.simulator import Refused
    from flatbook.services.backtest import PAGE, run_backtest
    from flatbook.services.backtest_plan import PlanRefused

    folder = out if out is not None else _free(where.folder / FOLDER, f"{plan.stem}-{tape.stem}")
    if folder.exists():
        raise Failed(Exit.USAGE, "is there already", where=str(folder), do="name another folder with --out")
    told = progress("running, rows of tape")

    def go_on(done: int, total: int) -> bool:
        told(done, total)
        return True

    try:
        body = run_backtest(plan, tape, folder, go_on)
    except PlanRefused as refused:
        raise Failed(Exit.CONFIG, str(refused)) from refused
    except Refused as refused:
        raise Failed(Exit.ERROR, str(refused), do="let the strategy keep fewer orders open") from refused
    shown = {**body, "folder": str(folder), "page": str(folder / PAGE)}
    shown.pop("schema")
    show("backtest", shown, lambda: _parts(shown), as_json=where.as_json)
    return Exit.OK if body["adds_up"] else Exit.ERROR


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
    against: Annotated[Path, says("The folder of a backtest over a tape of the same window.")],
    tape: Annotated[Path | None, Parameter(name="--data", help="The tape, where it lies elsewhere now.")] = None,
    name: Annotated[
        list[str] | None, says("TRADED=TAPED: the name on the tape of an instrument that has another one at the desk.")
    ] = None,
    where: Where = HERE,
) -> int:
    """Says how a paper or live window differs from the simulator over the same recorded market, by cause.

    Each order is matched with one that is alike; what both brought differs by latency, queue, missed fills, fees and
    gaps of the recording, and these add up.
    """
    from flatbook.cli.tapes import need_packages

    need_packages()
    from flatbook.services.backtest import compare as compared
    from flatbook.services.backtest import tape_of

    found = compared(
        _journal(run), _journal(against), tape if tape is not None else tape_of(against), _named(name or [])
    )
    body = _divergence(found)
    show("compare", body, lambda: _divergence_parts(body), as_json=where.as_json)
    return Exit.OK


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
            raise Failed(Exit.USAGE, f"{pair!r} is not TRADED=TAPED", where="--name")
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
        by = cents(body["difference"])
        yield f"what was traded is {word} than the backtest by {by}; first cause: {worst['cause']}"
    else:
        yield "what was traded is as good as the backtest"
