"""`flatbook offers`: our own orders on chains, what can be taken of them, at what price, and why they are pulled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flatbook.cli.options import HERE, At, OwnerOption, SymbolOption, Where
from flatbook.cli.output import Column, Part, Table, brief, short, show

if TYPE_CHECKING:
    from flatbook.values.money import Price


def offers(*, owner: OwnerOption = None, symbol: SymbolOption = None, at: At = None, where: Where = HERE) -> None:
    """Shows the orders of ours that stand on chains, or that were pulled and wait to be restored.

    Prices are in the dollar of the order per share of the underlying; the spread is how much better than the reference
    they are for us, in basis points. The reference is the newest price that the running engine sees, or else that of
    the newest fill.
    """
    from flatbook.api.answers.moment import body_of
    from flatbook.api.answers.offers import offers_answer
    from flatbook.api.answers.positions import Asked
    from flatbook.cli.reading import past_of

    prices = _prices(where) if at is None else {}
    with past_of(where, at) as past:
        asked = Asked(owner=owner, symbol=symbol)
        body = body_of(offers_answer(past.state(), past.moment(), prices, asked))
    show("offers", body, lambda: _parts(body), as_json=where.as_json)


def _prices(where: Where) -> dict[str, Price]:
    """Returns the newest prices that a running engine sees; none where none runs, or where it does not answer."""
    from flatbook.api.answers.offers import prices_of
    from flatbook.cli.desks import engine_status
    from flatbook.ops.control_client import ControlFault

    try:
        return prices_of(engine_status(where))
    except ControlFault:
        return {}


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    from flatbook.cli.reading import as_of_line

    yield as_of_line(body)
    if not body["offers"]:
        yield "no order of ours stands on a chain"
    yield Table(
        "offers",
        (
            Column("owner", "owner"),
            Column("of", "underlying"),
            Column("side", "side"),
            Column("price>", lambda row: short(row["price"])),
            Column("shares>", lambda row: short(row["shares"])),
            Column("spread bps>", "spread_bps"),
            Column("stands", "stands"),
            Column("pulled for", lambda row: " ".join(row["reasons"]) if row["pulled"] else None),
            Column("read at", "quoted_at"),
            Column("block>", "block"),
            Column("order", lambda row: brief(row["order_hash"])),
        ),
        body["offers"],
    )
