"""Every order that was ever intended: what was asked, what became of it, and how long each step took."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.events import orders as ev
from flatbook.events.event import Event
from flatbook.projections.edges import DECISION_PRICE
from flatbook.projections.fold import Recorded
from flatbook.state.orders import Order, Status, move_of, moved, order_of_intent
from flatbook.values.ids import (
    AccountId,
    AssetId,
    EventRef,
    InstrumentId,
    OrderId,
    OwnerId,
    Underlying,
    VenueOrderId,
)
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import BPS, ONE, ZERO, Money, NumberRefused, Price, Quantity, divide_cut, parse_number

PRICE_DECIMALS = 18
INDEXED = ("owner", "underlying", "account", "instrument")
STATUS = "status"
QUOTE_RATE = "quote_usd"
replace = msgspec.structs.replace


class Outcome(Enum):
    """How an order went: what its state comes to for whoever asked for it."""

    WORKING = "working"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELED = "canceled"
    FAILED = "failed"


OUTCOMES = {
    Status.INTENDED: Outcome.WORKING,
    Status.SUBMITTED: Outcome.WORKING,
    Status.ACCEPTED: Outcome.WORKING,
    Status.PARTIALLY_FILLED: Outcome.WORKING,
    Status.PENDING_CANCEL: Outcome.WORKING,
    Status.UNKNOWN: Outcome.UNKNOWN,
    Status.FILLED: Outcome.FILLED,
    Status.CANCELED: Outcome.CANCELED,
    Status.EXPIRED: Outcome.CANCELED,
    Status.REJECTED: Outcome.FAILED,
    Status.DENIED: Outcome.FAILED,
}


class OrderLine(msgspec.Struct, frozen=True, kw_only=True, tag="order"):
    """One order of ours with its executions.

    Units: `cash` is the sum of quantity * price * contract size over its executions, in `quote`; fees in their
    assets, rebates below zero. `unknown_since` is set while its fate is not known. `why` is the venue's or our reason
    where it was rejected or never sent. `submitted_at` and `acknowledged_at` are when we heard that the venue has it,
    and that it accepted it: by our clock, where `accepted_at` is by the venue's.
    """

    order: Order
    evidence: dict[str, str]
    cash: Money
    quote: AssetId | None
    fees: dict[AssetId, Money]
    executions: int
    submitted_at: Instant | None
    accepted_at: Instant | None
    acknowledged_at: Instant | None
    unknown_since: Instant | None
    first_filled_at: Instant | None
    last_filled_at: Instant | None
    ended_at: Instant | None
    why: str | None

    @property
    def average_price(self) -> Price | None:
        """Cash per unit of underlying, cut to 18 decimals; None before the first execution."""
        units = self.order.filled * self.order.contract_size
        return Price(divide_cut(self.cash, units, decimals=PRICE_DECIMALS)) if units else None

    @property
    def slippage_usd(self) -> Money | None:
        """What it paid beyond the price that it was decided on, above zero when worse; None before its first execution.

        Units: USD. None too where its evidence states no such price.
        """
        decided, rate = _stated(self.evidence, DECISION_PRICE), _stated(self.evidence, QUOTE_RATE)
        units = self.order.filled * self.order.contract_size
        if decided is None or not units:
            return None
        paid = self.cash * (ONE if rate is None else rate)
        return Money((paid - decided * units) * self.order.side.sign)

    @property
    def slippage_bps(self) -> Decimal | None:
        """The same in basis points of what it would have come to at that price, cut to two decimals."""
        slippage, decided = self.slippage_usd, _stated(self.evidence, DECISION_PRICE)
        if slippage is None or not decided:
            return None
        units = self.order.filled * self.order.contract_size
        return divide_cut(slippage, decided * units * BPS, decimals=2)

    @property
    def outcome(self) -> Outcome:
        """How it went, in one word."""
        return OUTCOMES[self.order.status]

    @property
    def is_posted(self) -> bool:
        """Whether its venue is known to have had it."""
        return self.accepted_at is not None or self.order.venue_order_id is not None


class RefusedLine(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """An intent that risk refused; no order exists.

    Units: qty in base (contracts); limit and asked in the unit of the rule, as text.
    """

    order_id: OrderId
    owner: OwnerId
    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    side: Side
    qty: Quantity
    rule: ev.RefusalRule
    limit: str
    asked: str
    because: EventRef | None
    decided_at: Instant


class ForeignLine(msgspec.Struct, frozen=True, kw_only=True, tag="foreign"):
    """An order on our account that is not ours, as last seen.

    Units: qty and filled_qty in base (contracts); contract_size in base per contract.
    """

    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    venue_order_id: VenueOrderId
    side: Side
    qty: Quantity
    filled_qty: Quantity
    contract_size: Decimal
    open: bool
    seen_at: Instant


Line = OrderLine | RefusedLine | ForeignLine


OrderKey = tuple[Instant, OrderId]


class Orders:
    """All orders of a journal. `keys` are those of our own orders, the oldest decision first."""

    def __init__(self) -> None:
        self.rows: dict[str, Line] = {}
        self.keys: list[OrderKey] = []
        self._by: dict[tuple[str, str], list[OrderKey]] = {}

    def apply(self, item: Recorded) -> None:
        """Folds one event."""
        event = item.event
        if isinstance(event, ev.OrderIntended):
            if (before := self.line(event.order_id)) is not None:
                self._drop(before.order)
            self._put(None, _intended(event))
        elif isinstance(event, ev.IntentRefused):
            self.rows[event.order_id] = _refused(event)
        elif isinstance(event, ev.ForeignOrderSeen):
            self.rows[f"{event.account}:{event.venue_order_id}"] = _foreign(event)
        elif (order_id := getattr(event, "order_id", None)) is not None:
            self._move(order_id, event)

    def line(self, order_id: OrderId) -> OrderLine | None:
        """Returns an order of ours by its id; None when there is none."""
        row = self.rows.get(order_id)
        return row if isinstance(row, OrderLine) else None

    def keys_of(self, name: str, value: str) -> Sequence[OrderKey]:
        """Returns the keys of our orders with a value of one of INDEXED, or of `status`, the oldest decision first.

        Shape: owned by this object; valid until the next event is applied.
        """
        return self._by.get((name, value), ())

    def fork(self) -> Orders:
        """Returns a copy that goes its own way from here."""
        copy = Orders()
        copy.rows, copy.keys = dict(self.rows), list(self.keys)
        copy._by = {key: list(keys) for key, keys in self._by.items()}
        return copy

    def _move(self, order_id: OrderId, event: Event) -> None:
        line = self.line(order_id)
        if line is not None and move_of(line.order, event) is not None:
            self._put(line, _moved(line, event))

    def _put(self, before: OrderLine | None, line: OrderLine) -> None:
        """Puts an order in the place of what it was before, None where it is new."""
        order = line.order
        self.rows[order.order_id] = line
        if before is not None and before.order.status is order.status:
            return
        key = order.decided_at, order.order_id
        if before is not None:
            _leave(self._by[STATUS, before.order.status.value], key)
        else:
            _enter(self.keys, key)
            for name in INDEXED:
                _enter(self._by.setdefault((name, getattr(order, name)), []), key)
        _enter(self._by.setdefault((STATUS, order.status.value), []), key)

    def _drop(self, order: Order) -> None:
        """Takes an order out of all lists, as one that is intended anew stands where it is decided anew."""
        key = order.decided_at, order.order_id
        _leave(self.keys, key)
        _leave(self._by[STATUS, order.status.value], key)
        for name in INDEXED:
            _leave(self._by[name, getattr(order, name)], key)


def _enter(keys: list[OrderKey], key: OrderKey) -> None:
    if keys and key < keys[-1]:
        insort(keys, key)
    else:
        keys.append(key)


def _leave(keys: list[OrderKey], key: OrderKey) -> None:
    del keys[bisect_left(keys, key)]


def order_lines(orders: Orders, *, owner: OwnerId | None = None, open_only: bool = False) -> tuple[OrderLine, ...]:
    """Returns our orders, the oldest decision first."""
    lines = (line for _, order_id in orders.keys if (line := orders.line(order_id)) is not None)
    return tuple(line for line in lines if owner in (None, line.order.owner) and (not open_only or line.order.is_open))


def refused_lines(orders: Orders) -> tuple[RefusedLine, ...]:
    """Returns the refused intents, the oldest decision first."""
    lines = (line for line in orders.rows.values() if isinstance(line, RefusedLine))
    return tuple(sorted(lines, key=lambda line: (line.decided_at, line.order_id)))


def foreign_lines(orders: Orders) -> tuple[ForeignLine, ...]:
    """Returns the orders that are not ours, by account and the venue's id."""
    lines = (line for line in orders.rows.values() if isinstance(line, ForeignLine))
    return tuple(sorted(lines, key=lambda line: (line.account, line.venue_order_id)))


