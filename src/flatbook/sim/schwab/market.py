"""Market data of the simulated Schwab: quotes as it writes them, and in the numbered fields of its stream."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.sim.alpaca.ledger import Ledger
from flatbook.sim.schwab.pages import Page, number
from flatbook.sim.schwab.terms import SchwabTerms
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.money import ONE, ZERO

SIZE = 100


def quotes_page(ledger: Ledger, terms: SchwabTerms, symbols: list[str], now: Instant) -> Page:
    """Returns the quotes of symbols by symbol; those that are not known stand together under `errors`."""
    page: Page = {symbol: _quote(ledger, terms, symbol, now) for symbol in symbols if symbol in terms.symbols}
    unknown = [symbol for symbol in symbols if symbol not in terms.symbols]
    return page | ({"errors": {"invalidSymbols": unknown}} if unknown else {})


def level_one(ledger: Ledger, terms: SchwabTerms, symbol: str, now: Instant) -> Page | None:
    """Returns a quote by the numbers of its fields, None for a symbol that is not known.

    Source: Streamer Guide, LEVELONE_EQUITIES: 1 bid, 2 ask, 3 last, 4 and 5 their sizes, 34 the time of the quote.
    """
    if symbol not in terms.symbols:
        return None
    bid, ask, last = touch(ledger, terms, symbol, now)
    at = now // NS_PER_MS
    return {"1": number(bid), "2": number(ask), "3": number(last), "4": SIZE, "5": SIZE, "34": at, "35": at}


def touch(ledger: Ledger, terms: SchwabTerms, symbol: str, now: Instant) -> tuple[Decimal, Decimal, Decimal]:
    """Returns bid, ask and last price; all zero where there is no price. Units: USD a share."""
    price = ledger.price(symbol, now)
    if price is None:
        return ZERO, ZERO, ZERO
    half = terms.half_spread if price >= ONE else ZERO
    return price - half, price + half, price


def _quote(ledger: Ledger, terms: SchwabTerms, symbol: str, now: Instant) -> Page:
    bid, ask, last = touch(ledger, terms, symbol, now)
    at = now // NS_PER_MS - terms.quote_age_ms
    quote: dict[str, msgspec.Raw | int | str] = {
        "askMICId": "ARCX",
        "askPrice": number(ask),
        "askSize": SIZE,
        "askTime": at,
        "bidMICId": "ARCX",
        "bidPrice": number(bid),
        "bidSize": SIZE,
        "bidTime": at,
        "lastMICId": "XADF",
        "lastPrice": number(last),
        "lastSize": SIZE,
        "mark": number(last),
        "quoteTime": at,
        "securityStatus": "Normal",
        "totalVolume": 0,
        "tradeTime": at,
    }
    return {
        "assetMainType": "EQUITY",
        "assetSubType": "COE",
        "quoteType": "NBBO",
        "realtime": terms.quotes_are_live,
        "ssid": 1_973_757_747,
        "symbol": symbol,
        "quote": quote,
        "reference": {"cusip": "000000000", "description": symbol, "exchange": "Q", "exchangeName": "NASDAQ"},
        "regular": {"regularMarketLastPrice": number(last), "regularMarketTradeTime": at},
    }
