"""Positions and nets as people ask for them, read from the folded state of a desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum

import msgspec

from flatbook.events.chain import FillSkipped, FillUnvalued
from flatbook.events.control import HoldReason
from flatbook.state.chain_fold import provisional_shares
from flatbook.state.desk import KnownFill, State
from flatbook.state.exposure import Exposure, exposure_of
from flatbook.state.positions import Net, NetKey, Position
from flatbook.values.ids import AssetId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Money, Price, Quantity

NO_INTENDED_DELTA: Mapping[NetKey, Quantity] = {}


class PriceFrom(Enum):
    """What a share is valued at."""

    MARK = "mark"
    LAST_FILL = "last fill"
    LAST_TRADE = "last trade"


class NetLine(msgspec.Struct, frozen=True, kw_only=True):
    """The net of an (owner, underlying): what it is, what may still happen to it, and why it stays open.

    Units: shares, signed; `held` is the part that waits for an operator, `unvalued` the part counted with an assumed
    ratio, `provisional` the part of fills whose blocks can still be replaced; price in USD per share, the stated mark
    or else that of its newest onchain fill, made at `price_at`; usd is net * price; None when there is neither.
    """

    owner: OwnerId
    underlying: Underlying
    exposure: Exposure
    held: Quantity
    unvalued: Quantity
    provisional: Quantity
    price: Price | None
    price_from: PriceFrom | None
    price_at: Instant | None
    usd: Money | None
    hold: HoldReason | None
    positions: tuple[Position, ...]

    @property
    def key(self) -> NetKey:
        """Which net it is."""
        return self.owner, self.underlying


class ExposureLine(msgspec.Struct, frozen=True, kw_only=True):
    """What of an underlying must be flat and is not: the true net of all owners less what they intend.

    Units: shares, signed; price in USD per share, as in a net, of the newest fill of any owner; usd is residue * price,
    signed; both None when there is no price.
    """

    underlying: Underlying
    net: Quantity
    intended: Quantity
    residue: Quantity
    price: Price | None
    usd: Money | None


class PortfolioExposure(msgspec.Struct, frozen=True, kw_only=True):
    """The residues of all underlyings together.

    Units: USD. gross_usd sums the sizes of the residues; underlyings without a price are named and in no sum.
    """

    lines: tuple[ExposureLine, ...]
    gross_usd: Money
    intended_gross_usd: Money
    unpriced: tuple[Underlying, ...]


class HeldFill(msgspec.Struct, frozen=True, kw_only=True):
    """An onchain fill that is booked and whose hedge waits, or was left out by an operator; `log` is how to name it.

    Units: shares unsigned, None where the fill does not say how many; assumed where their ratio is a guess.
    """

    log: str
    owner: OwnerId
    underlying: Underlying | None
    side: Side | None
    shares: Quantity | None
    assumed: bool
    reason: str
    detail: str
    seen_at: Instant


def held_fills(state: State) -> tuple[HeldFill, ...]:
    """Returns the fills that are not hedged, the oldest first, each with its reason."""
    return tuple(
        _held(fill.event, fill)
        for fill in state.fills.values()
        if fill.hold and isinstance(fill.event, FillSkipped | FillUnvalued)
    )


def _held(event: FillSkipped | FillUnvalued, fill: KnownFill) -> HeldFill:
    key = event.key
    return HeldFill(
        log=f"{key.chain}:{key.tx}:{key.log_index}",
        owner=event.owner,
        underlying=event.underlying,
        side=event.side,
        shares=fill.shares,
        assumed=fill.assumed,
        reason=event.reason.value,
        detail=event.detail if isinstance(event, FillSkipped) else "",
        seen_at=event.seen_at,
    )


def net_lines(state: State) -> tuple[NetLine, ...]:
    """Returns the nets that ever moved or may move, by owner and underlying."""
    keys = sorted(dict.fromkeys((*state.positions.nets, *state.owing)))
    provisional, rows = provisional_shares(state), dict[NetKey, list[Position]]()
    for (holder, _, _), row in sorted(state.positions.rows.items()):
        rows.setdefault((holder, row.underlying), []).append(row)
    return tuple(_net_line(state, key, rows.get(key, ()), provisional) for key in keys)


def valued_at_trades(state: State, line: NetLine, quotes: Mapping[str, AssetId]) -> NetLine:
    """Returns a net valued at its newest execution, where its instrument is one of those with a quote.

    A mark that was stated for it counts before the first execution only: the market has moved on since.
    Needs: a mark of the quote.
    """
    marks = {
        (row.account, row.instrument): state.mark(quotes[row.instrument])
        for row in line.positions
        if row.instrument in quotes
    }
    if all(mark is None for mark in marks.values()):
        return line
    for (account, instrument, _), (at, _, price) in reversed(state.executions.items()):
        mark = marks.get((account, instrument))
        if mark is not None:
            in_usd = Price(price * mark)
            usd = Money(line.exposure.net * in_usd)
            return msgspec.structs.replace(line, price=in_usd, price_from=PriceFrom.LAST_TRADE, price_at=at, usd=usd)
    return line


def portfolio_exposure(state: State, intended: Mapping[NetKey, Quantity] = NO_INTENDED_DELTA) -> PortfolioExposure:
    """Returns what must be flat and is not, per underlying and in USD.

    Units: intended in shares per (owner, underlying), signed; an owner that is not named intends to be flat.
    """
    nets: dict[Underlying, Quantity] = {}
    wanted: dict[Underlying, Quantity] = {}
    for (_, underlying), net in state.positions.nets.items():
        nets[underlying] = Quantity(nets.get(underlying, ZERO) + net.known)
    for (_, underlying), delta in intended.items():
        wanted[underlying] = Quantity(wanted.get(underlying, ZERO) + delta)
    zero = Quantity(ZERO)
    held: dict[Underlying, list[Net]] = {}
    for (_, underlying), net in state.positions.nets.items():
        held.setdefault(underlying, []).append(net)
    lines = tuple(
        _exposure_line(
            state, held.get(underlying, ()), underlying, (nets.get(underlying, zero), wanted.get(underlying, zero))
        )
        for underlying in sorted(nets | wanted)
    )
    return PortfolioExposure(
        lines=lines,
        gross_usd=Money(sum((abs(line.usd) for line in lines if line.usd is not None), ZERO)),
        intended_gross_usd=Money(sum((abs(line.intended * line.price) for line in lines if line.price), ZERO)),
        unpriced=tuple(line.underlying for line in lines if line.price is None and (line.residue or line.intended)),
    )


def net_line(state: State, key: NetKey) -> NetLine:
    """Returns the net of an (owner, underlying), its positions left out."""
    return _net_line(state, key, (), provisional_shares(state))


def _net_line(state: State, key: NetKey, rows: Sequence[Position], provisional: Mapping[NetKey, Quantity]) -> NetLine:
    owner, underlying = key
    net = state.positions.nets.get(key)
    exposure = exposure_of(state, key)
    price, price_from, price_at = _price_of(state, underlying, () if net is None else (net,))
    zero = Quantity(ZERO)
    return NetLine(
        owner=owner,
        underlying=underlying,
        exposure=exposure,
        held=net.held if net is not None else zero,
        unvalued=net.unvalued if net is not None else zero,
        provisional=provisional.get(key, zero),
        price=price,
        price_from=price_from,
        price_at=price_at,
        usd=None if price is None else Money(exposure.net * price),
        hold=state.holds.get(key),
        positions=tuple(rows),
    )


def _exposure_line(
    state: State, nets: Sequence[Net], underlying: Underlying, sums: tuple[Quantity, Quantity]
) -> ExposureLine:
    net, intended = sums
    price, _, _ = _price_of(state, underlying, nets)
    residue = Quantity(net - intended)
    return ExposureLine(
        underlying=underlying,
        net=net,
        intended=intended,
        residue=residue,
        price=price,
        usd=None if price is None else Money(residue * price),
    )


def _price_of(
    state: State, underlying: Underlying, nets: Iterable[Net]
) -> tuple[Price | None, PriceFrom | None, Instant | None]:
    """Returns what a share is valued at, and since when: its stated mark, or else the newest fill of these nets."""
    mark = state.mark(AssetId(underlying))
    if mark is not None:
        return mark, PriceFrom.MARK, None
    filled = [(net.last_price_at, net.last_price) for net in nets if net.last_price_at is not None]
    if not filled:
        return None, None, None
    at, price = max(filled)
    return price, PriceFrom.LAST_FILL, at
