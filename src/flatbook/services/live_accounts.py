"""The accounts of a desk that are reached over a network: what carries requests, adapters and quotes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from flatbook.engine.own_books import ReadBooks
from flatbook.engine.ports import Clock, OrderVenue
from flatbook.ops.config import Loaded, places_of
from flatbook.ops.config_accounts import (
    AlpacaAccount,
    AlpacaApi,
    Environment,
    ExchangeAccount,
    LiveAccount,
    PaperAccount,
    PaperExchangeAccount,
    SchwabAccount,
)
from flatbook.ops.config_instruments import instruments_at
from flatbook.ops.secret_value import Places, Secret
from flatbook.ops.secrets import PREFIX, resolve
from flatbook.services.live_exchanges import ExchangeLine, exchange_line_of, exchange_venue_of
from flatbook.services.paper_exchanges import paper_exchange, paper_line
from flatbook.services.schwab_login import SecretTokens
from flatbook.sim.exchange.paper import PaperExchange
from flatbook.values.ids import AccountId
from flatbook.venues.alpaca import wire as alpaca
from flatbook.venues.alpaca.quotes import DATA_URL
from flatbook.venues.alpaca.stream import BrokerUpdates, TradingUpdates, Updates
from flatbook.venues.alpaca.venue import AlpacaAccount as AlpacaNamed
from flatbook.venues.alpaca.venue import AlpacaVenue
from flatbook.venues.ccxt.process import CcxtWorker
from flatbook.venues.event_stream import SessionEvents
from flatbook.venues.http import SessionHttp, tls_connector
from flatbook.venues.schwab import wire as schwab
from flatbook.venues.schwab.activity import AccountActivity
from flatbook.venues.schwab.line import SchwabLine
from flatbook.venues.schwab.login import Login
from flatbook.venues.schwab.tokens import app_headers
from flatbook.venues.schwab.venue import SchwabAccount as SchwabNamed
from flatbook.venues.schwab.venue import SchwabVenue
from flatbook.venues.websocket import SessionSocket

ALPACA_URLS = {
    (AlpacaApi.TRADING, Environment.LIVE): alpaca.TRADING_URL,
    (AlpacaApi.TRADING, Environment.PAPER): "https://paper-api.alpaca.markets",
    (AlpacaApi.BROKER, Environment.LIVE): alpaca.BROKER_URL,
    (AlpacaApi.BROKER, Environment.SANDBOX): "https://broker-api.sandbox.alpaca.markets",
}


DATA_URLS = {
    (AlpacaApi.TRADING, Environment.LIVE): DATA_URL,
    (AlpacaApi.TRADING, Environment.PAPER): DATA_URL,
    (AlpacaApi.BROKER, Environment.LIVE): DATA_URL,
    (AlpacaApi.BROKER, Environment.SANDBOX): "https://data.sandbox.alpaca.markets",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A way to a broker or exchange: what carries its requests, and at Schwab what the accounts of a login share.

    `http` is None where another process sends them. `for_quotes` goes to the host of market data where that is another
    one. `paper` is the exchange in the process that it leads to.
    """

    http: SessionHttp | None
    for_quotes: SessionHttp | None = None
    schwab: SchwabLine | None = None
    login: Login | None = None
    activity: AccountActivity | None = None
    for_tokens: SessionHttp | None = None
    exchange: ExchangeLine | None = None
    paper: PaperExchange | None = None

    async def close(self) -> None:
        """Closes the connections."""
        for http in (self.http, self.for_quotes, self.for_tokens):
            if http is not None:
                await http.close()
        if self.exchange is not None:
            await self.exchange.close()
        if self.paper is not None:
            await self.paper.close()


def lines_of(loaded: Loaded, clock: Clock) -> dict[str, Line]:
    """Returns the ways to the brokers of all accounts by name; accounts of one login at Schwab have one way.

    Errors: SecretRefused.
    """
    lines: dict[str, Line] = {}
    of_login: dict[tuple[str, ...], Line] = {}
    workers: dict[str, CcxtWorker] = {}
    for name, account in loaded.config.accounts.items():
        if isinstance(account, SchwabAccount):
            login = (account.base_url or schwab.URL, account.key, account.secret, account.tokens)
            if login not in of_login:
                of_login[login] = _line_of(loaded, account, clock, workers)
            lines[name] = of_login[login]
        elif isinstance(account, PaperExchangeAccount):
            paper = paper_exchange(loaded, name, account, clock)
            exchange = paper_line(account, paper, clock)
            lines[name] = Line(http=exchange.http, exchange=exchange, paper=paper)
        elif not isinstance(account, PaperAccount):
            lines[name] = _line_of(loaded, account, clock, workers)
    return lines


