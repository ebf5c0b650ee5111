"""A strategy at its seat: asked on its wakes, checked by its limits, its orders booked and its slots kept."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from flatbook.engine.effects import Cancel, Place
from flatbook.engine.inputs import Restarted, Resumed, TimeCame
from flatbook.engine.quoting import day_result_usd
from flatbook.events.control import HaltCause, HaltScope, TradingHalted
from flatbook.events.orders import CancelIntended, CancelReason, IntentRefused, OrderStyle, RefusalRule, RejectReason
from flatbook.market.orderbook import Touch
from flatbook.state.fold import apply
from flatbook.state.intents import CancelIntent
from flatbook.state.positions import DayResult, NetKey
from flatbook.state.slots import SlotHeld
from flatbook.strategies.decision import Decision, Edge, Every, Level, Series
from flatbook.strategies.quoting import QuoteView
from flatbook.values.ids import AssetId, HaltId, Slot
from flatbook.values.instants import instant_of_text
from flatbook.values.instruments import Side, floor_to_lot
from flatbook.values.money import Price, Quantity, plain
from flatbook.values.us_eastern import eastern_day
from tests.unit.engine.quote_scene import ACCOUNT, BTC, LIMITS, OWNER, SPOT, START, USDT, Scene, decision, fee, place

BID = Level(instrument=SPOT.id, series=Series.BID, edge=Edge.AT_OR_BELOW, ticks=990)


def buys_once(view: QuoteView, scene: Scene) -> Decision:
    """Rests one buy below the touch, and one sale of what the slot holds above it."""
    if view.touch(SPOT.id) is None:
        return decision()
    held = view.slot(SPOT.id, Slot("s"))
    orders = view.orders(SPOT.id)
    if orders:
        return decision()
    if held is not None and held.qty >= Decimal("0.001"):
        qty = str(floor_to_lot(held.qty, SPOT.rules)[0])
        return decision(place(view, 0, Side.SELL, "100.2", qty, slot=Slot("s"), reduce_only=True))
    return decision(place(view, 0, Side.BUY, "99.8", slot=Slot("s")), levels=(BID,))


def slot(scene: Scene) -> SlotHeld:
    """Returns the one slot."""
    return scene.state.slots[OWNER, SPOT.id][Slot("s")]


def test_the_first_decision_of_a_seat_becomes_an_order_with_a_derived_id() -> None:
    scene = Scene(buys_once)
    scene.begin()
    (intent,) = scene.intents()
    assert (intent.side, intent.qty, intent.limit) == (Side.BUY, Decimal("0.01"), Decimal("99.8"))
    assert (intent.style, intent.slot, intent.because) == (OrderStyle.POST_ONLY, "s", None)
    assert intent.order_id == "fb7qimsyzo5t6bzef000000000"
    assert intent.evidence == {"bid": "999"}
    assert [type(effect) for effect in scene.effects] == [Place]


def test_the_second_order_of_an_owner_has_the_next_count() -> None:
    scene = Scene(buys_once)
    scene.begin()
    first = scene.intents()[0].order_id
    scene.accept(first)
    scene.fill(first, "0.01")
    assert scene.intents()[1].order_id[-9:] == "000000001"


def test_what_is_bought_in_a_slot_is_sold_from_it_and_its_profit_is_kept() -> None:
    scene = Scene(buys_once)
    scene.begin()
    scene.fill(scene.intents()[0].order_id, "0.01")
    sale = scene.intents()[1]
    assert (sale.side, sale.qty, sale.reduce_only) == (Side.SELL, Decimal("0.010"), True)
    scene.fill(sale.order_id, "0.004")
    scene.fill(sale.order_id, "0.006")
    held = slot(scene)
    assert (held.qty, held.cost, held.cycles, held.profit) == (Decimal(0), Decimal(0), 1, Decimal("0.004"))


def test_a_fee_in_what_was_bought_makes_the_slot_and_the_position_smaller() -> None:
    scene = Scene(buys_once)
    scene.begin()
    scene.fill(scene.intents()[0].order_id, "0.01", fees=(fee(BTC, "0.00001"),))
    held = slot(scene)
    assert held.qty == Decimal("0.00999")
    assert scene.state.positions.rows[OWNER, ACCOUNT, SPOT.id].qty == Decimal("0.00999")
    assert scene.intents()[1].qty == Decimal("0.009")


def test_a_fee_in_quote_is_a_cost_of_the_slot() -> None:
    scene = Scene(buys_once)
    scene.begin()
    scene.fill(scene.intents()[0].order_id, "0.01", fees=(fee(USDT, "0.001"),))
    assert slot(scene).cost == Decimal("0.999")


def test_orders_that_would_have_taken_are_counted_until_one_executes() -> None:
    scene = Scene(buys_once)
    scene.begin()
    scene.reject(scene.intents()[0].order_id)
    scene.reject(scene.intents()[1].order_id)
    assert slot(scene).rejects == 2
    scene.fill(scene.intents()[2].order_id, "0.01")
    assert slot(scene).rejects == 0


def test_a_level_that_is_reached_wakes_the_strategy_once() -> None:
    asked: list[int] = []

    def watching(view: QuoteView, scene: Scene) -> Decision:
        touch = view.touch(SPOT.id)
        asked.append(0 if touch is None else touch.bid)
        return decision(levels=(BID,)) if len(asked) < 3 else decision()

    scene = Scene(watching)
    scene.begin()
    for bid in (995, 991, 990, 989, 985):
        scene.observe(bid, 1001)
    assert asked == [999, 990, 989]


def test_what_is_observed_before_a_woken_strategy_answers_wakes_it_no_second_time() -> None:
    scene = Scene(lambda _view, _scene: decision(levels=(BID,), every=(Every(SPOT.id, 2),)))
    scene.begin()
    told: list[NetKey] = []
    scene.seen.woken = told.append
    for bid in (990, 989, 988, 987):
        scene.book.replace([(bid, 5)], [(1001, 5)])
        scene.seen.saw_book(SPOT.id, scene.now)
    assert told == [scene.seat.key]


def test_every_second_observation_wakes_who_wants_every_second() -> None:
    asked: list[int] = []

    def counting(view: QuoteView, scene: Scene) -> Decision:
        touch = view.touch(SPOT.id)
        asked.append(0 if touch is None else touch.bid)
        return decision(every=(Every(SPOT.id, 2),))

    scene = Scene(counting)
    scene.begin()
    for bid in (998, 997, 996, 995, 994):
        scene.observe(bid, 1001)
    assert asked == [999, 997, 995]


def test_a_book_that_is_unfit_shows_no_touch_and_wakes_the_strategy_both_ways() -> None:
    asked: list[int] = []

    def watching(view: QuoteView, scene: Scene) -> Decision:
        touch = view.touch(SPOT.id)
        asked.append(0 if touch is None else touch.bid)
        return decision()

    scene = Scene(watching)
    scene.begin()
    scene.observe(998, 1001, is_fit=False)
    scene.observe(997, 1001, is_fit=False)
    scene.observe(996, 1001)
    assert asked == [999, 0, 996]


def test_the_quotes_of_a_silent_book_are_pulled_when_it_is_too_old() -> None:
    scene = Scene(buys_once)
    scene.begin()
    order_id = scene.intents()[0].order_id
    scene.accept(order_id)
    assert scene.wakes.next_at() == scene.now + 750_000_000
    scene.wait(ms=749)
    assert not scene.order(order_id).cancel_pending
    scene.wait(ms=1)
    (cancel,) = [event for event in scene.events if isinstance(event, CancelIntended)]
    assert (cancel.order_id, cancel.reason) == (order_id, CancelReason.STALE_PRICE)
    assert isinstance(scene.effects[-1], Cancel)
    assert scene.wakes.next_at() is None


def test_the_quotes_of_a_book_that_is_heard_too_late_are_pulled_and_placed_again_once_it_is_on_time() -> None:
    asked: list[int | None] = []

    def watching(view: QuoteView, _params: object) -> Decision:
        at = view.observed_at(SPOT.id)
        asked.append(None if at is None else (view.now - at) // 10**6)
        return decision()

    scene = Scene(watching)
    scene.begin()
    for late_ms in (20, 749, 750, 2_000, 0, 0):
        scene.seen.saw_book(SPOT.id, scene.now, late_ns=late_ms * 10**6)
        scene.run()
    assert asked == [0, 750, 2_000, 0]


def test_an_exit_of_a_silent_book_stays() -> None:
    scene = Scene(buys_once)
    scene.begin()
    scene.fill(scene.intents()[0].order_id, "0.01")
    sale = scene.intents()[1].order_id
    scene.accept(sale)
    scene.wait(ms=751)
    assert not scene.order(sale).cancel_pending


def test_a_refused_order_is_told_and_tried_again_after_a_while() -> None:
    scene = Scene(buys_once, limits=replace(LIMITS, order_qty_max=Decimal("0.005")))
    scene.begin()
    refused = [event for event in scene.events if isinstance(event, IntentRefused)]
    assert [(each.rule, each.limit, each.asked) for each in refused] == [(RefusalRule.QUANTITY_MAX, "0.005", "0.01")]
    for _ in range(7):
        scene.wait(ms=500)
        scene.observe(999, 1001)
    times = [event.decided_at for event in scene.events if isinstance(event, IntentRefused)]
    assert [at - times[0] for at in times] == [0, 1_000_000_000, 3_000_000_000]
    assert scene.intents() == []


def test_a_halt_stops_new_orders_and_lets_an_exit_pass() -> None:
    scene = Scene(buys_once)
    scene.begin()
    halt = TradingHalted(
        halt_id=HaltId("h"),
        scope=HaltScope.OWNER,
        target="maker",
        cause=HaltCause.OPERATOR,
        reason="because",
        halted_at=scene.now,
    )
    apply(scene.state, halt)
    scene.fill(scene.intents()[0].order_id, "0.01")
    assert [intent.side for intent in scene.intents()] == [Side.BUY, Side.SELL]
    scene.fill(scene.intents()[1].order_id, "0.01")
    assert len(scene.intents()) == 2
    assert scene.events[-2].rule is RefusalRule.HALTED  # type: ignore[attr-defined]


def test_an_order_of_another_owner_is_not_canceled() -> None:
    def meddling(view: QuoteView, scene: Scene) -> Decision:
        return decision(CancelIntent(order_id=scene.foreign, reason=CancelReason.OPERATOR, because=None))  # type: ignore[attr-defined]

    scene = Scene(buys_once)
    scene.begin()
    order = scene.intents()[0]
    scene.state.orders[order.order_id] = replace(scene.order(order.order_id), owner="other")
    scene.foreign = order.order_id  # type: ignore[attr-defined]
    scene.rules = replace(
        scene.rules,
        seats={OWNER: replace(scene.rules.seats[OWNER], seat=replace(scene.seat, decide=meddling))},
    )
    scene.take(TimeCame())
    scene.accept(order.order_id)
    assert not any(isinstance(event, CancelIntended) for event in scene.events)


def test_a_venue_that_turns_an_order_down_for_want_of_funds_is_remembered_until_an_execution() -> None:
    seen: dict[int, bool | None] = {}

    def looking(view: QuoteView, scene: Scene) -> Decision:
        down = view.turned_down(SPOT.id)
        seen[len(scene.intents())] = None if down is None else down.short
        return buys_once(view, scene)

    scene = Scene(looking)
    scene.begin()
    scene.reject(scene.intents()[0].order_id, RejectReason.INSUFFICIENT_FUNDS)
    scene.fill(scene.intents()[1].order_id, "0.01")
    assert seen == {0: None, 1: True, 2: None}


def test_what_rests_at_a_restart_is_pulled_when_no_book_comes_for_a_while() -> None:
    scene = Scene(buys_once)
    scene.begin()
    order_id = scene.intents()[0].order_id
    scene.accept(order_id)
    again = Scene(buys_once)
    again.state, again.now = scene.state, scene.now
    again.take(Restarted())
    again.take(Resumed(key=again.seat.key))
    for _ in range(19):
        again.wait(ms=750)
    assert not again.order(order_id).cancel_pending
    again.wait(ms=750)
    assert again.order(order_id).cancel_pending


def test_a_view_gives_a_price_by_its_ticks() -> None:
    found: list[str] = []

    def asks(view: QuoteView, _scene: Scene) -> Decision:
        found.append(str(view.price(SPOT.id, 990)))
        return decision()

    Scene(asks).begin()
    assert found == ["99.0"]


@pytest.mark.parametrize(("qty", "usd"), [("2", "-1.6"), ("-2", "-1.8"), ("0", "-1.5")])
def test_the_result_of_a_day_is_valued_at_the_worse_side_of_the_touch(qty: str, usd: str) -> None:
    now, touch = instant_of_text("2026-03-02T15:00:00Z"), Touch(999, 1, 1001, 1)
    cash = Decimal("-1.5") - Decimal(qty) * Decimal("99.95")
    result = DayResult(day=eastern_day(now), cash_usd=cash, qty=Decimal(qty))
    assert day_result_usd(result, now, touch, SPOT, Price(Decimal(1))) == Decimal(usd)
    later_day = instant_of_text("2026-03-03T15:00:00Z")
    assert day_result_usd(result, later_day, touch, SPOT, Price(Decimal(1))) == 0
    result.unmarked[AssetId("BNB")] = Decimal("0.002")
    assert day_result_usd(result, now, touch, SPOT, Price(Decimal(1))) is None
    assert day_result_usd(result, later_day, touch, SPOT, Price(Decimal(1))) == 0


def test_what_is_asked_for_by_open_orders_is_not_free_again() -> None:
    found: list[tuple[str, str]] = []

    def asks(view: QuoteView, _scene: Scene) -> Decision:
        free = view.free(SPOT.id)
        assert free is not None
        found.append((plain(free[0]), plain(free[1])))
        if len(found) > 1:
            return decision()
        sale = place(view, 1, Side.SELL, "100.2", "0.03")
        return decision(place(view, 0, Side.BUY, "99.8", "0.01"), sale)

    scene = Scene(asks)
    scene.state.opened[ACCOUNT] = START
    scene.state.balances |= {(ACCOUNT, USDT): Quantity(Decimal(10)), (ACCOUNT, BTC): Quantity(Decimal(1))}
    scene.begin()
    scene.accept(scene.intents()[0].order_id)
    scene.run()
    assert found[0] == ("10", "1")
    assert found[-1] == ("9.002", "0.97")
