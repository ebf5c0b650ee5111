"""A source of chain events that replays a recorded chain block by block, reorganisations included."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path

from flatbook.engine.ports import ChainRead
from flatbook.events.chain import FillUnvalued
from flatbook.events.event import Event
from flatbook.values.ids import SourceId
from flatbook.values.instants import Instant
from flatbook.values.money import NumberRefused
from flatbook.venues.raindex.booking import BlockFacts, value_of_fill
from flatbook.venues.raindex.parse import IgnoreReason, Parsed, parse_block
from flatbook.venues.raindex.recording import (
    LateRatio,
    RecordedBlock,
    RecordedChain,
    ShownBlock,
    read_recording,
    visible_from,
)
from flatbook.venues.raindex.tokens import RaindexConfig

READ_BLOCKS_MAX = 1_000
READ_EVENTS_MAX = 10_000


class CursorRefused(ValueError):
    """A cursor does not name a block of this recording. Says what to do."""


class RecordedLogSource:
    """Replays a recorded chain: what the clock lets be seen, and of that what is deep enough.

    The cursor is `number:hash` of the last block read. At resume the block at the cursor is compared with the one
    that stands now; where they differ, reading starts again after the last common block and says from where on.
    """

    def __init__(
        self,
        blocks: Sequence[RecordedBlock],
        config: RaindexConfig,
        visible: Callable[[], Instant],
        *,
        lag_blocks: int = 0,
    ) -> None:
        """Makes a source of recorded blocks.

        Units: `lag_blocks` is how far behind the newest visible block reading stays.
        Needs: `visible` tells the instant up to which blocks may be seen. An empty cursor starts at the first block.
        """
        self.ignored: dict[IgnoreReason, int] = dict.fromkeys(IgnoreReason, 0)
        self._blocks = blocks
        self._config = config
        self._visible = visible
        self._lag_blocks = lag_blocks
        self._visible_from = visible_from(blocks)
        self._numbers = {block.hash: block.number for block in blocks}
        self._chain = RecordedChain()
        self._shown = 0

    @property
    def source(self) -> SourceId:
        """The name under which the cursor is stored."""
        return self._config.source

    async def read(self, cursor: str) -> ChainRead | None:
        """Returns the events of at most 1,000 blocks after the cursor; None when nothing more may be seen.

        Errors: CursorRefused when the cursor names no block of this recording.
        """
        now = self._visible()
        self._show_until(now)
        found = self._resume(cursor)
        if found is None:
            return None
        removed_from, start = found
        events: list[Event] = []
        last = start
        for shown in self._chain.standing[start : min(start + READ_BLOCKS_MAX, self._deep_enough())]:
            events += self._events_of(shown, now)
            last += 1
            if len(events) >= READ_EVENTS_MAX:
                break
        if last == start and removed_from is None:
            return None
        return ChainRead(
            source=self.source, events=tuple(events), cursor=self._cursor_after(last), removed_from=removed_from
        )

    def _show_until(self, now: Instant) -> None:
        upto = bisect_right(self._visible_from, now)
        for block in self._blocks[self._shown : upto]:
            self._chain.show(block)
        self._shown = max(self._shown, upto)

    def _deep_enough(self) -> int:
        if not self._chain.numbers:
            return 0
        return bisect_right(self._chain.numbers, self._chain.numbers[-1] - self._lag_blocks)

    def _resume(self, cursor: str) -> tuple[int | None, int] | None:
        """Returns from which number on blocks were replaced, and where to read on; None: the clock is behind."""
        if not cursor:
            return None, 0
        number, block_hash = self._parsed_cursor(cursor)
        place = self._chain.place_of(number, block_hash)
        if place is not None:
            return None, place + 1
        replaced = self._chain.by_hash.get(block_hash)
        return None if replaced is None else self._chain.fork_of(replaced)

    def _parsed_cursor(self, cursor: str) -> tuple[int, str]:
        text, _, block_hash = cursor.partition(":")
        number = self._numbers.get(block_hash)
        if number is None or text != str(number):
            raise CursorRefused(
                f"the cursor {cursor!r} of {self.source} names no block of this recording: "
                "use the recording that it was made with, or start a fresh journal"
            )
        return number, block_hash

    def _cursor_after(self, place: int) -> str:
        if place == 0:
            return ""
        block = self._chain.standing[place - 1].block
        return f"{block.number}:{block.hash}"

    def _events_of(self, shown: ShownBlock, now: Instant) -> list[Event]:
        parsed = self._parsed(shown, now)
        for reason in parsed.ignored:
            self.ignored[reason] += 1
        events = list(parsed.events)
        for late in shown.block.late_ratios:
            events += self._valued(late, now)
        return events

    def _parsed(self, shown: ShownBlock, now: Instant) -> Parsed:
        block = shown.block
        facts = BlockFacts(
            number=block.number,
            hash=block.hash,
            at=block.at,
            ratios=block.ratios,
            ratios_before=shown.ratios_before,
            symbols=shown.symbols,
            receipts=block.receipts,
        )
        return parse_block(block.logs, facts, self._config, seen_at=now)

    def _valued(self, late: LateRatio, now: Instant) -> list[Event]:
        """Returns the values of the fills of an earlier block that had to wait for this ratio."""
        earlier = self._chain.at(late.block)
        if earlier is None:
            return []
        token = self._config.token(late.token, earlier.block.at)
        waiting = [
            event
            for event in self._parsed(earlier, now).events
            if isinstance(event, FillUnvalued) and token is not None and event.token == token.asset
        ]
        events: list[Event] = []
        for fill in waiting:
            try:
                events.append(value_of_fill(fill, late.ratio, seen_at=now))
            except NumberRefused:
                continue
        return events


def open_recording(
    path: Path, config: RaindexConfig, visible: Callable[[], Instant], *, lag_blocks: int = 0
) -> RecordedLogSource:
    """Returns the source that replays a recorded file.

    Errors: RecordingBroken with file, line, fault and remedy; OSError when the file cannot be opened.
    """
    return RecordedLogSource(read_recording(path), config, visible, lag_blocks=lag_blocks)
