"""Charles Schwab as a venue of the engine: nothing is sent twice, and orders are recognised by what they are.

Schwab takes no client ids, and the id that the answer to a place request names may be that of another order. So each
read is compared with our own books (`own_books`): what is booked under Schwab's id goes by it, everything else by its
fingerprint. The adapter remembers nothing that the books do not tell again, but for the orders that it recognised,
and under which numbers they go on.

A call is one request, with these exceptions: `place` reads the order that its answer names, or the list; `cancel` and
`find` read the list where Schwab's id is not known; `find` reads what an order that was replaced goes on in;
`statement` is four reads; the hash of the account is read once, the hours of the market once a day.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date

import msgspec

from flatbook.engine.own_books import OwnBooks, OwnOrder, ReadBooks
from flatbook.engine.ports import Allowance, ApprovedOrder, Clock, FillSource, IdRule, VenueCard
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    Activity,
    CancelAnswer,
    CancelTooLate,
    ExecutionPage,
    FindAnswer,
    NotSent,
    OrderReport,
    PlaceAnswer,
    Pushed,
    Unknown,
    VenueStatus,
)
from flatbook.events.orders import NotSentReason
from flatbook.values.ids import AccountId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import SECONDS_PER_DAY, Instant, later
from flatbook.values.instruments import Instrument
from flatbook.values.sessions import CalendarEnded, trade_date_of
from flatbook.venues.http import Reply, clocked
from flatbook.venues.schwab import parse, wire
from flatbook.venues.schwab.activity import AccountActivity
from flatbook.venues.schwab.chains import LINKS_MAX, as_one, followed, goes_on_in
from flatbook.venues.schwab.fingerprints import CLOCK_SKEW_S, Names, entered_from, owners
from flatbook.venues.schwab.history import TYPES, costing_of, history_answer
from flatbook.venues.schwab.hours import session_word
from flatbook.venues.schwab.lanes import Lane
from flatbook.venues.schwab.line import REFUSED_LOCALLY, SchwabLine
from flatbook.venues.schwab.market_day import MarketDay, hours_answer
from flatbook.venues.schwab.pages import cursor_of, page_after, unbooked_of
from flatbook.venues.schwab.refusals import UNREADABLE, meaning_of_refusal

FIRST_READ_DAYS = 7
ORDER_LIFE_DAYS = 5
RESTING_DAYS_MAX = 59  # Source: Trader API, GET orders: within 60 days
NAMES_MAX = 10_000
HINT_REST_MS = 200
HISTORY_DAYS = 5
NO_SUCH_ORDER = "no such order"

SCHWAB_CARD = VenueCard(
    name="schwab",
    id_rule=IdRule.NONE,  # Source: Trader API, OrderRequest: it has no field for an id of ours
    request_window_s=30,  # Source: ours; Schwab documents no expiry of requests, schwab-py gives up after 30 s
    read_lag_max_s=10,  # Source: ours, to be measured; Schwab states no bound
    place_timeout_s=10,  # Source: ours; an order is answered within a second unless Schwab is in trouble
    fill_source=FillSource.EXECUTIONS,  # Source: Trader API, orderActivityCollection: each execution has an activity
    cash_decimals=2,  # Source: Trader API, GET accounts: balances are stated in cents
)
_WINDOW_S = SCHWAB_CARD.request_window_s


class SchwabAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account: our name for it, its number at Schwab, and what is traded there.

    `extended_hours` asks for the early and late sessions too.
    """

    account: AccountId
    number: str
    instruments: tuple[Instrument, ...]
    extended_hours: bool = False


