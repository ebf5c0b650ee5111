"""Since when exposure is open: told by the same rule that says whether the desk is flat, at every moment."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from litestar.testing import TestClient

from flatbook.api.answers.holdings import holdings_of
from flatbook.api.answers.moment import as_of
from flatbook.api.answers.status import status_answer
from flatbook.api.answers.thresholds import NO_THRESHOLD, Threshold, Thresholds, thresholds_of
from flatbook.api.openness import Openness
from flatbook.engine.ports import Row
from flatbook.events.event import Event
from flatbook.events.orders import ForeignOrderSeen
from flatbook.journal.kept_states import with_row
from flatbook.journal.sqlite_reader import open_reader
from flatbook.ops.config import load
from flatbook.state.desk import State
from flatbook.values.ids import Epoch, Seq, Underlying, VenueOrderId
from flatbook.values.instants import Instant, text_of_instant
from flatbook.values.instruments import Side
from flatbook.values.money import Quantity
from tests.unit.projections import scene
from tests.unit.projections.scene import accepted, executed, fill, intended

NET = (scene.OWNER, scene.COIN)
OVER_TWO: Thresholds = {NET: Threshold(shares=Decimal(2))}
NONE: Thresholds = {}


def not_ours(*, is_open: bool) -> ForeignOrderSeen:
    """Returns what is seen of an order at the broker that somebody else gave."""
    return ForeignOrderSeen(
        account=scene.BROKER,
        instrument=scene.STOCK,
        underlying=scene.COIN,
        venue_order_id=VenueOrderId("theirs"),
        side=Side.BUY,
        qty=Quantity(Decimal(2)),
        filled_qty=Quantity(Decimal(0)),
        contract_size=Decimal(1),
        open=is_open,
        seen_at=scene.at(5),
    )


class Told:
    """A journal that is folded commit by commit, with what is open."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.state, self.openness, self.thresholds = State(), Openness(thresholds), thresholds
        self.row: Row | None = None

    def commit(self, *events: Event, seconds: int) -> tuple[bool, str | None]:
        """Folds one commit; returns whether the desk is flat, and since when it is not."""
        self.row = Row(
            first=Seq(self.state.seq + 1),
            last=Seq(self.state.seq + len(events)),
            epoch=Epoch(1),
            at=scene.at(seconds),
            cursors={},
            events=events,
            previous_hash=b"",
            hash=b"",
        )
        self.state = with_row(self.state, self.row)
        self.openness.take(self.state, self.row)
        return self.after(self.state.seq)

    def after(self, seq: int) -> tuple[bool, str | None]:
        """Returns what is said of the present state as if it were that after an event."""
        assert self.row is not None
        at = self.row.at
        told = status_answer(
            holdings_of(self.state, self.thresholds),
            as_of(Seq(seq), at),
            since=lambda key: self.openness.since(key, Seq(seq), at),
        )
        assert isinstance(told.open_since, str | None)
        return told.flat, told.open_since


def test_exposure_is_open_since_the_fill_happened_and_not_since_it_was_seen() -> None:
    told = Told(NONE)
    assert told.commit(fill(1, Side.SELL, "3", "780", 0), seconds=5) == (False, "2025-12-01T15:00:00Z")
    assert told.commit(fill(2, Side.SELL, "1", "260", 20), seconds=25) == (False, "2025-12-01T15:00:00Z")
    assert told.commit(fill(3, Side.BUY, "4", "1040", 30), seconds=35) == (True, None)
    assert told.commit(fill(4, Side.SELL, "1", "260", 40), seconds=45) == (False, "2025-12-01T15:00:40Z")


def test_a_net_below_its_threshold_is_no_open_exposure() -> None:
    told = Told(OVER_TWO)
    assert told.commit(fill(1, Side.SELL, "1", "260", 0), seconds=5) == (True, None)
    assert told.commit(fill(2, Side.SELL, "1", "260", 20), seconds=25) == (False, "2025-12-01T15:00:20Z")


