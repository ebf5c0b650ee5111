"""What an account held already when it was opened: by the names that its venue gives, not by times."""

from __future__ import annotations

import msgspec

from flatbook.events.event import Event
from flatbook.values.ids import AccountId, ActivityId, ExecutionId, InstrumentId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity


class HeldExecution(msgspec.Struct, frozen=True, kw_only=True):
    """An execution that the opening balances of an account hold already. Units: as in an event of an execution."""

    execution_id: ExecutionId
    instrument: InstrumentId
    side: Side
    qty: Quantity
    price: Price
    happened_at: Instant


class AccountOpened(Event, frozen=True, kw_only=True, tag="account_opened"):
    """An account was opened: its balances follow, and what is named here stands in them.

    Of what its venue dates at or after `complete_since` all that stands in the balances is named, so that whatever else
    is dated so and is told later, in whichever way, does not. What is dated before stands in them.
    """

    account: AccountId
    executions: tuple[HeldExecution, ...]
    activities: tuple[ActivityId, ...]
    complete_since: Instant
    stated_at: Instant
    seen_at: Instant
