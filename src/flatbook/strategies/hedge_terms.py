"""The terms on which a hedge trades at a moment: its parameters, or the ramp with which it flattens before a close."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.values.ids import SourceId
from flatbook.values.instants import Instant, later, seconds_between
from flatbook.values.money import ZERO, proportion
from flatbook.values.sessions import SessionKind

COLLAR_BPS_MAX = 10_000
OPEN_WAIT_S = 30


class CloseRamp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How what is left is flattened before the last session ends: a lower threshold, a widening collar, short orders.

    Units: seconds, shares and basis points, as the names say. The collar widens evenly from the hedge's own to
    `collar_bps_max` at the close.
    """

    before_close_s: int
    threshold_shares: Decimal
    collar_bps_max: int
    reprice_s: int

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if not getattr(self, name) > ZERO:
                raise ValueError(f"ramp {name} must be above zero")
        if self.collar_bps_max >= COLLAR_BPS_MAX:
            raise ValueError(f"ramp collar_bps_max must be below {COLLAR_BPS_MAX}: a sell limit would be nothing")


class HedgeParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one owner hedges one underlying.

    Units: shares, USD, seconds and basis points as the names say. At least one threshold is set; an exposure is
    hedged once it reaches either. `order_shares_max` caps each single order. `second_source` must agree with the
    price within `second_bps_max`. For `open_wait_s` after a session opened even a flatten has a limit.
    """

    threshold_shares: Decimal | None
    threshold_usd: Decimal | None
    order_shares_max: Decimal | None
    sessions: tuple[SessionKind, ...]
    price_source: SourceId
    price_age_s_max: int
    collar_bps: int
    second_source: SourceId | None
    second_age_s_max: int
    second_bps_max: int
    order_ttl_s: int
    close_cutoff_s: int
    retry_s: int
    shorting: bool
    ramp: CloseRamp | None = None
    open_wait_s: int = OPEN_WAIT_S

    def __post_init__(self) -> None:
        if self.threshold_shares is None and self.threshold_usd is None:
            raise ValueError("a hedge needs threshold_shares, threshold_usd or both")
        for name in ("threshold_shares", "threshold_usd", "order_shares_max"):
            value = getattr(self, name)
            if value is not None and not value > ZERO:
                raise ValueError(f"{name} must be above zero")
        for name in ("price_age_s_max", "collar_bps", "order_ttl_s", "retry_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above zero")
        if self.collar_bps >= COLLAR_BPS_MAX:
            raise ValueError(f"collar_bps must be below {COLLAR_BPS_MAX}: a sell limit would be nothing")
        if not self.sessions or SessionKind.CLOSED in self.sessions:
            raise ValueError("sessions must name when to hedge, and the market is not open while it is closed")
        if self.ramp is not None and self.ramp.collar_bps_max < self.collar_bps:
            raise ValueError("the ramp's collar_bps_max must not be below collar_bps: it widens")


class Terms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What holds now.

    Units: thresholds in shares and USD, collar in basis points. An order decided now ends at `order_ends_at`; `next_at`
    is when time alone brings other terms, None when it does not.
    """

    threshold_shares: Decimal | None
    threshold_usd: Decimal | None
    collar_bps: int
    order_ends_at: Instant
    next_at: Instant | None
    ramping: bool


def terms_at(params: HedgeParams, *, now: Instant, pauses_at: Instant) -> Terms:
    """Returns the terms of a moment; `pauses_at` is when the sessions of the hedge next pause.

    Gives: an order that is decided before the ramp ends where the ramp starts, so that the ramp's orders take over.
    """
    ramp = params.ramp
    starts_at = pauses_at if ramp is None else later(pauses_at, seconds=-ramp.before_close_s)
    if ramp is not None and starts_at <= now < pauses_at:
        elapsed_s = seconds_between(starts_at, now)
        widened = proportion(ramp.collar_bps_max - params.collar_bps, part=elapsed_s, of=ramp.before_close_s)
        return Terms(
            threshold_shares=ramp.threshold_shares,
            threshold_usd=None,
            collar_bps=params.collar_bps + widened,
            order_ends_at=min(later(now, seconds=ramp.reprice_s), pauses_at),
            next_at=None,
            ramping=True,
        )
    ends_at = later(now, seconds=params.order_ttl_s)
    waits = ramp is not None and now < starts_at
    return Terms(
        threshold_shares=params.threshold_shares,
        threshold_usd=params.threshold_usd,
        collar_bps=params.collar_bps,
        order_ends_at=min(ends_at, starts_at) if waits else ends_at,
        next_at=starts_at if waits else None,
        ramping=False,
    )
