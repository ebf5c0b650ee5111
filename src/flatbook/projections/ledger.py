"""The double-entry ledger: one balanced entry per fact that moved something, each citing its event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.events import calls, chain, control, orders
from flatbook.events.activities import AccountActivityBooked
from flatbook.events.codec import name_of
from flatbook.events.event import Event
from flatbook.events.forced import ForcedReduction
from flatbook.events.refs import ref_of_fill, ref_of_log
from flatbook.events.risk import BooksCorrected
from flatbook.projections.accounts import CASH, SUSPENSE, LedgerAccount
from flatbook.projections.fold import Recorded, identity_of
from flatbook.projections.marks import Marks
from flatbook.projections.postings import (
    PLAIN,
    Posting,
    Postings,
    assigned_postings,
    explained_postings,
    merged,
    negated,
    overwritten_postings,
    skipped_postings,
    unvalued_postings,
    valued_postings,
    vault_postings,
)
from flatbook.values.ids import AssetId, EventRef, InstrumentId, Seq
from flatbook.values.instants import Instant
from flatbook.values.money import ONE, ZERO


class Unbalanced(AssertionError):
    """Postings of one fact do not cancel out; found in tests, never raised by what a venue sends."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The postings of one fact, at the instant at which it happened.

    `undoes` names the fill that this entry takes back. Entries are read in the order of (at, ref).
    """

    seq: Seq
    ref: EventRef
    what: str
    at: Instant
    postings: Postings
    undoes: EventRef | None = None


class StandingFill(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An onchain fill that may still be valued, explained or taken back, with all it has posted.

    `event` is None where neither a value nor a decision can follow.
    """

    ref: EventRef
    at: Instant
    postings: Postings
    event: chain.FillSkipped | chain.FillUnvalued | None


Balances = dict[tuple[LedgerAccount, AssetId], Decimal]
Moved = tuple[Instant, Decimal]
Executed = orders.OrderFilled | orders.ForeignFilled | ForcedReduction
Plain = control.BalanceStated | chain.GasSpent | AccountActivityBooked | calls.VaultMoved | BooksCorrected


