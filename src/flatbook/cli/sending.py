"""Handing a command to the running engine, and telling what became of it."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import Where
from flatbook.cli.output import show
from flatbook.ops.home import other_home
from flatbook.ops.os_user import os_user

SENT_BY_DEFAULT = "no reason given"
ANSWER_S = 15
KEY_BYTES = 16


class Sent(NamedTuple):
    """A command that the engine answered, and its answer."""

    key: str
    accepted: bool
    repeated: bool
    seq: int | None
    why: str | None
    note: str | None = None

    def body(self) -> dict[str, Any]:
        """Returns the answer as programs read it."""
        return self._asdict()

    def line(self, verb: str) -> str:
        """Returns the answer as one sentence for people."""
        if not self.accepted:
            return f"{verb}: refused: {self.why} (event {self.seq}, key {self.key})"
        where = f"the journal stands at event {self.seq}" if self.seq is not None else "the journal cannot be written"
        again = "was accepted before" if self.repeated else "accepted"
        return f"{verb}: {again}; {where} (key {self.key})"


def send(where: Where, verb: str, arguments: dict[str, str], told: tuple[str, str | None]) -> Sent:
    """Hands a command to the engine and returns its answer. `told` is the reason and the key, drawn when None.

    Errors: Failed when no engine runs, none answers, or it answers with a fault.
    """
    from flatbook.ops.control_client import AnswerMissing, NotRunning, RequestFailed, request

    reason, named = told
    key = named or os.urandom(KEY_BYTES).hex()
    told_by = {"key": key, "actor": os_user(), "reason": reason, "verb": verb}
    command = {**{name: _readable(text) for name, text in told_by.items()}, "arguments": arguments}
    try:
        answered = request(where.socket, {"kind": "command", "command": command}, ANSWER_S)
    except NotRunning as error:
        raise Failed(Exit.NOT_RUNNING, str(error), do=_unheard(where)) from error
    except AnswerMissing as error:
        raise Failed(Exit.TIMEOUT, str(error), where=verb, do=f"the key is --key {key}") from error
    except RequestFailed as error:
        raise Failed(_code_of(error.error), str(error), where=verb, do=f"the key is --key {key}") from error
    return Sent(key, answered["accepted"], answered["repeated"], answered["seq"], answered["why"], answered.get("note"))


def _readable(text: str) -> str:
    """Returns a text that can be told, whatever bytes the shell gave: no stop fails for how its reason is spelled."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _unheard(where: Where) -> str:
    """Returns what to do where no engine heard a command: in a home without a desk, name another."""
    is_desk = where.config_path.is_file()
    look = "flatbook orders --open says what may rest at a venue" if is_desk else other_home(where.folder)
    return f"{look}; nothing was done"


def _code_of(error: str) -> Exit:
    codes = {"malformed": Exit.USAGE, "timed_out": Exit.TIMEOUT, "stopping": Exit.NOT_RUNNING}
    return codes.get(error, Exit.ERROR)


def answer(verb: str, sent: Sent, *, as_json: bool) -> int:
    """Prints an answer and returns the exit code that it means: what an engine refused is the same of every verb."""
    show(verb, sent.body(), lambda: (sent.line(verb),), as_json=as_json)
    return Exit.OK if sent.accepted else Exit.REFUSED
