"""Sessions of many shapes, as files, beside the client: streams at once, breaks, late whole books, whole books amid."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from flatbook.market.depth import Grid, text_of
from tests.captures.compare import compared, verdict_of, words_of
from tests.captures.files import session_of
from tests.captures.venues import parts_of
from tests.captures.walk import GRID, Change, walk
from tests.clients.serving import client_python

COUNT = 24
FIRST, SECOND = (walk(random.Random(seed), COUNT) for seed in (31, 32))
Record = dict[str, object]
Rows = list[list[str]]


def rows(levels: list[tuple[int, int]], grid: Grid = GRID) -> Rows:
    return [[text_of(units, decimals) for units, decimals in zip(level, grid, strict=True)] for level in levels]


def sides(change: Change, *, is_whole: bool) -> tuple[Rows, Rows]:
    both = (change.bids_after, change.asks_after) if is_whole else (change.bids, change.asks)
    return rows(both[0]), rows(both[1])


def connect(url: str, conn: str = "c") -> Record:
    return {"t": "connect", "conn": conn, "addr": url}


def recv(told: object, conn: str = "c") -> Record:
    return {"t": "recv", "conn": conn, "data": json.dumps(told)}


def http(url: str, told: object) -> Record:
    return {"t": "http", "conn": "h", "url": url, "data": json.dumps(told)}


def recorded(path: Path, name: str, records: Iterator[Record]) -> Path:
    """Writes a session."""
    text = "".join(json.dumps({**record, "ts": 1_700_000_000 + at / 10}) + "\n" for at, record in enumerate(records))
    (path / f"{name}.jsonl").write_text(text)
    return path / f"{name}.jsonl"


def okx_at_once() -> Iterator[Record]:
    """Three depths of one market over one connection, an idle message, and numbers that begin anew."""
    yield connect("wss://ws.okx.com:8443/ws/v5/public")
    yield recv({"event": "subscribe", "arg": {"channel": "books5", "instId": "A-B"}})
    before = -1
    for place, change in enumerate(FIRST):
        number = 500 + 7 * place if place < 12 else place
        told = sides(change, is_whole=place == 0)
        yield recv(_okx("books", told, number, before, "update" if place else "snapshot"))
        yield recv(_okx("books", ([], []), number, number, "update"))
        best = (rows(change.bids_after[:5]), rows(change.asks_after[:5]))
        yield recv(_okx("books5", best, number))
        yield recv(_okx("bbo-tbt", (best[0][:1], best[1][:1]), number))
        before = number


def _okx(channel: str, told: tuple[Rows, Rows], number: int, before: int = 0, action: str = "") -> Record:
    numbers = {"seqId": number, "checksum": 0, "ts": "1700000000000", **({"prevSeqId": before} if action else {})}
    bids, asks = ([[*row, "0", "1"] for row in side] for side in told)
    head = {"arg": {"channel": channel, "instId": "A-B"}, **({"action": action} if action else {})}
    return {**head, "data": [{"bids": bids, "asks": asks, **numbers}]}


def okx_twice_in_a_frame() -> Iterator[Record]:
    yield connect("wss://ws.okx.com:8443/ws/v5/public")
    yield recv(_okx("books", sides(FIRST[1], is_whole=True), 1, -1, "snapshot"))
    for place in range(2, COUNT, 2):
        first, second = (
            _okx("books", sides(FIRST[at], is_whole=False), at, at - 1, "update") for at in (place, place + 1)
        )
        yield recv({**first, "data": [*first["data"], *second["data"]]})  # type: ignore[misc]


def bitget_two_products() -> Iterator[Record]:
    """One name in two products over one connection, and whole books again amid the changes."""
    yield connect("wss://ws.bitget.com/v2/ws/public")
    for place in range(COUNT):
        for product, changes in (("SPOT", FIRST), ("USDT-FUTURES", SECOND)):
            is_whole = place in (0, 9)
            bids, asks = sides(changes[place], is_whole=is_whole)
            arg = {"instType": product, "channel": "books", "instId": "AB"}
            data = [{"bids": bids, "asks": asks, "checksum": 0, "seq": place, "ts": "1700000000000"}]
            yield recv({"action": "snapshot" if is_whole else "update", "arg": arg, "data": data})


def bitget_best() -> Iterator[Record]:
    yield connect("wss://ws.bitget.com/v2/ws/public")
    for change in FIRST:
        arg = {"instType": "SPOT", "channel": "books15", "instId": "AB"}
        data = [{"bids": rows(change.bids_after[:15]), "asks": rows(change.asks_after[:15]), "ts": "1700000000000"}]
        yield recv({"action": "snapshot", "arg": arg, "data": data})


def bybit_at_once() -> Iterator[Record]:
    """Two depths of one market, whose numbers begin anew, over a connection that is opened again."""
    for changes in (FIRST, SECOND):
        yield connect("wss://stream.bybit.com/v5/public/linear")
        for place, change in enumerate(changes):
            is_whole = place in (0, 9)
            bids, asks = sides(change, is_whole=is_whole)
            told = {"s": "AB", "b": bids, "a": asks, "u": 50 + place if place < 9 else place - 8}
            yield recv({"topic": "orderbook.50.AB", "type": "snapshot" if is_whole else "delta", "data": told})
            best = {"s": "AB", "b": rows(change.bids_after[:1]), "a": rows(change.asks_after[:1]), "u": place // 2 + 9}
            yield recv({"topic": "orderbook.1.AB", "type": "snapshot", "data": best})


def coinbase_twice_in_a_frame() -> Iterator[Record]:
    """Two products of their own decimals in one frame, and two events of one of them."""
    yield connect("wss://advanced-trade-ws.coinbase.com")
    grid = Grid(3, 1)
    for place, change in enumerate(FIRST):
        other = (change.bids_after, change.asks_after) if not place else (change.bids, change.asks)
        events = [_coinbase("A-USD", sides(change, is_whole=not place), is_whole=not place)]
        events.append(_coinbase("B-USD", (rows(other[0], grid), rows(other[1], grid)), is_whole=not place))
        events += [_coinbase("A-USD", ([], [["999999.99", str(place + 1)]]), is_whole=False)] if place else []
        yield recv({"channel": "l2_data", "timestamp": "", "sequence_num": place, "events": events})


def _coinbase(product: str, told: tuple[Rows, Rows], *, is_whole: bool) -> Record:
    updates = [
        {"side": side, "price_level": price, "new_quantity": size}
        for side, levels in zip(("bid", "offer"), told, strict=True)
        for price, size in levels
    ]
    return {"type": "snapshot" if is_whole else "update", "product_id": product, "updates": updates}


GATE_ASKED = "https://api.gateio.ws/api/v4/spot/order_book?currency_pair=A_B&limit=100&with_id=true"


def gate_whole_amid() -> Iterator[Record]:
    """The first whole book is too old, and the next one in time; later two come in the stream itself."""
    yield connect("wss://api.gateio.ws/ws/v4/")
    for place in range(2, COUNT):
        if place in (4, 8):
            before = FIRST[0 if place == 4 else place - 1]
            sides_before = {"bids": rows(before.bids_before), "asks": rows(before.asks_before)}
            yield http(GATE_ASKED, {"id": 5 if place == 4 else 10 * (place - 1) + 5, **sides_before})
        is_whole = place in (12, 18)
        bids, asks = sides(FIRST[place], is_whole=is_whole)
        numbers = {"u": 10 * place + 10, **({"full": True} if place == 18 else {"U": 10 * place + 1, "full": is_whole})}
        told = {"s": "A_B", "t": 1_700_000_000_000, "b": bids, "a": asks, **numbers}
        yield recv({"channel": "spot.order_book_update", "event": "update", "result": told})


def gate_second_version() -> Iterator[Record]:
    yield connect("wss://api.gateio.ws/ws/v4/")
    for place, change in enumerate(FIRST):
        is_whole = place in (0, 9)
        bids, asks = sides(change, is_whole=is_whole)
        numbers = {"u": 10 * place + 10, **({"full": True} if is_whole else {"U": 10 * place + 1})}
        told = {"s": "ob.A_B.50", "t": 1_700_000_000_000, "b": bids, "a": asks, **numbers}
        yield recv({"channel": "spot.obu", "event": "update", "result": told})


def gate_contracts() -> Iterator[Record]:
    """Sizes are whole numbers, or texts where decimals were asked for."""

    def levels(side: list[tuple[int, int]], place: int) -> list[Record]:
        return [{"p": text_of(price, 2), "s": size if place % 2 else str(size)} for price, size in side]

    yield connect("wss://fx-ws.gateio.ws/v4/ws/usdt")
    for place, change in enumerate(FIRST):
        if place == 3:
            whole = {"bids": levels(change.bids_before, 1), "asks": levels(change.asks_before, 1)}
            yield http("https://x/api/v4/futures/usdt/order_book?contract=A_B&with_id=true", {"id": 35, **whole})
        told = {"s": "A_B", "t": 1, "l": "100", "U": 10 * place + 1, "u": 10 * place + 10}
        both = {"b": levels(change.bids, place) or None, "a": levels(change.asks, place) or None}
        yield recv({"channel": "futures.order_book_update", "event": "update", "result": {**told, **both}})


def binance_late_and_broken(*, name: str = "AB", is_alone: bool = False) -> Iterator[Record]:
    """The first whole book is too old; a message is missing and a whole book comes; the connection is opened again."""
    for changes, base in ((FIRST, 0), (SECOND, 5_000)):
        yield connect(f"wss://stream.binance.com:9443/{'ws/ab@depth' if is_alone else 'stream?streams=ab@depth'}")
        for place in range(2, COUNT):
            if place in (4, 8, 16):
                of = 0 if place == 4 else place
                whole = {"bids": rows(changes[of].bids_before), "asks": rows(changes[of].asks_before)}
                yield http(f"https://x/api/v3/depth?symbol={name}", {"lastUpdateId": base + 10 * of + 5, **whole})
            if place == 12:
                continue
            bids, asks = sides(changes[place], is_whole=False)
            numbers = {"U": base + 10 * place + 1, "u": base + 10 * place + 10, "E": 1_700_000_000_000}
            told = {"e": "depthUpdate", "s": name, **numbers, "b": bids, "a": asks}
            yield recv(told if is_alone else {"stream": "ab@depth@100ms", "data": told})


def bitstamp_between() -> Iterator[Record]:
    """The whole book is as of between two changes that came before it."""
    yield connect("wss://ws.bitstamp.net")
    for place, change in enumerate(FIRST):
        if place == 7:
            told = {"bids": rows(FIRST[3].bids_before), "asks": rows(FIRST[3].asks_before)}
            yield http("https://www.bitstamp.net/api/v2/order_book/a-perp/", {"microtimestamp": "1250000", **told})
        bids, asks = sides(change, is_whole=False)
        data = {"microtimestamp": str(1_000_000 + 100_000 * place), "bids": bids, "asks": asks}
        yield recv({"event": "data", "channel": "diff_order_book_a-perp", "data": data})


def of_exponents() -> Iterator[Record]:
    for place, record in enumerate(bybit_at_once()):
        yield (
            record
            if place < 12 or "data" not in record
            else {**record, "data": str(record["data"]).replace('"u": ', '"u": 1e0, "was": ')}
        )


def gemini_without_auctions() -> Iterator[Record]:
    yield connect("wss://api.gemini.com/v2/marketdata")
    for place, change in enumerate(FIRST):
        bids, asks = sides(change, is_whole=not place)
        changes = [["buy", *row] for row in bids] + [["sell", *row] for row in asks]
        told = {"type": "l2_updates", "symbol": "ABPERP", "changes": changes}
        yield recv(told if place else {**told, "trades": []})


GONE = "; we have none after {} others, from message {} on: {}"
SHAPES: tuple[tuple[Iterator[Record], str], ...] = (
    (okx_at_once(), f"equal {4 * COUNT} messages"),
    (okx_twice_in_a_frame(), f"equal {COUNT // 2} messages"),
    (bitget_two_products(), f"equal {2 * COUNT} messages"),
    (bitget_best(), f"equal {COUNT} messages"),
    (bybit_at_once(), f"equal {4 * COUNT} messages"),
    (coinbase_twice_in_a_frame(), f"equal {2 * COUNT} messages"),
    (gate_second_version(), f"equal {COUNT} messages"),
    (gate_contracts(), f"equal {COUNT - 2} messages"),
    (bitstamp_between(), f"equal {COUNT - 6} messages"),
    (gemini_without_auctions(), f"equal {COUNT} messages"),
    (gate_whole_amid(), "equal 17 messages" + GONE.format(5, 3, "gap")),
    (binance_late_and_broken(), "equal 28 messages" + GONE.format(16, 3, "gap")),
    (binance_late_and_broken(is_alone=True), "equal 28 messages" + GONE.format(16, 3, "gap")),
    (binance_late_and_broken(name="币AB"), "equal 28 messages" + GONE.format(16, 3, "gap")),
    (of_exponents(), "equal 11 messages" + GONE.format(85, 12, "unread (malformed)")),
)


@pytest.mark.real
def test_sessions_of_any_shape_lead_to_the_books_of_the_client_or_say_why_not(tmp_path: Path) -> None:
    paths = [recorded(tmp_path, str(place), shape) for place, (shape, _) in enumerate(SHAPES)]
    parts = [parts_of(path.name, session_of([path]).lines) for path in paths]
    pairs = iter(compared([part for each in parts for part in each], client_python("ccxt")))
    together = [
        sorted((pair for _ in each for pair in next(pairs)), key=lambda pair: pair.line.number) for each in parts
    ]
    said = [words_of(verdict_of(each)) for each in together]
    assert said == [(text, True) for _, text in SHAPES]
