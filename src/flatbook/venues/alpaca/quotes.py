"""Prices of the underlyings from Alpaca's market data: the latest trade, else the middle of the latest quote, by feed.

Source: docs.alpaca.markets, Latest trades and Latest quotes: `feed` is one of sip, iex, delayed_sip, boats, overnight
and otc, each by subscription; prices are JSON numbers in USD, instants RFC 3339. A feed that is not subscribed answers
403 (measured: sip, boats, overnight and otc), and the next one is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import NotSent, Unknown
from flatbook.events.orders import NotSentReason
from flatbook.market.quotes import Quote
from flatbook.values.ids import SourceId, Underlying
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.money import ZERO
from flatbook.venues.alpaca.refusals import SERVER_FAULT, UNREADABLE, is_json
from flatbook.venues.http import Http, Reply, Request
from flatbook.venues.pace import Pace, pace_after
from flatbook.venues.quote_gates import QuoteGates, middle_of, price_of

DATA_URL = "https://data.alpaca.markets"
READ_TIMEOUT_S = 10
SYMBOLS_MAX = 100
UNSUBSCRIBED_S = 900
FORBIDDEN = 403
TRADES, QUOTES = "trades", "quotes"

Quoted = tuple[tuple[Underlying, Quote], ...]


class WireTrade(msgspec.Struct, frozen=True, kw_only=True):
    """A trade as Alpaca writes it."""

    t: str
    p: Decimal


class WireQuote(msgspec.Struct, frozen=True, kw_only=True):
    """A quote as Alpaca writes it; a side that is missing is zero."""

    t: str
    bp: Decimal = ZERO
    ap: Decimal = ZERO


class AlpacaQuotes:
    """Prices of underlyings from Alpaca's market data. Implements the engine's QuoteSource.

    Needs: `underlyings` by Alpaca's symbols, at most SYMBOLS_MAX; `feeds` in the order in which they are asked, each
    only for what the ones before did not quote soundly. `http` carries requests to the host of market data.
    """

    def __init__(
        self,
        http: Http,
        clock: Clock,
        *,
        source: SourceId,
        underlyings: Mapping[str, Underlying],
        feeds: tuple[str, ...],
        gates: QuoteGates,
    ) -> None:
        if not 0 < len(underlyings) <= SYMBOLS_MAX or not feeds:
            raise ValueError(f"quotes are asked for 1 to {SYMBOLS_MAX} symbols from at least one feed")
        self._http, self._clock, self._source = http, clock, source
        self._underlyings, self._feeds, self._gates = dict(underlyings), feeds, gates
        self._closed_until: dict[str, Instant] = {}
        self._pace = Pace()

    @property
    def source(self) -> SourceId:
        """The name under which its prices are observed."""
        return self._source

    async def quotes(self) -> Quoted | Unknown | NotSent:
        """Returns what Alpaca quotes now; what no feed quotes soundly is left out.

        Units: USD per share.
        Errors: NotSent while Alpaca asks to wait and where no byte left, Unknown for an answer that does not come or
        cannot be read, where no feed answered.
        """
        found: dict[str, Quote] = {}
        flaw: Unknown | NotSent | None = None
        is_answered = False
        for feed in self._feeds:
            for kind in (TRADES, QUOTES):
                missing = tuple(symbol for symbol in self._underlyings if symbol not in found)
                if not missing or self._clock.now() < self._closed_until.get(feed, Instant(0)):
                    continue
                answer = await self._ask(kind, feed, missing)
                if isinstance(answer, dict):
                    is_answered = True
                    found |= answer
                else:
                    flaw = flaw or answer
        if flaw is not None and not is_answered:
            return flaw
        return tuple((self._underlyings[symbol], found[symbol]) for symbol in self._underlyings if symbol in found)

    async def _ask(self, kind: str, feed: str, symbols: tuple[str, ...]) -> dict[str, Quote] | Unknown | NotSent:
        now = self._clock.now()
        if now < self._pace.held_until:
            return NotSent(reason=NotSentReason.REFUSED_LOCALLY)
        reply = await self._http.send(latest_request(kind, feed, symbols), later(now, seconds=READ_TIMEOUT_S))
        if not isinstance(reply, Reply):
            return reply
        now = self._clock.now()
        self._pace = pace_after(self._pace, reply, now)
        if reply.status == FORBIDDEN:
            self._closed_until[feed] = later(now, seconds=UNSUBSCRIBED_S)
        return latest_answer(reply, kind=kind, symbols=symbols, gates=self._gates, now=now)


def latest_request(kind: str, feed: str, symbols: tuple[str, ...]) -> Request:
    """Returns the request for the latest trades or quotes of symbols on a feed."""
    query = (("symbols", ",".join(symbols)), ("feed", feed))
    return Request(method="GET", path=f"/v2/stocks/{kind}/latest", query=query)


def latest_answer(
    reply: Reply, *, kind: str, symbols: tuple[str, ...], gates: QuoteGates, now: Instant
) -> dict[str, Quote] | Unknown:
    """Returns the sound prices of a reply, each symbol by itself: one that cannot be read hides no other."""
    if reply.status != 200 or not is_json(reply):
        return SERVER_FAULT if reply.status >= 500 else UNREADABLE
    try:
        stated = msgspec.json.decode(reply.body, type=dict[str, msgspec.Raw])
        rows = msgspec.json.decode(stated[kind], type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, KeyError, ValueError, RecursionError):
        return UNREADABLE
    read = _trade if kind == TRADES else _quote
    found = ((symbol, read(rows[symbol], gates, now)) for symbol in symbols if symbol in rows)
    return {symbol: quote for symbol, quote in found if quote is not None}


def _trade(stated: msgspec.Raw, gates: QuoteGates, now: Instant) -> Quote | None:
    try:
        trade = msgspec.json.decode(stated, type=WireTrade)
        return price_of(trade.p, instant_of_text(trade.t), gates=gates, now=now)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _quote(stated: msgspec.Raw, gates: QuoteGates, now: Instant) -> Quote | None:
    try:
        quote = msgspec.json.decode(stated, type=WireQuote)
        return middle_of(quote.bp, quote.ap, instant_of_text(quote.t), gates=gates, now=now)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
