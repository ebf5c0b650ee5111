"""Verbs that steer a running engine: each becomes an event of its journal, or is refused with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from flatbook.cli.asking import confirm
from flatbook.cli.faults import Exit
from flatbook.cli.options import HERE, Key, OwnerOption, Reason, SymbolOption, Where, Yes, says
from flatbook.cli.output import Column, Part, Table, show
from flatbook.cli.sending import SENT_BY_DEFAULT, answer, send

if TYPE_CHECKING:
    from flatbook.cli.sending import Sent

KILL_WAIT_S = 30
KILL_WAIT_S_MAX = 600


def free(
    monitor: Annotated[str, says("The monitor that stopped it.")],
    side: Annotated[Literal["buy", "sell"], says("Which side.")],
    /,
    *,
    reason: Reason,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Frees a side that a monitor has stopped, before it has seen enough of a calm market by itself.

    It is refused while the market that stopped it is still abnormal, or not heard of; `status` shows what stands. A
    breaker is a halt: `lift` ends it, and counts anew.
    """
    sent = send(where, "stop_free", {"monitor": monitor, "side": side}, (reason, key))
    return answer("free", sent, as_json=where.as_json)


def halt(
    *,
    scope: Annotated[Literal["all", "owner", "venue", "instrument"], says("What is halted.")] = "all",
    target: Annotated[str, says("Which owner, account or instrument; nothing for all.")] = "",
    reason: Reason = SENT_BY_DEFAULT,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Stops new orders in a scope, hedges included, and cancels what rests there. A flatten still passes.

    It waits for nothing and asks nothing. It prints the id of the halt, which `lift` takes; `status` shows it too. A
    second halt of the same scope sets nothing new, and says since when and why the first one stands.
    """
    arguments = {"scope": scope, "target": target}
    sent = send(where, "halt", arguments, (reason, key))
    if not sent.accepted:
        return answer("halt", sent, as_json=where.as_json)
    from flatbook.events.refs import halt_id_of_command

    halt_id = halt_id_of_command("halt", arguments)
    end = f"flatbook lift {halt_id} --reason WHY"
    told: tuple[Part, ...] = (sent.line("halt"), f"it stands until: {end}")
    if sent.note is not None:
        told = (sent.line("halt"), sent.note, f"every reason: flatbook why {halt_id}; the lift: {end}")
    show("halt", {**sent.body(), "halt_id": halt_id}, lambda: told, as_json=where.as_json)
    return Exit.OK


def lift(
    halt_id: Annotated[str, says("The id of the halt, as status shows it.")],
    /,
    *,
    reason: Reason,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Takes one halt back. Other halts over the same instruments stand on their own."""
    sent = send(where, "lift", {"halt_id": halt_id}, (reason, key))
    return answer("lift", sent, as_json=where.as_json)


def flatten(
    *,
    owner: OwnerOption = None,
    symbol: SymbolOption = None,
    reason: Reason,
    yes: Yes = False,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Brings nets to zero at the market, whatever their threshold; of all owners and underlyings unless named.

    Its orders pass halts and limits, and none of them may turn a net over. They have no limit price, but right after an
    open, and outside the regular session, where they have one at the collar.
    """
    of_whom = " ".join(part for part in (owner or "every owner", symbol or "every underlying") if part)
    confirm(f"flatten {of_whom} at the market?", yes=yes)
    named = {"owner": owner, "underlying": symbol}
    arguments = {name: value for name, value in named.items() if value is not None}
    return answer("flatten", send(where, "flatten", arguments, (reason, key)), as_json=where.as_json)


def drain(*, reason: Reason = SENT_BY_DEFAULT, key: Key = None, where: Where = HERE) -> int:
    """Lets the engine finish the hedges under way and then stop; nothing more is read from chains."""
    sent = send(where, "drain", {}, (reason, key))
    if not sent.accepted:
        return answer("drain", sent, as_json=where.as_json)
    told = (sent.line("drain"), "the engine ends once its hedges are done: flatbook status says what it waits for")
    show("drain", sent.body(), lambda: told, as_json=where.as_json)
    return Exit.OK


def reconcile(*, reason: Reason = SENT_BY_DEFAULT, key: Key = None, where: Where = HERE) -> int:
    """Asks every venue for a statement now and compares it with our records; differences show in `flatbook status`.

    Nothing is corrected: a difference is booked, alerts, and halts its instrument.
    """
    sent = send(where, "reconcile", {}, (reason, key))
    if not sent.accepted:
        return answer("reconcile", sent, as_json=where.as_json)
    told = (sent.line("reconcile"), "what differs stands in flatbook status once the venues have answered")
    show("reconcile", sent.body(), lambda: told, as_json=where.as_json)
    return Exit.OK


def reconnect(
    account: Annotated[str, says("Whose streams.")], /, *, reason: Reason, key: Key = None, where: Where = HERE
) -> int:
    """Closes the streams of an account, of its market and of its orders, and opens them anew.

    Its books are unfit until whole ones have come, and strategies wait as long; orders are polled meanwhile. An account
    without a stream is polled as before.
    """
    return answer("reconnect", send(where, "reconnect", {"account": account}, (reason, key)), as_json=where.as_json)


def kill(
    account: Annotated[str | None, says("The one account to kill; everything when left out.")] = None,
    /,
    *,
    reason: Reason,
    yes: Yes = False,
    wait_s: Annotated[
        int, Parameter(help="How long to wait until no order is open.", validator=lambda _, value: _check_wait(value))
    ] = KILL_WAIT_S,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Halts everything, or one account, cancels every order that is open there, and waits until none is.

    Orders that only reduce go too and, where a venue cancels an account at once, so do orders that are not ours. It
    acts although the journal cannot be written. Exits with 0 once each venue has answered that nothing is open, and
    with 7, naming what remains, when that is not known after --wait-s seconds.
    """
    from flatbook.cli.waiting import wait_for_no_order

    confirm(f"halt {account or 'everything'} and cancel every order there?", yes=yes)
    sent = send(where, "kill", {} if account is None else {"account": account}, (reason, key))
    if not sent.accepted:
        return answer("kill", sent, as_json=where.as_json)
    confirmed, remaining = wait_for_no_order(where, seq=sent.seq, account=account, wait_s=wait_s)
    body = {**sent.body(), "confirmed": confirmed, "open_orders": remaining}
    show("kill", body, lambda: _killed(sent, body), as_json=where.as_json)
    return Exit.OK if confirmed else Exit.UNKNOWN


def _check_wait(wait_s: int) -> None:
    if not 0 <= wait_s <= KILL_WAIT_S_MAX:
        raise ValueError(f"must be 0 to {KILL_WAIT_S_MAX} seconds")


def _killed(sent: Sent, body: dict[str, Any]) -> Iterator[Part]:
    yield sent.line("kill")
    if sent.note is not None:
        yield sent.note
    if body["confirmed"]:
        yield "every venue has answered: no order is open on any account that was killed"
        return
    remaining = body["open_orders"]
    yield f"NOT CONFIRMED: {len(remaining)} orders may still be open; look at every venue's own screen"
    yield Table(
        "what remains",
        (
            Column("order", "order_id"),
            Column("account", "account"),
            Column("instrument", "instrument"),
            Column("side", "side"),
            Column("leaves>", "leaves"),
            Column("status", "status"),
        ),
        remaining,
    )
