"""What every journal promises, whatever its engine."""

from __future__ import annotations

import pytest

from flatbook.engine.ports import (
    BATCH_EVENTS_MAX,
    Conflict,
    Fenced,
    JournalBroken,
    JournalUnavailable,
    Link,
    RowTooLarge,
)
from flatbook.journal.chain import START, encode_row, seal
from flatbook.values.ids import Epoch, Seq, SourceId
from flatbook.values.instants import Instant
from tests.contract.journal.engines import EPOCH_OF_NOW, NOW, Engine, fill_journal, mark, marks

ZERO_HASH = bytes(32)
BASE = SourceId("base")


def test_an_empty_journal_ends_at_zero_and_reads_nothing(engine: Engine) -> None:
    journal = engine.open()
    assert journal.last == 0
    assert list(journal.read()) == []


def test_a_row_is_read_back_as_it_was_appended(engine: Engine) -> None:
    journal = engine.open()
    epoch = journal.take_lease(NOW)
    at = Instant(NOW + 5)
    last = journal.append(marks(1, 3), after=Seq(0), epoch=epoch, cursors={BASE: "17"}, at=at)
    (row,) = journal.read()
    assert (last, journal.last) == (3, 3)
    assert (row.first, row.last, row.epoch, row.at) == (1, 3, epoch, NOW + 5)
    assert row.cursors == {"base": "17"}
    assert row.events == marks(1, 3)
    assert row.previous_hash == ZERO_HASH


def test_the_hashes_are_the_same_on_every_engine_and_for_ever(engine: Engine) -> None:
    journal = engine.open()
    fill_journal(journal, 1, 2)
    hashes = [row.hash.hex() for row in journal.read()]
    assert hashes == [
        "6c5ddf759c19b1f4640f35d15b99572011767052333babf185f3491679cda40a",
        "12fb554e4f948a4f87d9bf72a3a5e1c173f20ea63b0480e8a6a17e3f59b076ac",
    ]


def test_each_row_carries_the_hash_of_the_one_before(engine: Engine) -> None:
    journal = engine.open()
    fill_journal(journal, 2, 1, 3)
    rows = list(journal.read())
    assert [row.previous_hash for row in rows] == [ZERO_HASH, rows[0].hash, rows[1].hash]
    assert len({row.hash for row in rows}) == 3


def test_the_order_in_which_cursors_are_given_changes_no_hash(engine: Engine) -> None:
    journal = engine.open()
    epoch = journal.take_lease(NOW)
    there, back = {SourceId("a"): "1", SourceId("b"): "2"}, {SourceId("b"): "2", SourceId("a"): "1"}
    journal.append([mark(1)], after=Seq(0), epoch=epoch, cursors=there, at=NOW)
    first = engine.body(1)
    journal.append([mark(1)], after=Seq(1), epoch=epoch, cursors=back, at=NOW)
    second = engine.body(2)
    assert first[36:] == second[36:]


def test_a_row_of_cursors_alone_keeps_its_place_between_events(engine: Engine) -> None:
    journal = engine.open()
    epoch = journal.take_lease(NOW)
    journal.append((), after=Seq(0), epoch=epoch, cursors={BASE: "1"}, at=NOW)
    journal.append([mark(1)], after=Seq(0), epoch=epoch, cursors={BASE: "2"}, at=NOW)
    journal.append((), after=Seq(1), epoch=epoch, cursors={BASE: "3"}, at=NOW)
    journal.append((), after=Seq(1), epoch=epoch, cursors={BASE: "4"}, at=NOW)
    journal.append([mark(2)], after=Seq(1), epoch=epoch, cursors={BASE: "5"}, at=NOW)
    rows = [(row.first, row.last, row.cursors[BASE]) for row in journal.read()]
    assert rows == [(1, 0, "1"), (1, 1, "2"), (2, 1, "3"), (2, 1, "4"), (2, 2, "5")]


def test_neither_events_nor_cursors_write_no_row(engine: Engine) -> None:
    journal = engine.open()
    epoch = fill_journal(journal, 1)
    assert journal.append((), after=Seq(1), epoch=epoch, cursors={}, at=NOW) == 1
    with pytest.raises(Conflict):
        journal.append((), after=Seq(0), epoch=epoch, cursors={}, at=NOW)
    with pytest.raises(Fenced):
        journal.append((), after=Seq(1), epoch=Epoch(epoch - 1), cursors={}, at=NOW)
    assert len(list(journal.read())) == 1


