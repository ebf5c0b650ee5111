"""`flatbook chaos`: an operator breaks something in a running paper desk, to see that nothing is lost."""

from __future__ import annotations

from typing import Annotated

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Key, Where, Yes, says
from flatbook.cli.output import show
from flatbook.cli.sending import answer, send

CHAOS_BY_DEFAULT = "a fault on purpose"
PAPER = "paper"

Reason = Annotated[str, says("Why, for the journal.")]


def drop(
    *,
    account: Annotated[str, says("Whose broker.")],
    count: Annotated[int, says("How many answers, the next ones.")] = 1,
    reason: Reason = CHAOS_BY_DEFAULT,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Loses the answers to the next orders of a paper account. The broker acts, and the desk does not hear of it.

    The order becomes unknown, is asked for by its client id, and is never sent twice. Paper desks only; journalled.
    """
    return _sent(where, {"fault": "drop", "account": account, "count": str(count)}, (reason, key))


def stall(
    *,
    seconds: Annotated[int, says("For how long, on the desk's clock.")] = 60,
    reason: Reason = CHAOS_BY_DEFAULT,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Lets no price arrive for a while: hedges wait once the last price is too old. Paper desks only; journalled."""
    return _sent(where, {"fault": "stall", "seconds": str(seconds)}, (reason, key))


def reorg(
    *,
    depth: Annotated[int, says("How many of the newest blocks are replaced.")] = 5,
    reason: Reason = CHAOS_BY_DEFAULT,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Takes the newest blocks of the chain away, and then gives them back. Paper desks only; journalled.

    Their fills are reversed and booked anew; each is still hedged once.
    """
    return _sent(where, {"fault": "reorg", "depth": str(depth)}, (reason, key))


def kill(*, yes: Yes = False, where: Where = HERE) -> None:
    """Kills the engine's process with SIGKILL, as a lost machine does. Start it again with flatbook run.

    Paper desks only. Nothing is journalled: a lost machine says nothing.
    """
    import os
    import signal

    from flatbook.cli.asking import confirm
    from flatbook.cli.desks import engine_status
    from flatbook.ops.control_client import NotRunning

    try:
        status = engine_status(where)
    except NotRunning as error:
        raise Failed(Exit.NOT_RUNNING, str(error), do="nothing was done") from error
    if status["mode"] != PAPER:
        raise Failed(
            Exit.REFUSED, f"the desk is {status['mode']}", where="chaos kill", do="only paper desks are killed"
        )
    confirm(f"kill process {status['pid']} of the desk in {where.folder}?", yes=yes)
    os.kill(status["pid"], signal.SIGKILL)
    body = {"pid": status["pid"], "seq": status["seq"], "open_orders": status["open_orders"]}
    told = f"killed process {body['pid']} after event {body['seq']}, with {body['open_orders']} orders open"
    show("chaos.kill", body, lambda: (told, "start it again: flatbook run"), as_json=where.as_json)


def _sent(where: Where, arguments: dict[str, str], told: tuple[str, str | None]) -> int:
    sent = send(where, "chaos", arguments, told)
    return answer("chaos", sent, as_json=where.as_json)
