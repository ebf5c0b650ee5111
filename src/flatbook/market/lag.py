"""How old what a venue tells is when it is heard: older than it looks by what it took beyond the fastest of late.

A venue's clock and ours stand apart by an unknown bit, and each message is some time under way. The least that any
message took in the last minutes holds both; what one takes beyond it, it has been late for.
"""

from __future__ import annotations

from flatbook.values.instants import NS_PER_S, Instant

WINDOW_NS = 300 * NS_PER_S
LEAP_NS = 60 * NS_PER_S
_FAR = 2**62


class Lag:
    """The least that messages of one connection took, of the last five to ten minutes.

    A clock of ours that steps forward makes all look late for so long; one message that a venue dates ahead by more
    than a minute is not believed.
    """

    def __init__(self) -> None:
        self._least = self._before = _FAR
        self._until = Instant(0)

    def late_ns(self, now: Instant, happened_at: int) -> int:
        """Returns by how much later something is heard than the fastest would have been.

        Units: `happened_at` in ns by the venue's clock, 0 where it does not say: that is as new as it is heard.
        """
        if not happened_at:
            return 0
        took = now - happened_at
        if now >= self._until:
            self._before, self._least, self._until = self._least, took, Instant(now + WINDOW_NS)
        least = min(self._before, self._least)
        if took < least:
            if least - took > LEAP_NS:
                return 0
            self._least = least = took
        return took - least
