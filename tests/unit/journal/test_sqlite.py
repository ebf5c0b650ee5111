from __future__ import annotations

import os
import platform
import resource
import shutil
import signal
import sqlite3
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from flatbook.engine.ports import Fenced, JournalBroken, JournalUnavailable
from flatbook.journal import mounts, sqlite_file
from flatbook.journal.archive import archive
from flatbook.journal.copies import backup
from flatbook.journal.inspection import verify
from flatbook.journal.sqlite import CHECKPOINT_PAGES, DISK_PAGE_BYTES, create_journal, open_journal
from flatbook.journal.sqlite_reader import open_reader
from flatbook.values.ids import Epoch, Seq, SourceId
from flatbook.values.instants import Instant
from tests.contract.journal.engines import NOW, fill_journal, mark, marks, written_wal
from tests.unit.journal.child import SYNC_CALLS

can_fail_syncs = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() not in SYNC_CALLS, reason="system calls are filtered on Linux"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "book" / "journal.sqlite"
    create_journal(place)
    return place


@contextmanager
def child(what: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """Starts a process with the journal and waits until it has appended three rows."""
    arguments = [sys.executable, "-m", "tests.unit.journal.child", what, str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert line_of(process).startswith("ready ")
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def seqs_in(path: Path) -> list[int]:
    with closing(open_reader(path)) as reader:
        return [row.last for row in reader.read()]


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def test_a_new_journal_is_readable_by_its_owner_only(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_journal_is_never_made_over_another(path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="is there already"):
        create_journal(path)


def test_a_journal_is_never_made_beside_the_wal_of_a_former_one(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite-wal").write_bytes(b"frames")
    with pytest.raises(JournalUnavailable, match="-wal file is there already"):
        create_journal(tmp_path / "journal.sqlite")


def test_opening_never_makes_a_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalUnavailable, match="is not there: make it with `flatbook init`"):
        open_journal(tmp_path / "journal.sqlite")
    with pytest.raises(JournalUnavailable, match="is not there"):
        open_reader(tmp_path / "journal.sqlite")
    assert list(tmp_path.glob("journal*")) == []


@pytest.mark.parametrize("content", [b"", b"not a database at all, but a text of some length" * 100])
def test_a_file_that_is_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(content)
    for opened in (open_journal, open_reader):
        with pytest.raises(JournalBroken, match="no journal"):
            opened(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    change(path, "CREATE TABLE places (url TEXT)")
    with pytest.raises(JournalBroken, match="another program's file"):
        open_journal(path)


def test_a_journal_of_a_later_schema_is_refused(path: Path) -> None:
    change(path, "PRAGMA user_version = 2")
    with pytest.raises(JournalUnavailable, match="has schema 2, this version reads 1"):
        open_journal(path)


def test_a_trigger_slipped_into_the_file_is_refused(path: Path) -> None:
    change(path, "CREATE TRIGGER quiet AFTER INSERT ON commits BEGIN DELETE FROM commits; END")
    with pytest.raises(JournalBroken, match=r"changed schema: .* found a difference in \['quiet'\]"):
        open_reader(path)


def test_a_truncated_file_is_refused(path: Path) -> None:
    with closing(open_journal(path)) as journal:
        fill_journal(journal, *[20] * 50)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(JournalBroken, match="damaged"):
        open_journal(path)


def test_a_wrong_last_row_is_refused_before_anything_is_appended(path: Path) -> None:
    with closing(open_journal(path)) as journal:
        fill_journal(journal, 1, 1)
    change(path, "UPDATE commits SET hash = zeroblob(32) WHERE row = 2")
    with pytest.raises(JournalBroken, match="row 2, from event 2 on"):
        open_journal(path)


@pytest.mark.parametrize("column", ["hash", "body"])
def test_a_text_in_the_place_of_bytes_is_refused(path: Path, column: str) -> None:
    with closing(open_journal(path)) as journal:
        fill_journal(journal, 1, 1, 1)
    change(path, f"UPDATE commits SET {column} = 'text' WHERE row = 2")
    with pytest.raises(JournalBroken, match=r"row 2|link is unreadable"):
        seqs_in(path)


def test_a_wal_torn_at_any_byte_loses_only_the_rows_beyond(path: Path, tmp_path: Path) -> None:
    with closing(open_journal(path)) as journal:
        fill_journal(journal, 1, 1, 30)
        main, wal = path.read_bytes(), written_wal(path)
    ends = []
    for cut in (*range(0, len(wal), 331), len(wal)):
        torn = tmp_path / f"torn-{cut}" / "journal.sqlite"
        torn.parent.mkdir()
        torn.write_bytes(main)
        torn.with_name("journal.sqlite-wal").write_bytes(wal[:cut])
        with closing(open_journal(torn)) as reopened:
            ends.append(reopened.last)
            assert [row.last for row in reopened.read()] == [1, 2, 32][: [0, 1, 2, 32].index(reopened.last)]
    assert ends == sorted(ends)
    assert sorted(set(ends)) == [0, 1, 2, 32]


def test_a_journal_on_a_network_file_system_is_refused(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(f"22 1 0:21 / {path.parent} rw,relatime shared:7 - nfs4 server:/export rw\n")
    monkeypatch.setattr(mounts, "MOUNTINFO", table)
    with pytest.raises(JournalUnavailable, match="is on a nfs4 file system"):
        open_journal(path)
    with pytest.raises(JournalUnavailable, match="is on a nfs4 file system"):
        create_journal(path.with_name("other.sqlite"))


def test_a_write_that_another_program_blocks_gives_up_within_its_bound(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT_S", 0)
    with closing(open_journal(path)) as journal, closing(sqlite3.connect(path, isolation_level=None)) as other:
        epoch = fill_journal(journal, 1)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalUnavailable, match="database is locked"):
            journal.append([mark(2)], after=Seq(1), epoch=epoch, cursors={}, at=NOW)


def test_a_commit_that_fails_leaves_nothing_and_ends_the_journal(path: Path) -> None:
    def failing(connection: sqlite3.Connection) -> None:
        if connection.execute("SELECT max(row) FROM commits").fetchone() == (3,):
            raise sqlite3.OperationalError("disk I/O error")
        connection.execute("COMMIT")

    with closing(open_journal(path, commit=failing)) as journal:
        epoch = fill_journal(journal, 1, 1)
        for _ in range(2):
            with pytest.raises(JournalUnavailable, match=r"disk I/O error .* the journal was given up"):
                journal.append([mark(3)], after=Seq(2), epoch=epoch, cursors={}, at=NOW)
        with pytest.raises(JournalUnavailable, match="the journal was given up"):
            journal.take_lease(NOW)
    assert seqs_in(path) == [1, 2]


def test_a_commit_whose_answer_is_lost_is_found_by_reading_anew(path: Path) -> None:
    def deaf(connection: sqlite3.Connection) -> None:
        third = connection.execute("SELECT max(row) FROM commits").fetchone() == (3,)
        connection.execute("COMMIT")
        if third:
            raise sqlite3.OperationalError("connection lost")

    with closing(open_journal(path, commit=deaf)) as journal:
        epoch = fill_journal(journal, 1, 1)
        with pytest.raises(JournalUnavailable):
            journal.append([mark(3)], after=Seq(2), epoch=epoch, cursors={}, at=NOW)
    with closing(open_journal(path)) as journal:
        assert journal.last == 3


def test_an_instant_out_of_range_writes_nothing_and_the_journal_goes_on(path: Path) -> None:
    with closing(open_journal(path)) as journal:
        epoch = fill_journal(journal, 1)
        with pytest.raises(struct.error):
            journal.append([mark(2)], after=Seq(1), epoch=epoch, cursors={}, at=Instant(NOW * 2**40))
        assert journal.append([mark(2)], after=Seq(1), epoch=epoch, cursors={}, at=NOW) == 2


def test_a_wal_removed_under_the_journal_ends_it_at_the_next_append(path: Path) -> None:
    with closing(open_journal(path)) as journal:
        epoch = fill_journal(journal, 1)
        path.with_name("journal.sqlite-wal").unlink()
        with pytest.raises(JournalUnavailable, match="-wal was removed while it was open"):
            journal.append([mark(2)], after=Seq(1), epoch=epoch, cursors={}, at=NOW)


def test_a_file_replaced_under_the_journal_ends_it_at_the_next_checkpoint(path: Path) -> None:
    with closing(open_journal(path)) as journal:
        epoch = fill_journal(journal, 1)
        shutil.copyfile(path, path.with_name("copy"))
        path.with_name("copy").replace(path)
        large = {SourceId("base"): "x" * CHECKPOINT_PAGES * DISK_PAGE_BYTES}
        with pytest.raises(JournalUnavailable, match="was moved or replaced while it was open"):
            journal.append([mark(2)], after=Seq(1), epoch=epoch, cursors=large, at=NOW)


def test_the_wal_has_its_space_on_the_disk_before_the_first_append(path: Path) -> None:
    wal = path.with_name("journal.sqlite-wal")
    with closing(open_journal(path)) as journal:
        epoch = journal.take_lease(NOW)
        assert wal.stat().st_size == 4_120_576
        assert not any(wal.read_bytes())
        for after in range(1_000):
            journal.append([mark(after)], after=Seq(after), epoch=epoch, cursors={}, at=NOW)
        assert wal.stat().st_size == 4_120_576


def test_a_disk_without_space_for_a_whole_wal_takes_commits_as_long_as_it_can(path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with closing(open_journal(path)) as journal:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
        try:
            fill_journal(journal, 1, 1)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert path.with_name("journal.sqlite-wal").stat().st_size == 100_000
    assert seqs_in(path) == [1, 2]


def test_the_wal_stays_small_however_long_a_reader_pauses(path: Path) -> None:
    with closing(open_journal(path)) as journal, closing(open_reader(path)) as reader:
        epoch = fill_journal(journal, *[1] * 300)
        paused = reader.read()
        assert next(paused).last == 1
        for after in range(300, 3000):
            journal.append([mark(after)], after=Seq(after), epoch=epoch, cursors={}, at=NOW)
        assert path.with_name("journal.sqlite-wal").stat().st_size < 2 * CHECKPOINT_PAGES * DISK_PAGE_BYTES
        assert [row.last for row in paused][-1] == 3000


@pytest.mark.real
def test_a_second_process_is_told_who_holds_the_journal(path: Path) -> None:
    with child("hold", path) as process, pytest.raises(JournalUnavailable, match=f"is held by process {process.pid}:"):
        open_journal(path)


@pytest.mark.real
def test_a_killed_process_leaves_no_lock_and_every_row_it_said_was_there(path: Path) -> None:
    said = 3
    for _ in range(3):
        with child("append", path) as process:
            for _ in range(50):
                said = int(line_of(process).removeprefix("last "))
            process.send_signal(signal.SIGKILL)
            process.wait()
        with closing(open_journal(path)) as journal:
            assert journal.last >= said
            assert [row.last for row in journal.read()] == list(range(1, journal.last + 1))


@pytest.mark.real
def test_a_frozen_process_that_was_taken_over_is_fenced_when_it_wakes(path: Path) -> None:
    with child("hold", path) as process:
        process.send_signal(signal.SIGSTOP)
        with closing(open_journal(path, take_over=True)) as journal:
            epoch = journal.take_lease(NOW)
            journal.append([mark(4)], after=Seq(3), epoch=epoch, cursors={}, at=NOW)
            process.send_signal(signal.SIGCONT)
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            assert line_of(process).startswith("Fenced epoch")
            assert [row.epoch for row in journal.read()][2:] == [Epoch(epoch - 1), epoch]
            with pytest.raises(JournalUnavailable, match=f"is held by process {os.getpid()}"):
                open_journal(path)


@pytest.mark.real
@pytest.mark.parametrize("after_ms", [0, 20, 60, 100, 140, 200])
def test_an_archive_that_is_killed_leaves_every_row_in_one_place(path: Path, after_ms: int) -> None:
    with child("archive", path) as process:
        assert line_of(process) == "last 60003"
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=after_ms / 1000)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert verify(path).events == 60_003
    archive(path)
    verified = verify(path)
    assert (verified.rows, verified.events, verified.segments) == (4, 60_003, 1)


@pytest.mark.real
def test_a_reader_sees_the_rows_of_a_living_and_of_a_killed_process(path: Path) -> None:
    with child("append", path) as process, closing(open_reader(path)) as reader:
        said = int(line_of(process).removeprefix("last "))
        assert reader.last >= said
        for _ in range(20):
            said = int(line_of(process).removeprefix("last "))
        assert sum(len(row.events) for row in reader.read()) >= said
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert path.with_name("journal.sqlite-wal").stat().st_size > 0
    assert seqs_in(path)[-1] >= said


@pytest.mark.real
@can_fail_syncs
def test_a_sync_that_fails_ends_the_journal_and_leaves_no_half_row(path: Path) -> None:
    with child("sync fails", path) as process:
        first, second = line_of(process), line_of(process)
        process.wait()
    assert first.startswith("JournalUnavailable")
    assert "disk I/O error (SQLITE_IOERR_FSYNC)" in first
    assert "the journal was given up" in second
    assert seqs_in(path) in ([1, 2, 3], [1, 2, 3, 103])


@pytest.mark.real
@can_fail_syncs
def test_a_checkpoint_that_fails_ends_the_journal_too(path: Path) -> None:
    with child("checkpoint fails", path) as process:
        first, second = line_of(process), line_of(process)
        process.wait()
    assert "disk I/O error (SQLITE_IOERR_FSYNC)" in first
    assert "the journal was given up" in second
    assert seqs_in(path) == [1, 2, 3, 60_003]


@pytest.mark.real
def test_a_write_that_fails_ends_the_journal_and_leaves_no_half_row(path: Path) -> None:
    with child("growth fails", path) as process:
        first, second = line_of(process), line_of(process)
        process.wait()
    assert first.startswith("JournalUnavailable")
    assert "the journal was given up" in second
    assert seqs_in(path) == [1, 2, 3]


@pytest.mark.real
def test_a_backup_put_over_a_killed_journal_is_not_mixed_with_its_wal(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "backup.sqlite"
    with child("append", path) as process:
        backup(path, copy)
        for _ in range(20):
            line_of(process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    shutil.copyfile(copy, path)
    with pytest.raises(JournalUnavailable, match=r"journal\.sqlite-wal was not written for this journal\.sqlite"):
        open_journal(path)
    for suffix in ("-wal", "-shm"):
        path.with_name(f"journal.sqlite{suffix}").unlink()
    with closing(open_journal(path)) as journal:
        assert journal.last >= 3
        assert journal.take_lease(NOW) > 187_163_200


def test_a_journal_in_a_folder_without_write_permission_can_be_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "journal.sqlite"
        create_journal(path)
        with closing(open_journal(path)) as journal:
            fill_journal(journal, 2, 1)
        with unwritable(path.parent):
            assert seqs_in(path) == [2, 3]


def test_what_a_killed_process_left_can_be_read_without_write_permission(path: Path) -> None:
    with tempfile.TemporaryDirectory() as name, closing(open_journal(path)) as journal:
        fill_journal(journal, 2, 1)
        for suffix in ("", "-wal", "-shm"):
            shutil.copyfile(path.with_name(path.name + suffix), Path(name) / f"journal.sqlite{suffix}")
        with unwritable(Path(name)):
            assert seqs_in(Path(name) / "journal.sqlite") == [2, 3]


def test_a_journal_that_cannot_be_written_is_refused_at_the_start() -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "journal.sqlite"
        create_journal(path)
        with closing(open_journal(path)) as journal:
            fill_journal(journal, 2)
        with unwritable(path.parent), pytest.raises(JournalUnavailable) as refused:
            open_journal(path)
        assert str(path) in str(refused.value)
        assert seqs_in(path) == [2]


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Lets a folder be read and not written; where we are root, by being somebody else."""
    user = os.geteuid()
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    if user == 0:
        os.seteuid(65534)
    try:
        assert not os.access(folder, os.W_OK, effective_ids=True)
        yield
    finally:
        if user == 0:
            os.seteuid(user)
        folder.chmod(0o700)


def test_a_process_that_was_taken_over_cannot_take_the_lease_back(path: Path) -> None:
    with closing(open_journal(path)) as frozen, closing(open_journal(path, take_over=True)) as twin:
        epoch = fill_journal(twin, 1)
        with pytest.raises(JournalUnavailable, match="was taken over by another process"):
            frozen.take_lease(NOW)
        assert twin.append([mark(2)], after=Seq(1), epoch=epoch, cursors={}, at=NOW) == 2


def test_fenced_is_not_the_end_of_the_journal(path: Path) -> None:
    with closing(open_journal(path)) as journal:
        old = fill_journal(journal, 1)
        new = journal.take_lease(NOW)
        with pytest.raises(Fenced):
            journal.append([mark(2)], after=Seq(1), epoch=old, cursors={}, at=NOW)
        assert journal.append(marks(2, 2), after=Seq(1), epoch=new, cursors={}, at=NOW) == 2
