"""Recordings that are kept by others: of Bybit, Hyperliquid, Bitstamp and Kraken, of Tardis and of LOBSTER.

Source: bybit.com "historical order book data"; hyperliquid.gitbook.io "WebSocket subscriptions"; docs.tardis.dev
"downloadable CSV files", trades; lobsterdata.com "output structure"; Kraken "Get recent trades"; Bitstamp's feed.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import msgspec

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape_survey import Heard
from flatbook.market.depth import UNREADABLE, Depth, OffGrid, Unread, UnreadFor, Update, levels, scaled, unknown, unread
from flatbook.market.ticks import FINE, FINE_DECIMALS, Kind, Tick, Told
from flatbook.services.tape_lines import lines_of, opened
from flatbook.values.instants import NS_PER_MS
from flatbook.values.money import ZERO, scaled_integer
from flatbook.values.us_eastern import instant_of_eastern

LOBSTER_NAME = re.compile(r"([A-Z.]+)_(\d{4})-(\d\d)-(\d\d)_")
LOBSTER_SCALE = 10 ** (FINE_DECIMALS - 4)
LOBSTER_NOBODY = 9_999_999_999
FLOAT_DECIMALS = 8
HALF_OF_LAST = Decimal("0.000000005")
VISIBLE, HIDDEN = "4", "5"
LOBSTER_KINDS = ("1", "2", "3", VISIBLE, HIDDEN, "6", "7")
LOBSTER_SIDES = {"1": -1, "-1": 1}
BYBIT_SIDES = {"Buy": 1, "Sell": -1}
BYBIT_BOOKS = ("snapshot", "delta")
HYPERLIQUID_SIDES = {"B": 1, "A": -1}
TARDIS_COLUMNS = ("symbol", "timestamp", "local_timestamp", "id", "side", "price", "amount")
TARDIS_SIDES = {"buy": 1, "sell": -1, "unknown": 0}
KRAKEN_SIDES = {"b": 1, "s": -1}
SIDE = "the side of a trade"
NO_NUMBER = (OffGrid, ArithmeticError, ValueError)
LEVELS = list[tuple[str, str]]

Read = Callable[[bytes], Iterator[Told | Unread]]


class _BybitBook(msgspec.Struct):
    s: str
    b: LEVELS
    a: LEVELS
    u: int


class _Bybit(msgspec.Struct):
    topic: str = ""
    type: str = ""
    ts: int = 0
    cts: int = 0
    data: msgspec.Raw = msgspec.Raw()


class _BybitTrade(msgspec.Struct):
    T: int
    s: str
    S: str
    v: str
    p: str


class _Level(msgspec.Struct):
    px: str
    sz: str


class _L2Book(msgspec.Struct):
    coin: str
    time: int
    levels: tuple[list[_Level], list[_Level]]


class _HyperTrade(msgspec.Struct):
    coin: str
    side: str
    px: str
    sz: str
    time: int
    tid: int


class _Hyper(msgspec.Struct):
    channel: str
    data: msgspec.Raw


class _StampBook(msgspec.Struct):
    bids: LEVELS
    asks: LEVELS


class _StampTrade(msgspec.Struct):
    price: Decimal
    amount: Decimal
    id: int


KrakenRow = tuple[str, str, Decimal, str, str, str, int]
_KRAKEN_ROW = msgspec.json.Decoder(dict[str, list[KrakenRow] | str])


def bybit_told(line: bytes) -> Iterator[Told | Unread]:
    """Yields what a frame of Bybit, or a line of its order book files, tells: books and trades."""
    told = msgspec.json.decode(line, type=_Bybit)
    sent = told.ts * NS_PER_MS
    if told.topic.startswith("publicTrade."):
        for trade in msgspec.json.decode(told.data, type=list[_BybitTrade]):
            side = BYBIT_SIDES.get(trade.S)
            if side is None:
                yield unknown(SIDE, trade.S)
                continue
            tick = Tick(Kind.TRADE, scaled(trade.p, FINE_DECIMALS), scaled(trade.v, FINE_DECIMALS), side)
            at = trade.T * NS_PER_MS
            yield Told(symbol=trade.s, stream="trade", happened_at=at, sent_at=sent, ticks=(tick,))
    elif told.topic.startswith("orderbook."):
        if told.type not in BYBIT_BOOKS:
            yield unknown("a book of type", told.type)
            return
        book = msgspec.json.decode(told.data, type=_BybitBook)
        depth = Depth(levels(book.b, FINE), levels(book.a, FINE), book.u, book.u)
        update = Update(book.s, told.type == "snapshot" or book.u == 1, depth)
        at = (told.cts or told.ts) * NS_PER_MS
        yield Told(symbol=book.s, stream="depth", happened_at=at, sent_at=sent, seq=book.u, depth=update)


def hyperliquid_told(line: bytes) -> Iterator[Told | Unread]:
    """Yields what a frame of Hyperliquid tells: whole books of 20 levels, and trades."""
    told = msgspec.json.decode(line, type=_Hyper)
    if told.channel == "l2Book":
        book = msgspec.json.decode(told.data, type=_L2Book)
        bids, asks = (levels([(level.px, level.sz) for level in side], FINE) for side in book.levels)
        at = book.time * NS_PER_MS
        update = Update(book.coin, True, Depth(bids, asks))
        yield Told(symbol=book.coin, stream="depth", happened_at=at, sent_at=at, depth=update)
    elif told.channel == "trades":
        for trade in msgspec.json.decode(told.data, type=list[_HyperTrade]):
            at = trade.time * NS_PER_MS
            side = HYPERLIQUID_SIDES.get(trade.side)
            if side is None:
                yield unknown(SIDE, trade.side)
                continue
            tick = Tick(Kind.TRADE, scaled(trade.px, FINE_DECIMALS), scaled(trade.sz, FINE_DECIMALS), side)
            yield Told(symbol=trade.coin, stream="trade", happened_at=at, sent_at=at, ticks=(tick,))


def bitstamp_told(line: bytes) -> Iterator[Told]:
    """Yields what a line of Bitstamp's feed of 2015 tells: its best 20 levels, whole, and trades whose side is unknown.

    Its orders one by one are not read: where the book begins nobody recorded.
    """
    word, _, content = line.partition(b" ")
    if word == b"order_book":
        book = msgspec.json.decode(content, type=_StampBook)
        update = Update("BTCUSD", True, Depth(levels(book.bids, FINE), levels(book.asks, FINE)))
        yield Told(symbol="BTCUSD", stream="depth", happened_at=0, depth=update)
    elif word == b"trade":
        trade = msgspec.json.decode(content, type=_StampTrade)
        tick = Tick(Kind.TRADE, _nearest(trade.price), _nearest(trade.amount))
        yield Told(symbol="BTCUSD", stream="trade", happened_at=0, seq=trade.id, ticks=(tick,))


def _nearest(number: Decimal) -> int:
    """Returns a number that was a float once, as the decimal of eight digits that it stood for. Units: 1e-12.

    Errors: OffGrid where it is below zero or not finite.
    """
    if not number.is_finite() or number < ZERO:
        raise OffGrid(f"{number} is no number at or above zero")
    scale: int = 10 ** (FINE_DECIMALS - FLOAT_DECIMALS)
    return scaled_integer(number + HALF_OF_LAST, decimals=FLOAT_DECIMALS) * scale


def read_bybit(paths: Sequence[Path]) -> Iterator[Heard]:
    """Yields what recorded streams of Bybit tell, or its order book files, which do not say when they were seen.

    Errors: TapeRefused where a file is damaged.
    """
    return _lines(paths, bybit_told)


def read_hyperliquid(paths: Sequence[Path]) -> Iterator[Heard]:
    """Yields what recorded streams of Hyperliquid tell.

    Errors: TapeRefused where a file is damaged.
    """
    return _lines(paths, hyperliquid_told)


def read_bitstamp(paths: Sequence[Path]) -> Iterator[Heard]:
    """Yields what recordings of Bitstamp's feed of 2015 tell.

    Errors: TapeRefused where a file is damaged.
    """
    return _lines(paths, bitstamp_told)


def _lines(paths: Sequence[Path], read: Read) -> Iterator[Heard]:
    for path in paths:
        for local, line in lines_of(path):
            try:
                told = list(read(line))
            except (*UNREADABLE, ArithmeticError) as error:
                yield local, unread(error)
                continue
            if not told:
                yield local, None
            yield from ((local, each) for each in told)


def read_tardis(paths: Sequence[Path]) -> Iterator[Heard]:
    """Yields the trades of files of Tardis.

    Errors: TapeRefused where a file is damaged.
    """
    for path in paths:
        try:
            with opened(path) as file, io.TextIOWrapper(file, encoding="ascii", newline="") as text:
                for row in csv.DictReader(text):
                    yield _of_tardis(row)
        except (UnicodeDecodeError, csv.Error) as error:
            raise TapeRefused(f"{path.name} is damaged ({error}): download it again") from error


def _of_tardis(row: dict[str, str | None]) -> Heard:
    """Returns what a row tells; one that is cut off has cells without a word."""
    missing = [name for name in TARDIS_COLUMNS if row.get(name) is None]
    if missing:
        return 0, Unread(UnreadFor.MALFORMED, f"a row of Tardis without {', '.join(missing)}")
    cells = {name: word or "" for name, word in row.items()}
    try:
        local, at, seq = int(cells["local_timestamp"]) * 1_000, int(cells["timestamp"]) * 1_000, int(cells["id"])
        price, size = scaled(cells["price"], FINE_DECIMALS), scaled(cells["amount"], FINE_DECIMALS)
    except ValueError as error:
        return 0, unread(OffGrid(str(error)))
    if (side := TARDIS_SIDES.get(cells["side"])) is None:
        return local, unknown(SIDE, cells["side"])
    tick = Tick(Kind.TRADE, price, size, side)
    return local, Told(symbol=cells["symbol"], stream="trade", happened_at=at, sent_at=at, seq=seq, ticks=(tick,))


def read_kraken(paths: Sequence[Path]) -> Iterator[Heard]:
    """Yields the trades of answers of Kraken.

    Errors: TapeRefused where a file is none.
    """
    for path in paths:
        with opened(path) as file:
            try:
                found = _KRAKEN_ROW.decode(msgspec.json.decode(file.read(), type=dict[str, msgspec.Raw])["result"])
            except (*UNREADABLE, KeyError) as error:
                raise TapeRefused(
                    f"{path.name} is no answer of Kraken with trades ({error}): download it again"
                ) from error
        for symbol, rows in found.items():
            for row in rows if not isinstance(rows, str) else ():
                yield 0, _of_kraken(symbol, row)


def _of_kraken(symbol: str, row: KrakenRow) -> Told | Unread:
    price, size, at, side, _, _, seq = row
    if (sign := KRAKEN_SIDES.get(side)) is None:
        return unknown(SIDE, side)
    try:
        tick = Tick(Kind.TRADE, scaled(price, FINE_DECIMALS), scaled(size, FINE_DECIMALS), sign)
        happened = scaled_integer(at, decimals=9)
    except NO_NUMBER as error:
        return unread(OffGrid(str(error)))
    return Told(symbol=symbol, stream="trade", happened_at=happened, seq=seq, ticks=(tick,))


def read_lobster(paths: Sequence[Path]) -> Iterator[Heard]:
    """Yields quotes and trades of archives of LOBSTER: the best prices after each message, and what was executed.

    Errors: TapeRefused where a file is none.
    """
    for path in paths:
        match = LOBSTER_NAME.match(path.name.replace("LOBSTER_SampleFile_", ""))
        try:
            with zipfile.ZipFile(path) as archive:
                names = {word: name for name in archive.namelist() for word in ("message", "orderbook") if word in name}
                if match is None or len(names) != 2:
                    held = ", ".join(archive.namelist())
                    raise TapeRefused(f"{path.name} is no archive of LOBSTER: it holds {held}: download it again")
                midnight = instant_of_eastern(date(int(match[2]), int(match[3]), int(match[4])), 0)
                with archive.open(names["message"]) as messages, archive.open(names["orderbook"]) as books:
                    for message, book in zip(messages, books, strict=True):
                        yield from _of_lobster(match[1], midnight, message.decode(), book.decode())
        except (zipfile.BadZipFile, zlib.error, EOFError, ArithmeticError, ValueError) as error:
            if isinstance(error, TapeRefused):
                raise
            raise TapeRefused(f"{path.name} is damaged ({error!r}): download it again") from error


def _of_lobster(symbol: str, midnight: int, message: str, book: str) -> Iterator[Heard]:
    second, kind, _, size, price, direction = message.strip().split(",")
    at = midnight + scaled_integer(Decimal(second), decimals=9)
    side = LOBSTER_SIDES.get(direction)
    if kind not in LOBSTER_KINDS:
        yield 0, unknown("a message of kind", kind)
    elif side is None:
        yield 0, unknown(SIDE, direction)
    elif kind in (VISIBLE, HIDDEN):
        tick = Tick(Kind.TRADE, int(price) * LOBSTER_SCALE, int(size) * 10**FINE_DECIMALS, side)
        yield 0, Told(symbol=symbol, stream="trade", happened_at=at, ticks=(tick,))
    ask, ask_size, bid, bid_size = (int(number) for number in book.strip().split(",")[:4])
    best = (bid, bid_size, ask, ask_size)
    touch = [0 if abs(number) == LOBSTER_NOBODY else number for number in best]
    scales = (LOBSTER_SCALE, 10**FINE_DECIMALS) * 2
    tick = Tick(Kind.QUOTE, *(number * scale for number, scale in zip(touch, scales, strict=True)))
    yield 0, Told(symbol=symbol, stream="quote", happened_at=at, ticks=(tick,))
