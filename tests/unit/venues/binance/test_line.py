"""The line of a key: what is stamped and signed, what the headers of replies teach, and the clock of Binance."""

from __future__ import annotations

import asyncio

from flatbook.engine.reports import NotSent
from flatbook.values.instants import NS_PER_MS, Instant, later
from flatbook.venues.binance.line import BinanceKey, reading_of, readings_of
from flatbook.venues.binance.markets import ORDERS_10S, USD_M, WEIGHT
from flatbook.venues.binance.signing import signature_of
from flatbook.venues.http import Request, query_text
from flatbook.venues.rate_budget import Lane, Reading
from tests.clocks import StillClock
from tests.unit.venues.binance.sample import NOW, Answers, line_to, reply

SIGNED = Request(method="GET", path="/x", query=(("symbol", "币安人生USDT"), ("recvWindow", "3000")))


def key_at(at: Instant = NOW) -> BinanceKey:
    return BinanceKey(StillClock(at), lambda: ("the key", "word"))


def test_a_request_with_a_window_is_stamped_and_signed_over_what_travels() -> None:
    sent = query_text(key_at().sign(SIGNED))
    payload = f"symbol=%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT&recvWindow=3000&timestamp={NOW // NS_PER_MS}"
    assert sent == f"{payload}&signature={signature_of(payload, secret='word')}"
    assert key_at().headers() == {"X-MBX-APIKEY": "the key"}


def test_a_request_without_a_window_travels_as_it_is() -> None:
    request = Request(method="POST", path="/fapi/v1/listenKey")
    assert key_at().sign(request) is request


def test_time_stamps_are_those_of_binance() -> None:
    key = key_at()
    asked, answered = NOW, later(NOW, ms=100)
    key.learn(reading_of(NOW // NS_PER_MS + 450, asked_at=asked, answered_at=answered))
    assert key.offset_ns // NS_PER_MS == 400
    assert key.timestamp_ms() == NOW // NS_PER_MS + 400
    assert not key.is_apart()
    key.learn(reading_of(NOW // NS_PER_MS + 650, asked_at=asked, answered_at=answered))
    assert key.is_apart()
    key.learn(reading_of(NOW // NS_PER_MS - 650, asked_at=asked, answered_at=answered))
    assert key.is_apart()


def test_headers_say_what_was_used_and_one_that_is_no_number_says_nothing() -> None:
    headers = {"x-mbx-used-weight-1m": "2399", "x-mbx-order-count-10s": "soon", "x-other": "1"}
    assert readings_of(headers) == {WEIGHT: Reading(used=2399)}


def test_what_the_headers_say_holds_the_next_request_back_and_never_a_cancel() -> None:
    http, clock = Answers(), StillClock(NOW)
    line = line_to(http, USD_M, clock)
    http.says("/x", reply({}, x_mbx_used_weight_1m="2399", x_mbx_order_count_10s="300"))

    async def asked() -> list[bool]:
        answers = [await line.ask(SIGNED, Lane.READ, 1)]
        answers += [await line.ask(SIGNED, lane, 5, 10, (ORDERS_10S,)) for lane in (Lane.READ, Lane.ORDER, Lane.EXIT)]
        answers += [await line.ask(SIGNED, Lane.CANCEL, 1)]
        return [isinstance(answer, NotSent) for answer in answers]

    assert asyncio.run(asked()) == [False, True, True, True, False]
    assert len(http.asked) == 2
