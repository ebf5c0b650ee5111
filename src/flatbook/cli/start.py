"""`flatbook run` and `flatbook demo`: the verbs that start an engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says

if TYPE_CHECKING:
    from flatbook.ops.config import Loaded


def run(
    *,
    live: Annotated[
        bool, says("Trade with real money: a desk whose mode is live needs it, and no other takes it.")
    ] = False,
    consent: Annotated[
        str | None, says("The consent that flatbook config check shows; without it you are asked at a terminal.")
    ] = None,
    halted: Annotated[
        bool, says("Halt everything before anything is sent: it reads and cancels until the halt is lifted.")
    ] = False,
    where: Where = HERE,
) -> int:
    """Runs the desk in this terminal until it is stopped, drained or fails.

    It recovers from the journal first: orders whose fate is open are asked for at their venue, never sent again
    blindly. Stop it with Ctrl-C or SIGTERM, or with flatbook drain.
    """
    from flatbook.cli.desks import loaded_of
    from flatbook.ops.consent import ConsentMissing
    from flatbook.ops.os_user import os_user
    from flatbook.services.all_in_one import run_desk

    loaded = loaded_of(where)
    given = _consent(loaded, live=live, consent=consent)
    _check_files(loaded)
    try:
        halted_by = os_user() if halted else None
        return run_desk(loaded, consent=given, beside=_companions(loaded, where), halted_by=halted_by)
    except ConsentMissing as missing:
        raise Failed(Exit.REFUSED, str(missing), do="flatbook config check shows the consent") from missing


def _check_files(loaded: Loaded) -> None:
    """Refuses a desk whose recordings are not there.

    Errors: Failed that names each, in the words of the doctor.
    """
    from flatbook.ops.config import missing_files
    from flatbook.ops.doctor import FILE_REMEDY

    if missing := missing_files(loaded):
        raise Failed(Exit.CONFIG, "; ".join(map(str, missing)), where="recordings", do=FILE_REMEDY)


def _consent(loaded: Loaded, *, live: bool, consent: str | None) -> str | None:
    """Returns the consent of the operator, asked for at a terminal where none is given.

    Errors: Failed when the option and the mode of the desk do not belong together, and for another answer.
    """
    from flatbook.cli.asking import ask_for
    from flatbook.ops.consent import consent_to, real_accounts

    wanted = consent_to(loaded)
    if wanted is None:
        if live or consent is not None:
            mode = loaded.config.mode.value
            raise Failed(Exit.USAGE, f"the mode of this desk is {mode}", where="--live", do='write mode = "live"')
        return None
    if not live:
        raise Failed(Exit.REFUSED, "the mode of this desk is live", do="add --live if it shall trade real money")
    if consent is not None:
        return consent
    risk, accounts = loaded.config.risk, real_accounts(loaded)
    ask_for(
        " ".join(accounts),
        f"Orders of up to {risk.order_notional_usd_max} USD, and losses of up to {risk.day_loss_usd_max} USD a day in "
        f"each share, with real money at: {' '.join(accounts)}.\nType the names of the accounts to consent: ",
        do=f"in a script: --consent {wanted}",
    )
    return wanted


def _companions(loaded: Loaded, where: Where) -> dict[str, tuple[str, ...]]:
    """Returns how the processes beside the engine are started: who tells alerts, and who serves the API."""
    from flatbook.services.alerts import watch_command
    from flatbook.services.beside import serve_command

    found = {}
    if loaded.config.alerts.channels:
        found["alerts_not_told"] = watch_command(where.folder, where.config_path)
    if loaded.config.api.beside:
        found["api_not_served"] = serve_command(where.folder, where.config_path, loaded.config.api.port)
    return found


def demo(
    *,
    keep: Annotated[bool, says("Continue the records of an earlier demo instead of starting fresh.")] = False,
    stay: Annotated[bool, says("Serve the console and stay up, as at a terminal, wherever the words go.")] = False,
    where: Where = HERE,
) -> int:
    """Replays recorded market data at speed, hedges derived fills on a paper broker, and shows what happens.

    A broker's answer is lost and the engine is killed while an order is unknown; it recovers, asks by client id, and
    sends nothing twice. No keys, no network. At a terminal the console is served beside it, its link is printed, and
    the desk stays up; otherwise, and with DEMO_EXIT=1, it ends by itself, with exit code 0 only when it ends flat, with
    nothing working or unknown and nothing to reconcile.
    """
    from flatbook.services.demo import demo as play

    if where.as_json:
        do = "run it without, then ask its desk: flatbook status --json --home ~/.flatbook/demo"
        raise Failed(Exit.USAGE, "the demo prints a timeline, and no object", where="--json", do=do)
    return play(where.folder, keep=keep, stay=stay)
