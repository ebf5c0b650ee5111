"""Which tasks bring the outside in besides those of the accounts: one for each of what a desk is composed of."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

from flatbook.engine.call_outbox import Senders
from flatbook.engine.follow import Host, Pace, Rests, follow_chain, scan_nets
from flatbook.engine.follow_login import follow_login
from flatbook.engine.follow_offers import follow_offers
from flatbook.engine.follow_risk import follow_risk
from flatbook.engine.follow_switch import follow_switch
from flatbook.engine.follow_wallets import follow_wallet
from flatbook.engine.offer_reports import OfferReader
from flatbook.engine.ports import ChainSource, Clock, DeadMansSwitch, LoginClock, OrderVenue
from flatbook.engine.rules import Rules
from flatbook.market.quotes import Market
from flatbook.values.ids import AccountId

Logins = Mapping[AccountId, LoginClock]


class Followed(Protocol):
    """What of the parts of an engine is followed."""

    @property
    def venues(self) -> Mapping[AccountId, OrderVenue]:
        """The accounts."""

    @property
    def sources(self) -> tuple[ChainSource, ...]:
        """The chains that are read."""

    @property
    def rests(self) -> Rests:
        """What ends the rests between reads of chains."""

    @property
    def offers(self) -> tuple[OfferReader, ...]:
        """Who reads what our orders on chains offer."""

    @property
    def senders(self) -> Senders:
        """Who sends for wallets."""

    @property
    def logins(self) -> Logins:
        """The logins that persons make."""

    @property
    def market(self) -> Market:
        """What is observed."""

    @property
    def rules(self) -> Rules:
        """The rules of the desk."""

    @property
    def clock(self) -> Clock:
        """The clock of the desk."""

    @property
    def pace(self) -> Pace:
        """How often is asked."""


def followers(host: Host, parts: Followed) -> tuple[Coroutine[Any, Any, None], ...]:
    """Returns the work of each task, none of which ends by itself."""
    timing = (parts.clock, parts.pace)
    return (
        *(follow_chain(host, source, timing, parts.rests.get(source.source)) for source in parts.sources),
        *(follow_offers(host, reader, parts.clock) for reader in parts.offers),
        *(follow_wallet(host, wallet, sender, parts.clock) for wallet, sender in parts.senders.items()),
        *(follow_login(host, account, login, parts.clock) for account, login in parts.logins.items()),
        *(
            follow_switch(account, venue, parts.clock)
            for account, venue in parts.venues.items()
            if isinstance(venue, DeadMansSwitch)
        ),
        *((follow_risk(host, parts.market, parts.rules, parts.clock),) if parts.rules.monitors else ()),
        scan_nets(host, parts.clock, parts.pace),
    )
