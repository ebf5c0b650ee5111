"""`flatbook orders`: what was asked, what the venue accepted, what was filled, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from cyclopts import Parameter

from flatbook.cli.options import HERE, At, Limit, OwnerOption, SymbolOption, Where
from flatbook.cli.output import Column, Part, Table, latest, short, show

SHOWN = 50


def orders(
    *,
    owner: OwnerOption = None,
    symbol: SymbolOption = None,
    open_only: Annotated[
        bool, Parameter(name="--open", help="Only orders that may still execute.", negative="")
    ] = False,
    limit: Limit = SHOWN,
    at: At = None,
    where: Where = HERE,
) -> None:
    """Shows our orders, the intents that risk refused, and orders on our accounts that are not ours."""
    from flatbook.api.answers.moment import body_of
    from flatbook.api.answers.orders import orders_answer
    from flatbook.api.answers.positions import Asked
    from flatbook.cli.asked import check_known, shares_of
    from flatbook.cli.reading import past_of
    from flatbook.projections.fold import fold
    from flatbook.projections.orders import Orders

    with past_of(where, at) as past:
        check_known(where, past, owner, symbol)
        folded = fold(Orders(), past.read())
        asked = Asked(owner=owner, symbol=symbol)
        body = body_of(orders_answer(folded, past.moment(), asked, shares_of(where), open_only=open_only, limit=limit))
    show("orders", body, lambda: _parts(body), as_json=where.as_json)


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    from flatbook.cli.reading import as_of_line

    yield as_of_line(body)
    yield latest(len(body["orders"]), body["found"], "order")
    yield orders_table("orders", body["orders"])
    yield Table(
        "refused by risk",
        (
            Column("decided", "decided_at"),
            Column("owner", "owner"),
            Column("instrument", "instrument"),
            Column("side", "side"),
            Column("quantity>", lambda row: short(row["qty"])),
            Column("rule", "rule"),
            Column("limit>", "limit"),
            Column("asked>", "asked"),
        ),
        body["refused"],
    )
    yield Table(
        "not ours",
        (
            Column("seen", "seen_at"),
            Column("account", "account"),
            Column("instrument", "instrument"),
            Column("side", "side"),
            Column("quantity>", lambda row: short(row["qty"])),
            Column("filled>", lambda row: short(row["filled"])),
            Column("open", "open"),
            Column("id at the venue", "venue_order_id"),
        ),
        body["foreign"],
    )


def orders_table(title: str, rows: list[dict[str, Any]]) -> Table:
    """Returns the table of orders: asked beside accepted beside filled."""
    return Table(
        title,
        (
            Column("order", "order_id"),
            Column("decided", "decided_at"),
            Column("owner", "owner"),
            Column("instrument", "instrument"),
            Column("side", "side"),
            Column("asked>", lambda row: short(row["qty"])),
            Column("limit>", lambda row: short(row["limit"])),
            Column("accepted", "accepted"),
            Column("filled>", lambda row: short(row["filled"])),
            Column("at>", lambda row: short(row["average_price"])),
            Column("status", "status"),
            Column("unknown since", "unknown_since"),
            Column("reason", "why"),
        ),
        rows,
    )
