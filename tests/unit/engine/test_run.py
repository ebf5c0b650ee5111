"""The loop: what one turn commits, in how many rows, and what is left of a turn that is thrown away."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal

import pytest

from flatbook.engine import run
from flatbook.engine.effects import place_of
from flatbook.engine.inputs import ExecutionsRead, Input, Item, TimeCame, Verb
from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.run import Committed, Engine, Parts
from flatbook.engine.step import execution_source
from flatbook.events.chain import FillReversed, VaultFilled
from flatbook.events.codec import encode_events
from flatbook.events.orders import NotSentReason, OrderFilled, OrderIntended
from flatbook.journal.memory import MemoryJournal
from flatbook.sim.broker.broker import Broker
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.sim.world.process import CrashPoint, Cut
from flatbook.values.ids import OrderId
from flatbook.values.instants import later
from tests.desk import CHAIN, COIN, OPEN, OWNER, PAPER, Setting, at, desk_of, fill, journalled, live
from tests.lives import Desk, Life
from tests.unit.engine.scene import Bench

SETTING = Setting(lot="0.001")
MANY = (
    ScriptedBlocks(at=at(1), events=tuple(fill(number, "sell", "0.5", at=at(1)) for number in range(1, 13))),
    ScriptedBlocks(at=at(5), events=(fill(20, "sell", "1", at=at(5)),), removed_from=1007),
)
END = at(12)


def held(desk: Desk) -> Decimal:
    """Returns the shares that the broker's own ledger holds at the end."""
    assert isinstance(desk.broker, Broker)
    return desk.broker.truth.balances_at(PAPER, END)["COIN"]


def test_what_is_too_much_for_a_row_is_committed_in_several_and_the_cursor_comes_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = desk_of(SETTING, MANY)
    live(whole, END)
    monkeypatch.setattr(run, "ROW_EVENTS_MAX", 3)
    split = desk_of(SETTING, MANY)
    live(split, END)
    assert encode_events(journalled(split)) == encode_events(journalled(whole))
    rows = tuple(MemoryJournal(split.store).read())
    assert max(len(row.events) for row in rows) == 3
    first = next(place for place, row in enumerate(rows) if isinstance(row.events[0], VaultFilled))
    assert [row.cursors.get(CHAIN) for row in rows[first : first + 5]] == [None, None, None, None, "1"]
    assert len([event for event in journalled(split) if isinstance(event, FillReversed)]) == 6


def test_a_cut_between_the_rows_of_one_turn_ends_in_the_same_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "ROW_EVENTS_MAX", 3)
    first = desk_of(SETTING, MANY)
    appends = live(first, END).scissors.appends
    assert held(first) == Decimal(10_004)
    for cut in (Cut.BEFORE_APPEND, Cut.AFTER_APPEND):
        for number in range(1, appends + 1):
            desk = desk_of(SETTING, MANY)
            assert live(desk, END, crash_at=CrashPoint(cut=cut, number=number)).scissors.is_cut
            life = live(desk, END)
            assert held(desk) == Decimal(10_004), (cut, number)
            assert life.engine.state.positions.net(OWNER, COIN).known == 0
            booked = Counter(event.execution_id for event in journalled(desk) if isinstance(event, OrderFilled))
            assert set(booked.values()) == {1}


