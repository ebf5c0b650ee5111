"""What watches the markets and the results of a desk has seen, and what it stops."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events.event import Event
from flatbook.values.ids import AccountId, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product, Side
from flatbook.values.money import Price, Quantity


class RiskRaised(Event, frozen=True, kw_only=True, tag="risk_raised"):
    """A monitor sees an abnormal market: its owners take no new risk on a side until it clears. Exits and cancels pass.

    `accounts` must prove that nothing is left there; `abnormal` are the instruments that say so; the evidence holds
    what was compared, as text by instrument.
    """

    monitor: str
    side: Side
    owners: tuple[OwnerId, ...]
    accounts: tuple[AccountId, ...]
    abnormal: tuple[InstrumentId, ...]
    evidence: dict[str, str]
    raised_at: Instant


class RiskCleared(Event, frozen=True, kw_only=True, tag="risk_cleared"):
    """Enough of the instruments of a monitor are normal again: the side is free. `normal` are those instruments."""

    monitor: str
    side: Side
    normal: tuple[InstrumentId, ...]
    evidence: dict[str, str]
    cleared_at: Instant


class RiskLimitSet(Event, frozen=True, kw_only=True, tag="risk_limit_set"):
    """An operator made a limit tighter than it is configured, or took that back, which `to` None says.

    Units: `to` in the unit of the limit, as its name says.
    """

    name: str
    to: Decimal | None
    reason: str
    set_at: Instant


class StopProven(Event, frozen=True, kw_only=True, tag="stop_proven"):
    """A statement of an account, read after a side was stopped, shows none of the orders that had to go."""

    monitor: str
    side: Side
    account: AccountId
    stated_at: Instant
    seen_at: Instant


class BreakerArmed(Event, frozen=True, kw_only=True, tag="breaker_armed"):
    """An owner has a breaker with these limits from now on; one without any limit ends it.

    Units: losing trades in a row; USD that the total since the last reset may be below zero.
    """

    owner: OwnerId
    losses_max: int | None
    drawdown_usd_max: Decimal | None
    armed_at: Instant


class BooksDoubted(Event, frozen=True, kw_only=True, tag="books_doubted"):
    """A statement differs from our books for the first time: only what the next one shows too is a difference.

    Units: theirs less ours, in units of the subject, signed.
    """

    account: AccountId
    subject: str
    difference: Quantity
    stated_at: Instant
    seen_at: Instant


class BooksCorrected(Event, frozen=True, kw_only=True, tag="books_corrected"):
    """A position was brought in line with its venue, as the rules of its account allow; it stands in suspense.

    Units: qty in base (contracts), signed, what the owner's position moved by; ours and theirs in units of the subject;
    price in quote per base, of the newest execution; usd what the difference is worth, signed; both None where nobody
    knows.
    """

    owner: OwnerId
    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    product: Product
    subject: str
    qty: Quantity
    contract_size: Decimal
    price: Price | None
    usd: Decimal | None
    ours: Quantity
    theirs: Quantity
    stated_at: Instant
    seen_at: Instant
