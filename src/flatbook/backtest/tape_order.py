"""Messages in the order of a tape: by the venue's time, and seen in that order too."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator

from flatbook.backtest.tape_file import Message
from flatbook.values.instants import NS_PER_S

WINDOW_NS = 10 * NS_PER_S
HELD_MAX = 200_000


def by_venue_time(messages: Iterable[Message], counts: Counter[str]) -> Iterator[Message]:
    """Yields messages in order of the venue's time; what happened at once stays in the order of arrival.

    A message that comes WINDOW_NS after one that happened later is moved to the instant of the last one yielded, and
    counted as `late`.
    """
    held: list[tuple[int, int, Message]] = []
    newest = last = 0
    for number, message in enumerate(messages):
        heapq.heappush(held, (message.ts, number, message))
        newest = max(newest, message.ts)
        while held[0][0] <= newest - WINDOW_NS or len(held) > HELD_MAX:
            last = max(last, held[0][0])
            yield _moved(heapq.heappop(held)[2], last, counts)
    while held:
        last = max(last, held[0][0])
        yield _moved(heapq.heappop(held)[2], last, counts)


def _moved(message: Message, ts: int, counts: Counter[str]) -> Message:
    if message.ts == ts:
        return message
    counts["late"] += 1
    return message._replace(ts=ts)


def on_one_tape(sources: Iterable[Iterable[Message]], counts: Counter[str]) -> Iterator[Message]:
    """Yields the messages of several sources, each in order of the venue's time, as one tape has them.

    Nothing is seen before it happened, nor before what happened earlier: where it would be, it is seen as soon as that
    allows, and counted as `seen_later`.
    """
    seen = 0
    for message in heapq.merge(*sources, key=_happened_at):
        seen = max(seen, message.local_ts, message.ts)
        if message.local_ts == seen:
            yield message
        else:
            counts["seen_later"] += 1
            yield message._replace(local_ts=seen)


def _happened_at(message: Message) -> int:
    return message.ts
