"""Bybit as a venue of the engine: nothing is sent twice, and nothing but cancels while Bybit asks to wait.

A call is one request, with these exceptions. `find` asks among the present orders, then among the past ones, of each
market where the order may be, then for its executions. `cancel` looks an order up where its instrument is not known.
`executions_since` and `statement` read pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec

from flatbook.engine.ports import Allowance, ApprovedOrder, Clock, FillSource, IdRule, Switch, SwitchTold, VenueCard
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    CancelAnswer,
    CancelTaken,
    CancelTooLate,
    ClockReading,
    Execution,
    ExecutionPage,
    FindAnswer,
    NotSent,
    OrderReport,
    PlaceAnswer,
    Pushed,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.events.orders import NotSentReason
from flatbook.values.ids import AccountId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import NS_PER_MS, SECONDS_PER_DAY, Instant, later
from flatbook.values.instruments import Instrument, Product
from flatbook.venues.bybit import parse, wire
from flatbook.venues.bybit.account import (
    WirePosition,
    WireWallets,
    coins_of,
    holding_of,
)
from flatbook.venues.bybit.error_codes import class_of
from flatbook.venues.bybit.history import Ask, History, executions_of, with_realised
from flatbook.venues.bybit.pacing import learn, may_send
from flatbook.venues.bybit.reading import Bookings, Scopes, open_orders, positions_of
from flatbook.venues.bybit.refusals import FAULTS, UNREADABLE, read
from flatbook.venues.bybit.standing import Standing
from flatbook.venues.bybit.stream import PrivateStream
from flatbook.venues.bybit.wire import Ahead, Category, Market
from flatbook.venues.coins import totals_of
from flatbook.venues.error_classes import is_unfit_after
from flatbook.venues.http import Carried, Http, Reply, Request
from flatbook.venues.rate_budget import Lane, RateBudget
from flatbook.venues.unread import Counts, no_counts, note, sum_of

READ_TIMEOUT_S = 10
ORDERS_MAX = 10_000
ASKING_MAX = 32
CATCH_UP_S = 10
APART_MS_MAX = 500
PRESENT, PAST = "/v5/order/realtime", "/v5/order/history"
ORDER_NOT_FOUND = "order not found"
ENDED = (VenueStatus.FILLED, VenueStatus.CANCELED, VenueStatus.REJECTED)

_REFUSED_LOCALLY = NotSent(reason=NotSentReason.REFUSED_LOCALLY)
CATEGORIES = {Product.SPOT: Category.SPOT, Product.LINEAR_PERP: Category.LINEAR}

BYBIT_CARD = VenueCard(
    name="bybit",
    id_rule=IdRule.WINDOW,  # Source: v5/order/create-order, orderLinkId is always unique; kept for about 360 days
    id_window_s=30 * SECONDS_PER_DAY,  # Source: ours; a part of what Bybit was seen to keep
    request_window_s=wire.RECV_WINDOW_MS // 1000,  # Source: v5/guide, X-BAPI-RECV-WINDOW
    read_lag_max_s=5,  # Source: ours; v5/order/open-order and v5/order/history state no bound
    place_timeout_s=10,  # Source: ours; an order is answered within a second unless Bybit is in trouble
    fill_source=FillSource.EXECUTIONS,  # Source: v5/order/execution, execId
    cash_decimals=8,  # Source: ours; the samples of v5/account show coins to eight decimals
)


class BybitAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One unified account: our name for it, the user id that its key must be of, and what is traded there.

    Units: seconds. `dead_man_s` is after how long without our stream Bybit cancels all orders, None for never.
    `counts_contracts` tells that quantities are of contracts of the size that is configured, as at an exchange in the
    process that stands for another one; at Bybit a contract is one coin.
    """

    account: AccountId
    user_id: str
    instruments: tuple[Instrument, ...]
    dead_man_s: int | None = None
    counts_contracts: bool = False


class BybitWay(msgspec.Struct, frozen=True, kw_only=True):
    """How Bybit is reached with one key: what carries its requests, what signs them by, and what it may still ask."""

    http: Http
    ahead: Ahead
    budget: RateBudget


