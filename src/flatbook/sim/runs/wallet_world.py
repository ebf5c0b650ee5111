"""Worlds of one wallet: the production engine and sender over nodes that lose, lag, drop, replace and reorganise.

A process is cut at any append or send and started again; at the end the chain is asked what really happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from flatbook.engine.follow import Pace
from flatbook.engine.recover import fold_journal
from flatbook.engine.rules import Rules, WalletRules
from flatbook.engine.run import Engine, Parts
from flatbook.engine.take_calls import intend_call
from flatbook.engine.turn import Turn
from flatbook.events.calls import CallIntended, CallPurpose, CallSigned
from flatbook.events.chain import GasSpent
from flatbook.events.control import Mode
from flatbook.events.event import Event
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.market.quotes import Market
from flatbook.risk.call_limits import AllowedCall, CallLimits
from flatbook.risk.limits import Limits
from flatbook.sim.chance import draw, happens, stream
from flatbook.sim.evm.tx_chain import BASE_WEI, FAILS, Back, Tx, TxChain, cost_of, raw_of
from flatbook.sim.evm.tx_node import TxNode
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.world.process import CrashPoint, Cut, CutJournal, Killed, LoopClock, Scissors
from flatbook.state.calls import CALL_ENDED, CallStatus
from flatbook.state.intents import CallIntent
from flatbook.values.ids import AccountId, AssetId, CallId, ChainId, EventRef, OwnerId, WalletId, call_id_of
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.money import Quantity
from flatbook.venues.evm.sender import EvmSender
from flatbook.venues.evm.signing import SignedTx, TxFields

START = instant_of_text("2025-12-02T14:30:00Z")
CHAIN = ChainId(8453)
WALLET = WalletId("0x" + "0a" * 20)
KEY = (CHAIN, WALLET)
OWNER, ACCOUNT, ETH = OwnerId("desk"), AccountId("base:vault"), AssetId("ETH")
BOOK, SELECTOR = "0x" + "0b" * 20, "0x2fbc4ba0"
COIN_WEI = 10**20
BLOCK_S, FAULTS_S, SETTLE_S = 2, 240, 1_800
CONFIRMATIONS = 3
WISHES_MAX = 6
LIVES_MAX = 40
PROCESS_RESTS_MS = 40


class WalletScenario(msgspec.Struct, frozen=True, kw_only=True):
    """What a world of one wallet is like. Units: chances in basis points, each asked where it could strike."""

    seed: int
    lose_request: int = 0
    lose_answer: int = 0
    lag: int = 0
    drop: int = 0
    reorganise: int = 0
    spike: int = 0
    foreign: int = 0
    kill: int = 0


class WalletOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a world came to: what is wrong with it, and how often the last life appended and sent."""

    reasons: tuple[str, ...]
    appends: int
    sends: int
    lives: int
    struck: dict[str, int]


def draw_wallet_scenario(seed: int) -> WalletScenario:
    """Returns a scenario in which a third of the faults are off, and the others strong or weak."""
    strengths = {"lose_request": 1500, "lose_answer": 1500, "lag": 3000, "drop": 800, "reorganise": 1000}
    strengths |= {"spike": 800, "foreign": 300, "kill": 200}
    drawn = {
        name: draw(str(seed), "strength", name, below=most) if draw(str(seed), "on", name, below=3) else 0
        for name, most in strengths.items()
    }
    return WalletScenario(seed=seed, **drawn)


class WordedSigner:
    """Writes a transaction down as simulated nodes read it: no mathematics, so that worlds are fast."""

    wallet = WALLET

    async def sign(self, fields: TxFields) -> SignedTx:
        """Returns the words of a transaction."""
        raw, tx = raw_of(
            {
                "sender": WALLET,
                "nonce": fields.nonce,
                "to": fields.to,
                "payload": fields.payload,
                "gas": fields.gas,
                "fee_wei_max": fields.fee_wei_max,
                "tip_wei_max": fields.tip_wei_max,
            }
        )
        return SignedTx(tx=tx, raw=raw)


