"""How often an actor may ask: one allowance for each lane, so that reading never stands before stopping."""

from __future__ import annotations

from typing import NamedTuple

from flatbook.api.access_scopes import Lane
from flatbook.ops.config_api import ApiSection
from flatbook.values.instants import NS_PER_S, Instant

COUNTED_MAX = 1_024
AS_SHIPPED = ApiSection()


class Allowance(NamedTuple):
    """So many at once, and then one each `every_ns`."""

    burst: int
    every_ns: int


LOGIN = Allowance(burst=5, every_ns=12 * NS_PER_S)
STRANGER = Allowance(burst=100, every_ns=NS_PER_S // 50)


def allowances_of(section: ApiSection) -> dict[Lane, Allowance]:
    """Returns the allowance of each lane as it is configured; those of nobody are fixed."""
    return {
        Lane.READ: Allowance(burst=2 * section.reads_per_s, every_ns=NS_PER_S // section.reads_per_s),
        Lane.COMMAND: Allowance(burst=4 * section.commands_per_s, every_ns=NS_PER_S // section.commands_per_s),
        Lane.STOP: Allowance(burst=3 * section.stops_per_s, every_ns=NS_PER_S // section.stops_per_s),
        Lane.LOGIN: LOGIN,
        Lane.STRANGER: STRANGER,
    }


class Rates:
    """Counts requests by actor and lane. Keeps one instant for each: when its allowance will be whole again."""

    def __init__(self, section: ApiSection = AS_SHIPPED) -> None:
        self._allowances = allowances_of(section)
        self._whole_at: dict[tuple[str, Lane], int] = {}

    def wait_ns(self, actor: str, lane: Lane, now: Instant) -> int:
        """Counts a request and returns 0, or how long to wait where it is one too many and is not counted."""
        burst, every_ns = self._allowances[lane]
        used_up = now + burst * every_ns
        kept = self._whole_at.pop((actor, lane), now)
        if kept > used_up:  # the clock was set back: one passes, for a stop waits for no clock
            kept = used_up - every_ns
        whole_at = max(kept, now) + every_ns
        over_ns = whole_at - used_up
        self._whole_at[actor, lane] = whole_at if over_ns <= 0 else whole_at - every_ns
        if len(self._whole_at) > COUNTED_MAX:
            self._whole_at.pop(next(iter(self._whole_at)))
        return max(over_ns, 0)
