"""From a world that fails to the smallest that fails in the same way: one thing less at a time, while it still does.

What is left out shifts no chance of what stays, because each fault draws from a stream of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from flatbook.engine.ports import IdRule
from flatbook.sim.runs.scenario import Scenario
from flatbook.sim.world.record import PRICE, SHARE

RUNS_MAX = 300
TAIL_MS = 10_000
PLANS = ("crashes", "reorgs", "halts", "steps", "freezes", "foreign", "ratios", "fills")
PLAINEST_SHAPE: tuple[tuple[str, Any], ...] = (
    ("backup", False),
    ("chain_lag", 0),
    ("fee_bps", 0),
    ("levy_ppm", 0),
    ("stable_mark_again", None),
    ("stable_mark", PRICE),
    ("order_max", None),
    ("id_rule", IdRule.FOR_EVER),
    ("depth", 200 * SHARE),
    ("read_lag_s", 1),
    ("queues", False),
    ("honours_good_until", False),
    ("pending", False),
    ("lot", SHARE),
    ("threshold", SHARE),
)

Fails = Callable[[Scenario], bool]


class Shrunk(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest world found, how many runs that took, and whether the search came to its end within its bound."""

    scenario: Scenario
    runs: int
    is_smallest: bool


class _Search:
    def __init__(self, scenario: Scenario, fails: Fails, runs_max: int) -> None:
        self.best, self._fails, self._runs_max = scenario, fails, runs_max
        self.runs = 0

    @property
    def is_spent(self) -> bool:
        return self.runs >= self._runs_max

    def accept(self, smaller: Scenario) -> bool:
        """Tries a smaller world, and keeps it when it still fails."""
        if smaller == self.best or self.is_spent:
            return False
        self.runs += 1
        if not self._fails(smaller):
            return False
        self.best = smaller
        return True


def shrink(scenario: Scenario, fails: Fails, *, runs_max: int = RUNS_MAX) -> Shrunk:
    """Returns the smallest scenario found that still fails.

    Needs: the scenario itself fails. `fails` says whether one fails in the same way; it is asked `runs_max` times at
    most.
    """
    search = _Search(scenario, fails, runs_max)
    moved = True
    while moved and not search.is_spent:
        before = search.best
        _drop_faults(search)
        for plan in PLANS:
            _drop_planned(search, plan)
        _shorten(search)
        _plain(search)
        moved = search.best != before
    return Shrunk(scenario=search.best, runs=search.runs, is_smallest=not search.is_spent)


def _drop_faults(search: _Search) -> None:
    for names in _parts(tuple(search.best.strengths)):
        strengths = {name: bps for name, bps in search.best.strengths.items() if name not in names}
        search.accept(replace(search.best, strengths=strengths))


def _drop_planned(search: _Search, plan: str) -> None:
    """Drops parts of a plan. Crashes belong to lives in turn, so that only the last ones can go alone."""
    planned = getattr(search.best, plan)
    for part in _parts(tuple(range(len(planned)))):
        left = tuple(each for index, each in enumerate(planned) if index not in part)
        if search.accept(replace(search.best, **{plan: left})):
            _drop_planned(search, plan)
            return


def _shorten(search: _Search) -> None:
    scenario = search.best
    ats = [each.at_ms for plan in PLANS if plan != "crashes" for each in getattr(scenario, plan)]
    search.accept(replace(scenario, safety_ms=min(scenario.safety_ms, max(ats, default=0) + TAIL_MS)))
    while search.best.safety_ms > TAIL_MS and search.accept(
        replace(search.best, safety_ms=max(TAIL_MS, search.best.safety_ms // 2))
    ):
        continue


def _plain(search: _Search) -> None:
    search.accept(replace(search.best, offset_ms=0, drift_ppm=0))
    for symbol in search.best.shape.symbols:
        search.accept(_only(search.best, symbol))
    for name, value in PLAINEST_SHAPE:
        search.accept(replace(search.best, shape=replace(search.best.shape, **{name: value})))


def _only(scenario: Scenario, symbol: str) -> Scenario:
    """Returns a scenario in which one symbol is left."""
    return replace(
        scenario,
        shape=replace(scenario.shape, symbols=(symbol,)),
        fills=tuple(fill for fill in scenario.fills if fill.symbol == symbol),
        foreign=tuple(each for each in scenario.foreign if each.symbol == symbol),
    )


def _parts(things: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yields all, then halves, quarters, and so on down to each one alone."""
    size = len(things)
    while size >= 1:
        for start in range(0, len(things), size):
            yield things[start : start + size]
        size //= 2
