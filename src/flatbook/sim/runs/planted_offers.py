"""The patches of planted bugs about what the desk itself offers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from flatbook.events.offers import PullReason
from flatbook.sim.runs.planted import Swap
from flatbook.strategies import offers


def _without(*left_out: PullReason) -> tuple[Swap, ...]:
    original = offers.reasons_of

    def blind(view: Any, params: Any, side: Any) -> Any:
        return tuple(reason for reason in original(view, params, side) if reason not in left_out)

    return (Swap(offers, "reasons_of", blind),)


def stands_over_night() -> tuple[Swap, ...]:
    """Leaves offers standing when the session ends."""
    return _without(PullReason.SESSION, PullReason.STALE_PRICE)


def stands_after_kill() -> tuple[Swap, ...]:
    """Leaves offers standing when everything is halted."""
    return _without(PullReason.HALTED, PullReason.KILLED)


def restored_while_out() -> tuple[Swap, ...]:
    """Puts offers back whatever the net is."""
    original = offers._may_restore

    def blind(view: Any, params: Any, offer: Any, before: Any) -> Any:
        return original(replace(view, net=Decimal(0)), params, offer, before)

    return (Swap(offers, "_may_restore", blind),)
