"""The report of a hedge: how long fills waited, what was exposed meanwhile, and what each part of it earned.

It is drawn from the facts of a journal. Market prices at other moments than those of trades are not in a journal: they
come from whoever has them, and without them what they would split stays in one part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.events import chain
from flatbook.events.event import Event
from flatbook.events.refs import ref_of_fill
from flatbook.projections.audit import audit
from flatbook.projections.edges import DECISION_PRICE, Evidence
from flatbook.projections.facts import CostKind, TradeFact
from flatbook.projections.fold import Recorded
from flatbook.projections.ledger import Ledger
from flatbook.projections.lots import Bucket, Place, Slice
from flatbook.projections.pnl import Pnl, in_usd
from flatbook.projections.results import EVERYTHING, Scope, Totals, slices_of, totals_of, underlyings_of
from flatbook.values.ids import EventRef, OrderId, OwnerId, Underlying
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.money import ZERO, Money, Price, divide_cut, parse_number
from flatbook.values.sessions import CalendarEnded, SessionKind, session_at

USD_DECIMALS = 6
NS_DECIMALS = 9
WEEKEND_NS = 48 * 3600 * NS_PER_S

Prices = Callable[[Underlying, Instant], Price | None]
Key = tuple[OwnerId, Underlying]
Wait = tuple[int, Decimal]
"""How long shares waited for their hedge. Units: nanoseconds; shares."""
Due = Callable[[Key, Instant], Instant | None]
"""Since when the hedge of a net had been due at an instant, None where nobody knows."""


class Part(Enum):
    """Where a result comes from.

    edge: the fill against the market's price at that moment. waiting: what the market moved until the hedge was
    decided, in the same session. gap: the same where the hedge had to wait for another session. slippage: the hedge
    against the price it was decided on. unsplit: what lies between fill and hedge where one of these prices is not
    known. netting: fills that closed fills. in_kind: what fees took of what
    was traded, lost in the other parts and counted as a cost. other: all other trades.
    """

    EDGE = "edge"
    WAITING = "waiting"
    GAP = "gap"
    SLIPPAGE = "slippage"
    UNSPLIT = "unsplit"
    NETTING = "netting"
    IN_KIND = "in_kind"
    OTHER = "other"


class Fate(Enum):
    """What became of a fill."""

    HEDGED = "hedged"
    NETTED = "netted"
    OPEN = "open"


class LatencyLine(msgspec.Struct, frozen=True, kw_only=True):
    """How long the fills of one session waited, from when each was seen until hedges executed.

    Units: shares that hedges closed; seconds, cut, until half and 95 of 100 of these shares were closed. `hedged` fills
    were closed by hedges, at least in part, `netted` ones by other fills alone, `open` ones not yet.
    """

    session: SessionKind
    fills: int
    hedged: int
    netted: int
    open: int
    shares: Decimal
    half_s: int | None
    most_s: int | None


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A net that stood still for a while. Units: shares signed; usd is its size at the price known at its start."""

    key: Key
    session: SessionKind
    since: Instant
    until: Instant
    shares: Decimal
    usd: Decimal

    @property
    def usd_seconds(self) -> Decimal:
        """Dollars times seconds."""
        return (self.usd * (self.until - self.since)).scaleb(-NS_DECIMALS)


class ExposureLine(msgspec.Struct, frozen=True, kw_only=True):
    """What was unhedged in the sessions of one kind. Units: USD; mean over all seconds of these sessions, cut."""

    session: SessionKind
    seconds: int
    usd_seconds: Decimal
    usd_max: Decimal
    usd_mean: Decimal


