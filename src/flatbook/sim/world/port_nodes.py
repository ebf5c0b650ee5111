"""The chain of a desk at the engine's port: one node that lags and breaks."""

from __future__ import annotations

from flatbook.engine.ports import ChainSource
from flatbook.sim.runs.scenario import Scenario
from flatbook.sim.world.chain import NodeSource, SimulatedChain
from flatbook.sim.world.desk import vaults_of
from flatbook.sim.world.outside import Outside
from flatbook.sim.world.port_venue import Caller


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
