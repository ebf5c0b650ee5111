"""How far the executions of an account were read: for each symbol the last one, or since when there was none.

As text, symbols apart by commas: `BTCUSDT=123` for the execution, `ETHUSDT@1700000000000` for the millisecond.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flatbook.values.instants import NS_PER_MS, SECONDS_PER_DAY, Instant, later

FIRST_READ_S = 6 * SECONDS_PER_DAY  # Source: USD-M Account Trade List: at most 7 days from `startTime` on
OVERLAP_S = 3600
DIGITS_MAX = 19


class ReadTo(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where one symbol was read. Units: `since_ms` in milliseconds, used where no execution is known."""

    execution: int | None = None
    since_ms: int = 0


def read_to(cursor: str, symbols: tuple[str, ...], now: Instant) -> dict[str, ReadTo]:
    """Returns up to where each symbol was read; one that the cursor does not name begins FIRST_READ_S ago."""
    known = dict(_entries(cursor))
    first = ReadTo(since_ms=later(now, seconds=-FIRST_READ_S) // NS_PER_MS)
    return {symbol: known.get(symbol, first) for symbol in symbols}


def _entries(cursor: str) -> list[tuple[str, ReadTo]]:
    found = []
    for entry in cursor.split(","):
        for mark in ("=", "@"):
            symbol, is_marked, text = entry.partition(mark)
            if is_marked and text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX:
                number = int(text)
                found.append((symbol, ReadTo(execution=number) if mark == "=" else ReadTo(since_ms=number)))
    return found


def text_of(places: Mapping[str, ReadTo], before: str) -> str:
    """Returns the cursor of these places. Symbols that the one before names, and these do not, are kept."""
    kept = {symbol: place for symbol, place in _entries(before) if symbol not in places}
    return ",".join(
        f"{symbol}@{place.since_ms}" if place.execution is None else f"{symbol}={place.execution}"
        for symbol, place in {**kept, **places}.items()
    )


def after_silence(place: ReadTo, now: Instant) -> ReadTo:
    """Returns a place that moved on where nothing was executed for a day: a read reaches no further than some days."""
    now_ms = now // NS_PER_MS
    if place.execution is not None or now_ms - place.since_ms <= SECONDS_PER_DAY * 1000:
        return place
    return ReadTo(since_ms=min(place.since_ms + FIRST_READ_S * 1000, now_ms - OVERLAP_S * 1000))
