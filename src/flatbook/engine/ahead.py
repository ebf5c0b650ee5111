"""What of a decision does not depend on what is seen, worked out before it is seen: while nothing waits for it.

It is made by the functions that make it on the spot, of the state as an event left it, and read only while no other
event was folded: a decision is the same with it and without.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from flatbook.engine.rules import Rules, SeatRules, Traded
from flatbook.risk.quote_checks import Room
from flatbook.state.desk import State
from flatbook.state.halts import halt_over, kill_over
from flatbook.state.orders import TERMINAL, Order
from flatbook.state.stops import stop_over
from flatbook.values.ids import COUNT_DIGITS, InstrumentId, OrderId, OwnerId, Seq, observed_prefix
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Quantity

_BUY = Side.BUY  # the name of a member is looked up slowly, and its identity at once
_NONE_HELD, _UNSEEN = Quantity(ZERO), Instant(0)


class Ahead(msgspec.Struct, frozen=True, gc=False):
    """What a seat needs for its next decision, as of an event of a state; `order_id` is that of its first order."""

    owner: OwnerId
    state: State
    seq: Seq
    orders: dict[InstrumentId, Sequence[Order]]
    rooms: dict[InstrumentId, Room]
    order_id: OrderId


NOTHING_AHEAD = Ahead(OwnerId(""), State(), Seq(-1), {}, {}, OrderId(""))


def ahead_of(state: State, rules: Rules, seated: SeatRules) -> Ahead:
    """Returns what a seat needs for its next decision as the state is now."""
    owner = seated.seat.owner
    return Ahead(
        owner,
        state,
        state.seq,
        {name: orders_of(state, traded) for name, traded in seated.traded.items()},
        {name: room_of(state, rules, traded) for name, traded in seated.traded.items()},
        next_order_id(state, owner, 0),
    )


def next_order_id(state: State, owner: OwnerId, index: int) -> OrderId:
    """Returns the id of the `index`-th order that an owner places next on what it observed, from 0."""
    return OrderId(observed_prefix(owner, state.epoch) + str(state.intents.get(owner, 0) + index).zfill(COUNT_DIGITS))


def orders_of(state: State, traded: Traded) -> Sequence[Order]:
    """Returns the orders on an instrument that are open or still owe executions, oldest first."""
    owing = state.owing.get(traded.net)
    if not owing:
        return ()
    orders, name = state.orders, traded.instrument.id
    return [order for order_id in owing if (order := orders[order_id]).instrument == name]


def room_of(state: State, rules: Rules, traded: Traded) -> Room:
    """Returns where an owner stands on an instrument, but for what is seen: its touch, the window and the day."""
    instrument, owner = traded.instrument, traded.net[0]
    row = state.positions.rows.get(traded.position)
    room = Room(
        instrument,
        None,
        None,
        (),
        state.mark(instrument.quote),
        _NONE_HELD if row is None else row.qty,
        state.order_times,
        _UNSEEN,
        None,
    )
    if state.halts or state.stops:
        _restrict(room, state, traded)
    for key in rules.traders.get(instrument.id, ()):
        if owing := state.owing.get(key):
            _count_orders(state.orders, owing, room, is_own=key[0] == owner)
    return room


def _restrict(room: Room, state: State, traded: Traded) -> None:
    """Notes what stands against new risk of an owner in a room."""
    halt = halt_over(state.halts, *traded.position)
    room.halt = None if halt is None else halt.halt_id
    room.is_killed = kill_over(state.halts, *traded.position) is not None
    room.stopped = tuple(side for side in Side if stop_over(state.stops, traded.net[0], side) is not None)


def _count_orders(orders: Mapping[OrderId, Order], owing: Iterable[OrderId], room: Room, *, is_own: bool) -> None:
    """Counts the orders of a net on the instrument of a room; those of others only where they may rest."""
    instrument, buys, sells, open_orders, bid, ask = room.instrument.id, ZERO, ZERO, 0, room.own_bid, room.own_ask
    for order_id in owing:
        order = orders[order_id]
        if order.instrument != instrument:
            continue
        is_open, limit, is_buy = order.status not in TERMINAL, order.limit, order.side is _BUY
        leaves = order.qty if is_open and not order.claimed else order.leaves
        open_orders += is_open
        if order.reduce_only and is_own:
            room.add_exit(order.side, leaves)
        if is_buy:
            buys += leaves
        else:
            sells += leaves
        if not is_open or order.cancel_pending or limit is None:
            continue
        if is_buy:
            bid = limit if bid is None or limit > bid else bid
        else:
            ask = limit if ask is None or limit < ask else ask
    room.own_bid, room.own_ask = bid, ask
    if is_own:
        room.buy_leaves, room.sell_leaves, room.open_orders = buys, sells, open_orders
