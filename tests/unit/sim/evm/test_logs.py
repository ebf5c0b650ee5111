"""Fills of a simulated chain as logs: what the production parser reads of them is what they are."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.events.chain import VaultFilled
from flatbook.sim.evm.logs import logs_of
from flatbook.sim.world.chain import Block
from flatbook.values.instants import NS_PER_S
from flatbook.venues.raindex.booking import BlockFacts
from flatbook.venues.raindex.parse import parse_block
from tests.unit.sim.evm.scene import START, contracts, fill

BLOCK = Block(7, "0x" + "ab" * 32, "0x" + "aa" * 32, START, ())


@pytest.mark.parametrize(
    ("number", "decimals", "kind"),
    [(1, 18, "take_order_v3"), (4, 18, "clear_v3:alice"), (1, 8, "take_order_v2"), (4, 6, "take_order_v2")],
)
@pytest.mark.parametrize(("sign", "side"), [(1, "buy"), (-1, "sell")])
def test_a_fill_is_read_as_it_is(number: int, decimals: int, kind: str, sign: int, side: str) -> None:
    known = contracts(COIN=decimals)
    logs = logs_of(BLOCK, (fill(number, sign=sign, shares=3),), known)
    facts = BlockFacts(
        number=7,
        hash=BLOCK.block_hash,
        at=START,
        ratios={known.config().tokens[0].address: Decimal(2)},
        ratios_before={},
        symbols={},
        receipts={},
    )
    (event,) = parse_block(logs, facts, known.config(), seen_at=START).events
    assert isinstance(event, VaultFilled)
    assert (event.kind, event.side.value, event.owner, event.account) == (kind, side, "desk", "base:vault")
    assert (event.token_amount, event.usdc_amount, event.shares, event.price) == (3, 750, 6, 125)
    assert (event.key.tx, event.key.log_index) == (f"0x{number:064x}", number)


def test_logs_of_a_block_are_in_their_order_and_say_when_it_was_made() -> None:
    logs = logs_of(BLOCK, (fill(9), fill(2), fill(4)), contracts())
    assert [int(str(log["logIndex"]), 16) for log in logs] == [2, 4, 9, 1_000_004]
    assert {str(log["blockTimestamp"]): None for log in logs} == {hex(START // NS_PER_S): None}
