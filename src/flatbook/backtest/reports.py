"""What a simulator tells, in the words of a venue."""

from __future__ import annotations

from decimal import Decimal

from flatbook.backtest.grid import Steps
from flatbook.backtest.kernel.tables import ADDS, CANCELED, EXPIRED, FILLED, LACKS, REJECTED, SMALL, TAKES, WORKING
from flatbook.backtest.placed import Sent
from flatbook.backtest.simulator import Told
from flatbook.backtest.standing import Standing
from flatbook.backtest.terms import FEE_DECIMALS, FeeRates
from flatbook.engine.inputs import ActivitySeen, ExecutionsRead, Item, OrderReported, PlaceAnswered
from flatbook.engine.reports import Accepted, Activity, Execution, OrderReport, Rejected, VenueStatus
from flatbook.events.activities import ActivityKind
from flatbook.events.orders import Fee, ForcedBy, RejectReason
from flatbook.market.ticks import RATE_DECIMALS
from flatbook.values.ids import ActivityId, ExecutionId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Price, Quantity, cut, lower_to, raise_to

_STATUS = {CANCELED: VenueStatus.CANCELED, EXPIRED: VenueStatus.EXPIRED}
_REASONS = {
    TAKES: RejectReason.WOULD_TAKE,
    ADDS: RejectReason.OTHER,
    SMALL: RejectReason.INVALID_QUANTITY,
    LACKS: RejectReason.INSUFFICIENT_FUNDS,
}
HALF = Decimal("0.5")
_NO_FEES: tuple[Fee, ...] = ()


def item_of(sent: Sent, told: Told) -> Item:
    """Returns what the engine takes for a report about an order."""
    kind, happened_at = told.kind, Instant(told.venue_time)
    if kind == WORKING:
        taken = Accepted(venue_order_id=sent.venue_order_id, pending=False, happened_at=happened_at)
        return PlaceAnswered(order_id=sent.wish.order_id, attempt=0, answer=taken)
    if kind == FILLED:
        account = sent.standing.steps.instrument.account
        return ExecutionsRead(account=account, executions=(_execution(sent, told, happened_at),), cursor=None)
    if kind == REJECTED:
        return PlaceAnswered(order_id=sent.wish.order_id, attempt=0, answer=refusal(_REASONS[told.price], happened_at))
    return OrderReported(account=sent.standing.steps.instrument.account, report=_ending(sent, told, happened_at))


def refusal(reason: RejectReason, at: Instant) -> Rejected:
    """Returns that the venue turns an order down."""
    return Rejected(reason=reason, code="simulated", message=reason.value, happened_at=at)


def _execution(sent: Sent, told: Told, happened_at: Instant) -> Execution:
    steps = sent.standing.steps
    qty, price = steps.qty(told.qty), steps.price(told.price)
    return Execution(
        execution_id=execution_id_of(sent, told),
        order_id=sent.wish.order_id,
        venue_order_id=sent.venue_order_id,
        instrument=steps.instrument.id,
        side=sent.wish.side,
        qty=qty,
        price=price,
        fees=fees_of(sent.standing, (sent.wish.side, qty, price), maker=told.maker != 0),
        realised=None,
        happened_at=happened_at,
        maker=told.maker != 0,
    )


def execution_id_of(sent: Sent, told: Told) -> ExecutionId:
    """Returns the id of an execution, which never comes again."""
    return ExecutionId(f"{sent.venue_order_id}-{told.nth}")


def fees_of(standing: Standing, executed: tuple[Side, Quantity, Price], *, maker: bool) -> tuple[Fee, ...]:
    """Returns the fee of an execution: in the quote, rounded against us, or of a spot purchase in what was bought.

    That one is cut, as the exchange on paper does it: what is kept of a purchase is what can be sold.
    """
    rate = standing.rates.maker if maker else standing.rates.taker
    if not rate:
        return _NO_FEES
    (side, qty, price), instrument = executed, standing.instrument
    bought = qty * instrument.contract_size
    if standing.pays_in_kind and side is Side.BUY:
        return (Fee(asset=instrument.asset, amount=Money(cut(bought * rate, decimals=FEE_DECIMALS))),)
    return (Fee(asset=instrument.quote, amount=Money(raise_to(bought * price * rate, decimals=FEE_DECIMALS))),)


def _ending(sent: Sent, told: Told, happened_at: Instant) -> OrderReport:
    status = _STATUS[told.kind]
    return OrderReport(
        order_id=sent.wish.order_id,
        venue_order_id=sent.venue_order_id,
        instrument=sent.standing.steps.instrument.id,
        side=sent.wish.side,
        qty=sent.wish.qty,
        filled_qty=Quantity(sent.wish.qty - sent.standing.steps.qty(told.left)),
        status=status,
        status_text=status.value,
        executions=(),
        complete=True,
        happened_at=happened_at,
    )


def funding_of(steps: Steps, told: Told) -> ActivitySeen:
    """Returns that funding was paid, or got, on the position at its settlement; cut against us."""
    instrument, at = steps.instrument, Instant(told.venue_time)
    rate = Decimal(told.price).scaleb(-RATE_DECIMALS)
    amount = -steps.qty(told.qty) * instrument.contract_size * steps.price(told.left) * rate
    activity = Activity(
        activity_id=ActivityId(f"funding-{instrument.id}-{at}"),
        kind=ActivityKind.FUNDING,
        venue_kind="funding",
        asset=instrument.quote,
        amount=Quantity(lower_to(amount, decimals=FEE_DECIMALS)),
        instrument=instrument.id,
        order_id=None,
        detail=f"rate {rate:f} on {told.qty} lots at {told.left} ticks",
        happened_at=at,
    )
    return ActivitySeen(account=instrument.account, activity=activity)


def forced_of(steps: Steps, rates: FeeRates, told: Told) -> ExecutionsRead:
    """Returns that the venue closed a position by force, for want of margin, at the fee of what takes."""
    instrument, qty = steps.instrument, steps.qty(abs(told.qty))
    price = Price(told.price * HALF * steps.tick)
    fee = raise_to(qty * instrument.contract_size * price * rates.taker, decimals=FEE_DECIMALS)
    closed = Execution(
        execution_id=ExecutionId(f"liquidation-{instrument.id}-{told.nth}"),
        order_id=None,
        venue_order_id=None,
        instrument=instrument.id,
        side=Side.BUY if told.qty > 0 else Side.SELL,
        qty=qty,
        price=price,
        fees=(Fee(asset=instrument.quote, amount=Money(fee)),) if rates.taker else _NO_FEES,
        realised=None,
        happened_at=Instant(told.venue_time),
        maker=False,
        forced=ForcedBy.LIQUIDATION,
    )
    return ExecutionsRead(account=instrument.account, executions=(closed,), cursor=None)
