"""How far behind the newest block each tag of each node stands: pure, from what the nodes state."""

from __future__ import annotations

from collections.abc import Sequence

from flatbook.engine.ports import TagLag
from flatbook.values.ids import SourceId
from flatbook.values.instants import Instant, seconds_between
from flatbook.venues.evm.answers import Header, block_call, header_of
from flatbook.venues.evm.rpc import Call, Outcome, Result

TAGS = ("latest", "safe", "finalized")


def lag_calls() -> tuple[Call, ...]:
    """Returns the calls for the block of each tag, in their order."""
    return tuple(block_call(tag) for tag in TAGS)


def lags_of(
    source: SourceId, names: Sequence[str], stated: Sequence[tuple[Outcome, ...]], now: Instant
) -> tuple[TagLag, ...]:
    """Returns how far behind each tag of each node is; what a node does not state is left out.

    Units: blocks behind the newest block that any node states; seconds since the block of the tag was made.
    """
    heads = {
        (name, tag): header
        for name, outcomes in zip(names, stated, strict=True)
        for tag, outcome in zip(TAGS, outcomes, strict=True)
        if (header := _header(outcome)) is not None
    }
    newest = max((header.number for header in heads.values()), default=0)
    return tuple(
        TagLag(
            source=source,
            node=name,
            tag=tag,
            blocks=newest - header.number,
            seconds=max(0, seconds_between(header.at, now)),
        )
        for (name, tag), header in heads.items()
    )


def _header(outcome: Outcome) -> Header | None:
    return header_of(outcome.value) if isinstance(outcome, Result) else None
