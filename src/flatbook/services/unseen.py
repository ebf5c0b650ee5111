"""Markets that are watched and cannot be seen: named soon after the start, and again ever more seldom."""

from __future__ import annotations

from flatbook.engine.ports import Clock
from flatbook.ops.telemetry import Log
from flatbook.services.live_books import FIT, LiveBooks
from flatbook.values.ids import InstrumentId
from flatbook.values.instants import later

LOOK_S = 5
LOOKS_APART_MAX = 128


def is_told(looks: int) -> bool:
    """Whether it is time to name what was unseen at so many looks in a row: after 2, 4, 8, up to every 128th.

    One look is not enough, for a book that is asked for anew is unfit for a moment.
    """
    return looks % LOOKS_APART_MAX == 0 if looks > LOOKS_APART_MAX else looks > 1 and not looks & (looks - 1)


async def tell_unseen(books: LiveBooks, clock: Clock, log: Log) -> None:
    """Warns of each book of a market that stays unfit, with the host that should tell it, for ever."""
    looks = dict[InstrumentId, int]()
    while True:
        await clock.sleep_until(later(clock.now(), seconds=LOOK_S))
        for instrument, standing in books.status().items():
            host = books.hosts.get(instrument)
            if host is None or standing == FIT:
                looks.pop(instrument, None)
                continue
            looks[instrument] = looks.get(instrument, 0) + 1
            if is_told(looks[instrument]):
                why = f"no book from {host} for {looks[instrument] * LOOK_S} s ({standing})"
                log.warning(
                    "market_not_seen", instrument=instrument, reason=f"{why}: look at the network and the symbol"
                )