class Chance:
    """The faults of a world, drawn by seed and place, and how often each struck. Off once the world settles."""

    def __init__(self, scenario: WalletScenario) -> None:
        self.scenario = scenario
        self.is_off = False
        self.struck: dict[str, int] = {}
        self._asked: dict[str, int] = {}

    def hits(self, name: str, where: str = "") -> bool:
        """Returns whether a fault strikes here and now."""
        place = f"{name}:{where}"
        self._asked[place] = self._asked.get(place, 0) + 1
        bps: int = getattr(self.scenario, name)
        hit = not self.is_off and happens(str(self.scenario.seed), place, str(self._asked[place]), bps=bps)
        if hit:
            self.struck[name] = self.struck.get(name, 0) + 1
        return hit

    def size(self, name: str, below: int) -> int:
        """Returns how strong a fault is that struck."""
        return draw(str(self.scenario.seed), f"{name}:size", str(self.struck.get(name, 0)), below=below)


class WalletNodeFaults:
    """The faults of one node of a world."""

    def __init__(self, name: str, chance: Chance, clock: LoopClock) -> None:
        self._name, self._chance, self._clock = name, chance, clock

    def blocks_behind(self) -> int:
        """A node may lag, never by as much as we wait for a block to be final."""
        return 1 + self._chance.size("lag", CONFIRMATIONS - 1) if self._chance.hits("lag", self._name) else 0

    def loses_request(self, method: str) -> bool:
        """A request may never arrive."""
        return self._chance.hits("lose_request", self._name + method)

    def loses_answer(self, method: str) -> bool:
        """An answer may never come back, after the node has acted."""
        return self._chance.hits("lose_answer", self._name + method)

    async def rest(self) -> None:
        """A request takes its time."""
        await self._clock.sleep_until(later(self._clock.now(), ms=PROCESS_RESTS_MS))


