"""The journal: durable appends beside what the disk itself can do, and replay. Budget: 90 s, quick 15 s."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from decimal import Decimal
from pathlib import Path

from benchmarks import Figure, amount, at_least, at_most, cpu_seconds, folder, median, microseconds, share
from flatbook.events.event import Event
from flatbook.events.orders import OrderAccepted, OrderFilled, OrderIntended, OrderStyle
from flatbook.journal.memory import MemoryJournal
from flatbook.journal.sqlite import SqliteJournal, create_journal, open_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.values.ids import (
    AccountId,
    AssetId,
    EventRef,
    ExecutionId,
    InstrumentId,
    OrderId,
    OwnerId,
    Seq,
    Underlying,
    VenueOrderId,
)
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product, Side
from flatbook.values.money import Price, Quantity

NOW = Instant(1_765_000_000_000_000_000)
ROUNDS = 5
SINGLES = amount(3_000, 500)
GROUPS = amount(200, 40)
REPLAYED = amount(120_000, 24_000)
RAW_BYTES = 384  # of the row of an intent, its hash included

Append = Callable[[], object]


def accepted(number: int) -> Event:
    """Returns a small event."""
    order, venue = OrderId(f"fb{number:024d}"), VenueOrderId(f"venue-{number:012d}")
    return OrderAccepted(order_id=order, venue_order_id=venue, happened_at=NOW, seen_at=NOW)


def filled(number: int) -> Event:
    """Returns one of the larger events."""
    return OrderFilled(
        order_id=OrderId(f"fb{number:024d}"),
        owner=OwnerId("hedge-aapl"),
        account=AccountId("paper-1"),
        instrument=InstrumentId("AAPL.paper"),
        underlying=Underlying("AAPL"),
        execution_id=ExecutionId(f"execution-{number}"),
        side=Side.BUY,
        qty=Quantity(Decimal("10.75")),
        price=Price(Decimal("231.22")),
        quote=AssetId("USD"),
        contract_size=Decimal(1),
        fees=(),
        product=Product.SPOT,
        realised=None,
        maker=None,
        happened_at=NOW,
        seen_at=NOW,
    )


def intended(number: int) -> Event:
    """Returns the event that must be durable before an order leaves."""
    return OrderIntended(
        order_id=OrderId(f"fb{number:024d}"),
        owner=OwnerId("hedge-aapl"),
        account=AccountId("paper-1"),
        instrument=InstrumentId("AAPL.paper"),
        underlying=Underlying("AAPL"),
        side=Side.BUY,
        qty=Quantity(Decimal("10.75")),
        limit=Price(Decimal("231.22")),
        contract_size=Decimal(1),
        reduce_only=False,
        style=OrderStyle.LIMIT,
        product=Product.SPOT,
        slot=None,
        together=None,
        because=EventRef("8453:0x3d1b7a80f1a2c6e5:17"),
        evidence={"bid": "231.10", "ask": "231.16"},
        decided_at=NOW,
        good_until=NOW,
    )


def raw_append(path: Path, sync: Callable[[int], None]) -> Append:
    """Returns an append of bytes to a file, synced each time."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    content = os.urandom(RAW_BYTES)

    def append() -> None:
        os.write(descriptor, content)
        sync(descriptor)

    return append


def journal_append(journal: SqliteJournal | MemoryJournal, events: list[Event]) -> Append:
    """Returns an append of the same events over and over."""
    epoch = journal.take_lease(NOW)
    return lambda: journal.append(events, after=journal.last, epoch=epoch, cursors={}, at=NOW)


def opened(path: Path) -> SqliteJournal:
    """Makes and opens a journal."""
    create_journal(path)
    return open_journal(path)


