"""How order events change the state of a desk."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from flatbook.events import orders as ev
from flatbook.events.event import Event
from flatbook.events.fees import fee_in_kind, is_in_kind
from flatbook.events.forced import ForcedReduction
from flatbook.events.opening import AccountOpened
from flatbook.events.refs import ref_of, ref_of_done, ref_of_execution
from flatbook.events.risk import BooksCorrected
from flatbook.state.breakers import Traded, book_traded
from flatbook.state.desk import (
    ACTIVITIES_KEPT_MAX,
    ENDED_ORDERS_KEPT_MAX,
    EXECUTIONS_KEPT_MAX,
    ORDER_TIMES_KEPT_MAX,
    BookedTotal,
    Corrected,
    ForeignOrder,
    State,
    forget_oldest,
    oldest,
)
from flatbook.state.orders import TERMINAL, Broken, Order, moved, order_of_intent, signed
from flatbook.state.positions import Entry, Net, Refusals, TurnedDown
from flatbook.state.slots import book_fill, book_reject
from flatbook.values.ids import UNASSIGNED, AssetId, EventRef, OrderId, OwnerId, is_of_total
from flatbook.values.instants import utc_day
from flatbook.values.instruments import Product, Side
from flatbook.values.money import ONE, ZERO, Money, Price, Quantity
from flatbook.values.us_eastern import eastern_day

Report = ev.OrderSubmitted | ev.OrderAccepted | ev.OrderFound | ev.OrderUnknown | ev.OrderResent | ev.CancelIntended
Ending = ev.OrderAbsent | ev.CancelRefused
Refusal = ev.OrderRejected | ev.OrderNotSent
Executed = ev.OrderFilled | ev.ForeignFilled | ForcedReduction


_BUY, _SPOT = Side.BUY, Product.SPOT
_SHORT = (ev.RejectReason.INSUFFICIENT_FUNDS, ev.RejectReason.INSUFFICIENT_SHARES)


def day_of(event: Executed) -> int:
    """Returns the US Eastern day of an execution; a venue's clock that runs ahead of ours does not open tomorrow."""
    return eastern_day(min(event.happened_at, event.seen_at))


def fold_intended(state: State, event: ev.OrderIntended) -> None:
    """Adds an order and counts it as an intent of its net."""
    order_id, owner, orders = event.order_id, event.owner, state.orders
    intents, times = state.intents, state.order_times
    if order_id in orders:
        raise Broken(f"order {order_id} is intended twice")
    key = (owner, event.underlying)
    owing = state.owing.get(key)
    if owing is None:
        owing = state.owing[key] = {}
    orders[order_id] = order_of_intent(event)
    state.open_orders[order_id] = owing[order_id] = None
    net = state.positions.nets.get(key) or state.positions.kept_net(*key)
    net.intents += 1
    intents[owner] = intents.get(owner, 0) + 1
    if state.refusals:
        state.refusals.pop((owner, event.instrument, event.side), None)
    times.append(event.decided_at)
    if len(times) > 2 * ORDER_TIMES_KEPT_MAX:
        del times[:ORDER_TIMES_KEPT_MAX]


def fold_refused(state: State, event: ev.IntentRefused) -> None:
    """Counts a refused intent, so that the next one has another id and waits."""
    net = state.positions.kept_net(event.owner, event.underlying)
    net.intents += 1
    net.refusals += 1
    net.retry_from = event.decided_at
    state.intents[event.owner] = state.intents.get(event.owner, 0) + 1
    key = (event.owner, event.instrument, event.side)
    before = state.refusals.get(key)
    state.refusals[key] = Refusals(count=1 if before is None else before.count + 1, since=event.decided_at)
    state.turned_down[event.owner, event.instrument] = TurnedDown(at=event.decided_at, short=False)


def fold_report(state: State, event: Report) -> None:
    """Moves an order along its life."""
    _move(state, event.order_id, event)


def fold_ending(state: State, event: Ending) -> None:
    """Moves an order whose absence or failed cancel is a cause to decide anew."""
    after = _move(state, event.order_id, event)
    state.positions.kept_net(after.owner, after.underlying).cause = ref_of(event)


def fold_done(state: State, event: ev.OrderDone) -> None:
    """Ends an order with a rest. One that its venue threw out before its time, untouched, makes the next one wait."""
    after = _move(state, event.order_id, event)
    net = state.positions.kept_net(after.owner, after.underlying)
    net.cause = ref_of_done(event)
    if not after.claimed and not after.cancel_attempt and event.seen_at < after.good_until:
        net.refusals += 1
        net.retry_from = event.seen_at


def fold_not_taken(state: State, event: Refusal) -> None:
    """Ends an order that no venue took, so that the next one waits; one that we held back ourselves is no refusal."""
    after = _move(state, event.order_id, event)
    if event.reason is ev.RejectReason.WOULD_TAKE:
        book_reject(state.slots, after)
    elif event.reason is not ev.NotSentReason.CANCELED_BEFORE_SEND:
        short = event.reason in _SHORT
        state.turned_down[after.owner, after.instrument] = TurnedDown(at=event.seen_at, short=short)
    net = state.positions.kept_net(after.owner, after.underlying)
    net.cause = ref_of(event)
    if event.reason is not ev.NotSentReason.CANCELED_BEFORE_SEND:
        net.refusals += 1
        net.retry_from = event.seen_at


