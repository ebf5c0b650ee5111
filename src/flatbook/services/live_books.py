"""The order books and trades that a desk observes at exchanges, kept in step by public streams.

A book is kept in the decimals of its venue. Where a tick or a lot of the instrument is another number than one in its
last decimal, what strategies see is a copy of the best levels in whole ticks and lots: bids cut down, asks cut up.
A book is as old as its venue dates it, where that makes it older than when it was heard.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any, Protocol

import aiohttp
import msgspec

from flatbook.engine.kept_stream import KeptStream
from flatbook.engine.ports import Clock
from flatbook.engine.rules import Rules
from flatbook.market.candles import Candles
from flatbook.market.depth import Books, BookSync, Grid, Unfit, UnreadFor
from flatbook.market.lag import Lag
from flatbook.market.orderbook import Level, OrderBook
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import CcxtAccount, PaperExchangeAccount
from flatbook.ops.config_rules import instant_of
from flatbook.services.live_exchanges import ccxt_terms
from flatbook.services.market_feeds import Feeds, feeds_of, own_symbol
from flatbook.services.minute_candles import MinuteCandles, Units
from flatbook.services.played_books import PlayedBooks
from flatbook.strategies.decision import Series
from flatbook.values.ids import AccountId, InstrumentId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument, Product, Side
from flatbook.values.money import (
    NUMBER_DECIMALS_MAX,
    Price,
    divide_cut,
    parse_number,
    scaled_integer,
    significant_decimals,
)
from flatbook.venues.book_stream import BookStream, Changed
from flatbook.venues.ccxt.books import CcxtBooks
from flatbook.venues.ccxt.process import CcxtWorker
from flatbook.venues.ccxt.terms import CcxtAccount as CcxtTerms
from flatbook.venues.http import SessionHttp, tls_connector
from flatbook.venues.silence import Patience
from flatbook.venues.told_stream import Marked, Said, ToldFeed, ToldStream, Traded
from flatbook.venues.websocket import SOCKET_PATIENCE, SessionSocket

Told = Callable[[InstrumentId, int, int, Side], None]
ToldFunding = Callable[[InstrumentId, Price | None, Decimal | None, Instant | None], None]
Connect = Callable[[], aiohttp.BaseConnector]

COPIED_MAX = 50
FIT = "fit"
TEXT_PATIENCE = Patience(beat_s=20, silence_s=60)


class Observing(Protocol):
    """Who is told what was seen."""

    def saw_book(self, instrument: InstrumentId, at: Instant, *, is_fit: bool = True, late_ns: int = 0) -> None:
        """Takes that a book was written, and by how much what was heard is older."""
        ...

    def saw_trade(self, instrument: InstrumentId, ticks: int, lots: int, at: Instant) -> None:
        """Takes a trade. Units: ticks, lots."""
        ...

    def saw_value(self, instrument: InstrumentId, series: Series, ticks: int) -> None:
        """Takes a mark. Units: ticks."""
        ...


class KeptBooks(Protocol):
    """Books that somebody keeps in step, and tells of. `name` is that of their venue."""

    changed: Changed
    name: str

    @property
    def books(self) -> Books:
        """The books by symbol."""
        ...

    async def keep(self) -> None:
        """Keeps them, for ever."""
        ...


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One observed instrument: what strategies read, and what a venue's decimals are worth in it.

    `by_seats`: strategies observe it; `by_monitors`: its trades make candles.
    Units: `price_units` and `size_units` are how many of the venue's last decimals a tick and a lot are.
    """

    instrument: Instrument
    grid: Grid
    book: OrderBook
    price_units: int
    size_units: int
    by_seats: bool = True
    by_monitors: bool = False

    @property
    def is_copied(self) -> bool:
        """Whether its book is a copy of what the venue's shows."""
        return (self.price_units, self.size_units) != (1, 1)