class WalletWorld:
    """A chain, a journal, and processes that come and go."""

    def __init__(self, scenario: WalletScenario, loop: VirtualLoop, crash_at: CrashPoint | None) -> None:
        self.chance, self.loop, self.crash_at = Chance(scenario), loop, crash_at
        self.clock = LoopClock(loop)
        self.chain = TxChain(START, coin={WALLET: COIN_WEI})
        self.store = MemoryStore()
        self.scissors = Scissors(None)
        self.lives = 0
        self.foreign: list[str] = []
        self._final = 0
        self._wished: list[CallIntent] = self._wishes()

    async def run(self) -> WalletOutcome:
        """Runs with faults, then without, and judges."""
        outside = asyncio.create_task(self._live_outside())
        until = later(START, seconds=FAULTS_S)
        while self.clock.now() < until and self.lives < LIVES_MAX:
            await self._one_life(until)
        self.chance.is_off, self.chain.base_wei = True, BASE_WEI
        await self._one_life(later(START, seconds=FAULTS_S + SETTLE_S), settles=True)
        outside.cancel()
        await asyncio.gather(outside, return_exceptions=True)
        return WalletOutcome(
            reasons=tuple(reasons_of(self)),
            appends=self.scissors.appends,
            sends=self.scissors.sends,
            lives=self.lives,
            struck=self.chance.struck,
        )

    def events(self) -> list[Event]:
        """Returns what the journal holds."""
        return [event for row in MemoryJournal(self.store).read() for event in row.events]

    # Processes.

    async def _one_life(self, until: Instant, *, settles: bool = False) -> None:
        self.lives += 1
        self.scissors = Scissors(self.crash_at if self.lives == 1 else None)
        engine = self._engine()
        running = asyncio.create_task(engine.run())
        wishing = asyncio.create_task(self._wish(engine))
        while self.clock.now() < until and not running.done() and not self.scissors.is_cut:
            await self.clock.sleep_until(later(self.clock.now(), seconds=1))
            if settles and not self._wished and not engine.state.open_calls:
                break
            if self.chance.hits("kill"):
                break
        self.scissors.is_cut = True
        for task in (running, wishing):
            task.cancel()
        for each in await asyncio.gather(running, wishing, return_exceptions=True):
            if isinstance(each, BaseException) and not isinstance(each, (asyncio.CancelledError, Killed)):
                raise each

    def _engine(self) -> Engine:
        scissors = self.scissors
        nodes = [
            TxNode(
                name,
                self.chain,
                WalletNodeFaults(name, self.chance, self.clock),
                chain_id=int(CHAIN),
                around_send=lambda before: _cut_send(scissors, before=before),
            )
            for name in ("one", "two")
        ]
        return Engine(
            Parts(
                journal=CutJournal(MemoryJournal(self.store), scissors),
                venues={},
                sources=(),
                clock=self.clock,
                rules=wallet_rules(),
                market=Market(),
                pace=Pace(chain_poll_s=60, order_poll_s=60, idle_poll_s=60, statement_s=600, retry_s=60),
                mode=Mode.PAPER,
                version="simulated",
                senders={KEY: EvmSender(nodes, WordedSigner(), chain=CHAIN)},
            )
        )

    async def _wish(self, engine: Engine) -> None:
        """States wishes as a decider would: in a commit of their own, each until the journal holds it."""
        await self.clock.sleep_until(later(self.clock.now(), seconds=1))
        while self._wished:
            wish = self._wished[0]
            await self.clock.sleep_until(Instant(wish.good_until - 3_600 * 1_000_000_000))
            turn = Turn(engine.state, Market(), engine.wakes, now=self.clock.now(), rules=wallet_rules())
            intend_call(turn, wish)
            if turn.events:
                engine._commit(tuple(turn.events), {})
            self._wished.pop(0)
            engine._act(turn.effects)

    def _wishes(self) -> list[CallIntent]:
        seed = str(self.chance.scenario.seed)
        count = 1 + draw(seed, "wishes", "", below=WISHES_MAX)
        times = sorted(draw(seed, "wish", str(number), below=FAULTS_S - 60) for number in range(count))
        return [self._wish_of(seed, number, seconds) for number, seconds in enumerate(times)]

    def _wish_of(self, seed: str, number: int, seconds: int) -> CallIntent:
        fails = happens(seed, "fails", str(number), bps=1_500)
        urgent = happens(seed, "urgent", str(number), bps=3_000)
        mark = f"{number:062x}" + (FAILS if fails else "00")
        return CallIntent(
            call_id=call_id_of(OWNER, EventRef(seed), index=number),
            owner=OWNER,
            account=ACCOUNT,
            chain=CHAIN,
            wallet=WALLET,
            purpose=CallPurpose.REMOVE_ORDER if urgent else CallPurpose.ADD_ORDER,
            to=BOOK,
            payload=SELECTOR + mark,
            value=Quantity(Decimal(0)),
            asset=None,
            amount=None,
            destination=None,
            urgent=urgent,
            after=None,
            because=None,
            evidence={},
            good_until=later(START, seconds=seconds + 3_600),
        )

    # The outside.

    async def _live_outside(self) -> None:
        """Makes a block every two seconds, and now and then a reorganisation, a dropped or a foreign transaction.

        No block is removed that once was as deep as we wait for, however many reorganisations follow each other.
        """
        chain, chance = self.chain, self.chance
        while True:
            await self.clock.sleep_until(later(self.clock.now(), seconds=BLOCK_S))
            if chance.hits("spike"):
                chain.base_wei = BASE_WEI * (1 + chance.size("spike", 8))
            elif chain.base_wei != BASE_WEI and draw(str(chance.scenario.seed), "calm", str(chain.head), below=24) == 0:
                chain.base_wei = BASE_WEI
            for tx in tuple(chain.pool.values()):
                if chance.hits("drop"):
                    chain.drop(tx.tx)
            if chance.hits("foreign"):
                self._send_foreign()
            if chance.hits("reorganise"):
                back = tuple(Back)[chance.size("reorganise", len(Back))]
                depth = 1 + chance.size("reorganise", CONFIRMATIONS - 1)
                chain.reorganise(min(depth, chain.head - self._final), back)
            chain.mine(self.clock.now())
            self._final = max(self._final, chain.head - CONFIRMATIONS + 1)

    def _send_foreign(self) -> None:
        """Another program with the same key takes the next nonce, paying whatever it takes."""
        raw, _ = raw_of(
            {
                "sender": WALLET,
                "nonce": self.chain.nonce_at(WALLET, self.chain.head),
                "to": "0x" + "ee" * 20,
                "payload": f"0x{len(self.foreign):064x}",
                "gas": 50_000,
                "fee_wei_max": 10**12,
                "tip_wei_max": 0,
            }
        )
        taken = self.chain.submit(raw)
        if isinstance(taken, Tx):
            self.foreign.append(taken.tx)


def _cut_send(scissors: Scissors, *, before: bool) -> None:
    if before:
        scissors.reach(Cut.BEFORE_SEND, scissors.send())
    else:
        scissors.reach(Cut.AFTER_SEND, scissors.sends)


