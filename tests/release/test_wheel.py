"""The wheel, installed beside nothing but the packages of the lock, is the whole program."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/flatbook"
DEMO_S_MAX = 180


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def link_the_lock(site: Path) -> None:
    """Links the installed packages of requirements.txt, and only those, into an empty environment."""
    for name in re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE):
        try:
            found = distribution(name)
        except PackageNotFoundError:  # its marker names another platform
            continue
        for top in sorted({file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}):
            if not (site / top).exists():
                (site / top).symlink_to(Path(str(found.locate_file(top))))


def empty_environment(folder: Path, wheel: Path) -> Path:
    """Makes a virtual environment that holds the lock's packages and the wheel, and returns its programs' folder."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    link_the_lock(site)
    uv = str(Path(sys.executable).with_name("uv"))
    install = [uv, "pip", "install", "--quiet", "--offline", "--no-cache", "--no-deps", "--no-index", "--python"]
    subprocess.run([*install, folder / "bin/python", wheel], check=True, capture_output=True)
    return folder / "bin"


def test_the_wheel_carries_every_file_of_the_package(wheel: Path) -> None:
    carried = set(zipfile.ZipFile(wheel).namelist())
    files = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert {str(path.relative_to(PACKAGE.parent)) for path in files} - carried == set()
    assert {Path(name).name for name in carried} >= {"LICENSE", "NOTICE", "py.typed"}


@pytest.mark.real
def test_the_wheel_in_an_empty_environment_runs_the_demo(wheel: Path, tmp_path: Path) -> None:
    programs = empty_environment(tmp_path / "env", wheel)
    environment = {"HOME": str(tmp_path), "PATH": os.defpath, "DEMO_EXIT": "1"}
    done = subprocess.run(
        [programs / "flatbook", "demo"],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEMO_S_MAX,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
