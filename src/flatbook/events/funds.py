"""What an account may spend and borrow, as its venue states it."""

from __future__ import annotations

from flatbook.events.event import Event
from flatbook.values.ids import AccountId, AssetId, InstrumentId
from flatbook.values.instants import Instant
from flatbook.values.money import Quantity


class FundsStated(Event, frozen=True, kw_only=True, tag="funds_stated"):
    """A venue stated what an account may spend and borrow, and it differs from what we knew.

    Units: `settled` in units of the asset: cash that is settled, what orders work for not taken off; `instant` in units
    of the asset: what may be spent beyond it now without a violation. Both are None where the venue does not say.
    `good_faith` counts the good-faith violations that the venue holds against the account, None where it counts none.
    `borrowable` are the instruments of ours that are easy to borrow, None where the venue does not say.
    """

    account: AccountId
    asset: AssetId
    settled: Quantity | None
    instant: Quantity | None
    good_faith: int | None
    borrowable: tuple[InstrumentId, ...] | None
    stated_at: Instant
    seen_at: Instant
