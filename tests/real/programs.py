"""Where the programs stand that `make deps-all` fetches, and the loud skip where one of them is absent."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
REAL = ROOT / ".venv-real"
CONTRACTS = ROOT / "contracts"
CHAIN_PACKAGES = REAL / "chain" / "node_modules"
FLOAT_PACKAGES = REAL / "float" / "node_modules"
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def anvil_program() -> Path:
    """Returns the program of anvil, out of the package of this platform: no script of a package is ever run."""
    name = f"anvil-{platform.system().lower()}-{MACHINES.get(platform.machine().lower(), platform.machine())}"
    program = CHAIN_PACKAGES / "@foundry-rs" / name / "bin" / "anvil"
    if not program.is_file():
        pytest.skip(f"anvil is absent ({name}): make deps-all")
    return program


def node_program() -> Path:
    """Returns the program of Node."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node is absent: install it, then make deps-all")
    return Path(program)


def float_package() -> Path:
    """Returns the folder of the Float of Raindex itself."""
    folder = FLOAT_PACKAGES / "@rainlanguage" / "float"
    if not folder.is_dir():
        pytest.skip("the Float of Raindex is absent: make deps-all")
    return folder


@cache
def _compiled() -> dict[str, Any] | str:
    built = REAL / "contracts.json"
    if not built.is_file():
        return "the contracts are not compiled: make deps-all"
    stated: dict[str, Any] = json.loads(built.read_text())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in CONTRACTS.glob("*.sol")}
    if stated["sources"] != found:
        return "the contracts have changed since they were compiled: make deps-all"
    return stated


def compiled() -> dict[str, Any]:
    """Returns bytecode, functions and ABI of our contracts by name, as compiled from what stands in `contracts`."""
    built = _compiled()
    if isinstance(built, str):
        pytest.skip(built)
    contracts: dict[str, Any] = built["contracts"]
    return contracts
