"""The ports of the engine: what a journal, a venue, a source of chain events and a clock must offer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import msgspec

from flatbook.engine.call_reports import CoinAnswer, LookAnswer, SendAnswer, SignAnswer
from flatbook.engine.reports import (
    AccountStatement,
    CancelAnswer,
    ExecutionPage,
    FindAnswer,
    NotSent,
    PlaceAnswer,
    Pushed,
    Unknown,
)
from flatbook.events.event import Event
from flatbook.events.orders import OrderStyle
from flatbook.values.ids import (
    AccountId,
    CallId,
    ChainId,
    Epoch,
    InstrumentId,
    OrderId,
    Seq,
    SourceId,
    Underlying,
    VenueOrderId,
    WalletId,
)
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity

if TYPE_CHECKING:  # what a fold imports is part of what a kept state depends on
    from flatbook.market.depth import UnreadFor
    from flatbook.market.quotes import Quote

Cursors = Mapping[SourceId, str]

BATCH_EVENTS_MAX = 100_000


class JournalFault(Exception):
    """The journal could not do its duty. Root of all its errors."""


class Fenced(JournalFault):
    """A newer epoch holds the journal: this process may not append any more."""


class Conflict(JournalFault):
    """Somebody appended since: the caller's last sequence is not the journal's."""


class JournalBroken(JournalFault):
    """A row, its hash or its order is wrong. Carries what was found and where."""


class RowTooLarge(JournalFault):
    """More events or bytes in one commit than a row may carry."""


class JournalUnavailable(JournalFault):
    """The row could not be made durable (disk full, I/O error, locked by another process)."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One commit of the journal.

    `first` and `last` are the sequence numbers of its first and last event (`last == first - 1` when it holds only
    cursors); `hash` is over the previous hash and all other fields.
    """

    first: Seq
    last: Seq
    epoch: Epoch
    at: Instant
    cursors: dict[SourceId, str]
    events: tuple[Event, ...]
    previous_hash: bytes
    hash: bytes


class Link(NamedTuple):
    """Where the chain stands after a row, and what the next one must continue from."""

    row: int
    last: Seq
    epoch: Epoch
    hash: bytes


class Journal(Protocol):
    """The durable append-only record of one desk. One writer; readers open it read-only."""

    @property
    def last(self) -> Seq:
        """The sequence number of the last event; 0 when empty."""
        ...

    def take_lease(self, now: Instant) -> Epoch:
        """Raises the epoch to max(stored + 1, seconds since 2020 at `now`) and fences every earlier holder."""
        ...

    def append(self, events: Sequence[Event], *, after: Seq, epoch: Epoch, cursors: Cursors, at: Instant) -> Seq:
        """Commits the events and cursors as one row and returns the new last sequence, only once it is durable.

        Errors: Fenced, Conflict, RowTooLarge, JournalUnavailable.
        """
        ...

    def read(self, after: Seq = Seq(0)) -> Iterator[Row]:
        """Streams the rows whose last event is beyond `after`, in order, each checked against the hash chain.

        Errors: JournalBroken.
        """
        ...

    def read_on(self, link: Link) -> Iterator[Row] | None:
        """Checks every row up to a link by its bytes alone, and streams those that follow it, each checked in full.

        Gives: None when the chain does not stand at the link after its row.
        Errors: JournalBroken.
        """
        ...

    def close(self) -> None:
        """Releases the journal."""
        ...


class IdRule(Enum):
    """For how long a venue refuses a second order with the same client id."""

    FOR_EVER = "for_ever"
    WHILE_OPEN = "while_open"
    WINDOW = "window"
    NONE = "none"


class FillSource(Enum):
    """How a venue states fills: each execution with an id of its own, or running totals."""

    EXECUTIONS = "executions"
    TOTALS = "totals"


class VenueCard(msgspec.Struct, frozen=True, kw_only=True):
    """What an adapter declares about its venue; the resend law decides from it.

    Units: seconds. `id_window_s` is used with IdRule.WINDOW only. `cash_decimals` is how many decimals of cash a
    statement carries, None when it is exact.
    """

    name: str
    id_rule: IdRule
    request_window_s: int
    read_lag_max_s: int
    place_timeout_s: int
    fill_source: FillSource
    id_window_s: int = 0
    cash_decimals: int | None = None


class ApprovedOrder(msgspec.Struct, frozen=True, gc=False):
    """An order that risk approved and the journal holds; the only thing an adapter places, made by position.

    Units: qty in base (contracts); limit in quote per base. The venue must not execute it after `good_until`.
    """

    order_id: OrderId
    account: AccountId
    instrument: InstrumentId
    side: Side
    qty: Quantity
    limit: Price | None
    reduce_only: bool
    style: OrderStyle
    attempt: int
    good_until: Instant


class OrderVenue(Protocol):
    """One account at a broker or exchange."""

    @property
    def card(self) -> VenueCard:
        """What the adapter declares about the venue."""
        ...

    async def place(self, order: ApprovedOrder) -> PlaceAnswer:
        """Sends the order once; never retries."""
        ...

    async def cancel(
        self, order_id: OrderId, venue_order_id: VenueOrderId | None, instrument: InstrumentId | None = None
    ) -> CancelAnswer:
        """Asks to cancel the order. `instrument` is what it was placed in, None where nobody knows."""
        ...

    async def find(self, order_id: OrderId, instrument: InstrumentId | None = None) -> FindAnswer:
        """Asks for the order by our client id, with all of its executions.

        `instrument` is what it was placed in; where nobody knows, or it is none of ours any more, all are asked.
        """
        ...

    async def executions_since(self, cursor: str) -> ExecutionPage | Unknown | NotSent:
        """Returns executions of the account after a cursor (empty text: from the beginning), and the next cursor.

        Gives: one that has an id and cannot be read otherwise stands among them as such, and hides no other; a page
        with one that cannot even be named is Unknown, for the cursor would pass over it without a trace.
        """
        ...

    async def statement(self) -> AccountStatement | Unknown | NotSent:
        """Reads open orders, holdings and balances."""
        ...

    async def watch(self, deliver: Callable[[Pushed], None]) -> bool:
        """Delivers what the venue tells on its own, as it comes, until its stream ends.

        Gives: True when a stream ended and may be opened again; False at once where the venue has none. What is pushed
        may be doubled, out of order or missing: polling remains the truth.
        """
        ...


@runtime_checkable
class CancelsAll(Protocol):
    """A venue that cancels all that is open on an account at once."""

    async def cancel_all(self) -> CancelAnswer:
        """Asks once to cancel all open orders of what is traded there, those of others too."""
        ...


@runtime_checkable
class DeadMansSwitch(Protocol):
    """A venue that cancels what is open on an account by itself unless it hears from us in time."""

    async def arm(self, seconds: int) -> bool:
        """Asks the venue to cancel all open orders in so many seconds unless it is asked again before.

        Gives: whether it said of all of them that it will.
        """
        ...


class Switch(Enum):
    """What becomes of our open orders at a venue once we are gone."""

    ARMED = "armed"
    REFUSED = "refused"
    NONE = "none"


class SwitchTold(msgspec.Struct, frozen=True, kw_only=True):
    """How the switch of an account stands, and why."""

    state: Switch
    detail: str


@runtime_checkable
class TellsSwitch(Protocol):
    """An account that says whether its venue cancels by itself once we are gone."""

    @property
    def switch(self) -> SwitchTold:
        """How the switch stands, as it was armed last."""
        ...


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """One limit of a venue on what a key may ask: how much of it is used, and when it is free again, if that is known.

    Units: as the venue counts, requests or their weight, within `window_s`.
    """

    name: str
    used: int
    limit: int
    window_s: int
    full_at: Instant | None


@runtime_checkable
class TellsAllowances(Protocol):
    """An account whose adapter counts what its key asks of the venue."""

    def allowances(self, now: Instant) -> tuple[Allowance, ...]:
        """Returns each limit that is known, and how much of it is used at an instant."""
        ...


@runtime_checkable
class TellsUnread(Protocol):
    """An account whose adapter counts what it could not read of what its venue pushes."""

    def unread(self) -> Mapping[UnreadFor, int]:
        """Returns how much that was, by reason."""
        ...


class Preconfirmed(msgspec.Struct, frozen=True, kw_only=True):
    """What a source states beyond the newest block it read, in full: it replaces what it stated before.

    `events` are what all witnesses state; `seen` are the logs that at least one of them does, as (tx, log index): what
    is booked and not among them is gone.
    """

    events: tuple[Event, ...]
    seen: tuple[tuple[str, int], ...]


class TagLag(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How far behind a tag of a node stands.

    Units: blocks behind the newest block that any node of the source states; seconds since its own block was made.
    """

    source: SourceId
    node: str
    tag: str
    blocks: int
    seconds: int


