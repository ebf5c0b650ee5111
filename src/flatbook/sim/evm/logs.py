"""The fills of a simulated chain as logs, byte for byte as order books write them.

A token of eighteen decimals trades at a book of the newest kind, a quarter of its fills by a clear between two orders;
a token of other decimals trades at a book of the kind before, which states raw integers.
"""

from __future__ import annotations

import msgspec

from flatbook.sim.evm.contracts import BOOK, DOLLAR, TAKER, Contracts, address_of, token_of
from flatbook.sim.tapes.raindex_logs import (
    LogPlace,
    OrderTraded,
    RawTraded,
    StandingOrder,
    TokenVault,
    encode_clear_v3,
    encode_take_order_v2,
    encode_take_order_v3,
)
from flatbook.sim.world.chain import TOKEN_DECIMALS, USDC_DECIMALS, Block
from flatbook.sim.world.record import ChainFill
from flatbook.values.instants import NS_PER_S
from flatbook.venues.raindex.rain_float import RainFloat

AFTER_CLEARS = 1_000_000
CLEARED_OF = 4
VAULT = 1

Log = dict[str, object]


def logs_of(block: Block, fills: tuple[ChainFill, ...], contracts: Contracts, *, book: str = BOOK) -> tuple[Log, ...]:
    """Returns the logs of some fills in a block, in their order."""
    logs = [log for fill in fills for log in _logs(block, fill, contracts, book)]
    stamp = hex(block.at // NS_PER_S)
    return tuple({**log, "blockTimestamp": stamp} for log in sorted(logs, key=_log_index))


def _log_index(log: Log) -> int:
    return int(str(log["logIndex"]), 16)


def _logs(block: Block, fill: ChainFill, contracts: Contracts, book: str) -> tuple[Log, ...]:
    place = LogPlace(
        address=book, tx=fill.tx, log_index=fill.log_index, block=block.number, block_hash=block.block_hash
    )
    decimals = contracts.decimals[fill.underlying]
    if decimals != TOKEN_DECIMALS:
        return (encode_take_order_v2(place, _raw(fill, decimals), taker=TAKER),)
    ours = _traded(fill)
    if int(fill.tx, 16) % CLEARED_OF:
        return (encode_take_order_v3(place, ours, taker=TAKER),)
    theirs = OrderTraded(
        order=StandingOrder(owner=TAKER, inputs=ours.order.outputs, outputs=ours.order.inputs, nonce=2),
        received=ours.gave,
        gave=ours.received,
    )
    return encode_clear_v3(place, ours, theirs, sender=TAKER, after_index=fill.log_index + AFTER_CLEARS)


def _traded(fill: ChainFill) -> OrderTraded:
    tokens = RainFloat(coefficient=fill.tokens, exponent=-TOKEN_DECIMALS)
    dollars = RainFloat(coefficient=fill.usdc, exponent=-USDC_DECIMALS)
    received, gave = (tokens, dollars) if fill.sign > 0 else (dollars, tokens)
    return OrderTraded(order=_order(fill), received=received, gave=gave)


def _raw(fill: ChainFill, decimals: int) -> RawTraded:
    tokens = fill.tokens // 10 ** (TOKEN_DECIMALS - decimals)
    received, gave = ((tokens, decimals), (fill.usdc, USDC_DECIMALS))
    if fill.sign < 0:
        received, gave = gave, received
    return RawTraded(
        order=_order(fill),
        received=received[0],
        gave=gave[0],
        received_decimals=received[1],
        gave_decimals=gave[1],
    )


def _order(fill: ChainFill) -> StandingOrder:
    token, dollar = TokenVault(token=token_of(fill.underlying), vault=VAULT), TokenVault(token=DOLLAR, vault=VAULT)
    received, gave = (token, dollar) if fill.sign > 0 else (dollar, token)
    return StandingOrder(owner=address_of(fill.owner), inputs=(received,), outputs=(gave,), nonce=1)


def invented(block: Block, like: ChainFill) -> ChainFill:
    """Returns a fill that never was, in the manner of one that may have been."""
    return msgspec.structs.replace(like, tx=f"0x{'e' * 24}{block.number:040x}", log_index=block.number)
