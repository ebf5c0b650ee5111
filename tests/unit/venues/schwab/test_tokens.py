"""Schwab's login: addresses, codes and tokens."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from flatbook.engine.reports import Unknown
from flatbook.events.orders import UnknownReason
from flatbook.values.instants import later
from flatbook.venues.http import Reply
from flatbook.venues.schwab import tokens as login
from flatbook.venues.schwab.tokens import LoginRefused, Tokens
from tests.unit.venues.schwab.sample import HTML, JSON, REGULAR, TOKENS, reply

CALLBACK = "https://127.0.0.1:8182"
GIVEN = {"access_token": "a1", "refresh_token": "r1", "expires_in": 1800, "token_type": "Bearer", "scope": "api"}
ELSEWHERE = f"the address does not begin with {CALLBACK}: paste all that the browser shows"
UNREADABLE = Unknown(reason=UnknownReason.UNREADABLE)


def code_of(redirected: str) -> str | LoginRefused:
    return login.code_of(redirected, callback=CALLBACK)


def test_the_address_names_the_application_and_where_to_come_back() -> None:
    url = urlsplit(login.authorize_url("https://api.example", key="app key", callback=CALLBACK))
    assert (url.netloc, url.path) == ("api.example", "/v1/oauth/authorize")
    assert parse_qs(url.query) == {"response_type": ["code"], "client_id": ["app key"], "redirect_uri": [CALLBACK]}


def test_the_code_is_taken_out_of_the_address_unquoted() -> None:
    assert code_of(f" {CALLBACK}/?code=C0.b3%40&session=x\n") == "C0.b3@"
    assert code_of(f"{CALLBACK.upper().replace('HTTPS', 'https')}?code=C0#there") == "C0"
    assert login.code_of("https://desk.example/back/?code=C0", callback="https://desk.example:443/back") == "C0"


@pytest.mark.parametrize(
    ("pasted", "says"),
    [
        (f"{CALLBACK}?error=access_denied", "the address says: access_denied"),
        (f"{CALLBACK}/?state=1", "the address says: it has no code"),
        (f"{CALLBACK}/?code=", "the address says: it has no code"),
        (f"{CALLBACK}/?code=C0&code=C1", "the address says: it has no code"),
        (f"{CALLBACK}/?code=C0%0AC1", "the address says: it has no code"),
        (f"{CALLBACK}/?code=C0\udc80", "the address says: it has no code"),
        (f"{CALLBACK}/?error=%1B%5B31m", "the address says: it has no code"),
        ("", ELSEWHERE),
        ("code", ELSEWHERE),
        ("127.0.0.1:8182/?code=C0", ELSEWHERE),
        ("https://127.0.0.1/?code=C0", ELSEWHERE),
        ("http://127.0.0.1:8182/?code=C0", ELSEWHERE),
        ("https://127.0.0.1:8182@evil.example/?code=C0", ELSEWHERE),
        (f"{CALLBACK}.evil.example/?code=C0", "this is no address"),
        ("https://evil.example/?code=C0", ELSEWHERE),
        ("https://[x/?code=1", "this is no address"),
    ],
)
def test_an_address_that_is_not_ours_or_has_no_code_is_refused_and_not_repeated(pasted: str, says: str) -> None:
    assert code_of(pasted) == LoginRefused(message=says)


def test_tokens_are_asked_for_with_a_form() -> None:
    request = login.exchange_request("C0.b3@", callback=CALLBACK)
    assert (request.method, request.path, request.content_type) == (
        "POST",
        "/v1/oauth/token",
        "application/x-www-form-urlencoded",
    )
    assert request.body == b"grant_type=authorization_code&code=C0.b3%40&redirect_uri=https%3A%2F%2F127.0.0.1%3A8182"
    assert login.refresh_request(TOKENS).body == b"grant_type=refresh_token&refresh_token=refresh"
    assert login.app_headers("key", "word") == {"Authorization": "Basic a2V5OndvcmQ="}


def test_a_login_lasts_seven_days_and_its_access_token_half_an_hour() -> None:
    assert login.tokens_answer(reply(GIVEN), asked_at=REGULAR, before=None) == Tokens(
        access="a1",
        access_ends_at=later(REGULAR, seconds=1_800),
        refresh="r1",
        login_ends_at=later(REGULAR, seconds=7 * 86_400),
    )


def test_no_refresh_makes_a_login_last_longer() -> None:
    at = later(REGULAR, seconds=6 * 86_400)
    refreshed = login.tokens_answer(reply(GIVEN), asked_at=at, before=TOKENS)
    assert isinstance(refreshed, Tokens)
    assert refreshed.login_ends_at == TOKENS.login_ends_at
    assert refreshed.access_ends_at == later(at, seconds=1_800)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            reply({"error": "unsupported_token_type", "error_description": "refresh token invalid"}, 400),
            LoginRefused(message="unsupported_token_type refresh token invalid"),
        ),
        (reply({"error": "invalid_client"}, 401), LoginRefused(message="invalid_client")),
        (Reply(status=400, headers={}, body=b"?"), UNREADABLE),
        (HTML, UNREADABLE),
        (reply({**GIVEN, "expires_in": 0}), UNREADABLE),
        (reply({**GIVEN, "access_token": "a\n"}), UNREADABLE),
        (reply({**GIVEN, "access_token": ""}), UNREADABLE),
        (reply({**GIVEN, "refresh_token": "a b"}), UNREADABLE),
        (reply({"access_token": "a1"}), UNREADABLE),
        (Reply(status=200, headers={"content-type": JSON}, body=b"{"), UNREADABLE),
        (reply({}, 503), Unknown(reason=UnknownReason.SERVER_FAULT)),
    ],
)
def test_other_answers_are_refusals_or_unknown(answer: Reply, expected: object) -> None:
    assert login.tokens_answer(answer, asked_at=REGULAR, before=TOKENS) == expected


def test_an_absurd_life_of_an_access_token_is_bounded() -> None:
    given = login.tokens_answer(reply({**GIVEN, "expires_in": 10**9}), asked_at=REGULAR, before=None)
    assert isinstance(given, Tokens)
    assert given.access_ends_at == later(REGULAR, seconds=3_600)


@pytest.mark.parametrize(
    ("left_s", "hours", "warning"),
    [
        (7 * 86_400, 168, None),
        (48 * 3_600 + 1, 48, None),
        (48 * 3_600, 48, 48),
        (24 * 3_600 + 1, 24, 48),
        (24 * 3_600, 24, 24),
        (4 * 3_600, 4, 4),
        (59, 0, 4),
        (-5, 0, 4),
    ],
)
def test_the_end_of_a_login_is_counted_down(left_s: int, hours: int, warning: int | None) -> None:
    now = later(TOKENS.login_ends_at, seconds=-left_s)
    assert (login.hours_left(TOKENS, now), login.warning_h(TOKENS, now)) == (hours, warning)


def test_tokens_are_not_seen_in_what_is_printed() -> None:
    assert "first" not in repr(TOKENS)
    assert "refresh'" not in repr(TOKENS)
    assert login.bearer_headers(TOKENS) == {"Authorization": "Bearer first"}
    assert login.bearer_headers(None) == {}
