"""Makes the messages of a tape of what venues told: prices in ticks, books in step, times as they can have been."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape import TapeInstrument
from flatbook.backtest.tape_file import Message, Row
from flatbook.backtest.tape_survey import Heard
from flatbook.market.depth import BookSync, Depth, Rule, Unfit, Unread, Unused, Update
from flatbook.market.orderbook import Level
from flatbook.market.ticks import FINE, FINE_DECIMALS, TICK_PARTS, Kind, Tick, Told
from flatbook.values.instants import NS_PER_S, Instant, text_of_instant
from flatbook.values.money import scaled_integer

ASTRAY_NS = 60 * NS_PER_S
SETTLED_NS = NS_PER_S
DAY_NS = 86_400 * NS_PER_S
LEAP_TIMES = 10
STEPS_MIN = 2
DEPTH = "depth"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How the messages of one symbol become rows.

    `offset_ns` is added to the recorded times, `lag_ns` stands for what is not known of the way from the venue to us.
    `overlaps` and `holds` as in BookSync: whether nothing but time is numbered, and whether whole books were asked for
    apart from the stream, and may be older than its changes.
    """

    inst: int
    instrument: TapeInstrument
    rule: Rule
    overlaps: bool = False
    holds: bool = False
    offset_ns: int = 0
    lag_ns: int = 0


class OffStep(Exception):
    """A price is no whole number of ticks."""


class Steps:
    """How far one stream went from one message to the next. Units: ns; `longest` is that of all but the last step."""

    def __init__(self) -> None:
        self.newest = self.last = self.longest = self.count = 0
        self.is_dated = False

    def go(self, ts: int, *, is_dated: bool) -> None:
        """Takes the next instant. `is_dated`: our own clock vouches for it."""
        if self.newest and ts > self.newest:
            self.longest, self.last, self.count = max(self.longest, self.last), ts - self.newest, self.count + 1
        self.newest, self.is_dated = max(self.newest, ts), is_dated

    @property
    def leapt(self) -> bool:
        """Whether the last step was none that such a stream makes, and nothing after it says that it was right."""
        is_far = self.last > max(ASTRAY_NS, LEAP_TIMES * self.longest)
        return is_far and self.count > STEPS_MIN and not self.is_dated


