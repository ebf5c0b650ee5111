"""The slots of quoting strategies: what the orders that name a slot did so far."""

from __future__ import annotations

import msgspec

from flatbook.values.money import Money, Quantity


class SlotHeld(msgspec.Struct, kw_only=True, gc=False):
    """What orders of one slot of a strategy did so far: a fold of their intents and executions.

    Units: qty in contracts, signed, less what a fee took from it; cost in quote, signed, what was paid for the quantity
    that is held. `rejects` counts orders in a row that would have taken liquidity and were therefore turned down.
    `cycles` counts how often the slot went back to nothing; `profit` is what that brought, fees included, in quote.
    """

    qty: Quantity
    cost: Money
    rejects: int = 0
    cycles: int = 0
    profit: Money
