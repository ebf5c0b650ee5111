"""The symbols of Binance with their rules, as instruments of ours; what does not parse is refused, never guessed.

Source: developers.binance.com, Spot Filters (PRICE_FILTER, LOT_SIZE, NOTIONAL or MIN_NOTIONAL), USD-M Exchange
Information (`contractType` PERPETUAL, filter MIN_NOTIONAL with `notional`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.engine.reports import Unknown
from flatbook.values.ids import AccountId, AssetId, InstrumentId, Underlying
from flatbook.values.instruments import Instrument, Product, TradingRules
from flatbook.values.money import ONE, parse_number, plain, scaled_integer, significant_decimals
from flatbook.venues.binance.markets import ORDERS_1D, ORDERS_1M, ORDERS_10S, WEIGHT
from flatbook.venues.binance.parse import FAULTS, read
from flatbook.venues.binance.wire import SELF_TRADE
from flatbook.venues.http import Reply
from flatbook.venues.rate_budget import Reading

TRADING = "TRADING"
PERPETUAL = "PERPETUAL"
LIMITS: Mapping[tuple[str, str, int], str] = {
    ("REQUEST_WEIGHT", "MINUTE", 1): WEIGHT,
    ("ORDERS", "SECOND", 10): ORDERS_10S,
    ("ORDERS", "MINUTE", 1): ORDERS_1M,
    ("ORDERS", "DAY", 1): ORDERS_1D,
}


class _Limit(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = msgspec.field(name="rateLimitType", default="")
    interval: str = ""
    count: int = msgspec.field(name="intervalNum", default=0)
    limit: int = 0


class _Symbol(msgspec.Struct, frozen=True, kw_only=True):
    symbol: str
    status: str
    base: str = msgspec.field(name="baseAsset")
    quote: str = msgspec.field(name="quoteAsset")
    filters: list[dict[str, Any]]
    contract: str | None = msgspec.field(name="contractType", default=None)
    margin: str | None = msgspec.field(name="marginAsset", default=None)
    self_trade: list[str] | None = msgspec.field(name="allowedSelfTradePreventionModes", default=None)


class _Info(msgspec.Struct, frozen=True, kw_only=True):
    symbols: list[msgspec.Raw]
    limits: list[_Limit] = msgspec.field(name="rateLimits", default_factory=list)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol as Binance lists it. `self_trade` tells whether our way against trading with ourselves is taken."""

    symbol: str
    base: AssetId
    quote: AssetId
    product: Product
    rules: TradingRules
    is_trading: bool
    self_trade: bool


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """All symbols of one market; `refused` says of each that could not be read why, and `limits` what may be asked."""

    listed: dict[str, Listed]
    refused: dict[str, str]
    limits: dict[str, Reading]


def listing_answer(reply: Reply) -> Listing | Unknown:
    """Returns the symbols with their rules; one that cannot be read hides no other."""
    info = read(reply, _Info)
    if isinstance(info, Unknown):
        return info
    listed, refused = {}, {}
    for raw in info.symbols:
        name = "?"
        try:
            name = msgspec.json.decode(raw, type=_Named).symbol
            listed[name] = _listed(msgspec.json.decode(raw, type=_Symbol))
        except FAULTS as fault:
            refused[name] = str(fault)
    return Listing(listed=listed, refused=refused, limits=dict(_limits(info.limits)))


class _Named(msgspec.Struct, frozen=True, kw_only=True):
    symbol: str


def _limits(stated: list[_Limit]) -> Iterator[tuple[str, Reading]]:
    for each in stated:
        gauge = LIMITS.get((each.kind, each.interval, each.count))
        if gauge is not None and each.limit > 0:
            yield gauge, Reading(used=0, limit=each.limit)


def _listed(stated: _Symbol) -> Listed:
    """Returns a symbol with its rules. Errors: ValueError where a rule that we need is missing or is no number."""
    is_spot = stated.contract is None
    if not is_spot and (stated.contract != PERPETUAL or stated.margin != stated.quote):
        raise ValueError(f"a contract {stated.contract} with margin in {stated.margin} is not traded here")
    filters = {str(each.get("filterType")): each for each in stated.filters}
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or {}
    return Listed(
        symbol=stated.symbol,
        base=AssetId(stated.base),
        quote=AssetId(stated.quote),
        product=Product.SPOT if is_spot else Product.LINEAR_PERP,
        rules=TradingRules(
            tick=_number(filters.get("PRICE_FILTER"), "tickSize"),
            lot=_number(filters.get("LOT_SIZE"), "stepSize"),
            qty_min=_number(filters.get("LOT_SIZE"), "minQty"),
            notional_min=_number(notional, "minNotional" if "minNotional" in notional else "notional"),
        ),
        is_trading=stated.status == TRADING,
        self_trade=stated.self_trade is None or SELF_TRADE in stated.self_trade,
    )


def _number(found: Mapping[str, Any] | None, name: str) -> Decimal:
    text = (found or {}).get(name)
    if not isinstance(text, str):
        raise ValueError(f"{name} is missing")
    return parse_number(text)


def instrument_of_listed(listed: Listed, *, instrument: InstrumentId, account: AccountId) -> Instrument:
    """Returns a listed symbol as an instrument of an account. A contract of USD-M is one unit of its base."""
    return Instrument(
        id=instrument,
        account=account,
        symbol=listed.symbol,
        underlying=Underlying(listed.base),
        quote=listed.quote,
        rules=listed.rules,
        contract_size=ONE,
        product=listed.product,
    )


def flaw_of_instrument(instrument: Instrument, listing: Listing) -> str | None:
    """Returns why an instrument of ours may not be traded as it is configured, None where it may.

    Gives: our grid may be coarser than the venue's, never finer, and our least order not smaller.
    """
    listed = listing.listed.get(instrument.symbol)
    if listed is None:
        why = listing.refused.get(instrument.symbol)
        return f"{instrument.symbol} is not listed" if why is None else f"{instrument.symbol} is not read: {why}"
    if not listed.is_trading:
        return f"{instrument.symbol} is not trading"
    if not listed.self_trade:
        return f"{instrument.symbol} does not take {SELF_TRADE}"
    ours, theirs = instrument.rules, listed.rules
    facts = (
        ("underlying", AssetId(instrument.underlying) == listed.base, listed.base),
        ("quote", instrument.quote == listed.quote, listed.quote),
        ("product", instrument.product is listed.product, listed.product.value),
        ("contract_size", instrument.contract_size == ONE, "1"),
        ("tick", ours.tick_below_one is None and _is_multiple(ours.tick, theirs.tick), plain(theirs.tick)),
        ("lot", _is_multiple(ours.lot, theirs.lot), plain(theirs.lot)),
        ("qty_min", ours.qty_min >= theirs.qty_min, plain(theirs.qty_min)),
        ("notional_min", ours.notional_min >= theirs.notional_min, plain(theirs.notional_min)),
    )
    wrong = [f"{name} is {stated} there" for name, agrees, stated in facts if not agrees]
    return f"{instrument.symbol}: {', '.join(wrong)}" if wrong else None


def _is_multiple(value: Decimal, step: Decimal) -> bool:
    decimals = max(significant_decimals(value), significant_decimals(step))
    return scaled_integer(value, decimals=decimals) % scaled_integer(step, decimals=decimals) == 0
