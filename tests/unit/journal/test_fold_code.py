from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import flatbook
from flatbook.journal.fold_code import FOLDING, code_of, fold_code

PACKAGE = Path(flatbook.__file__).parent


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package, to be changed."""
    for name in FOLDING:
        shutil.copytree(PACKAGE / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_a_copy_of_the_code_is_the_same_code(package: Path) -> None:
    assert code_of(package) == fold_code()
    assert len(fold_code() or "") == 32


@pytest.mark.parametrize(
    "name", ["values/money.py", "events/orders.py", "state/order_fold.py", "engine/recover.py", "journal/chain.py"]
)
def test_one_changed_byte_makes_it_other_code(package: Path, name: str) -> None:
    changed = package / name
    changed.write_bytes(changed.read_bytes()[:-1] + b" ")
    assert code_of(package) != fold_code()


def test_code_that_moved_came_or_went_is_other_code(package: Path) -> None:
    (package / "state" / "halts.py").rename(package / "state" / "stops.py")
    moved = code_of(package)
    (package / "state" / "stops.py").unlink()
    gone = code_of(package)
    (package / "state" / "halts.py").touch()
    assert len({fold_code(), moved, gone, code_of(package)}) == 4


def test_another_version_of_python_or_msgspec_is_other_code(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(msgspec, "__version__", "0.0.1")
    other_msgspec = code_of(package)
    monkeypatch.undo()
    monkeypatch.setattr(sys, "version", "3.99.0")
    assert len({fold_code(), other_msgspec, code_of(package)}) == 3


@pytest.mark.parametrize("name", FOLDING)
def test_code_without_its_source_has_no_name(package: Path, name: str) -> None:
    shutil.rmtree(package / name)
    assert code_of(package) is None


def test_all_that_a_fold_imports_of_ours_is_part_of_it() -> None:
    said = "import sys, flatbook.engine.recover, flatbook.journal.sqlite; print(*sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True).stdout.split()
    ours = {name.split(".")[1] for name in modules if name.startswith("flatbook.")}
    assert ours == set(FOLDING)
