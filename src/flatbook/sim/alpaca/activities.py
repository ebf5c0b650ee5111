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
FEE_KINDS = ("REG", "TAF")
OTHER_KINDS = ("DIV", "INT", "CSD", "CSW", "SPLIT")
NON_TRADE = ("FEE", *OTHER_KINDS)
MIDNIGHT = "000000000"

Page = dict[str, object]


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """One activity: when it happened, whose it is, which order it belongs to, and how Alpaca writes it."""

    at: Instant
    id: str
    account_id: str
    order_id: str
    kind: str
    page: Page


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a query asks for: accounts, kinds (empty for all), and the rest of it as it was read."""

    accounts: tuple[str, ...]
    kinds: tuple[str, ...]
    size: int
    after: Instant | None
    until: Instant | None
    day: str | None
    order_id: str | None

    def takes(self, activity: Activity) -> bool:
        """Whether an activity is asked for."""
        return (
            activity.account_id in self.accounts
            and (not self.kinds or activity.kind in self.kinds)
            and (self.order_id is None or self.order_id == activity.order_id)
            and (self.after is None or activity.at > self.after)
            and (self.until is None or activity.at < self.until)
            and (self.day is None or self.day == _day(activity.at))
        )


class ActivityLog:
    """The activities of a ledger, each written once, in the order in which they happened."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._executions = self._postings = 0
        self._rows: list[Activity] = []

    def page(
        self, accounts: tuple[str, ...], kinds: tuple[str, ...], query: Mapping[str, str], as_of: Instant
    ) -> list[Page] | Refused:
        """Returns one page of the activities until an instant, the newest first unless `direction` says `asc`.

        Gives: with a token, what follows it in that direction; a token that is not known is refused.
        """
        wanted = _wanted(accounts, kinds, query)
        if isinstance(wanted, Refused):
            return wanted
        self._take_news()
        rows = [row for row in self._rows if row.at <= as_of and wanted.takes(row)]
        if query.get("direction") != "asc":
            rows.reverse()
        if token := query.get("page_token"):
            place = next((place for place, row in enumerate(rows) if row.id == token), None)
            if place is None:
                return _invalid("invalid page_token")
            rows = rows[place + 1 :]
        return [row.page for row in rows[: wanted.size]]

    def _take_news(self) -> None:
        fills = [_fill(row) for row in self._ledger.executions[self._executions :]]
        fees = [_booked(row) for row in self._ledger.postings[self._postings :] if row.kind != "FILL"]
        self._executions, self._postings = len(self._ledger.executions), len(self._ledger.postings)
        self._rows += sorted(fills + fees, key=_at)


def _wanted(accounts: tuple[str, ...], kinds: tuple[str, ...], query: Mapping[str, str]) -> Wanted | Refused:
    try:
        size = int(query.get("page_size", str(PAGE_DEFAULT)))
        after = _instant(query.get("after"))
        until = _instant(query.get("until"))
    except (InstantRefused, ValueError) as error:
        return _invalid(f"invalid query: {error}")
    if not 0 < size <= PAGE_MAX:
        return _invalid(f"page_size must be between 1 and {PAGE_MAX}")
    return Wanted(
        accounts=accounts,
        kinds=kinds,
        size=size,
        after=after,
        until=until,
        day=query.get("date"),
        order_id=query.get("order_id"),
    )


def _at(activity: Activity) -> Instant:
    return activity.at


def execution_id(execution: BookedExecution) -> str:
    """Returns the id under which Alpaca lists an execution."""
    return f"{_stamp(execution.at)}::{execution.id}"


def _fill(execution: BookedExecution) -> Activity:
    order = execution.order
    leaves = max(order.qty - execution.total, ZERO)
    identity = execution_id(execution)
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
    return Activity(
        at=execution.at, id=identity, account_id=order.account_id, order_id=order.id, kind="FILL", page=page
    )


def _booked(posting: Posting) -> Activity:
    """Returns what was booked besides executions; its id begins with the midnight of its day."""
    day = posting.day or eastern_clock_of(posting.at)[0].isoformat()
    kind = "FEE" if posting.kind in FEE_KINDS else posting.kind
    identity = f"{day.replace('-', '')}{MIDNIGHT}::{posting.id}"
    page: Page = {
        "id": identity,
        "account_id": posting.account_id,
        "activity_type": kind,
        "activity_sub_type": posting.kind if kind == "FEE" else None,
        "date": day,
        "created_at": text_of_instant(posting.at),
        "net_amount": plain(posting.amount),
        "description": posting.text,
        "currency": "USD",
        "status": "executed",
    }
    return Activity(at=posting.at, id=identity, account_id=posting.account_id, order_id="", kind=kind, page=page)


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
