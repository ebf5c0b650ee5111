"""Binance as a venue of the engine, spot or USD-M: nothing is sent twice, and cancels pass whatever the budget says.

A call is one request, with exceptions. `find` asks for the executions of an order that has some, and of every symbol
where its instrument is not known; of orders that worked when they were asked for last it asks together.
`executions_since` asks for the order of each execution that it has not met: executions name orders by number only, and
a forced one is known by its order. `statement` is several reads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
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
    ExecutionLine,
    ExecutionPage,
    FindAnswer,
    NotSent,
    OrderReport,
    PlaceAnswer,
    Pushed,
    Unknown,
    UnreadableExecution,
    VenueStatus,
)
from flatbook.events.orders import NotSentReason
from flatbook.values.ids import AccountId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import NS_PER_MS, Instant, instant_of_ms, later
from flatbook.values.instruments import Instrument, Product
from flatbook.values.money import ZERO
from flatbook.venues.binance import orders as said
from flatbook.venues.binance import parse, wire
from flatbook.venues.binance.bookings import Bookings, Income, SpotFlows
from flatbook.venues.binance.cursor import ReadTo, after_silence, read_to, text_of
from flatbook.venues.binance.line import REFUSED_LOCALLY
from flatbook.venues.binance.markets import ORDERS_1D, ORDERS_1M, ORDERS_10S
from flatbook.venues.binance.refusals import UNREADABLE, class_of_reply
from flatbook.venues.binance.standing import MarginMode, Standing, Ways, read_clock, read_standing
from flatbook.venues.binance.stream import Updates
from flatbook.venues.binance.working import WorkingOrders
from flatbook.venues.coins import totals_of
from flatbook.venues.error_classes import is_unfit_after
from flatbook.venues.http import Carried, Reply, Request
from flatbook.venues.rate_budget import Lane
from flatbook.venues.unread import Counts, no_counts, note, sum_of

ORDERS_MAX = 10_000
LOOKUPS_MAX = 50
COUNTDOWN_WEIGHT = 10
ORDER_NOT_FOUND = "no symbol of ours has such an order"

BINANCE_CARD = VenueCard(
    name="binance",
    id_rule=IdRule.WHILE_OPEN,  # Source: Spot and USD-M New Order: newClientOrderId is unique among open orders
    request_window_s=5,  # Source: wire.WINDOW_MS as recvWindow, and the second that a timestamp may be ahead
    read_lag_max_s=10,  # Source: ours; USD-M General Info calls reads eventually consistent, with no bound
    place_timeout_s=10,  # Source: ours; -1007 is Binance's own time-out of 10 s before its exchange
    fill_source=FillSource.EXECUTIONS,  # Source: Spot myTrades, USD-M userTrades: each has an id within its symbol
    cash_decimals=8,  # Source: USD-M balances and Spot account state eight decimals
)


class BinanceAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account at one market: our name for it, what is traded there, and how its margin must be."""

    account: AccountId
    instruments: tuple[Instrument, ...]
    margin_mode: MarginMode = MarginMode.CROSSED


