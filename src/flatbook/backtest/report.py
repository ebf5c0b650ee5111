"""What a run brought: its parts, its orders, its curve, and the figures of merit, from its journal and its tape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol

import msgspec

from flatbook.backtest.attribution import Execution, Opening, Parts, execution_of, is_funding, parts_of
from flatbook.backtest.closed_trades import results_of
from flatbook.backtest.curve import Curve, Span, Worth, curve_of
from flatbook.backtest.holds import HeldGrid, Holds, silence_of
from flatbook.backtest.metrics import EquityMetrics, TradeMetrics, equity_metrics, trade_metrics
from flatbook.backtest.reference_prices import first_middle, middles_before
from flatbook.backtest.tape import Tape, TapeHead
from flatbook.events import orders as ev
from flatbook.events.activities import AccountActivityBooked
from flatbook.events.control import BalanceStated
from flatbook.events.event import Event
from flatbook.events.forced import ForcedReduction
from flatbook.values.ids import AssetId, InstrumentId
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Product
from flatbook.values.money import ONE, ZERO, Money, Price, Quantity

DAY_S = 86_400
YEAR_S = 365 * DAY_S
YEARLY_SPAN_S_MIN, YEARLY_STEPS_MIN = 7 * DAY_S, 30
"""Below these no figure is made one of a year: a few minutes raised to a year are a number without meaning."""
NO_YEAR = dict.fromkeys(("sharpe", "sortino", "annualised_volatility", "cagr", "calmar"))
HALF = Decimal("0.5")
END_OF_TIME = 2**62
USD = AssetId("USD")
QUEUE_WIDTH = 5
UNKNOWN_PLACE = -1


class Ran(Protocol):
    """What a run left behind besides its journal, as BacktestRun says."""

    @property
    def head(self) -> TapeHead:
        """The head of its tape."""
        ...

    @property
    def samples(self) -> Sequence[int]:
        """What was seen at regular instants."""
        ...

    @property
    def queue(self) -> Sequence[int]:
        """Where orders stood in their queues."""
        ...

    @property
    def rows(self) -> int:
        """How many rows of the tape were seen."""
        ...

    @property
    def began_at(self) -> Instant:
        """When it began."""
        ...

    @property
    def ended_at(self) -> Instant:
        """When it ended."""
        ...

    @property
    def is_whole(self) -> bool:
        """Whether it came to the end of its tape."""
        ...


class OrderFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the orders of a run; `forced` counts what the venue closed by force.

    Rates are fractions of one; None where there is nothing to take them of.
    """

    intended: int
    refused: int
    accepted: int
    filled: int
    filled_in_part: int
    canceled: int
    rejected: Mapping[str, int]
    executions: int
    forced: int
    fill_rate: float | None
    maker_share: float | None


class QueueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How long executions that made liquidity waited, and behind how much. Units: ns, lots; the middle and 19 of 20."""

    executions: int
    waited_median_ns: int
    waited_95_ns: int
    ahead_median: int
    ahead_95: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All that is told of a run.

    Units: parts in the quote of their instrument; the curve, totals and exposures in USD. `turnover_rate` is what was
    turned over, of the mean equity. `not_annualised` says why no figure is one of a year,
    `no_orders` why a run made none.
    """

    began_at: Instant
    ended_at: Instant
    is_whole: bool
    rows: int
    start_usd: Money
    parts: tuple[Parts, ...]
    total: Mapping[str, Money]
    adds_up: bool
    without_middle: int
    orders: OrderFigures
    held: tuple[HeldGrid, ...]
    no_orders: tuple[str, ...]
    queue: QueueFigures | None
    equity: EquityMetrics | None
    not_annualised: str | None
    trades: TradeMetrics
    exposure_mean_usd: float
    exposure_max_usd: float
    turnover_usd: Money
    turnover_rate: float | None
    curve: Curve
    executions: tuple[Execution, ...]


