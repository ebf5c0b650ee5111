"""The parts of the texts of events that never change for an owner on an instrument, as the codec writes them.

They are checked against events that the codec wrote, so that it is the only one that says how an event is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.backtest.kernel import desk_table as desk
from flatbook.events.codec import encode_event, tag_of
from flatbook.events.event import Event
from flatbook.events.orders import (
    CancelIntended,
    CancelReason,
    Fee,
    OrderAccepted,
    OrderDone,
    OrderEnd,
    OrderFilled,
    OrderIntended,
)
from flatbook.values.ids import COUNT_DIGITS, ExecutionId, OrderId, OwnerId, VenueOrderId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument, Side
from flatbook.values.money import ONE, ZERO, Money, Price, Quantity

_FIELDS_IN_4_BITS = 16
_TIMES = ("happened_at", "seen_at")
_encode = msgspec.msgpack.Encoder().encode

_OF_ACCEPTED = (desk.ACCEPTED_HEAD, desk.ACCEPTED_VENUE_ID, desk.HAPPENED_AT, desk.SEEN_AT)
_OF_DONE = (desk.DONE_HEAD, desk.END_KEY, desk.FILLED_QTY_KEY, desk.HAPPENED_AT, desk.SEEN_AT)
_OF_FILLED = (
    *(desk.FILLED_HEAD, desk.FILLED_ID, desk.SIDE_KEY, desk.QTY_KEY, desk.PRICE_KEY, desk.FEES_KEY),
    *(desk.REALISED_KEY, desk.MAKER_KEY, desk.HAPPENED_AT, desk.SEEN_AT),
)


def pieces_of(owner: OwnerId, instrument: Instrument, prefix: str) -> list[bytes]:
    """Returns the pieces for an owner on an instrument, in their order, where the ids of its orders begin so."""
    order_id, at = OrderId(prefix + "0" * COUNT_DIGITS), Instant(0)
    accepted = OrderAccepted(order_id=order_id, venue_order_id=VenueOrderId(""), happened_at=at, seen_at=at)
    qty = Quantity(ZERO)
    done = OrderDone(order_id=order_id, end=OrderEnd.CANCELED, filled_qty=qty, happened_at=at, seen_at=at)
    found = [b""] * desk.PIECES
    for pieces, event, changing in (
        (_OF_ACCEPTED, accepted, ("order_id", "venue_order_id", *_TIMES)),
        (_OF_DONE, done, ("order_id", "end", "filled_qty", *_TIMES)),
        (
            _OF_FILLED,
            _filled(owner, instrument, order_id),
            ("order_id", "execution_id", "side", "qty", "price", "fees", "realised", "maker", *_TIMES),
        ),
    ):
        for piece, text in zip(pieces, _cut(event, changing), strict=True):
            found[piece] = text
    for number, reason in enumerate(CancelReason):
        canceled = CancelIntended(order_id=order_id, attempt=0, reason=reason, because=None, decided_at=at)
        head, key, found[desk.CANCEL_REASON + number] = _cut(canceled, ("order_id", "attempt", "decided_at"))
        found[desk.CANCEL_HEAD], found[desk.ATTEMPT_KEY] = head, key
    for piece in (desk.CANCEL_HEAD, desk.ACCEPTED_HEAD, desk.DONE_HEAD, desk.FILLED_HEAD):
        found[piece] += _encode(order_id)[:-COUNT_DIGITS]
    for piece, value in _values(instrument).items():
        found[piece] = value
    return found


def shape_of(event: OrderIntended, prefix: str) -> list[bytes]:
    """Returns the pieces of an intended order that others share which differ in nothing but id, limit and times."""
    head, *others = _cut(event, ("order_id", "limit", "decided_at", "good_until"))
    return [head + _encode(event.order_id)[: 1 + len(prefix)], *others]


def _filled(owner: OwnerId, instrument: Instrument, order_id: OrderId) -> OrderFilled:
    """Returns an execution of which only what never changes is read."""
    return OrderFilled(
        order_id,
        owner,
        instrument.account,
        instrument.id,
        instrument.underlying,
        ExecutionId(""),
        Side.BUY,
        Quantity(ONE),
        Price(ONE),
        instrument.quote,
        instrument.contract_size,
        (),
        instrument.product,
        None,
        True,
        Instant(0),
        Instant(0),
    )


def _values(instrument: Instrument) -> dict[int, bytes]:
    """Returns the values that are one of a few."""
    amount = Money(Decimal(1))
    fees = _encode((Fee(asset=instrument.quote, amount=amount),))
    return {
        desk.BUY: _encode(Side.BUY),
        desk.SELL: _encode(Side.SELL),
        desk.NO_FEES: _encode(()),
        desk.FEE_HEAD: fees.removesuffix(_encode(amount)),
        desk.NO_REALISED: _encode(None),
        desk.NONE_REALISED: _encode(Money(ZERO)),
        desk.MADE: _encode(True),
        desk.TOOK: _encode(False),
        desk.BY_CANCEL: _encode(OrderEnd.CANCELED),
        desk.BY_TIME: _encode(OrderEnd.EXPIRED),
    }


def _cut(event: Event, changing: Sequence[str]) -> list[bytes]:
    """Returns the text of an event cut at the values that change, which are left out.

    Errors: ValueError where the codec writes it otherwise.
    """
    named: list[tuple[str, Any]] = [("type", tag_of(type(event)))]
    named += [(name, getattr(event, name)) for name in event.__struct_encode_fields__]
    count = len(named)
    text = bytes((0x80 | count,)) if count < _FIELDS_IN_4_BITS else bytes((0xDE, *count.to_bytes(2)))
    found, whole = [], b""
    for name, value in named:
        text += _encode(name)
        if name in changing:
            found.append(text)
            whole, text = whole + text + _encode(value), b""
        else:
            text += _encode(value)
    if whole != encode_event(event):
        raise ValueError(f"{type(event).__name__} is written otherwise than is known here")
    return found
