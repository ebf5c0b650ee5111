"""`flatbook export`: fills, hedges, fees, gas and reversals as tables for a spreadsheet or a tax adviser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import printable, show

if TYPE_CHECKING:
    from flatbook.projections.export import Export, Line, Table, Window
    from flatbook.values.instants import Instant

When = Annotated[str | None, says("An instant such as 2025-12-01T00:00:00Z, by when things happened.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Span:
    """Which stretch of time is meant, by when things happened."""

    since: When = None
    until: When = None

    def window(self) -> Window:
        """Returns the stretch."""
        from flatbook.projections.export import Window

        return Window(since=_instant(self.since, "--since"), until=_instant(self.until, "--until"))


ALWAYS = Span()


def export(
    table: Annotated[
        Literal["fills", "hedges", "fees", "gas", "reversals", "activities", "prices"], says("What to write.")
    ],
    /,
    *,
    form: Annotated[Literal["csv", "parquet"], Parameter(name="--format", help="The format of the file.")] = "csv",
    to: Annotated[Path | None, says("File to write; it must not be there yet. Standard output when left out.")] = None,
    span: Span = ALWAYS,
    totals: Annotated[
        bool, says("Add up each asset, and compare with the ledger; exits with 1 where they differ.")
    ] = False,
    where: Where = HERE,
) -> int:
    """Writes one table of what moved, one row each, every number exact. --until is not included.

    The table of prices has what an oracle said of fills, beside what they were executed at, and moves nothing.
    A fill that a reorganisation removed stays in the table of fills, and stands in that of reversals too.
    """
    from flatbook.cli.reading import past_of
    from flatbook.projections.export import TABLES, Export
    from flatbook.projections.fold import recorded

    _check_target(form, to, where)
    wanted = TABLES[table]
    drawn = Export(wanted, span.window(), checked=totals)
    with past_of(where) as past:
        _write(form, to, wanted, drawn.lines(recorded(past.read())))
        body: dict[str, Any] = {"as_of": past.as_of(), "table": table, "format": form, "rows": drawn.rows}
    body |= {"path": None if to is None else str(to), "totals": _totals(drawn) if totals else None}
    _tell(body, to, where)
    agrees = all(each["difference"] == "0" for each in body["totals"] or ())
    return Exit.OK if agrees else Exit.ERROR


def _check_target(form: str, to: Path | None, where: Where) -> None:
    if to is not None and to.exists():
        raise Failed(Exit.USAGE, "is there already", where=str(to), do="name another file")
    if to is None and (where.as_json or form == "parquet"):
        what = "--json answers" if where.as_json else "Parquet cannot be written"
        raise Failed(Exit.USAGE, f"{what} on standard output, where the rows would go", do="add --to FILE")


def _instant(text: str | None, name: str) -> Instant | None:
    from flatbook.values.instants import InstantRefused, instant_of_text

    try:
        return None if text is None else instant_of_text(text)
    except InstantRefused as error:
        raise Failed(Exit.USAGE, str(error), where=name) from error


def _write(form: str, to: Path | None, table: Table, lines: Iterator[Line]) -> None:
    from flatbook.journal.files import written_whole
    from flatbook.ops.table_files import FormatMissing, write_csv, write_parquet

    if to is None:
        write_csv(sys.stdout, table.columns, lines)
        sys.stdout.flush()
        return
    try:
        with written_whole(to) as part:
            if form == "parquet":
                write_parquet(part, table.columns, lines)
            else:
                with part.open("w", encoding="utf-8", newline="") as stream:
                    write_csv(stream, table.columns, lines)
    except FormatMissing as error:
        raise Failed(Exit.USAGE, str(error), where="--format parquet") from error


def _totals(drawn: Export) -> list[dict[str, Any]]:
    from flatbook.values.money import plain

    return [
        {
            "asset": total.asset,
            "rows": plain(total.rows),
            "ledger": plain(total.ledger),
            "difference": plain(total.difference),
        }
        for total in drawn.totals()
    ]


def _tell(body: dict[str, Any], to: Path | None, where: Where) -> None:
    """Says what was written and its totals; on standard error where the rows went to standard output."""
    if to is not None:
        show("export", body, lambda: _parts(body), as_json=where.as_json)
        return
    for part in _parts(body) if body["totals"] is not None else ():
        print(printable(part), file=sys.stderr)


def _parts(body: dict[str, Any]) -> Iterator[str]:
    if body["path"] is not None:
        yield f"wrote {body['rows']} rows of {body['table']} to {body['path']}"
    for total in body["totals"] or ():
        agrees = "as in the ledger" if total["difference"] == "0" else f"DIFFERS from the ledger's {total['ledger']}"
        yield f"total {total['asset']}: {total['rows']}, {agrees}"
