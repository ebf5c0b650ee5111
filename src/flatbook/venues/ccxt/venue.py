"""Any exchange of ccxt as a venue of the engine, asked through the worker. Nothing is sent twice.

ccxt has no way to ask for an order by our id: where the exchange's id is not known, open orders and those of the last
days are looked through. An answer to a place request that does not repeat our id leaves the order unknown; it is then
looked for. The exchange's rule for client ids is not known here, and no request is given a time of its own: the fence
is long, and absence needs a statement that agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from flatbook.engine.ports import Allowance, ApprovedOrder, Clock, Switch, SwitchTold, VenueCard
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    CancelAnswer,
    CancelTaken,
    CancelTooLate,
    ClockReading,
    Execution,
    ExecutionLine,
    ExecutionPage,
    FindAnswer,
    NotSent,
    OrderReport,
    PlaceAnswer,
    Pushed,
    Rejected,
    Unknown,
    UnreadableExecution,
)
from flatbook.events.orders import NotSentReason, OrderStyle
from flatbook.values.ids import InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import NS_PER_MS, SECONDS_PER_DAY, Instant, later
from flatbook.values.instruments import Instrument, Product, Side, is_multiple
from flatbook.values.money import parse_number, plain, scaled_integer
from flatbook.venues.ccxt import parse
from flatbook.venues.ccxt.parse import UNREADABLE
from flatbook.venues.ccxt.process import CcxtWorker, Done, Failed, Outcome
from flatbook.venues.ccxt.terms import PLACE_TIMEOUT_S, CcxtAccount, CcxtKeys, Known, Standing, card_of, words_of
from flatbook.venues.handed import Handed, cursor_of, end_of_pages
from flatbook.venues.http import Reply
from flatbook.venues.pace import TOO_MANY
from flatbook.venues.rate_budget import Gauge, Lane, RateBudget

OPEN_TIMEOUT_S = 60
READ_TIMEOUT_S = 30
LOOK_BACK_DAYS = 7
OVERLAP_S = 30
KNOWN_MAX = 10_000
LOOKUPS_MAX = 25
MS_PER_MINUTE = 60_000
MINUTE_S = 60
WAITS_MAX = 30
CALLS = "calls"
ORDER_NOT_FOUND = "order not found"

_REFUSED_LOCALLY = NotSent(reason=NotSentReason.REFUSED_LOCALLY)
_Content = TypeVar("_Content")


class CcxtVenue:
    """One account at an exchange of ccxt; implements the engine's OrderVenue. It pushes nothing."""

    def __init__(
        self, worker: CcxtWorker, clock: Clock, *, account: CcxtAccount, reveal: Callable[[], CcxtKeys]
    ) -> None:
        self._worker, self._clock, self._reveal = worker, clock, reveal
        self._terms, self._account = account, account.account
        self._card = card_of(account.exchange)
        self._symbols = {instrument.symbol: instrument for instrument in account.instruments}
        self._by_id = {instrument.id: instrument for instrument in account.instruments}
        self._opened_in = -1
        self._has: tuple[str, ...] = ()
        self._budget = RateBudget({})
        self._known: dict[OrderId, Known] = {}
        self._client_ids: dict[VenueOrderId, OrderId | None] = {}
        self._handed = Handed()
        self._ahead_ns = 0
        self.standing = Standing()

    @property
    def card(self) -> VenueCard:
        """What the adapter declares about the exchange."""
        return self._card

    @property
    def switch(self) -> SwitchTold:
        """What the exchange does once we are gone: nothing that is asked for here."""
        return SwitchTold(state=Switch.NONE, detail="none is asked for through ccxt: what is open stays open")

    def allowances(self, now: Instant) -> tuple[Allowance, ...]:
        """Returns how much of each limit of the exchange its key has used."""
        return self._budget.allowances(now)

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:
        """Sends the order once.

        Errors: NotSent when it is past its good_until, of another account, of an instrument that is not ours to trade
        here or not tradable as it is configured, off our grid, without a limit, while the rate has no room, and when
        nothing of it left the worker; Rejected where a class of ccxt proves a refusal; Unknown after a time-out, the
        death of the worker, an error that proves nothing and an answer that does not repeat our id.
        """
        instrument = self._by_id.get(order.instrument)
        if instrument is None or order.account != self._account or order.limit is None:
            return _REFUSED_LOCALLY
        if not (is_multiple(order.qty, instrument.rules.lot) and is_multiple(order.limit, instrument.rules.tick)):
            return _REFUSED_LOCALLY
        opened = await self._open()
        if opened is not None:
            return NotSent(reason=NotSentReason.NO_CONNECTION)
        if self._clock.now() >= order.good_until:
            return NotSent(reason=NotSentReason.EXPIRED)
        if instrument.id in self.standing.reasons and not order.reduce_only:
            return _REFUSED_LOCALLY
        lane = Lane.EXIT if order.reduce_only else Lane.ORDER
        if not self._budget.take({CALLS: 1}, lane, self._clock.now()):
            return _REFUSED_LOCALLY
        self._remember(order.order_id, Known(symbol=instrument.symbol, venue_order_id=None))
        question = {"do": "place", "symbol": instrument.symbol, **_words_of(order, instrument)}
        outcome = await self._ask(question, PLACE_TIMEOUT_S)
        return self._placed(order, instrument, outcome)

    def _placed(self, order: ApprovedOrder, instrument: Instrument, outcome: Outcome) -> PlaceAnswer:
        if not isinstance(outcome, Done):
            return self._failure(outcome)
        wire = _content(outcome, parse.WireOrder)
        if isinstance(wire, Unknown) or not wire.id:
            return UNREADABLE
        venue_order_id = VenueOrderId(wire.id)
        if self._client_ids.get(venue_order_id, order.order_id) != order.order_id:
            return UNREADABLE
        if wire.client_id is not None and wire.client_id != order.order_id:
            return UNREADABLE
        self._remember(order.order_id, Known(symbol=instrument.symbol, venue_order_id=venue_order_id))
        if wire.client_id is None:
            return UNREADABLE
        happened_at = self._clock.now() if wire.ms is None else Instant(wire.ms * NS_PER_MS)
        return Accepted(venue_order_id=venue_order_id, pending=wire.status != "open", happened_at=happened_at)

    async def cancel(
        self, order_id: OrderId, venue_order_id: VenueOrderId | None, instrument: InstrumentId | None = None
    ) -> CancelAnswer:
        """Asks once to cancel the order, whatever the rate has room for.

        Errors: CancelTooLate when it has ended or is not known there; Rejected, Unknown and NotSent as in `place`.
        """
        opened = await self._open()
        if opened is not None:
            return opened
        known = self._known.get(order_id)
        if known is None or (known.venue_order_id is None and venue_order_id is None):
            found = await self._find(order_id, instrument, Lane.CANCEL)
            if not isinstance(found, OrderReport):
                return CancelTooLate(message=ORDER_NOT_FOUND) if isinstance(found, Absent) else found
            known = self._known[order_id]
        named = venue_order_id or known.venue_order_id
        self._budget.take({CALLS: 1}, Lane.CANCEL, self._clock.now())
        outcome = await self._ask({"do": "cancel", "symbol": known.symbol, "order": named}, PLACE_TIMEOUT_S)
        if isinstance(outcome, Done):
            return CancelTaken()
        if isinstance(outcome, Failed) and parse.says_no_such_order(outcome):
            return CancelTooLate(message=outcome.text[: parse.TEXT_MAX])
        return self._failure(outcome)

    async def find(self, order_id: OrderId, instrument: InstrumentId | None = None) -> FindAnswer:
        """Asks for the order by the exchange's id where it is known, else looks through open and past orders.

        Errors: Absent when it is in none of them; Unknown and NotSent where one cannot be read.
        """
        opened = await self._open()
        return await self._find(order_id, instrument, Lane.READ) if opened is None else opened

    async def executions_since(self, cursor: str) -> ExecutionPage | Unknown | NotSent:
        """Returns the trades after a cursor, and the next cursor; an empty page is the end.

        Gives: a page that ends early where the client id of an order cannot be had.
        Errors: Unknown and NotSent where the trades of a symbol cannot be read.
        """
        opened = await self._open()
        if opened is not None:
            return opened
        now = self._now_there()
        start = cursor_of(cursor, now)
        since_ms = later(start.at, seconds=-OVERLAP_S) // NS_PER_MS
        lines: list[ExecutionLine] = []
        for symbol in self._symbols:
            found = await self._trades({"do": "trades", "symbol": symbol, "since_ms": since_ms}, Lane.READ)
            if not isinstance(found, tuple):
                return found
            lines += found
        unseen = self._handed.unseen(tuple(lines), start)
        if not unseen:
            return end_of_pages(cursor, start, now)
        named = await self._named(unseen)
        if not isinstance(named, tuple):
            return named
        return self._handed.hand(named, start, now if len(named) == len(unseen) else start.at)

    async def statement(self) -> AccountStatement | Unknown | NotSent:
        """Reads the clock, open orders, coins and positions.

        Errors: Unknown and NotSent as in `place`, when one of them cannot be had.
        """
        opened = await self._open()
        if opened is not None:
            return opened
        stated_at = self._clock.now()
        clock = await self._read_clock()
        if isinstance(clock, Unknown | NotSent):
            return clock
        orders: list[OrderReport] = []
        for symbol in self._symbols:
            found = await self._orders(symbol, "open", Lane.READ)
            if not isinstance(found, tuple):
                return found
            orders += found
        contracts = [symbol for symbol, each in self._symbols.items() if each.product is not Product.SPOT]
        outcome = await self._paced({"do": "wallet", "contracts": contracts}, Lane.READ)
        if not isinstance(outcome, Done):
            return self._read_failure(outcome)
        wallet = _content(outcome, parse.WireWallet)
        if isinstance(wallet, Unknown):
            return wallet
        try:
            holdings, balances = parse.held(wallet, self._symbols)
        except ValueError:
            return UNREADABLE
        return AccountStatement(
            account=self._account,
            stated_at=stated_at,
            open_orders=tuple(orders),
            holdings=holdings,
            balances=balances,
            clock=clock,
            untradable=tuple(self.standing.reasons),
        )

    async def watch(self, deliver: Callable[[Pushed], None]) -> bool:  # noqa: ARG002
        """Delivers nothing: polls tell what happens."""
        return False

    async def _open(self) -> Unknown | NotSent | None:
        """Opens the exchange in the worker that runs, where it is not open there."""
        if not await self._worker.is_up():
            self.standing.flaw = "the worker does not run"
            return NotSent(reason=NotSentReason.NO_CONNECTION)
        if self._opened_in == self._worker.generation and self.standing.flaw is None:
            return None
        keys = self._reveal()
        question = {
            "do": "open",
            **words_of(self._terms),
            "symbols": list(self._symbols),
            "apiKey": keys.key,
            "secret": keys.secret,
            "password": keys.password,
            "uid": keys.uid,
        }
        outcome = await self._ask(question, OPEN_TIMEOUT_S)
        if not isinstance(outcome, Done):
            self.standing.flaw = outcome.text if isinstance(outcome, Failed) else "the worker does not answer"
            return self._read_failure(outcome)
        opened = _content(outcome, parse.WireOpened)
        if isinstance(opened, Unknown):
            return opened
        self._has = tuple(opened.has)
        self.standing.reasons = {
            instrument.id: reason
            for symbol, instrument in self._symbols.items()
            if (reason := parse.reason_untradable(instrument, opened.markets.get(symbol))) is not None
        }
        self._budget = RateBudget({CALLS: _gauge_of(opened.rate_limit_ms)})
        self._opened_in, self.standing.flaw = self._worker.generation, None
        return None

    async def _find(self, order_id: OrderId, instrument: InstrumentId | None, lane: Lane) -> FindAnswer:
        known = self._known.get(order_id)
        if known is not None and known.venue_order_id is not None:
            question = {"do": "order", "symbol": known.symbol, "order": known.venue_order_id}
            outcome = await self._paced(question, lane)
            if isinstance(outcome, Done):
                return await self._found(order_id, known.symbol, _content(outcome, parse.WireOrder), lane)
            if not (isinstance(outcome, Failed) and parse.says_no_such_order(outcome)):
                return self._read_failure(outcome)
        for which in self._lists():
            for symbol in self._symbols_of(known, instrument):
                orders = await self._orders(symbol, which, lane)
                if not isinstance(orders, tuple):
                    return orders
                report = next((each for each in orders if each.order_id == order_id), None)
                if report is not None:
                    return await self._complete(report, symbol, lane)
        return Absent()

    def _symbols_of(self, known: Known | None, instrument: InstrumentId | None) -> tuple[str, ...]:
        """Returns where an order may be: all symbols where nobody knows."""
        placed = None if instrument is None else self._by_id.get(instrument)
        if known is not None:
            return (known.symbol,)
        return tuple(self._symbols) if placed is None else (placed.symbol,)

    def _lists(self) -> tuple[str, ...]:
        has_past = "fetchClosedOrders" in self._has or "fetchOrders" in self._has
        return ("open", "past") if has_past else ("open",)

    async def _found(
        self, order_id: OrderId, symbol: str, wire: parse.WireOrder | Unknown, lane: Lane
    ) -> OrderReport | Unknown | NotSent:
        """Takes an order that was asked for by the exchange's id; one of another client id is no answer."""
        if isinstance(wire, Unknown) or wire.client_id not in (None, order_id):
            return UNREADABLE
        try:
            report = parse.order_report(msgspec.structs.replace(wire, client_id=order_id), self._symbols)
        except ValueError:
            return UNREADABLE
        return await self._complete(report, symbol, lane)

    async def _complete(self, report: OrderReport, symbol: str, lane: Lane) -> OrderReport:
        """Returns a report with its executions, read as trades; not complete where they cannot be read."""
        assert report.order_id is not None, "it was found by it"
        self._remember(report.order_id, Known(symbol=symbol, venue_order_id=report.venue_order_id))
        self._client_ids[report.venue_order_id] = report.order_id
        if report.complete:
            return report
        since_ms = later(self._clock.now(), seconds=-LOOK_BACK_DAYS * SECONDS_PER_DAY) // NS_PER_MS
        question = {"do": "trades_of", "symbol": symbol, "order": report.venue_order_id, "since_ms": since_ms}
        lines = await self._trades(question, lane)
        return parse.with_executions(report, lines) if isinstance(lines, tuple) else report

    async def _orders(self, symbol: str, which: str, lane: Lane) -> tuple[OrderReport, ...] | Unknown | NotSent:
        since_ms = later(self._clock.now(), seconds=-LOOK_BACK_DAYS * SECONDS_PER_DAY) // NS_PER_MS
        question = {"do": "orders", "symbol": symbol, "which": which, "since_ms": since_ms}
        outcome = await self._paced(question, lane)
        if not isinstance(outcome, Done):
            return self._read_failure(outcome)
        wires = _content(outcome, list[parse.WireOrder])
        if isinstance(wires, Unknown):
            return wires
        try:
            return tuple(parse.order_report(wire, self._symbols) for wire in wires)
        except ValueError:
            return UNREADABLE

    async def _trades(self, question: dict[str, Any], lane: Lane) -> tuple[ExecutionLine, ...] | Unknown | NotSent:
        outcome = await self._paced(question, lane)
        if not isinstance(outcome, Done):
            return self._read_failure(outcome)
        wires = _content(outcome, list[parse.WireTrade])
        if isinstance(wires, Unknown):
            return wires
        try:
            return tuple(parse.execution_line(wire, self._symbols) for wire in wires)
        except ValueError:
            return UNREADABLE

    async def _named(self, lines: tuple[ExecutionLine, ...]) -> tuple[ExecutionLine, ...] | Unknown | NotSent:
        """Returns executions with the client ids of their orders, as many as could be asked for."""
        named: list[ExecutionLine] = []
        lookups = 0
        for line in lines:
            if isinstance(line, UnreadableExecution) or line.venue_order_id is None:
                named.append(line)
                continue
            if line.venue_order_id not in self._client_ids:
                lookups += 1
                asked = UNREADABLE if lookups > LOOKUPS_MAX else await self._ask_name(line, line.venue_order_id)
                if asked is not None:
                    return tuple(named) or asked
            named.append(msgspec.structs.replace(line, order_id=self._client_ids[line.venue_order_id]))
        return tuple(named)

    async def _ask_name(self, trade: Execution, venue_order_id: VenueOrderId) -> Unknown | NotSent | None:
        """Asks for the order of a trade, and keeps its client id; none where there is no such order, asked after its
        lag: an order may be seen later than what it traded."""
        found = self._by_id.get(trade.instrument)
        symbol = str(trade.instrument) if found is None else found.symbol
        is_late = self._now_there() >= later(trade.happened_at, seconds=self._card.read_lag_max_s)
        outcome = await self._paced({"do": "order", "symbol": symbol, "order": venue_order_id}, Lane.READ)
        client_id: str | None = None
        if isinstance(outcome, Done):
            wire = _content(outcome, parse.WireOrder)
            if isinstance(wire, Unknown) or wire.id != venue_order_id:
                return UNREADABLE
            client_id = wire.client_id
        elif not (isinstance(outcome, Failed) and parse.says_no_such_order(outcome)):
            return self._read_failure(outcome)
        elif not is_late:
            return UNREADABLE
        if len(self._client_ids) >= KNOWN_MAX:
            del self._client_ids[next(iter(self._client_ids))]
        self._client_ids[venue_order_id] = OrderId(client_id) if client_id else None
        return None

    async def _read_clock(self) -> ClockReading | Unknown | NotSent | None:
        asked_at = self._clock.now()
        outcome = await self._paced({"do": "time"}, Lane.READ)
        if not isinstance(outcome, Done):
            return self._read_failure(outcome)
        ms = _content(outcome, int | None)  # type: ignore[arg-type]
        if ms is None or isinstance(ms, Unknown):
            return ms
        earliest = Instant(ms * NS_PER_MS)
        answered_at, latest = self._clock.now(), later(earliest, ms=1)
        self._ahead_ns = (earliest + latest) // 2 - (asked_at + answered_at) // 2
        return ClockReading(asked_at=asked_at, answered_at=answered_at, earliest=earliest, latest=latest)

    def _now_there(self) -> Instant:
        """Returns the present instant by the exchange's clock, which dates trades; by ours where it has none."""
        return Instant(self._clock.now() + self._ahead_ns)

    async def _paced(self, question: Mapping[str, Any], lane: Lane) -> Outcome:
        """Asks as soon as the rate has room, for WAITS_MAX seconds at most; what serves a cancel does not wait."""
        for _ in range(WAITS_MAX):
            if self._budget.take({CALLS: 1}, lane, self._clock.now()):
                return await self._ask(question, READ_TIMEOUT_S)
            await self._clock.sleep_until(later(self._clock.now(), seconds=1))
        return _REFUSED_LOCALLY

    async def _ask(self, question: Mapping[str, Any], timeout_s: int) -> Outcome:
        asked = {"at": self._account, **question}
        outcome = await self._worker.ask(asked, later(self._clock.now(), seconds=timeout_s))
        if isinstance(outcome, Failed) and parse.is_for_the_rate(outcome):
            self._budget.learn_refusal(Reply(status=TOO_MANY, headers={}, body=b""), self._clock.now())
        return outcome

    def _failure(self, outcome: Outcome) -> Rejected | Unknown | NotSent:
        if isinstance(outcome, Failed):
            return parse.meaning_of_failure(outcome, self._clock.now())
        return UNREADABLE if isinstance(outcome, Done) else outcome

    def _read_failure(self, outcome: Outcome) -> Unknown | NotSent:
        """Returns what an answer to a read that is none means: a refusal of a read says nothing of what was asked."""
        failure = self._failure(outcome)
        return parse.SERVER_FAULT if isinstance(failure, Rejected) else failure

    def _remember(self, order_id: OrderId, known: Known) -> None:
        if order_id not in self._known and len(self._known) >= KNOWN_MAX:
            del self._known[next(iter(self._known))]
        self._known[order_id] = known


