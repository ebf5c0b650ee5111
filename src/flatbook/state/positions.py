"""Positions per (owner, account, instrument), and the net of each (owner, underlying) that must be flat."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.values.ids import AccountId, AssetId, EventRef, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.money import ZERO, Money, Price, Quantity

PositionKey = tuple[OwnerId, AccountId, InstrumentId]
NetKey = tuple[OwnerId, Underlying]


class Position(msgspec.Struct, kw_only=True, gc=False):
    """What an owner holds of an instrument at an account.

    Units: qty in base (contracts) or, onchain, in underlying shares; signed. `contract_size` in base per contract.
    """

    owner: OwnerId
    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    contract_size: Decimal
    qty: Quantity


class Net(msgspec.Struct, kw_only=True, gc=False):
    """What an owner holds of an underlying over all accounts, and what the next decision on it starts from.

    Units: shares, signed. `held` is the part whose hedge waits for an operator (skipped fills); `unvalued` the part
    counted with an assumed ratio. `cause` is the newest event that changed what there is to decide. `intents` counts
    all intents ever made for this net, refused ones included: with the cause it makes an order id that never comes
    again, even if a chain goes back to a block it had left. `last_price` in USD per share, of the newest onchain fill.
    """

    owner: OwnerId
    underlying: Underlying
    known: Quantity = Quantity(ZERO)
    held: Quantity = Quantity(ZERO)
    unvalued: Quantity = Quantity(ZERO)
    last_price: Price | None = None
    last_price_at: Instant | None = None
    cause: EventRef | None = None
    intents: int = 0
    refusals: int = 0
    retry_from: Instant | None = None
    flattening: bool = False

    @property
    def hedgeable(self) -> Quantity:
        """The net that the hedge strategy may act on: all but what waits for an operator, never beyond the true net."""
        free = self.known - self.held
        lowest, highest = min(ZERO, self.known), max(ZERO, self.known)
        return Quantity(min(max(free, lowest), highest))


class Entry(msgspec.Struct, kw_only=True, gc=False):
    """What an account holds of a margined instrument, of all owners, and what it cost: the venue keeps one of them.

    Units: qty in contracts, signed; cost in quote, signed: the sum of what was bought less what was sold, and what was
    realised. It is what the position was entered at, and nothing once there is none.
    """

    qty: Quantity = Quantity(ZERO)
    cost: Money = Money(ZERO)


class Refusals(msgspec.Struct, kw_only=True, gc=False):
    """How often new orders of an owner on one side of an instrument were refused in a row, and when last."""

    count: int
    since: Instant


class TurnedDown(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """When an order of an owner on an instrument was last turned down, by risk or by its venue, and whether for want
    of funds."""

    at: Instant
    short: bool


class DayResult(msgspec.Struct, kw_only=True, gc=False):
    """Cash and shares that one day's fills moved, for the daily loss limit.

    Units: cash in USD (signed), qty in shares (signed). Result at a price p: cash + qty * p, less the fees that wait in
    `unmarked`, by asset, until somebody states a mark of it.
    """

    day: int
    cash_usd: Decimal = ZERO
    qty: Decimal = ZERO
    unmarked: dict[AssetId, Decimal] = {}


class Positions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All positions and nets. Only the fold writes; readers get the live objects and do not keep them."""

    rows: dict[PositionKey, Position] = {}
    nets: dict[NetKey, Net] = {}
    days: dict[NetKey, DayResult] = {}

    def net(self, owner: OwnerId, underlying: Underlying) -> Net:
        """Returns the net of an owner in an underlying; a zero one, which is not kept, when there is none."""
        return self.nets.get((owner, underlying)) or Net(owner=owner, underlying=underlying)

    def kept_net(self, owner: OwnerId, underlying: Underlying) -> Net:
        """Returns the net of an owner in an underlying to be written to."""
        key = (owner, underlying)
        found = self.nets.get(key)
        if found is None:
            found = self.nets[key] = Net(owner=owner, underlying=underlying)
        return found

    def move(self, key: PositionKey, underlying: Underlying, qty: Decimal, contract_size: Decimal) -> Net:
        """Adds a signed quantity to a position and to its net.

        Units: qty in base (contracts); the net moves by qty * contract_size.
        """
        row = self.rows.get(key) or self._new_row(key, underlying, contract_size)
        row.qty += qty  # type: ignore[assignment]  # a sum of quantities is one
        net = self.nets.get((key[0], underlying)) or self.kept_net(key[0], underlying)
        net.known += qty * contract_size  # type: ignore[assignment]
        return net

    def _new_row(self, key: PositionKey, underlying: Underlying, contract_size: Decimal) -> Position:
        owner, account, instrument = key
        row = self.rows[key] = Position(
            owner=owner,
            account=account,
            instrument=instrument,
            underlying=underlying,
            contract_size=contract_size,
            qty=Quantity(ZERO),
        )
        return row

    def add_day(self, net: Net, day: int, cash_usd: Decimal, qty: Decimal) -> None:
        """Adds a fill to the day's result of a net; an older day's fill does not change today's."""
        key = (net.owner, net.underlying)
        result = self.days.get(key)
        if result is None or result.day < day:
            result = self.days[key] = DayResult(day=day)
        if result.day == day:
            result.cash_usd += cash_usd
            result.qty += qty

    def owe(self, net: Net, day: int, asset: AssetId, amount: Decimal) -> None:
        """Keeps a fee of a day in an asset that has no mark. Needs: its fill is added to the day."""
        result = self.days[net.owner, net.underlying]
        if result.day == day:
            result.unmarked[asset] = result.unmarked.get(asset, ZERO) + amount

    def mark_owed(self, asset: AssetId, usd: Price) -> None:
        """Takes the fees that waited for the mark of an asset into the results of their days."""
        for result in self.days.values():
            result.cash_usd -= result.unmarked.pop(asset, ZERO) * usd
