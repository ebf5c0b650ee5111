"""Grid: buy a step below, sell a step above, each level for itself, and never by taking what it did not ask to take.

What a level bought leaves one level higher, at a target that was fixed when it was opened. The lattice of levels stays
where the first price put it; only its step may follow the market.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from flatbook.events.event import Event
from flatbook.events.grid import GridHeld, GridHold, GridLocked
from flatbook.events.orders import CancelReason
from flatbook.market.orderbook import Touch
from flatbook.state.grid import GridMemory
from flatbook.state.intents import CancelIntent, Intent, PlaceIntent
from flatbook.state.orders import Order, cancel_from
from flatbook.strategies.decision import Decision
from flatbook.strategies.grid_assign import assigned
from flatbook.strategies.grid_exits import tend_exit, want_exits
from flatbook.strategies.grid_lay import laid, lock_of, range_note, volatility_of
from flatbook.strategies.grid_openers import is_stopped, not_well, opener_tender, room_of, want_openers
from flatbook.strategies.grid_plan import CANCELABLE, Plan, Want, clean, hold
from flatbook.strategies.grid_scene import (
    HALF_TICK,
    Scene,
    centre_of,
    holdings,
    is_exit,
    orders_in_slots,
    price_of,
    reference_of,
    tilt_of,
)
from flatbook.strategies.grid_size import kept_size
from flatbook.strategies.grid_terms import GridParams
from flatbook.strategies.grid_wake import wake_of, wake_without_book
from flatbook.strategies.quoting import QuoteView, Stop
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from flatbook.values.lattice import MICRO, nearest_index, slot_of, step_above
from flatbook.values.money import ZERO, Price, plain, proportion

# The name of a member is looked up slowly, and its identity at once.
_BUY, _SELL = Side.BUY, Side.SELL

EXIT_RETRY_S = 1
EXIT_WAIT_S_MAX = 32
HALF = Decimal("0.5")


def decide(view: QuoteView, params: GridParams) -> Decision:
    """Returns what a grid does now: at most one order in each slot, exits first, and no order that meets our own.

    Gives: nothing new while the book is unfit or silent for too long; what opens is then withdrawn, exits stay.
    """
    memory = view.note(params.instrument.id) or GridMemory()
    touch = _fresh_touch(view, params)
    if touch is None:
        return _without_book(view, params, memory)
    scene, notes = scene_of(view, params, memory, touch)
    plan = plan_of(scene, free=view.free(params.instrument.id))
    if plan.hold is not memory.hold:
        notes = (*notes, _held(view, params, plan.hold))
    return Decision(intents=_intents(view, scene, plan), notes=notes, wake=wake_of(scene, plan))


def _fresh_touch(view: QuoteView, params: GridParams) -> Touch | None:
    seen_at = view.observed_at(params.instrument.id)
    if seen_at is None or view.now > seen_at + params.stale_ns:
        return None
    return view.touch(params.instrument.id)


def _held(view: QuoteView, params: GridParams, reason: GridHold | None) -> GridHeld:
    return GridHeld(owner=view.owner, instrument=params.instrument.id, reason=reason, decided_at=view.now)


def _without_book(view: QuoteView, params: GridParams, memory: GridMemory) -> Decision:
    """Withdraws what opens while nobody knows the market. Exits ask for what was planned, and stay."""
    openers = (order for order in view.orders(params.instrument.id) if order.slot is not None and not order.reduce_only)
    cancels = [_cancel(order, CancelReason.STALE_PRICE) for order in openers if _may_cancel(order, view.now)]
    notes = () if memory.hold is GridHold.NO_BOOK else (_held(view, params, GridHold.NO_BOOK),)
    return Decision(intents=tuple(cancels), notes=notes, wake=wake_without_book(view, params))


def scene_of(view: QuoteView, params: GridParams, memory: GridMemory, touch: Touch) -> tuple[Scene, tuple[Event, ...]]:
    """Returns what a decision stands on, and the notes that came before it: a lattice, a lock, an end of the range."""
    before = holdings(view, params)
    live, surplus = orders_in_slots(view, params)
    lattices, relaid = laid(view, params, memory, touch, {place[0] for place in (*before, *live)})
    middle = (touch.bid + touch.ask) * HALF_TICK
    held, given = assigned(
        view,
        params,
        lattices[0],
        before,
        centre=nearest_index(lattices[0], middle),
        entry=Price(price_of(touch.bid + touch.ask, params) * HALF),
    )
    inventory = sum((each.qty for each in held.values()), ZERO)
    tilt = tilt_of(inventory, params)
    reference = reference_of(touch, tilt)
    lock, locked = lock_of(view, params, memory)
    ended, ranged = range_note(view, params, memory, touch)
    centre = centre_of(nearest_index(lattices[0], reference), params)
    scene = Scene(
        params=params,
        now=view.now,
        touch=touch,
        tilt=tilt,
        reference=reference,
        lattice=lattices[0],
        lattices={lattice.number: lattice for lattice in lattices},
        centre=centre,
        tolerance=max(1, proportion(step_above(lattices[0], centre), part=1, of=2)),
        held=held,
        live=live,
        surplus=surplus,
        inventory=inventory,
        kept=kept_size(proportion(volatility_of(view, params), part=1, of=MICRO), size_cut=params.size_cut),
        stop=view.stop(params.instrument.id),
        is_ended=ended,
        locked_until=None if lock is None else lock.until,
        is_short=lock is not None and lock.short,
        exits_from=_exits_from(view, params, locked[0] if locked else memory.lock),
    )
    return scene, (*relaid, *given, *locked, *ranged)


def _exits_from(view: QuoteView, params: GridParams, newest: GridLocked | None) -> Instant:
    """Returns from when exits are sent again after an order was turned down: they are paced, never held.

    Each time in a row doubles the wait: an exchange that has banned a desk takes nothing for minutes to days.
    """
    refused = view.turned_down(params.instrument.id)
    if refused is None:
        return view.now
    times = 1 if newest is None else newest.times
    wait_s = min(EXIT_RETRY_S << min(times - 1, EXIT_WAIT_S_MAX.bit_length()), EXIT_WAIT_S_MAX)
    return later(refused.at, seconds=wait_s)


def plan_of(scene: Scene, *, free: tuple[Decimal, Decimal] | None) -> Plan:
    """Returns the plan of a scene. Applied, it has nothing more to do: the plan after it is empty.

    Units: `free` is what may be spent, in quote, and sold, in contracts; None where nobody stated it.
    """
    plan = Plan()
    _tend(plan, scene)
    want_exits(plan, scene)
    clean(plan, scene)
    if scene.is_ended:
        hold(plan, GridHold.STOPPED)
    elif scene.locked_until is not None:
        hold(plan, GridHold.LOCKED)
    elif scene.stop in (Stop.ALL, Stop.KILLED):
        hold(plan, GridHold.HALTED)
    else:
        want_openers(plan, scene, room_of(scene, plan, free))
    return plan


def _tend(plan: Plan, scene: Scene) -> None:
    for order in scene.surplus:
        _let_go(plan, scene, order, CancelReason.OFF_GRID)
    tend, held, now, kept = opener_tender(plan, scene), scene.held, scene.now, plan.kept
    for place, order in not_well(plan, scene):
        if (order.reduce_only or place in held) and is_exit(scene, place, order):
            plan.closing[place] = None
            reason = tend_exit(plan, scene, place, order)
        else:
            reason = tend(place, order)
        if now >= order.good_until:
            reason = CancelReason.STALE_PRICE
        if reason is None:
            kept.append(order)
        else:
            _let_go(plan, scene, order, reason)


def _let_go(plan: Plan, scene: Scene, order: Order, reason: CancelReason) -> None:
    """Cancels an order now or as soon as that may be asked for; a cancel that is refused must be heard of."""
    plan.waits_for_news = True
    if _may_cancel(order, scene.now):
        plan.cancels.append((order, reason))


def _may_cancel(order: Order, now: Instant) -> bool:
    return not order.cancel_pending and order.status in CANCELABLE and now >= cancel_from(order)


def _intents(view: QuoteView, scene: Scene, plan: Plan) -> tuple[Intent, ...]:
    cancels = [_cancel(order, reason) for order, reason in plan.cancels]
    if not plan.wants:
        return tuple(cancels)
    told = (each for each in _with_reductions(scene, plan.wants) if each[1] or _may_add(scene, each[0]))
    places = (_place(view, scene, want, (index, reduces)) for index, (want, reduces) in enumerate(told))
    return (*cancels, *places)


def _with_reductions(scene: Scene, wants: Sequence[Want]) -> Iterator[tuple[Want, bool]]:
    """Yields each want and whether it only reduces the position, whatever else that only reduces executes before it.

    An exit of the smaller side of a neutral grid closes its slot and adds to the position of all slots together: a
    venue would turn it down as a reduction.
    """
    room = {_SELL: max(ZERO, scene.inventory), _BUY: max(ZERO, -scene.inventory)}
    for order in (*scene.live.values(), *scene.surplus):
        if order.reduce_only:
            room[order.side] -= order.leaves
    for want in wants:
        reduces = want.is_exit and want.qty <= room[want.side]
        if reduces:
            room[want.side] -= want.qty
        yield want, reduces


def _may_add(scene: Scene, want: Want) -> bool:
    """Whether an order that does not only reduce may go on its side now; an opener was asked before it was wanted."""
    return not want.is_exit or not is_stopped(scene, want.side)


def _cancel(order: Order, reason: CancelReason) -> CancelIntent:
    return CancelIntent(order_id=order.order_id, reason=reason, because=None)


def _place(view: QuoteView, scene: Scene, want: Want, numbered: tuple[int, bool]) -> PlaceIntent:
    index, reduces = numbered
    instrument = scene.params.instrument
    return PlaceIntent(
        order_id=view.order_id(index),
        owner=view.owner,
        underlying=instrument.underlying,
        instrument=instrument,
        side=want.side,
        qty=want.qty,
        limit=price_of(want.ticks, scene.params),
        reduce_only=reduces,
        style=want.style,
        slot=slot_of(*want.place),
        because=None,
        evidence=_evidence(scene),
        good_until=later(view.now, seconds=scene.params.order_s),
    )


def _evidence(scene: Scene) -> dict[str, str]:
    """Returns the numbers an order stands on: the touch, the level around which the grid lies, what it holds."""
    return {
        "bid": plain(price_of(scene.bid, scene.params)),
        "ask": plain(price_of(scene.ask, scene.params)),
        "centre": str(scene.centre),
        "inventory": plain(scene.inventory),
    }
