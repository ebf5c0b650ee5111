"""A simulated venue at the engine's port: each call is one call over the network, answered in the engine's words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from flatbook.engine.own_books import OwnBooks
from flatbook.engine.ports import ApprovedOrder, Clock, FillSource, VenueCard
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    Balance,
    CancelAnswer,
    CancelTaken,
    CancelTooLate,
    Execution,
    FillTotal,
    FindAnswer,
    Holding,
    NotSent,
    OrderReport,
    PlaceAnswer,
    Pushed,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.events.orders import Fee, NotSentReason, RejectReason
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.port_link import SERVER_FAULT, Link
from flatbook.sim.world.exchange import Ending, Exchange, Refusal, Request, VenueExecution, VenueOrder
from flatbook.sim.world.front_door import Door, FrontDoor
from flatbook.sim.world.injection import Injection
from flatbook.sim.world.process import Cut, Scissors
from flatbook.sim.world.record import Record, Requested
from flatbook.values.ids import AccountId, AssetId, ExecutionId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant
from flatbook.values.instruments import Instrument, Side
from flatbook.values.money import Money, Price, Quantity, divide_cut, from_base_units, to_base_units

SHARE_DECIMALS, PRICE_DECIMALS, CASH_DECIMALS, QTY_DECIMALS = 9, 4, 13, 18
READ_TIMEOUT_S = 10
PAGE_EXECUTIONS_MAX = 50
SHORT_PAGE_MAX = 2
USD = AssetId("USD")

A = TypeVar("A")

_REASONS = {
    "duplicate_client_id": RejectReason.DUPLICATE_ID,
    "invalid_quantity": RejectReason.INVALID_QUANTITY,
    "halted": RejectReason.HALTED,
    "restricted": RejectReason.RESTRICTED,
    "market_closed": RejectReason.MARKET_CLOSED,
    "insufficient_shares": RejectReason.INSUFFICIENT_SHARES,
    "rate_limited": RejectReason.RATE_LIMITED,
    "forbidden": RejectReason.RESTRICTED,
}
_REFUSABLE = ("place", "cancel")
_STATUSES = {
    Ending.FILLED: VenueStatus.FILLED,
    Ending.CANCELED: VenueStatus.CANCELED,
    Ending.EXPIRED: VenueStatus.EXPIRED,
}


class Caller:
    """Who calls: a process life that can be cut before and after each send. `books` reads what it has booked."""

    def __init__(
        self,
        process: str,
        life: int,
        scissors: Scissors,
        clock: Clock,
        *,
        books: Callable[[AccountId], OwnBooks] | None = None,
    ) -> None:
        self.process, self.life, self.scissors, self.clock = process, life, scissors, clock
        self._books = books

    def books(self, account: AccountId) -> OwnBooks:
        """Returns what the life has booked of an account.

        Needs: the life was given its books.
        """
        assert self._books is not None, "whoever reads the books of a life gives it some"
        return self._books(account)


class PortVenue:
    """One account of a simulated venue; implements the engine's OrderVenue. Reads may show the past."""

    def __init__(
        self,
        exchange: Exchange,
        link: Link,
        caller: Caller,
        card: VenueCard,
        world: tuple[VirtualLoop, Record, Injection],
        instruments: tuple[Instrument, ...],
    ) -> None:
        self._exchange, self._link, self._caller, self._card = exchange, link, caller, card
        self._loop, self._record, self._injection = world
        self._account = AccountId(exchange.terms.account)
        self._flickers = False
        self._instruments = {instrument.symbol: instrument for instrument in instruments}
        self._symbols = {instrument.id: instrument.symbol for instrument in instruments}
        self._size = instruments[0].contract_size
        self._silent_until = Instant(0)
        self._door = FrontDoor(self._account, self._injection)

    @property
    def card(self) -> VenueCard:
        """What is declared about the venue."""
        return self._card

    @property
    def _states_totals(self) -> bool:
        return self._card.fill_source is FillSource.TOTALS

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:
        """Sends the order once."""
        if self._caller.clock.now() >= order.good_until:
            return NotSent(reason=NotSentReason.EXPIRED)
        request = Request(
            client_id=order.order_id,
            symbol=self._symbols[order.instrument],
            sign=order.side.sign,
            qty=to_base_units(Quantity(order.qty * self._size), decimals=SHARE_DECIMALS),
            limit=None if order.limit is None else to_base_units(Quantity(order.limit), decimals=PRICE_DECIMALS),
            good_until=order.good_until,
            sent_at=self._caller.clock.now(),
        )

        def arrive() -> PlaceAnswer:
            taken = self._exchange.place(request)
            if isinstance(taken, Refusal):
                return self._rejected(taken)
            pending = self._exchange.terms.pending
            return Accepted(venue_order_id=self._told_id(taken), pending=pending, happened_at=taken.taken_at)

        return await self._call("place", order.order_id, arrive, self._card.place_timeout_s)

    async def cancel(
        self,
        order_id: OrderId,
        venue_order_id: VenueOrderId | None,
        instrument: InstrumentId | None = None,  # noqa: ARG002
    ) -> CancelAnswer:
        """Asks once to cancel the order."""

        def arrive() -> CancelAnswer:
            done = self._exchange.cancel(venue_order_id, order_id)
            return CancelTooLate(message=done.text) if isinstance(done, Refusal) else CancelTaken()

        return await self._call("cancel", order_id, arrive, self._card.place_timeout_s)

    async def find(self, order_id: OrderId, instrument: InstrumentId | None = None) -> FindAnswer:  # noqa: ARG002
        """Asks for the order by our client id, with its executions."""

        def arrive() -> FindAnswer:
            view_at = self._view_at()
            order = self._exchange.newest(order_id)
            if order is None or order.taken_at > view_at:
                return Absent()
            return self._report(order, view_at)

        return await self._call("find", order_id, arrive, READ_TIMEOUT_S)

    async def executions_since(self, cursor: str) -> tuple[tuple[Execution, ...], str] | Unknown | NotSent:
        """Returns one page of executions after a cursor, and the next cursor; an empty page is the end."""

        def arrive() -> tuple[tuple[Execution, ...], str]:
            if self._states_totals:
                return (), cursor
            view_at, after = self._view_at(), int(cursor or "0")
            shown = [each for each in self._exchange.executions[after:] if each.at <= view_at]
            page = shown[: self._page_max(len(shown))]
            return tuple(self._execution(each) for each in page), str(after + len(page))

        return await self._call("executions", None, arrive, READ_TIMEOUT_S)

    async def statement(self) -> AccountStatement | Unknown | NotSent:
        """Reads open orders, holdings and balances."""
        asked_at = self._caller.clock.now()

        def arrive() -> AccountStatement:
            return self._statement(asked_at, self._view_at())

        return await self._call("statement", None, arrive, READ_TIMEOUT_S)

    async def watch(self, deliver: Callable[[Pushed], None]) -> bool:
        """Pushes executions as they happen, as well as a stream does: some late, some twice, some never."""

        ended: asyncio.Future[bool] = self._loop.create_future()
        process = copy_context()

        def push(order: VenueOrder, execution: VenueExecution) -> None:
            if self._caller.scissors.is_cut or self._link.is_dark() or self._injection.hits("W1", self._account):
                return
            if self._link.is_cut() and not ended.done():
                ended.set_result(True)
                self._silent_until = Instant(self._loop.instant + self._link.silence_s() * NS_PER_S)
            if self._loop.instant < self._silent_until:
                return
            for _ in range(2 if self._injection.hits("W3", self._account) else 1):
                delay_ms = self._injection.size("W10", self._account, 0, 400)
                at = Instant(self._loop.instant + delay_ms * NS_PER_MS)
                self._loop.call_at_instant(at, self._deliver, deliver, self._news(order, execution), context=process)

        self._exchange.listeners.append(push)
        try:
            return await ended
        finally:
            self._exchange.listeners.remove(push)

    def _news(self, order: VenueOrder, execution: VenueExecution) -> Pushed:
        return self._report(order, self._loop.instant) if self._states_totals else self._execution(execution)

    def _deliver(self, deliver: Callable[[Pushed], None], news: Pushed) -> None:
        if not self._caller.scissors.is_cut:
            deliver(news)

    async def _call(
        self, verb: str, client_id: str | None, arrive: Callable[[], A], time_out_s: int
    ) -> A | Unknown | NotSent:
        caller, sent_at = self._caller, self._loop.instant
        number = caller.scissors.send()
        caller.scissors.reach(Cut.BEFORE_SEND, number)

        def arrived(copy: int) -> A | Rejected | Unknown:
            self._record.add(
                Requested(
                    at=self._loop.instant,
                    account=self._account,
                    verb=verb,
                    client_id=client_id,
                    process=caller.process,
                    life=caller.life,
                    sent_at=sent_at,
                    copy=copy,
                )
            )
            door = self._door.passes(self._loop.instant, moved=self._exchange.moved)
            if door is Door.FAULT_AT_ENTRY:
                return SERVER_FAULT
            if door in (Door.FORBIDDEN, Door.RATE_LIMITED):
                refused = self._rejected(Refusal(code=door.value, text="not now"))
                return refused if verb in _REFUSABLE else SERVER_FAULT
            answer = arrive()
            return SERVER_FAULT if door is Door.FAULT_AT_EXIT else answer

        answer = self._link.send(arrived, time_out_s)
        caller.scissors.reach(Cut.AFTER_SEND, number)
        return await answer  # type: ignore[return-value]

    def _told_id(self, taken: VenueOrder) -> VenueOrderId:
        """Returns the id that an answer carries: now and then that of the order before."""
        others = [order.venue_id for order in self._exchange.orders.values() if order is not taken]
        wrong = bool(others) and self._injection.hits("V5", self._account)
        return VenueOrderId(others[-1] if wrong else taken.venue_id)

    def _view_at(self) -> Instant:
        """Returns the instant whose truth a read shows."""
        lag_ms = self._card.read_lag_max_s * 1_000 - 1
        if self._injection.hits("V1", self._account):
            lag_ms = self._injection.size("V1", self._account, 1, lag_ms)
        elif not self._injection.hits("V2", self._account):
            return self._loop.instant
        return Instant(self._loop.instant - lag_ms * NS_PER_MS)

    def _page_max(self, count: int) -> int:
        """Returns how many executions a page holds; in some worlds hardly any."""
        is_cut = count > SHORT_PAGE_MAX and self._injection.hits("V26", self._account)
        return SHORT_PAGE_MAX if is_cut else PAGE_EXECUTIONS_MAX

    def _rejected(self, refusal: Refusal) -> Rejected:
        reason = _REASONS.get(refusal.code, RejectReason.OTHER)
        return Rejected(reason=reason, code=refusal.code, message=refusal.text, happened_at=self._loop.instant)

    def _contracts(self, shares: int) -> Quantity:
        """Returns shares of the record in contracts: all instruments of an account have one size."""
        return Quantity(divide_cut(from_base_units(shares, decimals=SHARE_DECIMALS), self._size, decimals=QTY_DECIMALS))

    def _report(self, order: VenueOrder, view_at: Instant) -> OrderReport:
        fills = [fill for fill in order.fills if fill.at <= view_at]
        ended = order.ended_at is not None and order.ended_at <= view_at
        status = _STATUSES[order.ending] if ended and order.ending is not None else VenueStatus.OPEN
        if self._injection.hits("V16", self._account):
            status = VenueStatus.UNREADABLE
        return OrderReport(
            order_id=None if order.client_id is None else OrderId(order.client_id),
            venue_order_id=VenueOrderId(order.venue_id),
            instrument=self._instruments[order.symbol].id,
            side=_side(order.sign),
            qty=self._contracts(order.qty),
            filled_qty=self._contracts(sum(fill.qty for fill in fills)),
            status=status,
            status_text=status.value,
            executions=() if self._states_totals else tuple(self._execution(fill) for fill in fills),
            complete=True,
            happened_at=_last_change(order, fills, view_at) if self._states_totals else _ended_or_taken(order, view_at),
            total=_total(fills) if self._states_totals else None,
        )

    def _execution(self, fill: VenueExecution) -> Execution:
        return Execution(
            execution_id=ExecutionId(fill.execution_id),
            order_id=None if fill.client_id is None else OrderId(fill.client_id),
            venue_order_id=VenueOrderId(fill.venue_id),
            instrument=self._instruments[fill.symbol].id,
            side=_side(fill.sign),
            qty=self._contracts(fill.qty),
            price=Price(from_base_units(fill.price, decimals=PRICE_DECIMALS)),
            fees=_fees(fill.fee - fill.levy) + _fees(fill.levy),
            realised=None,
            happened_at=fill.at,
        )

    def _statement(self, asked_at: Instant, view_at: Instant) -> AccountStatement:
        exchange = self._exchange
        working = [
            order
            for order in exchange.orders.values()
            if order.taken_at <= view_at and (order.ended_at is None or order.ended_at > view_at)
        ]
        self._flickers = flickers = not self._flickers and self._injection.hits("O3", self._account)
        held = {
            symbol: 0 if flickers else sum(qty for at, qty in moves if at <= view_at)
            for symbol, moves in exchange.share_moves.items()
        }
        cash = Quantity(
            from_base_units(sum(amount for at, amount in exchange.cash_moves if at <= view_at), decimals=CASH_DECIMALS)
        )
        return AccountStatement(
            account=self._account,
            stated_at=asked_at,
            open_orders=tuple(self._report(order, view_at) for order in working),
            holdings=tuple(
                Holding(instrument=self._instruments[symbol].id, qty=self._contracts(qty))
                for symbol, qty in held.items()
            ),
            balances=(Balance(asset=USD, total=cash, available=cash),),
        )


def _ended_or_taken(order: VenueOrder, view_at: Instant) -> Instant:
    return order.ended_at if order.ended_at is not None and order.ended_at <= view_at else order.taken_at


def _last_change(order: VenueOrder, fills: list[VenueExecution], view_at: Instant) -> Instant:
    return max(_ended_or_taken(order, view_at), *(fill.at for fill in fills), order.taken_at)


def _total(fills: list[VenueExecution]) -> FillTotal:
    notional = from_base_units(sum(fill.qty * fill.price for fill in fills), decimals=CASH_DECIMALS)
    return FillTotal(notional=Money(notional), fees=_fees(sum(fill.fee for fill in fills)))


def _fees(fee: int) -> tuple[Fee, ...]:
    return (Fee(asset=USD, amount=Money(from_base_units(fee, decimals=CASH_DECIMALS))),) if fee else ()


def _side(sign: int) -> Side:
    return Side.BUY if sign > 0 else Side.SELL
