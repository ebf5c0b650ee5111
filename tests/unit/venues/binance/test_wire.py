"""Requests to Binance: what travels for each style of order, and what travels with none."""

from __future__ import annotations

import pytest

from flatbook.events.orders import OrderStyle
from flatbook.values.ids import OrderId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product
from flatbook.venues.binance import wire
from flatbook.venues.binance.markets import SPOT, USD_M, Market
from flatbook.venues.http import query_text
from tests.unit.venues.binance.sample import OURS, approved, instrument


@pytest.mark.parametrize(
    ("market", "style", "limit", "kind"),
    [
        (USD_M, OrderStyle.LIMIT, "50000", "type=LIMIT&timeInForce=GTC"),
        (USD_M, OrderStyle.IOC, "50000", "type=LIMIT&timeInForce=IOC"),
        (USD_M, OrderStyle.POST_ONLY, "50000", "type=LIMIT&timeInForce=GTX"),
        (USD_M, OrderStyle.LIMIT, None, "type=MARKET"),
        (SPOT, OrderStyle.LIMIT, "50000", "type=LIMIT&timeInForce=GTC"),
        (SPOT, OrderStyle.IOC, "50000", "type=LIMIT&timeInForce=IOC"),
        (SPOT, OrderStyle.POST_ONLY, "50000", "type=LIMIT_MAKER"),
    ],
)
def test_each_style_is_one_kind_of_order(market: Market, style: OrderStyle, limit: str | None, kind: str) -> None:
    request = wire.place_request(market, approved(style=style, limit=limit), symbol="BTCUSDT")
    price = "" if limit is None else "&price=50000"
    assert (request.method, request.path, request.body) == ("POST", market.order, b"")
    assert query_text(request) == (
        f"symbol=BTCUSDT&side=BUY&{kind}&quantity=0.01{price}&newClientOrderId={OURS}"
        "&newOrderRespType=RESULT&selfTradePreventionMode=EXPIRE_MAKER&recvWindow=3000"
    )


def test_an_order_that_only_reduces_says_so_and_no_other_does() -> None:
    reducing = wire.place_request(USD_M, approved(reduce_only=True), symbol="BTCUSDT")
    assert ("reduceOnly", "true") in reducing.query
    assert ("reduceOnly", "true") not in wire.place_request(SPOT, approved(reduce_only=True), symbol="BTCUSDT").query
    plain = wire.place_request(USD_M, approved(), symbol="BTCUSDT")
    assert not [name for name, _ in plain.query if name in ("reduceOnly", "positionSide", "closePosition")]


@pytest.mark.parametrize(
    ("product", "changed", "flaw"),
    [
        (Product.LINEAR_PERP, {}, None),
        (Product.LINEAR_PERP, {"qty": "0.0005"}, "quantity 0.0005 is below 0.001"),
        (Product.LINEAR_PERP, {"limit": "0"}, "limit 0 is not above zero"),
        (Product.LINEAR_PERP, {"order_id": OrderId("a" * 37)}, "its id is none that Binance takes"),
        (Product.LINEAR_PERP, {"order_id": OrderId("a b")}, "its id is none that Binance takes"),
        (Product.LINEAR_PERP, {"limit": None}, None),
        (Product.LINEAR_PERP, {"limit": None, "style": OrderStyle.IOC}, "an order without a limit has no style"),
        (Product.SPOT, {"reduce_only": True}, None),
    ],
)
def test_an_order_that_binance_would_always_refuse_is_known(
    product: Product, changed: dict[str, object], flaw: str | None
) -> None:
    assert wire.flaw_of_order(approved(**changed), instrument(product)) == flaw  # type: ignore[arg-type]


def test_executions_are_asked_for_after_the_last_one_and_at_first_since_an_instant() -> None:
    since = Instant(1_700_000_000_000_000_000)
    first = wire.trades_request(USD_M, symbol="BTCUSDT", after=None, first_from=since)
    assert query_text(first) == "symbol=BTCUSDT&startTime=1700000000000&limit=1000&recvWindow=3000"
    later = wire.trades_request(SPOT, symbol="BTCUSDT", after=41, first_from=since)
    assert (later.path, query_text(later)) == (
        "/api/v3/myTrades",
        "symbol=BTCUSDT&fromId=42&limit=1000&recvWindow=3000",
    )


def test_what_proves_itself_by_the_key_alone_is_not_to_be_signed() -> None:
    for request in (wire.time_request(SPOT), wire.rules_request(USD_M), wire.listen_key_request("PUT")):
        assert request.query == ()
    signed = (
        wire.cancel_request(SPOT, OURS, symbol="BTCUSDT"),
        wire.cancel_all_request(USD_M, symbol="BTCUSDT"),
        wire.rights_request(),
        wire.positions_request(),
        wire.countdown_request(symbol="BTCUSDT", countdown_ms=60_000),
    )
    assert all(request.query[-1] == ("recvWindow", "3000") for request in signed)