class LiveBooks:
    """The books of a desk by instrument, known before any connection is made. `connect` makes its connectors.

    `hosts` says who tells a book, where a public stream does.
    `traded` is told each trade of others: its instrument, price and quantity, and the side of who came for it.
    `marked` is told each mark, and the rate and instant of the next settlement of funding, None where nothing is new.
    Units: ticks and lots; the mark as a price, the rate as a fraction that longs pay.
    """

    def __init__(self, clock: Clock, connect: Connect = tls_connector) -> None:
        self._clock, self._connect = clock, connect
        self._streams: list[tuple[KeptBooks, dict[str, Seen]]] = []
        self._workers: dict[str, CcxtWorker] = {}
        self._trades: list[tuple[ToldStream[Traded], dict[str, Seen]]] = []
        self._played: list[tuple[PlayedBooks, dict[str, Seen]]] = []
        self._marks: list[tuple[ToldStream[Marked], dict[str, Seen]]] = []
        self._https: list[SessionHttp] = []
        self._asked: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._kept: dict[AccountId, list[KeptStream]] = {}
        self.books: dict[InstrumentId, OrderBook] = {}
        self.hosts: dict[InstrumentId, str] = {}
        self.minutes = MinuteCandles()
        self.traded: Told = _nobody
        self.marked: ToldFunding = _nobody_funded

    def add(self, feeds: Feeds, seen: Mapping[str, Seen]) -> None:
        """Observes instruments of one market by their symbols."""
        feed = feeds.books
        http = None if feed.whole is None else SessionHttp(feed.whole.host, self._clock, connect=self._connect)
        socket, grids = self._socket(feed.host, feed.beat), {symbol: each.grid for symbol, each in seen.items()}
        shown = self.add_kept(BookStream(feed, grids, socket, http, self._clock), seen)
        self.hosts |= {each.instrument.id: feed.host for each in shown.values()}
        self._https += [] if http is None else [http]
        self._trades.append((self._told(feeds.trades, shown), shown))
        if feeds.marks is not None:
            self._add_marks(feeds.marks, shown)

    def _add_marks(self, feed: ToldFeed[Marked], shown: dict[str, Seen]) -> None:
        marks = self._told(feed, shown)
        self._marks.append((marks, shown))
        if feed.asked is not None:
            http = SessionHttp(feed.asked.host, self._clock, connect=self._connect)
            self._https.append(http)
            self._asked.append(partial(marks.keep_asking, feed.asked, http))

    def add_kept(self, stream: KeptBooks, seen: Mapping[str, Seen]) -> dict[str, Seen]:
        """Observes instruments by their symbols, whose books somebody keeps in step. Returns them as they are shown."""
        shown = {symbol: _shown(each, stream.books.by_symbol[symbol].book) for symbol, each in seen.items()}
        self.books |= {each.instrument.id: each.book for each in shown.values()}
        for each in shown.values():
            self.minutes.expect_book(each.instrument.id, _units_of(each, has_trades=not isinstance(stream, CcxtBooks)))
        self._streams.append((stream, shown))
        return shown

    def add_ccxt(self, account: CcxtAccount, terms: CcxtTerms, seen: Mapping[str, Seen]) -> None:
        """Observes the books of an exchange of ccxt, in a worker for books alone. It tells no trades."""
        worker = self._workers.setdefault(account.python, CcxtWorker(account.python, self._clock))
        grids = {symbol: each.grid for symbol, each in seen.items()}
        shown = self.add_kept(CcxtBooks(worker, self._clock, terms, grids), seen)
        self.hosts |= {each.instrument.id: f"{account.exchange} through ccxt" for each in shown.values()}

    def add_played(self, played: PlayedBooks, seen: Mapping[str, Seen]) -> None:
        """Observes the books and trades of a recording that is played."""
        self._played.append((played, self.add_kept(played, seen)))

    def _told(self, feed: ToldFeed[Said], shown: Mapping[str, Seen]) -> ToldStream[Said]:
        return ToldStream(feed, tuple(shown), self._socket(feed.host, feed.beat), self._clock)

    def _socket(self, host: str, beat: str | None) -> SessionSocket:
        patience = SOCKET_PATIENCE if beat is None else TEXT_PATIENCE
        return SessionSocket(host, self._clock, connect=self._connect, patience=patience, beat=beat)

    def follow(self, observing: Observing, candles: Candles) -> list[Coroutine[Any, Any, None]]:
        """Returns the work of each stream, none of which ends by itself."""
        works = []
        for stream, seen in self._streams:
            stream.changed = partial(self._changed, observing, candles, (seen, Lag()))
            works.append(self._follow(stream.keep, seen))
        for trades, traded in self._trades:
            trades.heard = partial(self._heard, observing, candles, traded)
            works.append(self._follow(trades.keep, traded))
        for played, traded in self._played:
            played.heard = partial(self._heard, observing, candles, traded)
        for marks, marked in self._marks:
            marks.heard = partial(self._heard_mark, observing, marked)
            works.append(self._follow(marks.keep, marked))
        return works + [ask() for ask in self._asked]

    def _follow(
        self, keep: Callable[[], Coroutine[Any, Any, None]], seen: Mapping[str, Seen]
    ) -> Coroutine[Any, Any, None]:
        stream = KeptStream(keep)
        for account in dict.fromkeys(each.instrument.account for each in seen.values()):
            self._kept.setdefault(account, []).append(stream)
        return stream.follow()

    def reconnect(self, account: AccountId) -> None:
        """Has every stream of the market at an account closed and opened anew: its books are unfit until whole ones."""
        for stream in self._kept.get(account, ()):
            stream.reconnect()

    def status(self) -> dict[InstrumentId, str]:
        """Returns of each book whether it is fit, else why it must not be read.

        One that was not read for a number with more decimals than our tick or lot has is off the grid, whatever else.
        """
        return {
            each.instrument.id: _standing(stream.books, symbol)
            for stream, seen in self._streams
            for symbol, each in seen.items()
        }

    def left(self) -> dict[str, int]:
        """Returns how often a connection of books was left for a new one, by what had become of a book of it."""
        return _sums([stream.left for stream, _ in self._streams if isinstance(stream, BookStream)])

    def renewed(self) -> dict[str, int]:
        """Returns how often one book was asked for anew over its connection, by what had become of it."""
        return _sums([stream.renewed for stream, _ in self._streams if isinstance(stream, BookStream)])

    def unread(self) -> dict[str, dict[str, int]]:
        """Returns how much of what each venue told could not be read, by reason."""
        told = (stream for streams in (self._trades, self._played, self._marks) for stream, _ in streams)
        counts = [(stream.name, stream.books.unread) for stream, _ in self._streams]
        counts += [(stream.name, stream.unread) for stream in told]
        found: dict[str, dict[str, int]] = {}
        for name, unread in counts:
            of_venue = found.setdefault(name, {})
            for reason, count in unread.items():
                if count:
                    of_venue[reason.value] = of_venue.get(reason.value, 0) + count
        return found

    async def close(self) -> None:
        """Closes the ways over which whole books were asked for, and ends the workers."""
        for http in self._https:
            await http.close()
        for worker in self._workers.values():
            await worker.close()

    def _changed(
        self, observing: Observing, candles: Candles, told: tuple[Mapping[str, Seen], Lag], symbol: str, sync: BookSync
    ) -> None:
        each, now, is_fit = told[0][symbol], self._clock.now(), sync.unfit is None
        if each.by_seats:
            if each.is_copied and is_fit:
                copy_book(sync.book, each)
            late_ns = told[1].late_ns(now, sync.happened_at) if is_fit else 0
            observing.saw_book(each.instrument.id, now, is_fit=is_fit, late_ns=late_ns)
        if is_fit:
            if each.by_monitors:
                candles.hear(each.instrument.id, now)
            self.minutes.saw(each.instrument.id, sync.book.best_bid, sync.book.best_ask, now)

    def _heard(self, observing: Observing, candles: Candles, seen: Mapping[str, Seen], traded: Traded) -> None:
        each = seen.get(traded.symbol)
        if each is None:
            return
        price, qty = parse_number(traded.price), parse_number(traded.qty)
        ticks = _ticks(price, each)
        size = scaled_integer(qty, decimals=each.grid.size_decimals)
        lots, now = size // each.size_units, self._clock.now()
        if each.by_seats:
            observing.saw_trade(each.instrument.id, ticks, lots, now)
        self.traded(each.instrument.id, ticks, lots, traded.taker)
        if each.by_monitors:
            candles.write_trade(each.instrument.id, float(price), float(qty), traded.at, now)
        self.minutes.traded(each.instrument.id, size, now)

    def _heard_mark(self, observing: Observing, seen: Mapping[str, Seen], marked: Marked) -> None:
        each = seen.get(marked.symbol)
        if each is None:
            return
        mark = Price(parse_number(marked.mark)) if marked.mark else None
        rate = parse_number(marked.rate) if marked.rate else None
        if mark is not None and each.by_seats:
            observing.saw_value(each.instrument.id, Series.MARK, _ticks(mark, each))
        self.marked(each.instrument.id, mark, rate, marked.settles_at)


