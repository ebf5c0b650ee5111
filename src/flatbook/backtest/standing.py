"""Where the seats of a backtest stand, ahead of the state of their desk: what strategies and risk read, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import gcd
from struct import Struct
from typing import Any
from zlib import crc32

from msgspec.structs import replace

from flatbook.backtest.grid import Steps
from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.desk_table import DESK_WIDTH, PARTS, PARTS_DECIMALS
from flatbook.backtest.kernel.tables import IOC, LIMIT, ONLY_REDUCES, POST_ONLY
from flatbook.backtest.placed import Sent
from flatbook.backtest.terms import FeeRates
from flatbook.engine.rules import SeatRules
from flatbook.events.orders import OrderStyle
from flatbook.market.orderbook import Touch
from flatbook.state.desk import State
from flatbook.state.intents import PlaceIntent
from flatbook.state.orders import Order, Status
from flatbook.state.positions import DayResult, Entry, NetKey, TurnedDown
from flatbook.values.instants import NS_PER_MS
from flatbook.values.instruments import Product
from flatbook.values.money import ZERO, Price, Quantity, scaled_integer

NOT_READ = -1
_INTENDED, _ACCEPTED = desk.INTENDED, desk.ACCEPTED
FAR = 2**60
"""Below this a number is kept whole by the compiled code."""
PLAIN_RATES = FeeRates()
_NONE_HELD = Quantity(ZERO)
_ORDER = Struct(f"{desk.NEXT + 1}q").unpack_from
_ORDER_BYTES = 8 * DESK_WIDTH
STYLES = {OrderStyle.LIMIT: LIMIT, OrderStyle.POST_ONLY: POST_ONLY, OrderStyle.IOC: IOC}


def style_of(style: OrderStyle, product: Product, *, reduces: bool) -> int:
    """Returns how an order meets its market, as the simulator has it; on spot there is no position to reduce."""
    return STYLES[style] + (ONLY_REDUCES if reduces and product is not Product.SPOT else 0)


STATUSES = {
    desk.INTENDED: Status.INTENDED,
    desk.ACCEPTED: Status.ACCEPTED,
    desk.PARTIAL: Status.PARTIALLY_FILLED,
    desk.CANCELING: Status.PENDING_CANCEL,
}


class Shape:
    """What orders of an owner on one side of an instrument have in common that differ in limit, id and times only.

    `row` is where the table has it; without a text, or with a cause, the compiled code does not write their events by
    itself.
    """

    __slots__ = (
        "because",
        "has_plain_text",
        "has_text",
        "instrument",
        "like",
        "owner",
        "qty",
        "reduce_only",
        "row",
        "slot",
        "style",
        "underlying",
    )

    def __init__(self, intent: PlaceIntent, row: int, *, has_text: bool) -> None:
        self.row, self.has_text = row, has_text
        self.take(intent)

    def take(self, intent: PlaceIntent) -> None:
        """Knows those again from now on that have the very values of an order."""
        self.qty, self.style, self.slot, self.because = intent.qty, intent.style, intent.slot, intent.because
        self.has_plain_text = self.has_text and intent.because is None
        self.like: Order | None = None
        self.reduce_only, self.owner, self.underlying = intent.reduce_only, intent.owner, intent.underlying
        self.instrument = intent.instrument


class Standing:
    """Where one owner stands on one instrument: what of it Python reads beside the table that the compiled code keeps.

    `base` is the result of the day when the state of the desk was read, shared by all whose it is; `bought` and `sold`
    are the shapes of its newest orders.
    """

    __slots__ = (
        "base",
        "bought",
        "cells",
        "changes",
        "checks_funds",
        "entry_row",
        "fills_read",
        "instrument",
        "is_alone",
        "is_plain",
        "is_spot",
        "key",
        "limits",
        "lots_read",
        "mark",
        "orders",
        "owner",
        "place",
        "qty_decimals",
        "qty_known",
        "qty_read",
        "rates",
        "row",
        "seat_key",
        "sold",
        "starts",
        "steps",
        "turned_down_read",
        "unit",
    )

    def __init__(self, seated: SeatRules, steps: Steps, rates: FeeRates, row: int, cells: Any) -> None:
        seat = seated.seat
        self.owner, self.seat_key, self.steps, self.instrument = seat.owner, seat.key, steps, steps.instrument
        self.key: NetKey = (seat.owner, steps.instrument.underlying)
        self.limits, self.rates, self.place = seated.limits, rates, steps.place
        self.is_spot = steps.instrument.product is Product.SPOT
        self.row, self.starts, self.cells = row, row * DESK_WIDTH, cells
        self.entry_row = 0
        self.is_alone, self.is_plain, self.unit = True, False, Decimal(0)
        self.checks_funds = False
        self.bought: Shape | None = None
        self.sold: Shape | None = None
        self.base = DayResult(day=0)
        self.qty_read: Decimal = _NONE_HELD
        self.lots_read = self.fills_read = 0
        self.changes = NOT_READ
        self.orders: list[Order] = []
        self.turned_down_read: TurnedDown | None = None
        self.mark: Price | None = None
        self.qty_known: Decimal | None = None
        self.qty_decimals: int | None = None

    @property
    def pays_in_kind(self) -> bool:
        """Whether its fees take a part of what is bought, which is no whole number of lots."""
        rates = self.rates
        return self.is_spot and not rates.in_quote and (rates.maker != ZERO or rates.taker != ZERO)

    def lay_out(self, seat_row: int, entry_row: int, follows: int) -> None:
        """Writes into the table what never changes; without it nothing of this is booked by the compiled code."""
        self.entry_row, steps, cells, at = entry_row, self.steps, self.cells, self.starts
        tick, lot = _whole(steps.tick), _whole(steps.lot)
        self.unit = steps.tick * steps.lot * self.instrument.contract_size
        unit = _whole(self.unit)
        if tick is None or lot is None or unit is None:
            return
        over = 10 ** unit[1]
        maker, taker = (_fee(unit[0], over, rate) for rate in (self.rates.maker, self.rates.taker))
        columns = {
            desk.SEAT: seat_row,
            desk.ON_TAPE: self.place,
            desk.IS_SPOT: int(self.is_spot),
            desk.TICK: tick[0],
            desk.TICK_DECIMALS: tick[1],
            desk.LOT: lot[0],
            desk.LOT_DECIMALS: lot[1],
            desk.UNIT: unit[0],
            desk.UNIT_OVER: over,
            desk.ENTRY: entry_row,
            desk.TICKS_BOUND: min(steps.ticks_bound, FAR // tick[0]),
            desk.LOTS_BOUND: min(steps.lots_bound, FAR // lot[0]),
            desk.MAKER_FEE: maker[0],
            desk.MAKER_OVER: maker[1],
            desk.TAKER_FEE: taker[0],
            desk.TAKER_OVER: taker[1],
            desk.AGE_NS: self.limits.book_age_ms_max * NS_PER_MS,
            desk.NEXT_ON: follows,
            desk.LOTS_EACH: min(steps.count_in(self.limits.order_qty_max), FAR - 1),
            desk.POSITION_MAX: min(steps.count_in(self.limits.position_max), FAR - 1),
            desk.OPEN_MAX: min(self.limits.open_orders_max, FAR - 1),
        }
        self.is_plain = not (self.pays_in_kind or self.checks_funds) and all(
            -FAR < number < FAR for number in columns.values()
        )
        for column, number in columns.items() if self.is_plain else ():
            cells[at + column] = number

    def read(self, state: State, days: dict[NetKey, DayResult]) -> bool:
        """Takes over what the state of the desk says, but for its orders. Gives: whether all of it is plain."""
        traded, cells, at = self.instrument, self.cells, self.starts
        row = state.positions.rows.get((self.owner, traded.account, traded.id))
        self.qty_read = _NONE_HELD if row is None else row.qty
        lots = self.steps.lots(self.qty_read)
        self.turned_down_read = state.turned_down.get((self.owner, traded.id))
        mark = self.mark = state.mark(traded.quote)
        is_valued = mark is not None and mark > ZERO
        cap_usd, size = self.limits.order_notional_usd_max, traded.contract_size
        cells[at + desk.NOTIONAL_MAX] = 0
        if mark is not None and is_valued:
            cells[at + desk.NOTIONAL_MAX] = min(self.steps.fit_in(cap_usd, size * mark), FAR)
        if lots is None or not self.is_plain or not self._read_entry(state):
            return False
        self.lots_read, self.fills_read, self.changes = lots, cells[at + desk.FILLS_SEEN], NOT_READ
        # The fold counts a day with whatever mark there is; orders pass at one look only where it is above zero.
        cells[at + desk.QTY], cells[at + desk.IS_VALUED] = lots, int(mark is not None)
        day = state.positions.days.get(self.key)
        fresh = DayResult(day=0) if day is None else replace(day, unmarked=dict(day.unmarked))
        self.base = days.setdefault(self.key, fresh)
        cells[at + desk.DAY_AT] = self.base.day
        cells[at + desk.DAY_CASH] = cells[at + desk.DAY_FEES] = cells[at + desk.DAY_LOTS] = 0
        self._read_base(mark if is_valued else None)
        cells[at + desk.BUY_LEAVES] = cells[at + desk.SELL_LEAVES] = 0
        cells[at + desk.HIGH_BUY], cells[at + desk.LOW_SELL] = -desk.NOTHING, desk.NOTHING
        cells[at + desk.LIVE] = cells[at + desk.FIRST] = cells[at + desk.FINAL_ONE] = 0
        return True

    def _read_entry(self, state: State) -> bool:
        """Takes over what the account entered at, where it is in whole lots and within reach."""
        if self.is_spot:
            return True
        entry = state.entries.get((self.instrument.account, self.instrument.id)) or Entry()
        lots, cost = self.steps.lots(entry.qty), entry.cost.scaleb(PARTS_DECIMALS)
        if lots is None or cost != cost.to_integral_value() or abs(entry.cost) >= FAR:
            return False
        whole, parts = divmod(scaled_integer(entry.cost, decimals=PARTS_DECIMALS), PARTS)
        at = self.entry_row * DESK_WIDTH
        cells = self.cells
        cells[at + desk.ENTRY_LOTS], cells[at + desk.COST], cells[at + desk.COST_PARTS] = lots, whole, parts
        return True

    def _read_base(self, mark: Decimal | None) -> None:
        """Finds out how far the result of the day may fall, where one look can say so."""
        base, cells, at = self.base, self.cells, self.starts
        cells[at + desk.CAN_LOSE] = 0
        lots = _count(base.qty, self.steps.lot * self.instrument.contract_size)
        if mark is None or lots is None or base.unmarked or not self.is_alone:
            return
        (cash, parts), (loss, loss_parts) = (_sum(usd, mark) for usd in (base.cash_usd, self.limits.day_loss_usd_max))
        loss = min(loss, FAR)
        if max(abs(cash), abs(lots)) < FAR:
            columns = (1, base.day, lots, cash, parts, loss, loss_parts)
            for column, number in enumerate(columns, at + desk.CAN_LOSE):
                cells[column] = number

    def name(self, prefix: str) -> None:
        """Takes how the ids of its orders begin; no shape is known of those."""
        self.cells[self.starts + desk.CRC] = crc32(prefix.encode()) ^ 0xFFFFFFFF
        self.bought = self.sold = None

    def show(self, touch: Touch | None) -> None:
        """Takes what is seen of the book, for a simulator that does not look itself."""
        at = self.starts
        self.cells[at + desk.LOOK_BID], self.cells[at + desk.LOOK_ASK] = (
            (0, 0) if touch is None else (touch.bid, touch.ask)
        )

    def day_of(self, sharing: Sequence[Standing]) -> DayResult:
        """Returns the result of the day of all that share it, which are these."""
        last = max(self.base.day, *(each.cells[each.starts + desk.DAY_AT] for each in sharing))
        found = DayResult(day=last)
        if self.base.day == last:
            found.cash_usd, found.qty, found.unmarked = self.base.cash_usd, self.base.qty, self.base.unmarked
        for each in sharing:
            cells, at = each.cells, each.starts
            if cells[at + desk.DAY_AT] == last and each.mark is not None:
                fees = Decimal(cells[at + desk.DAY_FEES]).scaleb(-desk.FEE_DECIMALS)
                found.cash_usd += (each.unit * cells[at + desk.DAY_CASH] - fees) * each.mark
                found.qty += each.steps.lot * each.instrument.contract_size * cells[at + desk.DAY_LOTS]
        return found

    def decimals_of(self, qty: Decimal, lots: int) -> int | None:
        """Returns with how many decimals what was executed of a quantity is written; None where they are too many."""
        if qty is not self.qty_known:
            exponent, at = qty.as_tuple().exponent, self.starts
            lot = self.cells[at + desk.LOT_DECIMALS]
            decimals = max(lot, -exponent) if isinstance(exponent, int) else FAR
            is_few = decimals < PARTS_DECIMALS and lots * self.cells[at + desk.LOT] * 10 ** (decimals - lot) < FAR
            self.qty_known, self.qty_decimals = qty, decimals if is_few else None
        return self.qty_decimals

    @property
    def qty(self) -> Decimal:
        """The position. Units: contracts, signed."""
        lots: int = self.cells[self.starts + desk.QTY]
        if lots == self.lots_read and self.cells[self.starts + desk.FILLS_SEEN] == self.fills_read:
            return self.qty_read
        return lots * self.steps.lot

    @property
    def turned_down(self) -> TurnedDown | None:
        """The newest order that was turned down; None since an execution."""
        return self.turned_down_read if self.cells[self.starts + desk.FILLS_SEEN] == self.fills_read else None

    def live(self, sent_by: Mapping[int, Sent]) -> list[Order]:
        """Returns its live orders, oldest first: only those are made anew that have changed."""
        cells = self.cells
        changes = cells[self.starts + desk.CHANGES]
        if changes == self.changes:
            return self.orders
        row, found = cells[self.starts + desk.FIRST], []
        while row:
            columns = _ORDER(cells, row * _ORDER_BYTES)
            number, status, filled, _, attempt, _, changed_at, changed, row = columns
            sent = sent_by[number]
            order = sent.order
            if order is None or sent.changes != changed:
                sent.changes = changed
                if status == _ACCEPTED and sent.shape is not None and not (filled or attempt):
                    order = self._accepted(sent, sent.shape, changed_at)
                else:
                    order = self._made(sent, columns)
                sent.order = order
            found.append(order)
        self.orders, self.changes = found, changes
        return found

    def _accepted(self, sent: Sent, shape: Shape, changed_at: Any) -> Order:
        """Returns an order of which nothing is known but that it was accepted, made of the newest of its shape."""
        like, wish, decided_at = shape.like, sent.wish, sent.decided_at
        if like is None:
            like = self._made(sent, (sent.number, _ACCEPTED, 0, 0, 0, 0, changed_at, 0, 0))
            shape.like = like
            return like
        return replace(
            like,
            order_id=wish.order_id,
            limit=wish.limit,
            venue_order_id=f"s{sent.number}",
            decided_at=decided_at,
            sent_at=decided_at,
            changed_at=changed_at,
            good_until=wish.good_until,
        )

    def _made(self, sent: Sent, columns: Sequence[Any]) -> Order:
        """Returns an order as it stands now."""
        wish, instrument, decided_at = sent.wish, self.instrument, sent.decided_at
        number, status, filled, pending, attempt, cancel_at, changed_at, _, _ = columns
        name: Any = None if status == _INTENDED else f"s{number}"
        executed: Any = filled * self.steps.lot if filled else _NONE_HELD
        return Order(
            wish.order_id,
            self.owner,
            instrument.account,
            instrument.id,
            instrument.underlying,
            wish.side,
            wish.qty,
            wish.limit,
            instrument.contract_size,
            wish.reduce_only,
            wish.style,
            instrument.product,
            wish.slot,
            STATUSES[status],
            executed,
            executed,
            name,
            0,
            attempt,
            pending != 0,
            cancel_at,
            decided_at,
            decided_at,
            changed_at,
            wish.good_until,
            wish.because,
        )


def _whole(value: Decimal) -> tuple[int, int] | None:
    """Returns a number above zero as a whole number and how many of its digits are decimals; None of one too fine."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or not -PARTS_DECIMALS <= exponent <= 0 or len(digits) > PARTS_DECIMALS:
        return None
    return scaled_integer(value, decimals=-exponent), -exponent


def _fee(unit: int, over: int, rate: Decimal) -> tuple[int, int]:
    """Returns a fee on each unit that stands over so many, in the last of its decimals, in lowest terms."""
    top, bottom = rate.as_integer_ratio()
    top, bottom = top * unit * 10**desk.FEE_DECIMALS, bottom * over
    shared = gcd(top, bottom)
    return top // shared, bottom // shared


def _count(value: Decimal, step: Decimal) -> int | None:
    """Returns how many steps a number is; None where it is between two."""
    (top, bottom), (over, under) = value.as_integer_ratio(), step.as_integer_ratio()
    count, rest = divmod(top * under, bottom * over)
    return None if rest else count


def _sum(usd: Decimal, mark: Decimal) -> tuple[int, int]:
    """Returns what USD are worth as whole quote and parts of one, cut toward minus infinity."""
    (top, bottom), (over, under) = usd.as_integer_ratio(), mark.as_integer_ratio()
    return divmod(top * under * PARTS // (bottom * over), PARTS)
