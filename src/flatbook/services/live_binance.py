"""The accounts of a desk at Binance: ways, streams and adapters of spot and of USD-M."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp
import msgspec

from flatbook.engine.ports import Clock
from flatbook.ops.config_accounts import BinanceAccount, BinanceMarket, Environment
from flatbook.values.ids import AccountId
from flatbook.values.instruments import Instrument
from flatbook.venues.binance.line import BinanceKey, BinanceLine
from flatbook.venues.binance.markets import HOSTS, SPOT, USD_M, Hosts
from flatbook.venues.binance.standing import MarginMode, Ways
from flatbook.venues.binance.stream import FuturesUpdates, SpotUpdates
from flatbook.venues.binance.venue import BinanceAccount as BinanceNamed
from flatbook.venues.binance.venue import BinanceFuturesVenue, BinanceVenue
from flatbook.venues.http import SessionHttp, tls_connector
from flatbook.venues.rate_budget import RateBudget
from flatbook.venues.websocket import SessionSocket

MARKETS = {BinanceMarket.SPOT: SPOT, BinanceMarket.USD_M: USD_M}
NETWORKS = {Environment.LIVE: "live", Environment.SANDBOX: "testnet"}
Connect = Callable[[], aiohttp.BaseConnector]
SOCKET_OF = {"http": "ws", "https": "wss"}


class BinanceWays(msgspec.Struct, frozen=True, kw_only=True):
    """The ways to one account, and where its stream is. `https` are to be closed."""

    ways: Ways
    stream_url: str
    https: tuple[SessionHttp, ...]
    connect: Connect = tls_connector


def binance_hosts(account: BinanceAccount) -> Hosts:
    """Returns where an account is reached, always of one environment. Another address serves all."""
    if account.base_url is None:
        return HOSTS[MARKETS[account.market].name, NETWORKS[account.environment]]
    parts = urlsplit(account.base_url)
    stream = f"{SOCKET_OF[parts.scheme]}://{parts.netloc}"
    return Hosts(rest=account.base_url, stream=stream, rights=account.base_url)


def binance_ways(
    account: BinanceAccount,
    clock: Clock,
    reveal: Callable[[], tuple[str, str]],
    *,
    connect: Connect = tls_connector,
) -> BinanceWays:
    """Returns the ways to an account; what its key may do is stated at spot, whatever the market."""
    market, hosts, key = MARKETS[account.market], binance_hosts(account), BinanceKey(clock, reveal)
    http = _http(hosts.rest, clock, key, connect)
    line = BinanceLine(http, clock, key, RateBudget(market.gauges))
    if hosts.rights is None or hosts.rights == hosts.rest:
        ways = Ways(market=market, line=line, rights=None if hosts.rights is None else line)
        return BinanceWays(ways=ways, stream_url=hosts.stream, https=(http,), connect=connect)
    for_rights = _http(hosts.rights, clock, key, connect)
    rights = BinanceLine(for_rights, clock, key, RateBudget(SPOT.gauges))
    ways = Ways(market=market, line=line, rights=rights)
    return BinanceWays(ways=ways, stream_url=hosts.stream, https=(http, for_rights))


def binance_venue(
    name: str, account: BinanceAccount, instruments: tuple[Instrument, ...], found: BinanceWays, clock: Clock
) -> BinanceVenue:
    """Returns the adapter of an account."""
    named = BinanceNamed(account=AccountId(name), instruments=instruments, margin_mode=MarginMode(account.margin.value))
    ways, socket = found.ways, SessionSocket(found.stream_url, clock, connect=found.connect)
    if account.market is BinanceMarket.SPOT:
        return BinanceVenue(ways, clock, account=named, updates=SpotUpdates(socket, ways.line))
    return BinanceFuturesVenue(ways, clock, account=named, updates=FuturesUpdates(socket, ways.line, clock))


def _http(url: str, clock: Clock, key: BinanceKey, connect: Connect) -> SessionHttp:
    return SessionHttp(url, clock, connect=connect, authorize=key.headers, sign=key.sign)