class _Read:
    """What is read of a journal, in one pass."""

    def __init__(self) -> None:
        self.fills: list[ev.OrderFilled | ForcedReduction] = []
        self.fundings: list[AccountActivityBooked] = []
        self.stated: list[BalanceStated] = []
        self.asked: dict[str, Decimal] = {}
        self.got: Counter[str] = Counter()
        self.refused = self.accepted = self.canceled = 0
        self.rejected: Counter[str] = Counter()
        self.holds = Holds()

    def take(self, event: Event) -> None:
        self.holds.take(event)
        if isinstance(event, ev.OrderFilled | ForcedReduction):
            self.fills.append(event)
        elif isinstance(event, ev.OrderIntended):
            self.asked[event.order_id] = event.qty
        elif isinstance(event, ev.OrderAccepted):
            self.accepted += 1
        elif isinstance(event, ev.OrderDone):
            self.canceled += event.end is ev.OrderEnd.CANCELED
        elif isinstance(event, ev.OrderRejected):
            self.rejected[event.reason.value] += 1
        elif isinstance(event, ev.IntentRefused):
            self.refused += 1
        elif isinstance(event, AccountActivityBooked) and is_funding(event):
            self.fundings.append(event)
        elif isinstance(event, BalanceStated):
            self.stated.append(event)


def draw_report(run: Ran, events: Iterable[Event], tape: Tape, marks: Mapping[AssetId, Price]) -> Report:
    """Returns what a run brought.

    Units: `marks` are what quotes are worth in USD.
    Errors: ValueError where a quote has no mark, a fee an asset that nothing values, or an instrument is inverse.
    """
    read = _Read()
    for event in events:
        read.take(event)
    executions, unknown, ends = executions_of(read.fills, tape, run.ended_at)
    last = {each.instrument: each.middle for each in executions} | _sampled(run) | ends
    openings = _openings(read, tape)
    parts = parts_of(executions, read.fundings, last, openings)
    start = _start(read.stated, openings, marks)
    worths = [_worth(run.head, each, openings, marks, last) for each in parts.values()]
    span = Span(run.began_at, run.ended_at, float(start))
    curve = curve_of(run.samples, executions, read.fundings, worths, span)
    total, held = _total(parts, marks), read.holds.all()
    usd = {each.quote: float(_mark(each.quote, marks)) for each in executions}
    return Report(
        began_at=run.began_at,
        ended_at=run.ended_at,
        is_whole=run.is_whole,
        rows=run.rows,
        start_usd=start,
        parts=tuple(parts[key] for key in sorted(parts)),
        total=total,
        adds_up=all(each.net == each.change for each in parts.values()),
        without_middle=unknown,
        orders=_orders(read, executions, usd),
        held=held,
        no_orders=silence_of(len(read.asked), held),
        queue=_queue(run.queue),
        equity=equity_of(curve),
        not_annualised=not_annualised(curve),
        trades=trade_metrics(results_of(executions, usd)),
        exposure_mean_usd=curve.exposure_mean,
        exposure_max_usd=curve.exposure_max,
        turnover_usd=total["turnover"],
        turnover_rate=_over(float(total["turnover"]), curve.equity_mean),
        curve=curve,
        executions=executions,
    )


def places_of(head: TapeHead) -> dict[InstrumentId, int]:
    """Returns where on a tape each of its instruments stands."""
    return {InstrumentId(each.id): place for place, each in enumerate(head.instruments)}


class Executed(NamedTuple):
    """Executions with the middle before each, of how many that is not known, and the middles at the end that are known.

    Where that before an execution is not known its own price stands. Units: quote per base.
    """

    executions: tuple[Execution, ...]
    without_middle: int
    last: dict[InstrumentId, Price]


