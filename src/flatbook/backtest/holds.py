"""Why grids made less orders than they could in a run, from the notes in its journal, in words with what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from flatbook.events.event import Event
from flatbook.events.grid import GridHeld, GridHold
from flatbook.values.ids import InstrumentId, OwnerId

SAYS = {
    GridHold.NO_BOOK: "the book was unfit, or older than book_age_ms_max: try flatbook data doctor TAPE",
    GridHold.HALTED: "a halt, or the risk monitor, stopped it: look at the limits, such as day_loss_usd_max",
    GridHold.STOPPED: "the price left its range: state another range",
    GridHold.LOCKED: "orders of it were turned down: look at the reasons of the rejected orders",
    GridHold.NO_PROFIT: "a cycle would not pay its fees: state a wider step, or lower fees if yours are lower",
    GridHold.BELOW_MINIMUM: "its orders were smaller than the least order: state more for each level",
    GridHold.INVENTORY_FULL: "it held as much as it may: state a larger inventory_max",
    GridHold.NO_FUNDS: "the account could pay for no more: state more cash, or less for each level",
    GridHold.CROSSES_OWN: "it would have met an order of its own: look at its levels",
    GridHold.ORDERS_FULL: "it had as many orders as it may: state a larger orders_max",
}


class HeldGrid(msgspec.Struct, frozen=True, kw_only=True):
    """How often each reason held a grid, most frequent first. `newest` is the last one; None where it ended."""

    owner: OwnerId
    instrument: InstrumentId
    times: Mapping[str, int]
    newest: str | None
    says: str


class Holds:
    """The notes of grids so far."""

    def __init__(self) -> None:
        self._times: dict[tuple[OwnerId, InstrumentId], Counter[GridHold]] = {}
        self._newest: dict[tuple[OwnerId, InstrumentId], GridHold | None] = {}

    def take(self, event: Event) -> None:
        """Takes an event; all but notes of grids say nothing here."""
        if not isinstance(event, GridHeld):
            return
        key = event.owner, event.instrument
        self._newest[key] = event.reason
        if event.reason is not None:
            self._times.setdefault(key, Counter())[event.reason] += 1

    def all(self) -> tuple[HeldGrid, ...]:
        """Returns the grids that were held, told by the newest reason, or the most frequent where that ended."""
        return tuple(self._held(*key) for key in sorted(self._times))

    def _held(self, owner: OwnerId, instrument: InstrumentId) -> HeldGrid:
        times, newest = self._times[owner, instrument], self._newest[owner, instrument]
        ordered = times.most_common()
        return HeldGrid(
            owner=owner,
            instrument=instrument,
            times={reason.value: count for reason, count in ordered},
            newest=None if newest is None else newest.value,
            says=SAYS[newest or ordered[0][0]],
        )


def told_of(held: HeldGrid) -> str:
    """Returns in one sentence why a grid was held."""
    times = ", ".join(f"{reason} {count:,}" for reason, count in held.times.items())
    return f"the grid of {held.owner} on {held.instrument} was held ({times}): {held.says}"


def silence_of(intended: int, held: tuple[HeldGrid, ...]) -> tuple[str, ...]:
    """Returns why a run made no orders; nothing where it made some."""
    if intended:
        return ()
    asked = "no strategy wanted an order, and no grid says why: look at its journal with flatbook events"
    return tuple(told_of(each) for each in held) or (asked,)
