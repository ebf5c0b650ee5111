"""Alpaca as a venue of the engine: nothing is sent twice, and nothing but cancels while Alpaca asks to wait.

A call is one request, with four exceptions. `find` asks for the executions of an order that has some. `cancel` asks
for Alpaca's id where we do not know it. `executions_since` asks for the client id of each order that it has not met,
because fills name orders by Alpaca's id only. `statement` is four reads, and more where much was booked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from flatbook.engine.ports import ApprovedOrder, Clock, FillSource, IdRule, VenueCard
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    Activity,
    CancelAnswer,
    CancelTooLate,
    Execution,
    ExecutionLine,
    ExecutionPage,
    FindAnswer,
    NotSent,
    OrderReport,
    PlaceAnswer,
    Pushed,
    Unknown,
    UnreadableExecution,
)
from flatbook.events.orders import NotSentReason
from flatbook.values.ids import AccountId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import SECONDS_PER_DAY, Instant, later
from flatbook.values.instruments import Instrument
from flatbook.venues.alpaca import parse, wire
from flatbook.venues.alpaca.activities import activities_answer
from flatbook.venues.alpaca.hours import executes_now
from flatbook.venues.alpaca.market_facts import MarketFacts
from flatbook.venues.alpaca.refusals import ORDER_NOT_FOUND, UNREADABLE
from flatbook.venues.alpaca.stream import Hints, Updates
from flatbook.venues.http import Carried, Http, Reply, Request, clocked
from flatbook.venues.pace import Pace, pace_after
from flatbook.venues.unread import no_counts, note

READ_TIMEOUT_S = 10
FIRST_READ_DAYS = 7
ACTIVITY_DAYS = 14
ACTIVITIES_AGE_S = 300
ACTIVITY_PAGES_MAX = 5
LOOKUPS_MAX = 25
CLIENT_IDS_MAX = 10_000
ASKING_MAX = 64

_REFUSED_LOCALLY = NotSent(reason=NotSentReason.REFUSED_LOCALLY)

ALPACA_CARD = VenueCard(
    name="alpaca",
    id_rule=IdRule.FOR_EVER,  # Source: alpaca-py#260, refused also after the order was canceled
    request_window_s=30,  # Source: ours; Alpaca documents no expiry of requests, st0x.liquidity gives up after 30 s
    read_lag_max_s=5,  # Source: ours; alpacahq/alpaca-skills calls reads eventually consistent, with no bound
    place_timeout_s=10,  # Source: ours; an order is answered within a second unless Alpaca is in trouble
    fill_source=FillSource.EXECUTIONS,  # Source: docs.alpaca.markets, Account Activities: each fill has an id
    cash_decimals=2,  # Source: ours; no sample of docs.alpaca.markets or alpaca-py shows cash below a cent
)

Carry = Callable[[Request, int], Awaitable[Carried]]


class AlpacaAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account: our name for it, where it is at Alpaca, and what is traded there.

    `extended_hours` asks for the early and late sessions too.
    """

    account: AccountId
    api: wire.Api
    instruments: tuple[Instrument, ...]
    extended_hours: bool = False