def bare_commit(path: Path) -> Append:
    """Returns a durable commit of one row of bytes with nothing but SQLite."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE rows (row INTEGER PRIMARY KEY, body BLOB)")
    content = os.urandom(RAW_BYTES)

    def append() -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows (body) VALUES (?)", (content,))
        connection.execute("COMMIT")

    return append


def in_turn(subjects: dict[str, Append], times: int) -> dict[str, list[float]]:
    """Returns the microseconds of each append, the subjects taking turns so that all see the same disk."""
    taken: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(times):
        for name, append in subjects.items():
            taken[name].append(microseconds(append))
    return taken


def appends() -> list[Figure]:
    """Measures durable appends beside the disk."""
    with folder() as place, ExitStack() as stack:
        one, intents, hundred, thousand = (
            stack.enter_context(closing(opened(place / f"{name}.sqlite"))) for name in ("1", "intents", "100", "1000")
        )
        singles = {
            "fsync": raw_append(place / "fsync", os.fsync),
            "fdatasync": raw_append(place / "fdatasync", os.fdatasync),
            "bare": bare_commit(place / "bare.sqlite"),
            "1": journal_append(one, [accepted(1)]),
            "intent": journal_append(intents, [intended(1)]),
        }
        groups = {
            "100": journal_append(hundred, [accepted(1)] * 100),
            "1000": journal_append(thousand, [accepted(1)] * 1000),
        }
        taken = in_turn(singles, SINGLES) | in_turn(groups, GROUPS)
    middle = {name: median(values) for name, values in taken.items()}
    rate = {name: 1e6 * len(taken[name]) / sum(taken[name]) for name in groups}
    return [
        Figure("raw append and fsync, median", middle["fsync"], "us"),
        Figure("raw append and fdatasync, median", middle["fdatasync"], "us"),
        Figure("SQLite alone, 1 row a commit, median", middle["bare"], "us"),
        Figure("append 1 event, durable, median", middle["1"], "us"),
        Figure("append 1 event, durable, 99 of 100 below", share(taken["1"], 0.99), "us"),
        at_least("append 1 event: median rate, of raw append and fsync", middle["fsync"] / middle["1"], "x", 0.6),
        Figure("intent durable, median", middle["intent"], "us"),
        at_most("intent durable: median, of raw fdatasync", middle["intent"] / middle["fdatasync"], "x", 1.3),
        Figure("intent durable: median, of SQLite alone", middle["intent"] / middle["bare"], "x"),
        at_least("append 100 events a commit, durable", 100 * rate["100"], "events/s", 100_000),
        at_least("append 1000 events a commit, durable", 1000 * rate["1000"], "events/s", 100_000),
    ]


def in_memory() -> list[Figure]:
    """Measures appends to the journal in memory."""
    figures = []
    for count in (1, 100):
        append = journal_append(MemoryJournal(), [accepted(1)] * count)
        times = 20_000 // count
        seconds = min(cpu_seconds(lambda: [append() for _ in range(times)]) for _ in range(ROUNDS))  # noqa: B023
        figures.append(Figure(f"append in memory, {count} a commit", times * count / seconds, "events/s"))
    return figures


def replay(event: Callable[[int], Event], count: int) -> float:
    """Returns the events per second of CPU that are read, checked against the chain and decoded."""
    with folder() as place:
        path = place / "journal.sqlite"
        events = [event(number) for number in range(count)]
        with closing(opened(path)) as journal:
            epoch = journal.take_lease(NOW)
            journal._connection.execute("PRAGMA synchronous = OFF")
            for after in range(0, REPLAYED, count):
                journal.append(events, after=Seq(after), epoch=epoch, cursors={}, at=NOW)
        with closing(open_reader(path)) as reader:
            seconds = median([cpu_seconds(lambda: all(row.events for row in reader.read())) for _ in range(ROUNDS)])
    return REPLAYED / seconds


def run() -> list[Figure]:
    """Measures appends and replay."""
    return [
        *appends(),
        *in_memory(),
        Figure("replay, 1 small event a row, of CPU", replay(accepted, 1), "events/s"),
        at_least("replay, 2 small events a row, of CPU", replay(accepted, 2), "events/s", 400_000),
        at_least("replay, 10 small events a row, of CPU", replay(accepted, 10), "events/s", 400_000),
        Figure("replay, 1 execution a row, of CPU", replay(filled, 1), "events/s"),
        at_least("replay, 10 executions a row, of CPU", replay(filled, 10), "events/s", 400_000),
    ]
