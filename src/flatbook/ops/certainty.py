"""What waiting for certainty costs: how far behind the tags of each node are, and what exposure that adds up to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from flatbook.engine.ports import LagSource, TagLag
from flatbook.events.chain import VaultFilled
from flatbook.values.instants import NS_PER_S

if TYPE_CHECKING:
    from flatbook.engine.run import Committed, Engine

SEEN = "seen"


class Certainty:
    """Adds up exposure seconds: shares of fills times seconds, as they were seen, and had they waited for a tag.

    Units: share-seconds, by underlying and tag; `seen` is what really passed until a fill was seen.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.share_seconds: dict[tuple[str, str], float] = {}

    def on_commit(self, committed: Committed) -> None:
        """Adds the fills of a commit; a listener of the engine."""
        for event in committed.events:
            if isinstance(event, VaultFilled):
                self._add(event)

    def _add(self, event: VaultFilled) -> None:
        shares = float(event.shares)
        waits = {SEEN: max(0, event.seen_at - event.happened_at) / NS_PER_S}
        for lag in self.lags():
            if self._engine.parts.rules.chains.get(lag.source) == event.key.chain:
                waits[lag.tag] = max(float(lag.seconds), waits.get(lag.tag, 0.0))
        for tag, seconds in waits.items():
            key = (str(event.underlying), tag)
            self.share_seconds[key] = self.share_seconds.get(key, 0.0) + shares * seconds

    def lags(self) -> Iterator[TagLag]:
        """Yields what the sources of the engine measured last."""
        for source in self._engine.parts.sources:
            if isinstance(source, LagSource):
                yield from source.lags

    def body(self) -> list[dict[str, Any]]:
        """Returns the lags as programs read them, each with the exposure seconds that its tag would have cost."""
        sums: dict[str, float] = {}
        for (_, tag), share_seconds in self.share_seconds.items():
            sums[tag] = sums.get(tag, 0.0) + share_seconds
        return [
            {
                "source": lag.source,
                "node": lag.node,
                "tag": lag.tag,
                "blocks": lag.blocks,
                "seconds": lag.seconds,
                "share_seconds": f"{sums.get(lag.tag, 0.0):.3f}",
            }
            for lag in self.lags()
        ]
