"""Cases of kind `position_scenarios`, and the fills of `live_tests`: fills to hedges, by the production step.

Each step of a case is a fill; whatever the desk then wants of its broker is answered as the case's broker does before
the next fill comes, unless that broker holds its answer back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.engine.effects import Cancel, Effect, Find, Place
from flatbook.engine.inputs import (
    CancelAnswered,
    Command,
    ExecutionsRead,
    FindAnswered,
    Item,
    OrderReported,
    PlaceAnswered,
    Restarted,
    Resumed,
    Verb,
)
from flatbook.engine.ports import ApprovedOrder, ChainRead
from flatbook.engine.reports import Absent, Accepted, CancelTaken, Execution, OrderReport, Unknown, VenueStatus
from flatbook.engine.step import step
from flatbook.engine.wakes import Wakes
from flatbook.events.event import Event
from flatbook.events.orders import OrderFound, UnknownReason
from flatbook.market.quotes import Market, Quote
from flatbook.state.desk import State
from flatbook.values.ids import ExecutionId, SourceId, VenueOrderId
from flatbook.values.instants import later
from flatbook.values.money import Price, Quantity, plain
from tests.desk import CHAIN, COIN, HEDGE, OPEN, OWNER, PAPER, VAULT, WTCOIN, Setting, desk_of, fill
from tests.vectors.outcome import Case, NotDue, differing

FRACTIONAL_LOT = "0.000000001"


_PARTLY = re.compile(r"(?P<what>rejects|cancels|expires|overfills)_(?:after|by)_(?P<qty>\d+(?:\.\d+)?)")
_LOST = re.compile(r"(?:http_5\d\d|timeout|disconnect)\w*_(?P<when>after|before)_recording")
_ENDS = {"rejects": VenueStatus.REJECTED, "cancels": VenueStatus.CANCELED, "expires": VenueStatus.EXPIRED}


class ScriptedDesk:
    """The production step, and a broker that does what a case says to its first order."""

    def __init__(self, setting: Setting, broker: str | None) -> None:
        self.rules = desk_of(setting, ()).rules
        self.state, self.market, self.wakes = State(), Market(), Wakes()
        self.now = later(OPEN, seconds=60)
        self.broker = broker
        self.price = Price(Decimal(setting.price))
        self.placed: list[ApprovedOrder] = []
        self.recorded: dict[str, ApprovedOrder] = {}
        self.held: list[ApprovedOrder] = []
        self.events: list[Event] = []
        self.lost_once = False
        self.market.write(COIN, SourceId("paper-bars"), self._quote())
        for item in (Restarted(), Resumed(key=(OWNER, COIN))):
            self.take(item)

    def _quote(self) -> Quote:
        return Quote(price=self.price, happened_at=self.now, seen_at=self.now)

    @property
    def net(self) -> Decimal:
        """The net in shares."""
        return self.state.positions.net(OWNER, COIN).known

    @property
    def orders(self) -> list[list[str]]:
        """What was ordered so far, as side and quantity."""
        return [[order.side.value, plain(order.qty)] for order in self.placed]

    def take(self, item: Item) -> None:
        """Steps one input and lets the broker answer what follows from it."""
        self.now = later(self.now, seconds=1)
        self.market.write(COIN, SourceId("paper-bars"), self._quote())
        done = step(self.state, self.market, item, now=self.now, rules=self.rules, wakes=self.wakes)
        self.events += done.events
        for effect in done.effects:
            self._answer(effect)

    def take_fill(self, number: int, side: str, shares: str) -> None:
        """Takes an onchain fill."""
        event = fill(number, side, shares, at=self.now, price=plain(self.price))
        self.take(ChainRead(source=CHAIN, events=(event,), cursor=str(number)))

    def _answer(self, effect: Effect) -> None:
        if isinstance(effect, Place):
            self._place(effect.order)
        elif isinstance(effect, Find):
            self._find(effect)
        elif isinstance(effect, Cancel):
            answer = CancelAnswered(order_id=effect.order_id, attempt=effect.attempt, answer=CancelTaken())
            self.take(answer)

    def _place(self, order: ApprovedOrder) -> None:
        if order.attempt == 0:
            self.placed.append(order)
        is_first, lost = not self.recorded, _LOST.fullmatch(self.broker or "")
        if is_first and lost is not None and not self.lost_once:
            self.lost_once = True
            if lost["when"] == "after":
                self.recorded[order.order_id] = order
            self.take(self._answered(order, Unknown(reason=UnknownReason.SERVER_FAULT)))
            self._find(Find(order_id=order.order_id, account=PAPER, instrument=order.instrument))
            return
        self.recorded[order.order_id] = order
        accepted = Accepted(venue_order_id=VenueOrderId(f"v-{order.order_id}"), pending=False, happened_at=self.now)
        self.take(self._answered(order, accepted))
        if is_first and self.broker == "holds_first_order_open":
            self.held.append(order)
            return
        self._execute(order, is_first=is_first)

    def _answered(self, order: ApprovedOrder, answer: Accepted | Unknown) -> PlaceAnswered:
        return PlaceAnswered(order_id=order.order_id, attempt=order.attempt, answer=answer)

    def _execute(self, order: ApprovedOrder, *, is_first: bool) -> None:
        partly = _PARTLY.fullmatch(self.broker or "") if is_first else None
        if partly is None:
            self._fill(order, order.qty)
        elif partly["what"] == "overfills":
            self._fill(order, Quantity(order.qty + Decimal(partly["qty"])))
        else:
            filled = Quantity(Decimal(partly["qty"]))
            self._report(order, filled, _ENDS[partly["what"]])

    def _fill(self, order: ApprovedOrder, qty: Quantity) -> None:
        self.take(ExecutionsRead(account=PAPER, executions=(self._execution(order, qty),), cursor=None))

    def _execution(self, order: ApprovedOrder, qty: Quantity) -> Execution:
        return Execution(
            execution_id=ExecutionId(f"x-{order.order_id}"),
            order_id=order.order_id,
            venue_order_id=None,
            instrument=order.instrument,
            side=order.side,
            qty=qty,
            price=self.price,
            fees=(),
            realised=None,
            happened_at=self.now,
        )

    def _report(self, order: ApprovedOrder, filled: Quantity, status: VenueStatus) -> None:
        self.take(OrderReported(account=PAPER, report=self._order_report(order, filled, status)))

    def _order_report(self, order: ApprovedOrder, filled: Quantity, status: VenueStatus) -> OrderReport:
        return OrderReport(
            order_id=order.order_id,
            venue_order_id=VenueOrderId(f"v-{order.order_id}"),
            instrument=order.instrument,
            side=order.side,
            qty=order.qty,
            filled_qty=filled,
            status=status,
            status_text=status.value,
            executions=(self._execution(order, filled),) if filled else (),
            complete=True,
            happened_at=self.now,
        )

    def _find(self, effect: Find) -> None:
        order = self.recorded.get(effect.order_id)
        found = Absent() if order is None else self._order_report(order, order.qty, VenueStatus.FILLED)
        self.take(FindAnswered(order_id=effect.order_id, asked_at=self.now, answer=found))

    def finish_held(self) -> None:
        """Fills what the broker held open."""
        for order in self.held:
            self._fill(order, order.qty)
        self.held = []

    def retry(self) -> None:
        """Lets time pass so that a refused or rejected hedge is tried again."""
        self.now = later(self.now, seconds=HEDGE.retry_s)
        self.market.write(COIN, SourceId("paper-bars"), self._quote())
        self.take(Resumed(key=(OWNER, COIN)))


def _setting(case: Case, *, fractional: bool) -> Setting:
    shares, usd, cap = (case.get(name) for name in ("threshold_shares", "threshold_usd", "operational_limit"))
    if shares is None:
        shares = case.get("threshold")
    if shares is None and usd is None:
        raise NotDue("the case states no threshold")
    hedge = msgspec.structs.replace(
        HEDGE,
        threshold_shares=Decimal(str(shares)) if shares is not None else None,
        threshold_usd=Decimal(str(usd)) if usd is not None else None,
        order_shares_max=Decimal(str(cap)) if cap is not None else None,
    )
    price = str(case.get("last_price", Setting().price))
    return Setting(hedge=hedge, lot=FRACTIONAL_LOT if fractional else "1", price=price)


def _known_broker(case: Case) -> str | None:
    broker = case.get("broker")
    known = (None, "holds_first_order_open")
    if broker in known or _PARTLY.fullmatch(broker) or _LOST.fullmatch(broker):
        return broker
    raise NotDue(f"no script for a broker that {broker}")


def run_scenario(case: Case) -> str | None:
    """Compares nets, orders and what became of them."""
    steps, expected = case.get("steps"), case.get("expected")
    if not isinstance(steps, list) or not isinstance(expected, dict):
        raise NotDue("the case has no steps to run")
    variants = {name: expected[name] for name in ("whole_shares", "fractional") if isinstance(expected.get(name), dict)}
    if not variants:
        return _run_steps(case, steps, expected, fractional=bool(case.get("fractional", False)))
    for name, wanted in variants.items():
        found = _run_steps(case, steps, {**expected, **wanted}, fractional=name == "fractional")
        if found is not None:
            return f"{name}: {found}"
    return None


def _run_steps(case: Case, steps: Sequence[Any], expected: dict[str, Any], *, fractional: bool) -> str | None:
    desk = ScriptedDesk(_setting(case, fractional=fractional), _known_broker(case))
    nets, seen = list[Decimal](), dict[int, None]()
    for place, (side, shares, *key) in enumerate(steps, 1):
        before, number = desk.net, int(key[0]) if key else place
        desk.take_fill(number, str(side).lower(), str(shares))
        nets.append(before if number in seen else before + _signed(str(side).lower(), str(shares)))
        seen[number] = None
    found: dict[str, Any] = {"net": nets, "orders": desk.orders}
    before_second = desk.net
    desk.finish_held()
    if len(desk.placed) == 1 and desk.state.positions.net(OWNER, COIN).refusals:
        desk.retry()
    found["orders_after_first_done"] = desk.orders
    if "orders_after_first_done" not in expected:
        found["orders"] = desk.orders
    ids = {order.order_id for order in desk.placed}
    found |= {
        "net_after_fill": desk.net,
        "net_before_second": before_second,
        "orders_at_broker": len(desk.recorded),
        "same_client_id": len(ids) == 1,
        "outcome": "adopted" if any(isinstance(event, OrderFound) for event in desk.events) else "placed",
    }
    return differing({name: value for name, value in expected.items() if name in found}, found)


def run_live_fills(case: Case) -> str | None:
    """Compares what a live day's fills lead to: nets and orders, in whole shares as that broker traded."""
    desk = ScriptedDesk(_setting(case, fractional=False), None)
    start = case.get("start")
    if isinstance(start, dict):
        _overwrite(desk, str(start["net"]))
    fills = case["fills"]
    before = desk.net
    total = sum((_signed(side, shares) for side, shares in fills), Decimal(0))
    if case.get("batch"):
        price = plain(desk.price)
        events = tuple(fill(n, side, shares, at=desk.now, price=price) for n, (side, shares) in enumerate(fills, 1))
        desk.take(ChainRead(source=CHAIN, events=events, cursor="1"))
    else:
        for number, (side, shares) in enumerate(fills, 1):
            desk.take_fill(number, side, shares)
    ordered = [f"{order.side.value.upper()} {plain(order.qty)}" for order in desk.placed]
    found = {"net_before": before + total, "net_before_hedge": before + total, "net_after": desk.net}
    failure = differing(case["expected"], found)
    return failure or _differing_orders(case["expected"], ordered)


def _signed(side: str, shares: str) -> Decimal:
    return Decimal(shares) if side == "buy" else -Decimal(shares)


def _differing_orders(expected: dict[str, Any], ordered: list[str]) -> str | None:
    """Compares orders written for people: `BUY 2 GME`, `SELL 1 when net reached ...`."""
    texts = expected.get("streaming_orders") or ([expected["order"]] if "order" in expected else None)
    if texts is None:
        return None
    wanted = [" ".join(text.split()[:2]) for text in texts]
    return None if wanted == ordered else f"orders: expected {wanted}, found {ordered}"


def _overwrite(desk: ScriptedDesk, net: str) -> None:
    arguments = {
        "owner": OWNER,
        "account": VAULT,
        "instrument": WTCOIN,
        "underlying": COIN,
        "qty": net,
        "expected": "0",
        "price": plain(desk.price),
    }
    command = Command(key="start", actor="case", reason="start", verb=Verb.POSITION_OVERWRITE, arguments=arguments)
    desk.take(command)
