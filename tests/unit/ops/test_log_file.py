"""The newest records of a process on disk: bounded, private, and read from their end."""

from __future__ import annotations

import io
import stat
from pathlib import Path
from typing import Any

from flatbook.ops import log_file
from flatbook.ops.config_shape import LogLevel
from flatbook.ops.log_file import LogFile, earlier_of, newest_records
from flatbook.ops.telemetry import open_log
from flatbook.values.instants import Instant

NOON = Instant(1_764_590_400_000_000_000)
CANARY = "canary-7f3a91"


def everything(_record: dict[str, Any]) -> bool:
    return True


def counted(path: Path, most: int = 10_000) -> list[int]:
    return [record["seq"] for record in newest_records(path, everything, most)]


def test_what_is_logged_is_kept_as_it_was_written_without_what_no_record_holds(tmp_path: Path) -> None:
    path, said = tmp_path / "log" / "engine.jsonl", io.StringIO()
    kept = LogFile(path)
    log = open_log(said, now=lambda: NOON, kept=kept)
    log.info("order_filled", order_id="fb1", seq=7, api_key=CANARY)
    log.debug("not_wanted")
    kept.close()
    assert newest_records(path, everything, 9) == [
        {"at": "2025-12-01T12:00:00Z", "level": "info", "event": "order_filled", "order_id": "fb1", "seq": 7}
    ]
    assert CANARY not in path.read_text("utf-8") + said.getvalue()
    assert '"order_filled"' in said.getvalue()


def test_what_is_not_urgent_may_be_kept_without_a_word(tmp_path: Path) -> None:
    path, said = tmp_path / "engine.jsonl", io.StringIO()
    log = open_log(said, now=lambda: NOON, kept=LogFile(path), aloud=LogLevel.ERROR)
    log.info("order_filled")
    log.warning("order_unknown")
    log.error("engine_failed")
    assert [record["event"] for record in newest_records(path, everything, 9)] == [
        "engine_failed",
        "order_unknown",
        "order_filled",
    ]
    assert [line.split('"event": "')[1].split('"')[0] for line in said.getvalue().splitlines()] == ["engine_failed"]


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "log" / "engine.jsonl"
    LogFile(path).close()
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path)] == [0o700, 0o600]


def test_two_files_hold_the_newest_and_never_more_than_their_bound(tmp_path: Path) -> None:
    path = tmp_path / "engine.jsonl"
    kept = LogFile(path, bytes_max=1_000)
    for seq in range(500):
        kept.write({"seq": seq})
    kept.close()
    found = counted(path)
    assert found == list(range(499, 499 - len(found), -1))
    assert len(found) > 90
    assert [each.stat().st_size <= 1_000 for each in (path, earlier_of(path))] == [True, True]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["engine.1.jsonl", "engine.jsonl"]


def test_a_process_goes_on_where_the_one_before_ended(tmp_path: Path) -> None:
    path = tmp_path / "engine.jsonl"
    for seq in (1, 2):
        kept = LogFile(path)
        kept.write({"seq": seq})
        kept.close()
    assert counted(path) == [2, 1]


def test_so_many_are_read_as_are_wanted_and_torn_lines_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "engine.jsonl"
    path.write_bytes(b'{"seq":1}\nno json\n{"seq":2}\n{"seq":3}\n{"seq":')
    assert counted(path, 2) == [3, 2]
    assert newest_records(path, lambda record: record["seq"] == 1, 5) == [{"seq": 1}]


def test_records_are_whole_wherever_a_read_begins(tmp_path: Path) -> None:
    path = tmp_path / "engine.jsonl"
    lines = [f'{{"seq":{seq},"name":"{"x" * (seq % 97)}"}}' for seq in range(4_000)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    assert path.stat().st_size > 3 * log_file.CHUNK_BYTES
    assert counted(path) == list(range(3_999, -1, -1))


def test_no_more_is_read_than_the_bound(tmp_path: Path) -> None:
    path = tmp_path / "engine.jsonl"
    line = b'{"seq":1,"name":"' + b"x" * 1_000 + b'"}\n'
    path.write_bytes(line * (log_file.SCANNED_BYTES_MAX // len(line) + 500))
    assert len(counted(path, 100_000)) == log_file.SCANNED_BYTES_MAX // len(line)


def test_a_log_that_cannot_be_kept_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file is in the place of the folder", "utf-8")
    kept, said = LogFile(tmp_path / "log" / "engine.jsonl"), io.StringIO()
    open_log(said, now=lambda: NOON, kept=kept).warning("order_unknown")
    assert (kept.lost, "order_unknown" in said.getvalue()) == (1, True)


def test_there_is_nothing_where_nothing_was_logged(tmp_path: Path) -> None:
    assert newest_records(tmp_path / "engine.jsonl", everything, 5) == []
