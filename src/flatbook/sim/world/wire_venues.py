"""The venues of a desk on bytes: the production adapter of Alpaca, and a simulated Alpaca behind a faulty network."""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.ports import LoginClock, OrderVenue
from flatbook.sim.alpaca.recorded import RecordedAlpaca, Tape
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.alpaca.terms import AlpacaTerms, Asset, OpeningAccount
from flatbook.sim.network.cut_http import CutHttp
from flatbook.sim.network.wire_faults import InjectedBroker
from flatbook.sim.network.wire_network import WireNetwork
from flatbook.sim.runs.scenario import Scenario
from flatbook.sim.world.desk import accounts_of, terms_of
from flatbook.sim.world.outside import Outside
from flatbook.sim.world.port_venue import Caller
from flatbook.sim.world.record import CASH
from flatbook.values.ids import AccountId
from flatbook.values.instruments import Instrument
from flatbook.values.money import Money, from_base_units
from flatbook.venues.alpaca.stream import BrokerUpdates
from flatbook.venues.alpaca.venue import AlpacaAccount, AlpacaVenue
from flatbook.venues.alpaca.wire import broker_api, broker_headers

HOST = "broker-api.example"
KEY, WORD = "key", "word"
SERVER = "alpaca"
CASH_DECIMALS = 2
IDS = {name: f"00000000-0000-4000-8000-00000000000{number}" for number, name in enumerate(("alpha", "beta"))}


class WireVenues:
    """One Alpaca with the accounts of a desk, reached over HTTP."""

    def __init__(self, scenario: Scenario, outside: Outside, network: WireNetwork) -> None:
        self._network = network
        self._accounts = accounts_of(scenario)
        self._tape = Tape(outside.now, outside.record)
        server = AlpacaServer(
            _terms(scenario),
            self._tape.price,
            now=outside.now,
            rest=network.rest,
            faults=InjectedBroker(SERVER, outside.loop, outside.injection),
        )
        names = {IDS[name]: name for name in self._accounts}
        self._alpaca = RecordedAlpaca(server, outside.record, names, outside.now, outside.later)
        network.serve(server.runner, HOST, SERVER)

    def set_price(self, symbol: str, price: int) -> None:
        """Moves the price of a symbol."""
        self._tape.set_price(symbol, price)

    def trade_of_others(self, account: str, symbol: str, sign: int, qty: int, *, forced: bool) -> None:
        """Trades on an account without an order of ours."""
        self._alpaca.trade_of_others(account, symbol, sign, qty, forced=forced)

    def of_life(self, caller: Caller, instruments: tuple[Instrument, ...]) -> dict[AccountId, OrderVenue]:
        """Returns the venues as one life of the desk reaches them, by connections of its own."""
        return {AccountId(name): self._venue(caller, name, instruments) for name in self._accounts}

    def logins_of_life(self) -> dict[AccountId, LoginClock]:
        """None: who asks proves himself by a key."""
        return {}

    def are_quiet(self) -> bool:
        """Whether no order is open."""
        return all(order.ended_at is not None for order in self._alpaca.ledger.orders.values())

    def end(self) -> None:
        """Adds nothing: each thing was recorded when it happened."""

    def _venue(self, caller: Caller, name: str, instruments: tuple[Instrument, ...]) -> AlpacaVenue:
        http = self._network.http(HOST, caller.clock, authorize=_headers)
        events = self._network.events(HOST, caller.clock, authorize=_headers)
        return AlpacaVenue(
            CutHttp(http, caller.scissors),
            caller.clock,
            account=AlpacaAccount(
                account=AccountId(name),
                api=broker_api(IDS[name]),
                instruments=tuple(each for each in instruments if each.account == name),
            ),
            updates=BrokerUpdates(events, IDS[name]),
        )


def _headers() -> dict[str, str]:
    return broker_headers(KEY, WORD)


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
