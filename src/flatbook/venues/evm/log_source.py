"""A source of Raindex events over two or more nodes of a chain, which believes none of them alone.

What a read takes is a range of blocks whose last block all nodes agree on before and after they stated its logs, and
whose logs are the same in every one. The cursor is `number:hash:final`: the block read last, and the last one that was
final by then. Where the block at the cursor was replaced, reading starts again after that final block: no fork can be
deeper, whatever happened while nobody was looking. With the tag `pending` what nodes state beyond the newest block is
read too, each time in full.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from itertools import groupby

import msgspec
from msgspec.structs import replace

from flatbook.engine.ports import ChainRead, Clock, Preconfirmed, TagLag
from flatbook.events.chain import PRECONFIRMED_HASH
from flatbook.events.event import Event
from flatbook.values.ids import SourceId
from flatbook.values.instants import Instant, later
from flatbook.venues.evm.agreement import (
    Asked,
    Place,
    Range,
    Sight,
    TooWide,
    Trouble,
    agreed,
    is_replaced,
    range_of,
    read_each,
    sight_of,
)
from flatbook.venues.evm.answers import SeenLog, block_call, logs_call, number_of
from flatbook.venues.evm.beyond import beyond_call, beyond_of, shown_beyond
from flatbook.venues.evm.facts import Wanted, facts_of_all, wanted_of
from flatbook.venues.evm.lags import lag_calls, lags_of
from flatbook.venues.evm.node import Node
from flatbook.venues.evm.rpc import Call, Outcome, Result
from flatbook.venues.raindex.booking import BlockFacts
from flatbook.venues.raindex.parse import ORDER_BOOK_TOPICS, IgnoreReason, parse_block
from flatbook.venues.raindex.tokens import RaindexConfig
from flatbook.venues.raindex.wire import OPERATOR_MOVES

NODES_MIN = 2
RANGE_BLOCKS_MAX = 1_000
RANGE_TRIES_MAX = 12
TROUBLE_TOLD_AFTER_S = 30
MEASURE_S = 10

_CURSOR = re.compile(r"(\d{1,16}):(0x[0-9a-f]{64}):(\d{1,16})", re.ASCII)


class Tag(Enum):
    """Up to which block a chain is read: its newest, the newest safe one, or the newest final one.

    `pending` is the newest block, and beyond it what a sequencer has put in order and no block holds yet.
    """

    PENDING = "pending"
    LATEST = "latest"
    SAFE = "safe"
    FINALIZED = "finalized"


class CursorRefused(ValueError):
    """A cursor was not made by this kind of source. Says what to do."""


class ReadUpTo(msgspec.Struct, frozen=True, kw_only=True):
    """How far a chain is read, from where, and in what pieces.

    Units: blocks. Reading stays `lag` behind the block of the tag in the node that is furthest behind; it begins at
    `first_block`, and asks for `range_max` at once, for fewer after a refusal or a time-out. With `receipts` it reads
    what transactions with fills of ours cost.
    """

    first_block: int
    tag: Tag = Tag.LATEST
    lag: int = 0
    range_max: int = RANGE_BLOCKS_MAX
    receipts: bool = False

    def __post_init__(self) -> None:
        if self.first_block < 1 or self.lag < 0 or self.range_max < 1:
            raise ValueError("first_block and range_max must be above zero, lag must not be below")
        if self.tag is Tag.PENDING and self.lag:
            raise ValueError("a lag behind the newest block and reading beyond it exclude each other")


class EvmLogSource:
    """Reads the logs of the configured contracts from all nodes, and hands what they agree on to the parser."""

    def __init__(self, nodes: Sequence[Node], config: RaindexConfig, clock: Clock, upto: ReadUpTo) -> None:
        if len(nodes) < NODES_MIN:
            raise ValueError(f"{config.source} needs at least {NODES_MIN} nodes that do not depend on each other")
        self.ignored: dict[IgnoreReason, int] = dict.fromkeys(IgnoreReason, 0)
        self._nodes, self._config, self._clock, self._upto = tuple(nodes), config, clock, upto
        self._names = [node.name for node in nodes]
        self._addresses = (*config.order_books, *(inventory.address for inventory in config.inventories))
        if not self._addresses:
            raise ValueError(
                f"{config.source} names no contract: without one every log of the chain would be asked for"
            )
        self._topics = tuple(topic.value for topic in (*ORDER_BOOK_TOPICS, *OPERATOR_MOVES))
        self._range_blocks = upto.range_max
        self._is_checked = self._is_told = False
        self._troubled_at: Instant | None = None
        self._ratios: dict[str, Decimal] = {}
        self._symbols: dict[str, str] = {}
        self._decimals: dict[str, int] = {}
        self._asked_names: dict[str, None] = {}
        self._told_beyond: tuple[object, ...] | None = None
        self._measured_at: Instant | None = None
        self.lags: tuple[TagLag, ...] = ()

    @property
    def source(self) -> SourceId:
        """The name under which the cursor is stored."""
        return self._config.source

    async def read(self, cursor: str) -> ChainRead | None:
        """Returns the events of the next range that all nodes agree on; None when there is none yet.

        Gives: a trouble once nothing could be agreed on for TROUBLE_TOLD_AFTER_S, and at once where a node is one of
        another chain.
        Errors: CursorRefused when the cursor was made by another kind of source.
        """
        found = await self._read(self._place_of(cursor))
        if isinstance(found, Trouble):
            return self._told(found, cursor)
        still = ChainRead(source=self.source, events=(), cursor=cursor) if self._is_told else None
        self._troubled_at, self._is_told = None, False
        if found is None:
            await self._measure()
        return found if found is not None else still

    def _place_of(self, cursor: str) -> Place | None:
        if not cursor:
            return None
        match = _CURSOR.fullmatch(cursor)
        if match is None:
            raise CursorRefused(
                f"the cursor {cursor!r} of {self.source} was not made by reading nodes: go on with the source that "
                "made it, or start a fresh journal"
            )
        return Place(number=int(match[1]), block_hash=match[2], final=int(match[3]))

    def _told(self, trouble: Trouble, cursor: str) -> ChainRead | None:
        now = self._clock.now()
        self._troubled_at = now if self._troubled_at is None else self._troubled_at
        if not trouble.is_lasting and now < later(self._troubled_at, seconds=TROUBLE_TOLD_AFTER_S):
            return None
        self._is_told = True
        return ChainRead(source=self.source, events=(), cursor=cursor, trouble=trouble.detail)

    async def _read(self, place: Place | None) -> ChainRead | Trouble | None:
        if not self._is_checked and (wrong := await self._check_chain()) is not None:
            return wrong
        sights = await self._sights(place)
        if isinstance(sights, Trouble):
            return sights
        replaced = is_replaced(place, sights) if place is not None else False
        if isinstance(replaced, Trouble):
            return replaced
        if place is None:
            start = self._upto.first_block
        else:
            start = max(self._upto.first_block, (place.final if replaced else place.number) + 1)
        deep = min(sight.head.number for sight in sights) - self._upto.lag
        if deep < start:
            beyond = self._upto.tag is Tag.PENDING and place is not None and not replaced
            return await self._read_beyond(place) if beyond and place is not None else None
        found = await self._agreed_range(start, deep, None if replaced else place)
        if isinstance(found, Trouble):
            return found
        events = await self._events_of(found.logs)
        if isinstance(events, Trouble):
            return events
        final = min(found.last.number, *(sight.final for sight in sights))
        return ChainRead(
            source=self.source,
            events=events,
            cursor=f"{found.last.number}:{found.last.block_hash}:{final}",
            removed_from=start if replaced else None,
            final=final,
        )

    async def _read_beyond(self, place: Place) -> ChainRead | Trouble | None:
        """Reads what nodes state beyond the newest block; None when it is what was told last."""
        asked = Asked(
            first=place.number + 1, last=place.number + 1, addresses=self._addresses, topics=self._topics, after=None
        )
        stated = await self._ask_all((beyond_call(asked),))
        shown = read_each(self._names, stated, lambda name, outcomes: shown_beyond(name, outcomes[0], asked))
        if isinstance(shown, Trouble):
            return shown
        found = beyond_of(shown, asked)
        if found.told == self._told_beyond:
            return None
        events = await self._events_beyond(found.agreed, place) if found.agreed else ()
        if isinstance(events, Trouble):
            return events
        self._told_beyond = found.told
        return ChainRead(
            source=self.source,
            events=(),
            cursor=f"{place.number}:{place.block_hash}:{place.final}",
            final=place.final,
            preconfirmed=Preconfirmed(events=events, seen=found.seen),
        )

    async def _measure(self) -> None:
        """Measures now and then how far behind the tags of the nodes are; what is not stated is not known."""
        now = self._clock.now()
        if self._measured_at is not None and now < later(self._measured_at, seconds=MEASURE_S):
            return
        self._measured_at = now
        stated = await self._ask_all(lag_calls())
        self.lags = lags_of(self.source, self._names, stated, self._clock.now())

    # What the nodes are asked.

    async def _ask_all(self, calls: Sequence[Call]) -> list[tuple[Outcome, ...]]:
        return list(await asyncio.gather(*(node.ask(calls) for node in self._nodes)))

    async def _check_chain(self) -> Trouble | None:
        """Makes sure once that each node is one of the configured chain."""
        stated = await self._ask_all((Call(method="eth_chainId"),))
        for name, (outcome,) in zip(self._names, stated, strict=True):
            number = number_of(outcome.value) if isinstance(outcome, Result) else None
            if number is None:
                return Trouble(detail=f"{name} does not say which chain it serves; nothing is read until it does")
            if number != self._config.chain:
                return Trouble(
                    detail=f"{name} serves chain {number} and {self.source} is chain {self._config.chain}: nothing is "
                    "read; correct the address of the node or the id of the chain",
                    is_lasting=True,
                )
        self._is_checked = True
        return None

    async def _sights(self, place: Place | None) -> list[Sight] | Trouble:
        tag = Tag.LATEST if self._upto.tag is Tag.PENDING else self._upto.tag
        calls = [block_call(tag.value), block_call(Tag.FINALIZED.value)]
        if place is not None:
            calls.append(block_call(place.number))
        return read_each(self._names, await self._ask_all(calls), sight_of)

    async def _agreed_range(self, start: int, deep: int, after: Place | None) -> Range | Trouble:
        """Reads the next range from all nodes: half as many blocks after a refusal, twice as many after a success."""
        for _ in range(RANGE_TRIES_MAX):
            last = min(deep, start + self._range_blocks - 1)
            asked = Asked(first=start, last=last, addresses=self._addresses, topics=self._topics, after=after)
            found = await self._range(asked)
            if isinstance(found, Range):
                if last - start + 1 == self._range_blocks:
                    self._range_blocks = min(2 * self._range_blocks, self._upto.range_max)
                return found
            if isinstance(found, TooWide) or found.is_slow:
                self._range_blocks = max(1, min(self._range_blocks, last - start + 1) >> 1)
            if not isinstance(found, TooWide) or last == start:
                return Trouble(detail=found.detail)
        return Trouble(detail=f"the nodes refuse every range from block {start} on")

    async def _range(self, asked: Asked) -> Range | Trouble:
        last = block_call(asked.last)
        calls = [last, logs_call(asked.first, asked.last, asked.addresses, asked.topics), last]
        if asked.after is not None:
            calls.append(block_call(asked.after.number))
        stated = await self._ask_all(calls)
        ranges = read_each(self._names, stated, lambda name, outcomes: range_of(name, outcomes, asked))
        if isinstance(ranges, Trouble):
            return ranges
        self.ignored[IgnoreReason.FOREIGN_CONTRACT] += sum(found.foreign for found in ranges)
        return agreed(ranges, self._names)

    # What the logs come to.

    async def _events_of(self, logs: Sequence[SeenLog]) -> tuple[Event, ...] | Trouble:
        blocks = [tuple(group) for _, group in groupby(logs, key=lambda log: log.block)]
        wanted: list[Wanted] = []
        asked = dict(self._asked_names)
        for block in blocks:
            wanted.append(wanted_of(block, self._config, asked, receipts=self._upto.receipts))
            asked |= dict.fromkeys(wanted[-1].names)
        facts = await self._facts_of(wanted)
        if isinstance(facts, Trouble):
            return facts
        events: list[Event] = []
        for block, known in zip(blocks, facts, strict=True):
            if any(log.block_hash != known.hash for log in block):
                return Trouble(detail=f"the logs of block {known.number} name different blocks of this number")
            events += self._parsed(block, known)
        return tuple(events)

    async def _events_beyond(self, logs: Sequence[SeenLog], place: Place) -> tuple[Event, ...] | Trouble:
        """Returns the events of logs without a block; what a token wraps is read at the newest block."""
        wanted = replace(
            wanted_of(logs, self._config, self._asked_names, receipts=False),
            number=place.number,
            block_hash=place.block_hash,
        )
        facts = await self._facts_of((wanted,))
        if isinstance(facts, Trouble):
            return facts
        return self._parsed(logs, replace(facts[0], number=place.number + 1, hash=PRECONFIRMED_HASH))

    async def _facts_of(self, wanted: Sequence[Wanted]) -> list[BlockFacts] | Trouble:
        """Returns what all nodes say of some blocks, Trouble where one of them says something else."""
        calls = [call for each in wanted for call in each.calls()]
        stated = await self._ask_all(calls) if calls else [() for _ in self._nodes]
        found = read_each(self._names, stated, lambda name, outcomes: facts_of_all(name, wanted, outcomes))
        if isinstance(found, Trouble):
            return found
        for facts, name in zip(found[1:], self._names[1:], strict=True):
            differing = next((each for each, first in zip(facts, found[0], strict=True) if each != first), None)
            if differing is not None:
                return Trouble(detail=f"{self._names[0]} and {name} say different things of block {differing.number}")
        self._keep_names(wanted, found[0])
        return found[0]

    def _keep_names(self, wanted: Sequence[Wanted], facts: Sequence[BlockFacts]) -> None:
        for each, known in zip(wanted, facts, strict=True):
            self._asked_names |= dict.fromkeys(each.names)
            self._symbols |= known.symbols
            self._decimals |= known.decimals

    def _parsed(self, logs: Sequence[SeenLog], known: BlockFacts) -> tuple[Event, ...]:
        block = replace(known, ratios_before=dict(self._ratios), symbols=self._symbols, decimals=self._decimals)
        self._ratios |= known.ratios
        parsed = parse_block([log.raw for log in logs], block, self._config, seen_at=self._clock.now())
        for reason in parsed.ignored:
            self.ignored[reason] += 1
        return parsed.events
