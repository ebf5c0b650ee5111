"""The production engine over the production adapter of Alpaca, against the simulated Alpaca, in virtual time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from flatbook.sim.alpaca.faults import BrokerFaults
from flatbook.sim.alpaca.ledger import Ledger
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.alpaca.terms import AlpacaTerms, Asset, OpeningAccount
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.sim.world.process import LoopClock
from flatbook.strategies.hedge_terms import HedgeParams
from flatbook.values.instants import Instant
from flatbook.values.money import Money, Quantity
from flatbook.values.sessions import SessionKind
from flatbook.venues.alpaca.stream import BrokerUpdates
from flatbook.venues.alpaca.venue import ALPACA_CARD, AlpacaAccount, AlpacaVenue
from flatbook.venues.alpaca.wire import broker_api, broker_headers
from flatbook.venues.event_stream import SessionEvents
from flatbook.venues.http import SessionHttp
from tests.desk import HEDGE, OPEN, PAPER, Setting, coin, desk_of
from tests.sim.engine_desk import PRICE, BrokerDesk

ACCOUNT_ID = "904837e3-3b76-47ec-b432-046db621571b"
HOST = "broker-api.example"
FRACTIONAL = Setting(lot="0.000000001")


class AlpacaDesk(BrokerDesk):
    """A desk at Alpaca."""

    def __init__(
        self,
        script: Sequence[ScriptedBlocks],
        *,
        seed: int = 0,
        faults: BrokerFaults | None = None,
        held: str = "10000",
        start: Instant = OPEN,
        hedge: HedgeParams = HEDGE,
    ) -> None:
        rules = desk_of(msgspec.structs.replace(FRACTIONAL, hedge=hedge), ()).rules
        super().__init__(script, msgspec.structs.replace(rules, cards={PAPER: ALPACA_CARD}), seed=seed, start=start)
        opening = OpeningAccount(
            account_id=ACCOUNT_ID, cash=Money(Decimal(10_000_000)), holdings={"COIN": Quantity(Decimal(held))}
        )
        terms = AlpacaTerms(
            accounts=(opening,), assets=(Asset(symbol="COIN"),), key="key", secret="word", trading_account=ACCOUNT_ID
        )
        self.server = AlpacaServer(terms, lambda _s, _at: PRICE, now=self.now, rest=self.rest, faults=faults)
        self.hedge = hedge
        self.serve(self.server, HOST)

    @property
    def ledger(self) -> Ledger:
        """The truth of the broker."""
        return self.server.front.ledger

    def connect(self, clock: LoopClock) -> tuple[AlpacaVenue, tuple[SessionHttp, ...]]:
        """Returns the adapter of a new process, and what it must close."""
        http = SessionHttp(
            f"https://{HOST}", clock, connect=SimulatedConnector, authorize=lambda: broker_headers("key", "word")
        )
        account = AlpacaAccount(
            account=PAPER,
            api=broker_api(ACCOUNT_ID),
            instruments=(coin(FRACTIONAL.lot),),
            extended_hours=SessionKind.LATE in self.hedge.sessions,
        )
        events = SessionEvents(
            f"https://{HOST}", clock, connect=SimulatedConnector, authorize=lambda: broker_headers("key", "word")
        )
        return AlpacaVenue(http, clock, account=account, updates=BrokerUpdates(events, ACCOUNT_ID)), (http,)