class Noting(Engine):
    """An engine that notes when an order is about to be sent, and when listeners are told of its commit."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.story: list[tuple[str, OrderId]] = []
        self.listeners.append(self._told)

    def may_send(self, order: ApprovedOrder) -> NotSentReason | None:
        """Notes an order that is about to be sent, and whether the journal holds it."""
        events = [event for row in self.parts.journal.read() for event in row.events]
        is_held = any(isinstance(event, OrderIntended) and event.order_id == order.order_id for event in events)
        self.story.append(("sent" if is_held else "sent too early", order.order_id))
        return super().may_send(order)

    def _told(self, committed: Committed) -> None:
        self.story += [("told", event.order_id) for event in committed.events if isinstance(event, OrderIntended)]


def test_an_order_leaves_after_its_commit_and_before_anybody_is_told_of_it() -> None:
    life = Life(desk_of(SETTING, MANY), engine_of=Noting)
    asyncio.run(life.run(END))
    assert isinstance(life.engine, Noting)
    orders = [order_id for what, order_id in life.engine.story if what == "told"]
    assert len(orders) > 1
    assert life.engine.story == [(what, order_id) for order_id in orders for what in ("sent", "told")]


class Planted(Input, frozen=True, kw_only=True):
    """An input that no step knows."""


class Planting(Engine):
    """An engine that is handed a poisoned input in one turn with the instant of the open."""

    def deliver(self, item: Item) -> None:
        """Hands on an input, and plants the poison behind it."""
        super().deliver(item)
        if isinstance(item, TimeCame) and self.parts.clock.now() == OPEN:
            super().deliver(Planted())  # type: ignore[arg-type]


def test_a_wake_that_was_answered_in_a_turn_that_is_thrown_away_still_stands() -> None:
    """The net waits for the open. The open comes in one turn with a poison: it must be answered when taken again."""
    sold = later(OPEN, seconds=-300)
    script = (ScriptedBlocks(at=sold, events=(fill(1, "sell", "3", at=sold),)),)
    desk = desk_of(Setting(start=later(OPEN, seconds=-600)), script)
    life = Life(desk, engine_of=Planting)
    asyncio.run(life.run(at(5)))
    assert [told.split(":")[0] for told in life.engine.poisons] == ["Planted could not be folded"]
    (intended,) = [event for event in journalled(desk) if isinstance(event, OrderIntended)]
    assert intended.decided_at == OPEN


class Overtaken(Engine):
    """An engine to which each page of executions is followed by one that was asked for earlier and arrives later."""

    async def put(self, item: Item) -> bool:
        """Hands on an input, and a page from the beginning behind it."""
        taken = await super().put(item)
        if isinstance(item, ExecutionsRead) and item.executions:
            await super().put(ExecutionsRead(account=item.account, executions=(), cursor="fallen", since=""))
        return taken


def test_a_page_that_was_overtaken_by_a_newer_one_moves_no_cursor_back() -> None:
    desk = desk_of(SETTING, MANY)
    asyncio.run(Life(desk, engine_of=Overtaken).run(END))
    source = execution_source(PAPER)
    cursors = [row.cursors[source] for row in MemoryJournal(desk.store).read() if source in row.cursors]
    assert cursors[:2] == ["X-0", "X-1"]
    assert "fallen" not in cursors
    assert held(desk) == Decimal(10_004)


@pytest.mark.parametrize(
    ("before", "stop", "held_back"),
    [
        ((), (Verb.ORDER_CANCEL,), NotSentReason.CANCELED_BEFORE_SEND),
        ((), (Verb.HALT,), NotSentReason.HALTED),
        ((Verb.FLATTEN,), (Verb.ORDER_CANCEL,), NotSentReason.CANCELED_BEFORE_SEND),
        ((Verb.FLATTEN,), (Verb.HALT,), None),
        ((Verb.FLATTEN,), (Verb.KILL,), NotSentReason.HALTED),
    ],
)
def test_an_order_that_waits_for_its_lane_does_not_leave_once_it_is_to_be_canceled(
    before: tuple[Verb, ...], stop: tuple[Verb, ...], held_back: NotSentReason | None
) -> None:
    """Thirty-two orders are under way at a slow venue, and one waits behind them: an exit, where a flatten is meant."""
    bench = Bench()
    bench.resume()
    bench.fill(1, "sell", "10" if not before else "0.01")
    for verb in before:
        bench.command(verb.value, key="before")
    order = bench.order(bench.placed()[-1].order_id)
    engine = Life(desk_of(SETTING, ())).engine
    engine.state = bench.state
    waiting = place_of(order).order
    assert (order.reduce_only, engine.may_send(waiting)) == (bool(before), None)
    for verb in stop:
        bench.command(verb.value, **({"order_id": order.order_id} if verb is Verb.ORDER_CANCEL else {}))
    assert engine.may_send(waiting) is held_back
