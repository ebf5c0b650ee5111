"""The venues of a desk on bytes: the production adapter of Alpaca, faulty connections, and a simulated Alpaca."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from decimal import Decimal

from aiohttp import web

from flatbook.engine.ports import OrderVenue
from flatbook.sim.alpaca.recorded import RecordedAlpaca, Tape
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.alpaca.terms import AlpacaTerms, Asset, OpeningAccount
from flatbook.sim.connections import Switchboard
from flatbook.sim.connector import SimulatedConnector
from flatbook.sim.cut_http import CutHttp
from flatbook.sim.desk import accounts_of, terms_of
from flatbook.sim.loop import PROCESS
from flatbook.sim.outside import Outside
from flatbook.sim.port_venue import Caller
from flatbook.sim.record import CASH
from flatbook.sim.scenario import Scenario
from flatbook.sim.wire_faults import InjectedBroker, InjectedLink
from flatbook.values.ids import AccountId
from flatbook.values.instruments import Instrument
from flatbook.values.money import Money, from_base_units
from flatbook.venues.alpaca.venue import AlpacaVenue
from flatbook.venues.alpaca.wire import broker_api, broker_headers
from flatbook.venues.http import SessionHttp

HOST, PORT = "broker-api.example", 443
KEY, WORD = "key", "word"
SERVER = "alpaca"
CLOSE_S_MAX = 1
CASH_DECIMALS = 2
IDS = {name: f"00000000-0000-4000-8000-00000000000{number}" for number, name in enumerate(("alpha", "beta"))}


class WireVenues:
    """One Alpaca with the accounts of a desk, reached over HTTP."""

    def __init__(self, scenario: Scenario, outside: Outside) -> None:
        self._outside = outside
        self._accounts = accounts_of(scenario)
        self._https: list[SessionHttp] = []
        self._links: dict[str, InjectedLink] = {}
        self._tape = Tape(outside.now, outside.record)
        self._board = Switchboard(outside.loop, lambda process, _host: self._link(process, scenario.seed))
        self._server = AlpacaServer(
            _terms(scenario),
            self._tape.price,
            now=outside.now,
            rest=self._rest,
            faults=InjectedBroker(SERVER, outside.loop, outside.injection),
        )
        names = {IDS[name]: name for name in self._accounts}
        self._alpaca = RecordedAlpaca(self._server, outside.record, names, outside.now, outside.later)
        context = copy_context()
        context.run(PROCESS.set, SERVER)
        self._serving = outside.loop.create_task(self._serve(), context=context)

    def set_price(self, symbol: str, price: int) -> None:
        """Moves the price of a symbol."""
        self._tape.set_price(symbol, price)

    def trade_of_others(self, account: str, symbol: str, sign: int, qty: int, *, forced: bool) -> None:
        """Trades on an account without an order of ours."""
        self._alpaca.trade_of_others(account, symbol, sign, qty, forced=forced)

    def of_life(self, caller: Caller, instruments: tuple[Instrument, ...]) -> dict[AccountId, OrderVenue]:
        """Returns the venues as one life of the desk reaches them, by connections of its own."""
        return {AccountId(name): self._venue(caller, name, instruments) for name in self._accounts}

    def are_quiet(self) -> bool:
        """Whether no order is open."""
        return all(order.ended_at is not None for order in self._alpaca.ledger.orders.values())

    def lose(self, process: str) -> None:
        """Breaks the connections of a process that has ended, as its kernel does."""
        self._board.lose(process, silently=False)

    def close(self) -> None:
        """Closes the sessions of all lives."""
        self._outside.loop.run_until_complete(self._close())

    async def _close(self) -> None:
        for http in self._https:
            try:
                await asyncio.wait_for(http.close(), CLOSE_S_MAX)
            except TimeoutError:
                continue

    def _venue(self, caller: Caller, name: str, instruments: tuple[Instrument, ...]) -> AlpacaVenue:
        http = SessionHttp(
            f"https://{HOST}",
            caller.clock,
            connect=SimulatedConnector,
            authorize=lambda: broker_headers(KEY, WORD),
        )
        self._https.append(http)
        return AlpacaVenue(
            CutHttp(http, caller.scissors),
            caller.clock,
            account=AccountId(name),
            api=broker_api(IDS[name]),
            instruments=[each for each in instruments if each.account == name],
        )

    def _link(self, process: str, seed: str) -> InjectedLink:
        name = process.partition("#")[0] or "outside"
        if name not in self._links:
            self._links[name] = InjectedLink(name, seed, self._outside.loop, self._outside.injection)
        return self._links[name]

    async def _rest(self, ms: int) -> None:
        rested = self._outside.loop.create_future()
        timer = self._outside.loop.call_later(ms * 0.001, rested.set_result, None)
        try:
            await rested
        finally:
            timer.cancel()

    async def _serve(self) -> None:
        runner = self._server.runner()
        await runner.setup()
        await web.TCPSite(runner, HOST, PORT).start()


def _terms(scenario: Scenario) -> AlpacaTerms:
    accounts = []
    for name in accounts_of(scenario):
        terms = terms_of(scenario, name)
        accounts.append(
            OpeningAccount(
                account_id=IDS[name],
                cash=Money(Decimal(terms.cash // CASH)),
                holdings={symbol: from_base_units(qty, decimals=9) for symbol, qty in terms.holdings.items()},
            )
        )
    return AlpacaTerms(
        accounts=tuple(accounts),
        assets=tuple(Asset(symbol=symbol) for symbol in scenario.shape.symbols),
        key=KEY,
        secret=WORD,
        trading_account=accounts[0].account_id,
        seed=scenario.seed,
        fees=(),
        cash_decimals=CASH_DECIMALS,
    )
