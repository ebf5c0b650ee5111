"""Long looks: asked for over the API, done by a verb in a process of its own, and told to all who ask."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flatbook.api.checks import Check, Checks, CheckState
from flatbook.ops.clock import SystemClock
from tests.unit.api.door_scene import Door, opened, until


@pytest.fixture(scope="module")
def home(demo: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fb-") as folder:
        yield Path(shutil.copytree(demo, Path(folder, "home")))


@pytest.fixture(scope="module")
def desk(home: Path) -> Iterator[Door]:
    with opened(home) as door:
        yield door


def told(desk: Door) -> dict[str, Any]:
    """Returns what is known of all looks."""
    answer: dict[str, Any] = desk.client.get("/api/v1/checks", headers=desk.token("", "read")).json()
    return answer


def looked(desk: Door, name: str) -> dict[str, Any]:
    """Asks for a look, waits until it is over, and returns what it found."""
    answer = desk.client.post(f"/api/v1/checks/{name}", headers=desk.token("looker", "trade"))
    desk.access.revoke("looker")
    assert (answer.status_code, answer.json()[name]["state"], answer.json()[name]["actor"]) == (
        202,
        "running",
        "token:looker",
    )
    until(lambda: told(desk)[name]["state"] != "running", f"the end of {name}")
    found: dict[str, Any] = told(desk)[name]
    return found


def test_what_was_never_looked_at_is_unknown(desk: Door) -> None:
    checks = told(desk)
    assert (checks["doctor"]["state"], checks["doctor"]["ok"], checks["doctor"]["findings"]) == ("never", None, [])
    assert (checks["journal"]["state"], checks["journal"]["whole"], checks["journal"]["head"]) == ("never", None, None)
    assert (checks["journal"]["age_s"], checks["journal"]["cli"]) == (None, "flatbook events verify")


def test_how_far_the_journal_was_checked_as_it_was_followed_is_told(desk: Door) -> None:
    read = told(desk)["journal"]["read"]
    assert (read["seq"], read["fault"]) == (desk.site.folds.seq, None)
    assert read["hash"] == desk.site.folds.hash.hex()


def test_the_doctor_is_asked_and_each_of_its_lines_is_told(desk: Door) -> None:
    doctor = looked(desk, "doctor")
    assert (doctor["state"], doctor["ok"], doctor["why"], doctor["age_s"]) == ("done", True, None, 0)
    verdicts = {finding["check"]: finding["verdict"] for finding in doctor["findings"]}
    assert (verdicts["python"], verdicts["journal end"], verdicts["engine"]) == ("ok", "ok", "ok")
    open_home = next(finding for finding in doctor["findings"] if finding["check"] == "home")
    assert (open_home["verdict"], open_home["remedy"]) == ("warn", f"chmod 700 {desk.site.home}")


def test_the_whole_journal_is_verified_and_a_changed_row_is_found(desk: Door, home: Path) -> None:
    journal = looked(desk, "journal")
    assert (journal["state"], journal["whole"], journal["why"]) == ("done", True, None)
    assert (journal["events"], journal["head"]["last"], journal["missing_segments"]) == (170, 170, [])
    assert journal["head"]["hash"] == journal["read"]["hash"]

    with sqlite3.connect(home / "journal.sqlite") as file:
        (body,) = file.execute("SELECT body FROM commits WHERE row = 100").fetchone()
        file.execute("UPDATE commits SET body = ? WHERE row = 100", (body[:-9] + b"9" + body[-8:],))
    broken = looked(desk, "journal")
    assert (broken["state"], broken["whole"], broken["head"]) == ("done", False, None)
    assert broken["why"].startswith("row 100, from event 87 on: its content does not give its hash")


def test_a_look_that_takes_too_long_is_ended_and_says_nothing(desk: Door) -> None:
    checks = Checks(desk.site, SystemClock())
    endless = Check("doctor", ("events", "tail", "--follow"), 1)

    async def look() -> None:
        checks.start(endless, "console:ann")
        while checks.looks["doctor"].state is CheckState.RUNNING:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    asyncio.run(look())
    ended = checks.looks["doctor"]
    assert (ended.state, ended.why) == (CheckState.FAILED, "it took longer than 1 s, and was ended")
    assert checks.was_well(endless) is None


def test_there_is_no_other_look(desk: Door) -> None:
    answer = desk.client.post("/api/v1/checks/house", headers=desk.token("", "admin"))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
