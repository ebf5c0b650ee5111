"""What Binance booked on an account besides executions: income of USD-M, and what came to or left a spot account.

Source: USD-M Get Income History; Wallet API, Deposit History, Withdraw History, Query User Universal Transfer History.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Protocol

import msgspec

from flatbook.engine.ports import Clock
from flatbook.engine.reports import Activity, NotSent, Unknown
from flatbook.events.activities import ActivityKind
from flatbook.values.ids import ActivityId, AssetId
from flatbook.values.instants import NS_PER_MS, SECONDS_PER_DAY, Instant, instant_of_ms, instant_of_text, later
from flatbook.values.money import Quantity, parse_number
from flatbook.venues.binance import parse, wire
from flatbook.venues.binance.line import BinanceLine
from flatbook.venues.binance.orders import Symbols
from flatbook.venues.binance.refusals import UNREADABLE
from flatbook.venues.coins import Totals
from flatbook.venues.error_classes import TEXT_MAX
from flatbook.venues.http import Reply, Request
from flatbook.venues.rate_budget import Lane

INCOME_DAYS, FLOW_DAYS = 6, 6
INCOME_OVERLAP_S = 3600
NEWS_OVERLAP_S = 600
EVERY_KIND = ""
PAGES_AT_ONCE, TOLD_AGAIN_MAX = 9, 1_000
INCOME_WEIGHT, FLOW_WEIGHT = 30, 1
FLOWS_AGE_S, FLOWS_LAG_S = 300, 10
FLOWS_REST_S, FLOWS_AT_ONCE = 60, 5
SPOT_WALLET = 0
CREDITED = (1, 6)  # success, and credited but not to be withdrawn yet
GONE = (4, 6)  # processing, and completed
DONE = "CONFIRMED"
# Where spot sends to and gets from within an account.
PARTNERS = ("UMFUTURE", "CMFUTURE", "FUNDING", "MARGIN")

DAY_CHARS = 10

Booked = tuple[Activity, ...]
Read = Callable[[Reply], Booked | Unknown]


class Bookings(Protocol):
    """Who reads what was booked."""

    @property
    def is_complete(self) -> bool:
        """Whether what was returned last is all that was booked."""
        ...

    async def read(self, now: Instant, coins: Totals) -> Booked | Unknown | NotSent:
        """Returns what was booked lately. `coins` is how much is held of each."""
        ...


class Income:
    """The income of a USD-M account: all of the last days once, then what came since the last read and a bit before.

    The kinds in INCOME_KINDS are asked for by name, and last of all whatever else was booked: at most PAGES_AT_ONCE of
    them all at a time, and on from there the next time. What was read is told again and again, for a statement may be
    thrown away because of something else in it: at least the newest TOLD_AGAIN_MAX of the last days.
    """

    def __init__(self, line: BinanceLine, symbols: Symbols) -> None:
        self._line, self._symbols = line, symbols
        self._from = dict.fromkeys((*wire.INCOME_KINDS, EVERY_KIND), Instant(0))
        self._known: dict[ActivityId, Activity] = {}
        self.is_complete = False

    async def read(self, now: Instant, coins: Totals) -> Booked | Unknown | NotSent:  # noqa: ARG002
        """Returns what was booked lately, and says in `is_complete` whether that was read to its end."""
        oldest = later(now, seconds=-INCOME_DAYS * SECONDS_PER_DAY)
        before = [each for each in self._known.values() if each.happened_at >= oldest]
        before.sort(key=lambda each: each.happened_at)
        self._known = {each.activity_id: each for each in before[-TOLD_AGAIN_MAX:]}
        waiting, pages = [*self._from], PAGES_AT_ONCE
        while waiting and pages:
            kind, pages = waiting[0], pages - 1
            start = Instant(max(self._from[kind], oldest))
            page = await self._page(kind, start, now)
            if not isinstance(page, parse.Incomes):
                return page
            self._known |= {each.activity_id: each for each in page.booked}
            is_at_end = page.lines < wire.INCOME_MAX
            self._from[kind] = _overlapped(kind, now) if is_at_end else _after_page(page, start)
            waiting = waiting[is_at_end:]
        self.is_complete = not waiting
        return tuple(self._known.values())

    async def _page(self, kind: str, first_from: Instant, until: Instant) -> parse.Incomes | Unknown | NotSent:
        """Asks for a page up to an instant of ours, and for no less by the clock of Binance."""
        until = Instant(max(until, self._line.key.timestamp_ms() * NS_PER_MS))
        request = wire.income_request(kind, first_from=first_from, until=until)
        reply = await self._line.ask(request, Lane.READ, INCOME_WEIGHT)
        return parse.income_answer(reply, self._symbols) if isinstance(reply, Reply) else reply


def _overlapped(kind: str, now: Instant) -> Instant:
    """Returns from where a kind is read the next time, when it was read to its end."""
    return later(now, seconds=-(NEWS_OVERLAP_S if kind == EVERY_KIND else INCOME_OVERLAP_S))


def _after_page(page: parse.Incomes, start: Instant) -> Instant:
    """Returns from where the next page is read: from the last line of a full one, which may share its instant."""
    last = Instant(page.last_ms * NS_PER_MS)
    return last if last > start else later(last, ms=1)


class SpotFlows:
    """Deposits, withdrawals and transfers of a spot account.

    They are read again where its coins moved, FLOWS_LAG_S after that, and after a while; once in FLOWS_REST_S where
    that was FLOWS_AT_ONCE times in as many minutes. They are told by another service of Binance, which may be down
    while spot trades: then nothing new is told, and what came meanwhile shows as a difference of cash until it is.
    """

    def __init__(self, line: BinanceLine | None, clock: Clock) -> None:
        """Takes the line to the service, None where an environment has none."""
        self._line, self._clock = line, clock
        self._known: Booked = ()
        self._beside: Totals | None = None
        self._moved_at = Instant(0)
        self._reads: tuple[Instant, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether what is known was read so long after the coins moved that nothing can be missing."""
        return self._line is None or self._last_read() >= later(self._moved_at, seconds=FLOWS_LAG_S)

    async def read(self, now: Instant, coins: Totals) -> Booked | Unknown | NotSent:
        """Returns what is known of the last days."""
        if self._line is None or self._is_fresh(now, coins):
            return self._known
        since = later(now, seconds=-FLOW_DAYS * SECONDS_PER_DAY)
        found: list[Activity] = []
        for request, read in _questions(since, self._clock.now()):
            reply = await self._line.ask(request, Lane.READ, FLOW_WEIGHT)
            booked = read_flows(reply, read) if isinstance(reply, Reply) else None
            if booked is None:
                return self._known
            found += booked
        self._known, self._reads = tuple(found), (*self._reads[1 - FLOWS_AT_ONCE :], now)
        return self._known

    def _is_fresh(self, now: Instant, coins: Totals) -> bool:
        """Whether what is known still counts, or must, because it was read too often lately."""
        if coins != self._beside:
            self._beside, self._moved_at = coins, now
        reads, last = self._reads, self._last_read()
        is_busy = len(reads) == FLOWS_AT_ONCE and now < later(reads[0], seconds=FLOWS_AT_ONCE * FLOWS_REST_S)
        if is_busy and now < later(last, seconds=FLOWS_REST_S):
            return True
        if self._moved_at <= last < later(self._moved_at, seconds=FLOWS_LAG_S):
            return now < later(self._moved_at, seconds=FLOWS_LAG_S)
        return self.is_complete and now < later(last, seconds=FLOWS_AGE_S)

    def _last_read(self) -> Instant:
        return self._reads[-1] if self._reads else Instant(0)


