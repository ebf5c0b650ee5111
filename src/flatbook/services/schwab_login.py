"""A person's login at Schwab: from an address to tokens, kept where the configuration keeps its secrets."""

from __future__ import annotations

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import NotSent, Unknown
from flatbook.ops.config_accounts import SchwabAccount
from flatbook.ops.config_shape import Config
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
from flatbook.venues.schwab.wire import URL


class SchwabApp(msgspec.Struct, frozen=True, kw_only=True):
    """The application as it is registered at Schwab, by the names of its secrets, and where Schwab is."""

    base_url: str
    callback: str
    key: str
    secret: str
    tokens: str


USUAL_APP = SchwabApp(
    base_url=URL,
    callback="https://127.0.0.1:8182",
    key="schwab_key",
    secret="schwab_secret",
    tokens="schwab_tokens",
)


class LoginUnclear(ValueError):
    """The configuration does not say which login is meant. Says what to do."""


def app_of(config: Config, account: str | None) -> SchwabApp:
    """Returns the application of an account at Schwab, or of the only login that the configuration has.

    Gives: the usual names and addresses where no account at Schwab is configured.
    Errors: LoginUnclear when there is no such account, or more than one login to choose from.
    """
    stated = {name: each for name, each in config.accounts.items() if isinstance(each, SchwabAccount)}
    if account is not None and account not in stated:
        raise LoginUnclear(f"{account} is no account at Schwab; there are: {', '.join(stated) or 'none'}")
    chosen = stated if account is None else {account: stated[account]}
    apps = dict.fromkeys(_app_of(each) for each in chosen.values())
    if len(apps) > 1:
        raise LoginUnclear(f"{len(apps)} logins are configured: name one with --account, of {', '.join(stated)}")
    return next(iter(apps), USUAL_APP)


def _app_of(account: SchwabAccount) -> SchwabApp:
    key, secret, tokens = (each.removeprefix(PREFIX) for each in (account.key, account.secret, account.tokens))
    url = account.base_url or URL
    return SchwabApp(base_url=url, callback=account.callback, key=key, secret=secret, tokens=tokens)


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
    code = code_of(redirected, callback=app.callback)
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
        return LoginRefused(message=f"Schwab did not answer: {answer.reason.value}")
    if isinstance(answer, Tokens):
        set_secret(places, app.tokens, Secret(msgspec.json.encode(answer).decode()))
    return answer
