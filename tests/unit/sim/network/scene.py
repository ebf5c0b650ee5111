"""What the tests of the simulated network share: a world with one host, and links that go wrong by a script."""

from __future__ import annotations

from collections.abc import Callable

from flatbook.sim.loop import VirtualLoop
from flatbook.sim.network.connections import Switchboard
from flatbook.sim.network.link import CalmLink, LinkFaults, Loss, Way
from flatbook.values.instants import Instant

START = 1_764_599_400_000_000_000
HOST, PORT = "broker.example", 443
MS = 1_000_000


class ScriptedLink:
    """A link whose answers a test writes: losses and delays by the number of the write, counted over both ways."""

    def __init__(self, **script: object) -> None:
        self.script = script
        self.writes = 0

    def resolves(self) -> bool:
        return bool(self.script.get("resolves", True))

    def refuses(self) -> bool:
        return bool(self.script.get("refuses", False))

    def delay_ns(self, way: Way) -> int:
        delays = self.script.get("delays_ns", {})
        assert isinstance(delays, dict)
        return int(delays.get(way, 10 * MS))

    def loss(self, way: Way) -> Loss:
        self.writes += 1
        losses = self.script.get("losses", {})
        assert isinstance(losses, dict)
        found: Loss = losses.get(self.writes, Loss.NONE)
        return found

    def cut_after(self, way: Way) -> int | None:
        cuts = self.script.get("cuts", {})
        assert isinstance(cuts, dict)
        found: int | None = cuts.get(way)
        return found


def world(link: LinkFaults | None = None) -> tuple[VirtualLoop, Switchboard]:
    """Returns a loop with a network in which every link is the given one, or calm with 10 ms each way."""
    loop = VirtualLoop(Instant(START))
    chosen: LinkFaults = link or CalmLink(latency_ns=10 * MS)
    faults_of: Callable[[str, str], LinkFaults] = lambda _process, _host: chosen  # noqa: E731
    return loop, Switchboard(loop, faults_of)
