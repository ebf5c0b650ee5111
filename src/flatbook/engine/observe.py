"""What quoting strategies observe, kept by direct calls, and tested against what their wakes wait for.

An adapter writes an order book and says that it did: that is all of the tick path. A test is a few comparisons with
the nearest level of all who watch the instrument; only when one is reached is it worked out whose it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from flatbook.engine.rules import Rules, SeatRules
from flatbook.engine.wakes import Wakes
from flatbook.market.feature_feed import EWMA_MID, NOT_READY, read_feature, take_mid, take_price
from flatbook.market.features import new_bars
from flatbook.market.orderbook import OrderBook, Touch
from flatbook.market.sights import Sights
from flatbook.state.positions import NetKey
from flatbook.strategies.decision import Edge, Level, Series, Wake
from flatbook.strategies.quoting import Feature, FeatureKind
from flatbook.values.ids import InstrumentId, OwnerId
from flatbook.values.instants import NS_PER_MS, Instant

FAR = 2**62
BPS_WHOLE = 10_000
MARK_AGE_NS = 30_000_000_000
_KINDS = {kind: number for number, kind in enumerate(FeatureKind)}

_BID, _ASK, _ABOVE = Series.BID, Series.ASK, Edge.AT_OR_ABOVE

Woke = Callable[[NetKey], None]


class Sight:
    """One instrument: its book, when it was last fit, and the nearest levels that anybody waits for.

    Units: ticks; instants in ns. `seen` counts observations, `seen_until` is the count that somebody waits for.
    """

    __slots__ = (
        "age_ns",
        "ask_above",
        "ask_below",
        "at",
        "band_bps",
        "bid_above",
        "bid_below",
        "book",
        "features",
        "is_shown",
        "marked_at",
        "others",
        "seen",
        "seen_until",
        "values",
        "watched",
    )

    def __init__(self, book: OrderBook, age_ns: int) -> None:
        self.book, self.age_ns = book, age_ns
        self.at: Instant | None = None
        self.band_bps: int | None = None
        self.marked_at = Instant(0)
        self.is_shown = False
        self.seen = 0
        self.features: list[LiveFeature] = []
        self.values: dict[Series, int] = {}
        self.watched: dict[NetKey, Watch] = {}
        self.others: dict[Series, tuple[int, int]] = {}
        self.rearm()

    def rearm(self) -> None:
        """Finds the nearest levels of all who watch."""
        bid_above = ask_above = seen_until = FAR
        bid_below = ask_below = -FAR
        if self.others:
            self.others.clear()
        for watch in self.watched.values():
            if watch.is_woken:
                continue
            bid_above, bid_below = min(bid_above, watch.bid_above), max(bid_below, watch.bid_below)
            ask_above, ask_below = min(ask_above, watch.ask_above), max(ask_below, watch.ask_below)
            seen_until = min(seen_until, watch.seen_until)
            for series, (above, below) in watch.others.items():
                first, last = self.others.get(series, (FAR, -FAR))
                self.others[series] = (min(first, above), max(last, below))
        self.bid_above, self.bid_below, self.ask_above, self.ask_below = bid_above, bid_below, ask_above, ask_below
        self.seen_until = seen_until

    def is_sane(self, bid: int, ask: int, at: Instant) -> bool:
        """Whether the middle of a book is near the mark of its venue; without a fresh mark nobody knows.

        Source: the reference on grid market making, lesson K9: a sanity band against a second price.
        """
        mark = self.values.get(Series.MARK)
        if mark is None or self.band_bps is None or at - self.marked_at > MARK_AGE_NS:
            return False
        return abs(bid + ask - 2 * mark) * BPS_WHOLE <= 2 * mark * self.band_bps


class Watch(msgspec.Struct, gc=False):
    """What one strategy waits for of one instrument since it was asked: the nearest levels, and other series' too.

    Units: ticks; `silent_ns` are how long silences must last, shortest first. `seen_at` is when the book had been seen
    when it was asked. Once it is woken it waits for nothing.
    """

    seen_until: int
    silent_ns: tuple[int, ...]
    asked_at: Instant
    seen_at: Instant | None
    bid_above: int = FAR
    bid_below: int = -FAR
    ask_above: int = FAR
    ask_below: int = -FAR
    others: dict[Series, tuple[int, int]] = {}
    is_woken: bool = False

    def near(self, level: Level) -> None:
        """Waits for a level too."""
        ticks, is_above = level.ticks, level.edge is _ABOVE
        if level.series is _BID:
            if is_above:
                self.bid_above = min(self.bid_above, ticks)
            else:
                self.bid_below = max(self.bid_below, ticks)
        elif level.series is _ASK:
            if is_above:
                self.ask_above = min(self.ask_above, ticks)
            else:
                self.ask_below = max(self.ask_below, ticks)
        else:
            above, below = self.others.get(level.series, (FAR, -FAR))
            self.others[level.series] = (min(above, ticks), below) if is_above else (above, max(below, ticks))

    def is_reached(self, sight: Sight) -> bool:
        """Whether what it waits for is there."""
        bid, ask = sight.book.best_bid, sight.book.best_ask
        if bid >= self.bid_above or bid <= self.bid_below or ask >= self.ask_above or ask <= self.ask_below:
            return True
        if sight.seen >= self.seen_until:
            return True
        for series, (above, below) in self.others.items():
            value = sight.values.get(series)
            if value is not None and (value >= above or value <= below):
                return True
        return False


class LiveFeature:
    """One declared feature of an instrument, kept by the code that keeps it in a backtest."""

    __slots__ = ("kind", "marks", "row", "span_ns")

    def __init__(self, feature: Feature) -> None:
        self.kind, self.span_ns = _KINDS[feature.kind], feature.span_ns
        self.row, self.marks = new_bars(feature.count)
        if self.kind == EWMA_MID:
            self.marks = [0, 0]

    def read(self, at: Instant) -> float | None:
        """Returns it as of an instant; None while it is not ready. Units: ticks."""
        value = read_feature(self.kind, self.row, self.marks, at, self.span_ns)
        return None if value == NOT_READY else value


class Observations:
    """The sights of a desk, and who is woken by what is seen. `woken` is told of strategies that a sight wakes."""

    def __init__(self, rules: Rules, books: Mapping[InstrumentId, OrderBook]) -> None:
        self.woken: Woke = _nobody
        self._sights: dict[InstrumentId, Sight] = {}
        for seated in rules.seats.values():
            age_ns = seated.limits.book_age_ms_max * NS_PER_MS
            for instrument in _observed_by(seated):
                known = self._sights.get(instrument)
                if known is None:
                    self._sights[instrument] = Sight(books[instrument], age_ns)
                else:
                    known.age_ns = min(known.age_ns, age_ns)
                self._narrow(self._sights[instrument], seated.limits.sanity_bps_max)
        self._watched_by = {
            seated.seat.key: tuple((each, self._sights[each]) for each in _observed_by(seated))
            for seated in rules.seats.values()
        }
        self._ages_ns = {
            seated.seat.key: (seated.limits.book_age_ms_max * NS_PER_MS,) for seated in rules.seats.values()
        }

        self._answers: dict[NetKey, tuple[Wake, Instant]] = {}
        self._seen_at = self._heard_at = Instant(0)
        self._features: dict[tuple[OwnerId, str], LiveFeature] = {}
        for owner, seated in rules.seats.items():
            for feature in seated.seat.features:
                kept = self._features[owner, feature.name] = LiveFeature(feature)
                self._sights[feature.instrument].features.append(kept)

    @staticmethod
    def _narrow(sight: Sight, band_bps: int | None) -> None:
        """Compares a book with the mark as closely as the closest of its strategies wants it."""
        if band_bps is not None:
            sight.band_bps = band_bps if sight.band_bps is None else min(sight.band_bps, band_bps)

    # What strategies read.

    def touch(self, instrument: InstrumentId) -> Touch | None:
        """Returns the best of both sides; None while the book is unfit, crossed or empty on one side."""
        sight = self._sights.get(instrument)
        return sight.book.touch() if sight is not None and sight.is_shown else None

    def touch_since(self, instrument: InstrumentId, after: Instant) -> Touch | None:
        """Returns the same; None too where the book was not seen fit since an instant, that one left out."""
        sight = self._sights.get(instrument)
        if sight is None or not sight.is_shown or sight.at is None or sight.at <= after:
            return None
        return sight.book.touch()

    def observed_at(self, instrument: InstrumentId) -> Instant | None:
        """Returns when the book was last seen fit, by our clock; None before the first time."""
        sight = self._sights.get(instrument)
        return None if sight is None else sight.at

    def feature(self, owner: OwnerId, name: str) -> float | None:
        """Returns a feature that the strategy of an owner declared, as of what was seen last; None while not ready."""
        return self._features[owner, name].read(self._seen_at)

    # What adapters say.

    def book(self, instrument: InstrumentId) -> OrderBook:
        """Returns the book of an instrument, as its adapter writes it."""
        return self._sights[instrument].book

    def known_book(self, instrument: InstrumentId) -> OrderBook | None:
        """Returns the book of an instrument to whoever only looks; None while it is unfit, or not observed."""
        sight = self._sights.get(instrument)
        return sight.book if sight is not None and sight.is_shown else None

    def saw_book(self, instrument: InstrumentId, at: Instant, *, is_fit: bool = True, late_ns: int = 0) -> None:
        """Takes that a book was written at an instant of our clock, and wakes whoever waits for what it shows.

        Units: `late_ns` is by how much what was heard is older than that.
        """
        if self._answers:
            self._arm_answered()
        sight = self._sights[instrument]
        book = sight.book
        bid, ask = book.best_bid, book.best_ask
        if at > self._heard_at:  # noqa: PLR1730 (a call costs more than the comparison)
            self._heard_at = at
        seen = sight.seen = sight.seen + 1
        if sight.band_bps is not None and is_fit:
            is_fit = sight.is_sane(bid, ask, at)
        if not (is_fit and 0 < bid < ask):
            if sight.is_shown:
                sight.is_shown = False
                self._wake_all(sight)
            elif seen >= sight.seen_until:
                self._wake_reached(sight)
            return
        before, sight.at = sight.at, Instant(at - late_ns) if late_ns else at
        if at > self._seen_at:  # noqa: PLR1730
            self._seen_at = at
        for feature in sight.features:
            take_mid(feature.kind, feature.row, feature.marks, at, (bid + ask) * 0.5, feature.span_ns)
        if not sight.is_shown or before is None or at - before >= sight.age_ns or late_ns >= sight.age_ns:
            sight.is_shown = True
            self._wake_all(sight)
        elif (
            bid >= sight.bid_above
            or ask <= sight.ask_below
            or bid <= sight.bid_below
            or ask >= sight.ask_above
            or seen >= sight.seen_until
        ):
            self._wake_reached(sight)

    def saw_trade(self, instrument: InstrumentId, ticks: int, lots: int, at: Instant) -> None:
        """Takes a trade at an instant of our clock, into the features of its instrument too. Units: ticks, lots."""
        self._seen_at = max(self._seen_at, at)
        trade = (float(ticks), float(lots))
        for feature in self._sights[instrument].features:
            take_price(feature.kind, feature.row, feature.marks, at, trade, feature.span_ns)
        self.saw_value(instrument, Series.TRADE, ticks)

    def saw_value(self, instrument: InstrumentId, series: Series, ticks: int) -> None:
        """Takes a trade, a mark or an index of an instrument. Units: ticks."""
        if self._answers:
            self._arm_answered()
        sight = self._sights[instrument]
        sight.values[series] = ticks
        if series is Series.MARK:
            sight.marked_at = self._heard_at
        sight.seen += 1
        above, below = sight.others.get(series, (FAR, -FAR))
        if ticks >= above or ticks <= below or sight.seen >= sight.seen_until:
            self._wake_reached(sight)

    # What wakes wait for.

    def arm(self, key: NetKey, wake: Wake, asked_at: Instant) -> None:
        """Tests the next observations against what a strategy said when it was asked, and no more against before.

        What that is will be worked out when it is asked for: the order that a strategy wanted leaves first.
        """
        self._answers[key] = wake, asked_at

    def _arm_answered(self) -> None:
        answers, self._answers = self._answers, {}
        for key, (wake, asked_at) in answers.items():
            self._watch(key, wake, asked_at)

    def _watch(self, key: NetKey, wake: Wake, asked_at: Instant) -> None:
        watched = self._watched_by.get(key, ())
        for instrument, sight in watched:
            seen_until, silent_ns = FAR, self._ages_ns.get(key, ())
            for every in wake.every:
                if every.instrument == instrument:
                    seen_until = min(seen_until, sight.seen + every.count)
            if wake.silences:
                mine = (each.longer_than_ns for each in wake.silences if each.instrument == instrument)
                silent_ns = tuple(sorted((*mine, *silent_ns)))
            watch = sight.watched[key] = Watch(seen_until, silent_ns, asked_at, sight.at)
            for level in wake.levels:
                if level.instrument == instrument:
                    watch.near(level)
            sight.rearm()

    def silent_at(self, key: NetKey) -> Instant | None:
        """Returns when a silence that a strategy waits for is long enough, if nothing is seen meanwhile.

        Gives: nothing for what had been silent so long when it was last asked; what was seen since then was not, also
        where our clock was set back meanwhile. A book that was never seen is silent since it was asked.
        """
        if self._answers:
            self._arm_answered()
        found = None
        for sight in self._sights.values():
            watch = sight.watched.get(key)
            if watch is not None:
                since = watch.asked_at if sight.at is None else sight.at
                is_new = sight.at != watch.seen_at
                left = (since + ns for ns in watch.silent_ns if is_new or since + ns > watch.asked_at)
                found = min((at for at in (found, next(left, None)) if at is not None), default=None)
        return None if found is None else Instant(found)

    def _wake_all(self, sight: Sight) -> None:
        for key, watch in sight.watched.items():
            watch.is_woken = True
            self.woken(key)

    def _wake_reached(self, sight: Sight) -> None:
        """Wakes whose level is reached, once: the next answer of a strategy arms its sights anew.

        Needs: a level of the sight is reached. Where one alone watches, it is its own.
        """
        watched = sight.watched
        is_alone = len(watched) == 1
        for key, watch in watched.items():
            if not watch.is_woken and (is_alone or watch.is_reached(sight)):
                watch.is_woken = True
                self.woken(key)


def wakes_over(sights: Sights, woken: Woke) -> Wakes:
    """Returns the wakes of a desk. What is observed is tested against them where observations are kept."""
    if not isinstance(sights, Observations):
        return Wakes()
    sights.woken = woken
    return Wakes(sights)


def _observed_by(seated: SeatRules) -> tuple[InstrumentId, ...]:
    seat = seated.seat
    return tuple(dict.fromkeys((*(each.id for each in seat.instruments), *seat.observes)))


def _nobody(_key: NetKey) -> None:
    return
