"""The slots of the grids, from the highest level to the lowest."""

from __future__ import annotations

import msgspec

from flatbook.api.answers.moment import Answer, AsOf
from flatbook.api.answers.positions import number_or_none
from flatbook.ops.config_instruments import instrument_of
from flatbook.ops.config_shape import Config
from flatbook.projections.slots import SlotLine, slot_lines
from flatbook.state.desk import State
from flatbook.state.orders import Order
from flatbook.values.money import plain


class SlotOrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """The order that stands in a slot. Units: contracts; quote."""

    order_id: str
    side: str
    qty: str
    filled: str
    limit: str | None
    slot: str | None
    exit: bool
    status: str


class SlotBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a slot holds, at what cost, and what its cycles earned after fees. Units: contracts; quote."""

    owner: str
    instrument: str
    slot: str
    price: str | None
    qty: str
    cost: str
    cycles: int
    profit: str
    rejects: int
    order: SlotOrderBody | None


class GridsAnswer(Answer, frozen=True, kw_only=True):
    """The slots that hold, earned or have an order."""

    slots: list[SlotBody]


def grids_answer(state: State, moment: AsOf, config: Config, owner: str | None = None) -> GridsAnswer:
    """Returns the slots of the grids, of one owner or of all."""
    instruments = {each.id: each for each in (instrument_of(config, name) for name in config.instruments)}
    lines = slot_lines(state, instruments)
    return GridsAnswer(as_of=moment, slots=[slot_body(line) for line in lines if owner in (None, line.owner)])


def slot_body(line: SlotLine) -> SlotBody:
    """Returns one slot as programs read it."""
    return SlotBody(
        owner=line.owner,
        instrument=line.instrument,
        slot=line.slot,
        price=number_or_none(line.price),
        qty=plain(line.qty),
        cost=plain(line.cost),
        cycles=line.cycles,
        profit=plain(line.profit),
        rejects=line.rejects,
        order=None if line.order is None else slot_order_body(line.order),
    )


def slot_order_body(order: Order) -> SlotOrderBody:
    """Returns the order of a slot as programs read it."""
    return SlotOrderBody(
        order_id=order.order_id,
        side=order.side.value,
        qty=plain(order.qty),
        filled=plain(order.filled),
        limit=number_or_none(order.limit),
        slot=order.slot,
        exit=order.reduce_only,
        status=order.status.value,
    )
