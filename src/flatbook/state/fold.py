"""The fold of a journal: `apply(state, event)` for each event, `apply_row` for each commit.

The fold owns its containers and updates them in place. It never fails on what step wrote: each function computes
what it needs before its first write, and events that only inform are folded to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flatbook.events import (
    actions,
    activities,
    calls,
    chain,
    control,
    forced,
    funds,
    grid,
    offers,
    opening,
    prices,
    risk,
)
from flatbook.events import orders as ev
from flatbook.events.event import Event
from flatbook.state import call_fold, chain_fold, control_fold, offer_fold, order_fold, stops
from flatbook.state.desk import State
from flatbook.state.grid import fold_grid
from flatbook.state.slots import assign
from flatbook.values.ids import Seq, SourceId


def _nothing(state: State, event: Event) -> None:
    """Folds an event that only informs."""


def _assign(state: State, event: grid.GridSlotsAssigned) -> None:
    assign(state.slots, event)


def _note(state: State, event: grid.GridNote) -> None:
    fold_grid(state.notes, event)


FOLDS: dict[type[Event], Callable[[State, Any], None]] = {
    ev.OrderIntended: order_fold.fold_intended,
    ev.IntentRefused: order_fold.fold_refused,
    ev.OrderSubmitted: order_fold.fold_report,
    ev.OrderAccepted: order_fold.fold_report,
    ev.OrderRejected: order_fold.fold_not_taken,
    ev.OrderNotSent: order_fold.fold_not_taken,
    ev.OrderUnknown: order_fold.fold_report,
    ev.OrderFound: order_fold.fold_report,
    ev.OrderAbsent: order_fold.fold_ending,
    ev.OrderResent: order_fold.fold_report,
    ev.OrderFilled: order_fold.fold_filled,
    ev.OrderOverfilled: _nothing,
    ev.OrderDone: order_fold.fold_done,
    ev.CancelIntended: order_fold.fold_report,
    ev.CancelRefused: order_fold.fold_ending,
    ev.ForeignOrderSeen: order_fold.fold_foreign_order,
    ev.ForeignFilled: order_fold.fold_foreign_filled,
    ev.ForeignAssigned: order_fold.fold_assigned,
    forced.ForcedReduction: order_fold.fold_forced,
    opening.AccountOpened: order_fold.fold_opened,
    ev.ReportRefused: _nothing,
    chain.VaultFilled: chain_fold.fold_vault_filled,
    chain.FillSkipped: chain_fold.fold_skipped,
    chain.SkippedFillReleased: chain_fold.fold_released,
    chain.FillUnvalued: chain_fold.fold_unvalued,
    chain.FillValued: chain_fold.fold_valued,
    chain.FillReversed: chain_fold.fold_reversed,
    chain.LogUnparsed: _nothing,
    chain.BlocksRemoved: _nothing,
    chain.BlocksFinalized: chain_fold.fold_finalized,
    chain.GasSpent: chain_fold.fold_gas,
    calls.CallIntended: call_fold.fold_call_intended,
    calls.CallRefused: call_fold.fold_call_refused,
    calls.CallSigned: call_fold.fold_call_signed,
    calls.CallReleased: call_fold.fold_call_released,
    calls.CallSent: call_fold.fold_call,
    calls.CallUnknown: call_fold.fold_call,
    calls.CallDropped: call_fold.fold_call,
    calls.CallMined: call_fold.fold_call,
    calls.CallUnmined: call_fold.fold_call,
    calls.CallConfirmed: call_fold.fold_call,
    calls.VaultMoved: call_fold.fold_vault_moved,
    calls.CallDisplaced: call_fold.fold_call,
    calls.CallCancelIntended: call_fold.fold_call,
    control.EngineStarted: control_fold.fold_started,
    control.EngineStopped: control_fold.fold_stopped,
    control.CommandAccepted: control_fold.fold_command,
    control.CommandRefused: _nothing,
    control.TradingHalted: control_fold.fold_halted,
    control.TradingLifted: control_fold.fold_lifted,
    control.HedgeHeld: control_fold.fold_held,
    control.FlattenIntended: control_fold.fold_flatten,
    control.FlattenEnded: control_fold.fold_flattened,
    control.DrainIntended: control_fold.fold_drain,
    control.MarkSet: control_fold.fold_mark,
    control.BooksDiverged: control_fold.fold_diverged,
    control.BooksAgreed: control_fold.fold_agreed,
    control.PositionOverwritten: control_fold.fold_overwritten,
    control.BalanceStated: control_fold.fold_balance,
    funds.FundsStated: control_fold.fold_funds,
    activities.AccountActivityBooked: control_fold.fold_activity,
    prices.FillPriced: _nothing,
    control.AlertRaised: control_fold.fold_alert,
    control.AlertCleared: control_fold.fold_alert_cleared,
    offers.OfferSeen: offer_fold.fold_seen,
    offers.OfferRemoved: offer_fold.fold_removed,
    offers.OfferQuoted: offer_fold.fold_quoted,
    offers.OfferReasonsChanged: offer_fold.fold_reasons,
    offers.OfferPulled: offer_fold.fold_pulled,
    offers.OfferRestored: offer_fold.fold_restored,
    actions.CorporateActionStated: control_fold.fold_action,
    actions.FreezeEnded: control_fold.fold_thaw,
    actions.RatioJumped: control_fold.fold_jump,
    risk.RiskRaised: stops.fold_raised,
    risk.RiskCleared: stops.fold_cleared,
    risk.StopProven: stops.fold_proven,
    risk.BreakerArmed: control_fold.fold_armed,
    risk.RiskLimitSet: control_fold.fold_limit,
    risk.BooksDoubted: control_fold.fold_doubted,
    risk.BooksCorrected: order_fold.fold_corrected,
    grid.GridLaid: _note,
    grid.GridHeld: _note,
    grid.GridLocked: _note,
    grid.GridStopped: _note,
    grid.GridResumed: _note,
    grid.GridSlotsAssigned: _assign,
}


def only_informs(event: Event) -> bool:
    """Returns whether an event changes nothing that deciders and risk read."""
    return FOLDS[type(event)] is _nothing


def apply(state: State, event: Event) -> State:
    """Folds one event into the state and returns it.

    Needs: step has checked the event against the state; the state belongs to the caller.
    Errors: Broken when the event could not have been written by step.
    """
    FOLDS[type(event)](state, event)
    state.seq = Seq(state.seq + 1)
    return state


def apply_row(state: State, events: tuple[Event, ...], cursors: Mapping[SourceId, str]) -> State:
    """Folds one commit: its events, then the cursors that were stored with them."""
    folds = FOLDS
    for event in events:
        folds[type(event)](state, event)
    state.seq = Seq(state.seq + len(events))
    state.cursors.update(cursors)
    return state