def executions_of(
    fills: Sequence[ev.OrderFilled | ForcedReduction], tape: Tape, ended_at: Instant | None = None
) -> Executed:
    """Returns executions with what their market stood at before them, and at an instant; None: after all of the tape.

    Errors: ValueError where one is of an instrument that is not on the tape, or is settled in its base.
    """
    places = places_of(tape.head)
    for fill in fills:
        if fill.instrument not in places:
            raise ValueError(f"{fill.instrument} is not on the tape, which has {', '.join(places)}")
        if fill.product is Product.INVERSE_PERP:
            raise ValueError(f"{fill.instrument} is settled in its base: its profit is not added up here")
    instants: dict[int, list[int]] = {}
    for fill in fills:
        instants.setdefault(places[fill.instrument], []).append(fill.happened_at)
    for at in instants.values():
        at.append(END_OF_TIME if ended_at is None else ended_at + 1)
    found = {place: iter(middles.tolist()) for place, middles in middles_before(tape, instants).items()}
    executions, unknown = [], 0
    for fill in fills:
        place = places[fill.instrument]
        halves = next(found[place])
        unknown += not halves
        middle = Price(halves * HALF * tape.head.instruments[place].tick) if halves else fill.price
        executions.append(execution_of(fill, middle))
    ends = {place: next(halves) * HALF for place, halves in found.items()}
    last = {
        InstrumentId(tape.head.instruments[place].id): Price(middle * tape.head.instruments[place].tick)
        for place, middle in ends.items()
        if middle
    }
    return Executed(tuple(executions), unknown, last)


def _sampled(run: Ran) -> dict[InstrumentId, Price]:
    """Returns the last middle of each instrument that was sampled: where the tape ends without a book."""
    found = {}
    for at in range(0, len(run.samples), QUEUE_WIDTH):
        _, place, bid, ask, _ = run.samples[at : at + QUEUE_WIDTH]
        if bid and ask:
            instrument = run.head.instruments[place]
            found[InstrumentId(instrument.id)] = Price((bid + ask) * HALF * instrument.tick)
    return found


def _openings(read: _Read, tape: Tape) -> dict[InstrumentId, Opening]:
    """Returns what was held of bases at the start, each with the first instrument that trades it, at its first middle.

    Its first execution's price stands where the tape has no middle.
    """
    places = places_of(tape.head)
    held: dict[str, Decimal] = {}
    for stated in read.stated:
        held[stated.asset] = held.get(stated.asset, ZERO) + stated.change
    found: dict[InstrumentId, Opening] = {}
    for fill in read.fills:
        qty = held.pop(fill.underlying, ZERO) if fill.product is Product.SPOT else ZERO
        if qty:
            place = places[fill.instrument]
            halves = first_middle(tape, place)
            first = Price(halves * HALF * tape.head.instruments[place].tick) if halves else fill.price
            base = AssetId(fill.underlying)
            found[fill.instrument] = Opening(base=base, qty=Quantity(qty), first=first, quote=fill.quote)
    return found


def _mark(asset: AssetId, marks: Mapping[AssetId, Price]) -> Decimal:
    mark = ONE if asset == USD else marks.get(asset)
    if mark is None:
        raise ValueError(f"nothing says what {asset} is worth in USD")
    return mark


def _start(
    stated: Sequence[BalanceStated], openings: Mapping[InstrumentId, Opening], marks: Mapping[AssetId, Price]
) -> Money:
    """Returns what there was at the start: the bases that are traded, and all else that has a mark. Units: USD."""
    known, bases = {USD: ONE, **marks}, [each.base for each in openings.values()]
    rest = (each for each in stated if each.asset in known and each.asset not in bases)
    worth = sum((each.change * known[each.asset] for each in rest), ZERO)
    return Money(worth + sum((each.qty * each.first * known[each.quote] for each in openings.values()), ZERO))


