"""Hedge: bring the net of an (owner, underlying) back to zero at a stock broker, exactly once.

One order at a time. While an order works, is unknown, or still owes executions, nothing is added at that broker; what
works beyond the net is canceled. What cannot be hedged now stays exposure and says why.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.events.control import FlattenEnded, HedgeHeld, HoldReason
from flatbook.events.event import Event
from flatbook.events.orders import CancelReason
from flatbook.market.quotes import Quote
from flatbook.state.intents import CancelIntent, Intent, PlaceIntent
from flatbook.state.orders import Order, Status, cancel_from
from flatbook.strategies.decision import Decision, Trigger, Wake
from flatbook.strategies.hedge_terms import HedgeParams, Terms, terms_at
from flatbook.values.ids import AccountId, EventRef, OwnerId, SourceId, Underlying, order_id_of_event
from flatbook.values.instants import Instant, later, text_of_instant
from flatbook.values.instruments import Instrument, Side, collared_limit, cost_ceiling, floor_to_lot, notional
from flatbook.values.money import BPS, ZERO, Price, Quantity, divide_cut, plain
from flatbook.values.sessions import Session

EXPIRY_GRACE_S = 5
BACKOFF_DOUBLINGS_MAX = 6
QTY_DECIMALS = 18


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where a net can be hedged, and what that account can take.

    Units: cash in the instrument's quote, what working buys may need left out; held in contracts, signed; selling and
    buying in contracts, what orders that work on the instrument may still do. Cash and held are None while the account
    was never stated.
    """

    instrument: Instrument
    cash: Decimal | None
    held: Quantity | None
    selling: Quantity
    buying: Quantity
    halted: bool


class HedgeView(msgspec.Struct, frozen=True, kw_only=True):
    """What the hedge of one (owner, underlying) can see; valid during the call only.

    Units: net in shares, last_price in USD per share; intents counts all that were ever made for this net.
    """

    now: Instant
    owner: OwnerId
    underlying: Underlying
    net: Quantity
    last_price: Price | None
    orders: tuple[Order, ...]
    route: Route
    backup: Route | None
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
        return floor_to_lot(_in_contracts(size, instrument), instrument.rules)[0] > ZERO
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
    """Lets a second broker take the part of the net that no unknown order can cover."""
    wake = _wake_of_orders(view)
    waiting = Decision(intents=(), notes=(), wake=wake)
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


def _in_contracts(shares: Quantity, instrument: Instrument) -> Quantity:
    return Quantity(divide_cut(shares, instrument.contract_size, decimals=QTY_DECIMALS))


def _place(view: HedgeView, params: HedgeParams, route: Route, shares: Quantity) -> Decision:
    limit = None if view.flattening else _limit(view, params, route.instrument)
    plan = _held(view, params, route, limit) or _sized(view, params, route, shares, limit)
    if isinstance(plan, Held):
        if plan.reason is HoldReason.BELOW_LOT and view.flattening and not view.orders:
            return _end_flatten(view, params)
        return Decision(intents=(), notes=_notes(view, plan.reason), wake=_wake_of_hold(view, params, plan))
    intent = _intent(view, params, route.instrument, plan, limit)
    return Decision(intents=(intent,), notes=_notes(view, None), wake=Wake(on=_EVENTS, at=intent.good_until))


def _wake_of_hold(view: HedgeView, params: HedgeParams, held: Held) -> Wake:
    closes_at = view.session.closes_at
    terms_change = [at for at in (_terms(view, params).next_at,) if at is not None]
    moments = [closes_at, later(closes_at, seconds=-params.close_cutoff_s), *terms_change, *held.at]
    return Wake(on=_ALL if held.funds else _EVENTS, at=_first_after(view.now, moments), observed=held.observed)


def _held(view: HedgeView, params: HedgeParams, route: Route, limit: Price | None) -> Held | None:
    if route.halted and not view.flattening:
        return Held(reason=HoldReason.HALTED)
    waits = _held_by_session(view, params) or _held_by_retry(view, params)
    if waits is not None or view.flattening:
        return waits
    return _held_by_price(view, params, limit)


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


