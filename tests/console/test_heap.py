"""The console does not grow while it shows a desk whose grid trades: five minutes, or an hour with `make soak`."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import pytest

from flatbook.api.console import PAGES

MINUTES = float(os.environ.get("SOAK_MINUTES", "5"))
pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.time_limit((MINUTES + 10) * 60)]
WARM_S = 30.0
STAY_MS = 2_000
GROWTH_BYTES_MAX = 6_000_000


def heap_bytes(tab: Any, devtools: Any) -> int:
    """Returns how much the page holds after its garbage was collected."""
    devtools.send("HeapProfiler.collectGarbage")
    assert tab.get_by_test_id("top-bar").is_visible()
    metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    return int(metrics["JSHeapUsedSize"])


def walk(tab: Any, until: float) -> int:
    """Goes from page to page until a moment, and returns how many were shown."""
    shown = 0
    while time.monotonic() < until:
        tab.get_by_test_id(f"nav-{PAGES[shown % len(PAGES)]}").click()
        tab.wait_for_timeout(STAY_MS)
        shown += 1
    return shown


def test_the_page_holds_no_more_after_minutes_than_when_it_was_warm(visit: Any) -> None:
    tab = visit.new_page()
    tab.goto("/overview")
    tab.get_by_test_id("am-i-flat").wait_for()
    devtools = visit.new_cdp_session(tab)
    devtools.send("Performance.enable")
    assert walk(tab, time.monotonic() + WARM_S) >= len(PAGES), "every page was shown once"
    tab.get_by_test_id("nav-overview").click()
    before = heap_bytes(tab, devtools)
    walk(tab, time.monotonic() + MINUTES * 60)
    tab.get_by_test_id("nav-overview").click()
    tab.wait_for_timeout(STAY_MS)
    grown = heap_bytes(tab, devtools) - before
    told = f"{before} bytes when warm, {grown} more after {MINUTES} minutes"
    sys.stdout.write(f"{told}\n")
    assert grown < GROWTH_BYTES_MAX, told
    tab.close()