def _worth(
    head: TapeHead,
    part: Parts,
    openings: Mapping[InstrumentId, Opening],
    marks: Mapping[AssetId, Price],
    last: Mapping[InstrumentId, Price],
) -> Worth:
    place = places_of(head)[part.instrument]
    opening = openings.get(part.instrument)
    return Worth(
        instrument=part.instrument,
        place=place,
        tick=float(head.instruments[place].tick),
        usd=float(_mark(part.quote, marks)),
        held=float(opening.qty) if opening is not None else 0.0,
        first=float(opening.first) if opening is not None else 0.0,
        last=float(last[part.instrument]),
    )


def _total(parts: Mapping[InstrumentId, Parts], marks: Mapping[AssetId, Price]) -> dict[str, Money]:
    names = ("spread", "inventory", "fees", "funding", "opening", "net", "turnover")
    worth = {key: _mark(each.quote, marks) for key, each in parts.items()}
    return {name: Money(sum((getattr(each, name) * worth[key] for key, each in parts.items()), ZERO)) for name in names}


def _orders(read: _Read, executions: Sequence[Execution], usd: Mapping[AssetId, float]) -> OrderFigures:
    got: dict[str, Decimal] = {}
    for each in (each for each in executions if not each.forced):
        got[each.order_id] = got.get(each.order_id, ZERO) + each.qty
    filled = sum(qty >= read.asked.get(order_id, ZERO) for order_id, qty in got.items())
    turned_over = [(float(each.notional) * usd[each.quote], each.maker) for each in executions]
    made = sum(worth for worth, is_maker in turned_over if is_maker)
    return OrderFigures(
        intended=len(read.asked),
        refused=read.refused,
        accepted=read.accepted,
        filled=filled,
        filled_in_part=len(got) - filled,
        canceled=read.canceled,
        rejected=dict(read.rejected),
        executions=len(executions),
        forced=sum(each.forced for each in executions),
        fill_rate=_over(len(got), len(read.asked)),
        maker_share=_over(made, sum(worth for worth, _ in turned_over)),
    )


def _queue(queue: Sequence[int]) -> QueueFigures | None:
    made = [queue[at : at + QUEUE_WIDTH] for at in range(0, len(queue), QUEUE_WIDTH) if queue[at + 4]]
    if not made:
        return None
    waited = sorted(each[3] for each in made)
    ahead = sorted(each[2] for each in made if each[2] != UNKNOWN_PLACE) or [0]
    return QueueFigures(
        executions=len(made),
        waited_median_ns=_share(waited, 50),
        waited_95_ns=_share(waited, 95),
        ahead_median=_share(ahead, 50),
        ahead_95=_share(ahead, 95),
    )


def _share(ordered: Sequence[int], percent: int) -> int:
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


def not_annualised(curve: Curve) -> str | None:
    """Returns why figures of a year would say nothing of a run: it is too short, or has too few points."""
    span_s, steps = (curve.times[-1] - curve.times[0]) // NS_PER_S, len(curve.times) - 1
    if span_s < YEARLY_SPAN_S_MIN:
        return f"the run is {span_s:,} s long, and figures of a year need {YEARLY_SPAN_S_MIN // DAY_S} days"
    if steps < YEARLY_STEPS_MIN:
        return f"the curve has {steps:,} steps, and figures of a year need {YEARLY_STEPS_MIN}: sample more often"
    return None


def equity_of(curve: Curve) -> EquityMetrics | None:
    """Returns the figures of the curve, without those of a year where they would say nothing.

    None where it has no two points, or begins with nothing.
    """
    if len(curve.equity) < 2 or curve.equity[0] <= 0 or curve.times[-1] <= curve.times[0]:
        return None
    seconds = (curve.times[-1] - curve.times[0]) / NS_PER_S / (len(curve.times) - 1)
    figures = equity_metrics(curve.equity, YEAR_S / seconds)
    return figures if not_annualised(curve) is None else msgspec.structs.replace(figures, **NO_YEAR)


def _over(top: float, bottom: float) -> float | None:
    return top / bottom if bottom else None
