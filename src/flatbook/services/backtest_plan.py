"""The plan of a backtest: what is traded on which terms, by which strategies, read from a TOML file.

What moves money has no default: cash, fees, limits and what strategies trade are stated. Tick, lot, contract size and
product come from the tape.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import msgspec

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape import Tape, TapeInstrument
from flatbook.backtest.terms import FeeRates, Latency, MarginTerms, Terms
from flatbook.engine.sound import INSTANT_FIRST
from flatbook.market import ticks
from flatbook.matcher.margin import Tier
from flatbook.risk.quote_limits import QuoteLimits
from flatbook.services.plan_numbers import GRID, check_numbers
from flatbook.services.plan_words import check_keys, shaped
from flatbook.strategies.grid_seat import seat_of
from flatbook.strategies.grid_size import break_even_step, is_enough, pays, size_at
from flatbook.strategies.grid_terms import GridParams
from flatbook.strategies.quoting import Seat
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant, text_of_instant
from flatbook.values.instruments import Instrument, Product, TradingRules
from flatbook.values.lattice import MICRO, Spacing
from flatbook.values.money import Price, parse_number, plain, proportion

ACCOUNT = AccountId("backtest")
MILLIONTHS_OF_PCT = 10_000
PRICED = (int(ticks.Kind.QUOTE), int(ticks.Kind.TRADE), int(ticks.Kind.BAR), int(ticks.Kind.BID))
BOOK = frozenset((int(ticks.Kind.QUOTE), int(ticks.Kind.BID), int(ticks.Kind.ASK)))
PRODUCTS = {ticks.Product.SPOT: Product.SPOT, ticks.Product.LINEAR: Product.LINEAR_PERP}


class PlanRefused(ValueError):
    """A plan of a backtest cannot be run. Says where and why."""


class _Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class LatencyShape(_Shape, frozen=True, kw_only=True):
    """How long messages to and from the venue are under way. Units: ms."""

    placing_ms: int
    canceling_ms: int
    reporting_ms: int
    spread_ms: int = 0


class InstrumentShape(_Shape, frozen=True, kw_only=True):
    """What the tape does not say of an instrument.

    Units: rates in parts of one; minima as in TradingRules. `as_linear` is the base of one contract, and has an
    instrument that is settled in its base run as if it paid in its quote. `fees_in_quote` says that the fee of a spot
    purchase is taken in the quote too, and not in what was bought. A contract states its margin: `leverage`, and the
    rate of `maintenance`, in parts of one; `tiers` hold the rate of each part of a position that is worth more than so
    much, by that in quote.
    """

    underlying: str
    quote: str
    maker: Decimal
    taker: Decimal
    qty_min: Decimal
    notional_min: Decimal
    leverage: int | None = None
    maintenance: Decimal | None = None
    tiers: dict[str, Decimal] = {}
    as_linear: Decimal | None = None
    fees_in_quote: bool = False


class StrategyShape(_Shape, frozen=True, kw_only=True):
    """One strategy: `grid`, or a function of your own as `module:function`, which gets (owner, instrument, params)."""

    kind: str
    instrument: str
    limits: QuoteLimits
    params: dict[str, Any]


class PlanShape(_Shape, frozen=True, kw_only=True):
    """A plan as it is written.

    `ask_each` has strategies asked after every message and not on their wakes alone.
    Units: `share_ahead_pct` says how much of what is canceled at a price stood before our order; `sample_s` how far
    apart the points of the curve stand.
    """

    cash: dict[str, Decimal]
    marks: dict[str, Decimal]
    latency: LatencyShape
    instruments: dict[str, InstrumentShape]
    strategies: dict[str, StrategyShape]
    seed: int = 0
    sample_s: int = 60
    share_ahead_pct: int = 0
    ask_each: bool = False


class BacktestPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that fits its tape. `names` are those that its instruments go by, by those that they have on the tape.

    `text` is kept under the name of `file`.
    """

    seats: tuple[Seat, ...]
    terms: Terms
    text: str
    ask_each: bool = False
    file: str = "plan.toml"
    names: Mapping[InstrumentId, InstrumentId] = {}


