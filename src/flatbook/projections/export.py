"""Tables of what moved, one row each, and their sums by asset: fills, reversals, hedges, fees, gas and activities.

The rows come from the events alone. The ledger adds the same journal up on its own, so that both sums can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from flatbook.events import chain, orders
from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.codec import name_of
from flatbook.events.event import Event
from flatbook.events.fees import fee_in_kind, is_in_kind
from flatbook.events.forced import ForcedReduction
from flatbook.events.prices import FillPriced
from flatbook.events.refs import ref_of_fill
from flatbook.projections.accounts import CASH, FEES, GAS, GOODS, HOLDINGS
from flatbook.projections.fold import Recorded, identity_of
from flatbook.projections.ledger import Ledger
from flatbook.projections.oracle import deviation_bps
from flatbook.projections.postings import WEI_DECIMALS
from flatbook.values.ids import UNASSIGNED, AssetId, OrderId, OwnerId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side, held_as
from flatbook.values.money import ZERO


class Kind(Enum):
    """What a column holds. A number has at most 18 decimals, an amount as many as the chain gave it."""

    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"
    AMOUNT = "amount"
    INSTANT = "instant"


class Column(NamedTuple):
    """One column of a table."""

    name: str
    kind: Kind


Value = str | int | Decimal | None
Moves = tuple[tuple[AssetId, Decimal], ...]


class Line(NamedTuple):
    """One row: when it happened, its values in the order of the columns, and what it moved, by asset."""

    at: Instant
    values: tuple[Value, ...]
    moves: Moves


class Booked(NamedTuple):
    """What later events need of a fill: when it happened, and its price, None where it has none."""

    at: Instant
    price: Decimal | None


class Table(msgspec.Struct, frozen=True):
    """One table: its columns, the rows that an event gives, and the accounts of the ledger that hold their sums.

    `sign` is that of the accounts; `tags` are the events whose entries count, all of them where it is empty.
    """

    name: str
    columns: tuple[Column, ...]
    draw: Callable[[Recorded, Mapping[str, Booked]], Iterator[Line]]
    accounts: tuple[str, ...]
    sign: int
    tags: tuple[str, ...] = ()


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time by when things happened: from `since` on, up to just before `until`."""

    since: Instant | None = None
    until: Instant | None = None

    def holds(self, at: Instant) -> bool:
        """Whether an instant lies in it."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """The sum of one asset over the rows of a table, and what the ledger says it is."""

    asset: AssetId
    rows: Decimal
    ledger: Decimal

    @property
    def difference(self) -> Decimal:
        """Rows less ledger; zero in sound books."""
        return self.rows - self.ledger


class Export:
    """The rows of one table in a window, drawn from the events as they pass; the sums are there at the end."""

    def __init__(self, table: Table, window: Window, *, checked: bool) -> None:
        self._table, self._window = table, window
        self._ledger = Ledger() if checked else None
        self._fills: dict[str, Booked] = {}
        self._sums: dict[AssetId, Decimal] = {}
        self.rows = 0

    def lines(self, items: Iterator[Recorded]) -> Iterator[Line]:
        """Yields the rows of the table in the order in which they were booked."""
        for item in items:
            if self._ledger is not None:
                self._ledger.apply(item)
            for line in self._table.draw(item, self._fills):
                if self._window.holds(line.at):
                    self._add(line)
                    yield line
            self._note_fill(item.event)

    def totals(self) -> tuple[Total, ...]:
        """Returns the sum of each asset beside that of the ledger.

        Needs: all rows were drawn, and the export is a checked one.
        """
        booked = self._booked()
        return tuple(
            Total(asset=asset, rows=self._sums.get(asset, ZERO), ledger=booked.get(asset, ZERO))
            for asset in sorted(booked | self._sums)
        )

    def _add(self, line: Line) -> None:
        self.rows += 1
        for asset, amount in line.moves:
            self._sums[asset] = self._sums.get(asset, ZERO) + amount

    def _note_fill(self, event: Event) -> None:
        """Remembers each standing fill: a reversal and an oracle's price count for the instant of their fill."""
        if isinstance(event, chain.VaultFilled | chain.FillSkipped | chain.FillUnvalued):
            price = event.price if isinstance(event, chain.VaultFilled) else None
            self._fills[_log_id(event.key)] = Booked(event.happened_at, price)
        elif isinstance(event, chain.FillReversed):
            self._fills.pop(_log_id(event.key), None)

    def _booked(self) -> dict[AssetId, Decimal]:
        table, sums = self._table, dict[AssetId, Decimal]()
        if self._ledger is None:
            return sums
        for entry in self._ledger.entries():
            if (table.tags and entry.what not in table.tags) or not self._window.holds(entry.at):
                continue
            for posting in entry.postings:
                if posting.account.startswith(table.accounts):
                    sums[posting.asset] = sums.get(posting.asset, ZERO) + posting.amount * table.sign
        return sums