class GapLine(msgspec.Struct, frozen=True, kw_only=True):
    """A net that was held while the regular session was closed.

    Units: shares at the open, signed; prices in USD; usd is what the market moved against or for it.
    """

    key: Key
    closed_at: Instant
    opened_at: Instant
    is_weekend: bool
    shares: Decimal
    close: Price | None
    open: Price | None
    usd: Decimal | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All of a report. Units: USD.

    `adds_up`: the parts less costs are the net result, and the ledger agrees with it.
    """

    since: Instant | None
    until: Instant | None
    latencies: tuple[LatencyLine, ...]
    exposures: tuple[ExposureLine, ...]
    gaps: tuple[GapLine, ...]
    usd_max: Decimal
    usd_seconds: Decimal
    usd_mean: Decimal
    parts: dict[Part, Decimal]
    costs: dict[CostKind, Decimal]
    net: Decimal
    open_usd: Decimal
    adds_up: bool


class FillTimes:
    """When each fill happened, and when it was seen."""

    def __init__(self) -> None:
        self.seen: dict[EventRef, Instant] = {}
        self.happened: dict[EventRef, Instant] = {}

    def apply(self, item: Recorded) -> None:
        """Notes a fill, and forgets one that was reversed."""
        event: Event = item.event
        if isinstance(event, chain.VaultFilled | chain.FillSkipped | chain.FillUnvalued):
            ref = ref_of_fill(event.key)
            self.seen[ref], self.happened[ref] = event.seen_at, event.happened_at
        elif isinstance(event, chain.FillReversed):
            ref = ref_of_fill(event.key)
            self.seen.pop(ref, None)
            self.happened.pop(ref, None)

    def fork(self) -> FillTimes:
        """Returns a copy that goes its own way from here."""
        copy = FillTimes()
        copy.seen, copy.happened = dict(self.seen), dict(self.happened)
        return copy


class Books(msgspec.Struct, frozen=True):
    """The folds of one journal that a report is drawn from."""

    pnl: Pnl
    evidence: Evidence
    ledger: Ledger
    times: FillTimes


def no_prices(_underlying: Underlying, _at: Instant) -> Price | None:
    """Returns the price of a share where nobody has recorded any."""
    return None


def report_of(books: Books, prices: Prices, until: Instant | None, scope: Scope = EVERYTHING) -> Report:
    """Returns the report of a scope up to an instant, that of the last trade when left out.

    Needs: all books are folds of the same prefix of one journal.
    Errors: CalendarEnded for trades that the session tables do not cover.
    """
    trades = _trades(books.pnl, scope)
    start = min((trade.at for trade in trades), default=None)
    end = max((trade.at for trade in trades), default=None) if until is None else until
    stretches = [] if end is None else list(_stretches(books.pnl, trades, prices, end))
    slices = slices_of(books.pnl, scope)
    totals = totals_of(books.pnl, scope)
    parts = parts_of(slices, books.evidence, prices, totals)
    costs = {kind: Decimal(cost.usd) for kind, cost in totals.costs.items()}
    usd_seconds = sum((each.usd_seconds for each in stretches), ZERO)
    return Report(
        since=start,
        until=end,
        latencies=tuple(_latencies(trades, slices, books.times)),
        exposures=tuple(_exposures(stretches)),
        gaps=tuple(_gaps(stretches, prices)),
        usd_max=_usd_max(stretches),
        usd_seconds=usd_seconds,
        usd_mean=ZERO if start is None or end is None else _per(usd_seconds, end - start),
        parts=parts,
        costs=costs,
        net=totals.net,
        open_usd=_open_usd(books.pnl, trades, prices, end),
        adds_up=sum(parts.values(), ZERO) - sum(costs.values(), ZERO) == totals.net
        and audit(books.ledger, books.pnl).is_sound,
    )


def _trades(pnl: Pnl, scope: Scope) -> list[TradeFact]:
    found = [trade for underlying in underlyings_of(pnl, scope) for trade in pnl.trades(underlying)]
    owned = [trade for trade in found if scope.owner is None or trade.owner == scope.owner]
    return sorted(owned, key=lambda trade: (trade.at, trade.ref))


def _stretches(pnl: Pnl, trades: Sequence[TradeFact], prices: Prices, end: Instant) -> Iterator[Stretch]:
    """Yields every stretch in which a net stood still within one session; nets of nothing are left out."""
    by_key: dict[Key, list[TradeFact]] = {}
    for trade in trades:
        by_key.setdefault((trade.owner, trade.underlying), []).append(trade)
    for key, own in by_key.items():
        net, last = ZERO, Price(ZERO)
        for trade, following in zip(own, [*own[1:], None], strict=True):
            net += trade.kept * trade.side.sign
            last = _price_of(pnl, trade) or last
            until = end if following is None else following.at
            if net and until > trade.at:
                for session, since, upto in _by_session(trade.at, until):
                    usd_size = abs(net) * (prices(key[1], since) or last)
                    yield Stretch(key=key, session=session, since=since, until=upto, shares=net, usd=usd_size)


def _by_session(since: Instant, until: Instant) -> Iterator[tuple[SessionKind, Instant, Instant]]:
    while since < until:
        session = session_at(since)
        part = min(until, session.closes_at)
        yield session.kind, since, part
        since = part


def _exposures(stretches: Sequence[Stretch]) -> Iterator[ExposureLine]:
    for kind in SessionKind:
        own = [each for each in stretches if each.session is kind]
        if own:
            length = sum(each.until - each.since for each in own)
            usd_seconds = sum((each.usd_seconds for each in own), ZERO)
            yield ExposureLine(
                session=kind,
                seconds=length // NS_PER_S,
                usd_seconds=usd_seconds,
                usd_max=max(each.usd for each in own),
                usd_mean=_per(usd_seconds, length),
            )


def _per(usd_seconds: Decimal, length_ns: int) -> Decimal:
    return divide_cut(usd_seconds.scaleb(NS_DECIMALS), Decimal(length_ns), decimals=USD_DECIMALS) if length_ns else ZERO


def _usd_max(stretches: Sequence[Stretch]) -> Decimal:
    """Returns the largest sum over all nets at any moment."""
    changes = [(each.since, each.usd) for each in stretches] + [(each.until, -each.usd) for each in stretches]
    largest = total = ZERO
    for _, usd in sorted(changes):
        total += usd
        largest = max(largest, total)
    return largest


def _open_usd(pnl: Pnl, trades: Sequence[TradeFact], prices: Prices, end: Instant | None) -> Decimal:
    """Returns what is unhedged at the end, each net at the price known then or else of its newest trade."""
    nets: dict[Key, tuple[Decimal, Price]] = {}
    for trade in trades:
        key = (trade.owner, trade.underlying)
        net, last = nets.get(key, (ZERO, Price(ZERO)))
        nets[key] = net + trade.kept * trade.side.sign, _price_of(pnl, trade) or last
    if end is None:
        return ZERO
    return sum((abs(net) * (prices(key[1], end) or last) for key, (net, last) in nets.items()), ZERO)


def _price_of(pnl: Pnl, trade: TradeFact) -> Price | None:
    usd = in_usd(trade, pnl.marks)
    return None if usd is None or not trade.qty else Price(divide_cut(usd, trade.qty, decimals=USD_DECIMALS))


def _gaps(stretches: Sequence[Stretch], prices: Prices) -> Iterator[GapLine]:
    """Yields, for each regular session that opened over a net, how the market moved since the last one closed."""
    for before in stretches:
        opens_at = before.until
        if before.session is SessionKind.REGULAR or session_at(opens_at).kind is not SessionKind.REGULAR:
            continue
        closed_at = _closed_before(opens_at)
        close, opened = prices(before.key[1], Instant(closed_at - 1)), prices(before.key[1], opens_at)
        yield GapLine(
            key=before.key,
            closed_at=closed_at,
            opened_at=opens_at,
            is_weekend=opens_at - closed_at > WEEKEND_NS,
            shares=before.shares,
            close=close,
            open=opened,
            usd=None if close is None or opened is None else before.shares * (opened - close),
        )


def _closed_before(opens_at: Instant) -> Instant:
    """Returns when the regular session before one that opens at an instant closed."""
    session = session_at(Instant(opens_at - 1))
    while session.kind is not SessionKind.REGULAR:
        closed_at = session.opens_at
        session = session_at(Instant(closed_at - 1))
    return session.closes_at


def _latencies(trades: Sequence[TradeFact], slices: Sequence[Slice], times: FillTimes) -> Iterator[LatencyLine]:
    closed: dict[EventRef, list[Slice]] = {}
    for each in slices:
        closed.setdefault(each.opening, []).append(each)
        closed.setdefault(each.closing, []).append(each)
    fills: dict[SessionKind, list[TradeFact]] = {}
    for trade in trades:
        if trade.place is Place.ONCHAIN:
            fills.setdefault(session_at(trade.at).kind, []).append(trade)
    for kind in (kind for kind in SessionKind if kind in fills):
        own = [(trade, closed.get(trade.ref, [])) for trade in fills[kind]]
        fates = [fate_of(trade, parts) for trade, parts in own]
        waits = sorted(wait for trade, parts in own for wait in waits_of(trade, parts, times))
        yield LatencyLine(
            session=kind,
            fills=len(own),
            hedged=fates.count(Fate.HEDGED),
            netted=fates.count(Fate.NETTED),
            open=fates.count(Fate.OPEN),
            shares=sum((qty for _, qty in waits), ZERO),
            half_s=_seconds(until(waits, 50)),
            most_s=_seconds(until(waits, 95)),
        )


def fate_of(trade: TradeFact, parts: Sequence[Slice]) -> Fate:
    """Returns what became of a fill; one that closed others is netted as far as it did.

    Needs: all slices that it opened or closed.
    """
    if any(each.closing_place is Place.OFFCHAIN for each in parts):
        return Fate.HEDGED
    matched = sum((each.qty for each in parts), ZERO)
    return Fate.OPEN if matched < trade.kept else Fate.NETTED


def at_once(_key: Key, _at: Instant) -> Instant | None:
    """Returns nothing: a hedge is due as soon as its fill is seen."""
    return None


def waits_of(trade: TradeFact, parts: Sequence[Slice], times: FillTimes, due: Due = at_once) -> Iterator[Wait]:
    """Yields how long each part of a fill waited for its hedge, from when the fill was seen and its hedge was due."""
    seen, key = times.seen.get(trade.ref, trade.at), (trade.owner, trade.underlying)
    for each in parts:
        if each.closing_place is Place.OFFCHAIN:
            begun = max(seen, due(key, each.closed_at) or seen)
            yield max(0, each.closed_at - begun), each.qty


def until(waits: Sequence[Wait], hundredths: int) -> int | None:
    """Returns after how long so many of a hundred shares had been hedged; None where none were.

    Units: nanoseconds. Needs: the shortest wait first.
    """
    total, done = sum((qty for _, qty in waits), ZERO), ZERO
    for waited_ns, qty in waits:
        done += qty
        if done * 100 >= total * hundredths:
            return waited_ns
    return None


def _seconds(ns: int | None) -> int | None:
    return None if ns is None else ns // NS_PER_S


def parts_of(slices: Sequence[Slice], evidence: Evidence, prices: Prices, totals: Totals) -> dict[Part, Decimal]:
    """Returns what each part of some results came to. Units: USD; what has no value is in none.

    Needs: slices and totals are those of one scope.
    """
    parts = dict.fromkeys(Part, ZERO)
    parts[Part.IN_KIND] = totals.buckets[Bucket.IN_KIND]
    for each in slices:
        realised = each.realised
        if realised is None:
            continue
        for part, usd in _split(each, realised, evidence, prices):
            parts[part] += usd
    return parts


def _split(each: Slice, realised: Money, evidence: Evidence, prices: Prices) -> Iterator[tuple[Part, Decimal]]:
    if each.opening_place is not Place.ONCHAIN or each.closing_place is not Place.OFFCHAIN:
        fills_only = each.opening_place is Place.ONCHAIN and each.closing_place is Place.ONCHAIN
        yield Part.NETTING if fills_only else Part.OTHER, realised
        return
    at_fill = prices(each.underlying, each.opened_at)
    decided = _decided(each.closing_order, evidence)
    if at_fill is None or decided is None or each.opening_usd is None or each.closing_usd is None:
        yield Part.UNSPLIT, realised
        return
    sign = each.side.sign
    yield Part.EDGE, (at_fill * each.qty - each.opening_usd) * sign
    yield Part.GAP if _waited_for_session(each) else Part.WAITING, (decided - at_fill) * each.qty * sign
    yield Part.SLIPPAGE, (each.closing_usd - decided * each.qty) * sign


def _waited_for_session(each: Slice) -> bool:
    try:
        return session_at(each.opened_at) != session_at(each.closed_at)
    except CalendarEnded:
        return False


def _decided(order: OrderId | None, evidence: Evidence) -> Decimal | None:
    stated = None if order is None else evidence.of(order).get(DECISION_PRICE)
    return None if stated is None else parse_number(stated)
