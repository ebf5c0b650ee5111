"""Hedge: bring the net of an (owner, underlying) back to zero at a stock broker, exactly once.

One order at a time. While an order works, is unknown, or still owes executions, nothing is added at that broker; what
works beyond the net is canceled. What cannot be hedged now stays exposure and says why.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.events.control import FlattenEnded, HedgeHeld, HoldReason
from flatbook.events.event import Event
from flatbook.events.orders import CancelReason, OrderStyle
from flatbook.market.quotes import Quote
from flatbook.state.intents import CancelIntent, Intent, PlaceIntent
from flatbook.state.orders import Order, Status, cancel_from
from flatbook.strategies.decision import Decision, Trigger, Wake
from flatbook.strategies.hedge_size import Ask, OrderCaps, Route, in_contracts, size_of
from flatbook.strategies.hedge_terms import HedgeParams, Terms, terms_at
from flatbook.values.ids import AccountId, EventRef, OwnerId, SourceId, Underlying, order_id_of_event
from flatbook.values.instants import Instant, later, text_of_instant
from flatbook.values.instruments import Side, collared_limit, floor_to_lot, in_quote
from flatbook.values.money import BPS, ONE, ZERO, Price, Quantity, check_number, plain
from flatbook.values.sessions import Session, SessionKind

EXPIRY_GRACE_S = 5
BACKOFF_DOUBLINGS_MAX = 6


class HedgeView(msgspec.Struct, frozen=True, kw_only=True):
    """What the hedge of one (owner, underlying) can see; valid during the call only.

    Units: net in shares, last_price in USD per share; intents counts all that were ever made for this net. `caps` are
    what risk lets a single order be.
    """

    now: Instant
    owner: OwnerId
    underlying: Underlying
    net: Quantity
    last_price: Price | None
    orders: tuple[Order, ...]
    route: Route
    backup: Route | None
    caps: OrderCaps
    price: Quote | None
    second: Quote | None
    session: Session
    pauses_at: Instant
    next_open: Instant
    flattening: bool
    hold: HoldReason | None
    refusals: int
    retry_from: Instant | None
    cause: EventRef | None
    intents: int


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing is placed now, and what can change that: instants, sources, and for `funds` the account."""

    reason: HoldReason
    at: tuple[Instant, ...] = ()
    observed: tuple[SourceId, ...] = ()
    funds: bool = False


_ALL = tuple(Trigger)
_EVENTS = tuple(trigger for trigger in Trigger if trigger is not Trigger.BALANCE_CHANGED)
_CANCELABLE = (Status.INTENDED, Status.SUBMITTED, Status.ACCEPTED, Status.PARTIALLY_FILLED)


def decide(view: HedgeView, params: HedgeParams) -> Decision:
    """Returns what the hedge of one (owner, underlying) does now.

    Gives: at most one order to place, never above the net and never beyond zero; cancels for what exceeds it.
    """
    size = Quantity(abs(view.net))
    if view.orders:
        return _tend(view, params)
    if not _is_due(view, params, size):
        return _rest(view, params)
    return _place(view, params, view.route, size)


def _is_due(view: HedgeView, params: HedgeParams, size: Quantity) -> bool:
    """Whether an exposure of this size is to be hedged; one that cannot be valued is not taken for a small one."""
    if view.flattening:
        instrument = view.route.instrument
        return floor_to_lot(in_contracts(size, instrument), instrument.rules)[0] > ZERO
    terms = _terms(view, params)
    if terms.threshold_shares is not None and size >= terms.threshold_shares:
        return True
    if terms.threshold_usd is None or not size:
        return False
    return view.last_price is None or size * view.last_price >= terms.threshold_usd


def _terms(view: HedgeView, params: HedgeParams) -> Terms:
    return terms_at(params, now=view.now, pauses_at=view.pauses_at)


def _rest(view: HedgeView, params: HedgeParams) -> Decision:
    if view.flattening:
        return _end_flatten(view, params)
    return Decision(intents=(), notes=_notes(view, None), wake=Wake(on=_EVENTS, at=_terms(view, params).next_at))


