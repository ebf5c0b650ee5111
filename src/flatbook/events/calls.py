"""Events of our own transactions on a chain, from intent to the block that is final for us.

The nonce is the fence. It is journalled with the signed bytes before the first of them leaves, so that whatever follows
may send the very same bytes again, and nothing else, until the chain has used the nonce for good.
"""

from __future__ import annotations

from enum import Enum

from flatbook.events.event import Event
from flatbook.events.orders import UnknownReason
from flatbook.values.ids import AccountId, AssetId, CallId, ChainId, EventRef, OwnerId, WalletId
from flatbook.values.instants import Instant
from flatbook.values.money import Quantity


class CallPurpose(Enum):
    """What a call is for."""

    APPROVE = "approve"
    REVOKE = "revoke"
    DEPOSIT = "deposit"
    WITHDRAW = "withdraw"
    ADD_ORDER = "add_order"
    REMOVE_ORDER = "remove_order"
    WRAP = "wrap"
    UNWRAP = "unwrap"

    @property
    def lowers_risk(self) -> bool:
        """Whether the call only takes back what others could trade against; no halt stands before it."""
        return self in (CallPurpose.WITHDRAW, CallPurpose.REMOVE_ORDER, CallPurpose.REVOKE)


class CallRefusal(Enum):
    """Why a call will not be sent. `CALL_ADVICE` says what to do about each."""

    NOT_ALLOWED = "not_allowed"
    UNLIMITED_APPROVAL = "unlimited_approval"
    AMOUNT_MAX = "amount_max"
    DAY_AMOUNT_MAX = "day_amount_max"
    DAY_CALLS_MAX = "day_calls_max"
    VALUE_MAX = "value_max"
    QUEUE_FULL = "queue_full"
    WALLET_UNKNOWN = "wallet_unknown"
    HALTED = "halted"
    EXPIRED = "expired"
    CANCELED = "canceled"
    PREREQUISITE_FAILED = "prerequisite_failed"
    WOULD_REVERT = "would_revert"
    WRONG_CHAIN = "wrong_chain"
    SIGNER_REFUSED = "signer_refused"
    NODE_REFUSED = "node_refused"
    NONCE_TRIES = "nonce_tries"
    UNREADABLE = "unreadable"


CALL_ADVICE: dict[CallRefusal, str] = {
    CallRefusal.NOT_ALLOWED: "if it is ours, add contract, function and destination to the wallet's allow-list",
    CallRefusal.UNLIMITED_APPROVAL: "approve exactly what the next deposit needs",
    CallRefusal.AMOUNT_MAX: "move less at once, or raise the wallet's amount_max of the token",
    CallRefusal.DAY_AMOUNT_MAX: "wait for the next UTC day, or raise the wallet's amount_day_max of the token",
    CallRefusal.DAY_CALLS_MAX: "wait for the next UTC day, or raise the wallet's calls_day_max; look for a loop first",
    CallRefusal.VALUE_MAX: "no call of ours carries coin: look where it came from",
    CallRefusal.QUEUE_FULL: "wait until the calls before it have ended: `flatbook wallet show`",
    CallRefusal.WALLET_UNKNOWN: "configure the wallet and its chain",
    CallRefusal.HALTED: "lift the halt first: `flatbook status` names it",
    CallRefusal.EXPIRED: "give the command again: it waited longer than it was good for",
    CallRefusal.CANCELED: "nothing: an operator took it back before it was signed",
    CallRefusal.PREREQUISITE_FAILED: "look why the call before it failed, then give both again",
    CallRefusal.WOULD_REVERT: "the contract refuses it as things are: check balance, allowance, vault and pause",
    CallRefusal.WRONG_CHAIN: "correct the address of the node or the id of the chain",
    CallRefusal.SIGNER_REFUSED: "read what the signer says: its own allow-list and caps are not the engine's",
    CallRefusal.NODE_REFUSED: "read what the node says; no node took it, so nothing was spent",
    CallRefusal.NONCE_TRIES: "another program uses this wallet: stop it, then give the command again",
    CallRefusal.UNREADABLE: "the signer or a node answered what cannot be: check both",
}


