"""Cases of kinds `position_restore` and `order_updates`: what slots hold, by the planner and by the production step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec

from flatbook.engine.effects import Find, Place
from flatbook.engine.inputs import CancelAnswered, FindAnswered, OrderReported, PlaceAnswered, Resumed
from flatbook.engine.overdue import overdue
from flatbook.engine.reports import Absent, CancelTooLate, Execution, OrderReport, Unknown, VenueStatus
from flatbook.events.orders import CancelReason, RejectReason, UnknownReason
from flatbook.state.grid import GridMemory
from flatbook.state.intents import CancelIntent
from flatbook.state.orders import TERMINAL, Order, Status
from flatbook.strategies.decision import Decision
from flatbook.strategies.grid import plan_of, scene_of
from flatbook.strategies.grid_assign import shares_of
from flatbook.strategies.grid_scene import Held, price_of, ticks_of
from flatbook.strategies.grid_terms import GridMode, GridParams, QuotePerLevel
from flatbook.strategies.quoting import QuoteView
from flatbook.values.ids import ExecutionId, OrderId, Slot, VenueOrderId
from flatbook.values.instants import later
from flatbook.values.instruments import Side, TradingRules
from flatbook.values.lattice import Lattice, Spacing, level
from flatbook.values.money import ONE, ZERO, Money, Price, Quantity, plain
from tests.unit.engine.quote_scene import ACCOUNT, LIMITS, Scene, decision, instrument, place
from tests.unit.strategies.grid_scene import NEUTRAL, PERP, LiteralView
from tests.vectors.outcome import Case, NotDue, differing

SLOT = Slot("1:0")
FINE = Decimal("0.0001")
TRADED = instrument(
    rules=TradingRules(tick=Decimal("0.1"), lot=FINE, qty_min=FINE, notional_min=Decimal(5)),
)
SOON_MS, MINUTE_MS = 3_000, 60_000
STATES = {
    "NEW": VenueStatus.OPEN,
    "PARTIALLY_FILLED": VenueStatus.OPEN,
    "FILLED": VenueStatus.FILLED,
    "CANCELED": VenueStatus.CANCELED,
    "EXPIRED": VenueStatus.EXPIRED,
    "REJECTED": VenueStatus.REJECTED,
}
REFUSALS = {
    "POST_ONLY": RejectReason.WOULD_TAKE,
    "POST_ONLY_REJECT": RejectReason.WOULD_TAKE,
    "INSUFFICIENT_MARGIN": RejectReason.INSUFFICIENT_FUNDS,
    "REJECTED": RejectReason.OTHER,
}
UNSEEN = (Status.INTENDED, Status.SUBMITTED, Status.UNKNOWN)
NOBODY = OrderId("of-nobody-here")


def run_restore(case: Case) -> str | None:
    """Compares the slots that a position is given to, and what a grid opens around a price."""
    asked = case["input"]
    if "keys" in asked:
        return _same_level(case)
    if "targets" in asked:
        return _synced(case)
    if "total_position" in asked:
        return _restored(case)
    if "new_price" in asked:
        return _recentred(case)
    params = _params({"anchor": "100", "interval": "1", "order_quote_qty": "100", **asked})
    view = LiteralView(params, price=10_000)
    return differing(case["expected"], {"slots_after_initialize": len(view.apply().intents)})


def _params(asked: dict[str, Any], *, mode: GridMode = GridMode.NEUTRAL) -> GridParams:
    tick, lot = Decimal("0.01"), ONE.scaleb(-int(asked.get("qty_decimals", 8)))
    return msgspec.structs.replace(
        NEUTRAL,
        instrument=msgspec.structs.replace(
            PERP, rules=TradingRules(tick=tick, lot=lot, qty_min=lot, notional_min=ZERO)
        ),
        mode=mode,
        step=ticks_of(Price(Decimal(asked["interval"])), tick),
        anchor=ticks_of(Price(Decimal(asked["anchor"])), tick),
        size=QuotePerLevel(amount=Money(Decimal(asked["order_quote_qty"]))),
        buy_levels=asked.get("buy_window", 2),
        sell_levels=asked.get("sell_window", 2),
        fee=ZERO,
    )


def _lattice(params: GridParams) -> Lattice:
    assert params.anchor is not None
    return Lattice(number=1, spacing=Spacing.ARITHMETIC, anchor=params.anchor, step=params.step)


def _given(params: GridParams, excess: Decimal, held: Held, entry: Decimal) -> Held:
    found = shares_of(excess, params, _lattice(params), held, centre=0, entry=Price(entry))
    return {place: each for place, each in {**held, **found}.items() if each.qty}


def _restored(case: Case) -> str | None:
    asked = case["input"]
    params, entry = _params(asked), Decimal(asked.get("entry", asked["anchor"]))
    held = _given(params, Decimal(asked["total_position"]), {}, entry)
    lattice = _lattice(params)
    slots = [
        f"{plain(price_of(level(lattice, index), params))} {plain(each.qty)} {'SELL' if each.qty > 0 else 'BUY'}"
        for (_, index), each in held.items()
    ]
    wanted = [f"{slot['price']} {slot['qty']} {slot['next_side']}" for slot in case["expected"]["slots"]]
    if slots != wanted:
        return f"slots: expected {wanted}, found {slots}"
    found = {
        "allocated": sum((each.qty for each in held.values()), ZERO),
        "cost": sum((each.cost for each in held.values()), ZERO),
    }
    return differing(case["expected"], found)


def _synced(case: Case) -> str | None:
    asked, expected = case["input"], case["expected"]
    params = _params(asked)
    first = _given(params, Decimal(asked["targets"][0]), {}, Decimal(asked["anchor"]))
    total = sum((each.qty for each in first.values()), ZERO)
    second = _given(params, Decimal(asked["targets"][1]) - total, first, Decimal(asked["anchor"]))
    wanted = expected["after_first"]
    if not wanted["filled_slots_min"] <= len(first) <= wanted["filled_slots_max"]:
        return f"{len(first)} slots hold something"
    sides = {"SELL" if each.qty > 0 else "BUY" for each in first.values()}
    failure = differing(wanted, {"total_qty": total, "side_of_filled": next(iter(sides))})
    left = sum((each.qty for each in second.values()), ZERO)
    return failure or differing(expected["after_second"], {"filled_slots": len(second), "total_qty": left})


def _recentred(case: Case) -> str | None:
    asked = case["input"]
    params = _params(asked, mode=GridMode.LONG)
    assert params.anchor is not None
    view = LiteralView(params, price=params.anchor)
    view.apply()
    view.see(ticks_of(Price(Decimal(asked["new_price"])), params.instrument.rules.tick))
    assert view.book is not None
    scene, _ = scene_of(view, params, view.memory or GridMemory(), view.book)
    buys = [price_of(want.ticks, params) for want in plan_of(scene, free=None).wants]
    return differing(case["expected"], {"must_place_buy_at": max(buys)})


def _same_level(case: Case) -> str | None:
    prices = [Price(Decimal(key)) for key in case["input"]["keys"]]
    ticks = {ticks_of(price, Decimal("0.01")) for price in prices}
    found = {"canonical_key": plain(prices[0]), "all_equal": len(ticks) == 1}
    return differing(case["expected"], found)


class SlotDesk:
    """The production step with one order in one slot, and a venue that says what a case lets it say."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.slot = asked["slot"]
        told = [each for each in (*asked.get("updates", ()), *map(_queried, asked.get("events", ()))) if each]
        most = max([Decimal(each.get("cum_qty", "0")) for each in told], default=ZERO)
        self.side = Side(self.slot["side"].lower())
        self.qty = Decimal(self.slot.get("qty", most or "0.001"))
        held = Decimal(self.slot.get("position_qty", "0" if self.side is Side.BUY else self.qty))
        self.wanted = [(Side.BUY, held)] if held else []
        self.scene = Scene(self._decide, TRADED, LIMITS)
        self.applied = 0
        self.cancels = False
        self.totals = [ZERO]
        price = int(Decimal(self.slot["price"]) * 10)
        self.scene.begin(bid=price - 100, ask=price + 100)
        if held:
            self.scene.accept(self.order.order_id)
            self.scene.fill(self.order.order_id, str(held), self.slot["price"])
        self.wanted.append((self.side, self.qty))
        self.scene.take(Resumed(key=self.scene.seat.key))

    def _decide(self, view: QuoteView, _params: Any) -> Decision:
        if self.cancels:
            return decision(CancelIntent(order_id=self.order.order_id, reason=CancelReason.OFF_GRID, because=None))
        wanted, self.wanted = self.wanted, []
        price = self.slot["price"]
        intents = [
            place(view, 0, side, price, str(qty), instrument=TRADED, slot=SLOT, reduce_only=side is Side.SELL)
            for side, qty in wanted
        ]
        return decision(*intents)

    @property
    def order(self) -> Order:
        """The newest order."""
        return list(self.scene.state.orders.values())[-1]

    def take(self, item: Any) -> None:
        """Takes an input, and counts it when it told something new."""
        self.applied += bool(self.scene.take(item).events)

    def report(self, update: dict[str, Any], *, found: bool = False) -> None:
        """Takes what the venue says of the order: its state, and all that was executed of it so far.

        Under a client id that is not the slot's it says so of an order of somebody else.
        """
        order, total = self.order, Decimal(update.get("cum_qty", "0"))
        if total > self.totals[-1]:
            self.totals.append(total)
        is_ours = update.get("client_id", self.slot.get("client_id")) == self.slot.get("client_id")
        report = OrderReport(
            order_id=order.order_id if is_ours else NOBODY,
            venue_order_id=VenueOrderId(str(update.get("order_id", self.slot.get("order_id", "V")))),
            instrument=TRADED.id,
            side=order.side,
            qty=order.qty,
            filled_qty=Quantity(total),
            status=STATES[update["status"]],
            status_text=update["status"],
            executions=tuple(self._executions(total)) if is_ours else (),
            complete=is_ours,
            happened_at=self.scene.now,
        )
        at = self.scene.now
        answered = FindAnswered(order_id=order.order_id, asked_at=at, answer=report)
        before = self.applied
        self.take(answered if found else OrderReported(account=ACCOUNT, report=report))
        self.applied = self.applied if is_ours else before

    def _executions(self, total: Decimal) -> Iterator[Execution]:
        """Yields one execution for each step in which what was executed grew to a total."""
        for before, after in pairwise(self.totals):
            if after <= total:
                yield Execution(
                    execution_id=ExecutionId(f"X-{after}"),
                    order_id=self.order.order_id,
                    venue_order_id=None,
                    instrument=TRADED.id,
                    side=self.order.side,
                    qty=Quantity(after - before),
                    price=Price(Decimal(self.slot["price"])),
                    fees=(),
                    realised=None,
                    happened_at=self.scene.now,
                )

    def happen(self, event: dict[str, Any]) -> None:
        """Lets one event of a case happen."""
        if "after_minutes" in event:
            self.scene.now = later(self.scene.now, seconds=60 * event["after_minutes"])
        if "submit_error" in event:
            self._answer(event["submit_error"])
        elif "rest_ack" in event:
            acked = event["rest_ack"]
            self._answer(acked["status"] if acked.get("status") == "REJECTED" else None)
        elif "cancel_error" in event:
            gone = event["cancel_error"] == "ORDER_NOT_FOUND"
            answer = CancelTooLate(message="not found") if gone else Unknown(reason=UnknownReason.TIMED_OUT)
            order = self.order
            self.take(CancelAnswered(order_id=order.order_id, attempt=order.cancel_attempt, answer=answer))
        elif "query" in event or "query_by_client_id" in event:
            queried = _queried(event)
            if queried:
                self.report(queried, found=True)
            else:
                self._find_none()
        elif "status" in event:
            self.report(event)
        else:
            raise NotDue(f"nothing here plays {', '.join(event)}")

    def _answer(self, error: str | None) -> None:
        """Takes the answer to the order: that the venue has it, that it refused it, or that nobody knows."""
        order_id = self.order.order_id
        if error is None:
            self.scene.accept(order_id)
        elif error in REFUSALS:
            self.scene.reject(order_id, REFUSALS[error])
        else:
            unknown = Unknown(reason=UnknownReason.TIMED_OUT)
            self.take(PlaceAnswered(order_id=order_id, attempt=0, answer=unknown))

    def _find_none(self) -> None:
        """Takes that the venue has no such order, and says so for as long as it takes to be believed."""
        self.scene.wait(ms=MINUTE_MS)
        self.take(FindAnswered(order_id=self.order.order_id, asked_at=self.scene.now, answer=Absent()))

    def cancel(self) -> None:
        """Has the order be canceled, as a case finds it."""
        self.report({"status": "NEW"})
        self.cancels = True
        self.scene.take(Resumed(key=self.scene.seat.key))

    def found(self) -> dict[str, Any]:
        """Returns what became of the slot and of its order."""
        held = self.scene.state.slots.get((self.scene.seat.owner, TRADED.id), {}).get(SLOT)
        qty = ZERO if held is None else held.qty
        is_free = self.order.status in TERMINAL and not self.order.leaves
        sent = sum(isinstance(effect, Place) for effect in self.scene.effects) - (self.side is Side.SELL)
        return {
            "position_qty": qty,
            "booked_delta": qty,
            "position": "FILLED" if qty else "EMPTY",
            "slot": "FREE" if is_free else "PENDING" if self.order.status in UNSEEN else "LOCKED",
            "order_id": None if is_free else int(self.order.venue_order_id or 0),
            "post_only_fail_count": 0 if held is None else held.rejects,
            "applied_updates": self.applied,
            "submits_sent": sent,
            "next": "query_order" if self._is_asked_for() else "nothing",
        }

    def _is_asked_for(self) -> bool:
        """Whether the venue is asked for the order within a minute, by the step or by who looks for the overdue."""
        for ms in (SOON_MS, MINUTE_MS - SOON_MS):
            self.scene.wait(ms=ms)
            due, _ = overdue(self.scene.state, self.scene.rules.cards, {}, self.scene.now)
            if due or any(isinstance(effect, Find) for effect in self.scene.effects):
                return True
        return False


