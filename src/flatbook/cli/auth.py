"""`flatbook auth`: logins that only a person can make, and how long they last."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import show

if TYPE_CHECKING:
    from flatbook.ops.clock import SystemClock
    from flatbook.services.schwab_login import SchwabApp
    from flatbook.venues.schwab.tokens import Tokens

ADDRESS_CHARS_MAX = 8_192
WARNED_EXIT_H = 4
HOURS_PER_DAY = 24

Callback = Annotated[str, says("The callback address as the application has it registered.")]
Url = Annotated[str, says("Where Schwab is.")]
KeyName = Annotated[str, says("The secret that holds the key of the application.")]
SecretName = Annotated[str, says("The secret that holds the secret of the application.")]
TokensName = Annotated[str, says("The secret in which the tokens are kept.")]


def schwab(
    *,
    callback: Callback = "https://127.0.0.1:8182",
    key: KeyName = "schwab_key",
    secret: SecretName = "schwab_secret",
    tokens: TokensName = "schwab_tokens",
    url: Url = "https://api.schwabapi.com",
    where: Where = HERE,
) -> None:
    """Logs in at Charles Schwab, once a week: open the address, log in, and paste the address you are sent back to.

    The address is read from standard input. A running desk picks the new login up by itself.
    """
    import asyncio

    from flatbook.services.schwab_login import SchwabApp, log_in, login_url
    from flatbook.venues.schwab.tokens import LoginRefused

    places = _places(where)
    app = SchwabApp(base_url=url, callback=callback, key=key, secret=secret, tokens=tokens)
    print(f"Open this address and log in:\n{login_url(places, app)}", file=sys.stderr)
    print("Then paste the address that the browser ends at: ", end="", file=sys.stderr, flush=True)
    redirected = sys.stdin.readline(ADDRESS_CHARS_MAX)
    answer = asyncio.run(log_in(places, app, redirected, _clock(where)))
    if isinstance(answer, LoginRefused):
        raise Failed(Exit.REFUSED, answer.message, do="run flatbook auth schwab again; a code lives half a minute")
    _tell("auth.schwab", answer, app, where)


def status(*, tokens: TokensName = "schwab_tokens", where: Where = HERE) -> int:
    """Says how long the login at Charles Schwab lasts. Exits with 1 when it ends within four hours, or is over."""
    from flatbook.services.schwab_login import SchwabApp, SecretTokens

    kept = SecretTokens(_places(where), tokens).load()
    if kept is None:
        raise Failed(Exit.REFUSED, "nobody is logged in", where=tokens, do="run flatbook auth schwab")
    hours = _tell("auth.status", kept, SchwabApp(base_url="", callback="", key="", secret="", tokens=tokens), where)
    return Exit.OK if hours >= WARNED_EXIT_H else Exit.ERROR


def _tell(what: str, tokens: Tokens, app: SchwabApp, where: Where) -> int:
    """Shows when a login ends and returns the whole hours until then. The tokens themselves are never shown."""
    from flatbook.values.instants import text_of_instant
    from flatbook.venues.schwab.tokens import hours_left, warning_h

    now = _clock(where).now()
    hours = hours_left(tokens, now)
    days, rest = divmod(hours, HOURS_PER_DAY)
    body: dict[str, Any] = {
        "tokens": app.tokens,
        "login_ends_at": text_of_instant(tokens.login_ends_at),
        "hours_left": hours,
        "warning_h": warning_h(tokens, now),
    }
    lines = [f"the login lasts until {body['login_ends_at']}: {days} days and {rest} hours"]
    if body["warning_h"] is not None:
        lines.append(f"less than {body['warning_h']} hours are left: run flatbook auth schwab")
    show(what, body, lambda: tuple(lines), as_json=where.as_json)
    return hours


def _clock(where: Where) -> SystemClock:
    from flatbook.cli.desks import loaded_of
    from flatbook.ops.clock import SystemClock

    return SystemClock(loaded_of(where).config.clock.shift_s)


def _places(where: Where) -> Any:
    from flatbook.cli.desks import loaded_of
    from flatbook.ops.config import places_of

    return places_of(loaded_of(where))
