"""The one table from tag to event, and the bytes that stand in the journal.

Needs: every event is listed in `EVENT_TYPES`. A tag that was ever written stays here for ever: when an event changes,
the new form gets a new tag (`order_filled_v2`) and the old one an entry in `UPCASTERS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Union

import msgspec

from flatbook.events import (
    actions,
    activities,
    calls,
    chain,
    control,
    control_v1,
    forced,
    funds,
    grid,
    grid_v1,
    offers,
    opening,
    orders,
    orders_v1,
    prices,
    risk,
)
from flatbook.events.event import Event

EVENT_TYPES: tuple[type[Event], ...] = (
    orders_v1.OrderIntendedV1,
    orders.IntentRefused,
    orders.OrderSubmitted,
    orders.OrderAccepted,
    orders.OrderRejected,
    orders.OrderNotSent,
    orders.OrderUnknown,
    orders.OrderFound,
    orders.OrderAbsent,
    orders.OrderResent,
    orders_v1.OrderFilledV1,
    orders.OrderOverfilled,
    orders.OrderDone,
    orders.CancelIntended,
    orders.CancelRefused,
    orders.ForeignOrderSeen,
    orders_v1.ForeignFilledV1,
    orders.ForeignAssigned,
    orders.ReportRefused,
    chain.VaultFilled,
    chain.FillSkipped,
    chain.SkippedFillReleased,
    chain.FillUnvalued,
    chain.FillValued,
    chain.FillReversed,
    chain.LogUnparsed,
    chain.BlocksRemoved,
    chain.GasSpent,
    calls.CallIntended,
    calls.CallRefused,
    calls.CallSigned,
    calls.CallReleased,
    calls.CallSent,
    calls.CallUnknown,
    calls.CallDropped,
    calls.CallMined,
    calls.CallUnmined,
    calls.CallConfirmed,
    calls.VaultMoved,
    calls.CallDisplaced,
    calls.CallCancelIntended,
    control.EngineStarted,
    control.EngineStopped,
    control.CommandAccepted,
    control_v1.CommandRefusedV1,
    control.CommandRefused,
    control.TradingHalted,
    control.TradingLifted,
    control.HedgeHeld,
    control.FlattenIntended,
    control.FlattenEnded,
    control.DrainIntended,
    control.MarkSet,
    control.BooksDiverged,
    control.BooksAgreed,
    control_v1.PositionOverwrittenV1,
    control.PositionOverwritten,
    control.BalanceStated,
    control.AlertRaised,
    control.AlertCleared,
    funds.FundsStated,
    chain.BlocksFinalized,
    prices.FillPriced,
    offers.OfferSeen,
    offers.OfferRemoved,
    offers.OfferQuoted,
    offers.OfferReasonsChanged,
    offers.OfferPulled,
    offers.OfferRestored,
    activities.AccountActivityBooked,
    actions.CorporateActionStated,
    actions.FreezeEnded,
    actions.RatioJumped,
    orders.OrderIntended,
    orders.OrderFilled,
    orders.ForeignFilled,
    forced.ForcedReduction,
    risk.RiskRaised,
    risk.RiskCleared,
    risk.StopProven,
    risk.BreakerArmed,
    risk.RiskLimitSet,
    risk.BooksDoubted,
    risk.BooksCorrected,
    grid_v1.GridLaidV1,
    grid.GridLaid,
    grid.GridHeld,
    grid.GridLocked,
    grid.GridStopped,
    grid.GridResumed,
    grid.GridSlotsAssigned,
    opening.AccountOpened,
)

Upcaster = Callable[[Any], Event]
UPCASTERS: dict[type[Event], Upcaster] = {
    control_v1.CommandRefusedV1: control_v1.lift_refused,
    control_v1.PositionOverwrittenV1: control_v1.lift_overwritten,
    grid_v1.GridLaidV1: grid_v1.lift_laid,
    orders_v1.OrderIntendedV1: orders_v1.lift_intended,
    orders_v1.OrderFilledV1: orders_v1.lift_filled,
    orders_v1.ForeignFilledV1: orders_v1.lift_foreign,
}

_ARRAY_OF_4_BITS, _ARRAY_OF_16_BITS = 2**4, 2**16
_VERSION = re.compile(r"_v(\d+)$")


class EventUnreadable(ValueError):
    """Bytes of the journal are no events that this version knows."""


def tag_of(event_type: type[Event]) -> str:
    """Returns the tag under which an event type stands in the journal."""
    return str(event_type.__struct_config__.tag)


def name_of(event_type: type[Event]) -> str:
    """Returns what people and other programs call an event: its tag without the version of its form."""
    return _VERSION.sub("", tag_of(event_type))


def version_of(tag: str) -> int:
    """Returns the version that a tag states; a tag without suffix is version 1."""
    match = _VERSION.search(tag)
    return int(match.group(1)) if match else 1


class EventCodec:
    """Encodes and decodes the events of one commit; `encode` returns the msgpack bytes of a list or tuple of them.

    A codec is built from a table so that a test can build one with an event type of tomorrow; the product uses
    the module functions below, which hold the codec of `EVENT_TYPES`.
    """

    def __init__(self, event_types: Sequence[type[Event]], upcasters: dict[type[Event], Upcaster]) -> None:
        union = Union[tuple(event_types)]  # type: ignore[valid-type]  # noqa: UP007
        self._upcasters = upcasters
        self.encode: Callable[[Sequence[Event]], bytes] = msgspec.msgpack.Encoder().encode
        self._decoder = msgspec.msgpack.Decoder(tuple[union, ...])  # type: ignore[valid-type]
        self._json_decoder = msgspec.json.Decoder(union)

    def decode(self, blob: bytes) -> tuple[Event, ...]:
        """Returns the events that were encoded, old versions lifted to the present ones.

        Errors: EventUnreadable on unknown tags, unknown or missing fields, or bytes that are no events.
        """
        try:
            events: tuple[Event, ...] = self._decoder.decode(blob)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise EventUnreadable(f"not events of this version: {error}") from error
        upcasters = self._upcasters
        for event in events:
            if type(event) in upcasters:
                return tuple(map(self._lifted, events))
        return events

    def decode_json(self, text: bytes) -> Event:
        """Returns the event that a JSON object states, lifted to its present version.

        Errors: EventUnreadable as in `decode`.
        """
        try:
            return self._lifted(self._json_decoder.decode(text))
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise EventUnreadable(f"not an event of this version: {error}") from error

    def _lifted(self, event: Event) -> Event:
        while (upcaster := self._upcasters.get(type(event))) is not None:
            event = upcaster(event)
        return event


_CODEC = EventCodec(EVENT_TYPES, UPCASTERS)
encode_events = _CODEC.encode
encode_event: Callable[[Event], bytes] = msgspec.msgpack.Encoder().encode
decode_events = _CODEC.decode
decode_event_json = _CODEC.decode_json


def gathered(events: bytes, count: int) -> bytes:
    """Returns the msgpack bytes of a commit of so many events, which were encoded one by one and joined."""
    if count < _ARRAY_OF_4_BITS:
        return bytes((0x90 | count,)) + events
    head = (0xDC, *count.to_bytes(2)) if count < _ARRAY_OF_16_BITS else (0xDD, *count.to_bytes(4))
    return bytes(head) + events


def encode_event_json(event: Event) -> bytes:
    """Returns the JSON object of one event, for people and other programs."""
    return msgspec.json.encode(event)
