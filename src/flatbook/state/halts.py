"""Halts: what is stopped, and whether an intent falls under it."""

from __future__ import annotations

import msgspec

from flatbook.events.control import HaltCause, HaltScope
from flatbook.state.orders import Order
from flatbook.values.ids import AccountId, HaltId, InstrumentId, OwnerId
from flatbook.values.instants import Instant


class HaltAsked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One command that wanted a halt, also where it stood already: who gave it, why, and when."""

    actor: str
    reason: str
    asked_at: Instant


class Halt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One standing halt."""

    halt_id: HaltId
    scope: HaltScope
    target: str
    cause: HaltCause
    reason: str
    halted_at: Instant

    def covers(self, owner: OwnerId, account: AccountId, instrument: InstrumentId) -> bool:
        """Whether new risk of this owner in this instrument at this account is stopped."""
        if self.scope is HaltScope.ALL:
            return True
        wanted = {HaltScope.OWNER: owner, HaltScope.VENUE: account, HaltScope.INSTRUMENT: instrument}
        return wanted[self.scope] == self.target


def must_cancel(halts: dict[HaltId, Halt], order: Order) -> bool:
    """Whether a standing halt wants an order gone: all that may add risk, and under a kill whatever came before it."""
    return any(
        halt.covers(order.owner, order.account, order.instrument)
        and (not order.reduce_only or (halt.cause is HaltCause.KILLED and order.decided_at <= halt.halted_at))
        for halt in halts.values()
    )


def halt_over(halts: dict[HaltId, Halt], owner: OwnerId, account: AccountId, instrument: InstrumentId) -> Halt | None:
    """Returns the first standing halt that covers an intent, None when it is free."""
    for halt in halts.values():
        if halt.covers(owner, account, instrument):
            return halt
    return None


def kill_over(halts: dict[HaltId, Halt], owner: OwnerId, account: AccountId, instrument: InstrumentId) -> Halt | None:
    """Returns the standing kill that covers an intent, None without one: a strategy then sends not even exits."""
    covering = (halt for halt in halts.values() if halt.cause is HaltCause.KILLED)
    return next((halt for halt in covering if halt.covers(owner, account, instrument)), None)
