"""What Schwab says of the hours of a day. It can only close what our own table holds open."""

from __future__ import annotations

import msgspec

from flatbook.engine.reports import Unknown
from flatbook.values.instants import Instant, instant_of_text
from flatbook.venues.http import Reply
from flatbook.venues.schwab.refusals import SERVER_FAULT, UNREADABLE, is_json

_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)


class WireSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time as Schwab writes it."""

    start: str
    end: str


class WireSessions(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The sessions of a day as Schwab writes them."""

    pre_market: list[WireSpan] = []
    regular_market: list[WireSpan] = []
    post_market: list[WireSpan] = []


class WireMarket(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A market on a day as Schwab writes it; a closed one states no sessions."""

    is_open: bool
    session_hours: WireSessions | None = None


class MarketDay(msgspec.Struct, frozen=True, kw_only=True):
    """When the stock market is open on a day, by the words for sessions; nothing is closed."""

    spans: dict[str, tuple[tuple[Instant, Instant], ...]]

    def is_open(self, word: str, at: Instant) -> bool:
        """Returns whether a session is held and contains an instant; a session that is not stated is closed."""
        return any(start <= at < end for start, end in self.spans.get(word, ()))


def hours_answer(reply: Reply) -> MarketDay | Unknown:
    """Returns the hours of a day. Source: Trader API, GET markets/{market_id}: one product, EQ or any other name."""
    if reply.status != 200 or not is_json(reply):
        return SERVER_FAULT if reply.status >= 500 else UNREADABLE
    try:
        products = msgspec.json.decode(reply.body, type=dict[str, dict[str, WireMarket]]).get("equity", {})
        if len(products) != 1:
            return UNREADABLE
        (market,) = products.values()
        hours = market.session_hours if market.is_open else None
        if hours is None:
            return MarketDay(spans={})
        stated = {"AM": hours.pre_market, "NORMAL": hours.regular_market, "PM": hours.post_market}
        return MarketDay(
            spans={
                word: tuple((instant_of_text(span.start), instant_of_text(span.end)) for span in spans)
                for word, spans in stated.items()
            }
        )
    except _FAULTS:
        return UNREADABLE