class BinanceVenue:
    """One account at one market of Binance; implements the engine's OrderVenue.

    Without `updates` nothing is pushed. Until it was seen how the account stands nothing is placed there but what only
    reduces.
    """

    def __init__(self, ways: Ways, clock: Clock, *, account: BinanceAccount, updates: Updates | None = None) -> None:
        self._ways, self._clock = ways, clock
        self._market, self._line = ways.market, ways.line
        self._account, self._margin_mode = account.account, account.margin_mode
        self._instruments = {each.id: each for each in account.instruments}
        self._symbols = {each.symbol: each.id for each in account.instruments}
        self._updates = updates
        self._standing = Standing()
        self._named: dict[VenueOrderId, said.Named] = {}
        self._working = WorkingOrders(self._open_of)
        self._read_to: dict[str, ReadTo] = {}
        is_spot = self._market.product is Product.SPOT
        self._bookings: Bookings = SpotFlows(ways.rights, clock) if is_spot else Income(self._line, self._symbols)
        self._order_gauges = tuple(each for each in (ORDERS_10S, ORDERS_1M, ORDERS_1D) if each in self._market.gauges)
        self._unread = no_counts()

    @property
    def card(self) -> VenueCard:
        """What the adapter declares about Binance."""
        return BINANCE_CARD

    def unread(self) -> Counts:
        """Returns how much of what was pushed could not be read, and was left to the poll."""
        return self._unread if self._updates is None else sum_of(self._unread, self._updates.unread)

    @property
    def switch(self) -> SwitchTold:
        """What Binance does once we are gone. Source: Spot REST API, which knows no countdown."""
        return SwitchTold(state=Switch.NONE, detail="Binance has no switch at spot: what is open stays open")

    def allowances(self, now: Instant) -> tuple[Allowance, ...]:
        """Returns how much of each limit of Binance its key has used."""
        return self._line.budget.allowances(now)

    @property
    def standing(self) -> Standing:
        """How the account stood when it was read last."""
        return self._standing

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:
        """Sends the order once.

        Errors: NotSent when it is past its good_until, of another account, of an instrument or of numbers that may not
        be traded here, while the account does not stand as it should, the clocks are apart, or the budget has no room;
        Rejected for `duplicate_id` when an open order has this id, and for `would_take`; Unknown after
        `place_timeout_s`, a broken connection, a 5xx, an unreadable answer and one that does not echo our id.
        """
        now, instrument = self._clock.now(), self._instruments.get(order.instrument)
        if instrument is None or order.account != self._account or wire.flaw_of_order(order, instrument) is not None:
            return REFUSED_LOCALLY
        if now >= order.good_until:
            return NotSent(reason=NotSentReason.EXPIRED)
        if not order.reduce_only and not self._stands(order.instrument):
            return REFUSED_LOCALLY
        request = wire.place_request(self._market, order, symbol=instrument.symbol)
        lane = Lane.EXIT if order.reduce_only else Lane.ORDER
        reply = await self._line.ask(
            request, lane, self._market.weights.order, BINANCE_CARD.place_timeout_s, self._order_gauges
        )
        if not isinstance(reply, Reply):
            return reply
        await self._doubt(reply)
        answer = parse.place_answer(reply, order=order, symbol=instrument.symbol, now=self._clock.now())
        if isinstance(answer, Accepted) and self._is_of_another(answer.venue_order_id, order.order_id):
            return UNREADABLE
        return answer

    async def cancel(
        self, order_id: OrderId, venue_order_id: VenueOrderId | None, instrument: InstrumentId | None = None
    ) -> CancelAnswer:
        """Asks once to cancel the order by our id, whatever the budget says; of each symbol where it is not known.

        Errors: CancelTooLate when it has ended or is not known there; Rejected when Binance does not take the request;
        Unknown and NotSent as in `place`.
        """
        known = None if venue_order_id is None else said.symbol_of(venue_order_id)
        answer: CancelAnswer = CancelTooLate(message=ORDER_NOT_FOUND)
        for symbol in (known,) if known else self._symbols_of(instrument):
            request = wire.cancel_request(self._market, order_id, symbol=symbol)
            answer = await self._cancel(request, parse.Canceled)
            if not isinstance(answer, CancelTooLate):
                return answer
        return answer

    async def cancel_all(self) -> CancelAnswer:
        """Asks once for each symbol to cancel all of its open orders, those of others too, whatever the budget says.

        Gives: CancelTaken when every symbol took it or had none, else the first answer that says otherwise; the other
        symbols are asked all the same.
        """
        content = list[parse.CanceledToo] if self._market.product is Product.SPOT else parse.CanceledAll
        requests = [wire.cancel_all_request(self._market, symbol=symbol) for symbol in self._symbols]
        answers = [await self._cancel(request, content) for request in requests]
        return next((each for each in answers if not isinstance(each, CancelTaken | CancelTooLate)), CancelTaken())

    async def _cancel(self, request: Request, content: type) -> CancelAnswer:
        weight, timeout_s = self._market.weights.cancel, BINANCE_CARD.place_timeout_s
        reply = await self._line.ask(request, Lane.CANCEL, weight, timeout_s)
        if not isinstance(reply, Reply):
            return reply
        return parse.cancel_answer(reply, content=content, now=self._clock.now())

    async def find(self, order_id: OrderId, instrument: InstrumentId | None = None) -> FindAnswer:
        """Asks for the order by our client id, then for its executions when it has some.

        Errors: Absent when Binance says of every symbol that it has none; Unknown and NotSent as in `place`. Where only
        the executions cannot be read, the report is not complete; it still says how much is filled.
        """
        symbols = tuple(self._symbols_of(instrument))
        works = await self._look(order_id, symbols[0]) if len(symbols) == 1 else None
        if works is not None:
            return works
        for symbol in symbols:
            request = wire.find_request(self._market, order_id, symbol=symbol)
            reply = await self._read(request, self._market.weights.find)
            if not isinstance(reply, Reply):
                return reply
            report = parse.order_answer(reply, order_id=order_id, symbol=symbol, symbols=self._symbols)
            if isinstance(report, Unknown):
                return report
            if isinstance(report, OrderReport):
                return await self._found(report, order_id, symbol)
        return Absent()

    async def _look(self, order_id: OrderId, symbol: str) -> OrderReport | None:
        """Returns an order that works and of which nothing is executed, from an answer for all of its symbol."""
        works = await self._working.look(order_id, symbol)
        if works is None or not works.complete or self._is_of_another(works.venue_order_id, order_id):
            return None
        return works

    async def _open_of(self, symbol: str) -> tuple[OrderReport, ...] | Unknown | NotSent:
        request = wire.open_orders_request(self._market, symbol)
        reply = await self._read(request, self._market.weights.open_of_symbol)
        return parse.orders_answer(reply, self._symbols) if isinstance(reply, Reply) else reply

    async def _found(self, report: OrderReport, order_id: OrderId, symbol: str) -> OrderReport | Unknown:
        if self._is_of_another(report.venue_order_id, order_id):
            return UNREADABLE
        self._working.note(order_id, works=report.status is VenueStatus.OPEN)
        if report.complete:
            if report.venue_order_id not in self._named:
                self._remember(report.venue_order_id, said.Named(client=order_id, kind="", is_proven=False))
            return report
        number = int(report.venue_order_id.rpartition(":")[2])
        if self._proven(report.venue_order_id) is None:
            named = await self._ask_name(number, symbol)
            if not isinstance(named, said.WireOrder) or named.client_order_id != order_id:
                return UNREADABLE
            self._remember(report.venue_order_id, said.Named(client=order_id, kind=named.kind))
        request = wire.trades_of_order_request(self._market, number, symbol=symbol)
        trades = self._trades(await self._read(request, self._market.weights.trades_of_order), symbol)
        if not isinstance(trades, parse.Trades):
            return report
        executions = tuple(
            said.execution_of(line, self._symbols, order_id, "")
            for line in trades.lines
            if isinstance(line, said.WireTrade) and line.order == number
        )
        is_complete = sum((each.qty for each in executions), ZERO) == report.filled_qty
        return msgspec.structs.replace(report, executions=executions, complete=is_complete)

    async def executions_since(self, cursor: str) -> ExecutionPage | Unknown | NotSent:
        """Returns one page of executions of all symbols after a cursor, and the next cursor; an empty page is the end.

        Gives: a page ends early where the order of an execution cannot be had.
        Errors: Unknown and NotSent as in `place`.
        """
        found: list[ExecutionLine] = []
        places = read_to(cursor, tuple(self._symbols), self._clock.now())
        for symbol, place in places.items():
            page = await self._page(symbol, place)
            if isinstance(page, (Unknown, NotSent)):
                return (tuple(found), text_of(places, cursor)) if found else page
            lines, places[symbol] = page
            found += lines
        self._read_to = places
        return tuple(found), text_of(places, cursor)

    async def _page(self, symbol: str, place: ReadTo) -> tuple[list[ExecutionLine], ReadTo] | Unknown | NotSent:
        """Returns the executions of one symbol after a place, and the place that follows them."""
        since = Instant(place.since_ms * NS_PER_MS)
        request = wire.trades_request(self._market, symbol=symbol, after=place.execution, first_from=since)
        trades = self._trades(await self._read(request, self._market.weights.trades), symbol)
        if not isinstance(trades, parse.Trades):
            return trades
        if not trades.lines:
            return [], after_silence(place, self._clock.now())
        lines: list[ExecutionLine] = []
        lookups = 0
        for number, line in zip(trades.numbers, trades.lines, strict=True):
            if isinstance(line, UnreadableExecution):
                lines.append(line)
            else:
                lookups += self._proven(said.venue_order_id_of(symbol, line.order)) is None
                named = await self._name(line) if lookups <= LOOKUPS_MAX else UNREADABLE
                if isinstance(named, (Unknown, NotSent)):
                    return (lines, place) if lines else named
                lines.append(said.execution_of(line, self._symbols, named.client, named.kind))
            place = ReadTo(execution=number)
        return lines, place

    def _trades(self, reply: Carried, symbol: str) -> parse.Trades | Unknown | NotSent:
        return parse.trades_answer(reply, symbol=symbol, symbols=self._symbols) if isinstance(reply, Reply) else reply

    async def _name(self, trade: said.WireTrade) -> said.Named | Unknown | NotSent:
        """Returns whose an execution's order is; nobody's when Binance has no such order, asked after its lag."""
        venue_order_id = said.venue_order_id_of(trade.symbol, trade.order)
        named = self._proven(venue_order_id)
        if named is not None:
            return named
        asked_at = instant_of_ms(self._line.key.timestamp_ms())  # by the clock that dates the trade
        answer = await self._ask_name(trade.order, trade.symbol)
        if isinstance(answer, (Unknown, NotSent)):
            return answer
        if isinstance(answer, said.WireOrder):
            return self._remember(venue_order_id, said.Named(client=answer.client_order_id, kind=answer.kind))
        is_proof = asked_at >= later(instant_of_ms(trade.time_ms), seconds=BINANCE_CARD.read_lag_max_s)
        return self._remember(venue_order_id, said.Named(client=None, kind="")) if is_proof else UNREADABLE

    async def _ask_name(self, number: int, symbol: str) -> said.WireOrder | Absent | Unknown | NotSent:
        """Asks for an order by its number."""
        request = wire.order_request(self._market, number, symbol=symbol)
        reply = await self._read(request, self._market.weights.find)
        return parse.named_answer(reply, symbol=symbol, number=number) if isinstance(reply, Reply) else reply

    async def statement(self) -> AccountStatement | Unknown | NotSent:
        """Reads the clock, how the account stands where that is due, open orders, holdings, and what was booked.

        Gives: no statement of an account that does not stand as it should; an instrument that may not be traded as it
        is configured stands among the untradable.
        Errors: Unknown and NotSent as in `place`, when one of the reads cannot be had.
        """
        stated_at = self._clock.now()
        reading = await read_clock(self._ways, self._clock)
        if isinstance(reading, (Unknown, NotSent)):
            return reading
        standing = await self._stand(stated_at)
        if isinstance(standing, (Unknown, NotSent)):
            return standing
        orders = await self._open_orders()
        if isinstance(orders, (Unknown, NotSent)):
            return orders
        held = await self._held()
        if isinstance(held, (Unknown, NotSent)):
            return held
        activities = await self._bookings.read(stated_at, totals_of(held.holdings, held.balances))
        if isinstance(activities, (Unknown, NotSent)):
            return activities
        return AccountStatement(
            account=self._account,
            stated_at=stated_at,
            open_orders=orders,
            holdings=held.holdings,
            balances=held.balances,
            clock=reading,
            activities=activities,
            activities_complete=self._bookings.is_complete,
            untradable=tuple(standing.reasons),
        )

    async def _stand(self, now: Instant) -> Standing | Unknown | NotSent:
        if self._standing.flaw is None and self._standing.is_known_at(now):
            return self._standing
        found = await read_standing(self._ways, tuple(self._instruments.values()), self._margin_mode, self._clock)
        if not isinstance(found, Standing):
            self._standing = Standing()
            return found
        self._standing = found
        return UNREADABLE if found.flaw is not None else found

    def _stands(self, instrument: InstrumentId) -> bool:
        return self._standing.allows(instrument) and not self._line.key.is_apart()

    async def _doubt(self, reply: Reply) -> None:
        """Reads anew how the account stands, and what time it is, where a refusal speaks against what we know."""
        found = None if 200 <= reply.status < 300 else class_of_reply(reply)
        if found is None or not is_unfit_after(found):
            return
        await read_clock(self._ways, self._clock)
        self._standing = Standing()
        await self._stand(self._clock.now())

    async def _open_orders(self) -> tuple[OrderReport, ...] | Unknown | NotSent:
        reply = await self._read(wire.open_orders_request(self._market), self._market.weights.open_orders)
        if not isinstance(reply, Reply):
            return reply
        found = parse.orders_answer(reply, self._symbols)
        if not isinstance(found, Unknown):
            for report in found:
                if report.venue_order_id not in self._named:
                    self._remember(report.venue_order_id, said.Named(client=report.order_id, kind=""))
        return found

    async def _held(self) -> parse.Stated | Unknown | NotSent:
        """Returns what the account holds."""
        positions: Reply | None = None
        if self._market.product is not Product.SPOT:
            asked = await self._read(wire.positions_request(), 5)
            if not isinstance(asked, Reply):
                return asked
            positions = asked
        request, weight = (wire.spot_account_request(), 20) if positions is None else (wire.balances_request(), 5)
        wallet = await self._read(request, weight)
        if not isinstance(wallet, Reply):
            return wallet
        if positions is None:
            coins = {str(each.underlying): each.id for each in reversed(self._instruments.values())}
            return parse.spot_stated(wallet, coins)
        return parse.futures_stated(positions, wallet, self._symbols)

    async def watch(self, deliver: Callable[[Pushed], None]) -> bool:
        """Delivers what is pushed until the stream ends; False where there is no stream.

        Gives: once the stream stands, the open orders and the executions since the last poll, which tell what happened
        while it did not. A push that cannot be read is counted and left to the poll.
        """
        if self._updates is None:
            return False
        stands = asyncio.Event()
        catching_up = asyncio.create_task(self._catch_up(stands, deliver))
        try:
            await self._updates.listen(partial(self._take, deliver), stands.set)
        finally:
            catching_up.cancel()
        return True

    async def _catch_up(self, stands: asyncio.Event, deliver: Callable[[Pushed], None]) -> None:
        await stands.wait()
        for symbol, place in tuple(self._read_to.items()):
            page = await self._page(symbol, place)
            if not isinstance(page, (Unknown, NotSent)):
                for line in page[0]:
                    if not isinstance(line, UnreadableExecution):
                        deliver(line)
        found = await self._open_orders()
        if not isinstance(found, (Unknown, NotSent)):
            for report in found:
                deliver(report)

    def _take(self, deliver: Callable[[Pushed], None], pushed: said.Pushed) -> None:
        """Delivers a push: of an order that somebody placed its state, of a forced one the execution alone."""
        try:
            told, client = said.told_by(pushed, self._symbols)
        except ValueError as fault:
            note(self._unread, fault)
            return
        venue_order_id = said.venue_order_id_of(pushed.symbol, pushed.number)
        self._remember(venue_order_id, said.Named(client=client, kind=pushed.kind))
        if told is not None:
            deliver(told)

    async def _read(self, request: Request, weight: int) -> Carried:
        return await self._line.ask(request, Lane.READ, weight)

    def _symbols_of(self, instrument: InstrumentId | None) -> Iterator[str]:
        """Yields where an order may be: the symbol of its instrument, all where that is not known or not ours."""
        known = None if instrument is None else self._instruments.get(instrument)
        yield from self._symbols if known is None else (known.symbol,)

    def _is_of_another(self, venue_order_id: VenueOrderId, order_id: OrderId) -> bool:
        """Whether Binance has called an order of another client id so when it was asked for one.

        Gives: of two words that do not agree neither is kept, so that the next answer decides.
        """
        named = self._named.get(venue_order_id)
        if named is None or named.client == order_id:
            return False
        del self._named[venue_order_id]
        return True

    def _proven(self, venue_order_id: VenueOrderId) -> said.Named | None:
        """Returns what a number stands for; None where no answer about that number has said so."""
        named = self._named.get(venue_order_id)
        return named if named is not None and named.is_proven else None

    def _remember(self, venue_order_id: VenueOrderId, named: said.Named) -> said.Named:
        if len(self._named) >= ORDERS_MAX:
            del self._named[next(iter(self._named))]
        self._named[venue_order_id] = named
        return named