def test_reading_after_an_event_begins_with_the_row_that_holds_the_next_one(engine: Engine) -> None:
    journal = engine.open()
    fill_journal(journal, 2, 3, 1)
    firsts = [[row.first for row in journal.read(Seq(after))] for after in range(8)]
    assert firsts == [[1, 3, 6], [1, 3, 6], [3, 6], [3, 6], [3, 6], [6], [], []]


def test_reading_after_an_event_gives_the_cursors_committed_since(engine: Engine) -> None:
    journal = engine.open()
    epoch = fill_journal(journal, 2)
    journal.append((), after=Seq(2), epoch=epoch, cursors={BASE: "late"}, at=NOW)
    assert [row.cursors[BASE] for row in journal.read(Seq(2))] == ["late"]


def test_many_rows_stream_in_order_across_pages(engine: Engine) -> None:
    journal = engine.open()
    fill_journal(journal, *[1] * 600)
    assert [row.last for row in journal.read()] == list(range(1, 601))
    assert [row.last for row in journal.read(Seq(511))] == list(range(512, 601))


def test_what_was_appended_is_there_for_the_next_process(engine: Engine) -> None:
    first = engine.open()
    fill_journal(first, 2, 2)
    second = engine.open()
    assert second.last == 4
    assert [row.events for row in second.read()] == [marks(1, 2), marks(3, 4)]


def test_an_append_on_an_old_end_is_a_conflict_and_writes_nothing(engine: Engine) -> None:
    journal = engine.open()
    epoch = fill_journal(journal, 2)
    with pytest.raises(Conflict, match="ends at event 2, the caller expected 1"):
        journal.append([mark(9)], after=Seq(1), epoch=epoch, cursors={}, at=NOW)
    with pytest.raises(Conflict, match="ends at event 2, the caller expected 3"):
        journal.append([mark(9)], after=Seq(3), epoch=epoch, cursors={}, at=NOW)
    assert journal.append([mark(3)], after=Seq(2), epoch=epoch, cursors={}, at=NOW) == 3
    assert [row.events for row in journal.read(Seq(2))] == [(mark(3),)]


def test_a_second_journal_of_the_same_epoch_sees_a_conflict_and_can_go_on(engine: Engine) -> None:
    second, first = engine.open(), engine.open()
    epoch = fill_journal(first, 1)
    with pytest.raises(Conflict):
        second.append([mark(9)], after=Seq(0), epoch=epoch, cursors={}, at=NOW)
    assert second.append([mark(2)], after=Seq(1), epoch=epoch, cursors={}, at=NOW) == 2
    assert first.append([mark(3)], after=Seq(2), epoch=epoch, cursors={}, at=NOW) == 3


def test_the_first_lease_is_the_seconds_since_2020(engine: Engine) -> None:
    assert engine.open().take_lease(NOW) == EPOCH_OF_NOW == 187_163_200


def test_a_lease_is_above_the_stored_one_even_when_the_clock_stood_still_or_fell(engine: Engine) -> None:
    journal = engine.open()
    journal.take_lease(NOW)
    assert journal.take_lease(NOW) == EPOCH_OF_NOW + 1
    assert engine.open().take_lease(Instant(0)) == EPOCH_OF_NOW + 2


def test_nobody_appends_without_a_lease(engine: Engine) -> None:
    journal = engine.open()
    with pytest.raises(Fenced):
        journal.append([mark(1)], after=Seq(0), epoch=Epoch(0), cursors={}, at=NOW)
    with pytest.raises(Fenced):
        journal.append([mark(1)], after=Seq(0), epoch=EPOCH_OF_NOW, cursors={}, at=NOW)
    assert list(journal.read()) == []


def test_a_frozen_process_that_wakes_is_fenced_even_when_its_end_is_right(engine: Engine) -> None:
    frozen = engine.open()
    old = fill_journal(frozen, 1)
    twin = engine.open()
    new = twin.take_lease(NOW)
    with pytest.raises(Fenced, match=f"epoch {old} may not append: epoch {new} holds the journal"):
        frozen.append([mark(2)], after=Seq(1), epoch=old, cursors={}, at=NOW)
    twin.append([mark(2)], after=Seq(1), epoch=new, cursors={}, at=NOW)
    with pytest.raises(Fenced):
        frozen.append([mark(3)], after=Seq(1), epoch=old, cursors={}, at=NOW)
    assert [row.epoch for row in twin.read()] == [old, new]


