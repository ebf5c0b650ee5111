"""The equity of a run over time, as it was seen at regular instants: for plots and ratios, so in float64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from flatbook.backtest.attribution import Execution
from flatbook.events.activities import AccountActivityBooked
from flatbook.values.ids import InstrumentId

SAMPLE_WIDTH = 5


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Points of a run in order of time. The parts are what they came to so far, and add up to what equity gained.

    Units: times in ns by our clock; all else in USD. `exposures` are absolute values of positions, `positions` signed
    contracts and `middles` prices of each instrument.
    """

    times: tuple[int, ...]
    equity: tuple[float, ...]
    spread: tuple[float, ...]
    inventory: tuple[float, ...]
    fees: tuple[float, ...]
    funding: tuple[float, ...]
    opening: tuple[float, ...]
    exposures: tuple[float, ...]
    positions: Mapping[str, tuple[float, ...]]
    middles: Mapping[str, tuple[float, ...]]

    @property
    def exposure_mean(self) -> float:
        """The mean of the exposures; each point counts the same. Units: USD."""
        return sum(self.exposures) / len(self.exposures) if self.exposures else 0.0

    @property
    def exposure_max(self) -> float:
        """The largest exposure. Units: USD."""
        return max(self.exposures, default=0.0)

    @property
    def equity_mean(self) -> float:
        """The mean of the equity. Units: USD."""
        return sum(self.equity) / len(self.equity) if self.equity else 0.0


class Worth(NamedTuple):
    """What an instrument is worth: its place on the tape, its tick in quote, its quote in USD.

    `held` is what there was of its base at the start, `first` its price then, `last` that at the end, in quote.
    """

    instrument: InstrumentId
    place: int
    tick: float
    usd: float
    held: float
    first: float
    last: float


class Span(NamedTuple):
    """From when to when a run went, ns, and what there was at its start. Units: USD."""

    began_at: int
    ended_at: int
    opening_usd: float


class _Account:
    """One instrument on its way through time."""

    def __init__(self, worth: Worth) -> None:
        self.tick, self.usd = worth.tick, worth.usd
        self.position, self.size, self.middle = worth.held, 1.0, worth.first
        self.cash = -worth.held * worth.first
        self._held, self._first, self._is_sampled = worth.held, worth.first, False

    def take(self, each: Execution) -> None:
        self.size = float(each.contract_size)
        self.cash -= each.side.sign * float(each.notional) + float(each.fee)
        self.position += float(each.kept)
        if not self._is_sampled:
            self.middle = self.middle if self._held else float(each.middle)

    def see(self, middle: float) -> None:
        self.middle, self._is_sampled = middle, True

    @property
    def value(self) -> float:
        return self.position * self.size * self.middle * self.usd

    @property
    def opening(self) -> float:
        return self._held * (self.middle - self._first) * self.usd


def curve_of(
    samples: Sequence[int],
    executions: Sequence[Execution],
    fundings: Sequence[AccountActivityBooked],
    worths: Sequence[Worth],
    span: Span,
) -> Curve:
    """Returns the curve of a run, from what there was before anything was traded to what there was after all of it.

    Units: samples as BacktestRun says.
    """
    accounts = {worth.instrument: _Account(worth) for worth in worths}
    at_place = {worth.place: accounts[worth.instrument] for worth in worths}
    moves: list[Execution | AccountActivityBooked] = [*executions, *fundings]
    waiting = sorted(moves, key=lambda each: each.seen_at)
    points = _Points(accounts, span.opening_usd)
    points.add(span.began_at)
    done = 0
    for at in range(0, len(samples), SAMPLE_WIDTH):
        time, place, bid, ask, _ = samples[at : at + SAMPLE_WIDTH]
        if time != points.time:
            points.close()
        points.time = time
        while done < len(waiting) and waiting[done].seen_at <= time:
            points.take(waiting[done])
            done += 1
        if bid and ask and place in at_place:
            at_place[place].see((bid + ask) * at_place[place].tick / 2)
    points.close()
    for each in waiting[done:]:
        points.take(each)
    for worth in worths:
        accounts[worth.instrument].see(worth.last)
    points.end(max(span.ended_at, points.time))
    return points.curve()


class _Points:
    """The points so far."""

    def __init__(self, accounts: Mapping[InstrumentId, _Account], start: float) -> None:
        self.time = 0
        self._accounts, self._start = accounts, start
        self._spread = self._fees = self._funding = 0.0
        self._columns: list[list[float]] = [[] for _ in range(7)]
        self._times: list[int] = []
        self._positions: dict[str, list[float]] = {key: [] for key in accounts}
        self._middles: dict[str, list[float]] = {key: [] for key in accounts}

    def take(self, each: Execution | AccountActivityBooked) -> None:
        """Takes an execution or a payment."""
        if isinstance(each, Execution):
            account = self._accounts[each.instrument]
            account.take(each)
            self._spread += float(each.spread) * account.usd
            self._fees -= float(each.fees) * account.usd
        elif each.instrument is not None:
            account = self._accounts[each.instrument]
            account.cash += float(each.amount)
            self._funding += float(each.amount) * account.usd

    def close(self) -> None:
        """Ends the point of an instant."""
        if self.time:
            self.add(self.time)

    def end(self, time: int) -> None:
        """Adds the last point; one of the same instant, at which less was known, gives way to it."""
        if len(self._times) > 1 and self._times[-1] == time:
            self._times.pop()
            for column in (*self._columns, *self._positions.values(), *self._middles.values()):
                column.pop()
        self.add(time)

    def add(self, time: int) -> None:
        """Adds what there is as the point of an instant."""
        own = self._accounts.values()
        equity = self._start + sum(each.cash * each.usd + each.value for each in own)
        opening = sum(each.opening for each in own)
        inventory = equity - self._start - self._spread - self._fees - self._funding - opening
        exposure = sum(abs(each.value) for each in own)
        row = (equity, self._spread, inventory, self._fees, self._funding, opening, exposure)
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)
        self._times.append(time)
        for key, each in self._accounts.items():
            self._positions[key].append(each.position)
            self._middles[key].append(each.middle)

    def curve(self) -> Curve:
        """Returns all points."""
        equity, spread, inventory, fees, funding, opening, exposures = map(tuple, self._columns)
        return Curve(
            times=tuple(self._times),
            equity=equity,
            spread=spread,
            inventory=inventory,
            fees=fees,
            funding=funding,
            opening=opening,
            exposures=exposures,
            positions={key: tuple(values) for key, values in self._positions.items()},
            middles={key: tuple(values) for key, values in self._middles.items()},
        )
