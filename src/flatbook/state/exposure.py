"""Exposure as the worst case: what the net would be if every open or unknown order filled in full, or not at all.

Orders that are not ours count under the unassigned owner, as their executions will.
"""

from __future__ import annotations

import msgspec

from flatbook.state.desk import State
from flatbook.state.orders import Status
from flatbook.state.positions import NetKey
from flatbook.values.ids import UNASSIGNED
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Quantity


class Exposure(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The net of an (owner, underlying) and what may still happen to it.

    Units: shares; net signed, the others unsigned. `unknown_*` is the part of `may_*` whose order is unknown.
    """

    net: Quantity
    may_buy: Quantity
    may_sell: Quantity
    unknown_buy: Quantity
    unknown_sell: Quantity

    @property
    def lowest(self) -> Quantity:
        """The net if all that may still sell sells and nothing buys."""
        return Quantity(self.net - self.may_sell)

    @property
    def highest(self) -> Quantity:
        """The net if all that may still buy buys and nothing sells."""
        return Quantity(self.net + self.may_buy)

    @property
    def worst(self) -> Quantity:
        """The larger absolute value of both ends."""
        return Quantity(max(abs(self.lowest), abs(self.highest)))


def exposure_of(state: State, key: NetKey) -> Exposure:
    """Returns the exposure of an (owner, underlying), orders of other owners on the same account left out.

    Units: shares.
    """
    net = state.positions.nets.get(key)
    sums = {(side, unknown): ZERO for side in Side for unknown in (False, True)}
    for order in state.orders_owing(key):
        sums[order.side, order.status is Status.UNKNOWN] += order.leaves * order.contract_size
    if key[0] == UNASSIGNED:
        for foreign in state.foreign_orders.values():
            if foreign.underlying == key[1]:
                sums[foreign.side, False] += foreign.leaves * foreign.contract_size
    return Exposure(
        net=net.known if net is not None else Quantity(ZERO),
        may_buy=Quantity(sums[Side.BUY, False] + sums[Side.BUY, True]),
        may_sell=Quantity(sums[Side.SELL, False] + sums[Side.SELL, True]),
        unknown_buy=Quantity(sums[Side.BUY, True]),
        unknown_sell=Quantity(sums[Side.SELL, True]),
    )
