"""What several nodes say of one chain, and whether it is the same: pure, from outcomes to what is agreed or to why not.

No node is believed alone. A node that lags, serves another fork, leaves out logs or invents them differs from the
others, and then nothing is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from flatbook.values.instants import Instant
from flatbook.venues.evm.answers import Header, SeenLog, header_of, log_of
from flatbook.venues.evm.rpc import Outcome, Refused, RefusedFor, Result, Unanswered
from flatbook.venues.raindex.wire import RawLog

LOGS_MAX = 10_000

_Read = TypeVar("_Read")


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing can be taken now.

    `is_slow` says that a smaller question may be answered, `is_lasting` that time alone will not help.
    """

    detail: str
    is_slow: bool = False
    is_lasting: bool = False


class TooWide(Trouble, frozen=True, kw_only=True):
    """A node does not answer for so many blocks, or so many logs, at once."""


class Place(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Up to where a chain was read: a block by number and hash, and the last block that was final by then."""

    number: int
    block_hash: str
    final: int


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """What a node sees: the block of the tag that is read up to, the last final one, and the one at our place."""

    head: Header
    final: int
    at_place: Header | None


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A range of blocks, both ends included, and whose logs of it are wanted. `after` must stand while it is read."""

    first: int
    last: int
    addresses: tuple[str, ...]
    topics: tuple[str, ...]
    after: Place | None


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of a range: its last block, and its logs in order. `foreign` counts those nobody asked for."""

    last: Header
    logs: tuple[SeenLog, ...]
    foreign: int


def read_each(
    names: Sequence[str],
    stated: Sequence[tuple[Outcome, ...]],
    read: Callable[[str, tuple[Outcome, ...]], _Read | Trouble],
) -> list[_Read] | Trouble:
    """Returns what the answers of each node are read as, or the first trouble with them.

    Gives: answers that say the same as those of a node before are read once, which costs a comparison.
    """
    found: list[_Read] = []
    for name, outcomes in zip(names, stated, strict=True):
        same = next((place for place, before in enumerate(stated[: len(found)]) if before == outcomes), None)
        each = read(name, outcomes) if same is None else found[same]
        if isinstance(each, Trouble):
            return each
        found.append(each)
    return found


def sight_of(name: str, outcomes: Sequence[Outcome]) -> Sight | Trouble:
    """Returns what a node sees, from its answers for head, last final block and, where there is one, our place."""
    head, final = _header(name, outcomes[0], "the head"), _header(name, outcomes[1], "the last final block")
    if isinstance(head, Trouble):
        return head
    if isinstance(final, Trouble):
        return final
    at_place = None
    if len(outcomes) > 2:
        found = _header(name, outcomes[2], "the block at our cursor")
        if isinstance(found, Trouble):
            return found
        at_place = found
    return Sight(head=head, final=final.number, at_place=at_place)


def is_replaced(place: Place, sights: Sequence[Sight]) -> bool | Trouble:
    """Returns whether the block at our place was replaced; Trouble where the nodes do not agree on it."""
    found = [sight.at_place.block_hash for sight in sights if sight.at_place is not None]
    if all(block_hash == place.block_hash for block_hash in found):
        return False
    if all(block_hash == found[0] for block_hash in found):
        return True
    return Trouble(detail=f"the nodes are on different forks at block {place.number}")


def range_of(name: str, outcomes: Sequence[Outcome], asked: Asked) -> Range | Trouble:
    """Returns what a node says of a range, from its answers for last block, logs, last block again, and our place.

    Gives: Trouble where the last block changed while the logs were read, or the block at our place is another one.
    """
    logs = _logs(name, outcomes[1], asked)
    if isinstance(logs, Trouble):
        return logs
    before, after = (_header(name, outcome, f"block {asked.last}") for outcome in (outcomes[0], outcomes[2]))
    if isinstance(before, Trouble):
        return before
    strayed = any(log.block == asked.last and log.block_hash != before.block_hash for log in logs[0])
    if before != after or strayed:
        return Trouble(detail=f"{name} changed block {asked.last} while it was read")
    if asked.after is not None:
        ours = _header(name, outcomes[3], f"block {asked.after.number}")
        if isinstance(ours, Trouble):
            return ours
        if ours.block_hash != asked.after.block_hash:
            return Trouble(detail=f"{name} replaced block {asked.after.number} while the range after it was read")
    return Range(last=before, logs=logs[0], foreign=logs[1])


def agreed(ranges: Sequence[Range], names: Sequence[str]) -> Range | Trouble:
    """Returns what all nodes say of a range, Trouble where one of them says something else."""
    first = ranges[0]
    for found, name in zip(ranges[1:], names[1:], strict=True):
        if found.last != first.last:
            return Trouble(detail=f"{names[0]} has block {first.last.place}, {name} has {found.last.place}")
        ours, theirs = ([log.raw for log in each.logs] for each in (first, found))
        if ours != theirs:
            here = next((log for log in ours if log not in theirs), None)
            there = next((log for log in theirs if log not in ours), None)
            return Trouble(
                detail=f"up to block {first.last.place} {names[0]} has {len(ours)} logs and {name} has {len(theirs)}: "
                f"{_only(names[0], here)}{_only(name, there)}"
            )
    return first


def _only(name: str, log: RawLog | None) -> str:
    return "" if log is None else f"only {name} has {log.tx}:{log.log_index} of block {log.block}; "


def trouble_of(name: str, outcome: Refused | Unanswered, what: str) -> Trouble:
    """Returns why a node did not state something."""
    is_slow = isinstance(outcome, Unanswered) or outcome.kind is RefusedFor.LIMIT
    return Trouble(detail=f"{name} does not state {what}: {outcome.detail}", is_slow=is_slow)


def _header(name: str, outcome: Outcome, what: str) -> Header | Trouble:
    if not isinstance(outcome, Result):
        return trouble_of(name, outcome, what)
    if outcome.value is None:
        return Trouble(detail=f"{name} does not have {what}")
    found = header_of(outcome.value)
    return found if found is not None else Trouble(detail=f"what {name} states as {what} is no block")


def _logs(name: str, outcome: Outcome, asked: Asked) -> tuple[tuple[SeenLog, ...], int] | Trouble:
    if isinstance(outcome, Refused) and outcome.kind is RefusedFor.LIMIT:
        return TooWide(detail=f"{name}: {outcome.detail}")
    if not isinstance(outcome, Result):
        return trouble_of(name, outcome, "logs")
    stated = outcome.value
    if not isinstance(stated, list):
        return Trouble(detail=f"what {name} states as logs is no list")
    if len(stated) > LOGS_MAX:
        return TooWide(detail=f"{name} has more than {LOGS_MAX} logs in {asked.last - asked.first + 1} blocks")
    logs = [log_of(each) for each in stated]
    found = [log for log in logs if log is not None]
    if len(found) < len(logs):
        return Trouble(detail=f"{name} states a log that cannot be read")
    wrong = next((log for log in found if not asked.first <= log.block <= asked.last), None)
    if wrong is not None:
        return Trouble(detail=f"{name} states a log of block {wrong.block}, which was not asked for")
    ours = [log for log in found if is_asked(log.raw, asked)]
    ordered = sorted(ours, key=lambda log: (log.block, log.raw.log_index, log.raw.tx))
    return tuple(ordered), len(found) - len(ours)


def is_asked(log: RawLog, asked: Asked) -> bool:
    """Whether a log is of a contract and kind that were asked for."""
    return log.address in asked.addresses and bool(log.topics) and log.topics[0] in asked.topics


def at_of(logs: Sequence[SeenLog]) -> Instant | None:
    """Returns when the block of some logs was made, as all of them state it; None where they do not."""
    first = logs[0].at
    return first if all(log.at == first for log in logs) else None
