"""What a desk sees of its markets, for whoever looks at it: books with their best levels, and reference prices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice

from flatbook.api.answers.market import BookBody, LevelBody, MarketBody, PriceBody
from flatbook.api.answers.moment import instant_or_none
from flatbook.engine.observe import Observations
from flatbook.engine.rules import HedgeRules, Rules
from flatbook.market.orderbook import Level
from flatbook.market.quotes import Market
from flatbook.services.live_books import FIT
from flatbook.values.ids import InstrumentId, SourceId, Underlying
from flatbook.values.instants import Instant, text_of_instant
from flatbook.values.instruments import TradingRules
from flatbook.values.money import BPS, ZERO, divide_cut, plain

LEVELS_MAX = 10
SPREAD_DECIMALS = 6
HALF = Decimal("0.5")


def market_seen(
    rules: Rules,
    market: Market,
    observations: Observations,
    fitness: Mapping[InstrumentId, str],
    with_candles: Iterable[InstrumentId],
    now: Instant,
) -> MarketBody:
    """Returns what a desk sees now. `fitness` says of each book FIT, or why it must not be read."""
    ages = _ages(rules)
    return MarketBody(
        now=text_of_instant(now),
        books=[
            _book(rules.instruments[instrument].rules, instrument, why, observations, ages.get(instrument))
            for instrument, why in fitness.items()
        ],
        prices=list(_prices(rules, market)),
        instruments=list(with_candles),
    )


def _ages(rules: Rules) -> dict[InstrumentId, int]:
    """Returns how old the book of each instrument may be for those who trade on it. Units: milliseconds."""
    ages: dict[InstrumentId, int] = {}
    for seated in rules.seats.values():
        for instrument in seated.seat.instruments:
            age = seated.limits.book_age_ms_max
            ages[instrument.id] = min(age, ages.get(instrument.id, age))
    return ages


def _book(
    rules: TradingRules, instrument: InstrumentId, why: str, observations: Observations, age_ms_max: int | None
) -> BookBody:
    book = observations.known_book(instrument)
    levels: tuple[list[Level], list[Level]] = ([], [])
    if book is not None:
        levels = list(islice(book.bids(), LEVELS_MAX)), list(islice(book.asks(), LEVELS_MAX))
    bids, asks = (_levels(each, rules) for each in levels)
    bid, ask = (each[0][0] if each else None for each in levels)
    return BookBody(
        instrument=instrument,
        unfit=None if why == FIT else why,
        bid=bids[0].price if bids else None,
        bid_qty=bids[0].qty if bids else None,
        ask=asks[0].price if asks else None,
        ask_qty=asks[0].qty if asks else None,
        mid=None if bid is None or ask is None else plain((bid + ask) * rules.tick * HALF),
        spread_bps=None if bid is None or ask is None else _spread_bps(bid, ask),
        seen_at=instant_or_none(observations.observed_at(instrument)),
        age_ms_max=age_ms_max,
        bids=bids,
        asks=asks,
    )


def _spread_bps(bid: int, ask: int) -> str:
    return plain(divide_cut(Decimal(ask - bid), (bid + ask) * HALF * BPS, decimals=SPREAD_DECIMALS))


def _levels(levels: list[Level], rules: TradingRules) -> list[LevelBody]:
    total, told = ZERO, []
    for ticks, lots in levels:
        qty = lots * rules.lot
        total += qty
        told.append(LevelBody(price=plain(ticks * rules.tick), qty=plain(qty), total=plain(total)))
    return told


def _prices(rules: Rules, market: Market) -> Iterator[PriceBody]:
    """Yields the newest price of each source that a hedge reads, once for each share."""
    limits: dict[tuple[Underlying, SourceId], int] = {}
    for (_, underlying), hedge in rules.hedges.items():
        for source, age_s_max in _sources(hedge):
            key = underlying, source
            limits[key] = min(age_s_max, limits.get(key, age_s_max))
    for (underlying, source), age_s_max in limits.items():
        quote = market.quote(underlying, source)
        yield PriceBody(
            underlying=underlying,
            source=source,
            price=None if quote is None else plain(quote.price),
            happened_at=None if quote is None else text_of_instant(quote.happened_at),
            seen_at=None if quote is None else text_of_instant(quote.seen_at),
            age_s_max=age_s_max,
        )


def _sources(hedge: HedgeRules) -> Iterator[tuple[SourceId, int]]:
    params = hedge.params
    yield params.price_source, params.price_age_s_max
    if params.second_source is not None:
        yield params.second_source, params.second_age_s_max
