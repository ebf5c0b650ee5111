"""The state of one desk: everything deciders and risk read, and nothing else."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

import msgspec

from flatbook.events.control import AlertName, HoldReason, Mode
from flatbook.state.halts import Halt
from flatbook.state.orders import Order
from flatbook.state.positions import NetKey, Positions
from flatbook.values.ids import (
    AccountId,
    AssetId,
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
from flatbook.values.money import ONE, ZERO, Money, Price, Quantity

EXECUTIONS_KEPT_MAX = 200_000
FILLS_KEPT_MAX = 200_000
ENDED_ORDERS_KEPT_MAX = 10_000
ORDER_TIMES_KEPT_MAX = 10_000
COMMANDS_KEPT_MAX = 10_000

KnownExecution = tuple[Instant, Quantity, Price]
LogId = tuple[ChainId, str, int]
ExecutionKey = tuple[AccountId, InstrumentId, ExecutionId]
ForeignKey = tuple[AccountId, VenueOrderId]
DivergenceKey = tuple[AccountId, str]


class KnownFill(msgspec.Struct, kw_only=True, gc=False):
    """An onchain fill as it was booked, kept so that a reorganisation can undo it and a valuation correct it.

    Units: amounts exact as onchain; `shares` unsigned, what the position moved by. `hold` is true while the
    hedge of the fill waits for an operator; `assumed` while its ratio is a guess.
    """

    block: int
    block_hash: str
    ref: EventRef
    owner: OwnerId
    account: AccountId
    instrument: InstrumentId | None
    underlying: Underlying | None
    side: Side | None
    shares: Quantity | None
    received: AssetId | None
    received_amount: Quantity | None
    gave: AssetId | None
    gave_amount: Quantity | None
    usdc: AssetId | None
    usdc_amount: Money | None
    token_amount: Quantity | None
    happened_at: Instant
    hold: bool
    assumed: bool


class ForeignOrder(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An order on our account that is not ours.

    Units: leaves in base (contracts).
    """

    instrument: InstrumentId
    underlying: Underlying
    side: Side
    leaves: Quantity


class State:
    """All folds of one journal. Only `apply` writes."""

    def __init__(self) -> None:
        self.seq = Seq(0)
        self.epoch = Epoch(0)
        self.mode: Mode | None = None
        self.orders: dict[OrderId, Order] = {}
        self.ended: deque[OrderId] = deque()
        self.owing: dict[NetKey, dict[OrderId, None]] = {}
        self.open_orders: dict[OrderId, None] = {}
        self.positions = Positions()
        self.balances: dict[tuple[AccountId, AssetId], Decimal] = {}
        self.opened: dict[AccountId, Instant] = {}
        self.moved_at: dict[AccountId, Instant] = {}
        self.halts: dict[HaltId, Halt] = {}
        self.holds: dict[NetKey, HoldReason] = {}
        self.alerts: dict[tuple[AlertName, str], Instant] = {}
        self.marks: dict[AssetId, Price] = {}
        self.fills: dict[LogId, KnownFill] = {}
        self.fill_watermarks: dict[ChainId, int] = {}
        self.ratios: dict[AssetId, Decimal] = {}
        self.executions: dict[ExecutionKey, KnownExecution] = {}
        self.execution_watermark = Instant(0)
        self.foreign_orders: dict[ForeignKey, ForeignOrder] = {}
        self.divergences: dict[DivergenceKey, tuple[Quantity, Quantity]] = {}
        self.order_times: deque[Instant] = deque(maxlen=ORDER_TIMES_KEPT_MAX)
        self.commands: dict[str, str] = {}
        self.cursors: dict[SourceId, str] = {}
        self.draining = False
        self.stopped = False

    def mark(self, asset: AssetId) -> Price | None:
        """Returns the value of an asset in USD; USD itself is worth one; None when nobody stated it."""
        return Price(ONE) if asset == "USD" else self.marks.get(asset)

    def add_balance(self, account: AccountId, asset: AssetId, change: Decimal) -> None:
        """Adds a signed amount to a balance. Units: units of the asset."""
        key = (account, asset)
        self.balances[key] = self.balances.get(key, ZERO) + change

    def orders_owing(self, key: NetKey) -> tuple[Order, ...]:
        """Returns the orders of a net that are open or still owe executions, oldest first."""
        return tuple(self.orders[order_id] for order_id in self.owing.get(key, ()))