class BinanceFuturesVenue(BinanceVenue):
    """One account at USD-M, where Binance cancels by itself what is open once it has not heard from us for a while."""

    _unarmed: tuple[str, ...] | None = None

    @property
    def switch(self) -> SwitchTold:
        """Whether the countdown of each symbol was armed when that was last asked for."""
        if self._unarmed is None:
            return SwitchTold(state=Switch.REFUSED, detail="the countdown was not asked for yet")
        if self._unarmed:
            return SwitchTold(state=Switch.REFUSED, detail=f"not armed for {', '.join(self._unarmed)}")
        return SwitchTold(state=Switch.ARMED, detail="a countdown of each symbol")

    async def arm(self, seconds: int) -> bool:
        """Arms the countdown of each symbol that is traded here; it cancels the orders of others there too.

        Source: USD-M Auto-Cancel All Open Orders.
        """
        self._unarmed = tuple([symbol for symbol in self._symbols if not await self._arm(symbol, seconds)])
        return not self._unarmed

    async def _arm(self, symbol: str, seconds: int) -> bool:
        request = wire.countdown_request(symbol=symbol, countdown_ms=seconds * 1000)
        reply = await self._line.ask(request, Lane.EXIT, COUNTDOWN_WEIGHT)
        return isinstance(reply, Reply) and isinstance(parse.read(reply, parse.Counting), parse.Counting)
