"""Logins renewed over HTTP at the simulated Schwab: what is pasted makes a login, once, and stays nowhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from flatbook.api import logins
from flatbook.api.logins import LoginRenewed, Logins
from flatbook.api.problems import Problem
from flatbook.values.instants import NS_PER_S
from tests.unit.api.door_scene import Door, opened
from tests.unit.cli.scene import call
from tests.unit.sim.schwab.served import HELD_ELSEWHERE, Served, add_accounts, add_secrets, kept_of, served_schwab

pytestmark = pytest.mark.real
ELSEWHERE = "the address does not begin with https://127.0.0.1:8182: paste all that the browser shows"
AGAIN = "log in once more; a code lives half a minute, and is taken once"
LOOK_S, LOOKS = 0.005, 4_000


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with served_schwab() as schwab:
        yield schwab


@pytest.fixture(scope="module")
def door(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Gives the application over a desk with one account at Schwab, and one whose Schwab cannot be reached."""
    home = tmp_path_factory.mktemp("home")
    assert call("init", "--home", str(home)).code == 0
    add_secrets(home)
    add_accounts(home, {"ours": served.url, "far": "http://127.0.0.1:1"})
    with pytest.MonkeyPatch.context() as patch:
        for name, text in HELD_ELSEWHERE.items():
            patch.setenv(name, text)
        with opened(home, is_read=False) as door:
            yield door


@pytest.fixture
def admin(door: Door) -> dict[str, str]:
    door.clock.shifted_ns += 61 * NS_PER_S
    return door.token("", "admin")


def renewed(door: Door, headers: dict[str, str], pasted: str, key: str = "", account: str = "ours") -> Any:
    """Pastes an address, with a key of its own where none is stated."""
    keyed = {**headers, "idempotency-key": key or uuid4().hex}
    return door.client.post(f"/api/v1/logins/{account}", json={"redirected": pasted}, headers=keyed)


def exchanged(served: Served) -> int:
    """Returns how often a code was to become tokens."""
    return served.server.front.requests.get("POST token", 0)


def code_in(pasted: str) -> str:
    """Returns the code of an address as it is written there."""
    return pasted.partition("code=")[2].partition("&")[0]


def test_a_person_is_told_where_to_log_in_and_what_to_paste(door: Door, served: Served, admin: dict[str, str]) -> None:
    answer = door.client.get("/api/v1/logins/ours/address", headers=admin)
    assert answer.json() == {"address": served.address, "callback": "https://127.0.0.1:8182"}


def test_what_is_pasted_makes_a_login_once_however_often_it_is_sent(
    door: Door, served: Served, admin: dict[str, str]
) -> None:
    before, pasted = exchanged(served), served.sent_back()
    answer = renewed(door, admin, pasted, "renew-0001")
    kept = kept_of(door.site.home, "ours_tokens")
    assert kept is not None
    assert (answer.status_code, answer.json()["hours_left"]) == (200, 167)
    assert door.tried()[0] == ("token:spare", "renew login ours", "login_renewed")
    again = renewed(door, admin, pasted, "renew-0001")
    assert (again.json(), again.headers["idempotency-replayed"]) == (answer.json(), "true")
    assert exchanged(served) == before + 1
    twice = renewed(door, admin, pasted, "renew-0002")
    assert (twice.status_code, twice.json()["code"]) == (422, "command_refused")
    assert twice.json()["detail"] == f"invalid_grant Bad authorization code; {AGAIN}"
    assert kept_of(door.site.home, "ours_tokens") == kept


def test_neither_what_is_pasted_nor_a_token_stays_or_is_told(door: Door, served: Served, admin: dict[str, str]) -> None:
    pasted = [served.sent_back(), served.sent_back().replace("https://", "https://evil.example/")]
    answers = [renewed(door, admin, each) for each in pasted]
    assert [answer.status_code for answer in answers] == [200, 422]
    kept = kept_of(door.site.home, "ours_tokens")
    assert kept is not None
    told = [answer.text for answer in answers]
    told.append(door.client.get("/api/v1/audit", headers=admin).text)
    told.append(door.client.get("/api/v1/tasks", headers=admin).text)
    files = [path.read_bytes() for path in door.site.home.rglob("*") if path.is_file()]
    assert b"login_renewed" in b"".join(files)
    for secret in (*map(code_in, pasted), kept.access, kept.refresh):
        assert len(secret) > 20
        assert [text for text in told if secret in text] == []
        assert [text for text in files if secret.encode() in text] == []


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        ("https://evil.example/?code=C0", ELSEWHERE),
        ("https://127.0.0.1:8182@evil.example/?code=C0", ELSEWHERE),
        ("https://127.0.0.1:8182/?session=x", "the address says: it has no code"),
        ("https://127.0.0.1:8182/?error=access_denied", "the address says: access_denied"),
        ("--help", ELSEWHERE),
    ],
)
def test_an_address_that_is_no_login_is_refused_with_what_to_do(
    door: Door, served: Served, admin: dict[str, str], pasted: str, says: str
) -> None:
    before = exchanged(served)
    answer = renewed(door, admin, pasted)
    assert (answer.status_code, answer.json()["code"]) == (422, "command_refused")
    assert answer.json()["detail"] == f"{says}; {AGAIN}"
    assert exchanged(served) == before


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "https://127.0.0.1:8182/?code=" + "C" * 8_192,
        "https://127.0.0.1:8182/?code=\nhttps://127.0.0.1:8182/?code=C0",
        "https://127.0.0.1:8182/?code=C0\n",
        "https://127.0.0.1:8182/?code=C0\r",
        "https://127.0.0.1:8182/?code=C0\x00",
        "https://127.0.0.1:8182/?code=C0 C1",
        "https://127.0.0.1:8182/?code=C\u00e9",
    ],
)
def test_what_is_no_single_line_of_an_address_is_refused_and_not_repeated(
    door: Door, admin: dict[str, str], pasted: str
) -> None:
    answer = renewed(door, admin, pasted)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert [each["where"] for each in answer.json()["errors"]] == ["body:redirected"]
    assert "code=" not in answer.text


