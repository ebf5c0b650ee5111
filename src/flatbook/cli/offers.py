"""`flatbook offers`: our own orders on chains, what can be taken of them, at what price, and why they are pulled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flatbook.cli.options import HERE, At, OwnerOption, SymbolOption, Where
from flatbook.cli.output import Column, Part, Table, brief, short, show

if TYPE_CHECKING:
    from flatbook.projections.offers import OfferLine
    from flatbook.values.money import Price

BPS_DECIMALS = 1


def offers(*, owner: OwnerOption = None, symbol: SymbolOption = None, at: At = None, where: Where = HERE) -> None:
    """Shows the orders of ours that stand on chains, or that were pulled and wait to be restored.

    Prices are in the dollar of the order per share of the underlying; the spread is how much better than the reference
    they are for us, in basis points. The reference is the newest price that the running engine sees, or else that of
    the newest fill.
    """
    from flatbook.cli.reading import past_of
    from flatbook.projections.offers import offer_lines

    prices = _prices(where) if at is None else {}
    with past_of(where, at) as past:
        lines = offer_lines(past.state())
        shown = [line for line in lines if owner in (None, line.owner) and symbol in (None, line.underlying)]
        body = {"as_of": past.as_of(), "offers": [_line_body(line, prices.get(line.underlying)) for line in shown]}
    show("offers", body, lambda: _parts(body), as_json=where.as_json)


def _prices(where: Where) -> dict[str, Price]:
    """Returns the newest prices that a running engine sees; none where none runs, or where it does not answer."""
    from decimal import Decimal

    from flatbook.cli.desks import engine_status
    from flatbook.ops.control_client import ControlFault
    from flatbook.values.money import Price

    try:
        stated = engine_status(where).get("prices", {})
    except ControlFault:
        return {}
    return {underlying: Price(Decimal(price)) for underlying, price in stated.items()}


def _line_body(line: OfferLine, price: Price | None) -> dict[str, Any]:
    from flatbook.api.answers.moment import instant_or_none
    from flatbook.values.money import plain

    reference = price if price is not None else line.reference
    return {
        "chain": line.chain,
        "order_hash": line.order_hash,
        "owner": line.owner,
        "account": line.account,
        "underlying": line.underlying,
        "token": line.token,
        "side": line.side.value,
        "stands": line.stands,
        "pulled": line.pulled,
        "reasons": [reason.value for reason in line.reasons],
        "shares": None if line.shares is None else plain(line.shares),
        "price": None if line.price is None else plain(line.price),
        "dollar": line.dollar,
        "reference_usd": None if reference is None else plain(reference),
        "spread_bps": _spread_bps(line, reference),
        "block": line.block,
        "quoted_at": instant_or_none(line.quoted_at),
        "seen_at": instant_or_none(line.seen_at),
    }


def _spread_bps(line: OfferLine, reference: Price | None) -> str | None:
    from flatbook.values.instruments import Side
    from flatbook.values.money import divide_cut, plain

    if line.price is None or not reference:
        return None
    better = line.price - reference if line.side is Side.SELL else reference - line.price
    return plain(divide_cut(better * 10_000, reference, decimals=BPS_DECIMALS))


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
