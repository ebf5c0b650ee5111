"""Garbled answers of a broker, byte for byte through the adapter, under a whole engine.

Hypothesis: whatever a broker's answers say for seven minutes, afterwards every fill is hedged once and booked once.
Mechanism: what cannot be read is unknown and asked for again; what can be read and cannot be true is refused and halts.
Premise: answers were garbled while orders were placed, worked and filled.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from flatbook.engine.inputs import Command
from flatbook.engine.inputs import Verb as Steer
from flatbook.events.control import HaltCause
from flatbook.events.orders import OrderFilled, OrderIntended
from flatbook.sim.broker.broker import Broker
from flatbook.sim.broker.wire import Verb
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.instants import Instant, later
from flatbook.values.money import Quantity
from flatbook.venues.paper.wire import Push, Served
from tests.desk import COIN, OWNER, PAPER, Setting, at, desk_of, fill, journalled
from tests.lives import Desk, Life

END = at(40)
SETTING = Setting(lot="0.001", fill_qty_max=Quantity(Decimal(2)))
DAY = (
    ScriptedBlocks(at=at(1), events=(fill(1, "sell", "5", at=at(1)),)),
    ScriptedBlocks(at=at(4), events=(fill(2, "sell", "3", at=at(4)), fill(3, "buy", "1.5", at=at(4)))),
    ScriptedBlocks(at=at(15), events=(fill(4, "sell", "2", at=at(15)),)),
)
GARBLED_FROM, GARBLED_UNTIL = at(1), at(8)
VERBS = (Verb.PLACE, Verb.FIND, Verb.EXECUTIONS, Verb.STATEMENT, Verb.CANCEL)

Garble = Callable[[bytes], bytes]


def number(text: str) -> Garble:
    """Returns what puts a text in the place of every quantity, price and balance."""
    pattern = re.compile(rb'"(qty|filled_qty|price|total|amount)":"[^"]*"')
    return lambda body: pattern.sub(rb'"\1":"' + text.encode() + b'"', body)


def exchanged(pattern: bytes, text: bytes) -> Garble:
    return lambda body: re.sub(pattern, text, body)


GARBLES: dict[str, Garble] = {
    "NaN": number("NaN"),
    "signalling NaN": number("sNaN1"),
    "infinity": number("-Infinity"),
    "67 digits": number("1234567890123456789012345678901234567890123456789012345678901234567"),
    "67 decimals": number("1." + "3" * 67),
    "25 digits": number("1234567890123456789012345"),
    "an exponent": number("1e9999"),
    "below zero": number("-5"),
    "zero": number("0"),
    "a million digits": number("9" * 1_000_000),
    "no number": number("about five"),
    "a bare NaN": exchanged(rb'"(qty|price|total)":"[^"]*"', rb'"\1":NaN'),
    "a float": exchanged(rb'"(qty|price|total)":"([^"]*)"', rb'"\1":\2'),
    "cut": lambda body: body[: len(body) // 2],
    "empty": lambda _: b"",
    "a page": lambda _: b"<html><body>503 Service Unavailable</body></html>",
    "no text": lambda body: b"\xff\xfe" + body,
    "deep": lambda _: b'{"v":1,"at":"2025-12-02T14:31:00Z","ok":' + b"[" * 100_000,
    "another version": exchanged(rb'"v":1', rb'"v":2'),
    "a neighbour's order": exchanged(rb'"client_order_id":"[^"]*"', rb'"client_order_id":"fbaaaaaaaaaaaaaaaaaaaaaaaa"'),
    "another side": exchanged(rb'"side":"buy"', rb'"side":"sell"'),
    "an unseen status": exchanged(rb'"status":"[^"]*"', rb'"status":"held_by_compliance"'),
    "another symbol": exchanged(rb'"symbol":"COIN"', rb'"symbol":"HOOD"'),
    "the year 1": exchanged(rb'"(at|updated_at)":"2025', rb'"\1":"0001'),
    "the year 9999": exchanged(rb'"(at|updated_at)":"2025', rb'"\1":"9999'),
    "an answer to nothing": exchanged(rb'"ok":\{.*\}', rb'"ok":{}'),
}


class Garbling:
    """A broker whose answers to one kind of request are garbled for a while."""

    def __init__(self, broker: Broker, verb: Verb, garble: Garble) -> None:
        self._broker, self._verb, self._garble = broker, verb.value, garble
        self.garbled = 0

    def serve(self, body: bytes, now: Instant) -> Served | None:
        """Answers as the broker does, and garbles the answer."""
        served = self._broker.serve(body, now)
        if served is None or not GARBLED_FROM <= now < GARBLED_UNTIL or json.loads(body)["verb"] != self._verb:
            return served
        self.garbled += 1
        return Served(body=self._garble(served.body), after_ns=served.after_ns)

    def listen(self, listener: Push) -> Callable[[], None]:
        """Carries pushes as they are."""
        return self._broker.listen(listener)

    def next_due(self) -> Instant | None:
        """Returns when the broker has something to do."""
        return self._broker.next_due()

    def advance(self, to: Instant) -> None:
        """Moves the broker on."""
        self._broker.advance(to)


def play(desk: Desk) -> Life:
    """Plays a desk to its end; an operator lifts whatever halts stand when the answers are whole again."""
    life = Life(desk)

    async def operate() -> None:
        await desk.clock.sleep_until(later(GARBLED_UNTIL, seconds=120))
        for halt_id in tuple(life.engine.state.halts):
            command = Command(
                key=halt_id, actor="test", reason="looked", verb=Steer.LIFT, arguments={"halt_id": halt_id}
            )
            assert (await life.engine.command(command)).accepted

    async def both() -> None:
        operating = asyncio.create_task(operate())
        assert await life.run(END)
        await operating

    asyncio.run(both())
    return life


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("garble", GARBLES.values(), ids=GARBLES)
def test_a_garbled_answer_neither_stops_nor_doubles_nor_loses_anything(verb: Verb, garble: Garble) -> None:
    plain_desk = desk_of(SETTING, DAY)
    broker = plain_desk.broker
    assert isinstance(broker, Broker)
    outside = Garbling(broker, verb, garble)
    desk = msgspec.structs.replace(plain_desk, broker=outside)
    life = play(desk)
    assert outside.garbled > 0 or verb is Verb.CANCEL
    assert life.engine.poisons == []
    assert HaltCause.INVARIANT not in [halt.cause for halt in life.engine.state.halts.values()]
    events = journalled(desk)
    booked = Counter(event.execution_id for event in events if isinstance(event, OrderFilled))
    assert booked == Counter(f"X-{execution.id}" for execution in broker.truth.executions())
    placed = Counter(order.client_id for order in broker.truth.orders())
    assert max(placed.values()) == 1
    assert set(placed) <= {event.order_id for event in events if isinstance(event, OrderIntended)}
    assert abs(life.engine.state.positions.net(OWNER, COIN).known) < 1
    assert abs(broker.truth.balance(PAPER, "COIN") - Decimal("10008.5")) < 1
    assert not life.engine.state.open_orders
    assert not any(life.engine.state.owing.values())
    assert broker.truth.open_at(PAPER, END) == ()
    assert not life.engine.state.halts
    assert not life.engine.state.alerts
