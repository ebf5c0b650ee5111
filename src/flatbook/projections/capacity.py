"""How much can still be hedged of each share at each account, as people and programs ask for it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.engine.rules import Rules
from flatbook.engine.views import route_of
from flatbook.state.desk import State
from flatbook.strategies.capacity import Capacity, capacity_of
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument
from flatbook.values.money import Price, Quantity


class CapacityLine(msgspec.Struct, frozen=True, kw_only=True):
    """What an owner's hedge can still buy and sell of a share at one account.

    Units: cash in the quote, spendable now, what working buys may need taken off; held in shares, signed; price in USD
    per share, of the newest onchain fill. None where nobody states it. `stated_at` is when the venue last stated funds.
    """

    owner: OwnerId
    underlying: Underlying
    account: AccountId
    instrument: InstrumentId
    quote: AssetId
    cash: Decimal | None
    held: Quantity | None
    lends: bool | None
    shorting: bool
    good_faith: int | None
    price: Price | None
    capacity: Capacity
    stated_at: Instant | None


def capacity_lines(state: State, rules: Rules) -> tuple[CapacityLine, ...]:
    """Returns what can still be hedged, by owner and share, the backup account of a hedge after its own."""
    return tuple(
        _line(state, rules, (owner, underlying), instrument)
        for (owner, underlying), hedge in rules.hedges.items()
        for instrument in hedge.named
    )


def _line(state: State, rules: Rules, key: tuple[OwnerId, Underlying], instrument: Instrument) -> CapacityLine:
    route, funds = route_of(state, key[0], instrument, rules), state.funds.get(instrument.account)
    price, shorting = state.positions.net(*key).last_price, rules.hedges[key].params.shorting
    is_stated = funds is not None and funds.borrowable is not None
    return CapacityLine(
        owner=key[0],
        underlying=key[1],
        account=instrument.account,
        instrument=instrument.id,
        quote=instrument.quote,
        cash=route.cash,
        held=None if route.held is None else Quantity(route.held * instrument.contract_size),
        lends=route.lends if is_stated else None,
        shorting=shorting,
        good_faith=None if funds is None else funds.good_faith,
        price=price,
        capacity=capacity_of(route, price, shorting=shorting),
        stated_at=None if funds is None else funds.stated_at,
    )
