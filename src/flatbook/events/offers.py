"""Events of our own orders on chains: what others may take, for how much, and when we pull and restore it."""

from __future__ import annotations

from enum import Enum

import msgspec

from flatbook.events.chain import LogKey
from flatbook.events.event import Event
from flatbook.values.ids import AccountId, AssetId, CallId, ChainId, InstrumentId, OwnerId, SourceId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity


class PullReason(Enum):
    """Why an offer must not stand. Each of them has to be gone for a while before it is restored."""

    SESSION = "session"
    CAPACITY = "capacity"
    BROKER_DOWN = "broker_down"
    CHAIN_UNREAD = "chain_unread"
    HALTED = "halted"
    KILLED = "killed"
    STALE_PRICE = "stale_price"
    DEPEGGED = "depegged"
    DRAINING = "draining"
    SHUTDOWN = "shutdown"
    FROZEN = "frozen"
    BOUND = "bound"
    UNREAD = "unread"


class OfferGone(Enum):
    """Why an offer does not stand any more."""

    REMOVED = "removed"
    REORGANISED = "reorganised"


class OfferLeg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One pair of tokens of an order of ours that is a share against a dollar.

    `side` is ours: sell, where our vault gives the share. Vaults are 32-byte hex; the addresses are lower-case hex.
    """

    underlying: Underlying
    instrument: InstrumentId
    token: AssetId
    dollar: AssetId
    side: Side
    gives: str
    gives_vault: str
    wants_vault: str
    input_index: int
    output_index: int


class OfferSeen(Event, frozen=True, kw_only=True, tag="offer_seen"):
    """An order of ours was added to an order book, or stands again after a reorganisation.

    `removal` and `addition` are the calls that take it from the book and put it back, `quotes` one call for each leg
    that asks its price and size, and `balances` one for each that asks what its vault holds, as 0x-text.
    """

    key: LogKey
    order_hash: str
    order_book: str
    owner: OwnerId
    account: AccountId
    legs: tuple[OfferLeg, ...]
    removal: str
    addition: str
    quotes: tuple[str, ...]
    balances: tuple[str, ...]
    happened_at: Instant
    seen_at: Instant


class OfferRemoved(Event, frozen=True, kw_only=True, tag="offer_removed"):
    """An order of ours does not stand in its order book any more."""

    key: LogKey
    order_hash: str
    owner: OwnerId
    gone: OfferGone
    seen_at: Instant


class LegQuote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What one leg of an order offers.

    Units: `shares` that can be taken, in underlying; `price` in dollars of the leg per share, None where nothing can be
    taken; `balance` in whole tokens of what the vault gives.
    """

    shares: Quantity
    price: Price | None
    balance: Quantity


class OfferQuoted(Event, frozen=True, kw_only=True, tag="offer_quoted"):
    """What an order of ours offers at a block, on which all nodes agree; one entry for each of its legs.

    `block` is the watermark: what happened above it is not in these numbers.
    """

    chain: ChainId
    source: SourceId
    order_hash: str
    block: int
    block_hash: str
    legs: tuple[LegQuote, ...]
    seen_at: Instant


class OfferReasonsChanged(Event, frozen=True, kw_only=True, tag="offer_reasons_changed"):
    """A note of the offers strategy: why offers of a side must not stand; none where nothing speaks against them."""

    owner: OwnerId
    underlying: Underlying
    side: Side
    reasons: tuple[PullReason, ...]
    decided_at: Instant


class OfferPulled(Event, frozen=True, kw_only=True, tag="offer_pulled"):
    """We take an order of ours from its book; the call does it."""

    chain: ChainId
    order_hash: str
    owner: OwnerId
    call_id: CallId
    reasons: tuple[PullReason, ...]
    decided_at: Instant


class OfferRestored(Event, frozen=True, kw_only=True, tag="offer_restored"):
    """We put an order of ours back into its book; the call does it."""

    chain: ChainId
    order_hash: str
    owner: OwnerId
    call_id: CallId
    decided_at: Instant
