"""Verbs of repair: each under its noun, each with one meaning, each with a reason for the journal."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from flatbook.cli.asking import confirm
from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Key, Reason, Where, Yes, says
from flatbook.cli.sending import answer, send

OwnerName = Annotated[str, says("The owner of the position.")]
AccountName = Annotated[str, says("The account.")]
InstrumentName = Annotated[str, says("The instrument.")]


def number(text: str) -> Parameter:
    """Returns what is said of an exact number, which may be below zero."""
    return Parameter(help=text, negative="", allow_leading_hyphen=True)


def recheck(
    order_id: Annotated[str, says("The id of the order.")],
    /,
    *,
    reason: Reason,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Asks the venue for an order by its id again, now. What it answers is booked as always."""
    sent = send(where, "order_recheck", {"order_id": order_id}, (reason, key))
    return answer("order.recheck", sent, as_json=where.as_json)


def release(
    log: Annotated[str, says("The log of the fill: chain:transaction:log index, such as 8453:0xab12:7.")],
    /,
    *,
    unhedged: Annotated[bool, says("Leave it unhedged for good, instead of hedging it.")] = False,
    reason: Reason,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Decides on a fill whose hedge waits for an operator: hedge it, or leave it unhedged for good.

    `flatbook why` with a part of the transaction shows the fill and why it is held.
    """
    chain, tx, index = _log(log)
    arguments = {"chain": chain, "tx": tx, "log_index": index, "hedge": "no" if unhedged else "yes"}
    sent = send(where, "fill_release", arguments, (reason, key))
    return answer("fill.release", sent, as_json=where.as_json)


def _log(text: str) -> tuple[str, str, str]:
    parts = text.removeprefix("log:").removeprefix("fill:").partition("@")[0].split(":")
    if len(parts) != 3 or not (parts[0].isdecimal() and parts[2].isdecimal()):
        raise Failed(Exit.USAGE, "is no log", where=text, do="write chain:transaction:log index, such as 8453:0xab12:7")
    return parts[0], parts[1], parts[2]


def overwrite(  # noqa: PLR0913 - one parameter for each option
    owner: OwnerName,
    account: AccountName,
    instrument: InstrumentName,
    /,
    *,
    qty: Annotated[str, number("What the position is, exactly; short is below zero.")],
    expected: Annotated[str, number("What our records say now; anything else is refused.")],
    expected_net: Annotated[
        str | None, number("What the whole net of the owner is now, in shares, if it matters.")
    ] = None,
    price: Annotated[str | None, number("Price of one unit, needed unless the position is zero.")] = None,
    underlying: Annotated[str | None, says("The underlying, where the instrument is not configured.")] = None,
    reason: Reason,
    yes: Yes = False,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """States what a position is. The difference stands in the suspense account until it is explained.

    Refused while an order of the net is open, and where our records of the position, or of the net of the owner in all
    accounts, are not what you expect.
    """
    confirm(f"state that {owner} holds {qty} of {instrument} at {account}, instead of {expected}?", yes=yes)
    named = {"qty": qty, "expected": expected, "expected_net": expected_net, "price": price, "underlying": underlying}
    arguments = {"owner": owner, "account": account, "instrument": instrument}
    arguments |= {name: value for name, value in named.items() if value is not None}
    sent = send(where, "position_overwrite", arguments, (reason, key))
    return answer("position.overwrite", sent, as_json=where.as_json)


def assign(  # noqa: PLR0913 - one parameter for each option
    owner: OwnerName,
    account: AccountName,
    instrument: InstrumentName,
    /,
    *,
    reason: Reason,
    yes: Yes = False,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Gives the unassigned position of an instrument to an owner, whose hedge then takes it on."""
    confirm(f"give what is unassigned of {instrument} at {account} to {owner}?", yes=yes)
    arguments = {"owner": owner, "account": account, "instrument": instrument}
    sent = send(where, "position_assign", arguments, (reason, key))
    return answer("position.assign", sent, as_json=where.as_json)


def accept_statement(
    account: AccountName,
    /,
    *,
    reason: Reason,
    yes: Yes = False,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Takes the newest statement of an account for the truth. What it changes stands in suspense until it is explained.

    Settles the differences that `flatbook status` lists for the account, and no others. Refused while an order may
    still execute there, and where our books moved since.
    """
    confirm(f"take the newest statement of {account} for the truth, whatever our books say?", yes=yes)
    sent = send(where, "account_accept_statement", {"account": account}, (reason, key))
    return answer("account.accept_statement", sent, as_json=where.as_json)
