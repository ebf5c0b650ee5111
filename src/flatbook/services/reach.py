"""Whether the limits of a desk let it hedge at all, at the prices of its recordings."""

from __future__ import annotations

from collections.abc import Iterator

from flatbook.ops.config import Loaded, problem_at
from flatbook.ops.config_accounts import USD
from flatbook.ops.config_instruments import instrument_of
from flatbook.ops.config_prices import RecordedBars, RecordedPrices
from flatbook.ops.config_read import Problem
from flatbook.ops.config_shape import HedgeSection
from flatbook.sim.tapes.bar_file import BarsRefused, read_bars
from flatbook.sim.tapes.pool import SamplesRefused, read_samples
from flatbook.values.instruments import least_order
from flatbook.values.money import BPS, ONE, Price, plain


def out_of_reach(loaded: Loaded) -> tuple[Problem, ...]:
    """Returns a problem for each hedge whose smallest order is above risk's largest at every price of its recording.

    A recording that is not there yet says nothing; one that cannot be read is a problem itself.
    """
    return tuple(
        problem_at(loaded, ("hedges", owner, underlying, field), text)
        for owner, hedges in loaded.config.hedges.items()
        for underlying, hedge in hedges.items()
        for field, text in _too_large(loaded, underlying, hedge)
    )


def _too_large(loaded: Loaded, underlying: str, hedge: HedgeSection) -> Iterator[tuple[str, str]]:
    try:
        lowest = _lowest_usd(loaded, underlying, hedge.price_source)
    except (BarsRefused, SamplesRefused, OSError) as error:
        yield "price_source", str(error)
        return
    if lowest is None:
        return
    risk, marks = loaded.config.risk, {USD: ONE, **loaded.config.marks}
    limit_usd = lowest * (ONE + hedge.collar_bps * BPS)
    for field, name in (("instrument", hedge.instrument), ("backup", hedge.backup)):
        if name is None:
            continue
        instrument = instrument_of(loaded.config, name)
        shares = least_order(instrument, lowest, quote_usd=marks[instrument.quote]) * instrument.contract_size
        usd = shares * limit_usd
        least = f"can never be hedged: even at the lowest recorded price the smallest order of {name} is"
        if shares > risk.order_shares_max:
            yield field, f"{least} {plain(shares)} shares, above risk.order_shares_max, {plain(risk.order_shares_max)}"
        if usd > risk.order_notional_usd_max:
            cap = plain(risk.order_notional_usd_max)
            yield field, f"{least} {plain(usd)} USD, above risk.order_notional_usd_max, {cap}"


def _lowest_usd(loaded: Loaded, underlying: str, name: str) -> Price | None:
    """Returns the lowest price of a recording in USD; None where there is no recording, or nothing in it."""
    source = loaded.config.prices[name]
    if not isinstance(source, RecordedPrices):
        return None
    path = loaded.place(source.files[underlying])
    if not path.exists():
        return None
    if isinstance(source, RecordedBars):
        prices = [price for bar in read_bars(path) for price in (bar.open, bar.close)]
    else:
        prices = [sample.mid for sample in read_samples(path)]
    lowest = min(prices, default=None)
    mark = ONE if source.quote == USD else loaded.config.marks[source.quote]
    return None if lowest is None else Price(lowest * mark)