def _words_of(order: ApprovedOrder, instrument: Instrument) -> dict[str, Any]:
    """Returns an order in the words of ccxt. Source: docs.ccxt.com, createOrder, params that all exchanges share."""
    assert order.limit is not None, "an order without a limit is refused before"
    params: dict[str, Any] = {"clientOrderId": order.order_id}
    if order.style is OrderStyle.POST_ONLY:
        params["postOnly"] = True
    elif order.style is OrderStyle.IOC:
        params["timeInForce"] = "IOC"
    if order.reduce_only and instrument.product is not Product.SPOT:
        params["reduceOnly"] = True
    return {
        "kind": "limit",
        "side": "buy" if order.side is Side.BUY else "sell",
        "amount": plain(order.qty),
        "price": plain(order.limit),
        "params": params,
    }


def _gauge_of(rate_limit_ms: str) -> Gauge:
    """Returns the calls of a minute, from how many milliseconds ccxt leaves between two."""
    ms = max(1, scaled_integer(parse_number(rate_limit_ms), decimals=0))
    return Gauge(limit=max(4, MS_PER_MINUTE // ms), window_s=MINUTE_S)


def _content(done: Done, content: type[_Content]) -> _Content | Unknown:
    try:
        return msgspec.json.decode(done.content, type=content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return UNREADABLE
