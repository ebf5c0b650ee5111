"""The chain of a desk on bytes: the production source of logs, over two nodes that each have their own faults."""

from __future__ import annotations

from flatbook.engine.call_outbox import Senders
from flatbook.engine.offer_reports import OfferReader
from flatbook.engine.ports import ChainSource
from flatbook.sim.chance import stream
from flatbook.sim.evm.contracts import Contracts
from flatbook.sim.evm.injected import InjectedNode
from flatbook.sim.evm.node import SimulatedNode
from flatbook.sim.evm.oracle import SimulatedPyth
from flatbook.sim.evm.server import NodeServer
from flatbook.sim.network.wire_network import WireNetwork
from flatbook.sim.runs.scenario import Scenario
from flatbook.sim.world.chain import CHAIN, TOKEN_DECIMALS, SimulatedChain
from flatbook.sim.world.desk import OWNER, vaults_of
from flatbook.sim.world.outside import Outside
from flatbook.sim.world.port_venue import Caller
from flatbook.sim.world.wire_oracle import WorldOracle, pyth_terms
from flatbook.venues.evm.log_source import EvmLogSource, ReadUpTo, Tag
from flatbook.venues.evm.node import RpcNode
from flatbook.venues.pyth.reader import PythReader

NODES = ("evm-1", "evm-2")
OTHER_DECIMALS = (6, 8)
FIRST_BLOCK = 1
TAGS = {"preconfirmed": Tag.PENDING, "head": Tag.LATEST, "safe": Tag.SAFE, "finalized": Tag.FINALIZED}


class WireNodes:
    """Two nodes of one chain, reached over HTTP. One of them may be false."""

    def __init__(self, scenario: Scenario, outside: Outside, network: WireNetwork, chain: SimulatedChain) -> None:
        self._network, self._shape = network, scenario.shape
        self.contracts = _contracts(scenario, outside)
        pyth = SimulatedPyth(scenario.shape.symbols, WorldOracle(scenario, outside).points)
        false_one = stream(scenario.seed, "false node").choice(NODES)
        for name in NODES:
            faults = InjectedNode(name, outside.loop, outside.injection, is_false=name == false_one)
            node = SimulatedNode(chain, self.contracts, chain_id=CHAIN, faults=faults, pyth=pyth)
            network.serve(NodeServer(node, rest=network.rest).runner, _host(name), name)

    def of_life(self, caller: Caller) -> tuple[ChainSource, ...]:
        """Returns the source as one life of the desk reads it, over connections of its own."""
        nodes = self._nodes_of(caller)
        tag = TAGS[self._shape.hedge_at]
        upto = ReadUpTo(first_block=FIRST_BLOCK, tag=tag, lag=0 if tag is Tag.PENDING else self._shape.chain_lag)
        return (EvmLogSource(nodes, self.contracts.config(), caller.clock, upto),)

    def oracle_of_life(self, caller: Caller) -> PythReader:
        """Returns who asks the oracle for one life of the desk, over connections of its own."""
        return PythReader(self._nodes_of(caller), pyth_terms(tuple(self._shape.symbols)), caller.clock)

    def _nodes_of(self, caller: Caller) -> list[RpcNode]:
        clock = caller.clock
        return [RpcNode(self._network.http(_host(name), clock, authorize=dict), clock, name=name) for name in NODES]

    def wallets_of(self, _caller: Caller) -> tuple[Senders, tuple[OfferReader, ...]]:
        """Returns nothing: what stands on a chain on bytes is taken whatever a desk does."""
        return {}, ()


def _host(name: str) -> str:
    return f"{name}.example"


def _contracts(scenario: Scenario, outside: Outside) -> Contracts:
    """Returns the contracts of a world. X17: tokens that have other decimals than most."""
    chance = stream(scenario.seed, "decimals")
    return Contracts(
        owner=OWNER,
        names=vaults_of(scenario),
        decimals={
            symbol: chance.choice(OTHER_DECIMALS) if outside.injection.hits("X17", symbol) else TOKEN_DECIMALS
            for symbol in scenario.shape.symbols
        },
    )
