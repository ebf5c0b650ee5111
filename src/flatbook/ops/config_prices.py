"""The shape of a source of prices: recordings, and brokers that are asked."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from flatbook.ops.config_accounts import USD
from flatbook.ops.config_fields import bps, said, seconds, text
from flatbook.ops.config_section import Name, Section, Ticker


class RecordedPrices(Section, frozen=True, kw_only=True):
    """What every recording of prices states."""

    quote: Annotated[Name, said("What its prices are in; other than USD it needs a mark.")]
    files: Annotated[dict[Ticker, Annotated[str, text("A recording.")]], said("The recordings, by underlying.")]


class RecordedBars(RecordedPrices, frozen=True, kw_only=True, tag_field="kind", tag="recorded_bars"):
    """Minute bars of a stock exchange, recorded."""


class RecordedPoolMids(RecordedPrices, frozen=True, kw_only=True, tag_field="kind", tag="recorded_pool_mids"):
    """Mid prices of a pool onchain, recorded."""


class AskedPrices(Section, frozen=True, kw_only=True):
    """What every source that is asked for quotes states."""

    account: Annotated[Name, said("The account whose keys are asked with.")]
    underlyings: Annotated[tuple[Ticker, ...], said("The shares that are asked for.")]
    age_s_max: Annotated[int, seconds("An older quote is passed over.", least=1, most=3600)]
    spread_bps_max: Annotated[int, bps("A quote whose bid and ask are further apart is passed over.")]
    poll_s: Annotated[int, seconds("Between two questions.", least=1, most=600)] = 2


class AlpacaFeed(Enum):
    """Which feed of Alpaca's market data is asked."""

    SIP = "sip"
    IEX = "iex"
    DELAYED_SIP = "delayed_sip"
    BOATS = "boats"
    OVERNIGHT = "overnight"


class AlpacaQuotes(AskedPrices, frozen=True, kw_only=True, tag_field="kind", tag="alpaca_quotes"):
    """The newest trades of Alpaca's market data, or the middle of its newest quotes."""

    feeds: Annotated[
        tuple[AlpacaFeed, ...], said("The feeds, in the order in which they are asked; sip is all exchanges, iex one.")
    ]


class SchwabQuotes(AskedPrices, frozen=True, kw_only=True, tag_field="kind", tag="schwab_quotes"):
    """The middle of the newest quotes of Schwab's market data."""


PriceSection = RecordedBars | RecordedPoolMids | AlpacaQuotes | SchwabQuotes


def quote_of(source: PriceSection) -> str:
    """Returns what the prices of a source are in."""
    return source.quote if isinstance(source, RecordedPrices) else USD


def priced_by(source: PriceSection) -> tuple[str, ...]:
    """Returns the tickers that a source states prices of."""
    return tuple(source.files) if isinstance(source, RecordedPrices) else source.underlyings
