"""What an execution of a margined instrument brings into the margin, where its venue does not say."""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.reports import Execution
from flatbook.engine.turn import Turn
from flatbook.state.positions import Entry
from flatbook.values.ids import AccountId
from flatbook.values.instruments import Product
from flatbook.values.money import NUMBER_DECIMALS_MAX, ZERO, Money, cut, divide_cut

_NONE_HELD = Entry()


def realised_by(
    turn: Turn, account: AccountId, execution: Execution, product: Product, contract_size: Decimal
) -> Money | None:
    """Returns what an execution realises: as the venue states it, else the price of what it closes less its entry.

    Units: quote. The entry of a part is its share of the cost of the whole position, cut toward zero to 18 decimals:
    the rest stays with what is left, so that all parts of a position together are exact.
    Gives: None of what is not held in margin.
    """
    if product is Product.SPOT or execution.realised is not None:
        return None if product is Product.SPOT else execution.realised
    entry = turn.state.entries.get((account, execution.instrument), _NONE_HELD)
    sign = execution.side.sign
    if not entry.qty or (entry.qty > ZERO) == (sign > 0):
        return Money(ZERO)
    held = abs(entry.qty)
    closed = min(held, execution.qty)
    cost = entry.cost
    if closed < held:
        cost = Money(divide_cut(entry.cost * closed, held, decimals=NUMBER_DECIMALS_MAX))
    return Money(cut(-sign * closed * contract_size * execution.price - cost, decimals=NUMBER_DECIMALS_MAX))
