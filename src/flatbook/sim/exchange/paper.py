"""An exchange inside the process of a desk: the adapters of production trade there on a market that is only watched.

What the desk sees of the real market is shown to it; orders stand in the queues of that market and never move it. It
is reached over pairs of sockets in the process: no port is open. Its books are kept in a file, which is written before
each answer, and taken up again at the next start.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import msgspec
from aiohttp import web

from flatbook.sim.exchange import margin
from flatbook.sim.exchange.binance.server import binance_server
from flatbook.sim.exchange.bybit.server import bybit_server
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.kept import keep, take_up
from flatbook.sim.exchange.terms import ExchangeTerms, Kind, Market, OpeningAccount, Stp
from flatbook.sim.exchange.told_funding import AHEAD_S_MAX, ToldFunding
from flatbook.sim.network.http_broker import Now, Rest
from flatbook.values.instants import SECONDS_PER_DAY, Instant, later

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ClientRequest
    from aiohttp.tracing import Trace

ACCOUNT = "paper"
FORCED_IDS = {"liquidation": "autoclose-", "adl": "adl_autoclose", "settlement": "settlement_autoclose-"}
FEE_COIN = "BNB"

Level = tuple[int, int]

READ_BACK_DAYS = 5  # Source: the adapters read the ledger of the last six days when they start


class Protocol(Enum):
    """Whose protocol an exchange speaks."""

    BINANCE = "binance"
    BYBIT = "bybit"


SERVERS = {Protocol.BINANCE: binance_server, Protocol.BYBIT: bybit_server}


def terms_of(
    protocol: Protocol, markets: tuple[Market, ...], account: OpeningAccount, *, seed: str = "1"
) -> ExchangeTerms:
    """Returns what an exchange that speaks a protocol is like."""
    at_binance = protocol is Protocol.BINANCE
    return ExchangeTerms(
        markets=markets,
        accounts=(account,),
        unified=not at_binance,
        ids_return=at_binance,
        stp=Stp.EXPIRE_MAKER if at_binance else Stp.NONE,
        fee_coin=FEE_COIN if at_binance else "",
        forced_ids=FORCED_IDS if at_binance else {},
        seed=seed,
    )


class Owing(msgspec.Struct, frozen=True, kw_only=True):
    """A position that was kept, and since when nothing is known to have been settled on it."""

    market: str
    symbol: str
    since: Instant


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A settlement that was due. Units: `rate` as a fraction that longs pay, `mark` in the quote coin."""

    at: Instant
    rate: Decimal
    mark: Decimal