class ChainRead(msgspec.Struct, frozen=True, kw_only=True):
    """Events of a block range, with the cursor that follows it.

    `removed_from` is the first block that the chain may have replaced since the last read, when it replaced some: what
    the same read states again, in the same block, stands. With a `trouble` the source has not been read for a while,
    and why; it states no events then, and the cursor stays. `final` is the newest block that cannot be replaced any
    more, None where the source does not say; `preconfirmed` what is stated beyond the blocks, None where nothing was.
    """

    source: SourceId
    events: tuple[Event, ...]
    cursor: str
    removed_from: int | None = None
    trouble: str | None = None
    final: int | None = None
    preconfirmed: Preconfirmed | None = None


class ChainSource(Protocol):
    """A source of onchain events, read by ranges with a durable cursor."""

    @property
    def source(self) -> SourceId:
        """The name under which the cursor is stored."""
        ...

    async def read(self, cursor: str) -> ChainRead | None:
        """Returns what follows the cursor (empty text: from the beginning); None when nothing does yet."""
        ...


class QuoteSource(Protocol):
    """A source that is asked for the newest prices of underlyings."""

    @property
    def source(self) -> SourceId:
        """The name under which its prices are observed."""
        ...

    async def quotes(self) -> tuple[tuple[Underlying, Quote], ...] | Unknown | NotSent:
        """Returns what the source quotes now; what it does not quote, or not soundly, is left out.

        Units: USD per share.
        """
        ...


