"""The shape of a grid: where its levels lie, how much each trades, what it may hold, and its limits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

from flatbook.ops.config_fields import amount, bps, said, seconds, whole
from flatbook.ops.config_names import offered
from flatbook.ops.config_section import Section
from flatbook.risk.quote_limits import QuoteLimits
from flatbook.strategies import grid_terms as terms
from flatbook.strategies.grid_size import break_even_step, is_enough, size_at
from flatbook.strategies.grid_terms import Exits, GridMode, GridParams, QtyPerLevel, QuotePerLevel
from flatbook.values.instants import NS_PER_MS, NS_PER_S
from flatbook.values.instruments import Instrument, Product
from flatbook.values.lattice import Spacing
from flatbook.values.money import BPS, ONE, Money, Price, Quantity, divide_cut, plain, scaled_integer

if TYPE_CHECKING:
    from flatbook.ops.config_shape import InstrumentSection

MICRO_PER_BPS = 100


class GridSection(Section, frozen=True, kw_only=True):
    """A grid of an owner on an instrument. Of both steps one is stated, and of both sizes of a level one."""

    mode: Annotated[GridMode, said("long only buys and sells what it bought; neutral opens on both sides.")]
    buy_levels: Annotated[int, whole("Levels below that are open.", unit="levels", least=1, most=terms.WINDOW_MAX)]
    sell_levels: Annotated[
        int,
        whole("Levels above that are open, or where exits stand.", unit="levels", least=1, most=terms.WINDOW_MAX),
    ]
    inventory_max: Annotated[Decimal, amount("The most it may hold on a side.", unit="contracts", most="1000000000")]
    fee_bps: Annotated[Decimal, amount("Fee of an order that rests.", unit="basis points", least="-100", most="1000")]
    order_notional_usd_max: Annotated[Decimal, amount("Value of one order.", unit="USD", most="1000000000")]
    order_qty_max: Annotated[Decimal, amount("Size of one order.", unit="contracts", most="1000000000")]
    orders_per_minute_max: Annotated[int, whole("Orders in 60 seconds.", unit="orders", least=1, most=10_000)]
    day_loss_usd_max: Annotated[Decimal, amount("Loss of a day that stops what opens.", unit="USD", most="1000000000")]
    collar_bps_max: Annotated[int, bps("How far beyond the touch the limit of an order may lie.")]
    step: Annotated[
        Decimal | None, amount("Between two levels that follow by a sum.", unit="quote", most="1000000000")
    ] = None
    step_bps: Annotated[
        Decimal | None, amount("Between two levels that follow by a ratio.", unit="basis points", most="5000")
    ] = None
    quote_per_level: Annotated[
        Decimal | None, amount("What each level trades for.", unit="quote", most="1000000000")
    ] = None
    base_per_level: Annotated[Decimal | None, amount("What each level trades.", unit="base", most="1000000000")] = None
    anchor: Annotated[
        Decimal | None, amount("Price of level 0; left out: the first price seen.", unit="quote", most="1000000000")
    ] = None
    skew_bps: Annotated[
        int,
        whole(
            "How far the grid moves against a full inventory.",
            unit="basis points",
            least=0,
            most=terms.SKEW_BPS_MAX,
        ),
    ] = 0
    atr_pct: Annotated[
        int, whole("The step is at least so much of the true range; 0: it stays.", unit="percent", least=0, most=10_000)
    ] = 0
    atr_bar_s: Annotated[int, seconds("Length of a bar of the true range.", least=1, most=86_400)] = 60
    atr_bars: Annotated[int, whole("Bars of the true range.", unit="bars", least=1, most=1_000)] = 14
    relay_pct: Annotated[
        int, whole("By how much another step must differ to be taken.", unit="percent", least=0, most=1_000)
    ] = terms.RELAY_PCT
    size_cut: Annotated[
        int,
        whole("By so many percent an order shrinks per percent of volatility.", unit="percent", least=0, most=1_000),
    ] = 0
    hysteresis: Annotated[
        int, whole("So many steps beyond its window an order stays.", unit="steps", least=0, most=20)
    ] = terms.HYSTERESIS_STEPS
    trail_up: Annotated[bool, said("Whether the grid follows the price upwards.")] = True
    trail_down: Annotated[bool, said("Whether the grid follows the price downwards.")] = True
    exits: Annotated[Exits, said("Whether exits only rest until three were turned down, or may take at once.")] = (
        Exits.MAKER
    )
    low: Annotated[Decimal | None, amount("It stops at this bid.", unit="quote", most="1000000000")] = None
    high: Annotated[Decimal | None, amount("It stops at this ask.", unit="quote", most="1000000000")] = None
    flatten: Annotated[bool, said("Whether what it holds is closed at the touch when it stops.")] = False
    leverage: Annotated[int, whole("What margin is multiplied by for orders.", unit="to 1", least=1, most=20)] = 1
    orders_max: Annotated[int, whole("Orders that may stand.", unit="orders", least=1, most=400)] = terms.ORDERS_MAX
    book_age_ms_max: Annotated[
        int, whole("On an older book nothing is opened.", unit="milliseconds", least=50, most=60_000)
    ] = 750
    sanity_bps: Annotated[
        int | None,
        whole(
            "How far the book may lie from the venue's mark; beyond, nothing is opened. Left out: not compared.",
            unit="basis points",
            least=1,
            most=10_000,
        ),
    ] = None
    lock_s: Annotated[
        int, seconds("How long nothing is opened after an order was turned down; it doubles.", least=1, most=3600)
    ] = terms.LOCK_S
    lock_s_max: Annotated[int, seconds("The longest that nothing is opened.", least=1, most=86_400)] = terms.LOCK_S_MAX
    order_s: Annotated[int, seconds("How long an order may stand; then it is renewed.", least=60, most=604_800)] = (
        terms.ORDER_S
    )


def grid_params(section: GridSection, instrument: Instrument) -> GridParams:
    """Returns the parameters of a grid.

    Errors: ValueError where a price is off the tick, or the parameters do not hold together.
    """
    tick = instrument.rules.tick
    is_ratio = section.step is None
    return GridParams(
        instrument=instrument,
        mode=section.mode,
        spacing=Spacing.GEOMETRIC if is_ratio else Spacing.ARITHMETIC,
        step=_step(section, tick),
        buy_levels=section.buy_levels,
        sell_levels=section.sell_levels,
        size=_size(section),
        inventory_max=Quantity(section.inventory_max),
        fee=section.fee_bps * BPS,
        anchor=_in_ticks(section.anchor, tick, "anchor"),
        skew_bps=section.skew_bps,
        atr_scale_pct=section.atr_pct,
        atr_span_ns=section.atr_bar_s * NS_PER_S,
        atr_count=section.atr_bars,
        size_cut=section.size_cut,
        relay_pct=section.relay_pct,
        hysteresis=section.hysteresis,
        trail_up=section.trail_up,
        trail_down=section.trail_down,
        exits=section.exits,
        low=_in_ticks(section.low, tick, "low"),
        high=_in_ticks(section.high, tick, "high"),
        flatten=section.flatten,
        leverage=section.leverage,
        orders_max=section.orders_max,
        stale_ns=section.book_age_ms_max * NS_PER_MS,
        lock_s=section.lock_s,
        lock_s_max=section.lock_s_max,
        order_s=section.order_s,
    )


def _step(section: GridSection, tick: Decimal) -> int:
    if section.step is not None:
        steps = _in_ticks(section.step, tick, "step")
        return 0 if steps is None else steps
    return scaled_integer((section.step_bps or Decimal(0)) * MICRO_PER_BPS, decimals=0)


def _size(section: GridSection) -> QuotePerLevel | QtyPerLevel:
    if section.quote_per_level is not None:
        return QuotePerLevel(amount=Money(section.quote_per_level))
    return QtyPerLevel(amount=Quantity(section.base_per_level or Decimal(0)))


def _in_ticks(price: Decimal | None, tick: Decimal, name: str) -> int | None:
    """Returns a price in ticks.

    Errors: ValueError where it is no whole number of them.
    """
    if price is None:
        return None
    ticks = scaled_integer(divide_cut(price, tick, decimals=0), decimals=0)
    if ticks * tick != price:
        raise ValueError(f"{name} of {plain(price)} is no multiple of the tick, {plain(tick)}")
    return ticks


def grid_limits(section: GridSection) -> QuoteLimits:
    """Returns what the orders of a grid may be at most."""
    return QuoteLimits(
        order_notional_usd_max=section.order_notional_usd_max,
        order_qty_max=section.order_qty_max,
        position_max=section.inventory_max,
        open_orders_max=section.orders_max,
        orders_per_minute_max=section.orders_per_minute_max,
        day_loss_usd_max=section.day_loss_usd_max,
        collar_bps_max=section.collar_bps_max,
        book_age_ms_max=section.book_age_ms_max,
        sanity_bps_max=section.sanity_bps,
    )


def flaws_of_grids(
    grids: Mapping[str, Mapping[str, GridSection]],
    instruments: Mapping[str, InstrumentSection],
    hedgers: Collection[str],
    as_instrument: Mapping[str, Instrument],
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields what does not agree in the grids: the key and what is wrong there."""
    for owner, sections in grids.items():
        if owner in hedgers:
            yield ("grid", owner), f"{owner} hedges: a grid needs an owner of its own"
        if len(sections) > 1:
            yield ("grid", owner), "an owner has one grid: give the other instrument an owner of its own"
        for name, section in sections.items():
            key = ("grid", owner, name)
            if name not in instruments:
                yield key, f"there is no instrument {name!r}{offered(name, instruments)}"
                continue
            yield from _flaws_of_grid(key, section, as_instrument[name])


