"""How large an order of a hedge is: what is wanted, what one order may be, what the account can take, on the grid."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.events.control import HoldReason
from flatbook.values.instruments import (
    Instrument,
    Product,
    Side,
    TradingRules,
    cost_ceiling,
    floor_to_lot,
    notional,
    whole_share_lot,
)
from flatbook.values.money import ZERO, Price, Quantity, divide_cut, lower_to

QTY_DECIMALS = 18
CENTS = 2


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where a net can be hedged, and what that account can take.

    Units: cash in the instrument's quote, what is settled or lent for buys, without what working buys may need; held in
    contracts, signed; selling and buying in contracts, what orders that work on the instrument may still do. Cash and
    held are None while the account was never stated. `quote_usd` in USD per unit of the quote, None when nobody states
    it. `lends` says whether the instrument can be borrowed; `is_stated` that the venue states what may be spent.
    """

    instrument: Instrument
    quote_usd: Price | None
    cash: Decimal | None
    held: Quantity | None
    selling: Quantity
    buying: Quantity
    halted: bool
    lends: bool = True
    is_stated: bool = False


class OrderCaps(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The largest order that risk lets pass. Units: USD, at the limit of the order, and shares."""

    usd: Decimal
    shares: Decimal


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a hedge would like to order.

    Units: shares; limit in the quote of the route per share, None for an order at the market; price in USD per share,
    None where none is known. `caps` are None where nothing may stand before an exit.
    """

    side: Side
    shares: Quantity
    limit: Price | None
    price: Price | None
    shorting: bool
    caps: OrderCaps | None


def size_of(ask: Ask, route: Route) -> Quantity | HoldReason:
    """Returns how much to order now, or why nothing can be ordered.

    Units: contracts.
    Gives: never more than is asked for; what exceeds a cap or the account is left for the orders that follow.
    """
    wanted = in_contracts(ask.shares, route.instrument)
    allowed = Quantity(min(wanted, _largest(ask, route, wanted)))
    possible = Quantity(min(allowed, _capacity(ask, route, allowed)))
    rules, qty = _grid(ask, route), Quantity(ZERO)
    for size, reason in (
        (wanted, HoldReason.BELOW_LOT),
        (allowed, HoldReason.ORDER_CAP),
        (possible, HoldReason.CAPACITY),
    ):
        qty, _ = floor_to_lot(size, rules)
        if not _can_trade(qty, ask, route):
            return reason
    return qty


def in_contracts(shares: Quantity, instrument: Instrument) -> Quantity:
    """Returns how many contracts a number of shares is, cut to 18 decimals."""
    return Quantity(divide_cut(shares, instrument.contract_size, decimals=QTY_DECIMALS))


def _largest(ask: Ask, route: Route, wanted: Quantity) -> Decimal:
    """Returns how many contracts one order may have at most."""
    if ask.caps is None:
        return wanted
    size = route.instrument.contract_size
    largest = divide_cut(ask.caps.shares, size, decimals=QTY_DECIMALS)
    if ask.limit is None or route.quote_usd is None:
        return largest
    return min(largest, divide_cut(ask.caps.usd, ask.limit * size * route.quote_usd, decimals=QTY_DECIMALS))


def _capacity(ask: Ask, route: Route, contracts: Quantity) -> Decimal:
    """Returns how many contracts the account can take on the hedge side: settled cash, or shares held.

    An order never crosses zero at the broker: a sell is capped at what is held even where shorting is allowed, and
    only a flat or short account sells short.
    """
    if ask.side is Side.SELL:
        if route.held is None:
            return contracts
        if route.held > ZERO:
            return max(ZERO, route.held - route.selling)
        return _shortable(ask, route, contracts)
    if route.held is not None and route.held < ZERO:
        return max(ZERO, -route.held - route.buying)
    if route.cash is None or ask.limit is None:
        return contracts
    size = route.instrument.contract_size
    if cost_ceiling(contracts, ask.limit, collar_bps=0, contract_size=size) <= route.cash:
        return contracts
    return affordable(route.cash, ask.limit * size)


def _shortable(ask: Ask, route: Route, contracts: Quantity) -> Decimal:
    """Returns how many contracts a flat or short account can sell: what is lent, and what its means stand for.

    Units: contracts.
    Gives: the contracts asked for where nothing bounds them. A broker wants the whole value of a short sale covered
    and more; where it states no means it has to say itself.
    """
    if not ask.shorting or not route.lends:
        return ZERO
    if not route.is_stated or route.cash is None or ask.price is None or route.quote_usd is None:
        return contracts
    each = ask.price * route.instrument.contract_size
    working = route.selling * each
    return affordable(route.cash * route.quote_usd - working, each)


def affordable(cash: Decimal, each: Decimal) -> Decimal:
    """Returns how many contracts cash pays for, when a broker rounds what they cost up to a cent.

    Units: cash and `each`, the price of a contract, in the same asset.
    """
    return max(ZERO, divide_cut(lower_to(cash, decimals=CENTS), each, decimals=QTY_DECIMALS))


def _grid(ask: Ask, route: Route) -> TradingRules:
    """Returns the grid of the order: brokers lend whole shares only, so that what is sold short is whole.

    A contract is sold without being lent: its lot alone holds.
    """
    instrument = route.instrument
    short = ask.side is Side.SELL and ask.shorting and route.held is not None and route.held <= ZERO
    if not short or instrument.product is not Product.SPOT:
        return instrument.rules
    return msgspec.structs.replace(
        instrument.rules, lot=whole_share_lot(instrument.rules.lot, contract_size=instrument.contract_size)
    )


def _can_trade(qty: Quantity, ask: Ask, route: Route) -> bool:
    """Whether the venue takes an order of this size; where it cannot be valued the venue itself has to say."""
    instrument = route.instrument
    if qty < instrument.rules.qty_min:
        return False
    if ask.price is None or route.quote_usd is None:
        return True
    usd = notional(qty, ask.price, contract_size=instrument.contract_size)
    return usd >= instrument.rules.notional_min * route.quote_usd
