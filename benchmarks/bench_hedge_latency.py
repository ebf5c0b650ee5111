"""From a fill that the engine is handed to its hedge's bytes at a broker that listens on TCP. Budget: 60 s, quick 20 s.

The broker is a simulated Alpaca in a process of its own, which notes when the bytes of an order reach its end of the
socket; the adapter, the connections and the journal are those of a live desk.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from itertools import islice, product
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from sqlite3 import Connection as Database
from string import ascii_uppercase

import aiohttp
import msgspec
from aiohttp.web import Server
from aiohttp.web_protocol import RequestHandler

from benchmarks import TIMES, Figure, amount, at_most, folder, median, microseconds, share
from benchmarks.bench_journal import raw_append
from benchmarks.desk import CHAIN, LIMITS, PARAMS, RULES, quote_at
from benchmarks.workload import BASE, OWNER, START, USD, USDC, fill_at
from flatbook.engine.follow import Pace
from flatbook.engine.ports import ChainRead, Journal
from flatbook.engine.rules import HedgeRules, Rules
from flatbook.engine.run import Engine, Parts
from flatbook.events.control import Mode
from flatbook.journal.memory import MemoryJournal
from flatbook.journal.sqlite import commit_durably, create_journal, open_journal
from flatbook.market.quotes import Market
from flatbook.ops.clock import SystemClock
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.alpaca.terms import AlpacaTerms, Asset, OpeningAccount
from flatbook.sim.tapes.bars import PAPER_BARS
from flatbook.values.ids import AccountId, InstrumentId, Underlying
from flatbook.values.instants import NS_PER_S
from flatbook.values.instruments import Instrument, Side
from flatbook.values.money import ONE, Money, Price
from flatbook.venues.alpaca.venue import ALPACA_CARD, AlpacaAccount, AlpacaVenue
from flatbook.venues.alpaca.wire import trading_api, trading_headers
from flatbook.venues.http import SessionHttp

HEDGES = amount(200, 60)
REST_S = 0.01
READY_S = 0.05
LATENCY_US_MAX = 5_000.0
COMMIT_TIMES_MAX = 1.3
INTO_SESSION_S = 3_600
ALPACA, NUMBER = AccountId("alpaca"), "904837e3-3b76-47ec-b432-046db621571b"
KEY, SECRET = "key", "secret"
PRICE = Price(Decimal(225))
ORDERS, PLACES = b"/orders", b"POST "
PACE = Pace(chain_poll_s=600, order_poll_s=600, idle_poll_s=600, statement_s=600, retry_s=5)  # nothing in between


def symbols() -> tuple[str, ...]:
    """Returns a share for each hedge, so that none waits for another."""
    return tuple("".join(("Q", *letters)) for letters in islice(product(ascii_uppercase, repeat=3), HEDGES))


def shift_s() -> int:
    """Returns how far the clocks of both processes are from the machine's: an hour into a regular session. Units: s."""
    return START // NS_PER_S + INTO_SESSION_S - time.time_ns() // NS_PER_S


class Watching(RequestHandler):
    """A connection of the broker, which notes when the bytes of an order come."""

    def __init__(self, server: Server, told: Connection) -> None:
        super().__init__(server, loop=asyncio.get_running_loop())
        self._told = told

    def data_received(self, data: bytes) -> None:
        """Takes what came."""
        if data.startswith(PLACES) and ORDERS in data:
            self._told.send(time.perf_counter_ns())
        super().data_received(data)


async def serve(told: Connection, shift: int) -> None:
    """Serves the broker, says where, and ends when it is told to."""
    terms = AlpacaTerms(
        accounts=(OpeningAccount(account_id=NUMBER, cash=Money(Decimal(1_000_000_000))),),
        assets=tuple(Asset(symbol=symbol) for symbol in symbols()),
        key=KEY,
        secret=SECRET,
        trading_account=NUMBER,
        requests_per_minute=1_000_000,
    )

    async def rest(ms: int) -> None:
        await asyncio.sleep(ms / 1_000)

    runner = AlpacaServer(terms, lambda _symbol, _at: PRICE, now=SystemClock(shift).now, rest=rest).runner()
    await runner.setup()
    loop, inner = asyncio.get_running_loop(), runner.server
    assert inner is not None
    listening = await loop.create_server(lambda: Watching(inner, told), "127.0.0.1", 0)
    told.send(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}")
    await loop.run_in_executor(None, told.recv)
    listening.close()
    await runner.cleanup()


def broker_process(told: Connection, shift: int) -> None:
    """Is a process that serves the broker."""
    asyncio.run(serve(told, shift))


@contextmanager
def broker(shift: int) -> Iterator[Connection]:
    """Gives the line to a broker in a process of its own; the first thing that it says is its address."""
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=broker_process, args=(theirs, shift))
    process.start()
    yield ours
    ours.send("end")
    process.join()


def instruments() -> tuple[Instrument, ...]:
    """Returns the shares at the broker."""
    return tuple(
        Instrument(
            id=InstrumentId(f"{symbol}/USD@alpaca"),
            account=ALPACA,
            symbol=symbol,
            underlying=Underlying(symbol),
            quote=USD,
            rules=RULES,
        )
        for symbol in symbols()
    )


