"""The checks an intent must pass. All run, and the first refusal decides.

An intent that only reduces (an operator's flatten) and every cancel pass: nothing may stand before an exit. Yet no
intent, not even a flatten, may turn a position over.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec

from flatbook.events.orders import RefusalRule
from flatbook.market.quotes import Quote
from flatbook.risk.limits import Limits
from flatbook.state.exposure import Exposure
from flatbook.state.intents import Intent, PlaceIntent
from flatbook.values.ids import AccountId, HaltId, OrderId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side, tick_at
from flatbook.values.money import BPS, ONE, ZERO, Price, Quantity, plain
from flatbook.values.sessions import Session, SessionKind


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """An account that an underlying may be hedged at. `stopped` are the sides that a monitor keeps new risk from.

    Units: quote_usd in USD per unit of the instrument's quote, None when it cannot be valued. `unresolved` is an order
    of unknown fate on the same instrument at a venue where the client id does not forbid a second one.
    """

    halt: HaltId | None
    stopped: tuple[Side, ...]
    quote_usd: Price | None
    unresolved: OrderId | None


class RiskView(msgspec.Struct, frozen=True, kw_only=True):
    """What risk can see of one (owner, underlying); valid during the call only.

    Units: USD and shares. `named` are the accounts the underlying may be hedged at; `day_result_usd` is None when the
    day's fills cannot be valued.
    """

    now: Instant
    exposure: Exposure
    named: dict[AccountId, Named]
    price: Quote | None
    second: Quote | None
    second_required: bool
    day_result_usd: Decimal | None
    open_orders: int
    orders_in_window: int
    session: Session


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that an intent breaks, with the limit and what was asked, as text in the rule's unit."""

    rule: RefusalRule
    limit: str
    asked: str


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """The intents may not be carried out; `intent` is the first that breaks a rule."""

    intent: PlaceIntent
    refusals: tuple[Refusal, ...]


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """Intents that passed; the engine turns nothing else into orders."""

    intents: tuple[Intent, ...]


def check(view: RiskView, intents: tuple[Intent, ...], limits: Limits) -> Approved | Refused:
    """Returns the intents as approved, or the first one that is refused with all its refusals.

    Intents of one decision pass or fail together, and each is looked at as if those before it worked already.
    Cancels always pass; a chain call has checks of its own, in `call_checks`.
    """
    for intent in intents:
        if not isinstance(intent, PlaceIntent):
            continue
        refusals = tuple(refusal for rule in _rules_for(intent) if (refusal := rule(view, intent, limits)))
        if refusals:
            return Refused(intent=intent, refusals=refusals)
        view = _after(view, intent)
    return Approved(intents=intents)


def _after(view: RiskView, intent: PlaceIntent) -> RiskView:
    """Returns the view as it will be once an intent works."""
    replace = msgspec.structs.replace
    shares, exposure = Quantity(intent.qty * intent.instrument.contract_size), view.exposure
    if intent.side is Side.BUY:
        exposure = replace(exposure, may_buy=Quantity(exposure.may_buy + shares))
    else:
        exposure = replace(exposure, may_sell=Quantity(exposure.may_sell + shares))
    counts = {"open_orders": view.open_orders + 1, "orders_in_window": view.orders_in_window + 1}
    return replace(view, exposure=exposure, **counts)


Rule = Callable[[RiskView, PlaceIntent, Limits], Refusal | None]


def _refusal(rule: RefusalRule, limit: object, asked: object) -> Refusal:
    return Refusal(rule=rule, limit=_text(limit), asked=_text(asked))


