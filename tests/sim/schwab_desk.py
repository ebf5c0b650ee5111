"""The production engine over the production adapter of Schwab, against the simulated Schwab, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from flatbook.engine.own_books import OwnBooks, own_books
from flatbook.sim.alpaca.faults import BrokerFaults
from flatbook.sim.alpaca.ledger import Ledger
from flatbook.sim.alpaca.terms import OpeningAccount
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.schwab.server import SchwabServer
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.sim.world.process import LoopClock
from flatbook.values.money import Money, Quantity
from flatbook.venues.http import SessionHttp
from flatbook.venues.schwab.line import SchwabLine
from flatbook.venues.schwab.login import Login
from flatbook.venues.schwab.tokens import app_headers
from flatbook.venues.schwab.venue import SCHWAB_CARD, SchwabAccount, SchwabVenue
from tests.desk import OPEN, PAPER, Setting, coin, desk_of
from tests.sim.engine_desk import PRICE, BrokerDesk
from tests.sim.schwab_world import HASH, NUMBER, TERMS, Kept, logged_in

HOST = "api.example"
WHOLE = Setting(lot="1")


class SchwabDesk(BrokerDesk):
    """A desk at Schwab, and the login that outlives its processes."""

    def __init__(self, script: Sequence[ScriptedBlocks], *, seed: int = 0, faults: BrokerFaults | None = None) -> None:
        rules = msgspec.structs.replace(desk_of(WHOLE, ()).rules, cards={PAPER: SCHWAB_CARD})
        super().__init__(script, rules, seed=seed, start=OPEN)
        opening = OpeningAccount(
            account_id=NUMBER, cash=Money(Decimal(10_000_000)), holdings={"COIN": Quantity(Decimal(10_000))}
        )
        terms = msgspec.structs.replace(TERMS, accounts=(opening,), hashes={NUMBER: HASH}, symbols=("COIN",))
        self.server = SchwabServer(terms, lambda _s, _at: PRICE, now=self.now, rest=self.rest, faults=faults)
        self.tokens = Kept(logged_in(self.server, OPEN))
        self.serve(self.server, HOST)

    @property
    def ledger(self) -> Ledger:
        """The truth of the broker."""
        return self.server.front.ledger

    def connect(self, clock: LoopClock) -> tuple[SchwabVenue, tuple[SessionHttp, ...]]:
        """Returns the adapter of a new process, and what it must close."""
        number = len(self.engines)
        for_tokens = SessionHttp(
            f"https://{HOST}",
            clock,
            connect=SimulatedConnector,
            authorize=lambda: app_headers(TERMS.key, TERMS.secret),
        )
        login = Login(for_tokens, clock, self.tokens)
        http = SessionHttp(f"https://{HOST}", clock, connect=SimulatedConnector, authorize=login.headers)

        def books() -> OwnBooks:
            return own_books(self.engines[number].state, self.rules, PAPER)

        account = SchwabAccount(account=PAPER, number=NUMBER, instruments=(coin(WHOLE.lot),))
        venue = SchwabVenue(SchwabLine(http, login, clock), clock, account=account, books=books)
        return venue, (http, for_tokens)
