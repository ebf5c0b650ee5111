"""What is still held of each underlying: what it cost, and what it is worth at the newest price that is known of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.projections.lots import Lot, cost_of, net_of, price_of
from flatbook.projections.pnl import Pnl, in_usd
from flatbook.projections.positions import PriceFrom
from flatbook.projections.results import EVERYTHING, Scope, open_lots_of
from flatbook.values.ids import AssetId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.money import Money, Price, Quantity

Marked = tuple[Price | None, PriceFrom | None, Instant | None]


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The open lots of an owner in an underlying.

    Units: qty in underlying, signed; cost in USD, what bought lots cost above zero, what sold ones brought below, None
    where the value of a lot is not known; price in USD per unit; value is qty * price, unrealised is value less cost.
    """

    owner: OwnerId
    underlying: Underlying
    qty: Quantity
    lots: int
    cost: Money | None
    price: Price | None
    price_from: PriceFrom | None
    price_at: Instant | None

    @property
    def value(self) -> Money | None:
        """What is held at its price."""
        return None if self.price is None else Money(self.qty * self.price)

    @property
    def unrealised(self) -> Money | None:
        """What closing at that price would realise before costs."""
        return None if self.value is None or self.cost is None else Money(self.value - self.cost)


def held_of(pnl: Pnl, scope: Scope = EVERYTHING) -> tuple[Held, ...]:
    """Returns what is held in a scope, by underlying and owner; its days are left aside."""
    lots: dict[tuple[OwnerId, Underlying], list[Lot]] = {}
    for each in open_lots_of(pnl, scope):
        lots.setdefault((each.owner, each.underlying), []).append(each.lot)
    return tuple(_held(pnl, owner, underlying, found) for (owner, underlying), found in lots.items())


def _held(pnl: Pnl, owner: OwnerId, underlying: Underlying, lots: Sequence[Lot]) -> Held:
    price, price_from, price_at = _price_of(pnl, owner, underlying)
    return Held(
        owner=owner,
        underlying=underlying,
        qty=net_of(lots),
        lots=len(lots),
        cost=cost_of(lots),
        price=price,
        price_from=price_from,
        price_at=price_at,
    )


def _price_of(pnl: Pnl, owner: OwnerId, underlying: Underlying) -> Marked:
    """Returns what a unit is worth, by the rule that values nets.

    What takers trade with us onchain: its stated mark, else its newest fill. What is traded at exchanges only: its
    newest execution, and a stated mark before the first one.
    """
    mark = pnl.marks.latest(AssetId(underlying))
    marked: Marked = (None, None, None) if mark is None else (mark.usd, PriceFrom.MARK, mark.at)
    fill = pnl.matching(underlying).prices.get(owner)
    if fill is not None:
        return marked if mark is not None else (price_of(fill.usd, fill.qty), PriceFrom.LAST_FILL, fill.at)
    for fact in reversed(pnl.trades(underlying)):
        usd = in_usd(fact, pnl.marks) if fact.owner == owner and fact.qty else None
        if usd is not None:
            return price_of(usd, fact.qty), PriceFrom.LAST_TRADE, fact.at
    return marked
