"""What a kill does at a venue while the journal cannot be written: it cancels all there, and looks what is left."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any, cast

import pytest

from flatbook.engine.call_outbox import Senders
from flatbook.engine.inputs import Command, Item, Verb
from flatbook.engine.last_cancels import LastCancels
from flatbook.engine.outbox import Outbox
from flatbook.engine.ports import ApprovedOrder, Clock, OrderVenue
from flatbook.engine.reports import AccountStatement, CancelAnswer, CancelTaken, Unknown
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.world.process import LoopClock
from flatbook.state.desk import State
from flatbook.values.ids import AccountId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instruments import Side
from tests.conformance.stage import ACCOUNT, Stage
from tests.conformance.test_binance import BENCHES
from tests.desk import PAPER
from tests.exchange import PERP, Scene
from tests.unit.engine.scene import START, Bench
from tests.unit.sim.exchange.core import asked, placed

FUTURES = BENCHES["usdm"]


class Left:
    """What is left of an engine: an empty book, an outbox, and what waits for the loop that ended."""

    def __init__(self, venue: OrderVenue, clock: Clock) -> None:
        self.state, self.statements = State(), dict[AccountId, AccountStatement]()
        self.venues, self.clock = {ACCOUNT: venue}, clock
        self.senders: Senders = {}
        self.items = deque[Item]()
        self.outbox = Outbox(self, self)

    def waiting(self) -> Iterator[tuple[Item, asyncio.Future[Any] | None]]:
        while self.items:
            yield self.items.popleft(), None

    def deliver(self, item: Item) -> None:
        self.items.append(item)

    async def put(self, item: Item) -> bool:
        return True

    def may_send(self, order: ApprovedOrder) -> NotSentReason | None:
        return NotSentReason.HALTED

    def execution_cursor(self, account: AccountId) -> str:
        return ""


def command(verb: Verb, **arguments: str) -> Command:
    return Command(key="k", actor="op", reason="test", verb=verb, arguments=arguments)


def after(said: Command) -> tuple[str | None, list[str], int | None, int]:
    """Returns what a command came to: why it was refused, what is open, open orders as stated, and how long it took."""

    async def talk(scene: Scene) -> Any:
        stage = Stage(FUTURES, scene)
        await stage.open()
        await stage.place(Side.BUY, "0.01", "45000")
        placed(scene.exchange, asked("by-hand", 1, "0.02", "44000"))
        left = Left(stage.venue, LoopClock(scene.loop))
        last, began = LastCancels(left, left.venues, left.clock), scene.now()
        running = asyncio.create_task(last.run())
        refused = last.stop(said)
        await running
        await left.outbox.close()
        stated = left.statements.get(ACCOUNT)
        still = [order.client_id for order in scene.exchange.open_orders("main", PERP)]
        took_s = (scene.now() - began) // 1_000_000_000
        return refused, still, None if stated is None else len(stated.open_orders), took_s

    return FUTURES.run(talk)


def test_a_kill_cancels_what_nobody_here_knows_of_and_reads_that_nothing_is_left() -> None:
    assert after(command(Verb.KILL)) == (None, [], 0, 30)
    assert after(command(Verb.KILL, account=ACCOUNT)) == (None, [], 0, 30)


@pytest.mark.parametrize("said", [command(Verb.HALT), command(Verb.KILL, account="another")])
def test_orders_of_others_are_left_where_the_account_is_not_killed(said: Command) -> None:
    refused, still, stated, took_s = after(said)
    assert (refused, len(still), stated, took_s) == (None, 2, None, 0)


def test_what_does_not_stop_is_refused() -> None:
    assert after(command(Verb.RECONCILE))[0] == "the journal cannot be written: only halt, kill and cancel act"


class Deaf:
    """A venue whose first answers to a cancel are lost."""

    def __init__(self, lost: int) -> None:
        self.lost, self.asked = lost, list[OrderId]()

    async def cancel(
        self, order_id: OrderId, _venue_order_id: VenueOrderId | None, _instrument: InstrumentId
    ) -> CancelAnswer:
        self.asked.append(order_id)
        return CancelTaken() if len(self.asked) > self.lost else Unknown(reason=UnknownReason.TIMED_OUT)


def test_a_cancel_whose_answer_was_lost_is_asked_for_again_until_one_comes() -> None:
    bench, venue, loop = Bench(), Deaf(2), VirtualLoop(START)
    order_id = bench.working()

    async def end() -> int:
        clock = LoopClock(loop)
        left = Left(cast("OrderVenue", venue), clock)
        left.state = bench.state
        left.venues[PAPER] = cast("OrderVenue", venue)
        await LastCancels(left, left.venues, left.clock).run()
        return (clock.now() - START) // 1_000_000_000

    assert loop.run_until_complete(end()) < 10
    assert venue.asked == [order_id] * 3
    loop.close()
