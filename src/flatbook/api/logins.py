"""Logins that a person makes at a venue, renewed by verbs of ours in processes of their own.

This process holds no secret of a venue. What a person pastes goes to the standard input of the verb, never into its
words, and is kept nowhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec

from flatbook.api.own_verbs import SaidTooMuch, failure_of, run_verb
from flatbook.api.problems import Code, Problem
from flatbook.api.site import Site
from flatbook.ops.config_accounts import SchwabAccount

ADDRESS_S, RENEW_S = 30, 45
ADDRESS_WORDS, RENEW_WORDS = ("auth", "address"), ("auth", "schwab", "--pasted")
FAULTS = (msgspec.MsgspecError, SaidTooMuch, OSError, RecursionError)
AGAIN = {"retry-after": "5"}

T = TypeVar("T")


class LoginAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person logs in, and how the address begins that the browser ends at, which is to be pasted."""

    address: str
    callback: str


class LoginRenewed(msgspec.Struct, frozen=True, kw_only=True):
    """A login that was just made: until when it lasts. Units: `hours_left` whole hours until then."""

    login_ends_at: str
    hours_left: int


class Logins:
    """What is asked about logins now: an address once for all who ask, and one renewal at a time."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._asked: dict[str, asyncio.Task[LoginAddress]] = {}
        self._renewing = False

    async def address(self, account: str) -> LoginAddress:
        """Returns where a person logs in for an account; whoever asks while that is being asked for waits for it.

        Errors: Problem where there is no such account, and where it cannot be told.
        """
        words = self._words(ADDRESS_WORDS, account)
        asking = self._asked.get(account)
        if asking is None:
            asking = asyncio.create_task(_ask(words, ADDRESS_S, LoginAddress))
            self._asked[account] = asking
            asking.add_done_callback(self._forgetting(account))
        return await asyncio.shield(asking)

    async def renew(self, account: str, redirected: str) -> LoginRenewed:
        """Logs in with the address that a person was sent back to. Units: `redirected` is one line.

        Errors: Problem where there is no such account, where another renewal runs, where it is refused, and where
        nothing is known of it.
        """
        words = self._words(RENEW_WORDS, account)
        if self._renewing:
            text = "another login is being renewed: log in once more when that is over"
            raise Problem(409, Code.UNDER_WAY, text, headers=AGAIN)
        self._renewing = True
        try:
            return await _ask(words, RENEW_S, LoginRenewed, f"{redirected}\n".encode())
        finally:
            self._renewing = False

    def _forgetting(self, account: str) -> Callable[[asyncio.Task[LoginAddress]], None]:
        def forget(asking: asyncio.Task[LoginAddress]) -> None:
            del self._asked[account]
            if not asking.cancelled():
                asking.exception()  # whoever asked may be gone

        return forget

    def _words(self, verb: tuple[str, ...], account: str) -> tuple[str, ...]:
        """Returns the words of a verb about an account.

        Errors: Problem.
        """
        accounts = self._site.loaded.config.accounts
        named = [name for name, each in accounts.items() if isinstance(each, SchwabAccount)]
        if account not in named:
            text = f"{account!r} is no account at Schwab; there are: {', '.join(named) or 'none'}"
            raise Problem(404, Code.NOT_FOUND, text)
        return (*verb, "--account", account, "--json", *self._site.options())


async def _ask(words: tuple[str, ...], most_s: int, wanted: type[T], fed: bytes = b"") -> T:
    """Returns what a verb answers.

    Errors: Problem where it refuses, and where it gives no answer.
    """
    try:
        output = (await run_verb(words, most_s, [], fed)).output
        why = failure_of(msgspec.json.decode(output, type=dict[str, object]))
        if why is None:
            return msgspec.json.decode(output, type=wanted)
    except (TimeoutError, *FAULTS) as error:
        text = f"no answer came ({type(error).__name__}): flatbook auth status says how the login stands"
        raise Problem(503, Code.UNAVAILABLE, text) from None
    raise Problem(422, Code.COMMAND_REFUSED, why)
