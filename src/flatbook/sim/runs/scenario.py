"""What a world is like and what is planned to happen in it, drawn from one seed and written down in full.

A world is a function of its scenario alone, so that a scenario can be stored, read by people, and made smaller.

Units: milliseconds after the start unless a name says otherwise; shares in 1e-9, as in sim/world/record.py.
"""

from __future__ import annotations

import random
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from flatbook.engine.ports import IdRule
from flatbook.sim.catalogue.row import Level
from flatbook.sim.chance import BPS_WHOLE, stream
from flatbook.sim.faults import eligible
from flatbook.sim.runs.planned import (
    PPM_MAX,
    Bps,
    Depth,
    Mark,
    Move,
    PlannedCrash,
    PlannedFill,
    PlannedForeign,
    PlannedFreeze,
    PlannedGrid,
    PlannedHalt,
    PlannedOffer,
    PlannedRatio,
    PlannedReorg,
    PlannedStep,
    Qty,
    Seconds,
    Span,
)
from flatbook.sim.world.chain import BLOCK_S
from flatbook.sim.world.process import CrashPoint, Cut
from flatbook.sim.world.record import PRICE, SHARE
from flatbook.values.instants import Instant, instant_of_text, later

VERSION = 2
SCENARIO_BYTES_MAX = 1_000_000
SAFETY_MS = 150_000
STEPPED_MS = 30_000
FEW_FAULTS_MAX = 2
TOTALS_RARELY = 6
CONTRACTS_RARELY = 8
RATIO_STEPS_MAX = 3
SCHWAB_RARELY = 3
LOGIN_STRENGTHS = (50, 500)
RATIOS = (950, 1_000, 1_003, 1_020, 1_250)
REFILLS_S = (1, 1, 10, 45)
STABLE_MARKS = (PRICE, PRICE, PRICE * 98 // 100, PRICE * 1_003 // 1_000)
STABLE_MARKS_AGAIN = (None, PRICE * 9_951 // 10_000, PRICE * 101 // 100)
LEVIES_PPM = (0, 28)
CERTAINTIES: tuple[Literal["preconfirmed", "head", "safe", "finalized"], ...] = (
    *("head", "head", "head"),
    *("preconfirmed", "safe", "finalized"),
)
UNTOLD_BY_TOTALS = ("N5", "V11", "V15")
MANY_FAULTS_MAX = 20


class ScenarioRefused(ValueError):
    """A scenario cannot be read. Says where, why, and what to do."""


class Broker(Enum):
    """Which broker or exchange the venues of a world on bytes are."""

    ALPACA = "alpaca"
    SCHWAB = "schwab"
    BINANCE = "binance"
    BYBIT = "bybit"


class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The desk and its venues.

    Units: `lot`, `threshold`, `order_max`, `depth` in 1e-9 share; `chain_lag` in blocks; `read_lag_s` and the other
    times in seconds. `backup` gives the desk a second broker; a `pending` venue answers that it will decide on an order
    later. With `totals` the venues state running totals and no executions. Their own
    liquidity comes back after `refill_s`. `stable_mark` is what a dollar token is worth, in 1e-4 USD, and
    `stable_mark_again` what the second life of a desk and later ones are told that it is; `levy_ppm` a
    charge on sales beside the fee, in millionths of what they bring. `hedge_at` is how certain a fill has to be, in
    worlds on bytes. At an exchange a `grid` quotes; fills are hedged at its market. Venues at
    the engine's port trade in contracts of so many 1e-9 share.
    """

    symbols: tuple[str, ...]
    lot: Qty
    threshold: Qty
    order_max: Qty | None
    depth: Qty
    fee_bps: Bps
    id_rule: IdRule
    id_window_s: Seconds
    request_window_s: Seconds
    read_lag_s: Seconds
    order_ttl_s: Seconds
    chain_lag: Depth
    queues: bool
    honours_good_until: bool
    backup: bool
    pending: bool = False
    totals: bool = False
    refill_s: Seconds = 1
    stable_mark: Mark = PRICE
    stable_mark_again: Mark | None = None
    levy_ppm: Annotated[int, Meta(ge=0, le=PPM_MAX)] = 0
    hedge_at: Literal["preconfirmed", "head", "safe", "finalized"] = "head"
    broker: Broker = Broker.ALPACA
    grid: PlannedGrid | None = None
    contract: Qty = SHARE


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One world. `strengths` are the faults that strike by chance, in basis points, by their ids."""

    version: int
    seed: str
    level: Level
    start: Instant
    safety_ms: Span
    shape: Shape
    strengths: dict[str, Annotated[int, Meta(ge=1, le=BPS_WHOLE)]] = {}
    offset_ms: Move = 0
    drift_ppm: Annotated[int, Meta(ge=-PPM_MAX, le=PPM_MAX)] = 0
    fills: tuple[PlannedFill, ...] = ()
    crashes: tuple[PlannedCrash, ...] = ()
    reorgs: tuple[PlannedReorg, ...] = ()
    halts: tuple[PlannedHalt, ...] = ()
    steps: tuple[PlannedStep, ...] = ()
    freezes: tuple[PlannedFreeze, ...] = ()
    foreign: tuple[PlannedForeign, ...] = ()
    ratios: tuple[PlannedRatio, ...] = ()
    offers: tuple[PlannedOffer, ...] = ()

    def __post_init__(self) -> None:
        if self.version != VERSION:
            raise ValueError(f"a scenario of version {self.version}, this program makes and reads version {VERSION}")
        if not self.shape.symbols:
            raise ValueError("shape.symbols must name a share")
        if (self.level is Level.EXCHANGE) is (self.shape.grid is None):
            raise ValueError("shape.grid must stand in a world at an exchange, and in no other")
        if self.shape.contract != SHARE and self.level is not Level.CORE:
            raise ValueError("shape.contract must be one share in a world on bytes: its venues trade in no contracts")
        trades: tuple[PlannedFill | PlannedForeign, ...] = (*self.fills, *self.foreign)
        for trade in trades:
            if trade.symbol not in self.shape.symbols:
                raise ValueError(f"shape.symbols does not name {trade.symbol!r}, which is traded")
            if trade.sign == 0:
                raise ValueError("the sign of a trade is -1 or 1")
        known = eligible(self.level) if self.strengths else ()
        unknown = [fault for fault in self.strengths if fault not in known]
        if unknown:
            raise ValueError(f"no {self.level.value} world makes {', '.join(unknown)}: docs/faults.md tells which do")

    def at(self, ms: int) -> Instant:
        """Returns the instant so many milliseconds after the start."""
        return later(self.start, ms=ms)


MIDDAY = instant_of_text("2025-12-02T16:00:00Z")
NEAR_CLOSE = instant_of_text("2025-12-02T20:58:30Z")
NEAR_HALF_DAY_CLOSE = instant_of_text("2025-11-28T17:58:30Z")
NEAR_OPEN = instant_of_text("2025-12-02T14:29:00Z")
STARTS = (MIDDAY,) * 7 + (NEAR_CLOSE, NEAR_HALF_DAY_CLOSE, NEAR_OPEN)

STRENGTHS: dict[str, tuple[int, int]] = {
    "D1": (10_000, 10_000),
    "D2": (10_000, 10_000),
    "D4": (10, 60),
    "D5": (10, 60),
    "N1": (200, 3_000),
    "N2": (200, 3_000),
    "N3": (200, 2_000),
    "N4": (100, 500),
    "N5": (100, 3_000),
    "N6": (10, 100),
    "N7": (10, 100),
    "N8": (10, 100),
    "N9": (200, 2_000),
    "N10": (1_000, 6_000),
    "N11": (10, 100),
    "N12": (10, 100),
    "O3": (100, 1_000),
    "P11": (5, 30),
    "V1": (1_000, 8_000),
    "V2": (2_000, 9_000),
    "V5": (50, 500),
    "V7": (10_000, 10_000),
    "V8": (10_000, 10_000),
    "V9": (500, 5_000),
    "V10": (1_000, 8_000),
    "V11": (500, 5_000),
    "V12": (20, 300),
    "V15": (10_000, 10_000),
    "V16": (200, 2_000),
    "V19": (100, 2_000),
    "V25": (50, 400),
    "V26": (10_000, 10_000),
    "V28": (50, 500),
    "V31": (50, 500),
    "W1": (1_000, 10_000),
    "W2": (500, 3_000),
    "W3": (1_000, 8_000),
    "X4": (500, 5_000),
    "X5": (500, 5_000),
}
"""The faults that strike by chance, with the weakest and the strongest chance. Units: basis points an occasion."""

DEEP_STRENGTHS: dict[str, tuple[int, int]] = {
    "M9": (100, 2_000),
    "X3": (500, 3_000),
    "X17": (5_000, 10_000),
    "X20": (500, 5_000),
}
"""Those that only worlds on bytes have, each of them in a quarter of the worlds."""


def draw_scenario(seed: str) -> Scenario:
    """Draws the world of a seed: its shape, its plan, and which faults it has. A third have at most two faults."""
    chance = stream(seed, "scenario")
    shape = _draw_shape(chance)
    few = chance.randrange(3) == 0
    faults = _draw_faults(chance, few=few)
    planned = _Planner(chance, shape, few=few)
    return _with_venues(
        Scenario(
            version=VERSION,
            seed=seed,
            level=Level.CORE,
            start=chance.choice(STARTS),
            safety_ms=SAFETY_MS,
            shape=shape,
            strengths=faults,
            offset_ms=chance.choice((0, 0, 0, 200, -200)),
            drift_ppm=chance.choice((0, 0, 500, -500)),
            fills=planned.fills(),
            crashes=planned.crashes(),
            reorgs=planned.reorgs(),
            halts=planned.halts(),
            steps=planned.steps(),
            freezes=planned.freezes(),
            foreign=planned.foreign(),
        )
    )


def deepened(scenario: Scenario) -> Scenario:
    """Returns a scenario whose venues are on bytes: as Alpaca or Schwab are, with the faults that such a world makes.

    Those venues say what time it is, and a desk whose clock is wrong does not trade there until it is right again.
    """
    shape = msgspec.structs.replace(
        scenario.shape,
        fee_bps=0,
        levy_ppm=0,
        id_rule=IdRule.FOR_EVER,
        request_window_s=30,
        read_lag_s=5,
        queues=True,
        honours_good_until=False,
        totals=False,
        contract=SHARE,
        hedge_at=stream(scenario.seed, "certainty").choice(CERTAINTIES),
    )
    known = eligible(Level.FULL)
    strengths = {fault: strength for fault, strength in scenario.strengths.items() if fault in known}
    chance = stream(scenario.seed, "deep")
    strengths |= {name: chance.randint(*DEEP_STRENGTHS[name]) for name in DEEP_STRENGTHS if not chance.randrange(4)}
    steps = tuple(msgspec.structs.replace(step, back_after_ms=STEPPED_MS) for step in scenario.steps)
    deep = msgspec.structs.replace(scenario, level=Level.FULL, shape=shape, strengths=strengths, steps=steps)
    return deep if stream(scenario.seed, "broker").randrange(SCHWAB_RARELY) else at_schwab(deep)


def at_schwab(scenario: Scenario) -> Scenario:
    """Returns a scenario on bytes whose venue is Schwab: whole shares, no ids, and logins that end."""
    shape = msgspec.structs.replace(
        scenario.shape,
        broker=Broker.SCHWAB,
        lot=SHARE,
        threshold=max(SHARE, scenario.shape.threshold),
        id_rule=IdRule.NONE,
        request_window_s=30,
        read_lag_s=10,
    )
    chance = stream(scenario.seed, "logins end")
    ends = {} if chance.randrange(2) else {"V30": chance.randint(*LOGIN_STRENGTHS)}
    return msgspec.structs.replace(scenario, shape=shape, strengths=scenario.strengths | ends)


def _with_venues(scenario: Scenario) -> Scenario:
    """Returns the world with venues of some patience, and one of TOTALS_RARELY with venues that state running totals.

    Such a venue tells of nothing that others did, of no order that has ended, and of one order of an id only: what
    it could not tell of does not happen there.
    """
    chance = stream(scenario.seed, "venues")
    in_contracts = not stream(scenario.seed, "contracts").randrange(CONTRACTS_RARELY)
    shape = msgspec.structs.replace(
        scenario.shape, refill_s=chance.choice(REFILLS_S), contract=SHARE // 10 if in_contracts else SHARE
    )
    shape = _with_money(shape, stream(scenario.seed, "money"))
    world = msgspec.structs.replace(scenario, shape=shape, ratios=_draw_ratios(scenario))
    return world if chance.randrange(TOTALS_RARELY) else stating_totals(world)


def _with_money(shape: Shape, chance: random.Random) -> Shape:
    """Returns the shape with a dollar token that may not be worth a dollar, or not for long, and a charge on sales."""
    return msgspec.structs.replace(
        shape,
        stable_mark=chance.choice(STABLE_MARKS),
        levy_ppm=chance.choice(LEVIES_PPM),
        stable_mark_again=chance.choice(STABLE_MARKS_AGAIN),
    )


def _draw_ratios(scenario: Scenario) -> tuple[PlannedRatio, ...]:
    """Returns what tokens wrap: one share for ever in half of the worlds, else amounts that step a few times."""
    chance = stream(scenario.seed, "ratios")
    if chance.randrange(2):
        return ()
    blocks = sorted(chance.sample(range(1, SAFETY_MS // (1_000 * BLOCK_S)), chance.randint(0, RATIO_STEPS_MAX)))
    return tuple(
        PlannedRatio(
            block=block, symbol=symbol, ratio=chance.choice(RATIOS) * 10**15 + chance.choice((0, 1, 10**9 + 7))
        )
        for symbol in scenario.shape.symbols
        for block in (0, *blocks)
    )


def stating_totals(scenario: Scenario) -> Scenario:
    """Returns a scenario whose venues state running totals, without what such venues cannot tell of."""
    strengths = {name: bps for name, bps in scenario.strengths.items() if name not in UNTOLD_BY_TOTALS}
    shape = msgspec.structs.replace(scenario.shape, totals=True, contract=SHARE, id_rule=IdRule.FOR_EVER)
    return msgspec.structs.replace(scenario, shape=shape, strengths=strengths, foreign=())


def _draw_shape(chance: random.Random) -> Shape:
    lot = chance.choice((SHARE, SHARE // 100, SHARE // 1_000))
    threshold = max(lot, chance.choice((SHARE, SHARE // 2, 2 * SHARE)))
    return Shape(
        symbols=("COIN", "NVDA") if chance.randrange(3) == 0 else ("COIN",),
        lot=lot,
        threshold=threshold,
        order_max=chance.choice((None, None, 3 * SHARE)),
        depth=chance.choice((SHARE // 4, 2 * SHARE, 20 * SHARE)),
        fee_bps=chance.choice((0, 1, 30)),
        id_rule=chance.choice((IdRule.FOR_EVER, IdRule.FOR_EVER, IdRule.WHILE_OPEN, IdRule.WINDOW, IdRule.NONE)),
        id_window_s=chance.choice((30, 600)),
        request_window_s=5,
        read_lag_s=chance.choice((1, 5, 20)),
        order_ttl_s=chance.choice((20, 60, 300)),
        chain_lag=chance.choice((0, 0, 1, 3, 12)),
        queues=chance.randrange(2) == 0,
        honours_good_until=chance.randrange(2) == 0,
        backup=chance.randrange(4) == 0,
        pending=chance.randrange(4) == 0,
    )


def _draw_faults(chance: random.Random, *, few: bool) -> dict[str, int]:
    names = sorted(STRENGTHS)
    count = chance.randint(0, FEW_FAULTS_MAX) if few else chance.randint(3, MANY_FAULTS_MAX)
    return {name: chance.randint(*STRENGTHS[name]) for name in sorted(chance.sample(names, count))}


class _Planner:
    def __init__(self, chance: random.Random, shape: Shape, *, few: bool) -> None:
        self._chance, self._shape, self._few = chance, shape, few

    def _ats(self, count_max: int, *, rarely: int) -> list[int]:
        """Returns when something happens: in one world of `rarely`, in fewer of those that have few faults."""
        chance = self._chance
        if chance.randrange(rarely * (5 if self._few else 1)):
            return []
        return sorted(chance.randrange(1_000, SAFETY_MS - 10_000) for _ in range(chance.randint(1, count_max)))

    def fills(self) -> tuple[PlannedFill, ...]:
        chance = self._chance
        ats = sorted(chance.randrange(1_000, SAFETY_MS - 20_000) for _ in range(chance.randint(2, 14)))
        return tuple(
            PlannedFill(
                at_ms=at_ms,
                symbol=chance.choice(self._shape.symbols),
                sign=chance.choice((-1, -1, 1)),
                qty=chance.randrange(1, 4_000) * (SHARE // 1_000),
            )
            for at_ms in ats
        )

    def crashes(self) -> tuple[PlannedCrash, ...]:
        return tuple(self._crash(max(1, at_ms // (number + 1))) for number, at_ms in enumerate(self._ats(4, rarely=2)))

    def _crash(self, after_ms: int) -> PlannedCrash:
        """Returns a crash at a moment of the life, soon after its start, or at an append or send of it."""
        chance, down_ms = self._chance, self._chance.randrange(100, 20_000)
        how = chance.randrange(3)
        if how == 0:
            return PlannedCrash(down_ms=down_ms, after_ms=after_ms)
        if how == 1:
            return PlannedCrash(down_ms=down_ms, after_ms=chance.randrange(1, 2_000))
        point = CrashPoint(cut=chance.choice(tuple(Cut)), number=chance.randint(1, 40))
        return PlannedCrash(down_ms=down_ms, point=point)

    def reorgs(self) -> tuple[PlannedReorg, ...]:
        chance = self._chance
        return tuple(
            PlannedReorg(
                at_ms=at_ms, depth=chance.choice((1, 2, 5, 20, 64)), keeps_bps=chance.choice((0, 5_000, 10_000))
            )
            for at_ms in self._ats(2, rarely=3)
        )

    def halts(self) -> tuple[PlannedHalt, ...]:
        chance = self._chance
        return tuple(
            PlannedHalt(
                at_ms=at_ms,
                verb=chance.choice(("halt", "halt", "kill")),
                times=chance.choice((1, 1, 2)),
                lift_after_ms=chance.randrange(1_000, 60_000),
            )
            for at_ms in self._ats(2, rarely=4)
        )

    def steps(self) -> tuple[PlannedStep, ...]:
        chance = self._chance
        return tuple(
            PlannedStep(at_ms=at_ms, by_ms=chance.choice((-3_000, -500, 500, 3_000)))
            for at_ms in self._ats(2, rarely=6)
        )

    def freezes(self) -> tuple[PlannedFreeze, ...]:
        chance = self._chance
        return tuple(
            PlannedFreeze(at_ms=at_ms, for_ms=chance.choice((500, 5_000, 40_000)), twin=chance.randrange(2) == 0)
            for at_ms in self._ats(1, rarely=6)
        )

    def foreign(self) -> tuple[PlannedForeign, ...]:
        chance = self._chance
        return tuple(
            PlannedForeign(
                at_ms=at_ms,
                symbol=chance.choice(self._shape.symbols),
                sign=chance.choice((-1, 1)),
                qty=chance.randint(1, 3) * SHARE,
                forced=chance.randrange(2) == 0,
            )
            for at_ms in self._ats(1, rarely=8)
        )


def write_scenario(scenario: Scenario) -> bytes:
    """Returns a scenario as JSON that people can read and change."""
    return msgspec.json.format(msgspec.json.encode(scenario), indent=2) + b"\n"


def read_scenario(path: Path) -> Scenario:
    """Reads a scenario from a file.

    Errors: ScenarioRefused when it is too large, no JSON, of another version, or has a key that is not known.
    """
    return scenario_of(path.read_bytes(), str(path))


def scenario_of(body: bytes, name: str) -> Scenario:
    """Reads a scenario from bytes; `name` says in errors where they come from.

    Errors: ScenarioRefused when it is too large, no JSON, of another version, or has a key that is not known.
    """
    if len(body) > SCENARIO_BYTES_MAX:
        raise ScenarioRefused(f"{name} is larger than {SCENARIO_BYTES_MAX} bytes and no scenario")
    try:
        return msgspec.json.decode(body, type=Scenario)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ScenarioRefused(
            f"{name} is no scenario: {error}. `flatbook sim seed N --write FILE` makes one."
        ) from error


PRICES: dict[str, int] = {"COIN": 250 * PRICE, "NVDA": 180 * PRICE}
