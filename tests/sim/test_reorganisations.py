"""A fill whose block is replaced, at every depth that a desk may be told to wait for."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from flatbook.events.chain import FillReversed, VaultFilled
from flatbook.events.control import AlertName, AlertRaised
from flatbook.events.orders import OrderFilled
from tests.sim.composed import (
    Fill,
    account,
    empty_block,
    minute,
    nets,
    owner,
    play,
    replaced_block,
    shares_at,
    write_home,
)
from tests.unit.cli.scene import call

END = minute(40)
SECTIONS = (account("paper"), owner("desk", at="paper"))
FILLS = (Fill(minute(2), "desk", "sell", "3"), Fill(minute(20), "desk", "sell", "2"))
# The block of the first fill is replaced at minute six, by when it is 120 blocks deep.
BLOCKS = (
    empty_block(minute(3)),
    empty_block(minute(4)),
    replaced_block(minute(2), by=minute(6)),
    empty_block(minute(30)),
)


@pytest.mark.parametrize("lag_blocks", [0, 25, 55])
def test_what_was_hedged_before_its_block_was_replaced_is_hedged_back(tmp_path: Path, lag_blocks: int) -> None:
    loaded = write_home(tmp_path, SECTIONS, FILLS, blocks=BLOCKS, lag_blocks=lag_blocks)
    played = play(loaded)
    assert [event.side.value for event in played.events if isinstance(event, OrderFilled)] == ["buy", "sell", "buy"]
    assert [event.shares for event in played.events if isinstance(event, FillReversed)] == [Decimal(3)]
    alerts = [event.name for event in played.events if isinstance(event, AlertRaised)]
    assert alerts == [AlertName.FILL_REVERSED]
    assert nets(loaded) == {"desk": Decimal(0)}
    assert shares_at(loaded, "paper", END) == Decimal(102)
    body = call("pnl", "--json", "--home", str(tmp_path)).body()
    assert (Decimal(body["total"]["net_usd"]), body["ledger"]["agrees_with_pnl"]) == (Decimal(2), True)
    assert call("status", "--exit-code", "--home", str(tmp_path)).code == 0


def test_waiting_deeper_than_the_reorganisation_nothing_is_hedged_that_did_not_stay(tmp_path: Path) -> None:
    loaded = write_home(tmp_path, SECTIONS, FILLS, blocks=BLOCKS, lag_blocks=120)
    played = play(loaded)
    assert [event.shares for event in played.events if isinstance(event, VaultFilled)] == [Decimal(2)]
    assert [event.side.value for event in played.events if isinstance(event, OrderFilled)] == ["buy"]
    assert not [event for event in played.events if isinstance(event, FillReversed)]
    assert shares_at(loaded, "paper", END) == Decimal(102)
