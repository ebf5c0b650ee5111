"""One desk in one process, composed from its configuration."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from flatbook import __version__
from flatbook.api.answers.market import MarketBody
from flatbook.engine.inputs import Command, Verb
from flatbook.engine.own_books import ReadBooks, own_books
from flatbook.engine.ports import (
    ChainSource,
    Clock,
    Journal,
    OrderVenue,
    TellsAllowances,
    TellsSwitch,
    TellsUnread,
    VenueCard,
)
from flatbook.engine.reports import AccountStatement
from flatbook.engine.rest import Rest
from flatbook.engine.rules import Rules
from flatbook.engine.run import CommandAnswer, Engine, EngineFailed, Parts
from flatbook.engine.take_clock import least_skew_ms
from flatbook.journal.kept_states import FolderOfStates
from flatbook.journal.sqlite import commit_durably, create_journal, open_journal
from flatbook.market.quotes import Market
from flatbook.ops.clock import SystemClock
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import USD, PaperAccount
from flatbook.ops.config_chains import NodesChain
from flatbook.ops.config_prices import RecordedBars, RecordedPrices
from flatbook.ops.config_rules import instant_of, pace_of, raindex_of, rules_of, source_of
from flatbook.ops.config_seats import with_grids
from flatbook.ops.config_shape import ClockKind, Config
from flatbook.ops.control_socket import Doors
from flatbook.ops.home import RESTORED_FILE, SNAPSHOT_FOLDER, STOPS_FILE
from flatbook.ops.metrics import Metrics
from flatbook.ops.telemetry import LogCounts
from flatbook.services.anchor import anchored
from flatbook.services.chaos import Chaos
from flatbook.services.kept_stops import KeptStops
from flatbook.services.live_books import LiveBooks, live_books
from flatbook.services.live_candles import warming
from flatbook.services.live_offers import with_offers
from flatbook.services.live_risk import with_risk
from flatbook.services.live_wallets import with_wallets
from flatbook.services.oracle import FillPricer
from flatbook.services.outside import Outside
from flatbook.services.paper_accounts import NO_FAULTS, open_brokers, paper_venue
from flatbook.services.paper_exchanges import ShowingObservations, shown_at
from flatbook.services.prices import InDollars, PriceFeed
from flatbook.services.sights import market_seen
from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.faults import FaultPlan
from flatbook.sim.tapes.bar_file import read_bars
from flatbook.sim.tapes.bars import BarQuotes, Bars
from flatbook.sim.tapes.clock import TapeClock
from flatbook.sim.tapes.pool import PoolQuotes, read_samples
from flatbook.values.ids import AccountId, Seq, SourceId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.money import Price, plain
from flatbook.venues.raindex.log_source import open_recording
from flatbook.venues.raindex.tokens import RaindexConfig


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a composed desk. `tape_ends_at` is None on the machine's clock."""

    engine: Engine
    journal: Journal
    clock: SystemClock | TapeClock
    brokers: dict[AccountId, Broker]
    feeds: tuple[PriceFeed, ...]
    outside: Outside
    books: LiveBooks
    observations: ShowingObservations
    pricer: FillPricer
    metrics: Metrics
    log_counts: LogCounts
    chaos: Chaos
    stops: KeptStops
    tape_ends_at: Instant | None
    kept: FolderOfStates

    def doors(self) -> Doors:
        """Returns what the control socket opens onto."""
        return Doors(
            on_command=self._command,
            status=self.status,
            metrics=self.metrics.text,
            market=self.market_seen,
            candles=lambda instrument: self.books.minutes.seen(instrument, self.clock.now()),
        )

    async def _command(self, command: Command) -> CommandAnswer:
        try:
            answer = await self.engine.command(command)
        except (asyncio.CancelledError, EngineFailed):
            self.stops.keep_unanswered(command)
            raise
        self.chaos.hear(command, answer)
        self.stops.hear(command, answer)
        self._hear(command, answer)
        return answer

    def _hear(self, command: Command, answer: CommandAnswer) -> None:
        """Opens the streams of an account anew, of its market and of its orders; not again where that is repeated."""
        if command.verb is Verb.RECONNECT and answer.accepted and not answer.repeated:
            account = AccountId(command.arguments["account"])
            self.books.reconnect(account)
            self.engine.streams[account].reconnect()

    def status(self) -> dict[str, Any]:
        """Returns how the engine itself stands; what the desk holds is in the journal."""
        engine = self.engine
        return {
            "pid": os.getpid(),
            "version": engine.parts.version,
            "mode": engine.parts.mode.value,
            "epoch": engine.epoch,
            "seq": engine.state.seq,
            "now": self.clock.now(),
            "queued": engine.queued,
            "in_flight": engine.outbox.in_flight,
            "resumed": len(engine.wakes.resumed()),
            "nets": len(engine.parts.rules.hedges) + len(engine.parts.rules.seats),
            "books": dict(self.books.status()),
            "books_left": self.books.left(),
            "books_renewed": self.books.renewed(),
            "unread": unread_of(self.books, engine.parts.venues),
            "open_orders": len(engine.state.open_orders),
            "cancel_only": engine.cancel_only,
            "stops_lost": self.stops.lost,
            "budgets": budgets_of(engine.parts.venues, self.clock.now()),
            "accounts": {account: _switch_of(venue) for account, venue in engine.parts.venues.items()},
            "statements": {
                account: {"stated_at": statement.stated_at, "open_orders": len(statement.open_orders)}
                for account, statement in engine.statements.items()
            },
            "clocks": clocks_seen(engine.statements),
            "logins": {account: login.ends_at() for account, login in engine.parts.logins.items()},
            "prices": prices_seen(engine),
            "warming": warming(engine.parts.rules.monitors, engine.parts.market.candles),
            "chains": self.metrics.certainty.body() if self.metrics.certainty is not None else [],
            "dropped": dict(engine.dropped),
            "poisons": list(engine.poisons),
            "unpriced": dict(self.pricer.missing),
            "process": msgspec.to_builtins(self.metrics.process()),
        }

    def market_seen(self) -> MarketBody:
        """Returns what the desk sees of its markets."""
        parts, books = self.engine.parts, self.books
        return market_seen(
            parts.rules, parts.market, self.observations, books.status(), books.minutes.begun(), self.clock.now()
        )

    def close(self) -> None:
        """Closes what was opened. The journal goes last."""
        for broker in self.brokers.values():
            broker.close()
        self.journal.close()


