"""`flatbook report` and `flatbook replay`: how well the hedge did, of a desk or of recorded December 2025."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace as with_fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.faults import Exit
from flatbook.cli.options import HERE, OwnerOption, SymbolOption, Where, says
from flatbook.cli.output import Column, Part, Table, ago, cents, cents_in_sum, short, show

if TYPE_CHECKING:
    from flatbook.projections.report import Report


def report(*, owner: OwnerOption = None, symbol: SymbolOption = None, where: Where = HERE) -> int:
    """Says how long fills waited for their hedge, what was exposed meanwhile, and what each part of it earned.

    Market prices come from the bars that the configuration has recorded; without them, or without a configuration,
    edge and waiting stay together.
    Exits with 1 when the parts do not add up to the ledger.
    """
    return _tell(_report(where, owner, symbol), "report", (), where)


def replay(
    *,
    shared: Annotated[
        Path | None, says("Folder of the raw recordings; those that are shipped with flatbook when left out.")
    ] = None,
    where: Where = HERE,
) -> int:
    """Runs the engine over recorded takers of a pool and minute bars of December 2025, and reports.

    The takers' trades are read from what the pool held, the paper broker fills at the bars. It makes a desk of its own
    under replay in the home, anew each time; every verb that looks works on it.
    """
    from flatbook.services.replay import LABEL
    from flatbook.services.replay import replay as play

    folder = play(where.folder, shared)
    return _tell(
        _report(with_fields(where, home=folder, config=None), None, None), "replay", (*LABEL.splitlines(), ""), where
    )


def _report(where: Where, owner: str | None, symbol: str | None) -> Report:
    from flatbook.cli.asked import check_known
    from flatbook.cli.desks import loaded_of
    from flatbook.cli.reading import past_of
    from flatbook.ops.config_read import ConfigRefused
    from flatbook.projections.report import no_prices
    from flatbook.projections.results import Scope
    from flatbook.services.report import draw_report, prices_of
    from flatbook.values.ids import OwnerId, Underlying

    scope = Scope(
        owner=None if owner is None else OwnerId(owner), underlying=None if symbol is None else Underlying(symbol)
    )
    try:
        prices = prices_of(loaded_of(where))
    except ConfigRefused:
        prices = no_prices
    with past_of(where) as past:
        check_known(where, past, owner, symbol)
        return draw_report(past.read(), prices, None, scope)


def _tell(found: Report, verb: str, before: tuple[str, ...], where: Where) -> int:
    from msgspec import to_builtins

    from flatbook.api.answers.report import report_body

    body: dict[str, Any] = to_builtins(report_body(found))
    show(verb, body, lambda: (*before, *_parts(body)), as_json=where.as_json)
    return Exit.OK if found.adds_up else Exit.ERROR


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    def wait(title: str, name: str) -> Column:
        return Column(f"{title}>", lambda row: None if row[name] is None else ago(row[name]))

    yield f"from {body['since'] or 'never'} to {body['until'] or 'never'}"
    columns = tuple(Column(f"{name}>", name) for name in ("fills", "hedged", "netted", "open"))
    yield Table(
        "from a fill seen to its hedge executed",
        (
            Column("session of the fill", "session"),
            *columns,
            Column("shares hedged>", lambda row: short(row["shares"])),
            wait("half of them", "half_s"),
            wait("95 %", "most_s"),
        ),
        body["latency"],
    )
    exposure = body["exposure"]
    yield Table(
        "unhedged, in USD",
        (
            Column("session", "session"),
            Column("for>", lambda row: ago(row["seconds"])),
            Column("at most>", lambda row: cents(row["usd_max"])),
            Column("on average>", lambda row: cents(row["usd_mean"])),
            Column("USD seconds>", lambda row: cents(row["usd_seconds"])),
        ),
        exposure["sessions"],
    )
    yield (
        f"over all: at most {cents(exposure['usd_max'])} USD, on average {cents(exposure['usd_mean'])} USD, "
        f"{cents(exposure['usd_seconds'])} USD seconds; {cents(exposure['open_usd'])} USD at the end"
    )
    yield from _gap_parts(body["gaps"])
    rows = [{"part": part, "usd": usd} for part, usd in body["parts_usd"].items()]
    rows += [
        {"part": kind.replace("_", " "), "usd": f"-{usd}" if usd != "0" else usd}
        for kind, usd in body["costs_usd"].items()
    ]
    rows.append({"part": "net", "usd": body["net_usd"]})
    texts = [row["usd"] for row in rows]
    told = cents_in_sum(texts[:-1]) if body["adds_up"] else [cents(text) for text in texts]
    shown = [{"part": row["part"], "usd": text} for row, text in zip(rows, told, strict=True)]
    yield Table("result by part", (Column("part", "part"), Column("USD>", "usd")), shown)
    yield "the parts add up to the ledger" if body["adds_up"] else "THE PARTS DO NOT ADD UP TO THE LEDGER"


def _gap_parts(gaps: list[dict[str, Any]]) -> Iterator[Part]:
    yield Table(
        "held while the regular session was closed",
        (
            Column("underlying", "underlying"),
            Column("closed", "closed_at"),
            Column("opened", "opened_at"),
            Column("weekend", lambda row: "yes" if row["weekend"] else ""),
            Column("shares>", lambda row: short(row["shares"])),
            Column("close>", lambda row: short(row["close"])),
            Column("open>", lambda row: short(row["open"])),
            Column("USD>", lambda row: cents(row["usd"])),
        ),
        gaps,
    )
