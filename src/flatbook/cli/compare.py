"""`flatbook compare`: what a desk traded beside a backtest of the same window, by cause."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from flatbook.cli.backtest import FOLDER, Named, Only, free_folder, named_of, plan_of, run_into
from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import Column, Part, Table, cents_in_sum, show

if TYPE_CHECKING:
    from flatbook.backtest.divergence import Divergence
    from flatbook.services.compare import Chosen

JOURNAL = "journal.sqlite"
NS_PER_MS = 1_000_000


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
    only: Only = None,
    name: Named = None,
    where: Where = HERE,
) -> int:
    """Says how a paper or live window differs from the simulator over the same recorded market, by cause.

    Without --against the grids that the home of the run trades are backtested over the tape first. What both sides
    ordered within the tape and the backtest is compared: each order is matched with one that is alike, or at another
    price, and what both brought differs by latency, queue, missed fills, price, size, fees and gaps of the recording,
    which add up. Exits with 1 where the desk traded nothing of it.
    """
    from flatbook.cli.tapes import need_packages

    need_packages()
    from flatbook.services.compare import Chosen, NothingTraded
    from flatbook.services.compare import compare as compared
    from flatbook.values.ids import OwnerId

    journal, owners = _journal(run), tuple(OwnerId(owner) for owner in only or ())
    chosen = Chosen(owners=owners, named=named_of(name or []))
    try:
        if against is None:
            against = _backtested(run, tape, chosen, where)
            chosen = Chosen(owners=owners)
        _journal(against)
        found = compared(journal, against, tape, chosen)
    except NothingTraded as nothing:
        raise Failed(Exit.ERROR, str(nothing), do="name a tape of a window in which it traded") from nothing
    body = _divergence(found)
    show("compare", {**body, "against": str(against)}, lambda: _divergence_parts(body), as_json=where.as_json)
    return Exit.OK


def _backtested(run: Path, tape: Path | None, chosen: Chosen, where: Where) -> Path:
    """Runs the grids of the home of a run over a tape, if they traded within it, and returns the folder of that.

    Errors: Failed, NothingTraded.
    """
    from flatbook.services.backtest_plan import PlanRefused
    from flatbook.services.compare import Chosen, check_traded

    if tape is None or not run.is_dir():
        raise Failed(
            Exit.USAGE,
            "what is it compared with?",
            where=str(run),
            do="name --data TAPE and a home, or --against FOLDER",
        )
    home = dataclasses.replace(where, home=run, config=where.config)
    folder = free_folder(home.folder / FOLDER, f"compare-{tape.stem}")
    names = [f"{ours}={taped}" for ours, taped in chosen.named.items()]
    plan = plan_of(None, home, [str(owner) for owner in chosen.owners], names)
    try:
        check_traded(_journal(run), tape, plan, Chosen(owners=chosen.owners))
    except PlanRefused as refused:
        raise Failed(Exit.CONFIG, str(refused)) from refused
    run_into(plan, tape, folder)
    return folder


def _journal(place: Path) -> Path:
    path = place / JOURNAL if place.is_dir() else place
    if not path.is_file():
        raise Failed(Exit.USAGE, "there is no journal", where=str(path), do="name a home, or the file of a journal")
    return path


def _divergence(found: Divergence) -> dict[str, Any]:
    from flatbook.backtest.divergence import Cause
    from flatbook.values.instants import text_of_instant
    from flatbook.values.money import plain

    delays = found.delays_ns
    return {
        "from": text_of_instant(found.began_at),
        "to": text_of_instant(found.ended_at),
        "orders": {
            "traded": found.orders_traded,
            "simulated": found.orders_simulated,
            "matched": found.orders_matched,
            "at_another_price": found.orders_near,
            "not_compared": found.orders_elsewhere,
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
    alike = f"{orders['matched']:,} alike, {orders['at_another_price']:,} at another price"
    yield f"orders: {orders['traded']:,} traded, {orders['simulated']:,} simulated, {alike}"
    if orders["not_compared"]:
        yield f"not compared: {orders['not_compared']:,} orders of the desk in other instruments, or of other owners"
    *told, difference = cents_in_sum([row["amount"] for row in body["causes"]])
    yield Table(
        "difference by cause, in quote",
        (
            Column("cause", "cause"),
            Column("amount>", "told"),
            Column("bps of turnover>", lambda row: None if row["bps"] is None else f"{row['bps']:.2f}"),
            Column("orders>", "orders"),
        ),
        [{**row, "told": each} for row, each in zip(body["causes"], told, strict=True)],
    )
    worst = max(body["causes"], key=lambda row: abs(float(row["amount"])))
    word = "better" if float(body["difference"]) > 0 else "worse"
    if float(body["difference"]):
        by = difference.removeprefix("-")
        yield f"what was traded is {word} than the backtest by {by}; first cause: {worst['cause']}"
    else:
        yield "what was traded is as good as the backtest"
