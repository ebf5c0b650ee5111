"""Paper accounts at exchanges: the adapters of production, at an exchange in the process that watches the real one.

Each market is shown to it by the desk's own public streams, before strategies are told. Orders stand in the queues of
that market and never move it; its ledger is a file of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import msgspec

from flatbook.backtest.terms import MarginTerms
from flatbook.engine.observe import Observations
from flatbook.engine.ports import Clock
from flatbook.matcher.margin import Tier
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import (
    BinanceAccount,
    BybitAccount,
    Environment,
    ExchangeAccount,
    MarginSection,
    PaperExchangeAccount,
    WatchedExchange,
)
from flatbook.ops.config_backtest import steps_of
from flatbook.ops.config_instruments import instruments_at
from flatbook.services.live_binance import binance_ways
from flatbook.services.live_exchanges import ExchangeLine, bybit_line
from flatbook.sim.exchange.paper import PaperExchange, Protocol, opening
from flatbook.sim.exchange.terms import Kind, Market
from flatbook.values.ids import InstrumentId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Instrument, Product, Side
from flatbook.values.money import BPS, ONE, Price

HUNDREDTH = Decimal("0.01")
QTY_MAX = Decimal(10**12)
KEY, SECRET = "paper", "paper-secret"
URL = "http://paper"
SPOKEN = {WatchedExchange.BINANCE: Protocol.BINANCE, WatchedExchange.BYBIT: Protocol.BYBIT}
# Source: fee pages of Gemini, Coinbase Advanced and Bitstamp: the fee is taken in the quote, of buys too.
FEES_IN_QUOTE = (WatchedExchange.GEMINI, WatchedExchange.COINBASE, WatchedExchange.BITSTAMP)
KINDS = {Product.SPOT: Kind.SPOT, Product.LINEAR_PERP: Kind.PERP}


def watched_account(account: PaperExchangeAccount) -> ExchangeAccount | None:
    """Returns the account whose public streams show the market: the venue itself, or a server in its place.

    None where a venue shows its market and no adapter of ours trades there.
    """
    return _account(account, account.base_url) if account.exchange in SPOKEN else None


def traded_account(account: PaperExchangeAccount) -> ExchangeAccount:
    """Returns the account that the adapter believes to trade at: it leads into the process.

    Where no adapter of ours trades at a venue, that of Bybit does, whose exchange is like most.
    """
    return _account(account, URL)


def _account(account: PaperExchangeAccount, base_url: str | None) -> ExchangeAccount:
    environment = Environment.LIVE if base_url is None else Environment.SANDBOX
    if account.exchange is WatchedExchange.BINANCE:
        return BinanceAccount(
            market=account.market,
            environment=environment,
            key=KEY,
            secret=SECRET,
            shorting=account.shorting,
            base_url=base_url,
        )
    return BybitAccount(
        environment=environment, user_id="", key=KEY, secret=SECRET, shorting=account.shorting, base_url=base_url
    )


def paper_exchange(loaded: Loaded, name: str, account: PaperExchangeAccount, clock: Clock) -> PaperExchange:
    """Returns the exchange of a paper account, with the books that were kept.

    Errors: OSError; KeptRefused.
    """
    protocol = SPOKEN.get(account.exchange, Protocol.BYBIT)
    margin = account.margin
    markets = tuple(_market(account, each) for each in instruments_at(loaded.config, name))

    async def rest(ms: int) -> None:
        await clock.sleep_until(later(clock.now(), ms=ms))

    return PaperExchange(
        protocol,
        markets,
        opening(protocol, KEY, SECRET, account.coins, leverage=None if margin is None else margin.leverage),
        now=clock.now,
        rest=rest,
        path=loaded.place(account.ledger),
    )


def _market(account: PaperExchangeAccount, instrument: Instrument) -> Market:
    rules = instrument.rules
    return Market(
        kind=KINDS[instrument.product],
        symbol=instrument.symbol,
        coin=str(instrument.underlying),
        quote=str(instrument.quote),
        tick=rules.tick,
        lot=rules.lot,
        qty_min=rules.qty_min,
        notional_min=rules.notional_min,
        maker_rate=account.maker_bps * BPS,
        taker_rate=account.taker_bps * BPS,
        funding_rate=Decimal(0),
        is_watched=True,
        fees_in_quote=account.exchange in FEES_IN_QUOTE,
        refuses_taking_maker=account.exchange is WatchedExchange.BINANCE,
        contract_size=instrument.contract_size if instrument.product is Product.LINEAR_PERP else ONE,
        qty_max=QTY_MAX,
        **_margin(account.margin),
    )


def margin_terms(section: MarginSection) -> MarginTerms:
    """Returns what contracts need as a venue keeps it."""
    tiers = tuple(Tier(above=above, rate=rate * HUNDREDTH) for above, rate in steps_of(section))
    return MarginTerms(leverage=section.leverage, maintenance=section.maintenance_pct * HUNDREDTH, tiers=tiers)


def _margin(section: MarginSection | None) -> dict[str, Any]:
    if section is None:
        return {}
    terms = margin_terms(section)
    return {"leverage_max": terms.leverage, "maintenance_rate": terms.maintenance, "tiers": terms.tiers}


def paper_line(account: PaperExchangeAccount, exchange: PaperExchange, clock: Clock) -> ExchangeLine:
    """Returns the way to an exchange in the process."""
    stands = traded_account(account)
    if isinstance(stands, BinanceAccount):
        found = binance_ways(stands, clock, _reveal, connect=exchange.connect)
        return ExchangeLine(http=found.https[0], binance=found, reveal=_reveal, stands=stands, connect=exchange.connect)
    assert isinstance(stands, BybitAccount), "a paper account stands for one of two exchanges"
    line = bybit_line(stands, clock, _reveal, connect=exchange.connect)
    return msgspec.structs.replace(line, counts_contracts=True)


def _reveal() -> tuple[str, str]:
    return KEY, SECRET


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """Where what is seen of an instrument is shown to a paper exchange."""

    exchange: PaperExchange
    market: str


class ShowingObservations(Observations):
    """Observations that are shown to paper exchanges before strategies are told of them."""

    shown: Mapping[InstrumentId, Shown] = {}

    def saw_book(self, instrument: InstrumentId, at: Instant, *, is_fit: bool = True, late_ns: int = 0) -> None:
        """Takes that a book was written, and shows it."""
        place = self.shown.get(instrument)
        if place is not None and is_fit:
            book = self.book(instrument)
            place.exchange.saw_book(place.market, book.bids(), book.asks())
        super().saw_book(instrument, at, is_fit=is_fit, late_ns=late_ns)

    def saw_others_trade(self, instrument: InstrumentId, ticks: int, lots: int, taker: Side) -> None:
        """Shows a trade of others."""
        place = self.shown.get(instrument)
        if place is not None and lots:
            place.exchange.saw_trade(place.market, ticks, lots, taker.sign)

    def saw_funding(
        self, instrument: InstrumentId, mark: Price | None, rate: Decimal | None, settles_at: Instant | None
    ) -> None:
        """Shows a mark, and what is told of the next settlement of funding; None: nothing new."""
        place = self.shown.get(instrument)
        if place is not None:
            place.exchange.saw_mark(place.market, mark, rate, settles_at)


def shown_at(loaded: Loaded, exchanges: Mapping[str, PaperExchange]) -> dict[InstrumentId, Shown]:
    """Returns where each instrument of a paper account is shown."""
    named = partial(instruments_at, loaded.config)
    return {
        each.id: Shown(exchange=exchange, market=f"{KINDS[each.product].value}:{each.symbol}")
        for name, exchange in exchanges.items()
        for each in named(name)
    }