def fold_filled(state: State, event: ev.OrderFilled) -> None:
    """Books an execution of ours: order, position, balances, day result and identity."""
    after = _move(state, event.order_id, event)
    net = _book_execution(state, event, event.owner)
    if after.slot is not None:
        book_fill(state.slots, after, event)
    if state.turned_down:
        state.turned_down.pop((event.owner, event.instrument), None)
    if state.refusals:
        for side in Side:
            state.refusals.pop((event.owner, event.instrument, side), None)
    if is_of_total(event.execution_id):
        _add_to_total(state, event)
    net.refusals, net.retry_from = 0, None
    net.cause = ref_of_execution(event.account, event.instrument, event.execution_id)


def _add_to_total(state: State, event: ev.OrderFilled) -> None:
    before = state.totals.get(event.order_id)
    fees = dict(before.fees) if before is not None else {}
    for fee in event.fees:
        fees[fee.asset] = fees.get(fee.asset, ZERO) + fee.amount
    state.totals[event.order_id] = BookedTotal(
        notional=event.qty * event.price + (before.notional if before is not None else ZERO),
        fees=fees,
        happened_at=event.happened_at if before is None else max(before.happened_at, event.happened_at),
    )


def fold_foreign_filled(state: State, event: ev.ForeignFilled) -> None:
    """Books an execution that is not ours under the unassigned owner."""
    _book_execution(state, event, UNASSIGNED)


def fold_opened(state: State, event: AccountOpened) -> None:
    """Opens an account: what its balances hold is known, and is never booked again."""
    state.opened.setdefault(event.account, event.complete_since)
    for held in event.executions:
        traded = Quantity(signed(held.side, held.qty))
        state.executions[event.account, held.instrument, held.execution_id] = (held.happened_at, traded, held.price)
    _forget_executions(state)
    for activity_id in event.activities:
        state.activities[event.account, activity_id] = None
    forget_oldest(state.activities, ACTIVITIES_KEPT_MAX)


def fold_forced(state: State, event: ForcedReduction) -> None:
    """Books what a venue closed by force. The parts of one execution are known together under its identity."""
    known = state.executions.get((event.account, event.instrument, event.execution_id))
    net = _book_execution(state, event, event.owner)
    net.cause = ref_of(event)
    if known is not None:
        whole = Quantity(known[1] + signed(event.side, event.qty))
        state.executions[event.account, event.instrument, event.execution_id] = (event.happened_at, whole, event.price)


def fold_corrected(state: State, event: BooksCorrected) -> None:
    """Brings a position and what its account holds in line, and counts what the day corrected."""
    moved = event.qty * event.contract_size
    key = (event.account, event.subject)
    net = state.positions.move(
        (event.owner, event.account, event.instrument), event.underlying, event.qty, event.contract_size
    )
    net.cause = ref_of(event)
    state.add_balance(event.account, AssetId(event.subject), moved, event.seen_at)
    if event.product is not Product.SPOT:
        _enter_corrected(state, event, moved)
    day, before = utc_day(event.seen_at), state.corrected.get(key)
    today = before if before is not None and before.day == day else None
    known = ZERO if today is None else today.moved_usd
    state.corrected[key] = Corrected(
        day=day,
        count=1 if today is None else today.count + 1,
        moved=abs(moved) + (ZERO if today is None else today.moved),
        moved_usd=None if known is None or event.usd is None else known + abs(event.usd),
        unproven=True,
    )
    state.doubts.pop(key, None)


def _enter_corrected(state: State, event: BooksCorrected, moved: Decimal) -> None:
    """Moves what an account's position was entered at, as if the correction had traded at its price."""
    key = (event.account, event.instrument)
    entry = state.entries.get(key) or state.entries.setdefault(key, Entry())
    entry.qty = Quantity(entry.qty + event.qty)
    cost = ZERO if event.price is None else moved * event.price
    entry.cost = Money(entry.cost + cost) if entry.qty else Money(ZERO)


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
        seen_at=event.seen_at,
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


def _move(state: State, order_id: OrderId, event: Event) -> Order:
    before = state.orders.get(order_id)
    if before is None:
        raise Broken(f"order {order_id} is not known")
    after = state.orders[order_id] = moved(before, event)
    if before.status in TERMINAL or after.status in TERMINAL:
        _file(state, before, after)
    return after


def _file(state: State, before: Order, after: Order) -> None:
    """Keeps an order that may still execute among those of its net, and an ended one among those to be forgotten."""
    order_id, is_open = after.order_id, after.status not in TERMINAL
    owing = state.owing[after.owner, after.underlying]
    if is_open or after.claimed > after.filled:
        owing[order_id] = None
    else:
        owing.pop(order_id, None)
    if is_open:
        state.open_orders[order_id] = None
        state.ended.pop(order_id, None)
    elif before.status not in TERMINAL:
        state.open_orders.pop(order_id, None)
        state.ended[order_id] = None
        if len(state.ended) > ENDED_ORDERS_KEPT_MAX:
            _forget_ended(state)


