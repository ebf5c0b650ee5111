"""Streams of an account that an operator wants closed and opened anew: which account may be named.

The engine only journals who asked for it and why. Whoever composed the desk holds the streams, and opens them.
"""

from __future__ import annotations

from flatbook.engine.inputs import Command
from flatbook.engine.turn import Turn


def why_not_reconnect(turn: Turn, command: Command) -> str | None:
    """Returns why no stream is opened anew, None when they are: the account is one of this desk."""
    account, known = command.arguments.get("account", ""), turn.rules.cards
    return None if account in known else f"{account!r} is no account of this desk; it has {', '.join(known) or 'none'}"


def note_reconnect(_turn: Turn, _command: Command) -> None:
    """Does nothing: that the command was accepted is the word."""