def _flaws_of_grid(
    key: tuple[str, ...], section: GridSection, instrument: Instrument
) -> Iterator[tuple[tuple[str, ...], str]]:
    if (section.step is None) is (section.step_bps is None):
        yield (*key, "step"), "state one of step and step_bps"
        return
    if (section.quote_per_level is None) is (section.base_per_level is None):
        yield (*key, "quote_per_level"), "state one of quote_per_level and base_per_level"
        return
    try:
        params = grid_params(section, instrument)
    except ValueError as refused:
        yield key, str(refused)
        return
    if section.sanity_bps is not None and instrument.product is Product.SPOT:
        yield (*key, "sanity_bps"), "a spot market has no mark to compare its book with"
    yield from _flaws_of_profit(key, section, params)


def _flaws_of_profit(
    key: tuple[str, ...], section: GridSection, params: GridParams
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields where a cycle cannot pay its fees, and where the smallest order of a level is below the venue's least."""
    highest = section.high or section.anchor or section.low
    if section.step_bps is not None and section.step_bps * (ONE - params.fee) <= 2 * section.fee_bps:
        yield (*key, "step_bps"), "a cycle does not pay its two fees"
    if section.step is not None and highest is not None:
        least = break_even_step(Price(highest), params.fee)
        if section.step <= least:
            yield (
                (*key, "step"),
                f"a cycle at {plain(highest)} does not pay its fees: state more than {plain(least)}",
            )
    yield from _flaws_of_size(key, section, params)


def _flaws_of_size(
    key: tuple[str, ...], section: GridSection, params: GridParams
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yields where a level is below the venue's least order, or above what the grid may hold, at a known price."""
    rules, asked = params.instrument.rules, section.quote_per_level
    name = "base_per_level" if asked is None else "quote_per_level"
    if asked is not None and asked < rules.notional_min:
        yield (*key, name), f"the least order is {plain(rules.notional_min)}: state more for each level"
        return
    if asked is None and size_at(params.size, Price(ONE), params.instrument) < rules.qty_min:
        yield (*key, name), f"the least order is {plain(rules.qty_min)} contracts: state more for each level"
        return
    highest = Price(ONE) if asked is None else section.high or section.anchor
    if highest is not None and size_at(params.size, Price(highest), params.instrument) > params.inventory_max:
        yield (*key, name), f"a level trades more than the inventory_max of {plain(params.inventory_max)}: state less"
        return
    for price in (section.low, section.anchor, section.high):
        if price is not None and not is_enough(
            size_at(params.size, Price(price), params.instrument), Price(price), params.instrument
        ):
            yield (
                (*key, name),
                f"at a price of {plain(price)} a level trades less than the least order: state more for each level",
            )
