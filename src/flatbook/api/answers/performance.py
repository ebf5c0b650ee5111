"""What the newest days earned, taken apart; and of each strategy how much of what it saw it took, and how fast."""

from __future__ import annotations

from enum import Enum

import msgspec

from flatbook.api.answers.moment import Answer
from flatbook.api.answers.pnl import TotalsBody
from flatbook.api.answers.positions import number_or_none
from flatbook.api.answers.story import ms_or_none
from flatbook.projections.course import Point
from flatbook.projections.pace import FillsTaken, OrdersTaken, Pace, rate_pct
from flatbook.projections.results import Totals
from flatbook.values.ids import OwnerId
from flatbook.values.instants import text_of_instant
from flatbook.values.money import plain


class Kind(Enum):
    """What a strategy does: it hedges fills, or it quotes a grid."""

    HEDGE = "hedge"
    GRID = "grid"


class PaceBody(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took. Units: milliseconds that half of it, and 95 of 100, took at most; None where none is."""

    count: int
    p50_ms: str | None
    p95_ms: str | None


class PointBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an hour or a day earned, and all of them up to its end. Units: USD; `at` is when it begins."""

    at: str
    net_usd: str
    running_net_usd: str


class StrategyBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a strategy took of what it saw. A hedge sees fills and takes those that its orders closed, at least in part;
    a grid posts orders, and those are taken that executed, at least in part.

    `netted` fills were closed by other fills alone and `open` ones by nothing yet: both are seen and not taken; None of
    a grid. Units: USD after costs of the owner's own; `rate_pct` taken of a hundred seen, None where nothing was seen.
    `detection` is from a fill until we knew of it, `hedging` from there until its shares were hedged, by shares;
    `acknowledging` from a decision until we heard that the venue accepted the order.
    """

    owner: str
    kind: Kind
    net_usd: str
    seen: int
    taken: int
    netted: int | None
    open: int | None
    rate_pct: str | None
    detection: PaceBody | None
    hedging: PaceBody | None
    acknowledging: PaceBody


class PerformanceAnswer(Answer, frozen=True, kw_only=True):
    """The newest days of the books. `parts_usd` are those of the report: less the costs they are the net result.

    `points` are the hours of one day, or the days from the first that has a result. None where the journal is empty.
    """

    days: int
    first: str | None
    last: str | None
    total: TotalsBody | None
    parts_usd: dict[str, str]
    points: list[PointBody]
    strategies: list[StrategyBody]


def hedge_body(owner: OwnerId, totals: Totals, fills: FillsTaken, orders: OrdersTaken) -> StrategyBody:
    """Returns what a hedge took of the fills that it saw."""
    return StrategyBody(
        owner=owner,
        kind=Kind.HEDGE,
        net_usd=plain(totals.net),
        seen=fills.seen,
        taken=fills.hedged,
        netted=fills.netted,
        open=fills.open,
        rate_pct=number_or_none(rate_pct(fills.hedged, fills.seen)),
        detection=pace_body(fills.detection),
        hedging=pace_body(fills.hedging),
        acknowledging=pace_body(orders.acknowledging),
    )


def grid_body(owner: OwnerId, totals: Totals, orders: OrdersTaken) -> StrategyBody:
    """Returns how many of the orders that a grid posted executed."""
    return StrategyBody(
        owner=owner,
        kind=Kind.GRID,
        net_usd=plain(totals.net),
        seen=orders.posted,
        taken=orders.filled,
        netted=None,
        open=None,
        rate_pct=number_or_none(rate_pct(orders.filled, orders.posted)),
        detection=None,
        hedging=None,
        acknowledging=pace_body(orders.acknowledging),
    )


def pace_body(pace: Pace) -> PaceBody:
    """Returns how long something took as programs read it."""
    return PaceBody(count=pace.count, p50_ms=ms_or_none(pace.half_ns), p95_ms=ms_or_none(pace.most_ns))


def point_body(point: Point) -> PointBody:
    """Returns one hour or day as programs read it."""
    return PointBody(at=text_of_instant(point.at), net_usd=plain(point.net), running_net_usd=plain(point.running))