def read_plan(path: Path, tape: Tape) -> BacktestPlan:
    """Returns the plan that a file states for a tape.

    Errors: PlanRefused with where and why; TapeRefused; OSError.
    """
    written = path.read_bytes()
    try:
        text = written.decode()
        stated = tomllib.loads(text, parse_float=str)
        _check_keys(stated)
        check_numbers(stated)
        return _plan_of(_shape_of(stated), tape, text)
    except UnicodeDecodeError as error:
        raise PlanRefused(f"{path.name} is no text in UTF-8 ({error.reason}): save it as UTF-8") from error
    except RecursionError as error:
        raise PlanRefused(f"{path.name} nests too deep: a plan has tables of three levels") from error
    except TapeRefused:
        raise
    except ValueError as error:
        raise PlanRefused(f"{path.name}: {error}") from error


def _check_keys(stated: dict[str, Any]) -> None:
    """Refuses keys that no plan, and no grid of one, has. Errors: ValueError."""
    check_keys(stated, PlanShape)
    tables = stated.get("strategies")
    for owner, table in tables.items() if isinstance(tables, dict) else ():
        if isinstance(table, dict) and table.get("kind") == GRID:
            check_keys(table.get("params"), GridParams, "strategies", owner, "params")


def _shape_of(stated: dict[str, Any]) -> PlanShape:
    """Returns what a plan states, in its shape. Errors: ValueError, with the name of the instrument it is about."""
    for kind, shape in (("instruments", InstrumentShape), ("strategies", StrategyShape)):
        tables = stated.get(kind)
        for name, table in tables.items() if isinstance(tables, dict) else ():
            shaped(table, shape, kind, name)
    return shaped(stated, PlanShape)


def _plan_of(shape: PlanShape, tape: Tape, text: str) -> BacktestPlan:
    check_dates(tape)
    recorded = {each.id: each for each in tape.head.instruments}
    instruments = {name: _instrument(name, each, recorded) for name, each in shape.instruments.items()}
    seats = tuple(_seat(OwnerId(owner), each, instruments) for owner, each in shape.strategies.items())
    traded = dict.fromkeys(each.instrument for each in shape.strategies.values() if each.kind == GRID)
    for name in traded:
        place = list(recorded).index(name)
        check_book(instruments[name], tape, place)
        check_sizes(seats, instruments[name], first_price(tape, place))
    margins = {each.id: _margin(name, shape.instruments[name], each) for name, each in instruments.items()}
    terms = _terms(shape, {name: margin for name, margin in margins.items() if margin is not None})
    check_cash(seats, terms.cash)
    return BacktestPlan(seats=seats, terms=terms, text=text, ask_each=shape.ask_each)


def _instrument(name: str, shape: InstrumentShape, recorded: Mapping[str, TapeInstrument]) -> Instrument:
    found = recorded.get(name)
    if found is None:
        raise ValueError(f"{name} is not on the tape, which has {', '.join(recorded)}: name one of them")
    size, product = found.contract_size, PRODUCTS.get(found.product)
    if product is None:
        if shape.as_linear is None:
            raise ValueError(f"{name} is settled in its base, which no strategy trades: state as_linear")
        size, product = shape.as_linear, Product.LINEAR_PERP
    rules = TradingRules(tick=found.tick, lot=found.lot, qty_min=shape.qty_min, notional_min=shape.notional_min)
    return Instrument(
        id=InstrumentId(name),
        account=ACCOUNT,
        symbol=found.symbol,
        underlying=Underlying(shape.underlying),
        quote=AssetId(shape.quote),
        rules=rules,
        contract_size=size,
        product=product,
    )


