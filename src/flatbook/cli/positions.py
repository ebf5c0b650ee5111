"""`flatbook positions`: what each owner holds where, what that nets to, and over all owners, and the balances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flatbook.cli.options import HERE, At, OwnerOption, SymbolOption, Where
from flatbook.cli.output import Column, Part, Record, Table, cents, short, show

if TYPE_CHECKING:
    from flatbook.projections.positions import HeldFill, NetLine
    from flatbook.state.desk import State


def positions(*, owner: OwnerOption = None, symbol: SymbolOption = None, at: At = None, where: Where = HERE) -> None:
    """Shows positions per owner, account and instrument, the net of each underlying, and balances.

    Quantities at a broker are in contracts, onchain in shares of the underlying; short is below zero. Over all owners,
    the residue is what is left of the net once the shares that are unhedged on purpose are taken out. Fills that are
    booked and not hedged are listed with the reason, and with the name that `flatbook fill release` takes.
    """
    from flatbook.cli.reading import past_of

    with past_of(where, at) as past:
        state = past.state()
        body = {"as_of": past.as_of(), **body_of(state, owner, symbol), "portfolio": _portfolio(state, where)}
    show("positions", body, lambda: _parts(body), as_json=where.as_json)


def body_of(state: State, owner: str | None = None, symbol: str | None = None) -> dict[str, Any]:
    """Returns positions, nets and balances of a state as programs read them."""
    from flatbook.projections.positions import held_fills, net_lines
    from flatbook.values.money import plain

    held = [fill for fill in held_fills(state) if owner in (None, fill.owner) and symbol in (None, fill.underlying)]
    nets = [line for line in net_lines(state) if owner in (None, line.owner) and symbol in (None, line.underlying)]
    rows = [row for line in nets for row in line.positions]
    return {
        "positions": [
            {
                "owner": row.owner,
                "account": row.account,
                "instrument": row.instrument,
                "underlying": row.underlying,
                "qty": plain(row.qty),
                "contract_size": plain(row.contract_size),
                "shares": plain(row.qty * row.contract_size),
            }
            for row in rows
        ],
        "nets": [net_body(line) for line in nets],
        "held_fills": [_held_body(fill) for fill in held],
        "balances": [
            {"account": account, "asset": asset, "amount": plain(amount)}
            for (account, asset), amount in sorted(state.balances.items())
        ],
    }


def _held_body(fill: HeldFill) -> dict[str, Any]:
    from flatbook.values.instants import text_of_instant
    from flatbook.values.money import plain

    return {
        "log": fill.log,
        "owner": fill.owner,
        "underlying": fill.underlying,
        "side": None if fill.side is None else fill.side.value,
        "shares": None if fill.shares is None else plain(fill.shares),
        "shares_assumed": fill.assumed,
        "reason": fill.reason,
        "detail": fill.detail,
        "seen_at": text_of_instant(fill.seen_at),
    }


def _portfolio(state: State, where: Where) -> dict[str, Any]:
    """Returns what of all nets together must be flat and is not; an owner intends what it leaves unhedged."""
    from flatbook.cli.desks import config_or_none
    from flatbook.projections.positions import portfolio_exposure
    from flatbook.values.money import plain

    config = config_or_none(where)
    owners = {} if config is None else config.owners
    unhedged = [(owner, underlying) for owner, section in owners.items() for underlying in section.unhedged]
    nets = state.positions.nets
    found = portfolio_exposure(state, {key: net.known for key, net in nets.items() if key in unhedged})
    return {
        "lines": [
            {
                "underlying": line.underlying,
                "net": plain(line.net),
                "intended": plain(line.intended),
                "residue": plain(line.residue),
                "residue_usd": None if line.usd is None else plain(line.usd),
            }
            for line in found.lines
        ],
        "gross_usd": plain(found.gross_usd),
        "unpriced": list(found.unpriced),
    }


def net_body(line: NetLine) -> dict[str, Any]:
    """Returns one net as programs read it."""
    from flatbook.values.money import plain

    exposure, price = line.exposure, line.price
    return {
        "owner": line.owner,
        "underlying": line.underlying,
        "net": plain(exposure.net),
        "held": plain(line.held),
        "unvalued": plain(line.unvalued),
        "provisional": plain(line.provisional),
        "may_buy": plain(exposure.may_buy),
        "may_sell": plain(exposure.may_sell),
        "unknown_buy": plain(exposure.unknown_buy),
        "unknown_sell": plain(exposure.unknown_sell),
        "worst": plain(exposure.worst),
        "price": None if price is None else plain(price),
        "price_from": None if line.price_from is None else line.price_from.value,
        "usd": None if line.usd is None else plain(line.usd),
        "worst_usd": None if price is None else plain(exposure.worst * price),
        "hold": None if line.hold is None else line.hold.value,
    }


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
            Column("held>", lambda net: short(net["held"])),
            Column("working>", _working),
            Column("unknown>", _unknown),
            Column("worst case>", lambda net: short(net["worst"])),
            Column("net USD>", lambda net: cents(net["usd"])),
            Column("worst USD>", lambda net: cents(net["worst_usd"])),
            Column("valued at", "price_from"),
            Column("hedged from", lambda net: net.get("hedged_from")),
            Column("kept open by", "hold"),
        ),
        nets,
    )


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
