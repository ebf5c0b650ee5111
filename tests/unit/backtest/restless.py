"""Markets drawn by a seed, and a strategy that does all that a strategy can do, for comparing simulators."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from msgspec.structs import astuple

from benchmarks.peer_seat import LIMITS, USD, instrument_of
from flatbook.backtest.tape import MemoryTape, Tape
from flatbook.backtest.tape_file import Message, Row, memory_tape
from flatbook.backtest.terms import FeeRates, Latency, MarginTerms, Terms
from flatbook.events.orders import CancelReason, OrderStyle
from flatbook.market.ticks import Kind
from flatbook.matcher.margin import Tier
from flatbook.state.intents import CancelIntent, Intent, PlaceIntent
from flatbook.strategies.decision import Decision, Edge, Every, Level, Series, Silence, Trigger, Wake
from flatbook.strategies.quoting import Feature, FeatureKind, QuoteView, Seat
from flatbook.values.ids import AssetId, InstrumentId, OwnerId
from flatbook.values.instants import later
from flatbook.values.instruments import Instrument, Product, Side
from flatbook.values.money import ONE, Price, Quantity
from tests.unit.backtest.scenes import PERP, SPOT

MS = 1_000_000
LEVELS = (995, 1_005, 5_003)
BEGIN = 1_700_000_000_000_000_000
OWNER = OwnerId("restless")
OTHER = OwnerId("restive")
STYLES = (OrderStyle.LIMIT, OrderStyle.POST_ONLY, OrderStyle.IOC, OrderStyle.LIMIT)
TRIGGERS = (Trigger.ORDER_WORKING, Trigger.ORDER_FILLED, Trigger.ORDER_ENDED)


def drawn_tape(seed: int, messages: int = 400) -> MemoryTape:
    """Returns a tape: the perpetual with levels, the other with quotes, trades, marks, funding, gaps and lags."""
    chance = random.Random(seed)
    made: list[Message] = []
    now, mid, lag = BEGIN, [1_000, 5_000], chance.choice((0, 0, 3 * MS))
    seen_at = 0
    for _ in range(messages):
        now += chance.choice((0, 1, 1, 2, 5, 40)) * MS
        inst = chance.randrange(2)
        mid[inst] += chance.choice((-2, -1, 0, 0, 1, 2))
        seen_at = max(seen_at, now + lag + chance.choice((0, 0, 1)) * (MS if lag else 0))
        made.append(Message(now, seen_at, _rows(chance, inst, mid[inst], now)))
    return memory_tape(made, (PERP, SPOT))


def _rows(chance: random.Random, inst: int, mid: int, now: int) -> list[Row]:
    kind = chance.choice(("book", "book", "book", "trade", "trade", "mark", "clear", "funding", "bar"))
    if kind == "trade":
        price = mid + chance.choice((-3, -1, 0, 1, 3))
        return [(Kind.TRADE, inst, price, chance.randint(1, 30), chance.choice((-1, 1, 0)), 0, 0)]
    if kind == "mark":
        return [(chance.choice((Kind.MARK, Kind.INDEX)), inst, mid, 0, 0, 0, 0)]
    if kind == "funding":
        settles = now if chance.random() < 0.7 else now + 5
        return [(Kind.FUNDING, inst, chance.randint(-(10**8), 10**8), settles, chance.choice((0, mid)), 0, 0)]
    if kind == "bar":
        opened, closed = mid - 1, mid + 1
        return [
            (Kind.RANGE, inst, mid + 3, 5, mid - 3, 0, 0),
            (Kind.BAR, inst, opened, 9, closed, max(0, now - 60 * MS), 0),
        ]
    if inst == 0:
        if kind == "clear" and chance.random() < 0.3:
            return [(Kind.CLEAR, 0, 0, 0, 0, 0, 0)]
        return _levels(chance, mid)
    if kind == "clear":
        return [(Kind.QUOTE, 1, 0, 0, mid + 1, 5, 0)]
    spread = chance.choice((1, 1, 2, 4))
    return [(Kind.QUOTE, 1, mid, chance.randint(1, 20), mid + spread, chance.randint(1, 20), 0)]


def _levels(chance: random.Random, mid: int) -> list[Row]:
    """A whole book around a price after a CLEAR, or a few levels that replace what crossed."""
    rows: list[Row] = [(Kind.CLEAR, 0, 0, 0, 0, 0, 0)] if chance.random() < 0.5 else []
    if rows:
        for away in range(1, 6):
            rows.append((Kind.BID, 0, mid - away, chance.randint(1, 20), 0, 0, 0))
            rows.append((Kind.ASK, 0, mid + away, chance.randint(1, 20), 0, 0, 0))
        return rows
    for _ in range(chance.randint(1, 4)):
        side, away = chance.choice((1, -1)), chance.randint(1, 6)
        size = chance.choice((0, 0, 3, 9, 20))
        rows.append((Kind.BID if side > 0 else Kind.ASK, 0, mid - side * away, size, 0, 0, 0))
    return rows


def decide(view: QuoteView, instruments: tuple[Instrument, ...]) -> Decision:
    """Does something that depends on all it can see, and on nothing else."""
    told = [view.touch(each.id) for each in instruments]
    numbers = [view.now, *(number for touch in told if touch is not None for number in astuple(touch))]
    numbers += [int(view.order_id(0)[-9:])]
    numbers += [int(view.feature(name) or 0) for name in ("close", "atr", "mid", "high", "low")]
    numbers += [len(view.orders(each.id)) for each in instruments]
    chance = random.Random(repr(numbers))
    intents: list[Intent] = []
    placed = 0
    for instrument, touch in zip(instruments, told, strict=True):
        intents += _cancels(view, instrument, chance)
        if touch is not None and chance.random() < 0.7:
            intents.append(_place(view, instrument, (touch.bid, touch.ask), chance, placed))
            placed += 1
    return Decision(intents=tuple(intents), notes=(), wake=_wake(view, instruments, chance))


CALM = Decision(intents=(), notes=(), wake=Wake(on=(Trigger.ORDER_FILLED,)))


def decide_seldom(view: QuoteView, instruments: tuple[Instrument, ...]) -> Decision:
    """Does the same one time in six that it is asked."""
    told = [(view.touch(each.id), view.observed_at(each.id), len(view.orders(each.id))) for each in instruments]
    chance = random.Random(repr((view.now, told, view.feature("mid"), view.feature("atr"))))
    return CALM if chance.random() < 5 / 6 else decide(view, instruments)


def decide_at_levels(view: QuoteView, instruments: tuple[Instrument, ...]) -> Decision:
    """Places an order where none is, and waits until it is filled or its market has moved: most rows are only seen."""
    touches = [view.touch(each.id) for each in instruments]
    chance = random.Random(repr((view.now, [astuple(touch) for touch in touches if touch is not None])))
    intents, levels, placed = list[Intent](), list[Level](), 0
    for instrument, touch in zip(instruments, touches, strict=True):
        if touch is None:
            continue
        intents += _cancels(view, instrument, chance)
        if not view.orders(instrument.id):
            intents.append(_place(view, instrument, (touch.bid, touch.ask), chance, placed))
            placed += 1
        far = chance.randint(1, 6)
        levels.append(Level(instrument.id, Series.BID, Edge.AT_OR_BELOW, touch.bid - far))
        levels.append(Level(instrument.id, Series.ASK, Edge.AT_OR_ABOVE, touch.ask + far))
    wake = Wake(on=(Trigger.ORDER_FILLED,), at=later(view.now, ms=90), levels=tuple(levels))
    return Decision(intents=tuple(intents), notes=(), wake=wake)


def _cancels(view: QuoteView, instrument: Instrument, chance: random.Random) -> list[CancelIntent]:
    return [
        CancelIntent(order_id=order.order_id, reason=CancelReason.STALE_PRICE, because=None)
        for order in view.orders(instrument.id)
        if chance.random() < 0.2 and not order.cancel_pending
    ]


def _place(
    view: QuoteView, instrument: Instrument, touch: tuple[int, int], chance: random.Random, index: int
) -> PlaceIntent:
    side = chance.choice((Side.BUY, Side.SELL))
    best = touch[0] if side is Side.BUY else touch[1]
    ticks = best + side.sign * chance.choice((-4, -2, -1, 0, 0, 1, 3))
    return PlaceIntent(
        order_id=view.order_id(index),
        owner=view.owner,
        underlying=instrument.underlying,
        instrument=instrument,
        side=side,
        qty=Quantity(chance.randint(1, 25) * instrument.rules.lot),
        limit=Price(max(1, ticks) * instrument.rules.tick),
        reduce_only=instrument.product is not Product.SPOT and chance.random() < 0.4,
        style=chance.choice(STYLES),
        slot=None,
        because=None,
        evidence={},
        good_until=later(view.now, ms=chance.choice((20, 200, 10**6))),
    )


def _wake(view: QuoteView, instruments: tuple[Instrument, ...], chance: random.Random) -> Wake:
    ids = [each.id for each in instruments]
    levels = [
        Level(
            chance.choice(ids),
            chance.choice(list(Series)),
            chance.choice(list(Edge)),
            chance.choice((995, 1_005, 5_003)),
        )
        for _ in range(chance.randrange(3))
    ]
    return Wake(
        on=tuple(trigger for trigger in TRIGGERS if chance.random() < 0.5),
        at=later(view.now, ms=chance.choice((-5, 3, 30))) if chance.random() < 0.4 else None,
        levels=tuple(levels),
        silences=tuple(Silence(each, chance.choice((7, 50)) * MS) for each in ids if chance.random() < 0.4),
        every=tuple(Every(each, chance.randint(1, 5)) for each in ids if chance.random() < 0.6),
    )


def restless_seat(tape: Tape, owner: OwnerId = OWNER, *, seldom: bool = False) -> Seat:
    """Returns the seat of the strategy on all of a tape, or of the one that does something seldom."""
    instruments = tuple(instrument_of(tape, place) for place in range(2))
    first = InstrumentId(PERP.id)
    kinds = zip(("close", "atr", "mid", "high", "low"), FeatureKind, strict=True)
    features = tuple(Feature(name=name, kind=kind, instrument=first, span_ns=30 * MS, count=3) for name, kind in kinds)
    return Seat(
        owner=owner,
        instruments=instruments,
        features=features,
        params=instruments,
        decide=decide_seldom if seldom else decide,
    )


def patient_seat(tape: Tape) -> Seat:
    """Returns the seat of the strategy that waits for levels, and has no features: a scan then skims what it can."""
    instruments = tuple(instrument_of(tape, place) for place in range(2))
    return Seat(owner=OWNER, instruments=instruments, features=(), params=instruments, decide=decide_at_levels)


def restless_terms(seed: int, *, poor: bool = False, tiers: tuple[Tier, ...] = ()) -> Terms:
    """Returns terms drawn by a seed: latencies, fees, a share of cancellations, and where the queue is not known.

    With `poor` the venue looks at the margin of an account that has little.
    """
    chance = random.Random(seed)
    fees: Any = FeeRates(maker=Decimal("-0.0001"), taker=Decimal("0.0005"), in_quote=seed % 2 == 0)

    def drawn() -> Latency:
        return Latency(least_ns=chance.choice((0, MS, 4 * MS)), spread_ns=chance.choice((0, 6 * MS)))

    poverty = random.Random(seed)
    margin = MarginTerms(leverage=poverty.choice((50, 200)), maintenance=Decimal("0.0049"), tiers=tiers)
    return Terms(
        limits={OWNER: LIMITS, OTHER: LIMITS},
        marks={USD: Price(ONE), AssetId("USDT"): Price(ONE)},
        cash={USD: Decimal(poverty.choice(("0.006", "0.015", "0.03"))) if poor else Decimal(10**9)},
        margins={InstrumentId(PERP.id): margin} if poor else {},
        fees={InstrumentId(each.id): fees for each in (PERP, SPOT)},
        placing=drawn(),
        canceling=drawn(),
        reporting=drawn(),
        seed=seed,
        share=chance.choice((0, 250_000, 1_000_000)),
        front=chance.random() < 0.5,
        sample_ns=50 * MS,
    )
