"""One order book, one inventory, two owners and two tokens, for the tests of the Raindex parser."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from flatbook.sim.tapes.raindex_logs import (
    LogPlace,
    OrderTraded,
    StandingOrder,
    TokenVault,
    encode_clear_v3,
    encode_take_order_v3,
)
from flatbook.values.ids import AccountId, AssetId, ChainId, InstrumentId, OwnerId, SourceId, Underlying
from flatbook.values.instants import instant_of_text
from flatbook.values.money import Quantity
from flatbook.venues.raindex.booking import BlockFacts
from flatbook.venues.raindex.parse import Parsed, parse_block
from flatbook.venues.raindex.rain_float import float_of_text
from flatbook.venues.raindex.tokens import (
    Inventory,
    RaindexConfig,
    RatioFrom,
    TickerRename,
    Token,
    TokenForm,
    Usdc,
    VaultOwner,
)
from flatbook.venues.raindex.wire import Topic

BOOK = "0x" + "b0" * 20
OTHER_BOOK = "0x" + "b1" * 20
INVENTORY = "0x" + "1e" * 20
BOT = "0x" + "b2" * 20
OPERATOR = "0x" + "0b" * 20
ALICE = "0x" + "a1" * 20
BOB = "0x" + "a2" * 20
STRANGER = "0x" + "5e" * 20
USDC = "0x" + "cc" * 20
WT_COIN = "0x" + "c1" * 20
WT_SPLG = "0x" + "c2" * 20
T_AAPL = "0x" + "c3" * 20
UNKNOWN = "0x" + "dd" * 20
TX = "0x" + "01" * 32
OTHER_TX = "0x" + "02" * 32
BLOCK = 1000
BLOCK_HASH = "0x" + "bb" * 32
AT = instant_of_text("2025-12-01T15:00:00Z")
SEEN_AT = instant_of_text("2025-12-01T15:00:05Z")
PLACE = LogPlace(address=BOOK, tx=TX, log_index=5, block=BLOCK, block_hash=BLOCK_HASH)

Log = dict[str, Any]


def token(address: str, symbol: str, form: TokenForm, ticker: str, *ratios: tuple[int, str]) -> Token:
    return Token(
        address=address,
        asset=AssetId(symbol),
        instrument=InstrumentId(f"base:{symbol}"),
        symbol=symbol,
        form=form,
        ticker=Underlying(ticker),
        decimals=18,
        ratios=tuple(RatioFrom(block=block, ratio=Decimal(ratio)) for block, ratio in ratios),
    )


CONFIG = RaindexConfig(
    source=SourceId("base"),
    chain=ChainId(8453),
    order_books=(BOOK, OTHER_BOOK),
    inventories=(Inventory(address=INVENTORY, wallets=(BOT,), owner=OwnerId("desk"), account=AccountId("inventory")),),
    owners=(
        VaultOwner(address=ALICE, owner=OwnerId("alice"), account=AccountId("vault-a")),
        VaultOwner(address=BOB, owner=OwnerId("bob"), account=AccountId("vault-b")),
    ),
    tokens=(
        token(WT_COIN, "wtCOIN", TokenForm.PREFIX_WT, "COIN", (0, "1")),
        token(WT_SPLG, "wtSPLG", TokenForm.PREFIX_WT, "SPLG"),
        token(T_AAPL, "tAAPL", TokenForm.PREFIX_T, "AAPL"),
    ),
    usdc=(Usdc(address=USDC, asset=AssetId("USDC"), symbol="USDC", decimals=6),),
    renames=(
        TickerRename(old=Underlying("SPLG"), new=Underlying("SPYM"), since=instant_of_text("2025-10-31T00:00:00Z")),
    ),
    shares_max=Quantity(Decimal(1000)),
    gas_coin=AssetId("ETH"),
)

FACTS = BlockFacts(number=BLOCK, hash=BLOCK_HASH, at=AT, ratios={}, ratios_before={}, symbols={}, receipts={})


def order(owner: str, received: str, gave: str) -> StandingOrder:
    return StandingOrder(
        owner=owner,
        inputs=(TokenVault(token=received, vault=4),),
        outputs=(TokenVault(token=gave, vault=3),),
        nonce=1,
        bytecode=b"\x01\x02\x03",
    )


def traded(owner: str, received: str, received_amount: str, gave: str, gave_amount: str) -> OrderTraded:
    """Returns what an order received and gave, amounts in whole tokens."""
    return OrderTraded(
        order=order(owner, received, gave),
        received=float_of_text(received_amount),
        gave=float_of_text(gave_amount),
    )


def place(log_index: int, *, tx: str = TX, address: str = BOOK) -> LogPlace:
    return msgspec.structs.replace(PLACE, log_index=log_index, tx=tx, address=address)


def take(
    received: str = USDC,
    received_amount: str = "146.3",
    gave: str = WT_COIN,
    gave_amount: str = "0.5",
    *,
    owner: str = ALICE,
    at: LogPlace = PLACE,
) -> Log:
    """Returns a TakeOrderV3 log: by default alice sold half a wtCOIN for 146.3 USDC."""
    return encode_take_order_v3(at, traded(owner, received, received_amount, gave, gave_amount), taker=STRANGER)


def clear(alice: str, bob: str, *, at: LogPlace = PLACE, after_index: int | None = None) -> tuple[Log, Log]:
    """Returns the two logs of a clear: alice sold 2 wtCOIN for 300 USDC to bob, who paid 301."""
    sold = traded(alice, USDC, "300", WT_COIN, "2")
    bought = traded(bob, WT_COIN, "2", USDC, "301")
    return encode_clear_v3(at, sold, bought, sender=STRANGER, after_index=after_index)


def moved(topic: Topic, token: str, raw: int, *, log_index: int, operator: str = OPERATOR, tx: str = TX) -> Log:
    """Returns an OperatorDeposit or OperatorWithdraw log of the inventory."""
    words = ["0x" + "00" * 12 + address[2:] for address in (operator, token)]
    return {
        "address": INVENTORY,
        "topics": [topic.value, *words, "0x" + "00" * 31 + "03"],
        "data": "0x" + raw.to_bytes(32, "big").hex(),
        "logIndex": hex(log_index),
        "removed": False,
        "transactionHash": tx,
        "blockNumber": hex(BLOCK),
        "blockHash": BLOCK_HASH,
    }


def parsed(*logs: object, config: RaindexConfig = CONFIG, facts: BlockFacts = FACTS) -> Parsed:
    return parse_block(logs, facts, config, seen_at=SEEN_AT)
