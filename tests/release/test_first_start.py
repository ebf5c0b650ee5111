"""An installation that was cut off heals at the next `make`, by a Python and a uv that only play their parts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tidy.reading import ROOT

PLAYED = """#!/bin/sh
if [ "$1" = -m ] && [ "$2" = venv ]; then
    [ "$3" = --clear ] && rm -rf .venv
    mkdir -p .venv/bin
    echo "$*" >> calls
    if [ ! -e cut ]; then touch cut .venv/bin/half; exit 130; fi
    cp "$0" .venv/bin/python
elif [ "$1" = -m ] && [ "$2" = pip ]; then
    touch .venv/bin/uv
fi
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with the Makefile, and a Python whose first virtual environment is cut off while it is made."""
    for name in ("Makefile", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "python").write_text(PLAYED)
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def make(clone: Path) -> int:
    return subprocess.run(
        ["make", f"PYTHON={clone}/python", ".venv/bin/uv"], cwd=clone, capture_output=True, check=False
    ).returncode


def test_an_environment_that_was_cut_off_while_it_was_made_is_made_anew(clone: Path) -> None:
    assert make(clone) != 0
    assert (clone / ".venv" / "bin" / "half").exists()
    assert make(clone) == 0
    assert not (clone / ".venv" / "bin" / "half").exists()
    assert (clone / "calls").read_text().splitlines() == ["-m venv --clear .venv"] * 2


def test_an_environment_that_is_whole_is_kept(clone: Path) -> None:
    make(clone)
    make(clone)
    (clone / ".venv" / "bin" / "uv").unlink()
    (clone / ".venv" / "kept").touch()
    assert make(clone) == 0
    assert (clone / ".venv" / "kept").exists()