@pytest.mark.parametrize("account", ["nobody", "--help", "cex", "ours%0A"])
def test_an_account_without_such_a_login_is_unknown(door: Door, admin: dict[str, str], account: str) -> None:
    answers = [
        door.client.get(f"/api/v1/logins/{account}/address", headers=admin),
        renewed(door, admin, "https://127.0.0.1:8182/?code=C0", account=account),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "not_found")] * 2
    assert "is no account at Schwab; there are: ours, far" in answers[0].json()["detail"]


def test_where_schwab_does_not_answer_the_refusal_says_so(door: Door, admin: dict[str, str]) -> None:
    answer = renewed(door, admin, "https://127.0.0.1:8182/?code=C0", account="far")
    assert (answer.status_code, answer.json()["code"]) == (422, "command_refused")
    assert answer.json()["detail"].startswith("Schwab did not answer: ")


def test_a_secret_that_cannot_be_read_is_named(
    door: Door, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEST_SCHWAB_KEY")
    answer = door.client.get("/api/v1/logins/ours/address", headers=admin)
    assert (answer.status_code, answer.json()["code"]) == (422, "command_refused")
    assert "TEST_SCHWAB_KEY" in answer.json()["detail"]


def test_of_a_renewal_that_gave_no_answer_nothing_is_known_and_the_same_key_may_ask_again(
    door: Door, served: Served, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pasted = served.sent_back()
    monkeypatch.setattr(logins, "RENEW_S", 0)
    answer = renewed(door, admin, pasted, "renew-6001")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "flatbook auth status says how the login stands" in answer.json()["detail"]
    monkeypatch.undo()
    assert renewed(door, admin, pasted, "renew-6001").status_code == 200


def words_of_children() -> list[str]:
    """Returns the words of every process that this one began and that still runs."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            if status.read_text().rpartition(")")[2].split()[1] == str(os.getpid()):
                found.append((status.parent / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_of_two_renewals_at_once_one_waits_and_no_word_of_a_process_holds_what_was_pasted(
    door: Door, served: Served
) -> None:
    first, second = served.sent_back(), served.sent_back()

    async def both() -> tuple[LoginRenewed, Problem, LoginRenewed, list[str]]:
        renewing = Logins(door.site)
        running = asyncio.create_task(renewing.renew("ours", first))
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused:
            await renewing.renew("far", second)
        words: list[str] = []
        for _ in range(LOOKS):
            words = [each for each in words_of_children() if "--pasted" in each]
            if words or running.done():
                break
            await asyncio.sleep(LOOK_S)
        done = await running
        return done, refused.value, await renewing.renew("ours", second), words

    done, refused, after, words = asyncio.run(both())
    assert (refused.status, refused.code.value) == (409, "under_way")
    assert (done.hours_left, after.hours_left) == (167, 167)
    (only,) = words
    assert "auth schwab --pasted --account ours --json --home" in only
    assert code_in(first) not in only


def test_whoever_asks_for_the_same_address_at_once_waits_for_the_same_answer(door: Door, served: Served) -> None:
    async def both() -> list[str]:
        asking = Logins(door.site)
        return [told.address for told in await asyncio.gather(asking.address("ours"), asking.address("ours"))]

    assert asyncio.run(both()) == [served.address] * 2


def test_who_may_not_do_everything_renews_nothing(door: Door) -> None:
    headers = door.token("", "risk")
    answers = [
        door.client.get("/api/v1/logins/ours/address", headers=headers),
        renewed(door, headers, "https://127.0.0.1:8182/?code=C0"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "scope_missing")] * 2


def test_without_a_key_nothing_is_renewed(door: Door, served: Served, admin: dict[str, str]) -> None:
    before = exchanged(served)
    answer = door.client.post("/api/v1/logins/ours", json={"redirected": served.sent_back()}, headers=admin)
    assert (answer.status_code, answer.json()["code"], exchanged(served)) == (400, "key_missing", before)
