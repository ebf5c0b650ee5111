"""What each owner holds where, what that nets to, and over all owners, and the balances."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from flatbook.api.answers.holdings import Holdings
from flatbook.api.answers.moment import Answer, AsOf
from flatbook.api.courtesy import one_by_one
from flatbook.projections.positions import (
    HeldFill,
    NetLine,
    PortfolioExposure,
    held_fills,
    portfolio_exposure,
)
from flatbook.state.positions import Position
from flatbook.values.ids import OwnerId, Underlying
from flatbook.values.instants import text_of_instant
from flatbook.values.money import plain


class PositionBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an owner holds of an instrument. Units: qty in contracts, shares of the underlying, signed."""

    owner: str
    account: str
    instrument: str
    underlying: str
    qty: str
    contract_size: str
    shares: str


class NetBody(msgspec.Struct, frozen=True, kw_only=True):
    """The net of an owner in an underlying, and what may still happen to it. Units: shares, signed; USD.

    `price_at` is when the fill happened that it is valued at; None where a mark was stated, or where nothing is known.
    """

    owner: str
    underlying: str
    net: str
    held: str
    unvalued: str
    provisional: str
    may_buy: str
    may_sell: str
    unknown_buy: str
    unknown_sell: str
    worst: str
    price: str | None
    price_from: str | None
    price_at: str | None
    usd: str | None
    worst_usd: str | None
    hold: str | None


class HeldFillBody(msgspec.Struct, frozen=True, kw_only=True):
    """A fill that is booked and not hedged. `log` is the name that releases it. Units: shares, unsigned."""

    log: str
    owner: str
    underlying: str | None
    side: str | None
    shares: str | None
    shares_assumed: bool
    reason: str
    detail: str
    seen_at: str


class BalanceBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an account has of an asset, in units of it."""

    account: str
    asset: str
    amount: str


class ResidueBody(msgspec.Struct, frozen=True, kw_only=True):
    """What of an underlying must be flat and is not, over all owners. Units: shares, signed; USD."""

    underlying: str
    net: str
    intended: str
    residue: str
    residue_usd: str | None


class PortfolioBody(msgspec.Struct, frozen=True, kw_only=True):
    """The residues of all underlyings. Units: USD, the sum of the sizes of those that have a price."""

    lines: list[ResidueBody]
    gross_usd: str
    unpriced: list[str]


class PositionsAnswer(Answer, frozen=True, kw_only=True):
    """Positions, nets, fills that wait, balances, and what is left over all owners."""

    positions: list[PositionBody]
    nets: list[NetBody]
    held_fills: list[HeldFillBody]
    balances: list[BalanceBody]
    portfolio: PortfolioBody


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Of whom and of what is asked; None means all."""

    owner: str | None = None
    symbol: str | None = None

    def is_about(self, owner: str | None, underlying: str | None) -> bool:
        """Whether something of an owner in an underlying is asked for."""
        return self.owner in (None, owner) and self.symbol in (None, underlying)


EVERYTHING = Asked()


def positions_answer(held: Holdings, moment: AsOf, asked: Asked = EVERYTHING) -> PositionsAnswer:
    """Returns positions, nets, fills that wait, and balances of a desk."""
    state, stated = held.state, held.stated or {}
    nets = [line for line in held.lines if asked.is_about(line.owner, line.underlying)]
    unhedged = [(OwnerId(owner), Underlying(name)) for (owner, name), each in stated.items() if each.on_purpose]
    waiting = [fill for fill in held_fills(state) if asked.is_about(fill.owner, fill.underlying)]
    open_on_purpose = {key: state.positions.nets[key].known for key in unhedged if key in state.positions.nets}
    return PositionsAnswer(
        as_of=moment,
        positions=[position_body(row) for line in nets for row in line.positions],
        nets=[net_body(line) for line in one_by_one(nets)],
        held_fills=[_held(fill) for fill in waiting],
        balances=[
            BalanceBody(account=account, asset=asset, amount=plain(amount))
            for (account, asset), amount in sorted(state.balances.items())
        ],
        portfolio=_portfolio(portfolio_exposure(state, {**open_on_purpose, **held.in_slots})),
    )


def net_body(line: NetLine) -> NetBody:
    """Returns one net as programs read it."""
    return NetBody(**net_fields(line))


def net_fields(line: NetLine) -> dict[str, Any]:
    """Returns the fields of one net, for a body that says more of it."""
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
        "price": number_or_none(price),
        "price_from": None if line.price_from is None else line.price_from.value,
        "price_at": None if line.price_at is None else text_of_instant(line.price_at),
        "usd": number_or_none(line.usd),
        "worst_usd": None if price is None else plain(exposure.worst * price),
        "hold": None if line.hold is None else line.hold.value,
    }


def number_or_none(number: Decimal | None) -> str | None:
    """Returns a number as text; None stays None."""
    return None if number is None else plain(number)


def position_body(row: Position) -> PositionBody:
    """Returns one position as programs read it."""
    return PositionBody(
        owner=row.owner,
        account=row.account,
        instrument=row.instrument,
        underlying=row.underlying,
        qty=plain(row.qty),
        contract_size=plain(row.contract_size),
        shares=plain(row.qty * row.contract_size),
    )


def _held(fill: HeldFill) -> HeldFillBody:
    return HeldFillBody(
        log=fill.log,
        owner=fill.owner,
        underlying=fill.underlying,
        side=None if fill.side is None else fill.side.value,
        shares=number_or_none(fill.shares),
        shares_assumed=fill.assumed,
        reason=fill.reason,
        detail=fill.detail,
        seen_at=text_of_instant(fill.seen_at),
    )


def _portfolio(found: PortfolioExposure) -> PortfolioBody:
    return PortfolioBody(
        lines=[
            ResidueBody(
                underlying=line.underlying,
                net=plain(line.net),
                intended=plain(line.intended),
                residue=plain(line.residue),
                residue_usd=number_or_none(line.usd),
            )
            for line in found.lines
        ],
        gross_usd=plain(found.gross_usd),
        unpriced=list(found.unpriced),
    )
