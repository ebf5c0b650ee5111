"""Pages of executions out of lists of orders, and the cursor that lies between two of them.

Schwab has no list of executions: they stand in their orders. A cursor is an instant up to which all were given, and
the ids of those after it that were given too. It stays behind the present by OVERLAP_S, because reads trail, and
behind each execution whose order is not booked under Schwab's id yet: that order is asked for first.
"""

from __future__ import annotations

import msgspec

from flatbook.engine.own_books import OwnOrder
from flatbook.engine.reports import Execution, ExecutionLine
from flatbook.values.ids import OrderId
from flatbook.values.instants import Instant, later
from flatbook.venues.schwab.fingerprints import Names
from flatbook.venues.schwab.parse import Listed, named

OVERLAP_S = 60
PAGE_MAX = 1_000


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Up to when all executions were given, and which ones after that."""

    until: Instant
    given: tuple[str, ...]

    @property
    def text(self) -> str:
        """The cursor as it is stored."""
        return "|".join((str(self.until), *self.given))


def cursor_of(text: str, *, first_from: Instant) -> Cursor:
    """Returns what a stored cursor says; one that says nothing begins at `first_from`."""
    until, *given = text.split("|")
    if not (until.isascii() and until.isdigit()):
        return Cursor(until=first_from, given=())
    return Cursor(until=Instant(int(until)), given=tuple(given))


def page_after(
    cursor: Cursor, listing: tuple[Listed, ...], names: Names, *, unbooked: tuple[OrderId, ...], asked_at: Instant
) -> tuple[tuple[ExecutionLine, ...], Cursor]:
    """Returns the executions of a list that a cursor lacks, oldest first, and the cursor after them.

    Needs: `unbooked` are our orders for which Schwab's id is not booked; `asked_at` was taken before the list was asked
    for.
    Gives: the same cursor when nothing is new. Those that cannot be read come first: they have no instant, so that the
    cursor names them for as long as the list shows them.
    """
    spoilt = [line for each in listing for line in each.unreadable]
    recent = sorted((each for each in _all(listing, names) if each.happened_at > cursor.until), key=_order)
    new = [each for each in recent if each.execution_id not in cursor.given]
    ready = [each for each in new if each.order_id not in unbooked][:PAGE_MAX]
    page: tuple[ExecutionLine, ...] = (*(line for line in spoilt if line.execution_id not in cursor.given), *ready)
    if not page:
        return (), cursor
    left = [each.happened_at for each in new if each not in ready]
    until = max(cursor.until, min([later(asked_at, seconds=-OVERLAP_S), *(Instant(at - 1) for at in left)]))
    after = [each for each in recent if each.happened_at > until]
    now_given = (*cursor.given, *(str(line.execution_id) for line in page))
    kept = (*(str(line.execution_id) for line in spoilt), *(str(each.execution_id) for each in after))
    return page, Cursor(until=until, given=tuple(identity for identity in kept if identity in now_given))


def unbooked_of(orders: tuple[OwnOrder, ...]) -> tuple[OrderId, ...]:
    """Returns our open orders for which Schwab's id is not booked."""
    return tuple(order.order_id for order in orders if order.is_open and order.venue_order_id is None)


def _all(listing: tuple[Listed, ...], names: Names) -> list[Execution]:
    reports = (named(each, names.get(each.report.venue_order_id)) for each in listing)
    return [execution for report in reports for execution in report.executions]


def _order(execution: Execution) -> tuple[Instant, str]:
    return execution.happened_at, execution.execution_id
