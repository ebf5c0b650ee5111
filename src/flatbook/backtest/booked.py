"""What a backtest books at once: the table of the desk, and the texts of its events on their way into the journal.

The compiled code writes events there as Python does, in turn; whenever as many are there as a row of the journal
holds, that row is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from typing import Any, Protocol

import numpy as np

from flatbook.backtest.kernel import block
from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.desk_table import DESK_ROW, DESK_WIDTH, GROUP
from flatbook.backtest.kernel.live_orders import free_row, link, rests
from flatbook.backtest.kernel.native import native
from flatbook.backtest.kernel.tables import HELD, ORDERS_MAX, RING_MAX, WIDTH
from flatbook.engine.ports import Cursors, Row
from flatbook.events.codec import decode_events, encode_event, gathered
from flatbook.events.event import Event
from flatbook.journal.chain import EncodedRow
from flatbook.values.ids import Epoch, Seq
from flatbook.values.instants import Instant

ROWS_AT_ONCE = 16
TEXT_BYTES = 32 * 1024 * 1024
EVENT_BYTES_MAX = 1_500
"""How long the text of an event may be that the compiled code writes."""
RAW_EVENT_BYTES_MAX = 4_096
"""How long the text of an event may be that is kept until the compiled code writes it."""
ROOM_BYTES = (RING_MAX + desk.WISHES_MAX) * EVENT_BYTES_MAX + GROUP * RAW_EVENT_BYTES_MAX + desk.RAW_BYTES
_WORDS = 8
ROW_BYTES = DESK_WIDTH * _WORDS
_ORDER = Struct(f"{desk.QTY_DECIMALS + 1}q")
_SHAPE = Struct(f"{desk.SHAPE_COLUMNS}q")
_WISH = Struct(f"{desk.WISH_COLUMNS}q")
_put_order, _put_shape, put_wish = _ORDER.pack_into, _SHAPE.pack_into, _WISH.pack_into
WISHES_BEGIN = desk.W0 * ROW_BYTES
NO_TEXT = (0, 0)
WISHED = [desk.WISH, desk.W_NUMBER, desk.W_PLACE, desk.W_SIGN, desk.W_PRICE, desk.W_LOTS, desk.W_STYLE, desk.W_DUE]
"""What a simulator is told of what is wanted."""


class RunJournal(Protocol):
    """Where the events of a run go."""

    @property
    def last(self) -> Seq:
        """The sequence number of the last event."""
        ...

    def take_lease(self, now: Instant) -> Epoch:
        """Raises the epoch."""
        ...

    def append(self, events: Sequence[Event], *, after: Seq, epoch: Epoch, cursors: Cursors, at: Instant) -> Seq:
        """Keeps events as one row."""
        ...

    def append_encoded(self, rows: Sequence[EncodedRow], *, after: Seq, epoch: Epoch) -> Seq:
        """Keeps rows of events that the codec encoded one by one."""
        ...

    def read(self, after: Seq = Seq(0)) -> Iterator[Row]:
        """Yields the rows that are not wholly at or before `after`, in order."""
        ...


class Booked:
    """The table of a desk, and the journal of a run: rows of as many events, whatever steps they came from."""

    def __init__(self, journal: RunJournal, epoch: Epoch) -> None:
        self._journal, self.epoch = journal, epoch
        self._began_after = journal.last
        self.table = desk.new_desk_table()
        self.head: Any = self.table[DESK_ROW].data
        self.cells: Any = self.table.data.cast("B").cast("q")
        self.bytes = self.table.data.cast("B")
        self._text = np.zeros(TEXT_BYTES, np.uint8)
        self._letters, self._pieces = np.zeros(1, np.uint8), np.zeros((1, 2), np.int64)
        self._executions = np.zeros((desk.EXECUTIONS_MAX, desk.EXECUTION), np.int64)
        self._raw, self._raw_at = np.zeros(desk.RAW_BYTES, np.uint8), 0
        self._seen, self._seen_at = journal.last, 0
        self._block = np.zeros(block.BLOCK, np.int64)
        self._blocks = [self._block]
        self._ring: Any = None
        self._point()

    # What the compiled code is told.

    def share(self, other: Any) -> None:
        """Has a simulator that books what it tells know where all is that it writes to, by its block."""
        self._blocks = [other]
        self._point()

    def _point(self) -> None:
        for each in self._blocks:
            arrays: tuple[Any, ...] = (self.table, self._text, self._pieces, self._letters, self._executions, self._raw)
            places = (block.DESK, block.TEXT, block.PIECES, block.LETTERS, block.EXECUTIONS, block.RAW)
            for place, array in zip(places, arrays, strict=True):
                each[place] = array.ctypes.data
            each[block.TEXT_BYTES], each[block.LETTER_BYTES] = len(self._text), len(self._letters)
            each[block.PIECE_ROWS] = len(self._pieces)

    def set_pieces(self, pieces: Sequence[bytes]) -> None:
        """Takes all pieces that texts are put together from, in their order."""
        lengths = np.array([len(piece) for piece in pieces], np.int64)
        self._pieces = np.stack((np.cumsum(lengths) - lengths, lengths), axis=1)
        self._letters = np.frombuffer(b"".join((*pieces, bytes(_WORDS))), np.uint8)
        self._point()

    def book(self, told: Sequence[Sequence[int]]) -> bool:
        """Has kept what is wanted, and booked what a simulator told that does neither; BOOKED says how many were.

        Gives: False where what is wanted must not be done; nothing is booked then.
        """
        if self._ring is None:
            self._ring = np.zeros((RING_MAX, WIDTH), np.int64)
            self._block[block.RING] = self._ring.ctypes.data
        if told:
            rows = np.array(told, np.int64)
            self._ring[: len(rows), : rows.shape[1]] = rows
        self.head[desk.TOLD], self.head[desk.BOOKED] = len(told), 0
        return self.book_on()

    def book_on(self) -> bool:
        """Goes on to book what was told."""
        return native()(self._block.ctypes.data, block.BOOK) != HELD

    @property
    def count(self) -> int:
        """How many events the run has booked."""
        head = self.head
        waiting: int = head[desk.CUTS] * GROUP + head[desk.COUNT]
        return self._journal.last - self._began_after + waiting

    def wish_note(self, now: Instant, raw: tuple[int, int]) -> None:
        """Writes down an event whose text was kept. Needs: room."""
        self._wish(desk.NOTES, 0, now, raw)

    def wish_late(self, number: int, now: Instant) -> None:
        """Writes down that the cancel of an order is sent that waited for its acceptance. Needs: room."""
        self._wish(desk.SENDS, number, now, NO_TEXT)

    def _wish(self, what: int, number: int, now: Instant, raw: tuple[int, int]) -> None:
        count = self.head[desk.WISHES]
        put_wish(self.bytes, WISHES_BEGIN + count * ROW_BYTES, what, number, 0, now, 0, 0, 0, *raw)
        self.head[desk.WISHES] = count + 1

    def wishes(self, count: int) -> list[list[int]]:
        """Returns the first that were written down, as the compiled code took them."""
        found: list[list[int]] = self.table[desk.W0 : desk.W0 + count, WISHED].tolist()
        return found

    def put_shape(self, row: int, columns: Sequence[int]) -> None:
        """Keeps what orders have in common, by its columns."""
        _put_shape(self.bytes, row * ROW_BYTES, *columns)

    def keep_raw(self, text: bytes) -> tuple[int, int] | None:
        """Keeps the text of an event that is wanted. Gives: where it stands and how long it is; None without room."""
        begins = self._raw_at if self.head[desk.WISHES] else 0
        ends = begins + len(text)
        if ends > desk.RAW_BYTES or len(text) > RAW_EVENT_BYTES_MAX:
            return None
        self._raw.data[begins:ends] = text
        self._raw_at = ends
        return begins, len(text)

    # Its live orders.

    def row_of(self, number: int) -> int:
        """Returns where the row of a live order begins, in bytes; -1 of one that is not live."""
        cells = self.cells
        for row in (
            desk.D0 + number % desk.NEAR,
            *(desk.FAR_ROWS + (number + k) % ORDERS_MAX for k in range(self.head[desk.PROBES])),
        ):
            if cells[row * DESK_WIDTH] == number:
                return row * ROW_BYTES
        return -1

    def ended(self, numbers: Iterable[int]) -> list[int]:
        """Returns those of some orders that are not live."""
        return [number for number in numbers if self.row_of(number) < 0]

    def gone(self) -> list[int]:
        """Returns the orders that have ended since this was last asked; as many as are noted, where they were more."""
        count, self.head[desk.GONE] = self.head[desk.GONE], 0
        found: list[int] = self.table[desk.K0 :].reshape(-1)[:count].tolist()
        return found

    def clear_orders(self) -> None:
        """Forgets all live orders, and what was wanted."""
        head = self.head
        if head[desk.ALIVE]:
            self.table[desk.D0 : desk.W0, desk.O_NUMBER] = 0
        head[desk.ALIVE] = head[desk.PROBES] = head[desk.WISHES] = head[desk.LATE] = 0

    def put_order(self, columns: Sequence[int]) -> None:
        """Keeps a live order, newest last, by the columns of its row."""
        row, standing = free_row(self.table, columns[desk.O_NUMBER]), columns[desk.STANDING]
        _put_order(self.bytes, row * ROW_BYTES, *columns)
        link(self.table, row, standing)
        rests(self.table, row, standing)

    # The journal.

    def add(self, events: Sequence[Event]) -> None:
        """Keeps events, and writes them as soon as they fill a row."""
        for event in events:
            self._write(encode_event(event), _instant_of(event))

    def _write(self, text: bytes, at: Instant) -> None:
        head, begins = self.head, self.head[desk.WRITTEN]
        ends = begins + len(text)
        if ends + ROOM_BYTES > len(self._text):
            self.flush(1)
            begins = head[desk.WRITTEN]
            ends = begins + len(text)
        if ends + ROOM_BYTES > len(self._text):
            self._grow(ends + ROOM_BYTES)
        self._text.data[begins:ends] = text
        head[desk.WRITTEN] = ends
        head[desk.COUNT] += 1
        if head[desk.COUNT] == GROUP:
            head[desk.COUNT] = 0
            cut = (desk.C0 + head[desk.CUTS]) * DESK_WIDTH
            self.cells[cut + desk.CUT_AT], self.cells[cut + desk.CUT_TIME] = head[desk.WRITTEN], at
            head[desk.CUTS] += 1
            self.flush()

    def _grow(self, room: int) -> None:
        text = np.zeros(2 * room, np.uint8)
        text[: len(self._text)] = self._text
        self._text = text
        self._point()

    def flush(self, rows: int = ROWS_AT_ONCE) -> None:
        """Writes the rows that are full, where they are so many."""
        head, cells, begins = self.head, self.cells, 0
        if not head[desk.CUTS] or head[desk.CUTS] < rows:
            return
        full: list[EncodedRow] = []
        for k in range(head[desk.CUTS]):
            cut = (desk.C0 + k) * DESK_WIDTH
            ends = cells[cut + desk.CUT_AT]
            full.append((self._text.data[begins:ends], GROUP, Instant(cells[cut + desk.CUT_TIME])))
            begins = ends
        self._journal.append_encoded(full, after=self._journal.last, epoch=self.epoch)
        head[desk.CUTS] = 0
        left = head[desk.WRITTEN] - begins
        self._text[:left] = self._text[begins : begins + left].copy()
        head[desk.WRITTEN] = left
        self._seen_at -= begins

    def since(self, count: int) -> Iterator[Event]:
        """Yields what the run has booked after its first events, which are so many."""
        after = Seq(self._began_after + count)
        journal, head = self._journal, self.head
        if after < journal.last:
            for row in journal.read(after):
                yield from row.events[max(0, after - row.first + 1) :]
            after = journal.last
        waiting = journal.last + head[desk.CUTS] * GROUP + head[desk.COUNT]
        begins = self._seen_at if self._seen == after and self._seen_at > 0 else 0
        first = after if begins else journal.last
        text = self._text[begins : head[desk.WRITTEN]].tobytes()
        yield from decode_events(gathered(text, waiting - first))[after - first :]
        self._seen, self._seen_at = Seq(waiting), head[desk.WRITTEN]

    def close(self) -> None:
        """Writes what waits."""
        self.flush(1)
        head = self.head
        if head[desk.COUNT]:
            text, count = self._text[: head[desk.WRITTEN]].tobytes(), head[desk.COUNT]
            at = _instant_of(decode_events(gathered(text, count))[-1])
            self._journal.append_encoded([(text, count, at)], after=self._journal.last, epoch=self.epoch)
            head[desk.COUNT] = head[desk.WRITTEN] = 0

    def drain(self, executed: Any) -> None:
        """Hands over the executions that were noted."""
        count = self.head[desk.EXECUTED]
        executed.frombytes(self._executions[:count].tobytes())
        self.head[desk.EXECUTED] = 0


def _instant_of(event: Event) -> Instant:
    """Returns when an event was seen or decided, by our clock."""
    for name in ("seen_at", "decided_at", "raised_at", "cleared_at", "stated_at", "marked_at", "started_at", "at"):
        at = getattr(event, name, None)
        if at is not None:
            return Instant(at)
    return Instant(0)