class CallIntended(Event, frozen=True, kw_only=True, tag="call_intended"):
    """We decided to send a transaction of our own; durable before anything is signed.

    Units: value in wei of the chain's coin; amount in units of the asset, what is approved or moved, None when nothing
    is. `to` and `destination` are addresses in lower case, `payload` is 0x-text. `account` is where its gas is booked.
    After `good_until` it is signed no more, and taken back if it adds risk. It waits for the call `after`.
    """

    call_id: CallId
    owner: OwnerId
    account: AccountId
    chain: ChainId
    wallet: WalletId
    purpose: CallPurpose
    to: str
    payload: str
    value: Quantity
    asset: AssetId | None
    amount: Quantity | None
    destination: str | None
    urgent: bool
    after: CallId | None
    because: EventRef | None
    evidence: dict[str, str] | None
    decided_at: Instant
    good_until: Instant


class CallRefused(Event, frozen=True, kw_only=True, tag="call_refused"):
    """The call ends before anything of it could be mined: nothing that a node ever took was signed for it."""

    call_id: CallId
    reason: CallRefusal
    detail: str
    seen_at: Instant


class CallSigned(Event, frozen=True, kw_only=True, tag="call_signed"):
    """The call was signed, and not yet sent. From now on its nonce is its fence.

    Units: gas in units of gas; fees in wei per unit of gas. A second signature of a call has the nonce of the first and
    replaces it. One that `cancels` spends the nonce on nothing.
    """

    call_id: CallId
    attempt: int
    nonce: int
    tx: str
    raw: str
    gas: int
    fee_wei_max: int
    tip_wei_max: int
    cancels: bool
    signed_at: Instant


class CallReleased(Event, frozen=True, kw_only=True, tag="call_released"):
    """Every node refused the only signature of a call, and none ever took it: its nonce is free for another one."""

    call_id: CallId
    attempt: int
    nonce: int
    detail: str
    seen_at: Instant


class CallSent(Event, frozen=True, kw_only=True, tag="call_sent"):
    """A node holds the transaction in its pool."""

    call_id: CallId
    attempt: int
    seen_at: Instant


class CallUnknown(Event, frozen=True, kw_only=True, tag="call_unknown"):
    """Whether a node has the transaction is not known; the chain is asked by its hash, and its bytes may go again."""

    call_id: CallId
    attempt: int
    reason: UnknownReason
    seen_at: Instant


class CallDropped(Event, frozen=True, kw_only=True, tag="call_dropped"):
    """No node knows the transaction any more although one had it; the same bytes are sent again."""

    call_id: CallId
    attempt: int
    misses: int
    seen_at: Instant


class CallMined(Event, frozen=True, kw_only=True, tag="call_mined"):
    """A block holds one of the transactions of the call. It may have reverted, and the block may still be replaced.

    Units: gas_wei in wei of the chain's coin, all parts of the fee included.
    """

    call_id: CallId
    attempt: int
    tx: str
    block: int
    block_hash: str
    success: bool
    gas_wei: Quantity
    happened_at: Instant
    seen_at: Instant


class CallUnmined(Event, frozen=True, kw_only=True, tag="call_unmined"):
    """A reorganisation removed the block that held the call: it is sent, and not mined, again."""

    call_id: CallId
    tx: str
    block: int
    block_hash: str
    seen_at: Instant


class CallConfirmed(Event, frozen=True, kw_only=True, tag="call_confirmed"):
    """The block of the call is as deep as we wait for: the call is over, and its gas is booked beside this."""

    call_id: CallId
    tx: str
    block: int
    block_hash: str
    success: bool
    seen_at: Instant


class VaultMoved(Event, frozen=True, kw_only=True, tag="vault_moved"):
    """A call of ours that is final put tokens into a vault, or took them out; beside `CallConfirmed`.

    Units: amount in units of the asset, into the vault above zero, as the token's own log says: a vault pays what it
    holds, not what was asked.
    """

    call_id: CallId
    chain: ChainId
    tx: str
    owner: OwnerId
    account: AccountId
    wallet_account: AccountId
    asset: AssetId
    amount: Quantity
    happened_at: Instant
    seen_at: Instant


class CallDisplaced(Event, frozen=True, kw_only=True, tag="call_displaced"):
    """Another transaction of the wallet used the nonce of the call for good: none of its signatures can be mined."""

    call_id: CallId
    nonce: int
    seen_at: Instant


class CallCancelIntended(Event, frozen=True, kw_only=True, tag="call_cancel_intended"):
    """We want a call not to happen any more: unsigned it is refused, signed its nonce is spent on nothing instead."""

    call_id: CallId
    reason: str
    decided_at: Instant
