"""The slots of quoting strategies: what the orders that name a slot did so far.

A slot is taken by orders on one side and given back by orders on the other. What is given back leaves at the average
cost of what is held, cut to 18 decimals: the rest of it stays in the cost, so that the sum of both is exact.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.events import orders as ev
from flatbook.events.fees import fee_in_kind
from flatbook.events.grid import GridSlotsAssigned
from flatbook.state.orders import Order, Status, signed
from flatbook.values.ids import InstrumentId, OwnerId, Slot
from flatbook.values.money import NUMBER_DECIMALS_MAX, ZERO, Money, Quantity, divide_cut

SLOTS_KEPT_MAX = 4_096

SlotsKey = tuple[OwnerId, InstrumentId]


class SlotHeld(msgspec.Struct, kw_only=True, gc=False):
    """What orders of one slot of a strategy did so far: a fold of their executions and rejects.

    Units: qty in contracts, signed, less what a fee in the traded asset itself took from it; cost in quote, signed,
    what was paid for the quantity that is held, fees in quote included. `rejects` counts orders since the last
    execution that would have taken liquidity and were therefore turned down. `cycles` counts the orders that gave back
    what the slot held and were filled in full; `profit` is what giving back brought, in quote.
    """

    qty: Quantity = Quantity(ZERO)
    cost: Money = Money(ZERO)
    rejects: int = 0
    cycles: int = 0
    profit: Money = Money(ZERO)


Slots = dict[SlotsKey, dict[Slot, SlotHeld]]


def kept_slot(slots: Slots, order: Order, slot: Slot) -> SlotHeld:
    """Returns the slot of an order to be written to. Of too many slots those that hold nothing are forgotten."""
    key = (order.owner, order.instrument)
    own = slots.get(key)
    if own is None:
        own = slots[key] = {}
    held = own.get(slot)
    if held is None:
        if len(own) >= SLOTS_KEPT_MAX:
            _forget_empty(own)
        held = own[slot] = SlotHeld()
    return held


def _forget_empty(own: dict[Slot, SlotHeld]) -> None:
    for slot in [slot for slot, held in own.items() if not held.qty]:
        del own[slot]


def book_reject(slots: Slots, order: Order) -> None:
    """Counts an order of a slot that would have taken liquidity."""
    if order.slot is not None:
        kept_slot(slots, order, order.slot).rejects += 1


def book_fill(slots: Slots, order: Order, event: ev.OrderFilled) -> None:
    """Moves the slot of an order, which is as the execution left it, by that execution."""
    if order.slot is None:
        return
    held = kept_slot(slots, order, order.slot)
    qty, cost = _moved_by(event)
    if held.qty and (held.qty > ZERO) != (qty > ZERO):
        _give_back(held, qty, cost)
        if order.status is Status.FILLED:
            held.cycles += 1
    else:
        held.qty, held.cost = Quantity(held.qty + qty), Money(held.cost + cost)
    held.rejects = 0


def _moved_by(event: ev.OrderFilled) -> tuple[Decimal, Decimal]:
    """Returns by how much an execution moves the quantity and the cost of its slot, signed, fees included."""
    qty = signed(event.side, event.qty)
    cost = qty * event.price * event.contract_size
    for fee in event.fees:
        if fee.asset == event.quote:
            cost += fee.amount
    return (qty - fee_in_kind(event) if event.fees else qty), cost


def _give_back(held: SlotHeld, qty: Decimal, cost: Decimal) -> None:
    """Takes an execution on the other side off a slot; what goes beyond it is held on that side."""
    if abs(qty) <= abs(held.qty):
        left = held.qty + qty
        released = held.cost if not left else divide_cut(held.cost * -qty, held.qty, decimals=NUMBER_DECIMALS_MAX)
        held.profit = Money(held.profit - cost - released)
        held.qty, held.cost = Quantity(left), Money(held.cost - released)
        return
    over = divide_cut(cost * (held.qty + qty), qty, decimals=NUMBER_DECIMALS_MAX)
    held.profit = Money(held.profit - (cost - over) - held.cost)
    held.qty, held.cost = Quantity(held.qty + qty), Money(over)


def assign(slots: Slots, event: GridSlotsAssigned) -> None:
    """Makes slots hold what a grid gave them; what they did before stays counted."""
    own = slots.setdefault((event.owner, event.instrument), {})
    for share in event.shares:
        held = own.get(share.slot)
        if held is None:
            held = own[share.slot] = SlotHeld()
        held.qty, held.cost = share.qty, share.cost
