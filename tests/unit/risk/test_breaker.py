"""When a breaker trips."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.risk.breaker import BreakerLimits, why_tripped
from flatbook.state.breakers import BreakerBook


def book(losses: int = 0, total: str = "0", *, losses_max: int | None = 3, drawdown: str | None = "100") -> BreakerBook:
    limit = None if drawdown is None else Decimal(drawdown)
    return BreakerBook(losses_max=losses_max, drawdown_usd_max=limit, losses=losses, paid_usd=Decimal(total))


def test_so_many_losses_in_a_row_trip_it() -> None:
    assert why_tripped(book(2)) is None
    assert why_tripped(book(3)) == "3 losing trades in a row, 3 are the limit"
    assert why_tripped(book(9, losses_max=None)) is None


def test_the_drawdown_is_strict() -> None:
    assert why_tripped(book(total="-100")) is None
    assert why_tripped(book(total="-100.01")) == "-100.01 USD since the last reset, -100 are the limit"
    assert why_tripped(book(total="-1000", drawdown=None)) is None


def test_what_cannot_be_valued_trips_it() -> None:
    unvalued = book()
    unvalued.unvalued = True
    assert why_tripped(unvalued) == "an execution, a fee or funding cannot be valued in USD: a mark is missing"


@pytest.mark.parametrize(("losses_max", "drawdown"), [(None, None), (0, None), (None, Decimal(0)), (3, Decimal(-1))])
def test_limits_that_limit_nothing_are_refused(losses_max: int | None, drawdown: Decimal | None) -> None:
    with pytest.raises(ValueError, match="breaker"):
        BreakerLimits(losses_max=losses_max, drawdown_usd_max=drawdown)