def _log_id(key: chain.LogKey) -> str:
    return f"{key.chain}:{key.tx}:{key.log_index}"


def _signed(asset: AssetId | None, amount: Decimal | None, sign: int) -> Moves:
    return () if asset is None or amount is None else ((asset, amount * sign),)


def _legs(event: chain.Fill) -> tuple[AssetId | None, Decimal | None, AssetId | None, Decimal | None]:
    """Returns what the vault received and what it gave."""
    if isinstance(event, chain.FillSkipped):
        return event.received, event.received_amount, event.gave, event.gave_amount
    token, money = (event.token, event.token_amount), (event.usdc, event.usdc_amount)
    return (*token, *money) if event.side is Side.BUY else (*money, *token)


_BOOKED = (
    Column("seq", Kind.WHOLE),
    Column("ref", Kind.TEXT),
    Column("happened_at", Kind.INSTANT),
    Column("seen_at", Kind.INSTANT),
)
"""What every table begins with: where a row stands in the journal, and when it happened."""

_FILL_COLUMNS = (
    *_BOOKED,
    Column("event", Kind.TEXT),
    Column("owner", Kind.TEXT),
    Column("account", Kind.TEXT),
    Column("chain", Kind.WHOLE),
    Column("block", Kind.WHOLE),
    Column("tx", Kind.TEXT),
    Column("log_index", Kind.WHOLE),
    Column("underlying", Kind.TEXT),
    Column("side", Kind.TEXT),
    Column("shares", Kind.NUMBER),
    Column("received", Kind.TEXT),
    Column("received_amount", Kind.AMOUNT),
    Column("gave", Kind.TEXT),
    Column("gave_amount", Kind.AMOUNT),
    Column("price", Kind.NUMBER),
    Column("reason", Kind.TEXT),
)


def _fills(item: Recorded, _known: Mapping[str, Booked]) -> Iterator[Line]:
    event = item.event
    if not isinstance(event, chain.VaultFilled | chain.FillSkipped | chain.FillUnvalued):
        return
    received, got, gave, given = _legs(event)
    shares = event.shares_assumed if isinstance(event, chain.FillUnvalued) else event.shares
    values = (
        *(item.seq, ref_of_fill(event.key), event.happened_at, event.seen_at, name_of(type(event)), event.owner),
        *(event.account, event.key.chain, event.key.block, event.key.tx, event.key.log_index, event.underlying),
        *(None if event.side is None else event.side.value, shares, received, got, gave, given),
        event.price if isinstance(event, chain.VaultFilled) else None,
        None if isinstance(event, chain.VaultFilled) else event.reason.value,
    )
    yield Line(event.happened_at, values, _signed(received, got, 1) + _signed(gave, given, -1))


_REVERSAL_COLUMNS = (*_FILL_COLUMNS[:4], *_FILL_COLUMNS[5:18])


