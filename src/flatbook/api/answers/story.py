"""The whole story of whatever has an id: its events, what caused them, what they caused, and what it earned."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.api.answers.events import EventBody, line_body
from flatbook.api.answers.moment import Answer, AsOf
from flatbook.api.answers.positions import number_or_none
from flatbook.projections.lots import Slice
from flatbook.projections.timeline import Latency, Story
from flatbook.values.money import plain

NS_PER_MS_DIGITS = 6


class SliceBody(msgspec.Struct, frozen=True, kw_only=True):
    """What two trades closed of each other. Units: qty in underlying; USD, per unit for prices."""

    opening: str
    closing: str
    side: str
    qty: str
    bucket: str
    delayed: bool
    opening_price: str | None
    closing_price: str | None
    realised_usd: str | None


class LatencyBody(msgspec.Struct, frozen=True, kw_only=True):
    """How long the steps from a fill to its hedge took. Units: milliseconds, None where an end is missing."""

    order: str
    seen_ms: str | None
    decided_ms: str | None
    accepted_ms: str | None
    executed_ms: str | None
    total_ms: str | None


class StoryAnswer(Answer, frozen=True, kw_only=True):
    """Everything that belongs to a subject, in the order of the journal."""

    subject: str
    events: list[EventBody]
    slices: list[SliceBody]
    latencies: list[LatencyBody]


def story_answer(story: Story, moment: AsOf) -> StoryAnswer:
    """Returns a story as programs read it."""
    return StoryAnswer(
        as_of=moment,
        subject=story.subject,
        events=[line_body(line) for line in story.lines],
        slices=[slice_body(each) for each in story.slices],
        latencies=[latency_body(each) for each in story.latencies],
    )


def slice_body(each: Slice) -> SliceBody:
    """Returns one closed slice as programs read it."""
    return SliceBody(
        opening=each.opening,
        closing=each.closing,
        side=each.side.value,
        qty=plain(each.qty),
        bucket=each.bucket.value,
        delayed=each.delayed,
        opening_price=number_or_none(each.opening_price),
        closing_price=number_or_none(each.closing_price),
        realised_usd=number_or_none(each.realised),
    )


def latency_body(latency: Latency) -> LatencyBody:
    """Returns the latencies of one order as programs read them."""
    return LatencyBody(
        order=latency.order,
        seen_ms=ms_or_none(latency.seen_ns),
        decided_ms=ms_or_none(latency.decided_ns),
        accepted_ms=ms_or_none(latency.accepted_ns),
        executed_ms=ms_or_none(latency.executed_ns),
        total_ms=ms_or_none(latency.total_ns),
    )


def ms_or_none(ns: int | None) -> str | None:
    """Returns nanoseconds as milliseconds; None stays None."""
    return None if ns is None else plain(Decimal(ns).scaleb(-NS_PER_MS_DIGITS))