def test_at_an_instant_exposure_had_been_open_since_it_was_opened_the_last_time() -> None:
    told = Told(OVER_TWO)
    told.commit(fill(1, Side.SELL, "1", "260", 0), seconds=5)
    told.commit(fill(2, Side.SELL, "1", "260", 20), seconds=25)
    told.commit(fill(3, Side.BUY, "2", "520", 30), seconds=35)
    told.commit(fill(4, Side.SELL, "3", "780", 40), seconds=45)
    begun = [told.openness.begun(NET, scene.at(second)) for second in (19, 20, 39, 41)]
    assert begun == [None, scene.at(20), scene.at(20), scene.at(40)]
    assert told.openness.begun((scene.OWNER, Underlying("MSTR")), scene.at(41)) is None


def test_what_was_known_at_a_moment_of_the_past_is_found_again() -> None:
    told = Told(NONE)
    told.commit(fill(1, Side.SELL, "3", "780", 0), seconds=5)
    told.commit(fill(2, Side.BUY, "3", "780", 30), seconds=35)
    told.commit(fill(3, Side.SELL, "1", "260", 40), seconds=45)
    since = [told.openness.since(NET, Seq(seq), None) for seq in (1, 2, 3)]
    assert since == [scene.at(0), None, scene.at(40)]


def test_in_the_middle_of_a_commit_it_is_open_since_that_commit() -> None:
    told = Told(NONE)
    told.commit(fill(1, Side.SELL, "1", "260", 0), fill(2, Side.SELL, "1", "260", 1), seconds=5)
    assert told.openness.since(NET, Seq(1), Instant(7)) == scene.at(0)


def test_an_order_that_is_not_ours_keeps_the_desk_from_being_flat() -> None:
    told = Told(NONE)
    assert told.commit(not_ours(is_open=True), seconds=5) == (False, "2025-12-01T15:00:05Z")
    assert told.commit(not_ours(is_open=False), seconds=9) == (True, None)


def test_at_every_moment_of_the_demo_what_is_open_is_what_is_not_flat(demo: Path) -> None:
    thresholds = thresholds_of(load(demo, environment={}).config)
    state, openness, opened = State(), Openness(thresholds), list[str]()
    with closing(open_reader(demo / "journal.sqlite")) as reader:
        for row in reader.read():
            state = with_row(state, row)
            openness.take(state, row)
            told = status_answer(holdings_of(state, thresholds), as_of(row.last, row.at))
            assert openness.is_open != told.flat
            since = openness.since(None, row.last, None)
            assert (since is None) == told.flat
            if since is not None and text_of_instant(since) not in opened:
                opened.append(text_of_instant(since))
    assert len(opened) > 10
    assert opened == sorted(opened)


def test_the_status_of_a_moment_of_the_past_says_since_when(api: TestClient[Any], demo: Path) -> None:
    thresholds = thresholds_of(load(demo, environment={}).config)
    assert thresholds.get(("desk", "COIN"), NO_THRESHOLD).shares == Decimal(1)
    told = [api.get(f"/api/v1/status?at={seq}").json() for seq in range(8, 40)]
    opened = [body for body in told if not body["flat"]]
    assert opened
    assert all(body["open_since"] <= body["as_of"]["at"] for body in opened)
    assert all(body["nets"][0]["open_since"] == body["open_since"] for body in opened)
    assert {body["open_since"] for body in told if body["flat"]} == {None}


def test_an_order_that_works_is_open_exposure_until_its_last_execution_closes_the_net() -> None:
    told = Told(OVER_TWO)
    assert told.commit(fill(1, Side.SELL, "1", "260", 0), seconds=5) == (True, None)
    assert told.commit(intended(Side.BUY, "1", 10), seconds=10) == (False, "2025-12-01T15:00:10Z")
    assert told.commit(accepted(11), seconds=11) == (False, "2025-12-01T15:00:10Z")
    assert told.commit(executed(Side.BUY, "1", "255", 30), seconds=35) == (True, None)
