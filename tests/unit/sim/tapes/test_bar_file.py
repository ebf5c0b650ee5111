"""Files of minute bars: read, or refused with the line and what to do."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from flatbook.sim.tapes.bar_file import BarsRefused, bars_of_csv, read_bars
from flatbook.values.instants import instant_of_text

GOOD = b"ts,open,high,close\n2025-12-02T14:31:00Z,100.5,101,100.75\n2025-12-02T09:30:00-05:00,100,101,100.25\n"


@pytest.mark.parametrize(("name", "content"), [("coin.csv", GOOD), ("coin.csv.gz", gzip.compress(GOOD, mtime=0))])
def test_bars_are_read_packed_or_not_in_any_order(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    bars = read_bars(tmp_path / name)
    assert [(bar.starts_at, str(bar.open), str(bar.close)) for bar in bars] == [
        (instant_of_text("2025-12-02T14:30:00Z"), "100", "100.25"),
        (instant_of_text("2025-12-02T14:31:00Z"), "100.5", "100.75"),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no column ts, open, close: its first line"),
        (b"ts,open\n", "has no column close"),
        (GOOD + b"yesterday,1,1,1\n", "line 4: 'yesterday' is not an RFC 3339 instant"),
        (GOOD + b"2025-12-02T14:40:00Z,one,1,1\n", "line 4: 'one' is not a decimal number"),
        (GOOD + b"2025-12-02T14:40:00Z,1\n", "line 4: "),
        (GOOD + b"2025-12-02T14:40:00Z,0,1,1\n", "above zero: correct or remove that bar"),
        (GOOD + b"2025-12-02T14:30:30Z,1,1,1\n", "overlap"),
        (b"\xff\xfe", "damaged or no text"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(content: bytes, said: str) -> None:
    with pytest.raises(BarsRefused, match=r"coin\.csv") as refused:
        bars_of_csv(content, name="coin.csv")
    assert said in str(refused.value)


def test_a_cut_archive_is_refused() -> None:
    with pytest.raises(BarsRefused, match="cut off"):
        bars_of_csv(gzip.compress(GOOD)[:-12], name="coin.csv.gz")
