"""The state of one desk: everything deciders and risk read, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import TypeVar

import msgspec

from flatbook.events.chain import Fill
from flatbook.events.control import AlertName, HoldReason, Mode, Severity
from flatbook.events.refs import ref_of_fill
from flatbook.state.breakers import BreakerBook
from flatbook.state.calls import ChainCall, WalletBook, WalletKey
from flatbook.state.freezes import Freezes
from flatbook.state.grid import GridKey, GridMemory
from flatbook.state.halts import Halt, HaltAsked
from flatbook.state.offers import Offers
from flatbook.state.orders import Order
from flatbook.state.positions import Entry, NetKey, Positions, Refusals, TurnedDown
from flatbook.state.slots import Slots
from flatbook.values.ids import (
    AccountId,
    ActivityId,
    AssetId,
    CallId,
    ChainId,
    Epoch,
    EventRef,
    ExecutionId,
    HaltId,
    InstrumentId,
    OrderId,
    OwnerId,
    Seq,
    SourceId,
    Underlying,
    VenueOrderId,
)
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ONE, ZERO, Price, Quantity, proportion

EXECUTIONS_KEPT_MAX = 200_000
FILLS_KEPT_MAX = 200_000
ENDED_ORDERS_KEPT_MAX = 10_000
ENDED_CALLS_KEPT_MAX = 1_000
ORDER_TIMES_KEPT_MAX = 10_000
COMMANDS_KEPT_MAX = 10_000
HALTS_ASKED_MAX = 100
ACTIVITIES_KEPT_MAX = 100_000
ALERTS_KEPT_MAX = 10_000
GAS_KEPT_MAX = 10_000
FORGOTTEN_AT_ONCE = 8  # one part in eight

KnownExecution = tuple[Instant, Quantity, Price]  # happened_at, signed quantity, price
LogId = tuple[ChainId, str, int]
ExecutionKey = tuple[AccountId, InstrumentId, ExecutionId]
ForeignKey = tuple[AccountId, VenueOrderId]
ActivityKey = tuple[AccountId, ActivityId]
EntryKey = tuple[AccountId, InstrumentId]
RefusalKey = tuple[OwnerId, InstrumentId, Side]
DivergenceKey = tuple[AccountId, str]
StopKey = tuple[str, Side]
_ONE_USD = Price(ONE)
K = TypeVar("K")
V = TypeVar("V")


class KnownFill(msgspec.Struct, kw_only=True, gc=False):
    """An onchain fill as it was booked, kept so that a reorganisation can undo it and a valuation correct it.

    Units: `shares` unsigned, what the position moved by, None when the fill does not say; `day_cash_usd` in USD,
    signed, what the day's result took. `hold` is true while the hedge of the fill waits for an operator; `assumed`
    while its ratio is a guess.
    """

    event: Fill
    shares: Quantity | None
    day_cash_usd: Decimal | None
    hold: bool
    assumed: bool

    @property
    def ref(self) -> EventRef:
        """The identity of the fill in its block."""
        return ref_of_fill(self.event.key)


class Alert(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A standing alert, as it was when it was raised: since when, how urgent, and the numbers behind it."""

    raised_at: Instant
    severity: Severity
    detail: str


