"""Hedge: bring the net of an (owner, underlying) back to zero at a stock broker, exactly once.

One order at a time. While an order works, is unknown, or still owes executions, nothing is added at that broker; a
working rest that exceeds the net is canceled. What cannot be hedged now stays exposure and says why.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.events.control import FlattenEnded, HedgeHeld, HoldReason
from flatbook.events.event import Event
from flatbook.events.orders import CancelReason
from flatbook.market.quotes import Quote
from flatbook.state.intents import CancelIntent, Intent, PlaceIntent
from flatbook.state.orders import Order, Status
from flatbook.strategies.decision import Decision, Trigger, Wake
from flatbook.values.ids import EventRef, OwnerId, SourceId, Underlying, order_id_of_event
from flatbook.values.instants import Instant, later, text_of_instant
from flatbook.values.instruments import Instrument, Side, collared_limit, cost_ceiling, floor_to_lot
from flatbook.values.money import BPS, ZERO, Price, Quantity, divide_cut, plain
from flatbook.values.sessions import Session, SessionKind

EXPIRY_GRACE_S = 5
CANCEL_RETRY_S = 5
BACKOFF_DOUBLINGS_MAX = 6
QTY_DECIMALS = 18


class HedgeParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one owner hedges one underlying.

    Units: shares, USD, seconds and basis points as the names say. At least one threshold is set; an exposure is
    hedged once it reaches either. `order_shares_max` caps each single order. `second_source` must agree with the
    price within `second_bps_max`.
    """

    threshold_shares: Decimal | None
    threshold_usd: Decimal | None
    order_shares_max: Decimal | None
    sessions: tuple[SessionKind, ...]
    price_source: SourceId
    price_age_s_max: int
    collar_bps: int
    second_source: SourceId | None
    second_age_s_max: int
    second_bps_max: int
    order_ttl_s: int
    close_cutoff_s: int
    retry_s: int
    shorting: bool

    def __post_init__(self) -> None:
        if self.threshold_shares is None and self.threshold_usd is None:
            raise ValueError("a hedge needs threshold_shares, threshold_usd or both")
        for name in ("threshold_shares", "threshold_usd", "order_shares_max"):
            value = getattr(self, name)
            if value is not None and not value > ZERO:
                raise ValueError(f"{name} must be above zero")
        for name in ("price_age_s_max", "collar_bps", "order_ttl_s", "retry_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above zero")


