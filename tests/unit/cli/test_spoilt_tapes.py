"""What cannot be read is refused with where, why and what to do: no traceback, and never a guess."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.unit.cli.scene import call
from tests.unit.services.backtest_scene import PLAN, write_tape

BARS = "ts,open,high,low,close\n2024-01-01,1,2,1,2\n"


def packed(content: bytes) -> bytes:
    """Returns a content as gzip, without the time: each process of a run of tests has to name its cases alike."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.gz", packed(b""), "x.gz is empty: record it, or copy it, again"),
        ("x.jsonl", b"", "x.jsonl is empty"),
        ("x.jsonl", b"\n{}\n", "is of no format that is known: name one of recorded streams"),
        ("x.parquet", b"PAR1 no more", "x.parquet is no Parquet file, or one that is cut off: copy it again"),
        ("x.csv", BARS.encode(), "two bars of one symbol, in order of time and with times that can be read"),
        ("x.gz", packed(b"17" * 400)[:-9], "x.gz is cut off or damaged"),
        (
            "x.json",
            b'{"error":[],"result":',
            "is no answer of Kraken with trades (Input data was truncated): download it",
        ),
        (
            "x.gz",
            packed(b'{"recorded":"nasdaq","symbols":["A"]}\n'),
            "is a recording of nasdaq, which is not read",
        ),
        ("x.gz", packed(b'1 {"recorded":"okx","symbols":[]}\n1 {}\n'), "is of no format that is known"),
    ],
)
def test_a_recording_that_is_none_is_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    for words in (("doctor",), ("convert", "--out", str(tmp_path / "t.parquet"))):
        told = call("data", words[0], str(tmp_path / name), *words[1:])
        assert (told.code, says in told.err, told.err.count("\n")) == (1, True, 1), told.err


def test_a_folder_without_files_and_one_in_the_place_of_a_tape_are_refused(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "p.toml").write_text(PLAN)
    made = call("data", "convert", str(tmp_path / "d"), "--out", str(tmp_path / "t.parquet"))
    assert (made.code, "holds no file: name recordings, or a folder of them" in made.err) == (1, True)
    ran = call("backtest", str(tmp_path / "p.toml"), "--data", str(tmp_path / "d"), "--out", str(tmp_path / "o"))
    assert (ran.code, "Is a directory; name a file" in ran.err) == (1, True)


def test_a_tape_that_was_changed_by_hand_is_refused_as_itself_and_not_as_its_plan(tmp_path: Path) -> None:
    good, bad = write_tape(tmp_path / "good.parquet", seconds=30), tmp_path / "bad.parquet"
    (tmp_path / "p.toml").write_text(PLAN)
    table, kept = pq.read_table(good), pq.ParquetFile(good).metadata.metadata
    head = {key: text for key, text in kept.items() if key != b"ARROW:schema"}
    ts = table["ts"].to_pylist()
    changes = [
        (
            table.set_column(0, "ts", [[*ts[:9], ts[2], *ts[10:]]]).cast(table.schema),
            head,
            "row 9: time_goes_backwards",
        ),
        (table, {key: text.replace(b'"0.1"', b'"NaN"', 1) for key, text in head.items()}, "tick must be above zero"),
        (table.drop(["p1"]), head, "has other columns than a tape"),
    ]
    for changed, says_of_itself, says in changes:
        with pq.ParquetWriter(bad, changed.schema) as writer:
            writer.write_table(changed)
            writer.add_key_value_metadata(says_of_itself)
        for words in (("data", "doctor", str(bad)), ("backtest", str(tmp_path / "p.toml"), "--data", str(bad))):
            told = call(*words, "--home", str(tmp_path))
            assert (told.code, told.err.startswith("flatbook: bad.parquet")) == (1, True), told.err
            assert says in told.err
            assert "make it again with flatbook data convert" in told.err


@pytest.mark.parametrize("body", ["", "x", "[]", "{}", '{"run":1}', '{"run":{"tape":5,"names":{}}}'])
def test_a_backtest_that_does_not_say_what_was_run_is_no_measure(tmp_path: Path, body: str) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "report.json").write_text(body)
    (tmp_path / "b" / "journal.sqlite").write_bytes(b"")
    tape = write_tape(tmp_path / "t.parquet", seconds=5)
    told = call("compare", str(tmp_path / "b"), "--data", str(tape), "--against", str(tmp_path / "b"))
    assert (told.code, "does not say what was run" in told.err, "run the backtest again" in told.err) == (1, True, True)


def test_a_recording_a_plan_or_nothing_in_the_place_of_another_file_says_what_to_do(tmp_path: Path) -> None:
    tape, plan = write_tape(tmp_path / "t.parquet", seconds=5), tmp_path / "p.toml"
    plan.write_text(PLAN)
    (tmp_path / "r.jsonl.gz").write_bytes(gzip.compress(b"{}"))
    wanted = [
        (plan, tmp_path / "r.jsonl.gz", "r.jsonl.gz is no tape: make a tape of it: flatbook data convert r.jsonl.gz"),
        (tape, plan, f"the plan stands first, the tape behind --data; flatbook backtest {plan} --data {tape}"),
        (tmp_path / "no.toml", tape, "no.toml: there is no such plan; look at its name"),
        (plan, tmp_path / "no.parquet", "no.parquet: No such file or directory; look at its name\n"),
    ]
    for first, second, says in wanted:
        told = call(
            "backtest", str(first), "--data", str(second), "--out", str(tmp_path / "o"), "--home", str(tmp_path)
        )
        assert told.code in (1, 2)
        assert says in told.err
