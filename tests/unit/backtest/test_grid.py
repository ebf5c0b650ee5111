"""Between ticks of a tape and exact prices of a desk."""

from __future__ import annotations

from decimal import Decimal

from benchmarks.peer_seat import instrument_of
from flatbook.backtest.grid import KEPT_MAX, Steps
from tests.unit.backtest.test_run import tape_of


def steps() -> Steps:
    """Returns the steps of the first instrument of the peers' tape."""
    tape = tape_of(0.001)
    return Steps(0, tape.head.instruments[0], instrument_of(tape, 0))


def test_a_price_is_one_object_and_known_again_by_itself() -> None:
    found = steps()
    price = found.price(12_345)
    assert str(price) == "1234.5"
    assert found.price(12_345) is price
    assert found.ticks_of[id(price)] == 12_345


def test_prices_beyond_the_bound_are_forgotten_with_their_identities() -> None:
    found = steps()
    kept = [found.price(ticks) for ticks in range(1, KEPT_MAX + 2)]
    assert found.prices == {KEPT_MAX + 1: kept[-1]}
    assert found.ticks_of == {id(kept[-1]): KEPT_MAX + 1}
    assert found.ticks(Decimal("0.5")) == 5
