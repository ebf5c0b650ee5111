"""The double-entry ledger: one balanced entry per fact that moved something, each citing its event."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from flatbook.events import chain, control, orders
from flatbook.events.codec import tag_of
from flatbook.events.refs import ref_of_fill, ref_of_log
from flatbook.projections.accounts import SUSPENSE, LedgerAccount
from flatbook.projections.fold import Recorded, Table, identity_of
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

SEQ_DIGITS = 20


class Unbalanced(AssertionError):
    """Postings of one fact do not cancel out; found in tests, never raised by what a venue sends."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, tag="entry"):
    """The postings of one fact, at the instant at which it happened.

    `undoes` names the fill that this entry takes back. Entries are read in the order of (at, ref).
    """

    seq: Seq
    ref: EventRef
    what: str
    at: Instant
    postings: Postings
    undoes: EventRef | None = None


class StandingFill(msgspec.Struct, frozen=True, kw_only=True, tag="fill"):
    """An onchain fill that may still be valued, explained or taken back, with all it has posted."""

    ref: EventRef
    at: Instant
    postings: Postings
    event: chain.Fill


class ContractSize(msgspec.Struct, frozen=True, kw_only=True, tag="contract_size"):
    """The contract size that an instrument traded with.

    Units: base per contract.
    """

    size: Decimal


LedgerRow = Entry | StandingFill | ContractSize
Balances = dict[tuple[LedgerAccount, AssetId], Decimal]


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


class Ledger:
    """All entries of a journal."""

    NAME: ClassVar[str] = "ledger"
    VERSION: ClassVar[int] = 1
    ROWS: ClassVar[Any] = LedgerRow

    def __init__(self) -> None:
        self.table: Table[LedgerRow] = Table()

    def apply(self, item: Recorded) -> None:
        """Posts one event."""
        event = item.event
        if isinstance(event, chain.Fill):
            _post_fill(self.table, item, event)
        elif isinstance(event, chain.FillReversed):
            _post_reversal(self.table, item, event)
        elif isinstance(event, (chain.FillValued, chain.SkippedFillReleased)):
            _post_decision(self.table, item, event)
        elif isinstance(event, (orders.ForeignAssigned, control.PositionOverwritten)):
            _post_by_size(self.table, item, event)
        elif (postings_of := PLAIN.get(type(event))) is not None:
            _remember_size(self.table, event)
            _post(self.table, item, _happened_at(item), postings_of(event))

    def restore(self, key: str, row: LedgerRow) -> None:
        """Takes back a row as it was stored."""
        self.table.rows[key] = row


def entries(ledger: Ledger) -> Iterator[Entry]:
    """Yields the entries in the order in which they were recorded."""
    return (row for row in ledger.table.rows.values() if isinstance(row, Entry))


def entries_in_order(ledger: Ledger) -> tuple[Entry, ...]:
    """Returns the entries in the order of (happened at, identity)."""
    return tuple(sorted(entries(ledger), key=lambda entry: (entry.at, entry.ref, entry.seq)))


def balances(ledger: Ledger, at: Instant | None = None) -> Balances:
    """Returns the balance of each (account, asset) that is not zero, of what had happened up to an instant.

    Units: units of the asset. Without an instant: of everything.
    """
    sums: Balances = {}
    for entry in entries(ledger):
        if at is None or entry.at <= at:
            for posting in entry.postings:
                key = (posting.account, posting.asset)
                sums[key] = sums.get(key, ZERO) + posting.amount
    return {key: sums[key] for key in sorted(sums) if sums[key]}


def trial_balance(ledger: Ledger, at: Instant | None = None) -> tuple[TrialLine, ...]:
    """Returns the sums of each asset over all accounts.

    Gives: one line per asset that ever moved up to the instant; in a sound ledger every difference is zero.
    """
    debited: dict[AssetId, Decimal] = {}
    credited: dict[AssetId, Decimal] = {}
    for entry in entries(ledger):
        if at is None or entry.at <= at:
            for posting in entry.postings:
                sums = debited if posting.amount > ZERO else credited
                sums[posting.asset] = sums.get(posting.asset, ZERO) + abs(posting.amount)
    assets = sorted(debited | credited)
    return tuple(
        TrialLine(asset=asset, debits=debited.get(asset, ZERO), credits=credited.get(asset, ZERO)) for asset in assets
    )


