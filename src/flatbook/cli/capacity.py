"""`flatbook capacity`: how much of each share can still be bought and sold at each broker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flatbook.cli.options import HERE, At, OwnerOption, SymbolOption, Where
from flatbook.cli.output import Column, Part, Record, Table, cents, short, show


def capacity(*, owner: OwnerOption = None, symbol: SymbolOption = None, at: At = None, where: Where = HERE) -> None:
    """Shows for each hedge what its accounts can still buy and sell, and what stands behind it.

    Purchases are bounded by cash that is settled, or lent without a violation; sales by what is held, and by what can
    be borrowed where the hedge may sell short. What orders already work for is taken off. Prices are those of the
    newest fills onchain.
    """
    from flatbook.api.answers.capacity import capacity_answer
    from flatbook.api.answers.moment import body_of
    from flatbook.api.answers.positions import Asked
    from flatbook.cli.asked import check_known
    from flatbook.cli.desks import loaded_of
    from flatbook.cli.reading import past_of
    from flatbook.ops.config_rules import rules_of

    rules = rules_of(loaded_of(where), {})
    with past_of(where, at) as past:
        check_known(where, past, owner, symbol)
        asked = Asked(owner=owner, symbol=symbol)
        body = body_of(capacity_answer(past.state(), past.moment(), rules, asked))
    show("capacity", body, lambda: _parts(body), as_json=where.as_json)


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    from flatbook.cli.reading import as_of_line

    yield as_of_line(body)
    yield Table(
        "capacity",
        (
            Column("owner", "owner"),
            Column("of", "underlying"),
            Column("account", "account"),
            Column("can buy>", lambda row: short(row["buy"])),
            Column("can sell>", lambda row: short(row["sell"])),
            Column("spendable>", lambda row: cents(row["cash"])),
            Column("held>", lambda row: short(row["held"])),
            Column("borrow", _borrow),
            Column("violations>", lambda row: row["good_faith"]),
        ),
        body["capacity"],
    )


def _borrow(row: Record) -> str:
    if not row["shorting"]:
        return "not wanted"
    return {None: "not stated", True: "easy", False: "none"}[row["lends"]]
