"""What runs and since when, how far the clocks of venues differ from ours, and until when persons are logged in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import msgspec

from flatbook import __version__
from flatbook.api.answers.moment import instant_or_none
from flatbook.api.answers.status import RUNBOOK, age_s
from flatbook.api.part_state import PartState
from flatbook.api.site import Site
from flatbook.engine.take_clock import SKEW_MS_MAX
from flatbook.engine.take_login import SECONDS_PER_HOUR, WARNINGS_H
from flatbook.events.control import AlertName
from flatbook.ops.config_accounts import SchwabAccount
from flatbook.values.instants import Instant, seconds_between

ENGINE, API = "engine", "api"
RENEW = "flatbook auth schwab"


class RunBody(msgspec.Struct, frozen=True, kw_only=True):
    """One process: what it runs, and for how long it has. None where it does not say.

    Units: `up_s` seconds. `commit` is the one that its code is of, where a clone or an installer noted it.
    """

    of: str
    pid: int | None
    version: str | None
    commit: str | None
    up_s: int | None


class ClockBody(msgspec.Struct, frozen=True, kw_only=True):
    """How far the clock of an account's venue is proven to differ from ours, as its newest answer showed.

    Units: `skew_ms` milliseconds, below zero where ours is ahead; beyond `most_ms` nothing new is sent there. None
    where the venue has not shown its clock.
    """

    account: str
    skew_ms: int | None
    most_ms: int
    read_at: str | None
    age_s: int | None
    state: PartState


class LoginBody(msgspec.Struct, frozen=True, kw_only=True):
    """A login that a person makes: until when it lasts, and how it is renewed.

    Units: `left_s` seconds. `ends_at` is None where nobody is logged in, or nobody knows: `state` says which. From
    `late_s` before its end on it is late.
    """

    account: str
    ends_at: str | None
    left_s: int | None
    late_s: int
    state: PartState
    renew: str
    runbook: str


def runs_of(site: Site) -> list[RunBody]:
    """Returns the engine's process, as it said last, and this one."""
    own = site.live.status.own
    process: dict[str, Any] = own.get("process") or {}
    engine = RunBody(
        of=ENGINE,
        pid=own.get("pid"),
        version=own.get("version"),
        commit=process.get("commit"),
        up_s=process.get("up_s"),
    )
    up_s = seconds_between(site.began_at, site.clock.now())
    return [engine, RunBody(of=API, pid=os.getpid(), version=__version__, commit=site.commit, up_s=up_s)]


def clocks_of(site: Site, now: Instant) -> Iterator[ClockBody]:
    """Yields how the clock of each account's venue stands to ours."""
    told: dict[str, dict[str, int] | None] = site.live.status.own.get("clocks") or {}
    for account, reading in told.items():
        skew = None if reading is None else reading["skew_ms"]
        at = None if reading is None else Instant(reading["at"])
        good = skew is not None and abs(skew) <= SKEW_MS_MAX
        yield ClockBody(
            account=account,
            skew_ms=skew,
            most_ms=SKEW_MS_MAX,
            read_at=instant_or_none(at),
            age_s=age_s(at, now),
            state=PartState.UNKNOWN if skew is None else PartState.GOOD if good else PartState.BAD,
        )


def logins_of(site: Site, now: Instant) -> Iterator[LoginBody]:
    """Yields until when each login lasts that a person makes; one that no engine tells of is unknown."""
    told: dict[str, int | None] = site.live.status.own.get("logins") or {}
    late_s = max(WARNINGS_H) * SECONDS_PER_HOUR
    for name, account in site.loaded.config.accounts.items():
        if not isinstance(account, SchwabAccount):
            continue
        ends_at = told.get(name)
        left_s = None if ends_at is None else seconds_between(now, Instant(ends_at))
        yield LoginBody(
            account=name,
            ends_at=None if ends_at is None else instant_or_none(Instant(ends_at)),
            left_s=left_s,
            late_s=late_s,
            state=_login_state(left_s, late_s) if name in told else PartState.UNKNOWN,
            renew=f"{RENEW} --account {name}",
            runbook=RUNBOOK.format(anchor=AlertName.LOGIN_ENDING.value),
        )


def _login_state(left_s: int | None, late_s: int) -> PartState:
    if left_s is None or left_s <= 0:
        return PartState.BAD
    return PartState.GOOD if left_s > late_s else PartState.LATE
