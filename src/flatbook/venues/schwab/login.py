"""The login while a desk runs: the access token is refreshed ahead of its end, and never by two at once."""

from __future__ import annotations

import asyncio
from typing import Protocol

from flatbook.engine.ports import Clock
from flatbook.values.instants import Instant, later
from flatbook.venues.http import Http, Reply
from flatbook.venues.schwab.tokens import LoginRefused, Tokens, bearer_headers, refresh_request, tokens_answer

REFRESH_AHEAD_S = 300
SPENT_S = 5
TOKEN_TIMEOUT_S = 10
RETRY_S = 15


class TokenStore(Protocol):
    """Where the tokens of a login are kept, encrypted."""

    def load(self) -> Tokens | None:
        """Returns the tokens that are kept, None where there are none that can be read."""
        ...

    def keep(self, tokens: Tokens) -> bool:
        """Keeps tokens in the place of all earlier ones, and returns whether they are kept."""
        ...


class Login:
    """One login; implements the engine's LoginClock. A new one, made by a person, is picked up from the store.

    Needs: `http` carries requests for tokens, and proves which application asks.
    """

    def __init__(self, http: Http, clock: Clock, store: TokenStore) -> None:
        self._http, self._clock, self._store = http, clock, store
        self._tokens: Tokens | None = None
        self._turn = asyncio.Lock()
        self._retry_from = Instant(0)
        self._is_doubted = self._is_refused = False

    def ends_at(self) -> Instant | None:
        """Returns until when the login lasts, None where there is none, or Schwab does not renew it any more.

        Gives: a login that a person made meanwhile is picked up.
        """
        tokens = self._newest()
        return None if tokens is None or self._is_refused else tokens.login_ends_at

    @property
    def tokens(self) -> Tokens | None:
        """The tokens in use; of interest is when the login ends."""
        return self._tokens

    def headers(self) -> dict[str, str]:
        """Returns the headers that prove whose account is asked for; none before the first token."""
        return bearer_headers(self._tokens)

    def doubt(self) -> None:
        """Notes that Schwab did not take the access token: a new one is asked for before the next request."""
        self._is_doubted = True

    async def ready(self, *, ahead: bool) -> bool:
        """Returns whether there is an access token to ask with, refreshed where it has to be, once in RETRY_S at most.

        Needs: `ahead` is true for requests that may wait: they refresh a token that is near its end, while an order
        and a cancel go with the one there is.
        """
        if not self._lasts(REFRESH_AHEAD_S if ahead else SPENT_S):
            async with self._turn:
                if not self._lasts(REFRESH_AHEAD_S if ahead else SPENT_S):
                    await self._renew()
        return self._lasts(SPENT_S)

    def _lasts(self, seconds: int) -> bool:
        tokens = self._tokens
        return (
            tokens is not None
            and not self._is_doubted
            and later(self._clock.now(), seconds=seconds) < tokens.access_ends_at
        )

    async def _renew(self) -> None:
        now = self._clock.now()
        if now < self._retry_from:
            return
        self._retry_from = later(now, seconds=RETRY_S)
        tokens = self._newest()
        if tokens is None or now >= tokens.login_ends_at:
            return
        reply = await self._http.send(refresh_request(tokens), later(now, seconds=TOKEN_TIMEOUT_S))
        answer = tokens_answer(reply, asked_at=now, before=tokens) if isinstance(reply, Reply) else reply
        if isinstance(answer, Tokens):
            self._tokens, self._is_doubted, self._is_refused = answer, False, False
            if self._newest() is answer:  # a person who logged in meanwhile has made a later one
                self._store.keep(answer)
        elif isinstance(answer, LoginRefused):
            self._is_doubted = self._is_refused = True

    def _newest(self) -> Tokens | None:
        """Returns the tokens of the latest login, from the store where a person has made a new one."""
        stored = self._store.load()
        if stored is not None and (self._tokens is None or stored.login_ends_at > self._tokens.login_ends_at):
            self._tokens, self._is_doubted, self._is_refused = stored, False, False
        return self._tokens
