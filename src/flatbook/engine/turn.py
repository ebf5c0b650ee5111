"""One turn of the loop: the events booked so far, already folded, and the effects they ask for."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.engine.effects import Effect, cancel_of
from flatbook.engine.rules import Rules
from flatbook.engine.wakes import Wakes
from flatbook.events.control import (
    AlertCleared,
    AlertName,
    AlertRaised,
    BalanceStated,
    HaltCause,
    HaltScope,
    Severity,
    TradingHalted,
)
from flatbook.events.event import Event
from flatbook.events.forced import ForcedReduction
from flatbook.events.funds import FundsStated
from flatbook.events.orders import CancelIntended, CancelReason, ForeignFilled, OrderFilled, OrderIntended
from flatbook.events.risk import BooksCorrected
from flatbook.market.quotes import Market
from flatbook.state.desk import State
from flatbook.state.fold import FOLDS
from flatbook.state.orders import Order, Status
from flatbook.state.positions import NetKey
from flatbook.state.stops import must_go
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import AccountId, EventRef, OrderId, SourceId, halt_id_of
from flatbook.values.instants import Instant

_MOVES_ACCOUNT = (
    OrderIntended,
    OrderFilled,
    ForeignFilled,
    ForcedReduction,
    BooksCorrected,
    BalanceStated,
    FundsStated,
)


class Turn(msgspec.Struct):
    """Collects what one input leads to. Each booked event is folded at once, so that what follows sees it."""

    state: State
    market: Market
    wakes: Wakes
    now: Instant
    rules: Rules
    events: list[Event] = []
    effects: list[Effect] = []
    cursors: dict[SourceId, str] = {}
    touched: dict[NetKey, None] = {}
    dropped: list[str] = []

    def book(self, event: Event) -> None:
        """Folds an event and keeps it for the commit."""
        state = self.state
        FOLDS[type(event)](state, event)
        state.seq += 1  # type: ignore[assignment]  # the number after one is one
        self.events.append(event)
        if self.wakes.awaiting_funds:
            self._touch_who_awaits_funds(event)

    def touch(self, key: NetKey, trigger: Trigger) -> None:
        """Notes that a net changed, so that its strategy is asked if it waits for this."""
        key = self.rules.seat_keys.get(key[0], key)
        if self.wakes.wants(key, trigger):
            self.touched[key] = None

    def touch_all(self, trigger: Trigger) -> None:
        """Notes a change that concerns every net."""
        for key in self.wakes.resumed():
            self.touch(key, trigger)

    def _touch_who_awaits_funds(self, event: Event) -> None:
        account = self._account_moved(event)
        for key in self.wakes.awaiting_funds:
            if account in self.rules.accounts_of(key):
                self.touched[key] = None

    def _account_moved(self, event: Event) -> AccountId | None:
        """Returns the account whose cash, shares or working orders an event may have changed."""
        if isinstance(event, _MOVES_ACCOUNT):
            return event.account
        order = self.state.orders.get(getattr(event, "order_id", OrderId("")))
        return order.account if order is not None else None

    def drop(self, why: str) -> None:
        """Counts an input that tells nothing new, or nothing that concerns us."""
        self.dropped.append(why)

    def alert(
        self, name: AlertName, subject: str, detail: str, *, severity: Severity, because: EventRef | None = None
    ) -> None:
        """Raises an alert unless it already stands for this subject."""
        if (name, subject) in self.state.alerts:
            return
        self.book(
            AlertRaised(
                name=name, severity=severity, subject=subject, detail=detail, because=because, raised_at=self.now
            )
        )

    def clear(self, name: AlertName, subject: str) -> None:
        """Clears an alert if it stands."""
        alerts = self.state.alerts
        if alerts and (name, subject) in alerts:
            self.book(AlertCleared(name=name, subject=subject, cleared_at=self.now))

    def halt(self, scope: HaltScope, target: str, cause: HaltCause, reason: str) -> None:
        """Stops new risk for a scope and cancels what rests there; a standing halt of the same cause is kept."""
        halt_id = halt_id_of(scope.value, target, cause.value)
        if halt_id not in self.state.halts:
            self.book(
                TradingHalted(
                    halt_id=halt_id, scope=scope, target=target, cause=cause, reason=reason, halted_at=self.now
                )
            )
            self.touch_all(Trigger.HALT_CHANGED)
        self.cancel_covered(CancelReason.HALTED)

    def cancel_covered(self, reason: CancelReason) -> None:
        """Cancels every open order that a standing halt wants gone."""
        for order_id in tuple(self.state.open_orders):
            order = self.state.orders[order_id]
            if must_go(self.state, order) and not order.cancel_pending:
                self.cancel(order, reason)

    def cancel(self, order: Order, reason: CancelReason, because: EventRef | None = None) -> None:
        """Books the wish to cancel an open order and asks the venue for it."""
        if not order.is_open:
            return
        self.book(
            CancelIntended(
                order_id=order.order_id,
                attempt=order.cancel_attempt + 1,
                reason=reason,
                because=because,
                decided_at=self.now,
            )
        )
        after = self.state.orders[order.order_id]
        if after.status is not Status.INTENDED:
            self.effects.append(cancel_of(after))

    def usd(self, key: NetKey, shares: Decimal) -> Decimal | None:
        """Returns what shares of a net are worth, None when there is no price.

        Units: USD.
        """
        price = self.price(key)
        return shares * price if price is not None else None

    def price(self, key: NetKey) -> Decimal | None:
        """Returns the price at which a net is valued, None when there is none; one that nobody hedges at another's.

        Units: USD per unit.
        """
        hedges, nets = self.rules.hedges, self.state.positions.nets
        alike = (key, *self.rules.hedged.get(key[1], ()))
        for each in alike:
            hedge = hedges.get(each)
            quote = None if hedge is None else self.market.quote(key[1], hedge.params.price_source)
            if quote is not None:
                return quote.price
        for each in alike:
            net = nets.get(each)
            if net is not None and net.last_price is not None:
                return net.last_price
        return None