class HedgeView(msgspec.Struct, frozen=True, kw_only=True):
    """What the hedge of one (owner, underlying) can see; valid during the call only.

    Units: net and last_price in shares and USD per share; cash in the instrument's quote; held in contracts.
    """

    now: Instant
    owner: OwnerId
    underlying: Underlying
    net: Quantity
    unvalued: Quantity
    last_price: Price | None
    orders: tuple[Order, ...]
    instrument: Instrument
    backup: Instrument | None
    price: Quote | None
    second: Quote | None
    session: Session
    next_open: Instant
    cash: Decimal | None
    held: Quantity | None
    halted: bool
    flattening: bool
    hold: HoldReason | None
    refusals: int
    retry_from: Instant | None
    cause: EventRef | None
    intents: int


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing is placed now, and when to look again."""

    reason: HoldReason
    at: Instant | None = None
    observed: tuple[SourceId, ...] = ()


_EVERYTHING = tuple(Trigger)


def decide(view: HedgeView, params: HedgeParams) -> Decision:
    """Returns what the hedge of one (owner, underlying) does now.

    Gives: at most one order to place, never above the net and never beyond zero; cancels for rests that exceed it.
    """
    if view.orders:
        return _tend(view, params)
    if not _is_due(view, params):
        return _rest(view)
    return _place(view, params, view.instrument, Quantity(abs(view.net)))


def _is_due(view: HedgeView, params: HedgeParams) -> bool:
    size = abs(view.net)
    if view.flattening:
        return floor_to_lot(_in_contracts(Quantity(size), view.instrument), view.instrument.rules)[0] > ZERO
    if params.threshold_shares is not None and size >= params.threshold_shares:
        return True
    usd = params.threshold_usd
    return usd is not None and view.last_price is not None and size > ZERO and size * view.last_price >= usd


def _rest(view: HedgeView) -> Decision:
    notes = _notes(view, None)
    if view.flattening:
        ended = FlattenEnded(owner=view.owner, underlying=view.underlying, net=view.net, decided_at=view.now)
        notes = (*notes, ended)
    return Decision(intents=(), notes=notes, wake=Wake(on=_EVERYTHING))


def _notes(view: HedgeView, reason: HoldReason | None) -> tuple[Event, ...]:
    if reason is view.hold:
        return ()
    return (HedgeHeld(owner=view.owner, underlying=view.underlying, reason=reason, net=view.net, decided_at=view.now),)


def _tend(view: HedgeView, params: HedgeParams) -> Decision:
    cancels: list[Intent] = []
    for order in view.orders:
        reason = _reason_to_cancel(view, order)
        if reason is not None:
            cancels.append(CancelIntent(order_id=order.order_id, reason=reason, because=view.cause))
    if cancels or view.backup is None:
        return Decision(intents=tuple(cancels), notes=(), wake=_wake_of_orders(view))
    return _cover_by_backup(view, params, view.backup)


def _reason_to_cancel(view: HedgeView, order: Order) -> CancelReason | None:
    if order.cancel_pending or order.status not in (Status.SUBMITTED, Status.ACCEPTED, Status.PARTIALLY_FILLED):
        return None
    if view.now < _cancel_from(order):
        return None
    if order.side is not _hedge_side(view.net):
        return CancelReason.WRONG_SIDE
    if order.leaves * order.contract_size > abs(view.net):
        return CancelReason.EXCEEDS_NET
    if view.halted and not order.reduce_only:
        return CancelReason.HALTED
    return CancelReason.STALE_PRICE if view.now >= later(order.good_until, seconds=EXPIRY_GRACE_S) else None


def _cancel_from(order: Order) -> Instant:
    """Returns from when a cancel may be asked for: at once, or a while after a venue refused one."""
    refused_before = order.cancel_attempt and not order.cancel_pending
    return later(order.changed_at, seconds=CANCEL_RETRY_S) if refused_before else order.decided_at


def _wake_of_orders(view: HedgeView) -> Wake:
    ends = [
        at
        for order in view.orders
        if order.is_open
        for at in (later(order.good_until, seconds=EXPIRY_GRACE_S), _cancel_from(order))
    ]
    upcoming = [end for end in ends if end > view.now]
    return Wake(on=_EVERYTHING, at=min(upcoming) if upcoming else None)


def _cover_by_backup(view: HedgeView, params: HedgeParams, backup: Instrument) -> Decision:
    """Lets a second broker take the part of the net that no unknown order can cover."""
    waiting = Decision(intents=(), notes=(), wake=_wake_of_orders(view))
    if any(order.status is not Status.UNKNOWN or order.account == backup.account for order in view.orders):
        return waiting
    covered = sum((order.leaves * order.contract_size for order in view.orders), ZERO)
    rest = Quantity(abs(view.net) - covered)
    threshold = params.threshold_shares
    if threshold is None or rest < threshold:
        return waiting
    placed = _place(view, params, backup, rest)
    return placed if placed.intents else waiting


def _hedge_side(net: Decimal) -> Side:
    return Side.BUY if net < ZERO else Side.SELL


def _in_contracts(shares: Quantity, instrument: Instrument) -> Quantity:
    return Quantity(divide_cut(shares, instrument.contract_size, decimals=QTY_DECIMALS))


def _place(view: HedgeView, params: HedgeParams, instrument: Instrument, shares: Quantity) -> Decision:
    side = _hedge_side(view.net)
    held = _held(view, params)
    limit = None if held or view.flattening else _limit(view, params, instrument, side)
    sized = held or _sized(view, params, instrument, shares, limit)
    if isinstance(sized, Held):
        wake = Wake(on=_EVERYTHING, at=_wake_at(view, sized.at), observed=sized.observed)
        return Decision(intents=(), notes=_notes(view, sized.reason), wake=wake)
    intent = _intent(view, params, instrument, sized, limit)
    return Decision(intents=(intent,), notes=_notes(view, None), wake=Wake(on=_EVERYTHING, at=intent.good_until))


def _wake_at(view: HedgeView, at: Instant | None) -> Instant:
    """Returns the next instant at which time alone may change a hold: its own, or the end of this session."""
    return min(view.session.closes_at, at) if at is not None else view.session.closes_at


def _held(view: HedgeView, params: HedgeParams) -> Held | None:
    return (
        _held_by_stop(view)
        or _held_by_session(view, params)
        or _held_by_retry(view, params)
        or _held_by_price(view, params)
    )


def _held_by_stop(view: HedgeView) -> Held | None:
    return Held(reason=HoldReason.HALTED) if view.halted and not view.flattening else None


def _held_by_session(view: HedgeView, params: HedgeParams) -> Held | None:
    if view.session.kind not in params.sessions:
        return Held(reason=HoldReason.SESSION_CLOSED, at=view.next_open)
    if later(view.now, seconds=params.close_cutoff_s) >= view.session.closes_at:
        return Held(reason=HoldReason.CLOSE_TOO_NEAR, at=view.session.closes_at)
    return None


def _held_by_retry(view: HedgeView, params: HedgeParams) -> Held | None:
    if view.retry_from is None or not view.refusals:
        return None
    doublings = min(view.refusals - 1, BACKOFF_DOUBLINGS_MAX)
    retry_at = later(view.retry_from, seconds=params.retry_s * (1 << doublings))
    return Held(reason=HoldReason.RETRY_LATER, at=retry_at) if view.now < retry_at else None


def _held_by_price(view: HedgeView, params: HedgeParams) -> Held | None:
    sources = (params.price_source,) if params.second_source is None else (params.price_source, params.second_source)
    if view.price is None:
        return Held(reason=HoldReason.NO_MARKET, observed=sources)
    if _is_stale(view.price, view.now, params.price_age_s_max):
        return Held(reason=HoldReason.STALE_QUOTE, observed=sources)
    if params.second_source is None:
        return None
    if view.second is None or _is_stale(view.second, view.now, params.second_age_s_max):
        return Held(reason=HoldReason.STALE_QUOTE, observed=sources)
    allowed = view.second.price * params.second_bps_max * BPS
    if abs(view.price.price - view.second.price) > allowed:
        stale_at = min(
            later(view.price.happened_at, seconds=params.price_age_s_max, ms=1),
            later(view.second.happened_at, seconds=params.second_age_s_max, ms=1),
        )
        return Held(reason=HoldReason.SECOND_SOURCE_DIFFERS, at=stale_at, observed=sources)
    return None


def _is_stale(quote: Quote, now: Instant, age_s_max: int) -> bool:
    return now > later(quote.happened_at, seconds=age_s_max)


def _limit(view: HedgeView, params: HedgeParams, instrument: Instrument, side: Side) -> Price | None:
    if view.price is None:
        return None
    return collared_limit(view.price.price, side=side, collar_bps=params.collar_bps, rules=instrument.rules)


def _sized(
    view: HedgeView, params: HedgeParams, instrument: Instrument, shares: Quantity, limit: Price | None
) -> Quantity | Held:
    """Returns the quantity to order, in contracts, or why none can be ordered."""
    cap = params.order_shares_max
    wanted = shares if cap is None or view.flattening else Quantity(min(shares, cap))
    contracts = _in_contracts(wanted, instrument)
    possible = Quantity(min(contracts, _capacity(view, params, limit, contracts)))
    qty, _ = floor_to_lot(possible, instrument.rules)
    rules = instrument.rules
    price = limit if limit is not None else view.last_price or ZERO
    if qty >= rules.qty_min and qty * price * instrument.contract_size >= rules.notional_min:
        return qty
    fits_without_capacity = floor_to_lot(contracts, rules)[0] >= rules.qty_min and possible < contracts
    return Held(reason=HoldReason.CAPACITY if fits_without_capacity else HoldReason.BELOW_LOT)


def _capacity(view: HedgeView, params: HedgeParams, limit: Price | None, contracts: Quantity) -> Decimal:
    """Returns how many contracts the account can take on the hedge side: settled cash, or shares held.

    An order never crosses zero at the broker: a sell is capped at what is held even where shorting is allowed, and
    only a flat or short account sells short.
    """
    if _hedge_side(view.net) is Side.SELL:
        if view.held is None:
            return contracts
        if view.held > ZERO:
            return view.held
        return contracts if params.shorting else ZERO
    if view.held is not None and view.held < ZERO:
        return min(contracts, -view.held)
    if view.cash is None or limit is None:
        return contracts
    if cost_ceiling(contracts, limit, collar_bps=0) <= view.cash:
        return contracts
    return max(ZERO, divide_cut(view.cash, limit, decimals=QTY_DECIMALS))


def _intent(
    view: HedgeView, params: HedgeParams, instrument: Instrument, qty: Quantity, limit: Price | None
) -> PlaceIntent:
    good_until = min(later(view.now, seconds=params.order_ttl_s), view.session.closes_at)
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
    for name, source, quote in (
        ("price", params.price_source, view.price),
        ("second", params.second_source, view.second),
    ):
        if quote is not None and source is not None:
            evidence[name] = plain(quote.price)
            evidence[f"{name}_source"] = source
            evidence[f"{name}_at"] = text_of_instant(quote.happened_at)
    return evidence
