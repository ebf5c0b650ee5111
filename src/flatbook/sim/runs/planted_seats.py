"""The patches of the planted bugs of a desk at an exchange: seats, slots, books, budgets, forced closes, funding."""

from __future__ import annotations

from typing import Any

import msgspec

from flatbook.engine import quoting, reconcile, step, take_activities, take_orders
from flatbook.events.activities import ActivityKind
from flatbook.market import depth
from flatbook.sim.runs.planted import Swap
from flatbook.state import order_fold
from flatbook.state.orders import Status
from flatbook.venues import rate_budget


def funding_sign() -> tuple[Swap, ...]:
    """Books funding with the other sign."""
    original = take_activities.take_activity

    def turned(turn: Any, account: Any, activity: Any) -> None:
        if activity.kind is ActivityKind.FUNDING:
            activity = msgspec.structs.replace(activity, amount=-activity.amount)
        original(turn, account, activity)

    return (Swap(take_activities, "take_activity", turned),)


def funding_twice() -> tuple[Swap, ...]:
    """Books funding as often as it is told."""
    original = take_activities.take_activity

    def forgetful(turn: Any, account: Any, activity: Any) -> None:
        if activity.kind is ActivityKind.FUNDING:
            turn.state.activities.pop((account, activity.activity_id), None)
        original(turn, account, activity)

    return (Swap(take_activities, "take_activity", forgetful),)


def gapped_book_used() -> tuple[Swap, ...]:
    """Takes every change of a book for the one that follows."""
    original = depth.BookSync._change

    def follows(self: Any, change: Any) -> bool:
        rule = self._rule
        self._rule = lambda *asked: depth.Follows.NEXT if rule(*asked) is depth.Follows.GAP else rule(*asked)
        try:
            return original(self, change)
        finally:
            self._rule = rule

    return (Swap(depth.BookSync, "_change", follows),)


def cancels_share_budget() -> tuple[Swap, ...]:
    """Lets a cancel wait for room as an order does."""
    original = rate_budget.RateBudget.take

    def shared(self: Any, costs: Any, lane: Any, now: Any) -> bool:
        return original(self, costs, rate_budget.Lane.ORDER if lane is rate_budget.Lane.CANCEL else lane, now)

    return (Swap(rate_budget.RateBudget, "take", shared),)


def forced_close_dropped() -> tuple[Swap, ...]:
    """Drops an execution of an order whose id is not one of ours."""

    def nothing(_turn: Any, _account: Any, _execution: Any, _forced: Any) -> None:
        return

    return (Swap(take_orders, "take_forced_execution", nothing),)


def kill_spares_exits() -> tuple[Swap, ...]:
    """Takes a kill for a halt: the grid places its exits again."""
    return (Swap(quoting, "kill_over", lambda *_: None),)


def unknown_is_free() -> tuple[Swap, ...]:
    """Shows a strategy no order whose fate is not known: its slot looks free."""
    original = quoting.SeatView.orders

    def known(self: Any, instrument: Any) -> Any:
        return [order for order in original(self, instrument) if order.status is not Status.UNKNOWN]

    return (Swap(quoting.SeatView, "orders", known),)


def slot_not_moved() -> tuple[Swap, ...]:
    """Moves the position by an execution that only reduces, and its slot not."""
    original = vars(order_fold)["book_fill"]

    def skipped(slots: Any, order: Any, event: Any) -> None:
        if not order.reduce_only:
            original(slots, order, event)

    return (Swap(order_fold, "book_fill", skipped),)


def stopped_side_opened() -> tuple[Swap, ...]:
    """Shows a strategy and its checks no side that a monitor has stopped."""
    return (Swap(quoting, "stop_over", lambda *_: None),)


def breaker_asleep() -> tuple[Swap, ...]:
    """Never looks at what an owner lost."""
    return (Swap(step, "watch_breakers", lambda _turn: None),)


def opened_by_the_clock() -> tuple[Swap, ...]:
    """Opens an account by the instant of its statement, and names nothing that its balances hold."""
    original = vars(reconcile)["opened_with"]

    def by_the_clock(state: Any, pairs: Any, earlier: Any, _read: Any, now: Any) -> Any:
        return original(state, pairs, earlier, None, now)

    return (Swap(reconcile, "opened_with", by_the_clock),)