def _reversals(item: Recorded, known: Mapping[str, Booked]) -> Iterator[Line]:
    """Yields what takes a fill back: what it received goes, and what it gave comes."""
    event = item.event
    if not isinstance(event, chain.FillReversed) or (booked := known.get(_log_id(event.key))) is None:
        return
    at = booked.at
    values = (
        *(item.seq, ref_of_fill(event.key), at, event.seen_at, event.owner, event.account, event.key.chain),
        *(event.key.block, event.key.tx, event.key.log_index, event.underlying),
        *(None if event.side is None else event.side.value, event.shares),
        *(event.received, event.received_amount, event.gave, event.gave_amount),
    )
    moves = _signed(event.received, event.received_amount, -1) + _signed(event.gave, event.gave_amount, 1)
    yield Line(at, values, moves)


_Execution = orders.OrderFilled | orders.ForeignFilled | ForcedReduction

_HEDGE_COLUMNS = (
    *_BOOKED,
    Column("event", Kind.TEXT),
    Column("owner", Kind.TEXT),
    Column("account", Kind.TEXT),
    Column("instrument", Kind.TEXT),
    Column("underlying", Kind.TEXT),
    Column("order_id", Kind.TEXT),
    Column("execution_id", Kind.TEXT),
    Column("side", Kind.TEXT),
    Column("qty", Kind.NUMBER),
    Column("contract_size", Kind.NUMBER),
    Column("price", Kind.NUMBER),
    Column("quote", Kind.TEXT),
    Column("shares_moved", Kind.AMOUNT),
    Column("quote_moved", Kind.AMOUNT),
)


def _hedges(item: Recorded, _known: Mapping[str, Booked]) -> Iterator[Line]:
    event = item.event
    if not isinstance(event, _Execution):
        return
    shares = event.qty * event.contract_size * event.side.sign
    money = -shares * event.price
    owner, order_id = _ours(event)
    values = (
        *(item.seq, identity_of(item), event.happened_at, event.seen_at, name_of(type(event))),
        *(owner, event.account, event.instrument, event.underlying),
        *(order_id, event.execution_id, event.side.value, event.qty, event.contract_size),
        *(event.price, event.quote, shares, money),
    )
    asset = held_as(event.product, event.underlying, event.instrument)
    kept = shares - fee_in_kind(event) * event.contract_size
    yield Line(event.happened_at, values, ((asset, kept), (event.quote, money)))


def _ours(event: _Execution) -> tuple[OwnerId, OrderId | None]:
    owner = UNASSIGNED if isinstance(event, orders.ForeignFilled) else event.owner
    return owner, event.order_id if isinstance(event, orders.OrderFilled) else None


_FEE_COLUMNS = (
    *_HEDGE_COLUMNS[:11],
    Column("number", Kind.WHOLE),
    Column("asset", Kind.TEXT),
    Column("amount", Kind.NUMBER),
)


def _fees(item: Recorded, _known: Mapping[str, Booked]) -> Iterator[Line]:
    """Yields what was charged, with an execution or by itself; a rebate is below zero."""
    event = item.event
    if isinstance(event, AccountActivityBooked) and event.kind is ActivityKind.FEE:
        values: tuple[Value, ...] = (
            *(item.seq, identity_of(item), event.happened_at, event.seen_at, name_of(type(event)), event.owner),
            *(event.account, event.instrument, event.underlying, event.order_id, event.activity_id, 1),
            *(event.asset, -event.amount),
        )
        yield Line(event.happened_at, values, ((event.asset, -event.amount),))
    if not isinstance(event, _Execution):
        return
    owner, order_id = _ours(event)
    for number, fee in enumerate(event.fees, 1):
        values = (
            *(
                item.seq,
                identity_of(item),
                event.happened_at,
                event.seen_at,
                name_of(type(event)),
                owner,
                event.account,
            ),
            *(event.instrument, event.underlying, order_id, event.execution_id, number, fee.asset, fee.amount),
        )
        yield Line(event.happened_at, values, () if is_in_kind(event, fee) else ((fee.asset, fee.amount),))


_ACTIVITY_COLUMNS = (
    *_BOOKED,
    Column("owner", Kind.TEXT),
    Column("account", Kind.TEXT),
    Column("activity_id", Kind.TEXT),
    Column("kind", Kind.TEXT),
    Column("venue_kind", Kind.TEXT),
    Column("underlying", Kind.TEXT),
    Column("asset", Kind.TEXT),
    Column("amount", Kind.NUMBER),
)


