"""What Alpaca books besides executions, in our words: a word that is not known is kept and told, never dropped.

Source: docs.alpaca.markets, Account Activities: types and fields of non-trade activities; the ids of those that have a
date only begin with its midnight, whenever they were booked, so no cursor can follow them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from flatbook.engine.reports import Activity, Unknown
from flatbook.events.activities import ActivityKind
from flatbook.values.ids import ActivityId, AssetId, InstrumentId
from flatbook.values.instants import Instant, instant_of_text
from flatbook.values.money import ZERO, Quantity, parse_number
from flatbook.values.us_eastern import instant_of_eastern
from flatbook.venues.alpaca.refusals import SERVER_FAULT, TEXT_MAX, UNREADABLE, is_json, refusal_of
from flatbook.venues.http import Reply

USD = AssetId("USD")
CANCELED = "canceled"
KINDS = {
    **dict.fromkeys(("FEE", "CFEE", "PTC", "DIVFEE", "PTR"), ActivityKind.FEE),
    **dict.fromkeys(
        ("DIV", "DIVCGL", "DIVCGS", "DIVFT", "DIVNRA", "DIVROC", "DIVTW", "DIVTXEX", "CGD"), ActivityKind.DIVIDEND
    ),
    **dict.fromkeys(("INT", "INTNRA", "INTTW", "INTPNL"), ActivityKind.INTEREST),
    **dict.fromkeys(("CSD", "CSW", "CSR", "JNLC", "TRANS", "ACATC", "JNL"), ActivityKind.TRANSFER),
}
_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)

Symbols = Mapping[str, InstrumentId]


class WireActivity(msgspec.Struct, frozen=True, kw_only=True):
    """A non-trade activity as Alpaca writes it."""

    id: str
    activity_type: str
    net_amount: str | int | None = None
    date: str | None = None
    created_at: str | None = None
    activity_sub_type: str | None = None
    symbol: str | None = None
    description: str | None = None
    currency: str | None = None
    status: str | None = None
    account_id: str | None = None


class WireNamed(msgspec.Struct, frozen=True, kw_only=True):
    """What must be readable of an activity that is not."""

    id: str
    activity_type: Any = None


class Activities(msgspec.Struct, frozen=True, kw_only=True):
    """A page of activities; `last` is the token of the next one, empty where the page is empty."""

    activities: tuple[Activity, ...]
    count: int
    last: str


def activities_answer(reply: Reply, *, account_id: str, symbols: Symbols, now: Instant) -> Activities | Unknown:
    """Returns the activities of a page; those that were canceled are left out.

    Needs: `account_id` is the one asked for, empty where the credentials name the account.
    Gives: one that has an id and cannot be read otherwise is told as one of no amount; a page with one that has no id,
    or is of another account, is unreadable as a whole.
    """
    if not 200 <= reply.status < 300:
        return SERVER_FAULT if reply.status >= 500 or refusal_of(reply) is not None else UNREADABLE
    if not is_json(reply):
        return UNREADABLE
    try:
        rows = msgspec.json.decode(reply.body, type=list[msgspec.Raw])
        named = [msgspec.json.decode(row, type=WireNamed) for row in rows]
        found = tuple(_line(row, name, account_id, symbols, now) for row, name in zip(rows, named, strict=True))
    except _FAULTS:
        return UNREADABLE
    last = named[-1].id if named else ""
    return Activities(activities=tuple(each for each in found if each is not None), count=len(rows), last=last)


def _line(row: msgspec.Raw, named: WireNamed, account_id: str, symbols: Symbols, now: Instant) -> Activity | None:
    if not named.id:
        raise ValueError("an activity without an id")
    try:
        wire = msgspec.json.decode(row, type=WireActivity)
        amount = Quantity(parse_number(str(wire.net_amount))) if wire.net_amount is not None else Quantity(ZERO)
        happened_at = _happened_at(wire)
    except _FAULTS as fault:
        return _unreadable(named, str(fault), now)
    if account_id and wire.account_id not in (None, account_id):
        raise ValueError("an activity of another account")
    if wire.status == CANCELED:
        return None
    words = (wire.activity_type, wire.activity_sub_type or "")
    return Activity(
        activity_id=ActivityId(wire.id),
        kind=KINDS.get(wire.activity_type, ActivityKind.OTHER),
        venue_kind=" ".join(word for word in words if word)[:TEXT_MAX],
        asset=AssetId(wire.currency or USD),
        amount=amount,
        instrument=symbols.get(wire.symbol or ""),
        order_id=None,
        detail=(wire.description or "")[:TEXT_MAX],
        happened_at=happened_at,
    )


def _unreadable(named: WireNamed, flaw: str, now: Instant) -> Activity:
    kind = named.activity_type if isinstance(named.activity_type, str) else ""
    return Activity(
        activity_id=ActivityId(named.id),
        kind=ActivityKind.OTHER,
        venue_kind=kind[:TEXT_MAX],
        asset=USD,
        amount=Quantity(ZERO),
        instrument=None,
        order_id=None,
        detail=f"cannot be read: {flaw}"[:TEXT_MAX],
        happened_at=now,
    )


def _happened_at(wire: WireActivity) -> Instant:
    """When it was booked; of one that has a date only, the end of that day in New York."""
    if wire.created_at:
        return instant_of_text(wire.created_at)
    if wire.date is None:
        raise ValueError(f"an activity {wire.activity_type} states no day")
    return instant_of_eastern(date.fromisoformat(wire.date) + timedelta(days=1), 0)