class PaperExchange:
    """One exchange in the process, with one account.

    The account is as it was opened only where no books were kept. Units: `rest` is called with ms.
    """

    def __init__(
        self,
        protocol: Protocol,
        markets: tuple[Market, ...],
        account: OpeningAccount,
        *,
        now: Now,
        rest: Rest,
        path: Path | None = None,
    ) -> None:
        """Opens the books, or takes up those that were kept.

        Errors: OSError; KeptRefused.
        """
        self.exchange = Exchange(terms_of(protocol, markets, account), now=now())
        self._path = path
        if path is not None and path.exists():
            take_up(self.exchange, path.read_bytes())
        perps = (market for market in markets if market.kind is Kind.PERP)
        self._funding = {market.name: ToldFunding(self.exchange, market) for market in perps}
        self.server = SERVERS[protocol](self.exchange, now=now, rest=rest)
        self.server.acted = self._keep
        self._runner: web.ServerRunner | None = None
        self._kept: tuple[object, ...] = ()
        self._now = now

    async def open(self) -> None:
        """Begins to serve."""
        self._runner = self.server.runner()
        await self._runner.setup()
        self._keep()

    async def close(self) -> None:
        """Ends serving, and keeps the books; nothing where it never began."""
        if self._runner is None:
            return
        self._keep()
        self.server.close()
        await self._runner.cleanup()

    def connect(self) -> aiohttp.BaseConnector:
        """Returns a connector whose connections all lead here. Needs: `open` came before."""
        assert self._runner is not None, "it was opened"
        assert self._runner.server is not None, "it serves"
        return PairConnector(self._runner.server)

    def saw_book(self, name: str, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Shows the whole of a book that was seen, by the name of the market. Units: ticks, lots."""
        self.exchange.advance(self._now())
        self.exchange.observe(self.exchange.markets[name], {1: dict(bids), -1: dict(asks)})
        self._keep()

    def saw_trade(self, name: str, ticks: int, lots: int, sign: int) -> None:
        """Shows a trade that was seen, with the sign of who took. Units: ticks, lots."""
        market = self.exchange.markets[name]
        self.exchange.advance(self._now())
        self.exchange.trade_outside(market, sign, market.lot * lots, market.tick * ticks)
        self._keep()

    def saw_mark(
        self, name: str, price: Decimal | None, rate: Decimal | None = None, settles_at: Instant | None = None
    ) -> None:
        """Shows a mark that was seen, and what was told of the next settlement of funding; None: nothing new."""
        self.exchange.advance(self._now())
        if price is not None:
            self.exchange.set_mark(self.exchange.markets[name], price)
        self._funding[name].hear(rate, settles_at)
        self._keep()

    def owing(self) -> tuple[Owing, ...]:
        """Returns the positions that funding may have been due on while nobody was there.

        A venue settles within AHEAD_S_MAX of the instant that it told: what is no later was settled already.
        """
        held = self.exchange.accounts[ACCOUNT].positions
        return tuple(
            Owing(market=name, symbol=held[name].market.symbol, since=self._settled_until(name, held[name].updated_at))
            for name in self._funding
            if name in held and held[name].qty
        )

    def _settled_until(self, name: str, held_since: Instant) -> Instant:
        funded = self.exchange.funded.get(name)
        return held_since if funded is None else max(held_since, later(funded, seconds=AHEAD_S_MAX))

    def pay(self, name: str, due: Due) -> None:
        """Settles funding that was due on a position: under its instant, or as far back as the ledger is read."""
        self.exchange.advance(self._now())
        self.exchange.funded[name] = due.at
        at = max(due.at, later(self.exchange.now, seconds=-READ_BACK_DAYS * SECONDS_PER_DAY))
        margin.fund(self.exchange, self.exchange.markets[name], due.rate, (due.mark, at))
        self._keep()

    def _keep(self) -> None:
        """Writes the books where orders, executions or flows are new."""
        if self._path is None:
            return
        stands = (
            self.exchange.numbers(),
            len(self.exchange.flows),
            tuple((order.id, order.price, order.qty) for order in self.exchange.open.values()),
            tuple(self._leverages()),
        )
        if stands != self._kept:
            keep(self.exchange, self._path)
            self._kept = stands

    def _leverages(self) -> Iterable[int]:
        for account in self.exchange.accounts.values():
            for position in account.positions.values():
                yield position.leverage


class PairConnector(aiohttp.BaseConnector):
    """Connects a session with a server in the same process by pairs of sockets, whatever host is asked for."""

    def __init__(self, server: web.Server) -> None:
        super().__init__()
        self._server = server

    async def _create_connection(
        self,
        req: ClientRequest,  # noqa: ARG002 - the call is aiohttp's
        traces: list[Trace],  # noqa: ARG002
        timeout: aiohttp.ClientTimeout,  # noqa: ARG002, ASYNC109
    ) -> ResponseHandler:
        ours, theirs = socket.socketpair()
        for each in (ours, theirs):
            each.setblocking(False)
        await self._loop.connect_accepted_socket(self._server, theirs)
        _, protocol = await self._loop.create_connection(self._factory, sock=ours)
        return protocol


def opening(
    protocol: Protocol, key: str, secret: str, coins: Mapping[str, Decimal], *, leverage: int | None = None
) -> OpeningAccount:
    """Returns an account that has the same coins in each wallet of the exchange, of which Bybit has one."""
    margin_coins = coins if protocol is Protocol.BINANCE else {}
    return OpeningAccount(name=ACCOUNT, key=key, secret=secret, spot=coins, margin=margin_coins, leverage=leverage)