class SchwabVenue:
    """One account at Schwab; implements the engine's OrderVenue.

    Needs: `books` reads our books of the account; `activity` is the stream of its login, which may be left out.
    """

    def __init__(
        self,
        line: SchwabLine,
        clock: Clock,
        *,
        account: SchwabAccount,
        books: ReadBooks,
        activity: AccountActivity | None = None,
    ) -> None:
        self._line, self._clock, self._activity = line, clock, activity
        self._account, self._number = account.account, account.number
        self._books = books
        self._extended_hours = account.extended_hours
        self._symbols = {instrument.symbol: instrument.id for instrument in account.instruments}
        self._symbol_of = {instrument.id: instrument.symbol for instrument in account.instruments}
        self._hash = ""
        self._known: dict[VenueOrderId, OrderId] = {}
        self._works_as: dict[VenueOrderId, VenueOrderId] = {}
        self._days: dict[date, MarketDay] = {}
        self._history: tuple[Activity, ...] = ()

    @property
    def card(self) -> VenueCard:
        """What the adapter declares about Schwab."""
        return SCHWAB_CARD

    def allowances(self, now: Instant) -> tuple[Allowance, ...]:
        """Returns how many of the requests of a minute its login has used."""
        return self._line.allowances(now)

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:
        """Sends the order once, as a DAY order of the session that is open, then looks which order it became.

        Errors: NotSent when it is past its good_until, not in our books, of another account, of an instrument that is
        not ours to trade here, of numbers that Schwab does not take, through zero, while no session is open, while
        nobody is logged in, or while Schwab asks to wait; Unknown after `place_timeout_s`, a broken connection, a 5xx,
        an unreadable answer, and while the order cannot be recognised.
        """
        now, books = self._clock.now(), self._books()
        own = _own(books, order.order_id)
        symbol, held = self._symbol_of.get(order.instrument), books.held.get(order.instrument)
        if own is None or symbol is None or held is None or order.account != self._account:
            return REFUSED_LOCALLY
        if now >= order.good_until:
            return NotSent(reason=NotSentReason.EXPIRED)
        instruction = None if wire.flaw_of_order(order) is not None else wire.instruction_of(order, held)
        session = self._session(order, now)
        account_hash = await self._account_hash(Lane.PLACE)
        if instruction is None or session is None or not isinstance(account_hash, str):
            return account_hash if isinstance(account_hash, NotSent) else REFUSED_LOCALLY
        if self._clock.now() >= order.good_until:
            return NotSent(reason=NotSentReason.EXPIRED)
        request = wire.place_request(account_hash, order, symbol=symbol, instruction=instruction, session=session)
        reply = await self._line.ask(request, Lane.PLACE, SCHWAB_CARD.place_timeout_s)
        if not isinstance(reply, Reply):
            return reply
        if reply.status != 201:
            return UNREADABLE if reply.status < 300 else meaning_of_refusal(reply, self._clock.now())
        return await self._recognised(account_hash, own, parse.placed_id(reply))

    async def cancel(
        self,
        order_id: OrderId,
        venue_order_id: VenueOrderId | None,
        instrument: InstrumentId | None = None,  # noqa: ARG002
    ) -> CancelAnswer:
        """Asks once to cancel the order, whatever pace Schwab asks for.

        Gives: one that was replaced is canceled in what it goes on in, once a read has shown that; before, it comes too
        late.
        Errors: CancelTooLate when it has ended or is not known there; Rejected when Schwab does not take the request;
        Unknown and NotSent as in `place`.
        """
        account_hash = await self._account_hash(Lane.CANCEL)
        if not isinstance(account_hash, str):
            return account_hash
        if venue_order_id is None:
            found = await self._find(account_hash, order_id, Lane.CANCEL)
            if not isinstance(found, OrderReport):
                return CancelTooLate(message=NO_SUCH_ORDER) if isinstance(found, Absent) else found
            venue_order_id = found.venue_order_id
        request = wire.cancel_request(account_hash, self._works_as.get(venue_order_id, venue_order_id))
        reply = await self._line.ask(request, Lane.CANCEL, SCHWAB_CARD.place_timeout_s)
        return parse.cancel_answer(reply, now=self._clock.now()) if isinstance(reply, Reply) else reply

    async def find(self, order_id: OrderId, instrument: InstrumentId | None = None) -> FindAnswer:  # noqa: ARG002
        """Returns the order with its executions, by Schwab's id where it is known, else by its fingerprint.

        Errors: Absent when Schwab's list shows nothing that the order could be; Unknown and NotSent as in `place`.
        """
        account_hash = await self._account_hash(Lane.READ)
        return await self._find(account_hash, order_id, Lane.READ) if isinstance(account_hash, str) else account_hash

    async def executions_since(self, cursor: str) -> ExecutionPage | Unknown | NotSent:
        """Returns executions after a cursor, and the next cursor; see `pages`.

        Gives: executions of orders that were entered up to ORDER_LIFE_DAYS before the cursor: ours live for a day.
        Errors: Unknown and NotSent as in `place`.
        """
        account_hash = await self._account_hash(Lane.READ)
        if not isinstance(account_hash, str):
            return account_hash
        asked_at = self._clock.now()
        start = cursor_of(cursor, first_from=later(asked_at, seconds=-FIRST_READ_DAYS * SECONDS_PER_DAY))
        listing = await self._list(account_hash, later(start.until, seconds=-ORDER_LIFE_DAYS * SECONDS_PER_DAY))
        if not isinstance(listing, parse.Listing):
            return listing
        orders = self._books().orders
        names = owners(orders, listing.orders, self._known, window_s=_WINDOW_S)
        shown = self._followed(listing.orders, names)
        page, after = page_after(start, shown, names, unbooked=unbooked_of(orders), asked_at=asked_at)
        return page, after.text if page else cursor

    async def statement(self) -> AccountStatement | Unknown | NotSent:
        """Reads the orders of the last days, older ones that still work, then positions and cash.

        Gives: on the way, once a day, the hours of the market are read.
        Errors: Unknown and NotSent as in `place`, when one of the three cannot be had.
        """
        account_hash = await self._account_hash(Lane.READ)
        if not isinstance(account_hash, str):
            return account_hash
        await self._learn_day()
        at = self._clock.now()
        recent = await self._list(account_hash, later(at, seconds=-ORDER_LIFE_DAYS * SECONDS_PER_DAY))
        if not isinstance(recent, parse.Listing):
            return recent
        resting_from = later(at, seconds=-RESTING_DAYS_MAX * SECONDS_PER_DAY)
        resting = await self._list(account_hash, resting_from, status=wire.WORKING)
        if not isinstance(resting, parse.Listing):
            return resting
        asked_at = self._clock.now()
        reply = await self._line.ask(wire.account_request(account_hash), Lane.READ)
        if not isinstance(reply, Reply):
            return reply
        answered_at = self._clock.now()
        shown = {each.report.venue_order_id: each for each in (*resting.orders, *recent.orders)}
        names = self._names(tuple(shown.values()))
        still_open = (each for each in self._followed(tuple(shown.values()), names) if parse.may_execute(each))
        reports = tuple(parse.named(each, names.get(each.report.venue_order_id)) for each in still_open)
        stated = parse.statement_of(
            reply, reports, account=self._account, number=self._number, symbols=self._symbols, at=at
        )
        if isinstance(stated, AccountStatement):
            stated = msgspec.structs.replace(stated, activities=await self._booked(account_hash, at, recent))
        return clocked(stated, reply, asked_at=asked_at, answered_at=answered_at)

    async def _booked(self, account_hash: str, at: Instant, listing: parse.Listing) -> tuple[Activity, ...]:
        """Returns what was booked besides executions in the last days, compared with what orders state of their fees.

        Gives: what was read last while it cannot be had: identity tells which are known.
        """
        since = later(at, seconds=-HISTORY_DAYS * SECONDS_PER_DAY)
        request = wire.history_request(account_hash, since=since, until=at, types=TYPES)
        reply = await self._line.ask(request, Lane.READ)
        names = {each.venue_order_id: each.order_id for each in self._books().orders if each.venue_order_id}
        now = self._clock.now()
        answer = (
            history_answer(
                reply, symbols=self._symbols, names={**self._known, **names}, now=now, costing=costing_of(listing)
            )
            if isinstance(reply, Reply)
            else reply
        )
        if isinstance(answer, tuple):
            self._history = answer
        return self._history

    async def watch(self, deliver: Callable[[Pushed], None]) -> bool:
        """Reads our open orders again whenever Schwab tells that something happened, until its stream ends.

        Gives: what is delivered was read, nothing of it was told by the stream; several hints in a row are one read.
        """
        if self._activity is None:
            return False
        hinted = asyncio.Event()
        reading = asyncio.create_task(self._read_on(hinted, deliver))
        try:
            await self._activity.follow(self._number, hinted.set)
        finally:
            reading.cancel()
        return True

    async def _read_on(self, hinted: asyncio.Event, deliver: Callable[[Pushed], None]) -> None:
        while True:
            await hinted.wait()
            hinted.clear()
            for report in await self._open_again():
                deliver(report)
            await self._clock.sleep_until(later(self._clock.now(), ms=HINT_REST_MS))

    async def _open_again(self) -> tuple[OrderReport, ...]:
        """Reads the open orders of ours that are booked under Schwab's id; the others wait for their question."""
        booked = {
            order.venue_order_id: order for order in self._books().orders if order.is_open and order.venue_order_id
        }
        account_hash = await self._account_hash(Lane.READ) if booked else None
        if not isinstance(account_hash, str):
            return ()
        listing = await self._list(account_hash, min(entered_from(order) for order in booked.values()))
        orders = listing.orders if isinstance(listing, parse.Listing) else ()
        names = {name: order.order_id for name, order in booked.items()}
        return tuple(
            parse.named(each, names[each.report.venue_order_id])
            for each in self._followed(orders, names)
            if each.report.venue_order_id in booked
        )

    async def _recognised(self, account_hash: str, own: OwnOrder, told: VenueOrderId | None) -> Accepted | Unknown:
        """Returns the order that a place request became: by the list, else the one its answer names if it may be that.

        The list comes first because of copies: whichever of them the answer names, the one entered first is ours.
        """
        listing = await self._list(account_hash, entered_from(own), lane=Lane.PLACE)
        if isinstance(listing, parse.Listing):
            found = _named_so(self._names(listing.orders), listing.orders, own.order_id)
            if found is not None:
                return self._accepted(found)
        listed = await self._one(account_hash, told, Lane.PLACE) if told is not None else Absent()
        if isinstance(listed, parse.Listed) and _named_so(self._names((listed,)), (listed,), own.order_id) is not None:
            return self._accepted(listed)
        return UNREADABLE

    def _accepted(self, listed: parse.Listed) -> Accepted:
        pending = listed.report.status in (VenueStatus.PENDING, VenueStatus.UNREADABLE)
        venue_order_id = listed.report.venue_order_id
        return Accepted(venue_order_id=venue_order_id, pending=pending, happened_at=listed.entered_at)

    async def _find(self, account_hash: str, order_id: OrderId, lane: Lane) -> FindAnswer:
        own = _own(self._books(), order_id)
        if own is None:
            return UNREADABLE
        known = own.venue_order_id or next((name for name, of in self._known.items() if of == order_id), None)
        if known is not None:
            chain = await self._chain(account_hash, known, lane)
            return parse.named(self._learned(as_one(chain)), order_id) if isinstance(chain, list) else chain
        listing = await self._list(account_hash, entered_from(own), lane=lane)
        if not isinstance(listing, parse.Listing):
            return listing
        names = self._names(listing.orders)
        found = _named_so(names, self._followed(listing.orders, names), order_id)
        return Absent() if found is None else parse.named(found, order_id)

    def _names(self, listing: tuple[parse.Listed, ...]) -> Names:
        """Returns which of these orders are ours, and remembers those that were recognised."""
        names = owners(self._books().orders, listing, self._known, window_s=_WINDOW_S)
        for each in listing:
            venue_order_id = each.report.venue_order_id
            if venue_order_id in names and venue_order_id not in self._known:
                if len(self._known) >= NAMES_MAX:
                    del self._known[next(iter(self._known))]
                self._known[venue_order_id] = names[venue_order_id]
        return names

    def _followed(self, listing: Sequence[parse.Listed], names: Names) -> tuple[parse.Listed, ...]:
        return tuple(self._learned(each) for each in followed(listing, names))

    def _learned(self, listed: parse.Listed) -> parse.Listed:
        """Remembers under which number an order of ours goes on."""
        if listed.works_as is not None:
            if len(self._works_as) >= NAMES_MAX:
                del self._works_as[next(iter(self._works_as))]
            self._works_as[listed.report.venue_order_id] = listed.works_as
        return listed

    async def _chain(
        self, account_hash: str, name: VenueOrderId, lane: Lane
    ) -> list[parse.Listed] | Absent | Unknown | NotSent:
        """Reads an order of ours and what it goes on in. Gives: a successor that cannot be read leaves it unknown."""
        first = await self._one(account_hash, name, lane)
        if not isinstance(first, parse.Listed):
            return first
        chain = [first]
        booked = [order.venue_order_id for order in self._books().orders]
        while (number := chain[-1].successor) is not None and number not in booked and len(chain) < LINKS_MAX:
            successor = await self._one(account_hash, number, lane)
            if not isinstance(successor, parse.Listed):
                return UNREADABLE if isinstance(successor, Absent) else successor
            if not goes_on_in(chain, successor):
                break
            chain.append(successor)
        return chain

    async def _one(
        self, account_hash: str, name: VenueOrderId, lane: Lane
    ) -> parse.Listed | Absent | Unknown | NotSent:
        reply = await self._line.ask(wire.order_request(account_hash, name), lane)
        if not isinstance(reply, Reply):
            return reply
        return parse.order_answer(reply, venue_order_id=name, symbols=self._symbols)

    async def _list(
        self, account_hash: str, since: Instant, *, lane: Lane = Lane.READ, status: str = ""
    ) -> parse.Listing | Unknown | NotSent:
        until = later(self._clock.now(), seconds=CLOCK_SKEW_S)
        request = wire.orders_request(account_hash, entered_from=since, entered_to=until, status=status)
        reply = await self._line.ask(request, lane)
        return parse.orders_answer(reply, symbols=self._symbols) if isinstance(reply, Reply) else reply

    async def _account_hash(self, lane: Lane) -> str | Unknown | NotSent:
        """Returns what stands for the account in paths, asked for once; an account that is not ours is refused here."""
        if not self._hash:
            reply = await self._line.ask(wire.account_numbers_request(), lane)
            if not isinstance(reply, Reply):
                return reply
            answer = parse.hash_answer(reply, number=self._number)
            if isinstance(answer, Unknown):
                return answer
            if isinstance(answer, Absent):
                return REFUSED_LOCALLY
            self._hash = answer.text
        return self._hash

    def _session(self, order: ApprovedOrder, now: Instant) -> str | None:
        """Returns the session for an order, None where our table or Schwab's word of the day says that none is open."""
        extended = self._extended_hours and order.limit is not None
        word = session_word(now, extended_hours=extended, margin_s=SCHWAB_CARD.request_window_s)
        if word is None:
            return None
        day = self._days.get(trade_date_of(now))
        return word if day is None or day.is_open(word, now) else None

    async def _learn_day(self) -> None:
        """Reads the hours of the day once; while they cannot be had our own table decides."""
        try:
            day = trade_date_of(self._clock.now())
        except CalendarEnded:
            return
        if day in self._days:
            return
        reply = await self._line.ask(wire.hours_request(day), Lane.READ)
        answer = hours_answer(reply) if isinstance(reply, Reply) else reply
        if isinstance(answer, MarketDay):
            self._days = {day: answer}


def _own(books: OwnBooks, order_id: OrderId) -> OwnOrder | None:
    return next((order for order in books.orders if order.order_id == order_id), None)


def _named_so(names: Names, listing: Sequence[parse.Listed], order_id: OrderId) -> parse.Listed | None:
    return next((each for each in listing if names.get(each.report.venue_order_id) == order_id), None)
