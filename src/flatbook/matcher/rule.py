"""The rule by which our orders would have met a recorded or simulated market. Whole numbers in, whole numbers out.

The market never reacts to us, so the rule errs against us. An order that rests stands behind all that was displayed at
its price when it arrived. It moves forward by trades at its price, and by a declared share of the cancellations there
(none unless declared). It executes when a trade at its price goes beyond what stands before it, when a trade goes
through its price, or when the other side of the market comes to its price, each time by no more than was traded or is
displayed there, and nothing that is displayed serves two executions.

Units: prices in ticks, sizes in lots, times in ns; `sign` is +1 for a buy and -1 for a sale. Each function is plain
arithmetic over int64, so that a compiler of arrays takes it as it stands.
"""

from __future__ import annotations

UNSEEN = -1
"""What stands before an order at a price that was not displayed when it arrived."""

MILLION = 1_000_000
MIXED_BITS: int = 31
SPREAD_NS_MAX: int = 2**31 - 1
_MASK: int = SPREAD_NS_MAX

PLACING, CANCELING, REPORTING = 1, 2, 3
"""What a latency is drawn for."""


def mixed(number: int) -> int:
    """Returns 31 bits that depend on each of the lower 31 bits of a number; no step leaves 62 bits."""
    x = number & _MASK
    x = ((x ^ (x >> 16)) * 0x21F0AAAD) & _MASK
    x = ((x ^ (x >> 15)) * 0x35A2D97) & _MASK
    return x ^ (x >> 15)


def latency(seed: int, key: int, purpose: int, least_ns: int, spread_ns: int) -> int:
    """Returns how long one message of an order is under way: the same for the same seed, order and purpose.

    Units: ns. Needs: a spread of at most SPREAD_NS_MAX; `key` stands for the order's id.
    """
    if spread_ns == 0:
        return least_ns
    number = mixed(mixed(mixed(seed) + (key & _MASK)) + (key >> MIXED_BITS) + purpose * 0x9E3779B)
    return least_ns + ((number * (spread_ns + 1)) >> MIXED_BITS)


def takes(sign: int, price: int, bid: int, ask: int) -> bool:
    """Whether an order at a price would match with what is displayed; a side that is empty (0) matches nothing."""
    return 0 < ask <= price if sign > 0 else 0 < bid >= price


def goes_through(sign: int, price: int, traded: int) -> bool:
    """Whether a trade at another price had to go through a resting order first."""
    return traded < price if sign > 0 else traded > price


def after_trade(ahead: int, qty: int) -> int:
    """Returns what stands before an order after a trade at its price. Units: lots."""
    return ahead if ahead == UNSEEN else max(0, ahead - qty)


def reached(ahead: int, qty: int) -> int:
    """Returns how much of a trade at its price comes to an order. Units: lots."""
    return 0 if ahead == UNSEEN else max(0, qty - ahead)


def after_level(ahead: int, gone: int, size: int, share: int) -> int:
    """Returns what stands before an order once its price shows another size.

    `gone` is what left the price without a trade, at least 0; `share` of it, in millionths, stood before the order.
    Never more stands before it than is displayed. Units: lots.
    """
    if ahead == UNSEEN:
        return size
    if gone > 0 and share > 0:
        ahead -= gone // MILLION * share + gone % MILLION * share // MILLION
    return max(0, min(ahead, size))


def left_without_trade(before: int, size: int, traded: int) -> int:
    """Returns how much a displayed size fell beyond what traded there since it was displayed. Units: lots."""
    return max(0, before - size - traded)


COMPILED = (mixed, latency, takes, goes_through, after_trade, reached, after_level, left_without_trade)
"""What a compiler of arrays must be given, each after what it calls."""
