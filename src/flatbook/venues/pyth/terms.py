"""What a desk knows of Pyth on a chain, and when a price of it is doubted. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from flatbook.events.prices import PriceDoubt
from flatbook.values.ids import Underlying
from flatbook.values.instants import Instant, later
from flatbook.values.money import BPS, ZERO
from flatbook.values.sessions import CalendarEnded, SessionKind, session_at
from flatbook.venues.pyth.price import OraclePrice

FUTURE_S_MAX = 5
_FEED = re.compile(r"0x[0-9a-f]{64}", re.ASCII)


class Feed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One feed. `sessions` are those in which it is published; None where its market never closes.

    A feed of a share has a price outside its sessions too: the last one of the session before.
    """

    id: str
    sessions: tuple[SessionKind, ...] | None = None

    def __post_init__(self) -> None:
        if not _FEED.fullmatch(self.id):
            raise ValueError(f"feed {self.id!r} is no id: 0x and 64 lower-case hex digits are expected")


class PythTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where Pyth is on a chain, its feeds by underlying, and how old and how wide a price may be.

    Units: `age_s_max` in seconds, `confidence_bps_max` in basis points of the price.
    """

    contract: str
    feeds: Mapping[Underlying, Feed]
    age_s_max: int
    confidence_bps_max: int

    def feed_of_id(self, feed: str) -> tuple[Underlying, Feed] | None:
        """Returns what a feed stands for, None when it is not configured."""
        return next(((name, known) for name, known in self.feeds.items() if known.id == feed), None)


def doubts_of(stated: OraclePrice, at: Instant, terms: PythTerms) -> tuple[PriceDoubt, ...]:
    """Returns why a price may not be what the share was worth at an instant, such as that of a block; none is good."""
    known = terms.feed_of_id(stated.feed)
    sessions = known[1].sessions if known is not None else None
    found = {
        PriceDoubt.STALE: later(stated.published_at, seconds=terms.age_s_max) < at,
        PriceDoubt.OTHER_SESSION: sessions is not None and not _is_same_session(stated.published_at, at, sessions),
        PriceDoubt.WIDE: stated.confidence > abs(stated.price) * terms.confidence_bps_max * BPS,
        PriceDoubt.NOT_POSITIVE: not stated.price > ZERO,
        PriceDoubt.IN_FUTURE: stated.published_at > later(at, seconds=FUTURE_S_MAX),
        PriceDoubt.AVERAGE: stated.is_average,
    }
    return tuple(doubt for doubt, is_raised in found.items() if is_raised)


def _is_same_session(published_at: Instant, at: Instant, sessions: tuple[SessionKind, ...]) -> bool:
    try:
        then, now = session_at(published_at), session_at(at)
    except CalendarEnded:
        return False
    return then == now and now.kind in sessions