class SymbolLine:
    """The messages of one symbol on their way to the tape."""

    def __init__(self, plan: Plan, counts: Counter[str]) -> None:
        self._plan, self._counts = plan, counts
        self._tick = scaled_integer(plan.instrument.tick, decimals=FINE_DECIMALS)
        self._lot = scaled_integer(plan.instrument.lot, decimals=FINE_DECIMALS)
        self._sync = BookSync(FINE, plan.rule, overlaps=plan.overlaps, holds=plan.holds)
        self._newest: dict[str, tuple[int, bool]] = {}
        self._steps: dict[str, Steps] = {}
        self._seqs: dict[str, int] = {}
        self._funding = (0, 0)

    def take(self, recorded: int, told: Told) -> Iterator[Message]:
        """Yields the messages that become of what was told."""
        local = recorded + self._plan.offset_ns if recorded else 0
        ts = self._instant(local, told)
        if ts is None:
            return
        local = max(local or ts + self._plan.lag_ns, ts)
        if told.depth is not None:
            rows = self._of_depth(told.depth, told.seq)
        elif told.seq and told.seq <= self._seqs.get(told.stream, 0):
            self._counts["repeated"] += 1
            return
        else:
            self._seqs[told.stream] = told.seq
            rows = [row for tick in told.ticks for row in self._of_tick(tick, told.seq)]
            yield from self._fundings(ts, local, told)
        if rows:
            yield Message(ts, local, rows)

    def end(self) -> None:
        """Looks at the ends of the streams: a wrong time in a last message has none after it that would show it.

        Errors: TapeRefused where a stream leaps ahead by more than a day in its last message.
        """
        for stream, steps in self._steps.items():
            self._counts["time_leaps_at_end"] += steps.leapt
            if steps.leapt and steps.last > DAY_NS:
                before = steps.newest - steps.last
                raise TapeRefused(_astray(self._plan.instrument.id, stream, before, steps.newest))

    def _instant(self, local: int, told: Told) -> int | None:
        """Returns when it happened, never before what its stream told earlier; None where that cannot be believed.

        A whole book that was asked for may be older than the changes around it, and that is no fault.
        Errors: TapeRefused where a stream goes back by more than a day: a backtest would wait for the wrong time.
        """
        ts = told.happened_at or local - self._plan.lag_ns
        if ts <= 0 or (local and abs(ts - local) > ASTRAY_NS):
            self._counts["time_astray"] += 1
            return None
        stream = told.stream if told.depth is None else DEPTH
        newest, was_whole = self._newest.get(stream, (0, False))
        is_repeated = told.depth is None and 0 < told.seq <= self._seqs.get(stream, 0)
        if newest - ts > DAY_NS and not is_repeated:
            raise TapeRefused(_astray(self._plan.instrument.id, stream, newest, ts))
        is_whole = told.depth is not None and told.depth.is_whole
        self._counts["stream_time_backwards"] += ts < newest and not (was_whole or is_whole)
        self._newest[stream] = max(newest, ts), is_whole
        self._steps.setdefault(stream, Steps()).go(ts, is_dated=local > 0)
        return max(newest, ts)

    def _of_tick(self, tick: Tick, seq: int) -> list[Row]:
        try:
            if tick.kind is Kind.TRADE:
                return self._of_trade(tick, seq)
            if tick.kind is Kind.QUOTE:
                return self._of_quote(tick, seq)
            if tick.kind in (Kind.RANGE, Kind.BAR):
                return [self._of_bar(tick, seq)]
        except OffStep:
            self._counts["off_grid"] += 1
            return []
        if tick.kind not in (Kind.MARK, Kind.INDEX):
            return []
        price, rest = divmod(tick.p1, self._tick)
        return [(tick.kind, self._plan.inst, price, rest * TICK_PARTS // self._tick, 0, 0, seq)]

    def _of_trade(self, tick: Tick, seq: int) -> list[Row]:
        price, size = whole_steps(tick.p1, self._tick), self._lots(tick.q1)
        if not price or not size:
            self._counts["empty_trade"] += 1
            return []
        return [(Kind.TRADE, self._plan.inst, price, size, tick.p2, 0, seq)]

    def _of_quote(self, tick: Tick, seq: int) -> list[Row]:
        bid, ask = whole_steps(tick.p1, self._tick), whole_steps(tick.p2, self._tick)
        if 0 < ask <= bid:
            self._counts["crossed_quote"] += 1
            return []
        return [(Kind.QUOTE, self._plan.inst, bid, self._lots(tick.q1), ask, self._lots(tick.q2), seq)]

    def _of_bar(self, tick: Tick, seq: int) -> Row:
        prices = whole_steps(tick.p1, self._tick), whole_steps(tick.p2, self._tick)
        size = self._lots(tick.q1) if tick.kind is Kind.BAR else tick.q1
        return (tick.kind, self._plan.inst, prices[0], size, prices[1], tick.q2, seq)

    def _fundings(self, ts: int, local: int, told: Told) -> Iterator[Message]:
        """Yields a rate when it changes: what is told at its settlement or just after was settled, and stands there."""
        for tick in told.ticks:
            if tick.kind is not Kind.FUNDING or (tick.p1, tick.q1) == self._funding:
                continue
            self._funding = (tick.p1, tick.q1)
            at = min(ts, tick.q1)
            if ts - at > SETTLED_NS:
                self._counts["old_funding"] += 1
                continue
            yield Message(
                at, local, [(Kind.FUNDING, self._plan.inst, tick.p1, tick.q1, tick.p2 // self._tick, tick.q2, told.seq)]
            )

    def _of_depth(self, update: Update, seq: int) -> list[Row]:
        sync = self._sync
        was_fit = sync.unfit is None
        depth = update.depth
        try:
            told = self._in_steps(update)
            depth, taken = told.depth, sync.take(told)
        except OffStep:
            self._counts["off_grid"] += 1
            sync.lose(Unfit.GAP)
            taken = False
        if sync.unfit is not None:
            return self._unfit(sync.unfit, was_fit, taken, seq)
        if not was_fit or update.is_whole:
            return self._whole(seq)
        self._counts["old_depth"] += not taken
        return self._sides(depth.bids, depth.asks, seq) if taken else []

    def _unfit(self, why: Unfit, was_fit: bool, taken: bool, seq: int) -> list[Row]:
        """Returns that the book is not known from here on, once."""
        if was_fit:
            self._counts[f"book_{why.value}"] += 1
            return [(Kind.CLEAR, self._plan.inst, 0, 0, 0, 0, seq)]
        self._counts["depth_without_book"] += not taken
        return []

    def _whole(self, seq: int) -> list[Row]:
        self._counts["whole_books"] += 1
        book = self._sync.book
        return [(Kind.CLEAR, self._plan.inst, 0, 0, 0, 0, seq), *self._sides(book.bids(), book.asks(), seq)]

    def _sides(self, bids: Iterable[Level], asks: Iterable[Level], seq: int) -> list[Row]:
        inst = self._plan.inst
        rows = [(int(Kind.BID), inst, price, size, 0, 0, seq) for price, size in bids]
        rows += [(int(Kind.ASK), inst, price, size, 0, 0, seq) for price, size in asks]
        return rows

    def _in_steps(self, update: Update) -> Update:
        depth = update.depth
        bids, asks = ([self._level(level) for level in side] for side in (depth.bids, depth.asks))
        return Update(update.symbol, update.is_whole, Depth(bids, asks, depth.first, depth.last, depth.before))

    def _level(self, level: Level) -> Level:
        price, size = level
        return whole_steps(price, self._tick), self._lots(size)

    def _lots(self, size: int) -> int:
        """Returns how many whole lots a size holds; what is cut off is counted. Units: size in 1e-12."""
        lots, rest = divmod(size, self._lot)
        self._counts["cut_to_lot"] += rest > 0
        return lots


def _astray(symbol: str, stream: str, newest: int, ts: int) -> str:
    went = f"from {text_of_instant(Instant(newest))} to {text_of_instant(Instant(ts))}"
    way = "goes back" if ts < newest else "leaps in its last message"
    return f"{symbol}: {stream} {way} {went}: leave out the line with the wrong time, or name the files in order"


def whole_steps(fine: int, step: int) -> int:
    """Returns how many ticks a price is. Units: both in 1e-12.

    Errors: OffStep where it is no whole number of them.
    """
    count, rest = divmod(fine, step)
    if rest:
        raise OffStep(f"{fine} is no multiple of {step}")
    return count


def messages_of(recording: Iterable[Heard], plans: Mapping[str, Plan], counts: Counter[str]) -> Iterator[Message]:
    """Yields what a recording becomes on a tape, in the order in which it was recorded.

    What becomes nothing is counted by its reason.
    Errors: TapeRefused where a time cannot be right.
    """
    lines = {symbol: SymbolLine(plan, counts) for symbol, plan in plans.items()}
    for recorded, told in recording:
        if told is None:
            counts["unused"] += 1
        elif isinstance(told, Unused):
            counts[f"unused_{told.stream}"] += 1
        elif isinstance(told, Unread):
            counts[f"unread_{told.reason.value}"] += 1
        elif told.symbol in lines:
            yield from lines[told.symbol].take(recorded, told)
        else:
            counts["other_symbol"] += 1
    for line in lines.values():
        line.end()
