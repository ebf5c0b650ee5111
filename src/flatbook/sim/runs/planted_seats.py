"""The patches of the planted bugs of a desk at an exchange: seats, slots, books, budgets, forced closes, funding."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.engine import (
    ahead,
    follow_risk,
    followers,
    quoting,
    reconcile,
    run,
    step,
    take_activities,
    take_forced,
    take_orders,
)
from flatbook.engine.follow_switch import COUNTDOWN_S
from flatbook.engine.inputs import PlaceAnswered
from flatbook.engine.reports import NotSent
from flatbook.events.activities import ActivityKind
from flatbook.events.orders import NotSentReason
from flatbook.market import depth
from flatbook.sim.runs.planted import Swap
from flatbook.state import dump, order_fold
from flatbook.state.orders import Status
from flatbook.state.stops import is_stopped
from flatbook.values.money import ZERO
from flatbook.venues import rate_budget
from flatbook.venues.binance import wire as binance_wire


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


def asks_on() -> tuple[Swap, ...]:
    """Takes no notice when a venue asks to wait, or shuts us out."""
    return (Swap(rate_budget.RateBudget, "learn_refusal", lambda *_: None),)


def forced_close_dropped() -> tuple[Swap, ...]:
    """Drops an execution of an order whose id is not one of ours."""

    def nothing(_turn: Any, _account: Any, _execution: Any, _forced: Any) -> None:
        return

    return (Swap(take_orders, "take_forced_execution", nothing),)


def kill_spares_exits() -> tuple[Swap, ...]:
    """Takes a kill for a halt: the grid places its exits again."""
    return (Swap(quoting, "kill_over", lambda *_: None), Swap(ahead, "kill_over", lambda *_: None))


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
    return (Swap(quoting, "stop_over", lambda *_: None), Swap(ahead, "stop_over", lambda *_: None))


def breaker_asleep() -> tuple[Swap, ...]:
    """Never looks at what an owner lost."""
    return (Swap(step, "watch_breakers", lambda _turn: None),)


def opened_by_the_clock() -> tuple[Swap, ...]:
    """Opens an account by the instant of its statement, and names nothing that its balances hold."""
    original = vars(reconcile)["opened_with"]

    def by_the_clock(state: Any, pairs: Any, earlier: Any, _read: Any, now: Any) -> Any:
        return original(state, pairs, earlier, None, now)

    return (Swap(reconcile, "opened_with", by_the_clock),)


def freed_at_once() -> tuple[Swap, ...]:
    """Frees a side at the first look that finds its market calm."""
    original = vars(follow_risk)["monitors_due"]

    def hasty(state: Any, market: Any, rules: Any, *asked: Any) -> Any:
        monitors = {name: msgspec.structs.replace(each, calm_s=0) for name, each in rules.monitors.items()}
        return original(state, market, msgspec.structs.replace(rules, monitors=monitors), *asked)

    return (Swap(follow_risk, "monitors_due", hasty),)


def paid_funding_left_out() -> tuple[Swap, ...]:
    """Books funding that was received, and none that was paid."""
    original = take_activities.take_activity

    def sparing(turn: Any, account: Any, activity: Any) -> None:
        if activity.kind is not ActivityKind.FUNDING or activity.amount > ZERO:
            original(turn, account, activity)

    return (Swap(take_activities, "take_activity", sparing),)


def fee_in_kind_forgotten() -> tuple[Swap, ...]:
    """Takes no fee out of the coin that was bought."""

    def nothing(_event: Any) -> Decimal:
        return ZERO

    return (Swap(order_fold, "fee_in_kind", nothing),)


def restart_is_not_sent() -> tuple[Swap, ...]:
    """Takes an order that was intended before a restart for one that never left."""

    def never_left(turn: Any, order: Any, attempt: Any, _reason: Any) -> None:
        answer = NotSent(reason=NotSentReason.REFUSED_LOCALLY)
        take_orders.take_place_answer(turn, PlaceAnswered(order_id=order.order_id, attempt=attempt, answer=answer))

    return (Swap(take_orders, "_book_unknown", never_left),)


def exits_wait_for_halts() -> tuple[Swap, ...]:
    """Lets any halt keep back an exit that is about to leave."""
    original = run.Engine.may_send

    def strict(self: Any, order: Any) -> Any:
        held = self.state.orders.get(order.order_id)
        if held is not None and is_stopped(self.state, held.owner, held.account, held.instrument, held.side):
            return NotSentReason.HALTED
        return original(self, order)

    return (Swap(run.Engine, "may_send", strict),)


def kept_state_forgets() -> tuple[Swap, ...]:
    """Reads a kept state without the executions that stand in the books."""
    original = dump.state_from_bytes

    def forgetful(kept: Any) -> Any:
        state = original(kept)
        state.executions.clear()
        return state

    return (Swap(dump, "state_from_bytes", forgetful),)


def switch_not_renewed() -> tuple[Swap, ...]:
    """Arms the switch of an account once."""

    async def once(_account: Any, switch: Any, _clock: Any) -> None:
        await switch.arm(COUNTDOWN_S)
        await asyncio.Event().wait()

    return (Swap(followers, "follow_switch", once),)


def forced_is_nobodys() -> tuple[Swap, ...]:
    """Books what was closed by force under nobody."""
    return (Swap(take_forced, "_holders", lambda *_: ()),)


def own_orders_meet() -> tuple[Swap, ...]:
    """Asks no exchange to keep our orders apart."""
    asked = vars(binance_wire)["_ENDING"]
    ending = tuple((name, "NONE" if name == "selfTradePreventionMode" else word) for name, word in asked)
    return (Swap(binance_wire, "_ENDING", ending),)