def _sums(counts: Sequence[Mapping[Unfit, int]]) -> dict[str, int]:
    return {why.value: total for why in Unfit if (total := sum(each.get(why, 0) for each in counts))}


def _standing(books: Books, symbol: str) -> str:
    unfit = books.by_symbol[symbol].unfit
    if unfit is None:
        return FIT
    return UnreadFor.OFF_GRID.value if books.unread[UnreadFor.OFF_GRID] else unfit.value


def _ticks(price: Decimal, seen: Seen) -> int:
    """Returns a price in whole ticks of what strategies read, cut."""
    return scaled_integer(price, decimals=seen.grid.price_decimals) // seen.price_units


def _shown(seen: Seen, kept: OrderBook) -> Seen:
    """Returns an instrument whose strategies read the very book that its stream keeps, where that is in its units."""
    return seen if seen.is_copied else msgspec.structs.replace(seen, book=kept)


def live_books(loaded: Loaded, rules: Rules, clock: Clock, connect: Connect = tls_connector) -> LiveBooks:
    """Returns the books of all that seats and monitors of a desk observe, a stream per account and market."""
    found, markets = LiveBooks(clock, connect), dict[tuple[str, Product], dict[str, Seen]]()
    seats, watched = rules.read_by_seats(), rules.read_by_monitors()
    for instrument_id in dict.fromkeys((*seats, *watched)):
        instrument = rules.instruments[instrument_id]
        seen = seen_of(instrument, by_seats=instrument_id in seats, by_monitors=instrument_id in watched)
        markets.setdefault((instrument.account, instrument.product), {})[instrument.symbol] = seen
    for (account, product), instruments in markets.items():
        section = loaded.config.accounts[account]
        if isinstance(section, CcxtAccount) and section.watched is None:
            traded = tuple(each.instrument for each in instruments.values())
            found.add_ccxt(section, ccxt_terms(f"{account}.{product.value}", section, traded), instruments)
            continue
        feeds = feeds_of(section, product)
        if feeds is None:
            continue
        if isinstance(section, PaperExchangeAccount) and section.recording is not None:
            found.add_played(_played(loaded, section.recording, feeds, instruments, clock), instruments)
        else:
            found.add(feeds, {own_symbol(section, symbol): each for symbol, each in instruments.items()})
    return found


