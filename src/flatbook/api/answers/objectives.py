"""What the desk should hold to, and whether it does. What was not seen lately is unknown, and never good."""

from __future__ import annotations

from enum import Enum

import msgspec

from flatbook.values.instants import NS_PER_MS


class ObjectiveState(Enum):
    """How an objective is held. Unknown where nothing was measured, or not lately."""

    GOOD = "good"
    WARN = "warn"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where a value is good, and beyond which it is critical. Units: of the value, as `unit` names them."""

    name: str
    unit: str
    good: int
    critical: int


DETECTION = Bounds(name="detection_p95", unit="ms", good=30_000, critical=120_000)
EXPOSURE = Bounds(name="exposure_window_p95", unit="ms", good=60_000, critical=300_000)
ERRORS = Bounds(name="errors", unit="alerts", good=0, critical=10)
WARNINGS = Bounds(name="warnings", unit="alerts", good=25, critical=250)
OPEN_AGE = Bounds(name="open_exposure_age", unit="s", good=300, critical=1_800)
BLOCK_LAG = Bounds(name="block_lag", unit="blocks", good=30, critical=300)
"""Source: the health thresholds of part E3 of the specification of the console."""


class ObjectiveBody(msgspec.Struct, frozen=True, kw_only=True):
    """One objective: good up to `good_max`, critical beyond `critical_above`, a warning between.

    Units: as `unit` says. `value` is None where nothing is known; `samples` is how many measurements it rests on, None
    where it is one.
    """

    name: str
    value: int | None
    unit: str
    good_max: int
    critical_above: int
    state: ObjectiveState
    samples: int | None


class ObjectivesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk should hold to. Fills and alerts of the last `window_s` seconds count, by the engine's clock."""

    now: str
    window_s: int
    objectives: list[ObjectiveBody]


def objective_body(bounds: Bounds, value: int | None, samples: int | None = None) -> ObjectiveBody:
    """Returns an objective by its value."""
    return ObjectiveBody(
        name=bounds.name,
        value=value,
        unit=bounds.unit,
        good_max=bounds.good,
        critical_above=bounds.critical,
        state=_state_of(bounds, value),
        samples=samples,
    )


def _state_of(bounds: Bounds, value: int | None) -> ObjectiveState:
    if value is None:
        return ObjectiveState.UNKNOWN
    if value <= bounds.good:
        return ObjectiveState.GOOD
    return ObjectiveState.CRITICAL if value > bounds.critical else ObjectiveState.WARN


def ms_up(ns: int | None) -> int | None:
    """Returns nanoseconds as milliseconds, rounded up: a bound that is just missed is missed. None stays None."""
    return None if ns is None else -(-ns // NS_PER_MS)
