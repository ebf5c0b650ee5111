"""Exposure is the worst case over all that may still execute."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events import orders as ev
from flatbook.state.exposure import exposure_of
from flatbook.state.fold import apply
from flatbook.values.ids import UNASSIGNED, OwnerId, VenueOrderId
from flatbook.values.instruments import Side
from tests.unit.state.scene import (
    COIN,
    KEY,
    PAPER,
    STOCK,
    accepted,
    at,
    executed,
    folded,
    foreign,
    intended,
    qty,
    these,
    unknown,
    vault_filled,
)


def foreign_order(side: str, size: str, filled: str = "0", *, working: bool = True) -> ev.ForeignOrderSeen:
    return ev.ForeignOrderSeen(
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        venue_order_id=VenueOrderId("F-1"),
        side=Side(side),
        qty=qty(size),
        filled_qty=qty(filled),
        contract_size=Decimal(1),
        open=working,
        seen_at=at(1),
    )


def test_both_ends_count_all_that_may_still_trade() -> None:
    state = folded(
        [
            vault_filled(1, "sell", "10"),
            intended("buy", "6"),
            accepted(),
            executed("2"),
            intended("buy", "4", "fb2"),
            unknown(order_id="fb2"),
            intended("sell", "3", "fb3"),
        ]
    )
    exposure = exposure_of(state, KEY)
    assert (exposure.net, exposure.may_buy, exposure.may_sell) == these("-8 8 3")
    assert (exposure.unknown_buy, exposure.unknown_sell) == these("4 0")
    assert (exposure.lowest, exposure.highest, exposure.worst) == these("-11 0 11")


def test_another_owner_on_the_same_account_is_left_out() -> None:
    state = folded([intended("buy", "6", owner=OwnerId("other"))])
    assert exposure_of(state, KEY).worst == 0
    assert exposure_of(state, (OwnerId("other"), COIN)).may_buy == 6


def test_an_order_that_is_not_ours_counts_as_exposure_of_nobody_while_it_works() -> None:
    state = folded([foreign("2"), foreign_order("sell", "5", "1")])
    exposure = exposure_of(state, (UNASSIGNED, COIN))
    assert (exposure.net, exposure.may_sell, exposure.lowest) == these("-2 4 -6")
    assert exposure_of(state, KEY).worst == 0
    apply(state, foreign_order("sell", "5", "1", working=False))
    assert exposure_of(state, (UNASSIGNED, COIN)).may_sell == 0
