"""The simulated Schwab behind HTTP."""

from __future__ import annotations

from flatbook.sim.alpaca.faults import BrokerFaults, CalmBroker
from flatbook.sim.alpaca.ledger import Prices
from flatbook.sim.network.http_broker import HttpBroker, Now, Rest
from flatbook.sim.schwab.front import Front
from flatbook.sim.schwab.terms import SchwabTerms

FAULT_TEXT = {"message": "Internal Server Error", "errors": []}


class SchwabServer(HttpBroker):
    """One Schwab that answers HTTP requests of its Trader API and for its tokens. Units: as in HttpBroker."""

    def __init__(
        self, terms: SchwabTerms, prices: Prices, *, now: Now, rest: Rest, faults: BrokerFaults | None = None
    ) -> None:
        named = faults or CalmBroker()
        self.front = Front(terms, prices, named)
        super().__init__(self.front, named, now=now, rest=rest, fault_text=FAULT_TEXT, streams=self.front.streamer)