def _queried(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns what a venue that was asked for an order said of it; None where it has none, or was not asked."""
    said = event.get("query", event.get("query_by_client_id"))
    return said if isinstance(said, dict) and said.get("status", "NOT_FOUND") != "NOT_FOUND" else None


def run_updates(case: Case) -> str | None:
    """Compares what a slot holds, and whether it is free, after what was heard of its order."""
    asked = case["input"]
    if "slot" not in asked:
        raise NotDue("an execution is known for as long as its order is, not for minutes")
    desk = SlotDesk(asked)
    events = [*asked.get("updates", ()), *asked.get("events", ())]
    if asked["slot"].get("state") == "CANCEL_REQUESTED":
        desk.cancel()
    elif asked["slot"].get("state") != "PENDING":
        desk.report({"status": "NEW"})
        desk.applied = 0
    for event in events:
        desk.happen(event)
    return differing(case["expected"], desk.found())


def run_backtest(case: Case) -> str | None:
    """Compares what a grid does along a path of prices, each of which fills what it reaches."""
    asked = case["input"]
    path = asked.get("price_path")
    prices = asked.get("prices") or range(path["from"], path["to"] + 1, path["step"])
    params = msgspec.structs.replace(
        _params(
            {"interval": asked["interval"], "anchor": asked["anchor"], "order_quote_qty": "30"}, mode=GridMode.LONG
        ),
        buy_levels=asked["windows"][0],
        sell_levels=asked["windows"][1],
    )
    view, used, filled = LiteralView(params), dict[str, None](), 0
    for price in prices:
        view.see(ticks_of(Price(Decimal(price)), params.instrument.rules.tick))
        for order in [each for each in view.standing if _is_reached(each, Decimal(price))]:
            view.fill(str(order.slot))
            filled += 1
        view.apply()
        used |= {plain(each.limit): None for each in view.standing if each.limit is not None}
    if filled < case["expected"].get("filled_orders_min", 0):
        return f"{filled} orders were filled"
    return None if case["expected"].get("slot_exists", plain(ONE)) in (*used, plain(ONE)) else f"slots: {list(used)}"


def _is_reached(order: Order, price: Decimal) -> bool:
    assert order.limit is not None
    return price <= order.limit if order.side is Side.BUY else price >= order.limit
