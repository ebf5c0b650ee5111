"""`flatbook guard`: a process beside the desk that cancels once the desk is silent."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where
from flatbook.cli.output import show

SILENT_S = 60
SILENT_S_LEAST, SILENT_S_MOST = 10, 3600


def guard(
    *,
    silent_s: Annotated[
        int,
        Parameter(help="Seconds without an answer of the desk.", validator=lambda _, value: _check_silence(value)),
    ] = SILENT_S,
    where: Where = HERE,
) -> int:
    """Cancels all that is open where a venue has no switch of its own, once the desk does not answer any more.

    It runs beside the desk until it is stopped, and can do nothing but cancel: once for each silence, orders of others
    on those accounts too. Start it after the desk: a desk that does not run is silent. It ends at once where every
    account has a switch.
    """
    import asyncio
    import sys
    from contextlib import suppress

    from flatbook.cli.desks import loaded_of
    from flatbook.ops.clock import SystemClock
    from flatbook.ops.secret_value import SecretRefused
    from flatbook.ops.telemetry import open_log
    from flatbook.services.guard import run_guard

    loaded = loaded_of(where)
    clock = SystemClock(loaded.config.clock.shift_s)
    log = open_log(sys.stderr, now=clock.now, stated=loaded.config.log)

    def ready(accounts: list[str]) -> None:
        told = (
            f"guards {', '.join(accounts)}" if accounts else "every account has a switch of its own, or none is traded"
        )
        show("guard", {"accounts": accounts, "silent_s": silent_s}, lambda: (told,), as_json=where.as_json)
        sys.stdout.flush()

    try:
        with suppress(asyncio.CancelledError, KeyboardInterrupt):
            asyncio.run(run_guard(loaded, log, clock, silent_s=silent_s, ready=ready))
    except SecretRefused as refused:
        raise Failed(Exit.REFUSED, str(refused), do="flatbook secrets test") from refused
    return Exit.OK


def _check_silence(silent_s: int) -> None:
    if not SILENT_S_LEAST <= silent_s <= SILENT_S_MOST:
        raise ValueError(f"must be {SILENT_S_LEAST} to {SILENT_S_MOST} seconds")
