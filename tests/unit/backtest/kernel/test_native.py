"""The machine code of the simulator: what it is made of, and that it is never taken where it is not whole."""

from __future__ import annotations

from pathlib import Path

import pytest

import flatbook
from flatbook.backtest.kernel import block, compiled, desk_table, native, tables
from flatbook.market import ticks


def test_the_digest_is_of_all_that_is_compiled() -> None:
    root = Path(flatbook.__file__).parent
    kept = (*compiled.MODULES, compiled, block, desk_table, tables, ticks)
    made_of = {Path(str(module.__file__)) for module in kept}
    assert made_of == {root / name for name in native.SOURCES}


def test_every_function_that_is_compiled_has_a_name_of_its_own() -> None:
    names = [function.__name__ for module in compiled.MODULES for function in module.COMPILED]
    assert len(names) == len(set(names))


def test_machine_code_that_is_not_whole_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "simulator-1.o"
    native._keep(path, "name", b"code\nmore")
    assert native._read(path) == ("name", b"code\nmore")
    path.write_bytes(path.read_bytes()[:-1])
    assert native._read(path) is None
    assert native._read(tmp_path / "none") is None


def test_only_the_newest_few_are_kept(tmp_path: Path) -> None:
    for number in range(7):
        native._keep(tmp_path / f"simulator-{number}.o", "name", b"code")
    assert len(list(tmp_path.iterdir())) == 4


def test_code_that_was_compiled_is_kept_for_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    native.native()
    assert native.is_kept()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert not native.is_kept()


def test_a_folder_that_cannot_be_written_keeps_nobody_waiting(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with native._alone(blocked / "folder"):
        assert not (blocked / "folder").exists()
    with native._alone(tmp_path / "folder"):
        assert (tmp_path / "folder" / "compiling").exists()
