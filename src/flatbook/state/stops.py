"""Stops of one side: what a monitor keeps its owners from, and what a halt or a stop wants gone."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flatbook.events import risk
from flatbook.state.desk import SideStop, State, StopKey
from flatbook.state.halts import halt_over, must_cancel
from flatbook.state.orders import Order
from flatbook.values.ids import AccountId, InstrumentId, OwnerId
from flatbook.values.instruments import Side


def stop_over(stops: Mapping[StopKey, SideStop], owner: OwnerId, side: Side) -> SideStop | None:
    """Returns the first standing stop that keeps an owner from new risk on a side, None when it is free."""
    for (_, stopped), stop in stops.items():
        if stopped is side and owner in stop.owners:
            return stop
    return None


def is_stopped(state: State, owner: OwnerId, account: AccountId, instrument: InstrumentId, side: Side) -> bool:
    """Whether new risk of an owner on a side is kept back, by a halt or by a stop of that side."""
    return halt_over(state.halts, owner, account, instrument) is not None or (
        bool(state.stops) and stop_over(state.stops, owner, side) is not None
    )


def must_go(state: State, order: Order) -> bool:
    """Whether a halt or a stop of its side wants an order gone. What only reduces stays, except under a kill.

    Gives: of a desk that drains all orders of quoting strategies, for these always have some at work.
    """
    if state.draining and order.slot is not None:
        return True
    if not state.halts and not state.stops:
        return False
    if must_cancel(state.halts, order):
        return True
    return bool(state.stops) and not order.reduce_only and stop_over(state.stops, order.owner, order.side) is not None


def fold_raised(state: State, event: risk.RiskRaised) -> None:
    """Stops a side."""
    state.stops[event.monitor, event.side] = SideStop(
        owners=event.owners, reason=" ".join(event.abnormal), raised_at=event.raised_at, unproven=event.accounts
    )


def fold_cleared(state: State, event: risk.RiskCleared) -> None:
    """Frees a side."""
    state.stops.pop((event.monitor, event.side), None)


def fold_proven(state: State, event: risk.StopProven) -> None:
    """Keeps that an account shows nothing of what had to go."""
    stop = state.stops.get((event.monitor, event.side))
    if stop is not None:
        unproven = tuple(account for account in stop.unproven if account != event.account)
        state.stops[event.monitor, event.side] = msgspec.structs.replace(stop, unproven=unproven)
