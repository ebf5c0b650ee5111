"""Tasks: verbs of the command line in processes of their own, one at a time, and what they leave."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flatbook.api import own_verbs, tasks
from tests.unit.api.door_scene import Door, opened, until

pytestmark = pytest.mark.real
ENDED = ("done", "failed", "stopped")


@pytest.fixture(scope="module")
def door(demo: Path) -> Iterator[Door]:
    """Gives the application over a copy of the demo desk, which tasks may write to."""
    with tempfile.TemporaryDirectory(prefix="fb-") as folder:
        home = shutil.copytree(demo, Path(folder, "home"))
        with opened(home) as door:
            yield door


@pytest.fixture(scope="module")
def admin(door: Door) -> dict[str, str]:
    return door.token("boss", "admin")


def begun(door: Door, admin: dict[str, str], kind: str, body: dict[str, Any], key: str) -> Any:
    """Starts a task."""
    return door.client.post(f"/api/v1/tasks/{kind}", json=body, headers={**admin, "idempotency-key": key})


def ended(door: Door, admin: dict[str, str], task_id: str) -> Any:
    """Returns a task once it is over."""
    told: list[Any] = []

    def is_over() -> bool:
        told.append(door.client.get(f"/api/v1/tasks/{task_id}", headers=admin).json())
        return told[-1]["state"] in ENDED

    until(is_over, f"the end of {task_id}")
    return told[-1]


def test_a_backup_is_made_listed_and_read_whole(door: Door, admin: dict[str, str]) -> None:
    answer = begun(door, admin, "backup", {}, "backup-0001")
    assert (answer.status_code, answer.json()["state"], answer.json()["kind"]) == (202, "running", "backup")
    made = ended(door, admin, answer.json()["id"])
    assert (made["state"], made["exit_code"], made["result"]["schema"]) == ("done", 0, "flatbook.backup.v1")
    assert made["result"]["events"] == door.site.folds.seq
    assert made["cli"].startswith("flatbook backup ")
    listed = door.client.get("/api/v1/tasks", headers=admin).json()
    name = listed["backups"][0]["name"]
    assert made["result"]["path"] == f"{listed['backups_at']}/{name}"
    checked = ended(door, admin, begun(door, admin, "check-backup", {"backup": name}, "check-0001").json()["id"])
    assert (checked["state"], checked["result"]["head"]) == ("done", made["result"]["head"])
    assert door.tried()[0] == ("token:boss", "task check_backup", "task_begun")


def test_a_backup_that_was_changed_fails_its_check_and_says_why(door: Door, admin: dict[str, str]) -> None:
    folder = door.site.home / "backups"
    folder.mkdir(exist_ok=True)
    (folder / "bad.sqlite").write_bytes(b"no journal" * 1_000)
    told = ended(door, admin, begun(door, admin, "check-backup", {"backup": "bad.sqlite"}, "check-bad1").json()["id"])
    assert (told["state"], told["exit_code"]) == ("failed", 1)
    assert "bad.sqlite" in told["said"]


def test_a_table_is_exported_and_can_be_saved(door: Door, admin: dict[str, str]) -> None:
    told = ended(door, admin, begun(door, admin, "export", {"table": "fills"}, "export-0001").json()["id"])
    assert (told["state"], told["result"]["table"]) == ("done", "fills")
    (file,) = door.client.get("/api/v1/tasks", headers=admin).json()["exports"]
    answer = door.client.get(f"/api/v1/exports/{file['name']}", headers=admin)
    assert answer.headers["content-disposition"] == f'attachment; filename="{file["name"]}"'
    assert len(answer.text.splitlines()) == told["result"]["rows"] + 1


def test_without_a_channel_a_test_alert_fails_with_what_to_do(door: Door, admin: dict[str, str]) -> None:
    told = ended(door, admin, begun(door, admin, "test-alerts", {}, "alerts-0001").json()["id"])
    assert (told["state"], told["exit_code"]) == ("failed", 2)
    assert told["result"]["what"] == "there is no channel"


def test_one_task_runs_at_a_time_and_the_same_key_starts_it_once(door: Door, admin: dict[str, str]) -> None:
    first = begun(door, admin, "test-alerts", {}, "alerts-0002")
    again = begun(door, admin, "test-alerts", {}, "alerts-0002")
    other = begun(door, admin, "backup", {}, "backup-0002")
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    assert (other.status_code, other.json()["code"]) == (409, "under_way")
    ended(door, admin, first.json()["id"])


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("check-backup", {"backup": "none.sqlite"}, 404, "not_found"),
        ("check-backup", {"backup": "../journal.sqlite"}, 422, "invalid"),
        ("check-backup", {"backup": "/etc/passwd"}, 422, "invalid"),
        ("backtest", {"tape": "none.parquet"}, 404, "not_found"),
        ("backtest", {"tape": "-x"}, 422, "invalid"),
        ("backtest", {"tape": "a.parquet", "owner": "--out=/tmp"}, 422, "invalid"),
        ("backtest", {"tape": "a.parquet", "names": ["--out=x"]}, 422, "invalid"),
        ("compare", {"backtest": "none"}, 404, "not_found"),
        ("backup", {"to": "/tmp"}, 422, "invalid"),
    ],
)
def test_a_task_is_told_names_of_its_lists_and_nothing_else(
    door: Door, admin: dict[str, str], kind: str, body: dict[str, Any], status: int, code: str
) -> None:
    answer = begun(door, admin, kind, body, f"named-{kind}-{len(door.tried())}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_who_may_only_trade_starts_no_task(door: Door) -> None:
    answer = begun(door, door.token("", "risk"), "backup", {}, "backup-0003")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert door.client.get("/api/v1/tasks/nothing", headers=door.token("", "read")).status_code == 404


def test_a_task_that_takes_too_long_is_stopped(
    door: Door, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "TIME_S", dict.fromkeys(tasks.TaskKind, 0))
    told = ended(door, admin, begun(door, admin, "backup", {}, "backup-0004").json()["id"])
    assert (told["state"], told["said"]) == ("stopped", "it was stopped: it took longer than 0 s")


def test_a_task_that_says_too_much_is_stopped(
    door: Door, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_verbs, "OUTPUT_BYTES_MAX", 10)
    told = ended(door, admin, begun(door, admin, "test-alerts", {}, "alerts-0004").json()["id"])
    assert (told["state"], told["said"].split("\n")[-1]) == ("stopped", "it was stopped: it said more than 10 bytes")


def stopped(door: Door, admin: dict[str, str], task_id: str, key: str) -> Any:
    """Stops a task."""
    return door.client.post(f"/api/v1/tasks/{task_id}/stop", headers={**admin, "idempotency-key": key})


def test_a_task_that_runs_is_stopped_its_process_is_gone_and_the_next_one_runs(
    door: Door, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    processes: list[Any] = []

    async def started(_words: Any) -> Any:
        pipe = asyncio.subprocess.PIPE
        words = ("-c", "import time; time.sleep(600)")
        processes.append(
            await asyncio.create_subprocess_exec(
                sys.executable, *words, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        )
        return processes[-1]

    with monkeypatch.context() as patch:
        patch.setattr(own_verbs, "_started", started)
        task_id = begun(door, admin, "export", {"table": "fills"}, "export-0002").json()["id"]
        until(lambda: bool(processes), "the process")
        told = stopped(door, admin, task_id, "stop-0001")
    assert (told.status_code, told.json()["state"], told.json()["said"]) == (
        200,
        "stopped",
        "it was stopped by token:boss",
    )
    assert processes[0].returncode == -signal.SIGTERM
    assert door.tried()[0] == ("token:boss", "stop task export", "task_stopped")
    after = ended(door, admin, begun(door, admin, "export", {"table": "fills"}, "export-0003").json()["id"])
    assert after["state"] == "done"
    again = stopped(door, admin, after["id"], "stop-0002")
    assert (again.status_code, again.json()["state"]) == (200, "done")


def test_who_may_only_trade_stops_no_task_and_one_that_is_none_is_not_found(door: Door, admin: dict[str, str]) -> None:
    refused = stopped(door, door.token("", "risk"), "nothing", "stop-0003")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    answer = stopped(door, admin, "nothing", "stop-0004")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
