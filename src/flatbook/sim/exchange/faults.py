"""What goes wrong at a simulated exchange, beside what may go wrong at any broker: questions asked while it works."""

from __future__ import annotations

from collections import deque
from typing import Any, Protocol

import msgspec

from flatbook.sim.alpaca.faults import BrokerFaults, CalmBroker

LASTING_MAX = 1_000


class ExchangeFaults(BrokerFaults, Protocol):
    """The faults of one exchange. Of a broker's, `hold_ms` delays matching and `rejects_late` rejects after that."""

    def skew_ms(self, verb: str) -> int:
        """How far the exchange's clock is ahead of the true time where it judges and tells time stamps. Units: ms."""

    def ends_listen_key(self, verb: str) -> bool:
        """Whether the keys of user streams end before a request takes effect."""

    def is_silent(self, stream: str) -> bool:
        """Whether a stream says nothing now though it stays open."""

    def cuts_stream(self, stream: str) -> bool:
        """Whether a stream is closed instead of telling the next thing."""

    def closes_by_force(self, symbol: str) -> bool:
        """Whether the exchange closes half of a position by itself after a trade."""

    def coarsens(self, symbol: str) -> bool:
        """Whether lots become ten times as large before an order is looked at."""


class CalmExchange(CalmBroker, frozen=True, kw_only=True):
    """An exchange at which nothing goes wrong."""

    def skew_ms(self, _verb: str) -> int:
        """Knows the true time."""
        return 0

    def ends_listen_key(self, _verb: str) -> bool:
        """Lets keys live."""
        return False

    def is_silent(self, _stream: str) -> bool:
        """Tells everything."""
        return False

    def cuts_stream(self, _stream: str) -> bool:
        """Leaves streams open."""
        return False

    def closes_by_force(self, _symbol: str) -> bool:
        """Leaves positions alone."""
        return False

    def coarsens(self, _symbol: str) -> bool:
        """Keeps its rules."""
        return False


class ScriptedExchange(CalmExchange, frozen=True, kw_only=True):
    """An exchange whose faults are a script: `say` puts an answer in line, used up by the next question that fits."""

    script: dict[str, deque[tuple[str, Any, int]]] = msgspec.field(default_factory=dict)

    def say(self, question: str, answer: object, *, of: str = "", times: int = 1) -> None:
        """Puts an answer in line for a question such as `spoils`, where the verb or symbol begins with `of`."""
        if times > LASTING_MAX:
            raise ValueError(f"a fault that lasts for {times} questions is no fault any more")
        self.script.setdefault(question, deque()).append((of, answer, times))

    def __getattribute__(self, name: str) -> Any:
        """Answers from the script where it has an answer."""
        calm = object.__getattribute__(self, name)
        if name in ("script", "say") or name.startswith("_") or not callable(calm):
            return calm
        lines = object.__getattribute__(self, "script").get(name)

        def answered(*asked: Any) -> Any:
            subject = str(asked[0]) if asked else ""
            for place, (of, answer, times) in enumerate(lines or ()):
                if subject.startswith(of):
                    if times > 1:
                        lines[place] = (of, answer, times - 1)
                    else:
                        del lines[place]
                    return answer
            return calm(*asked)

        return answered
