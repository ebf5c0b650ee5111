"""What a desk holds: its state with its nets valued, worked out once for all answers that tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flatbook.api.answers.thresholds import NO_THRESHOLD, Threshold, Thresholds
from flatbook.api.courtesy import one_by_one
from flatbook.projections.positions import NetLine, net_lines, valued_at_trades
from flatbook.state.desk import State
from flatbook.state.positions import NetKey
from flatbook.values.money import ZERO, Quantity


class Holdings(NamedTuple):
    """A state, and what is read of its nets: their lines, those of grids at their newest executions.

    `stated` says from which net on each hedge is due, None where there is no usable configuration. Units: `in_slots`
    in shares, signed: what quoting strategies hold on purpose.
    """

    state: State
    stated: Thresholds | None
    lines: tuple[NetLine, ...]
    in_slots: Mapping[NetKey, Quantity]

    def threshold(self, key: NetKey) -> Threshold:
        """Returns from which size on a net is hedged."""
        return NO_THRESHOLD if self.stated is None else self.stated.get(key, NO_THRESHOLD)

    def intended(self, key: NetKey) -> Quantity:
        """Returns what the slots of a net hold. Units: shares, signed."""
        return self.in_slots.get(key, Quantity(ZERO))


def holdings_of(state: State, stated: Thresholds | None) -> Holdings:
    """Returns what a desk holds. Needs: it is read before the state is folded on."""
    thresholds = stated or {}
    lines = (
        valued_at_trades(state, line, thresholds.get((line.owner, line.underlying), NO_THRESHOLD).quotes)
        for line in one_by_one(net_lines(state))
    )
    return Holdings(state, stated, tuple(lines), in_slots(state))


def in_slots(state: State) -> dict[NetKey, Quantity]:
    """Returns what quoting strategies hold on purpose: what their slots hold. Units: shares, signed."""
    found: dict[NetKey, Quantity] = {}
    for row in state.positions.rows.values():
        slots = state.slots.get((row.owner, row.instrument))
        if slots is not None:
            key, held = (row.owner, row.underlying), sum((slot.qty for slot in slots.values()), ZERO)
            found[key] = Quantity(found.get(key, ZERO) + held * row.contract_size)
    return found