def _text(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def halted(view: RiskView, intent: PlaceIntent, _limits: Limits) -> Refusal | None:
    """Refuses new risk under a halt, or on a side that is stopped."""
    named = view.named.get(intent.account)
    if named is not None and named.halt:
        return _refusal(RefusalRule.HALTED, "no halt", named.halt)
    if named is not None and intent.side in named.stopped:
        return _refusal(RefusalRule.HALTED, "no stop of the side", intent.side.value)
    return None


def resolved(view: RiskView, intent: PlaceIntent, _limits: Limits) -> Refusal | None:
    """Refuses a second order beside one of unknown fate, where only the position could tell the two apart."""
    named = view.named.get(intent.account)
    if named is None or named.unresolved is None:
        return None
    return _refusal(RefusalRule.UNRESOLVED_ORDER, "none unresolved", named.unresolved)


def within_net(view: RiskView, intent: PlaceIntent, _limits: Limits) -> Refusal | None:
    """Refuses what could turn the net over, counting all that already works or is unknown on the same side."""
    wanted = intent.qty * intent.instrument.contract_size
    exposure = view.exposure
    room = -exposure.highest if intent.side is Side.BUY else exposure.lowest
    return _refusal(RefusalRule.EXCEEDS_NET, max(ZERO, room), wanted) if wanted > room else None


def broker_named(view: RiskView, intent: PlaceIntent, _limits: Limits) -> Refusal | None:
    """Refuses an account that the underlying does not name."""
    if intent.account in view.named:
        return None
    return _refusal(RefusalRule.BROKER_NAMED, " ".join(view.named), intent.account)


def in_session(view: RiskView, intent: PlaceIntent, _limits: Limits) -> Refusal | None:
    """Refuses an order that could execute in another session than the one it was decided in."""
    if view.session.kind is SessionKind.CLOSED:
        return _refusal(RefusalRule.SESSION, "an open session", view.session.kind.value)
    if intent.good_until <= view.session.closes_at:
        return None
    return _refusal(RefusalRule.SESSION, view.session.closes_at, intent.good_until)


def notional(view: RiskView, intent: PlaceIntent, limits: Limits) -> Refusal | None:
    """Refuses an order worth more than the cap, or one that cannot be valued."""
    cap = limits.order_notional_usd_max
    market_usd = view.price.price if view.price is not None and _quote_usd(view, intent) is not None else None
    each_usd = market_usd if intent.limit is None else _limit_usd(view, intent)
    if each_usd is None:
        return _refusal(RefusalRule.NOTIONAL_MAX, cap, "unvalued")
    usd = intent.qty * each_usd * intent.instrument.contract_size
    return _refusal(RefusalRule.NOTIONAL_MAX, cap, usd) if usd > cap else None


def quantity(_view: RiskView, intent: PlaceIntent, limits: Limits) -> Refusal | None:
    """Refuses an order of more shares than the cap."""
    shares = intent.qty * intent.instrument.contract_size
    if shares <= limits.order_shares_max:
        return None
    return _refusal(RefusalRule.QUANTITY_MAX, limits.order_shares_max, shares)


def fresh(view: RiskView, _intent: PlaceIntent, limits: Limits) -> Refusal | None:
    """Refuses a decision on a price that is missing or older than its bound."""
    if view.price is None:
        return _refusal(RefusalRule.FRESHNESS, limits.price_age_s_max, "no price")
    if view.now <= later(view.price.happened_at, seconds=limits.price_age_s_max):
        return None
    return _refusal(RefusalRule.FRESHNESS, limits.price_age_s_max, view.price.happened_at)


def priced(_view: RiskView, intent: PlaceIntent, _limits: Limits) -> Refusal | None:
    """Refuses a market order without a limit."""
    return _refusal(RefusalRule.NO_LIMIT_PRICE, "a limit", "none") if intent.limit is None else None


def collared(view: RiskView, intent: PlaceIntent, limits: Limits) -> Refusal | None:
    """Refuses a limit more than a tick outside the collar around the price."""
    limit_usd, quote_usd = _limit_usd(view, intent), _quote_usd(view, intent)
    if view.price is None or intent.limit is None or limit_usd is None or quote_usd is None:
        return None
    bound = _bound(view.price.price, intent.side, limits.collar_bps_max)
    tick_usd = tick_at(intent.limit, intent.instrument.rules) * quote_usd
    return _beyond(RefusalRule.COLLAR, intent.side, limit_usd, Price(bound + intent.side.sign * tick_usd))


def second_agrees(view: RiskView, intent: PlaceIntent, limits: Limits) -> Refusal | None:
    """Refuses a limit outside the wider collar around the second source."""
    limit_usd = _limit_usd(view, intent)
    if not view.second_required or limit_usd is None:
        return None
    if view.second is None:
        return _refusal(RefusalRule.SECOND_SOURCE, "a second price", "none")
    bound = _bound(view.second.price, intent.side, limits.second_bps_max)
    return _beyond(RefusalRule.SECOND_SOURCE, intent.side, limit_usd, bound)


def _quote_usd(view: RiskView, intent: PlaceIntent) -> Price | None:
    """Returns the mark of the quote of an intent; None where nobody states it, which `notional` refuses."""
    named = view.named.get(intent.account)
    return named.quote_usd if named is not None else None


def _limit_usd(view: RiskView, intent: PlaceIntent) -> Price | None:
    """Returns the limit of an intent in USD, as the prices are; None without a limit or a mark."""
    quote_usd = _quote_usd(view, intent)
    return None if intent.limit is None or quote_usd is None else Price(intent.limit * quote_usd)


def _bound(price: Price, side: Side, bps: int) -> Price:
    return Price(price * (ONE + side.sign * bps * BPS))


def _beyond(rule: RefusalRule, side: Side, limit_usd: Price, bound: Price) -> Refusal | None:
    return _refusal(rule, bound, limit_usd) if (limit_usd - bound) * side.sign > ZERO else None


def day_loss(view: RiskView, _intent: PlaceIntent, limits: Limits) -> Refusal | None:
    """Refuses new risk once the day's result is worse than the limit."""
    if view.day_result_usd is None or view.day_result_usd >= -limits.day_loss_usd_max:
        return None
    return _refusal(RefusalRule.DAY_LOSS_MAX, -limits.day_loss_usd_max, view.day_result_usd)


def open_orders(view: RiskView, _intent: PlaceIntent, limits: Limits) -> Refusal | None:
    """Refuses one open order too many."""
    asked = view.open_orders + 1
    return (
        _refusal(RefusalRule.OPEN_ORDERS_MAX, limits.open_orders_max, asked) if asked > limits.open_orders_max else None
    )


def order_rate(view: RiskView, _intent: PlaceIntent, limits: Limits) -> Refusal | None:
    """Refuses an order above the rate."""
    asked = view.orders_in_window + 1
    cap = limits.orders_per_minute_max
    return _refusal(RefusalRule.ORDER_RATE_MAX, cap, asked) if asked > cap else None


ALWAYS: tuple[Rule, ...] = (within_net, broker_named, in_session)
NEW_RISK: tuple[Rule, ...] = (
    halted,
    *ALWAYS,
    resolved,
    priced,
    notional,
    quantity,
    fresh,
    collared,
    second_agrees,
    day_loss,
    open_orders,
    order_rate,
)


def _rules_for(intent: PlaceIntent) -> tuple[Rule, ...]:
    return ALWAYS if intent.reduce_only else NEW_RISK
