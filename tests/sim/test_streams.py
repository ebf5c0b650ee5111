"""Venues push executions and order reports beside what is polled: a stream speeds things up and is never needed.

Hypothesis: whatever a stream leaves out, doubles, turns round or garbles, the books end as with polls alone.
Mechanism: pushes are inputs like any other, known by identity; polls go on as if nothing had been pushed.
Premise: pushes really come before the poll that would find the same.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from flatbook.engine.ports import OrderVenue
from flatbook.engine.reports import OrderReport, Pushed
from flatbook.events.orders import OrderDone, OrderFilled
from flatbook.sim.broker.broker import Broker
from flatbook.sim.chance import draw
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.instants import Instant
from flatbook.values.money import Quantity
from flatbook.venues.paper.venue import PaperVenue
from flatbook.venues.paper.wire import InProcessTransport, Push, Served, Server
from tests.desk import COIN, OWNER, PAPER, Setting, at, desk_of, fill, journalled, live
from tests.lives import Desk, Life

END = at(25)
SETTING = Setting(lot="0.001", fill_qty_max=Quantity(Decimal(2)))
DAY = (
    ScriptedBlocks(at=at(1), events=(fill(1, "sell", "5.5", at=at(1)),)),
    ScriptedBlocks(at=at(8), events=(fill(2, "sell", "3", at=at(8)),)),
    ScriptedBlocks(at=at(14), events=(fill(3, "buy", "6", at=at(14)),)),
)
Distort = Callable[[bytes, list[bytes]], list[bytes]]


def silent(_body: bytes, _held: list[bytes]) -> list[bytes]:
    return []


def whole(body: bytes, _held: list[bytes]) -> list[bytes]:
    return [body]


def chaotic(body: bytes, held: list[bytes]) -> list[bytes]:
    """Drops, doubles, cuts and holds pushes back by chance; what was held comes later, the newest first."""
    held.append(body)
    fate = draw("streams", "fate", body.hex(), below=5)
    if fate == 0:
        held.pop()
    if fate <= 1:
        return []
    told = held[::-1]
    if fate == 2:
        return [*told, *told]
    held.clear()
    return [told[0][: len(told[0]) // 2], *told] if fate == 3 else told


class Distorting:
    """A broker whose pushes are distorted on their way; all else is carried as it is."""

    def __init__(self, broker: Broker, distort: Distort) -> None:
        self._broker, self._distort = broker, distort
        self._held: list[bytes] = []
        self.serve: Callable[[bytes, Instant], Served | None] = broker.serve
        self.next_due, self.advance = broker.next_due, broker.advance
        self.pushed = 0

    def listen(self, listener: Push) -> Callable[[], None]:
        def distorted(body: bytes) -> None:
            for each in self._distort(body, self._held):
                self.pushed += 1
                listener(each)

        return self._broker.listen(distorted)


def day_with(distort: Distort) -> tuple[Desk, Distorting]:
    plain = desk_of(SETTING, DAY)
    assert isinstance(plain.broker, Broker)
    server = Distorting(plain.broker, distort)
    carried: Server = server
    return msgspec.structs.replace(plain, broker=carried), server


def filled(desk: Desk) -> list[OrderFilled]:
    return [event for event in journalled(desk) if isinstance(event, OrderFilled)]


@pytest.mark.parametrize("distort", [silent, whole, chaotic], ids=["silent", "whole", "chaotic"])
def test_whatever_a_stream_leaves_out_doubles_or_turns_round_the_books_end_the_same(distort: Distort) -> None:
    desk, server = day_with(distort)
    life = live(desk, END)
    booked = Counter((event.execution_id, str(event.qty)) for event in filled(desk))
    assert sorted(booked) == [
        ("X-1", "2"),
        ("X-2", "2"),
        ("X-3", "1.5"),
        ("X-4", "2"),
        ("X-5", "1"),
        ("X-6", "2"),
        ("X-7", "2"),
        ("X-8", "2"),
    ]
    assert set(booked.values()) == {1}
    assert life.engine.state.positions.net(OWNER, COIN).known == 0
    assert not life.engine.state.halts
    assert bool(server.pushed) == (distort is not silent)


def test_a_push_is_booked_the_moment_it_comes_long_before_a_poll() -> None:
    pushed, _ = day_with(whole)
    polled, _ = day_with(silent)
    for desk in (pushed, polled):
        live(desk, END)
    delays = [[event.seen_at - event.happened_at for event in filled(desk)] for desk in (pushed, polled)]
    assert max(delays[0]) == 0
    assert min(delays[1]) > 0


class Telling(PaperVenue):
    """A venue that states each order anew before its execution, whose stream ends each time, or fails at the second."""

    fails = False
    opened = 0

    async def watch(self, deliver: Callable[[Pushed], None]) -> bool:
        """Delivers one execution and the order it belongs to, the order first; then the stream is gone."""
        self.opened += 1
        if self.fails and self.opened > 1:
            raise RuntimeError("a field of the stream is gone")
        told: asyncio.Queue[Pushed] = asyncio.Queue(maxsize=64)
        watching = asyncio.create_task(super().watch(told.put_nowait))
        try:
            execution = await told.get()
            if execution.order_id is not None:
                report = await self.find(execution.order_id)
                if isinstance(report, OrderReport):
                    deliver(msgspec.structs.replace(report, executions=(), complete=False))
            deliver(execution)
        finally:
            watching.cancel()
        return True


class TellingLife(Life):
    """A life whose venue is a telling one."""

    fails = False

    def _venue(self) -> OrderVenue:
        desk = self.desk
        venue = Telling(
            InProcessTransport(desk.broker, desk.clock),
            desk.clock,
            account=desk.account,
            instruments=desk.instruments,
            card=desk.rules.cards[desk.account],
        )
        venue.fails = self.fails
        self.venue = venue
        return venue


class FailingLife(TellingLife):
    """A life whose venue's stream fails."""

    fails = True


def test_a_stream_that_ends_is_opened_again_and_order_reports_may_come_before_their_executions() -> None:
    desk = desk_of(SETTING, DAY)
    life = TellingLife(desk)
    asyncio.run(life.run(END))
    assert life.venue.opened > 3
    assert [str(event.qty) for event in filled(desk)] == ["2", "2", "1.5", "2", "1", "2", "2", "2"]
    assert life.engine.state.positions.net(OWNER, COIN).known == 0
    assert (life.engine.state.halts, life.engine.poisons) == ({}, [])
    assert not [event for event in journalled(desk) if isinstance(event, OrderDone)]
    assert not life.engine.state.foreign_orders
    assert PAPER in life.engine.statements


def test_a_stream_that_fails_is_told_and_leaves_the_polls() -> None:
    desk = desk_of(SETTING, DAY)
    life = FailingLife(desk)
    asyncio.run(life.run(END))
    assert life.engine.poisons == ["what a venue pushes cannot be read any more: RuntimeError"]
    assert life.engine.dropped["stream_failed"] == 1
    assert life.engine.state.positions.net(OWNER, COIN).known == 0
    assert [str(event.qty) for event in filled(desk)] == ["2", "2", "1.5", "2", "1", "2", "2", "2"]
