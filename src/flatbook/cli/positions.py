"""`flatbook positions`: what each owner holds where, what that nets to, and over all owners, and the balances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flatbook.cli.options import HERE, At, OwnerOption, SymbolOption, Where
from flatbook.cli.output import Column, Part, Record, Table, cents, short, show


def positions(*, owner: OwnerOption = None, symbol: SymbolOption = None, at: At = None, where: Where = HERE) -> None:
    """Shows positions per owner, account and instrument, the net of each underlying, and balances.

    Quantities at a broker are in contracts, onchain in shares of the underlying; short is below zero. Over all owners,
    the residue is what is left of the net once the shares that are unhedged on purpose are taken out. Fills that are
    booked and not hedged are listed with the reason, and with the name that `flatbook fill release` takes.
    """
    from flatbook.api.answers.holdings import holdings_of
    from flatbook.api.answers.moment import body_of
    from flatbook.api.answers.positions import Asked, positions_answer
    from flatbook.api.answers.thresholds import thresholds_of
    from flatbook.cli.asked import check_known
    from flatbook.cli.desks import config_or_none
    from flatbook.cli.reading import past_of

    config = config_or_none(where)
    stated = None if config is None else thresholds_of(config)
    with past_of(where, at) as past:
        check_known(where, past, owner, symbol)
        asked = Asked(owner=owner, symbol=symbol)
        body = body_of(positions_answer(holdings_of(past.state(), stated), past.moment(), asked))
    show("positions", body, lambda: _parts(body), as_json=where.as_json)


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    from flatbook.cli.reading import as_of_line

    yield as_of_line(body)
    if not body["positions"] and not body["balances"]:
        yield "nothing was ever held"
    yield Table(
        "positions",
        (
            Column("owner", "owner"),
            Column("account", "account"),
            Column("instrument", "instrument"),
            Column("quantity>", lambda row: short(row["qty"])),
            Column("shares>", lambda row: short(row["shares"])),
        ),
        body["positions"],
    )
    yield nets_table(body["nets"])
    yield _held_table(body["held_fills"])
    yield Table(
        "over all owners",
        (
            Column("underlying", "underlying"),
            Column("net>", lambda row: short(row["net"])),
            Column("intended>", lambda row: short(row["intended"])),
            Column("residue>", lambda row: short(row["residue"])),
            Column("residue USD>", lambda row: cents(row["residue_usd"])),
        ),
        body["portfolio"]["lines"],
    )
    yield Table(
        "balances",
        (
            Column("account", "account"),
            Column("asset", "asset"),
            Column("amount>", lambda row: short(row["amount"])),
        ),
        body["balances"],
    )


def _held_table(fills: list[dict[str, Any]]) -> Table:
    return Table(
        "fills that are not hedged",
        (
            Column("since", "seen_at"),
            Column("owner", "owner"),
            Column("side", "side"),
            Column("shares>", lambda fill: short(fill["shares"])),
            Column("underlying", "underlying"),
            Column("reason", "reason"),
            Column("detail", "detail"),
            Column("log", "log"),
        ),
        fills,
    )


def nets_table(nets: list[dict[str, Any]]) -> Table:
    """Returns the table of nets, the worst case beside each."""
    return Table(
        "nets",
        (
            Column("owner", "owner"),
            Column("underlying", "underlying"),
            Column("net>", lambda net: short(net["net"])),
            Column("held>", lambda net: _unless_zero(short(net["held"]))),
            Column("working>", lambda net: _unless_zero(_working(net))),
            Column("unknown>", lambda net: _unless_zero(_unknown(net))),
            Column("worst>", lambda net: short(net["worst"])),
            Column("net USD>", lambda net: cents(net["usd"])),
            Column("worst USD>", lambda net: cents(net["worst_usd"])),
            Column("valued at", "price_from"),
            Column("hedged from", lambda net: net.get("hedged_from")),
            Column("kept open by", "hold"),
        ),
        nets,
    )


def _unless_zero(text: str | None) -> str | None:
    return None if text == "0" else text


def _working(net: Record) -> str:
    from decimal import Decimal

    from flatbook.values.money import plain

    return _both(
        plain(Decimal(net["may_buy"]) - Decimal(net["unknown_buy"])),
        plain(Decimal(net["may_sell"]) - Decimal(net["unknown_sell"])),
    )


def _unknown(net: Record) -> str:
    return _both(net["unknown_buy"], net["unknown_sell"])


def _both(buy: str, sell: str) -> str:
    parts = [f"+{short(buy)}" if buy != "0" else "", f"-{short(sell)}" if sell != "0" else ""]
    return " ".join(part for part in parts if part) or "0"
