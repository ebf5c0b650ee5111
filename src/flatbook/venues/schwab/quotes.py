"""Prices of the underlyings as Schwab quotes them: the middle of a live, uncrossed, narrow and young quote.

Source: Market Data API, GET quotes: `realtime` says whether a quote is live, `quoteTime` when it was made, in ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import NotSent, Unknown
from flatbook.market.quotes import Quote
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.money import ZERO
from flatbook.venues.http import Reply, Request
from flatbook.venues.quote_gates import QuoteGates, middle_of
from flatbook.venues.schwab.lanes import Lane
from flatbook.venues.schwab.line import SchwabLine
from flatbook.venues.schwab.refusals import SERVER_FAULT, UNREADABLE, is_json

SYMBOLS_MAX = 500  # Source: Market Data API, GET quotes: up to 500 symbols
TRADED = ("Normal", "Unknown")
MS_MAX = 9_999_999_999_999


class WireQuote(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A quote as Schwab writes it."""

    bid_price: Decimal = ZERO
    ask_price: Decimal = ZERO
    quote_time: int = 0
    security_status: str = ""


class WireQuoted(msgspec.Struct, frozen=True, kw_only=True):
    """A symbol and its quote as Schwab writes them; a symbol that it does not know has none."""

    realtime: bool = False
    quote: WireQuote | None = None


class SchwabQuotes:
    """Prices of underlyings by one login. Implements the engine's QuoteSource.

    Needs: `underlyings` by Schwab's symbols, at most SYMBOLS_MAX.
    """

    def __init__(
        self,
        line: SchwabLine,
        clock: Clock,
        *,
        source: SourceId,
        underlyings: Mapping[str, Underlying],
        gates: QuoteGates,
    ) -> None:
        if not 0 < len(underlyings) <= SYMBOLS_MAX:
            raise ValueError(f"{len(underlyings)} symbols are not from 1 to {SYMBOLS_MAX}")
        self._line, self._clock = line, clock
        self._source, self._underlyings, self._gates = source, dict(underlyings), gates

    @property
    def source(self) -> SourceId:
        """The name under which its prices are observed."""
        return self._source

    async def quotes(self) -> tuple[tuple[Underlying, Quote], ...] | Unknown | NotSent:
        """Returns what Schwab quotes now; what it does not quote, or not soundly, is left out.

        Units: USD per share.
        Errors: NotSent while nobody is logged in, while Schwab asks to wait, and where no byte left; Unknown for an
        answer that does not come or cannot be read.
        """
        reply = await self._line.ask(quotes_request(tuple(self._underlyings)), Lane.READ)
        if not isinstance(reply, Reply):
            return reply
        return quotes_answer(reply, underlyings=self._underlyings, gates=self._gates, now=self._clock.now())


def quotes_request(symbols: tuple[str, ...]) -> Request:
    """Returns the request for quotes."""
    query = (("symbols", ",".join(symbols)), ("fields", "quote"))
    return Request(method="GET", path="/marketdata/v1/quotes", query=query)


def quotes_answer(
    reply: Reply, *, underlyings: Mapping[str, Underlying], gates: QuoteGates, now: Instant
) -> tuple[tuple[Underlying, Quote], ...] | Unknown:
    """Returns the sound quotes of a reply, each symbol by itself: one that cannot be read hides no other."""
    if reply.status != 200 or not is_json(reply):
        return SERVER_FAULT if reply.status >= 500 else UNREADABLE
    try:
        stated = msgspec.json.decode(reply.body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return UNREADABLE
    found = ((underlyings[symbol], _quote(stated[symbol], gates, now)) for symbol in underlyings if symbol in stated)
    return tuple((underlying, quote) for underlying, quote in found if quote is not None)


def _quote(stated: msgspec.Raw, gates: QuoteGates, now: Instant) -> Quote | None:
    try:
        quoted = msgspec.json.decode(stated, type=WireQuoted)
        if quoted.quote is None or not quoted.realtime or quoted.quote.security_status not in TRADED:
            return None
        made_at = Instant(min(max(quoted.quote.quote_time, 0), MS_MAX) * NS_PER_MS)
        return middle_of(quoted.quote.bid_price, quoted.quote.ask_price, made_at, gates=gates, now=now)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
