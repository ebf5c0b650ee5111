"""What the events of the journal say up to now, added up without any code of the product's folds."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flatbook.events import chain, control, offers, orders
from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.event import Event
from flatbook.events.forced import ForcedReduction
from flatbook.sim.judges.exact import Exact, exact, product, sign_of
from flatbook.sim.judges.expectation import NetKey
from flatbook.sim.judges.truth import FillKey
from flatbook.values.ids import UNASSIGNED
from flatbook.values.instants import Instant

INTENDED, WORKING, UNKNOWN = "intended", "working", "unknown"
FILLED, ENDED, REJECTED, DENIED = "filled", "ended", "rejected", "denied"
OPEN = (INTENDED, WORKING, UNKNOWN)

LogId = tuple[str, int]
Booked = orders.OrderFilled | orders.ForeignFilled | ForcedReduction


class ToldOrder:
    """An order as the journal tells it. Units: 1e-36 share, contracts already multiplied out.

    `before` is the status before the last event; `accepted` whether its venue has shown it as more than submitted;
    `cancel_at` when a cancel was first asked for.
    """

    __slots__ = (
        "accepted", "before", "cancel_at", "claimed", "ended_at", "filled", "intended_at", "intent", "key", "moved_at",
        "overfilled", "qty", "resends", "size", "status", "unknown_at",
    )  # fmt: skip

    def __init__(self, intent: orders.OrderIntended, at: Instant) -> None:
        self.intent, self.intended_at, self.moved_at = intent, at, at
        self.key: NetKey = (intent.owner, intent.underlying)
        self.size = exact(intent.contract_size)
        self.qty = product(exact(intent.qty), self.size)
        self.filled: Exact = 0
        self.claimed: Exact = 0
        self.status, self.before = INTENDED, ""
        self.resends = 0
        self.accepted = self.overfilled = False
        self.unknown_at: Instant | None = None
        self.cancel_at: Instant | None = None
        self.ended_at: Instant | None = None

    @property
    def is_open(self) -> bool:
        """Whether the journal holds that it may still execute."""
        return self.status in OPEN

    @property
    def leaves(self) -> Exact:
        """What may still execute, as far as the journal knows."""
        most = max(self.qty, self.claimed) if self.status in OPEN else self.claimed
        return max(0, most - self.filled)


class Told:
    """The sums of all events appended so far; `at` is the instant of the row that is read."""

    def __init__(self) -> None:
        self.at = Instant(0)
        self.row_first = 0
        self.intents: dict[str, ToldOrder] = {}
        self.owing: dict[NetKey, dict[str, ToldOrder]] = {}
        self.executions: dict[tuple[str, str, str], Booked] = {}
        self.booked_at: dict[tuple[str, str, str], Instant] = {}
        self.fills: dict[FillKey, chain.Fill] = {}
        self.by_log: dict[LogId, FillKey] = {}
        self.values: dict[LogId, chain.FillValued] = {}
        self.balances: dict[tuple[str, str], Exact] = {}
        self.nets: dict[NetKey, Exact] = {}
        self.opened: dict[str, Instant] = {}
        self.opened_in: dict[str, int] = {}
        self.alerts: dict[tuple[str, str], control.AlertRaised] = {}
        self.holds: dict[NetKey, control.HedgeHeld] = {}
        self.halts: dict[str, tuple[control.TradingHalted, Instant]] = {}
        self.halted: dict[tuple[str, str], Instant] = {}
        self.offered: dict[str, str] = {}
        self.divergences: dict[tuple[str, str], control.BooksDiverged] = {}
        self.hears: dict[type[Event], Callable[[Any], None]] = {
            **_order_hearings(self),
            chain.VaultFilled: self._fill,
            chain.FillUnvalued: self._fill,
            chain.FillSkipped: self._fill,
            chain.FillValued: self._valued,
            chain.FillReversed: self._reversed,
            offers.OfferSeen: self._offer,
            AccountActivityBooked: self._paid,
            control.BalanceStated: self._stated,
            control.PositionOverwritten: self._overwritten,
            control.AlertRaised: self._alert,
            control.AlertCleared: self._clear,
            control.HedgeHeld: self._hold,
            control.TradingHalted: self._halt,
            control.TradingLifted: self._lift,
            control.BooksDiverged: self._diverged,
            control.BooksAgreed: self._agreed,
        }

    def owner_of(self, order_id: str) -> NetKey | None:
        """Returns the net that an order was intended for, None when it never was."""
        order = self.intents.get(order_id)
        return order.key if order is not None else None

    def move_net(self, key: NetKey, by: Exact) -> None:
        """Moves the net of an owner."""
        self.nets[key] = self.nets.get(key, 0) + by

    def add(self, account: str, asset: str, amount: Exact) -> None:
        """Moves the balance of an account."""
        key = (account, asset)
        self.balances[key] = self.balances.get(key, 0) + amount

    def book(self, event: Booked) -> None:
        """Adds up an execution: shares, cash and fees."""
        key = (event.account, event.instrument, event.execution_id)
        self.executions[key] = event
        self.booked_at[key] = self.at
        shares = product(exact(event.qty), exact(event.contract_size)) * sign_of(event.side)
        self.add(event.account, event.underlying, shares)
        self.add(event.account, event.quote, -product(shares, exact(event.price)))
        for fee in event.fees:
            self.add(event.account, fee.asset, -exact(fee.amount))
        owner = UNASSIGNED if isinstance(event, orders.ForeignFilled) else event.owner
        self.move_net((owner, event.underlying), shares)

    def _fill(self, event: chain.Fill) -> None:
        key = (event.key.tx, event.key.log_index, event.key.block_hash)
        self.fills[key] = event
        self.by_log[key[:2]] = key
        self._move_by_fill(event, shares_of(event), 1)

    def _move_by_fill(self, event: chain.Fill, shares: Exact, times: int) -> None:
        if event.underlying is not None and event.side is not None:
            self.move_net((event.owner, event.underlying), shares * sign_of(event.side) * times)

    def _valued(self, event: chain.FillValued) -> None:
        log = (event.tx, event.log_index)
        fill = self.fills.get(self.by_log.get(log, ("", 0, "")))
        if fill is not None:
            self.values[log] = event
            self._move_by_fill(fill, exact(event.shares) - shares_of(fill), 1)

    def _reversed(self, event: chain.FillReversed) -> None:
        log = (event.key.tx, event.key.log_index)
        fill = self.fills.pop((*log, event.key.block_hash), None)
        if fill is not None:
            value = self.values.pop(log, None)
            self._move_by_fill(fill, exact(value.shares) if value is not None else shares_of(fill), -1)

    def _offer(self, event: offers.OfferSeen) -> None:
        self.offered[event.order_hash] = event.legs[0].underlying if event.legs else ""

    def _stated(self, event: control.BalanceStated) -> None:
        if event.account not in self.opened:
            self.opened[event.account], self.opened_in[event.account] = self.at, self.row_first
        self.add(event.account, event.asset, exact(event.change))

    def _paid(self, event: AccountActivityBooked) -> None:
        if event.kind is ActivityKind.FUNDING:
            self.add(event.account, event.asset, exact(event.amount))

    def _overwritten(self, event: control.PositionOverwritten) -> None:
        shares = product(exact(event.after) - exact(event.before), exact(event.contract_size or Decimal(1)))
        self.move_net((event.owner, event.underlying), shares)

    def _alert(self, event: control.AlertRaised) -> None:
        self.alerts[event.name.value, event.subject] = event

    def _clear(self, event: control.AlertCleared) -> None:
        self.alerts.pop((event.name.value, event.subject), None)

    def _hold(self, event: control.HedgeHeld) -> None:
        if event.reason is None:
            self.holds.pop((event.owner, event.underlying), None)
        else:
            self.holds[event.owner, event.underlying] = event

    def _halt(self, event: control.TradingHalted) -> None:
        self.halts[event.halt_id] = (event, self.at)
        self.halted[event.scope.value, event.target] = self.at

    def _lift(self, event: control.TradingLifted) -> None:
        self.halts.pop(event.halt_id, None)

    def _diverged(self, event: control.BooksDiverged) -> None:
        self.divergences[event.account, event.subject] = event

    def _agreed(self, event: control.BooksAgreed) -> None:
        self.divergences.pop((event.account, event.subject), None)


def shares_of(event: chain.Fill) -> Exact:
    """Returns the shares that a fill says it moved, unsigned; zero where it does not know."""
    if isinstance(event, chain.FillUnvalued):
        return exact(event.shares_assumed)
    return exact(event.shares) if event.shares is not None else 0


def _order_hearings(told: Told) -> dict[type[Event], Callable[[Any], None]]:
    """Returns how order events move what is told of orders; those of orders never intended are left out."""

    def intended(event: orders.OrderIntended) -> None:
        if event.order_id not in told.intents:
            order = told.intents[event.order_id] = ToldOrder(event, told.at)
            told.owing.setdefault(order.key, {})[event.order_id] = order

    def moved(event: Any) -> None:
        order = told.intents.get(event.order_id)
        if order is None:
            return
        order.before, order.moved_at = order.status, told.at
        after = _AFTER[type(event)](order, event, told.at)
        if after == UNKNOWN and order.status != UNKNOWN:
            order.unknown_at = told.at
        order.status = after
        if after in OPEN or order.leaves:
            told.owing[order.key][event.order_id] = order
        else:
            told.owing[order.key].pop(event.order_id, None)
        if after not in OPEN and order.before in OPEN:
            order.ended_at = told.at

    def filled(event: orders.OrderFilled) -> None:
        told.book(event)
        moved(event)

    def assigned(event: orders.ForeignAssigned) -> None:
        told.move_net((event.owner, event.underlying), exact(event.qty))
        told.move_net((UNASSIGNED, event.underlying), -exact(event.qty))

    moves: dict[type[Event], Callable[[Any], None]] = dict.fromkeys(_AFTER, moved)
    return {
        **moves,
        orders.OrderIntended: intended,
        orders.OrderFilled: filled,
        orders.ForeignFilled: told.book,
        ForcedReduction: told.book,
        orders.ForeignAssigned: assigned,
    }


def _shown(order: ToldOrder, event: Any, _at: Instant) -> str:
    order.accepted = order.accepted or not isinstance(event, orders.OrderSubmitted)
    if isinstance(event, orders.OrderFound):
        order.claimed = max(order.claimed, product(exact(event.filled_qty), order.size))
    return WORKING if order.status in OPEN or order.status == DENIED else order.status


def _filled(order: ToldOrder, event: Any, _at: Instant) -> str:
    order.accepted = True
    order.filled += product(exact(event.qty), order.size)
    order.claimed = max(order.claimed, order.filled)
    if order.filled >= order.qty:
        return FILLED
    if order.status == DENIED:
        return UNKNOWN
    return WORKING if order.status in OPEN else order.status


def _done(order: ToldOrder, event: Any, _at: Instant) -> str:
    order.accepted = True
    order.claimed = max(order.claimed, product(exact(event.filled_qty), order.size))
    return ENDED


def _absent(order: ToldOrder, event: Any, _at: Instant) -> str:
    return DENIED if event.proven else order.status


def _resent(order: ToldOrder, _event: Any, _at: Instant) -> str:
    order.resends += 1
    return order.status


def _cancel(order: ToldOrder, _event: Any, at: Instant) -> str:
    order.cancel_at = at if order.cancel_at is None else order.cancel_at
    return order.status


def _overfilled(order: ToldOrder, _event: Any, _at: Instant) -> str:
    order.overfilled = True
    return order.status


_AFTER: dict[type[Event], Callable[[ToldOrder, Any, Instant], str]] = {
    orders.OrderSubmitted: _shown,
    orders.OrderAccepted: _shown,
    orders.OrderFound: _shown,
    orders.OrderRejected: lambda _order, _event, _at: REJECTED,
    orders.OrderNotSent: lambda _order, _event, _at: DENIED,
    orders.OrderUnknown: lambda _order, _event, _at: UNKNOWN,
    orders.OrderAbsent: _absent,
    orders.OrderResent: _resent,
    orders.OrderFilled: _filled,
    orders.OrderOverfilled: _overfilled,
    orders.OrderDone: _done,
    orders.CancelIntended: _cancel,
    orders.CancelRefused: lambda order, _event, _at: order.status,
}