def _switch_of(venue: OrderVenue) -> dict[str, str] | None:
    """Returns what becomes of open orders once the desk is gone, None where the account does not say."""
    return msgspec.to_builtins(venue.switch) if isinstance(venue, TellsSwitch) else None


def budgets_of(venues: Mapping[AccountId, OrderVenue], now: Instant) -> dict[str, list[dict[str, Any]]]:
    """Returns what each key may still ask of its venue, where its adapter counts that."""
    return {
        account: msgspec.to_builtins(venue.allowances(now))
        for account, venue in venues.items()
        if isinstance(venue, TellsAllowances)
    }


def unread_of(books: LiveBooks, venues: Mapping[AccountId, OrderVenue]) -> dict[str, dict[str, int]]:
    """Returns how much of what was told could not be read, by reason: of markets by venue, of orders by account."""
    accounts = {account: venue.unread() for account, venue in venues.items() if isinstance(venue, TellsUnread)}
    return books.unread() | {
        account: {reason.value: count for reason, count in counts.items() if count}
        for account, counts in accounts.items()
    }


def clocks_seen(statements: Mapping[AccountId, AccountStatement]) -> dict[str, dict[str, int] | None]:
    """Returns by how much the clock of each venue is proven to differ from ours, None where it did not show it.

    Units: `skew_ms` milliseconds, below zero where ours is ahead.
    """
    readings = {account: statement.clock for account, statement in statements.items()}
    return {
        account: None if reading is None else {"skew_ms": least_skew_ms(reading), "at": reading.answered_at}
        for account, reading in readings.items()
    }


def prices_seen(engine: Engine) -> dict[str, str]:
    """Returns the newest reference price of each underlying that is hedged. Units: USD per share."""
    seen: dict[str, str] = {}
    for (_, underlying), hedge in engine.parts.rules.hedges.items():
        quote = engine.parts.market.quote(underlying, hedge.params.price_source)
        if quote is not None:
            seen[underlying] = plain(quote.price)
    return seen


