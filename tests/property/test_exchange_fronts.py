"""Whatever is asked of the simulated exchanges, they answer in their own form: nothing that is said breaks them."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import given, settings
from hypothesis import strategies as st

from flatbook.sim.exchange.binance import front as binance
from flatbook.sim.exchange.bybit import front as bybit
from flatbook.sim.exchange.bybit.routes import ROUTES as BYBIT_ROUTES
from flatbook.sim.network.http_broker import Ask
from tests.depth import examples
from tests.exchange import BINANCE, BYBIT, KEY, SECRET, START
from tests.unit.sim.exchange.core import scene

SAID = """
    0 1 -1 1e5 0.01 50000 abc ü ² BTCUSDT ETHUSDT BUY Sell LIMIT Market GTC PostOnly true linear spot USDT None
"""
OF_BINANCE = """
    symbol side type timeInForce quantity price quoteOrderQty newClientOrderId orderId origClientOrderId reduceOnly
    limit startTime endTime fromId leverage countdownTime batchOrders orderIdList asset amount selfTradePreventionMode
    recvWindow incomeType interval marginType spotBNBBurn dualSidePosition positionSide newOrderRespType
"""
OF_BYBIT = """
    category symbol side orderType qty price timeInForce orderLinkId orderId reduceOnly limit cursor startTime endTime
    settleCoin request smpType positionIdx buyLeverage timeWindow interval accountType coin execType marketUnit mode
"""


def several(text: str) -> list[str]:
    return text.split()


WORDS = st.sampled_from(
    [*several(SAID), "", "[1]", "[{}]", '[{"symbol":"BTCUSDT"}]', "9" * 40, "1000001", "1" + "0" * 22]
)
NAMES_BINANCE, NAMES_BYBIT = several(OF_BINANCE), several(OF_BYBIT)
GOOD_BINANCE = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
GOOD_BYBIT = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
JSON_VALUES = st.one_of(
    WORDS, st.booleans(), st.integers(-5, 10**6), st.none(), st.lists(st.dictionaries(WORDS, WORDS))
)
STAMP = str(START // 1_000_000)


def signed(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def binance_ask(method: str, path: str, params: dict[str, str]) -> Ask:
    query = urlencode({"timestamp": STAMP, **params}, quote_via=quote)
    query += f"&signature={signed(SECRET, query)}"
    return Ask(method=method, path=path, query={}, headers={"x-mbx-apikey": KEY}, raw_query=query)


def bybit_ask(method: str, path: str, params: dict[str, Any]) -> Ask:
    query = urlencode({name: str(value) for name, value in params.items()}, quote_via=quote) if method == "GET" else ""
    body = "" if method == "GET" else json.dumps(params)
    headers = {
        "x-bapi-api-key": KEY,
        "x-bapi-timestamp": STAMP,
        "x-bapi-recv-window": "5000",
        "x-bapi-sign": signed(SECRET, f"{STAMP}{KEY}5000{query}{body}"),
    }
    return Ask(method=method, path=path, query={}, headers=headers, raw_query=query, body=body.encode())


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(binance.ROUTES)), st.dictionaries(st.sampled_from(NAMES_BINANCE), WORDS, max_size=5)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_binance_answers_whatever_it_is_asked(asked: list[tuple[tuple[str, str], dict[str, str]]]) -> None:
    desk = binance.Front(scene(BINANCE))
    for (method, path), params in asked:
        told = desk.ask(binance_ask(method, path, {**GOOD_BINANCE, "price": "49000.0", **params}), START)
        assert told.status in (200, 400, 401, 429)
        if told.status != 200:
            assert isinstance(told.content, dict)
            assert told.content["code"] < 0


@settings(max_examples=examples(200), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(BYBIT_ROUTES)),
            st.dictionaries(st.sampled_from(NAMES_BYBIT), JSON_VALUES, max_size=5),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_bybit_answers_whatever_it_is_asked(asked: list[tuple[tuple[str, str], dict[str, Any]]]) -> None:
    desk = bybit.Front(scene(BYBIT))
    for (method, path), params in asked:
        told = desk.ask(bybit_ask(method, path, {**GOOD_BYBIT, "price": "49000", **params}), START)
        assert told.status == 200
        assert isinstance(told.content, dict)
        assert told.content["retCode"] not in (10003, 10004)


@settings(max_examples=examples(80), deadline=None)
@given(
    st.one_of(st.text(max_size=40), st.binary(max_size=40), JSON_VALUES.map(json.dumps)),
    st.sampled_from(["binance", "bybit"]),
)
def test_streams_bear_whatever_is_said_to_them(said: str | bytes, protocol: str) -> None:
    heard: list[Any] = []
    upgrade = {"upgrade": "websocket"}
    if protocol == "binance":
        desk: Any = binance.Front(scene(BINANCE)).streams
        paths = ["/ws", "/stream", "/public/ws", "/private/ws", "/ws-api/v3", "/ws/x/y", "/private/ws/unknown"]
    else:
        desk = bybit.Front(scene(BYBIT)).streams
        paths = ["/v5/public/linear", "/v5/private", "/v5/trade", "/v5/public/none"]
    for path in paths:
        ask = Ask(method="GET", path=path, query={}, headers=upgrade, raw_query="streams=a/b&listenKey=")
        talk = desk.open(ask, heard.append, START)
        for message in (
            said,
            json.dumps(
                {"op": "subscribe", "args": ["orderbook.50.BTCUSDT", "orderbook.x.y", "tickers"], "method": "SUBSCRIBE"}
            ),
            json.dumps(
                {"op": "auth", "args": ["a"], "method": "order.place", "params": {"apiKey": 1, "signature": None}}
            ),
        ):
            talk.hear(message, START)
        talk.gone()
    assert all(each is None or isinstance(each, str) for each in heard)
