"""A stretch of the journal to take away, and what the engine's process said."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from flatbook.api import reads_bundle
from flatbook.ops.bundle import check_bundle
from flatbook.ops.home import LOG_FILE


def test_a_stretch_of_the_journal_is_a_file_that_proves_itself(api: TestClient[Any]) -> None:
    answer = api.get("/api/v1/events/bundle", params={"first": 20, "last": 60})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="flatbook-events-20-60.zip"'
    made = check_bundle(io.BytesIO(answer.content))
    assert (made.first, made.last, made.events) == (20, 60, 41)


def test_all_of_a_short_journal_is_one_stretch(api: TestClient[Any]) -> None:
    made = check_bundle(io.BytesIO(api.get("/api/v1/events/bundle").content))
    assert (made.start.rows, made.last, made.events) == (0, 170, 170)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"first": 171}, "there are no events 171 to 170: the journal has 1 to 170"),
        ({"first": 5, "last": 999}, "there are no events 5 to 999: the journal has 1 to 170"),
    ],
    ids=["after", "beyond"],
)
def test_a_stretch_that_is_not_there_is_refused(api: TestClient[Any], asked: dict[str, int], says: str) -> None:
    answer = api.get("/api/v1/events/bundle", params=asked)
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (422, "invalid", says)


def test_a_stretch_that_is_too_long_names_the_verb_that_takes_it(
    api: TestClient[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads_bundle, "EVENTS_MAX", 100)
    answer = api.get("/api/v1/events/bundle", params={"first": 1, "last": 101})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "101 events are too many at once: ask for 100, or flatbook events bundle"


def test_an_id_finds_all_events_that_name_it(api: TestClient[Any]) -> None:
    events = api.get("/api/v1/events", params={"type": "order_intended"}).json()["events"]
    caused = next(event for event in events if "because" in event["fields"])
    order, cause = caused["fields"]["order_id"], caused["fields"]["because"]
    of_order = api.get("/api/v1/events", params={"about": order}).json()["events"]
    assert {event["subject"] for event in of_order} == {f"order:{order}"}
    assert of_order[-1]["type"] == "order_intended"
    of_cause = [event["type"] for event in api.get("/api/v1/events", params={"about": cause}).json()["events"]]
    assert (of_cause[-1], "order_intended" in of_cause) == ("vault_filled", True)


def logged(api: TestClient[Any], **asked: Any) -> list[dict[str, Any]]:
    answer = api.get("/api/v1/log", params=asked)
    assert answer.status_code == 200, answer.text
    lines: list[dict[str, Any]] = answer.json()["lines"]
    return lines


def test_the_log_of_the_engine_is_told_the_newest_first(api: TestClient[Any], demo: Path) -> None:
    written = [json.loads(line) for line in (demo / LOG_FILE).read_text("utf-8").splitlines()]
    lines = logged(api, limit=1_000)
    assert [line["event"] for line in lines] == [record["event"] for record in reversed(written)]
    assert lines[0]["event"] == "engine_stopped"
    filled = next(line for line in lines if line["event"] == "order_filled")
    assert (filled["level"], filled["ref"][:5], filled["fields"]["side"]) == ("info", "exec:", "sell")
    assert isinstance(filled["seq"], int)


def test_the_log_is_narrowed_by_level_and_by_what_it_holds(api: TestClient[Any]) -> None:
    assert {line["level"] for line in logged(api, level="warning", limit=1_000)} <= {"warning", "error"}
    order = next(line for line in logged(api) if line["event"] == "order_filled")["fields"]["order_id"]
    about = logged(api, about=order)
    assert {line["fields"]["order_id"] for line in about} == {order}
    assert len(about) >= 3
    assert len(logged(api, limit=5)) == 5


def test_a_level_that_there_is_not_is_refused(api: TestClient[Any]) -> None:
    assert api.get("/api/v1/log", params={"level": "loud"}).status_code == 422
