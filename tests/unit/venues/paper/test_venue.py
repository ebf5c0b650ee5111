"""The adapter against the paper broker itself, on a clock that follows the test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any, TypeVar

from flatbook.engine.ports import ApprovedOrder, FillSource, IdRule, OrderVenue
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    Balance,
    CancelTaken,
    CancelTooLate,
    Execution,
    Holding,
    NotSent,
    OrderReport,
    Pushed,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.events.orders import NotSentReason, OrderStyle, RejectReason, UnknownReason
from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.wire import Verb
from flatbook.sim.tapes.clock import TapeClock
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, Underlying, VenueOrderId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Instrument, Side
from flatbook.values.money import Price, Quantity
from flatbook.venues.paper.venue import PaperVenue, paper_card
from flatbook.venues.paper.wire import InProcessTransport
from tests.unit.sim.scene import RULES, ask, at, minutes, order_fields, spec

Answer = TypeVar("Answer")
COIN = InstrumentId("paper:COIN")
MAIN = AccountId("main")
INSTRUMENT = Instrument(
    id=COIN, account=MAIN, symbol="COIN", underlying=Underlying("COIN"), quote=AssetId("USD"), rules=RULES
)
START = at("15:00:10")


class Scene:
    """A broker, its adapter and the clock of both."""

    def __init__(self, *faults: Fault, outward_ms: int = 0, **settings: Any) -> None:
        market = {"COIN": minutes("14:30", *["100"] * 390)}
        self.clock = TapeClock(START)
        self.broker = Broker(spec(**settings), market, plan=FaultPlan(faults=faults))
        transport = InProcessTransport(self.broker, self.clock, outward_ms=outward_ms)
        self.venue = PaperVenue(
            transport, self.clock, account=MAIN, instruments=[INSTRUMENT], card=paper_card(id_rule=IdRule.FOR_EVER)
        )

    async def until(self, answer: Awaitable[Answer], to: Instant) -> tuple[Answer, Instant]:
        """Runs the clock until an instant; returns the answer and when it came."""
        came: list[Instant] = []

        async def timed() -> Answer:
            result = await answer
            came.append(self.clock.now())
            return result

        task = asyncio.create_task(timed())
        await self.clock.run_until(to)
        return await task, came[0]


def order(order_id: str = "fbone", **changes: Any) -> ApprovedOrder:
    plain: dict[str, Any] = {
        "order_id": OrderId(order_id),
        "account": MAIN,
        "instrument": COIN,
        "side": Side.BUY,
        "qty": Quantity(Decimal(2)),
        "limit": Price(Decimal(101)),
        "reduce_only": False,
        "style": OrderStyle.LIMIT,
        "attempt": 0,
        "good_until": at("15:10:00"),
    }
    return ApprovedOrder(**(plain | changes))


def test_the_card_declares_ids_for_ever_and_executions() -> None:
    venue: OrderVenue = Scene().venue
    assert venue.card.id_rule is IdRule.FOR_EVER
    assert venue.card.fill_source is FillSource.EXECUTIONS
    assert (venue.card.request_window_s, venue.card.place_timeout_s) == (5, 5)


def test_a_placed_order_is_accepted_after_the_brokers_latency() -> None:
    async def scene() -> None:
        world = Scene()
        answer, came = await world.until(world.venue.place(order()), later(START, seconds=10))
        assert answer == Accepted(venue_order_id=VenueOrderId("P-1"), pending=False, happened_at=START)
        assert came == later(START, ms=40)
        row = world.broker.truth.orders()[0]
        assert (row.client_id, row.side, row.qty, row.limit, row.works_until) == (
            "fbone",
            Side.BUY,
            Decimal(2),
            Decimal(101),
            at("15:10:00"),
        )

    asyncio.run(scene())


def test_a_filled_order_is_found_with_its_execution_and_in_the_statement() -> None:
    async def scene() -> None:
        world = Scene()
        await world.until(world.venue.place(order()), at("15:01:30"))
        report, _ = await world.until(world.venue.find(OrderId("fbone")), at("15:01:40"))
        assert isinstance(report, OrderReport)
        assert (report.status, report.filled_qty, report.complete) == (VenueStatus.FILLED, Decimal(2), True)
        page, _ = await world.until(world.venue.executions_since(""), at("15:01:50"))
        assert isinstance(page, tuple)
        assert page == (report.executions, "X-1")
        assert await world.until(world.venue.executions_since("X-1"), at("15:02:00")) == (
            ((), "X-1"),
            later(at("15:01:50"), ms=40),
        )
        statement, _ = await world.until(world.venue.statement(), at("15:02:10"))
        assert isinstance(statement, AccountStatement)
        assert statement.stated_at == at("15:02:00")
        assert statement.holdings == (Holding(instrument=COIN, qty=Quantity(Decimal(102))),)
        cash = Quantity(Decimal(99800))
        assert statement.balances == (Balance(asset=AssetId("USD"), total=cash, available=cash),)

    asyncio.run(scene())


def test_a_lost_answer_is_unknown_at_the_time_out_and_the_order_lives() -> None:
    async def scene() -> None:
        world = Scene(Fault(verb=Verb.PLACE, number=1, kind=FaultKind.DROP_ANSWER))
        answer, came = await world.until(world.venue.place(order()), later(START, seconds=10))
        assert (answer, came) == (Unknown(reason=UnknownReason.TIMED_OUT), later(START, seconds=5))
        report, _ = await world.until(world.venue.find(OrderId("fbone")), at("15:01:40"))
        assert isinstance(report, OrderReport)
        again, _ = await world.until(world.venue.place(order()), at("15:01:50"))
        assert isinstance(again, Rejected)
        assert again.reason is RejectReason.DUPLICATE_ID
        assert len(world.broker.truth.orders()) == 1

    asyncio.run(scene())


def test_an_answer_after_the_time_out_is_unknown_too() -> None:
    async def scene() -> None:
        world = Scene(Fault(verb=Verb.PLACE, number=1, kind=FaultKind.DELAY_ANSWER, delay_ms=8_000))
        answer, came = await world.until(world.venue.place(order()), later(START, seconds=20))
        assert (answer, came) == (Unknown(reason=UnknownReason.TIMED_OUT), later(START, seconds=5))

    asyncio.run(scene())


def test_a_request_that_lingers_beyond_its_window_is_refused_by_the_broker() -> None:
    async def scene() -> None:
        world = Scene(outward_ms=6_000)
        answer, _ = await world.until(world.venue.place(order()), later(START, seconds=20))
        assert answer == Unknown(reason=UnknownReason.TIMED_OUT)
        assert world.broker.truth.orders() == ()
        assert [line.verb for line in world.broker.truth.requests()] == [Verb.PLACE]

    asyncio.run(scene())


def test_broken_answers_are_unknown() -> None:
    async def scene() -> None:
        world = Scene(
            Fault(verb=Verb.PLACE, number=1, kind=FaultKind.GARBLE_ANSWER),
            Fault(verb=Verb.PLACE, number=2, kind=FaultKind.SERVER_FAULT),
        )
        garbled, _ = await world.until(world.venue.place(order("fbone")), later(START, seconds=6))
        assert garbled == Unknown(reason=UnknownReason.UNREADABLE)
        fault, _ = await world.until(world.venue.place(order("fbtwo")), later(START, seconds=12))
        assert fault == Unknown(reason=UnknownReason.SERVER_FAULT)

    asyncio.run(scene())


def test_an_order_that_was_never_placed_is_absent() -> None:
    async def scene() -> None:
        world = Scene()
        assert (await world.until(world.venue.find(OrderId("fbnone")), later(START, seconds=1)))[0] == Absent()

    asyncio.run(scene())


def test_a_cancel_goes_by_the_brokers_id_or_by_ours() -> None:
    async def scene() -> None:
        world = Scene()
        await world.until(world.venue.place(order("fbone")), later(START, seconds=1))
        await world.until(world.venue.place(order("fbtwo")), later(START, seconds=2))
        first, _ = await world.until(world.venue.cancel(OrderId("fbone"), VenueOrderId("P-1")), later(START, seconds=3))
        second, _ = await world.until(world.venue.cancel(OrderId("fbtwo"), None), later(START, seconds=4))
        third, _ = await world.until(world.venue.cancel(OrderId("fbtwo"), None), later(START, seconds=5))
        assert (first, second) == (CancelTaken(), CancelTaken())
        assert third == CancelTooLate(message="not_cancelable: the order is canceled")

    asyncio.run(scene())


def test_what_must_not_leave_does_not_leave() -> None:
    async def scene() -> None:
        world = Scene()
        stranger = order(instrument=InstrumentId("paper:MSTR"))
        for bad, reason in (
            (stranger, NotSentReason.REFUSED_LOCALLY),
            (order(account=AccountId("other")), NotSentReason.REFUSED_LOCALLY),
            (order(good_until=START), NotSentReason.EXPIRED),
        ):
            assert await world.venue.place(bad) == NotSent(reason=reason)
        assert world.broker.truth.requests() == ()

    asyncio.run(scene())


def test_executions_are_delivered_as_they_happen_and_only_ours() -> None:
    async def scene() -> None:
        world = Scene()
        seen: list[Pushed] = []
        watching = asyncio.create_task(world.venue.watch(seen.append))
        await world.until(world.venue.place(order()), later(START, seconds=1))
        ask(world.broker, world.clock.now(), "place", **order_fields(None))
        await world.clock.run_until(at("15:01:00"))
        pushed = [(each.order_id, str(each.qty)) for each in seen if isinstance(each, Execution)]
        assert pushed == [("fbone", "2"), (None, "2")]
        page, _ = await world.until(world.venue.executions_since(""), at("15:02:00"))
        assert isinstance(page, tuple)
        assert page[0] == tuple(seen)
        assert sum(world.venue.unread().values()) == 0
        watching.cancel()

    asyncio.run(scene())


def test_a_quote_states_the_price_and_its_instant() -> None:
    async def scene() -> None:
        world = Scene()
        quote, _ = await world.until(world.venue.quote(COIN), later(START, seconds=1))
        assert not isinstance(quote, Rejected | Unknown | NotSent)
        assert (quote.price, quote.happened_at) == (Decimal(100), at("15:00:00"))
        assert await world.venue.quote(InstrumentId("paper:MSTR")) == NotSent(reason=NotSentReason.REFUSED_LOCALLY)

    asyncio.run(scene())
