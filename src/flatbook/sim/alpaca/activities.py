"""Account activities of the simulated Alpaca: executions and fees, in pages that continue after a token.

Source: docs.alpaca.markets, Account Activities. The first part of an id is the instant on clocks of New York, as in
the sample there: ids are not in the order of time on the day on which the clocks go back.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flatbook.sim.alpaca.ledger import BookedExecution, Ledger, Posting
from flatbook.sim.alpaca.terms import INVALID, Refused
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant, InstantRefused, instant_of_text, text_of_instant
from flatbook.values.money import ZERO, plain
from flatbook.values.us_eastern import eastern_clock_of, eastern_offset_s

PAGE_DEFAULT = 100
PAGE_MAX = 100

Page = dict[str, object]


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """One activity: when it happened, which order it belongs to, and how Alpaca writes it."""

    at: Instant
    id: str
    order_id: str
    kind: str
    page: Page


def activities_page(
    ledger: Ledger, accounts: tuple[str, ...], kinds: tuple[str, ...], query: Mapping[str, str], as_of: Instant
) -> list[Page] | Refused:
    """Returns one page of the activities of accounts, the newest first unless `direction` says `asc`.

    Gives: with a token, what follows it in that direction; a token that is not known is refused.
    """
    try:
        size = int(query.get("page_size", str(PAGE_DEFAULT)))
        after = _instant(query.get("after"))
        until = _instant(query.get("until"))
    except (InstantRefused, ValueError) as error:
        return _invalid(f"invalid query: {error}")
    if not 0 < size <= PAGE_MAX:
        return _invalid(f"page_size must be between 1 and {PAGE_MAX}")
    rows = [
        row
        for row in _activities(ledger, accounts, as_of)
        if (not kinds or row.kind in kinds)
        and query.get("order_id", row.order_id) == row.order_id
        and query.get("date", _day(row.at)) == _day(row.at)
        and (after is None or row.at > after)
        and (until is None or row.at < until)
    ]
    if query.get("direction") != "asc":
        rows.reverse()
    if token := query.get("page_token"):
        place = next((place for place, row in enumerate(rows) if row.id == token), None)
        if place is None:
            return _invalid("invalid page_token")
        rows = rows[place + 1 :]
    return [row.page for row in rows[:size]]


def _activities(ledger: Ledger, accounts: tuple[str, ...], as_of: Instant) -> list[Activity]:
    fills = [_fill(row) for row in ledger.executions if row.at <= as_of and row.order.account_id in accounts]
    fees = [
        _fee(row) for row in ledger.postings if row.kind != "FILL" and row.at <= as_of and row.account_id in accounts
    ]
    return sorted(fills + fees, key=_at)


def _at(activity: Activity) -> Instant:
    return activity.at


def _fill(execution: BookedExecution) -> Activity:
    order = execution.order
    leaves = max(order.qty - execution.total, ZERO)
    identity = f"{_stamp(execution.at)}::{execution.id}"
    page: Page = {
        "id": identity,
        "account_id": order.account_id,
        "activity_type": "FILL",
        "transaction_time": text_of_instant(execution.at),
        "type": "fill" if leaves == ZERO else "partial_fill",
        "price": plain(execution.price),
        "qty": plain(execution.qty),
        "side": "buy" if order.sign > 0 else "sell",
        "symbol": order.symbol,
        "leaves_qty": plain(leaves),
        "order_id": order.id,
        "cum_qty": plain(execution.total),
        "order_status": "filled" if leaves == ZERO else "partially_filled",
    }
    return Activity(at=execution.at, id=identity, order_id=order.id, kind="FILL", page=page)


def _fee(posting: Posting) -> Activity:
    identity = f"{_stamp(posting.at)}::{posting.id}"
    page: Page = {
        "id": identity,
        "account_id": posting.account_id,
        "activity_type": "FEE",
        "activity_sub_type": posting.kind,
        "date": posting.day,
        "created_at": text_of_instant(posting.at),
        "net_amount": plain(posting.amount),
        "description": posting.text,
        "currency": "USD",
        "status": "executed",
    }
    return Activity(at=posting.at, id=identity, order_id="", kind="FEE", page=page)


def _stamp(at: Instant) -> str:
    local = text_of_instant(Instant(at // NS_PER_S * NS_PER_S + eastern_offset_s(at) * NS_PER_S))
    digits = "".join(sign for sign in local if sign.isdigit())
    return f"{digits}{at % NS_PER_S // NS_PER_MS:03d}"


def _day(at: Instant) -> str:
    return eastern_clock_of(at)[0].isoformat()


def _instant(text: str | None) -> Instant | None:
    if text is None:
        return None
    return instant_of_text(text if "T" in text else f"{text}T00:00:00Z")


def _invalid(message: str) -> Refused:
    return Refused(status=422, code=INVALID, message=message)
