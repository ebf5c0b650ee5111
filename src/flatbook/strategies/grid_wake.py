"""The moments at which a grid can change its mind."""

from __future__ import annotations

from flatbook.state.orders import cancel_from
from flatbook.strategies.decision import Edge, Every, Level, Series, Silence, Trigger, Wake
from flatbook.strategies.grid_plan import Plan
from flatbook.strategies.grid_scene import Scene, both_sides_at
from flatbook.strategies.grid_terms import GridParams
from flatbook.strategies.quoting import QuoteView
from flatbook.values.instants import Instant, next_multiple
from flatbook.values.money import proportion

# The name of a member is looked up slowly, and its identity at once.
_BID, _ASK, _ABOVE, _BELOW = Series.BID, Series.ASK, Edge.AT_OR_ABOVE, Edge.AT_OR_BELOW

FAR = Instant(2**62)
ON = (
    Trigger.ORDER_FILLED,
    Trigger.ORDER_ENDED,
    Trigger.ORDER_UNKNOWN,
    Trigger.INTENT_REFUSED,
    Trigger.HALT_CHANGED,
    Trigger.OPERATOR_ACTED,
)


def wake_without_book(view: QuoteView, params: GridParams) -> Wake:
    """Returns the wake of a grid that knows no market: the next observation, and all that becomes of its orders."""
    moments = [cancel_from(order) for order in view.orders(params.instrument.id) if not order.reduce_only]
    return Wake(
        on=(*ON, Trigger.ORDER_WORKING),
        at=_first_after(view.now, moments),
        every=(Every(params.instrument.id, 1),),
    )


def wake_of(scene: Scene, plan: Plan) -> Wake:
    """Returns the wake of a plan: own orders, borders of the reference, ends of the range, bars, locks and silence."""
    instrument = scene.params.instrument.id
    on = [*ON]
    if plan.waits_for_news:
        on.append(Trigger.ORDER_WORKING)
    if plan.waits_for_funds:
        on.append(Trigger.BALANCE_CHANGED)
    return Wake(
        on=tuple(on),
        at=_next_moment(scene),
        levels=tuple(_levels(scene, plan)),
        silences=(Silence(instrument, scene.params.stale_ns),),
        every=(Every(instrument, 1),) if plan.follows_touch else (),
    )


def _next_moment(scene: Scene) -> Instant | None:
    """Returns the next instant at which the plan may be another one."""
    params, now, first = scene.params, scene.now, FAR
    moments = [scene.exits_from]
    for order in scene.live.values():
        until = order.good_until
        if now < until < first:
            first = until
        if order.cancel_at and not order.cancel_pending:
            moments.append(cancel_from(order))
    moments += [cancel_from(order) for order in scene.surplus if order.cancel_at and not order.cancel_pending]
    if first < FAR:
        moments.append(first)
    if scene.locked_until is not None:
        moments.append(scene.locked_until)
    if params.follows_range:
        moments.append(next_multiple(scene.now, span_ns=params.atr_span_ns))
    return _first_after(now, moments)


def _first_after(now: Instant, moments: list[Instant]) -> Instant | None:
    return min((at for at in moments if at > now), default=None)


def _levels(scene: Scene, plan: Plan) -> list[Level]:
    """Returns the levels of the touch that no change of the plan can happen without.

    The reference is half the sum of both sides: it cannot reach a border before one of them has gone half the way.
    """
    instrument, params = scene.params.instrument.id, scene.params
    levels = [Level(instrument, *touch) for touch in plan.touches]
    if plan.above is not None:
        far = _half_way(both_sides_at(plan.above, scene.tilt) - scene.bid - scene.ask)
        levels.append(Level(instrument, _BID, _ABOVE, scene.bid + far))
        levels.append(Level(instrument, _ASK, _ABOVE, scene.ask + far))
    if plan.below is not None:
        far = _half_way(scene.bid + scene.ask - both_sides_at(plan.below, scene.tilt) + 1)
        levels.append(Level(instrument, _BID, _BELOW, scene.bid - far))
        levels.append(Level(instrument, _ASK, _BELOW, scene.ask - far))
    if scene.is_ended:
        levels += _levels_of_return(scene)
        return levels
    if params.low is not None:
        levels.append(Level(instrument, _BID, _BELOW, params.low))
    if params.high is not None:
        levels.append(Level(instrument, _ASK, _ABOVE, params.high))
    return levels


def _half_way(ticks: int) -> int:
    """Returns the least that one side must go for both together to have gone so far."""
    return proportion(ticks + 1, part=1, of=2)


def _levels_of_return(scene: Scene) -> list[Level]:
    """Returns the levels at which a stopped grid with another range may find the price within it."""
    instrument, params, levels = scene.params.instrument.id, scene.params, list[Level]()
    if params.low is not None and scene.bid <= params.low:
        levels.append(Level(instrument, _BID, _ABOVE, params.low + 1))
    if params.high is not None and scene.ask >= params.high:
        levels.append(Level(instrument, _ASK, _BELOW, params.high - 1))
    return levels
