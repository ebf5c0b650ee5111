"""The console does not grow while it shows a desk whose grid trades: five minutes, or an hour with `make soak`.

It is warm once its lists are as long as they get and the browser has compiled what it runs often.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import closing
from statistics import linear_regression
from typing import Any, NamedTuple

import pytest

from flatbook.api.console import PAGES

MINUTES = float(os.environ.get("SOAK_MINUTES", "5"))
pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.time_limit((MINUTES + 10) * 60)]
WARM_S = 120.0
STAY_MS = 1_200
SAMPLE_S = 30.0
COLLECTIONS = 2
SLOPE_BYTES_PER_MINUTE_MAX = 100_000 if MINUTES < 30 else 15_000
"""A tenth of a megabyte a minute over minutes, and less than one megabyte an hour over an hour."""
CODE = ("code", "native", "synthetic")
"""What V8 and Blink keep for themselves: code is compiled for as long as something is found to run often."""
CODE_BYTES_MAX, DOM_MORE_MAX = 6_000_000, 1.5


class Sample(NamedTuple):
    """What the page held at a moment. Units: minutes since the first sample; bytes of objects and texts, and of all."""

    minutes: float
    held: int
    whole: int
    dom: int


def held_bytes(devtools: Any) -> int:
    """Returns the bytes of all objects and texts of the page, without compiled code."""
    chunks: list[str] = []
    take = lambda told: chunks.append(told["chunk"])  # noqa: E731 - what is added must be taken off again
    devtools.on("HeapProfiler.addHeapSnapshotChunk", take)
    devtools.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    devtools.remove_listener("HeapProfiler.addHeapSnapshotChunk", take)
    found = json.loads("".join(chunks))
    fields, kinds = (found["snapshot"]["meta"][name] for name in ("node_fields", "node_types"))
    width, size = len(fields), fields.index("self_size")
    apart = {kinds[0].index(name) for name in CODE}
    nodes = found["nodes"]
    return sum(nodes[at + size] for at in range(0, len(nodes), width) if nodes[at] not in apart)


def sample_of(tab: Any, devtools: Any, began: float) -> Sample:
    """Returns what the page holds after its garbage was collected, always of the same page."""
    tab.get_by_test_id("nav-overview").click()
    tab.wait_for_timeout(STAY_MS)
    for _ in range(COLLECTIONS):
        devtools.send("HeapProfiler.collectGarbage")
    assert tab.get_by_test_id("top-bar").is_visible()
    metrics = {each["name"]: int(each["value"]) for each in devtools.send("Performance.getMetrics")["metrics"]}
    held = held_bytes(devtools)
    return Sample((time.monotonic() - began) / 60, held, metrics["JSHeapUsedSize"], metrics["Nodes"])


def read_a_story(tab: Any) -> None:
    """Opens the story of the newest order and closes it again."""
    tab.get_by_test_id("orders-table-row").first.click()
    tab.get_by_test_id("chain-event").first.wait_for()
    tab.keyboard.press("Escape")
    tab.get_by_test_id("chain").wait_for(state="hidden")


def go_back_in_time(tab: Any) -> None:
    """Looks at the moment before the last one, and at now again."""
    tab.get_by_test_id("moment-back").click()
    tab.get_by_test_id("then-flat").wait_for()
    tab.get_by_test_id("moment-now").click()
    tab.get_by_test_id("then").wait_for(state="hidden")


ACTS = {"orders": read_a_story, "events": go_back_in_time}


def walk_every_page(tab: Any) -> None:
    """Goes to each page once, and does there what makes it ask for more."""
    for name in PAGES:
        tab.get_by_test_id(f"nav-{name}").click()
        tab.wait_for_timeout(STAY_MS)
        if name in ACTS:
            ACTS[name](tab)


def walk(tab: Any, seconds: float) -> None:
    """Walks the pages for a while, each at least once."""
    until = time.monotonic() + seconds
    walk_every_page(tab)
    while time.monotonic() < until:
        walk_every_page(tab)


def slope_of(samples: list[Sample]) -> float:
    """Returns the bytes that a page gains in a minute, by the line that fits best."""
    return linear_regression([each.minutes for each in samples], [each.held for each in samples]).slope


def test_the_page_holds_no_more_after_minutes_than_when_it_was_warm(visit: Any) -> None:
    tab = visit.new_page()
    with closing(tab):
        tab.goto("/overview")
        tab.get_by_test_id("am-i-flat").wait_for()
        devtools = visit.new_cdp_session(tab)
        devtools.send("Performance.enable")
        walk(tab, WARM_S)
        began = time.monotonic()
        samples = [sample_of(tab, devtools, began)]
        while samples[-1].minutes < MINUTES:
            walk(tab, SAMPLE_S)
            samples.append(sample_of(tab, devtools, began))
            sys.stdout.write(f"{samples[-1]}\n")
    first, last, slope = samples[0], samples[-1], slope_of(samples)
    told = f"{first.held} bytes when warm, {last.held} after {last.minutes:.0f} minutes: {slope:+.0f} a minute"
    sys.stdout.write(f"{told}\n")
    assert slope < SLOPE_BYTES_PER_MINUTE_MAX, told
    assert last.whole - last.held - (first.whole - first.held) < CODE_BYTES_MAX, samples
    assert last.dom < first.dom * DOM_MORE_MAX, samples


def test_a_page_that_grows_is_seen_to_grow() -> None:
    steady = [Sample(0.5 * at, 4_000_000 + (at % 3) * 40_000, 12_000_000, 1000) for at in range(11)]
    growing = [each._replace(held=each.held + round(each.minutes * 150_000)) for each in steady]
    assert slope_of(steady) < 15_000
    assert slope_of(growing) > 100_000
