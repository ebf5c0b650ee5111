"""How order events change the state of a desk."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events import orders as ev
from flatbook.events.refs import ref_of
from flatbook.state.desk import (
    ENDED_ORDERS_KEPT_MAX,
    EXECUTIONS_KEPT_MAX,
    ORDER_TIMES_KEPT_MAX,
    ForeignOrder,
    State,
)
from flatbook.state.orders import Broken, Order, moved, order_of_intent, signed
from flatbook.values.ids import UNASSIGNED, AssetId, EventRef, OrderId, OwnerId
from flatbook.values.money import ONE, ZERO, Quantity
from flatbook.values.us_eastern import eastern_day

OrderMove = (
    ev.OrderSubmitted
    | ev.OrderAccepted
    | ev.OrderFound
    | ev.OrderRejected
    | ev.OrderNotSent
    | ev.OrderUnknown
    | ev.OrderAbsent
    | ev.OrderResent
    | ev.OrderDone
    | ev.CancelIntended
    | ev.CancelRefused
)


def day_of(event: ev.OrderFilled | ev.ForeignFilled) -> int:
    """Returns the US Eastern day of an execution; a venue's clock that runs ahead of ours does not open tomorrow."""
    return eastern_day(min(event.happened_at, event.seen_at))


def fold_intended(state: State, event: ev.OrderIntended) -> None:
    """Adds an order and counts it as an intent of its net."""
    if event.order_id in state.orders:
        raise Broken(f"order {event.order_id} is intended twice")
    state.orders[event.order_id] = order_of_intent(event)
    state.open_orders[event.order_id] = None
    state.owing.setdefault((event.owner, event.underlying), {})[event.order_id] = None
    state.positions.kept_net(event.owner, event.underlying).intents += 1
    state.order_times.append(event.decided_at)
    if len(state.order_times) > 2 * ORDER_TIMES_KEPT_MAX:
        del state.order_times[:ORDER_TIMES_KEPT_MAX]


def fold_refused(state: State, event: ev.IntentRefused) -> None:
    """Counts a refused intent, so that the next one has another id and waits."""
    net = state.positions.kept_net(event.owner, event.underlying)
    net.intents += 1
    net.refusals += 1
    net.retry_from = event.decided_at


def fold_move(state: State, event: OrderMove) -> None:
    """Moves an order along its life."""
    before = _order(state, event.order_id)
    after = moved(before, event)
    _put(state, before, after)
    if isinstance(event, (ev.OrderRejected, ev.OrderNotSent, ev.OrderDone, ev.OrderAbsent, ev.CancelRefused)):
        _set_cause(state, after, ref_of(event))
    if isinstance(event, (ev.OrderRejected, ev.OrderNotSent)):
        net = state.positions.kept_net(after.owner, after.underlying)
        net.refusals += 1
        net.retry_from = event.seen_at


def fold_filled(state: State, event: ev.OrderFilled) -> None:
    """Books an execution of ours: order, position, balances, day result and identity."""
    before = _order(state, event.order_id)
    after = moved(before, event)
    _put(state, before, after)
    _book_execution(state, event, event.owner)
    net = state.positions.kept_net(event.owner, event.underlying)
    net.refusals, net.retry_from = 0, None
    _set_cause(state, after, ref_of(event))


def fold_foreign_filled(state: State, event: ev.ForeignFilled) -> None:
    """Books an execution that is not ours under the unassigned owner."""
    _book_execution(state, event, UNASSIGNED)


def fold_foreign_order(state: State, event: ev.ForeignOrderSeen) -> None:
    """Keeps an order that is not ours while it works."""
    key = (event.account, event.venue_order_id)
    if not event.open:
        state.foreign_orders.pop(key, None)
        return
    state.foreign_orders[key] = ForeignOrder(
        instrument=event.instrument,
        underlying=event.underlying,
        side=event.side,
        leaves=Quantity(max(ZERO, event.qty - event.filled_qty)),
        contract_size=event.contract_size,
    )


def fold_assigned(state: State, event: ev.ForeignAssigned) -> None:
    """Moves an unassigned quantity to an owner."""
    size = _contract_size(state, event)
    positions = state.positions
    positions.move((UNASSIGNED, event.account, event.instrument), event.underlying, -event.qty, size)
    net = positions.move((event.owner, event.account, event.instrument), event.underlying, event.qty, size)
    net.cause = EventRef(f"assigned:{event.account}:{event.instrument}:{event.decided_at}")


def _contract_size(state: State, event: ev.ForeignAssigned) -> Decimal:
    row = state.positions.rows.get((UNASSIGNED, event.account, event.instrument))
    return row.contract_size if row is not None else ONE


def _order(state: State, order_id: OrderId) -> Order:
    order = state.orders.get(order_id)
    if order is None:
        raise Broken(f"order {order_id} is not known")
    return order


def _put(state: State, before: Order, after: Order) -> None:
    state.orders[after.order_id] = after
    owing = state.owing.setdefault((after.owner, after.underlying), {})
    if after.is_open or after.leaves:
        owing[after.order_id] = None
    else:
        owing.pop(after.order_id, None)
    if before.is_open and not after.is_open:
        state.open_orders.pop(after.order_id, None)
        state.ended[after.order_id] = None
        _forget_ended(state)
    elif after.is_open and not before.is_open:
        state.open_orders[after.order_id] = None
        state.ended.pop(after.order_id, None)


def _forget_ended(state: State) -> None:
    """Drops the orders that ended first; one that still owes executions goes to the end of the queue instead."""
    for _ in range(len(state.ended) - ENDED_ORDERS_KEPT_MAX):
        oldest = next(iter(state.ended))
        del state.ended[oldest]
        if state.orders[oldest].leaves:
            state.ended[oldest] = None
        else:
            del state.orders[oldest]


def _set_cause(state: State, order: Order, cause: EventRef | None) -> None:
    state.positions.kept_net(order.owner, order.underlying).cause = cause


def _book_execution(state: State, event: ev.OrderFilled | ev.ForeignFilled, owner: OwnerId) -> None:
    qty = signed(event.side, event.qty)
    cash = -qty * event.price * event.contract_size
    mark = state.mark(event.quote)
    key = (owner, event.account, event.instrument)
    net = state.positions.move(key, event.underlying, qty, event.contract_size)
    state.add_balance(event.account, event.quote, cash, event.seen_at)
    state.add_balance(event.account, AssetId(event.underlying), qty * event.contract_size, event.seen_at)
    for fee in event.fees:
        state.add_balance(event.account, fee.asset, -fee.amount, event.seen_at)
    if mark is not None:
        fees = sum((_in_usd(state, fee) for fee in event.fees), ZERO)
        state.positions.add_day(net, day_of(event), cash * mark - fees, qty * event.contract_size)
    known = (event.happened_at, qty, event.price)
    state.executions[event.account, event.instrument, event.execution_id] = known
    _forget_executions(state)


def _in_usd(state: State, fee: ev.Fee) -> Decimal:
    mark = state.mark(fee.asset)
    return fee.amount * mark if mark is not None else ZERO


def _forget_executions(state: State) -> None:
    while len(state.executions) > EXECUTIONS_KEPT_MAX:
        key = next(iter(state.executions))
        happened_at = state.executions.pop(key)[0]
        state.execution_watermarks[key[0]] = max(happened_at, state.execution_watermarks.get(key[0], happened_at))
