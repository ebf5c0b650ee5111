"""The simulated Alpaca behind HTTP."""

from __future__ import annotations

from flatbook.sim.alpaca.faults import BrokerFaults, CalmBroker
from flatbook.sim.alpaca.front import Front
from flatbook.sim.alpaca.ledger import Prices
from flatbook.sim.alpaca.terms import AlpacaTerms
from flatbook.sim.network.http_broker import HttpBroker, Now, Rest

FAULT_TEXT = {"code": 50010000, "message": "internal server error occurred"}


class AlpacaServer(HttpBroker):
    """One Alpaca that answers HTTP requests of its Broker API and its Trading API. Units: as in HttpBroker."""

    def __init__(
        self, terms: AlpacaTerms, prices: Prices, *, now: Now, rest: Rest, faults: BrokerFaults | None = None
    ) -> None:
        named = faults or CalmBroker()
        self.front = Front(terms, prices, named)
        super().__init__(self.front, named, now=now, rest=rest, fault_text=FAULT_TEXT)