class SideStop(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One side stopped for some owners: by what, since when, and which accounts may still show orders there."""

    owners: tuple[OwnerId, ...]
    reason: str
    raised_at: Instant
    unproven: tuple[AccountId, ...]


class Corrected(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was corrected of one position on a UTC day.

    Units: `moved` in units of the asset, unsigned; `moved_usd` in USD, unsigned, None once a part had no price.
    `unproven` until a statement agrees with the newest correction.
    """

    day: int
    count: int
    moved: Decimal
    moved_usd: Decimal | None
    unproven: bool


class ForeignOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order on our account that is not ours, as of `seen_at`, when it was new or last changed.

    Units: leaves in base (contracts); contract_size in base per contract.
    """

    instrument: InstrumentId
    underlying: Underlying
    side: Side
    leaves: Quantity
    contract_size: Decimal
    seen_at: Instant


class BookedTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What was booked of an order whose venue states running totals, and when the newest of it happened.

    Units: notional in quote before contract size; fees in units of their asset.
    """

    notional: Decimal
    fees: dict[AssetId, Decimal]
    happened_at: Instant


class KnownFunds(msgspec.Struct, kw_only=True, gc=False):
    """What an account may spend and borrow: as its venue stated it, less what was bought since.

    Units: `settled` and `instant` in units of the asset; None where the venue does not say. `borrowable` are the
    instruments that are easy to borrow, None where it does not say.
    """

    asset: AssetId
    settled: Decimal | None
    instant: Decimal | None
    good_faith: int | None
    borrowable: tuple[InstrumentId, ...] | None
    stated_at: Instant

    @property
    def spendable(self) -> Decimal | None:
        """What buys may cost now: settled cash and what is lent beyond it; None where the venue does not say."""
        return None if self.settled is None else self.settled + (ZERO if self.instant is None else self.instant)


class State(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All folds of one journal. Only `apply` writes.

    `moved_at` is when we last booked something that moved an asset of an account. Of executions and fills the newest
    are known by identity; what happened at or below a watermark is older than all that could be forgotten.
    `provisional` are the fills above the final block of a chain that states one. `intents` counts what each owner ever
    wanted to place, refused or not; `refusals` are those since an order of that side was taken or executed.
    """

    seq: Seq = Seq(0)
    epoch: Epoch = Epoch(0)
    mode: Mode | None = None
    orders: dict[OrderId, Order] = {}
    ended: dict[OrderId, None] = {}
    owing: dict[NetKey, dict[OrderId, None]] = {}
    intents: dict[OwnerId, int] = {}
    refusals: dict[RefusalKey, Refusals] = {}
    turned_down: dict[tuple[OwnerId, InstrumentId], TurnedDown] = {}
    slots: Slots = {}
    entries: dict[EntryKey, Entry] = {}
    open_orders: dict[OrderId, None] = {}
    positions: Positions = msgspec.field(default_factory=Positions)
    balances: dict[tuple[AccountId, AssetId], Decimal] = {}
    opened: dict[AccountId, Instant] = {}
    funds: dict[AccountId, KnownFunds] = {}
    moved_at: dict[tuple[AccountId, AssetId], Instant] = {}
    halts: dict[HaltId, Halt] = {}
    halts_asked: dict[HaltId, tuple[HaltAsked, ...]] = {}
    stops: dict[StopKey, SideStop] = {}
    breakers: dict[OwnerId, BreakerBook] = {}
    limits: dict[str, Decimal] = {}
    holds: dict[NetKey, HoldReason] = {}
    alerts: dict[tuple[AlertName, str], Alert] = {}
    marks: dict[AssetId, Price] = {}
    fills: dict[LogId, KnownFill] = {}
    fill_watermarks: dict[ChainId, int] = {}
    final_blocks: dict[ChainId, int] = {}
    provisional: dict[LogId, None] = {}
    offers: Offers = msgspec.field(default_factory=Offers)
    freezes: Freezes = msgspec.field(default_factory=Freezes)
    ratios: dict[AssetId, Decimal] = {}
    gas: dict[tuple[ChainId, str], None] = {}
    executions: dict[ExecutionKey, KnownExecution] = {}
    execution_watermarks: dict[AccountId, Instant] = {}
    totals: dict[OrderId, BookedTotal] = {}
    foreign_orders: dict[ForeignKey, ForeignOrder] = {}
    divergences: dict[DivergenceKey, tuple[Quantity, Quantity]] = {}
    doubts: dict[DivergenceKey, Quantity] = {}
    corrected: dict[DivergenceKey, Corrected] = {}
    calls: dict[CallId, ChainCall] = {}
    open_calls: dict[CallId, None] = {}
    ended_calls: dict[CallId, None] = {}
    wallets: dict[WalletKey, WalletBook] = {}
    order_times: list[Instant] = []
    notes: dict[GridKey, GridMemory] = {}
    commands: dict[str, str] = {}
    activities: dict[ActivityKey, None] = {}
    cursors: dict[SourceId, str] = {}
    draining: bool = False
    stopped: bool = False

    def mark(self, asset: AssetId) -> Price | None:
        """Returns the value of an asset in USD; USD itself is worth one; None when nobody stated it."""
        return _ONE_USD if asset == "USD" else self.marks.get(asset)

    def add_balance(self, account: AccountId, asset: AssetId, change: Decimal, at: Instant) -> None:
        """Adds a signed amount to a balance, and notes when. Units: units of the asset."""
        key, balances, moved_at = (account, asset), self.balances, self.moved_at
        before = balances.get(key)
        balances[key] = (ZERO if before is None else before) + change
        if moved_at.get(key, at) <= at:
            moved_at[key] = at

    def spend(self, account: AccountId, asset: AssetId, cost: Decimal) -> None:
        """Takes the cost of a purchase from what is settled: what a sale brings is not settled on the same day.

        Units: units of the asset, above zero.
        """
        known = self.funds.get(account)
        if known is not None and known.asset == asset and known.settled is not None:
            known.settled -= cost

    def calls_of(self, wallet: WalletKey) -> tuple[ChainCall, ...]:
        """Returns the open calls of a wallet, oldest first."""
        calls = (self.calls[call_id] for call_id in self.open_calls)
        return tuple(call for call in calls if call.wallet_key == wallet)

    def orders_owing(self, key: NetKey) -> tuple[Order, ...]:
        """Returns the orders of a net that are open or still owe executions, oldest first."""
        return tuple(self.orders[order_id] for order_id in self.owing.get(key, ()))


def oldest(kept: dict[K, V], kept_max: int) -> tuple[K, ...]:
    """Returns the keys to forget: none up to `kept_max` entries, beyond it all that are too many and some more.

    A dict finds its first entry slowly while gaps stand before it, so that entries go in lots and not one by one.
    """
    too_many = len(kept) - kept_max
    return tuple(islice(kept, too_many + proportion(kept_max, part=1, of=FORGOTTEN_AT_ONCE))) if too_many > 0 else ()


def forget_oldest(kept: dict[K, V], kept_max: int) -> None:
    """Drops the entries that came first when there are more than `kept_max`."""
    for key in oldest(kept, kept_max):
        del kept[key]