def _activities(item: Recorded, _known: Mapping[str, Booked]) -> Iterator[Line]:
    """Yields what a venue booked besides executions, into the account above zero; its fees stand in both tables."""
    event = item.event
    if isinstance(event, AccountActivityBooked):
        values = (
            *(item.seq, identity_of(item), event.happened_at, event.seen_at, event.owner, event.account),
            *(event.activity_id, event.kind.value, event.venue_kind, event.underlying, event.asset, event.amount),
        )
        yield Line(event.happened_at, values, ((event.asset, event.amount),))


_GAS_COLUMNS = (
    *_BOOKED,
    Column("owner", Kind.TEXT),
    Column("account", Kind.TEXT),
    Column("chain", Kind.WHOLE),
    Column("block", Kind.WHOLE),
    Column("tx", Kind.TEXT),
    Column("success", Kind.TEXT),
    Column("asset", Kind.TEXT),
    Column("amount", Kind.NUMBER),
    Column("usd_each", Kind.NUMBER),
)


def _gas(item: Recorded, _known: Mapping[str, Booked]) -> Iterator[Line]:
    event = item.event
    if not isinstance(event, chain.GasSpent):
        return
    coins = event.wei_amount.scaleb(-WEI_DECIMALS)
    values = (
        *(item.seq, identity_of(item), event.happened_at, event.seen_at, event.owner, event.account, event.chain),
        *(event.block, event.tx, "yes" if event.success else "no", event.coin, coins, event.coin_usd),
    )
    yield Line(event.happened_at, values, ((event.coin, coins),))


_PRICE_COLUMNS = (
    *_FILL_COLUMNS[:4],
    *_FILL_COLUMNS[7:12],
    Column("price", Kind.NUMBER),
    Column("oracle", Kind.TEXT),
    Column("feed", Kind.TEXT),
    Column("oracle_price", Kind.NUMBER),
    Column("confidence", Kind.NUMBER),
    Column("apart_bps", Kind.NUMBER),
    Column("published_at", Kind.INSTANT),
    Column("source", Kind.TEXT),
    Column("doubts", Kind.TEXT),
)


def _prices(item: Recorded, known: Mapping[str, Booked]) -> Iterator[Line]:
    """Yields what an oracle said of each fill beside what the fill was executed at; it moves nothing."""
    event = item.event
    if not isinstance(event, FillPriced) or (booked := known.get(_log_id(event.key))) is None:
        return
    apart = None if booked.price is None else deviation_bps(booked.price, event.price)
    values = (
        *(item.seq, ref_of_fill(event.key), booked.at, event.seen_at),
        *(event.key.chain, event.key.block, event.key.tx, event.key.log_index, event.underlying),
        *(booked.price, event.oracle, event.feed, event.price, event.confidence, apart),
        *(event.published_at, event.source.value, " ".join(doubt.value for doubt in event.doubts)),
    )
    yield Line(booked.at, values, ())


def _tags(*event_types: Any) -> tuple[str, ...]:
    return tuple(name_of(event_type) for event_type in event_types)


TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (
        Table(
            "fills",
            _FILL_COLUMNS,
            _fills,
            (HOLDINGS,),
            1,
            _tags(chain.VaultFilled, chain.FillSkipped, chain.FillUnvalued),
        ),
        Table("reversals", _REVERSAL_COLUMNS, _reversals, (HOLDINGS,), 1, _tags(chain.FillReversed)),
        Table(
            "hedges",
            _HEDGE_COLUMNS,
            _hedges,
            (GOODS, CASH),
            -1,
            _tags(orders.OrderFilled, orders.ForeignFilled, ForcedReduction),
        ),
        Table("fees", _FEE_COLUMNS, _fees, (FEES,), 1),
        Table("gas", _GAS_COLUMNS, _gas, (GAS,), 1),
        Table("prices", _PRICE_COLUMNS, _prices, (), 1),
        Table("activities", _ACTIVITY_COLUMNS, _activities, (HOLDINGS,), 1, _tags(AccountActivityBooked)),
    )
}
