"""Whether the coins of an account moved between two statements: by their totals, for orders that rest lock some."""

from __future__ import annotations

from flatbook.engine.reports import Balance, Holding
from flatbook.values.money import Quantity

Totals = tuple[tuple[str, Quantity], ...]


def totals_of(holdings: tuple[Holding, ...], balances: tuple[Balance, ...]) -> Totals:
    """Returns how much is held of each coin. Units: units of the coin; contracts of an instrument."""
    held = ((str(each.instrument), each.qty) for each in holdings)
    return (*held, *((str(each.asset), each.total) for each in balances))