class _Deposit(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    coin: str
    amount: str
    status: int
    at: int = msgspec.field(name="insertTime")
    complete_time: int | None = None
    wallet_type: int = SPOT_WALLET


class _Withdrawal(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: str
    coin: str
    amount: str
    transaction_fee: str
    status: int
    apply_time: str
    wallet_type: int = SPOT_WALLET


class _Transfer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    asset: str
    amount: str
    type: str
    status: str
    tran_id: int
    at: int = msgspec.field(name="timestamp")


class _Transfers(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[_Transfer] = []
    total: int = 0


def read_flows(reply: Reply, read: Read) -> Booked | None:
    """Returns what a reply tells; None where it cannot be read, for one line of it may be what is missing."""
    try:
        found = read(reply)
    except ValueError:
        return None
    return None if isinstance(found, Unknown) else found


def _questions(since: Instant, until: Instant) -> tuple[tuple[Request, Read], ...]:
    """Returns the questions, each with how its answer is read."""
    ways = {f"MAIN_{partner}": -1 for partner in PARTNERS} | {f"{partner}_MAIN": 1 for partner in PARTNERS}
    return (
        (wire.deposits_request(since, until), _deposits),
        (wire.withdrawals_request(since, until), _withdrawals),
        *((wire.transfers_request(way, since, until), partial(_transfers, sign)) for way, sign in ways.items()),
    )


def _deposits(reply: Reply) -> Booked | Unknown:
    """Returns what came into the spot wallet; what is not credited yet is none of it."""
    found = parse.read(reply, list[_Deposit])
    if isinstance(found, Unknown):
        return found
    credited = [each for each in found if each.status in CREDITED and each.wallet_type == SPOT_WALLET]
    return tuple(
        _flow("deposit", each.id, each.coin, parse_number(each.amount), instant_of_ms(each.complete_time or each.at))
        for each in credited
    )


def _withdrawals(reply: Reply) -> Booked | Unknown:
    """Returns what left the spot wallet, with what that cost; a withdrawal that was refused came back."""
    found = parse.read(reply, list[_Withdrawal])
    if isinstance(found, Unknown):
        return found
    gone = [each for each in found if each.status in GONE and each.wallet_type == SPOT_WALLET]
    return tuple(
        _flow(
            "withdrawal",
            each.id,
            each.coin,
            -parse_number(each.amount) - parse_number(each.transaction_fee or "0"),
            _instant_of_utc(each.apply_time),
        )
        for each in gone
    )


def _transfers(sign: int, reply: Reply) -> Booked | Unknown:
    """Returns what went to, or came from, another wallet of the account."""
    found = parse.read(reply, _Transfers)
    if isinstance(found, Unknown):
        return found
    if found.total > len(found.rows):
        return UNREADABLE
    return tuple(
        _flow(each.type, str(each.tran_id), each.asset, sign * parse_number(each.amount), instant_of_ms(each.at))
        for each in found.rows
        if each.status == DONE
    )


def _flow(kind: str, number: str, coin: str, amount: Decimal, at: Instant) -> Activity:
    return Activity(
        activity_id=ActivityId(f"{kind}:{number}"[:TEXT_MAX]),
        kind=ActivityKind.TRANSFER,
        venue_kind=kind[:TEXT_MAX],
        asset=AssetId(coin),
        amount=Quantity(amount),
        instrument=None,
        order_id=None,
        detail="",
        happened_at=at,
    )


def _instant_of_utc(text: str) -> Instant:
    """Returns an instant that is written as a day and a time in UTC. Errors: ValueError."""
    return instant_of_text(f"{text[:DAY_CHARS]}T{text[DAY_CHARS + 1 :]}Z")
