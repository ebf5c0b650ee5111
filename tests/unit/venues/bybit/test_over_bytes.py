"""The adapter and the simulated Bybit, which share nothing but the bytes between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.engine.ports import ApprovedOrder, Switch, SwitchTold
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    CancelTaken,
    CancelTooLate,
    Execution,
    OrderReport,
    Pushed,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.events.orders import ForcedBy, OrderStyle, RejectReason
from flatbook.sim.alpaca.faults import Spoiling
from flatbook.sim.exchange.orders import Forced
from flatbook.sim.network.connector import SimulatedConnector
from flatbook.sim.world.process import LoopClock
from flatbook.values.ids import AssetId, OrderId
from flatbook.values.instants import later
from flatbook.values.instruments import Side, TradingRules
from flatbook.values.money import Price, Quantity
from flatbook.venues.bybit.pacing import new_budget
from flatbook.venues.bybit.stream import PING, STREAM_PATIENCE, PrivateStream
from flatbook.venues.bybit.venue import BybitAccount, BybitVenue, BybitWay
from flatbook.venues.bybit.wire import Ahead, signer
from flatbook.venues.http import SessionHttp
from flatbook.venues.websocket import SessionSocket
from tests.exchange import KEY, PERP, SECRET, START, URL, WS_URL, Scene, with_bybit
from tests.unit.venues.bybit import sample

LINEAR, SPOT = sample.PERP, sample.SPOT
COARSE = TradingRules(tick=Decimal("0.01"), lot=Decimal("0.00001"), qty_min=Decimal("0.00001"), notional_min=Decimal(5))
INSTRUMENTS = (sample.LINEAR_INSTRUMENT, msgspec.structs.replace(sample.SPOT_INSTRUMENT, rules=COARSE))

Talk = Callable[[Scene, BybitVenue], Awaitable[Any]]


def talk(what: Talk, *, secret: str = SECRET, dead_man_s: int | None = None) -> Any:
    """Returns what a conversation comes to; a statement was read before it."""

    async def talked(scene: Scene) -> Any:
        clock, ahead = LoopClock(scene.loop), Ahead()

        def reveal() -> tuple[str, str]:
            return KEY, secret

        http = SessionHttp(URL, clock, connect=SimulatedConnector, sign=signer(reveal, clock, ahead))
        topics = () if dead_man_s is None else ("dcp.future",)
        socket = SessionSocket(WS_URL, clock, connect=SimulatedConnector, patience=STREAM_PATIENCE, beat=PING)
        venue = BybitVenue(
            BybitWay(http=http, ahead=ahead, budget=new_budget()),
            clock,
            account=BybitAccount(
                account=sample.MAIN,
                user_id="",
                instruments=INSTRUMENTS,
                dead_man_s=dead_man_s,
            ),
            stream=PrivateStream(socket, reveal, clock, topics=topics),
        )
        try:
            await venue.statement()
            return await what(scene, venue)
        finally:
            await http.close()

    return with_bybit(talked)


def approved(**changes: Any) -> ApprovedOrder:
    """An order that rests, with changes."""
    stated = {"limit": Price(Decimal(49_000)), "qty": Quantity(Decimal("0.01")), "good_until": later(START, seconds=60)}
    return sample.approved(**stated | changes)


def test_an_order_rests_is_found_and_is_canceled_once() -> None:
    async def session(_scene: Scene, venue: BybitVenue) -> Any:
        placed = await venue.place(approved())
        found = await venue.find(sample.OURS)
        canceled = await venue.cancel(sample.OURS, None)
        again = await venue.cancel(sample.OURS, None)
        return placed, found, canceled, again, await venue.find(sample.OURS), await venue.find(OrderId("other"))

    placed, found, canceled, again, ended, other = talk(session)
    assert isinstance(placed, Accepted)
    assert isinstance(found, OrderReport)
    assert (found.venue_order_id, found.status, found.instrument) == (placed.venue_order_id, VenueStatus.OPEN, LINEAR)
    assert canceled == CancelTaken()
    assert isinstance(again, CancelTooLate)
    assert isinstance(ended, OrderReport)
    assert ended.status is VenueStatus.CANCELED
    assert other == Absent()


def test_what_is_taken_is_found_polled_and_stated_alike() -> None:
    async def session(_scene: Scene, venue: BybitVenue) -> Any:
        await venue.place(approved(qty=Quantity(Decimal("1.5")), limit=Price(Decimal(50_100)), style=OrderStyle.IOC))
        found = await venue.find(sample.OURS)
        page = await venue.executions_since("")
        again = await venue.executions_since(page[1]) if isinstance(page, tuple) else page
        return found, page, again, await venue.statement()

    found, page, again, stated = talk(session)
    assert isinstance(found, OrderReport)
    assert (found.status, found.complete, found.filled_qty) == (VenueStatus.FILLED, True, Decimal("1.5"))
    assert [(each.price, each.qty, each.fees[0].amount) for each in found.executions] == [
        (Decimal(50_001), Decimal(1), Decimal("25.0005")),
        (Decimal(50_002), Decimal("0.5"), Decimal("12.5005")),
    ]
    assert page[0] == found.executions
    assert again == ((), page[1])
    assert isinstance(stated, AccountStatement)
    held = {each.instrument: each.qty for each in stated.holdings}
    assert held == {LINEAR: Decimal("1.5"), SPOT: Decimal(2)}
    assert {each.asset: each.total for each in stated.balances}[AssetId("USDT")] == Decimal("99962.499")


def test_a_fee_of_a_purchase_on_spot_is_in_the_coin() -> None:
    async def session(_scene: Scene, venue: BybitVenue) -> Any:
        await venue.place(
            approved(instrument=SPOT, qty=Quantity(Decimal("0.5")), limit=Price(Decimal(50_100)), style=OrderStyle.IOC)
        )
        return await venue.find(sample.OURS), await venue.statement()

    found, stated = talk(session)
    assert [(fee.asset, fee.amount) for each in found.executions for fee in each.fees] == [
        (AssetId("BTC"), Decimal("0.0005"))
    ]
    assert {each.instrument: each.qty for each in stated.holdings}[SPOT] == Decimal("2.4995")


def test_a_market_order_to_buy_on_spot_buys_coins_and_not_an_amount_of_money() -> None:
    async def session(_scene: Scene, venue: BybitVenue) -> Any:
        await venue.place(approved(instrument=SPOT, qty=Quantity(Decimal("0.5")), limit=None))
        return await venue.find(sample.OURS)

    found = talk(session)
    assert (found.status, found.filled_qty) == (VenueStatus.FILLED, Decimal("0.5"))


def test_a_post_only_order_that_would_take_is_accepted_and_then_rejected() -> None:
    async def session(_scene: Scene, venue: BybitVenue) -> Any:
        placed = await venue.place(approved(style=OrderStyle.POST_ONLY, limit=Price(Decimal(50_001))))
        return placed, await venue.find(sample.OURS)

    placed, found = talk(session)
    assert isinstance(placed, Accepted)
    assert placed.pending
    assert (found.status, found.rejected) == (VenueStatus.REJECTED, RejectReason.WOULD_TAKE)


def test_an_id_that_is_taken_is_refused_and_the_order_is_there_once() -> None:
    async def session(scene: Scene, venue: BybitVenue) -> Any:
        await venue.place(approved())
        return await venue.place(approved()), len(scene.exchange.orders)

    answer, count = talk(session)
    assert isinstance(answer, Rejected)
    assert (answer.reason, count) == (RejectReason.DUPLICATE_ID, 1)


def test_an_order_without_an_answer_is_unknown_and_is_found_as_the_one_that_it_is() -> None:
    async def session(scene: Scene, venue: BybitVenue) -> Any:
        scene.faults.say("spoils", Spoiling.SILENCE, of="POST /v5/order/create")
        placed = await venue.place(approved())
        return placed, await venue.find(sample.OURS), len(scene.exchange.orders)

    placed, found, count = talk(session)
    assert isinstance(placed, Unknown)
    assert isinstance(found, OrderReport)
    assert (found.status, count) == (VenueStatus.OPEN, 1)


def test_a_forced_reduction_is_polled_as_no_order_of_ours_with_its_kind() -> None:
    async def session(scene: Scene, venue: BybitVenue) -> Any:
        await venue.place(approved(qty=Quantity(Decimal("0.5")), limit=Price(Decimal(50_100)), style=OrderStyle.IOC))
        page = await venue.executions_since("")
        cursor = page[1] if isinstance(page, tuple) else ""
        scene.exchange.force("main", PERP, Decimal("-0.2"), Forced.ADL, Decimal(50_000))
        return await venue.executions_since(cursor)

    lines, _ = talk(session)
    (forced,) = lines
    assert isinstance(forced, Execution)
    assert (forced.forced, forced.order_id, forced.side, forced.qty) == (
        ForcedBy.DELEVERAGING,
        None,
        Side.SELL,
        Decimal("0.2"),
    )


def test_wrong_keys_state_nothing_and_place_nothing() -> None:
    async def session(_scene: Scene, venue: BybitVenue) -> Any:
        return await venue.statement(), await venue.place(approved()), venue.standing.flaw

    stated, _, flaw = talk(session, secret="wrong")
    assert isinstance(stated, Unknown)
    assert flaw == "the account has not been read yet"


async def listened(venue: BybitVenue, seen: list[Pushed], what: Callable[[], Awaitable[Any]]) -> Any:
    """Returns what something comes to while the stream is listened to."""
    watching = asyncio.create_task(venue.watch(seen.append))
    try:
        return await what()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def test_what_happens_is_pushed_with_the_ids_of_polls() -> None:
    seen: list[Pushed] = []

    async def session(scene: Scene, venue: BybitVenue) -> Any:
        async def trade() -> Any:
            await scene.pass_ms(500)
            await venue.place(approved(limit=Price(Decimal(50_100)), style=OrderStyle.IOC))
            await scene.pass_ms(500)
            return await venue.find(sample.OURS)

        return await listened(venue, seen, trade)

    found = talk(session)
    pushed = [each for each in seen if isinstance(each, Execution)]
    assert tuple(pushed) == found.executions
    states = [each.status for each in seen if isinstance(each, OrderReport)]
    assert states[-1] is VenueStatus.FILLED


def test_after_a_cut_the_stream_asks_for_what_was_missed() -> None:
    seen: list[Pushed] = []

    async def session(scene: Scene, venue: BybitVenue) -> Any:
        async def cut() -> Any:
            await scene.pass_ms(500)
            scene.faults.say("cuts_stream", True, times=3)
            await venue.place(approved())
            await scene.pass_ms(500)

        await listened(venue, seen, cut)
        await venue.place(approved(order_id=OrderId("second"), limit=Price(Decimal(50_100)), style=OrderStyle.IOC))
        seen.clear()
        await listened(venue, seen, lambda: scene.pass_ms(2_000))

    talk(session)
    assert [each.order_id for each in seen if isinstance(each, Execution)] == ["second"]
    assert [each.order_id for each in seen if isinstance(each, OrderReport)] == [sample.OURS]


def test_without_our_stream_bybit_cancels_all_orders_where_it_was_told_to() -> None:
    seen: list[Pushed] = []

    async def session(scene: Scene, venue: BybitVenue) -> Any:
        async def place() -> Any:
            await scene.pass_ms(1_000)
            return await venue.place(approved())

        await listened(venue, seen, place)
        await scene.pass_ms(12_000)
        return await venue.find(sample.OURS), venue.switch

    found, switch = talk(session, dead_man_s=10)
    assert found.status is VenueStatus.CANCELED
    assert switch == SwitchTold(state=Switch.ARMED, detail="10 s after our stream")


def test_a_switch_that_bybit_refuses_is_told_and_the_desk_trades_on() -> None:
    async def session(scene: Scene, venue: BybitVenue) -> Any:
        before = venue.switch.state

        async def place() -> Any:
            await scene.pass_ms(1_000)
            return await venue.place(approved())

        return before, await listened(venue, [], place), venue.switch

    before, placed, switch = talk(session, dead_man_s=2)
    assert before is Switch.REFUSED
    assert isinstance(placed, Accepted)
    assert (switch.state, switch.detail) == (Switch.REFUSED, "spot: params error: timeWindow invalid")


def test_everything_is_canceled_at_once() -> None:
    async def session(_scene: Scene, venue: BybitVenue) -> Any:
        await venue.place(approved())
        await venue.place(approved(order_id=OrderId("onspot"), instrument=SPOT))
        answer = await venue.cancel_all()
        return answer, [(await venue.find(order_id)) for order_id in (sample.OURS, OrderId("onspot"))]

    answer, found = talk(session)
    assert answer == CancelTaken()
    assert [each.status for each in found] == [VenueStatus.CANCELED, VenueStatus.CANCELED]