def compose(loaded: Loaded, *, plans: Mapping[str, FaultPlan] = NO_FAULTS) -> Desk:
    """Returns the desk that a configuration describes. `plans` are scripted faults of its paper brokers, by account.

    Errors: what the parts say of their files: JournalUnavailable, JournalBroken, RecordingBroken, BarsRefused,
    SamplesRefused, ConfigRefused, SecretRefused, KeystoreRefused, OSError.
    """
    config, metrics = loaded.config, Metrics(__version__)
    bars = _bars_by_source(loaded)
    journal = open_or_create(loaded.journal, metrics, is_restored=(loaded.home / RESTORED_FILE).exists())
    brokers = open_brokers(loaded, bars, plans)
    clock = _clock(loaded, journal, brokers)
    kept = FolderOfStates(loaded.home / SNAPSHOT_FOLDER)
    chaos = Chaos(clock)
    outside = Outside(loaded, clock)
    engine: Engine

    def books_of(account: AccountId) -> ReadBooks:
        return lambda: own_books(engine.state, engine.parts.rules, account)

    venues = {
        AccountId(name): paper_venue(loaded, name, account, chaos.lossy(name, brokers[AccountId(name)]), clock)
        if isinstance(account, PaperAccount)
        else outside.venue(name, account, books_of(AccountId(name)))
        for name, account in config.accounts.items()
    }
    rules = _rules(loaded, {account: venue.card for account, venue in venues.items()})
    books = live_books(loaded, rules, clock)
    books.minutes.expect_prices(rules.hedges.values())
    observations = ShowingObservations(rules, books.books)
    observations.shown = shown_at(loaded, outside.papers())
    books.traded, books.marked = observations.saw_others_trade, observations.saw_funding
    parts = Parts(
        journal=journal,
        venues=venues,
        sources=tuple(chaos.shaken(_source(loaded, name, outside, clock)) for name in config.chains),
        offers=outside.offer_readers(),
        clock=clock,
        rules=rules,
        market=Market(observations),
        pace=pace_of(config),
        mode=config.mode,
        version=__version__,
        kept=kept,
        rests={source_of(name): Rest() for name in config.chains},
        senders=outside.senders(),
        logins=outside.logins(),
    )
    engine = Engine(parts)
    pricer = FillPricer(outside.pyth_readers(), clock, engine.push)
    engine.listeners += [metrics.on_commit, pricer.on_commit]
    log_counts = LogCounts()
    metrics.watch(engine, log_counts, lambda: unread_of(books, venues))
    return Desk(
        engine=engine,
        journal=journal,
        clock=clock,
        brokers=brokers,
        feeds=_feeds(loaded, bars),
        outside=outside,
        books=books,
        observations=observations,
        pricer=pricer,
        metrics=metrics,
        log_counts=log_counts,
        chaos=chaos,
        stops=KeptStops(loaded.home / STOPS_FILE),
        tape_ends_at=instant_of(config.clock.end) if config.clock.end is not None else None,
        kept=kept,
    )


def _rules(loaded: Loaded, cards: Mapping[AccountId, VenueCard]) -> Rules:
    """Returns the rules of a desk: of its hedges, its wallets, what it offers, its grids, and what watches them."""
    traded = with_grids(with_offers(with_wallets(rules_of(loaded, cards), loaded), loaded), loaded.config)
    return with_risk(traded, loaded.config)


def open_or_create(path: Path, metrics: Metrics, *, is_restored: bool) -> Journal:
    """Opens the journal of a desk, made first when there is none.

    Errors: JournalUnavailable; JournalBroken, also when the end of a journal is missing that was not restored.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        create_journal(path)
    return anchored(open_journal(path, commit=metrics.timed(commit_durably)), path, is_restored=is_restored)


def _bars_by_source(loaded: Loaded) -> dict[str, dict[Underlying, Bars]]:
    return {
        name: {Underlying(underlying): read_bars(loaded.place(path)) for underlying, path in source.files.items()}
        for name, source in loaded.config.prices.items()
        if isinstance(source, RecordedBars)
    }


def _feeds(loaded: Loaded, bars: Mapping[str, Mapping[Underlying, Bars]]) -> tuple[PriceFeed, ...]:
    return tuple(
        _in_usd(loaded.config, source, _feed(loaded, name, source, bars))
        for name, source in loaded.config.prices.items()
        if isinstance(source, RecordedPrices)
    )


def _feed(
    loaded: Loaded, name: str, source: RecordedPrices, bars: Mapping[str, Mapping[Underlying, Bars]]
) -> PriceFeed:
    if name in bars:
        return BarQuotes(bars[name], SourceId(name))
    samples = {Underlying(underlying): read_samples(loaded.place(path)) for underlying, path in source.files.items()}
    return PoolQuotes(samples, SourceId(name))


def _in_usd(config: Config, source: RecordedPrices, feed: PriceFeed) -> PriceFeed:
    return feed if source.quote == USD else InDollars(feed, Price(config.marks[source.quote]))


def _clock(loaded: Loaded, journal: Journal, brokers: Mapping[AccountId, Broker]) -> SystemClock | TapeClock:
    """Returns the clock; a tape goes on where the journal or a broker had come to."""
    stated = loaded.config.clock
    if stated.kind is not ClockKind.TAPE or stated.start is None:
        return SystemClock(stated.shift_s)
    last_rows = journal.read(after=Seq(max(0, journal.last - 1)))
    journalled = [row.at for row in last_rows]
    return TapeClock(max([instant_of(stated.start), *journalled, *(broker.now for broker in brokers.values())]))


def _source(loaded: Loaded, name: str, outside: Outside, clock: Clock) -> ChainSource:
    chain = loaded.config.chains[name]
    if isinstance(chain, NodesChain):
        return outside.source(name, chain)
    parser = raindex_of(loaded, name, RaindexConfig)
    return open_recording(loaded.place(chain.path), parser, clock.now, lag_blocks=chain.lag_blocks)
