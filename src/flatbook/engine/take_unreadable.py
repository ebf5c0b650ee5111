"""Executions that a venue names and that cannot be read: refused by name, so that the page they are on can be left."""

from __future__ import annotations

from flatbook.engine.refuse import refused_unreadable
from flatbook.engine.reports import UnreadableExecution
from flatbook.engine.sound import flaw_of_text
from flatbook.engine.turn import Turn
from flatbook.values.ids import AccountId


def take_unreadable(turn: Turn, account: AccountId, line: UnreadableExecution) -> None:
    """Keeps the refusal of an execution that cannot be read, unless the same execution is booked already.

    Gives: the refusal stands in the row that moves the cursor on. What it was comes again with the state of its order,
    once the adapter can read it, or shows as a difference in the next statement.
    """
    known = line.instrument is not None and (account, line.instrument, line.execution_id) in turn.state.executions
    if known:
        turn.drop("execution_known")
        return
    refused_unreadable(turn, account, line, flaw_of_text("execution id", line.execution_id) or line.detail)
