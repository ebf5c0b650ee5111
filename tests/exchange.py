"""Simulated exchanges for tests: their terms, and how to serve one in virtual time or over TCP.

with_binance(talk)      in virtual time: `await talk(scene)` talks over connections in memory
scene.http()            an aiohttp connector goes to https://exchange.example
scene.exchange          the books: quote(...), trade_outside(...), set_mark(...), force(...), orders, accounts
scene.faults.say(...)   what goes wrong next, as in sim/exchange/faults.py
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import msgspec
from aiohttp import web

from flatbook.sim.exchange import margin
from flatbook.sim.exchange.binance.server import binance_server
from flatbook.sim.exchange.bybit.server import bybit_server
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.faults import ScriptedExchange
from flatbook.sim.exchange.server import ExchangeServer
from flatbook.sim.exchange.terms import ExchangeTerms, Kind, Market, OpeningAccount
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.http_broker import Now, Rest
from flatbook.sim.network.link import CalmLink, LinkFaults
from flatbook.values.instants import NS_PER_MS, Instant, instant_of_text

START = instant_of_text("2026-11-28T12:00:00Z")
HOST = "exchange.example"
URL, WS_URL = f"https://{HOST}", f"wss://{HOST}"
KEY, SECRET = "key", "word"
OTHER_KEY, OTHER_SECRET = "other-key", "other-word"
D = Decimal

PAPER_RISK = """
version = 1
mode = "paper"
[chains]
[owners]
[risk]
order_notional_usd_max = "10000"
order_shares_max = "10"
collar_bps_max = 100
second_bps_max = 200
price_age_s_max = 60
day_loss_usd_max = "1000"
open_orders_max = 100
orders_per_minute_max = 1000
residue_usd_max = "1000"
depeg_bps_max = 50
resends_max = 1
[marks]
USDT = "1"
"""
"""How the configuration of a desk on paper at an exchange begins: before its accounts and instruments."""

SPOT = Market(
    kind=Kind.SPOT,
    symbol="BTCUSDT",
    coin="BTC",
    quote="USDT",
    tick=D("0.01"),
    lot=D("0.00001"),
    qty_min=D("0.00001"),
    notional_min=D(5),
    maker_rate=D("0.001"),
    taker_rate=D("0.001"),
)
PERP = Market(
    kind=Kind.PERP,
    symbol="BTCUSDT",
    coin="BTC",
    quote="USDT",
    tick=D("0.1"),
    lot=D("0.001"),
    qty_min=D("0.001"),
    notional_min=D(5),
    refuses_partial_fok=True,
)
ETH = Market(
    kind=Kind.PERP, symbol="ETHUSDT", coin="ETH", quote="USDT", tick=D("0.01"), lot=D("0.001"), qty_min=D("0.001")
)
BNB = Market(
    kind=Kind.SPOT, symbol="BNBUSDT", coin="BNB", quote="USDT", tick=D("0.01"), lot=D("0.001"), qty_min=D("0.001")
)
COINS = {"USDT": D(100_000), "BTC": D(2), "BNB": D(0)}
ACCOUNTS = (
    OpeningAccount(name="main", key=KEY, secret=SECRET, spot=COINS, margin={"USDT": D(100_000)}),
    OpeningAccount(name="other", key=OTHER_KEY, secret=OTHER_SECRET, spot=COINS, margin={"USDT": D(100_000)}),
)
BINANCE = ExchangeTerms(
    markets=(SPOT, BNB, PERP, ETH),
    accounts=ACCOUNTS,
    fee_coin="BNB",
    forced_ids={"liquidation": "autoclose-", "adl": "adl_autoclose", "settlement": "settlement_autoclose-"},
)

BYBIT = ExchangeTerms(
    markets=tuple(
        msgspec.structs.replace(each, refuses_taking_maker=False, refuses_partial_fok=False)
        for each in (SPOT, PERP, ETH)
    ),
    accounts=tuple(msgspec.structs.replace(each, margin={}) for each in ACCOUNTS),
    unified=True,
    ids_return=False,
)

Serving = Callable[..., ExchangeServer]


def levels(*rows: str) -> list[tuple[Decimal, Decimal]]:
    """Returns levels of a book from texts such as `100.5 x 2`."""
    return [(D(price), D(qty)) for price, qty in (row.split(" x ") for row in rows)]


def opened(terms: ExchangeTerms, at: Instant, faults: ScriptedExchange | None = None) -> Exchange:
    """Returns an exchange with books of outside liquidity around 50,000 (BTC) and 2,000 (ETH)."""
    exchange = Exchange(terms, now=at, faults=faults)
    for market in terms.markets:
        middle = {"BTC": D(50_000), "ETH": D(2_000), "BNB": D(600)}[market.coin]
        steps = [market.tick * 10 * each for each in range(1, 6)]
        exchange.quote(market, [(middle - each, D(1)) for each in steps], [(middle + each, D(1)) for each in steps])
        if market.kind is Kind.PERP:
            margin.keep_funding(exchange, market)
    return exchange


class Scene:
    """An exchange that is served in virtual time at https://exchange.example."""

    def __init__(self, loop: VirtualLoop, server: ExchangeServer) -> None:
        self.loop, self.server, self.exchange = loop, server, server.exchange
        assert isinstance(server.exchange.faults, ScriptedExchange)
        self.faults = server.exchange.faults

    def now(self) -> Instant:
        """Returns the present instant."""
        return self.loop.instant

    async def pass_ms(self, ms: int) -> None:
        """Lets time pass. Units: ms."""
        await passed(ms)


def with_exchange(
    serving: Serving, terms: ExchangeTerms, talk: Callable[[Scene], Awaitable[Any]], *, link: LinkFaults | None = None
) -> Any:
    """Returns what a conversation with an exchange comes to, in virtual time over connections in memory."""
    loop = VirtualLoop(START)
    Switchboard(loop, lambda _process, _host: link or CalmLink(latency_ns=10 * NS_PER_MS))

    async def served() -> Any:
        exchange = opened(terms, START, ScriptedExchange())
        server = serving(exchange, now=lambda: loop.instant, rest=passed)
        runner = server.runner()
        await runner.setup()
        await web.TCPSite(runner, HOST, 443).start()
        try:
            return await talk(Scene(loop, server))
        finally:
            server.close()
            await runner.cleanup()

    outcome = loop.run_until_complete(served())
    assert loop.faults == []
    return outcome


def with_binance(talk: Callable[[Scene], Awaitable[Any]], *, link: LinkFaults | None = None) -> Any:
    """Returns what a conversation with the simulated Binance comes to."""
    return with_exchange(binance_server, BINANCE, talk, link=link)


async def passed(ms: int) -> None:
    """Lets virtual time pass. Units: ms."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    gone = loop.create_future()
    loop.call_at_instant(Instant(loop.instant + ms * NS_PER_MS), gone.set_result, None)
    await gone


def binance_over_tcp(now: Now, rest: Rest) -> web.ServerRunner:
    """Returns what serves the simulated Binance, to be given a site."""
    return binance_server(opened(BINANCE, now()), now=now, rest=rest).runner()


def with_bybit(talk: Callable[[Scene], Awaitable[Any]], *, link: LinkFaults | None = None) -> Any:
    """Returns what a conversation with the simulated Bybit comes to."""
    return with_exchange(bybit_server, BYBIT, talk, link=link)


def bybit_over_tcp(now: Now, rest: Rest) -> web.ServerRunner:
    """Returns what serves the simulated Bybit, to be given a site."""
    return bybit_server(opened(BYBIT, now()), now=now, rest=rest).runner()
