"""Who gives a command, and whether they mean it."""

from __future__ import annotations

import os
import sys

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.output import end_progress


def actor() -> str:
    """Returns the name of the user of the operating system; the number where the system has no name for it."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def confirm(question: str, *, yes: bool) -> None:
    """Passes when the operator means it: said in advance, or at a terminal when asked.

    Errors: Failed without a terminal, or when the answer is not yes.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Failed(Exit.USAGE, "this needs --yes: nobody can be asked", do="add --yes if you mean it")
    end_progress()
    print(f"{question} Type yes: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != "yes":
        raise Failed(Exit.USAGE, "not confirmed, nothing was done")
