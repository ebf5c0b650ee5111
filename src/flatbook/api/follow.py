"""Following the journal: everything that is folded of it, kept at its end while the engine writes.

It only reads. A journal that was replaced by another is folded anew, as another generation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from flatbook.api.answers.thresholds import Thresholds
from flatbook.api.courtesy import one_by_one
from flatbook.api.openness import Openness
from flatbook.engine.ports import Clock, JournalBroken, JournalFault, JournalUnavailable, Link, Row
from flatbook.journal.chain import START
from flatbook.journal.kept_states import with_row
from flatbook.journal.sqlite_reader import SqliteReader, open_reader
from flatbook.projections.commands import Commands
from flatbook.projections.edges import Evidence
from flatbook.projections.fold import Projection, Recorded, fold_all, recorded
from flatbook.projections.ledger import Ledger
from flatbook.projections.oracle import PricedFills
from flatbook.projections.orders import Orders
from flatbook.projections.pnl import Pnl
from flatbook.projections.raised import RaisedAlerts
from flatbook.projections.report import FillTimes
from flatbook.projections.timeline import Threads
from flatbook.state.desk import State
from flatbook.values.ids import Seq
from flatbook.values.instants import Instant

ROWS_AT_ONCE = 500
RECENT_MAX = 500
INode = tuple[int, int]
T = TypeVar("T")


class Part(Enum):
    """Which folds answer a question: the state of the desk, its orders with their times, or its results."""

    STATE = "state"
    ORDERS = "orders"
    RESULTS = "results"


class Folds:
    """What is folded of a prefix of a journal: all parts, or those that are named, and the rest stays empty.

    `at` is when the newest commit was made, `event_at` when that of the event `seq` was: a commit may hold nothing but
    cursors. `openness` is kept where it is handed in.
    """

    def __init__(self, parts: tuple[Part, ...] = tuple(Part), openness: Openness | None = None) -> None:
        self.state = State()
        self.openness = openness
        self.commands = Commands()
        self.orders = Orders()
        self.pnl = Pnl()
        self.priced = PricedFills()
        self.evidence = Evidence()
        self.ledger = Ledger(keeps_entries=False)
        self.threads = Threads()
        self.raised = RaisedAlerts()
        self.times = FillTimes()
        self.seq = Seq(0)
        self.hash = b""
        self.at: Instant | None = None
        self.event_at: Instant | None = None
        self.recent: deque[Recorded] = deque(maxlen=RECENT_MAX)
        self._derived: dict[Callable[[State], Any], Any] = {}
        self._has_state = Part.STATE in parts
        self._follows = self._projections(parts)

    def take(self, row: Row) -> None:
        """Folds one commit."""
        self._derived.clear()
        if self._has_state:
            self.state = with_row(self.state, row)
            if self.openness is not None:
                self.openness.take(self.state, row)
        fold_all(self._follows, (row,))
        self.recent.extend(recorded((row,)))
        self.seq, self.at, self.hash = row.last, row.at, row.hash
        self.event_at = row.at if row.events else self.event_at

    def derived(self, make: Callable[[State], T]) -> T:
        """Returns what follows from the state: made once for all who ask, and anew after the next commit.

        Needs: `make` is the same object each time, and reads nothing that changes but the state.
        """
        if make not in self._derived:
            self._derived[make] = make(self.state)
        made: T = self._derived[make]
        return made

    def fork(self, *parts: Part) -> Folds:
        """Returns a copy of orders and results that goes its own way from here, and folds some parts on, or nothing."""
        copy = Folds(parts)
        copy.seq, copy.at, copy.hash, copy.event_at = self.seq, self.at, self.hash, self.event_at
        copy.orders, copy.times = self.orders.fork(), self.times.fork()
        copy.pnl, copy.priced = self.pnl.fork(), self.priced.fork()
        copy.evidence, copy.ledger = self.evidence.fork(), self.ledger.fork()
        copy._follows = copy._projections(parts)
        return copy

    def _projections(self, parts: tuple[Part, ...]) -> tuple[Projection, ...]:
        follows: list[Projection] = []
        if Part.ORDERS in parts:
            follows += [self.orders, self.times]
        if Part.RESULTS in parts:
            follows += [self.pnl, self.priced, self.evidence, self.ledger]
        return tuple(follows) if parts != tuple(Part) else (*follows, self.commands, self.threads, self.raised)


class Follower:
    """Keeps the folds at the end of a journal. `unfolded` was read and is not folded yet.

    `fault` says why the journal cannot be read, None while it can, `is_broken` that no waiting will mend it; `seen_at`
    is when it was last read to its end. `thresholds` say from which net on exposure is open; `passed` is told of each
    commit that was folded.
    """

    def __init__(self, path: Path, clock: Clock, thresholds: Thresholds) -> None:
        self.path = path
        self.generation = 0
        self._thresholds = thresholds
        self.folds = self._nothing()
        self.fault: str | None = "the journal was not opened yet"
        self.seen_at: Instant | None = None
        self.passed: Callable[[Folds], None] = lambda _folds: None
        self._clock = clock
        self._reader: SqliteReader | None = None
        self._inode: INode | None = None
        self._link = START
        self.is_broken = False
        self._at_end = False
        self.unfolded: list[Row] = []

    @property
    def caught_up(self) -> bool:
        """Whether the folds have been at the end of the present journal, and it can be read."""
        return self.fault is None and self.seen_at is not None

    def look(self) -> list[Recorded]:
        """Reads and folds at most ROWS_AT_ONCE commits that came since the last look, and returns their events."""
        rows = self.read()
        self.fold()
        return list(recorded(rows))

    def read(self) -> list[Row]:
        """Returns the commits that follow what was read, at most ROWS_AT_ONCE; none where the journal has a fault."""
        try:
            if self._reader is None or _inode_of(self.path) != self._inode:
                self._open()
            rows = self._next()
        except (JournalFault, OSError) as error:
            self.fault, self.is_broken = str(error), isinstance(error, JournalBroken)
            self.close()
            return []
        self.fault, self._at_end = None, len(rows) < ROWS_AT_ONCE
        for row in rows:
            self._link = Link(self._link.row + 1, row.last, row.epoch, row.hash)
        self.unfolded += rows
        return rows

    def fold(self) -> None:
        """Folds all that was read."""
        rows, self.unfolded = self.unfolded, []
        for row in one_by_one(rows):
            self.folds.take(row)
            self.passed(self.folds)
        if self.fault is None and self._at_end:
            self.seen_at = self._clock.now()

    def close(self) -> None:
        """Releases the journal."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None

    def _open(self) -> None:
        """Opens the journal; where it does not go on from what is folded, all is folded anew."""
        self.close()
        self._inode = _inode_of(self.path)
        self._reader = open_reader(self.path)
        if self._link != START and self._inode is not None and self._goes_on(self._reader):
            return
        self.generation += 1
        self.folds, self.seen_at, self._link = self._nothing(), None, _start_of(self._reader)
        self.unfolded = []

    def _nothing(self) -> Folds:
        return Folds(openness=Openness(self._thresholds))

    def _goes_on(self, reader: SqliteReader) -> bool:
        try:
            for _ in islice(reader.read_from(self._link), 1):
                continue
            return reader.link().row > self._link.row or reader.link() == self._link
        except JournalBroken:
            return False

    def _next(self) -> list[Row]:
        assert self._reader is not None
        try:
            return list(islice(self._reader.read_from(self._link), ROWS_AT_ONCE))
        except JournalBroken:
            self._link = START
            raise


def _start_of(reader: SqliteReader) -> Link:
    return START if reader.segments() else reader.start()


def _inode_of(path: Path) -> INode:
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise JournalUnavailable(f"{path} is not there: flatbook run makes it") from error
    return status.st_dev, status.st_ino
