"""Order books and frames of venues, beside those of peers. Budget: 60 s, quick 15 s."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import aiohttp
import msgspec
import numpy as np

from benchmarks import Figure, amount, at_least, at_most, median
from benchmarks.delta_stream import Delta, deltas
from benchmarks.peer_frames import Tick
from benchmarks.peer_seat import terms_of
from benchmarks.peer_tape import BEGIN_NS, PERP
from benchmarks.peers import BENCH, CCXT, HERE, peer
from flatbook.backtest.kernel.market import CompiledMarket
from flatbook.backtest.simulator import Stop
from flatbook.backtest.tape import Columns, MemoryTape, TapeHead, covers_of
from flatbook.market.orderbook import OrderBook
from flatbook.market.ticks import LAST, Kind
from flatbook.ops.clock import SystemClock
from flatbook.venues.websocket import SessionSocket

DELTAS = amount(1_000_000, 100_000)
FRAMES = 512 * amount(400, 80)
ROUNDS = amount(5, 3)
BOOK_NS_MAX = 250
BATCH_NS_MAX = 25
LATE_NS = 5_000_000
"""How late the changes of a tape come to us in the second of its runs: several of them are always under way."""
BOOK_CCXT_MIN = 4
FRAMES_MIN = 350_000
FRAMES_WEBSOCKETS_MIN = 2.5
MS = 1_000_000
TICK = (
    '{"e":"bookTicker","u":400900217,"s":"BTCUSDT","b":"101234.10","B":"31.21000000","a":"101234.20",'
    '"A":"40.66000000","T":1568014460891,"E":1568014460891,"p":"' + "y" * 48 + '"}'
)


class Differ(RuntimeError):
    """A peer's book ended elsewhere: then the work was not the same."""


def our_book(changes: list[Delta]) -> tuple[float, int, int]:
    """Returns the nanoseconds of CPU for a change and a read of both best prices, and those in the end."""
    book = OrderBook()
    set_bid, set_ask, seen = book.set_bid, book.set_ask, 0
    begun = time.process_time_ns()
    for is_ask, price, size in changes:
        if is_ask:
            set_ask(price, size)
        else:
            set_bid(price, size)
        seen += book.best_bid + book.best_ask
    return (time.process_time_ns() - begun) / len(changes), book.best_bid, book.best_ask


def books() -> list[Figure]:
    """Measures our book and the peers' in turn."""
    changes, ours = deltas(DELTAS), list[float]()
    theirs: dict[str, list[float]] = {"ccxt": [], "nautilus": []}
    for _ in range(ROUNDS):
        took, bid, ask = our_book(changes)
        ours.append(took)
        for name, python in (("ccxt", CCXT), ("nautilus", BENCH)):
            told = peer(python, "peer_books.py", name, DELTAS)
            if told is None:
                continue
            if (told["bid"], told["ask"]) != (bid, ask):
                raise Differ(f"{name} ends at {told['bid']} and {told['ask']}, we at {bid} and {ask}")
            theirs[name].append(told["ns"])
    mine = median(ours)
    figures = [at_most("our book, a change and both best prices", mine, "ns", BOOK_NS_MAX)]
    for name, goal in (("ccxt", BOOK_CCXT_MIN), ("nautilus", 1)):
        if theirs[name]:
            its = median(theirs[name])
            figures += [
                Figure(f"{name}: its book, the same", its, "ns"),
                at_least(f"{name}'s time, of ours", its / mine, "x", goal),
            ]
    return figures


def rebuilt(changes: list[Delta], late_ns: int = 0) -> tuple[float, int, int]:
    """Returns the nanoseconds of CPU for a change of a tape that a backtest scans, and where its book ends."""
    tape = tape_of(changes, late_ns)
    market = CompiledMarket(tape, terms_of())
    begun = time.process_time_ns()
    while market.run() is not Stop.ENDED:
        market.samples()
    taken = time.process_time_ns() - begun
    touch = market.touch(0)
    return taken / len(changes), 0 if touch is None else touch.bid, 0 if touch is None else touch.ask


def tape_of(changes: list[Delta], late_ns: int) -> MemoryTape:
    """Returns changes as a tape, each a message of its own, a millisecond apart, which we see so much later."""
    rows = len(changes)
    is_ask, price, size = (np.array([each[column] for each in changes]) for column in range(3))
    at, none = BEGIN_NS + MS * np.arange(1, rows + 1), np.zeros(rows, np.int64)
    kind = np.where(is_ask, Kind.ASK, Kind.BID).astype(np.int8)
    inst, last = none.astype(np.int16), np.full(rows, LAST, np.int8)
    columns = Columns(at, at + late_ns, kind, inst, price, size, none, none, none, last)
    return MemoryTape(TapeHead(instruments=(PERP,), covers=covers_of(columns), rows=rows), columns)


def batch() -> list[Figure]:
    """Measures the same changes on a tape: matched, seen, and nobody woken."""
    changes = deltas(DELTAS)
    _, bid, ask = our_book(changes)
    rebuilt(changes[: DELTAS // 10])
    at_once, late = ([rebuilt(changes, late_ns) for _ in range(ROUNDS)] for late_ns in (0, LATE_NS))
    if any((each[1], each[2]) != (bid, ask) for each in (*at_once, *late)):
        raise Differ(f"a tape ends at {at_once[0][1:]} and {late[0][1:]}, the book at {bid} and {ask}")
    mine, later = (median([each[0] for each in taken]) for taken in (at_once, late))
    return [
        at_most("a book rebuilt by a backtest's scan, a change", mine, "ns", BATCH_NS_MAX),
        Figure("the same where each is seen 5 ms later", later, "ns"),
    ]


@contextmanager
def serving(text: str) -> Iterator[int]:
    """Gives the port of a server, in a process of its own, that says a text FRAMES times to who comes first."""
    command = [sys.executable, str(HERE / "frame_server.py"), text, str(FRAMES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield int(server.stdout.readline())
        finally:
            server.kill()


def rate_of(text: str, hear: Callable[[bytes], None]) -> float:
    """Returns the messages per second of CPU that our socket receives and something reads."""
    heard = 0

    def count(frame: bytes) -> tuple[str, ...]:
        nonlocal heard
        heard += 1
        hear(frame)
        return ()

    async def listen(port: int) -> float:
        socket = SessionSocket(f"http://127.0.0.1:{port}", SystemClock(0), connect=aiohttp.TCPConnector)
        begun = time.process_time()
        await socket.converse("/", (), count)
        return time.process_time() - begun

    with serving(text) as port:
        took = asyncio.run(listen(port))
    if heard != FRAMES:
        raise Differ(f"{heard} of {FRAMES} frames came")
    return heard / took


def frames() -> list[Figure]:
    """Measures our socket with a typed reader behind it, and `websockets` with the same one."""
    decode = msgspec.json.Decoder(Tick).decode
    ours, theirs = list[float](), list[float]()
    for _ in range(ROUNDS):
        ours.append(rate_of(TICK, decode))
        with serving(TICK) as port:
            told = peer(BENCH, "peer_frames.py", port)
        theirs += [told["rate"]] if told is not None else []
    figures = [at_least(f"frames of {len(TICK)} bytes received and read, of CPU", median(ours), "frames/s", FRAMES_MIN)]
    if theirs:
        figures += [
            Figure("websockets: the same", median(theirs), "frames/s"),
            at_least("our frames, of its", median(ours) / median(theirs), "x", FRAMES_WEBSOCKETS_MIN),
        ]
    return figures


def run() -> list[Figure]:
    """Measures books, one by one and in a batch, then frames."""
    return [*books(), *batch(), *frames()]