def _end_flatten(view: HedgeView, params: HedgeParams) -> Decision:
    """Ends a flatten that can trade no more, and decides on what is left as on any net."""
    ended = FlattenEnded(owner=view.owner, underlying=view.underlying, net=view.net, decided_at=view.now)
    after = decide(msgspec.structs.replace(view, flattening=False), params)
    return msgspec.structs.replace(after, notes=(ended, *after.notes))


def _notes(view: HedgeView, reason: HoldReason | None) -> tuple[Event, ...]:
    if reason is view.hold:
        return ()
    return (HedgeHeld(owner=view.owner, underlying=view.underlying, reason=reason, net=view.net, decided_at=view.now),)


def _tend(view: HedgeView, params: HedgeParams) -> Decision:
    cancels = _cancels(view)
    if cancels or view.backup is None:
        return Decision(intents=cancels, notes=(), wake=_wake_of_orders(view))
    return _cover_by_backup(view, params, view.backup)


def _cancels(view: HedgeView) -> tuple[Intent, ...]:
    """Returns cancels, newest order first, until what is left on the hedge side does not exceed the net.

    What is being canceled already counts as gone: should its cancel fail, the next decision counts it again.
    """
    side = _hedge_side(view.net)
    staying = (order for order in view.orders if order.side is side and not order.cancel_pending)
    working = sum((_shares(order) for order in staying), ZERO)
    cancels: list[Intent] = []
    for order in reversed(view.orders):
        reason = _reason_to_cancel(view, order, exceeds=working > abs(view.net))
        if reason is None:
            continue
        cancels.append(CancelIntent(order_id=order.order_id, reason=reason, because=view.cause))
        working -= _shares(order) if order.side is side else ZERO
    return tuple(cancels)


def _shares(order: Order) -> Decimal:
    return order.leaves * order.contract_size


def _reason_to_cancel(view: HedgeView, order: Order, *, exceeds: bool) -> CancelReason | None:
    if order.cancel_pending or order.status not in _CANCELABLE or view.now < cancel_from(order):
        return None
    if order.side is not _hedge_side(view.net):
        return CancelReason.WRONG_SIDE
    if exceeds:
        return CancelReason.EXCEEDS_NET
    if _is_halted(view, order.account) and not order.reduce_only:
        return CancelReason.HALTED
    return CancelReason.STALE_PRICE if view.now >= later(order.good_until, seconds=EXPIRY_GRACE_S) else None


def _is_halted(view: HedgeView, account: AccountId) -> bool:
    routes = (view.route,) if view.backup is None else (view.route, view.backup)
    return any(route.halted for route in routes if route.instrument.account == account)


def _wake_of_orders(view: HedgeView) -> Wake:
    moments = [
        at
        for order in view.orders
        if order.is_open
        for at in (later(order.good_until, seconds=EXPIRY_GRACE_S), cancel_from(order))
    ]
    return Wake(on=_EVENTS, at=_first_after(view.now, moments))


def _first_after(now: Instant, moments: list[Instant]) -> Instant | None:
    return min((at for at in moments if at > now), default=None)


def _cover_by_backup(view: HedgeView, params: HedgeParams, backup: Route) -> Decision:
    """Lets a second broker take the part of the net that no unknown order can cover, once its account was stated.

    Where nobody knows what an account held before an order of ours, nothing can prove later that the order is absent.
    """
    wake = _wake_of_orders(view)
    waiting = Decision(intents=(), notes=(), wake=wake)
    if backup.held is None:
        return Decision(intents=(), notes=(), wake=msgspec.structs.replace(wake, on=_ALL))
    if any(order.status is not Status.UNKNOWN or order.account == backup.instrument.account for order in view.orders):
        return waiting
    rest = Quantity(abs(view.net) - sum((_shares(order) for order in view.orders), ZERO))
    if rest <= ZERO or not _is_due(view, params, rest):
        return waiting
    placed = _place(view, params, backup, rest)
    if placed.intents:
        return placed
    moments = [at for at in (wake.at, placed.wake.at) if at is not None]
    both = Wake(on=placed.wake.on, at=min(moments, default=None), observed=placed.wake.observed)
    return Decision(intents=(), notes=(), wake=both)


