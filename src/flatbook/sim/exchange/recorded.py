"""A recorded market as liquidity for a simulated exchange: depth, trades and marks as Binance streamed them.

A line is the local time and one message, a stream's or the answer with a whole book. Until a whole book has come, and
where numbers of updates do not follow each other, the book is not known: its levels are taken out until the next whole
one. Times are those of the exchange in the recording, moved so that it begins when it is played.
Source: Binance documentation, How to manage a local order book correctly, of Spot and of USD-M Futures.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice

import msgspec

from flatbook.sim.exchange.liquidity import Levels, Step
from flatbook.sim.exchange.terms import Kind, Market
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.money import significant_decimals

Rows = list[tuple[str, str]]
KEPT_MAX = 1_000


class _Message(msgspec.Struct, frozen=True):
    """What is read of a message; all that a kind of message lacks keeps its default."""

    e: str = ""
    s: str = ""
    E: int = 0
    T: int = 0
    U: int = 0
    u: int = 0
    pu: int = 0
    b: Rows | str = ""
    a: Rows | str | int = ""
    p: str = ""
    q: str | int = ""
    m: bool = False
    last_update_id: int = msgspec.field(name="lastUpdateId", default=0)
    bids: Rows = []
    asks: Rows = []


class _Line(msgspec.Struct, frozen=True):
    data: msgspec.Raw = msgspec.Raw()


class Recording:
    """One market of a recording. `skipped` counts messages that could not be read, `gaps` where numbers broke."""

    def __init__(self, market: Market, start: Instant) -> None:
        self._market, self._start = market, start
        self._began: int | None = None
        self._at = start
        self._last, self._is_fresh = 0, False
        self.skipped = self.gaps = 0
        self._kept: deque[_Message] = deque(maxlen=KEPT_MAX)

    def steps(self, lines: Iterable[bytes]) -> Iterator[Step]:
        """Yields what happens in the market, in order of time."""
        for line in lines:
            told = _read(line)
            if told is None:
                self.skipped += 1
                continue
            yield from self._steps(told)

    def _steps(self, told: _Message) -> Iterator[Step]:
        if told.last_update_id:
            yield from self._whole(told)
        elif told.e == "depthUpdate":
            self._kept.append(told)
            yield from self._depth(told)
        elif told.e in ("trade", "aggTrade") and Decimal(told.p):
            trade = (-1 if told.m else 1, Decimal(told.q), Decimal(told.p))
            yield Step(at=self._time(told), market=self._market.name, trade=trade)
        elif told.e == "markPriceUpdate":
            yield Step(at=self._time(told), market=self._market.name, mark=Decimal(told.p))

    def _whole(self, told: _Message) -> Iterator[Step]:
        """Takes a whole book, which may be older than updates that came before it: those are taken again."""
        self._last, self._is_fresh = told.last_update_id, True
        yield self._levels(told, told.bids, told.asks, whole=True)
        for kept in self._kept:
            yield from self._depth(kept)

    def _depth(self, told: _Message) -> Iterator[Step]:
        if not self._last or told.u <= self._last:
            return
        before = told.pu if self._market.kind is Kind.PERP else told.U - 1
        is_next = before <= self._last if self._is_fresh else before == self._last
        self._is_fresh = False
        if is_next and isinstance(told.b, list) and isinstance(told.a, list):
            self._last = told.u
            yield self._levels(told, told.b, told.a, whole=False)
            return
        self.gaps += 1
        self._last = 0
        yield self._levels(told, [], [], whole=True)

    def _levels(self, told: _Message, bids: Rows, asks: Rows, *, whole: bool) -> Step:
        sides = [_levels(rows) for rows in (bids, asks)]
        return Step(at=self._time(told), market=self._market.name, bids=sides[0], asks=sides[1], whole=whole)

    def _time(self, told: _Message) -> Instant:
        """Returns when a message is played; times that go back stand still."""
        at = told.T or told.E
        if self._began is None and at:
            self._began = at
        if at and self._began is not None:
            self._at = max(self._at, Instant(self._start + (at - self._began) * NS_PER_MS))
        return self._at


def grain_of(lines: Iterable[bytes]) -> tuple[Decimal, Decimal] | None:
    """Returns the finest steps of prices and of quantities in the first messages, None where there are no levels."""
    finest: list[Decimal | None] = [None, None]
    for line in islice(lines, KEPT_MAX):
        told = _read(line)
        if told is None:
            continue
        rows = [*told.bids, *told.asks, *(told.b if isinstance(told.b, list) else ())]
        for row in rows:
            for place, text in enumerate(row):
                unit = Decimal(1).scaleb(-max(significant_decimals(Decimal(text)), 0))
                finest[place] = unit if (held := finest[place]) is None else min(held, unit)
    price, qty = finest
    return None if price is None or qty is None else (price, qty)


def _levels(rows: Rows) -> Levels:
    return tuple((Decimal(price), Decimal(qty)) for price, qty in rows)


def _read(line: bytes) -> _Message | None:
    _, _, text = line.partition(b" ")
    try:
        wrapped = msgspec.json.decode(text, type=_Line)
        return msgspec.json.decode(bytes(wrapped.data) or text, type=_Message)
    except msgspec.MsgspecError:
        return None