def test_an_epoch_that_was_never_leased_is_fenced(engine: Engine) -> None:
    journal = engine.open()
    epoch = journal.take_lease(NOW)
    with pytest.raises(Fenced):
        journal.append([mark(1)], after=Seq(0), epoch=Epoch(epoch + 1), cursors={}, at=NOW)


def test_a_changed_body_is_found_with_its_row_and_event(engine: Engine) -> None:
    fill_journal(engine.open(), 2, 3, 1)
    body = engine.body(2)
    engine.edit(2, body=body[:-1] + bytes([body[-1] ^ 1]))
    rows = engine.open().read()
    assert next(rows).last == 2
    with pytest.raises(JournalBroken, match=r"row 2, from event 3 on: its content does not give its hash"):
        next(rows)


def test_a_changed_hash_is_found_in_its_own_row(engine: Engine) -> None:
    fill_journal(engine.open(), 1, 1, 1, 1)
    engine.edit(2, hash_=bytes(32))
    with pytest.raises(JournalBroken, match=r"row 2, from event 2 on: .* expected \w{12}, found 000000000000"):
        list(engine.open().read())


def test_a_row_written_anew_with_a_hash_of_its_own_breaks_the_next_one(engine: Engine) -> None:
    journal = engine.open()
    epoch = fill_journal(journal, 1, 1, 1)
    first = next(journal.read())
    link = Link(1, first.last, epoch, first.hash)
    forged, body = seal(link, encode_row([mark(99)], {}), count=1, epoch=epoch, at=NOW)
    engine.edit(2, hash_=forged.hash, body=body)
    with pytest.raises(JournalBroken, match="row 3, from event 3 on: its content does not give its hash"):
        list(engine.open().read())


@pytest.mark.parametrize("row", [1, 2])
def test_a_row_removed_before_others_is_found(engine: Engine, row: int) -> None:
    fill_journal(engine.open(), 1, 1, 1, 1)
    engine.delete(row)
    with pytest.raises(JournalBroken, match=rf"row {row}, from event \d+ on: a row is missing"):
        list(engine.open().read())


@pytest.mark.parametrize("body", [b"", b"short", bytes(36), bytes(40)])
def test_a_body_that_is_none_is_found(engine: Engine, body: bytes) -> None:
    fill_journal(engine.open(), 1, 1, 1, 1)
    engine.edit(2, body=body)
    with pytest.raises(JournalBroken, match="row 2"):
        list(engine.open().read())


def test_a_row_whose_hash_is_right_but_whose_events_are_of_no_version_is_named(engine: Engine) -> None:
    journal = engine.open()
    epoch = fill_journal(journal, 1, 1)
    first = next(journal.read())
    link = Link(1, first.last, epoch, first.hash)
    cursors, _ = encode_row((), {})
    strange, body = seal(link, (cursors, b"\x91\x81\xa4type\xa5later"), count=1, epoch=epoch, at=NOW)
    engine.edit(2, hash_=strange.hash, body=body)
    with pytest.raises(JournalBroken, match=r"row 2, from event 2 on: unreadable: expected a row of this version"):
        list(engine.open().read())


def test_a_row_that_states_more_events_than_it_holds_is_found(engine: Engine) -> None:
    journal = engine.open()
    epoch = fill_journal(journal, 1, 1)
    first = next(journal.read())
    link = Link(1, first.last, epoch, first.hash)
    wrong, body = seal(link, encode_row([mark(2)], {}), count=2, epoch=epoch, at=NOW)
    engine.edit(2, hash_=wrong.hash, body=body)
    with pytest.raises(JournalBroken, match="its events are out of order: expected events 2 to 2, found events 2 to 3"):
        list(engine.open().read())


def test_a_row_of_an_earlier_epoch_is_found(engine: Engine) -> None:
    journal = engine.open()
    epoch = fill_journal(journal, 1, 1)
    first = next(journal.read())
    link = Link(1, first.last, epoch, first.hash)
    stale, body = seal(link, encode_row([mark(2)], {}), count=1, epoch=Epoch(7), at=NOW)
    engine.edit(2, hash_=stale.hash, body=body)
    with pytest.raises(JournalBroken, match="its epoch fell: expected 187163200 or more, found 7"):
        list(engine.open().read())


