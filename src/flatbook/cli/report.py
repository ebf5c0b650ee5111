"""`flatbook report` and `flatbook replay`: how well the hedge did, of a desk or of recorded December 2025."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace as with_fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.faults import Exit
from flatbook.cli.options import HERE, OwnerOption, SymbolOption, Where, says
from flatbook.cli.output import Column, Part, Table, ago, cents, short, show

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
    from flatbook.cli.desks import loaded_of
    from flatbook.cli.reading import past_of
    from flatbook.ops.config_read import ConfigRefused
    from flatbook.projections.results import Scope
    from flatbook.services.report import draw_report, no_prices, prices_of
    from flatbook.values.ids import OwnerId, Underlying

    scope = Scope(
        owner=None if owner is None else OwnerId(owner), underlying=None if symbol is None else Underlying(symbol)
    )
    try:
        prices = prices_of(loaded_of(where))
    except ConfigRefused:
        prices = no_prices
    with past_of(where) as past:
        return draw_report(past.read(), prices, None, scope)


def _tell(found: Report, verb: str, before: tuple[str, ...], where: Where) -> int:
    body = _body(found)
    show(verb, body, lambda: (*before, *_parts(body)), as_json=where.as_json)
    return Exit.OK if found.adds_up else Exit.ERROR


def _body(found: Report) -> dict[str, Any]:
    from flatbook.api.answers.moment import instant_or_none
    from flatbook.values.money import plain

    return {
        "since": instant_or_none(found.since),
        "until": instant_or_none(found.until),
        "latency": [
            {
                "session": line.session.value,
                "fills": line.fills,
                "hedged": line.hedged,
                "netted": line.netted,
                "open": line.open,
                "shares": plain(line.shares),
                "half_s": line.half_s,
                "most_s": line.most_s,
            }
            for line in found.latencies
        ],
        "exposure": {
            "usd_max": plain(found.usd_max),
            "usd_mean": plain(found.usd_mean),
            "usd_seconds": plain(found.usd_seconds),
            "open_usd": plain(found.open_usd),
            "sessions": [
                {
                    "session": line.session.value,
                    "seconds": line.seconds,
                    "usd_max": plain(line.usd_max),
                    "usd_mean": plain(line.usd_mean),
                    "usd_seconds": plain(line.usd_seconds),
                }
                for line in found.exposures
            ],
        },
        "gaps": [_gap_body(line) for line in found.gaps],
        "parts_usd": {part.value: plain(usd) for part, usd in found.parts.items()},
        "costs_usd": {kind.value: plain(usd) for kind, usd in found.costs.items()},
        "net_usd": plain(found.net),
        "adds_up": found.adds_up,
    }


def _gap_body(line: Any) -> dict[str, Any]:
    from flatbook.api.answers.moment import instant_or_none
    from flatbook.values.money import plain

    return {
        "owner": line.key[0],
        "underlying": line.key[1],
        "closed_at": instant_or_none(line.closed_at),
        "opened_at": instant_or_none(line.opened_at),
        "weekend": line.is_weekend,
        "shares": plain(line.shares),
        "close": None if line.close is None else plain(line.close),
        "open": None if line.open is None else plain(line.open),
        "usd": None if line.usd is None else plain(line.usd),
    }


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
    yield Table("result by part", (Column("part", "part"), Column("USD>", lambda row: cents(row["usd"]))), rows)
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
