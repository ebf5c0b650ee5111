"""Runs seats over a tape: the same strategies, the same engine, another market and another clock."""

from __future__ import annotations

import gc
import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import NamedTuple, Protocol

import msgspec

from flatbook import __version__
from flatbook.backtest.booked import Booked, RunJournal
from flatbook.backtest.desk import SimulatedDesk
from flatbook.backtest.grid import Steps, least_order
from flatbook.backtest.kernel.market import CompiledMarket
from flatbook.backtest.simulator import Refused, Simulator, Stop
from flatbook.backtest.tape import Tape, TapeHead
from flatbook.backtest.terms import Terms
from flatbook.backtest.venue_account import KeptInstrument, kept_of
from flatbook.engine.ports import FillSource, IdRule, VenueCard
from flatbook.engine.rules import Rules, SeatRules
from flatbook.events.control import BalanceStated, EngineStarted, Mode
from flatbook.events.event import Event
from flatbook.risk.limits import Limits
from flatbook.state.fold import apply
from flatbook.strategies.quoting import Feature, Seat
from flatbook.values.ids import Epoch, InstrumentId, OwnerId
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.money import Quantity

ROUNDS_AT_ONCE_MAX = 1_000
ROWS_BETWEEN_WORDS = 100_000
COLLECTED_AFTER = 200_000
OPENING = "opening"
_WOKEN, _PASSED, _ENDED, _HELD = Stop.WOKEN, Stop.PASSED, Stop.ENDED, Stop.HELD

Progress = Callable[[int, int], bool]
"""Is told the rows that were seen and how many there are; False stops the run."""


class BacktestRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a run left behind, besides its journal. `is_whole` is false where it was stopped before its tape ended.

    Units: `samples` holds (time, place of the instrument, bid, ask, mark) in ns and ticks, one after the other, 0 where
    nothing was seen; `queue` holds of each execution (seen at, place of the instrument, lots before the order when it
    came to rest or -1, ns that it was at the venue, 1 where it made).
    """

    head: TapeHead
    samples: Sequence[int]
    queue: Sequence[int]
    counts: Mapping[str, int]
    rows: int
    began_at: Instant
    ended_at: Instant
    is_whole: bool


def run(
    tape: Tape,
    seats: Sequence[Seat],
    terms: Terms,
    journal: RunJournal,
    progress: Progress | None = None,
    *,
    ask_each: bool = False,
) -> BacktestRun:
    """Runs seats over a tape and books all that happens into a journal.

    Gives: the same journal, byte for byte, for the same tape, seats and terms; with `ask_each` as well, which asks
    strategies after every message too, where their wakes are none too few.
    Errors: ValueError where seats, terms and tape do not fit, Refused where the run has no room, what the tape raises.
    """
    market = compiled_market(tape, seats, terms)
    if ask_each:
        market.ask_each()
    return drive(market, Plan(tape, tuple(seats), terms), journal, progress)


def compiled_market(tape: Tape, seats: Sequence[Seat], terms: Terms) -> CompiledMarket:
    """Returns the compiled simulator of a tape, with what seats observe."""
    places = places_of(tape)
    market = CompiledMarket(tape, terms, [(places[feature.instrument], feature) for _, feature in features_of(seats)])
    observe(market, seats, terms, places)
    return market


class Observing(Protocol):
    """A simulator that is told which books a strategy looks at."""

    def observe(self, inst: int, age_ns: int) -> None:
        """Wakes where the book of an instrument becomes unfit or fit, or was silent for its age."""
        ...

    def require(self, inst: int, lots: int, worth: int) -> None:
        """Turns down orders of fewer lots, and of less than so many ticks times lots."""
        ...

    def keep_account(self, kept: Sequence[KeptInstrument]) -> None:
        """Looks at the margin of an account: turns orders down for want of it, and closes positions by force."""
        ...


def observe(market: Observing, seats: Sequence[Seat], terms: Terms, places: Mapping[InstrumentId, int]) -> None:
    """Tells a simulator which books strategies look at, how old they may be, the least orders, and the margins."""
    for seat in seats:
        age_ns = terms.limits[seat.owner].book_age_ms_max * NS_PER_MS
        for instrument in (*(each.id for each in seat.instruments), *seat.observes):
            market.observe(places[instrument], age_ns)
        for traded in seat.instruments:
            market.require(places[traded.id], *least_order(traded))
    market.keep_account(kept_of(seats, terms, places))


def places_of(tape: Tape) -> dict[InstrumentId, int]:
    """Returns where on a tape each of its instruments stands."""
    return {InstrumentId(each.id): place for place, each in enumerate(tape.head.instruments)}


def features_of(seats: Sequence[Seat]) -> list[tuple[OwnerId, Feature]]:
    """Returns the features that strategies declared, in the order in which a simulator numbers them."""
    return [(seat.owner, feature) for seat in seats for feature in seat.features]


class Plan(NamedTuple):
    """What a run is made of, whatever drives it."""

    tape: Tape
    seats: tuple[Seat, ...]
    terms: Terms


def drive(
    simulator: Simulator, plan: Plan, journal: RunJournal, progress: Progress | None = None, *, is_direct: bool = True
) -> BacktestRun:
    """Drives a desk before a simulator from the first row to the last; by the engine alone where it is not direct."""
    tape, seats, terms = plan
    began_at = Instant(tape.head.first_ts)
    book = Booked(journal, journal.take_lease(began_at))
    traded = traded_of(tape, seats)
    desk = SimulatedDesk(simulator, rules_of(seats, terms), terms, traded, book, is_direct=is_direct)
    numbers = {(owner, feature.name): number for number, (owner, feature) in enumerate(features_of(seats))}
    desk.name(places_of(tape), numbers)
    opening = opening_of(seats, terms, book.epoch, began_at)
    for event in opening:
        apply(desk.state, event)
    book.add(opening)
    desk.begin(began_at)
    kept = _Kept()
    with _seldom_collected():
        is_whole = _until_ended(simulator, desk, kept, tape.head.rows, progress)
    desk.close()
    return BacktestRun(
        head=tape.head,
        samples=kept.samples,
        queue=desk.placed.executed,
        counts={stop.value: count for stop, count in kept.counts.items()},
        rows=simulator.rows_done,
        began_at=began_at,
        ended_at=Instant(simulator.now),
        is_whole=is_whole,
    )


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Has the collector of cycles look seldom, and not at what was there before: a run makes hardly any."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class _Kept:
    """What is kept of a run besides its events."""

    def __init__(self) -> None:
        self.samples = array("q")
        self.counts: Counter[Stop] = Counter()

    def drain(self, simulator: Simulator) -> None:
        """Keeps what was sampled."""
        for sample in simulator.samples():
            self.samples.extend(sample)


def _until_ended(simulator: Simulator, desk: SimulatedDesk, kept: _Kept, rows: int, progress: Progress | None) -> bool:
    """Goes from stop to stop. Returns whether the tape came to its end."""
    told_at, asked_at, rounds, counts, along = 0, 0, 0, kept.counts, simulator.along()
    stands_at: Stop | None = None
    while True:
        stop, stands_at = stands_at or simulator.run(), None
        if stop is _PASSED:
            quiet = desk.quiet(simulator.passed())
            counts[_WOKEN] += quiet
            if not simulator.settle(quiet):
                continue
            stop = _WOKEN
        if stop is _HELD:
            desk.held()
            continue
        counts[stop] += 1
        now = simulator.now
        rounds = rounds + 1 if now == asked_at else 0
        asked_at = now
        if rounds > ROUNDS_AT_ONCE_MAX:
            raise Refused(
                f"a strategy was asked {rounds} times at {asked_at}: it answers each report at once, for ever"
            )
        if stop is not _WOKEN:  # samples wait until there is no more room for them
            kept.drain(simulator)
            desk.take(now, woken=False)
            if stop is _ENDED:
                return True
        elif rounds or not desk.goes_on(now):
            desk.take(now, woken=True)
        elif along is not None:
            stands_at = desk.go_along(along, counts)
            asked_at = desk.asked_at
        if progress is not None and simulator.rows_done - told_at >= ROWS_BETWEEN_WORDS:
            told_at = simulator.rows_done
            if not progress(told_at, rows):
                kept.drain(simulator)
                return False


def traded_of(tape: Tape, seats: Sequence[Seat]) -> list[Steps]:
    """Returns the instruments that are traded, each with its place on the tape.

    Errors: ValueError where one is not on the tape, or has another tick or lot there.
    """
    places = places_of(tape)
    traded = {instrument.id: instrument for seat in seats for instrument in seat.instruments}
    observed = [instrument for seat in seats for instrument in seat.observes]
    for instrument in (*traded, *observed):
        if instrument not in places:
            raise ValueError(f"{instrument} is not on the tape, which has {', '.join(places)}")
    return [Steps(places[each], tape.head.instruments[places[each]], traded[each]) for each in traded]


def rules_of(seats: Sequence[Seat], terms: Terms) -> Rules:
    """Returns the rules of a desk that only quotes."""
    return Rules(
        hedges={},
        instruments={each.id: each for seat in seats for each in seat.instruments},
        cards={seat.account: _CARD for seat in seats},
        chains={},
        limits=_NO_HEDGES,
        marks=dict(terms.marks),
        residue_usd_max=_FAR,
        depeg_bps_max=1,
        resends_max=0,
        config_digest=digest_of(seats, terms),
        seats={seat.owner: SeatRules(seat=seat, limits=terms.limits[seat.owner]) for seat in seats},
    )


def digest_of(seats: Sequence[Seat], terms: Terms) -> str:
    """Returns a digest of the terms of a run and of what its strategies are told."""
    told = msgspec.json.encode([terms, *((seat.owner, repr(seat.params)) for seat in seats)], order="sorted")
    return hashlib.sha256(told).hexdigest()


def opening_of(seats: Sequence[Seat], terms: Terms, epoch: Epoch, at: Instant) -> list[Event]:
    """Returns the events that a run begins with: an engine on paper, and what each account has."""
    started = EngineStarted(
        epoch=epoch, mode=Mode.PAPER, version=__version__, config_digest=digest_of(seats, terms), started_at=at
    )
    stated: list[Event] = [
        BalanceStated(account=account, asset=asset, change=Quantity(amount), reason=OPENING, stated_at=at)
        for account in dict.fromkeys(seat.account for seat in seats)
        for asset, amount in terms.cash.items()
    ]
    return [started, *stated]


_FAR = Decimal(10**18)
_NO_HEDGES = Limits(
    order_notional_usd_max=_FAR,
    order_shares_max=_FAR,
    collar_bps_max=1,
    second_bps_max=1,
    price_age_s_max=1,
    day_loss_usd_max=_FAR,
    open_orders_max=1,
    orders_per_minute_max=1,
)
_CARD = VenueCard(
    name="simulated",
    id_rule=IdRule.FOR_EVER,
    request_window_s=1,
    read_lag_max_s=0,
    place_timeout_s=3_600,
    fill_source=FillSource.EXECUTIONS,
)
