"""Identifiers, all derived from what they identify and never drawn at random."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import NewType

OrderId = NewType("OrderId", str)
VenueOrderId = NewType("VenueOrderId", str)
ExecutionId = NewType("ExecutionId", str)
ActivityId = NewType("ActivityId", str)
OwnerId = NewType("OwnerId", str)
AccountId = NewType("AccountId", str)
InstrumentId = NewType("InstrumentId", str)
AssetId = NewType("AssetId", str)
Underlying = NewType("Underlying", str)
ChainId = NewType("ChainId", int)
WalletId = NewType("WalletId", str)
CallId = NewType("CallId", str)
HaltId = NewType("HaltId", str)
GroupId = NewType("GroupId", str)
Slot = NewType("Slot", str)
SourceId = NewType("SourceId", str)
EventRef = NewType("EventRef", str)
Seq = NewType("Seq", int)
Epoch = NewType("Epoch", int)

ORDER_ID_LENGTH = 26
COUNT_DIGITS = 9
OWNERS_CACHED_MAX = 1_024
UNASSIGNED = OwnerId("unassigned")
ORDER_ID_PREFIX = "fb"
CALL_ID_PREFIX = "fc"
TOTAL_PREFIX = "total:"


def order_id_of_event(owner: OwnerId, cause: EventRef, *, index: int, attempt: int = 0) -> OrderId:
    """Returns the client order id of an intent that an outside event caused.

    Gives: 26 lower-case letters and digits, the same for the same cause in every run and process.
    Needs: `cause` is the outside identity of the event, `index` counts the intents of that cause.
    """
    return _order_id("event", owner, cause, str(index), str(attempt))


def order_id_of_observation(owner: OwnerId, *, epoch: Epoch, count: int, attempt: int = 0) -> OrderId:
    """Returns the client order id of an intent decided on observations, which have no identity of their own.

    Needs: `count` is the number of intents of the owner so far, taken from the fold, below 10^9; the epoch never comes
    again.
    Gives: 26 lower-case letters and digits that end in the count.
    """
    return OrderId(f"{observed_prefix(owner, epoch, attempt)}{str(count).zfill(COUNT_DIGITS)}")


@lru_cache(maxsize=OWNERS_CACHED_MAX)
def observed_prefix(owner: OwnerId, epoch: Epoch, attempt: int = 0) -> str:
    """Returns what the ids of the intents that an owner decides on observations begin with, before the count."""
    return _order_id("observation", owner, str(epoch), str(attempt))[: ORDER_ID_LENGTH - COUNT_DIGITS]


def _order_id(*parts: str) -> OrderId:
    return OrderId(ORDER_ID_PREFIX + digest_text(*parts)[: ORDER_ID_LENGTH - len(ORDER_ID_PREFIX)])


def call_id_of(owner: OwnerId, cause: EventRef, *, index: int, attempt: int = 0) -> CallId:
    """Returns the id of a chain call that an outside event or a command caused.

    Gives: 26 lower-case letters and digits, the same for the same cause in every run and process.
    Needs: `index` counts the calls of that cause, `attempt` how often it was wanted anew after an end without effect.
    """
    digest = digest_text("call", owner, cause, str(index), str(attempt))
    return CallId(CALL_ID_PREFIX + digest[: ORDER_ID_LENGTH - len(CALL_ID_PREFIX)])


def digest_text(*parts: str) -> str:
    """Returns 32 lower-case letters and digits that are determined by the parts and by their borders."""
    return base64.b32encode(_digest(parts)).decode().lower()


def digest_number(*parts: str, below: int) -> int:
    """Returns a whole number from 0 to `below` less one that is determined by the parts and by their borders."""
    return int.from_bytes(_digest(parts), "big") % below


def _digest(parts: tuple[str, ...]) -> bytes:
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in (text.encode() for text in parts))
    return hashlib.blake2b(framed, digest_size=20).digest()


def execution_id_of_half(execution_id: ExecutionId, side: str) -> ExecutionId:
    """Returns the id of that half of a trade between two orders of one account that was told after the other one."""
    return ExecutionId(f"{execution_id}:{side}")


def execution_id_of_total(order_id: OrderId, filled: str) -> ExecutionId:
    """Returns the id of the execution that brought an order to a total; `filled` is that total as text."""
    return ExecutionId(f"{TOTAL_PREFIX}{order_id}:{filled}")


def is_of_total(execution_id: ExecutionId) -> bool:
    """Whether an execution was derived from running totals."""
    return execution_id.startswith(TOTAL_PREFIX)


def halt_id_of(scope: str, target: str, cause: str) -> HaltId:
    """Returns the id of a halt: the same cause halts the same target under the same id."""
    return HaltId("halt-" + digest_text(scope, target, cause)[:10])
