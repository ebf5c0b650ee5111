"""Faults that an operator asks for on a paper desk, to see that nothing is lost: what may be asked, and for how much.

The engine only journals who asked for what and why. Whoever composed the desk makes the fault.
"""

from __future__ import annotations

from flatbook.engine.inputs import Command
from flatbook.engine.turn import Turn
from flatbook.events.control import Mode
from flatbook.values.ids import AccountId

DROP, STALL, REORG = "drop", "stall", "reorg"
SIMULATED = "paper"
COUNTS: dict[str, tuple[str, int]] = {DROP: ("count", 100), STALL: ("seconds", 3_600), REORG: ("depth", 64)}
"""What each fault is counted in, and how much of it may be asked for at once."""


def why_not_chaos(turn: Turn, command: Command) -> str | None:
    """Returns why a fault is not made, None when it is: only on a paper desk, known, and within its bound."""
    arguments, mode = command.arguments, turn.state.mode
    if mode is not Mode.PAPER:
        return f"faults are made on paper desks only, and this one is {mode.value if mode is not None else 'unknown'}"
    fault = arguments.get("fault", "")
    if fault not in COUNTS:
        return f"fault {fault!r} is none of {', '.join(COUNTS)}"
    name, most = COUNTS[fault]
    amount = arguments.get(name, "")
    if not amount.isdecimal() or not 1 <= int(amount) <= most:
        return f"{name} must be a number from 1 to {most}"
    account = AccountId(arguments.get("account", ""))
    simulated = [name for name, card in turn.rules.cards.items() if card.name == SIMULATED]
    if fault == DROP and account not in simulated:
        return f"{account!r} is no account of this desk at a simulated broker; it has {', '.join(simulated) or 'none'}"
    return None


def make_chaos(_turn: Turn, _command: Command) -> None:
    """Does nothing: that the command was accepted is the word."""
