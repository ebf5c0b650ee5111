"""What the answer of `status` says of grids, and when a net is flat."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.api.answers.status import HeldGridBody, held_grids_of, is_flat, open_usd_of
from flatbook.api.answers.thresholds import Threshold
from flatbook.events.grid import GridHold
from flatbook.projections.positions import NetLine
from flatbook.state.desk import State
from flatbook.state.exposure import Exposure
from flatbook.state.grid import GridMemory
from flatbook.values.ids import InstrumentId, OwnerId, Underlying
from flatbook.values.money import ZERO, Money, Price, Quantity

ONE = Quantity(Decimal(1))
FROM_ONE = Threshold(shares=Decimal(1))


def net_of(net: str, *, held: str = "0", price: str | None = "250", **may: Quantity) -> NetLine:
    """Returns a net that is worth something, or of which nobody knows what."""
    nothing: dict[str, Any] = dict.fromkeys(("may_buy", "may_sell", "unknown_buy", "unknown_sell"), Quantity(ZERO))
    return NetLine(
        owner=OwnerId("desk"),
        underlying=Underlying("COIN"),
        exposure=Exposure(net=Quantity(Decimal(net)), **(nothing | may)),
        held=Quantity(Decimal(held)),
        unvalued=Quantity(ZERO),
        provisional=Quantity(ZERO),
        price=None if price is None else Price(Decimal(price)),
        price_from=None,
        price_at=None,
        usd=None,
        hold=None,
        positions=(),
    )


@pytest.mark.parametrize(
    ("line", "threshold", "flat"),
    [
        (net_of("0.99"), FROM_ONE, True),
        (net_of("-1"), FROM_ONE, False),
        (net_of("0"), Threshold(), True),
        (net_of("0.01"), Threshold(), False),
        (net_of("0", may_buy=ONE), FROM_ONE, False),
        (net_of("0", may_sell=ONE), FROM_ONE, False),
        (net_of("0", held="1"), FROM_ONE, False),
        (net_of("5", held="1"), Threshold(on_purpose=True), True),
        (net_of("0.39"), Threshold(usd=Decimal(100)), True),
        (net_of("0.4"), Threshold(usd=Decimal(100)), False),
        (net_of("0.0001", price=None), Threshold(usd=Decimal(100)), False),
        (net_of("0.4"), Threshold(shares=Decimal(1), usd=Decimal(100)), False),
    ],
)
def test_a_net_is_flat_below_its_threshold_with_nothing_held_and_nothing_that_may_fill(
    line: NetLine, threshold: Threshold, flat: bool
) -> None:
    assert is_flat(line, threshold) is flat


@pytest.mark.parametrize(("net", "flat"), [("3", True), ("2.99", False), ("-3", False)])
def test_a_net_that_is_quoted_is_flat_when_it_is_what_its_slots_hold(net: str, flat: bool) -> None:
    assert is_flat(net_of(net, may_buy=ONE), Threshold(in_slots=True), Decimal(3)) is flat


def test_what_is_open_is_unknown_where_none_of_it_has_a_price() -> None:
    worth = msgspec.structs.replace(net_of("-2"), usd=Money(Decimal(-500)))
    nothing = net_of("0", price=None)
    assert open_usd_of([net_of("0.06", price=None), nothing]) is None
    assert open_usd_of([net_of("0.06", price=None), worth]) == "500"
    assert open_usd_of([worth, nothing]) == "500"
    assert open_usd_of([nothing]) == open_usd_of([]) == "0"


def test_a_grid_that_is_held_is_named_with_its_reason_and_another_is_not() -> None:
    state = State()
    state.notes[OwnerId("maker"), InstrumentId("BTC@x")] = GridMemory(hold=GridHold.NO_PROFIT)
    state.notes[OwnerId("other"), InstrumentId("ETH@x")] = GridMemory()
    assert held_grids_of(state) == (HeldGridBody(owner="maker", instrument="BTC@x", reason="no_profit"),)
