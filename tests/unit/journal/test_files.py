from __future__ import annotations

from pathlib import Path

import pytest

from flatbook.engine.ports import JournalUnavailable
from flatbook.journal.files import make_folder, written_whole


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with written_whole(target, mode=0o400) as part:
        part.write_bytes(b"all of it")
        assert not target.exists()
    assert target.read_bytes() == b"all of it"
    assert target.stat().st_mode & 0o777 == 0o400
    assert list(tmp_path.glob("file*")) == [target]


def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with pytest.raises(UnicodeEncodeError), written_whole(target) as part:
        part.write_bytes(b"half" + "\ud800".encode())
    assert target.read_bytes() == b"old"
    assert list(tmp_path.glob("file*")) == [target]


def test_what_the_disk_refuses_is_said_with_the_target(tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "file"
    with pytest.raises(JournalUnavailable, match="nowhere/file cannot be written: No such file"), written_whole(target):
        raise AssertionError("there is no file to fill")


def test_a_folder_is_made_for_its_owner_and_only_once(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(JournalUnavailable, match="cannot be made a folder"):
        make_folder(tmp_path / "file")
