"""A run without orders says why, by the notes of its grids."""

from __future__ import annotations

from flatbook.backtest.holds import SAYS, HeldGrid, Holds, silence_of
from flatbook.events.grid import GridHeld, GridHold
from flatbook.values.ids import InstrumentId, OwnerId
from flatbook.values.instants import Instant


def held(*reasons: GridHold | None) -> tuple[HeldGrid, ...]:
    holds = Holds()
    for at, reason in enumerate(reasons):
        holds.take(
            GridHeld(
                owner=OwnerId("grid"), instrument=InstrumentId("BTC-PERP"), reason=reason, decided_at=Instant(at + 1)
            )
        )
    return holds.all()


def test_the_newest_reason_says_what_to_do_and_all_are_counted() -> None:
    (found,) = held(GridHold.NO_BOOK, GridHold.NO_PROFIT, None, GridHold.NO_PROFIT)
    assert (found.times, found.newest) == ({"no_profit": 2, "no_book": 1}, "no_profit")
    (why,) = silence_of(0, (found,))
    assert why == (
        "the grid of grid on BTC-PERP was held (no_profit 2, no_book 1): a cycle would not pay its fees: state a wider"
        " step, or lower fees if yours are lower"
    )


def test_where_the_newest_has_ended_the_most_frequent_says_what_to_do() -> None:
    (found,) = held(GridHold.NO_FUNDS, None, GridHold.NO_FUNDS, GridHold.NO_BOOK, None)
    assert (found.newest, found.says) == (
        None,
        "the account could pay for no more: state more cash, or less for each level",
    )


def test_a_run_with_orders_says_nothing_and_one_without_notes_says_where_to_look() -> None:
    assert silence_of(3, held(GridHold.NO_BOOK)) == ()
    assert silence_of(0, held()) == (
        "no strategy wanted an order, and no grid says why: look at its journal with flatbook events",
    )


def test_every_reason_has_words() -> None:
    assert set(SAYS) == set(GridHold)
