"""What each execution that closed something brought: matched first in, first out, after the fees of both its ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from flatbook.backtest.attribution import Execution
from flatbook.values.ids import AssetId, InstrumentId
from flatbook.values.money import ZERO


class _Lot(msgspec.Struct, kw_only=True):
    """What is left of an execution that opened. Units: qty in contracts, signed; price and fees in quote."""

    qty: Decimal
    price: Decimal
    fees: float

    def give(self, taken: Decimal) -> float:
        """Takes some of it out, with its share of the fees, and returns that share."""
        share = self.fees * float(taken) / float(self.qty)
        self.qty, self.fees = self.qty - taken, self.fees - share
        return share


def results_of(executions: Sequence[Execution], usd: Mapping[AssetId, float]) -> list[float]:
    """Returns what each execution that closed something brought, in order.

    Where one closes and opens the other way, its fee is shared by quantity. Units: USD; `usd` is what quotes are worth.
    """
    lots: dict[InstrumentId, deque[_Lot]] = {}
    results = []
    for each in executions:
        own = _Lot(qty=each.kept, price=each.price, fees=float(each.fees))
        result, closed = _closed_by(own, lots.setdefault(each.instrument, deque()), each.contract_size)
        if closed:
            results.append(result * usd[each.quote])
    return results


def _closed_by(own: _Lot, open_lots: deque[_Lot], contract_size: Decimal) -> tuple[float, bool]:
    """Closes what an execution closes and keeps what it opens; returns the result, and whether anything was closed."""
    gained, fees, closed = ZERO, 0.0, False
    while own.qty and open_lots and (open_lots[0].qty > 0) != (own.qty > 0):
        lot = open_lots[0]
        taken = min(abs(lot.qty), abs(own.qty)).copy_sign(lot.qty)
        gained += taken * (own.price - lot.price) * contract_size
        fees += lot.give(taken) + own.give(-taken)
        closed = True
        if not lot.qty:
            open_lots.popleft()
    if own.qty:
        open_lots.append(own)
    return float(gained) - fees, closed
