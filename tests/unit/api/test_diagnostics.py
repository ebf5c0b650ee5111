"""What is said of a desk when something is wrong: enough to mend it, and nothing that is nobody's business."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from flatbook.api.diagnostics import without_home
from flatbook.ops.home import LOG_FILE
from tests.unit.api.door_scene import Door, opened

AT = {"at": "2025-12-04T16:49:00Z"}
RECORDS = (
    {**AT, "level": "info", "event": "order_filled", "qty": "4.004"},
    {**AT, "level": "warning", "event": "order_unknown", "order_id": "fb1", "qty": "7.777", "reason": "timed_out"},
    {**AT, "level": "error", "event": "task_died", "error": "ValueError", "where": "follow:12"},
)


@pytest.fixture(scope="module")
def desk(demo: Path) -> Iterator[Door]:
    """Gives a desk whose engine has ended, with something urgent in its log and a halt of an operator."""
    with tempfile.TemporaryDirectory(prefix="fb-") as folder:
        home = Path(shutil.copytree(demo, Path(folder, "home")))
        (home / LOG_FILE).write_text("".join(f"{json.dumps(record)}\n" for record in RECORDS), "utf-8")
        with opened(home) as door:
            yield door


def told(desk: Door, **asked: str) -> str:
    answer = desk.client.get("/api/v1/diagnostics", params=asked, headers=desk.token("", "read"))
    assert answer.status_code == 200, answer.text
    text: str = answer.json()["text"]
    return text


def section(text: str, name: str) -> list[str]:
    return text.split(f"# {name}\n")[1].split("\n\n", maxsplit=1)[0].splitlines()


def test_it_says_what_runs_how_the_desk_stands_and_how_far_the_chain_was_checked(desk: Door) -> None:
    text = told(desk)
    engine, api, python = section(text, "versions")
    assert engine == "engine: flatbook unknown, commit unknown, up unknown"
    assert api.startswith("api: flatbook 0.1.0, commit ")
    assert python.startswith("python 3.")
    assert section(text, "desk")[0].startswith("mode DEMO, clock tape, configuration ")
    assert section(text, "desk")[1:3] == ["accounts: 1 paper", "hedges 1, grids 0, chains 1"]
    assert section(text, "state")[0] == "flat yes, known yes, draining no"
    assert "engine engine: bad: no engine runs" in section(text, "parts that are not good")
    read, verified = section(text, "chain of hashes")
    assert read.startswith(f"read to event 170, hash {desk.site.folds.hash.hex()}, at ")
    assert verified == "verified from the beginning: never: unknown"


def test_the_urgent_records_are_in_it_and_amounts_only_where_they_are_asked_for(desk: Door) -> None:
    name = "urgent records of the engine's log, the newest first"
    assert section(told(desk), name) == [
        "2025-12-04T16:49:00Z error task_died error=ValueError where=follow:12",
        "2025-12-04T16:49:00Z warning order_unknown order_id=fb1 reason=timed_out",
    ]
    assert "qty=7.777" in section(told(desk, amounts="true"), name)[1]
    assert any(line.startswith("net desk COIN ") for line in section(told(desk, amounts="true"), "state"))
    assert not any(line.startswith("net ") for line in told(desk).splitlines())


def test_where_the_desk_is_stands_nowhere(desk: Door) -> None:
    assert str(desk.site.home) not in told(desk, amounts="true")


def test_the_folder_of_a_desk_often_names_its_user() -> None:
    home = Path.home() / "desk"
    text = f"{home}/journal.sqlite is not there; see {Path.home()}/notes"
    assert without_home(text, home) == "HOME/journal.sqlite is not there; see ~/notes"
