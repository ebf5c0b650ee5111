"""`flatbook sim serve`: a simulated broker or exchange as a process of its own, over TCP on this machine, in real time.

Its books are in the process and, line by line, in a file: they outlive every desk that trades there.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from pathlib import Path

import msgspec
from aiohttp import web

from flatbook.ops.clock import SystemClock
from flatbook.services.sim_exchange import ExchangePlay, exchange_server
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.alpaca.terms import AlpacaTerms, Asset, OpeningAccount
from flatbook.sim.chance import digest, draw
from flatbook.sim.exchange.served import ServedExchange
from flatbook.sim.network.http_broker import HttpBroker
from flatbook.sim.network.served_books import ServedBooks
from flatbook.sim.network.wire_faults import InjectedBroker
from flatbook.sim.schwab.server import SchwabServer
from flatbook.sim.schwab.terms import SchwabTerms
from flatbook.sim.world.injection import Injection
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.money import Money, Quantity, cut

HOST = "127.0.0.1"
STEP_S = 5
SPREAD_BPS = 20
CENTS = 2
MS = 0.001


class Broker(Enum):
    """Which broker or exchange is played."""

    ALPACA = "alpaca"
    SCHWAB = "schwab"
    BINANCE = "binance"
    BYBIT = "bybit"


EXCHANGES = (Broker.BINANCE, Broker.BYBIT)


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """What is served.

    Units: USD per share in `prices`, shares in `holdings`, basis points in `faults`, by their ids. At an exchange
    prices are those of symbols such as BTCUSDT, holdings coins, and cash USDT, in each of its wallets.
    """

    broker: Broker
    account: str
    key: str
    secret: str
    prices: Mapping[str, Decimal]
    holdings: Mapping[str, Decimal]
    cash: Decimal
    faults: Mapping[str, int]
    books: Path
    recordings: Mapping[str, Path] = {}
    seed: str = "1"
    shift_s: int = 0
    port: int = 0


class Timed:
    """The true time of a server: that of the machine, shifted."""

    def __init__(self, shift_s: int) -> None:
        self._clock = SystemClock(shift_s)

    @property
    def instant(self) -> Instant:
        """The present instant."""
        return self._clock.now()

    async def rest(self, ms: int) -> None:
        """Lets time pass. Units: ms."""
        await asyncio.sleep(ms * MS)

    def later(self, at: Instant, act: Callable[[], None]) -> None:
        """Calls at an instant."""
        wait_ns = max(0, at - self.instant)
        asyncio.get_running_loop().call_later(wait_ns / NS_PER_S, act)


async def serve(serving: Serving, ready: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT. SIGUSR1 ends all faults. `ready` is told the address.

    Errors: OSError when the port is taken or the file of the books cannot be written.
    """
    timed = Timed(serving.shift_s)
    listening = socket.create_server((HOST, serving.port))
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    injection = Injection(serving.seed, serving.faults, lambda _fault, _where: None)
    server, close = _opened(serving, url, timed, injection)
    runner = server.runner()
    await runner.setup()
    await web.SockSite(runner, listening).start()
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopped.set)
    loop.add_signal_handler(signal.SIGUSR1, injection.stop)
    ready(url)
    try:
        await stopped.wait()
    finally:
        await runner.cleanup()
        close()


def _opened(serving: Serving, url: str, timed: Timed, injection: Injection) -> tuple[HttpBroker, Callable[[], None]]:
    """Returns what is served, and what closes its books."""
    if serving.broker in EXCHANGES:
        play = ExchangePlay(
            protocol=serving.broker.value,
            account=serving.account,
            key=serving.key,
            secret=serving.secret,
            prices=serving.prices,
            coins={**serving.holdings, "USDT": serving.cash},
            seed=serving.seed,
            recordings=serving.recordings,
        )
        exchange = exchange_server(play, timed, injection)
        written = ServedExchange(exchange.exchange, serving.books)

        def close() -> None:
            exchange.close()
            written.close()

        return exchange, close
    server = _server(serving, url, timed, injection)
    books = ServedBooks(server.front.ledger, serving.books, lambda: timed.instant, timed.later)
    return server, books.close


def _server(serving: Serving, url: str, timed: Timed, injection: Injection) -> AlpacaServer | SchwabServer:
    opening = OpeningAccount(
        account_id=serving.account,
        cash=Money(serving.cash),
        holdings={symbol: Quantity(qty) for symbol, qty in serving.holdings.items()},
    )
    faults = InjectedBroker(serving.broker.value, timed, injection)
    prices = _prices(serving)

    def now() -> Instant:
        return timed.instant

    if serving.broker is Broker.ALPACA:
        assets = tuple(Asset(symbol=symbol) for symbol in serving.prices)
        alpaca = AlpacaTerms(
            accounts=(opening,),
            assets=assets,
            key=serving.key,
            secret=serving.secret,
            trading_account=serving.account,
            seed=serving.seed,
        )
        return AlpacaServer(alpaca, prices, now=now, rest=timed.rest, faults=faults)
    schwab = SchwabTerms(
        accounts=(opening,),
        hashes={serving.account: digest(serving.seed, "hash", serving.account)[:16].hex().upper()},
        symbols=tuple(serving.prices),
        key=serving.key,
        secret=serving.secret,
        seed=serving.seed,
        streamer_url=f"{url.replace('http', 'ws', 1)}/ws",
    )
    return SchwabServer(schwab, prices, now=now, rest=timed.rest, faults=faults)


def _prices(serving: Serving) -> Callable[[str, Instant], Decimal | None]:
    """Returns the prices of the market: each goes a little up and down around the one that was stated."""

    def price(symbol: str, at: Instant) -> Decimal | None:
        around = serving.prices.get(symbol)
        if around is None:
            return None
        step = str(at // (STEP_S * NS_PER_S))
        bps = draw(serving.seed, f"price:{symbol}", step, below=2 * SPREAD_BPS + 1) - SPREAD_BPS
        return cut(around + around * Decimal(bps).scaleb(-4), decimals=CENTS)

    return price