def _limit(view: HedgeView, params: HedgeParams, instrument: Instrument) -> Price | None:
    """Returns the limit at the collar, None without a price or where it rounds to nothing on the grid."""
    if view.price is None:
        return None
    side, collar_bps = _hedge_side(view.net), _terms(view, params).collar_bps
    try:
        return collared_limit(view.price.price, side=side, collar_bps=collar_bps, rules=instrument.rules)
    except ValueError:
        return None


def _sized(
    view: HedgeView, params: HedgeParams, route: Route, shares: Quantity, limit: Price | None
) -> Quantity | Held:
    """Returns the quantity to order, in contracts, or why none can be ordered."""
    instrument, cap = route.instrument, params.order_shares_max
    wanted = shares if cap is None or view.flattening else Quantity(min(shares, cap))
    contracts = _in_contracts(wanted, instrument)
    possible = Quantity(min(contracts, _capacity(view, params, route, contracts, limit)))
    qty, _ = floor_to_lot(possible, instrument.rules)
    if _can_trade(qty, view, instrument):
        return qty
    whole, _ = floor_to_lot(contracts, instrument.rules)
    reason = HoldReason.CAPACITY if _can_trade(whole, view, instrument) else HoldReason.BELOW_LOT
    return Held(reason=reason, at=_stale_moments(view, params), observed=_sources(params), funds=True)


def _can_trade(qty: Quantity, view: HedgeView, instrument: Instrument) -> bool:
    """Whether the venue takes an order of this size; without any price the venue itself has to say."""
    rules = instrument.rules
    price = view.price.price if view.price is not None else view.last_price
    if qty < rules.qty_min:
        return False
    return price is None or notional(qty, price, contract_size=instrument.contract_size) >= rules.notional_min


def _capacity(view: HedgeView, params: HedgeParams, route: Route, contracts: Quantity, limit: Price | None) -> Decimal:
    """Returns how many contracts the account can take on the hedge side: settled cash, or shares held.

    An order never crosses zero at the broker: a sell is capped at what is held even where shorting is allowed, and
    only a flat or short account sells short.
    """
    if _hedge_side(view.net) is Side.SELL:
        if route.held is None:
            return contracts
        if route.held > ZERO:
            return max(ZERO, route.held - route.selling)
        return contracts if params.shorting else ZERO
    if route.held is not None and route.held < ZERO:
        return max(ZERO, -route.held - route.buying)
    if route.cash is None or limit is None:
        return contracts
    size = route.instrument.contract_size
    if cost_ceiling(contracts, limit, collar_bps=0, contract_size=size) <= route.cash:
        return contracts
    return max(ZERO, divide_cut(route.cash, limit * size, decimals=QTY_DECIMALS))


def _intent(
    view: HedgeView, params: HedgeParams, instrument: Instrument, qty: Quantity, limit: Price | None
) -> PlaceIntent:
    good_until = min(_terms(view, params).order_ends_at, view.session.closes_at)
    cause = view.cause if view.cause is not None else EventRef(f"net:{view.owner}:{view.underlying}")
    return PlaceIntent(
        order_id=order_id_of_event(view.owner, cause, index=view.intents),
        owner=view.owner,
        underlying=view.underlying,
        instrument=instrument,
        side=_hedge_side(view.net),
        qty=qty,
        limit=limit,
        reduce_only=view.flattening,
        because=view.cause,
        evidence=_evidence(view, params),
        good_until=Instant(good_until),
    )


def _evidence(view: HedgeView, params: HedgeParams) -> dict[str, str]:
    """Returns the numbers the decision stands on, so that the journal alone explains it."""
    evidence = {"net": plain(view.net), "session": view.session.kind.value}
    terms = _terms(view, params)
    if terms.ramping:
        evidence["close_ramp_collar_bps"] = str(terms.collar_bps)
    for name, source, quote in (
        ("price", params.price_source, view.price),
        ("second", params.second_source, view.second),
    ):
        if quote is not None and source is not None:
            evidence[name] = plain(quote.price)
            evidence[f"{name}_source"] = source
            evidence[f"{name}_at"] = text_of_instant(quote.happened_at)
    return evidence
