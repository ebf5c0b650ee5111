"""Full state, then numbered deltas: made once, encoded once, and kept for a while for whoever was away.

What is new to clients at the same place goes out as one text, a line for each message, joined once for all of them.
A client that fell behind further than what is kept, or further than LAG_MAX, gets the full state anew: a slow reader
costs memory of its own only.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from flatbook.api.answers.moment import AsOf

KEPT_MAX = 1_024
LAG_MAX = 256
EVENTS_MAX = 100
AGEING = ("as_of", "now", "last_event_age_s")
PLACES_MAX = 256
LINE = "\n"


class Frame(NamedTuple):
    """One message to all clients, as it goes out. Units: `seq` counts the deltas of this stream."""

    seq: int
    text: str


class Place(NamedTuple):
    """How far a client was told: of which stream, up to which delta, None for nothing, and how many ticks."""

    stream: str
    seq: int | None
    ticks: int


class News(NamedTuple):
    """All that is new at a place, as one text, and the place of whoever has read it."""

    text: str
    place: Place


class TickBody(msgspec.Struct, frozen=True, kw_only=True, tag="tick"):
    """The time, once a second. It has no number of its own: `seq` is that of the newest delta before it.

    Units: `now` by the engine's clock, which may follow a tape; `read_age_s` seconds since the journal was last read to
    its end, None where it never was, too old beyond `age_s_max`; `live` while the engine answers.
    """

    seq: int = 0
    now: str
    as_of: AsOf | None
    read_age_s: int | None
    age_s_max: int
    live: bool


Rows = dict[str, Any]


class Hub:
    """The state of all channels and the deltas that made it. `stream` names this run of it.

    `is_whole` once every channel was told: until then there is nothing to tell but the time.
    """

    def __init__(self) -> None:
        self.stream = ""
        self.is_whole = False
        self.seq = 0
        self.ticks = 0
        self.tick = Frame(0, "")
        self.clients: dict[asyncio.Task[None], None] = {}
        self._bodies: dict[str, Any] = {}
        self._kept: deque[Frame] = deque(maxlen=KEPT_MAX)
        self._whole: Frame | None = None
        self._news: dict[tuple[Place, bool], News | None] = {}
        self._changed = asyncio.Event()

    def begin(self, stream: str) -> None:
        """Begins anew under another name: nothing of before counts."""
        self.stream, self.seq, self._whole, self.is_whole = stream, 0, None, False
        self._bodies.clear()
        self._kept.clear()
        self._news.clear()

    def tell(self, channel: str, body: Any) -> None:
        """Tells the whole of a channel, where it is another than before; that time went by is no change."""
        before = self._bodies.get(channel)
        if before is not None and _aged_as(before, body) == body:
            return
        self._bodies[channel] = body
        self._push({"channel": channel, "body": body})

    def tell_rows(self, channel: str, rows: Rows) -> None:
        """Tells what is new or changed of rows by their key, and which are gone from among those that are told."""
        before: Rows = self._bodies.get(channel, {})
        changed = [row for key, row in rows.items() if before.get(key) != row]
        gone = [key for key in before if key not in rows]
        self._bodies[channel] = rows
        if changed or gone:
            self._push({"channel": channel, "upsert": changed, "gone": gone})

    def append(self, channel: str, items: Iterable[Any]) -> None:
        """Tells what came to a list; the full state has the newest EVENTS_MAX."""
        new = list(items)
        if new:
            kept: deque[Any] = self._bodies.setdefault(channel, deque(maxlen=EVENTS_MAX))
            kept.extend(new)
            self._push({"channel": channel, "append": new})

    def beat(self, tick: TickBody) -> None:
        """Tells all clients the time, and how old what they see is."""
        self.ticks += 1
        self._news.clear()
        self.tick = Frame(self.seq, msgspec.json.encode(msgspec.structs.replace(tick, seq=self.seq)).decode())

    def notify(self) -> None:
        """Wakes whoever waits for something new."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def waiting(self) -> asyncio.Event:
        """Returns what is set at the next notice; taken before looking, so that nothing is missed."""
        return self._changed

    def after(self, stream: str, seq: int | None) -> list[Frame] | None:
        """Returns the deltas after one of this stream; None where the full state is what is needed."""
        if seq is None or stream != self.stream or not 0 <= seq <= self.seq:
            return None
        missed = self.seq - seq
        if missed > min(LAG_MAX, len(self._kept)):
            return None
        return [self._kept[place] for place in range(-missed, 0)]

    def news(self, place: Place) -> News | None:
        """Returns all that is new at a place, joined once for all clients there; None where nothing is."""
        key = (place, self.is_whole)
        if key not in self._news:
            if len(self._news) >= PLACES_MAX:
                self._news.clear()
            self._news[key] = self._joined(place)
        return self._news[key]

    def _joined(self, place: Place) -> News | None:
        frames = self.after(place.stream, place.seq) if self.is_whole else []
        frames = [self.whole()] if frames is None else frames
        if place.ticks != self.ticks:
            frames.append(self.tick)
        known = (self.stream, self.seq) if self.is_whole else place[:2]
        return News(LINE.join(frame.text for frame in frames), Place(*known, self.ticks)) if frames else None

    def whole(self) -> Frame:
        """Returns the full state, encoded once for all who need it now."""
        if self._whole is None or self._whole.seq != self.seq:
            state = {name: _listed(body) for name, body in self._bodies.items()}
            text = _text({"type": "snapshot", "stream": self.stream, "seq": self.seq, "state": state})
            self._whole = Frame(self.seq, text)
        return self._whole

    def _push(self, what: dict[str, Any]) -> None:
        self.seq += 1
        self._news.clear()
        self._kept.append(Frame(self.seq, _text({"type": "delta", "seq": self.seq, **what})))


def _text(message: dict[str, Any]) -> str:
    return msgspec.json.encode(message).decode()


def _listed(body: Any) -> Any:
    return list(body.values()) if isinstance(body, dict) else list(body) if isinstance(body, deque) else body


def _aged_as(before: Any, body: Any) -> Any:
    """Returns what was told before as if it had been told at the moment of another body."""
    aged = {name: getattr(body, name) for name in AGEING if hasattr(body, name)}
    return msgspec.structs.replace(before, **aged) if aged else before
