"""The accounts of a desk at exchanges: what carries and signs requests, private streams, and adapters."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp
import msgspec

from flatbook.engine.ports import Clock, OrderVenue
from flatbook.ops.config import Loaded, places_of
from flatbook.ops.config_accounts import BinanceAccount, BybitAccount, CcxtAccount, Environment, ExchangeAccount
from flatbook.ops.config_instruments import instruments_at
from flatbook.ops.secret_value import Places, SecretRefused
from flatbook.ops.secrets import resolve
from flatbook.services.live_binance import BinanceWays, binance_venue, binance_ways
from flatbook.values.ids import AccountId
from flatbook.values.instruments import Instrument, Product
from flatbook.venues.binance.signing import PEM, KeyRefused, private_key_of
from flatbook.venues.bybit import wire as bybit
from flatbook.venues.bybit.pacing import new_budget
from flatbook.venues.bybit.stream import PING, STREAM_PATIENCE, PrivateStream
from flatbook.venues.bybit.venue import CATEGORIES, BybitVenue, BybitWay
from flatbook.venues.bybit.venue import BybitAccount as BybitNamed
from flatbook.venues.ccxt.process import CcxtWorker
from flatbook.venues.ccxt.terms import CcxtAccount as CcxtNamed
from flatbook.venues.ccxt.terms import CcxtKeys
from flatbook.venues.ccxt.venue import CcxtVenue
from flatbook.venues.http import SessionHttp, tls_connector
from flatbook.venues.websocket import SessionSocket

BYBIT_URLS = {
    Environment.LIVE: (bybit.URL, bybit.STREAM_URL),
    Environment.PAPER: (bybit.DEMO_URL, bybit.DEMO_STREAM_URL),
    Environment.SANDBOX: (bybit.TESTNET_URL, bybit.TESTNET_STREAM_URL),
}
DEAD_MAN_TOPICS = {bybit.Category.SPOT: "dcp.spot", bybit.Category.LINEAR: "dcp.future"}
# Source: ccxt 4.5.90, options.fetchMarkets.types of these classes; others have other words for contracts.
LINEAR_TYPES = ("binance", "binanceusdm", "bybit")
SOCKET_OF = {"http": "ws", "https": "wss"}

Reveal = Callable[[], tuple[str, str]]
Connect = Callable[[], aiohttp.BaseConnector]


class ExchangeLine(msgspec.Struct, frozen=True, kw_only=True):
    """A way to an exchange: what carries its requests, and what opens its private stream.

    `stands` is the account as it is reached; `connect` makes the connectors that lead there. `counts_contracts` as in
    BybitAccount.
    """

    http: SessionHttp | None
    reveal: Reveal
    stands: ExchangeAccount
    connect: Connect = tls_connector
    counts_contracts: bool = False
    bybit: BybitWay | None = None
    binance: BinanceWays | None = None
    ccxt: CcxtWorker | None = None

    async def close(self) -> None:
        """Closes what its one way does not close."""
        for http in () if self.binance is None else self.binance.https:
            await http.close()
        if self.ccxt is not None:
            await self.ccxt.close()


def exchange_line_of(
    loaded: Loaded, account: ExchangeAccount, clock: Clock, workers: dict[str, CcxtWorker]
) -> ExchangeLine:
    """Returns the way to an account at an exchange. `workers` are those of ccxt so far, one for each interpreter.

    Errors: SecretRefused.
    """
    if isinstance(account, CcxtAccount):
        worker = workers.setdefault(account.python, CcxtWorker(account.python, clock))
        return ExchangeLine(http=None, ccxt=worker, reveal=_reveal(places_of(loaded), account), stands=account)
    reveal = _reveal(places_of(loaded), account)
    if isinstance(account, BinanceAccount):
        _check_key(account, reveal()[1])
        found = binance_ways(account, clock, reveal)
        return ExchangeLine(http=found.https[0], binance=found, reveal=reveal, stands=account)
    return bybit_line(account, clock, reveal)


def _check_key(account: BinanceAccount, secret: str) -> None:
    """Refuses a PEM that is no private key of a kind that Binance takes.

    Errors: SecretRefused.
    """
    try:
        if PEM in secret:
            private_key_of(secret)
    except KeyRefused as refused:
        raise SecretRefused(f"{account.secret}: {refused}") from None


def bybit_line(
    account: BybitAccount, clock: Clock, reveal: Reveal, *, connect: Connect = tls_connector
) -> ExchangeLine:
    """Returns the way to an account at Bybit."""
    (url, _), ahead = urls_of(account), bybit.Ahead()
    http = SessionHttp(url, clock, connect=connect, sign=bybit.signer(reveal, clock, ahead))
    way = BybitWay(http=http, ahead=ahead, budget=new_budget())
    return ExchangeLine(http=http, bybit=way, reveal=reveal, stands=account, connect=connect)


def exchange_venue_of(loaded: Loaded, name: str, line: ExchangeLine, clock: Clock) -> OrderVenue:
    """Returns the adapter of an account at an exchange."""
    account, instruments = line.stands, instruments_at(loaded.config, name)
    if isinstance(account, BinanceAccount):
        assert line.binance is not None, "the line of an account at Binance is one"
        return binance_venue(name, account, instruments, line.binance, clock)
    if isinstance(account, CcxtAccount):
        assert line.ccxt is not None, "the line of an account at ccxt is one"
        return CcxtVenue(
            line.ccxt, clock, account=ccxt_terms(name, account, instruments), reveal=_keys(loaded, account)
        )
    assert isinstance(account, BybitAccount), "another account has another line"
    assert line.bybit is not None, "the line of an account at Bybit is one"
    named = BybitNamed(
        account=AccountId(name),
        user_id=account.user_id,
        instruments=instruments,
        dead_man_s=account.dead_man_s,
        counts_contracts=line.counts_contracts,
    )
    categories = dict.fromkeys(CATEGORIES[instrument.product] for instrument in instruments)
    topics = () if account.dead_man_s is None else tuple(DEAD_MAN_TOPICS[category] for category in categories)
    _, stream_url = urls_of(account)
    socket = SessionSocket(stream_url, clock, connect=line.connect, patience=STREAM_PATIENCE, beat=PING)
    stream = PrivateStream(socket, line.reveal, clock, topics=topics)
    return BybitVenue(line.bybit, clock, account=named, stream=stream)


def ccxt_terms(name: str, account: CcxtAccount, instruments: tuple[Instrument, ...]) -> CcxtNamed:
    """Returns an account as the adapter wants it. Source: docs.ccxt.com, options defaultType and fetchCurrencies."""
    is_spot = all(instrument.product is Product.SPOT for instrument in instruments)
    markets = {"fetchMarkets": {"types": ["spot"]}} if is_spot else {}
    if account.exchange in LINEAR_TYPES:
        kinds = dict.fromkeys("spot" if instrument.product is Product.SPOT else "linear" for instrument in instruments)
        markets = {"fetchMarkets": {"types": list(kinds)}}
    return CcxtNamed(
        account=AccountId(name),
        exchange=account.exchange,
        instruments=instruments,
        sandbox=account.environment is Environment.SANDBOX and account.base_url is None,
        base_url=account.base_url,
        options={
            "defaultType": "spot" if is_spot else "swap",
            "fetchCurrencies": False,
            "fetchOrder": {"acknowledged": True},
            **markets,
        },
    )


def _keys(loaded: Loaded, account: CcxtAccount) -> Callable[[], CcxtKeys]:
    places = places_of(loaded)
    named = {"key": account.key, "secret": account.secret, "password": account.password, "uid": account.uid}
    secrets = {name: resolve(places, stated) for name, stated in named.items() if stated is not None}
    return lambda: CcxtKeys(**{name: secret.reveal() for name, secret in secrets.items()})


def urls_of(account: BybitAccount) -> tuple[str, str]:
    """Returns where an account is asked, and where its private stream is: always of one environment."""
    if account.base_url is None:
        return BYBIT_URLS[account.environment]
    parts = urlsplit(account.base_url)
    return account.base_url, f"{SOCKET_OF[parts.scheme]}://{parts.netloc}"


def _reveal(places: Places, account: ExchangeAccount) -> Reveal:
    key, secret = resolve(places, account.key), resolve(places, account.secret)
    return lambda: (key.reveal(), secret.reveal())
