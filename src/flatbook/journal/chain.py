"""The bytes of a row, and the chain of hashes that ties each row to all rows before it.

A record is what an engine stores for a row: its number, its hash and its body. The body is a head of fixed length
(first and last sequence number, epoch, instant, length of the cursors), the cursors as msgpack with sorted keys, and
the events as the codec writes them. The hash is SHA-256 over the hash of the row before and the body, so that what
is hashed is exactly what is stored.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NoReturn

import msgspec

from flatbook.engine.ports import BATCH_EVENTS_MAX, Conflict, Fenced, JournalBroken, Link, Row, RowTooLarge
from flatbook.events.codec import EventUnreadable, decode_events, encode_events, gathered
from flatbook.events.event import Event
from flatbook.values.ids import Epoch, Seq, SourceId
from flatbook.values.instants import EPOCH_2020_S, NS_PER_S, Instant

BODY_BYTES_MAX = 256 * 1024 * 1024
HASH_SHOWN = 12

_HEAD = struct.Struct(">QQQqI")
HEAD_BYTES = _HEAD.size
# A row is sealed before its orders leave: names are looked up once.
_pack, _sha256, _new = _HEAD.pack, hashlib.sha256, tuple.__new__
_encode_cursors = msgspec.msgpack.Encoder(order="sorted").encode
_decode_cursors = msgspec.msgpack.Decoder(dict[SourceId, str]).decode
_NO_CURSORS = _encode_cursors({})
_NO_CURSORS_BYTES = len(_NO_CURSORS)

Record = tuple[int, bytes, bytes]
EncodedRow = tuple[bytes | memoryview, int, Instant]
"""Events that the codec encoded one by one, joined; how many they are, and when the row was written."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a journal, short enough to be kept elsewhere as an anchor against a cut tail.

    Units: rows counts the commits; hash in hexadecimal.
    """

    rows: int
    last: Seq
    hash: str


START = Link(0, Seq(0), Epoch(0), bytes(hashlib.sha256().digest_size))


def head_of_link(link: Link) -> Head:
    """Returns the end of a journal whose chain stands at a link."""
    return Head(rows=link.row, last=link.last, hash=link.hash.hex())


def next_epoch(stored: Epoch, now: Instant) -> Epoch:
    """Returns the epoch of a new lease: above the stored one, and not below the seconds since 2020.

    Gives: a restored copy never repeats an epoch that was leased after the copy was made.
    """
    return Epoch(max(stored + 1, now // NS_PER_S - EPOCH_2020_S))


def check_lease(held: Epoch, epoch: Epoch) -> None:
    """Passes when the caller's epoch is the one that holds the journal.

    Errors: Fenced.
    """
    if held != epoch or not held:
        raise Fenced(f"epoch {epoch} may not append: epoch {held} holds the journal" if held else "no lease was taken")


def check_after(last: Seq, after: Seq) -> None:
    """Passes when the caller's last sequence number is the journal's.

    Errors: Conflict.
    """
    if last != after:
        raise Conflict(f"the journal ends at event {last}, the caller expected {after}")


def encode_row(events: Sequence[Event], cursors: Mapping[SourceId, str]) -> tuple[bytes, bytes]:
    """Returns the cursors and the events of a row as bytes.

    Errors: RowTooLarge when the row has more events or bytes than a commit may carry.
    """
    if len(events) > BATCH_EVENTS_MAX:
        raise RowTooLarge(f"{len(events)} events in one commit, at most {BATCH_EVENTS_MAX} are allowed")
    moved, told = _encode_cursors(dict(cursors)) if cursors else _NO_CURSORS, encode_events(events)
    size = len(moved) + len(told)
    return (moved, told) if size <= BODY_BYTES_MAX else _too_large(size)


def _too_large(size: int) -> NoReturn:
    raise RowTooLarge(f"{size} bytes in one commit, at most {BODY_BYTES_MAX} are allowed")


def seal(link: Link, content: tuple[bytes, bytes], count: int, epoch: Epoch, at: Instant) -> tuple[Link, bytes]:
    """Returns where the chain stands after a new row, and the body of the row.

    Needs: `content` is what `encode_row` gave for `count` events.
    """
    cursors, events = content
    row, before, _, previous = link
    last = Seq(before + count)
    body = _pack(before + 1, last, epoch, at, len(cursors)) + cursors + events
    return _new(Link, (row + 1, last, epoch, _sha256(previous + body).digest())), body


def seal_encoded(link: Link, row: EncodedRow, epoch: Epoch) -> tuple[Link, bytes]:
    """Returns where the chain stands after a row of events that the codec encoded one by one, and the body of it.

    Errors: RowTooLarge when the row has more events or bytes than a commit may carry.
    """
    events, count, at = row
    if count > BATCH_EVENTS_MAX:
        raise RowTooLarge(f"{count} events in one commit, at most {BATCH_EVENTS_MAX} are allowed")
    number, before, _, previous = link
    last, begins = Seq(before + count), gathered(b"", count)
    size = _NO_CURSORS_BYTES + len(begins) + len(events)
    if size > BODY_BYTES_MAX:
        _too_large(size)
    head = _pack(before + 1, last, epoch, at, _NO_CURSORS_BYTES)
    hashed = b"".join((previous, head, _NO_CURSORS, begins, events))
    return _new(Link, (number + 1, last, epoch, _sha256(hashed).digest())), hashed[len(previous) :]


def bounds_of(head: bytes) -> tuple[Seq, Seq, Epoch, Instant]:
    """Returns the first and last sequence number, the epoch and the instant that the head of a body states.

    Errors: struct.error or TypeError when these are no bytes of a body.
    """
    first, last, epoch, at, _ = _HEAD.unpack_from(head)
    return first, last, epoch, at


def broken(row: int, event: int, what: str, *, expected: object, found: object) -> JournalBroken:
    """Returns the error that says where the chain is broken, and how."""
    return JournalBroken(f"row {row}, from event {event} on: {what}: expected {expected}, found {found}")


def link_after(records: Sequence[Record], count: int) -> Link:
    """Returns where the chain stands after the first `count` records, as these state it themselves."""
    if not count:
        return START
    row, stored, body = records[count - 1]
    _, last, epoch, _ = bounds_of(body)
    return Link(row, last, epoch, stored)


def unsealed(records: Iterable[Record], link: Link) -> Iterator[Row]:
    """Yields the rows of records that follow a link, each checked for its number, hash, order and events.

    Errors: JournalBroken.
    """
    number, last, epoch, previous = link
    sha256, unpack, head_bytes = hashlib.sha256, _HEAD.unpack_from, HEAD_BYTES
    for row, stored, body in records:
        number += 1
        if row != number:
            raise _row_missing(number, last, row)
        try:
            if sha256(previous + body).digest() != stored:
                raise _hash_broken(Link(number, last, epoch, previous), stored, body)
            first, row_last, row_epoch, at, size = unpack(body)
            split = head_bytes + size
            cursors = {} if size == _NO_CURSORS_BYTES else _decode_cursors(body[head_bytes:split])
            events = decode_events(body[split:])
        except (EventUnreadable, msgspec.MsgspecError, struct.error, TypeError) as error:
            raise _row_unreadable(number, last, error) from error
        if first != last + 1 or row_last - last != len(events) or row_epoch < epoch:
            raise _order_broken(Link(number, last, epoch, previous), first, row_last, row_epoch, len(events))
        yield Row(first, row_last, row_epoch, at, cursors, events, previous, stored)
        last, epoch, previous = row_last, row_epoch, stored


def checked(records: Iterable[Record], link: Link) -> Link:
    """Returns where the chain stands after records that follow a link, each checked for its number, hash and order.

    Their events stay bytes: that they can be read is known to whoever read them before, of the same hash.
    Errors: JournalBroken.
    """
    number, last, epoch, previous = link
    sha256, unpack = hashlib.sha256, _HEAD.unpack_from
    for row, stored, body in records:
        number += 1
        if row != number:
            raise _row_missing(number, last, row)
        try:
            if sha256(previous + body).digest() != stored:
                raise _hash_broken(Link(number, last, epoch, previous), stored, body)
            first, row_last, row_epoch, _, _ = unpack(body)
        except (struct.error, TypeError) as error:
            raise _row_unreadable(number, last, error) from error
        if first != last + 1 or row_last < last or row_epoch < epoch:
            raise _order_broken(Link(number, last, epoch, previous), first, row_last, row_epoch, row_last - first + 1)
        last, epoch, previous = row_last, row_epoch, stored
    return Link(number, last, epoch, previous)


def unsealed_on(records: Iterable[Record], start: Link, link: Link) -> Iterator[Row] | None:
    """Checks the records from a start up to a link by their bytes, and yields the rows that follow, checked in full.

    Gives: None when the chain does not stand at the link after its row.
    Errors: JournalBroken.
    """
    following = iter(records)
    if checked(islice(following, max(0, link.row - start.row)), start) != link:
        return None
    return unsealed(following, link)


def _row_missing(number: int, last: Seq, row: object) -> JournalBroken:
    return broken(number, last + 1, "a row is missing or doubled", expected=f"row {number}", found=f"row {row}")


def _row_unreadable(number: int, last: Seq, error: Exception) -> JournalBroken:
    return broken(number, last + 1, "unreadable", expected="a row of this version", found=error)


def _hash_broken(link: Link, stored: Any, body: bytes) -> JournalBroken:
    computed = hashlib.sha256(link.hash + body).hexdigest()[:HASH_SHOWN]
    found = stored.hex()[:HASH_SHOWN] if isinstance(stored, bytes) else repr(stored)[:HASH_SHOWN]
    what = "its content does not give its hash, so this row or the end of the one before was changed"
    return broken(link.row, link.last + 1, what, expected=computed, found=found)


def _order_broken(link: Link, first: int, last: int, epoch: int, count: int) -> JournalBroken:
    if epoch < link.epoch:
        return broken(link.row, first, "its epoch fell", expected=f"{link.epoch} or more", found=epoch)
    expected = f"events {link.last + 1} to {link.last + count}"
    return broken(link.row, first, "its events are out of order", expected=expected, found=f"events {first} to {last}")
