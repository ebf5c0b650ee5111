"""The slots of the grids, from the highest level to the lowest."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from flatbook.api.answers.moment import Answer, AsOf
from flatbook.api.answers.positions import number_or_none
from flatbook.events.grid import GridLocked, GridStopped
from flatbook.ops.config_grid import GridSection
from flatbook.ops.config_instruments import instrument_of
from flatbook.ops.config_shape import Config
from flatbook.projections.slots import SlotLine, slot_lines
from flatbook.state.desk import State
from flatbook.state.grid import GridKey, GridMemory
from flatbook.state.orders import Order
from flatbook.values.ids import InstrumentId, OwnerId
from flatbook.values.instants import text_of_instant
from flatbook.values.instruments import Instrument
from flatbook.values.lattice import place_of
from flatbook.values.money import ZERO, divide_cut, plain

AVERAGE_DECIMALS = 8


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


class GridLockBody(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is opened until then, because orders were turned down, `short` of funds or not: so many in a row."""

    until: str
    times: int
    short: bool


class GridStopBody(msgspec.Struct, frozen=True, kw_only=True):
    """The price left the range: at which end, and when. `resumes` says whether the range that is configured now is
    another one than it left, so that it goes on once the price lies within.
    """

    end: str
    at: str
    resumes: bool


class GridBody(msgspec.Struct, frozen=True, kw_only=True):
    """One grid as a whole. `hold` says why it opens less than it could; a `lock` or a `stop` why it opens nothing.

    Units: contracts; quote. `qty`, `cost`, `profit`, `cycles` and `rejects` are sums over its slots; `average` is cost
    by quantity, None where it holds nothing. `rejects` counts orders that only rest and were turned down since the last
    execution of their slot. `exits` is what its resting exits would give back, `older` what slots of earlier levels
    hold: that leaves at the target it was opened with. `begun` is false while no level was laid.
    """

    owner: str
    instrument: str
    quote: str
    begun: bool
    mode: str | None
    low: str | None
    high: str | None
    flatten: bool | None
    exits_by: str | None
    anchor: str | None
    qty: str
    cost: str
    average: str | None
    profit: str
    cycles: int
    rejects: int
    entries_open: int
    exits_open: int
    exits: str
    older: str
    hold: str | None
    lock: GridLockBody | None
    stop: GridStopBody | None


class GridsAnswer(Answer, frozen=True, kw_only=True):
    """The grids that are configured or ran, and the slots that hold, earned or have an order."""

    slots: list[SlotBody]
    grids: list[GridBody]


def grids_answer(state: State, moment: AsOf, config: Config, owner: str | None = None) -> GridsAnswer:
    """Returns the slots of the grids, of one owner or of all."""
    instruments = {each.id: each for each in (instrument_of(config, name) for name in config.instruments)}
    lines = [line for line in slot_lines(state, instruments) if owner in (None, line.owner)]
    seated = [(owner_, name) for owner_, grids in config.grid.items() for name in grids]
    keys = sorted(dict.fromkeys((*state.notes, *((OwnerId(who), InstrumentId(name)) for who, name in seated))))
    return GridsAnswer(
        as_of=moment,
        slots=[slot_body(line) for line in lines],
        grids=[
            _grid(state, config, key, instruments.get(key[1]), [each for each in lines if each.key == key])
            for key in keys
            if owner in (None, key[0])
        ],
    )


def _grid(
    state: State, config: Config, key: GridKey, instrument: Instrument | None, lines: Sequence[SlotLine]
) -> GridBody:
    memory = state.notes.get(key) or GridMemory()
    section = config.grid.get(key[0], {}).get(key[1])
    qty, cost = sum((each.qty for each in lines), ZERO), sum((each.cost for each in lines), ZERO)
    standing = [each.order for each in lines if each.order is not None]
    exits = [each for each in standing if each.reduce_only]
    newest = memory.lattices[0].number if memory.lattices else 0
    older = [each.qty for each in lines if (place := place_of(each.slot)) is not None and place[0] != newest]
    anchor = None if instrument is None or not memory.lattices else memory.lattices[0].anchor * instrument.rules.tick
    return GridBody(
        owner=key[0],
        instrument=key[1],
        quote="" if instrument is None else instrument.quote,
        begun=bool(memory.lattices),
        mode=None if section is None else section.mode.value,
        low=None if section is None else number_or_none(section.low),
        high=None if section is None else number_or_none(section.high),
        flatten=None if section is None else section.flatten,
        exits_by=None if section is None else section.exits.value,
        anchor=number_or_none(anchor),
        qty=plain(qty),
        cost=plain(cost),
        average=plain(divide_cut(cost, qty, decimals=AVERAGE_DECIMALS)) if qty else None,
        profit=plain(sum((each.profit for each in lines), ZERO)),
        cycles=sum(each.cycles for each in lines),
        rejects=sum(each.rejects for each in lines),
        entries_open=len(standing) - len(exits),
        exits_open=len(exits),
        exits=plain(sum((each.leaves for each in exits), ZERO)),
        older=plain(sum(older, ZERO)),
        hold=None if memory.hold is None else memory.hold.value,
        lock=None if memory.lock is None else _lock(memory.lock),
        stop=None if memory.stop is None else _stop(memory.stop, section, instrument),
    )


def _lock(lock: GridLocked) -> GridLockBody:
    return GridLockBody(until=text_of_instant(lock.until), times=lock.times, short=lock.short)


def _stop(stop: GridStopped, section: GridSection | None, instrument: Instrument | None) -> GridStopBody:
    """Returns how a grid stopped; the range that it left is stated in ticks."""
    now = None if section is None else (section.low, section.high)
    tick = None if instrument is None else instrument.rules.tick
    left = None if tick is None else tuple(None if end is None else end * tick for end in (stop.low, stop.high))
    is_other = now is not None and left is not None and now != left
    return GridStopBody(end=stop.end.value, at=text_of_instant(stop.decided_at), resumes=is_other)


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
