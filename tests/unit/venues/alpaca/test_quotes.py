"""Prices from Alpaca's market data: trade before quote, feed after feed, each symbol by itself."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import pytest

from flatbook.engine.reports import NotSent, Unknown
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.venues.alpaca.quotes import UNSUBSCRIBED_S, AlpacaQuotes, latest_answer, latest_request
from flatbook.venues.http import Carried, Reply, Request
from flatbook.venues.quote_gates import QuoteGates

NOW = instant_of_text("2026-06-02T14:00:00Z")
GATES = QuoteGates(age_ms_max=5_000, spread_bps_max=50)
NAMES = {"COIN": Underlying("COIN"), "AAPL": Underlying("AAPL")}
FORBIDDEN = (403, {"message": "subscription does not permit querying recent SIP data"})


def trade(price: str, at: str = "2026-06-02T13:59:59Z") -> str:
    return f'{{"t": "{at}", "p": {price}}}'


def quote(bid: str, ask: str, at: str = "2026-06-02T13:59:59.5Z") -> str:
    return f'{{"t": "{at}", "bp": {bid}, "ap": {ask}}}'


def reply(status: int, content: object) -> Reply:
    body = content if isinstance(content, str) else json.dumps(content)
    return Reply(status=status, headers={"content-type": "application/json"}, body=body.encode())


class Carrier:
    """Answers by kind and feed, as a test says. Stands where SessionHttp stands; time stands still."""

    def __init__(self, answers: dict[str, Carried]) -> None:
        self.answers, self.asked, self.at = answers, list[str](), NOW

    async def send(self, request: Request, timeout_at: Instant) -> Carried:
        query = dict(request.query)
        self.asked.append(f"{request.path.split('/')[3]} {query['feed']} {query['symbols']}")
        kind = f"{request.path.split('/')[3]} {query['feed']}"
        return self.answers.get(kind, reply(200, f'{{"{kind.split(maxsplit=1)[0]}": {{}}}}'))

    def now(self) -> Instant:
        return self.at

    async def sleep_until(self, at: Instant) -> None:
        raise AssertionError("nobody waits here")


def source(carrier: Carrier, *feeds: str) -> AlpacaQuotes:
    return AlpacaQuotes(
        carrier, carrier, source=SourceId("alpaca"), underlyings=NAMES, feeds=feeds or ("iex",), gates=GATES
    )


def asked(carrier: Carrier, *feeds: str) -> object:
    answer = asyncio.run(source(carrier, *feeds).quotes())
    return {str(name): str(each.price) for name, each in answer} if isinstance(answer, tuple) else answer


def test_the_latest_trade_is_the_price_and_only_what_has_none_is_asked_for_a_quote() -> None:
    carrier = Carrier(
        {
            "trades iex": reply(200, f'{{"trades": {{"COIN": {trade("250.135")}}}}}'),
            "quotes iex": reply(200, f'{{"quotes": {{"AAPL": {quote("199.99", "200.01")}}}}}'),
        }
    )
    assert asked(carrier) == {"COIN": "250.135", "AAPL": "200.000"}
    assert carrier.asked == ["trades iex COIN,AAPL", "quotes iex AAPL"]


def test_a_trade_that_is_too_old_and_a_quote_that_is_too_wide_or_without_an_ask_are_no_prices() -> None:
    old = trade("154.06", "2026-06-02T13:59:54.9Z")
    carrier = Carrier(
        {
            "trades iex": reply(200, f'{{"trades": {{"COIN": {old}, "AAPL": {old}}}}}'),
            "quotes iex": reply(
                200, f'{{"quotes": {{"COIN": {quote("143.79", "161.86")}, "AAPL": {quote("88", "0")}}}}}'
            ),
        }
    )
    assert asked(carrier) == {}


def test_a_feed_that_is_not_subscribed_falls_through_to_the_next_and_is_left_alone_for_a_while() -> None:
    both = f'{{"trades": {{"COIN": {trade("250")}, "AAPL": {trade("200")}}}}}'
    carrier = Carrier({"trades sip": reply(*FORBIDDEN), "trades iex": reply(200, both)})
    quotes = source(carrier, "sip", "iex")
    for _ in range(2):
        assert isinstance(answer := asyncio.run(quotes.quotes()), tuple)
        assert len(answer) == 2
    assert carrier.asked == ["trades sip COIN,AAPL", "trades iex COIN,AAPL", "trades iex COIN,AAPL"]
    carrier.at = later(NOW, seconds=UNSUBSCRIBED_S)
    asyncio.run(quotes.quotes())
    assert carrier.asked[3] == "trades sip COIN,AAPL"


def test_where_no_feed_answers_the_prices_are_unknown_and_not_none() -> None:
    assert isinstance(asked(Carrier({"trades iex": reply(*FORBIDDEN)})), Unknown)
    assert isinstance(asked(Carrier({"trades iex": reply(500, {}), "quotes iex": reply(503, {})})), Unknown)


def test_nothing_is_asked_while_alpaca_asks_to_wait() -> None:
    busy = Reply(status=429, headers={"content-type": "application/json", "retry-after": "30"}, body=b"{}")
    carrier = Carrier({"trades iex": busy})
    quotes = source(carrier)
    asyncio.run(quotes.quotes())
    assert isinstance(asyncio.run(quotes.quotes()), NotSent)
    assert carrier.asked == ["trades iex COIN,AAPL"]


@pytest.mark.parametrize("price", ["0", "-1", '"NaN"', "1e30", "null", "true", "[]", '"x"', "1e999"])
def test_a_price_that_is_none_hides_no_other(price: str) -> None:
    body = f'{{"trades": {{"COIN": {trade(price)}, "AAPL": {trade("2.5e2")}}}}}'
    found = latest_answer(reply(200, body), kind="trades", symbols=("COIN", "AAPL"), gates=GATES, now=NOW)
    assert isinstance(found, dict)
    assert {symbol: each.price for symbol, each in found.items()} == {"AAPL": Decimal(250)}


@pytest.mark.parametrize("body", ["", "{", "[]", '{"quotes": {}}', '{"trades": []}', "[" * 5_000])
def test_what_is_no_list_of_prices_is_unknown(body: str) -> None:
    assert isinstance(latest_answer(reply(200, body), kind="trades", symbols=("COIN",), gates=GATES, now=NOW), Unknown)


def test_one_request_asks_for_all_symbols_of_a_feed() -> None:
    request = latest_request("quotes", "delayed_sip", ("COIN", "BRK.A"))
    assert request.path == "/v2/stocks/quotes/latest"
    assert request.query == (("symbols", "COIN,BRK.A"), ("feed", "delayed_sip"))