def suspense_items(ledger: Ledger, *, now: Instant) -> tuple[OpenItem, ...]:
    """Returns what stands in suspense, the oldest first.

    Gives: one item per (subject, asset) whose balance is not zero, aged from when it last left zero.
    """
    found: dict[tuple[LedgerAccount, AssetId], OpenItem] = {}
    for entry in entries_in_order(ledger):
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


def _post(
    table: Table[LedgerRow], item: Recorded, at: Instant, postings: Postings, undoes: EventRef | None = None
) -> None:
    if not postings:
        return
    check_balanced(postings, item.seq)
    entry = Entry(
        seq=item.seq,
        ref=identity_of(item),
        what=tag_of(type(item.event)),
        at=at,
        postings=postings,
        undoes=undoes,
    )
    table.put(f"entry:{item.seq:0{SEQ_DIGITS}d}", entry)


def _happened_at(item: Recorded) -> Instant:
    event = item.event
    if isinstance(event, (orders.OrderFilled, orders.ForeignFilled, chain.GasSpent)):
        return event.happened_at
    return event.stated_at if isinstance(event, control.BalanceStated) else item.at


def _fill_key(key: chain.LogKey) -> str:
    return ref_of_log(key.chain, key.tx, key.log_index)


def _standing(table: Table[LedgerRow], key: str) -> StandingFill | None:
    row = table.rows.get(key)
    return row if isinstance(row, StandingFill) else None


def _post_fill(table: Table[LedgerRow], item: Recorded, event: chain.Fill) -> None:
    ref = ref_of_fill(event.key)
    postings = _postings_of_fill(event, ref)
    _post(table, item, event.happened_at, postings)
    standing = StandingFill(ref=ref, at=event.happened_at, postings=postings, event=event)
    table.put(_fill_key(event.key), standing)


def _postings_of_fill(event: chain.Fill, ref: EventRef) -> Postings:
    if isinstance(event, chain.VaultFilled):
        return vault_postings(event)
    if isinstance(event, chain.FillUnvalued):
        return unvalued_postings(event)
    return skipped_postings(event, ref)


def _post_decision(
    table: Table[LedgerRow], item: Recorded, event: chain.FillValued | chain.SkippedFillReleased
) -> None:
    key = ref_of_log(event.chain, event.tx, event.log_index)
    fill = _standing(table, key)
    if fill is None:
        return
    change: Postings = ()
    if isinstance(event, chain.FillValued) and isinstance(fill.event, chain.FillUnvalued):
        change = valued_postings(event, fill.event)
    elif isinstance(event, chain.SkippedFillReleased) and isinstance(fill.event, chain.FillSkipped):
        held = any(posting.account.startswith(SUSPENSE) for posting in fill.postings)
        change = explained_postings(fill.event, fill.ref) if held else ()
    _post(table, item, fill.at, change)
    table.put(key, msgspec.structs.replace(fill, postings=merged(fill.postings + change)))


def _post_reversal(table: Table[LedgerRow], item: Recorded, event: chain.FillReversed) -> None:
    fill = _standing(table, _fill_key(event.key))
    if fill is None:
        return
    _post(table, item, fill.at, negated(fill.postings), undoes=fill.ref)
    table.drop(_fill_key(event.key))


def _size_key(instrument: InstrumentId) -> str:
    return f"size:{instrument}"


def _remember_size(table: Table[LedgerRow], event: object) -> None:
    if isinstance(event, (orders.OrderFilled, orders.ForeignFilled)) and event.contract_size != ONE:
        table.put(_size_key(event.instrument), ContractSize(size=event.contract_size))


def _post_by_size(
    table: Table[LedgerRow], item: Recorded, event: orders.ForeignAssigned | control.PositionOverwritten
) -> None:
    row = table.rows.get(_size_key(event.instrument))
    size = row.size if isinstance(row, ContractSize) else ONE
    if isinstance(event, orders.ForeignAssigned):
        postings = assigned_postings(event, size)
    else:
        postings = overwritten_postings(event, size)
    _post(table, item, event.decided_at, postings)
