"""Symbols with their rules: what becomes an instrument, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from flatbook.engine.reports import Unknown
from flatbook.values.ids import AccountId, InstrumentId
from flatbook.values.instruments import Product
from flatbook.venues.binance.market_rules import (
    Listing,
    flaw_of_instrument,
    instrument_of_listed,
    listing_answer,
)
from flatbook.venues.binance.markets import ORDERS_10S, WEIGHT
from flatbook.venues.rate_budget import Reading
from tests.unit.venues.binance.sample import D, instrument, recorded, reply

PRICE = {"filterType": "PRICE_FILTER", "tickSize": "0.10"}
LOT = {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001"}
NOTIONAL = {"filterType": "MIN_NOTIONAL", "notional": "100"}
# Source: developers.binance.com, USD-M futures, Exchange Information.
PERPETUAL: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "contractType": "PERPETUAL",
    "filters": [PRICE, LOT, NOTIONAL],
}


def listing(*symbols: Any, limits: Any = ()) -> Listing:
    found = listing_answer(reply({"symbols": symbols, "rateLimits": list(limits)}))
    assert isinstance(found, Listing)
    return found


def test_a_perpetual_is_an_instrument_of_ours() -> None:
    listed = listing(PERPETUAL).listed["BTCUSDT"]
    made = instrument_of_listed(listed, instrument=InstrumentId("x"), account=AccountId("a"))
    assert (made.symbol, made.underlying, made.quote, made.product) == ("BTCUSDT", "BTC", "USDT", Product.LINEAR_PERP)
    assert (made.rules.tick, made.rules.lot, made.rules.qty_min, made.rules.notional_min, made.contract_size) == (
        D("0.1"),
        D("0.001"),
        D("0.001"),
        100,
        1,
    )


def test_a_recorded_symbol_without_a_least_value_is_refused_and_limits_are_learnt() -> None:
    found = listing_answer(reply(recorded("spot_rules")))
    assert isinstance(found, Listing)
    assert found.listed == {}
    assert found.refused == {"BNBBTC": "notional is missing"}
    assert found.limits[WEIGHT] == Reading(used=0, limit=6000)
    assert found.limits[ORDERS_10S] == Reading(used=0, limit=50)


@pytest.mark.parametrize(
    "filters",
    [
        [LOT, NOTIONAL],
        [PRICE, NOTIONAL],
        [PRICE, LOT],
        [{**PRICE, "tickSize": 0.1}, LOT, NOTIONAL],
        [{**PRICE, "tickSize": "0"}, LOT, NOTIONAL],
        [PRICE, {**LOT, "stepSize": "-1"}, NOTIONAL],
        [PRICE, LOT, {**NOTIONAL, "notional": "much"}],
    ],
)
def test_a_rule_that_is_missing_or_no_number_refuses_its_symbol_and_no_other(filters: list[Any]) -> None:
    found = listing({**PERPETUAL, "symbol": "ETHUSDT", "filters": filters}, PERPETUAL)
    assert list(found.listed) == ["BTCUSDT"]
    assert list(found.refused) == ["ETHUSDT"]


@pytest.mark.parametrize("changed", [{"contractType": "CURRENT_QUARTER"}, {"marginAsset": "BTC"}])
def test_a_contract_of_another_kind_is_refused(changed: dict[str, str]) -> None:
    found = listing({**PERPETUAL, **changed})
    assert list(found.refused) == ["BTCUSDT"]


@pytest.mark.parametrize(
    ("ours", "theirs", "flaw"),
    [
        ({}, {}, None),
        ({"tick": "0.2", "lot": "0.005", "qty_min": "0.005", "notional_min": "150"}, {}, None),
        ({"tick": "0.01"}, {}, "BTCUSDT: tick is 0.1 there"),
        ({"lot": "0.0015"}, {}, "BTCUSDT: lot is 0.001 there"),
        ({"qty_min": "0.0005"}, {}, "BTCUSDT: qty_min is 0.001 there"),
        ({"notional_min": "5"}, {}, "BTCUSDT: notional_min is 100 there"),
        ({}, {"baseAsset": "ETH"}, "BTCUSDT: underlying is ETH there"),
        ({}, {"status": "SETTLING"}, "BTCUSDT is not trading"),
        ({}, {"symbol": "ETHUSDT"}, "BTCUSDT is not listed"),
        ({}, {"filters": []}, "BTCUSDT is not read: tickSize is missing"),
        ({}, {"allowedSelfTradePreventionModes": ["NONE"]}, "BTCUSDT does not take EXPIRE_MAKER"),
    ],
)
def test_an_instrument_may_be_traded_where_its_grid_fits_the_venues(
    ours: dict[str, str], theirs: dict[str, Any], flaw: str | None
) -> None:
    assert flaw_of_instrument(instrument(Product.LINEAR_PERP, **ours), listing({**PERPETUAL, **theirs})) == flaw


def test_a_symbol_of_another_market_is_another_product() -> None:
    spot = {name: each for name, each in PERPETUAL.items() if name not in ("contractType", "marginAsset")}
    assert flaw_of_instrument(instrument(), listing(spot)) == "BTCUSDT: product is spot there"


def test_what_is_no_list_of_symbols_is_unreadable() -> None:
    assert isinstance(listing_answer(reply({"symbols": "all"})), Unknown)
    assert isinstance(listing_answer(reply(b"", 503)), Unknown)