def _stated(evidence: dict[str, str], name: str) -> Decimal | None:
    text = evidence.get(name)
    try:
        return None if text is None else parse_number(text)
    except NumberRefused:
        return None


def _intended(event: ev.OrderIntended) -> OrderLine:
    return OrderLine(
        order=order_of_intent(event),
        evidence=dict(event.evidence or {}),
        cash=Money(ZERO),
        quote=None,
        fees={},
        executions=0,
        submitted_at=None,
        accepted_at=None,
        acknowledged_at=None,
        unknown_since=None,
        first_filled_at=None,
        last_filled_at=None,
        ended_at=None,
        why=None,
    )


def _refused(event: ev.IntentRefused) -> RefusedLine:
    return RefusedLine(
        order_id=event.order_id,
        owner=event.owner,
        account=event.account,
        instrument=event.instrument,
        underlying=event.underlying,
        side=event.side,
        qty=event.qty,
        rule=event.rule,
        limit=event.limit,
        asked=event.asked,
        because=event.because,
        decided_at=event.decided_at,
    )


def _foreign(event: ev.ForeignOrderSeen) -> ForeignLine:
    return ForeignLine(
        account=event.account,
        instrument=event.instrument,
        underlying=event.underlying,
        venue_order_id=event.venue_order_id,
        side=event.side,
        qty=event.qty,
        filled_qty=event.filled_qty,
        contract_size=event.contract_size,
        open=event.open,
        seen_at=event.seen_at,
    )


