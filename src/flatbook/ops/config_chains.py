"""The shape of a chain: what all have in common, and where its logs come from."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated

from flatbook.ops.config_fields import amount, said, text, whole
from flatbook.ops.config_oracle import PythSection
from flatbook.ops.config_section import Address, Name, Section, Ticker

RANGE_BLOCKS = 1_000


class StablecoinSection(Section, frozen=True, kw_only=True):
    """A dollar token that fills are paid in."""

    address: Annotated[Address, said("The token's contract; the address decides, the symbol never does.")]
    symbol: Annotated[str, text("The symbol that the contract states; another one holds the hedge.")]
    decimals: Annotated[int, whole("Decimals of its base units.", unit="decimals", least=0, most=36)]
    since: Annotated[datetime | None, said("Known from this instant on; left out: always.")] = None
    until: Annotated[datetime | None, said("Known until just before this instant; left out: for ever.")] = None


class Form(Enum):
    """How a token's symbol is made from a ticker."""

    SUFFIX_0X = "0x"
    SUFFIX_S1 = "s1"
    PREFIX_T = "t"
    PREFIX_WT = "wt"


class TokenSection(Section, frozen=True, kw_only=True):
    """A tokenized share."""

    address: Annotated[Address, said("The token's contract; the address decides, the symbol never does.")]
    symbol: Annotated[str, text("The symbol that the contract states; another one holds the hedge.")]
    form: Annotated[Form, said("How the symbol is made from the ticker; only wt wraps and has ratios.")]
    underlying: Annotated[Ticker, said("The ticker inside the symbol; renames apply on top of it.")]
    decimals: Annotated[int, whole("Decimals of its base units.", unit="decimals", least=0, most=36)]
    since: Annotated[datetime | None, said("Known from this instant on; left out: always.")] = None
    until: Annotated[datetime | None, said("Known until just before this instant; left out: for ever.")] = None
    ratios: dict[
        Annotated[str, text("The block from which the ratio holds.", "[0-9]{1,12}")],
        Annotated[Decimal, amount("Shares per token from a block on.", unit="shares per token", most="999999")],
    ] = {}


class BookGeneration(Enum):
    """Which interface an order book has."""

    V4 = "v4"
    V5 = "v5"
    V6 = "v6"


class ChainShape(Section, frozen=True, kw_only=True):
    """What every chain states."""

    id: Annotated[int, whole("The chain's id.", unit="(EIP-155)", least=1, most=2**53)]
    gas_coin: Annotated[Name, said("The coin in which gas is paid.")]
    order_books: Annotated[tuple[Address, ...], said("The contracts whose logs count; all others are not listened to.")]
    fill_shares_max: Annotated[
        Decimal, amount("A larger fill is booked and its hedge waits for an operator.", unit="shares", most="10000000")
    ]
    generations: Annotated[
        dict[Address, Annotated[BookGeneration, said("Its interface; v6 where it is left out.")]],
        said("The interface of order books, by address."),
    ] = {}
    stablecoins: Annotated[dict[Name, StablecoinSection], said("The dollar tokens, by their name in the ledger.")]
    tokens: Annotated[dict[Name, TokenSection], said("The tokenized shares, by their name in the ledger.")]
    pyth: Annotated[PythSection | None, said("Where Pyth is asked about fills; left out: it is not.")] = None


class RecordedChain(ChainShape, frozen=True, kw_only=True, tag_field="source", tag="recorded"):
    """A chain whose recorded logs are replayed block by block."""

    path: Annotated[str, text("The file or folder of the recording.")]
    lag_blocks: Annotated[
        int, whole("How far behind the newest block fills are taken.", unit="blocks", least=0, most=10_000)
    ]


class HedgeAt(Enum):
    """How certain a block must be before its fills are taken and hedged."""

    PRECONFIRMED = "preconfirmed"
    HEAD = "head"
    SAFE = "safe"
    FINALIZED = "finalized"


class NodeSection(Section, frozen=True, kw_only=True):
    """A node of a chain. An address that holds a key or a password is a secret."""

    url: Annotated[
        str, text('Where it speaks JSON-RPC: https://, http:// on this machine only, or "secret:" and the name of one.')
    ]
    heads: Annotated[
        str | None,
        text('Where it tells of new blocks: wss://, ws:// on this machine only, or "secret:" and the name of one.'),
    ] = None


class NodesChain(ChainShape, frozen=True, kw_only=True, tag_field="source", tag="nodes"):
    """A chain that is read from its nodes, at least two of them: what they do not agree on is not taken."""

    nodes: Annotated[dict[Name, NodeSection], said("The nodes, by name; two that depend on each other are one.")]
    hedge_at: Annotated[HedgeAt, said("Up to which block fills are taken; preconfirmed is one to come.")]
    first_block: Annotated[int, whole("Where reading begins.", unit="(number of a block)", least=1, most=2**53)]
    lag_blocks: Annotated[
        int, whole("How far behind that block reading stays.", unit="blocks", least=0, most=10_000)
    ] = 0
    range_blocks: Annotated[
        int, whole("So many are asked for at once, fewer where a node refuses.", unit="blocks", least=1, most=100_000)
    ] = RANGE_BLOCKS
    receipts: Annotated[bool, said("Whether the gas that fills of ours cost is read.")] = False


ChainSection = RecordedChain | NodesChain
