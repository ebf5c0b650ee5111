"""The demo's fills as the chain would show them: Raindex logs, byte for byte, in recorded blocks."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import msgspec

from flatbook.sim.chance import digest
from flatbook.sim.tapes.demo_tape import (
    ORPHAN_SHOWN_S,
    DemoFill,
    DemoTape,
    block_hash,
    shown_blocks,
    tx_of,
)
from flatbook.sim.tapes.pool import BLOCK_S, GENESIS_S
from flatbook.sim.tapes.raindex_logs import (
    LogPlace,
    OrderTraded,
    StandingOrder,
    TokenVault,
    encode_clear_v3,
    encode_take_order_v3,
)
from flatbook.values.instruments import Side
from flatbook.values.money import scaled_integer, significant_decimals
from flatbook.venues.raindex.rain_float import RainFloat

# Order book, USDC and wtCOIN as deployed on Base; owner and takers are made up.
ORDER_BOOK = "0xe522cb4a5fcb2eb31a52ff41a4653d85a4fd7c9d"
USDC = "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913"
WTCOIN = "0x5cda0e1ca4ce2af96315f7f8963c85399c172204"
OUR_OWNER = "0x" + digest("flatbook demo", "owner", "ours").hex()[:40]

VAULT_ID = 0xFAB


def chain_lines(tape: DemoTape) -> Iterator[bytes]:
    """Yields the demo's chain as lines of a recording, one block each."""
    for number, branch, fills in shown_blocks(tape):
        yield msgspec.json.encode(_block(tape, number, branch, fills))


def write_chain(tape: DemoTape, path: Path) -> None:
    """Writes the demo's chain as a packed recording.

    Errors: OSError when the file cannot be written.
    """
    path.write_bytes(gzip.compress(b"".join(line + b"\n" for line in chain_lines(tape)), mtime=0))


def _block(tape: DemoTape, number: int, branch: int, fills: tuple[DemoFill, ...]) -> dict[str, object]:
    place = LogPlace(address=ORDER_BOOK, tx="", log_index=0, block=number, block_hash="")
    place = msgspec.structs.replace(place, block_hash=block_hash(tape, number, branch=branch))
    mined_at = GENESIS_S + BLOCK_S * number
    block: dict[str, object] = {
        "number": number,
        "hash": place.block_hash,
        "parent_hash": block_hash(tape, number - 1),
        "timestamp": mined_at,
        "logs": [log for fill in fills for log in logs_of(tape, fill, place)],
    }
    if branch == 0 and any(fill.is_orphan and fill.block == number for fill in tape.fills):
        block["shown_at"] = mined_at + ORPHAN_SHOWN_S
    return block


def logs_of(tape: DemoTape, fill: DemoFill, place: LogPlace) -> tuple[dict[str, object], ...]:
    """Returns the logs of a fill: a TakeOrderV3, or a ClearV3 with its AfterClearV2."""
    place = msgspec.structs.replace(place, tx=tx_of(tape, fill), log_index=fill.log_index)
    ours = _ours(fill)
    stranger = _address(tape, "taker", fill.number)
    if not fill.is_clear:
        return (encode_take_order_v3(place, ours, taker=stranger),)
    theirs = _order_of(stranger, received=ours.order.outputs[0].token, gave=ours.order.inputs[0].token)
    other = OrderTraded(order=theirs, received=ours.gave, gave=ours.received)
    sender = _address(tape, "clearer", fill.number)
    alice, bob = (ours, other) if fill.number % 16 else (other, ours)
    return encode_clear_v3(place, alice, bob, sender=sender)


def _ours(fill: DemoFill) -> OrderTraded:
    return our_trade(fill.side, fill.tokens, fill.usdc)


def our_trade(side: Side, tokens_amount: Decimal, usdc_amount: Decimal) -> OrderTraded:
    """Returns what an order of ours traded: with side buy our vault received the tokens and gave USDC."""
    tokens, usdc = _rain_float(tokens_amount), _rain_float(usdc_amount)
    if side is Side.BUY:
        return OrderTraded(order=_order_of(OUR_OWNER, received=WTCOIN, gave=USDC), received=tokens, gave=usdc)
    return OrderTraded(order=_order_of(OUR_OWNER, received=USDC, gave=WTCOIN), received=usdc, gave=tokens)


def _order_of(owner: str, *, received: str, gave: str) -> StandingOrder:
    side = int.from_bytes(digest(owner, received, gave)[:8], "big")
    return StandingOrder(
        owner=owner,
        inputs=(TokenVault(token=received, vault=VAULT_ID),),
        outputs=(TokenVault(token=gave, vault=VAULT_ID),),
        nonce=side,
    )


def _address(tape: DemoTape, name: str, number: int) -> str:
    return "0x" + digest(tape.seed, name, str(number)).hex()[:40]


def _rain_float(amount: Decimal) -> RainFloat:
    decimals = significant_decimals(amount)
    return RainFloat(coefficient=scaled_integer(amount, decimals=decimals), exponent=-decimals)
