"""`flatbook run` and `flatbook demo`: the verbs that start an engine."""

from __future__ import annotations

from typing import Annotated

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says


def run(*, where: Where = HERE) -> int:
    """Runs the desk in this terminal until it is stopped, drained or fails.

    It recovers from the journal first: orders whose fate is open are asked for at their venue, never sent again
    blindly. Stop it with Ctrl-C or SIGTERM, or with flatbook drain.
    """
    from flatbook.cli.desks import loaded_of
    from flatbook.services.all_in_one import run_desk

    return run_desk(loaded_of(where))


def demo(
    *,
    keep: Annotated[bool, says("Continue the records of an earlier demo instead of starting fresh.")] = False,
    where: Where = HERE,
) -> int:
    """Replays recorded market data at speed, hedges derived fills on a paper broker, and shows what happens.

    A broker's answer is lost and the engine is killed while an order is unknown; it recovers, asks by client id, and
    sends nothing twice. No keys, no network. It ends by itself when standard output is no terminal or DEMO_EXIT=1,
    with exit code 0 only when it ends flat, with nothing working or unknown and nothing to reconcile.
    """
    from flatbook.services.demo import demo as play

    if where.as_json:
        do = "run it without, then ask its desk: flatbook status --json --home ~/.flatbook/demo"
        raise Failed(Exit.USAGE, "the demo prints a timeline, and no object", where="--json", do=do)
    return play(where.folder, keep=keep)
