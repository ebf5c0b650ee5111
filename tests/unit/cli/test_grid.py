"""What is shown of grids: the slots of a journal, and a plan before anything is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flatbook.cli.grid import plan_parts
from flatbook.cli.output import Table
from flatbook.journal.sqlite import create_journal, open_journal
from tests.unit.cli.scene import call
from tests.unit.engine.quote_scene import START
from tests.unit.ops.test_config_grid import with_grid
from tests.unit.services.test_grid_plans import grid_scene


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A desk with a grid, whose journal is empty."""
    (tmp_path / "flatbook.toml").write_text(with_grid())
    create_journal(tmp_path / "journal.sqlite")
    return tmp_path


def test_a_plan_is_shown_and_nothing_is_done(home: Path) -> None:
    told = call("grid", "plan", "maker", "--bid", "97000", "--ask", "97000.1", "--home", str(home))
    assert (told.code, told.err) == (0, "")
    assert "adopt 0, cancel 0, place 18" in told.out
    again = call("grid", "plan", "maker", "--bid", "97000", "--ask", "97000.1", "--home", str(home), "--json").body()
    assert [again["place"][0][name] for name in ("side", "limit", "slot")] == ["buy", "96975", "1:-1"]
    assert again["notes"] == ["GridLaid"]
    assert again["venue"]["asked"] is False
    lines = [line.split() for line in told.out.splitlines() if line.strip().startswith("place")]
    prices = [float(line[4].replace(",", "")) for line in lines]
    assert (len(prices), prices) == (18, sorted(prices, reverse=True))
    assert f"the venue was not asked, this is what the journal says: {again['venue']['why_not']}" in told.out


def test_what_the_venue_shows_stands_beside_what_the_journal_says() -> None:
    order = {"slot": "1:-1", "side": "buy", "qty": "1", "limit": "99", "exit": False, "order_id": "fb1"}
    foreign = {"venue_order_id": "V-9", "side": "sell", "qty": "2"}
    body: dict[str, Any] = {
        "as_of": {"seq": 1, "at": None},
        "adopt": [order | {"venue": "stands"}],
        "cancel": [order | {"venue": "missing", "reason": "off_grid"}],
        "place": [],
        "notes": [],
        "venue": {"asked": True, "why_not": None, "revived": [order], "foreign": [foreign]},
    }
    _, _, line, table = plan_parts(body)
    assert line == "the venue does not show 1 of ours, shows 1 that ended for us and 1 that are not ours"
    assert isinstance(table, Table)
    assert [" ".join(text for text in row if text not in ("", "-")) for row in table.cells()] == [
        "adopt 1:-1 buy 1 99 stands",
        "cancel 1:-1 buy 1 99 missing off_grid",
        "cancel 1:-1 buy 1 99 ended for us",
        "leave sell 2 not ours: V-9",
    ]
    body |= {"cancel": [], "venue": {"asked": True, "why_not": None, "revived": [], "foreign": []}}
    assert list(plan_parts(body))[2] == "the venue shows what the journal says"


def test_a_plan_on_a_crossed_touch_or_of_nobody_is_refused(home: Path) -> None:
    crossed = call("grid", "plan", "maker", "--bid", "97000", "--ask", "96999", "--home", str(home))
    nobody = call("grid", "plan", "nobody", "--bid", "97000", "--ask", "97001", "--home", str(home))
    no_number = call("grid", "plan", "maker", "--bid", "x", "--ask", "97001", "--home", str(home))
    assert (crossed.code, nobody.code, no_number.code) == (2, 2, 2)
    assert "nobody has no grid" in nobody.err


def test_slots_are_shown_with_what_they_hold_and_their_orders(home: Path) -> None:
    scene = grid_scene()
    scene.begin()
    bought = scene.intents()[0].order_id
    scene.accept(bought)
    scene.observe(989, 991)
    scene.fill(bought, "0.1")
    journal = open_journal(home / "journal.sqlite")
    try:
        epoch = journal.take_lease(START)
        journal.append(tuple(scene.events), after=journal.last, epoch=epoch, cursors={}, at=scene.now)
    finally:
        journal.close()
    told = call("grid", "slots", "--home", str(home), "--json").body()
    held = [(row["slot"], row["qty"], row["order"]["exit"]) for row in told["slots"] if row["qty"] != "0"]
    assert held == [("1:-1", "0.1", True)]
    shown = call("grid", "slots", "--home", str(home)).out
    assert "sell 0.1 at 100 exit" in shown


def test_a_desk_without_grids_says_so(home: Path) -> None:
    assert "no slot of a grid holds anything" in call("grid", "slots", "--home", str(home)).out


def test_slots_of_an_owner_that_nobody_knows_are_refused_with_those_that_are_known(home: Path) -> None:
    told = call("grid", "slots", "--owner", "foo", "--home", str(home))
    assert (told.code, "no owner is called 'foo'" in told.err, "maker" in told.err) == (2, True, True)
