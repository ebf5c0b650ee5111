"""Events of control in forms that are no longer written. Journals hold them: they are read, and lifted by `codec`."""

from __future__ import annotations

from typing import Any

from flatbook.events.control import CommandRefused, PositionOverwritten
from flatbook.events.event import Event
from flatbook.values.ids import AccountId, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.money import Price, Quantity


class CommandRefusedV1(Event, frozen=True, kw_only=True, tag="command_refused"):
    """A refusal of before refusals told what was asked for, and why."""

    key: str
    actor: str
    verb: str
    why: str
    refused_at: Instant


def lift_refused(event: Any) -> CommandRefused:
    """Returns the present form: what was asked for, and with what reason, is not known."""
    return CommandRefused(
        key=event.key,
        actor=event.actor,
        verb=event.verb,
        reason=None,
        arguments=None,
        why=event.why,
        refused_at=event.refused_at,
    )


class PositionOverwrittenV1(Event, frozen=True, kw_only=True, tag="position_overwritten"):
    """A position that an operator stated, of before it was said of what size its contracts are."""

    owner: OwnerId
    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    before: Quantity
    after: Quantity
    price: Price | None
    reason: str
    decided_at: Instant


def lift_overwritten(event: Any) -> PositionOverwritten:
    """Returns the present form: the size of its contracts is not known."""
    return PositionOverwritten(
        owner=event.owner,
        account=event.account,
        instrument=event.instrument,
        underlying=event.underlying,
        before=event.before,
        after=event.after,
        contract_size=None,
        price=event.price,
        reason=event.reason,
        decided_at=event.decided_at,
    )
