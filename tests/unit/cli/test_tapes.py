from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flatbook.backtest.kernel import native
from flatbook.cli.tapes import need_packages
from tests.unit.cli.scene import call
from tests.unit.services.test_tapes import FIRST, SECOND, recorded


def test_recordings_become_a_tape_that_is_listed(tmp_path: Path) -> None:
    source = recorded(tmp_path / "a.gz", *FIRST, *SECOND)
    made = call("data", "convert", str(source), "--tick", "0.01", "--json", "--home", str(tmp_path)).body()
    assert (made["schema"], made["rows"]) == ("flatbook.data.convert.v1", 6)
    assert made["path"] == str(tmp_path / "data" / "a.parquet")
    assert (made["instruments"][0]["tick"], made["instruments"][0]["lot"]) == ("0.01", "0.1")
    again = call("data", "convert", str(source), "--home", str(tmp_path))
    assert (again.code, "is there already" in again.err) == (2, True)
    listed = call("data", "list", "--json", "--home", str(tmp_path)).body()
    assert [tape["instruments"][0]["id"] for tape in listed["tapes"]] == ["binance:BTCUSDT"]


def test_a_file_that_is_no_tape_is_listed_as_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.parquet").write_text("no")
    listed = call("data", "list", "--home", str(tmp_path))
    assert (listed.code, "no Parquet file" in listed.out) == (1, True)


def test_the_doctor_looks_at_recordings_and_at_tapes(tmp_path: Path) -> None:
    source = recorded(tmp_path / "a.gz", *FIRST, *SECOND)
    sound = call("data", "doctor", str(source), "--home", str(tmp_path))
    assert (sound.code, sound.out.splitlines()[-1]) == (0, "nothing is wrong with it")
    broken = recorded(tmp_path / "b.gz", *FIRST, SECOND[0].replace('"U":3', '"U":4'), SECOND[1])
    assert call("data", "convert", str(broken), "--home", str(tmp_path)).code == 0
    told = call("data", "doctor", str(tmp_path / "data" / "b.parquet"), "--home", str(tmp_path))
    assert (told.code, told.out.splitlines()[-1]) == (1, "BROKEN  book_lost: book_gap 1")


def test_the_doctor_notes_a_tape_without_trades_as_no_fault(tmp_path: Path) -> None:
    source = recorded(tmp_path / "a.gz", *FIRST[:2], SECOND[0])
    told = call("data", "doctor", str(source), "--home", str(tmp_path))
    note = "NOTE    binance:BTCUSDT has a book and no trades: an order fills only where the other side reaches it"
    assert (told.code, told.out.splitlines()[-2:]) == (0, [note, "nothing is wrong with it"])


def test_a_tape_becomes_an_event_array(tmp_path: Path) -> None:
    source = recorded(tmp_path / "a.gz", *FIRST, *SECOND)
    words = ("data", "convert", str(source), "--to", "hftbacktest", "--out", str(tmp_path / "a.npz"))
    assert call(*words, "--instrument", "nobody", "--home", str(tmp_path)).code == 2
    made = call(*words, "--json", "--home", str(tmp_path)).body()
    assert (made["events"], len(np.load(tmp_path / "a.npz")["data"])) == (6, 6)


def test_a_step_must_be_a_number_above_zero(tmp_path: Path) -> None:
    source = recorded(tmp_path / "a.gz", *FIRST)
    for step in ("0", "x"):
        assert call("data", "convert", str(source), "--lot", step, "--home", str(tmp_path)).code == 2


def test_a_recording_without_a_connection_says_so_and_leaves_no_file(tmp_path: Path) -> None:
    words = ("data", "record", "binanceusdm", "NOPE", "--for", "1", "--url", "http://127.0.0.1:1")
    told = call(*words, "--out", str(tmp_path / "x.gz"), "--home", str(tmp_path))
    assert (told.code, "binanceusdm: nothing was heard: no connection stood" in told.err) == (1, True)
    assert not (tmp_path / "x.gz").exists()


def test_what_is_to_be_recorded_or_downloaded_is_checked_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_text("")
    record = ("data", "record", "binance", "BTCUSDT", "--for", "1", "--home", str(tmp_path))
    assert call(*record, "--out", str(tmp_path / "x.gz")).code == 2
    span = ("--since", "2024-01-01T00:00:00Z", "--until", "2024-01-02T00:00:00Z", "--home", str(tmp_path))
    told = call("data", "download", "binance", "BTCUSDT", "--interval", "7m", *span)
    assert (told.code, "no interval '7m'" in told.err) == (2, True)
    assert call("data", "download", "binance", "BTCUSDT", "--what", "funding", *span).code == 1


@pytest.mark.parametrize("is_kept", [False, True])
def test_the_first_compile_is_announced_where_nobody_sits_at_a_terminal_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], is_kept: bool
) -> None:
    monkeypatch.setattr(native, "is_kept", lambda: is_kept)
    need_packages()
    told = "" if is_kept else "compiling the simulator: some 30 s of CPU, this once\n"
    assert capsys.readouterr() == ("", told)
