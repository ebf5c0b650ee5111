"""Asking a strategy when it waits and asking it about everything decide the same, byte for byte."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flatbook.events.codec import encode_events
from flatbook.events.control import HoldReason
from flatbook.events.event import Event
from flatbook.events.orders import CancelReason, OrderIntended
from flatbook.state.dump import state_bytes
from flatbook.values.instants import Instant
from tests.depth import examples
from tests.desk import COIN
from tests.property.world import BARS, HOOD, MOODS, SCRIPTS, STARTS, World

SEEDS = 120
EXPECTED = (
    "OrderIntended", "CancelIntended", "OrderFilled", "OrderUnknown", "OrderResent", "OrderAbsent", "IntentRefused",
    "OrderRejected", "OrderNotSent", "CancelRefused", "FillReversed", "ForeignFilled", "FlattenIntended",
    "no_market", "stale_quote", "session_closed", "capacity", "halted", "retry_later", "below_lot",
    "second_source_differs", "exceeds_net", "wrong_side", "backup",
)  # fmt: skip
QUOTED = [("observe", COIN, BARS, Decimal(250), 0), ("observe", HOOD, BARS, Decimal(40), 0)]
FUNDS = [*QUOTED, ("fill", 0, "sell", "9"), ("fill", 0, "sell", "9"), ("deliver", 4), ("foreign", "-5"), ("deliver", 4)]
NEAR_CLOSE = [("fill", 0, "sell", "3"), ("wait", 1_790_000)]
RAMPED = [*QUOTED, ("fill", 2, "sell", "0.5"), ("wait", 900_000), *QUOTED, ("wait", 300_000)]


@settings(max_examples=examples(200), deadline=None)
@given(st.sampled_from(STARTS), SCRIPTS)
@example(STARTS[0], FUNDS)
@example(STARTS[1], RAMPED)
@example(STARTS[2], NEAR_CLOSE)
def test_a_strategy_asked_on_its_wakes_decides_as_one_asked_about_everything(
    start: Instant, script: list[tuple[Any, ...]]
) -> None:
    asked = World(start, every=True).run(script)
    woken = World(start, every=False).run(script)
    assert asked.asked == []
    assert encode_events(asked.events) == encode_events(woken.events)
    assert state_bytes(asked.state) == state_bytes(woken.state)


def test_long_scripts_reach_what_can_happen_and_change_nothing_when_everybody_is_asked() -> None:
    reached: dict[str, int] = {}
    for seed in range(SEEDS):
        chance = random.Random(seed)
        start, script = chance.choice(STARTS), long_script(chance)
        asked, woken = (World(start, every=every).run(script) for every in (True, False))
        assert asked.asked == [], seed
        assert encode_events(asked.events) == encode_events(woken.events), seed
        for event in woken.events:
            for name in names_of(event):
                reached[name] = reached.get(name, 0) + 1
    missing = [name for name in EXPECTED if reached.get(name, 0) < SEEDS // 20]
    assert missing == [], sorted(reached.items())


def long_script(chance: random.Random) -> list[tuple[Any, ...]]:
    """Returns a script in which most fills find fresh prices and most orders an answer."""
    script: list[tuple[Any, ...]] = []
    shares = ("0.3", "0.5", "1", "1.7", "3.25", "9")
    for _ in range(chance.randint(10, 40)):
        price = Decimal(chance.choice(["250", "249.5", "251", "40", "0.01"]))
        script += [("mood", chance.choice(MOODS)), ("quotes", price)] if chance.random() < 0.8 else []
        script.append(("fill", chance.randint(0, 2), chance.choice(["buy", "sell", "sell"]), chance.choice(shares)))
        script += [("deliver", chance.randint(1, 4))] if chance.random() < 0.8 else []
        rare: list[tuple[Any, ...]] = [
            ("wait", chance.choice([1, 5_000, 10_000, 31_000, 121_000, 605_000, 3_600_000])),
            ("execute", chance.randint(0, 3), chance.choice(shares), chance.random() < 0.2),
            ("execute", chance.randint(0, 3), chance.choice(shares), False),
            ("find_all",),
            ("reorg", chance.randint(1, 3)),
            ("foreign", chance.choice(["-5", "5"])),
            ("command", chance.choice(["halt", "lift", "lift", "flatten", "kill"]), chance.choice(["all", "owner"])),
        ]
        script += chance.sample(rare, chance.randint(0, 3))
    return script


def names_of(event: Event) -> Iterator[str]:
    """Yields the kind of an event, and what is special about it."""
    yield type(event).__name__
    reason = getattr(event, "reason", None)
    if isinstance(reason, (HoldReason, CancelReason)):
        yield reason.value
    if isinstance(event, OrderIntended) and event.account == "backup":
        yield "backup"


@pytest.mark.parametrize("start", STARTS)
def test_the_same_script_gives_the_same_journal(start: Instant) -> None:
    first, second = (World(start, every=True).run([*FUNDS, *RAMPED]) for _ in range(2))
    assert encode_events(first.events) == encode_events(second.events)
