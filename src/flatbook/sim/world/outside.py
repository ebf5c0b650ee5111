"""What a world asks of the venues and chains of its desk, at whatever depth they are simulated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from flatbook.engine.call_outbox import Senders
from flatbook.engine.offer_reports import OfferReader
from flatbook.engine.ports import ChainSource, LoginClock, OrderVenue
from flatbook.sim.loop import VirtualLoop
from flatbook.sim.world.injection import Injection
from flatbook.sim.world.port_venue import Caller
from flatbook.sim.world.record import Record
from flatbook.values.ids import AccountId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument
from flatbook.venues.pyth.reader import PythReader


class Outside(msgspec.Struct, frozen=True, kw_only=True):
    """What everything outside the desk shares. `later` lets something happen at an instant, in no process."""

    loop: VirtualLoop
    record: Record
    injection: Injection
    later: Callable[[Instant, Callable[[], None]], None]

    def now(self) -> Instant:
        """Returns the true instant."""
        return self.loop.instant


class Venues(Protocol):
    """The venues of the accounts of one desk."""

    def set_price(self, symbol: str, price: int) -> None:
        """Moves the price of a symbol at all of them."""

    def trade_of_others(self, account: str, symbol: str, sign: int, qty: int, *, forced: bool) -> None:
        """Trades on an account without an order of ours."""

    def of_life(self, caller: Caller, instruments: tuple[Instrument, ...]) -> dict[AccountId, OrderVenue]:
        """Returns the venues as one life of the desk reaches them."""

    def logins_of_life(self) -> dict[AccountId, LoginClock]:
        """Returns the logins of the newest life, by account. Needs: its venues were made."""

    def are_quiet(self) -> bool:
        """Whether no order is open at any of them."""

    def end(self) -> None:
        """Records what is true of them at the end of the world."""


class Chains(Protocol):
    """The chains that one desk reads."""

    def of_life(self, caller: Caller) -> tuple[ChainSource, ...]:
        """Returns the sources as one life of the desk reads them."""

    def oracle_of_life(self, caller: Caller) -> PythReader | None:
        """Returns who asks the oracle for one life of the desk, None where there is none."""

    def wallets_of(self, caller: Caller) -> tuple[Senders, tuple[OfferReader, ...]]:
        """Returns the wallets of one life of the desk, and what it asks for its offers."""


class Chainless:
    """The chains of a desk that trades on none. Implements Chains."""

    def of_life(self, _caller: Caller) -> tuple[ChainSource, ...]:
        """Returns nothing to read."""
        return ()

    def oracle_of_life(self, _caller: Caller) -> PythReader | None:
        """There is no oracle."""
        return None

    def wallets_of(self, _caller: Caller) -> tuple[Senders, tuple[OfferReader, ...]]:
        """Returns no wallet."""
        return {}, ()
