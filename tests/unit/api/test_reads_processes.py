"""What runs, how clocks stand, and until when persons are logged in, as the engine says it and as the API tells it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flatbook.api.answers.status import Told
from flatbook.api.reads_processes import clocks_of, logins_of, runs_of
from flatbook.api.site import Site
from flatbook.engine.reports import AccountStatement, ClockReading
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import load_text
from flatbook.ops.config_example import LIVE_EXAMPLE
from flatbook.services.desk import clocks_seen
from flatbook.values.ids import AccountId
from flatbook.values.instants import NS_PER_S, instant_of_text, later
from tests.unit.ops.scene import changed, problems
from tests.unit.ops.test_config_live import AT_ALPACA, SCHWAB

NOON = instant_of_text("2025-12-01T12:00:00Z")
HOUR_S = 3_600


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Gives a desk with an account at Schwab and one at Alpaca, whose engine was not asked yet."""
    return Site(load_text(changed((AT_ALPACA, SCHWAB), text=LIVE_EXAMPLE), tmp_path), SystemClock())


def said(site: Site, **own: Any) -> None:
    site.live.status = Told(running=True, own=msgspec.json.decode(msgspec.json.encode(own)))


def statement(clock: ClockReading | None) -> AccountStatement:
    return AccountStatement(
        account=AccountId("x"), stated_at=NOON, open_orders=(), holdings=(), balances=(), clock=clock
    )


def test_nowhere_metrics_are_drawn_unless_it_is_said_and_not_at_any_address(tmp_path: Path) -> None:
    drawn = 'grafana = "https://draws.example.org/d/desk?orgId=1"'
    loaded = load_text(f"{LIVE_EXAMPLE}\n[api]\n{drawn}\n", tmp_path)
    assert loaded.config.api.grafana == "https://draws.example.org/d/desk?orgId=1"
    for address, says in {
        "ftp://draws.example.org": "is no address",
        "http://draws.example.org": "is not encrypted",
        "https://ann:word@draws.example.org": "an address with a password has no place here",
    }.items():
        found = problems(f'{LIVE_EXAMPLE}\n[api]\ngrafana = "{address}"\n')
        assert [says in text for text in found] == [True]


def test_both_processes_say_what_they_run_and_for_how_long(site: Site) -> None:
    assert [(run.of, run.pid, run.version, run.up_s) for run in runs_of(site)] == [
        ("engine", None, None, None),
        ("api", os.getpid(), "0.1.0", 0),
    ]
    said(site, pid=7, version="0.1.0", process={"commit": "9c6fa6a9", "up_s": 90, "memory_bytes": 1})
    engine = runs_of(site)[0]
    assert (engine.pid, engine.commit, engine.up_s) == (7, "9c6fa6a9", 90)


def test_a_clock_that_is_proven_to_differ_too_far_is_bad_and_one_that_was_not_shown_unknown(site: Site) -> None:
    assert list(clocks_of(site, NOON)) == []
    ahead = ClockReading(
        asked_at=later(NOON, seconds=1), answered_at=later(NOON, seconds=1), earliest=NOON, latest=NOON
    )
    close = ClockReading(asked_at=NOON, answered_at=NOON, earliest=NOON, latest=later(NOON, seconds=1))
    seen = {AccountId("ahead"): ahead, AccountId("close"): close, AccountId("mute"): None}
    said(site, clocks=clocks_seen({account: statement(reading) for account, reading in seen.items()}))
    told = list(clocks_of(site, later(NOON, seconds=31)))
    assert [(clock.account, clock.skew_ms, clock.most_ms, clock.age_s, clock.state.value) for clock in told] == [
        ("ahead", -1_000, 250, 30, "bad"),
        ("close", 0, 250, 31, "good"),
        ("mute", None, 250, None, "unknown"),
    ]


@pytest.mark.parametrize(
    ("ends_in_s", "state"),
    [(49 * HOUR_S, "good"), (48 * HOUR_S, "late"), (1, "late"), (0, "bad"), (-5, "bad")],
    ids=["far", "two days", "second", "now", "over"],
)
def test_a_login_counts_down_to_its_end(site: Site, ends_in_s: int, state: str) -> None:
    said(site, logins={"schwab": NOON + ends_in_s * NS_PER_S})
    (login,) = logins_of(site, NOON)
    assert (login.account, login.left_s, login.late_s, login.state.value) == (
        "schwab",
        ends_in_s,
        48 * HOUR_S,
        state,
    )
    assert (login.renew, login.runbook) == ("flatbook auth schwab --account schwab", "docs/runbook.md#login_ending")


def test_nobody_who_is_logged_in_is_bad_and_what_no_engine_tells_of_is_unknown(site: Site) -> None:
    (login,) = logins_of(site, NOON)
    assert (login.ends_at, login.left_s, login.state.value) == (None, None, "unknown")
    said(site, logins={"schwab": None})
    (login,) = logins_of(site, NOON)
    assert (login.ends_at, login.left_s, login.state.value) == (None, None, "bad")
