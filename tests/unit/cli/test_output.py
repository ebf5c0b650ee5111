"""Tables for people and objects for programs: what is shown is what is there, and nothing can dress it up."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import subprocess
import sys
from typing import Any

import pytest

from flatbook.cli.output import (
    Column,
    Table,
    Told,
    ago,
    brief,
    cents,
    latest,
    print_told,
    printable,
    progress,
    short,
    show,
)

ROWS: list[dict[str, Any]] = [
    {"name": "a", "qty": "1.5", "note": None, "open": True},
    {"name": "[bold]b", "qty": "-10", "note": "", "open": False},
]
TABLE = Table(
    "things", (Column("name", "name"), Column("quantity>", "qty"), Column("note", "note"), Column("open", "open")), ROWS
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Says so."""
        return True


def shown(stream: io.StringIO, *, as_json: bool = False) -> str:
    with contextlib.redirect_stdout(stream):
        show("things", {"rows": ROWS}, lambda: ("first", TABLE), as_json=as_json)
    return stream.getvalue()


def test_a_plain_table_has_columns_numbers_to_the_right_and_no_empty_column() -> None:
    assert shown(io.StringIO()) == (
        "first\n\nthings:\n  name     quantity  open\n  a             1.5  yes\n  [bold]b       -10  no\n"
    )


def test_a_table_on_a_terminal_shows_markup_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    told = shown(Terminal())
    assert "[bold]b" in told
    assert "note" not in told


def test_a_table_wider_than_its_terminal_takes_more_lines_and_cuts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    rule = 17 * "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
    assert shown(Terminal()) == (
        "first\n\nthings\n  name     quantity\n    open\n"
        f"  {rule}\n  a             1.5\n    yes\n  [bold]b       -10\n    no\n\n"
    )


def test_what_is_known_of_a_thing_breaks_between_words_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    out = Terminal()
    with contextlib.redirect_stdout(out):
        print_told(Told("7  filled", ["qty=1.5", "price=250.25", "id=" + "x" * 30]))
    assert out.getvalue() == "7  filled  qty=1.5\n    price=250.25\n    id=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"


def test_what_is_left_out_is_said() -> None:
    assert (latest(0, 0, "order"), latest(1, 1, "order")) == ("no orders", "1 order")
    assert latest(50, 54, "order") == "the latest 50 of 54 orders; --limit 0: all"


def test_an_object_names_its_schema_and_is_pure_ascii() -> None:
    told = shown(io.StringIO(), as_json=True)
    assert json.loads(told) == {"schema": "flatbook.things.v1", "rows": ROWS}
    assert told.isascii()


def test_nothing_that_moves_or_hides_is_printed() -> None:
    assert printable("a\x1b[31m\u202e\u2066b\ttab\x9b") == "a\ufffd[31m\ufffd\ufffdb\ufffdtab\ufffd"


def test_dollars_for_people_are_the_nearest_cent_and_quantities_are_cut() -> None:
    assert (cents("1234567.894"), cents("-0.009"), cents(None)) == ("1,234,567.89", "-0.01", None)
    assert (cents("-0.004"), cents("0.005")) == ("0.00", "0.01")
    assert (short("1.2345678"), short("250.00"), short(None)) == ("1.234567", "250", None)


def test_long_hashes_are_cut_for_people() -> None:
    assert brief("fill:8453:0x" + "ab" * 32 + ":7@0xabcdef12") == "fill:8453:0xabababababab..:7@0xabcdef12"
    assert brief("exec:paper:COIN:1") == "exec:paper:COIN:1"
    assert brief(None) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (61, "1 min 1 s"), (3_660, "1 h 1 min"), (90_000, "1 d 1 h")]
)
def test_ages_are_told_in_two_units(seconds: int, text: str) -> None:
    assert ago(seconds) == text


def test_progress_is_told_by_lines_where_a_program_reads_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLATBOOK_PROGRESS", "lines")
    told = progress("copying pages")
    told(1, 2_000)
    told(2_000, 2_000)
    assert capsys.readouterr().err == "copying pages: 1 of 2,000\ncopying pages: 2,000 of 2,000\n"


def test_progress_is_silent_where_nobody_watches() -> None:
    err = io.StringIO()
    with contextlib.redirect_stderr(err):
        progress("reading")(1, 2)
    assert err.getvalue() == ""
    watched = Terminal()
    with contextlib.redirect_stderr(watched):
        progress("reading")(1_000, 2_000)
    assert watched.getvalue() == "\r\x1b[Kreading: 1,000 of 2,000"


def answered(answer: bytes) -> int:
    """Runs a kill at a terminal, types an answer, and returns the exit code."""
    ours, theirs = pty.openpty()
    try:
        words = [sys.executable, "-m", "flatbook", "kill", "--reason", "test"]
        with subprocess.Popen(words, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs) as process:
            os.write(ours, answer)
            return process.wait(60)
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.real
def test_at_a_terminal_only_yes_goes_on() -> None:
    assert answered(b"no\n") == 2
    assert answered(b"\n") == 2
    assert answered(b"yes\n") == 3
