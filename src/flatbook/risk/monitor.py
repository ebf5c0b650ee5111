"""The risk monitor: whether volume and price of several instruments are abnormal, and which side that speaks against.

A fall on high volume stops buys, a rise on high volume stops sales. What nobody has heard of for too long counts as
abnormal for both: a market that cannot be seen is not calm.
A side that is stopped is freed at another level than it was stopped at, and only after a while of calm: what hovers at
a bound stops it once.
Source: section B4 of the reference on grid market making, with its lessons K1, K2 and K4.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from flatbook.market.candles import CandleSight, Watch
from flatbook.values.ids import AccountId, InstrumentId, OwnerId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side

WINDOW_MAX = 1_000
INSTRUMENTS_MAX = 100


class Policy(Enum):
    """How many of the instruments must be abnormal for a stop."""

    ANY = "any"
    ALL = "all"


class Condition(Enum):
    """What is to be thought of one instrument. UNSURE is neither normal nor abnormal."""

    NORMAL = "normal"
    ABNORMAL = "abnormal"
    MISSING = "missing"
    UNSURE = "unsure"


AGAINST = (Condition.ABNORMAL, Condition.MISSING)


class MonitorRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a monitor watches, for whom, and when it speaks.

    Units: seconds; `window` closed candles; `volume_multiple` and `calm_multiple` times the mean volume: above the one
    a market may be abnormal, up to the other it is calm, wherever its price is. `recovery` is how many instruments must
    be calm again, for `calm_s` without a break; `accounts` are those at which the owners trade.
    """

    instruments: tuple[InstrumentId, ...]
    owners: tuple[OwnerId, ...]
    accounts: tuple[AccountId, ...]
    interval_s: int
    window: int
    volume_multiple: float
    policy: Policy
    recovery: int
    missing_s: int
    calm_multiple: float
    calm_s: int
    sides: tuple[Side, ...] = (Side.BUY, Side.SELL)

    def __post_init__(self) -> None:
        if not 0 < len(self.instruments) <= INSTRUMENTS_MAX or not 0 < self.window <= WINDOW_MAX:
            raise ValueError("a monitor watches 1 to 100 instruments over 1 to 1000 candles")
        if not 0 < self.recovery <= len(self.instruments):
            raise ValueError(f"a monitor cannot wait for {self.recovery} of {len(self.instruments)} instruments")
        if not (self.owners and self.sides and self.interval_s > 0 and self.missing_s > 0 and self.volume_multiple > 0):
            raise ValueError("a monitor needs owners, sides, and an interval, a bound and a multiple above zero")
        if not 0 < self.calm_multiple <= self.volume_multiple or self.calm_s < 0:
            raise ValueError("a market is calm at a multiple above zero that is no larger than that of an abnormal one")

    @property
    def watch(self) -> Watch:
        """What of the market is kept for it."""
        return Watch(instruments=self.instruments, interval_s=self.interval_s, window=self.window)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a monitor found of its instruments in one look at one side."""

    conditions: Mapping[InstrumentId, Condition]
    sights: Mapping[InstrumentId, CandleSight | None]

    def of(self, *wanted: Condition) -> tuple[InstrumentId, ...]:
        """Returns the instruments of these conditions, in the order in which they are watched."""
        return tuple(instrument for instrument, each in self.conditions.items() if each in wanted)

    def evidence(self) -> dict[str, str]:
        """Returns what was compared, as text by instrument."""
        return {name: f"{each.value}: {_numbers(self.sights.get(name))}" for name, each in self.conditions.items()}


def is_anomaly(measured: tuple[float, float], means: tuple[float, float], multiple: float, side: Side) -> bool:
    """Whether a candle speaks against new risk on a side: volume strictly above, and a close strictly on its bad side.

    Units: (volume, close) of the candle and of the means. A fall is bad for buys, a rise for sales.
    """
    (volume, close), (mean_volume, mean_close) = measured, means
    against = close < mean_close if side is Side.BUY else close > mean_close
    return against and volume > mean_volume * multiple


def condition_of(
    sight: CandleSight | None, rules: MonitorRules, side: Side, now: Instant, began_at: Instant
) -> Condition:
    """Returns what is to be thought of an instrument.

    Gives: the live candle may be abnormal; normal is what was calm in it and in the last closed one, so that what
    follows a loud candle is not normal before another one has closed.
    """
    known_at = sight.seen_at if sight is not None and sight.is_full else began_at
    if now > later(known_at, seconds=rules.missing_s):
        return Condition.MISSING
    if sight is None or not sight.is_full:
        return Condition.UNSURE
    means = (sight.mean_volume, sight.mean_close)
    if is_anomaly((sight.volume, sight.close), means, rules.volume_multiple, side):
        return Condition.ABNORMAL
    is_calm = max(sight.volume, sight.last_volume) <= sight.mean_volume * rules.calm_multiple
    return Condition.NORMAL if is_calm else Condition.UNSURE


def is_triggered(policy: Policy, abnormal: int, watched: int) -> bool:
    """Whether so many abnormal instruments of those that are watched are a stop."""
    return abnormal > 0 if policy is Policy.ANY else 0 < watched == abnormal


def look(
    sights: Mapping[InstrumentId, CandleSight | None], rules: MonitorRules, side: Side, now: Instant, began_at: Instant
) -> Found:
    """Returns what is to be thought of each instrument of a monitor."""
    conditions = {name: condition_of(sights.get(name), rules, side, now, began_at) for name in rules.instruments}
    return Found(conditions=conditions, sights=sights)


def _numbers(sight: CandleSight | None) -> str:
    if sight is None:
        return "never heard of"
    return f"volume {sight.volume} of {sight.mean_volume}, close {sight.close} of {sight.mean_close}"


def should_stop(found: Found, rules: MonitorRules) -> bool:
    """Whether a side that is free is to be stopped."""
    return is_triggered(rules.policy, len(found.of(*AGAINST)), len(rules.instruments))


def should_clear(found: Found, rules: MonitorRules) -> bool:
    """Whether a side that is stopped may be freed, if this lasts: enough is normal, and the rest would not stop it."""
    return len(found.of(Condition.NORMAL)) >= rules.recovery and not should_stop(found, rules)
