"""A process beside a desk that can only cancel: where a venue has no switch of its own, it is one.

It asks the desk over its socket. Once that has not answered for a while, because it ended, died or hangs, everything
that is open on those accounts is canceled, orders of others too, until the venue has taken it; then it waits for the
desk. A machine that is lost takes it along: then only a switch at the venue helps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from flatbook.engine.ports import CancelsAll, Clock, OrderVenue, Switch, TellsSwitch
from flatbook.engine.reports import CancelTaken
from flatbook.events.control import Mode
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import BinanceAccount, BybitAccount, is_real_money
from flatbook.ops.control_client import ControlFault, request
from flatbook.ops.home import SOCKET_FILE
from flatbook.ops.telemetry import Log
from flatbook.services.live_exchanges import ExchangeLine, exchange_line_of, exchange_venue_of
from flatbook.values.instants import Instant, later

LOOK_S = 5
ANSWER_S = 5
SILENT_S = 60

IsAlive = Callable[[], bool]


class Guarded(OrderVenue, CancelsAll, Protocol):
    """An account at which all can be canceled at once."""


class Guard:
    """Cancels at accounts once for each silence of a desk. `canceled` are those that have taken it since."""

    def __init__(self, venues: Mapping[str, Guarded], clock: Clock, log: Log, *, silent_s: int = SILENT_S) -> None:
        self._venues, self._clock, self._log, self._silent_s = dict(venues), clock, log, silent_s
        self._heard_at: Instant = clock.now()
        self.canceled: dict[str, None] = {}

    async def look(self, is_alive: bool) -> None:
        """Takes whether the desk answered now, and cancels where it is silent for too long."""
        now = self._clock.now()
        if is_alive:
            self._heard_at, self.canceled = now, {}
            return
        if now < later(self._heard_at, seconds=self._silent_s):
            return
        for name, venue in self._venues.items():
            if name not in self.canceled:
                await self._cancel(name, venue)

    async def _cancel(self, name: str, venue: Guarded) -> None:
        answer = await venue.cancel_all()
        if isinstance(answer, CancelTaken):
            self.canceled[name] = None
            self._log.warning("guard_canceled", account=name, reason="the desk does not answer")
            return
        self._log.error("guard_not_canceled", account=name, reason=type(answer).__name__)
        await venue.statement()  # it brings the clock of the venue, without which a signature may be refused


async def keep_guard(guard: Guard, is_alive: IsAlive, clock: Clock) -> None:
    """Looks every LOOK_S, for ever. The question waits for an answer in a thread, and never longer than ANSWER_S."""
    while True:
        await guard.look(await asyncio.to_thread(is_alive))
        await clock.sleep_until(later(clock.now(), seconds=LOOK_S))


def answers(loaded: Loaded) -> IsAlive:
    """Returns what asks the desk whether it runs: one that listens and does not answer does not."""
    socket = loaded.home / SOCKET_FILE

    def ask() -> bool:
        try:
            request(socket, {"kind": "status"}, ANSWER_S)
        except ControlFault:
            return False
        return True

    return ask


def guarded_accounts(loaded: Loaded, clock: Clock) -> tuple[dict[str, Guarded], tuple[ExchangeLine, ...]]:
    """Returns the adapters of accounts that the desk trades at and that have no switch, and the ways to close.

    Errors: SecretRefused.
    """
    found: dict[str, Guarded] = {}
    lines: list[ExchangeLine] = []
    mode = loaded.config.mode
    for name, account in loaded.config.accounts.items():
        if mode is Mode.OBSERVE or not isinstance(account, BinanceAccount | BybitAccount):
            continue
        if is_real_money(account) and mode is not Mode.LIVE:
            continue
        line = exchange_line_of(loaded, account, clock, {})
        venue = exchange_venue_of(loaded, name, line, clock)
        lines.append(line)
        has_none = isinstance(venue, TellsSwitch) and venue.switch.state is Switch.NONE
        if has_none and isinstance(venue, CancelsAll):
            found[name] = venue
    return found, tuple(lines)


async def run_guard(
    loaded: Loaded, log: Log, clock: Clock, *, silent_s: int, ready: Callable[[list[str]], None]
) -> None:
    """Guards the accounts of a desk until it is cancelled. `ready` is told their names.

    Errors: SecretRefused.
    """
    venues, lines = guarded_accounts(loaded, clock)
    try:
        for venue in venues.values():
            await venue.statement()
        ready(list(venues))
        if venues:
            await keep_guard(Guard(venues, clock, log, silent_s=silent_s), answers(loaded), clock)
    finally:
        for line in lines:
            await line.close()
            if line.http is not None:
                await line.http.close()
