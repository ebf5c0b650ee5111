"""What is kept of who is to be asked says after every event what a look at all orders says."""

from __future__ import annotations

import random

from flatbook.engine.overdue import Overdue, overdue
from flatbook.state.dump import state_bytes, state_from_bytes
from flatbook.values.ids import OrderId
from flatbook.values.instants import Instant, later
from tests.property.test_wake_law import long_script
from tests.property.world import STARTS, World

SEEDS = 60


def test_whatever_happens_and_is_asked_the_same_orders_are_due_and_the_next_instant_is_the_same() -> None:
    reached: dict[str, int] = {}
    for seed in range(SEEDS):
        chance = random.Random(seed)
        world, asked, seen = World(chance.choice(STARTS), every=False), dict[OrderId, tuple[Instant, int]](), 0
        kept = Overdue(world.rules.cards, asked)
        for done in long_script(chance):
            world.run([done])
            if chance.random() < 0.02:
                world.state = state_from_bytes(state_bytes(world.state))
            kept.note(world.events[seen:])
            seen = len(world.events)
            now = later(world.now, seconds=chance.choice((0, 0, 0, 3, 40)))
            due, upcoming = kept.look(world.state, now)
            assert (due, upcoming) == overdue(world.state, world.rules.cards, asked, now), seed
            for order in due:
                reached[order.status.value] = reached.get(order.status.value, 0) + 1
                if chance.random() < 0.8:
                    asked[order.order_id] = (now, asked.get(order.order_id, (now, 0))[1] + 1)
            reached["upcoming"] = reached.get("upcoming", 0) + (upcoming is not None)
    assert {"unknown", "pending_cancel", "submitted", "upcoming"} <= set(reached), reached
