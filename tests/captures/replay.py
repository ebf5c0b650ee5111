"""Replays a recorded session through our feeds: after each line, what the books that it touched hold."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from flatbook.market.depth import Books, BookSync, Grid, Heard, Numbered, Unfit, Unread, Update
from flatbook.market.orderbook import Level
from flatbook.venues.book_stream import books_of
from tests.captures.files import Line
from tests.captures.told import asked_of, told_in
from tests.captures.venues import Feed


class Seen(NamedTuple):
    """A book after a line, as a digest of all its levels; None where there is no book, or none to be read, and why."""

    line: int
    symbol: str
    digest: str | None
    why: str = ""


def replayed(lines: list[Line], feed: Feed, grids: Mapping[str, Grid], *, has_holes: bool) -> Iterator[Seen]:
    """Yields what our books hold. The numbers of the connection of a filtered session have holes: not checked."""
    books = books_of(feed.feed, grids)
    for number, line in enumerate(lines):
        said = _heard(line, feed, grids)
        for heard in said:
            if not (has_holes and isinstance(heard, Numbered)):
                books.take(heard)
        yield from _seen(number, said, [each.symbol for each in told_in(line, feed.telling)], books)


def _seen(number: int, said: Sequence[Heard], told: list[str], books: Books) -> Iterator[Seen]:
    """Yields the books that a line is about, as it left them: once each, whatever it tells of them."""
    about = [heard.symbol for heard in said if isinstance(heard, Update | Unread) and heard.symbol]
    for symbol in dict.fromkeys((*about, *told)):
        sync = books.by_symbol.get(symbol)
        if sync is None:
            continue
        unread = [heard for heard in said if isinstance(heard, Unread) and heard.symbol in (None, symbol)]
        if unread:
            yield Seen(number, symbol, None, f"{Unfit.UNREAD.value} ({unread[0].reason.value})")
        else:
            yield Seen(number, symbol, digest_of(sync), "" if sync.unfit is None else sync.unfit.value)


def _heard(line: Line, feed: Feed, grids: Mapping[str, Grid]) -> tuple[Heard, ...]:
    if line.is_frame:
        return feed.feed.read(feed.framed(line.text).encode(), grids)
    symbol = asked_of(line)
    if feed.feed.whole is None or symbol is None or symbol not in grids:
        return ()
    return (feed.feed.whole.read(symbol, line.text.encode(), grids[symbol]),)


def digest_of(sync: BookSync) -> str | None:
    """Returns a digest of all levels as floats, as the other client holds them."""
    if sync.unfit not in (None, Unfit.CROSSED):
        return None
    digest = hashlib.blake2b(digest_size=12)
    for levels in (sync.book.bids(), sync.book.asks()):
        digest.update(_floats(levels, sync.grid).tobytes())
        digest.update(b"|")
    return digest.hexdigest()


def _floats(levels: Iterator[Level], grid: Grid) -> array[float]:
    tick, lot = 10**grid.price_decimals, 10**grid.size_decimals
    return array("d", [part for price, size in levels for part in (price / tick, size / lot)])
