"""The breaker: whether what an owner lost is enough to stop it, until a person has looked.

Source: section B4 of the reference on grid market making, with its lessons K6 and R6.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.state.breakers import BreakerBook
from flatbook.values.money import ZERO, plain


class BreakerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """From when an owner is stopped: so many losing trades in a row, or a total below so much less than zero.

    Units: USD. The drawdown is strict, and counted from the last reset, not from a peak; None: not by this one.
    """

    losses_max: int | None = None
    drawdown_usd_max: Decimal | None = None

    def __post_init__(self) -> None:
        if self.losses_max is None and self.drawdown_usd_max is None:
            raise ValueError("a breaker needs a limit: losses_max, drawdown_usd_max, or both")
        if self.losses_max is not None and self.losses_max < 1:
            raise ValueError("a breaker waits for one loss at least")
        if self.drawdown_usd_max is not None and not self.drawdown_usd_max > ZERO:
            raise ValueError("the drawdown of a breaker must be above zero")


def why_tripped(book: BreakerBook) -> str | None:
    """Returns why an owner must stop, None while it need not. What cannot be valued is not taken for a profit."""
    if book.unvalued:
        return "an execution, a fee or funding cannot be valued in USD: a mark is missing"
    if book.losses_max is not None and book.losses >= book.losses_max:
        return f"{book.losses} losing trades in a row, {book.losses_max} are the limit"
    total = book.total_usd
    if book.drawdown_usd_max is not None and total < -book.drawdown_usd_max:
        return f"{plain(total)} USD since the last reset, {plain(-book.drawdown_usd_max)} are the limit"
    return None
