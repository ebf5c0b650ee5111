"""Metrics as Prometheus reads them: counted from commits, and read from the desk when somebody asks."""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from flatbook.engine.run import Committed
from flatbook.events.codec import name_of
from flatbook.events.control import AlertRaised
from flatbook.ops.build import commit_of
from flatbook.ops.certainty import Certainty
from flatbook.ops.gauges import ProcessBody, Times, memory_bytes
from flatbook.ops.hedge_times import HedgeTimes
from flatbook.state.exposure import exposure_of
from flatbook.values.instants import NS_PER_S

if TYPE_CHECKING:
    from flatbook.engine.run import Engine
    from flatbook.ops.telemetry import LogCounts

LAG_INTERVAL_S = 0.5
FSYNC_BUCKETS_S = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)
LAG_BUCKETS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
HEDGE_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)

Connection = TypeVar("Connection")
ReadUnread = Callable[[], Mapping[str, Mapping[str, int]]]

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each that only says when it began


class Metrics:
    """The metrics of one engine. Register `on_commit` as its listener, and `watch` it once it exists."""

    def __init__(self, version: str) -> None:
        self._commit, self._began_s = commit_of(), time.monotonic()
        self.registry = CollectorRegistry(auto_describe=False)
        self._commits = self._counter("flatbook_commits", "Commits to the journal")
        self._events = self._counter("flatbook_events", "Events committed", "type")
        self._alerts = self._counter("flatbook_alerts_raised", "Alerts raised", "name", "severity")
        self._fsync = self._histogram("flatbook_journal_fsync_seconds", "Making a commit durable", FSYNC_BUCKETS_S)
        self._lag = self._histogram("flatbook_loop_lag_seconds", "Delay of the event loop", LAG_BUCKETS_S)
        self._hedge = self._histogram(
            "flatbook_hedge_latency_seconds", "From a fill to its hedge, by stage", HEDGE_BUCKETS_S, "stage"
        )
        self._sequence = Gauge("flatbook_journal_sequence", "Last event of the journal", registry=self.registry)
        build = Gauge("flatbook_build_info", "What runs here", ("version", "python"), registry=self.registry)
        build.labels(version=version, python=platform.python_version()).set(1)
        self._times = HedgeTimes()
        self._fsyncs, self._lags = Times(), Times()
        self.certainty: Certainty | None = None

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(name, says, labels, registry=self.registry)

    def _histogram(self, name: str, says: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, says, labels, buckets=buckets, registry=self.registry)

    def on_commit(self, committed: Committed) -> None:
        """Counts a commit; a listener of the engine."""
        self._commits.inc()
        for event in committed.events:
            self._events.labels(type=name_of(type(event))).inc()
            if isinstance(event, AlertRaised):
                self._alerts.labels(name=event.name.value, severity=event.severity.value).inc()
            for stage, seconds in self._times.take(event):
                self._hedge.labels(stage=stage.value).observe(seconds)
        self._sequence.set(committed.first + len(committed.events) - 1)

    def timed(self, commit: Callable[[Connection], None]) -> Callable[[Connection], None]:
        """Returns the commit of a journal with its duration measured."""

        def measured(connection: Connection) -> None:
            started = time.perf_counter()
            commit(connection)
            took = time.perf_counter() - started
            self._fsync.observe(took)
            self._fsyncs.add(took)

        return measured

    async def follow_loop(self, interval_s: float = LAG_INTERVAL_S) -> None:
        """Measures for ever how late the event loop wakes who sleeps. Run it as a task."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + interval_s
            await asyncio.sleep(interval_s)
            late = max(0.0, loop.time() - due)
            self._lag.observe(late)
            self._lags.add(late)

    def process(self) -> ProcessBody:
        """Returns how the process does, by its newest measurements."""
        return ProcessBody(
            commit=self._commit,
            up_s=int(time.monotonic() - self._began_s),
            memory_bytes=memory_bytes(),
            loop=self._lags.body(),
            fsync=self._fsyncs.body(),
        )

    def watch(self, engine: Engine, counts: LogCounts | None = None, unread: ReadUnread = dict) -> None:
        """Reads the rest from an engine, and from the counts of its log, each time somebody asks.

        Needs: `unread` returns how much of what was told could not be read, by venue or account and by reason.
        """
        self.certainty = Certainty(engine)
        engine.listeners.append(self.certainty.on_commit)
        self.registry.register(DeskCollector(engine, counts, self.certainty, unread))

    def text(self) -> str:
        """Returns all metrics as text."""
        return generate_latest(self.registry).decode()


class DeskCollector(Collector):
    """What is true of a desk at the moment of the question."""

    def __init__(self, engine: Engine, counts: LogCounts | None, certainty: Certainty, unread: ReadUnread) -> None:
        self._engine = engine
        self._counts = counts
        self._certainty = certainty
        self._unread = unread

    def collect(self) -> Iterator[Metric]:
        """Yields the metrics of the desk."""
        yield from self._orders()
        yield from self._exposures()
        yield from self._stops()
        yield from self._chains()
        yield from self._inside()

    def _orders(self) -> Iterator[Metric]:
        state = self._engine.state
        orders = [state.orders[order_id] for order_id in state.open_orders]
        by_status = _tally((order.account, order.status.value) for order in orders)
        yield _gauge("flatbook_orders", "Open orders", ("account", "status"), by_status)
        unknown = dict.fromkeys(((account,) for account in self._engine.parts.rules.cards), 0)
        unknown |= _tally((order.account,) for order in orders if order.status.value == "unknown")
        yield _gauge("flatbook_orders_unknown", "Orders whose fate is not known", ("account",), unknown)

    def _exposures(self) -> Iterator[Metric]:
        engine, labels = self._engine, ("owner", "underlying")
        now = engine.parts.clock.now()
        net, worst, usd, ages = {}, {}, {}, {}
        for key in (*engine.parts.rules.hedges, *engine.state.positions.nets):
            exposure = exposure_of(engine.state, key)
            net[key], worst[key] = float(exposure.net), float(exposure.worst)
            hedge = engine.parts.rules.hedges.get(key)
            quote = engine.parts.market.quote(key[1], hedge.params.price_source) if hedge is not None else None
            if hedge is not None and quote is not None:
                usd[key] = float(exposure.net * quote.price)
                ages[key[1], str(hedge.params.price_source)] = max(0, now - quote.happened_at) / NS_PER_S
        yield _gauge("flatbook_exposure_shares", "Net position, signed", labels, net)
        yield _gauge("flatbook_exposure_worst_shares", "Net if open orders fill in the worst way", labels, worst)
        yield _gauge("flatbook_exposure_usd", "Net position at the reference price, signed", labels, usd)
        yield _gauge("flatbook_price_age_seconds", "Age of the reference price", ("underlying", "source"), ages)

    def _stops(self) -> Iterator[Metric]:
        state = self._engine.state
        holds = {(*key, reason.value): 1 for key, reason in state.holds.items()}
        yield _gauge("flatbook_hedge_held", "Exposure that waits, and why", ("owner", "underlying", "reason"), holds)
        halts = _tally((halt.cause.value, halt.scope.value) for halt in state.halts.values())
        yield _gauge("flatbook_halts", "Standing halts", ("cause", "scope"), halts)
        alerts = _tally((name.value,) for name, _ in state.alerts)
        yield _gauge("flatbook_alerts", "Standing alerts", ("name",), alerts)

    def _chains(self) -> Iterator[Metric]:
        labels = ("source", "node", "tag")
        lags = {(str(lag.source), lag.node, lag.tag): lag for lag in self._certainty.lags()}
        blocks = {key: float(lag.blocks) for key, lag in lags.items()}
        seconds = {key: float(lag.seconds) for key, lag in lags.items()}
        yield _gauge("flatbook_chain_lag_blocks", "Blocks that a tag of a node is behind", labels, blocks)
        yield _gauge("flatbook_chain_lag_seconds", "Age of the block of a tag of a node", labels, seconds)
        cost = self._certainty.share_seconds
        says = "Shares of fills times the seconds until a tag shows them; seen: until they were seen"
        yield _counter("flatbook_fill_wait_share_seconds", says, ("underlying", "tag"), cost)

    def _inside(self) -> Iterator[Metric]:
        engine = self._engine
        depths = {("inbox",): engine.queued, ("outbox",): engine.outbox.in_flight}
        yield _gauge("flatbook_queue_depth", "What waits or is under way", ("queue",), depths)
        dropped = {(reason,): count for reason, count in engine.dropped.items()}
        yield _counter("flatbook_inputs_dropped", "Inputs that told nothing new", ("reason",), dropped)
        yield _counter("flatbook_inputs_poisoned", "Inputs that could not be folded", (), {(): len(engine.poisons)})
        unread = {(source, why): count for source, of_it in self._unread().items() for why, count in of_it.items()}
        says = "What of streams could not be read, by venue of markets or account"
        yield _counter("flatbook_messages_unread", says, ("source", "reason"), unread)
        if self._counts is not None:
            records = {(level,): count for level, count in self._counts.records.items()}
            yield _counter("flatbook_log_records", "Log records written", ("level",), records)
            unnamed = {(): self._counts.fields_dropped}
            yield _counter("flatbook_log_fields_dropped", "Fields that no log record may hold", (), unnamed)


def _tally(keys: Iterator[tuple[str, ...]]) -> dict[Any, float]:
    counts: dict[Any, float] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    return counts


def _gauge(name: str, says: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _counter(name: str, says: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    family = CounterMetricFamily(name, says, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
