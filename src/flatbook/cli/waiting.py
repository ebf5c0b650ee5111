"""Waiting, after a kill, until every venue has answered and no order is open on any of our accounts."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event
from typing import TYPE_CHECKING, Any

from flatbook.cli.options import Where

if TYPE_CHECKING:
    from flatbook.projections.open_orders import OpenOrder

LOOK_S = 0.2
LOOKS_PER_S = 5


def wait_for_no_order(
    where: Where, *, seq: int | None, account: str | None, wait_s: int
) -> tuple[bool, list[dict[str, Any]]]:
    """Waits at most so many seconds; returns whether every venue has answered, and the orders that are still open.

    `seq` is where the command stands in the journal, None where that could not be written; `account` the one that is
    waited for.
    Gives: an order leaves the list only by its end as its venue stated it, or by the proof that it never left us. The
    venues have answered once each account has stated, after the command, that nothing is open there.
    """
    from flatbook.cli.reading import past_of
    from flatbook.projections.open_orders import open_orders
    from flatbook.state.fold import apply_row
    from flatbook.values.ids import Seq

    pause = Event()
    with past_of(where) as past:
        state = past.state()
        if seq is None:
            answered = _wait_for_statements(where, account, wait_s, pause)
            return answered, [] if answered else _of(account, open_orders(state))
        since = next(row.at for row in past.reader.read(Seq(seq - 1)) if row.last >= seq)
        for _ in range(wait_s * LOOKS_PER_S):
            answered = _have_answered(where, account, since)
            for row in past.reader.read(state.seq):
                if row.first > state.seq:
                    apply_row(state, row.events, row.cursors)
            if answered and not _of(account, open_orders(state)):
                return True, []
            pause.wait(LOOK_S)
    return False, _of(account, open_orders(state))


def _of(account: str | None, orders: Iterable[OpenOrder]) -> list[dict[str, Any]]:
    from msgspec import to_builtins

    return [to_builtins(order) for order in orders if account in (None, order.account)]


def _wait_for_statements(where: Where, account: str | None, wait_s: int, pause: Event) -> bool:
    """Waits until each account has stated since the first look that nothing is open there, without the journal."""
    since: int | None = None
    for _ in range(wait_s * LOOKS_PER_S):
        status = _status(where)
        if status is not None:
            since = status["now"] if since is None else since
            if _are_empty(status, account, since):
                return True
        pause.wait(LOOK_S)
    return False


def _have_answered(where: Where, account: str | None, since: int) -> bool:
    status = _status(where)
    return status is not None and _are_empty(status, account, since) and not status["queued"]


def _are_empty(status: dict[str, Any], account: str | None, since: int) -> bool:
    """Whether each account that is asked about has stated since then that nothing is open there."""
    named = [name for name in status["accounts"] if account in (None, name)]
    stated = [status["statements"].get(name) for name in named]
    return all(each is not None and each["stated_at"] >= since and not each["open_orders"] for each in stated)


def _status(where: Where) -> dict[str, Any] | None:
    from flatbook.cli.desks import engine_status
    from flatbook.ops.control_client import ControlFault

    try:
        return engine_status(where)
    except ControlFault:
        return None
