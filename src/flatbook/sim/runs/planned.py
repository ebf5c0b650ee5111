"""What is planned to happen in a world, each thing at its moment, and what numbers of a plan that is read may be.

Units: milliseconds after the start unless a name says otherwise; shares in 1e-9, as in sim/world/record.py.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from flatbook.sim.chance import BPS_WHOLE
from flatbook.sim.world.process import CrashPoint
from flatbook.sim.world.record import PRICE, SHARE

PLAN_MS_MAX, QTY_MAX = 86_400_000, 10**18
DAY_S, DEPTH_MAX, PPM_MAX = 86_400, 10_000, 1_000_000

Moment = Annotated[int, Meta(ge=0, le=PLAN_MS_MAX)]
Span = Annotated[int, Meta(ge=1, le=PLAN_MS_MAX)]
Move = Annotated[int, Meta(ge=-PLAN_MS_MAX, le=PLAN_MS_MAX)]
Seconds = Annotated[int, Meta(ge=0, le=DAY_S)]
Qty = Annotated[int, Meta(ge=1, le=QTY_MAX)]
Sign = Annotated[int, Meta(ge=-1, le=1)]
Bps = Annotated[int, Meta(ge=0, le=BPS_WHOLE)]
Depth = Annotated[int, Meta(ge=0, le=DEPTH_MAX)]
Mark = Annotated[int, Meta(ge=1, le=100 * PRICE)]


class PlannedFill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A taker trades against a vault of ours. `sign` is ours: -1 when our vault gave shares."""

    at_ms: Moment
    symbol: str
    sign: Sign
    qty: Qty


class PlannedOffer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The desk's owner adds an order by hand in a block. `sign` is ours: -1 where it gives shares."""

    symbol: str
    sign: Sign
    qty: Qty
    block: Depth = 1


class PlannedCrash(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A life of the desk ends: `after_ms` into the life, or at a point of it. The next one begins `down_ms` later."""

    down_ms: Span
    after_ms: Span | None = None
    point: CrashPoint | None = None


class PlannedReorg(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The chain replaces its newest blocks. Units: `keeps_bps` is the chance of a fill to come again."""

    at_ms: Moment
    depth: Depth
    keeps_bps: Bps


class PlannedHalt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator halts or kills, commands it `times` with the same key, and lifts it later."""

    at_ms: Moment
    verb: str
    times: Annotated[int, Meta(ge=1, le=100)]
    lift_after_ms: Span


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The clock of the desk's machine is set forward or back; something sets it right `back_after_ms` later."""

    at_ms: Moment
    by_ms: Move
    back_after_ms: Span | None = None


class PlannedFreeze(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The desk's process stands still. With `twin`, another one is started meanwhile."""

    at_ms: Moment
    for_ms: Span
    twin: bool


class PlannedForeign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody trades on our account by hand, or (`forced`) the venue closes a part of it without an order."""

    at_ms: Moment
    symbol: str
    sign: Sign
    qty: Qty
    forced: bool


class PlannedGuards(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What watches a grid: a monitor of its own market, and a breaker.

    Units: candles of `interval_s`, of which it averages `window`; `volume_pct` percent of the mean volume; what was not
    heard of for `missing_s` is abnormal. The breaker stops after so many losses in a row, or below so many USD.
    """

    interval_s: Seconds
    window: Annotated[int, Meta(ge=1, le=20)]
    volume_pct: Annotated[int, Meta(ge=1, le=10_000)]
    missing_s: Seconds
    losses_max: Annotated[int, Meta(ge=1, le=1_000)] | None = None
    drawdown_usd: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None


class PlannedGrid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A grid that quotes on the first symbol, at a spot market or a perpetual contract.

    Units: `step` and `range` (how far from the first price it may go, None for ever) in ticks of a cent; `qty` of a
    level and `inventory_max` in 1e-9 share; `skew_bps` as in the grid's own terms; `book_age_ms` in ms. `takers_bps` is
    the chance that somebody outside takes in a second, and up to `taker_qty` then. Once nothing goes wrong any more it
    quotes for `quoted_s`; then an operator kills it.
    """

    spot: bool
    neutral: bool
    step: Depth
    levels: Annotated[int, Meta(ge=1, le=20)]
    qty: Qty
    inventory_max: Qty
    book_age_ms: Annotated[int, Meta(ge=50, le=60_000)]
    skew_bps: Bps = 0
    exits_take: bool = False
    range: Depth | None = None
    takers_bps: Bps = 5_000
    taker_qty: Qty = SHARE
    quoted_s: Seconds = 90
    guards: PlannedGuards | None = None


class PlannedRatio(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token wraps another amount of its share from a block on. Units: `ratio` in 1e-18 share per token."""

    block: Annotated[int, Meta(ge=0, le=PLAN_MS_MAX)]
    symbol: str
    ratio: Annotated[int, Meta(ge=1, le=9 * QTY_MAX)]