def _told(answer: CancelTooLate | Rejected | Unknown | NotSent) -> str:
    return answer.message if isinstance(answer, CancelTooLate | Rejected) else answer.reason.value


Found = tuple[OrderReport, Market]


def markets_of(instruments: tuple[Instrument, ...]) -> dict[tuple[Category, str], Instrument]:
    """Returns instruments by where they are at Bybit. Errors: ValueError for a product that is not spoken here."""
    markets: dict[tuple[Category, str], Instrument] = {}
    for instrument in instruments:
        category = CATEGORIES.get(instrument.product)
        if category is None:
            raise ValueError(f"{instrument.id}: {instrument.product.value} is not traded at Bybit here")
        markets[category, instrument.symbol] = instrument
    return markets


class BybitVenue:
    """One account at Bybit; implements the engine's OrderVenue.

    Without a `stream` nothing is pushed.
    """

    def __init__(
        self,
        way: BybitWay,
        clock: Clock,
        *,
        account: BybitAccount,
        stream: PrivateStream | None = None,
    ) -> None:
        self._http, self._clock, self._ahead, self._stream = way.http, clock, way.ahead, stream
        self._account, self._dead_man_s = account.account, account.dead_man_s
        self._symbols = markets_of(account.instruments)
        self._market_of = {
            found.id: Market(category=category, symbol=symbol, coin=found.quote)
            for (category, symbol), found in self._symbols.items()
        }
        self._scopes = tuple(dict.fromkeys(_scope_of(market) for market in self._market_of.values()))
        self._categories = tuple(dict.fromkeys(category for category, _ in self._scopes))
        self._client_ids: dict[VenueOrderId, OrderId] = {}
        self._theirs = wire.TheirClock(clock, way.ahead)
        self._history = History(self._symbols, self._theirs)
        self.standing = Standing(self._symbols, clock, meant=account.user_id, counts_contracts=account.counts_contracts)
        self._bookings = Bookings(self._symbols, self._theirs)
        self._heard_at: Instant | None = None
        self._budget = way.budget
        self._asking = 0
        self._unread = no_counts()
        self.switch = SwitchTold(state=Switch.NONE, detail="dead_man_s is not configured: what is open stays open")
        if self._dead_man_s is not None:
            self.switch = SwitchTold(state=Switch.REFUSED, detail="it was not asked for yet")

    @property
    def card(self) -> VenueCard:
        """What the adapter declares about Bybit."""
        return BYBIT_CARD

    def unread(self) -> Counts:
        """Returns how much of what was pushed could not be read, and was left to the poll."""
        return self._unread if self._stream is None else sum_of(self._unread, self._stream.unread)

    def allowances(self, now: Instant) -> tuple[Allowance, ...]:
        """Returns how much of each limit of Bybit its key has used."""
        return self._budget.allowances(now)

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:
        """Sends the order once.

        Errors: NotSent when it is past its good_until, of another account, of an instrument that is not ours to trade
        here or of numbers that Bybit does not take, while Bybit asks to wait, and, unless it only reduces, while
        something speaks against the account or the instrument or the clocks are apart; Rejected for `duplicate_id`
        when Bybit has an order of this id; Unknown after `place_timeout_s`, a broken connection, a 5xx, a code that
        says that Bybit does not know, and an answer that is unreadable or does not repeat our id.
        """
        now, market = self._clock.now(), self._market_of.get(order.instrument)
        if market is None or order.account != self._account:
            return _REFUSED_LOCALLY
        if wire.flaw_of_order(order, self._symbols[market.category, market.symbol].rules) is not None:
            return _REFUSED_LOCALLY
        if now >= order.good_until:
            return NotSent(reason=NotSentReason.EXPIRED)
        if not order.reduce_only and not self._may_trade(order):
            return _REFUSED_LOCALLY
        lane = Lane.EXIT if order.reduce_only else Lane.ORDER
        reply = await self._ask(wire.place_request(order, market, now), BYBIT_CARD.place_timeout_s, lane)
        if not isinstance(reply, Reply):
            return reply
        answer = parse.place_answer(reply, order=order, now=self._clock.now())
        if isinstance(answer, Accepted) and self._is_of_another(answer.venue_order_id, order.order_id):
            return UNREADABLE
        if isinstance(answer, Rejected) and (found := class_of(answer.code)) and is_unfit_after(found):
            self.standing.doubt(f"{answer.code}: {answer.message}")
        return answer

    def _may_trade(self, order: ApprovedOrder) -> bool:
        is_apart = abs(self._ahead.ns) > APART_MS_MAX * NS_PER_MS
        return not is_apart and self.standing.flaw is None and order.instrument not in self.standing.untradable

    async def cancel(
        self,
        order_id: OrderId,
        venue_order_id: VenueOrderId | None,  # noqa: ARG002
        instrument: InstrumentId | None = None,
    ) -> CancelAnswer:
        """Asks once to cancel the order by our id, whatever pace Bybit asks for.

        Errors: CancelTooLate when it has ended or is not known there; Rejected when Bybit does not take the request;
        Unknown and NotSent as in `place`.
        """
        market = None if instrument is None else self._market_of.get(instrument)
        if market is None:
            found = await self._found(order_id, self._scopes, self._carry_read)
            if not isinstance(found, tuple):
                return CancelTooLate(message=ORDER_NOT_FOUND) if isinstance(found, Absent) else found
            market = found[1]
        request = wire.cancel_request(market, order_id)
        reply = await self._carry(request, BYBIT_CARD.place_timeout_s)
        return parse.cancel_answer(reply, now=self._clock.now()) if isinstance(reply, Reply) else reply

    async def cancel_all(self) -> CancelAnswer:
        """Asks once to cancel everything that works on the account, ours or not, in each market that we trade in.

        Errors: the first answer that is no success; the other markets are asked all the same.
        """
        answers: list[CancelAnswer] = []
        for category, coin in self._scopes:
            reply = await self._carry(wire.cancel_all_request(category, coin), BYBIT_CARD.place_timeout_s)
            now = self._clock.now()
            answers.append(parse.cancel_all_answer(reply, now=now) if isinstance(reply, Reply) else reply)
        return next((answer for answer in answers if not isinstance(answer, CancelTaken)), CancelTaken())

    async def find(self, order_id: OrderId, instrument: InstrumentId | None = None) -> FindAnswer:
        """Asks for the order by our client id among present and past ones, then for its executions when it has some.

        Errors: Absent when Bybit has it nowhere; Unknown and NotSent as in `place`. Where only the executions cannot be
        read, the report is not complete; it still says how much is filled.
        """
        market = None if instrument is None else self._market_of.get(instrument)
        scopes = self._scopes if market is None else (_scope_of(market),)
        found = await self._found(order_id, scopes, self._read)
        return found[0] if isinstance(found, tuple) else found

    async def executions_since(self, cursor: str) -> ExecutionPage | Unknown | NotSent:
        """Returns executions after a cursor, and the next cursor; an empty page is the end.

        Errors: Unknown and NotSent as in `place`.
        """
        return await self._history.since(self._read, cursor)

    async def statement(self) -> AccountStatement | Unknown | NotSent:
        """Reads whether the account is sound, the clock, open orders, positions, coins, and what was booked.

        Errors: Unknown and NotSent as in `place`, when one of them cannot be had, and Unknown while something speaks
        against the account: `standing.flaw` says what.
        """
        stated_at = self._clock.now()
        clock = await self._read_clock()
        if not isinstance(clock, ClockReading):
            return clock
        trouble = await self.standing.refresh(self._read)
        if trouble is not None:
            return trouble
        if self.standing.flaw is not None:
            return UNREADABLE
        orders = await self._open_orders()
        if not isinstance(orders, tuple):
            return orders
        positions = await positions_of(self._read, self._scopes, self._symbols)
        if not isinstance(positions, tuple):
            return positions
        wallet = await self._read(wire.wallet_request())
        if not isinstance(wallet, Reply):
            return wallet
        wallets = read(wallet, WireWallets)
        coins = wallets if isinstance(wallets, Unknown) else coins_of(wallets, self._symbols)
        if isinstance(coins, Unknown):
            return coins
        activities = await self._bookings.beside(self._read, totals_of(*coins), stated_at)
        if not isinstance(activities, tuple):
            return activities
        return AccountStatement(
            account=self._account,
            stated_at=stated_at,
            open_orders=orders,
            holdings=(*coins[0], *positions),
            balances=coins[1],
            clock=clock,
            activities=activities,
            untradable=self.standing.untradable,
        )

    async def watch(self, deliver: Callable[[Pushed], None]) -> bool:
        """Delivers what is pushed until the stream ends; False where there is no stream.

        Gives: once the stream stands, all open orders and what was executed since something was heard last are asked
        for and delivered too. A push that cannot be read is counted and left to the poll.
        """
        if self._stream is None:
            return False
        stands = asyncio.Event()
        catching_up = asyncio.create_task(self._catch_up(stands, deliver))
        try:
            await self._stream.listen(partial(self._take, deliver), stands.set)
        finally:
            catching_up.cancel()
            await asyncio.gather(catching_up, return_exceptions=True)
        return True

    async def _catch_up(self, stands: asyncio.Event, deliver: Callable[[Pushed], None]) -> None:
        await stands.wait()
        await self._arm_dead_man()
        now = self._theirs.now()
        since = later(min(now, self._heard_at or now), seconds=-CATCH_UP_S)
        self._heard_at = now
        missed = await self._history.between(self._read, (since, now))
        told = await with_realised(self._read, missed, self._symbols, now) if isinstance(missed, tuple) else ()
        for line in told if isinstance(told, tuple) else ():
            if isinstance(line, Execution):
                deliver(line)
        orders = await self._open_orders()
        for report in orders if isinstance(orders, tuple) else ():
            deliver(report)

    async def _arm_dead_man(self) -> None:
        if self._dead_man_s is None:
            return
        self.switch = SwitchTold(state=Switch.ARMED, detail=f"{self._dead_man_s} s after our stream")
        for category in self._categories:
            reply = await self._carry(wire.dead_man_request(category, self._dead_man_s), READ_TIMEOUT_S)
            answer = parse.cancel_answer(reply, now=self._clock.now()) if isinstance(reply, Reply) else reply
            if not isinstance(answer, CancelTaken):
                self.switch = SwitchTold(state=Switch.REFUSED, detail=f"{category.value}: {_told(answer)}")

    def _take(self, deliver: Callable[[Pushed], None], topic: str, rows: list[msgspec.Raw]) -> None:
        self._heard_at = self._theirs.now()
        for row in rows:
            try:
                pushed = self._pushed(topic, row)
            except FAULTS as fault:
                note(self._unread, fault)
                continue
            if pushed is not None:
                deliver(pushed)

    def _pushed(self, topic: str, row: msgspec.Raw) -> Pushed | None:
        """Returns what a row of a topic tells. Errors: ValueError and those of msgspec where it cannot be read."""
        if topic == "execution":
            return parse.pushed_execution(row, self._symbols)
        if topic == "order":
            order = msgspec.json.decode(row, type=parse.WireOrder)
            category = parse.category_of(order.category)
            self._learn(order)
            report = parse.order_report(order, category, self._symbols)
            return None if report.order_id is None and report.status in ENDED else report
        if topic == "position":
            try:
                holding_of(msgspec.json.decode(row, type=WirePosition), self._symbols)
            except ValueError as fault:
                self.standing.doubt(str(fault))
                raise
        return None

    async def _found(self, order_id: OrderId, scopes: Scopes, ask: Ask) -> Found | Absent | Unknown | NotSent:
        """Returns an order and where it is, looked for in some markets."""
        for path in (PRESENT, PAST):
            for category, coin in scopes:
                found = await self._look(wire.find_request(path, category, coin, order_id), category, order_id, ask)
                if not isinstance(found, Absent):
                    return found
        return Absent()

    async def _look(
        self, request: Request, category: Category, order_id: OrderId, ask: Ask
    ) -> Found | Absent | Unknown | NotSent:
        reply = await ask(request)
        if not isinstance(reply, Reply):
            return reply
        page = read(reply, parse.Listed)
        if isinstance(page, Unknown):
            return page
        if not page.rows:
            return Absent()
        try:
            order = msgspec.json.decode(page.rows[0], type=parse.WireOrder)
            report = parse.order_report(order, category, self._symbols)
            created_at = parse.instant_of_text_ms(order.created_time)
        except FAULTS:
            return UNREADABLE
        if len(page.rows) != 1 or report.order_id != order_id:
            return UNREADABLE
        if self._is_of_another(report.venue_order_id, order_id):
            return UNREADABLE
        self._learn(order)
        market = parse.market_of(order, category, self._symbols)
        if report.complete:
            return report, market
        span = (later(created_at, seconds=-1), self._theirs.now())
        lines = await executions_of(ask, category, report.venue_order_id, span, self._symbols)
        return (parse.with_executions(report, lines) if isinstance(lines, tuple) else report), market

    def _is_of_another(self, venue_order_id: VenueOrderId, order_id: OrderId) -> bool:
        """Whether Bybit has called an order of another client id so; the answer to a place request teaches nothing."""
        return self._client_ids.get(venue_order_id, order_id) != order_id

    async def _open_orders(self) -> tuple[OrderReport, ...] | Unknown | NotSent:
        """Returns all orders that work, those of others too."""
        orders = await open_orders(self._read, self._scopes)
        if not isinstance(orders, list):
            return orders
        try:
            for order, _ in orders:
                self._learn(order)
            return tuple(parse.order_report(order, category, self._symbols) for order, category in orders)
        except ValueError:
            return UNREADABLE

    async def _read_clock(self) -> ClockReading | Unknown | NotSent:
        """Reads Bybit's clock, and signs by it from now on."""
        asked_at = self._clock.now()
        reply = await self._read(wire.time_request())
        if not isinstance(reply, Reply):
            return reply
        answered_at, shown = self._clock.now(), read(reply, parse.WireTime)
        if isinstance(shown, Unknown) or not shown.time_nano.isdigit():
            return UNREADABLE
        at = Instant(int(shown.time_nano))
        self._ahead.ns = at - (asked_at + answered_at) // 2
        return ClockReading(asked_at=asked_at, answered_at=answered_at, earliest=at, latest=at)

    def _learn(self, order: parse.WireOrder) -> None:
        """Keeps what Bybit calls an order of ours."""
        if not order.order_link_id:
            return
        if len(self._client_ids) >= ORDERS_MAX:
            del self._client_ids[next(iter(self._client_ids))]
        self._client_ids[VenueOrderId(order.order_id)] = OrderId(order.order_link_id)

    async def _read(self, request: Request) -> Carried:
        return await self._ask(request, READ_TIMEOUT_S, Lane.READ)

    async def _carry_read(self, request: Request) -> Carried:
        return await self._carry(request, READ_TIMEOUT_S)

    async def _ask(self, request: Request, timeout_s: int, lane: Lane) -> Carried:
        """Carries a request that is no cancel: not while its lane has to wait, and not above ASKING_MAX at once."""
        if self._asking >= ASKING_MAX or not may_send(self._budget, request, lane, self._clock.now()):
            return _REFUSED_LOCALLY
        self._asking += 1
        try:
            return await self._send(request, timeout_s)
        finally:
            self._asking -= 1

    async def _carry(self, request: Request, timeout_s: int) -> Carried:
        """Carries a cancel, or what a cancel needs to know, unless Bybit has banned us."""
        if not may_send(self._budget, request, Lane.CANCEL, self._clock.now()):
            return _REFUSED_LOCALLY
        return await self._send(request, timeout_s)

    async def _send(self, request: Request, timeout_s: int) -> Carried:
        reply = await self._http.send(request, later(self._clock.now(), seconds=timeout_s))
        if isinstance(reply, Reply):
            learn(self._budget, request, reply, self._clock.now())
        return reply


def _scope_of(market: Market) -> tuple[Category, str]:
    """Returns how open orders are listed: all of spot, and perpetuals by the coin that they settle in."""
    return market.category, market.coin if market.category is Category.LINEAR else ""
