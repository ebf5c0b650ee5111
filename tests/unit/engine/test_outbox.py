"""What is handed to a venue: each effect once, orders within their lanes and in their order, and no doubt forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, cast

import pytest

from flatbook.engine.call_outbox import Senders
from flatbook.engine.effects import Place
from flatbook.engine.inputs import ExecutionsRead, Item, PlaceAnswered
from flatbook.engine.outbox import IN_FLIGHT_PER_ACCOUNT_MAX, Outbox, read_account
from flatbook.engine.ports import ApprovedOrder, OrderVenue
from flatbook.engine.reports import Accepted, AccountStatement, ExecutionPage, NotSent, PlaceAnswer, Unknown
from flatbook.events.orders import NotSentReason, OrderStyle, UnknownReason
from flatbook.ops.clock import SystemClock
from flatbook.values.ids import AccountId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from tests.unit.engine.scene import execution, statement

ACCOUNT = AccountId("perps")


class Door:
    """A venue that answers an order once its door is open, and falls over one whose id it does not like."""

    def __init__(self) -> None:
        self.asked: list[OrderId] = []
        self.open = asyncio.Event()

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:
        self.asked.append(order.order_id)
        await self.open.wait()
        if order.order_id == "bad":
            raise ValueError("no such order")
        return Accepted(venue_order_id=VenueOrderId(order.order_id), pending=False, happened_at=Instant(1))


class Host:
    """What an outbox needs of an engine."""

    def __init__(self, held_back: tuple[str, ...] = ()) -> None:
        self.door, self.clock = Door(), SystemClock(0)
        self.venues = {ACCOUNT: cast("OrderVenue", self.door)}
        self.senders: Senders = {}
        self.items: list[Item] = []
        self.held_back = held_back
        self.outbox = Outbox(self, self)

    def deliver(self, item: Item) -> None:
        self.items.append(item)

    async def put(self, item: Item) -> bool:
        return True

    def may_send(self, order: ApprovedOrder) -> NotSentReason | None:
        return NotSentReason.HALTED if order.order_id in self.held_back else None

    def execution_cursor(self, account: AccountId) -> str:
        return ""

    def place(self, *ids: str) -> None:
        for order_id in ids:
            self.outbox.send(Place(order=order(order_id)))

    def answers(self) -> dict[str, PlaceAnswer]:
        return {each.order_id: each.answer for each in self.items if isinstance(each, PlaceAnswered)}


def order(order_id: str) -> ApprovedOrder:
    return ApprovedOrder(
        order_id=OrderId(order_id),
        account=ACCOUNT,
        instrument=InstrumentId("XYZUSDT"),
        side=Side.BUY,
        qty=Quantity(Decimal(1)),
        limit=Price(Decimal(100)),
        reduce_only=False,
        style=OrderStyle.LIMIT,
        attempt=0,
        good_until=Instant(10),
    )


async def passes(count: int = 4) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def run(talk: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(talk())


def test_orders_beyond_the_lanes_of_an_account_wait_and_leave_in_their_order() -> None:
    async def talk() -> None:
        host, ids = Host(), [f"o{number}" for number in range(IN_FLIGHT_PER_ACCOUNT_MAX + 3)]
        host.place(*ids)
        await passes()
        assert (host.door.asked, host.outbox.in_flight) == (ids[:IN_FLIGHT_PER_ACCOUNT_MAX], len(ids))
        host.door.open.set()
        await passes(8)
        assert (host.door.asked, list(host.answers()), host.outbox.in_flight) == (ids, ids, 0)

    run(talk)


def test_an_order_that_is_under_way_is_not_handed_over_again() -> None:
    async def talk() -> None:
        host = Host()
        host.place("a", "a")
        await passes()
        host.place("a", "b")
        await passes()
        assert host.door.asked == ["a", "b"]
        host.door.open.set()
        await passes()

    run(talk)


def test_an_order_that_may_not_leave_any_more_is_not_sent_and_gives_its_lane_back() -> None:
    async def talk() -> None:
        host = Host(held_back=("late",))
        host.place("late", "a")
        host.door.open.set()
        await passes(8)
        assert (host.door.asked, host.outbox.in_flight) == (["a"], 0)
        assert host.answers()["late"] == NotSent(reason=NotSentReason.HALTED)

    run(talk)


class Pages:
    """A venue with so many pages of executions, each with the cursor after it."""

    def __init__(self, *pages: tuple[int, str]) -> None:
        self.pages = list(pages)
        self.asked: list[str] = []

    async def statement(self) -> AccountStatement:
        return statement(Instant(1))

    async def executions_since(self, cursor: str) -> ExecutionPage:
        self.asked.append(cursor)
        count, after = self.pages.pop(0)
        return tuple(execution("1", number, order_id=None) for number in range(count)), after


@pytest.mark.parametrize(
    ("pages", "kept"),
    [
        ([(2, "b"), (1, "c"), (0, "c")], [(2, "a", "b"), (1, "b", "c")]),
        ([(2, "b"), (0, "c")], [(2, "a", "b"), (0, "b", "c")]),
        ([(0, "b")], [(0, "a", "b")]),
        ([(0, "a")], []),
        ([(2, "a")], [(2, "a", "a")]),
    ],
)
def test_whatever_a_reading_of_an_account_ends_with_its_executions_and_its_cursor_are_handed_on(
    pages: list[tuple[int, str]], kept: list[tuple[int, str, str]]
) -> None:
    """With orders always at work, nobody else would keep the cursor of a symbol in which nothing is executed."""

    async def talk() -> None:
        found: list[tuple[int, str | None, str | None]] = []

        async def put(item: Item) -> bool:
            assert isinstance(item, ExecutionsRead)
            found.append((len(item.executions), item.since, item.cursor))
            return True

        venue = cast("OrderVenue", Pages(*pages))
        assert isinstance(await read_account(venue, ACCOUNT, put, cursor="a"), AccountStatement)
        assert found == kept

    run(talk)


def test_an_adapter_that_falls_over_leaves_its_order_unknown() -> None:
    async def talk() -> None:
        host = Host()
        host.place("bad", "a")
        host.door.open.set()
        await passes(8)
        assert host.answers()["bad"] == Unknown(reason=UnknownReason.UNREADABLE)
        assert isinstance(host.answers()["a"], Accepted)

    run(talk)
