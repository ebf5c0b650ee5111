"""`flatbook trades`: fills and executions, each with the trades that it closed or was closed by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flatbook.cli.options import HERE, At, Limit, OwnerOption, SymbolOption, Where
from flatbook.cli.output import Column, Part, Table, brief, cents, latest, short, show

if TYPE_CHECKING:
    from flatbook.cli.reading import Past
    from flatbook.projections.oracle import PricedFills
    from flatbook.projections.results import Scope

SHOWN = 50


def trades(
    *,
    owner: OwnerOption = None,
    symbol: SymbolOption = None,
    limit: Limit = SHOWN,
    at: At = None,
    where: Where = HERE,
) -> None:
    """Shows fills onchain and executions at brokers in the order in which they happened, linked fill to hedge.

    A link names the trade on the other side, the quantity both share, and what that part earned before costs. Where an
    oracle's price of a fill was booked, it stands beside the fill, with how far apart they are and what is doubted.
    """
    from flatbook.cli.reading import past_of
    from flatbook.projections.results import Scope
    from flatbook.values.ids import OwnerId, Underlying

    scope = Scope(
        owner=None if owner is None else OwnerId(owner), underlying=None if symbol is None else Underlying(symbol)
    )
    with past_of(where, at) as past:
        question = {"owner": owner, "symbol": symbol, "limit": limit}
        body = past.answer("trades", question, lambda: _answer(past, scope, limit))
    show("trades", body, lambda: _parts(body), as_json=where.as_json)


def _answer(past: Past, scope: Scope, limit: int) -> dict[str, Any]:
    from flatbook.projections.fold import fold_all
    from flatbook.projections.oracle import PricedFills
    from flatbook.projections.pnl import Pnl
    from flatbook.projections.trades import trade_lines

    pnl, priced = Pnl(), PricedFills()
    fold_all((pnl, priced), past.read())
    lines = trade_lines(pnl, scope)
    trades = [{**_trade_body(line), **_oracle_body(line, priced)} for line in lines[-limit:]]
    return {"as_of": past.as_of(), "found": len(lines), "trades": trades}


def _oracle_body(line: Any, priced: PricedFills) -> dict[str, Any]:
    """Returns what an oracle said of a fill, and how far the fill lies from it."""
    from flatbook.projections.oracle import deviation_bps
    from flatbook.values.money import plain

    said, price = priced.prices.get(line.fact.ref), line.price_usd
    if said is None:
        return {"oracle_usd": None, "oracle_bps": None, "oracle_doubts": []}
    apart = None if price is None else deviation_bps(price, said.price)
    return {
        "oracle_usd": plain(said.price),
        "oracle_bps": None if apart is None else plain(apart),
        "oracle_doubts": [doubt.value for doubt in said.doubts],
    }


def _trade_body(line: Any) -> dict[str, Any]:
    from flatbook.api.answers.moment import instant_or_none
    from flatbook.values.money import plain

    fact, price = line.fact, line.price_usd
    return {
        "ref": fact.ref,
        "at": instant_or_none(fact.at),
        "owner": fact.owner,
        "account": fact.account,
        "instrument": fact.instrument,
        "underlying": fact.underlying,
        "place": fact.place.value,
        "side": fact.side.value,
        "qty": plain(fact.qty),
        "money": None if fact.money is None else plain(fact.money),
        "asset": fact.asset,
        "price_usd": None if price is None else plain(price),
        "order_id": fact.order_id,
        "assumed": fact.assumed,
        "open_qty": plain(line.open_qty),
        "links": [
            {
                "ref": link.ref,
                "qty": plain(link.qty),
                "realised_usd": None if link.realised is None else plain(link.realised),
                "bucket": link.bucket.value,
                "delayed": link.delayed,
            }
            for link in line.links
        ],
    }


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    from flatbook.cli.reading import as_of_line

    yield as_of_line(body)
    yield latest(len(body["trades"]), body["found"], "trade")
    rows = [
        {
            **trade,
            **(link or {}),
            "ref": trade["ref"],
            "qty": trade["qty"],
            "shared": link and link["qty"],
            "other": link,
        }
        for trade in body["trades"]
        for link in (trade["links"] or [None])
    ]
    yield Table(
        "trades",
        (
            Column("at", "at"),
            Column("owner", "owner"),
            Column("place", "place"),
            Column("side", "side"),
            Column("quantity>", lambda row: short(row["qty"])),
            Column("of", "underlying"),
            Column("price USD>", lambda row: short(row["price_usd"])),
            Column("oracle USD>", lambda row: short(row["oracle_usd"])),
            Column("apart bps>", "oracle_bps"),
            Column("doubted", lambda row: " ".join(row["oracle_doubts"])),
            Column("id", lambda row: brief(row["ref"])),
            Column("with", lambda row: row["other"] and brief(row["other"]["ref"])),
            Column("shared>", lambda row: short(row["shared"])),
            Column("earned USD>", lambda row: cents(row.get("realised_usd"))),
        ),
        rows,
    )
