"""What oracles said of the price of a share when a fill of ours happened: information, on which nothing is decided."""

from __future__ import annotations

from enum import Enum

from flatbook.events.chain import LogKey
from flatbook.events.event import Event
from flatbook.values.ids import Underlying
from flatbook.values.instants import Instant
from flatbook.values.money import Price


class PriceSource(Enum):
    """Where the price of an oracle was read: in the trace of a transaction, or from its contract at a block."""

    TRACE = "trace"
    VIEW = "view"


class PriceDoubt(Enum):
    """Why the price of an oracle may not be what the share was worth at that moment."""

    STALE = "stale"
    OTHER_SESSION = "other_session"
    WIDE = "wide"
    NOT_POSITIVE = "not_positive"
    IN_FUTURE = "in_future"
    AVERAGE = "average"


class FillPriced(Event, frozen=True, kw_only=True, tag="fill_priced"):
    """An oracle's price of the share of a fill, at the block of that fill.

    Units: price in USD per share, confidence as far as the true price may lie beside it, in USD too. `doubts` are the
    reasons not to compare the fill with it.
    """

    key: LogKey
    underlying: Underlying
    oracle: str
    feed: str
    price: Price
    confidence: Price
    published_at: Instant
    source: PriceSource
    doubts: tuple[PriceDoubt, ...]
    seen_at: Instant