def _played(loaded: Loaded, recording: str, feeds: Feeds, seen: Mapping[str, Seen], clock: Clock) -> PlayedBooks:
    """Returns what plays a recording; on a tape it begins when the tape has ended."""
    end, grids = loaded.config.clock.end, {symbol: each.grid for symbol, each in seen.items()}
    begins_at = None if end is None else instant_of(end)
    return PlayedBooks(loaded.place(recording), (feeds.books, feeds.trades), grids, clock, begins_at)


def seen_of(instrument: Instrument, *, by_seats: bool = True, by_monitors: bool = False) -> Seen:
    """Returns how an instrument is seen: on a grid of as many decimals as its tick and its lot have."""
    tick, lot = instrument.rules.tick, instrument.rules.lot
    grid = Grid(significant_decimals(tick), significant_decimals(lot))
    return Seen(
        instrument=instrument,
        grid=grid,
        book=OrderBook(),
        price_units=_units(tick, grid.price_decimals),
        size_units=_units(lot, grid.size_decimals),
        by_seats=by_seats,
        by_monitors=by_monitors,
    )


def _units_of(seen: Seen, *, has_trades: bool) -> Units:
    """Returns what the numbers are worth in which a venue's own book is told."""
    tick, lot = seen.instrument.rules.tick, seen.instrument.rules.lot
    size = divide_cut(lot, Decimal(seen.size_units), decimals=NUMBER_DECIMALS_MAX) if has_trades else None
    return Units(price=divide_cut(tick, Decimal(seen.price_units), decimals=NUMBER_DECIMALS_MAX), size=size)


def _units(step: Decimal, decimals: int) -> int:
    return scaled_integer(step, decimals=decimals)


def copy_book(book: OrderBook, seen: Seen) -> None:
    """Writes the best levels of a book into the one that strategies read, in whole ticks and lots."""
    price, size = seen.price_units, seen.size_units
    bids, asks = dict[int, int](), dict[int, int]()
    for at, qty in islice(book.bids(), COPIED_MAX):
        bids[at // price] = bids.get(at // price, 0) + qty
    for at, qty in islice(book.asks(), COPIED_MAX):
        asks[-(-at // price)] = asks.get(-(-at // price), 0) + qty
    seen.book.replace(_in_lots(bids, size), _in_lots(asks, size))


def _in_lots(levels: Mapping[int, int], size: int) -> list[Level]:
    return [(at, qty // size) for at, qty in levels.items()]


def _nobody(_instrument: InstrumentId, _ticks: int, _lots: int, _taker: Side) -> None:
    return


def _nobody_funded(
    _instrument: InstrumentId, _mark: Price | None, _rate: Decimal | None, _settles_at: Instant | None
) -> None:
    return