def _line_of(loaded: Loaded, account: LiveAccount, clock: Clock, workers: dict[str, CcxtWorker]) -> Line:
    places = places_of(loaded)
    if isinstance(account, SchwabAccount):
        return _schwab_line(places, account, clock)
    if isinstance(account, ExchangeAccount):
        exchange = exchange_line_of(loaded, account, clock, workers)
        return Line(http=exchange.http, exchange=exchange)
    headers = alpaca_headers(places, account)
    data_url = account.base_url or DATA_URLS[account.api, account.environment]
    return Line(http=_http(alpaca_url(account), clock, headers), for_quotes=_http(data_url, clock, headers))


def alpaca_url(account: AlpacaAccount) -> str:
    """Returns where an account at Alpaca is reached."""
    return account.base_url or ALPACA_URLS[account.api, account.environment]


def alpaca_headers(places: Places, account: AlpacaAccount) -> Callable[[], Mapping[str, str]]:
    """Returns what makes the headers that prove an account at Alpaca.

    Errors: SecretRefused.
    """
    key, secret = resolve(places, account.key), resolve(places, account.secret)
    make = alpaca.broker_headers if account.api is AlpacaApi.BROKER else alpaca.trading_headers
    return lambda: make(key.reveal(), secret.reveal())


def venue_of(loaded: Loaded, name: str, line: Line, clock: Clock, books: ReadBooks) -> OrderVenue:
    """Returns the adapter of an account. `books` reads our books of it, for a broker without client ids."""
    account, instruments = loaded.config.accounts[name], instruments_at(loaded.config, name)
    if isinstance(account, SchwabAccount):
        assert line.schwab is not None, "the line of an account at Schwab is one"
        named = SchwabNamed(
            account=AccountId(name),
            number=account.number,
            instruments=instruments,
            extended_hours=account.extended_hours,
        )
        return SchwabVenue(line.schwab, clock, account=named, books=books, activity=line.activity)
    if line.exchange is not None:
        return exchange_venue_of(loaded, name, line.exchange, clock)
    assert isinstance(account, AlpacaAccount), "a paper account has no line"
    is_broker = account.api is AlpacaApi.BROKER
    at_alpaca = AlpacaNamed(
        account=AccountId(name),
        api=alpaca.broker_api(account.account_id) if is_broker else alpaca.trading_api(account.account_id),
        instruments=instruments,
        extended_hours=account.extended_hours,
    )
    assert line.http is not None, "the line of an account at Alpaca has one"
    return AlpacaVenue(line.http, clock, account=at_alpaca, updates=_updates_of(loaded, account, clock))


def _updates_of(loaded: Loaded, account: AlpacaAccount, clock: Clock) -> Updates:
    places, url = places_of(loaded), alpaca_url(account)
    if account.api is AlpacaApi.BROKER:
        headers = alpaca_headers(places, account)
        events = SessionEvents(url, clock, connect=tls_connector, authorize=headers)
        return BrokerUpdates(events, account.account_id)
    key, secret = resolve(places, account.key), resolve(places, account.secret)
    socket = SessionSocket(url, clock, connect=tls_connector)
    return TradingUpdates(socket, lambda: (key.reveal(), secret.reveal()))


def _schwab_line(places: Places, account: SchwabAccount, clock: Clock) -> Line:
    key, secret = resolve(places, account.key), resolve(places, account.secret)
    url = account.base_url or schwab.URL
    for_tokens = _http(url, clock, _app_headers(key, secret))
    login = Login(for_tokens, clock, SecretTokens(places, account.tokens.removeprefix(PREFIX)))
    http = _http(url, clock, login.headers)
    line = SchwabLine(http, login, clock)
    activity = AccountActivity(line, login, socket=lambda host: SessionSocket(host, clock, connect=tls_connector))
    return Line(http=http, schwab=line, login=login, activity=activity, for_tokens=for_tokens)


def _app_headers(key: Secret, secret: Secret) -> Callable[[], Mapping[str, str]]:
    return lambda: app_headers(key.reveal(), secret.reveal())


def _http(url: str, clock: Clock, authorize: Callable[[], Mapping[str, str]]) -> SessionHttp:
    return SessionHttp(url, clock, connect=tls_connector, authorize=authorize)
