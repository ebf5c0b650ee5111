"""Freezes: shares of which nothing is offered, because a corporate action comes or a wrapper jumped."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.events import actions as ev
from flatbook.values.ids import AssetId, Underlying
from flatbook.values.instants import Instant, later
from flatbook.values.money import BPS

RATIO_JUMP_BPS = 50
DAY_S = 86_400


class Freeze(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One freeze of a share: from when on, and why."""

    underlying: Underlying
    since: Instant
    why: str


class Freezes(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """All freezes that stand, and the ratio of each token that a day's move is measured from. Only the fold writes."""

    by_id: dict[str, Freeze] = {}
    ratios: dict[AssetId, tuple[Instant, Decimal]] = {}

    def covers(self, underlying: Underlying, now: Instant) -> bool:
        """Whether nothing of a share may be offered now."""
        return any(each.underlying == underlying and each.since <= now for each in self.by_id.values())

    def next_at(self, underlying: Underlying, now: Instant) -> Instant | None:
        """Returns when the next freeze of a share begins."""
        return min((f.since for f in self.by_id.values() if f.underlying == underlying and f.since > now), default=None)

    def jump_of(self, token: AssetId, ratio: Decimal) -> Decimal | None:
        """Returns the ratio that a token had, where this one is too far from it; else None. Units: shares per token."""
        known = self.ratios.get(token)
        if known is None or abs(ratio - known[1]) <= known[1] * RATIO_JUMP_BPS * BPS:
            return None
        return known[1]

    def keep_ratio(self, token: AssetId, ratio: Decimal, at: Instant) -> None:
        """Measures moves from a ratio, once the one before it is a day old."""
        known = self.ratios.get(token)
        if known is None or at >= later(known[0], seconds=DAY_S):
            self.ratios[token] = (at, ratio)


def freeze_of_action(event: ev.CorporateActionStated) -> Freeze:
    """Returns the freeze that a corporate action begins on its eve."""
    return Freeze(underlying=event.underlying, since=event.freezes_at, why=event.kind.value)


def freeze_of_jump(event: ev.RatioJumped) -> Freeze:
    """Returns the freeze that a jump of a wrapper begins."""
    return Freeze(underlying=event.underlying, since=event.seen_at, why="ratio_jumped")
