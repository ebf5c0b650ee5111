"""Every event ever written can be read, and means what it meant."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from flatbook.events import control, orders
from flatbook.events.codec import (
    EVENT_TYPES,
    UPCASTERS,
    EventCodec,
    EventUnreadable,
    decode_event_json,
    decode_events,
    encode_event_json,
    encode_events,
    tag_of,
    version_of,
)
from flatbook.events.event import Event
from flatbook.values.instants import Instant
from flatbook.values.instruments import Product
from tests.unit.events.samples import AT, SAMPLES

GOLDEN = Path(__file__).parents[2] / "golden"
OF_TAG = {tag_of(type(sample)): sample for sample in SAMPLES}


def lifted(event: Event) -> Event:
    """Returns an event as a reader meets it today."""
    return UPCASTERS[type(event)](event) if type(event) in UPCASTERS else event


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=tag_of)
def test_a_golden_file_decodes_to_the_event_it_was_and_encodes_to_the_same_bytes(event_type: type[Event]) -> None:
    tag = tag_of(event_type)
    written = (GOLDEN / f"{tag.removesuffix(f'_v{version_of(tag)}')}.v{version_of(tag)}.json").read_bytes()
    assert decode_event_json(written) == lifted(OF_TAG[tag])
    assert encode_event_json(OF_TAG[tag]) + b"\n" == written


def test_the_golden_row_decodes_to_the_events_it_was_and_encodes_to_the_same_bytes() -> None:
    written = (GOLDEN / "row.v1.msgpack").read_bytes()
    assert decode_events(written) == tuple(lifted(sample) for sample in SAMPLES)
    assert encode_events(SAMPLES) == written


def test_there_is_a_sample_of_every_event() -> None:
    assert [type(sample) for sample in SAMPLES] == list(EVENT_TYPES)


def test_no_two_events_share_a_tag() -> None:
    tags = [tag_of(event_type) for event_type in EVENT_TYPES]
    assert len(set(tags)) == len(tags) == 92


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: tag_of(type(event)))
def test_an_event_survives_both_encodings_digit_by_digit(event: Event) -> None:
    assert repr(decode_events(encode_events((event,)))[0]) == repr(lifted(event))
    assert repr(decode_event_json(encode_event_json(event))) == repr(lifted(event))


def test_a_number_keeps_its_scale() -> None:
    written = encode_event_json(OF_TAG["order_found"])
    assert b'"filled_qty":"0E-9"' in written
    found = decode_event_json(written)
    assert isinstance(found, orders.OrderFound)
    assert found.filled_qty.as_tuple() == Decimal("0E-9").as_tuple()


def test_an_event_of_tomorrow_is_refused() -> None:
    class TradingPaused(Event, frozen=True, kw_only=True, tag="trading_paused"):
        paused_at: Instant

    tomorrow = EventCodec((*EVENT_TYPES, TradingPaused), {})
    blob = tomorrow.encode((TradingPaused(paused_at=AT),))
    with pytest.raises(EventUnreadable, match="trading_paused"):
        decode_events(blob)


@pytest.mark.parametrize(
    "text",
    [
        b'{"type":"engine_stopped","reason":"x"}',
        b'{"type":"engine_stopped","reason":"x","stopped_at":1,"more":1}',
        b'{"type":"engine_stopped","reason":1,"stopped_at":1}',
        b'{"type":"engine_stopped","reason":"x","stopped_at":1.5}',
        b'{"reason":"x","stopped_at":1}',
        b'{"type":"engine_stopped","reason":"x","stopped_at":1',
        b"[]",
        b"",
    ],
)
def test_an_event_with_a_field_too_few_too_many_or_of_another_kind_is_refused(text: bytes) -> None:
    with pytest.raises(EventUnreadable):
        decode_event_json(text)


def test_a_cut_or_lengthened_row_is_refused() -> None:
    blob = encode_events(SAMPLES[:2])
    for damaged in (blob[:-1], blob + b"\x00", b"", b"\xc1"):
        with pytest.raises(EventUnreadable):
            decode_events(damaged)


def test_an_old_version_is_lifted_to_the_present_one_step_by_step() -> None:
    class Stopped2(Event, frozen=True, kw_only=True, tag="engine_stopped_v2"):
        why: str
        stopped_at: Instant

    class Stopped3(Event, frozen=True, kw_only=True, tag="engine_stopped_v3"):
        why: str
        clean: bool
        stopped_at: Instant

    def lift_1(event: Event) -> Event:
        assert isinstance(event, control.EngineStopped)
        return Stopped2(why=event.reason, stopped_at=event.stopped_at)

    def lift_2(event: Event) -> Event:
        assert isinstance(event, Stopped2)
        return Stopped3(why=event.why, clean=True, stopped_at=event.stopped_at)

    codec = EventCodec((*EVENT_TYPES, Stopped2, Stopped3), {control.EngineStopped: lift_1, Stopped2: lift_2})
    old = encode_events((control.EngineStopped(reason="drained", stopped_at=AT),))
    lifted = Stopped3(why="drained", clean=True, stopped_at=AT)
    assert codec.decode(old) == (lifted,)
    assert codec.decode_json(b'{"type":"engine_stopped","reason":"drained","stopped_at":%d}' % AT) == lifted
    assert version_of(tag_of(Stopped3)) == 3


def test_every_upcaster_starts_at_an_event_that_is_still_known() -> None:
    assert [event_type for event_type in UPCASTERS if event_type not in EVENT_TYPES] == []


def test_events_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        SAMPLES[0].order_id = "x"  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        msgspec.structs.replace(SAMPLES[0], unknown=1)


def test_the_forms_of_before_become_limit_orders_that_are_delivered_and_say_nothing_that_they_did_not_know() -> None:
    intended, filled, foreign = (
        decode_event_json((GOLDEN / f"{name}.v1.json").read_bytes())
        for name in ("order_intended", "order_filled", "foreign_filled")
    )
    assert isinstance(intended, orders.OrderIntended)
    assert (intended.style, intended.product) == (orders.OrderStyle.LIMIT, Product.SPOT)
    for event in (filled, foreign):
        assert isinstance(event, orders.OrderFilled | orders.ForeignFilled)
        assert (event.product, event.realised, event.maker) == (Product.SPOT, None, None)
