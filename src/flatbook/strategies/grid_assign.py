"""Slots for a position that the orders of a grid do not explain: taken over, overwritten, or reduced by force.

What comes is given to the nearest free levels on its side, in shares of what they would trade; what goes is taken
from the farthest slots first. Nothing is drawn at random, and the sum of the slots is the position to the lot.
"""

from __future__ import annotations

from decimal import Decimal

from flatbook.events.grid import GridSlotsAssigned, SlotShare
from flatbook.state.slots import SlotHeld
from flatbook.strategies.grid_scene import Held, Place, price_of
from flatbook.strategies.grid_size import size_at
from flatbook.strategies.grid_terms import WINDOW_MAX, GridParams
from flatbook.strategies.quoting import QuoteView
from flatbook.values.instruments import floor_to_lot
from flatbook.values.lattice import Lattice, level, slot_of
from flatbook.values.money import NUMBER_DECIMALS_MAX, ZERO, Money, Price, Quantity, divide_cut


def assigned(
    view: QuoteView, params: GridParams, lattice: Lattice, held: Held, *, centre: int, entry: Price
) -> tuple[Held, tuple[GridSlotsAssigned, ...]]:
    """Returns what slots hold once they explain the position, and the note of it where they did not.

    Units: entry in quote per base: what is taken over is booked at that price. Less than a lot is left alone.
    """
    position = view.position(params.instrument.id)
    excess = position - sum((each.qty for each in held.values()), ZERO)
    if abs(excess) < params.instrument.rules.lot:
        return held, ()
    shares = shares_of(excess, params, lattice, held, centre=centre, entry=entry)
    after = {**held, **shares}
    note = GridSlotsAssigned(
        owner=view.owner,
        instrument=params.instrument.id,
        shares=tuple(SlotShare(slot=slot_of(*place), qty=each.qty, cost=each.cost) for place, each in shares.items()),
        decided_at=view.now,
    )
    return {place: each for place, each in after.items() if each.qty}, (note,)


def shares_of(excess: Decimal, params: GridParams, lattice: Lattice, held: Held, *, centre: int, entry: Price) -> Held:
    """Returns the slots that change, and what they hold from then on. Units: excess in contracts, signed."""
    changed: Held = {}
    rest = _taken_off(changed, excess, lattice, held, centre=centre)
    if rest:
        way = 1 if rest > ZERO else -1
        levels = [centre + way * away for away in range(1, WINDOW_MAX + 1)]
        free = [each for each in levels if (lattice.number, each) not in held and level(lattice, each) > 0]
        changed |= _given(rest, params, lattice, free, centre=centre, entry=entry)
    return changed


def _taken_off(changed: Held, excess: Decimal, lattice: Lattice, held: Held, *, centre: int) -> Decimal:
    """Takes an excess off the slots that hold the opposite, the farthest first; returns what is left of it."""
    others = [place for place, each in held.items() if (each.qty > ZERO) is not (excess > ZERO)]
    for place in sorted(others, key=lambda place: (-_distance(place, lattice, centre), place)):
        if not excess:
            break
        before = held[place]
        taken = -before.qty if abs(before.qty) <= abs(excess) else excess
        left = Quantity(before.qty + taken)
        cost = divide_cut(before.cost * left, before.qty, decimals=NUMBER_DECIMALS_MAX)
        changed[place] = _holding(left, Money(cost))
        excess -= taken
    return excess


def _distance(place: Place, lattice: Lattice, centre: int) -> int:
    """Returns how many levels a slot is away; one of another lattice is farther than all of the present one."""
    return abs(place[1] - centre) if place[0] == lattice.number else WINDOW_MAX * WINDOW_MAX + abs(place[1])


def _given(
    excess: Decimal, params: GridParams, lattice: Lattice, free: list[int], *, centre: int, entry: Price
) -> Held:
    """Gives an excess to the nearest free levels, in shares of what they would trade; the last takes the rest."""
    each = _size(centre, params, lattice) + params.instrument.rules.lot
    sizes = _sizes(abs(excess), each, [_size(index, params, lattice) for index in free])
    whole, left, given = sum(sizes, ZERO), abs(excess), Held()
    for position, (index, size) in enumerate(zip(free, sizes, strict=False), 1):
        share = divide_cut(abs(excess) * size, whole, decimals=NUMBER_DECIMALS_MAX)
        qty = left if position == len(sizes) else floor_to_lot(Quantity(share), params.instrument.rules)[0]
        left -= qty
        held = Quantity(qty if excess > ZERO else -qty)
        given[lattice.number, index] = _holding(held, Money(held * entry * params.instrument.contract_size))
    return given


def _sizes(total: Decimal, each: Decimal, sizes: list[Decimal]) -> list[Decimal]:
    """Returns the sizes of as many levels as a total needs where every one of them takes so much."""
    taken: list[Decimal] = []
    for size in sizes:
        taken.append(size)
        if each * len(taken) >= total:
            break
    return taken


def _size(index: int, params: GridParams, lattice: Lattice) -> Quantity:
    px = price_of(level(lattice, index), params)
    return max(size_at(params.size, px, params.instrument), Quantity(params.instrument.rules.lot))


def _holding(qty: Quantity, cost: Money) -> SlotHeld:
    return SlotHeld(qty=qty, cost=cost, profit=Money(ZERO))
