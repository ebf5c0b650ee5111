"""Files that were cut off, spoilt, unpacked or emptied: what can be read is read, and the rest is said."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.captures.files import NoBook, session_of, sessions_of

RECORDED = Path(__file__).parents[1] / "recorded" / "binance" / "usdm_btcusdt_20230404.gz"
FRAME = '{"t":"recv","conn":"c","ts":%d,"data":"{}"}\n'


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def raw(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_a_file_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = session_of([raw(tmp_path / "hftbt_usdm_1_20230404.gz", RECORDED.read_bytes())])
    cut = session_of([raw(tmp_path / "hftbt_usdm_2_20230404.gz", RECORDED.read_bytes()[:60_000])])
    assert (len(whole.lines), whole.flaws) == (1_500, ())
    assert cut.lines == whole.lines[: len(cut.lines)]
    assert len(cut.lines) > 500
    assert cut.flaws[0].startswith("hftbt_usdm_2_20230404.gz is cut off or damaged")


def test_a_file_may_be_unpacked_whatever_its_name_says(tmp_path: Path) -> None:
    text = gzip.decompress(RECORDED.read_bytes())
    for name in ("hftbt_usdm_3_20230404", "hftbt_usdm_3_20230404.txt", "hftbt_usdm_3_20230404.gz"):
        assert len(session_of([raw(tmp_path / name, text)]).lines) == 1_500


def test_files_that_continue_another_are_one_session_packed_or_not(tmp_path: Path) -> None:
    for name in ("hftbt_usdm_x_20230404.gz", "hftbt_usdm_x_20230405", "hftbt_usdm_y_20230405.gz", "notes.md"):
        (tmp_path / name).touch()
    told = [[path.name for path in session] for session in sessions_of(tmp_path)]
    assert told == [["hftbt_usdm_x_20230404.gz", "hftbt_usdm_x_20230405"], ["hftbt_usdm_y_20230405.gz"]]


@pytest.mark.parametrize(
    "spoilt", ["junk\n", '{"t":"recv"}\n', '{"t":"recv","conn":"c","ts":"x","data":"{}"}\n', "nul"]
)
def test_lines_that_cannot_be_read_are_left_out_and_counted(tmp_path: Path, spoilt: str) -> None:
    session = session_of([written(tmp_path / "cf_OKX.jsonl", FRAME % 1 + spoilt + FRAME % 2)])
    assert [line.at for line in session.lines][:1] == [1.0]
    assert session.flaws == ("1 lines cannot be read",)


def test_a_frame_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    text = 'wss://x <-> 1.0\n2.0: {"a":1}\n3.0: {"a":\n4.0: pong\n'
    session = session_of([written(tmp_path / "cf_OKX.ws.1.0_2022-01-01.txt", text)])
    assert [line.text for line in session.lines] == ['{"a":1}', "pong"]
    assert session.flaws == ("1 lines cannot be read",)


def test_nothing_at_all_is_no_book(tmp_path: Path) -> None:
    for content in (b"", b"\n\n", gzip.compress(b"")):
        with pytest.raises(NoBook, match="nothing in it"):
            session_of([raw(tmp_path / "cf_OKX.jsonl.gz", content)])
    with pytest.raises(NoBook, match="cut off"):
        session_of([raw(tmp_path / "cf_OKX.jsonl.gz", b"\x1f\x8b\x08\x00")])
