"""The fold is a function of the journal: live, replayed, cut anywhere, stored and read back, it is one state."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from flatbook.engine.inputs import Stated
from flatbook.engine.reconcile import reconcile
from flatbook.engine.recover import fold_journal, recover
from flatbook.engine.step import step
from flatbook.events.codec import decode_events, encode_events
from flatbook.events.event import Event
from flatbook.events.orders import ForeignFilled, IntentRefused, OrderFilled, OrderIntended
from flatbook.journal.kept_states import FolderOfStates, desk_fold
from flatbook.journal.memory import MemoryJournal
from flatbook.journal.snapshot import fold_journal as fold_journal_on
from flatbook.state.desk import State
from flatbook.state.dump import state_bytes, state_from_bytes
from flatbook.state.exposure import exposure_of
from flatbook.state.fold import apply, apply_row
from flatbook.values.ids import SourceId
from flatbook.values.instants import Instant, later
from flatbook.values.money import ZERO
from tests.depth import examples
from tests.desk import PAPER
from tests.property.test_wake_law import long_script
from tests.property.world import KEYS, SCRIPTS, STARTS, World

SEEDS = 40
KEPT_SEEDS = 6
BASE = SourceId("base")


def folded(events: list[Event], state: State | None = None) -> State:
    state = State() if state is None else state
    for event in events:
        apply(state, event)
    return state


@settings(max_examples=examples(60), deadline=None)
@given(st.sampled_from(STARTS), SCRIPTS, st.integers(0, 10**6))
def test_a_replay_cut_anywhere_stored_and_read_back_ends_in_the_live_state(
    start: Instant, script: list[tuple[Any, ...]], cut: int
) -> None:
    world = World(start, every=False).run(script)
    live = state_bytes(world.state)
    assert state_bytes(folded(world.events)) == live
    first, second = world.events[: cut % (len(world.events) + 1)], world.events[cut % (len(world.events) + 1) :]
    stored = state_from_bytes(state_bytes(folded(first)))
    assert state_bytes(folded(second, stored)) == live
    decoded = list(decode_events(encode_events(world.events)))
    assert state_bytes(folded(decoded)) == live


def test_rows_of_any_size_fold_to_the_same_state() -> None:
    for seed in range(SEEDS):
        chance = random.Random(seed)
        events = World(STARTS[0], every=False).run(long_script(chance)).events
        whole = apply_row(State(), tuple(events), {BASE: "9"})
        parts, position = State(), 0
        while position < len(events):
            size = chance.randint(1, 9)
            apply_row(parts, tuple(events[position : position + size]), {BASE: str(position)})
            position += size
        assert state_bytes(apply_row(parts, (), {BASE: "9"})) == state_bytes(whole)
        assert whole.seq == len(events)


def test_a_kept_state_of_every_prefix_and_what_came_since_are_the_whole_fold(tmp_path: Path) -> None:
    fold = desk_fold()
    assert fold is not None
    for seed in range(KEPT_SEEDS):
        chance = random.Random(seed)
        events = World(chance.choice(STARTS), every=False).run(long_script(chance)).events
        journal, folder = MemoryJournal(), tmp_path / str(seed)
        epoch, kept = journal.take_lease(STARTS[0]), {0: folder / "none"}
        while journal.last < len(events):
            after, row = journal.last, journal.head().rows + 1
            part = events[after : after + chance.randint(0, 9)]
            journal.append(part, after=after, epoch=epoch, cursors={BASE: str(row)}, at=STARTS[0])
            if part:
                fold_journal_on(journal, folder / "newest", fold)
                kept[row] = shutil.copytree(folder / "newest", folder / str(row))
        whole = state_bytes(fold_journal(journal))
        for row, place in kept.items():
            states = FolderOfStates(place)
            assert state_bytes(recover(journal, states)) == whole, (seed, row)
            assert (0 if states.taken is None else states.taken.row) == row


def test_the_parts_of_a_state_agree_with_each_other() -> None:
    for seed in range(SEEDS):
        chance = random.Random(seed)
        state = World(chance.choice(STARTS), every=False).run(long_script(chance)).state
        for key, net in state.positions.nets.items():
            rows = (row for row in state.positions.rows.values() if (row.owner, row.underlying) == key)
            assert net.known == sum((row.qty * row.contract_size for row in rows), ZERO)
            assert min(ZERO, net.known) <= net.hedgeable <= max(ZERO, net.known)
        assert sorted(state.open_orders) == sorted(each for each in state.orders if state.orders[each].is_open)
        owing = sorted(each for owed in state.owing.values() for each in owed)
        assert owing == sorted(each for each in state.orders if state.orders[each].is_open or state.orders[each].leaves)


def test_the_hedge_never_has_more_under_way_than_the_net_at_the_moment_it_decides() -> None:
    for seed in range(SEEDS):
        chance = random.Random(seed)
        events = World(chance.choice(STARTS), every=False).run(long_script(chance)).events
        state = State()
        for event in events:
            apply(state, event)
            if isinstance(event, OrderIntended):
                exposure = exposure_of(state, (event.owner, event.underlying))
                buys = event.side.value == "buy"
                assert exposure.highest <= ZERO if buys else exposure.lowest >= ZERO, (seed, event)


def test_no_order_id_and_no_execution_is_ever_booked_twice() -> None:
    for seed in range(SEEDS):
        chance = random.Random(seed)
        events = World(chance.choice(STARTS), every=False).run(long_script(chance)).events
        intents = [event.order_id for event in events if isinstance(event, (OrderIntended, IntentRefused))]
        assert len(set(intents)) == len(intents)
        executions = [event.execution_id for event in events if isinstance(event, (OrderFilled, ForeignFilled))]
        assert len(set(executions)) == len(executions)


def test_reconciling_twice_with_any_statement_is_empty_the_second_time() -> None:
    for seed in range(SEEDS):
        chance = random.Random(seed)
        world = World(chance.choice(STARTS), every=False).run(long_script(chance))
        shown = world.statement(PAPER, chance.choice([0, 4_000]), open_orders=chance.randint(0, 3))
        now = later(shown.stated_at, seconds=chance.choice([0, 60]))
        step(world.state, world.market, Stated(statement=shown), now=now, rules=world.rules, wakes=world.wakes)
        assert reconcile(world.state, shown, world.rules, now) == ()
        again = step(world.state, world.market, Stated(statement=shown), now=now, rules=world.rules, wakes=world.wakes)
        assert again.events == ()


def test_what_is_asked_of_a_state_leaves_no_trace_in_it() -> None:
    world = World(STARTS[0], every=False).run(long_script(random.Random(1)))
    before = state_bytes(world.state)
    for key in KEYS:
        world.state.positions.net(*key)
        exposure_of(world.state, key)
        world.state.orders_owing(key)
    assert state_bytes(world.state) == before
