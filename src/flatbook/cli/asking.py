"""Who gives a command, and whether they mean it."""

from __future__ import annotations

import sys

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.output import end_progress


def confirm(question: str, *, yes: bool) -> None:
    """Passes when the operator means it: said in advance, or at a terminal when asked.

    Errors: Failed without a terminal, or when the answer is not yes.
    """
    if not yes:
        ask_for("yes", f"{question} Type yes: ", do="add --yes if you mean it", what="this needs --yes: ")


def ask_for(answer: str, question: str, *, do: str, what: str = "this needs consent: ") -> None:
    """Passes when the operator types an answer at a terminal.

    Errors: Failed without a terminal, or when the answer is another one.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Failed(Exit.USAGE, f"{what}nobody can be asked", do=do)
    end_progress()
    print(question, end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != answer:
        raise Failed(Exit.USAGE, "not confirmed, nothing was done")
