"""A scripted chain: events by block, each visible from its instant on, with reorganisations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from flatbook.engine.ports import ChainRead
from flatbook.events.event import Event
from flatbook.values.ids import SourceId
from flatbook.values.instants import Instant


class ScriptedBlocks(msgspec.Struct, frozen=True, kw_only=True):
    """What a source tells at one instant: events, and the first block they replace, if they do."""

    at: Instant
    events: tuple[Event, ...]
    removed_from: int | None = None


class ScriptedChain:
    """A chain source over a script. Its cursor is the number of lines read."""

    def __init__(self, source: SourceId, script: Sequence[ScriptedBlocks], visible: Callable[[], Instant]) -> None:
        self._source = source
        self._script = tuple(script)
        self._visible = visible

    @property
    def source(self) -> SourceId:
        """The name under which the cursor is stored."""
        return self._source

    async def read(self, cursor: str) -> ChainRead | None:
        """Returns the next line of the script once its instant has come."""
        line = int(cursor or "0")
        if line >= len(self._script) or self._script[line].at > self._visible():
            return None
        blocks = self._script[line]
        return ChainRead(
            source=self._source, events=blocks.events, cursor=str(line + 1), removed_from=blocks.removed_from
        )
