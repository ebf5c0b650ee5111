"""Logins at the simulated Schwab: codes, access tokens, and refresh tokens that no refresh makes live longer."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from flatbook.sim.alpaca.faults import TokenEnd
from flatbook.sim.chance import digest
from flatbook.sim.network.http_broker import Ask, Told
from flatbook.sim.schwab.terms import Refused, SchwabTerms
from flatbook.values.instants import Instant, later


class Logins:
    """All codes and tokens that were given. `ended` hears of logins that ended before their time, once it is set."""

    def __init__(self, terms: SchwabTerms) -> None:
        self._terms = terms
        self._basic = "Basic " + base64.b64encode(f"{terms.key}:{terms.secret}".encode()).decode()
        self._codes: dict[str, Instant] = {}
        self._refresh: dict[str, Instant] = {}
        self._access: dict[str, Instant] = {}
        self._given = 0
        self.ended: Callable[[], None] | None = None

    def end(self, what: TokenEnd) -> None:
        """Ends tokens before their time: those of access, or all logins with them."""
        if what is TokenEnd.NONE:
            return
        self._access.clear()
        if what is TokenEnd.LOGIN:
            self._refresh.clear()
            if self.ended is not None:
                self.ended()

    def authorize(self, ask: Ask, now: Instant) -> Told:
        """Sends the browser back with a code, as after a person has logged in."""
        asked = (ask.query.get("client_id"), ask.query.get("redirect_uri"))
        if asked != (self._terms.key, self._terms.callback):
            return Told(status=401, content={"error": "invalid_client"}, headers={})
        code = f"C0.{self._word('code')}@"
        self._codes[code] = later(now, seconds=self._terms.code_s)
        back = {"code": code, "session": self._word("session")}
        back |= {"state": ask.query["state"]} if "state" in ask.query else {}
        where = f"{self._terms.callback}/?{urlencode(back)}"
        return Told(status=302, content=None, headers={"Location": where})

    def token(self, ask: Ask, now: Instant) -> object:
        """Gives tokens for a code, once, or for a refresh token while its login lasts."""
        if ask.headers.get("authorization") != self._basic:
            return _refused(401, "invalid_client", "Unauthorized")
        form = dict(parse_qsl(ask.body.decode(errors="replace")))
        if form.get("grant_type") == "authorization_code":
            ends_at = self._codes.pop(form.get("code", ""), Instant(0))
            if now >= ends_at or form.get("redirect_uri") != self._terms.callback:
                return _refused(400, "invalid_grant", "Bad authorization code")
            return self._tokens(
                now, login_ends_at=later(now, seconds=self._terms.login_s), refresh=self._word("refresh")
            )
        if form.get("grant_type") == "refresh_token":
            refresh = form.get("refresh_token", "")
            login_ends_at = self._refresh.get(refresh, Instant(0))
            if now >= login_ends_at:
                return _refused(400, "unsupported_token_type", "refresh token invalid")
            return self._tokens(now, login_ends_at=login_ends_at, refresh=refresh)
        return _refused(400, "unsupported_grant_type", "")

    def knows(self, ask: Ask, now: Instant) -> bool:
        """Returns whether a request carries an access token that lives."""
        kind, _, token = ask.headers.get("authorization", "").partition(" ")
        return kind == "Bearer" and self.lives(token, now)

    def lives(self, token: str, now: Instant) -> bool:
        """Returns whether an access token was given and lives."""
        return now < self._access.get(token, Instant(0))

    def _tokens(self, now: Instant, *, login_ends_at: Instant, refresh: str) -> dict[str, object]:
        access = f"I0.{self._word('access')}@"
        self._refresh[refresh] = login_ends_at
        self._access[access] = later(now, seconds=self._terms.access_s)
        return {
            "expires_in": self._terms.access_s,
            "token_type": "Bearer",
            "scope": "api",
            "refresh_token": refresh,
            "access_token": access,
            "id_token": self._word("id"),
        }

    def _word(self, kind: str) -> str:
        self._given += 1
        return digest(self._terms.seed, kind, str(self._given))[:24].hex()


def _refused(status: int, error: str, description: str) -> Refused:
    return Refused(status=status, content={"error": error, "error_description": description})
