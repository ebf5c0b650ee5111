"""What each command is told, and what its answer says: one body for each verb, checked before anything is sent."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from flatbook.engine.inputs import Verb
from flatbook.events.control import HaltScope
from flatbook.values.instruments import Side

REASON_TEXT_MAX = 512
TEXT_MAX = 256
VERSION_TEXT_MAX = 32

UNSEEN = r"\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
"""What moves the cursor of a terminal, hides, or turns the direction of reading."""

NO_CONTROLS = rf"^[^{UNSEEN}]*(?!\n)$"
SAYS_SOMETHING = rf"^[^{UNSEEN}]*[^{UNSEEN}\s][^{UNSEEN}]*(?!\n)$"  # and not of blanks alone
Name = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, pattern=NO_CONTROLS)]
Reason = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=REASON_TEXT_MAX,
        pattern=SAYS_SOMETHING,
        description="Why: it stands in the journal. One line, without control characters or what cannot be seen.",
    ),
]
Number = Annotated[str, Meta(pattern=r"^[0-9]{1,20}(\.[0-9]{1,18})?(?!\n)$", description="An exact number, as text.")]
Version = Annotated[
    str, Meta(min_length=1, max_length=VERSION_TEXT_MAX, description="The version of the preview that was agreed to.")
]
_NEVER_ARGUMENTS = ("reason", "expected_version")


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shape of all commands. One that must be agreed to is done only where it still does what its preview showed.

    A stop takes a version too and does not look at it: a stop is never stale.
    """

    verb: ClassVar[Verb]
    must_be_agreed: ClassVar[bool] = False
    reason: Reason
    expected_version: Version | None = None

    def arguments(self) -> dict[str, str]:
        """Returns what the engine is told: a text for each field that was stated."""
        stated = ((name, getattr(self, name)) for name in self.__struct_fields__ if name not in _NEVER_ARGUMENTS)
        return {
            name: value.value if isinstance(value, Enum) else str(value) for name, value in stated if value is not None
        }


def preview_body(body: type[Body]) -> type[Body]:
    """Returns the body of the preview of a command: the same, and the reason may come later."""
    fields = [("reason", Reason | None, None)]
    made = msgspec.defstruct(f"{body.__name__}Preview", fields, bases=(body,), frozen=True, kw_only=True)
    assert issubclass(made, Body)
    return made


class HaltTrading(Body, frozen=True, kw_only=True):
    """Stop new orders in a scope and cancel what rests there."""

    verb = Verb.HALT
    scope: HaltScope = HaltScope.ALL
    target: Annotated[
        str, Meta(max_length=TEXT_MAX, pattern=NO_CONTROLS, description="Which one; nothing for all.")
    ] = ""


class KillTrading(Body, frozen=True, kw_only=True):
    """Halt everything, or one account, cancel every order there, and verify that none is open."""

    verb = Verb.KILL
    account: Name | None = None


class CancelOrder(Body, frozen=True, kw_only=True):
    """Cancel one order."""

    verb = Verb.ORDER_CANCEL
    order_id: Name


class LiftHalt(Body, frozen=True, kw_only=True):
    """Take one halt back."""

    verb = Verb.LIFT
    must_be_agreed = True
    halt_id: Name


class DrainDesk(Body, frozen=True, kw_only=True):
    """Finish the hedges under way, then stop the engine."""

    verb = Verb.DRAIN
    must_be_agreed = True


class FlattenNets(Body, frozen=True, kw_only=True):
    """Bring nets to zero at the market; of all owners and underlyings unless named."""

    verb = Verb.FLATTEN
    must_be_agreed = True
    owner: Name | None = None
    underlying: Name | None = None


class PlaceOrder(Body, frozen=True, kw_only=True):
    """Trade by hand: an order that brings a net nearer to zero, through all checks of its hedge."""

    verb = Verb.ORDER_PLACE
    must_be_agreed = True
    owner: Name
    underlying: Name
    side: Side
    qty: Number
    limit: Number
    account: Name | None = None
    good_s: Annotated[int, Meta(ge=1, le=3_600, description="How many seconds it may work.")] = 60


class SetLimit(Body, frozen=True, kw_only=True):
    """Make a limit tighter than it is configured, or `configured` to take that back."""

    verb = Verb.LIMIT_SET
    must_be_agreed = True
    name: Name
    to: Annotated[str, Meta(pattern=r"^(configured|[0-9]{1,20}(\.[0-9]{1,18})?)(?!\n)$")]


class HedgeNow(Body, frozen=True, kw_only=True):
    """Place the hedge of a net at once, whatever its threshold."""

    verb = Verb.HEDGE_NOW
    owner: Name
    underlying: Name


class RecheckOrder(Body, frozen=True, kw_only=True):
    """Ask the venue for an order again."""

    verb = Verb.ORDER_RECHECK
    order_id: Name


class ReleaseFill(Body, frozen=True, kw_only=True):
    """Decide on a fill whose hedge waits for a person: hedge it, or leave it unhedged for good."""

    verb = Verb.FILL_RELEASE
    must_be_agreed = True
    log: Annotated[
        str,
        Meta(
            pattern=r"^[0-9]{1,20}:0x[0-9a-fA-F]{1,64}:[0-9]{1,10}(?!\n)$",
            description="The log of the fill, as held_fills of the positions name it.",
        ),
    ]
    hedge: bool = True

    def arguments(self) -> dict[str, str]:
        """Returns what the engine is told: the log in its three parts."""
        chain, tx, log_index = self.log.split(":")
        return {"chain": chain, "tx": tx, "log_index": log_index, "hedge": "yes" if self.hedge else "no"}


class ReconcileBooks(Body, frozen=True, kw_only=True):
    """Compare our records with every venue now."""

    verb = Verb.RECONCILE


class ReconnectStreams(Body, frozen=True, kw_only=True):
    """Close the streams of an account, of its market and of its orders, and open them anew."""

    verb = Verb.RECONNECT
    account: Name


class CommandTaken(msgspec.Struct, frozen=True, kw_only=True):
    """A command that the engine accepted. `seq` is None where its journal cannot be written: it acted all the same.

    `halt_id` takes a halt back; `job` tells how a kill goes on. `repeated`: the engine knew the key already.
    `note` tells of a halt that stood already: since when and why, and that one lift ends it.
    """

    key: str
    verb: str
    actor: str
    seq: int | None
    repeated: bool
    halt_id: str | None = None
    job: str | None = None
    note: str | None = None
