"""The chain of a desk at the engine's port: one node that lags and breaks."""

from __future__ import annotations

from flatbook.engine.call_outbox import Senders
from flatbook.engine.offer_reports import OfferReader
from flatbook.engine.ports import ChainSource
from flatbook.sim.runs.scenario import Scenario
from flatbook.sim.world.chain import CHAIN, NodeSource, SimulatedChain
from flatbook.sim.world.desk import WALLET, vaults_of
from flatbook.sim.world.outside import Outside
from flatbook.sim.world.port_venue import Caller
from flatbook.sim.world.port_wallet import PortOffers, PortWallet


class PortNodes:
    """A source that reads the chain itself."""

    def __init__(self, scenario: Scenario, outside: Outside, chain: SimulatedChain) -> None:
        self._names, self._lag = vaults_of(scenario), scenario.shape.chain_lag
        self._outside, self._chain = outside, chain

    def of_life(self, caller: Caller) -> tuple[ChainSource, ...]:
        """Returns the source as one life of the desk reads it."""
        injection = self._outside.injection
        return (NodeSource(self._chain, self._names, injection, caller.clock.now, lag_blocks=self._lag),)

    def oracle_of_life(self, _caller: Caller) -> None:
        """There is no oracle at this depth."""

    def wallets_of(self, caller: Caller) -> tuple[Senders, tuple[OfferReader, ...]]:
        """Returns the wallet of one life of the desk, and what it asks for its offers, where it has any."""
        if not self._chain.ledger.placed:
            return {}, ()
        return {(CHAIN, WALLET): PortWallet(self._chain, caller)}, (PortOffers(self._chain),)