def _hedge_side(net: Decimal) -> Side:
    return Side.BUY if net < ZERO else Side.SELL


def _place(view: HedgeView, params: HedgeParams, route: Route, shares: Quantity) -> Decision:
    limit = None if _goes_to_market(view, params) else _limit(view, params, route)
    plan = _held(view, params, route, limit) or _sized(view, params, route, shares, limit)
    if isinstance(plan, Held):
        if plan.reason is HoldReason.BELOW_LOT and view.flattening and not view.orders:
            return _end_flatten(view, params)
        return Decision(intents=(), notes=_notes(view, plan.reason), wake=_wake_of_hold(view, params, plan))
    intent = _intent(view, params, route, plan, limit)
    return Decision(intents=(intent,), notes=_notes(view, None), wake=Wake(on=_EVENTS, at=intent.good_until))


def _wake_of_hold(view: HedgeView, params: HedgeParams, held: Held) -> Wake:
    closes_at = view.session.closes_at
    terms_change = [at for at in (_terms(view, params).next_at,) if at is not None]
    moments = [closes_at, later(closes_at, seconds=-params.close_cutoff_s), *terms_change, *held.at]
    if view.flattening:
        moments.append(_settled_at(view, params))
    return Wake(on=_ALL if held.funds else _EVENTS, at=_first_after(view.now, moments), observed=held.observed)


def _held(view: HedgeView, params: HedgeParams, route: Route, limit: Price | None) -> Held | None:
    if route.halted and not view.flattening:
        return Held(reason=HoldReason.HALTED)
    waits = _held_by_session(view, params) or _held_by_retry(view, params)
    if waits is not None or _goes_to_market(view, params):
        return waits
    return _held_by_price(view, params, limit) if route.quote_usd is not None else Held(reason=HoldReason.NO_MARK)


def _goes_to_market(view: HedgeView, params: HedgeParams) -> bool:
    """Whether an order has no limit: only a flatten's, in the regular session, once that has found its prices.

    A venue keeps an order without a limit for the next regular session when it comes in any other one.
    """
    regular = view.session.kind is SessionKind.REGULAR
    return view.flattening and regular and view.now >= _settled_at(view, params)


def _settled_at(view: HedgeView, params: HedgeParams) -> Instant:
    """Returns when the present session has found its prices."""
    return later(view.session.opens_at, seconds=params.open_wait_s)


def _held_by_session(view: HedgeView, params: HedgeParams) -> Held | None:
    if view.session.kind not in params.sessions:
        return Held(reason=HoldReason.SESSION_CLOSED, at=(view.next_open,))
    if later(view.now, seconds=params.close_cutoff_s) >= view.session.closes_at:
        return Held(reason=HoldReason.CLOSE_TOO_NEAR)
    return None


def _held_by_retry(view: HedgeView, params: HedgeParams) -> Held | None:
    if view.retry_from is None or not view.refusals:
        return None
    doublings = min(view.refusals - 1, BACKOFF_DOUBLINGS_MAX)
    retry_at = later(view.retry_from, seconds=params.retry_s * (1 << doublings))
    return Held(reason=HoldReason.RETRY_LATER, at=(retry_at,)) if view.now < retry_at else None


def _held_by_price(view: HedgeView, params: HedgeParams, limit: Price | None) -> Held | None:
    reason = _flaw_of_prices(view, params, limit)
    if reason is None:
        return None
    return Held(reason=reason, at=_stale_moments(view, params), observed=_sources(params))


def _flaw_of_prices(view: HedgeView, params: HedgeParams, limit: Price | None) -> HoldReason | None:
    if view.price is None:
        return HoldReason.NO_MARKET
    if view.now >= _stale_at(view.price, params.price_age_s_max):
        return HoldReason.STALE_QUOTE
    if limit is None:
        return HoldReason.NO_MARKET
    if params.second_source is None:
        return None
    if view.second is None or view.now >= _stale_at(view.second, params.second_age_s_max):
        return HoldReason.STALE_QUOTE
    allowed = view.second.price * params.second_bps_max * BPS
    return HoldReason.SECOND_SOURCE_DIFFERS if abs(view.price.price - view.second.price) > allowed else None


