"""A person's login at Schwab: from an address to tokens, kept where the configuration keeps its secrets."""

from __future__ import annotations

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import NotSent, Unknown
from flatbook.ops.secret_value import Places, Secret, SecretRefused
from flatbook.ops.secrets import PREFIX, resolve, set_secret
from flatbook.values.instants import later
from flatbook.venues.http import Reply, SessionHttp, tls_connector
from flatbook.venues.schwab.login import TOKEN_TIMEOUT_S
from flatbook.venues.schwab.tokens import (
    LoginRefused,
    Tokens,
    app_headers,
    authorize_url,
    code_of,
    exchange_request,
    tokens_answer,
)


class SchwabApp(msgspec.Struct, frozen=True, kw_only=True):
    """The application as it is registered at Schwab, by the names of its secrets, and where Schwab is."""

    base_url: str
    callback: str
    key: str
    secret: str
    tokens: str


class SecretTokens:
    """Tokens of a login as one secret. Implements TokenStore of the adapter."""

    def __init__(self, places: Places, name: str) -> None:
        self._places, self._name = places, name

    def load(self) -> Tokens | None:
        """Returns the tokens that are kept, None where there are none that can be read."""
        try:
            kept = resolve(self._places, f"{PREFIX}{self._name}").reveal()
            return msgspec.json.decode(kept, type=Tokens)
        except (SecretRefused, msgspec.MsgspecError, ValueError):
            return None

    def keep(self, tokens: Tokens) -> bool:
        """Keeps tokens in the place of all earlier ones, and returns whether they are kept."""
        try:
            set_secret(self._places, self._name, Secret(msgspec.json.encode(tokens).decode()))
        except SecretRefused:
            return False
        return True


def login_url(places: Places, app: SchwabApp) -> str:
    """Returns the address at which a person logs in.

    Errors: SecretRefused.
    """
    key = resolve(places, f"{PREFIX}{app.key}").reveal()
    return authorize_url(app.base_url, key=key, callback=app.callback)


async def log_in(places: Places, app: SchwabApp, redirected: str, clock: Clock) -> Tokens | LoginRefused:
    """Turns the address to which the browser was sent back into tokens, and keeps them.

    Errors: SecretRefused, also where the tokens cannot be kept: without that a desk could not use them.
    """
    code = code_of(redirected)
    if isinstance(code, LoginRefused):
        return code
    key, secret = (resolve(places, f"{PREFIX}{name}").reveal() for name in (app.key, app.secret))
    http = SessionHttp(app.base_url, clock, connect=tls_connector, authorize=lambda: app_headers(key, secret))
    now = clock.now()
    try:
        request = exchange_request(code, callback=app.callback)
        reply = await http.send(request, later(now, seconds=TOKEN_TIMEOUT_S))
    finally:
        await http.close()
    answer = tokens_answer(reply, asked_at=now, before=None) if isinstance(reply, Reply) else reply
    if isinstance(answer, Unknown | NotSent):
        return LoginRefused(message=f"Schwab did not answer: {answer.reason.value}; log in once more")
    if isinstance(answer, Tokens):
        set_secret(places, app.tokens, Secret(msgspec.json.encode(answer).decode()))
    return answer
