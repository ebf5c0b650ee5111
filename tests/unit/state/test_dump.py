"""The state as bytes: the same for the same events, and read back whole."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from flatbook.state.calls import Attempt, ChainCall, Mined, WalletBook
from flatbook.state.desk import Alert, ForeignOrder, KnownFill, KnownFunds, State
from flatbook.state.dump import STATE_FORMAT, StateUnreadable, state_bytes, state_from_bytes
from flatbook.state.fold import apply
from flatbook.state.grid import GridMemory
from flatbook.state.halts import Halt, HaltAsked
from flatbook.state.orders import Order
from flatbook.state.positions import DayResult, Entry, Net, Position, Positions, Refusals, TurnedDown
from flatbook.state.slots import SlotHeld
from flatbook.values.ids import SourceId
from tests.unit.events.samples import SAMPLES
from tests.unit.state.scene import (
    USDC,
    accepted,
    cancel_intended,
    executed,
    folded,
    foreign,
    intended,
    marked,
    skipped,
    unvalued,
    vault_filled,
)

EVENTS = (
    marked(USDC, "1"),
    vault_filled(1, "sell", "10.750000000000000001"),
    intended(),
    accepted(),
    executed("4"),
    cancel_intended(),
    foreign("2"),
    skipped(2),
    unvalued(vault_filled(3, "buy", "1"), "1"),
    *(sample for sample in SAMPLES if type(sample).__module__.endswith("control")),
)


def test_the_same_events_give_the_same_bytes() -> None:
    assert state_bytes(folded(EVENTS)) == state_bytes(folded(EVENTS))
    assert state_bytes(folded(EVENTS)) != state_bytes(folded(EVENTS[:-1]))


def test_a_state_is_read_back_whole_and_folds_on() -> None:
    state = folded(EVENTS)
    state.cursors[SourceId("base")] = "7"
    again = state_from_bytes(state_bytes(state))
    assert again == state
    assert state_bytes(again) == state_bytes(state)
    assert state_bytes(apply(again, executed("1", 2))) == state_bytes(apply(state, executed("1", 2)))


@pytest.mark.parametrize("blob", [b"", b"\x00", b"\x92\x01", state_bytes(State())[:-1], b"\x93\x01\x80\x80"])
def test_damaged_bytes_are_refused(blob: bytes) -> None:
    with pytest.raises(StateUnreadable):
        state_from_bytes(blob)


def test_another_format_is_refused() -> None:
    other = msgspec.msgpack.encode((STATE_FORMAT + 1, msgspec.Raw(msgspec.msgpack.encode(State()))))
    with pytest.raises(StateUnreadable, match="format 19"):
        state_from_bytes(other)
    more = msgspec.msgpack.encode((STATE_FORMAT, {"seq": 1, "added": 2}))
    with pytest.raises(StateUnreadable, match="added"):
        state_from_bytes(more)


def test_a_changed_state_has_a_new_format() -> None:
    calls = (ChainCall, Attempt, Mined, WalletBook, GridMemory)
    quotes = (SlotHeld, Entry, Refusals, TurnedDown)
    desk = (
        State,
        Positions,
        Position,
        Net,
        DayResult,
        Order,
        Halt,
        HaltAsked,
        KnownFill,
        ForeignOrder,
        Alert,
        KnownFunds,
    )
    kept = (*desk, *calls, *quotes)
    shape = "\n".join(f"{each.__name__}: {' '.join(each.__struct_fields__)}" for each in kept)
    assert (STATE_FORMAT, hashlib.sha256(shape.encode()).hexdigest()[:16]) == (18, "cc416318312e522e")