class TrialLine(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of one asset over all accounts.

    Units: units of the asset; debits and credits unsigned; difference is zero in a sound ledger.
    """

    asset: AssetId
    debits: Decimal
    credits: Decimal

    @property
    def difference(self) -> Decimal:
        """Debits less credits."""
        return self.debits - self.credits


class OpenItem(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in suspense under one subject, and since when.

    Units: amount in units of the asset, as it stands in the suspense account; age_ns in nanoseconds.
    """

    account: LedgerAccount
    asset: AssetId
    amount: Decimal
    since: Instant
    ref: EventRef
    age_ns: int


class Moves:
    """What trades moved of one money, and when; its value in USD is a running sum.

    Units: units of the money, paid above zero.
    """

    def __init__(self) -> None:
        self._moved: list[Moved] = []
        self._usd: Decimal | None = ZERO
        self._valued = 0
        self._by: tuple[Marks, int] | None = None

    def add(self, at: Instant, amount: Decimal) -> None:
        """Adds what moved at an instant."""
        self._moved.append((at, amount))

    def fork(self) -> Moves:
        """Returns a copy that goes its own way from here; its value is added up when it is asked for."""
        copy = Moves()
        copy._moved = list(self._moved)
        return copy

    def in_usd(self, asset: AssetId, marks: Marks) -> Decimal | None:
        """Returns what all that moved is worth by the marks of its instants, in USD; None where one is missing."""
        by = (marks, marks.revision(asset))
        if by != self._by:
            self._by, self._valued, self._usd = by, 0, ZERO
        for place in range(self._valued, len(self._moved)):
            at, amount = self._moved[place]
            price = marks.price_at(asset, at)
            self._usd = None if price is None or self._usd is None else self._usd + amount * price
        self._valued = len(self._moved)
        return self._usd


class AccountSums(msgspec.Struct, kw_only=True):
    """What entries moved of one asset in one account.

    Units: units of the asset; debits above zero, credits below. `moved` says of money that trades moved also when.
    """

    debits: Decimal
    credits: Decimal
    moved: Moves | None
    in_suspense: bool


class Sums:
    """What entries add up to, by account and asset."""

    def __init__(self) -> None:
        self.lines: dict[tuple[LedgerAccount, AssetId], AccountSums] = {}

    def add(self, at: Instant, postings: Postings) -> bool:
        """Adds the postings of one entry; returns whether one of them touches suspense."""
        lines, held = self.lines, False
        for posting in postings:
            key = (posting.account, posting.asset)
            line = lines.get(key) or self._opened(key)
            amount = posting.amount
            if amount > ZERO:
                line.debits += amount
            else:
                line.credits += amount
            if line.moved is not None:
                line.moved.add(at, amount)
            held = held or line.in_suspense
        return held

    def fork(self) -> Sums:
        """Returns a copy that goes its own way from here."""
        copy = Sums()
        for key, line in self.lines.items():
            moved = None if line.moved is None else line.moved.fork()
            copy.lines[key] = msgspec.structs.replace(line, moved=moved)
        return copy

    def _opened(self, key: tuple[LedgerAccount, AssetId]) -> AccountSums:
        account, _ = key
        moved = Moves() if account.startswith(CASH) else None
        held = account.startswith(SUSPENSE)
        line = self.lines[key] = AccountSums(debits=ZERO, credits=ZERO, moved=moved, in_suspense=held)
        return line


class Ledger:
    """The sums of all entries of a journal, and the entries themselves.

    Where only the sums are wanted, the entries that touch suspense are kept and no others.
    """

    def __init__(self, *, keeps_entries: bool = True) -> None:
        self.sums = Sums()
        self._keeps_entries = keeps_entries
        self._entries: list[Entry] = []
        self._standing: dict[str, bytes] = {}
        self._sizes: dict[InstrumentId, Decimal] = {}

    def apply(self, item: Recorded) -> None:
        """Posts one event."""
        if (post := _POSTED.get(type(item.event))) is not None:
            post(self, item, item.event)

    def fork(self) -> Ledger:
        """Returns a copy that goes its own way from here."""
        copy = Ledger(keeps_entries=self._keeps_entries)
        copy.sums, copy._entries = self.sums.fork(), list(self._entries)
        copy._standing, copy._sizes = dict(self._standing), dict(self._sizes)
        return copy

    def entries(self) -> Iterator[Entry]:
        """Yields the entries in the order in which they were recorded.

        Errors: LookupError when they were not kept.
        """
        if not self._keeps_entries:
            raise LookupError("the entries of this ledger were not kept")
        return iter(self._entries)

    def entries_in_suspense(self) -> Iterator[Entry]:
        """Yields, in the order in which they were recorded, the entries that touch suspense; these are always kept."""
        return (entry for entry in self._entries if any(each.account.startswith(SUSPENSE) for each in entry.postings))

    def _post(self, item: Recorded, at: Instant, postings: Postings, undoes: EventRef | None = None) -> None:
        if not postings:
            return
        check_balanced(postings, item.seq)
        if not self.sums.add(at, postings) and not self._keeps_entries:
            return
        what = name_of(type(item.event))
        self._entries.append(
            Entry(seq=item.seq, ref=identity_of(item), what=what, at=at, postings=postings, undoes=undoes)
        )

    def _post_plain(self, item: Recorded, event: Plain) -> None:
        at = event.stated_at if isinstance(event, control.BalanceStated | BooksCorrected) else event.happened_at
        self._post(item, at, PLAIN[type(event)](event))

    def _post_execution(self, item: Recorded, event: Executed) -> None:
        if event.contract_size != ONE:
            self._sizes[event.instrument] = event.contract_size
        self._post(item, event.happened_at, PLAIN[type(event)](event))

    def _post_fill(self, item: Recorded, event: chain.Fill) -> None:
        ref = ref_of_fill(event.key)
        postings = _postings_of_fill(event, ref)
        self._post(item, event.happened_at, postings)
        waiting = None if isinstance(event, chain.VaultFilled) else event
        standing = StandingFill(ref=ref, at=event.happened_at, postings=postings, event=waiting)
        self._standing[_fill_key(event.key)] = _pack(standing)

    def _post_decision(self, item: Recorded, event: chain.FillValued | chain.SkippedFillReleased) -> None:
        key = ref_of_log(event.chain, event.tx, event.log_index)
        if (packed := self._standing.get(key)) is None:
            return
        fill = _unpack(packed)
        change: Postings = ()
        if isinstance(event, chain.FillValued) and isinstance(fill.event, chain.FillUnvalued):
            change = valued_postings(event, fill.event)
        elif isinstance(event, chain.SkippedFillReleased) and isinstance(fill.event, chain.FillSkipped):
            held = any(posting.account.startswith(SUSPENSE) for posting in fill.postings)
            change = explained_postings(fill.event, fill.ref) if held else ()
        self._post(item, fill.at, change)
        self._standing[key] = _pack(msgspec.structs.replace(fill, postings=merged(fill.postings + change)))

    def _post_reversal(self, item: Recorded, event: chain.FillReversed) -> None:
        if (packed := self._standing.pop(_fill_key(event.key), None)) is not None:
            fill = _unpack(packed)
            self._post(item, fill.at, negated(fill.postings), undoes=fill.ref)

    def _post_by_size(self, item: Recorded, event: orders.ForeignAssigned | control.PositionOverwritten) -> None:
        size = self._sizes.get(event.instrument, ONE)
        if isinstance(event, orders.ForeignAssigned):
            postings = assigned_postings(event, size)
        else:
            postings = overwritten_postings(event, size if event.contract_size is None else event.contract_size)
        self._post(item, event.decided_at, postings)


_POSTED: dict[type[Event], Callable[[Ledger, Recorded, Any], None]] = {
    chain.VaultFilled: Ledger._post_fill,
    chain.FillSkipped: Ledger._post_fill,
    chain.FillUnvalued: Ledger._post_fill,
    chain.FillReversed: Ledger._post_reversal,
    chain.FillValued: Ledger._post_decision,
    chain.SkippedFillReleased: Ledger._post_decision,
    orders.OrderFilled: Ledger._post_execution,
    orders.ForeignFilled: Ledger._post_execution,
    ForcedReduction: Ledger._post_execution,
    orders.ForeignAssigned: Ledger._post_by_size,
    control.PositionOverwritten: Ledger._post_by_size,
    control.BalanceStated: Ledger._post_plain,
    chain.GasSpent: Ledger._post_plain,
    AccountActivityBooked: Ledger._post_plain,
    calls.VaultMoved: Ledger._post_plain,
    BooksCorrected: Ledger._post_plain,
}
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(StandingFill).decode


def entries_in_order(ledger: Ledger) -> tuple[Entry, ...]:
    """Returns the entries in the order of (happened at, identity).

    Needs: the ledger keeps its entries.
    """
    return _in_order(ledger.entries())


def _in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: (entry.at, entry.ref, entry.seq)))


