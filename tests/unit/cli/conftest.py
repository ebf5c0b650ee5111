"""Folders of desks with a journal each, written once for all tests that only read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.scene import flat_desk, keep, unknown_desk


@pytest.fixture(scope="session")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives the home of a desk that has hedged all it sold. Read only."""
    home = tmp_path_factory.mktemp("flat")
    keep(flat_desk(), home)
    return home


@pytest.fixture(scope="session")
def unknown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives the home of a desk whose engine was cut while an order was unknown. Read only."""
    home = tmp_path_factory.mktemp("unknown")
    keep(unknown_desk(), home)
    return home
