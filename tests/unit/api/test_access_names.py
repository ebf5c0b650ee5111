"""A question about a name that nobody knows is refused: nothing would look like no profit and no position."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.api.door_scene import Door, opened


@pytest.fixture(scope="module")
def traded(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Gives the door of a desk that has traded."""
    home = tmp_path_factory.mktemp("names") / "desk"
    shutil.copytree(demo, home, ignore=shutil.ignore_patterns("run"))
    with opened(home) as door:
        yield door


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/pnl?owner=dekc", "no owner is called 'dekc'; there are: desk"),
        ("/positions?symbol=COIM", "no underlying is called 'COIM'; there are: COIN"),
        ("/orders?account=papre", "no account is called 'papre'; there are: paper"),
        ("/executions?instrument=COIN", "no instrument is called 'COIN'; there are: COIN/USD@paper"),
        ("/trades?owner=", "no owner is called ''; there are: desk"),
        ("/orders?owner=" + "x" * 64, f"no owner is called '{'x' * 40}'; there are: desk"),
        ("/events?symbol=coin", "no underlying is called 'coin'; there are: COIN"),
    ],
)
def test_a_name_that_nobody_knows_is_refused_and_not_answered_with_nothing(traded: Door, path: str, said: str) -> None:
    answer = traded.client.get(f"/api/v1{path}", headers=traded.token("", "read"))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.json()["detail"].startswith(said)


@pytest.mark.parametrize(
    "path",
    [
        "/orders?owner=desk&symbol=COIN&account=paper&instrument=COIN/USD@paper",
        "/orders?account=vault",
        "/pnl?owner=unassigned",
        "/positions?owner=desk&symbol=COIN",
        "/positions?owner=desk&at=3",
        "/grids?owner=desk",
    ],
)
def test_names_of_the_configuration_and_of_the_journal_are_known(traded: Door, path: str) -> None:
    assert traded.client.get(f"/api/v1{path}", headers=traded.token("", "read")).status_code == 200