def balances(ledger: Ledger, at: Instant | None = None) -> Balances:
    """Returns the balance of each (account, asset) that is not zero, of what had happened up to an instant.

    Units: units of the asset. Without an instant: of everything.
    Needs: the ledger keeps its entries, if an instant is given.
    """
    lines = _sums_at(ledger, at).lines
    return {key: left for key in sorted(lines) if (left := lines[key].debits + lines[key].credits)}


def trial_balance(ledger: Ledger, at: Instant | None = None) -> tuple[TrialLine, ...]:
    """Returns the sums of each asset over all accounts.

    Needs: the ledger keeps its entries, if an instant is given.
    Gives: one line per asset that ever moved up to the instant; in a sound ledger every difference is zero.
    """
    debits: dict[AssetId, Decimal] = {}
    credited: dict[AssetId, Decimal] = {}
    for (_, asset), line in _sums_at(ledger, at).lines.items():
        debits[asset] = debits.get(asset, ZERO) + line.debits
        credited[asset] = credited.get(asset, ZERO) - line.credits
    return tuple(TrialLine(asset=asset, debits=debits[asset], credits=credited[asset]) for asset in sorted(debits))


def _sums_at(ledger: Ledger, at: Instant | None) -> Sums:
    if at is None:
        return ledger.sums
    sums = Sums()
    for entry in ledger.entries():
        if entry.at <= at:
            sums.add(entry.at, entry.postings)
    return sums


def suspense_items(ledger: Ledger, *, now: Instant) -> tuple[OpenItem, ...]:
    """Returns what stands in suspense, the oldest first.

    Gives: one item per (subject, asset) whose balance is not zero, aged from when it last left zero.
    """
    found: dict[tuple[LedgerAccount, AssetId], OpenItem] = {}
    for entry in _in_order(ledger.entries_in_suspense()):
        for posting in entry.postings:
            if posting.account.startswith(SUSPENSE):
                _age(found, entry, posting, now)
    return tuple(sorted(found.values(), key=lambda item: (item.since, item.account, item.asset)))


def check_balanced(postings: Postings, seq: Seq) -> None:
    """Passes postings that cancel out in every asset.

    Errors: Unbalanced, with the sequence number of their event.
    """
    sums: dict[AssetId, Decimal] = {}
    for posting in postings:
        sums[posting.asset] = sums.get(posting.asset, ZERO) + posting.amount
    if any(sums.values()):
        raise Unbalanced(f"the postings of event {seq} do not cancel out")


def _age(found: dict[tuple[LedgerAccount, AssetId], OpenItem], entry: Entry, posting: Posting, now: Instant) -> None:
    key = (posting.account, posting.asset)
    known = found.pop(key, None)
    amount = posting.amount + (known.amount if known is not None else ZERO)
    if amount:
        found[key] = OpenItem(
            account=posting.account,
            asset=posting.asset,
            amount=amount,
            since=known.since if known is not None else entry.at,
            ref=known.ref if known is not None else entry.ref,
            age_ns=now - (known.since if known is not None else entry.at),
        )


def _fill_key(key: chain.LogKey) -> str:
    return ref_of_log(key.chain, key.tx, key.log_index)


def _postings_of_fill(event: chain.Fill, ref: EventRef) -> Postings:
    if isinstance(event, chain.VaultFilled):
        return vault_postings(event)
    if isinstance(event, chain.FillUnvalued):
        return unvalued_postings(event)
    return skipped_postings(event, ref)
