"""Prices of oracles: booked beside the fill, and nothing else follows from them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.engine.inputs import Priced
from flatbook.events.prices import FillPriced, PriceDoubt, PriceSource
from flatbook.values.ids import Underlying
from flatbook.values.instants import Instant, later
from flatbook.values.money import Price
from tests.unit.engine.scene import START, Bench, effects, tags
from tests.unit.state.scene import vault_filled


def priced(**changes: Any) -> FillPriced:
    fill = vault_filled(1, "sell", "2")
    event = FillPriced(
        key=fill.key,
        underlying=Underlying("COIN"),
        oracle="pyth",
        feed="0x" + "c0" * 32,
        price=Price(Decimal("251.25")),
        confidence=Price(Decimal("0.1")),
        published_at=START,
        source=PriceSource.VIEW,
        doubts=(PriceDoubt.STALE,),
        seen_at=START,
    )
    return msgspec.structs.replace(event, **changes)


def test_the_price_of_a_fill_is_booked_and_nothing_is_decided_on_it() -> None:
    bench = Bench().resume()
    bench.fill(1, "sell", "2")
    before = (bench.net, bench.orders())
    done = bench.take(Priced(event=priced()))
    assert (done.events, effects(done), done.dropped) == ((priced(),), [], ())
    assert (bench.net, bench.orders()) == before


def test_a_price_of_a_fill_that_is_not_there_any_more_is_dropped() -> None:
    bench = Bench().resume()
    assert bench.take(Priced(event=priced())).dropped == ("price_of_no_fill",)
    bench.fill(1, "sell", "2")
    other = msgspec.structs.replace(priced().key, block_hash="0xbb")
    assert bench.take(Priced(event=priced(key=other))).dropped == ("price_of_no_fill",)


@pytest.mark.parametrize(
    "changes",
    [
        {"price": Price(Decimal("1E+30"))},
        {"confidence": Price(Decimal("1E-19"))},
        {"published_at": Instant(later(START, seconds=10**8))},
    ],
)
def test_what_cannot_be_is_dropped(changes: dict[str, Any]) -> None:
    bench = Bench().resume()
    bench.fill(1, "sell", "2")
    done = bench.take(Priced(event=priced(**changes)))
    assert (tags(done), done.dropped) == ([], ("price_unsound",))
