"""The trades of a recorded pool as a chain would show them if the pool were our vault: Raindex logs in blocks."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from flatbook.sim.chance import digest
from flatbook.sim.tapes.demo_chain import ORDER_BOOK, our_trade
from flatbook.sim.tapes.pool import BLOCK_S, GENESIS_S
from flatbook.sim.tapes.pool_flow import PoolState, PoolTrade, trades_of
from flatbook.sim.tapes.raindex_logs import LogPlace, encode_take_order_v3

SEED = "flatbook replay"
LOG_INDEX = 11


def write_pool_chain(states: Sequence[PoolState], path: Path) -> None:
    """Writes a packed recording: a block for every state, and in it the log of the trade that it shows.

    Errors: OSError when the file cannot be written.
    """
    path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in _lines(states)), mtime=0))


def _lines(states: Sequence[PoolState]) -> Iterator[bytes]:
    trades = {trade.block: trade for trade in trades_of(states)}
    for state in states:
        yield msgspec.json.encode(_block(state.sample.block, trades.get(state.sample.block)))


def _block(number: int, trade: PoolTrade | None) -> dict[str, object]:
    return {
        "number": number,
        "hash": _hash("block", number),
        "parent_hash": _hash("block", number - 1),
        "timestamp": GENESIS_S + BLOCK_S * number,
        "logs": [] if trade is None else [_log(trade)],
    }


def _log(trade: PoolTrade) -> dict[str, object]:
    place = LogPlace(
        address=ORDER_BOOK,
        tx=_hash("transaction", trade.block),
        log_index=LOG_INDEX,
        block=trade.block,
        block_hash=_hash("block", trade.block),
    )
    traded = our_trade(trade.side, trade.tokens, trade.usdc)
    return encode_take_order_v3(place, traded, taker="0x" + digest(SEED, "taker").hex()[:40])


def _hash(what: str, number: int) -> str:
    return "0x" + digest(SEED, what, str(number)).hex()