def test_a_commit_of_too_many_events_is_refused_and_the_journal_goes_on(engine: Engine) -> None:
    journal = engine.open()
    epoch = fill_journal(journal, 1)
    with pytest.raises(RowTooLarge, match="at most 100000 are allowed"):
        journal.append([mark(2)] * (BATCH_EVENTS_MAX + 1), after=Seq(1), epoch=epoch, cursors={}, at=NOW)
    assert journal.append([mark(2)], after=Seq(1), epoch=epoch, cursors={}, at=NOW) == 2


def test_a_full_journal_says_so_and_holds_no_half_row(engine: Engine) -> None:
    journal = engine.open(bytes_max=200_000)
    epoch = fill_journal(journal, 10)
    with pytest.raises(JournalUnavailable, match="full"):
        journal.append(marks(11, 5_000), after=Seq(10), epoch=epoch, cursors={BASE: "lost"}, at=NOW)
    journal.close()
    after = engine.open(bytes_max=2_000_000)
    assert [(row.last, row.cursors) for row in after.read()] == [(10, {"base": "1000"})]
    epoch = after.take_lease(NOW)
    assert after.append(marks(11, 5_000), after=Seq(10), epoch=epoch, cursors={BASE: "kept"}, at=NOW) == 5_000


def test_a_closed_journal_takes_and_gives_nothing(engine: Engine) -> None:
    journal = engine.open()
    epoch = fill_journal(journal, 1)
    journal.close()
    journal.close()
    with pytest.raises(JournalUnavailable, match="closed"):
        journal.append([mark(2)], after=Seq(1), epoch=epoch, cursors={}, at=NOW)
    with pytest.raises(JournalUnavailable, match="closed"):
        journal.take_lease(NOW)
    with pytest.raises(JournalUnavailable, match="closed"):
        list(journal.read())


def links_of(engine: Engine) -> list[Link]:
    """Returns where the chain stands after each row of a journal, from its start on."""
    rows = enumerate(engine.open().read(), 1)
    return [START, *(Link(number, row.last, row.epoch, row.hash) for number, row in rows)]


def test_reading_on_from_any_link_gives_the_rows_that_follow_it(engine: Engine) -> None:
    fill_journal(engine.open(), 2, 0, 3, 1)
    whole = list(engine.open().read())
    for link in links_of(engine):
        rows = engine.open().read_on(link)
        assert rows is not None
        assert list(rows) == whole[link.row :]
    assert len(whole) == 4


def test_many_rows_are_read_on_across_pages(engine: Engine) -> None:
    fill_journal(engine.open(), *[1] * 600)
    rows = engine.open().read_on(links_of(engine)[300])
    assert rows is not None
    assert [row.last for row in rows] == list(range(301, 601))


def test_a_link_at_which_the_chain_does_not_stand_is_refused(engine: Engine) -> None:
    fill_journal(engine.open(), 2, 3, 1)
    link = links_of(engine)[2]
    assert link[:2] == (2, 5)
    for wrong in (
        link._replace(row=1),
        link._replace(row=3),
        link._replace(row=4),
        link._replace(row=-1),
        link._replace(last=Seq(4)),
        link._replace(epoch=Epoch(link.epoch + 1)),
        link._replace(hash=bytes(32)),
    ):
        assert engine.open().read_on(wrong) is None, wrong


def test_a_changed_byte_before_a_link_is_found_as_in_a_reading(engine: Engine) -> None:
    fill_journal(engine.open(), 2, 3, 1, 1)
    link, body = links_of(engine)[3], engine.body(2)
    engine.edit(2, body=body[:-1] + bytes([body[-1] ^ 1]))
    with pytest.raises(JournalBroken, match=r"row 2, from event 3 on: its content does not give its hash"):
        engine.open().read_on(link)


def test_a_row_removed_before_a_link_is_found_as_in_a_reading(engine: Engine) -> None:
    fill_journal(engine.open(), 2, 3, 1, 1)
    link = links_of(engine)[3]
    engine.delete(2)
    with pytest.raises(JournalBroken, match=r"row 2, from event 3 on: a row is missing or doubled"):
        engine.open().read_on(link)


def test_a_row_changed_after_a_link_is_found_when_it_is_reached(engine: Engine) -> None:
    fill_journal(engine.open(), 2, 3, 1, 1)
    link, body = links_of(engine)[1], engine.body(3)
    engine.edit(3, body=body[:-1] + bytes([body[-1] ^ 1]))
    rows = engine.open().read_on(link)
    assert rows is not None
    assert next(rows).last == 5
    with pytest.raises(JournalBroken, match=r"row 3, from event 6 on: its content does not give its hash"):
        next(rows)
