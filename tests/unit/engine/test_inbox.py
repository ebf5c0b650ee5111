"""What waits for the loop has a bound; what stops goes first."""

from __future__ import annotations

import asyncio

from flatbook.engine.inbox import INBOX_MAX, Inbox
from flatbook.engine.inputs import Command, ExecutionsRead, Item, TimeCame, Verb
from flatbook.engine.run import CommandAnswer, Engine
from flatbook.events.orders import OrderFilled
from flatbook.sim.tapes.script import ScriptedBlocks
from tests.desk import PAPER, Setting, at, desk_of, fill, journalled
from tests.lives import Life
from tests.unit.engine.scene import START, execution

SCRIPT = (ScriptedBlocks(at=at(1), events=(fill(1, "sell", "3", at=at(1)),)),)


def command(verb: Verb) -> Command:
    return Command(key=verb.value, actor="op", reason="test", verb=verb, arguments={})


def pushed(number: int) -> Item:
    return ExecutionsRead(account=PAPER, executions=(execution("1", number, order_id=None, at=START),), cursor=None)


def test_commands_that_stop_are_taken_before_what_came_earlier() -> None:
    inbox: Inbox[None] = Inbox()
    for item in (TimeCame(), command(Verb.RECONCILE), command(Verb.KILL), pushed(1), command(Verb.HALT)):
        inbox.add(item, None)
    first = [item for item, _ in inbox.take(3)]
    assert first == [command(Verb.KILL), command(Verb.HALT), TimeCame()]
    assert [item for item, _ in inbox.take(3)] == [command(Verb.RECONCILE), pushed(1)]
    assert len(inbox) == 0


def test_a_halt_never_goes_before_a_lift_that_came_earlier_and_would_take_it_back() -> None:
    inbox: Inbox[None] = Inbox()
    for verb in (Verb.RECONCILE, Verb.HALT, Verb.LIFT, Verb.HALT):
        inbox.add(command(verb), None)
    taken = [item.verb for item, _ in inbox.take(256) if isinstance(item, Command)]
    assert taken == [Verb.HALT, Verb.LIFT, Verb.HALT, Verb.RECONCILE]


def test_what_may_not_be_refused_is_added_beyond_the_bound_and_counts() -> None:
    inbox: Inbox[None] = Inbox()
    for _ in range(INBOX_MAX - 1):
        inbox.add(TimeCame(), None)
    inbox.add(command(Verb.KILL), None)
    assert not inbox.is_full
    inbox.add(TimeCame(), None)
    assert inbox.is_full
    inbox.add(TimeCame(), None)
    assert len(inbox) == 4_098


def test_at_the_bound_pushes_are_dropped_and_counted_commands_are_told_and_what_stops_passes() -> None:
    """What was booked before stays, and the flood itself is booked as nothing."""
    desk = desk_of(Setting(), SCRIPT)
    life = Life(desk)
    answers: list[CommandAnswer] = []

    async def flood() -> None:
        await desk.clock.sleep_until(at(3))
        engine: Engine = life.engine
        for number in range(5_000):
            engine.push(pushed(number))
        answers.append(await engine.command(command(Verb.RECONCILE)))
        answers.append(await engine.command(command(Verb.KILL)))
        answers.append(await engine.command(command(Verb.RECONCILE)))

    async def scene() -> None:
        flooding = asyncio.create_task(flood())
        await life.run(at(10))
        await flooding

    asyncio.run(scene())
    refused, killed, taken = answers
    assert (refused.accepted, refused.seq) == (False, None)
    assert refused.why == "4096 inputs wait for the engine: nothing was done, try again"
    assert killed.accepted
    assert taken.accepted
    assert life.engine.dropped["push_shed"] == 904
    assert [str(event.qty) for event in journalled(desk) if isinstance(event, OrderFilled)] == ["3"]
