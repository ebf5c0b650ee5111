"""Verbs for single orders and limits: cancel one, order by hand, hedge at once, tighten a limit."""

from __future__ import annotations

from typing import Annotated, Literal

from flatbook.cli.asking import confirm
from flatbook.cli.options import HERE, Key, Reason, Where, Yes, says
from flatbook.cli.sending import SENT_BY_DEFAULT, answer, send

OwnerName = Annotated[str, says("Whose net it is.")]
ShareName = Annotated[str, says("The underlying of the net.")]
GOOD_S = 60


def cancel(
    order_id: Annotated[str, says("The id of the order.")],
    /,
    *,
    reason: Reason = SENT_BY_DEFAULT,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Asks the venue to cancel one order, again where that was asked for before. Its strategy may order anew.

    It waits for nothing and asks nothing, and acts although the journal cannot be written.
    """
    sent = send(where, "order_cancel", {"order_id": order_id}, (reason, key))
    return answer("order.cancel", sent, as_json=where.as_json)


def place(  # noqa: PLR0913
    owner: OwnerName,
    symbol: ShareName,
    /,
    *,
    side: Annotated[Literal["buy", "sell"], says("Which way.")],
    qty: Annotated[str, says("How much, in contracts.")],
    limit: Annotated[str, says("The worst price, in the quote of the instrument.")],
    account: Annotated[str | None, says("At which account of the hedge; its first one when left out.")] = None,
    good_s: Annotated[int, says("How many seconds it may work.")] = GOOD_S,
    reason: Reason,
    yes: Yes = False,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Orders by hand, through all checks of a hedge: it can only bring a net nearer to zero."""
    confirm(f"{side} {qty} {symbol} of {owner} at {limit} or better?", yes=yes)
    named = {"owner": owner, "underlying": symbol, "side": side, "qty": qty, "limit": limit, "good_s": str(good_s)}
    arguments = named if account is None else {**named, "account": account}
    return answer("order.place", send(where, "order_place", arguments, (reason, key)), as_json=where.as_json)


def hedge(
    owner: OwnerName,
    symbol: ShareName,
    /,
    *,
    reason: Reason = SENT_BY_DEFAULT,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Hedges a net at once, whatever its threshold and however lately a venue refused; all checks hold."""
    arguments = {"owner": owner, "underlying": symbol}
    return answer("hedge", send(where, "hedge_now", arguments, (reason, key)), as_json=where.as_json)


def set_limit(
    name: Annotated[str, says("The limit, as it is called under [risk].")],
    to: Annotated[str, says("A number below the configured one, or: configured.")],
    /,
    *,
    reason: Reason,
    key: Key = None,
    where: Where = HERE,
) -> int:
    """Makes a limit tighter than it is configured, or takes that back; looser needs a new start."""
    sent = send(where, "limit_set", {"name": name, "to": to}, (reason, key))
    return answer("limit.set", sent, as_json=where.as_json)