def _forget_ended(state: State) -> None:
    """Drops the orders that ended first; one that still owes executions goes to the end of the queue instead."""
    for order_id in oldest(state.ended, ENDED_ORDERS_KEPT_MAX):
        del state.ended[order_id]
        if state.orders[order_id].leaves:
            state.ended[order_id] = None
        else:
            del state.orders[order_id]
            state.totals.pop(order_id, None)


def _book_execution(state: State, event: Executed, owner: OwnerId) -> Net:
    account, instrument, seen_at, size = event.account, event.instrument, event.seen_at, event.contract_size
    qty = event.qty if event.side is _BUY else -event.qty
    shares = qty * size
    cash = -shares * event.price
    mark = state.mark(event.quote)
    is_spot, fees = event.product is _SPOT, event.fees
    kept, kept_shares = qty, shares
    if fees:
        kept = qty - fee_in_kind(event)
        kept_shares = kept * size
    net = state.positions.move((owner, account, instrument), event.underlying, kept, size)
    paid = cash if is_spot else _enter(state, event, qty, cash)
    if paid:
        state.add_balance(account, event.quote, paid, seen_at)
    state.add_balance(account, AssetId(event.underlying if is_spot else instrument), shares, seen_at)
    for fee in fees:
        state.add_balance(account, fee.asset, -fee.amount, seen_at)
    if state.funds:
        _spend(state, event, paid)
    if mark is not None:
        worth = cash * mark
        state.positions.add_day(
            net, day_of(event), worth - fees_in_usd(event, state.mark) if fees else worth, kept_shares
        )
        for fee in fees:
            if _is_unmarked(fee, event, state.mark):
                state.positions.owe(net, day_of(event), fee.asset, fee.amount)
    if owner in state.breakers:
        _count_result(state, event, owner, kept)
    state.executions[account, instrument, event.execution_id] = (event.happened_at, Quantity(qty), event.price)
    if len(state.executions) > EXECUTIONS_KEPT_MAX:
        _forget_executions(state)
    return net


def _count_result(state: State, event: Executed, owner: OwnerId, kept: Decimal) -> None:
    """Counts an execution in the breaker of its owner. Needs: the position has moved."""
    mark, size = state.mark(event.quote), event.contract_size
    row = state.positions.rows[owner, event.account, event.instrument]
    price = ZERO if mark is None else event.price * mark
    paid = -signed(event.side, event.qty) * size * price - fees_in_usd(event, state.mark)
    book_traded(
        state.breakers[owner],
        Traded(
            instrument=event.instrument,
            trade=event.order_id if isinstance(event, ev.OrderFilled) else event.execution_id,
            qty=kept * size,
            cash_usd=None if mark is None or has_unmarked_fee(event, state.mark) else paid,
            price_usd=price,
            before=(row.qty - kept) * size,
        ),
    )


def _enter(state: State, event: Executed, qty: Decimal, cash: Decimal) -> Decimal:
    """Moves what an account's position was entered at, and returns what the execution paid into its margin."""
    key = (event.account, event.instrument)
    entry = state.entries.get(key) or state.entries.setdefault(key, Entry())
    realised = ZERO if event.realised is None else event.realised
    entry.qty = Quantity(entry.qty + qty)
    entry.cost = Money(entry.cost - cash + realised)
    if not entry.qty:
        del state.entries[key]
    return realised


def _spend(state: State, event: Executed, cash: Decimal) -> None:
    """Takes what an execution cost from the settled cash of its account, fees too; what it brought settles later."""
    if cash < ZERO:
        state.spend(event.account, event.quote, -cash)
    for fee in event.fees:
        if fee.amount > ZERO:
            state.spend(event.account, fee.asset, fee.amount)


def has_unmarked_fee(event: Executed, mark_of: Callable[[AssetId], Price | None]) -> bool:
    """Returns whether a fee was paid in an asset that nobody has stated a mark of, as in a coin of the venue."""
    return any(_is_unmarked(fee, event, mark_of) for fee in event.fees)


def _is_unmarked(fee: ev.Fee, event: Executed, mark_of: Callable[[AssetId], Price | None]) -> bool:
    return fee.amount > ZERO and not is_in_kind(event, fee) and mark_of(fee.asset) is None


def fees_in_usd(event: Executed, mark_of: Callable[[AssetId], Price | None]) -> Decimal:
    """Returns the fees of an execution that did not make its quantity smaller. Units: USD."""
    total = ZERO
    for fee in event.fees:
        mark = None if is_in_kind(event, fee) else mark_of(fee.asset)
        if mark is not None:
            total += fee.amount * mark
    return total


def _forget_executions(state: State) -> None:
    watermarks = state.execution_watermarks
    for key in oldest(state.executions, EXECUTIONS_KEPT_MAX):
        happened_at = state.executions.pop(key)[0]
        watermarks[key[0]] = max(happened_at, watermarks.get(key[0], happened_at))