def wallet_rules() -> Rules:
    """Returns the rules of a desk that has one wallet and nothing else."""
    limits = Limits(
        order_notional_usd_max=Decimal(1),
        order_shares_max=Decimal(1),
        collar_bps_max=1,
        second_bps_max=1,
        price_age_s_max=1,
        day_loss_usd_max=Decimal(1),
        open_orders_max=1,
        orders_per_minute_max=1,
    )
    calls = CallLimits(
        allowed=(AllowedCall(to=BOOK, selector=SELECTOR),),
        amount_max={},
        amount_day_max={},
        calls_day_max=100,
        fee_coin_max=Decimal("0.01"),
    )
    wallet = WalletRules(
        account=ACCOUNT, coin=ETH, limits=calls, coin_low=Decimal(1), confirmations=CONFIRMATIONS, bump_s=20
    )
    return Rules(
        hedges={},
        instruments={},
        cards={},
        chains={},
        limits=limits,
        marks={},
        residue_usd_max=Decimal(1),
        depeg_bps_max=1,
        resends_max=1,
        config_digest="simulated",
        wallets={KEY: wallet},
    )


def reasons_of(world: WalletWorld) -> list[str]:
    """Returns what is wrong with a world that has settled, judged from the chain and from the rows of the journal."""
    events, chain = world.events(), world.chain
    mined = [(tx, block) for block in chain.blocks for tx in block.txs if tx.tx not in world.foreign]
    payloads = {event.call_id: event.payload for event in events if isinstance(event, CallIntended)}
    signed = {event.tx: event for event in events if isinstance(event, CallSigned)}
    reasons = [f"I1: {tx.tx} was sent and is not in the journal" for tx in chain.taken if _is_stray(world, tx, signed)]
    for call_id, payload in payloads.items():
        reasons += _reasons_of_call(world, call_id, payload, [tx for tx, _ in mined])
    ours = sum(cost_of(tx, block.base_wei) for tx, block in mined)
    booked = sum((event.wei_amount for event in events if isinstance(event, GasSpent)), Decimal(0))
    if booked != ours:
        reasons.append(f"I5: {booked} wei of gas are booked, {ours} were spent")
    if world._wished:
        reasons.append(f"I14: {len(world._wished)} wishes were never stated")
    return reasons


def _is_stray(world: WalletWorld, tx: Tx, signed: dict[str, CallSigned]) -> bool:
    return tx.tx not in world.foreign and tx.tx not in signed


def _reasons_of_call(world: WalletWorld, call_id: CallId, payload: str, mined: Sequence[Tx]) -> list[str]:
    """Returns what is wrong with one call: two effects, two nonces, no end, or an end that is not what happened."""
    effects = [tx for tx in mined if tx.payload == payload]
    signed = [event for event in world.events() if isinstance(event, CallSigned) and event.call_id == call_id]
    txs = dict.fromkeys(event.tx for event in signed)
    nonces = dict.fromkeys(tx.nonce for tx in world.chain.taken if tx.tx in txs)
    reasons: list[str] = []
    if len(effects) > 1:
        reasons.append(f"I2: {call_id} happened {len(effects)} times")
    if len(nonces) > 1:
        reasons.append(f"C.6: {call_id} was taken under the nonces {sorted(nonces)}")
    status = _status_of(world, call_id)
    if status not in CALL_ENDED:
        return [*reasons, f"I14: {call_id} is still {status.value}"]
    happened = status in (CallStatus.CONFIRMED, CallStatus.REVERTED)
    if happened != bool(effects):
        reasons.append(f"I7: {call_id} is {status.value} and happened {len(effects)} times")
    if effects and (status is CallStatus.CONFIRMED) != effects[0].succeeds:
        reasons.append(f"I7: {call_id} is {status.value} and its contract says otherwise")
    return reasons


def _status_of(world: WalletWorld, call_id: CallId) -> CallStatus:
    return fold_journal(MemoryJournal(world.store)).calls[call_id].status


def run_wallet_world(scenario: WalletScenario, crash_at: CrashPoint | None = None) -> WalletOutcome:
    """Runs a world from its seed; cut at a crash point of its first life where one is given."""
    loop = VirtualLoop(START, order=stream(str(scenario.seed), "order"))
    asyncio.set_event_loop(None)
    try:
        world = WalletWorld(scenario, loop, crash_at)
        return loop.run_until_complete(world.run())
    finally:
        loop.close()
