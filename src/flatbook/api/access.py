"""The door of one API process: who a request is from, and whether that still holds."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from flatbook.api.access_audit import NOBODY, Trail
from flatbook.api.access_file import open_door_file
from flatbook.api.access_rates import Rates
from flatbook.api.access_scopes import Actor, Credential, Lane, Scope
from flatbook.api.access_sessions import (
    Opened,
    Reused,
    csrf_of,
    end_session,
    is_csrf_right,
    make_link,
    open_session,
    redeem_link,
    session_stands,
)
from flatbook.api.access_tokens import Token, actor_of_token, create_token, list_tokens, revoke_token, token_stands
from flatbook.api.commands_once import Answers
from flatbook.api.problems import Code, Problem
from flatbook.engine.ports import Clock
from flatbook.ops.config_api import ApiSection
from flatbook.values.instants import NS_PER_S

HOSTS = ("127.0.0.1", "localhost", "[::1]")
HTTP_PORT = 80
BUSY_S = 0.2  # whoever holds the file for longer holds up no stop, and nobody else
CONSOLE = "console:{user}"
COOKIE = "flatbook_{port}"


def names_of(own: str, port: int) -> tuple[str, ...]:
    """Returns the hosts that a door answers to: this machine's, and the address where it listens.

    Browsers leave the port of HTTP out.
    """
    hosts = dict.fromkeys((*HOSTS, own))
    bare = tuple(hosts) if port == HTTP_PORT else ()
    return (*(f"{host}:{port}" for host in hosts), *bare)


class Access:
    """What the door knows. `names` are the hosts that it answers to, `origins` the pages that may ask."""

    def __init__(self, path: Path, clock: Clock, *, host: str, port: int, user: str, section: ApiSection) -> None:
        self.clock = clock
        own = f"[{host}]" if ":" in host else host
        self.names = names_of(own, port)
        self.origins = tuple(f"http://{name}" for name in self.names)
        self.cookie_name = COOKIE.format(port=port)
        self.address = f"http://{own}:{port}"
        self.rates = Rates(section)
        self._console = CONSOLE.format(user=user)
        self.file: sqlite3.Connection = open_door_file(path, busy_s=BUSY_S)
        self.trail = Trail(self.file)
        self.answers = Answers(self.file)

    def close(self) -> None:
        """Writes down what was counted, and releases the file."""
        self.trail.flush()
        self.file.close()

    def link(self) -> str:
        """Returns the address that opens the console once, within ten minutes."""
        return f"{self.address}/#once={make_link(self.file, self.clock.now())}"

    def log_in(self, link: str) -> Opened:
        """Opens a session for a link.

        Errors: Problem where the link is unknown, used or over; after some of those, where it is tried too often.
        """
        opened = redeem_link(self.file, link, self._console, self.clock.now())
        if opened is None:
            self.count(NOBODY, Lane.LOGIN)
            text = "this link was used, is over, or is none: flatbook token link prints a new one"
            raise Problem(401, Code.LINK_REFUSED, text)
        self.trail.note(opened.actor.name, "log in", "session_opened", "", self.clock.now())
        return opened

    def log_out(self, actor: Actor) -> None:
        """Ends the session of an actor."""
        end_session(self.file, actor.number)
        self.trail.note(actor.name, "log out", "session_ended", "", self.clock.now())

    def by_token(self, text: str) -> Actor:
        """Returns whose a token is.

        Errors: Problem where it is unknown, revoked or over.
        """
        actor = actor_of_token(self.file, text)
        if actor is None:
            raise Problem(401, Code.TOKEN_UNKNOWN, "this token is none, or was revoked", headers=BEARER)
        if actor.ends_at <= self.clock.now():
            raise Problem(401, Code.TOKEN_OVER, f"{actor.name} is over", headers=BEARER)
        return actor

    def by_cookie(self, text: str) -> Opened | None:
        """Returns whose a session is; None where it has ended.

        Errors: Problem where the cookie was changed long ago: somebody has copied it, and its session is ended.
        """
        opened = open_session(self.file, text, self.clock.now())
        if isinstance(opened, Reused):
            raise Problem(401, Code.SESSION_REUSED, "this session was ended: an old cookie of it was shown")
        return opened

    async def is_live(self, actor: Actor | None) -> bool:
        """Returns whether the session or token of an actor still counts."""
        if actor is None:
            return False
        stands = session_stands if actor.credential is Credential.SESSION else token_stands
        return stands(self.file, actor.number, self.clock.now())

    def csrf(self, actor: Actor) -> str | None:
        """Returns the text that changing requests of a session carry; None for a token, which no browser sends."""
        return csrf_of(self.file, actor.number) if actor.credential is Credential.SESSION else None

    def is_csrf_right(self, actor: Actor, shown: str) -> bool:
        """Returns whether a changing request may come from where it says."""
        return actor.credential is not Credential.SESSION or is_csrf_right(self.file, actor.number, shown)

    def count(self, name: str, lane: Lane) -> None:
        """Counts a request.

        Errors: Problem where it is one too many.
        """
        wait_ns = self.rates.wait_ns(name, lane, self.clock.now())
        if wait_ns:
            seconds = str(-(-wait_ns // NS_PER_S))
            text = f"too many requests of the lane {lane.value}: wait {seconds} s"
            raise Problem(429, Code.TOO_MANY_REQUESTS, text, headers={"retry-after": seconds})

    def note(self, actor: Actor | None, act: str, code: str, detail: str) -> None:
        """Notes an attempt in the trail."""
        self.trail.note(NOBODY if actor is None else actor.name, act, code, detail, self.clock.now())

    def tokens(self) -> tuple[Token, ...]:
        """Returns all tokens."""
        return list_tokens(self.file)

    def make(self, name: str, scope: Scope, *, days: int) -> str:
        """Makes a token and returns its text, which cannot be shown again.

        Errors: TokenRefused.
        """
        return create_token(self.file, name, scope, days=days, now=self.clock.now())

    def revoke(self, name: str) -> None:
        """Ends a token.

        Errors: TokenRefused.
        """
        revoke_token(self.file, name)


BEARER = {"www-authenticate": "Bearer"}
