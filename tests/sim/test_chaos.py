"""Faults that an operator makes on a paper desk: the promise holds, and what happened is in the journal."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from msgspec.structs import replace

from flatbook.engine.inputs import Command, Verb
from flatbook.engine.run import CommandAnswer
from flatbook.events.chain import BlocksRemoved, FillReversed, VaultFilled
from flatbook.events.orders import OrderIntended, OrderUnknown
from flatbook.market.quotes import Quote
from flatbook.services.chaos import Chaos
from flatbook.sim.broker.broker import Broker
from flatbook.sim.tapes.clock import TapeClock
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.ids import Seq, SourceId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.money import Price, Quantity
from tests.desk import COIN, OPEN, OWNER, PAPER, Setting, at, desk_of, fill, journalled, live
from tests.lives import Desk

SOLD = (
    ScriptedBlocks(at=at(1), events=(fill(1, "sell", "2", at=at(1)),)),
    ScriptedBlocks(at=at(6), events=(fill(6, "sell", "3", at=at(6)),)),
)
TAKEN = CommandAnswer(seq=Seq(1), accepted=True, repeated=False, why=None)


def command(**arguments: str) -> Command:
    return Command(key="k", actor="alice", reason="to see it", verb=Verb.CHAOS, arguments=arguments)


def broken_desk(chaos_of: Chaos, desk: Desk) -> Desk:
    """Returns the desk with a broker and a chain that can be broken."""
    return replace(
        desk,
        broker=chaos_of.lossy(PAPER, desk.broker),
        sources=tuple(chaos_of.shaken(source) for source in desk.sources),
    )


def held(desk: Desk) -> Decimal:
    assert isinstance(desk.broker, Broker)
    return desk.broker.truth.balances_at(PAPER, at(60)).get("COIN", Decimal(0))


def test_an_order_whose_answer_is_lost_is_found_and_not_sent_twice() -> None:
    plain = desk_of(Setting(), SOLD)
    chaos = Chaos(plain.clock)
    desk = broken_desk(chaos, plain)
    chaos.hear(command(fault="drop", account=PAPER, count="1"), TAKEN)
    life = live(desk, at(20))
    counts = Counter(type(event) for event in journalled(desk))
    assert (counts[OrderIntended], counts[OrderUnknown]) == (2, 1)
    assert held(plain) == Decimal(10_005)
    assert life.engine.state.positions.net(OWNER, COIN).known == 0


def test_blocks_that_go_and_come_again_change_nothing_in_the_end() -> None:
    plain = desk_of(Setting(), SOLD)
    chaos = Chaos(plain.clock)
    desk = broken_desk(chaos, plain)
    live(desk, at(4))
    chaos.hear(command(fault="reorg", depth="1"), TAKEN)
    life = live(desk, at(30))
    events = journalled(desk)
    assert [event.first_block for event in events if isinstance(event, BlocksRemoved)] == [1]
    assert [type(event) for event in events if isinstance(event, VaultFilled | FillReversed)] == [
        VaultFilled, FillReversed, VaultFilled, VaultFilled,
    ]  # fmt: skip
    assert held(plain) == Decimal(10_005)
    assert life.engine.state.positions.net(OWNER, COIN).known == 0


def test_stalled_prices_arrive_nowhere_until_the_stall_is_over() -> None:
    clock, seen = TapeClock(OPEN), list[Instant]()
    chaos = Chaos(clock)

    def taken(_underlying: Underlying, _source: SourceId, quote: Quote) -> bool:
        seen.append(quote.seen_at)
        return True

    observe = chaos.observing(taken)

    def told(now: Instant) -> bool:
        quote = Quote(price=Price(Decimal(250)), happened_at=now, seen_at=now)
        return observe(Underlying("COIN"), SourceId("bars"), quote)

    assert told(OPEN)
    chaos.hear(command(fault="stall", seconds="60"), TAKEN)
    assert not told(OPEN)
    assert seen == [OPEN]


def test_what_was_refused_or_said_before_breaks_nothing() -> None:
    desk = desk_of(Setting(), ())
    chaos = Chaos(desk.clock)
    lossy = chaos.lossy(PAPER, desk.broker)
    for answer in (replace(TAKEN, accepted=False), replace(TAKEN, repeated=True)):
        chaos.hear(command(fault="drop", account=PAPER, count="3"), answer)
    chaos.hear(replace(command(), verb=Verb.DRAIN), TAKEN)
    assert lossy.to_lose == 0


def test_the_same_fault_twice_adds_up() -> None:
    desk = desk_of(Setting(fill_qty_max=Quantity(Decimal(1))), ())
    chaos = Chaos(desk.clock)
    lossy = chaos.lossy(PAPER, desk.broker)
    for _ in range(2):
        chaos.hear(command(fault="drop", account=PAPER, count="3"), TAKEN)
    assert lossy.to_lose == 6