def _sources(params: HedgeParams) -> tuple[SourceId, ...]:
    return (params.price_source,) if params.second_source is None else (params.price_source, params.second_source)


def _stale_moments(view: HedgeView, params: HedgeParams) -> tuple[Instant, ...]:
    ages = ((view.price, params.price_age_s_max), (view.second, params.second_age_s_max))
    return tuple(_stale_at(quote, age_s) for quote, age_s in ages if quote is not None)


def _stale_at(quote: Quote, age_s_max: int) -> Instant:
    """Returns the first instant at which a quote is older than its bound."""
    return Instant(later(quote.happened_at, seconds=age_s_max) + 1)


def _limit(view: HedgeView, params: HedgeParams, route: Route) -> Price | None:
    """Returns the limit at the collar, None without a price or where it rounds to nothing on the grid.

    Units: quote of the route per share; the price is in USD, and the mark of the quote stands between them.
    """
    if view.price is None or route.quote_usd is None:
        return None
    side, collar_bps = _hedge_side(view.net), _terms(view, params).collar_bps
    reference = in_quote(view.price.price, quote_usd=route.quote_usd, side=side)
    try:
        limit = collared_limit(reference, side=side, collar_bps=collar_bps, rules=route.instrument.rules)
        return Price(check_number(limit))
    except ValueError:
        return None


def _sized(
    view: HedgeView, params: HedgeParams, route: Route, shares: Quantity, limit: Price | None
) -> Quantity | Held:
    """Returns the quantity to order, in contracts, or why none can be ordered."""
    ask = Ask(
        side=_hedge_side(view.net),
        shares=shares,
        limit=limit,
        price=view.price.price if view.price is not None else view.last_price,
        shorting=params.shorting,
        caps=None if view.flattening else _caps(view, params),
    )
    size = size_of(ask, route)
    if isinstance(size, HoldReason):
        return Held(reason=size, at=_stale_moments(view, params), observed=_sources(params), funds=True)
    return size


def _caps(view: HedgeView, params: HedgeParams) -> OrderCaps:
    cap = params.order_shares_max
    return view.caps if cap is None else OrderCaps(usd=view.caps.usd, shares=min(view.caps.shares, cap))


def _intent(view: HedgeView, params: HedgeParams, route: Route, qty: Quantity, limit: Price | None) -> PlaceIntent:
    ends = [_terms(view, params).order_ends_at, view.session.closes_at]
    if view.flattening and view.session.kind is SessionKind.REGULAR and limit is not None:
        ends.append(_settled_at(view, params))  # from then on it goes to the market
    cause = view.cause if view.cause is not None else EventRef(f"net:{view.owner}:{view.underlying}")
    return PlaceIntent(
        order_id=order_id_of_event(view.owner, cause, index=view.intents),
        owner=view.owner,
        underlying=view.underlying,
        instrument=route.instrument,
        side=_hedge_side(view.net),
        qty=qty,
        limit=limit,
        style=OrderStyle.LIMIT,
        slot=None,
        reduce_only=view.flattening,
        because=view.cause,
        evidence=_evidence(view, params, route),
        good_until=min(ends),
    )


def _evidence(view: HedgeView, params: HedgeParams, route: Route) -> dict[str, str]:
    """Returns the numbers the decision stands on, so that the journal alone explains it."""
    evidence = {"net": plain(view.net), "session": view.session.kind.value}
    terms = _terms(view, params)
    if terms.ramping:
        evidence["close_ramp_collar_bps"] = str(terms.collar_bps)
    if route.quote_usd is not None and route.quote_usd != ONE:
        evidence["quote_usd"] = plain(route.quote_usd)
    for name, source, quote in (
        ("price", params.price_source, view.price),
        ("second", params.second_source, view.second),
    ):
        if quote is not None and source is not None:
            evidence[name] = plain(quote.price)
            evidence[f"{name}_source"] = source
            evidence[f"{name}_at"] = text_of_instant(quote.happened_at)
    return evidence
