"""The results of owners that have a breaker: what they made since it was last reset, and how many trades lost in a row.

It is fed by the fold of every execution and of what a venue books, so that no caller can forget it.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.values.ids import InstrumentId
from flatbook.values.money import NUMBER_DECIMALS_MAX, ZERO, divide_cut


class BreakerRow(msgspec.Struct, kw_only=True, gc=False):
    """What an owner traded of one instrument since the reset.

    Units: qty in base (underlying), signed, of the whole position; cash in USD, signed, fees included; cost in USD,
    signed like the quantity, what the position was entered at; price in USD per base, of the newest execution.
    """

    qty: Decimal
    cash_usd: Decimal
    cost_usd: Decimal
    price_usd: Decimal

    @property
    def total_usd(self) -> Decimal:
        """What the instrument made since the reset, the position valued at the newest execution."""
        return self.cash_usd + self.qty * self.price_usd


class BreakerBook(msgspec.Struct, kw_only=True):
    """The breaker of one owner: its limits, and what it counts.

    Units: USD. `losses` counts trades in a row that closed something at a loss, fees included: all executions of one
    order that follow each other are one trade, `trade` names the present one, `trade_usd` is its result and
    `losses_before` what was counted before it. `paid_usd` is what the venue paid or charged besides executions.
    `unvalued` is true once an execution, a fee or funding could not be valued.
    """

    losses_max: int | None
    drawdown_usd_max: Decimal | None
    losses: int = 0
    losses_before: int = 0
    trade: str = ""
    trade_usd: Decimal = ZERO
    paid_usd: Decimal = ZERO
    unvalued: bool = False
    rows: dict[InstrumentId, BreakerRow] = {}

    @property
    def total_usd(self) -> Decimal:
        """What the owner made since the reset."""
        return self.paid_usd + sum((row.total_usd for row in self.rows.values()), ZERO)


class Traded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One execution as a breaker sees it.

    Units: qty in base, signed; cash in USD, signed, fees included, None when it cannot be valued; price in USD per
    base; `before` is the position that the owner had before it, in base.
    """

    instrument: InstrumentId
    trade: str
    qty: Decimal
    cash_usd: Decimal | None
    price_usd: Decimal
    before: Decimal


def book_traded(book: BreakerBook, traded: Traded) -> None:
    """Adds an execution to a breaker. A position that it finds counts from the price of its first execution on."""
    if traded.cash_usd is None:
        book.unvalued = True
        return
    qty, price = traded.qty, traded.price_usd
    row = book.rows.get(traded.instrument)
    if row is None:
        worth = traded.before * price
        row = book.rows[traded.instrument] = BreakerRow(
            qty=traded.before, cash_usd=-worth, cost_usd=worth, price_usd=price
        )
    fees = -(traded.cash_usd + qty * price)
    closed = min(abs(qty), abs(row.qty)) if row.qty * qty < ZERO else ZERO
    if closed:
        sign = 1 if row.qty > ZERO else -1
        part = _share_of(row.cost_usd, closed, abs(row.qty))
        _count(book, traded.trade, sign * closed * price - part - fees)
        row.cost_usd += -part + (sign * closed + qty) * price
    else:
        row.cost_usd += qty * price
    row.qty += qty
    row.cash_usd += traded.cash_usd
    row.price_usd = price


def _share_of(cost: Decimal, closed: Decimal, held: Decimal) -> Decimal:
    """Returns the part of a cost that belongs to what was closed; all of it exactly when all is closed."""
    return cost if closed == held else divide_cut(cost * closed, held, decimals=NUMBER_DECIMALS_MAX)


def _count(book: BreakerBook, trade: str, result: Decimal) -> None:
    if trade != book.trade:
        book.trade, book.trade_usd, book.losses_before = trade, ZERO, book.losses
    book.trade_usd += result
    book.losses = book.losses_before + 1 if book.trade_usd < ZERO else 0


def reset_breaker(book: BreakerBook) -> None:
    """Begins to count anew: positions go on from the price of their newest execution."""
    book.losses = book.losses_before = 0
    book.trade, book.trade_usd, book.paid_usd, book.unvalued = "", ZERO, ZERO, False
    book.rows = {name: row for name, row in book.rows.items() if row.qty}
    for row in book.rows.values():
        row.cash_usd = -row.qty * row.price_usd
