"""`flatbook capacity`: how much of each share can still be bought and sold at each broker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flatbook.cli.options import HERE, At, OwnerOption, SymbolOption, Where
from flatbook.cli.output import Column, Part, Record, Table, cents, short, show

if TYPE_CHECKING:
    from flatbook.projections.capacity import CapacityLine


def capacity(*, owner: OwnerOption = None, symbol: SymbolOption = None, at: At = None, where: Where = HERE) -> None:
    """Shows for each hedge what its accounts can still buy and sell, and what stands behind it.

    Purchases are bounded by cash that is settled, or lent without a violation; sales by what is held, and by what can
    be borrowed where the hedge may sell short. What orders already work for is taken off. Prices are those of the
    newest fills onchain.
    """
    from flatbook.cli.desks import loaded_of
    from flatbook.cli.reading import past_of
    from flatbook.ops.config_rules import rules_of
    from flatbook.projections.capacity import capacity_lines

    rules = rules_of(loaded_of(where), {})
    with past_of(where, at) as past:
        lines = capacity_lines(past.state(), rules)
        shown = [line for line in lines if owner in (None, line.owner) and symbol in (None, line.underlying)]
        body = {"as_of": past.as_of(), "capacity": [_line_body(line) for line in shown]}
    show("capacity", body, lambda: _parts(body), as_json=where.as_json)


def _line_body(line: CapacityLine) -> dict[str, Any]:
    from flatbook.api.answers.moment import instant_or_none
    from flatbook.values.money import plain

    numbers = {
        "cash": line.cash,
        "held": line.held,
        "price_usd": line.price,
        "buy": line.capacity.buy,
        "sell": line.capacity.sell,
    }
    return {
        "owner": line.owner,
        "underlying": line.underlying,
        "account": line.account,
        "instrument": line.instrument,
        "quote": line.quote,
        **{name: None if number is None else plain(number) for name, number in numbers.items()},
        "shorting": line.shorting,
        "lends": line.lends,
        "good_faith": line.good_faith,
        "stated_at": instant_or_none(line.stated_at),
    }


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
