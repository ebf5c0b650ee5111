"""Past candles of a venue over REST: how they are asked for, and what the answer says. Observations: floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from flatbook.values.instants import Instant
from flatbook.venues.http import Request

CANDLES_MAX = 1_000


class PastCandle(NamedTuple):
    """A candle that began at an instant. Units: open, high, low, close in quote, volume in base."""

    start_at: Instant
    numbers: tuple[float, float, float, float, float]


class PastCandles(msgspec.Struct, frozen=True, kw_only=True):
    """How a venue is asked for its newest candles.

    `words` are the intervals it knows, in seconds. `request` takes a symbol, a word and how many; `read` returns the
    candles oldest first, the last one maybe still open, and None where the answer cannot be read.
    """

    host: str
    words: dict[int, str]
    request: Callable[[str, str, int], Request]
    read: Callable[[bytes], tuple[PastCandle, ...] | None]
