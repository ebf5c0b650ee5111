"""Runs every test of the contract once over each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.journal.engines import DiskEngine, Engine, MemoryEngine, SqliteEngine


@pytest.fixture(params=["memory", "simulated_disk", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine with an empty journal."""
    if request.param == "memory":
        yield MemoryEngine()
        return
    if request.param == "simulated_disk":
        yield DiskEngine()
        return
    sqlite = SqliteEngine(tmp_path)
    yield sqlite
    sqlite.close()
