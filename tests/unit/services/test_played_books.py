"""A recording that is played: at the pace at which it came, from when it may, again and again, never in haste."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from msgspec.structs import astuple

from flatbook.market.depth import BookSync, Grid, Unfit
from flatbook.market.orderbook import Touch
from flatbook.services.played_books import PlayedBooks
from flatbook.sim.tapes.clock import TapeClock
from flatbook.values.instants import NS_PER_S, Instant, later
from flatbook.venues.binance import books, trades

START = Instant(1_764_000_000 * NS_PER_S)
WHOLE = b'{"whole":"BTCUSDT","data":{"lastUpdateId":5,"bids":[["100.0","2"]],"asks":[["100.1","3"]]}}'
CHANGE = b'{"stream":"btcusdt@depth","data":{"s":"BTCUSDT","U":6,"u":7,"b":[["100.0","4"]],"a":[]}}'
TRADE = b'{"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","p":"100.1","q":"1.5","T":5,"m":false}}'
FRAMES = ((0, WHOLE), (1, CHANGE), (3, TRADE))

NO_TOUCH = Touch(0, 0, 0, 0)
Story = Callable[[TapeClock, PlayedBooks], Awaitable[None]]


def played(path: Path, story: Story, *, begins_at: Instant | None = None) -> list[str]:
    """Plays three frames, and returns what was heard, by the second of the clock."""
    said: list[str] = []

    def note(what: str, sync: BookSync) -> None:
        if sync.unfit is None:
            said.append(f"{what} {astuple(sync.book.touch() or NO_TOUCH)}")

    with gzip.open(path, "wb") as file:
        file.writelines(b"%d %s\n" % (at * NS_PER_S, frame) for at, frame in FRAMES)
        file.write(b'no frame\n3000000007 {broken\n3600000000 {"whole":3}\n')

    async def told() -> None:
        clock = TapeClock(START)
        found = PlayedBooks(path, (books.SPOT, trades.SPOT), {"BTCUSDT": Grid(1, 0)}, clock, begins_at)
        after = lambda: (clock.now() - START) // NS_PER_S  # noqa: E731
        found.changed = lambda symbol, sync: note(f"{after()} {symbol}", sync)
        found.heard = lambda trade: said.append(f"{after()} {trade.taker.value} {trade.qty} at {trade.price}")
        keeping = asyncio.create_task(found.keep())
        await story(clock, found)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping

    asyncio.run(told())
    return said


async def five_seconds(clock: TapeClock, _found: PlayedBooks) -> None:
    await clock.run_until(later(START, seconds=5))


def test_frames_are_heard_at_the_pace_at_which_they_came_and_then_anew(tmp_path: Path) -> None:
    assert played(tmp_path / "btc.gz", five_seconds) == [
        "0 BTCUSDT (1000, 2, 1001, 3)",
        "1 BTCUSDT (1000, 4, 1001, 3)",
        "3 buy 1.5 at 100.1",
        "4 BTCUSDT (1000, 2, 1001, 3)",
    ]


def test_a_recording_waits_for_its_moment(tmp_path: Path) -> None:
    heard = played(tmp_path / "btc.gz", five_seconds, begins_at=later(START, seconds=3))
    assert heard == ["3 BTCUSDT (1000, 2, 1001, 3)", "4 BTCUSDT (1000, 4, 1001, 3)"]


def test_what_a_desk_slept_through_is_not_made_up_for(tmp_path: Path) -> None:
    async def sleeps(clock: TapeClock, _found: PlayedBooks) -> None:
        await clock.run_until(START)
        clock.advance(later(START, seconds=3_600))
        await clock.run_until(later(START, seconds=3_601))

    heard = played(tmp_path / "btc.gz", sleeps)
    assert heard == ["0 BTCUSDT (1000, 2, 1001, 3)", "3600 BTCUSDT (1000, 4, 1001, 3)", "3600 buy 1.5 at 100.1"]


def test_what_cannot_be_read_is_passed_over_and_counted(tmp_path: Path) -> None:
    unread: list[int] = []

    async def counts(clock: TapeClock, found: PlayedBooks) -> None:
        await five_seconds(clock, found)
        unread.append(sum(found.books.unread.values()))

    played(tmp_path / "btc.gz", counts)
    assert unread == [2]


def test_no_book_of_a_recording_that_is_left_may_be_read(tmp_path: Path) -> None:
    unfit: list[Unfit | None] = []

    async def looks(clock: TapeClock, found: PlayedBooks) -> None:
        found.changed = lambda _symbol, sync: unfit.append(sync.unfit)
        await clock.run_until(later(START, seconds=2))

    played(tmp_path / "btc.gz", looks)
    assert unfit == [None, None, Unfit.DISCONNECTED]
