"""What the paper broker decides: whether it takes an order, when the order works, and what happens to it next."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from flatbook.engine.ports import IdRule
from flatbook.sim.broker.faults import FaultKind, FaultPlan
from flatbook.sim.broker.ledger import BrokerOrder
from flatbook.sim.broker.spec import PERCENT, BrokerSpec, Shorting, WhenClosed, fees_of
from flatbook.sim.broker.wire import Refusal, Ticket
from flatbook.sim.chance import draw, happens
from flatbook.sim.tapes.bars import Bars
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant
from flatbook.values.instruments import Side, TradingRules, floor_to_lot, round_to_tick
from flatbook.values.money import ONE, ZERO, Price, Quantity
from flatbook.values.sessions import SessionKind, last_close, next_session, regular_close

REGULAR = (SessionKind.REGULAR,)
EXTENDED = (SessionKind.EARLY, SessionKind.REGULAR, SessionKind.LATE)
MARKET_HOLD = ONE + 5 * PERCENT
SHORT_HOLD = 150 * PERCENT
TENTH = 10 * PERCENT


class Step(IntEnum):
    """What may happen to an order by itself; at one instant the lower comes first."""

    CANCEL = 0
    EXPIRE = 1
    NO_MARKET = 2
    FILL = 3
    LATE_FILL = 4


class Due(NamedTuple):
    """The next thing that happens to an order."""

    at: Instant
    step: Step
    order_id: int


class Window(NamedTuple):
    """When an order works: from the first instant to before the second."""

    starts_at: Instant
    ends_at: Instant


def working_window(ticket: Ticket, spec: BrokerSpec, now: Instant) -> Window | Refusal:
    """Returns when a DAY order that arrives now works, cut at its good_until, or why it is refused.

    Gives: an order that arrives outside its sessions works in the next one, as at real brokers, unless the broker
    rejects such orders.
    """
    if ticket.good_until is not None and ticket.good_until <= now:
        return Refusal(code="good_until_passed", message="good_until is not in the future")
    if ticket.extended_hours and ticket.limit is None:
        return Refusal(code="restricted", message="a market order has no extended hours")
    if ticket.extended_hours and not spec.extended_hours:
        return Refusal(code="restricted", message="this account has no extended hours")
    try:
        session = next_session(now, EXTENDED if ticket.extended_hours else REGULAR)
        closes_at = (last_close if ticket.extended_hours else regular_close)(session.trade_date)
    except LookupError as error:
        return Refusal(code="market_closed", message=str(error))
    if session.opens_at > now and spec.when_closed is WhenClosed.REJECT:
        return Refusal(code="market_closed", message=f"the next session is that of {session.trade_date}")
    starts_at = max(now, session.opens_at)
    return Window(starts_at, closes_at if ticket.good_until is None else min(closes_at, ticket.good_until))


def check_form(ticket: Ticket, rules: TradingRules) -> Refusal | None:
    """Returns why quantity or limit do not fit the broker's grid; None when they do."""
    if not ticket.qty >= rules.qty_min or floor_to_lot(ticket.qty, rules)[1]:
        return Refusal(code="invalid_quantity", message=f"quantities are multiples of {rules.lot} from {rules.qty_min}")
    if ticket.limit is not None and not _is_on_tick(ticket.limit, rules):
        return Refusal(code="invalid_price", message=f"limits are multiples of the tick, {rules.tick}, above zero")
    return None


def _is_on_tick(limit: Price, rules: TradingRules) -> bool:
    try:
        return limit > ZERO and round_to_tick(limit, side=Side.SELL, rules=rules) == limit
    except ValueError:
        return False


def check_market(ticket: Ticket, rules: TradingRules, bars: Bars, now: Instant) -> Refusal | None:
    """Returns why an order that works at once finds no market, or is too small for it; None when it is neither."""
    known = bars.known(now)
    if known is None or bars.is_quiet(now):
        return Refusal(code="no_market", message="nothing traded for five minutes")
    if ticket.qty * (ticket.limit or known.price) < rules.notional_min:
        return Refusal(code="below_minimum", message=f"orders are worth at least {rules.notional_min}")
    return None


def check_client_id(earlier: BrokerOrder | None, spec: BrokerSpec, now: Instant) -> Refusal | None:
    """Returns the refusal of a client id that an earlier order holds under the broker's rule; None when it is free."""
    if earlier is None or spec.id_rule is IdRule.NONE:
        return None
    if spec.id_rule is IdRule.WHILE_OPEN and earlier.ended_at is not None:
        return None
    if spec.id_rule is IdRule.WINDOW and now >= earlier.placed_at + spec.id_window_s * NS_PER_S:
        return None
    return Refusal(code="duplicate_client_id", message=f"order {earlier.id} has this client id: look it up")


class Standing(NamedTuple):
    """What an account has: cash in the currency, holdings in shares, its open orders, and known prices by symbol."""

    cash: Decimal
    holdings: dict[str, Decimal]
    open_orders: tuple[BrokerOrder, ...]
    prices: dict[str, Price]


def available_cash(standing: Standing, spec: BrokerSpec) -> Decimal:
    """Returns the cash that no open order and no short position holds. Units: currency."""
    held = sum((_hold_of_order(order, standing, spec) for order in standing.open_orders), ZERO)
    for symbol, qty in standing.holdings.items():
        if qty < ZERO:
            held -= qty * standing.prices[symbol] * SHORT_HOLD
    return standing.cash - held


