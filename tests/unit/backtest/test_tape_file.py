"""A tape is written whole or not at all, read back as it was, and refused where it is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape import ROWS_IN_A_CHUNK, Clocks, Columns, Cover, Origin
from flatbook.backtest.tape_file import FileTape, Message, TapeWriter, memory_tape, read_head
from flatbook.market.ticks import Kind
from tests.unit.backtest.scenes import PERP, SPOT

BOOK = Message(
    1_000, 1_500, [(Kind.CLEAR, 0, 0, 0, 0, 0, 9), (Kind.BID, 0, 100, 5, 0, 0, 9), (Kind.ASK, 0, 101, 7, 0, 0, 9)]
)
TRADE = Message(1_200, 1_700, [(Kind.TRADE, 0, 101, 2, 1, 0, 10)])
QUOTE = Message(1_300, 1_700, [(Kind.QUOTE, 1, 1000, 3, 1001, 4, 11)])


def written(path: Path, *messages: Message) -> Path:
    writer = TapeWriter(path, (PERP, SPOT), origins=(Origin(name="a.gz", sha256="00"),))
    for message in messages:
        writer.add(message)
    writer.counts["late"] += 2
    writer.close()
    return path


def test_a_tape_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    tape = FileTape(written(tmp_path / "t.parquet", BOOK, TRADE, QUOTE))
    (columns,) = tape.chunks()
    assert columns.ts.tolist() == [1000, 1000, 1000, 1200, 1300]
    assert columns.local_ts.tolist() == [1500, 1500, 1500, 1700, 1700]
    assert columns.kind.tolist() == [0, 1, 2, 4, 3]
    assert columns.inst.tolist() == [0, 0, 0, 0, 1]
    assert columns.p1.tolist() == [0, 100, 101, 101, 1000]
    assert columns.q2.tolist() == [0, 0, 0, 0, 4]
    assert columns.seq.tolist() == [9, 9, 9, 10, 11]
    assert columns.flags.tolist() == [0, 0, 1, 1, 1]
    assert columns.kind.dtype == np.int8


def test_the_head_says_what_is_covered_and_what_was_repaired(tmp_path: Path) -> None:
    head = read_head(written(tmp_path / "t.parquet", BOOK, TRADE, QUOTE))
    assert head.rows == 5
    assert (head.first_ts, head.last_ts) == (1000, 1300)
    assert head.counts == {"late": 2}
    assert head.origins == (Origin(name="a.gz", sha256="00"),)
    assert head.instruments == (PERP, SPOT)
    assert head.covers[-1] == Cover(inst=1, kind=3, rows=1, first_ts=1300, last_ts=1300)
    assert head.kinds_of(0) == {0, 1, 2, 4}


@pytest.mark.parametrize(
    ("message", "flaw"),
    [
        (Message(900, 1_500, TRADE.rows), "time_goes_backwards"),
        (Message(1_600, 1_599, TRADE.rows), "seen_before_it_happened"),
        (Message(1_100, 1_400, TRADE.rows), "local_time_goes_backwards"),
        (Message(1_100, 1_500, [(10, 0, 1, 1, 0, 0, 0)]), "unknown_kind"),
        (Message(1_100, 1_500, [(Kind.TRADE, 2, 1, 1, 1, 0, 0)]), "unknown_instrument"),
        (Message(1_100, 1_500, [(Kind.TRADE, 0, 0, 1, 1, 0, 0)]), "number_out_of_bounds"),
        (Message(1_100, 1_500, [(Kind.TRADE, 0, 2**40, 2**23, 1, 0, 0)]), "number_out_of_bounds"),
        (Message(1_100, 1_500, [(Kind.FUNDING, 0, 10**8, 1_000, 0, 0, 0)]), "number_out_of_bounds"),
        (Message(1_100, 1_500, [(Kind.QUOTE, 0, 101, 1, 101, 1, 0)]), "crossed_quote"),
        (Message(1_100, 1_500, [(Kind.TRADE, 0, 101, 1, 2, 0, 0)]), "unknown_side"),
    ],
)
def test_rows_that_are_none_of_a_tape_are_refused_and_nothing_is_left(
    tmp_path: Path, message: Message, flaw: str
) -> None:
    path = tmp_path / "t.parquet"
    writer = TapeWriter(path, (PERP, SPOT))
    writer.add(BOOK)
    writer.add(message)
    with pytest.raises(TapeRefused, match=flaw):
        writer.close()
    writer.drop()
    assert list(tmp_path.iterdir()) == []


def test_a_number_of_more_than_64_bits_is_refused(tmp_path: Path) -> None:
    writer = TapeWriter(tmp_path / "t.parquet", (PERP,))
    with pytest.raises(TapeRefused, match="64 bits"):
        writer.add(Message(1, 1, [(Kind.TRADE, 0, 2**63, 1, 1, 0, 0)]))
    writer.drop()


def test_a_tape_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TapeRefused, match="nothing that was read"):
        TapeWriter(tmp_path / "t.parquet", (PERP,)).close()


def test_what_is_no_tape_is_refused(tmp_path: Path) -> None:
    text, table = tmp_path / "text.parquet", tmp_path / "table.parquet"
    text.write_text("no")
    pq.write_table(pa.table({"a": [1]}), table)
    with pytest.raises(TapeRefused, match="no Parquet file"):
        read_head(text)
    with pytest.raises(TapeRefused, match="is no tape"):
        read_head(table)


def test_a_tape_whose_rows_were_changed_is_refused_when_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "t.parquet", BOOK, TRADE)
    table = pq.read_table(path).replace_schema_metadata(pq.read_metadata(path).metadata)
    backwards = table.set_column(0, "ts", pa.array([1000, 1000, 1000, 999]))
    pq.write_table(backwards, path)
    with pytest.raises(TapeRefused, match="row 3: time_goes_backwards"):
        list(FileTape(path).chunks())
    pq.write_table(table.slice(0, 3), path)
    with pytest.raises(TapeRefused, match="ends too early"):
        list(FileTape(path).chunks())


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (pa.array([1, 1, 1, 1], pa.int32()), "p1 is of int32, in a tape of int64"),
        (pa.array([1.0, 1.0, 1.0, 1.0]), "p1 is of double, in a tape of int64"),
        (pa.array(["1", "1", "1", "1"]), "p1 is of string, in a tape of int64"),
        (pa.array([None, 1, 1, 1], pa.int64()), "a number of p1 is missing"),
    ],
)
def test_columns_of_another_kind_and_numbers_that_are_missing_are_refused(
    tmp_path: Path, column: pa.Array, says: str
) -> None:
    path = written(tmp_path / "t.parquet", BOOK, TRADE)
    table = pq.read_table(path).replace_schema_metadata(pq.read_metadata(path).metadata)
    pq.write_table(table.set_column(4, "p1", column), path)
    with pytest.raises(TapeRefused, match=says):
        list(FileTape(path).chunks())


def test_a_tape_without_one_of_its_columns_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "t.parquet", BOOK, TRADE)
    table = pq.read_table(path).replace_schema_metadata(pq.read_metadata(path).metadata)
    pq.write_table(table.drop_columns(["seq"]), path)
    with pytest.raises(TapeRefused, match="other columns than a tape"):
        read_head(path)


@pytest.mark.parametrize("head", [b"{", b"[]", b'{"version":1}', b"\xff"])
def test_a_head_that_cannot_be_is_refused(tmp_path: Path, head: bytes) -> None:
    path = written(tmp_path / "t.parquet", BOOK, TRADE)
    pq.write_table(pq.read_table(path).replace_schema_metadata({b"flatbook.tape": head}), path)
    with pytest.raises(TapeRefused, match="says of itself what cannot be"):
        read_head(path)


def test_a_tape_that_is_cut_off_or_spoilt_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "t.parquet", BOOK, TRADE)
    whole = path.read_bytes()
    for spoilt in (b"", whole[: len(whole) // 2], whole[:-40] + b"\0" * 20 + whole[-20:]):
        path.write_bytes(spoilt)
        with pytest.raises(TapeRefused, match=r"cut off|damaged"):
            read_head(path)
    path.write_bytes(whole[:4] + b"\xff" * 100 + whole[104:])
    with pytest.raises(TapeRefused, match="is damaged"):
        list(FileTape(path).chunks())


def test_a_long_tape_is_read_in_chunks_of_one_size(tmp_path: Path) -> None:
    rows = ROWS_IN_A_CHUNK + 10
    at = np.arange(rows, dtype=np.int64)
    one = np.ones(rows, np.int64)
    columns = Columns(
        at, at, np.full(rows, 4, np.int8), np.zeros(rows, np.int16), one, one, one, one * 0, at, np.ones(rows, np.int8)
    )
    writer = TapeWriter(tmp_path / "t.parquet", (PERP,), clocks=(Clocks(inst=0, rule="made"),))
    writer.add_columns(columns)
    head = writer.close()
    assert head.rows == rows
    assert [chunk.rows for chunk in FileTape(tmp_path / "t.parquet").chunks()] == [ROWS_IN_A_CHUNK, 10]


def test_a_tape_in_memory_is_looked_at_as_one_in_a_file() -> None:
    tape = memory_tape([BOOK, TRADE, QUOTE], (PERP, SPOT))
    (columns,) = tape.chunks()
    assert columns.flags.tolist() == [0, 0, 1, 1, 1]
    assert tape.head.rows == 5
    with pytest.raises(TapeRefused, match="time_goes_backwards"):
        memory_tape([TRADE, BOOK], (PERP, SPOT))
