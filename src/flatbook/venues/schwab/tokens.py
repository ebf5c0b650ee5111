"""Schwab's login: an address for a person, a code that comes back, and two tokens with their ends.

The access token lives half an hour. The refresh token lives seven days from the login and no refresh extends that:
whoever counts from the last refresh is surprised. Source: developer.schwab.com, OAuth; schwab-py, Notes on Token
Expiration; Schwabdev#95.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

import msgspec

from flatbook.engine.reports import Unknown
from flatbook.values.instants import SECONDS_PER_DAY, Instant, later, seconds_between
from flatbook.venues.http import Reply, Request
from flatbook.venues.schwab.refusals import SERVER_FAULT, TEXT_MAX, UNREADABLE, is_json, refusal_of

LOGIN_DAYS = 7
ACCESS_S_MAX = 3_600
WARNINGS_H = (4, 24, 48)
TOKEN_PATH = "/v1/oauth/token"
AUTHORIZE_PATH = "/v1/oauth/authorize"
FORM = "application/x-www-form-urlencoded"
SECONDS_PER_HOUR = 3_600
HTTPS_PORT = 443
_SAID = re.compile(r"[a-z_]{1,40}")


class Tokens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tokens of one login and when each ends. `login_ends_at` counts from the login and from nothing later."""

    access: str
    access_ends_at: Instant
    refresh: str
    login_ends_at: Instant

    def __repr__(self) -> str:
        return f"Tokens(access_ends_at={self.access_ends_at}, login_ends_at={self.login_ends_at})"


class LoginRefused(msgspec.Struct, frozen=True, kw_only=True):
    """Schwab proved that a code or a refresh token is worth nothing: somebody has to log in."""

    message: str


class WireTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens as Schwab writes them."""

    access_token: str
    refresh_token: str
    expires_in: int

    def __repr__(self) -> str:
        return "WireTokens"


def authorize_url(base_url: str, *, key: str, callback: str) -> str:
    """Returns the address at which a person logs in."""
    query = {"response_type": "code", "client_id": key, "redirect_uri": callback}
    return f"{base_url}{AUTHORIZE_PATH}?{urlencode(query)}"


def code_of(redirected: str, *, callback: str) -> str | LoginRefused:
    """Returns the code in the address to which the browser was sent back.

    Gives: a refusal that repeats nothing of the address but a word of OAuth, such as access_denied.
    """
    try:
        address = urlsplit(redirected.strip())
        query, is_ours = parse_qs(address.query), _place(address) == _place(urlsplit(callback))
    except ValueError:
        return LoginRefused(message="this is no address")
    if not is_ours:
        return LoginRefused(message=f"the address does not begin with {callback}: paste all that the browser shows")
    codes, said = query.get("code", []), query.get("error", [""])[0]
    if len(codes) == 1 and _is_a_word(codes[0]):
        return codes[0]
    return LoginRefused(message=f"the address says: {said if _SAID.fullmatch(said) else 'it has no code'}")


def _place(address: SplitResult) -> tuple[str, str | None, int, str]:
    """Returns where an address leads, however it is written.

    Errors: ValueError where its port is none.
    """
    return address.scheme, address.hostname, address.port or HTTPS_PORT, address.path.rstrip("/")


def app_headers(key: str, secret: str) -> dict[str, str]:
    """Returns the headers that prove which application asks for tokens."""
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


def exchange_request(code: str, *, callback: str) -> Request:
    """Returns the request that turns a code into tokens. A code lives about half a minute."""
    return _token_request({"grant_type": "authorization_code", "code": code, "redirect_uri": callback})


def refresh_request(tokens: Tokens) -> Request:
    """Returns the request for a new access token."""
    return _token_request({"grant_type": "refresh_token", "refresh_token": tokens.refresh})


def _token_request(form: dict[str, str]) -> Request:
    return Request(method="POST", path=TOKEN_PATH, body=urlencode(form).encode(), content_type=FORM)


def tokens_answer(reply: Reply, *, asked_at: Instant, before: Tokens | None) -> Tokens | LoginRefused | Unknown:
    """Returns the tokens of a reply.

    Needs: `before` are the tokens that were refreshed, None for a login. Ends count from when it was asked.
    Gives: a refresh keeps the end of its login, whatever refresh token comes with it.
    """
    if reply.status in (400, 401):
        refusal = refusal_of(reply)
        return UNREADABLE if refusal is None else LoginRefused(message=refusal.text[:TEXT_MAX])
    if reply.status != 200 or not is_json(reply):
        return SERVER_FAULT if reply.status >= 500 else UNREADABLE
    try:
        stated = msgspec.json.decode(reply.body, type=WireTokens)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return UNREADABLE
    if not _is_a_word(stated.access_token) or not _is_a_word(stated.refresh_token) or stated.expires_in <= 0:
        return UNREADABLE
    login_ends_at = later(asked_at, seconds=LOGIN_DAYS * SECONDS_PER_DAY) if before is None else before.login_ends_at
    return Tokens(
        access=stated.access_token,
        access_ends_at=later(asked_at, seconds=min(stated.expires_in, ACCESS_S_MAX)),
        refresh=stated.refresh_token,
        login_ends_at=login_ends_at,
    )


def hours_left(tokens: Tokens, now: Instant) -> int:
    """Returns for how many whole hours a login lasts, zero when it is over."""
    return max(seconds_between(now, tokens.login_ends_at), 0) // SECONDS_PER_HOUR


def warning_h(tokens: Tokens, now: Instant) -> int | None:
    """Returns which of WARNINGS_H the end of a login has come within, None while it is farther away."""
    left_s = seconds_between(now, tokens.login_ends_at)
    return next((hours for hours in WARNINGS_H if left_s <= hours * SECONDS_PER_HOUR), None)


def bearer_headers(tokens: Tokens | None) -> dict[str, str]:
    """Returns the headers that prove whose account is asked for."""
    return {} if tokens is None else {"Authorization": f"Bearer {tokens.access}"}


def _is_a_word(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
