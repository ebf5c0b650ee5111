"""The sources of quotes of a desk, over the lines to its brokers."""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.engine.ports import Clock, QuoteSource
from flatbook.ops.config_prices import AlpacaQuotes, AskedPrices
from flatbook.ops.config_shape import Config
from flatbook.services.live_accounts import Line
from flatbook.services.prices import Asked
from flatbook.values.ids import SourceId, Underlying
from flatbook.venues.alpaca.quotes import AlpacaQuotes as QuotesOfAlpaca
from flatbook.venues.quote_gates import QuoteGates
from flatbook.venues.schwab.quotes import SchwabQuotes as QuotesOfSchwab

MS_PER_S = 1_000


def quotes_of(config: Config, lines: Mapping[str, Line], clock: Clock) -> tuple[Asked, ...]:
    """Returns the sources that are asked for quotes, with their pace."""
    return tuple(
        Asked(source=_source(config, name, stated, lines[stated.account], clock), poll_s=stated.poll_s)
        for name, stated in config.prices.items()
        if isinstance(stated, AskedPrices)
    )


def _source(config: Config, name: str, stated: AskedPrices, line: Line, clock: Clock) -> QuoteSource:
    source, underlyings = SourceId(name), symbols_of(config, stated)
    gates = QuoteGates(age_ms_max=stated.age_s_max * MS_PER_S, spread_bps_max=stated.spread_bps_max)
    if isinstance(stated, AlpacaQuotes):
        assert line.for_quotes is not None, "the line of an account at Alpaca has one for quotes"
        feeds = tuple(feed.value for feed in stated.feeds)
        return QuotesOfAlpaca(line.for_quotes, clock, source=source, underlyings=underlyings, feeds=feeds, gates=gates)
    assert line.schwab is not None, "quotes of Schwab are asked for over the line of an account there"
    return QuotesOfSchwab(line.schwab, clock, source=source, underlyings=underlyings, gates=gates)


def symbols_of(config: Config, stated: AskedPrices) -> dict[str, Underlying]:
    """Returns the underlyings that are asked for, by what the broker calls them where it is told."""
    traded = {each.underlying: each.symbol for each in config.instruments.values() if each.account == stated.account}
    return {traded.get(underlying, underlying): Underlying(underlying) for underlying in stated.underlyings}
