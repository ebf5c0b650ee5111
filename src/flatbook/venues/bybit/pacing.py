"""What Bybit lets a key ask: by address, and by user for each path, as its replies state it.

Source: bybit-exchange.github.io/docs/v5/rate-limit: 600 requests within 5 seconds by address, a 403 beyond it for at
least ten minutes; X-Bapi-Limit-Status is what is left of X-Bapi-Limit within a second, and the reset is stated where
nothing is.
"""

from __future__ import annotations

import msgspec

from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.venues.bybit.refusals import is_for_the_rate
from flatbook.venues.http import Reply, Request
from flatbook.venues.pace import TOO_MANY
from flatbook.venues.rate_budget import BANNED, Gauge, Lane, RateBudget, Reading

ADDRESS = "address"
ADDRESS_GAUGE = Gauge(limit=600, window_s=5)
TOO_OFTEN = 403
DIGITS_MAX = 16


def new_budget() -> RateBudget:
    """Returns the budget of a key of which nothing is known yet."""
    return RateBudget({ADDRESS: ADDRESS_GAUGE})


def may_send(budget: RateBudget, request: Request, lane: Lane, now: Instant) -> bool:
    """Counts a request, and returns whether it may be sent now."""
    return budget.take({ADDRESS: 1, request.path: 1}, lane, now)


def learn(budget: RateBudget, request: Request, reply: Reply, now: Instant) -> None:
    """Takes what a reply says of the rate: what is left for its path, or that we asked too often."""
    limit, left = _whole(reply, "x-bapi-limit"), _whole(reply, "x-bapi-limit-status")
    reset_ms = _whole(reply, "x-bapi-limit-reset-timestamp")
    resets_at = Instant(reset_ms * NS_PER_MS) if reset_ms is not None and left == 0 else None
    if limit is not None and left is not None:
        budget.learn({request.path: Reading(used=max(0, limit - left), limit=limit, resets_at=resets_at)}, now)
    if is_for_the_rate(reply) and resets_at is None:
        reply = msgspec.structs.replace(reply, status=TOO_MANY)
    elif reply.status == TOO_OFTEN:
        reply = msgspec.structs.replace(reply, status=BANNED)
    budget.learn_refusal(reply, now)


def _whole(reply: Reply, name: str) -> int | None:
    text = reply.headers.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX else None
