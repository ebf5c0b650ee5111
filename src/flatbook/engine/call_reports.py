"""What wallets and nodes answer about our own transactions, in our words."""

from __future__ import annotations

from enum import Enum

from flatbook.engine.reports import NotSent, Report, Unknown
from flatbook.events.calls import CallRefusal
from flatbook.values.instants import Instant
from flatbook.values.money import Quantity


class NotReadyFor(Enum):
    """Why nothing could be signed or said now; nothing left, and it may be tried again."""

    NODE_BEHIND = "node_behind"
    NODE_SILENT = "node_silent"
    NODES_DISAGREE = "nodes_disagree"
    NONCE_UNSETTLED = "nonce_unsettled"
    COIN_MISSING = "coin_missing"
    FEE_MAX = "fee_max"
    SIGNER_SILENT = "signer_silent"


class TurnedDownFor(Enum):
    """Why every node that answered refused to take a transaction."""

    NONCE_TOO_LOW = "nonce_too_low"
    NONCE_TOO_HIGH = "nonce_too_high"
    UNDERPRICED = "underpriced"
    COIN_MISSING = "coin_missing"
    OTHER = "other"


class Signature(Report, frozen=True, kw_only=True):
    """A signed transaction that nobody has sent yet. Units: gas in units of gas, fees in wei per unit of gas."""

    nonce: int
    tx: str
    raw: str
    gas: int
    fee_wei_max: int
    tip_wei_max: int


class CallFlaw(Report, frozen=True, kw_only=True):
    """The call cannot be sent as it is, now or later: it would revert, or may not be signed."""

    reason: CallRefusal
    detail: str


class NotReady(Report, frozen=True, kw_only=True):
    """Nothing was done; the same may be asked again."""

    reason: NotReadyFor
    detail: str


class Taken(Report, frozen=True, kw_only=True):
    """A node has the transaction, new or already known."""


class TurnedDown(Report, frozen=True, kw_only=True):
    """No node took the transaction, and all of them said so."""

    reason: TurnedDownFor
    detail: str


class TokenMove(Report, frozen=True, kw_only=True):
    """What a transaction moved of one token into the wallet (above zero) or out of it. Units: smallest units."""

    token: str
    raw: int


class MinedSight(Report, frozen=True, kw_only=True):
    """The receipt of one of our transactions, on which all nodes agree.

    `moves` are what the logs of the tokens say, whatever was asked: a vault pays no more than it holds.
    Units: gas_wei in wei of the coin, the L1 data fee and the operator fee of a rollup included.
    """

    tx: str
    block: int
    block_hash: str
    success: bool
    gas_wei: Quantity
    happened_at: Instant
    moves: tuple[TokenMove, ...] = ()


class CallSight(Report, frozen=True, kw_only=True):
    """What the nodes see of a call: the block it stands in, or which of its transactions they still hold.

    `head` is the lowest head of all nodes. `nonce` is the lowest next nonce that a node states for the wallet, and
    `nonce_settled` the lowest one as deep below the head as we wait for, both read before the receipts.
    """

    head: int
    mined: MinedSight | None
    pooled: tuple[str, ...]
    nonce: int
    nonce_settled: int


class CoinSight(Report, frozen=True, kw_only=True):
    """What a wallet holds of the chain's coin, and its next nonce. Units: wei."""

    wei: Quantity
    nonce: int


SignAnswer = Signature | CallFlaw | NotReady
SendAnswer = Taken | TurnedDown | Unknown | NotSent
LookAnswer = CallSight | NotReady
CoinAnswer = CoinSight | NotReady
