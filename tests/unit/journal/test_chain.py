from __future__ import annotations

import hashlib
import struct

import pytest

from flatbook.engine.ports import Conflict, Fenced, JournalBroken, Link, RowTooLarge
from flatbook.journal import chain
from flatbook.journal.chain import START, check_after, check_lease, checked, encode_row, head_of_link, seal, unsealed
from flatbook.values.ids import Epoch, Seq, SourceId
from flatbook.values.instants import Instant
from tests.contract.journal.engines import marks

EPOCH = Epoch(5)


def test_a_body_is_laid_out_as_documented() -> None:
    content = encode_row((), {SourceId("b"): "2", SourceId("a"): "1"})
    link, body = seal(START, content, count=0, epoch=EPOCH, at=Instant(9))
    head = "000000000000000100000000000000000000000000000005000000000000000900000009"
    cursors = "82a161a131a162a132"
    assert body.hex() == head + cursors + "90"
    assert link == Link(1, Seq(0), EPOCH, hashlib.sha256(bytes(32) + body).digest())


def test_an_instant_before_1970_keeps_its_sign() -> None:
    link, body = seal(START, encode_row(marks(1, 1), {}), count=1, epoch=EPOCH, at=Instant(-1))
    (row,) = unsealed([(1, link.hash, body)], START)
    assert row.at == -1


def test_rows_can_be_checked_from_the_middle_of_a_chain() -> None:
    first, _ = seal(START, encode_row(marks(1, 2), {}), count=2, epoch=EPOCH, at=Instant(1))
    second, body = seal(first, encode_row(marks(3, 3), {}), count=1, epoch=EPOCH, at=Instant(2))
    (row,) = unsealed([(2, second.hash, body)], first)
    assert (row.first, row.last, row.previous_hash) == (3, 3, first.hash)
    with pytest.raises(JournalBroken, match="row 2, from event 3 on"):
        list(unsealed([(2, second.hash, body)], first._replace(hash=bytes(32))))


def test_a_row_of_too_many_bytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "BODY_BYTES_MAX", 100)
    with pytest.raises(RowTooLarge, match="bytes in one commit, at most 100 are allowed"):
        encode_row(marks(1, 3), {})


def test_a_lease_passes_only_its_own_epoch() -> None:
    check_lease(EPOCH, EPOCH)
    with pytest.raises(Fenced, match="epoch 4 may not append: epoch 5 holds the journal"):
        check_lease(EPOCH, Epoch(4))
    with pytest.raises(Fenced, match="no lease was taken"):
        check_lease(Epoch(0), Epoch(0))


def test_an_end_passes_only_itself() -> None:
    check_after(Seq(3), Seq(3))
    with pytest.raises(Conflict, match="ends at event 3, the caller expected 2"):
        check_after(Seq(3), Seq(2))


def test_a_head_states_the_hash_in_hexadecimal() -> None:
    head = head_of_link(Link(2, Seq(7), EPOCH, bytes(31) + b"\xff"))
    assert (head.rows, head.last, head.hash) == (2, 7, "00" * 31 + "ff")


def sealed(link: Link, head: tuple[int, int, int]) -> tuple[int, bytes, bytes]:
    """Returns a record whose hash is right, whatever its head states: first and last event, and epoch."""
    body = struct.pack(">QQQqI", *head, 0, 0)
    return link.row + 1, hashlib.sha256(link.hash + body).digest(), body


@pytest.mark.parametrize(
    ("head", "what"),
    [
        ((2, 2, 5), "its events are out of order: expected events 1 to 1, found events 2 to 2"),
        ((0, 1, 5), "its events are out of order"),
        ((2, 1, 5), "its events are out of order"),
        ((5, 3, 5), "its events are out of order"),
    ],
)
def test_a_row_out_of_order_is_found_by_its_bytes_though_its_hash_is_right(
    head: tuple[int, int, int], what: str
) -> None:
    with pytest.raises(JournalBroken, match=what):
        checked([sealed(START, head)], START)


def test_an_epoch_that_fell_is_found_by_its_bytes_though_its_hash_is_right() -> None:
    first = sealed(START, (1, 1, 5))
    link = checked([first], START)
    assert link == Link(1, Seq(1), EPOCH, first[1])
    with pytest.raises(JournalBroken, match="row 2, from event 2 on: its epoch fell: expected 5 or more, found 4"):
        checked([first, sealed(link, (2, 2, 4))], START)


def test_a_row_too_short_for_its_head_is_unreadable_though_its_hash_is_right() -> None:
    body = b"short"
    with pytest.raises(JournalBroken, match="row 1, from event 1 on: unreadable"):
        checked([(1, hashlib.sha256(bytes(32) + body).digest(), body)], START)