def _margin(name: str, shape: InstrumentShape, instrument: Instrument) -> MarginTerms | None:
    """Returns the margin of a contract; None of what needs none. Errors: ValueError with what must be stated."""
    if instrument.product is Product.SPOT:
        if shape.leverage is not None or shape.maintenance is not None or shape.tiers:
            raise ValueError(f"instruments.{name}: spot needs no margin: leave leverage, maintenance and tiers out")
        return None
    if shape.leverage is None or shape.maintenance is None:
        wanted = 'state leverage, such as 5, and maintenance, such as "0.005", as the venue has them'
        raise ValueError(f"instruments.{name}: a contract needs margin: {wanted}")
    try:
        rates = sorted((parse_number(above), rate) for above, rate in shape.tiers.items())
        tiers = tuple(Tier(above=above, rate=rate) for above, rate in rates)
        return MarginTerms(leverage=shape.leverage, maintenance=shape.maintenance, tiers=tiers)
    except ValueError as error:
        raise ValueError(f"instruments.{name}: {error}") from error


def _seat(owner: OwnerId, shape: StrategyShape, instruments: Mapping[str, Instrument]) -> Seat:
    instrument = instruments.get(shape.instrument)
    if instrument is None:
        raise ValueError(f"strategies.{owner}: {shape.instrument} is none of the instruments")
    if shape.kind == GRID:
        told = shape.params | {"instrument": msgspec.to_builtins(instrument)}
        params = shaped(told, GridParams, "strategies", owner, "params")
        if shape.limits.open_orders_max < params.orders_max:
            most = f"{shape.limits.open_orders_max} is below the {params.orders_max} that its grid may want"
            raise ValueError(
                f"strategies.{owner}.limits.open_orders_max: {most}, which would lock it: state orders_max"
            )
        return seat_of(owner, params)
    return _own_seat(owner, shape, instrument)


def _own_seat(owner: OwnerId, shape: StrategyShape, instrument: Instrument) -> Seat:
    """Returns what the function that a plan names makes of its arguments; what is wrong inside it is its own error."""
    key = f"strategies.{owner}.kind"
    module, _, function = shape.kind.partition(":")
    if not module or not function:
        raise ValueError(f"{key} is {GRID}, or module:function")
    arguments = (owner, instrument, shape.params)
    try:
        make = getattr(import_module(module), function)
        signature(make).bind(*arguments)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{key}: {error}: name a function that can be imported from here") from error
    except (TypeError, ValueError) as error:
        wanted = "name a function of (owner, instrument, params) that returns a Seat"
        raise ValueError(f"{key}: {shape.kind} takes no such arguments ({error}): {wanted}") from error
    seat = make(*arguments)
    if not isinstance(seat, Seat):
        returned = f"{shape.kind} returns a {type(seat).__name__}, which is no Seat"
        raise ValueError(f"{key}: {returned}: name a function that returns one")
    return seat


def _terms(shape: PlanShape, margins: Mapping[InstrumentId, MarginTerms]) -> Terms:
    fees = {
        InstrumentId(name): FeeRates(maker=each.maker, taker=each.taker, in_quote=each.fees_in_quote)
        for name, each in shape.instruments.items()
    }
    return Terms(
        limits={OwnerId(owner): each.limits for owner, each in shape.strategies.items()},
        marks={AssetId(asset): Price(mark) for asset, mark in shape.marks.items()},
        cash={AssetId(asset): amount for asset, amount in shape.cash.items()},
        fees=fees,
        margins=margins,
        placing=_way(shape.latency.placing_ms, shape.latency),
        canceling=_way(shape.latency.canceling_ms, shape.latency),
        reporting=_way(shape.latency.reporting_ms, shape.latency),
        seed=shape.seed,
        share=shape.share_ahead_pct * MILLIONTHS_OF_PCT,
        sample_ns=shape.sample_s * NS_PER_S,
        checks_funds=True,
    )


def _way(least_ms: int, latency: LatencyShape) -> Latency:
    return Latency(least_ns=least_ms * NS_PER_MS, spread_ns=latency.spread_ms * NS_PER_MS)


def check_dates(tape: Tape) -> None:
    """Refuses a tape from before the first instant that a desk believes of a venue.

    Errors: PlanRefused.
    """
    if 0 < tape.head.first_ts < INSTANT_FIRST:
        begins, first = text_of_instant(Instant(tape.head.first_ts)), text_of_instant(INSTANT_FIRST)
        raise PlanRefused(f"the tape begins at {begins}: no desk believes a venue that tells of before {first}")


