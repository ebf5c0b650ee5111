"""What an oracle said of fills, and how far they lie from it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.events.event import Event
from flatbook.projections.fold import Recorded
from flatbook.projections.oracle import PricedFills, deviation_bps
from flatbook.projections.timeline import Story, why
from flatbook.values.ids import Seq
from tests.unit.engine.test_take_prices import priced
from tests.unit.projections.scene import reversal, rows_of
from tests.unit.state.scene import at, vault_filled


def folded(*events: Event) -> PricedFills:
    found = PricedFills()
    for number, event in enumerate(events, 1):
        found.apply(Recorded(seq=Seq(number), at=at(0), event=event))
    return found


def test_a_fill_is_found_by_its_transaction_and_has_its_newest_price() -> None:
    fill = vault_filled(1, "sell", "2")
    found = folded(fill, priced(), priced(price=Decimal(260)))
    assert [each for _, each in found.of_tx(fill.key.tx[:20].upper().replace("X", "x"))] == [fill]
    assert [each.price for each in found.prices.values()] == [Decimal(260)]


def test_the_price_of_a_fill_stands_in_its_story() -> None:
    fill = vault_filled(1, "sell", "2")
    told = why(lambda _after: rows_of((fill, priced())), fill.key.tx)
    assert isinstance(told, Story)
    assert [line.what for line in told.lines] == ["vault_filled", "fill_priced"]
    assert told.lines[1].fields["price"] == "251.25"


def test_a_reversed_fill_is_gone_with_its_price() -> None:
    fill = vault_filled(1, "sell", "2")
    found = folded(fill, priced(), reversal(fill))
    assert (found.fills, found.prices) == ({}, {})


@pytest.mark.parametrize(
    ("execution", "oracle", "apart"),
    [("251", "250", "40"), ("249.9", "250", "-4"), ("100.001", "300", "-6666.63"), ("1", "0", None), ("1", "-5", None)],
)
def test_a_deviation_is_above_zero_when_the_execution_lies_above(
    execution: str, oracle: str, apart: str | None
) -> None:
    found = deviation_bps(Decimal(execution), Decimal(oracle))
    assert found == (None if apart is None else Decimal(apart))
