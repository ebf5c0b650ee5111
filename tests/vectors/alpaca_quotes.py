"""Cases of kind `alpaca_market_data`: quotes, refused feeds and waits, by the production code that reads them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from flatbook.engine.reports import Unknown
from flatbook.values.instants import instant_of_text, later
from flatbook.venues.alpaca.quotes import QUOTES, latest_answer
from flatbook.venues.http import Reply
from flatbook.venues.pace import Pace, pace_after
from flatbook.venues.quote_gates import QuoteGates, middle_of
from tests.vectors.outcome import Case, NotDue

NOW = instant_of_text("2026-10-21T07:27:00Z")
GATES = QuoteGates(age_ms_max=60_000, spread_bps_max=500)
JSON = {"content-type": "application/json"}


def run(case: Case) -> str | None:
    """Compares what our code makes of a case with what it expects."""
    if "table" in case:
        return _run_feeds(case)
    if "quotes" in case:
        return _run_quotes(case["quotes"])
    if "headers" in case:
        return _run_waits(case["headers"])
    raise NotDue("the ramp of a cross is the strategy's, with other parameters")


def _run_feeds(case: Case) -> str | None:
    for feed, status in case["table"].items():
        content: object = {QUOTES: {}} if status == 200 else {"message": case["body_403"]}
        reply = Reply(status=status, headers=JSON, body=json.dumps(content).encode())
        answer = latest_answer(reply, kind=QUOTES, symbols=("COIN",), gates=GATES, now=NOW)
        if isinstance(answer, Unknown) != (status == 403):
            return f"{feed} with {status} is {answer}"
    return None


def _run_quotes(quotes: list[dict[str, Any]]) -> str | None:
    for quote in quotes:
        middle = middle_of(Decimal(quote["bid"]), Decimal(quote["ask"]), NOW, gates=GATES, now=NOW)
        if middle is not None:
            return f"{quote['symbol']} is taken at {middle.price}"
    return None


def _run_waits(headers: list[dict[str, Any]]) -> str | None:
    for header in headers:
        value = header["value"]
        kept = JSON if value is None else JSON | {"retry-after": value}
        pace = pace_after(Pace(), Reply(status=429, headers=kept, body=b"{}"), NOW)
        waits_s = {"date minus now, clamped 1..300": 60, "fallback 1 s doubling to 60 s by streak": 1}
        expected_s = header.get("delay_s") or waits_s[header["delay"]]
        if pace.held_until != later(NOW, seconds=expected_s):
            return f"{value} waits {(pace.held_until - NOW) // 1_000_000_000} s, not {expected_s}"
    return None
