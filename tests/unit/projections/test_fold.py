"""Folding a journal or a prefix of it."""

from __future__ import annotations

from flatbook.events.control import FlattenIntended
from flatbook.projections.fold import Recorded, identity_of, recorded
from flatbook.values.ids import Seq
from flatbook.values.instruments import Side
from tests.unit.projections import scene
from tests.unit.projections.scene import COIN, OWNER, USD, USDC, at, fill, rows_of

EVENTS = tuple(scene.stated(USD, "1", second) for second in (9, 8, 7, 6))


def test_each_event_is_told_with_its_number_and_the_instant_of_its_commit() -> None:
    assert [(item.seq, item.at) for item in recorded(rows_of(EVENTS[:2]))] == [(1, at(1)), (2, at(2))]


def test_every_event_has_an_identity_of_its_own() -> None:
    flatten = FlattenIntended(owner=OWNER, underlying=COIN, reason="stop", decided_at=at(3))
    events = (
        fill(1, Side.SELL, "1", "260", 0),
        scene.gas(7, "1", None, 0),
        scene.overwritten("1", "2", "250", 4),
        scene.assigned("1", 4),
        flatten,
        scene.mark(USDC, "1", 0),
    )
    assert [identity_of(Recorded(Seq(number), at(0), event)) for number, event in enumerate(events, 1)] == [
        f"fill:8453:0x{1:064x}:1@0xbbbbbbbb",
        f"gas:8453:0x{7:064x}",
        f"overwritten:broker:broker:COIN:{at(4)}",
        f"assigned:broker:broker:COIN:{at(4)}",
        f"flatten:coin-hedge:COIN:{at(3)}",
        "mark_set@6",
    ]
