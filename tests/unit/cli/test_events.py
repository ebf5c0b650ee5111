"""The journal shown, exported, verified and archived from the command line."""

from __future__ import annotations

import contextlib
import csv
import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from flatbook.journal.sqlite import open_journal
from tests.unit.cli.scene import call, flat_desk, keep


def test_tail_shows_the_latest_events_one_line_each(flat: Path) -> None:
    told = call("events", "tail", "-n", "2", "--home", str(flat))
    lines = told.out.splitlines()
    assert [line.split()[0] for line in lines] == ["13", "14"]
    assert [line.split()[2] for line in lines] == ["order_accepted", "order_filled"]


def test_tail_of_one_type_only(flat: Path) -> None:
    body = call("events", "tail", "--type", "order_filled", "--json", "--home", str(flat)).body()
    assert body["schema"] == "flatbook.events.tail.v1"
    assert [event["seq"] for event in body["events"]] == [9, 14]
    event = body["events"][0]
    assert (event["qty"], event["price"], event["happened_at"]) == ("1.5", "250.02", "2025-12-02T14:32:00Z")
    both = call(
        "events", "tail", "--type", "order_filled", "--type", "vault_filled", "--json", "--home", str(flat)
    ).body()
    assert [event["seq"] for event in both["events"]] == [6, 9, 10, 11, 14]


def test_a_type_that_no_event_has_is_refused(flat: Path) -> None:
    told = call("events", "tail", "--type", "order_fill", "--home", str(flat))
    assert told.code == 2
    assert "no event has the type 'order_fill'; did you mean order_filled" in told.err
    unlike = call("events", "tail", "--type", "xyz", "--home", str(flat))
    assert "no event has the type 'xyz'; flatbook events tail shows some\n" in unlike.err


def test_a_stretch_is_written_to_a_file_that_proves_itself(flat: Path, tmp_path: Path) -> None:
    to = tmp_path / "stretch.zip"
    told = call("events", "bundle", "--first", "6", "--last", "9", "--to", str(to), "--json", "--home", str(flat))
    made = told.body()
    assert (told.code, made["schema"], made["first"], made["last"]) == (0, "flatbook.events.bundle.v1", 6, 9)
    checked = call("events", "check", str(to))
    assert (checked.code, checked.out.splitlines()[0]) == (0, f"{to} proves itself")
    assert checked.out.splitlines()[-1] == f"it ends with hash {made['head']['hash']}, row {made['head']['rows']}"


def test_a_bundle_is_not_written_over_a_file_nor_of_what_there_is_not(flat: Path, tmp_path: Path) -> None:
    there, beyond = tmp_path / "there.zip", tmp_path / "beyond.zip"
    there.touch()
    assert call("events", "bundle", "--to", str(there), "--home", str(flat)).code == 2
    told = call("events", "bundle", "--first", "15", "--to", str(beyond), "--home", str(flat))
    assert (told.code, beyond.exists()) == (2, False)
    assert "there are no events 15 to 14: the journal has 1 to 14" in told.err


def test_what_is_no_bundle_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "none.zip").write_bytes(b"nothing")
    told = call("events", "check", str(tmp_path / "none.zip"))
    assert (told.code, "have it written again" in told.err) == (1, True)
    assert call("events", "check", str(tmp_path / "missing.zip")).code == 2


def test_export_writes_json_lines_that_state_amounts_as_text(flat: Path, tmp_path: Path) -> None:
    to = tmp_path / "events.jsonl"
    told = call("events", "export", "--to", str(to), "--home", str(flat))
    assert (told.code, told.out) == (0, f"wrote 14 events to {to}\n")
    lines = [json.loads(line) for line in to.read_text().splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, 15))
    assert {line["schema"] for line in lines} == {"flatbook.event.v1"}
    assert (lines[5]["type"], lines[5]["shares"], lines[5]["key"]["block"]) == (
        "vault_filled",
        "1.500000000000000000",
        1001,
    )
    assert "." not in json.dumps([value for line in lines for value in line.values() if isinstance(value, int | float)])


def test_export_to_standard_output_is_the_same(flat: Path, tmp_path: Path) -> None:
    call("events", "export", "--to", str(tmp_path / "x"), "--home", str(flat))
    assert call("events", "export", "--home", str(flat)).out == (tmp_path / "x").read_text()


def test_export_as_csv_is_a_table_whose_last_column_is_the_event(flat: Path, tmp_path: Path) -> None:
    to = tmp_path / "events.csv"
    body = call(
        "events", "export", "--format", "csv", "--to", str(to), "--at", "9", "--json", "--home", str(flat)
    ).body()
    assert (body["events"], body["format"]) == (9, "csv")
    with to.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["seq"] for row in rows] == [str(seq) for seq in range(1, 10)]
    assert json.loads(rows[8]["event"])["price"] == "250.02"


def test_export_never_overwrites_and_never_mixes_two_answers(flat: Path, tmp_path: Path) -> None:
    to = tmp_path / "there"
    to.write_text("mine")
    assert call("events", "export", "--to", str(to), "--home", str(flat)).code == 2
    assert to.read_text() == "mine"
    assert call("events", "export", "--json", "--home", str(flat)).code == 2


