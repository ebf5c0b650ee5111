"""The compiled scan as a simulator: its table, the chunk of the tape that is scanned, and where orders stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from struct import Struct, pack_into
from typing import Any

import numpy as np

from flatbook.backtest.booked import Booked
from flatbook.backtest.kernel import block
from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel import tables as at
from flatbook.backtest.kernel.accounts import keep_account
from flatbook.backtest.kernel.native import native
from flatbook.backtest.kernel.tables import F0, G0, I0, META_ROW, NEVER, Q0
from flatbook.backtest.simulator import Along, Level, OrderRow, Passed, Refused, Sample, Stop, Watch
from flatbook.backtest.tape import Columns, Tape
from flatbook.backtest.terms import Latency, Terms
from flatbook.backtest.venue_account import KeptInstrument
from flatbook.market.feature_feed import NOT_READY
from flatbook.market.orderbook import Touch
from flatbook.market.ticks import Kind
from flatbook.strategies.quoting import Feature, FeatureKind
from flatbook.values.instants import Instant

_KINDS = {kind: number for number, kind in enumerate(FeatureKind)}
_ARGUMENTS = 8 * block.ARGUMENTS
_MESSAGES, _ROW = 8 * at.WIDTH * at.M0, 8 * at.WIDTH
_pack_message = Struct(f"{at.MSG_NOW + 1}q").pack_into
_WOKEN = Stop.WOKEN
_FULL, _WOKE, _NOW, _RANG, _STOPPED, _AGAIN = at.FULL, at.WOKE, at.NOW, at.RANG, at.WOKEN, at.AGAIN
_SCAN, _GO_ON = block.SCAN, block.GO_ON
_touch_at = Struct("4q").unpack_from
_SIGHTS = I0 * _ROW + 8 * at.SAW_BID
_sight_at = Struct(f"5q{8 * (at.IS_FIT - at.HEARD_AT - 1)}xq").unpack_from
_PLAIN = slice(at.RANG, at.UNFIT + 1)


def has_levels(tape: Tape, inst: int) -> bool:
    """Whether the book of an instrument of a tape is made of levels; its quotes are left out then."""
    return not tape.head.kinds_of(inst).isdisjoint((Kind.BID, Kind.ASK))


class CompiledMarket:
    """A tape that is scanned by compiled code. `features` are (place of the instrument, feature)."""

    def __init__(self, tape: Tape, terms: Terms, features: Sequence[tuple[int, Feature]] = ()) -> None:
        count = len(tape.head.instruments)
        deep = [has_levels(tape, inst) for inst in range(count)]
        self._count, self._deep = count, any(deep)
        self._t = at.new_table(count)
        self._meta = self._t[META_ROW]
        self._now: Any = self._meta.data
        self._cells: Any = self._t.data.cast("B").cast("q")
        self._head: Any = np.zeros(desk.DESK_WIDTH, np.int64).data
        self._seen = self._t[I0 : I0 + count]
        self._seen[:, at.IS_DEEP] = deep
        self._ring = self._t[G0 : G0 + at.RING_MAX, : at.REP_WATCH]
        self._levels = at.new_levels(count, deep=self._deep)
        self._features = at.new_features([feature.count for _, feature in features])
        self._passed = at.new_passed(count, len(features))
        self._kept = at.new_kept(self._features)
        self._pending, self._passes = at.FULL, 0
        self._block, self._number = np.zeros(block.BLOCK, np.int64), np.zeros(1, np.float64)
        self._address, self._way_in = self._block.ctypes.data, native()
        self._scan_on: Any = self._way_in
        self._buffer, self._rows_of = self._block.data, self._t.data
        self._point_at_arrays()
        self._set_terms(terms)
        for number, (inst, feature) in enumerate(features):
            self._t[F0 + number, : at.FEATURE_MARKS] = (_KINDS[feature.kind], inst, feature.span_ns, feature.count)
            is_of_bars = feature.kind is not FeatureKind.EWMA_MID
            self._t[F0 + number, at.FEATURE_MARKS] = -1 if is_of_bars else 0
        self._meta[at.FEATURES] = len(features)
        self._chunks: Iterator[Columns] = tape.chunks()
        self._tops = np.zeros((1, at.TOP_WIDTH), np.int64)
        self._rows: Any = ()
        self._done, self._has_silences = 0, False
        self.now = Instant(tape.head.first_ts)
        self._next_chunk(first=True)

    def _point_at_arrays(self) -> None:
        def begins(*arrays: Any) -> list[int]:
            return [array.ctypes.data for array in arrays]

        b, levels, features, kept = self._block, self._levels, self._features, self._kept
        b[[block.TABLE, block.LEVELS, block.FEATURES, block.NUMBER]] = begins(self._t, levels, features, self._number)
        b[[block.PASSED, block.PASSED_FEATURES, block.KEPT, block.KEPT_FEATURES]] = begins(*self._passed, *kept)
        b[[block.SIDES, block.SLOTS]] = levels.shape[:2]
        b[[block.FEATURE_ROWS, block.FEATURE_WIDTH]] = features.shape
        b[[block.PLACES, block.KEPT_ROWS]] = self._passed[0].shape[1], len(kept[0])

    def _call(self, what: int, *numbers: int) -> int:
        """Has the compiled code do something with some numbers."""
        if numbers:
            pack_into(f"{len(numbers)}q", self._buffer, _ARGUMENTS, *numbers)
        return self._way_in(self._address, what)

    def _set_terms(self, terms: Terms) -> None:
        def put(latency: Latency, least: int, spread: int) -> None:
            self._meta[least], self._meta[spread] = latency.least_ns, latency.spread_ns

        put(terms.placing, at.PLACE_NS, at.PLACE_SPREAD)
        put(terms.canceling, at.CANCEL_NS, at.CANCEL_SPREAD)
        put(terms.reporting, at.REPORT_NS, at.REPORT_SPREAD)
        self._meta[at.SEED], self._meta[at.SHARE], self._meta[at.FRONT] = terms.seed, terms.share, int(terms.front)
        self._meta[at.SAMPLE_NS] = terms.sample_ns
        self._meta[at.SAMPLE_AT] = 0

    def _next_chunk(self, *, first: bool = False) -> None:
        """Goes on to the next rows; those that were not seen yet are kept before them."""
        chunk = next(self._chunks, None)
        if chunk is None and first:
            raise Refused("there is no row on the tape")
        seen = int(self._meta[at.SEEN_AT])
        kept = tuple(column[seen:] for column in self._rows) if self._rows else ()
        carried = len(kept[0]) if kept else 0
        if chunk is None:
            self._meta[at.FINAL] = 1
            self._rows = kept
        else:
            new = block.scanned(chunk)
            self._rows = tuple(map(_joined, kept, new)) if carried else new
        if self._deep:
            self._tops = _with_room(self._tops, len(self._rows[0]), self._tops[seen : seen + carried].copy())
        self._block[block.TOPS] = self._tops.ctypes.data
        block.point_at(self._block, self._rows)
        self._meta[at.VENUE_AT], self._meta[at.SEEN_AT] = carried, 0
        self._done += seen

    @property
    def rows_done(self) -> int:
        """How many rows of the tape were seen."""
        return self._done + int(self._meta[at.SEEN_AT])

    @property
    def is_plain(self) -> bool:
        """Whether the stop came with a message and not by time alone, while every book that is watched is fit."""
        rang, unfit = self._meta[_PLAIN].tolist()
        return not rang and not unfit

    @property
    def asks_each(self) -> bool:
        """Whether it wakes after every message, whatever is waited for."""
        return self._passes > 0

    @property
    def far_levels(self) -> int:
        """How many levels were left out of the books, for they stood too far from the market."""
        return int(self._meta[at.FAR_LEVELS])

    def run(self) -> Stop:
        """Goes on to the next stop.

        Errors: Refused where too many reports are under way; what the tape raises.
        """
        meta, passes = self._now, self._passes
        why, self._pending = self._pending, _FULL
        if why == _FULL:
            meta[_STOPPED] = meta[_RANG] = 0
            why = self._go_on(passes) if passes else self._way_in(self._address, _SCAN)
        return self.stop_at(why)

    def go_on(self) -> Instant:
        """Goes on from a stop whose strategy waits for the same as before.

        Gives: the instant of the next stop where all is booked there and there is nothing to do but to ask; else why it
        is one, for `stop_at`.
        """
        now: Instant = self._scan_on(self._address, _GO_ON)
        return now

    def stop_at(self, why: int) -> Stop:
        """Returns the stop at which the scan stands, and goes on to one where it has none yet.

        Errors: as `run`.
        """
        meta = self._now
        if why == _WOKE and not self._passes:
            self.now = meta[_NOW]
            return _WOKEN
        while why in (at.MORE_ROWS, at.FULL) and not meta[at.PASSED]:
            if why == at.MORE_ROWS:
                self._next_chunk()
            why = self._go_on(self._passes if why == at.MORE_ROWS else 0)
        if meta[at.PASSED]:
            self._pending = why
            return Stop.PASSED
        if why == at.WOKE:
            self.now = meta[at.NOW]
            return Stop.WOKEN
        if why == at.HELD:
            return Stop.HELD
        self._refuse_crowd(why)
        self.now = max(self.now, meta[at.NOW])
        return Stop.ENDED if why == at.ENDED else Stop.TOLD

    def _go_on(self, passes: int) -> int:
        """Scans on, past at most so many messages, and says why it stopped."""
        self._now[at.PASSES] = passes
        if passes:
            why = self._call(block.BEGIN_PASSING)
            if why in (at.NO_ROOM, at.HELD):
                return why
        return self._way_in(self._address, block.SCAN)

    def passed(self) -> Passed:
        """Returns what was gone past, after a stop that says so."""
        end = self._count + int(self._meta[at.PASSED])
        numbers, features = self._passed
        return Passed(
            self._count,
            numbers[at.P_TIME, :end].tolist(),
            numbers[at.P_INST, :end].tolist(),
            numbers[at.P_BID :, :end].tolist,
            features[:, :end].tolist,
        )

    def settle(self, asked: int) -> bool:
        """Takes so many messages that were gone past as told, and goes back to the one behind them where there is one.

        Gives: whether there is one: the scan stands at it as at a stop where somebody is woken.
        Errors: Refused where too much of the books has changed since.
        """
        meta = self._meta
        count, meta[at.PASSED] = int(meta[at.PASSED]), 0
        undoing, meta[at.UNDOING] = int(meta[at.UNDOING]), 0
        if asked == count:
            if self._pending == at.FULL:
                self._passes = min(at.PASSES_MAX, 2 * self._passes)
            return False
        if asked + 1 < count or self._pending != at.FULL:
            if undoing == at.LOST:
                raise Refused(f"more than {at.UNDO_MAX - at.UNDO_ROOM} levels of books change with one row")
            self._call(block.GO_BACK)
            meta[at.PASSES] = asked + 1
            self._call(block.SCAN)
            meta[at.PASSED] = 0
        self._passes, self._pending = max(1, min(self._passes, 2 * asked)), at.FULL
        self.now = Instant(int(meta[at.NOW]))
        return True

    def told(self) -> list[list[int]]:
        """Returns the reports that came since they were last asked for, in order of time: each as `Told` names it."""
        first, count = self._head[desk.BOOKED], self._now[at.RINGED]
        if not count:
            return []
        self._now[at.RINGED] = self._head[desk.BOOKED] = 0
        rows: list[list[int]] = self._ring[first:count].tolist()
        return rows

    def told_until(self) -> int:
        """Returns when the newest of the reports came that were not asked for yet; 0 where there is none."""
        count = self._now[at.RINGED]
        return int(self._ring[count - 1, at.REP_TIME]) if count else 0

    def along(self) -> Along | None:
        """Returns this, which goes on by itself where strategies are asked on their wakes alone."""
        return None if self._passes else self

    def share(self, booked: Booked) -> bool:
        """Books what it tells into a table of a desk from now on, and sends what is wanted there."""
        booked.share(self._block)
        self._head = booked.head
        return True

    def book_told(self, see_day: Callable[[Instant], None]) -> Sequence[Sequence[int]]:
        """Books the reports that came, up to the first that is not plain. Gives: those that were not booked."""
        meta, head = self._now, self._head
        while meta[at.RINGED]:
            if head[desk.WHY] == desk.NEW_DAY:
                row = self._ring[head[desk.BOOKED]]
                see_day(Instant(int(min(row[at.REP_TIME], row[at.REP_VENUE_TIME]))))
            self._call(block.BOOK_RING)
            if head[desk.WHY] == desk.NOT_PLAIN:
                return self.told()
        return ()

    def deliver(self) -> bool:
        """Does at once what was written down. Gives: False where what is wanted did not pass; nothing is done then.

        Errors: Refused where there is no room for it.
        """
        why = self._call(block.DELIVER)
        self._refuse_crowd(why)
        return why != at.HELD

    def samples(self) -> list[Sample]:
        """Returns what was sampled since it was last asked for."""
        count = int(self._meta[at.SAMPLED])
        if not count:
            return []
        self._meta[at.SAMPLED] = 0
        return [Sample._make(row) for row in self._t[Q0 : Q0 + count, : at.SAMPLE].tolist()]

    def place(self, order: OrderRow) -> None:
        """Sends an order now.

        Errors: Refused where there is no room for it.
        """
        waiting = self._now[at.WAITING]
        if waiting == at.MESSAGES_MAX:
            waiting = self._deliver()
        _pack_message(self._rows_of, _MESSAGES + waiting * _ROW, at.PLACE, *order, self.now)
        self._now[at.WAITING] = waiting + 1

    def cancel(self, number: int) -> None:
        """Sends a cancel now."""
        self._say(at.CANCEL, number)

    def wake_on_acceptance(self, number: int) -> None:
        """Stops when the acceptance of an order is told, whatever is waited for."""
        self._say(at.WATCH_IT, number)

    def arm_again(self) -> None:
        """Waits for the same as before, from the next observation on."""
        self._now[_AGAIN] = self.now

    def _say(self, what: int, number: int) -> None:
        """Writes down what is said of an order before the scan goes on."""
        waiting = self._now[at.WAITING]
        if waiting == at.MESSAGES_MAX:
            waiting = self._deliver()
        _pack_message(self._rows_of, _MESSAGES + waiting * _ROW, what, number, 0, 0, 0, 0, 0, 0, 0, self.now)
        self._now[at.WAITING] = waiting + 1

    def _deliver(self) -> int:
        """Has all taken that was written down, for there is no more room. Gives: how much is left."""
        self._refuse_crowd(self._call(block.DELIVER))
        return 0

    def _refuse_crowd(self, why: int) -> None:
        if why == at.NO_ROOM:
            raise Refused(f"more than {at.ORDERS_MAX} orders are open, or more than {at.HEAP_MAX} messages under way")
        if why == at.CROWDED:
            raise Refused(f"more than {at.HEAP_MAX - at.ORDERS_MAX} reports are under way at once")

    def arm(self, watch: Watch) -> None:
        """Waits for these from the next observation on, and for nothing that was waited for before."""
        meta, seen = self._meta, self._seen
        meta[at.WAKE_ON] = watch.reports
        is_past = watch.at is not None and watch.at <= self.now
        meta[at.NEXT_WAKES] = int(is_past)
        meta[at.WAKE_AT] = NEVER if watch.at is None or is_past else watch.at
        seen[:, at.LOWS : at.HIGHS] = -NEVER
        seen[:, at.HIGHS : at.HIGHS + at.SERIES] = NEVER
        seen[:, at.EVERY] = 0
        seen[:, at.ASKED_AT] = self.now
        for level in watch.levels:
            self._arm_level(level)
        for inst, count in watch.every:
            seen[inst, at.EVERY] = min(count, seen[inst, at.EVERY] or count)
        if watch.silences or self._has_silences:
            self._arm_silences(watch.silences)
        meta[at.TIMER] = self.now

    def _arm_level(self, level: Level) -> None:
        row = self._seen[level.inst]
        if level.is_above:
            row[at.HIGHS + level.series] = min(row[at.HIGHS + level.series], level.ticks)
        else:
            row[at.LOWS + level.series] = max(row[at.LOWS + level.series], level.ticks)

    def _arm_silences(self, silences: Sequence[tuple[int, int]]) -> None:
        self._has_silences = bool(silences)
        self._seen[:, [at.SILENCE, at.LONGER_SILENCE]] = 0
        for inst in range(self._count):
            lasting = sorted({ns for each, ns in silences if each == inst})
            if len(lasting) > 2:
                raise Refused("a wake waits for more than two lengths of silence of one instrument")
            for column, ns in zip((at.SILENCE, at.LONGER_SILENCE), lasting, strict=False):
                self._seen[inst, column] = ns

    def observe(self, inst: int, age_ns: int) -> None:
        """Wakes where the book of an instrument becomes unfit or fit, or was silent for its age."""
        self._meta[at.UNFIT] += 1 - self._seen[inst, at.WATCHED]
        self._seen[inst, at.WATCHED] = 1
        self._seen[inst, at.AGE] = min(age_ns, int(self._seen[inst, at.AGE]))

    def require(self, inst: int, lots: int, worth: int) -> None:
        """Turns down orders of fewer lots, and of less than so many ticks times lots."""
        self._seen[inst, at.LOTS_LEAST], self._seen[inst, at.WORTH_LEAST] = lots, worth

    def keep_account(self, kept: Sequence[KeptInstrument]) -> None:
        """Looks at the margin of an account. Errors: ValueError where its amounts are beyond all bounds."""
        keep_account(self._t, kept)

    def ask_each(self) -> None:
        """Wakes after every message that was seen."""
        self._meta[at.EACH] = self._passes = 1

    def fit_since(self, inst: int) -> int:
        """Returns when the book of an instrument was last seen fit; 0 where it is not fit."""
        row = (I0 + inst) * at.WIDTH
        return self._cells[row + at.HEARD_AT] if self._cells[row + at.IS_FIT] else 0

    def seen(self, inst: int) -> tuple[Touch | None, int]:
        """Returns the touch of an instrument, and when its book was last seen fit, 0 before the first time."""
        return self.touch(inst), self._cells[(I0 + inst) * at.WIDTH + at.HEARD_AT]

    def touch_after(self, inst: int, earliest: int) -> Touch | None:
        """Returns the touch of an instrument whose book was seen fit after an instant; None without such a one."""
        bid, bid_size, ask, ask_size, heard_at, is_fit = _sight_at(self._rows_of, inst * _ROW + _SIGHTS)
        return Touch(bid, bid_size, ask, ask_size) if is_fit and heard_at > earliest else None

    def touch(self, inst: int) -> Touch | None:
        """Returns what was last seen as the best of both sides; None while the book is unfit or empty on one side."""
        row = (I0 + inst) * at.WIDTH
        if not self._cells[row + at.IS_FIT]:
            return None
        return Touch(*_touch_at(self._rows_of, 8 * (row + at.SAW_BID)))

    def observed_at(self, inst: int) -> int | None:
        """Returns when a book was last seen fit; None before the first time."""
        return self.seen(inst)[1] or None

    def feature(self, number: int) -> float | None:
        """Returns a feature by its place among those that were declared; None while it is not ready."""
        self._call(block.READ_FEATURE, number, self.now)
        value = float(self._number[0])
        return None if value == NOT_READY else value


def _joined(kept: Any, new: Any) -> Any:
    return np.concatenate((kept, new))


def _with_room(tops: Any, rows: int, kept: Any) -> Any:
    """Returns room for the touches of so many rows, which begins with what is kept of those before."""
    if len(tops) < rows:
        tops = np.empty((rows, at.TOP_WIDTH), np.int64)
    tops[: len(kept)] = kept
    return tops
