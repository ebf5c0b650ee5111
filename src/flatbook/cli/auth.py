"""`flatbook auth`: logins that only a person can make, and how long they last."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import show

if TYPE_CHECKING:
    from flatbook.ops.clock import SystemClock
    from flatbook.services.schwab_login import SchwabApp
    from flatbook.venues.schwab.tokens import Tokens

ADDRESS_CHARS_MAX = 8_192
LOG_IN_AGAIN = "log in once more; a code lives half a minute, and is taken once"
WARNED_EXIT_H = 4
HOURS_PER_DAY = 24

Account = Annotated[str | None, says("The account at Schwab; needed where the configuration has several logins.")]
Callback = Annotated[str | None, says("The callback address as registered; that of the account when left out.")]
Url = Annotated[str | None, says("Where Schwab is; that of the account when left out.")]
KeyName = Annotated[str | None, says("The secret with the application's key; that of the account when left out.")]
Pasted = Annotated[bool, says("The address already waits on standard input: nothing is told, and nothing asked for.")]
SecretName = Annotated[str | None, says("The secret with the application's secret; that of the account when left out.")]
TokensName = Annotated[str | None, says("The secret with the tokens; that of the account when left out.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Application:
    """The application at Schwab, where it is not as the configuration has it."""

    account: Account = None
    callback: Callback = None
    key: KeyName = None
    secret: SecretName = None
    tokens: TokensName = None
    url: Url = None


AS_CONFIGURED = Application()


def address(*, stated: Application = AS_CONFIGURED, where: Where = HERE) -> None:
    """Says the address at which a person logs in at Charles Schwab."""
    from flatbook.services.schwab_login import login_url

    app = _app(where, stated)
    body = {"address": login_url(_places(where), app), "callback": app.callback}
    show("auth.address", body, lambda: (body["address"],), as_json=where.as_json)


def schwab(*, stated: Application = AS_CONFIGURED, pasted: Pasted = False, where: Where = HERE) -> None:
    """Logs in at Charles Schwab, once a week: open the address, log in, and paste the address you are sent back to.

    The address is read from standard input. A running desk picks the new login up by itself.
    """
    import asyncio

    from flatbook.services.schwab_login import log_in, login_url
    from flatbook.venues.schwab.tokens import LoginRefused

    places = _places(where)
    app = _app(where, stated)
    if not pasted:
        print(f"Open this address and log in:\n{login_url(places, app)}", file=sys.stderr)
        print("Then paste the address that the browser ends at: ", end="", file=sys.stderr, flush=True)
    answer = asyncio.run(log_in(places, app, _pasted(), _clock(where)))
    if isinstance(answer, LoginRefused):
        raise Failed(Exit.REFUSED, answer.message, do=LOG_IN_AGAIN)
    _tell("auth.schwab", answer, app, where)


def status(*, account: Account = None, tokens: TokensName = None, where: Where = HERE) -> int:
    """Says how long the login at Charles Schwab lasts. Exits with 1 when it ends within four hours, or is over."""
    from flatbook.services.schwab_login import SecretTokens

    app = _app(where, Application(account=account, tokens=tokens))
    kept = SecretTokens(_places(where), app.tokens).load()
    if kept is None:
        raise Failed(Exit.REFUSED, "nobody is logged in", where=app.tokens, do="run flatbook auth schwab")
    hours = _tell("auth.status", kept, app, where)
    return Exit.OK if hours >= WARNED_EXIT_H else Exit.ERROR


def _pasted() -> str:
    """Returns the line that was pasted: one that is cut would have a code that is wrong."""
    line = sys.stdin.readline(ADDRESS_CHARS_MAX + 1)
    if len(line.rstrip("\n")) > ADDRESS_CHARS_MAX:
        raise Failed(Exit.REFUSED, f"the address is longer than {ADDRESS_CHARS_MAX} characters", do=LOG_IN_AGAIN)
    return line


def _app(where: Where, stated: Application) -> SchwabApp:
    """Returns the application as the configuration has it, with what was stated in the place of that."""
    import msgspec

    from flatbook.cli.desks import loaded_of
    from flatbook.services.schwab_login import LoginUnclear, app_of

    try:
        app = app_of(loaded_of(where).config, stated.account)
    except LoginUnclear as error:
        raise Failed(Exit.USAGE, str(error), where="--account") from error
    given = {
        "base_url": stated.url,
        "callback": stated.callback,
        "key": stated.key,
        "secret": stated.secret,
        "tokens": stated.tokens,
    }
    return msgspec.structs.replace(app, **{name: value for name, value in given.items() if value is not None})


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
