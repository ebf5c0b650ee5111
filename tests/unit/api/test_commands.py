"""Commands over HTTP to a real engine: done once, journalled with who and why, previewed, verified."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest

from flatbook.api.commands import ACTS, Act
from flatbook.api.commands_jobs import Given
from flatbook.api.commands_once import digest_of
from flatbook.engine.inputs import TOLD
from flatbook.events.codec import name_of
from flatbook.journal.sqlite_reader import open_reader
from flatbook.ops.control_client import request
from flatbook.ops.home import SOCKET_FILE
from flatbook.values.ids import OrderId
from tests.unit.api.door_scene import Door, engine_over, opened, short_desk, until
from tests.unit.cli.scene import call

pytestmark = pytest.mark.real
REST_S = 0.5
SELL = {"owner": "desk", "underlying": "COIN", "side": "sell", "qty": "0.1", "limit": "273", "good_s": 1_200}


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with short_desk() as folder, engine_over(folder):
        yield folder


@pytest.fixture(scope="module")
def door(home: Path) -> Iterator[Door]:
    with opened(home) as door:
        yield door


@pytest.fixture(scope="module")
def risk(door: Door) -> dict[str, str]:
    return door.token("risk", "risk")


def events(home: Path, tag: str, **fields: str) -> list[Any]:
    """Returns the events of a kind in the journal of a desk that have these fields."""
    reader = open_reader(home / "journal.sqlite")
    found = [event for row in reader.read() for event in row.events if name_of(type(event)) == tag]
    reader.close()
    return [event for event in found if all(getattr(event, name) == value for name, value in fields.items())]


def previewed(door: Door, act: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
    """Returns the preview of a command."""
    answer = door.client.post(f"/api/v1/previews/{act}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def agreed(door: Door, act: str, body: dict[str, Any], key: str, headers: dict[str, str]) -> Any:
    """Gives a command as its preview shows it."""
    version = previewed(door, act, body, headers)["version"]
    return door.give(act, {"reason": "agreed", **body, "expected_version": version}, key, headers)


def caught_up(door: Door, seq: int) -> None:
    """Returns once the API has read the journal up to an event."""
    until(lambda: door.site.folds.seq >= seq, f"event {seq}")


def halted(door: Door, key: str, headers: dict[str, str]) -> Any:
    answer = door.give("halt", {"reason": "news"}, key, headers)
    assert answer.status_code == 200, answer.text
    return answer


def lifted(door: Door, halt_id: str, key: str, headers: dict[str, str]) -> None:
    answer = agreed(door, "lift", {"halt_id": halt_id}, key, headers)
    assert answer.status_code == 200, answer.text
    caught_up(door, answer.json()["seq"])


def resting(door: Door, key: str, headers: dict[str, str]) -> str:
    """Orders by hand above the market, and returns the id of the order that rests there."""
    answer = agreed(door, "trade", SELL, key, headers)
    assert answer.status_code == 200, answer.text
    caught_up(door, answer.json()["seq"])
    return next(iter(door.site.folds.state.open_orders))


def test_a_command_is_done_and_journalled_with_who_and_why(door: Door, home: Path, risk: dict[str, str]) -> None:
    answer = halted(door, "halt-0001", risk).json()
    (event,) = events(home, "command_accepted", key="token:risk/halt-0001")
    assert (event.actor, event.reason, event.verb) == ("token:risk", "news", "halt")
    assert answer["halt_id"] == "halt-hv4sindtkq"
    assert (answer["key"], answer["verb"], answer["actor"]) == ("halt-0001", "halt", "token:risk")
    assert answer["note"] is None
    again = halted(door, "halt-0002", risk).json()
    assert (again["halt_id"], 'because "news"; your reason is kept' in again["note"]) == (answer["halt_id"], True)
    caught_up(door, again["seq"])
    (standing,) = door.client.get("/api/v1/risk", headers=risk).json()["halts"]
    assert [(each["actor"], each["reason"]) for each in standing["asked"]] == [("token:risk", "news")] * 2
    shown = previewed(door, "lift", {"halt_id": answer["halt_id"]}, risk)
    assert shown["effect"]["warnings"] == ['token:risk wanted it, too: "news"']
    lifted(door, answer["halt_id"], "lift-0001", risk)
    assert door.site.folds.state.halts == {}


def test_the_same_key_is_one_command_also_for_the_next_process(door: Door, home: Path, risk: dict[str, str]) -> None:
    body = {"reason": "twice"}
    first = door.give("reconcile", body, "twice-0001", risk)
    again = door.give("reconcile", body, "twice-0001", risk)
    with opened(home) as next_process:
        after = next_process.give("reconcile", body, "twice-0001", risk)
    assert first.status_code == 200
    assert [again.content, after.content] == [first.content, first.content]
    assert (again.headers["idempotency-replayed"], "idempotency-replayed" in first.headers) == ("true", False)
    assert len(events(home, "command_accepted", key="token:risk/twice-0001")) == 1


def test_what_a_process_that_died_had_sent_is_not_done_again(door: Door, home: Path, risk: dict[str, str]) -> None:
    body = b'{"reason":"died","expected_version":null}'
    door.access.answers.begin("token:risk", "died-0001", digest_of("/api/v1/commands/reconcile", body))
    command = {"key": "token:risk/died-0001", "actor": "token:risk", "reason": "died", "verb": "reconcile"}
    request(home / SOCKET_FILE, {"kind": "command", "command": {**command, "arguments": {}}}, 10)
    with opened(home) as next_process:
        answer = next_process.give("reconcile", {"reason": "died"}, "died-0001", risk)
    assert (answer.status_code, answer.json()["repeated"]) == (200, True)
    assert len(events(home, "command_accepted", key="token:risk/died-0001")) == 1
    door.access.answers.end("token:risk", "died-0001", None)


@pytest.mark.parametrize(
    ("act", "body"), [("reconcile", {"reason": "other"}), ("halt", {"reason": "first"}), ("kill", {"reason": "first"})]
)
def test_a_key_that_was_used_for_another_command_is_refused(
    door: Door, home: Path, risk: dict[str, str], act: str, body: dict[str, str]
) -> None:
    assert door.give("reconcile", {"reason": "first"}, "used-0001", risk).status_code == 200
    answer = door.give(act, body, "used-0001", risk)
    assert (answer.status_code, answer.json()["code"]) == (409, "key_reused")
    assert len(events(home, "command_accepted", key="token:risk/used-0001")) == 1
    assert events(home, "command_refused") == []


@pytest.mark.parametrize("key", [None, "", "short", "a" * 65, "with space", "slash/slash", "sn\u00f6"])
def test_without_a_key_of_its_own_no_command_is_done(
    door: Door, home: Path, risk: dict[str, str], key: str | None
) -> None:
    before = len(events(home, "command_accepted"))
    raw: Any = None if key is None else key.encode("latin-1")
    answer = door.give("halt", {"reason": "no key"}, raw, risk)
    assert (answer.status_code, answer.json()["code"]) == (400, "key_missing")
    assert len(events(home, "command_accepted")) == before


def test_what_the_engine_refuses_says_why_and_stays_refused_under_its_key(
    door: Door, home: Path, risk: dict[str, str]
) -> None:
    answer = door.give("cancel", {"reason": "r", "order_id": "fbnone"}, "none-0001", risk)
    assert (answer.status_code, answer.json()["code"]) == (422, "command_refused")
    assert answer.json()["detail"] == "no order 'fbnone' is known"
    again = door.give("cancel", {"reason": "r", "order_id": "fbnone"}, "none-0001", risk)
    assert again.content == answer.content
    assert again.headers["content-type"] == "application/problem+json"
    assert len(events(home, "command_refused", key="token:risk/none-0001")) == 1


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("flatten", {}),
        ("drain", {}),
        ("lift", {"halt_id": "halt-x"}),
        ("trade", SELL),
        ("set-limit", {"name": "order_shares_max", "to": "5"}),
        ("release", {"log": "8453:0xab:7"}),
    ],
)
@pytest.mark.parametrize("version", [None, "0123456789abcdef"])
def test_what_must_be_agreed_to_is_not_done_without_the_version_of_its_preview(
    door: Door, home: Path, risk: dict[str, str], act: str, body: dict[str, Any], version: str | None
) -> None:
    before = len(events(home, "command_accepted"))
    door.clock.shifted_ns += 10_000_000_000
    answer = door.give(act, {"reason": "r", **body, "expected_version": version}, f"stale-{act}-{version}", risk)
    assert (answer.status_code, answer.json()["code"]) == (409, "preview_stale")
    shown, now = answer.json()["preview"], previewed(door, act, body, risk)
    assert (shown["version"], shown["effect"]) == (now["version"], now["effect"])
    assert shown["as_of"]["seq"] == now["as_of"]["seq"]
    assert len(events(home, "command_accepted")) == before


def test_a_preview_shows_what_would_be_touched_and_changes_with_it(door: Door, risk: dict[str, str]) -> None:
    before = previewed(door, "kill", {}, risk)
    order_id = resting(door, "show-0001", risk)
    after = previewed(door, "kill", {}, risk)
    assert [row["order_id"] for row in after["effect"]["orders"]] == [order_id]
    assert after["effect"]["orders"][0]["leaves"] == "0.1"
    assert [(row["owner"], row["underlying"]) for row in after["effect"]["nets"]] == [("desk", "COIN")]
    assert before["effect"]["orders"] == []
    assert before["version"] != after["version"]
    assert previewed(door, "halt", {"scope": "owner", "target": "eve"}, risk)["effect"]["orders"] == []
    assert [row["order_id"] for row in previewed(door, "halt", {}, risk)["effect"]["orders"]] == [order_id]
    answer = door.give("cancel", {"reason": "seen", "order_id": order_id}, "seen-0001", risk)
    assert answer.status_code == 200
    until(lambda: not door.site.folds.state.open_orders, "the end of the order")
    line = door.site.folds.orders.line(OrderId(order_id))
    assert line is not None
    assert line.order.status.value == "canceled"


def test_a_limit_is_tightened_and_taken_back(door: Door, home: Path, risk: dict[str, str]) -> None:
    preview = previewed(door, "set-limit", {"name": "order_shares_max", "to": "5"}, risk)
    assert preview["effect"]["warnings"] == ["order_shares_max is 50 now, configured 50: it becomes 5"]
    (row,) = preview["effect"]["limits"]
    assert (row["scope"], row["limit"], row["to"], row["current"], row["is_over"]) == ("desk", "50", "5", None, False)
    body = {"name": "order_shares_max", "to": "5"}
    answer = agreed(door, "set-limit", body, "limit-0001", risk)
    assert answer.status_code == 200
    (event,) = events(home, "risk_limit_set")
    assert (event.name, str(event.to), event.reason) == ("order_shares_max", "5", "agreed")
    loose = agreed(door, "set-limit", {"name": "order_shares_max", "to": "51"}, "limit-0002", risk)
    assert (loose.status_code, loose.json()["code"]) == (422, "command_refused")
    back = agreed(door, "set-limit", {"name": "order_shares_max", "to": "configured"}, "limit-0003", risk)
    assert back.status_code == 200
    told = door.client.get("/api/v1/audit", headers=risk).json()["commands"]
    changes = [(each["before"], each["after"]) for each in told if each["verb"] == "limit_set" and each["accepted"]]
    assert changes == [("5", "configured"), ("configured", "5")]


def test_a_kill_is_a_job_that_ends_when_every_venue_says_that_nothing_is_open(
    door: Door, home: Path, risk: dict[str, str]
) -> None:
    order_id = resting(door, "rest-0001", risk)
    answer = door.give("kill", {"reason": "enough"}, "kill-0001", risk)
    assert answer.status_code == 202, answer.text
    place = f"/api/v1/jobs/{answer.json()['job']}"
    until(lambda: door.client.get(place, headers=risk).json()["state"] == "done", "the word of the venue")
    job = door.client.get(place, headers=risk).json()
    assert (job["state"], job["confirmed"], job["open_orders"]) == ("done", True, [])
    (venue,) = job["venues"]
    assert (venue["account"], venue["open_before"], venue["open_orders"], venue["confirmed"]) == ("paper", 1, 0, True)
    assert events(home, "order_done", order_id=order_id)
    again = door.give("kill", {"reason": "enough"}, "kill-0001", risk)
    assert again.content == answer.content
    with opened(home) as next_process:
        assert next_process.client.get(place, headers=risk).json() == job
    assert door.client.get("/api/v1/jobs/kill-1", headers=risk).status_code == 404
    lifted(door, next(iter(door.site.folds.state.halts)), "lift-0002", risk)


def test_a_kill_whose_answer_was_lost_is_confirmed_for_whoever_gives_it_again(
    door: Door, home: Path, risk: dict[str, str]
) -> None:
    order_id = resting(door, "rest-0002", risk)
    command = {"key": "token:risk/kill-0003", "actor": "token:risk", "reason": "lost", "verb": "kill"}
    request(home / SOCKET_FILE, {"kind": "command", "command": {**command, "arguments": {}}}, 10)
    until(lambda: bool(events(home, "order_done", order_id=order_id)), "the end of the order")
    answer = door.give("kill", {"reason": "lost"}, "kill-0003", risk)
    assert (answer.status_code, answer.json()["repeated"]) == (202, True)
    place = f"/api/v1/jobs/{answer.json()['job']}"
    until(lambda: door.client.get(place, headers=risk).json()["confirmed"], "the word of the venue")
    lifted(door, next(iter(door.site.folds.state.halts)), "lift-lost", risk)


def test_a_kill_of_a_process_that_died_is_looked_after_by_the_next_one_although_nobody_asks(
    door: Door, home: Path, risk: dict[str, str]
) -> None:
    seq = door.give("reconcile", {"reason": "before"}, "before-0001", risk).json()["seq"]
    given = Given(id=f"kill-{seq}", actor="token:risk", account=None, seq=seq, at=door.site.now, before={})
    door.access.file.execute("INSERT INTO jobs (id, body) VALUES (?, ?)", (given.id, msgspec.json.encode(given)))

    def is_done() -> bool:
        (body,) = door.access.file.execute("SELECT body FROM jobs WHERE id = ?", (given.id,)).fetchone()
        return msgspec.json.decode(body, type=Given).done is not None

    with opened(home):
        assert door.give("reconcile", {"reason": "after"}, "after-0001", risk).status_code == 200
        until(is_done, "the end of the job")


def test_streams_are_opened_anew_of_an_account_that_there_is(door: Door, home: Path, risk: dict[str, str]) -> None:
    effect = previewed(door, "reconnect", {"account": "paper"}, risk)["effect"]
    assert effect["warnings"][0] == "no book is observed there: only what it tells of orders is heard anew"
    answer = door.give("reconnect", {"reason": "it says nothing", "account": "paper"}, "again-0001", risk)
    assert (answer.status_code, answer.json()["verb"]) == (200, "reconnect")
    (event,) = events(home, "command_accepted", key="token:risk/again-0001")
    assert (event.verb, event.reason, event.arguments) == ("reconnect", "it says nothing", {"account": "paper"})
    refused = door.give("reconnect", {"reason": "a try", "account": "elsewhere"}, "again-0002", risk)
    assert (refused.status_code, refused.json()["code"]) == (422, "command_refused")
    assert "'elsewhere' is no account of this desk; it has paper" in refused.json()["detail"]


def test_the_audit_tells_who_commanded_what(door: Door, risk: dict[str, str]) -> None:
    door.clock.shifted_ns += 10_000_000_000
    assert door.give("reconcile", {"reason": "newest"}, "newest-0001", risk).status_code == 200
    told = door.client.get("/api/v1/audit", headers=risk).json()["commands"]
    assert told[0]["reason"] == "newest"
    assert {(each["actor"], each["verb"], each["accepted"]) for each in told} >= {("token:risk", "reconcile", True)}
    assert door.give("cancel", {"reason": "too late", "order_id": "fbnone"}, "none-0002", risk).status_code == 422
    newest = door.client.get("/api/v1/audit", headers=risk).json()["commands"][0]
    assert (newest["reason"], newest["arguments"]) == ("too late", {"order_id": "fbnone"})


def test_a_stop_passes_while_everything_else_waits(door: Door, risk: dict[str, str]) -> None:
    trade = door.token("busy", "trade")
    codes = [door.give("reconcile", {"reason": "flood"}, f"flood-{number:04}", trade) for number in range(40)]
    refused = [answer for answer in codes if answer.status_code == 429]
    assert refused
    assert (refused[0].json()["code"], refused[0].headers["retry-after"]) == ("too_many_requests", "1")
    stopped = door.give("halt", {"reason": "flood", "expected_version": "stale"}, "flood-halt", trade)
    assert stopped.status_code == 200
    caught_up(door, stopped.json()["seq"])
    lifted(door, stopped.json()["halt_id"], "lift-0003", risk)


def rests_behind(door: Door, seq: int) -> bool:
    """Tells whether nothing came for a while behind an event: who still books finds the full disk before a kill."""
    before = door.site.folds.seq
    Event().wait(REST_S)
    return seq < before == door.site.folds.seq


def test_a_kill_that_the_journal_could_not_take_is_booked_when_it_can() -> None:
    with short_desk() as home, opened(home, is_read=False) as door:
        trade = door.token("trade", "trade")
        with engine_over(home) as process:
            until(lambda: rests_behind(door, 60), "the end of the fills of the week")
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4_096, resource.RLIM_INFINITY))  # a full disk
            killed = door.give("kill", {"reason": "the disk is full"}, "kill-0001", trade)
            assert (killed.status_code, killed.json()["code"]) == (503, "engine_not_running")
            assert process.wait(60) == 1
        assert events(home, "trading_halted") == []
        with engine_over(home):
            until(lambda: bool(events(home, "trading_halted")), "the halt")
            (event,) = events(home, "command_accepted", verb="kill")
            assert (event.actor, event.reason) == ("token:trade", "the disk is full")
            assert event.key == "token:trade/kill-0001"
            until(lambda: not (home / "stops.jsonl").exists(), "the end of the file of stops")
            again = door.give("kill", {"reason": "the disk is full"}, "kill-0001", trade)
            assert (again.status_code, again.json()["repeated"]) == (202, True)


def test_an_engine_that_is_drained_ends_and_then_nothing_is_done() -> None:
    with short_desk() as home, engine_over(home) as process, opened(home) as door:
        trade = door.token("trade", "trade")
        assert agreed(door, "drain", {}, "drain-0001", trade).status_code == 200
        assert process.wait(60) == 0
        for act, body in (("halt", {}), ("cancel", {"order_id": "fb1"}), ("reconcile", {})):
            answer = door.give(act, {"reason": "r", **body}, f"gone-{act}", trade)
            assert (answer.status_code, answer.json()["code"]) == (503, "engine_not_running")
        told = call("events", "tail", "-n", "1", "--type", "command_accepted", "--json", "--home", str(home)).body()
        assert told["events"][0]["verb"] == "drain"


@pytest.mark.parametrize(
    ("name", "to", "why"),
    [
        ("__class__", "1", "no limit is called '__class__'"),
        ("nothing", "1", "no limit is called 'nothing'"),
        ("order_shares_max", "0", "order_shares_max must be above zero and at most 50"),
        ("order_shares_max", "51", "order_shares_max must be above zero and at most 50"),
        ("open_orders_max", "1.5", "open_orders_max is counted"),
        ("order_shares_max", "configured", "order_shares_max is as it is configured already"),
    ],
)
def test_a_preview_refuses_a_limit_that_the_engine_would_refuse(
    door: Door, risk: dict[str, str], name: str, to: str, why: str
) -> None:
    door.clock.shifted_ns += 10_000_000_000
    body = {"name": name, "to": to}
    effect = previewed(door, "set-limit", body, risk)["effect"]
    told = agreed(door, "set-limit", body, f"no-limit-{name}-{to.replace('.', '-')}", risk)
    assert effect["refused"].startswith(why)
    assert (told.status_code, told.json()["detail"]) == (422, effect["refused"])


def test_a_preview_of_a_limit_says_how_much_of_it_is_used_then(door: Door, risk: dict[str, str]) -> None:
    door.clock.shifted_ns += 10_000_000_000
    effect = previewed(door, "set-limit", {"name": "day_loss_usd_max", "to": "1"}, risk)["effect"]
    assert [(row["scope"], row["to"]) for row in effect["limits"]] == [("desk:COIN", "1")]
    assert effect["limits"][0]["use_pct_then"] is not None


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name)
def test_every_command_is_told_what_its_verb_knows(act: Act) -> None:
    fields = {name for name in act.body.__struct_fields__ if name not in ("reason", "expected_version")}
    told = {"chain", "tx", "log_index", "hedge"} if fields == {"log", "hedge"} else fields
    assert told == set(TOLD[act.body.verb])


def test_a_reason_of_blanks_is_none(door: Door, risk: dict[str, str]) -> None:
    answer = door.give("halt", {"reason": "   "}, "blank-0001", risk)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "body:reason")
