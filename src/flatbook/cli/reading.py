"""Reading a journal without touching it: the present, or the past as it was known then."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from flatbook import __version__
from flatbook.api.answers.moment import AsOf, as_of
from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import Where
from flatbook.cli.output import Progress, progress
from flatbook.engine.ports import JournalUnavailable, Row
from flatbook.journal.chain import Head, head_of_link
from flatbook.journal.inspection import read_until
from flatbook.journal.kept_states import SNAPSHOT_EVENTS_MIN, desk_fold, with_row
from flatbook.journal.snapshot import Snapshot, fold_journal, keep_snapshot, newest_snapshot
from flatbook.journal.sqlite_reader import SqliteReader, open_reader
from flatbook.ops.config_read import Stated, lay_environment, read_files
from flatbook.ops.home import other_home
from flatbook.state.desk import State
from flatbook.values.ids import Seq
from flatbook.values.instants import Instant, InstantRefused, instant_of_text

JOURNAL_NAME = "journal.sqlite"
PROGRESS_ROWS = 5_000
EVENT_DIGITS_MAX = 19
ANSWER_FORMAT = 7  # rises whenever the same journal would be answered otherwise


class Until(NamedTuple):
    """Where the past that was asked for ends: behind an event, behind an instant, or at the present end.

    `at` is compared with the instants of the commits: what was known then, not what had happened by then.
    """

    seq: Seq | None = None
    at: Instant | None = None


PRESENT = Until()


class Past:
    """A journal opened for reading, up to the moment that was asked for.

    `at` is when the newest commit up to there was made, `event_at` when that of the event `seq` was: a commit may hold
    nothing but cursors.
    """

    def __init__(self, reader: SqliteReader, until: Until, told: Progress, snapshots: Path) -> None:
        self.reader = reader
        self.until = until
        self.seq = Seq(0)
        self.at: Instant | None = None
        self.event_at: Instant | None = None
        self._hash = b""
        self._told = told
        self._snapshots = snapshots

    def head(self) -> Head:
        """Returns the end of the whole journal."""
        return self.reader.head()

    def read(self, after: Seq = Seq(0)) -> Iterator[Row]:
        """Streams the commits up to the moment that are not wholly at or before an event; remembers their end."""
        total = self.reader.last if self.until.seq is None else self.until.seq
        self.seq, self.at, self.event_at = Seq(0), None, None
        rows = read_until(self.reader.read(after), seq=self.until.seq, at=self.until.at)
        for count, row in enumerate(rows, 1):
            self.seq, self.at, self._hash = row.last, row.at, row.hash
            self.event_at = row.at if row.events else self.event_at
            yield row
            if count % PROGRESS_ROWS == 0:
                self._told(row.last, total)

    def state(self) -> State:
        """Returns the state that the commits tell; the present one from the newest snapshot on, where there is one."""
        fold = desk_fold()
        if self.until != PRESENT or fold is None:
            return reduce(with_row, self.read(), State())
        folded = fold_journal(self, self._snapshots, fold, events_min=SNAPSHOT_EVENTS_MIN)
        self.seq, self.at, self.event_at = folded.seq, folded.at, self._committed_at(folded.seq)
        return folded.state

    def _committed_at(self, seq: Seq) -> Instant | None:
        rows = self.reader.read(Seq(seq - 1)) if seq else ()
        return next((row.at for row in rows if row.last >= seq), None)

    def answer(self, verb: str, asked: Mapping[str, Any], make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Returns what the same question was answered when the journal ended where it ends now; else a new answer.

        Needs: `make` reads to the moment that was asked for, and its answer follows from the journal and the question.
        Gives: the newest answers about the present end of a long journal are kept beside it, as snapshots are.
        """
        fold, question = f"{verb} {ANSWER_FORMAT} {__version__}", json.dumps(asked, sort_keys=True)
        if self.until != PRESENT:
            return make()
        kept = newest_snapshot(self.reader, self._snapshots, fold)
        if kept is not None and head_of_link(kept.link) == self.head():
            stated: dict[str, Any] = json.loads(kept.state)
            if stated["question"] == question:
                return dict(stated["answer"])
        answer = make()
        end = self.reader.link()
        if self.at is not None and self.seq >= SNAPSHOT_EVENTS_MIN and self._hash == end.hash:
            state = json.dumps({"question": question, "answer": answer}).encode()
            with suppress(JournalUnavailable):
                keep_snapshot(self._snapshots, Snapshot(fold=fold, link=end, at=self.at, state=state))
        return answer

    def moment(self) -> AsOf:
        """Returns the moment that was reached, for the answer."""
        return as_of(self.seq, self.event_at)

    def as_of(self) -> dict[str, Any]:
        """Returns the moment that was reached, for an answer that is made of tables."""
        body: dict[str, Any] = msgspec.to_builtins(self.moment())
        return body


@contextmanager
def past_of(where: Where, at: str | None = None) -> Iterator[Past]:
    """Opens the journal of a desk for reading, as it was known at a moment or as it is now.

    Meanwhile nothing is searched for garbage: what a verb loads, it needs until it has answered.
    """
    reader = open_reader(check_journal(journal_path(where)))
    gc.disable()
    try:
        yield Past(reader, until_of(at, reader.last), progress("reading"), where.snapshots)
    finally:
        gc.enable()
        reader.close()


def check_journal(path: Path) -> Path:
    """Returns the path when there is a journal."""
    if not path.is_file():
        do = f"flatbook run makes one, flatbook restore puts one back, {other_home(path.parent)}"
        raise Failed(Exit.USAGE, "there is no journal", where=str(path), do=do)
    return path


def journal_path(where: Where) -> Path:
    """Returns where the configuration keeps the journal; its usual place when there is no configuration."""
    named: Any = None
    if where.config is not None or where.config_path.is_file():
        tree = read_files(where.config_path)
        lay_environment(tree, os.environ)
        section = tree.get("journal")
        named = section.get("path") if isinstance(section, dict) else None
    value = named.value if isinstance(named, Stated) else None
    return where.folder / (value if isinstance(value, str) and value else JOURNAL_NAME)


def until_of(text: str | None, last: Seq) -> Until:
    """Returns the moment that a text names: the number of an event, or an instant."""
    if text is None:
        return PRESENT
    if text.isascii() and text.isdecimal():
        if len(text) > EVENT_DIGITS_MAX or int(text) > last:
            named = f"--at {text[:EVENT_DIGITS_MAX]}"
            raise Failed(Exit.USAGE, f"the journal ends at event {last}", where=named, do="name an earlier one")
        return Until(seq=Seq(int(text)))
    try:
        return Until(at=instant_of_text(text))
    except InstantRefused as error:
        raise Failed(Exit.USAGE, str(error), where="--at", do="give an instant or the number of an event") from error


def as_of_line(body: dict[str, Any]) -> str:
    """Returns the sentence that says which moment an answer speaks of."""
    as_of = body["as_of"]
    return f"as of event {as_of['seq']}, committed {as_of['at'] or 'never'}"