def rules_of(listed: tuple[Instrument, ...]) -> Rules:
    """Returns the rules of the desk."""
    return Rules(
        hedges={(OWNER, each.underlying): HedgeRules(params=PARAMS, instrument=each, backup=None) for each in listed},
        instruments={each.id: each for each in listed},
        cards={ALPACA: ALPACA_CARD},
        chains={CHAIN: BASE},
        limits=LIMITS,
        marks={USDC: Price(ONE)},
        residue_usd_max=Decimal(1_000_000_000),
        depeg_bps_max=50,
        resends_max=5,
        config_digest="synthetic",
    )


class Scene:
    """A live desk's engine over a journal, with the adapter of Alpaca over TCP."""

    def __init__(self, journal: Journal, url: str, told: Connection, clock: SystemClock) -> None:
        self.clock, self._told, listed = clock, told, instruments()
        proof = trading_headers(KEY, SECRET)
        self.http = SessionHttp(url, clock, connect=aiohttp.TCPConnector, authorize=lambda: proof)
        account = AlpacaAccount(account=ALPACA, api=trading_api(), instruments=listed)
        self.engine = Engine(
            Parts(
                journal=journal,
                venues={ALPACA: AlpacaVenue(self.http, clock, account=account)},
                sources=(),
                clock=clock,
                rules=rules_of(listed),
                market=Market(),
                pace=PACE,
                mode=Mode.LIVE,
                version="bench",
            )
        )

    async def hedge(self, number: int, symbol: str) -> float:
        """Returns the microseconds from the hand-over of a fill to its order's bytes at the broker."""
        now = self.clock.now()
        self.engine.observe(Underlying(symbol), PAPER_BARS, quote_at(now, PRICE))
        fill = msgspec.structs.replace(
            fill_at(number),
            underlying=Underlying(symbol),
            instrument=InstrumentId(f"wt{symbol}/USDC@base"),
            side=Side.SELL,
            happened_at=now,
            seen_at=now,
        )
        arriving = asyncio.get_running_loop().run_in_executor(None, self._told.recv)
        await asyncio.sleep(REST_S)
        begun = time.perf_counter_ns()
        self.engine.deliver(ChainRead(source=CHAIN, events=(fill,), cursor=str(number)))
        arrived: int = await arriving
        return (arrived - begun) / 1_000

    async def run(self, before: Callable[[], object], after: Callable[[], object]) -> list[float]:
        """Hedges a fill of each share, and does something before each and, after a rest, behind it."""
        running = asyncio.create_task(self.engine.run())
        while len(self.engine.wakes.resumed()) < HEDGES:  # noqa: ASYNC110
            await asyncio.sleep(READY_S)
        taken = []
        for number, symbol in enumerate(symbols(), 1):
            before()
            taken.append(await self.hedge(number, symbol))
            await asyncio.sleep(REST_S)
            after()
        self.engine.stop("measured")
        await running
        await self.http.close()
        return taken


class Commits:
    """The commits of a journal, each timed. `of_hedges` are the first ones of each hedge: the fill with its intent."""

    def __init__(self) -> None:
        self.of_hedges: list[float] = []
        self._is_next = False

    def expect(self) -> None:
        """Takes the next commit for that of a hedge."""
        self._is_next = True

    def commit(self, database: Database) -> None:
        """Makes a transaction durable."""
        took = microseconds(lambda: commit_durably(database))
        if self._is_next:
            self.of_hedges.append(took)
        self._is_next = False


def latencies(journal: Journal, before: Callable[[], object] = int, after: Callable[[], object] = int) -> list[float]:
    """Returns the microseconds of all hedges over a journal."""
    shift = shift_s()
    with broker(shift) as told:
        return asyncio.run(Scene(journal, told.recv(), told, SystemClock(shift)).run(before, after))


def durable(place: Path) -> tuple[list[float], list[float], list[float]]:
    """Returns the microseconds of hedges, of the commits under them, and of raw durable appends beside them."""
    path, commits, raw = place / "journal.sqlite", Commits(), list[float]()
    if not path.exists():
        create_journal(path)
    append = raw_append(place / "raw", os.fdatasync)
    with closing(open_journal(path, commit=commits.commit)) as journal:
        taken = latencies(journal, commits.expect, lambda: raw.append(microseconds(append)))
    return taken, commits.of_hedges, raw


def run() -> list[Figure]:
    """Measures hedges over SQLite, where the intent is durable before anything leaves, and over memory."""
    memory = latencies(MemoryJournal())
    with folder() as place:
        taken, commits, raw = durable(place)
    return [
        at_most("fill to order's bytes at Alpaca's socket, durable, median", median(taken), "us", LATENCY_US_MAX),
        Figure("fill to order's bytes at Alpaca's socket, durable, 99 of 100 below", share(taken, 0.99), "us"),
        Figure("fill to order's bytes at Alpaca's socket, memory journal, median", median(memory), "us"),
        Figure("commit alone, median", median(commits), "us"),
        Figure("raw append and fdatasync beside it, median", median(raw), "us"),
        at_most("commit alone, of raw fdatasync", median(commits) / median(raw), TIMES, COMMIT_TIMES_MAX),
    ]