class AlpacaVenue:
    """One account at Alpaca; implements the engine's OrderVenue.

    Without `updates` nothing is pushed.
    """

    def __init__(
        self,
        http: Http,
        clock: Clock,
        *,
        account: AlpacaAccount,
        updates: Updates | None = None,
    ) -> None:
        self._http = http
        self._clock = clock
        self._account = account.account
        self._api = account.api
        self._extended_hours = account.extended_hours
        self._symbols = {instrument.symbol: instrument.id for instrument in account.instruments}
        self._symbol_of = {instrument.id: instrument.symbol for instrument in account.instruments}
        self._client_ids: dict[VenueOrderId, OrderId | None] = {}
        self._updates = updates
        self._facts = MarketFacts(account.api, clock, self._symbols)
        self._booked: tuple[Activity, ...] | None = None
        self._booked_beside, self._booked_until = b"", Instant(0)
        self._pace = Pace()
        self._asking = 0
        self._unread = no_counts()

    @property
    def card(self) -> VenueCard:
        """What the adapter declares about Alpaca."""
        return ALPACA_CARD

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:
        """Sends the order once, as a DAY order, into an open session that it cannot outlive.

        Errors: NotSent when it is past its good_until, of another account, of an instrument that is not ours to trade
        here, of numbers that Alpaca does not take, or while no session is open or Alpaca asks to wait; Rejected for
        `duplicate_id` when Alpaca has an order of this id; Unknown after `place_timeout_s`, a broken connection, a
        5xx and an unreadable answer.
        """
        now, symbol = self._clock.now(), self._symbol_of.get(order.instrument)
        if symbol is None or order.account != self._account or wire.flaw_of_order(order) is not None:
            return _REFUSED_LOCALLY
        if now >= order.good_until:
            return NotSent(reason=NotSentReason.EXPIRED)
        extended = self._extended_hours and order.limit is not None
        if not executes_now(now, extended_hours=extended, margin_s=ALPACA_CARD.request_window_s):
            return _REFUSED_LOCALLY
        if not self._facts.allows(now, extended_hours=extended):
            return _REFUSED_LOCALLY
        request = wire.place_request(self._api, order, symbol=symbol, extended_hours=extended)
        reply = await self._ask(request, ALPACA_CARD.place_timeout_s)
        if not isinstance(reply, Reply):
            return reply
        answer = parse.place_answer(reply, order=order, symbol=symbol, now=self._clock.now())
        if isinstance(answer, Accepted) and self._is_of_another(answer.venue_order_id, order.order_id):
            return UNREADABLE
        return answer

    async def cancel(
        self,
        order_id: OrderId,
        venue_order_id: VenueOrderId | None,
        instrument: InstrumentId | None = None,  # noqa: ARG002
    ) -> CancelAnswer:
        """Asks once to cancel the order, whatever pace Alpaca asks for.

        Errors: CancelTooLate when it has ended or is not known there; Rejected when Alpaca does not take the request;
        Unknown and NotSent as in `place`.
        """
        if venue_order_id is None:
            found = await self._find(order_id, self._carry)
            if not isinstance(found, OrderReport):
                return CancelTooLate(message=ORDER_NOT_FOUND) if isinstance(found, Absent) else found
            venue_order_id = found.venue_order_id
        reply = await self._carry(wire.cancel_request(self._api, venue_order_id), ALPACA_CARD.place_timeout_s)
        return parse.cancel_answer(reply, now=self._clock.now()) if isinstance(reply, Reply) else reply

    async def find(self, order_id: OrderId, instrument: InstrumentId | None = None) -> FindAnswer:  # noqa: ARG002
        """Asks for the order by our client id, then for its executions when it has some.

        Errors: Absent when Alpaca says it has none; Unknown and NotSent as in `place`. Where only the executions
        cannot be read, the report is not complete; it still says how much is filled.
        """
        report = await self._find(order_id, self._ask)
        if not isinstance(report, OrderReport) or report.complete:
            return report
        reply = await self._ask(wire.fills_of_order_request(self._api, report.venue_order_id), READ_TIMEOUT_S)
        fills = self._fills(reply)
        return parse.with_executions(report, fills) if isinstance(fills, parse.Fills) else report

    async def executions_since(self, cursor: str) -> ExecutionPage | Unknown | NotSent:
        """Returns one page of executions after a cursor, and the next cursor; an empty page is the end.

        Gives: the cursor is the id of the last execution returned. Without one the reading begins FIRST_READ_DAYS
        ago: a journal without a cursor has no orders older than that, and orders are for a day. A page ends early
        where the client id of an order cannot be had.
        Errors: Unknown and NotSent as in `place`.
        """
        first_from = later(self._clock.now(), seconds=-FIRST_READ_DAYS * SECONDS_PER_DAY)
        reply = await self._ask(wire.fills_request(self._api, cursor=cursor, first_from=first_from), READ_TIMEOUT_S)
        fills = self._fills(reply)
        if not isinstance(fills, parse.Fills):
            return fills
        named: list[ExecutionLine] = []
        lookups = 0
        for execution in fills.executions:
            if isinstance(execution, UnreadableExecution):
                named.append(execution)
                continue
            lookups += execution.venue_order_id not in self._client_ids
            order_id = await self._client_id(execution) if lookups <= LOOKUPS_MAX else UNREADABLE
            if isinstance(order_id, Unknown | NotSent):
                return (tuple(named), named[-1].execution_id) if named else order_id
            named.append(msgspec.structs.replace(execution, order_id=order_id))
        return tuple(named), named[-1].execution_id if named else cursor

    async def statement(self) -> AccountStatement | Unknown | NotSent:
        """Reads open orders, then positions, then cash, then what was booked besides executions, then the market.

        Errors: Unknown and NotSent as in `place`, when one of the first four or the hours of the day cannot be had.
        """
        stated_at = self._clock.now()
        orders = await self._ask(wire.open_orders_request(self._api), READ_TIMEOUT_S)
        if not isinstance(orders, Reply):
            return orders
        answered_at = self._clock.now()
        positions = await self._ask(wire.positions_request(self._api), READ_TIMEOUT_S)
        if not isinstance(positions, Reply):
            return positions
        cash = await self._ask(wire.account_request(self._api), READ_TIMEOUT_S)
        if not isinstance(cash, Reply):
            return cash
        activities = await self._activities_beside(cash.body, stated_at)
        if not isinstance(activities, tuple):
            return activities
        flaw = await self._facts.refresh(partial(self._ask, timeout_s=READ_TIMEOUT_S))
        if flaw is not None:
            return flaw
        replies = (orders, positions, cash)
        stated = parse.statement_answer(
            replies, account=self._account, meant=self._api.meant, symbols=self._symbols, stated_at=stated_at
        )
        stated = clocked(stated, orders, asked_at=stated_at, answered_at=answered_at)
        return self._with_facts(stated, activities) if isinstance(stated, AccountStatement) else stated

    def _with_facts(self, stated: AccountStatement, activities: tuple[Activity, ...]) -> AccountStatement:
        facts, funds = self._facts, stated.funds
        return msgspec.structs.replace(
            stated,
            activities=activities,
            hours=facts.hours(),
            untradable=facts.untradable(),
            clock=facts.reading or stated.clock,
            funds=None if funds is None else msgspec.structs.replace(funds, borrowable=facts.borrowable()),
        )

    async def _activities_beside(self, account: bytes, stated_at: Instant) -> tuple[Activity, ...] | Unknown | NotSent:
        """Reads activities where the account is not as it was when they were read last, or that was a while ago."""
        if self._booked is not None and account == self._booked_beside and stated_at < self._booked_until:
            return self._booked
        read = await self._activities(stated_at)
        if isinstance(read, tuple):
            self._booked, self._booked_beside = read, account
            self._booked_until = later(stated_at, seconds=ACTIVITIES_AGE_S)
        return read

    async def _activities(self, stated_at: Instant) -> tuple[Activity, ...] | Unknown | NotSent:
        """Reads what was booked in the last days besides executions, page after page."""
        first_from = later(stated_at, seconds=-ACTIVITY_DAYS * SECONDS_PER_DAY)
        found: list[Activity] = []
        cursor = ""
        for _ in range(ACTIVITY_PAGES_MAX):
            request = wire.activities_request(self._api, cursor=cursor, first_from=first_from)
            reply = await self._ask(request, READ_TIMEOUT_S)
            if not isinstance(reply, Reply):
                return reply
            now, account_id = self._clock.now(), self._api.account_id
            page = activities_answer(reply, account_id=account_id, symbols=self._symbols, now=now)
            if isinstance(page, Unknown):
                return page
            found += page.activities
            if page.count < wire.PAGE_MAX:
                return tuple(found)
            cursor = page.last
        return UNREADABLE

    async def watch(self, deliver: Callable[[Pushed], None]) -> bool:
        """Delivers what is pushed until the stream ends; False where there is no stream.

        Gives: of an order that has executions the answer to a `find`, so that each execution has the id that polls
        give it; of any other order what was pushed. A push that cannot be read is counted and left to the poll.
        """
        if self._updates is None:
            return False
        await asyncio.gather(self._listen(self._updates, hints := Hints(), deliver), self._follow(hints, deliver))
        return True

    async def _listen(self, updates: Updates, hints: Hints, deliver: Callable[[Pushed], None]) -> None:
        def take(body: bytes) -> None:
            report = parse.trade_update(body, account_id=self._api.account_id, symbols=self._symbols)
            if isinstance(report, Unknown):
                note(self._unread)
            elif report is not None and report.complete:
                deliver(report)
            elif report is not None and report.order_id is not None:
                hints.add(report.order_id)

        try:
            await updates.listen(take)
        finally:
            hints.end()

    async def _follow(self, hints: Hints, deliver: Callable[[Pushed], None]) -> None:
        while (order_id := await hints.take()) is not None:
            found = await self.find(order_id)
            if isinstance(found, OrderReport):
                deliver(found)

    async def _find(self, order_id: OrderId, carry: Carry) -> FindAnswer:
        reply = await carry(wire.find_request(self._api, order_id), READ_TIMEOUT_S)
        if not isinstance(reply, Reply):
            return reply
        report = parse.order_answer(reply, order_id=order_id, symbols=self._symbols)
        if isinstance(report, OrderReport):
            if self._is_of_another(report.venue_order_id, order_id):
                return UNREADABLE
            self._remember(report.venue_order_id, order_id)
        return report

    def _is_of_another(self, venue_order_id: VenueOrderId, order_id: OrderId) -> bool:
        """Whether Alpaca has called an order of another client id so when it was asked for one.

        The answer to a place request is not learnt from: fills are named by what Alpaca says when asked.
        """
        return self._client_ids.get(venue_order_id, order_id) != order_id

    def _fills(self, reply: Carried) -> parse.Fills | Unknown | NotSent:
        if not isinstance(reply, Reply):
            return reply
        return parse.fills_answer(reply, account_id=self._api.account_id, symbols=self._symbols)

    async def _client_id(self, execution: Execution) -> OrderId | Unknown | NotSent | None:
        """Returns the client id of an execution's order; None when Alpaca has no such order, asked after its lag."""
        venue_order_id = execution.venue_order_id
        assert venue_order_id is not None, "fills name their orders"
        if venue_order_id in self._client_ids:
            return self._client_ids[venue_order_id]
        asked_at = self._clock.now()
        reply = await self._ask(wire.order_request(self._api, venue_order_id), READ_TIMEOUT_S)
        if not isinstance(reply, Reply):
            return reply
        answer = parse.client_id_answer(reply, venue_order_id=venue_order_id)
        if isinstance(answer, Unknown):
            return answer
        if not isinstance(answer, Absent):
            return self._remember(venue_order_id, answer)
        is_proof = asked_at >= later(execution.happened_at, seconds=ALPACA_CARD.read_lag_max_s)
        return self._remember(venue_order_id, None) if is_proof else UNREADABLE

    def _remember(self, venue_order_id: VenueOrderId, order_id: OrderId | None) -> OrderId | None:
        if len(self._client_ids) >= CLIENT_IDS_MAX:
            del self._client_ids[next(iter(self._client_ids))]
        self._client_ids[venue_order_id] = order_id
        return order_id

    async def _ask(self, request: Request, timeout_s: int) -> Carried:
        """Carries a request that is no cancel: not while Alpaca asks to wait, and not above ASKING_MAX at once."""
        if self._is_held():
            return _REFUSED_LOCALLY
        self._asking += 1
        try:
            return await self._carry(request, timeout_s)
        finally:
            self._asking -= 1

    def _is_held(self) -> bool:
        return self._clock.now() < self._pace.held_until or self._asking >= ASKING_MAX

    async def _carry(self, request: Request, timeout_s: int) -> Carried:
        reply = await self._http.send(request, later(self._clock.now(), seconds=timeout_s))
        if isinstance(reply, Reply):
            self._pace = pace_after(self._pace, reply, self._clock.now())
        return reply
