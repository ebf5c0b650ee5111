"""What Alpaca pushes, as the adapter takes it: hints that are asked for, each order once at a time."""

from __future__ import annotations

import asyncio

import msgspec

from flatbook.engine.reports import OrderReport, Unknown, VenueStatus
from flatbook.market.depth import UnreadFor
from flatbook.values.ids import InstrumentId, OrderId
from flatbook.venues.alpaca import parse
from flatbook.venues.alpaca.stream import HINTS_MAX, LISTEN, BrokerUpdates, Hints, TradingUpdates
from flatbook.venues.event_stream import HearEvent
from flatbook.venues.http import Request
from flatbook.venues.silence import StreamEnd
from flatbook.venues.websocket import Hear

SYMBOLS = {"AAPL": InstrumentId("alpaca:AAPL")}
ORDER = {
    "id": "61e7b016-9c91-4a97-b912-615c9d365c9d",
    "client_order_id": "one",
    "symbol": "AAPL",
    "side": "buy",
    "qty": "10",
    "filled_qty": "0",
    "status": "new",
    "updated_at": "2026-06-02T14:00:00Z",
}


def update(**changes: object) -> bytes:
    return msgspec.json.encode({"event": "new", "account_id": "acc", "event_id": "01A", "order": ORDER | changes})


def read(body: bytes, account_id: str = "acc") -> OrderReport | Unknown | None:
    return parse.trade_update(body, account_id=account_id, symbols=SYMBOLS)


class Socket:
    """A conversation whose other end says what a test says. Stands where SessionSocket stands."""

    def __init__(self, *told: bytes) -> None:
        self.told, self.said = told, list[str]()

    async def converse(self, path: str, opening: tuple[str, ...], hear: Hear) -> StreamEnd:
        self.said += opening
        for body in self.told:
            self.said += hear(body) or ()
        return StreamEnd.CLOSED


class Events:
    """A stream of events that a test says."""

    def __init__(self, *told: bytes, comments: tuple[bytes, ...] = ()) -> None:
        self.told, self.comments = told, comments
        self.ends = StreamEnd.CLOSED
        self.asked: list[Request] = []

    async def follow(self, request: Request, hear: HearEvent, comment: HearEvent) -> StreamEnd:
        self.asked.append(request)
        for text in self.comments:
            comment(text)
        for body in self.told if self.ends is StreamEnd.CLOSED else ():
            hear(body)
        return self.ends


def test_an_update_is_the_report_of_its_order_without_executions() -> None:
    report = read(update())
    assert isinstance(report, OrderReport)
    assert (report.order_id, report.status, report.complete) == ("one", VenueStatus.OPEN, True)
    filled = read(update(status="filled", filled_qty="10", filled_at="2026-06-02T14:00:01Z"))
    assert isinstance(filled, OrderReport)
    assert (filled.filled_qty, filled.executions, filled.complete) == (10, (), False)


def test_updates_of_other_accounts_are_none_of_ours_and_what_cannot_be_read_is_unknown() -> None:
    assert read(update(), account_id="another") is None
    assert isinstance(read(update(qty="ten")), Unknown)
    assert isinstance(read(update(qty=1e-9)), Unknown)
    for body in (b"", b"{", b"[]", b"[" * 10_000, update()[:-3]):
        assert isinstance(read(body), Unknown)


def test_the_socket_is_told_who_we_are_then_what_we_listen_to() -> None:
    told = b'{"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}}'
    pushed = b'{"stream": "trade_updates", "data": {"event": "new"}}'
    socket, taken = Socket(told, b'{"stream": "listening", "data": {"streams": []}}', pushed, b"{"), list[bytes]()
    updates = TradingUpdates(socket, lambda: ("key", "word"))
    assert asyncio.run(updates.listen(taken.append)) is StreamEnd.CLOSED
    assert [msgspec.json.decode(text) for text in socket.said] == [
        {"action": "authenticate", "data": {"key_id": "key", "secret_key": "word"}},
        msgspec.json.decode(LISTEN),
    ]
    assert taken == [b'{"event": "new"}']
    assert updates.unread[UnreadFor.MALFORMED] == 1


def test_a_refused_proof_listens_to_nothing() -> None:
    socket = Socket(b'{"stream": "authorization", "data": {"status": "unauthorized", "action": "authenticate"}}')
    asyncio.run(TradingUpdates(socket, lambda: ("key", "word")).listen(lambda _body: None))
    assert len(socket.said) == 1


def test_a_stream_of_events_continues_after_the_last_event_that_was_read() -> None:
    events = Events(update(), comments=(b"heartbeat", b"you are reading too slowly, dropped 3 messages"))
    updates, taken = BrokerUpdates(events, "acc"), list[bytes]()
    asyncio.run(updates.listen(taken.append))
    asyncio.run(updates.listen(taken.append))
    assert [request.query for request in events.asked] == [(("id", "acc"),), (("id", "acc"), ("since_id", "01A"))]
    assert (len(taken), updates.lost) == (2, 2)


def test_an_event_without_a_readable_number_makes_the_next_stream_begin_anew() -> None:
    events = Events(update(), b'{"event_id": 7}')
    updates = BrokerUpdates(events, "acc")
    asyncio.run(updates.listen(lambda _body: None))
    asyncio.run(updates.listen(lambda _body: None))
    assert events.asked[1].query == (("id", "acc"),)


def test_after_a_refusal_the_next_stream_does_not_ask_for_what_came_after_an_event() -> None:
    events = Events(update())
    updates = BrokerUpdates(events, "acc")
    asyncio.run(updates.listen(lambda _body: None))
    events.ends = StreamEnd.REFUSED
    for _ in range(2):
        asyncio.run(updates.listen(lambda _body: None))
    since = [("since_id", "01A") in request.query for request in events.asked]
    assert since == [False, True, False]


def test_hints_wait_once_each_and_those_without_room_are_counted() -> None:
    async def scene() -> tuple[list[OrderId | None], int]:
        hints = Hints()
        for number in (1, 2, 1):
            hints.add(OrderId(f"o{number}"))
        for number in range(HINTS_MAX):
            hints.add(OrderId(f"x{number}"))
        hints.end()
        return [await hints.take() for _ in range(2)], hints.shed

    assert asyncio.run(scene()) == (["o1", "o2"], 2)


def test_who_takes_hints_goes_once_the_stream_has_ended() -> None:
    async def scene() -> OrderId | None:
        hints = Hints()
        asyncio.get_running_loop().call_soon(hints.end)
        return await hints.take()

    assert asyncio.run(scene()) is None
