"""The market data of the simulated Alpaca: the latest trade and the latest quote of symbols, by feed.

Source: docs.alpaca.markets, Latest trades, Latest quotes; a feed without a subscription answers 403 in these words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from flatbook.sim.alpaca.terms import MarketTerms, Refused
from flatbook.values.instants import Instant, later, text_of_instant
from flatbook.values.money import plain

FEEDS = ("sip", "iex", "delayed_sip", "boats", "overnight", "otc")
DELAYED_S = {"delayed_sip": 900}
NOT_SUBSCRIBED = "subscription does not permit querying recent SIP data"

Prices = Callable[[str, Instant], Decimal | None]


def latest_page(
    kind: str, query: Mapping[str, str], prices: Prices, terms: MarketTerms, now: Instant
) -> dict[str, object] | Refused:
    """Returns the latest trades or quotes of the symbols of a query; a symbol without a price is left out."""
    feed, symbols = query.get("feed", "iex"), query.get("symbols", "")
    if feed not in FEEDS or not symbols or kind not in ("trades", "quotes"):
        return Refused(status=400, code=0, message=f"invalid feed or symbols: {feed} {symbols}")
    if feed not in terms.feeds:
        return Refused(status=403, code=0, message=NOT_SUBSCRIBED)
    at = later(now, seconds=-DELAYED_S.get(feed, 0))
    rows = {}
    for symbol in symbols.split(","):
        price = prices(symbol, at)
        if price is not None:
            rows[symbol] = _trade(price, at) if kind == "trades" else _quote(price, terms.half_spread, at)
    return {kind: rows}


def _number(value: Decimal) -> msgspec.Raw:
    """Prices are JSON numbers here, with all their digits."""
    return msgspec.Raw(plain(value).encode())


def _trade(price: Decimal, at: Instant) -> dict[str, object]:
    return {"t": text_of_instant(at), "x": "V", "p": _number(price), "s": 100, "c": ["@"], "i": 1, "z": "C"}


def _quote(price: Decimal, half_spread: Decimal, at: Instant) -> dict[str, object]:
    bid = {"bx": "V", "bp": _number(price - half_spread), "bs": 1}
    ask = {"ax": "V", "ap": _number(price + half_spread), "as": 1}
    return {"t": text_of_instant(at), **bid, **ask, "c": ["R"], "z": "C"}
