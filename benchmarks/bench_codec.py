"""Events to bytes and back, by type and in the mix of a hedge. Budget: 15 s, quick 3 s."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import Figure, amount, cpu_seconds
from benchmarks.workload import accepted_of, fill_at, filled_of, intent_of
from flatbook.events.codec import decode_event_json, decode_events, encode_event_json, encode_events
from flatbook.events.event import Event

CYCLES = amount(2_000, 400)
ROUNDS = amount(25, 9)
NS_PER_S = 1e9


def by_type() -> dict[str, list[Event]]:
    """Returns the events of many hedges by the name of their type."""
    fills = [fill_at(number) for number in range(CYCLES)]
    intents = [intent_of(fill) for fill in fills]
    return {
        "VaultFilled": list(fills),
        "OrderIntended": list(intents),
        "OrderAccepted": [accepted_of(intent, number) for number, intent in enumerate(intents)],
        "OrderFilled": [filled_of(intent, number) for number, intent in enumerate(intents)],
    }


def nanoseconds(work: Callable[[Any], object], things: Sequence[object]) -> float:
    """Returns the nanoseconds of CPU per thing, the best of all rounds."""

    def all_of_them() -> None:
        for thing in things:
            work(thing)

    return min(cpu_seconds(all_of_them) for _ in range(ROUNDS)) / len(things) * NS_PER_S


def figures_of(name: str, events: Sequence[Event]) -> list[Figure]:
    """Measures events that stand one in a row."""
    rows = [(event,) for event in events]
    blobs = [encode_events(row) for row in rows]
    size = sum(len(blob) for blob in blobs) / len(blobs)
    return [
        Figure(f"encode {name}", nanoseconds(encode_events, rows), "ns"),
        Figure(f"decode {name}, {size:.0f} bytes", nanoseconds(decode_events, blobs), "ns"),
    ]


def run() -> list[Figure]:
    """Measures encoding and decoding."""
    events = by_type()
    mix = [event for hedge in zip(*events.values(), strict=True) for event in hedge]
    texts = [encode_event_json(event) for event in mix]
    return [
        *(figure for name, each in events.items() for figure in figures_of(name, each)),
        *figures_of("the mix of a hedge", mix),
        Figure("encode the mix as JSON", nanoseconds(encode_event_json, mix), "ns"),
        Figure("decode the mix from JSON", nanoseconds(decode_event_json, texts), "ns"),
    ]
