"""What an execution of a margined instrument brings into the margin, where its venue does not say."""

from __future__ import annotations

from decimal import Decimal

from flatbook.engine.reports import Execution
from flatbook.engine.turn import Turn
from flatbook.state.positions import Entry
from flatbook.values.ids import AccountId
from flatbook.values.instruments import Product, Side
from flatbook.values.money import NUMBER_DECIMALS_MAX, ZERO, Money, Price, Quantity, cut, divide_cut

_NOTHING, _BUY = Money(ZERO), Side.BUY


def realised_by(
    turn: Turn, account: AccountId, execution: Execution, product: Product, contract_size: Decimal
) -> Money | None:
    """Returns what an execution realises: as the venue states it, else the price of what it closes less its entry.

    Units: quote. The entry of a part is its share of the cost of the whole position, cut toward zero to as many
    decimals as its venue keeps cash with: the rest stays with what is left, so that all parts of a position together
    are exact.
    Gives: None of what is not held in margin.
    """
    if product is Product.SPOT or execution.realised is not None:
        return None if product is Product.SPOT else execution.realised
    entry, card = turn.state.entries.get((account, execution.instrument)), turn.rules.cards.get(account)
    decimals = None if card is None else card.cash_decimals
    return realised_from(entry, execution.side, execution.qty, execution.price, contract_size, decimals)


def realised_from(
    entry: Entry | None,
    side: Side,
    qty: Quantity,
    price: Price,
    contract_size: Decimal,
    cash_decimals: int | None = None,
) -> Money:
    """Returns what an execution realises against what its account entered at: nothing where it only adds.

    Units: contracts; quote per base; quote. `cash_decimals` is None where nobody says with how many cash is kept.
    """
    decimals = NUMBER_DECIMALS_MAX if cash_decimals is None else cash_decimals
    is_buy = side is _BUY
    if entry is None or not entry.qty or (entry.qty > ZERO) == is_buy:
        return _NOTHING
    held = abs(entry.qty)
    closed, cost = qty, entry.cost
    if qty < held:
        cost = Money(divide_cut(cost * qty, held, decimals=decimals))
    else:
        closed = Quantity(held)
    worth = closed * contract_size * price
    return Money(cut((-worth if is_buy else worth) - cost, decimals=NUMBER_DECIMALS_MAX))
