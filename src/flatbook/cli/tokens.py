"""`flatbook token`: what programs show at the API, each with a scope and an end, kept as a hash only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from flatbook.cli.api import within_ports
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import Column, Part, Table, show

if TYPE_CHECKING:
    import sqlite3

DAYS = 30

TokenName = Annotated[str, says("The name of the token; the journal names it as token:NAME.")]


def create(
    name: TokenName,
    /,
    *,
    scope: Annotated[Literal["read", "trade", "risk", "admin"], says("What it allows; each includes those before.")],
    days: Annotated[int, says("How many days it lasts.")] = DAYS,
    where: Where = HERE,
) -> None:
    """Makes a token and prints it, once: what is kept of it is a hash.

    read looks; trade also halts, kills, cancels, hedges and trades; risk also lifts halts and sets limits; admin also
    makes, sees and ends tokens. Show it as a header: Authorization: Bearer TOKEN.
    """
    from flatbook.api.access_scopes import Scope
    from flatbook.api.access_tokens import create_token, list_tokens
    from flatbook.cli.api_answers import shows_token
    from flatbook.cli.desks import loaded_of
    from flatbook.ops.clock import SystemClock
    from flatbook.values.instants import text_of_instant

    port = loaded_of(where).config.api.port
    with _door(where) as door:
        text = create_token(door, name, Scope(scope), days=days, now=SystemClock().now())
        made = next(each for each in list_tokens(door) if each.name == name)
    body = {
        "name": name,
        "scope": scope,
        "ends_at": text_of_instant(made.ends_at),
        "token": text,
        "api_answers": shows_token(port, text),
    }
    told = (text, f"{name} may {scope} until {body['ends_at']}; this is the only time that it is shown")
    show("token.create", body, lambda: told, as_json=where.as_json)
    _tell_silence(port, answers=body["api_answers"] is True)


def listing(*, where: Where = HERE) -> None:
    """Lists the tokens, those that are over too."""
    from flatbook.api.access_tokens import list_tokens
    from flatbook.ops.clock import SystemClock
    from flatbook.values.instants import text_of_instant

    now = SystemClock().now()
    with _door(where) as door:
        rows = [
            {
                "name": each.name,
                "scope": each.scope.value,
                "made_at": text_of_instant(each.made_at),
                "ends_at": text_of_instant(each.ends_at),
                "over": each.ends_at <= now,
            }
            for each in list_tokens(door)
        ]
    show("token.list", {"tokens": rows}, lambda: _parts(rows), as_json=where.as_json)


def _parts(rows: list[dict[str, Any]]) -> Iterator[Part]:
    if not rows:
        yield "there are no tokens"
        return
    columns = [Column("token", "name"), Column("scope", "scope"), Column("made", "made_at"), Column("ends", "ends_at")]
    yield Table("tokens", [*columns, Column("over", "over")], rows)


def revoke(name: TokenName, /, *, where: Where = HERE) -> None:
    """Ends a token: the next request with it is refused."""
    from flatbook.api.access_tokens import revoke_token

    with _door(where) as door:
        revoke_token(door, name)
    show("token.revoke", {"name": name}, lambda: (f"{name} is revoked",), as_json=where.as_json)


def link(
    *,
    port: Annotated[
        int | None,
        Parameter(
            help="The port on which `flatbook api` listens; that of the configuration when left out.",
            validator=lambda _, value: within_ports(value),
        ),
    ] = None,
    where: Where = HERE,
) -> None:
    """Prints a link that opens the console once, within ten minutes, as somebody who may do everything."""
    from flatbook.api.access_sessions import make_link
    from flatbook.cli.api_answers import address_of, is_ours
    from flatbook.cli.desks import loaded_of
    from flatbook.ops.clock import SystemClock

    stated = loaded_of(where).config.api.port
    at = stated if port is None else port
    with _door(where) as door:
        now = SystemClock().now()
        address = f"{address_of(at)}/#once={make_link(door, now)}"
        answers = is_ours(door, at, now)
    show("token.link", {"link": address, "api_answers": answers}, lambda: (address,), as_json=where.as_json)
    _tell_silence(at, answers=answers, named="" if at == stated else f" --port {at}")


def _tell_silence(port: int, *, answers: bool, named: str = "") -> None:
    """Says beside the answer, which programs read, that nobody is there yet who knows what was made."""
    from flatbook.cli.api_answers import address_of

    if not answers:
        print(f"no API of this home answers at {address_of(port)}: start `flatbook api{named}`", file=sys.stderr)


@contextmanager
def _door(where: Where) -> Iterator[sqlite3.Connection]:
    """Opens the file of the door.

    Errors: ConfigRefused where there is neither the file nor a desk that could use it; DoorUnusable.
    """
    import sqlite3

    from flatbook.api.access_file import DoorUnusable, open_door_file
    from flatbook.cli.desks import loaded_of
    from flatbook.ops.home import DOOR_FILE

    path = where.folder / DOOR_FILE
    if not path.exists():
        loaded_of(where)
    with closing(open_door_file(path)) as door:
        try:
            yield door
        except sqlite3.Error as error:
            raise DoorUnusable(f"{path} cannot be used: {error}; nothing was changed") from error
