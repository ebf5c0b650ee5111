"""Worlds at an exchange, drawn from one seed: a grid quotes there, streams show it the market, and everything fails."""

from __future__ import annotations

import random

import msgspec

from flatbook.engine.ports import IdRule
from flatbook.sim.catalogue.row import Level
from flatbook.sim.chance import stream
from flatbook.sim.runs.planned import (
    PlannedCrash,
    PlannedFill,
    PlannedForeign,
    PlannedFreeze,
    PlannedGrid,
    PlannedGuards,
    PlannedHalt,
    PlannedStep,
)
from flatbook.sim.runs.scenario import VERSION, Broker, Scenario, Shape
from flatbook.sim.world.process import CrashPoint, Cut
from flatbook.sim.world.record import SHARE
from flatbook.values.instants import instant_of_text

NEAR_FUNDING = instant_of_text("2025-12-02T15:58:40Z")
SAFETY_MS = 150_000
FEW_FAULTS_MAX = 2
MANY_FAULTS_MAX = 10
STEPPED_MS = 30_000
CUTS_AT_MOST = 60
BY_HAND_BPS = (1_000, 7_000)
LONG_DEAD_MS = (80_000, 110_000)
TEARS = ("D1", "D2")

SEATED_STRENGTHS: dict[str, tuple[int, int]] = {
    "D1": (10_000, 10_000),
    "D2": (10_000, 10_000),
    "D4": (5, 30),
    "D5": (50, 200),
    "N1": (20, 300),
    "N2": (20, 300),
    "N3": (20, 200),
    "N4": (20, 200),
    "N5": (100, 1_500),
    "N6": (50, 500),
    "N7": (5, 50),
    "N8": (5, 50),
    "N9": (20, 300),
    "N11": (10, 100),
    "N12": (20, 300),
    "V1": (1_000, 8_000),
    "V2": (2_000, 9_000),
    "V5": (50, 500),
    "V7": (10, 100),
    "V9": (10, 100),
    "V11": (500, 5_000),
    "V12": (50, 500),
    "V16": (200, 2_000),
    "V23": (100, 1_500),
    "V25": (50, 300),
    "T1": (20, 200),
    "W1": (100, 1_000),
    "W2": (20, 200),
    "W3": (1_000, 8_000),
    "W4": (50, 500),
    "W7": (20, 300),
}
"""The faults that strike by chance, with the weakest and the strongest chance. Units: basis points an occasion."""


def draw_seated(seed: str) -> Scenario:
    """Draws the world of a seed at an exchange: its grid, its plan, and which faults it has."""
    chance = stream(seed, "seated")
    few = chance.randrange(3) == 0
    broker = chance.choice((Broker.BINANCE, Broker.BYBIT))
    plan, shape = _Plan(chance, few=few), _draw_shape(chance, broker, seed)
    drawn = Scenario(
        version=VERSION,
        seed=seed,
        level=Level.EXCHANGE,
        start=NEAR_FUNDING,
        safety_ms=SAFETY_MS,
        shape=shape,
        strengths=_draw_faults(chance, few=few) | _draw_hand(stream(seed, "by hand")),
        offset_ms=chance.choice((0, 0, 0, 200, -200)),
        drift_ppm=chance.choice((0, 0, 500, -500)),
        crashes=plan.crashes(),
        halts=plan.halts(),
        steps=plan.steps(),
        freezes=plan.freezes(),
        foreign=plan.foreign(),
        fills=_draw_fills(stream(seed, "beside"), shape),
    )
    drawn = _long_dead(drawn, stream(seed, "dead"))
    return _torn(drawn) if drawn.crashes and any(fault in drawn.strengths for fault in TEARS) else drawn


def _long_dead(drawn: Scenario, chance: random.Random) -> Scenario:
    """Returns a world whose desk is dead for longer than an exchange waits, after its first death, one time in four."""
    if not drawn.crashes or chance.randrange(4):
        return drawn
    first, *others = drawn.crashes
    down_ms = chance.randrange(*LONG_DEAD_MS)
    return msgspec.structs.replace(drawn, crashes=(msgspec.structs.replace(first, down_ms=down_ms), *others))


def _torn(drawn: Scenario) -> Scenario:
    """Returns a world that loses power with its first crash in the middle of an append, where there is most to lose."""
    point = CrashPoint(cut=Cut.WITHIN_APPEND, number=stream(drawn.seed, "torn").randint(1, CUTS_AT_MOST))
    first, *others = drawn.crashes
    return msgspec.structs.replace(drawn, crashes=(PlannedCrash(down_ms=first.down_ms, point=point), *others))


