"""The venues of a desk at Schwab on bytes: the production adapter, and a simulated Schwab behind a faulty network."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from flatbook.engine.ports import LoginClock, OrderVenue
from flatbook.sim.alpaca.recorded import Tape
from flatbook.sim.alpaca.terms import OpeningAccount
from flatbook.sim.chance import stream
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.network.cut_http import CutHttp
from flatbook.sim.network.wire_faults import InjectedBroker
from flatbook.sim.network.wire_network import WireNetwork
from flatbook.sim.runs.scenario import Scenario
from flatbook.sim.schwab.person import KeptTokens, log_in
from flatbook.sim.schwab.recorded import MarkedVenue, RecordedSchwab, mark_headers
from flatbook.sim.schwab.server import SchwabServer
from flatbook.sim.schwab.terms import SchwabTerms
from flatbook.sim.world.desk import accounts_of, terms_of
from flatbook.sim.world.outside import Outside
from flatbook.sim.world.port_venue import Caller
from flatbook.sim.world.record import CASH
from flatbook.values.ids import AccountId
from flatbook.values.instants import later
from flatbook.values.instruments import Instrument
from flatbook.values.money import Money, from_base_units
from flatbook.venues.schwab.activity import AccountActivity
from flatbook.venues.schwab.line import SchwabLine
from flatbook.venues.schwab.login import Login
from flatbook.venues.schwab.tokens import app_headers
from flatbook.venues.schwab.venue import SchwabAccount, SchwabVenue
from flatbook.venues.websocket import SessionSocket

HOST = "api.example"
SERVER = "schwab"
KEY, WORD = "app-key", "app-word"
NUMBERS = {name: f"10000000{number}" for number, name in enumerate(("alpha", "beta"))}
HASHES = {number: f"HASH{number}" for number in NUMBERS.values()}
ACCESS_S = 330
NOTICED_S = (20, 60)


class WireSchwab:
    """One Schwab with the accounts of a desk, all of one login, reached over HTTP."""

    def __init__(self, scenario: Scenario, outside: Outside, network: WireNetwork) -> None:
        self._outside, self._network = outside, network
        self._accounts = accounts_of(scenario)
        self._noticing = stream(scenario.seed, "logins")
        self._tape = Tape(outside.now, outside.record)
        self._terms = _terms(scenario)
        self._server = SchwabServer(
            self._terms,
            self._tape.price,
            now=outside.now,
            rest=network.rest,
            faults=InjectedBroker(SERVER, outside.loop, outside.injection),
        )
        names = {NUMBERS[name]: name for name in self._accounts}
        self._schwab = RecordedSchwab(self._server, outside.record, names, outside.now, outside.later)
        self._tokens = KeptTokens(None)
        self._log_in()
        self._server.front.logins.ended = self._noticed
        network.serve(self._server.runner, HOST, SERVER)

    def set_price(self, symbol: str, price: int) -> None:
        """Moves the price of a symbol."""
        self._tape.set_price(symbol, price)

    def trade_of_others(self, account: str, symbol: str, sign: int, qty: int, *, forced: bool) -> None:
        """Trades on an account without an order of ours."""
        self._schwab.trade_of_others(account, symbol, sign, qty, forced=forced)

    def of_life(self, caller: Caller, instruments: tuple[Instrument, ...]) -> dict[AccountId, OrderVenue]:
        """Returns the venues as one life of the desk reaches them, by connections and a login of its own."""
        for_tokens = self._network.http(HOST, caller.clock, authorize=lambda: app_headers(KEY, WORD))
        login = self._login = Login(for_tokens, caller.clock, self._tokens)
        http = self._network.http(HOST, caller.clock, authorize=lambda: {**login.headers(), **mark_headers()})
        line = SchwabLine(CutHttp(http, caller.scissors), login, caller.clock)
        activity = AccountActivity(
            line, login, socket=lambda host: SessionSocket(host, caller.clock, connect=SimulatedConnector)
        )
        return {
            AccountId(name): MarkedVenue(
                SchwabVenue(
                    line,
                    caller.clock,
                    account=SchwabAccount(
                        account=AccountId(name),
                        number=NUMBERS[name],
                        instruments=tuple(each for each in instruments if each.account == name),
                    ),
                    books=partial(caller.books, AccountId(name)),
                    activity=activity,
                )
            )
            for name in self._accounts
        }

    def logins_of_life(self) -> dict[AccountId, LoginClock]:
        """Returns the login of the newest life, for each account."""
        return {AccountId(name): self._login for name in self._accounts}

    def are_quiet(self) -> bool:
        """Whether no order is open."""
        return all(order.ended_at is not None for order in self._schwab.ledger.orders.values())

    def end(self) -> None:
        """Adds nothing: each thing was recorded when it happened."""

    def _log_in(self) -> None:
        self._tokens.tokens = log_in(self._server.front.logins, self._terms, self._outside.now())

    def _noticed(self) -> None:
        """Lets a person log in again, some time after a login ended."""
        after_s = self._noticing.randint(*NOTICED_S)
        self._outside.later(later(self._outside.now(), seconds=after_s), self._log_in)


def _terms(scenario: Scenario) -> SchwabTerms:
    accounts = []
    for name in accounts_of(scenario):
        terms = terms_of(scenario, name)
        accounts.append(
            OpeningAccount(
                account_id=NUMBERS[name],
                cash=Money(Decimal(terms.cash // CASH)),
                holdings={symbol: from_base_units(qty, decimals=9) for symbol, qty in terms.holdings.items()},
            )
        )
    return SchwabTerms(
        accounts=tuple(accounts),
        hashes={account.account_id: HASHES[account.account_id] for account in accounts},
        symbols=scenario.shape.symbols,
        key=KEY,
        secret=WORD,
        seed=scenario.seed,
        access_s=ACCESS_S,
        streamer_url=f"wss://{HOST}/ws",
    )
