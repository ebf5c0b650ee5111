"""Runs every test of the contract once over each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.journal.engines import Engine, MemoryEngine, SqliteEngine


@pytest.fixture(params=["memory", "sqlite"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An engine with an empty journal."""
    if request.param == "memory":
        yield MemoryEngine()
        return
    sqlite = SqliteEngine(tmp_path)
    yield sqlite
    sqlite.close()
