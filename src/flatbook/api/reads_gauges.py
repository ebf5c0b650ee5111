"""How the two processes of a desk do: lag of their loops, the disk under the journal, memory, and what waits."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

import msgspec

from flatbook.api.answers.moment import instant_or_none
from flatbook.api.site import PAST_MADE_MAX, Site
from flatbook.engine.inbox import INBOX_MAX
from flatbook.engine.ports import Allowance
from flatbook.ops.gauges import TimesBody, memory_bytes

LOOP_LAG_US_MAX = 100_000
FSYNC_US_MAX = 50_000
UNFOLDED_MAX = 2_000
REASONS_MAX = 5
ENGINE, API = "engine", "api"


class GaugeState(Enum):
    """Whether a measured value is within its bound; what nobody measured is unknown."""

    GOOD = "good"
    HIGH = "high"
    UNKNOWN = "unknown"


class GaugeBody(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value of a process, engine or api. Units: as `unit` says; `most` is its bound, None for none.

    `of_which` says what a count consists of, the most frequent first.
    """

    of: str
    name: str
    value: int | None
    most: int | None
    unit: str
    state: GaugeState
    of_which: str = ""


class BudgetBody(msgspec.Struct, frozen=True, kw_only=True):
    """One limit of a venue on what the key of an account may ask, as its adapter counts it.

    Units: as the venue counts, requests or their weight, within `window_s`. `full_at` is when all of it is free again,
    None where nothing is used or the venue does not say. From `most` on only cancels and exits go out.
    """

    account: str
    name: str
    used: int
    most: int
    window_s: int
    full_at: str | None
    state: GaugeState


def budgets_of(site: Site) -> Iterator[BudgetBody]:
    """Yields how much of its venue's limits the key of each account has used, as the engine said last."""
    told = site.live.status.own.get("budgets") or {}
    for account, allowances in told.items():
        for each in msgspec.convert(allowances, list[Allowance]):
            yield BudgetBody(
                account=account,
                name=each.name,
                used=each.used,
                most=each.limit,
                window_s=each.window_s,
                full_at=instant_or_none(each.full_at),
                state=GaugeState.GOOD if each.used < each.limit else GaugeState.HIGH,
            )


def gauges_of(site: Site) -> list[GaugeBody]:
    """Returns what is measured of the engine, as it said last, and of this process."""
    own = site.live.status.own
    return [*_engine_gauges(own, own.get("process") or {}), *_own_gauges(site)]


def _engine_gauges(own: dict[str, Any], process: dict[str, Any]) -> Iterator[GaugeBody]:
    yield _gauge(ENGINE, "memory", process.get("memory_bytes"), None, "bytes")
    yield from _times(ENGINE, "loop_lag", process.get("loop"), LOOP_LAG_US_MAX)
    yield from _times(ENGINE, "journal_fsync", process.get("fsync"), FSYNC_US_MAX)
    yield _gauge(ENGINE, "inputs_waiting", own.get("queued"), INBOX_MAX, "inputs")
    yield _repeated(own.get("dropped"))
    yield _gauge(ENGINE, "inputs_poisoned", None if "poisons" not in own else len(own["poisons"]), 0, "inputs")
    yield _gauge(ENGINE, "orders_in_flight", own.get("in_flight"), None, "requests")


def _own_gauges(site: Site) -> Iterator[GaugeBody]:
    yield _gauge(API, "memory", memory_bytes(), None, "bytes")
    yield from _times(API, "loop_lag", msgspec.to_builtins(site.lags.body()), LOOP_LAG_US_MAX)
    yield _gauge(API, "streams", len(site.streams), site.loaded.config.api.streams_max, "streams")
    yield _gauge(API, "commits_unfolded", len(site.follower.unfolded), UNFOLDED_MAX, "commits")
    yield _gauge(API, "moments_in_work", site.moments_in_work, PAST_MADE_MAX, "moments")


def _repeated(counts: dict[str, int] | None) -> GaugeBody:
    """Returns how many inputs told nothing new, such as an execution that was told before: none of them was lost."""
    count = None if counts is None else sum(counts.values())
    gauge = _gauge(ENGINE, "inputs_that_told_nothing_new", count, None, "inputs")
    most = sorted((counts or {}).items(), key=lambda each: (-each[1], each[0]))[:REASONS_MAX]
    of_which = ", ".join(f"{name.replace('_', ' ')} {times}" for name, times in most)
    return msgspec.structs.replace(gauge, of_which=of_which)


def _times(of: str, name: str, told: dict[str, Any] | None, most: int) -> Iterator[GaugeBody]:
    """Yields the middle and the worst of the newest measurements."""
    body = None if told is None else msgspec.convert(told, TimesBody)
    yield _gauge(of, f"{name}_median", None if body is None else body.median_us, most, "us")
    yield _gauge(of, f"{name}_worst", None if body is None else body.worst_us, None, "us")


def _gauge(of: str, name: str, value: int | None, most: int | None, unit: str) -> GaugeBody:
    if value is None:
        state = GaugeState.UNKNOWN
    else:
        state = GaugeState.GOOD if most is None or value <= most else GaugeState.HIGH
    return GaugeBody(of=of, name=name, value=value, most=most, unit=unit, state=state)
