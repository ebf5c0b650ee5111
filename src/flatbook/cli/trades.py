"""`flatbook trades`: fills and executions, each with the trades that it closed or was closed by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flatbook.cli.options import HERE, At, Limit, OwnerOption, SymbolOption, Where
from flatbook.cli.output import Column, Part, Table, brief, cents, latest, short, show

if TYPE_CHECKING:
    from flatbook.cli.reading import Past
    from flatbook.projections.results import Scope
    from flatbook.values.ids import Underlying

SHOWN = 50
UNKNOWN = "unknown"


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
    from flatbook.cli.asked import check_known, shares_of
    from flatbook.cli.reading import past_of
    from flatbook.projections.results import Scope
    from flatbook.values.ids import OwnerId, Underlying

    scope = Scope(
        owner=None if owner is None else OwnerId(owner), underlying=None if symbol is None else Underlying(symbol)
    )
    with past_of(where, at) as past:
        check_known(where, past, owner, symbol)
        shares = shares_of(where)
        question = {"owner": owner, "symbol": symbol, "limit": limit, "shares": sorted(shares)}
        body = past.answer("trades", question, lambda: _answer(past, scope, shares, limit))
    show("trades", body, lambda: _parts(body), as_json=where.as_json)


def _answer(past: Past, scope: Scope, shares: frozenset[Underlying], limit: int) -> dict[str, Any]:
    from flatbook.api.answers.moment import body_of
    from flatbook.api.answers.trades import trades_answer
    from flatbook.projections.fold import fold_all
    from flatbook.projections.oracle import PricedFills
    from flatbook.projections.pnl import Pnl

    pnl, priced = Pnl(), PricedFills()
    fold_all((pnl, priced), past.read())
    return body_of(trades_answer(pnl, priced, past.moment(), scope, shares, limit))


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    from flatbook.cli.reading import as_of_line

    yield as_of_line(body)
    yield latest(len(body["trades"]), body["found"], "trade")
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
            Column("fees USD>", lambda row: _fees(row) if row["is_first"] else None),
            Column("matched>", lambda row: short(row["matched_qty"]) if row["is_first"] else None),
            Column("id", lambda row: brief(row["ref"])),
            Column("with", lambda row: row["other"] and brief(row["other"]["ref"])),
            Column("shared>", lambda row: short(row["shared"])),
            Column("earned USD>", lambda row: cents(row.get("realised_usd"))),
        ),
        list(_rows(body["trades"])),
    )


def _rows(trades: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields a row for every link of a trade, one for a trade without any; what is of a trade stands in its first."""
    for trade in trades:
        for number, link in enumerate(trade["links"] or [None]):
            yield {
                **trade,
                **(link or {}),
                "ref": trade["ref"],
                "qty": trade["qty"],
                "shared": link and link["qty"],
                "other": link,
                "is_first": number == 0,
            }


def _fees(trade: Mapping[str, Any]) -> str | None:
    """Returns what a trade was charged in USD; nothing where nothing was, and that it is not known where it is not."""
    if trade["fees_usd"] is None:
        return UNKNOWN
    return short(trade["fees_usd"]) if trade["fees"] else None
