"""Recordings of our own of venues that tell their books natively: read by the very feeds that desks watch.

The first line names the venue and the symbols; frames follow as they came, and whole books that were asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape_survey import Heard
from flatbook.market.depth import UNREADABLE, Grid, OffGrid, Unread, Update, scaled, unread
from flatbook.market.ticks import FINE, FINE_DECIMALS, Kind, Tick, Told
from flatbook.services.recorded_markets import Recorded
from flatbook.services.tape_lines import WHOLE, decode_kept, head_of, lines_of
from flatbook.venues.told_stream import Traded


def read_native(market: Recorded, paths: Sequence[Path]) -> Iterator[Heard]:
    """Yields what recordings of a market tell: its books, and trades.

    Errors: TapeRefused where a file is damaged, or does not say of which symbols it is; OSError.
    """
    for path in paths:
        grids: dict[str, Grid] = {}
        for local, line in lines_of(path):
            head = head_of(line)
            if head is not None:
                grids |= dict.fromkeys(head.symbols, FINE)
                continue
            if not grids:
                raise TapeRefused(f"{path.name} does not begin with what it is a recording of: record it again")
            told = tuple(_told(market, line, grids))
            yield from ((local, each) for each in told or (None,))


def _told(market: Recorded, line: bytes, grids: Mapping[str, Grid]) -> Iterator[Told | Unread]:
    if line.startswith(WHOLE):
        yield from _of_whole(market, line, grids)
        return
    is_unread = False
    for heard in market.books.read(line, grids):
        if isinstance(heard, Update):
            yield _of_book(heard)
        elif isinstance(heard, Unread):
            is_unread = True
            yield heard
    for traded in market.trades.read(line):
        if isinstance(traded, Unread):
            yield from () if is_unread else (traded,)
        elif traded.symbol in grids:
            yield _of_trade(traded)


def _of_whole(market: Recorded, line: bytes, grids: Mapping[str, Grid]) -> Iterator[Told | Unread]:
    try:
        kept = decode_kept(line)
    except UNREADABLE as error:
        yield unread(error)
        return
    if market.books.whole is not None and kept.whole in grids:
        heard = market.books.whole.read(kept.whole, bytes(kept.data), FINE)
        yield _of_book(heard) if isinstance(heard, Update) else heard


def _of_book(update: Update) -> Told:
    at, seq = update.happened_at, update.depth.last
    return Told(symbol=update.symbol, stream="depth", happened_at=at, sent_at=at, seq=seq, depth=update)


def _of_trade(traded: Traded) -> Told | Unread:
    try:
        price, qty = scaled(traded.price, FINE_DECIMALS), scaled(traded.qty, FINE_DECIMALS)
    except OffGrid as error:
        return unread(error, traded.symbol)
    tick = Tick(Kind.TRADE, price, qty, traded.taker.sign)
    return Told(symbol=traded.symbol, stream="trade", happened_at=traded.at, sent_at=traded.at, ticks=(tick,))
