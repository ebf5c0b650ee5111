"""What Binance pushes, as the adapter takes it: keys that are prolonged and renewed, subscriptions, and noise."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flatbook.market.depth import UnreadFor
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.world.process import LoopClock
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.venues.binance.line import BinanceKey, BinanceLine
from flatbook.venues.binance.markets import SPOT, USD_M
from flatbook.venues.binance.orders import Pushed
from flatbook.venues.binance.signing import signed_params
from flatbook.venues.binance.stream import FuturesUpdates, SpotUpdates
from flatbook.venues.rate_budget import RateBudget
from flatbook.venues.silence import StreamEnd
from flatbook.venues.websocket import Hear
from tests.clocks import StillClock
from tests.unit.venues.binance.sample import NOW, OURS, PUSHED, Answers, line_to, recorded, refused, reply

KEY = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"
UPDATE = {"e": "ORDER_TRADE_UPDATE", "E": 1, "T": 1, "o": PUSHED}
LISTEN_KEY = "/fapi/v1/listenKey"


class Socket:
    """A conversation whose other end says what a test says, then stays open for a while."""

    def __init__(self, *told: bytes, stays_s: int = 0, clock: LoopClock | None = None) -> None:
        self.told, self.said, self.paths = told, list[str](), list[str]()
        self.hung_up = False
        self._stays_s, self._clock = stays_s, clock

    async def converse(
        self, path: str, opening: tuple[str, ...], hear: Hear, opened: Callable[[], None] | None = None
    ) -> StreamEnd:
        self.paths.append(path)
        self.said += opening
        if opened is not None:
            opened()
        for body in self.told:
            answers = hear(body)
            if answers is None:
                self.hung_up = True
                return StreamEnd.CLOSED
        if self._clock is not None:
            await self._clock.sleep_until(Instant(self._clock.now() + self._stays_s * NS_PER_S))
        return StreamEnd.CLOSED


def bodies(*contents: Any) -> tuple[bytes, ...]:
    return tuple(each if isinstance(each, bytes) else json.dumps(each).encode() for each in contents)


def keyed(made: str = KEY) -> Answers:
    http = Answers()
    http.says(f"POST {LISTEN_KEY}", reply({"listenKey": made}))
    http.says(f"PUT {LISTEN_KEY}", reply({}))
    return http


def heard(socket: Socket, http: Answers) -> tuple[list[Pushed], list[str], FuturesUpdates]:
    taken, stood, clock = list[Pushed](), list[str](), StillClock(NOW)
    updates = FuturesUpdates(socket, line_to(http, USD_M, clock), clock)
    asyncio.run(updates.listen(taken.append, lambda: stood.append("stands")))
    return taken, stood, updates


def test_orders_of_usd_m_are_taken_from_the_private_address_of_the_key() -> None:
    socket = Socket(*bodies({"e": "ACCOUNT_UPDATE", "a": {}}, UPDATE, {"e": "TRADE_LITE", "c": OURS}))
    taken, stood, updates = heard(socket, keyed())
    assert socket.paths == [f"/private/ws/{KEY}"]
    assert [each.client_order_id for each in taken] == [OURS]
    assert (stood, sum(updates.unread.values())) == (["stands"], 0)


def test_a_key_that_expired_hangs_up() -> None:
    socket = Socket(*bodies({"e": "listenKeyExpired", "listenKey": KEY}, UPDATE))
    taken, _, _ = heard(socket, keyed())
    assert socket.hung_up
    assert taken == []


def test_without_a_key_nothing_is_opened() -> None:
    for answer in (refused(-2015, "Invalid API-key.", 401), reply({"listenKey": ""}), reply(b"", 503)):
        http, socket = keyed(), Socket()
        http.says(f"POST {LISTEN_KEY}", answer)
        heard(socket, http)
        assert socket.paths == []


def in_time(answers: Callable[[int], Any], stays_s: int) -> tuple[list[tuple[str, int]], int]:
    """Returns what was asked of keys and when, and how long a stream stood that would have stayed for so long."""
    loop = VirtualLoop(NOW)

    class Keys(Answers):
        async def send(self, request: Any, timeout_at: Instant) -> Any:
            asked.append((request.method, (loop.instant - NOW) // NS_PER_S))
            return reply({"listenKey": KEY}) if request.method == "POST" else answers(len(asked))

    asked: list[tuple[str, int]] = []

    async def listened() -> int:
        clock = LoopClock(loop)
        line = BinanceLine(Keys(), clock, BinanceKey(clock, lambda: ("key", "word")), RateBudget(USD_M.gauges))
        await FuturesUpdates(Socket(stays_s=stays_s, clock=clock), line, clock).listen(lambda _: None, lambda: None)
        return (loop.instant - NOW) // NS_PER_S

    return asked, loop.run_until_complete(listened())


def test_a_key_is_prolonged_half_an_hour_ahead_of_its_end_while_the_stream_stands() -> None:
    asked, stood_s = in_time(lambda _: reply({}), 7_000)
    assert asked == [("POST", 0), ("PUT", 1_800), ("PUT", 3_600), ("PUT", 5_400)]
    assert stood_s == 7_000


def test_a_key_that_was_not_prolonged_is_prolonged_a_minute_later() -> None:
    asked, stood_s = in_time(lambda count: reply(b"", 503) if count == 2 else reply({}), 4_000)
    assert asked == [("POST", 0), ("PUT", 1_800), ("PUT", 1_860), ("PUT", 3_660)]
    assert stood_s == 4_000


def test_a_key_that_is_gone_ends_the_stream_at_once() -> None:
    asked, stood_s = in_time(lambda _: refused(-1125, "This listenKey does not exist."), 7_000)
    assert asked == [("POST", 0), ("PUT", 1_800)]
    assert stood_s == 1_800


def spot(*told: Any) -> tuple[list[Pushed], list[str], Socket, SpotUpdates]:
    taken, stood, socket = list[Pushed](), list[str](), Socket(*bodies(*told))
    updates = SpotUpdates(socket, line_to(Answers(), SPOT, StillClock(NOW)))
    asyncio.run(updates.listen(taken.append, lambda: stood.append("stands")))
    return taken, stood, socket, updates


SUBSCRIBED = {"id": "subscribe", "status": 200, "result": {"subscriptionId": 0}}


def test_spot_is_subscribed_to_by_a_signature_and_its_recorded_order_is_taken() -> None:
    taken, stood, socket, updates = spot(
        SUBSCRIBED, recorded("spot_pushed_order"), {"subscriptionId": 0, "event": {"e": "balanceUpdate"}}
    )
    assert socket.paths == ["/ws-api/v3"]
    assert [each.client_order_id for each in taken] == ["mUvoqJxFIILMdfAW5iGSOW"]
    assert (stood, sum(updates.unread.values())) == (["stands"], 0)
    asked = json.loads(socket.said[0])
    wanted: dict[str, str | int] = {"apiKey": "key", "recvWindow": 3000, "timestamp": NOW // 1_000_000}
    assert asked["method"] == "userDataStream.subscribe.signature"
    assert asked["params"] == signed_params(wanted, secret="word")


def test_an_event_that_nobody_knows_is_counted_by_its_reason_and_ends_nothing() -> None:
    unknown = {"subscriptionId": 0, "event": {"e": "executionMelted"}}
    taken, _, _, updates = spot(SUBSCRIBED, unknown, recorded("spot_pushed_order"))
    assert (len(taken), updates.unread[UnreadFor.UNKNOWN_WORD]) == (1, 1)
    socket = Socket(*bodies({"e": "ORDER_MELTED"}, UPDATE, {"e": "ORDER_TRADE_UPDATE", "o": {"s": 1}}))
    pushed, _, futures = heard(socket, keyed())
    assert [each.client_order_id for each in pushed] == [OURS]
    assert {why: count for why, count in futures.unread.items() if count} == {
        UnreadFor.UNKNOWN_WORD: 1,
        UnreadFor.MALFORMED: 1,
    }


def test_a_subscription_that_is_refused_hangs_up_and_never_stands() -> None:
    refusal = {"id": "subscribe", "status": 400, "error": {"code": -1022, "msg": "Signature is not valid."}}
    taken, stood, socket, _ = spot(refusal, recorded("spot_pushed_order"))
    assert socket.hung_up
    assert (taken, stood) == ([], [])


def test_an_end_that_binance_tells_hangs_up() -> None:
    for event in ("eventStreamTerminated", "serverShutdown"):
        _, _, socket, _ = spot(SUBSCRIBED, {"subscriptionId": 0, "event": {"e": event}})
        assert socket.hung_up


@given(st.binary(max_size=120))
def test_noise_is_counted_and_ends_nothing(noise: bytes) -> None:
    taken, _, updates = heard(Socket(noise, *bodies(UPDATE)), keyed())
    assert [each.client_order_id for each in taken] == [OURS]
    assert sum(updates.unread.values()) in (0, 1)
