"""Tapes become event arrays of hftbacktest and are the same again when they are read back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from flatbook.backtest.refused import TapeRefused
from flatbook.backtest.tape_file import Message, memory_tape
from flatbook.backtest.tape_hftbacktest import (
    BOTH,
    BUY,
    CLEAR,
    DEPTH,
    EVENT,
    SELL,
    SNAPSHOT,
    TRADE,
    read_events,
    write_events,
)
from flatbook.backtest.tape_making import Plan, messages_of
from flatbook.market.depth import Unread, in_one_row
from flatbook.market.ticks import Kind
from tests.unit.backtest.scenes import PERP, SPOT

BOOK = Message(
    100, 150, [(Kind.CLEAR, 0, 0, 0, 0, 0, 1), (Kind.BID, 0, 1001, 1500, 0, 0, 1), (Kind.ASK, 0, 1002, 7, 0, 0, 1)]
)
CHANGE = Message(110, 160, [(Kind.BID, 0, 1001, 0, 0, 0, 2), (Kind.BID, 0, 1000, 3, 0, 0, 2)])
TRADES = Message(120, 170, [(Kind.TRADE, 0, 1002, 5, 1, 0, 3), (Kind.TRADE, 0, 1000, 5, -1, 0, 4)])
OTHER = Message(130, 180, [(Kind.QUOTE, 1, 10, 1, 11, 1, 0)])


def written(path: Path, *messages: Message, inst: int = 0) -> np.ndarray:
    assert write_events(path, memory_tape(messages, (PERP, SPOT)), inst) > 0
    events: np.ndarray = np.load(path)["data"]
    return events


def test_a_book_is_cleared_shown_whole_and_then_changed(tmp_path: Path) -> None:
    events = written(tmp_path / "e.npz", BOOK, CHANGE, TRADES, OTHER)
    assert events.dtype == EVENT
    assert (events["ev"] ^ BOTH).tolist() == [
        CLEAR,
        SNAPSHOT | BUY,
        SNAPSHOT | SELL,
        DEPTH | BUY,
        DEPTH | BUY,
        TRADE | BUY,
        TRADE | SELL,
    ]
    assert events["px"].tolist() == [0.0, 100.1, 100.2, 100.1, 100.0, 100.2, 100.0]
    assert events["qty"].tolist() == [0.0, 1.5, 0.007, 0.0, 0.003, 0.005, 0.005]
    assert events["exch_ts"].tolist() == [100, 100, 100, 110, 110, 120, 120]
    assert events["local_ts"].tolist() == [150, 150, 150, 160, 160, 170, 170]


def test_quotes_are_a_book_of_one_level_whose_last_level_goes(tmp_path: Path) -> None:
    first = Message(1, 1, [(Kind.QUOTE, 1, 1000, 5, 1001, 6, 0)])
    then = Message(2, 2, [(Kind.QUOTE, 1, 1000, 4, 1002, 6, 0)])
    events = written(tmp_path / "e.npz", first, then, inst=1)
    assert list(zip((events["ev"] ^ BOTH).tolist(), events["px"].tolist(), events["qty"].tolist(), strict=True)) == [
        (DEPTH | SELL, 10.01, 0.00006),
        (DEPTH | BUY, 10.0, 0.00005),
        (DEPTH | SELL, 10.01, 0.0),
        (DEPTH | SELL, 10.02, 0.00006),
        (DEPTH | BUY, 10.0, 0.00004),
    ]


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    written(tmp_path / "e.npz", BOOK, CHANGE, TRADES)
    plan = Plan(inst=0, instrument=replace(PERP, symbol="X"), rule=in_one_row)
    counts: Counter[str] = Counter()
    messages = list(messages_of(read_events([tmp_path / "e.npz"], "X"), {"X": plan}, counts))
    rows = [(message.ts, message.local_ts, *row[:5]) for message in messages for row in message.rows]
    assert rows == [
        (100, 150, 0, 0, 0, 0, 0),
        (100, 150, 1, 0, 1001, 1500, 0),
        (100, 150, 2, 0, 1002, 7, 0),
        (110, 160, 1, 0, 1001, 0, 0),
        (110, 160, 1, 0, 1000, 3, 0),
        (120, 170, 4, 0, 1002, 5, 1),
        (120, 170, 4, 0, 1000, 5, -1),
    ]


def test_a_snapshot_without_a_time_has_that_of_what_follows(tmp_path: Path) -> None:
    events = np.zeros(2, EVENT)
    events["ev"] = [BOTH | SNAPSHOT | BUY, BOTH | DEPTH | SELL]
    events["exch_ts"], events["local_ts"], events["px"], events["qty"] = [0, 9], [0, 9], [1.0, 2.0], [1.0, 1.0]
    np.savez(tmp_path / "e.npz", data=events)
    heard = list(read_events([tmp_path / "e.npz"], "X"))
    assert [(at, getattr(told, "happened_at", 0)) for at, told in heard] == [(9, 9), (9, 9)]


@pytest.mark.parametrize("what", ["text", "other", "cut", "nan"])
def test_what_is_no_event_array_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / "e.npz"
    events = np.zeros(3, EVENT)
    events["ev"] = BOTH | TRADE
    events["px"][1] = np.nan if what == "nan" else 1.0
    np.savez(path, data=np.zeros(3) if what == "other" else events)
    if what == "text":
        path.write_text("no")
    if what == "cut":
        path.write_bytes(path.read_bytes()[:-90])
    with pytest.raises(TapeRefused):
        list(read_events([path], "X"))


def test_an_event_of_a_kind_that_is_not_known_is_counted_and_one_of_no_use_too(tmp_path: Path) -> None:
    kinds = (SNAPSHOT, 77, 10, TRADE, 77)
    rows = [(kind | BOTH | BUY, 100 + i, 150 + i, 1.0, 1.0, 0, 0, 0.0) for i, kind in enumerate(kinds)]
    np.savez(tmp_path / "e.npz", data=np.array(rows, EVENT))
    told = [each for _, each in read_events([tmp_path / "e.npz"], "X")]
    details = [each.detail for each in told if isinstance(each, Unread)]
    assert details == ["an event of kind '77'", "an event of kind '77'"]
    assert (told.count(None), len(told)) == (1, 5)