def check_book(instrument: Instrument, tape: Tape, place: int) -> None:
    """Refuses an instrument of a grid that has prices on the tape but no book.

    Errors: PlanRefused.
    """
    kinds = tape.head.kinds_of(place)
    if kinds & frozenset(PRICED) and not kinds & BOOK:
        has = ", ".join(ticks.Kind(kind).name.lower() for kind in sorted(kinds))
        wanted = "a grid quotes by a book: make a tape of a recording with depth or best prices (flatbook data record)"
        raise PlanRefused(f"{instrument.id} has no book on the tape, only {has}: {wanted}")


def check_cash(seats: Iterable[Seat], cash: Mapping[AssetId, Decimal]) -> None:
    """Refuses a grid that could pay for no order: the account has nothing of its quote, nor of its base at spot.

    Errors: PlanRefused.
    """
    for seat in seats:
        for instrument in seat.instruments if isinstance(seat.params, GridParams) else ():
            base = AssetId(instrument.underlying) if instrument.product is Product.SPOT else instrument.quote
            if not any(cash.get(asset) for asset in (instrument.quote, base)):
                has = ", ".join(f"{plain(held)} {asset}" for asset, held in cash.items()) or "nothing"
                whose = f"the grid of {seat.owner} on {instrument.id}"
                wanted = f"state how much {instrument.quote} the account begins with"
                raise PlanRefused(
                    f"{whose} trades in {instrument.quote}, of which the account has none ({has}): {wanted}"
                )


def check_sizes(seats: Iterable[Seat], instrument: Instrument, ticks_seen: int | None) -> None:
    """Refuses a grid that would open nothing at the first price of the tape.

    Its levels trade less than the least order or more than it may hold, or its step does not pay two fees. A step that
    follows the true range may widen, and is not refused.
    Errors: PlanRefused.
    """
    if not ticks_seen:
        raise PlanRefused(f"{instrument.id} has no price on the tape: no book, no quotes, no trades and no bars")
    px = Price(ticks_seen * instrument.rules.tick)
    for seat in seats:
        params = seat.params
        if not isinstance(params, GridParams) or params.instrument.id != instrument.id:
            continue
        flaw = _flaw_of_size(params, px) or _flaw_of_step(params, ticks_seen)
        if flaw is not None:
            at = f"at {plain(px)}, the first price of the tape,"
            raise PlanRefused(f"the grid of {seat.owner} on {instrument.id}: {at} {flaw}")


def _flaw_of_size(params: GridParams, px: Price) -> str | None:
    instrument, rules = params.instrument, params.instrument.rules
    qty = size_at(params.size, px, instrument)
    if not is_enough(qty, px, instrument):
        traded = f"only {plain(qty)}" if qty else f"not even one lot of {plain(rules.lot)}"
        least = f"{plain(rules.qty_min)}, worth {plain(rules.notional_min)} {instrument.quote}"
        return f"a level trades {traded}; the least order is {least}: state more for each level"
    if qty > params.inventory_max:
        held = f"more than the inventory_max of {plain(params.inventory_max)}"
        return f"a level trades {plain(qty)}, {held}: state less for each level, or a larger inventory_max"
    return None


def _flaw_of_step(params: GridParams, entry: int) -> str | None:
    step = params.step if params.spacing is Spacing.ARITHMETIC else proportion(entry, part=params.step, of=MICRO)
    if params.atr_scale_pct or pays(entry, entry + step, params.fee):
        return None
    tick = params.instrument.rules.tick
    least = plain(break_even_step(Price(entry * tick), params.fee))
    return f"a step of {plain(step * tick)} does not pay its two fees: it must be more than {least}"


def first_price(tape: Tape, place: int) -> int | None:
    """Returns the first price of an instrument on a tape. Units: ticks."""
    for chunk in tape.chunks():
        for kind, inst, price in zip(chunk.kind.tolist(), chunk.inst.tolist(), chunk.p1.tolist(), strict=True):
            if inst == place and kind in PRICED and price:
                return int(price)
    return None
