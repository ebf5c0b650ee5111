"""Replays a recorded session through our feeds: after each line, what the books that it touched hold."""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flatbook.market.depth import BookSync, Grid, Heard, Numbered, Unfit, Update
from flatbook.market.orderbook import Level
from flatbook.venues.book_stream import books_of
from tests.captures.files import Line
from tests.captures.venues import Feed


class Seen(NamedTuple):
    """A book after a line, as a digest of all its levels; None where there is no book, or none to be read, and why."""

    line: int
    symbol: str
    digest: str | None
    why: str = ""


def replayed(lines: list[Line], feed: Feed, grids: Mapping[str, Grid], *, has_holes: bool) -> Iterator[Seen]:
    """Yields what our books hold. The numbers of the connection of a filtered session have holes: not checked."""
    told = feed.feed
    books = books_of(told, grids)
    for number, line in enumerate(lines):
        for heard in _heard(line, feed, grids):
            if isinstance(heard, Numbered) and has_holes:
                continue
            books.take(heard)
            if isinstance(heard, Update) and heard.symbol in books.by_symbol:
                sync = books.by_symbol[heard.symbol]
                yield Seen(number, heard.symbol, digest_of(sync), "" if sync.unfit is None else sync.unfit.value)


def _heard(line: Line, feed: Feed, grids: Mapping[str, Grid]) -> tuple[Heard, ...]:
    if line.is_frame:
        return feed.feed.read(line.text.encode(), grids)
    asked = re.search(feed.asked, line.url)
    symbol = "" if asked is None else asked[1].upper()
    if feed.feed.whole is None or symbol not in grids:
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
