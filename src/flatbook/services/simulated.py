"""A world in one thread on virtual time: the production engine over venues, a chain and a disk of our own making.

Everything follows from a scenario. The desk runs in lives: each is a process that can be killed, cut at any append and
any send, frozen, or given a wrong clock; the next one starts over the journal that survives.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextvars import Context

from flatbook.engine.inputs import Command, Verb
from flatbook.engine.run import CommandAnswer, Engine, EngineFailed, Parts
from flatbook.events.control import AlertCleared, AlertRaised, HaltCause
from flatbook.events.risk import RiskCleared, RiskRaised, StopProven
from flatbook.market.quotes import Quote
from flatbook.services.sim_life import RESTART_MS, Life
from flatbook.services.sim_world_states import WorldStates
from flatbook.sim.catalogue.row import Level
from flatbook.sim.chance import stream
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.wire_network import WireNetwork
from flatbook.sim.runs.planned import (
    PlannedFill,
    PlannedForeign,
    PlannedFreeze,
    PlannedHalt,
    PlannedReorg,
    PlannedStep,
)
from flatbook.sim.runs.scenario import PRICES, Scenario
from flatbook.sim.world.chain import BLOCK_S, ONE_SHARE, SimulatedChain
from flatbook.sim.world.desk import FEED, FIRST, OWNER, offers_of, ratios_of, rules_of
from flatbook.sim.world.disk import SimulatedDisk
from flatbook.sim.world.exchange import TICK
from flatbook.sim.world.injection import Injection, struck
from flatbook.sim.world.outside import Chainless, Chains, Outside, Venues
from flatbook.sim.world.port_nodes import PortNodes
from flatbook.sim.world.port_venues import PortVenues
from flatbook.sim.world.record import (
    PRICE,
    Appended,
    ChainFill,
    CommandDone,
    Commanded,
    Entry,
    Executed,
    Injected,
    Moved,
    Record,
    SafetyOver,
    WorldOver,
)
from flatbook.sim.world.wire_brokers import VENUES
from flatbook.sim.world.wire_nodes import WireNodes
from flatbook.values.ids import Underlying
from flatbook.values.instants import NS_PER_MS, Instant, later
from flatbook.values.money import Price, from_base_units

SETTLE_S_MAX = 600
SETTLE_STEP_S = 10
RESTARTS_MAX = 200
PRICE_STEP_MS = 1_000
JUMP_RARELY = 150
STALE_MS = (5_000, 90_000)
OPERATOR = "operator"
EXPECTED = ("the journal failed", "another process", "a task of the engine died: injected")
LIFT_AFTER_MS = 60_000
WATCHED = (RiskRaised, RiskCleared, StopProven, AlertRaised, AlertCleared)
"""What a monitor says of a market for ever: no book is changed by it."""
CERTAIN_AFTER_MS = {"safe": 90_000, "finalized": 160_000}


class World:
    """The outside of a desk and its lives, as a scenario describes them."""

    def __init__(self, scenario: Scenario, *, engine_of: Callable[[Parts], Engine] = Engine) -> None:
        self.scenario, self.engine_of = scenario, engine_of
        self.loop = VirtualLoop(scenario.start, order=stream(scenario.seed, "scheduler"))
        self.record = Record()
        self.injection = Injection(scenario.seed, scenario.strengths, self._injected)
        self.disk = SimulatedDisk(self.injection)
        self.kept = WorldStates(self.disk, stream(scenario.seed, "kept"))
        self.failures: list[str] = []
        self.lives: list[Life] = []
        self.rules = rules_of(scenario)
        self.chain = SimulatedChain(scenario.seed, self.record, self._now, ratios_of(scenario), offers_of(scenario))
        outside = Outside(loop=self.loop, record=self.record, injection=self.injection, later=self._at)
        self.network = None if scenario.level is Level.CORE else WireNetwork(scenario.seed, outside)
        self.venues: Venues
        self.chains: Chains
        if self.network is None:
            self.venues, self.chains = PortVenues(scenario, outside), PortNodes(scenario, outside, self.chain)
        else:
            self.venues = VENUES[scenario.shape.broker](scenario, outside, self.network)
            has_chain = scenario.level is Level.FULL or bool(scenario.fills)
            self.chains = WireNodes(scenario, outside, self.network, self.chain) if has_chain else Chainless()
        self._walks = {symbol: stream(scenario.seed, f"price:{symbol}") for symbol in scenario.shape.symbols}
        self._prices = {symbol: PRICES[symbol] for symbol in scenario.shape.symbols}
        self._stale_until = scenario.start
        self._expected: tuple[str, ...] = ()
        self._crashes = list(scenario.crashes)
        self._keys = 0
        self._is_over = False
        self._commanding: list[asyncio.Task[None]] = []
        self._plan()

    # What the runner calls.

    def run(self) -> None:
        """Runs the safety phase with its faults, then the liveness phase without, until the world is quiet."""
        scenario = self.scenario
        self.loop.advance(scenario.at(scenario.safety_ms))
        self._heal()
        until = later(self.loop.instant, seconds=SETTLE_S_MAX)
        quiet = 0
        while self.loop.instant < until and quiet < 2:
            self.loop.advance(later(self.loop.instant, seconds=SETTLE_STEP_S))
            quiet = quiet + 1 if self._is_quiet() else 0
        self._is_over = True
        self.venues.end()
        self.record.add(WorldOver(at=self.loop.instant))
        self.failures += [f"a task died: {fault}" for fault in self.loop.faults]
        self.failures += [f"an input was poisoned: {told}" for life in self.lives for told in life.engine.poisons]

    def close(self) -> None:
        """Lets go of what is open, and of the loop."""
        if self.network is not None:
            self.network.close()
        self.loop.close()

    @property
    def life(self) -> Life:
        """The newest life of the desk."""
        return self.lives[-1]

    def died(self, life: Life) -> None:
        """Starts the next life a while after one that ended, unless another one runs already."""
        if self.network is not None:
            self.network.lose(life.name)
        if life is self.life and len(self.lives) < RESTARTS_MAX:
            self.later_ms(life.down_ms if not self.injection.is_over else RESTART_MS, self._revive)

    def lose_power(self) -> None:
        """Cuts the power of the machine whose process was killed, in worlds where that is how processes end."""
        if self.injection.is_on("D1") or self.injection.is_on("D2"):
            self.disk.cut_power()

    def is_expected(self, fault: BaseException) -> bool:
        """Whether a process may end so: its disk failed, another one took its journal, or a fault broke a task."""
        return isinstance(fault, EngineFailed) and str(fault).startswith(EXPECTED)

    def later_ms(self, ms: int, action: Callable[[], None]) -> None:
        """Plans an action of the world itself."""
        self._at(Instant(self.loop.instant + ms * NS_PER_MS), action)

    # The plan.

    def _plan(self) -> None:
        scenario = self.scenario
        for symbol, price in self._prices.items():
            self.venues.set_price(symbol, price)
        if scenario.level is not Level.EXCHANGE or scenario.fills:
            self._at(scenario.start, self._mine)
        self._at(scenario.start, self._price)
        self._at(scenario.start, self._begin)
        for number, fill in enumerate(scenario.fills):
            self._at(scenario.at(fill.at_ms), _bound(self._trade, number, fill))
        for reorg in scenario.reorgs:
            self._at(scenario.at(reorg.at_ms), _bound(self._reorganise, reorg))
        for halt in scenario.halts:
            self._at(scenario.at(halt.at_ms), _bound(self._halt, halt))
        for step in scenario.steps:
            self._at(scenario.at(step.at_ms), _bound(self._step_clock, step))
        for freeze in scenario.freezes:
            self._at(scenario.at(freeze.at_ms), _bound(self._freeze, freeze))
        for foreign in scenario.foreign:
            self._at(scenario.at(foreign.at_ms), _bound(self._trade_of_others, foreign))

    def _at(self, at: Instant, action: Callable[[], None]) -> None:
        Context().run(self.loop.call_at_instant, at, action)

    def _begin(self) -> None:
        planned = self._crashes.pop(0) if self._crashes and not self.injection.is_over else None
        life = Life(self, len(self.lives) + 1, planned)
        self.lives.append(life)
        life.begin()
        self._observe()

    def _revive(self) -> None:
        if not self.life.is_alive:
            self._begin()

    def _mine(self) -> None:
        for symbol in self.chain.mine():
            self.injection.count("X16", symbol)
        self.later_ms(BLOCK_S * 1_000, self._mine)

    def _trade(self, number: int, fill: PlannedFill) -> None:
        tokens = fill.qty * 10**9
        shares = tokens * self.chain.ratio_at(fill.symbol, len(self.chain.blocks)) // ONE_SHARE
        usdc = shares * self._prices[fill.symbol] // (PRICE * 10**12)
        self.chain.trade(
            ChainFill(
                tx=f"0x{number + 1:064x}",
                log_index=number,
                owner=OWNER,
                underlying=fill.symbol,
                sign=fill.sign,
                tokens=tokens,
                usdc=usdc,
            )
        )

    def _price(self) -> None:
        for symbol, walk in self._walks.items():
            self._prices[symbol] += _move_of(walk, self._prices[symbol])
            self.venues.set_price(symbol, self._prices[symbol])
        if self.injection.hits("V25", FEED):
            stale_ms = self.injection.size("V25", FEED, *STALE_MS)
            self._stale_until = Instant(self.loop.instant + stale_ms * NS_PER_MS)
        self._observe()
        self.later_ms(PRICE_STEP_MS, self._price)

    def _observe(self) -> None:
        if self.loop.instant < self._stale_until and not self.injection.is_over:
            return
        for life in self.lives:
            if life.is_alive:
                for symbol, price in self._prices.items():
                    quote = Quote(
                        price=Price(from_base_units(price, decimals=4)),
                        happened_at=self.loop.instant,
                        seen_at=life.clock.now(),
                    )
                    life.engine.observe(Underlying(symbol), FEED, quote)

    def _reorganise(self, reorg: PlannedReorg) -> None:
        chance: random.Random = stream(self.scenario.seed, f"reorg:{reorg.at_ms}")
        struck(
            "X1",
            "chain",
            lambda: self.chain.reorganise(reorg.depth, lambda _fill: chance.randrange(10_000) < reorg.keeps_bps),
        )
        self.injection.count("X1", "chain")
        if reorg.keeps_bps:
            self.injection.count("X2", "chain")

    def _step_clock(self, step: PlannedStep) -> None:
        clock = self.life.clock
        clock.step(step.by_ms * NS_PER_MS)
        self.injection.count("T2" if step.by_ms < 0 else "T1", self.life.name)
        if step.back_after_ms is not None:
            self.later_ms(step.back_after_ms, lambda: clock.step(-step.by_ms * NS_PER_MS))

    def _freeze(self, freeze: PlannedFreeze) -> None:
        frozen = self.life
        if not frozen.is_alive:
            return
        self.injection.count("P7" if freeze.twin else "P12", frozen.name)
        self.loop.freeze(frozen.name)
        if freeze.twin:
            self.later_ms(min(1_000, freeze.for_ms), self._begin)
        self.later_ms(freeze.for_ms, lambda: self._thaw(frozen))

    def _thaw(self, frozen: Life) -> None:
        if frozen.is_alive:
            self.loop.thaw(frozen.name)

    def _trade_of_others(self, foreign: PlannedForeign) -> None:
        self.injection.count("V23" if foreign.forced else "O4", FIRST)
        self.venues.trade_of_others(FIRST, foreign.symbol, foreign.sign, foreign.qty, forced=foreign.forced)

    # Operators.

    def _halt(self, halt: PlannedHalt) -> None:
        key = self._next_key(halt.verb)
        for _ in range(halt.times):
            self.command(Verb(halt.verb), {}, key=key)
        if halt.times > 1:
            self.injection.count("O8", OPERATOR)
        self.later_ms(halt.lift_after_ms, self._lift_all)

    def _lift_all(self) -> None:
        if self.life.is_alive:
            for halt_id in tuple(self.life.engine.state.halts):
                self.command(Verb.LIFT, {"halt_id": halt_id}, key=self._next_key("lift"))

    def command(self, verb: Verb, arguments: dict[str, str], *, key: str) -> None:
        """Gives a command to the newest life; it is lost when none runs, and nobody gives one after the world's end."""
        life, now = self.life, self.loop.instant
        if not life.is_alive or self._is_over:
            return
        command = Command(key=key, actor=OPERATOR, reason="planned", verb=verb, arguments=arguments)
        self.record.add(
            Commanded(
                at=now,
                process="desk",
                key=key,
                actor=command.actor,
                reason=command.reason,
                verb=verb.value,
                arguments=arguments,
            )
        )
        self._commanding.append(life.context.run(self.loop.create_task, self._commanded(life, command)))

    async def _commanded(self, life: Life, command: Command) -> None:
        try:
            answer = await life.engine.command(command)
        except EngineFailed:
            return
        self._answered(command, answer)

    def _answered(self, command: Command, answer: CommandAnswer) -> None:
        self.record.add(
            CommandDone(
                at=self.loop.instant,
                process="desk",
                key=command.key,
                accepted=answer.accepted,
                repeated=answer.repeated,
                seq=answer.seq,
                why=answer.why,
            )
        )

    def _next_key(self, word: str) -> str:
        self._keys += 1
        return f"{word}-{self._keys}"

    # The end.

    def _heal(self) -> None:
        """Ends all faults: what was frozen goes on, what was dead starts, and an operator lifts what stands."""
        self.injection.stop()
        self.record.add(SafetyOver(at=self.loop.instant))
        self.later_ms(RESTART_MS, self._revive)
        grid = self.scenario.shape.grid
        if grid is None:
            self.later_ms(LIFT_AFTER_MS, self._lift_all)
        else:
            self.later_ms(500 * grid.quoted_s, self._lift_all)
            self.later_ms(1_000 * grid.quoted_s, self._end_quoting)

    def _end_quoting(self) -> None:
        """Lets an operator kill a grid that has quoted for a while without faults, until the kill is taken."""
        if not self._is_killed():
            self.command(Verb.KILL, {}, key=self._next_key("kill"))
            self.later_ms(RESTART_MS, self._end_quoting)

    def _is_killed(self) -> bool:
        cause = HaltCause.KILLED
        return self.life.is_alive and any(halt.cause is cause for halt in self.life.engine.state.halts.values())

    def _is_quiet(self) -> bool:
        if not self.life.is_alive or not self.life.engine.wakes.resumed():
            return False
        state = self.life.engine.state
        if self.scenario.shape.grid is not None:
            is_still = self._is_killed() and not state.open_orders and not any(state.owing.values())
            return is_still and self.venues.are_quiet() and self._are_books_compared()
        if state.open_orders or any(state.owing.values()) or state.halts or not self.venues.are_quiet():
            return False
        settled_ms = max(LIFT_AFTER_MS, CERTAIN_AFTER_MS.get(self.scenario.shape.hedge_at, 0))
        is_settled = self.loop.instant >= self.scenario.at(self.scenario.safety_ms + settled_ms)
        if not is_settled or not self._are_books_compared():
            return False
        threshold = from_base_units(self.scenario.shape.threshold, decimals=9)
        return all(abs(net.known) < threshold or key in state.holds for key, net in state.positions.nets.items())

    def _are_books_compared(self) -> bool:
        """Whether each account was stated late enough after the last change of books or truth to show a difference."""
        changes = (at for entry in reversed(self.record.entries) if (at := _changed_at(entry)) is not None)
        due_at = later(next(changes, self.scenario.start), seconds=self.scenario.shape.read_lag_s)
        stated = self.life.engine.statements
        return all(account in stated and stated[account].stated_at > due_at for account in self.rules.cards)

    def _now(self) -> Instant:
        return self.loop.instant

    def _injected(self, fault: str, where: str) -> None:
        self.record.add(Injected(at=self.loop.instant, fault=fault, where=where))


def run_world(scenario: Scenario, *, engine_of: Callable[[Parts], Engine] = Engine) -> World:
    """Runs the world of a scenario to its end and returns it, closed.

    Errors: InjectorFailed when an injector broke; whatever the world's own code raises.
    """
    world = World(scenario, engine_of=engine_of)
    try:
        world.run()
    finally:
        world.close()
    return world


def _move_of(walk: random.Random, price: int) -> int:
    """Returns how a price moves in one step: a few ticks, and rarely by more than what an order's limit allows."""
    if walk.randrange(JUMP_RARELY):
        return walk.randint(-3, 3) * TICK
    percents = walk.choice((-3, -2, 2, 3))
    return percents * price // 100 // TICK * TICK


def _changed_at(entry: Entry) -> Instant | None:
    """Returns when an entry changed the books, or what an account holds in truth; None where it did neither."""
    if isinstance(entry, Appended):
        return entry.believed_at if any(not isinstance(event, WATCHED) for event in entry.events) else None
    return entry.at if isinstance(entry, Executed | Moved) else None


def _bound(action: Callable[..., None], *arguments: object) -> Callable[[], None]:
    return lambda: action(*arguments)