def _hold_of_order(order: BrokerOrder, standing: Standing, spec: BrokerSpec) -> Decimal:
    opens_short = order.side is Side.SELL and not standing.holdings.get(order.symbol, ZERO) > ZERO
    if order.side is Side.BUY or opens_short:
        return _hold(order.side, order.rest, order.limit or standing.prices[order.symbol] * MARKET_HOLD, spec)
    return ZERO


def _hold(side: Side, qty: Quantity, price: Decimal, spec: BrokerSpec) -> Decimal:
    notional = qty * price
    if side is Side.SELL:
        return notional * (SHORT_HOLD - ONE)
    return notional + fees_of(spec.fees, side=side, qty=qty, notional=notional).total


def check_funds(ticket: Ticket, standing: Standing, spec: BrokerSpec) -> Refusal | None:
    """Returns why the account cannot carry the order; None when it can.

    Gives: an order that would take a position across zero is refused, as real brokers do: that takes two orders.
    """
    held = standing.holdings.get(ticket.symbol, ZERO)
    known = standing.prices.get(ticket.symbol)
    if known is None:
        return Refusal(code="no_market", message="nothing traded yet")
    if ticket.side is Side.SELL and (held > ZERO or spec.shorting is Shorting.NEVER):
        return _check_shares(ticket, held - _working(ticket, standing))
    if ticket.side is Side.BUY and held < ZERO:
        return _check_shares(ticket, -held - _working(ticket, standing))
    if ticket.side is Side.SELL and ticket.qty != ticket.qty.to_integral_value():
        return Refusal(code="invalid_quantity", message="a short sale is in whole shares")
    if _hold(ticket.side, ticket.qty, ticket.limit or known * MARKET_HOLD, spec) > available_cash(standing, spec):
        return Refusal(code="insufficient_funds", message="the cash that is not held does not cover the order")
    return None


def _working(ticket: Ticket, standing: Standing) -> Decimal:
    """Returns what the open orders of the ticket's symbol and side still ask for. Units: shares."""
    same = [order for order in standing.open_orders if (order.symbol, order.side) == (ticket.symbol, ticket.side)]
    return sum((order.rest for order in same), ZERO)


def _check_shares(ticket: Ticket, free: Decimal) -> Refusal | None:
    if ticket.qty <= free:
        return None
    return Refusal(code="insufficient_shares", message="the position less what works on it is smaller than the order")


def due_of(order: BrokerOrder, bars: Bars) -> Due | None:
    """Returns the next thing that happens to an order when nobody does anything; None when nothing does."""
    if order.ended_at is not None:
        return None if order.late_at is None else Due(order.late_at, Step.LATE_FILL, order.id)
    candidates = [Due(order.works_until, Step.EXPIRE, order.id)]
    if order.cancel_at is not None:
        candidates.append(Due(order.cancel_at, Step.CANCEL, order.id))
    if order.works_from < order.works_until:
        candidates.append(Due(bars.quiet_from(order.works_from), Step.NO_MARKET, order.id))
        start, until = fill_start(order), order.works_until
        bar = bars.first_open_inside(start=start, before=until, side=order.side, limit=order.limit)
        if bar is not None:
            candidates.append(Due(bar.starts_at, Step.FILL, order.id))
    return min(candidates)


def fill_start(order: BrokerOrder) -> Instant:
    """Returns the first instant at which a bar that opens may fill the order: the next bar, never the running one."""
    if order.last_fill_at is not None:
        return Instant(order.last_fill_at + 1)
    return order.works_from if order.works_from > order.placed_at else Instant(order.placed_at + 1)


def fill_qty(order: BrokerOrder, spec: BrokerSpec, plan: FaultPlan, at: Instant) -> Quantity:
    """Returns how much of an order the bar that opens at `at` executes. Units: shares, at least a lot."""
    rules = spec.rules[order.symbol]
    qty = order.rest if spec.fill_qty_max is None else min(order.rest, spec.fill_qty_max)
    partial = plan.of_order(FaultKind.PARTIAL, order.number, order.client_id)
    if partial is not None and not order.filled:
        return min(qty, _some_lots(Quantity(order.qty * partial.share), rules))
    key = f"{order.id}:{at}"
    if happens(spec.seed, "partial", key, bps=spec.partial_bps):
        tenths = 1 + draw(spec.seed, "partial share", key, below=9)
        return min(qty, _some_lots(Quantity(qty * tenths * TENTH), rules))
    overfill = plan.of_order(FaultKind.OVERFILL, order.number, order.client_id)
    if overfill is not None and qty == order.rest:
        return Quantity(qty + _some_lots(Quantity(order.qty * overfill.share), rules))
    return qty


def late_fill(order: BrokerOrder, spec: BrokerSpec, plan: FaultPlan, at: Instant) -> tuple[Instant, Quantity] | None:
    """Returns when and how much of an order executes after its cancel at `at`; None when nothing does."""
    fault = plan.of_order(FaultKind.LATE_FILL, order.number, order.client_id)
    if fault is None or not order.rest:
        return None
    qty = min(order.rest, _some_lots(Quantity(order.rest * fault.share), spec.rules[order.symbol]))
    return Instant(at + fault.delay_ms * NS_PER_MS), qty


def _some_lots(qty: Quantity, rules: TradingRules) -> Quantity:
    """Returns the quantity cut to lots, but never nothing."""
    return max(floor_to_lot(qty, rules)[0], Quantity(rules.lot))
