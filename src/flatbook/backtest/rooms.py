"""Where an owner stands as the rules of risk look at it, for an order that is not far from every limit."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from flatbook.backtest.placed import Sent
from flatbook.backtest.seated import Wanted
from flatbook.backtest.standing import Standing
from flatbook.engine.quoting import day_result_usd
from flatbook.market.orderbook import Touch
from flatbook.risk.limits import ORDER_RATE_WINDOW_S
from flatbook.risk.quote_checks import Room, check_quote
from flatbook.state.intents import PlaceIntent
from flatbook.state.orders import Order
from flatbook.state.positions import NetKey
from flatbook.values.ids import InstrumentId, OrderId
from flatbook.values.instants import NS_PER_S, Instant

_RATE_WINDOW_NS = ORDER_RATE_WINDOW_S * NS_PER_S


def room_of(standing: Standing, sharing: Sequence[Standing], touch: Touch | None, now: Instant) -> Room:
    """Returns where an owner stands on an instrument as the rules look at it, without its orders and their times."""
    result = day_result_usd(standing.day_of(sharing), now, touch, standing.instrument, standing.mark)
    from_ = Instant(now - _RATE_WINDOW_NS)
    return Room(standing.instrument, touch, None, (), standing.mark, standing.qty, (), from_, result)


def count_orders(room: Room, orders: Sequence[Order], *, is_own: bool, gone: Container[OrderId]) -> None:
    """Counts live orders in a room; of other owners only where they rest. Those that are gone rest no more."""
    for order in orders:
        if is_own:
            room.count(order.side, order.leaves, reduces=order.reduce_only)
            room.open_orders += 1
        if not order.cancel_pending and order.order_id not in gone:
            room.rest(order.side, order.limit)


def pass_by_rules(
    pending: Wanted,
    times: Sequence[Instant],
    on: Mapping[InstrumentId, Sequence[Standing]],
    sharing: Mapping[NetKey, Sequence[Standing]],
    sent_by: Mapping[int, Sent],
) -> bool:
    """Whether each rule lets all pass that is wanted: the checks that the engine makes, on what it would see.

    `times` are those of the orders of the desk, the wanted ones among them, `on` who stands on each instrument, and
    `sharing` who shares the result of a day.
    """
    seated, intents, gone, now, (_, before, _, _) = pending
    earlier = list(times[:before])
    rooms: dict[InstrumentId, Room] = {}
    for intent in intents:
        if type(intent) is not PlaceIntent:
            continue
        instrument = intent.instrument.id
        room = rooms.get(instrument)
        if room is None:
            standing = seated.standings[instrument]
            touch = seated.view.touch(instrument)
            room = rooms[instrument] = room_of(standing, sharing[standing.key], touch, now)
            room.order_times = earlier
            for each in on[instrument]:
                count_orders(room, each.live(sent_by), is_own=each is standing, gone=gone)
        if check_quote(room, intent, seated.limits) is not None:
            return False
        earlier.append(now)
    return True
