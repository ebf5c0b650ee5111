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
    from flatbook.cli.reading import past_of
    from flatbook.projections.fold import fold
    from flatbook.projections.orders import Orders

    with past_of(where, at) as past:
        folded = fold(Orders(), past.read())
        body = {"as_of": past.as_of(), **_body(folded, owner, symbol, open_only, limit)}
    show("orders", body, lambda: _parts(body), as_json=where.as_json)


def _body(folded: Any, owner: str | None, symbol: str | None, open_only: bool, limit: int) -> dict[str, Any]:
    from flatbook.projections.orders import foreign_lines, order_lines, refused_lines

    lines = [line for line in order_lines(folded, open_only=open_only) if _asked(line.order, owner, symbol)]
    refused = [] if open_only else [each for each in refused_lines(folded) if _asked(each, owner, symbol)]
    foreign = [
        each
        for each in foreign_lines(folded)
        if owner is None and symbol in (None, each.underlying) and (each.open or not open_only)
    ]
    return {
        "found": len(lines),
        "orders": [order_body(line) for line in lines[-limit:]],
        "refused": [_refused_body(line) for line in refused[-limit:]],
        "foreign": [_foreign_body(line) for line in foreign[-limit:]],
    }


def _asked(line: Any, owner: str | None, symbol: str | None) -> bool:
    return owner in (None, line.owner) and symbol in (None, line.underlying)


def order_body(line: Any) -> dict[str, Any]:
    """Returns one order of ours as programs read it."""
    from flatbook.api.answers.moment import instant_or_none
    from flatbook.values.money import plain

    order, average = line.order, line.average_price
    return {
        "order_id": order.order_id,
        "venue_order_id": order.venue_order_id,
        "owner": order.owner,
        "account": order.account,
        "instrument": order.instrument,
        "underlying": order.underlying,
        "side": order.side.value,
        "qty": plain(order.qty),
        "limit": None if order.limit is None else plain(order.limit),
        "status": order.status.value,
        "open": order.is_open,
        "accepted": line.accepted_at is not None or order.venue_order_id is not None,
        "filled": plain(order.filled),
        "leaves": plain(order.leaves),
        "average_price": None if average is None else plain(average),
        "fees": {asset: plain(amount) for asset, amount in sorted(line.fees.items())},
        "attempt": order.attempt,
        "because": order.because,
        "why": line.why,
        "decided_at": instant_or_none(order.decided_at),
        "accepted_at": instant_or_none(line.accepted_at),
        "unknown_since": instant_or_none(line.unknown_since),
        "first_filled_at": instant_or_none(line.first_filled_at),
        "last_filled_at": instant_or_none(line.last_filled_at),
        "ended_at": instant_or_none(line.ended_at),
        "good_until": instant_or_none(order.good_until),
        "evidence": dict(sorted(line.evidence.items())),
    }


def _refused_body(line: Any) -> dict[str, Any]:
    from flatbook.api.answers.moment import instant_or_none
    from flatbook.values.money import plain

    return {
        "order_id": line.order_id,
        "owner": line.owner,
        "account": line.account,
        "instrument": line.instrument,
        "underlying": line.underlying,
        "side": line.side.value,
        "qty": plain(line.qty),
        "rule": line.rule.value,
        "limit": line.limit,
        "asked": line.asked,
        "because": line.because,
        "decided_at": instant_or_none(line.decided_at),
    }


def _foreign_body(line: Any) -> dict[str, Any]:
    from flatbook.api.answers.moment import instant_or_none
    from flatbook.values.money import plain

    return {
        "venue_order_id": line.venue_order_id,
        "account": line.account,
        "instrument": line.instrument,
        "underlying": line.underlying,
        "side": line.side.value,
        "qty": plain(line.qty),
        "filled": plain(line.filled_qty),
        "open": line.open,
        "seen_at": instant_or_none(line.seen_at),
    }


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
