"""Laws of every journal: what was appended is what is read, and no byte of it can change unseen."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from flatbook.engine.ports import Journal, JournalBroken, JournalFault, Link, Row
from flatbook.events.event import Event
from flatbook.journal.archive import archive
from flatbook.journal.chain import START, link_after
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.journal.sqlite import create_journal, open_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.values.ids import Epoch, Seq, SourceId
from flatbook.values.instants import Instant
from tests.contract.journal.engines import NOW, fill_journal, mark, marks
from tests.depth import examples

Written = tuple[tuple[Event, ...], dict[SourceId, str]]
CURSORS = st.dictionaries(st.sampled_from(["base", "alpaca", "broker"]).map(SourceId), st.text(max_size=8), max_size=3)
ROWS = st.lists(st.tuples(st.integers(0, 5), CURSORS), max_size=12)
COUNTS = st.lists(st.integers(0, 4), min_size=1, max_size=12)


def append_all(journal: Journal, rows: list[tuple[int, dict[SourceId, str]]]) -> list[Written]:
    """Appends rows of so many events and these cursors; returns what must be read back."""
    epoch = journal.take_lease(NOW)
    expected = []
    for count, cursors in rows:
        after = journal.last
        events = marks(after + 1, after + count)
        journal.append(events, after=after, epoch=epoch, cursors=cursors, at=Instant(NOW + after))
        if events or cursors:
            expected.append((events, cursors))
    return expected


@given(rows=ROWS)
@settings(max_examples=examples(40))
def test_every_engine_reads_back_what_was_appended_with_the_same_hashes(
    rows: list[tuple[int, dict[SourceId, str]]],
) -> None:
    memory = MemoryJournal()
    expected = append_all(memory, rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        create_journal(path)
        with closing(open_journal(path)) as journal:
            append_all(journal, rows)
        with closing(open_reader(path)) as reader:
            read = list(reader.read())
    assert read == list(memory.read())
    assert [(row.events, row.cursors) for row in read] == expected


@given(counts=COUNTS, after=st.integers(0, 40))
def test_reading_after_an_event_gives_the_rows_that_reach_beyond_it(counts: list[int], after: int) -> None:
    journal = MemoryJournal()
    fill_journal(journal, *counts)
    beyond = [row for row in journal.read() if max(row.first, row.last) > after]
    assert list(journal.read(Seq(after))) == (beyond if after else list(journal.read()))


@given(counts=COUNTS, cuts=st.lists(st.integers(0, 40), max_size=3), after=st.integers(0, 40))
@settings(max_examples=examples(25))
def test_archiving_at_any_events_changes_nothing_that_is_read(counts: list[int], cuts: list[int], after: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite"
        create_journal(path)
        with closing(open_journal(path)) as journal:
            fill_journal(journal, *counts)
            whole, rest = list(journal.read()), list(journal.read(Seq(after)))
            links = [START, *(Link(number, row.last, row.epoch, row.hash) for number, row in enumerate(whole, 1))]
        for cut in cuts:
            archive(path, before=Seq(cut))
        with closing(open_reader(path)) as reader:
            assert list(reader.read()) == whole
            assert list(reader.read(Seq(after))) == rest
            for row, link in enumerate(links):
                assert list(reader.read_on(link) or ()) == whole[row:]


@given(counts=COUNTS, place=st.integers(0), bit=st.integers(0, 7), in_hash=st.booleans())
def test_a_bit_flipped_anywhere_is_found_at_or_right_after_its_row(
    counts: list[int], place: int, bit: int, in_hash: bool
) -> None:
    store = MemoryStore()
    fill_journal(MemoryJournal(store), *counts)
    index = place % len(store.records)
    row, hash_, body = store.records[index]
    content = bytearray(hash_ if in_hash else body)
    content[place % len(content)] ^= 1 << bit
    store.records[index] = (row, bytes(content), body) if in_hash else (row, hash_, bytes(content))
    read: list[Row] = []
    with pytest.raises(JournalBroken, match=rf"^row {row},"):
        read.extend(MemoryJournal(store).read())


@given(counts=COUNTS, place=st.integers(0), bit=st.integers(0, 7), in_hash=st.booleans())
def test_a_bit_flipped_anywhere_is_found_whatever_link_is_read_on_from(
    counts: list[int], place: int, bit: int, in_hash: bool
) -> None:
    store = MemoryStore()
    fill_journal(MemoryJournal(store), *counts)
    links = [START, *(link_after(store.records, count) for count in range(1, len(store.records) + 1))]
    index = place % len(store.records)
    row, hash_, body = store.records[index]
    content = bytearray(hash_ if in_hash else body)
    content[place % len(content)] ^= 1 << bit
    store.records[index] = (row, bytes(content), body) if in_hash else (row, hash_, bytes(content))
    for link in links:
        with pytest.raises(JournalBroken, match=rf"^row {row},"):
            list(MemoryJournal(store).read_on(link) or ())


class TwoProcesses(RuleBasedStateMachine):
    """Two processes share one journal, on each engine in step; both engines must answer alike."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        path = Path(self._open.enter_context(tempfile.TemporaryDirectory())) / "journal.sqlite"
        create_journal(path)
        store = MemoryStore()
        self.path, self.store = path, store
        self.memory = [MemoryJournal(store), MemoryJournal(store)]
        self.sqlite = [open_journal(path), open_journal(path, take_over=True)]
        self.epochs = [Epoch(0), Epoch(0)]
        self.written: list[Written] = []
        self.holder = 1

    @rule(seconds=st.integers(0, 3))
    def lease(self, seconds: int) -> None:
        """The process that opened the journal last takes the lease."""
        who = self.holder
        now = Instant(NOW + seconds * 1_000_000_000)
        self.epochs[who] = self.memory[who].take_lease(now)
        assert self.sqlite[who].take_lease(now) == self.epochs[who]

    @rule(who=st.integers(0, 1), count=st.integers(0, 3), behind=st.sampled_from([0, 0, 0, 1]), cursors=CURSORS)
    def append(self, who: int, count: int, behind: int, cursors: dict[SourceId, str]) -> None:
        """A process appends, at the end or at an end of the past."""
        after = Seq(self.store.link.last - behind)
        events = tuple(mark(after + index) for index in range(count))
        said = [self.outcome(journal, events, after, who, cursors) for journal in (self.memory[who], self.sqlite[who])]
        assert said[0] == said[1]
        if isinstance(said[0], int) and (events or cursors):
            self.written.append((events, cursors))

    @rule(who=st.integers(0, 1))
    def restart(self, who: int) -> None:
        """A process ends and another takes its place."""
        self.sqlite[who].close()
        self.holder = who
        self.memory[who], self.sqlite[who] = MemoryJournal(self.store), open_journal(self.path, take_over=True)

    def outcome(
        self, journal: Journal, events: tuple[Event, ...], after: Seq, who: int, cursors: dict[SourceId, str]
    ) -> int | str:
        """Returns the new end, or the kind of refusal."""
        try:
            return journal.append(events, after=after, epoch=self.epochs[who], cursors=cursors, at=NOW)
        except JournalFault as fault:
            return type(fault).__name__

    @precondition(lambda self: self.written)
    @invariant()
    def both_hold_what_was_accepted(self) -> None:
        """Every accepted row is there, in order, and nothing else."""
        rows = list(self.sqlite[0].read())
        assert rows == list(self.memory[0].read())
        assert [(row.events, row.cursors) for row in rows] == self.written

    def teardown(self) -> None:
        """Closes the files."""
        for journal in self.sqlite:
            journal.close()
        self._open.close()


TestTwoProcesses = TwoProcesses.TestCase
TestTwoProcesses.settings = settings(max_examples=examples(25), stateful_step_count=20)
