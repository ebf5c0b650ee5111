"""Markets that are watched and cannot be seen: named in the log soon, and ever more seldom, and told as an alert.

The alert is raised once a book was unfit for UNSEEN_S without a break, and cleared once it was fit for SEEN_S.
"""

from __future__ import annotations

from typing import Protocol

from flatbook.engine.inputs import Item, MarketSight
from flatbook.engine.ports import Clock
from flatbook.events.control import AlertName
from flatbook.ops.telemetry import Log
from flatbook.services.live_books import FIT, LiveBooks
from flatbook.state.desk import State
from flatbook.values.ids import InstrumentId
from flatbook.values.instants import later

LOOK_S = 5
LOOKS_APART_MAX = 128
UNSEEN_S, SEEN_S = 60, 30


class SightHost(Protocol):
    """What the follower of what is seen needs of the engine."""

    @property
    def state(self) -> State:
        """The fold of all that was committed."""
        ...

    async def put(self, item: Item) -> bool:
        """Hands an input to the loop and returns once it is committed, or False when it could not be folded."""
        ...


def is_told(looks: int) -> bool:
    """Whether it is time to name what was unseen at so many looks in a row: after 2, 4, 8, up to every 128th.

    One look is not enough, for a book that is asked for anew is unfit for a moment.
    """
    return looks % LOOKS_APART_MAX == 0 if looks > LOOKS_APART_MAX else looks > 1 and not looks & (looks - 1)


async def follow_sight(host: SightHost, books: LiveBooks, clock: Clock, log: Log) -> None:
    """Warns of each book that stays unfit, with the host that should tell it, and tells the engine, for ever.

    Where no public stream tells any book it ends at once.
    """
    await _clear_unwatched(host, books)
    looks = dict[InstrumentId, int]()  # how often in a row it was unfit; below zero: fit
    while books.hosts:
        await clock.sleep_until(later(clock.now(), seconds=LOOK_S))
        for instrument, standing in books.status().items():
            teller = books.hosts.get(instrument)
            if teller is None:
                continue
            before, step = looks.get(instrument, 0), -1 if standing == FIT else 1
            looks[instrument] = count = before + step if before * step > 0 else step
            if is_told(count):
                why = f"no book from {teller} for {count * LOOK_S} s ({standing})"
                log.warning(
                    "market_not_seen", instrument=instrument, reason=f"{why}: look at the network and the symbol"
                )
            sight = MarketSight(instrument=instrument, host=teller, why=None if standing == FIT else standing)
            if _is_due(host, sight, abs(count) * LOOK_S):
                await host.put(sight)


def _is_due(host: SightHost, sight: MarketSight, lasted_s: int) -> bool:
    """Whether a sight lasts for long enough to raise its alert, or to clear it."""
    stands = (AlertName.MARKET_UNSEEN, sight.instrument) in host.state.alerts
    return stands and lasted_s >= SEEN_S if sight.why is None else not stands and lasted_s >= UNSEEN_S


async def _clear_unwatched(host: SightHost, books: LiveBooks) -> None:
    """Clears the alerts of markets that were watched before this start and are not now."""
    for name, subject in tuple(host.state.alerts):
        instrument = InstrumentId(subject)
        if name is AlertName.MARKET_UNSEEN and instrument not in books.hosts:
            await host.put(MarketSight(instrument=instrument, host="", why=None))
