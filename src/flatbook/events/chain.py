"""Events seen on chains: fills of our vaults, their reversals, what could not be read, and gas."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.events.event import Event
from flatbook.values.ids import AccountId, AssetId, ChainId, InstrumentId, OwnerId, SourceId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Money, Price, Quantity


class SkipReason(Enum):
    """Why a fill is posted but not hedged automatically."""

    PAIR_NOT_SUPPORTED = "pair_not_supported"
    UNKNOWN_TOKEN = "unknown_token"
    SYMBOL_MISMATCH = "symbol_mismatch"
    DECIMALS_MISMATCH = "decimals_mismatch"
    ZERO_EQUITY = "zero_equity"
    NON_POSITIVE_PRICE = "non_positive_price"
    NEGATIVE_AMOUNT = "negative_amount"
    OVER_SHARE_CAP = "over_share_cap"
    UNPAIRED_SETTLEMENT = "unpaired_settlement"


class UnparsedReason(Enum):
    """Why a log of a configured contract could not be turned into a fill."""

    MALFORMED = "malformed"
    PRECISION = "precision"
    INDEX_OUT_OF_RANGE = "index_out_of_range"
    AFTER_CLEAR_MISSING = "after_clear_missing"


class UnvaluedReason(Enum):
    """Why a fill could not be valued when it was seen."""

    RATIO_MISSING = "ratio_missing"


PRECONFIRMED_HASH = "preconfirmed"
"""Stands for the hash of a block where a log is in none yet."""


class LogKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Where on a chain a log stands. (chain, tx, log_index) is its identity as long as its block stands."""

    chain: ChainId
    tx: str
    log_index: int
    block: int
    block_hash: str


class VaultFilled(Event, frozen=True, kw_only=True, tag="vault_filled"):
    """A taker traded against an order of ours; our vault gave one token and received the other.

    Units: token_amount in tokens and usdc_amount in USDC, both as onchain, digits beyond 36 decimals cut, above zero;
    ratio in underlying shares per token at the fill's block; shares in underlying, token_amount * ratio cut to 18
    decimals; price in USDC per share, cut to 18 decimals. Side buy: our vault received the token.
    `taker_gas_wei` is what the taker paid: information, never a cost of ours.
    """

    key: LogKey
    owner: OwnerId
    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    token: AssetId
    side: Side
    token_amount: Quantity
    usdc_amount: Money
    usdc: AssetId
    ratio: Decimal
    shares: Quantity
    price: Price
    kind: str
    taker_gas_wei: Quantity | None
    happened_at: Instant
    seen_at: Instant


class FillSkipped(Event, frozen=True, kw_only=True, tag="fill_skipped"):
    """A fill of ours that is posted to ledger and position, but whose hedge waits for an operator or a recheck.

    Units: amounts as onchain, cut beyond 36 decimals, in whole tokens; shares in underlying, cut to 18 decimals.
    `underlying`, `instrument`, `side` and `shares` are None where the fill does not say which share moved.
    """

    key: LogKey
    owner: OwnerId
    account: AccountId
    reason: SkipReason
    received: AssetId | None
    received_amount: Quantity | None
    gave: AssetId | None
    gave_amount: Quantity | None
    instrument: InstrumentId | None
    underlying: Underlying | None
    side: Side | None
    shares: Quantity | None
    detail: str
    happened_at: Instant
    seen_at: Instant


class SkippedFillReleased(Event, frozen=True, kw_only=True, tag="skipped_fill_released"):
    """An operator decided on a skipped fill: hedge it (`hedge` true) or leave it unhedged for good."""

    chain: ChainId
    tx: str
    log_index: int
    hedge: bool
    reason: str
    decided_at: Instant


class FillUnvalued(Event, frozen=True, kw_only=True, tag="fill_unvalued"):
    """A fill of ours that cannot be valued yet; it counts as exposure with the last ratio known.

    Units: token_amount in tokens, usdc_amount in USDC, as onchain, cut beyond 36 decimals; ratio_assumed in shares
    per token.
    """

    key: LogKey
    owner: OwnerId
    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    token: AssetId
    side: Side
    token_amount: Quantity
    usdc_amount: Money
    usdc: AssetId
    ratio_assumed: Decimal
    shares_assumed: Quantity
    reason: UnvaluedReason
    kind: str
    taker_gas_wei: Quantity | None
    happened_at: Instant
    seen_at: Instant


Fill = VaultFilled | FillSkipped | FillUnvalued


class FillValued(Event, frozen=True, kw_only=True, tag="fill_valued"):
    """The missing value of an earlier fill was read.

    Units: ratio in shares per token at the fill's block; shares in underlying; price in USDC per share.
    """

    chain: ChainId
    tx: str
    log_index: int
    ratio: Decimal
    shares: Quantity
    price: Price
    seen_at: Instant


class FillReversed(Event, frozen=True, kw_only=True, tag="fill_reversed"):
    """A reorganisation removed the block of a fill; the fill is undone and the ordinary hedge path trades back.

    Units: as in the fill; `shares` is what the fill had moved, unsigned.
    """

    key: LogKey
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
    seen_at: Instant


class LogUnparsed(Event, frozen=True, kw_only=True, tag="log_unparsed"):
    """A log of a configured contract that concerns, or may concern, us could not be read."""

    key: LogKey
    source: SourceId
    reason: UnparsedReason
    topic: str
    detail: str
    seen_at: Instant


class BlocksRemoved(Event, frozen=True, kw_only=True, tag="blocks_removed"):
    """A chain dropped blocks that a source had read: everything from `first_block` on was replaced."""

    source: SourceId
    chain: ChainId
    first_block: int
    last_block: int
    seen_at: Instant


class BlocksFinalized(Event, frozen=True, kw_only=True, tag="blocks_finalized"):
    """No block of a chain up to this one can be replaced any more; fills above it are provisional.

    It is booked when a source says so for the first time, and when fills of ours become final.
    """

    source: SourceId
    chain: ChainId
    block: int
    seen_at: Instant


class GasSpent(Event, frozen=True, kw_only=True, tag="gas_spent"):
    """A transaction of our own was mined, successful or not, and cost gas.

    Units: wei_amount in wei of the chain's coin, the L1 data fee included; coin_usd in USD per coin, None when
    not known.
    """

    chain: ChainId
    tx: str
    block: int
    owner: OwnerId
    account: AccountId
    coin: AssetId
    wei_amount: Quantity
    coin_usd: Price | None
    success: bool
    happened_at: Instant
    seen_at: Instant