@runtime_checkable
class LagSource(Protocol):
    """A source that measures how far behind its nodes are."""

    @property
    def lags(self) -> tuple[TagLag, ...]:
        """What was measured last, empty before the first time."""
        ...


class CallToSign(msgspec.Struct, frozen=True, kw_only=True):
    """A chain call that risk approved and the journal holds; the only thing a wallet signs.

    Units: value in wei; fees in wei per unit of gas. `nonce` and `gas` are set where the signature replaces an
    earlier one, and the floors are the least fees that replace it; else the nonce is the next free one, at least
    `nonce_floor`. One above the floor follows transactions that are not ours: it waits until they are
    `confirmations` blocks deep, for what follows a lost nonce is never mined. A node that has not seen `block_seen`
    may not be asked whether the call would revert.
    """

    call_id: CallId
    attempt: int
    to: str
    payload: str
    value: Quantity
    nonce: int | None
    nonce_floor: int
    confirmations: int
    gas: int | None
    fee_wei_floor: int
    tip_wei_floor: int
    fee_wei_total_max: Quantity
    block_seen: int
    cancels: bool


class VaultWords(Protocol):
    """The bytes of the calls that move one token of one vault. Units: amounts in the smallest units of the token."""

    def approve(self, raw: int) -> str:
        """Returns the call to the token that allows exactly so much."""
        ...

    def deposit(self, raw: int) -> str:
        """Returns the call that puts so much into the vault."""
        ...

    def withdraw(self, raw: int) -> str:
        """Returns the call that takes so much out of the vault."""
        ...


class ChainSender(Protocol):
    """One wallet on one chain. Nothing is retried here, and nothing is kept that the journal does not hold."""

    @property
    def chain(self) -> ChainId:
        """The chain that its nodes must serve."""
        ...

    @property
    def wallet(self) -> WalletId:
        """The address that signs, in lower case."""
        ...

    async def sign(self, call: CallToSign) -> SignAnswer:
        """Tries the call on a node, prices its gas, and signs it. Sends nothing."""
        ...

    async def send(self, tx: str, raw: str) -> SendAnswer:
        """Hands signed bytes to every node. The same bytes may be handed over any number of times."""
        ...

    async def look(self, txs: tuple[str, ...], confirmations: int) -> LookAnswer:
        """Looks for the transactions of one call, all of one nonce, by their hashes."""
        ...

    async def coin(self) -> CoinAnswer:
        """Reads what the wallet holds of the chain's coin."""
        ...


class LoginClock(Protocol):
    """A login that a person makes and that ends by itself."""

    def ends_at(self) -> Instant | None:
        """Returns until when it lasts as far as is known, None while nobody is logged in. Asks nobody outside."""
        ...


class Clock(Protocol):
    """Where the engine gets the time from."""

    def now(self) -> Instant:
        """Returns the present instant."""
        ...

    async def sleep_until(self, at: Instant) -> None:
        """Returns once `at` is not in the future any more."""
        ...
