"""Scripted faults of the paper broker: what goes wrong, at which request or for which order."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.sim.broker.wire import Verb
from flatbook.values.money import ONE, ZERO


class FaultKind(Enum):
    """What goes wrong. The last three concern the order that the request places."""

    DROP_REQUEST = "drop_request"
    DROP_ANSWER = "drop_answer"
    DELAY_ANSWER = "delay_answer"
    GARBLE_ANSWER = "garble_answer"
    SERVER_FAULT = "server_fault"
    REJECT = "reject"
    PARTIAL = "partial"
    LATE_FILL = "late_fill"
    OVERFILL = "overfill"


OF_ORDERS = (FaultKind.PARTIAL, FaultKind.LATE_FILL, FaultKind.OVERFILL)


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault, at the `number`-th request of a verb (counted from 1 over the broker's whole life) or for a client id.

    DROP_REQUEST: the request never arrives. DROP_ANSWER: the broker acts, then is silent. DELAY_ANSWER: the answer
    comes `delay_ms` later. GARBLE_ANSWER: the broker acts, half of the answer arrives. SERVER_FAULT: the broker acts
    and answers with an internal error. REJECT: the broker refuses with `code`. PARTIAL: the first execution takes
    `share` of the order. LATE_FILL: `delay_ms` after the order was canceled, `share` of its rest executes.
    OVERFILL: the execution that completes the order takes `share` of the order on top.
    """

    verb: Verb
    kind: FaultKind
    number: int | None = None
    client_id: str | None = None
    delay_ms: int = 0
    share: Decimal = ONE
    code: str = "restricted"

    def __post_init__(self) -> None:
        if (self.number is None) == (self.client_id is None):
            raise ValueError("a fault names either the number of a request or a client id")
        if self.kind in OF_ORDERS and self.verb is not Verb.PLACE:
            raise ValueError(f"{self.kind.value} concerns an order: its verb is place")
        if self.delay_ms < 0 or not ZERO < self.share <= ONE:
            raise ValueError("a fault needs delay_ms >= 0 and a share above 0, at most 1")

    def hits(self, verb: Verb, number: int, client_id: str | None) -> bool:
        """Returns whether the fault concerns a request."""
        return self.verb is verb and (
            self.number == number or (self.client_id is not None and self.client_id == client_id)
        )


class FaultPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The faults of one run; empty: nothing goes wrong. The first fault that hits counts."""

    faults: tuple[Fault, ...] = ()

    def of_request(self, verb: Verb, number: int, client_id: str | None) -> Fault | None:
        """Returns the fault of a request itself, if any."""
        hits = (fault for fault in self.faults if fault.hits(verb, number, client_id) and fault.kind not in OF_ORDERS)
        return next(hits, None)

    def of_order(self, kind: FaultKind, number: int, client_id: str | None) -> Fault | None:
        """Returns the fault of this kind for the order that the `number`-th place request made, if any."""
        hits = (fault for fault in self.faults if fault.hits(Verb.PLACE, number, client_id) and fault.kind is kind)
        return next(hits, None)