def test_verify_reads_everything_and_names_the_end(flat: Path, tmp_path: Path) -> None:
    anchor = tmp_path / "anchor"
    body = call("events", "verify", "--anchor-to", str(anchor), "--json", "--home", str(flat)).body()
    assert (body["events"], body["anchored"], body["head"]["last"]) == (14, False, 14)
    again = call("events", "verify", "--anchor", str(anchor), "--home", str(flat))
    assert again.code == 0
    assert "is whole, and holds the anchor: 14 events" in again.out


def test_verify_finds_an_edited_row(tmp_path: Path) -> None:
    path = keep(flat_desk(), tmp_path)
    with sqlite3.connect(path) as connection:
        row, body = connection.execute("SELECT row, body FROM commits WHERE instr(body, '250.02')").fetchone()
        connection.execute("UPDATE commits SET body = ? WHERE row = ?", (body.replace(b"250.02", b"250.03"), row))
    connection.close()
    told = call("events", "verify", "--home", str(tmp_path))
    assert told.code == 1
    assert "its content does not give its hash" in told.err
    assert told.err.count("\n") == 1


def test_verify_with_an_anchor_finds_a_tail_that_was_cut_off(tmp_path: Path) -> None:
    path = keep(flat_desk(), tmp_path)
    anchor = tmp_path / "anchor"
    assert call("events", "verify", "--anchor-to", str(anchor), "--home", str(tmp_path)).code == 0
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM commits WHERE row = (SELECT max(row) FROM commits)")
    connection.close()
    assert call("events", "verify", "--home", str(tmp_path)).code == 0
    told = call("events", "verify", "--anchor", str(anchor), "--home", str(tmp_path))
    assert told.code == 1
    assert "the tail of the journal is missing" in told.err


def test_a_backup_is_read_whole_in_the_place_of_the_journal(flat: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    assert call("backup", str(copy), "--home", str(flat)).code == 0
    body = call("events", "verify", "--backup", str(copy), "--json", "--home", str(tmp_path)).body()
    assert (body["path"], body["events"], body["head"]["last"]) == (str(copy), 14, 14)
    copy.write_bytes(copy.read_bytes()[:8_000])
    assert call("events", "verify", "--backup", str(copy), "--home", str(tmp_path)).code == 1
    assert call("events", "verify", "--backup", str(tmp_path / "none"), "--home", str(tmp_path)).code == 2


def test_an_anchor_that_is_none_is_refused(flat: Path, tmp_path: Path) -> None:
    assert call("events", "verify", "--anchor", str(tmp_path / "gone"), "--home", str(flat)).code == 2
    (tmp_path / "bad").write_text("{}")
    assert "is no anchor" in call("events", "verify", "--anchor", str(tmp_path / "bad"), "--home", str(flat)).err


def test_archive_moves_older_rows_and_readers_still_see_all(tmp_path: Path) -> None:
    keep(flat_desk(), tmp_path)
    before = call("pnl", "--json", "--home", str(tmp_path)).out
    body = call("events", "archive", "--before", "9", "--json", "--home", str(tmp_path)).body()
    assert (body["events"], body["end"]["last"]) == (8, 8)
    assert Path(body["path"]).is_file()
    assert call("pnl", "--json", "--home", str(tmp_path)).out == before
    assert call("events", "verify", "--json", "--home", str(tmp_path)).body()["segments"] == 1
    assert call("events", "archive", "--before", "9", "--home", str(tmp_path)).out == "nothing to move\n"


def test_archive_is_refused_while_somebody_writes(tmp_path: Path) -> None:
    path = keep(flat_desk(), tmp_path)
    journal = open_journal(path)
    try:
        told = call("events", "archive", "--home", str(tmp_path))
    finally:
        journal.close()
    assert told.code == 1
    assert "is held by process" in told.err


# Whoever was started in the background of a shell was told to ignore interrupts, and so are his children.
HEEDING = """
import signal, sys
from flatbook.cli.app import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.real
def test_follow_shows_new_events_as_they_are_committed(tmp_path: Path) -> None:
    from flatbook.events.control import EngineStopped
    from flatbook.values.instants import Instant

    path = keep(flat_desk(), tmp_path)
    words = [
        sys.executable,
        "-c",
        HEEDING,
        "events",
        "tail",
        "-n",
        "1",
        "--follow",
        "--json",
        "--home",
        str(tmp_path),
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["seq"] == 14
        journal = open_journal(path)
        epoch = journal.take_lease(Instant(0))
        stopped = EngineStopped(reason="test", stopped_at=Instant(0))
        journal.append((stopped,), after=journal.last, epoch=epoch, cursors={}, at=Instant(0))
        journal.close()
        new = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert (new["seq"], new["type"], new["reason"]) == (15, "engine_stopped", "test")


def test_a_tail_that_was_cut_off_is_found_by_the_note_beside_the_journal(tmp_path: Path) -> None:
    path = keep(flat_desk(), tmp_path)
    journal = open_journal(path)
    head = journal.head()
    journal.close()
    path.with_name("journal.sqlite.head").write_bytes(msgspec.json.encode(head).ljust(256))
    assert call("events", "verify", "--home", str(tmp_path)).code == 0
    with contextlib.closing(sqlite3.connect(path)) as file, file:
        file.execute("delete from commits where row = ?", (head.rows,))
    told = call("events", "verify", "--home", str(tmp_path))
    assert told.code == 1
    assert "the tail of the journal is missing" in told.err
    (tmp_path / "restored").touch()
    assert call("events", "verify", "--home", str(tmp_path)).code == 0
