"""What a recording holds, found by reading it once: its grid, its clocks, and what is wrong with it.

The second reading, which makes the tape, takes from here the tick, the lot and how far the recorder's clock was wrong.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from math import gcd

from flatbook.market.depth import Unread, Unused
from flatbook.market.ticks import FINE_DECIMALS, Kind, Told

LAGS_MAX = 2_000_000
FASTEST_NS = 1_000_000
_SIZED = (Kind.QUOTE, Kind.TRADE, Kind.BAR)

Heard = tuple[int, Told | Unread | Unused | None]
"""When a message was recorded, ns or 0, and what it tells; None where it is of no use here."""


class Lags:
    """How long after its time at the venue each message was recorded; the first LAGS_MAX of them. Units: ns."""

    def __init__(self) -> None:
        self.all: array[int] = array("q")

    def add(self, lag: int) -> None:
        """Notes one more."""
        if len(self.all) < LAGS_MAX:
            self.all.append(lag)

    @property
    def least(self) -> int:
        """The smallest; 0 where there is none."""
        return min(self.all, default=0)

    @property
    def median(self) -> int:
        """The middle one; 0 where there is none."""
        return sorted(self.all)[len(self.all) // 2] if self.all else 0


class SymbolSurvey:
    """What a recording holds of one symbol.

    `price_step` and `size_step` divide every price and size, in 1e-12; 0 where there is none.
    """

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.streams: Counter[str] = Counter()
        self.price_step = self.size_step = 0
        self.has_whole = False
        self.last: dict[str, int] = {}

    def take(self, told: Told) -> None:
        """Notes what a message tells."""
        self.streams[told.stream] += 1
        for tick in told.ticks:
            if tick.kind in _SIZED:
                self._see(tick.p1, tick.q1)
            if tick.kind is Kind.QUOTE:
                self._see(tick.p2, tick.q2)
            elif tick.kind in (Kind.BAR, Kind.RANGE):
                self._see(tick.p1, 0)
                self._see(tick.p2, 0)
        if told.depth is not None:
            self.has_whole |= told.depth.is_whole
            for price, size in (*told.depth.depth.bids, *told.depth.depth.asks):
                self._see(price, size)

    def _see(self, price: int, size: int) -> None:
        if not self.price_step or price % self.price_step:
            self.price_step = gcd(price, self.price_step)
        if not self.size_step or size % self.size_step:
            self.size_step = gcd(size, self.size_step)


class Survey:
    """What a whole recording holds. Times in ns."""

    def __init__(self) -> None:
        self.symbols: dict[str, SymbolSurvey] = {}
        self.unread: Counter[str] = Counter()
        self.messages = self.unused = self.local_backwards = self.repeated = self.stream_backwards = 0
        self.first_local = self.last_local = 0
        self.happened, self.sent = Lags(), Lags()

    def take(self, heard: Heard) -> None:
        """Notes one message."""
        local, told = heard
        self.messages += 1
        self.local_backwards += local < self.last_local
        self.first_local = self.first_local or local
        self.last_local = max(self.last_local, local)
        if told is None or isinstance(told, Unused):
            self.unused += 1
        elif isinstance(told, Unread):
            self.unread[told.reason.value] += 1
        else:
            self._take(local, told)

    def _take(self, local: int, told: Told) -> None:
        if told.symbol not in self.symbols:
            self.symbols[told.symbol] = SymbolSurvey(told.symbol)
        survey = self.symbols[told.symbol]
        survey.take(told)
        if told.depth is None or not told.depth.is_whole:
            self._follow(survey, told)
        if local and told.happened_at and not (told.depth is not None and told.depth.is_whole):
            self.happened.add(local - told.happened_at)
            self.sent.add(local - (told.sent_at or told.happened_at))

    def _follow(self, survey: SymbolSurvey, told: Told) -> None:
        last = survey.last.get(told.stream, 0)
        self.repeated += told.seq == last != 0
        self.stream_backwards += 0 < told.seq < last
        survey.last[told.stream] = max(last, told.seq)

    @property
    def offset_ns(self) -> int:
        """What is to be added to the recorded times so that nothing was recorded before the venue sent it.

        Where the recorder's clock stood behind, the fastest message is taken to have come in FASTEST_NS; a clock that
        stood ahead cannot be told from a slow line, and is left as it is.
        """
        return FASTEST_NS - self.sent.least if self.sent.least < 0 else 0


def decimal_step(step: int) -> Decimal:
    """Returns the largest power of ten that divides a step; 1 where there is none. Units: `step` in 1e-12."""
    zeros = FINE_DECIMALS
    if step:
        zeros = len(str(step)) - len(str(step).rstrip("0"))
    return Decimal(1).scaleb(zeros - FINE_DECIMALS)


def survey_of(recording: Iterable[Heard]) -> Survey:
    """Returns what a recording holds."""
    survey = Survey()
    for heard in recording:
        survey.take(heard)
    return survey