def _draw_fills(chance: random.Random, shape: Shape) -> tuple[PlannedFill, ...]:
    """Returns the fills of a vault that the desk hedges at the market of its grid, in one spot world of three."""
    if shape.grid is None or not shape.grid.spot or chance.randrange(3):
        return ()
    ats = sorted(chance.randrange(15_000, SAFETY_MS - 20_000) for _ in range(chance.randint(2, 6)))
    return tuple(
        PlannedFill(at_ms=at_ms, symbol="COIN", sign=chance.choice((-1, 1)), qty=chance.randint(5, 40) * (SHARE // 10))
        for at_ms in ats
    )


def _draw_shape(chance: random.Random, broker: Broker, seed: str) -> Shape:
    lot = chance.choice((SHARE // 100, SHARE // 10))
    return Shape(
        symbols=("COIN",),
        lot=lot,
        threshold=lot,
        order_max=None,
        depth=chance.choice((SHARE // 2, 2 * SHARE, 20 * SHARE)),
        fee_bps=0,
        id_rule=IdRule.WHILE_OPEN if broker is Broker.BINANCE else IdRule.FOR_EVER,
        id_window_s=30,
        request_window_s=5,
        read_lag_s=10,
        order_ttl_s=300,
        chain_lag=0,
        queues=False,
        honours_good_until=False,
        backup=False,
        broker=broker,
        grid=msgspec.structs.replace(_draw_grid(chance), guards=_draw_guards(stream(seed, "risk"))),
    )


def _draw_guards(chance: random.Random) -> PlannedGuards | None:
    """Returns what watches the grid of one world in four."""
    if chance.randrange(4):
        return None
    return PlannedGuards(
        interval_s=chance.choice((2, 5)),
        window=chance.choice((2, 4)),
        volume_pct=chance.choice((80, 150, 300)),
        missing_s=chance.choice((15, 30)),
        losses_max=chance.choice((None, 1, 3)),
        drawdown_usd=chance.choice((None, 1, 5)),
    )


def _draw_grid(chance: random.Random) -> PlannedGrid:
    qty = chance.choice((SHARE // 10, SHARE, SHARE * 3))
    return PlannedGrid(
        spot=chance.randrange(3) == 0,
        neutral=chance.randrange(2) == 0,
        step=chance.choice((10, 14, 25)),
        levels=chance.choice((1, 2, 4)),
        qty=qty,
        inventory_max=qty * chance.choice((2, 5, 20)),
        book_age_ms=chance.choice((2_000, 5_000)),
        skew_bps=chance.choice((0, 0, 5)),
        exits_take=chance.randrange(4) == 0,
        range=chance.choice((None, None, None, 150)),
        takers_bps=chance.choice((3_000, 8_000)),
        taker_qty=chance.choice((SHARE // 2, 4 * SHARE)),
    )


def _draw_faults(chance: random.Random, *, few: bool) -> dict[str, int]:
    names = sorted(SEATED_STRENGTHS)
    count = chance.randint(0, FEW_FAULTS_MAX) if few else chance.randint(3, MANY_FAULTS_MAX)
    return {name: chance.randint(*SEATED_STRENGTHS[name]) for name in sorted(chance.sample(names, count))}


def _draw_hand(chance: random.Random) -> dict[str, int]:
    """Returns how often somebody trades while the desk reads what it holds, in one world of six."""
    return {} if chance.randrange(6) else {"O4": chance.randint(*BY_HAND_BPS)}


class _Plan:
    """What is planned to happen, drawn in the order in which it is asked for."""

    def __init__(self, chance: random.Random, *, few: bool) -> None:
        self._chance, self._few = chance, few

    def _ats(self, count_max: int, *, rarely: int) -> list[int]:
        chance = self._chance
        if chance.randrange(rarely * (3 if self._few else 1)):
            return []
        return sorted(chance.randrange(5_000, SAFETY_MS - 10_000) for _ in range(chance.randint(1, count_max)))

    def crashes(self) -> tuple[PlannedCrash, ...]:
        return tuple(self._crash(max(1, at_ms // (number + 1))) for number, at_ms in enumerate(self._ats(3, rarely=2)))

    def _crash(self, after_ms: int) -> PlannedCrash:
        chance, down_ms = self._chance, self._chance.randrange(100, 20_000)
        if chance.randrange(2):
            return PlannedCrash(down_ms=down_ms, after_ms=after_ms)
        point = CrashPoint(cut=chance.choice(tuple(Cut)), number=chance.randint(1, CUTS_AT_MOST))
        return PlannedCrash(down_ms=down_ms, point=point)

    def halts(self) -> tuple[PlannedHalt, ...]:
        chance = self._chance
        return tuple(
            PlannedHalt(
                at_ms=at_ms,
                verb=chance.choice(("halt", "kill")),
                times=chance.choice((1, 1, 2)),
                lift_after_ms=chance.randrange(2_000, 40_000),
            )
            for at_ms in self._ats(2, rarely=3)
        )

    def steps(self) -> tuple[PlannedStep, ...]:
        chance = self._chance
        return tuple(
            PlannedStep(at_ms=at_ms, by_ms=chance.choice((-20_000, -700, 700, 20_000)), back_after_ms=STEPPED_MS)
            for at_ms in self._ats(1, rarely=8)
        )

    def freezes(self) -> tuple[PlannedFreeze, ...]:
        chance = self._chance
        return tuple(
            PlannedFreeze(at_ms=at_ms, for_ms=chance.randrange(500, 40_000), twin=chance.randrange(2) == 0)
            for at_ms in self._ats(1, rarely=6)
        )

    def foreign(self) -> tuple[PlannedForeign, ...]:
        chance = self._chance
        return tuple(
            PlannedForeign(
                at_ms=at_ms,
                symbol="COIN",
                sign=chance.choice((-1, 1)),
                qty=chance.randint(1, 20) * (SHARE // 10),
                forced=chance.randrange(3) != 0,
            )
            for at_ms in self._ats(2, rarely=5)
        )
