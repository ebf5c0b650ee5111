"""What seats of a backtest want, written down for the compiled code: their cancels, their orders and their notes.

An order is a few numbers beside its shape, which is what it has in common with others: its instrument, side, size and
style, and the parts of its text that never change.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

from msgspec.structs import replace

from flatbook.backtest.booked import NO_TEXT, ROW_BYTES, WISHES_BEGIN, Booked, put_wish
from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.tables import ORDERS_MAX
from flatbook.backtest.pieces import shape_of
from flatbook.backtest.placed import Placed, Sent
from flatbook.backtest.seated import Seated, Wanted
from flatbook.backtest.standing import Shape, Standing, style_of
from flatbook.engine.book_intents import intended
from flatbook.events.codec import encode_event
from flatbook.events.event import Event
from flatbook.events.grid import GridHeld, GridLaid, GridLocked, GridResumed, GridSlotsAssigned, GridStopped
from flatbook.events.orders import CancelIntended, CancelReason
from flatbook.risk.limits import ORDER_RATE_WINDOW_S
from flatbook.state.desk import ORDER_TIMES_KEPT_MAX
from flatbook.state.intents import CancelIntent, PlaceIntent
from flatbook.strategies.decision import Decision
from flatbook.values.ids import OrderId
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Side

WISHES_AT_ONCE = desk.WISHES_MAX - desk.LATE_MAX
REASONS = {reason: number for number, reason in enumerate(CancelReason)}
NOTES = (GridLaid, GridHeld, GridLocked, GridStopped, GridResumed, GridSlotsAssigned)
NO_PIECE = -1
_WORD = 8
_NOT_LIVE = (0, 0, 0, 1)
_BUY = Side.BUY
_WISHES, _ALIVE, _INTENDED = desk.WISHES, desk.ALIVE, desk.INTENDED
_PLACES, _CANCELS, _HOLDS = desk.PLACES, desk.CANCELS, desk.HOLDS
_ORDERS_BEGIN, _NEAR = desk.D0 * ROW_BYTES, desk.NEAR
_standing_of = Struct(f"{desk.PENDING + 1}q").unpack_from
_RATE_WINDOW_NS = ORDER_RATE_WINDOW_S * NS_PER_S


class Wished:
    """What is wanted and was not done yet. `times` are those of the newest orders of the desk."""

    def __init__(self, booked: Booked, placed: Placed) -> None:
        self.booked, self.placed = booked, placed
        self._head, self._cells = booked.head, booked.cells
        self._sent_by, self._by_id = placed.sent, placed.by_id
        self.times: list[Instant] = []
        self.wanted: Wanted
        self._pieces: list[bytes] = []
        self._shapes: dict[tuple[int, tuple[object, ...]], Shape] = {}

    def begin(self, pieces: Sequence[bytes]) -> None:
        """Takes the pieces of all events but intended orders, whose shapes are to be found anew."""
        self._shapes.clear()
        self._pieces = list(pieces)
        self.booked.set_pieces(self._pieces)

    def write(self, seated: Seated, decision: Decision, now: Instant) -> bool:
        """Writes down the notes of a decision and its intents, cancels first. Gives: False where one is not plain."""
        times, intents, notes = self.times, decision.intents, decision.notes
        gone: dict[OrderId, None] = {}
        wanted: list[PlaceIntent] = []
        if len(times) > 2 * ORDER_TIMES_KEPT_MAX:
            del times[:ORDER_TIMES_KEPT_MAX]
        counts = (self.placed.count, len(times), self._head[_WISHES], seated.view.count)
        self.wanted = (seated, intents, gone, now, counts)
        if len(intents) + len(notes) >= WISHES_AT_ONCE:
            return False
        for note in notes:
            if not self._note(note, now):
                return False
        for intent in intents:
            if type(intent) is PlaceIntent:
                wanted.append(intent)
            elif type(intent) is not CancelIntent or not self._cancel(seated, intent, gone, now):
                return False
        return not wanted or self._place(seated, wanted, now)

    def take_back(self) -> None:
        """Takes back all that was wanted last, for the engine to decide."""
        seated, _, _, _, (placed, times, wishes, counted) = self.wanted
        self._head[_WISHES] = wishes
        self._head[desk.OFTEN] = 0
        seated.view.go_to(counted)
        self.placed.take_back(placed)
        del self.times[times:]

    def _note(self, note: Event, now: Instant) -> bool:
        raw = self.booked.keep_raw(encode_event(note)) if type(note) in NOTES else None
        if raw is not None:
            self.booked.wish_note(now, raw)
        return raw is not None

    def _cancel(self, seated: Seated, intent: CancelIntent, gone: dict[OrderId, None], now: Instant) -> bool:
        """Writes down the cancel of an order; one that is not there, or is going, is passed over."""
        order_id = intent.order_id
        sent = self._by_id.get(order_id)
        if sent is None or order_id in gone or sent.standing.owner != seated.owner:
            return True
        number, booked = sent.number, self.booked
        at = _ORDERS_BEGIN + number % _NEAR * ROW_BYTES
        found, status, _, is_pending = _standing_of(booked.bytes, at)
        if found != number:
            at = booked.row_of(number)
            found, status, _, is_pending = _standing_of(booked.bytes, at) if at >= 0 else _NOT_LIVE
        if is_pending:
            return True
        gone[order_id] = None
        raw = NO_TEXT
        if intent.because is not None:
            attempt = self._cells[at // _WORD + desk.ATTEMPT] + 1
            kept = booked.keep_raw(encode_event(_canceled(intent, attempt, now)))
            if kept is None:
                return False
            raw = kept
        head = self._head
        wishes, kind = head[_WISHES], _HOLDS if status == _INTENDED else _CANCELS
        at = WISHES_BEGIN + wishes * ROW_BYTES
        put_wish(booked.bytes, at, kind, number, REASONS[intent.reason], now, 0, 0, 0, *raw)
        head[_WISHES] = wishes + 1
        return True

    def _place(self, seated: Seated, wanted: Sequence[PlaceIntent], now: Instant) -> bool:
        """Writes down the orders that are wanted. Gives: False where one of them is not plain."""
        head, view, standings, placed = self._head, seated.view, seated.standings, self.placed
        wishes, count, counted, number = head[_WISHES], len(wanted), view.count, placed.count
        ids, sent_by, by_id, rows = view.ids, self._sent_by, self._by_id, self.booked.bytes
        if count > len(ids) or head[_ALIVE] + wishes + count >= ORDERS_MAX:
            return False
        placed.count = number + count
        at = WISHES_BEGIN + wishes * ROW_BYTES
        for intent, order_id in zip(wanted, ids, strict=False):
            standing = standings.get(intent.instrument.id)
            if standing is None:
                return False
            shape = standing.bought if intent.side is _BUY else standing.sold
            if (
                shape is None
                or intent.qty is not shape.qty
                or intent.slot is not shape.slot
                or intent.instrument is not shape.instrument
                or intent.style is not shape.style
                or intent.because is not shape.because
                or intent.reduce_only is not shape.reduce_only
                or intent.owner is not shape.owner
                or intent.underlying is not shape.underlying
            ):
                shape = self._shape(seated, standing, intent, wishes)
                if shape is None:
                    return False
            limit, until, steps = intent.limit, intent.good_until, standing.steps
            if limit is None or intent.order_id is not order_id or until < 0:
                return False
            ticks, is_written = steps.ticks_of.get(id(limit)), shape.has_plain_text
            if ticks is None:
                ticks = steps.known_ticks.get(limit) or steps.ticks(limit)
                if ticks is None or not 0 < ticks < steps.ticks_bound:
                    return False
                is_written = is_written and limit.same_quantum(steps.tick)
            number += 1
            sent_by[number] = by_id[order_id] = Sent(number, standing, intent, now, shape)
            if is_written and not intent.evidence:
                put_wish(rows, at, _PLACES, number, shape.row, now, ticks, until, counted, 0, 0)
            else:
                head[_WISHES] = wishes
                raw = self.booked.keep_raw(encode_event(intended(intent, now)))
                if raw is None:
                    return False
                put_wish(rows, at, _PLACES, number, shape.row, now, ticks, until, counted, *raw)
            counted += 1
            wishes += 1
            at += ROW_BYTES
        head[_WISHES] = wishes
        view.count = counted
        del ids[:count]
        times, cap = self.times, seated.limits.orders_per_minute_max
        times += [now] * count
        if len(times) > cap and times[-cap - 1] >= now - _RATE_WINDOW_NS:
            head[desk.OFTEN] = 1
        return True

    def _shape(self, seated: Seated, standing: Standing, intent: PlaceIntent, wish: int) -> Shape | None:
        """Returns what an order has in common with others; None of one that is not plain. It is kept as the newest."""
        instrument = intent.instrument
        if intent.owner != seated.owner or intent.underlying != instrument.underlying:
            return None
        if instrument is not standing.instrument and instrument != standing.instrument:
            return None
        key = (intent.side, str(intent.qty), intent.style, intent.slot, intent.reduce_only)
        shape = self._shapes.get((standing.row, key))
        if shape is None:
            lots = standing.steps.lots(intent.qty)
            decimals = standing.decimals_of(intent.qty, lots) if lots else None
            if not lots or decimals is None:
                return None
            if len(self._shapes) == desk.SHAPES_MAX:
                return self._put_shape(desk.X0 + wish, intent, standing, (lots, decimals, NO_PIECE))
            shape = self._shapes[standing.row, key] = self._put_shape(
                desk.H0 + len(self._shapes), intent, standing, (lots, decimals, len(self._pieces))
            )
            sample = replace(intended(intent, Instant(0)), evidence={}, because=None)
            self._pieces += shape_of(sample, seated.view.prefix)
            self.booked.set_pieces(self._pieces)
        shape.take(intent)
        if intent.side is _BUY:
            standing.bought = shape
        else:
            standing.sold = shape
        return shape

    def _put_shape(self, row: int, intent: PlaceIntent, standing: Standing, found: tuple[int, int, int]) -> Shape:
        """Keeps what an order has in common with others in a row. `found` are its lots, decimals and first piece."""
        lots, decimals, text = found
        style = style_of(intent.style, intent.instrument.product, reduces=intent.reduce_only)
        placed = (standing.place, standing.row, intent.side.sign, lots, style, decimals, text)
        self.booked.put_shape(row, (*placed, int(not intent.reduce_only)))
        return Shape(intent, row, has_text=text != NO_PIECE)


def _canceled(intent: CancelIntent, attempt: int, now: Instant) -> CancelIntended:
    """Returns the event of a cancel that something caused."""
    return CancelIntended(
        order_id=intent.order_id, attempt=attempt, reason=intent.reason, because=intent.because, decided_at=now
    )
