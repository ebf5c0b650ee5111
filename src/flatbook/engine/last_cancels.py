"""What an engine still does once its journal cannot be written: it cancels, and a kill looks what is left."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from flatbook.engine.effects import CancelAll, ReadStatement, cancel_of
from flatbook.engine.inputs import STOPPING, CancelAnswered, Command, Item, PlaceAnswered, Stated, Verb
from flatbook.engine.outbox import Outbox
from flatbook.engine.ports import Clock, OrderVenue
from flatbook.engine.reports import Accepted, AccountStatement, NotSent, Unknown
from flatbook.state.desk import State
from flatbook.state.orders import Status
from flatbook.values.ids import AccountId
from flatbook.values.instants import later

CANCEL_ONLY_S = 30


class StoppedHost(Protocol):
    """What is left of the engine."""

    state: State
    outbox: Outbox
    statements: dict[AccountId, AccountStatement]

    def waiting(self) -> Iterator[tuple[Item, asyncio.Future[Any] | None]]:
        """Removes and yields what waits, with who waits for it."""
        ...


class LastCancels:
    """The cancels of an engine that ends. A kill is asked for again each second, and read what it left, to the end."""

    def __init__(self, host: StoppedHost, venues: Mapping[AccountId, OrderVenue], clock: Clock) -> None:
        self._host, self._venues, self._clock = host, venues, clock
        self._killed: dict[AccountId, None] = {}

    async def run(self) -> None:
        """Cancels every order a venue may hold until each cancel was answered, or a kill had its time.

        Gives: it lasts CANCEL_ONLY_S at most.
        """
        self.cancel_everything()
        self._cancel_again()
        until = later(self._clock.now(), seconds=CANCEL_ONLY_S)
        while (self._host.outbox.in_flight or self._killed) and self._clock.now() < until:
            await self._clock.sleep_until(later(self._clock.now(), seconds=1))
            self._cancel_again()

    def stop(self, command: Command) -> str | None:
        """Carries out a command that stops. Returns why any other one is refused."""
        if command.verb not in STOPPING:
            return "the journal cannot be written: only halt, kill and cancel act"
        self.cancel_everything()
        if command.verb is Verb.KILL:
            named = command.arguments.get("account")
            accounts = tuple(self._venues) if named is None else (AccountId(named),)
            self._killed |= dict.fromkeys(each for each in accounts if each in self._venues)
            self._kill_again()
        return None

    def cancel_everything(self) -> None:
        """Cancels every order that may have left us."""
        for order_id in self._host.state.open_orders:
            order = self._host.state.orders[order_id]
            if order.status is not Status.INTENDED:
                self._host.outbox.send(cancel_of(order))

    def _cancel_again(self) -> None:
        """Cancels what was on its way when the journal failed, and again where no answer tells of a cancel."""
        for item, waiter in self._host.waiting():
            if waiter is not None and not waiter.done():
                waiter.cancel()
            if isinstance(item, Stated):
                self._host.statements[item.statement.account] = item.statement
            placed = isinstance(item, PlaceAnswered) and isinstance(item.answer, (Accepted, Unknown))
            unanswered = isinstance(item, CancelAnswered) and isinstance(item.answer, (Unknown, NotSent))
            if isinstance(item, (PlaceAnswered, CancelAnswered)) and (placed or unanswered):
                order = self._host.state.orders.get(item.order_id)
                if order is not None:
                    self._host.outbox.send(cancel_of(order))
        self._kill_again()

    def _kill_again(self) -> None:
        for account in self._killed:
            self._host.outbox.send(CancelAll(account=account))
            self._host.outbox.send(ReadStatement(account=account))