def _moved(line: OrderLine, event: Event) -> OrderLine:
    order = moved(line.order, event)
    unknown = order.status is Status.UNKNOWN
    changed = replace(
        line,
        order=order,
        unknown_since=(line.unknown_since or order.changed_at) if unknown else None,
        ended_at=None if order.is_open else line.ended_at or order.changed_at,
    )
    if isinstance(event, ev.OrderFilled):
        return _filled(changed, event)
    if isinstance(event, ev.OrderSubmitted):
        return replace(changed, submitted_at=line.submitted_at or event.seen_at)
    if isinstance(event, ev.OrderAccepted):
        return replace(
            changed,
            accepted_at=line.accepted_at or event.happened_at,
            acknowledged_at=line.acknowledged_at or event.seen_at,
        )
    if isinstance(event, ev.OrderRejected):
        return replace(changed, why=f"{event.reason.value}: {event.message}" if event.message else event.reason.value)
    return replace(changed, why=event.reason.value) if isinstance(event, ev.OrderNotSent) else changed


def _filled(line: OrderLine, event: ev.OrderFilled) -> OrderLine:
    fees = dict(line.fees)
    for fee in event.fees:
        fees[fee.asset] = Money(fees.get(fee.asset, ZERO) + fee.amount)
    at = event.happened_at
    return replace(
        line,
        cash=Money(line.cash + event.qty * event.price * event.contract_size),
        quote=event.quote,
        fees=fees,
        executions=line.executions + 1,
        first_filled_at=min(line.first_filled_at or at, at),
        last_filled_at=max(line.last_filled_at or at, at),
    )
