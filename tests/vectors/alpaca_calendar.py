"""Cases of kind `alpaca_calendar`: what the hours that Alpaca states mean, by the production adapter.

A day that a case does not ask for is the first one that it lists. Sessions are in the words of the system that cases
were taken from; our own table of sessions plays no part here.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from flatbook.values.instants import Instant
from flatbook.values.sessions import CalendarEnded, is_half_day, last_close
from flatbook.values.us_eastern import instant_of_eastern, second_of_clock
from flatbook.venues.alpaca.market_day import MarketDay, day_answer
from flatbook.venues.http import Reply
from tests.vectors.outcome import Case, NotDue

JSON = {"content-type": "application/json"}


def run(case: Case) -> str | None:
    """Compares what the adapter makes of a case with what it expects."""
    rows = case["response"]
    asked = case.get("query", {}).get("start") or rows[0]["date"]
    body = json.dumps(rows).encode()
    day = day_answer(Reply(status=200, headers=JSON, body=body), day=date.fromisoformat(asked))
    if "probes" in case:
        return _probed(case["probes"], day)
    expected = str(case["expected"])
    if expected.startswith(("parse error", "error")):
        return None if not isinstance(day, MarketDay) else f"read as {day}"
    if expected.startswith("closed"):
        is_closed = isinstance(day, MarketDay) and day.regular is None and day.whole is None
        return None if is_closed else f"read as {day}"
    if expected.startswith("same as cal-regular"):
        same = [{"et": "09:30", "session": "regular"}, {"et": "16:00", "session": "extended"}]
        return _probed(same, day)
    raise NotDue("no probes and no known expectation")


def _probed(probes: list[dict[str, Any]], day: object) -> str | None:
    if not isinstance(day, MarketDay):
        return f"read as {day}"
    for probe in probes:
        at = instant_of_eastern(day.day, second_of_clock(probe["et"]))
        found = "closed"
        if day.is_open(at, extended_hours=True) and not _is_over(day.day, at):
            found = "regular" if day.is_open(at, extended_hours=False) else "extended"
        if found != probe["session"].split()[0]:
            return f"at {probe['et']} it is {found}, not {probe['session']}"
    return None


def _is_over(day: date, at: Instant) -> bool:
    """Whether a day is a half one by our table, and its late session has ended."""
    try:
        return is_half_day(day) and at >= last_close(day)
    except CalendarEnded:
        return False
