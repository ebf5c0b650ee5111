"""A price of Pyth as an exact number, or the reason why there is none. Pure; nothing raises.

Source: pyth-crosschain, PythStructs.sol: (int64 price, uint64 conf, int32 expo, uint publishTime); the value is
price * 10**expo.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.values.instants import Instant, instant_of_seconds

EXPONENT_MAX = 18
SECONDS_MAX = 2**33
WORD = 32


class MissingFor(Enum):
    """Why there is no price."""

    NO_FEED = "no_feed"
    NOT_CALLED = "not_called"
    AMBIGUOUS = "ambiguous"
    REVERTED = "reverted"
    UNREADABLE = "unreadable"
    UNPROVEN = "unproven"
    NOT_ANSWERED = "not_answered"
    NODES_DISAGREE = "nodes_disagree"


class Missing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """No price, and why. `feed` is None where it is not known of which one."""

    reason: MissingFor
    detail: str
    feed: str | None = None


class OraclePrice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the oracle states of one feed. `is_average` says that it is the moving average and not the newest price.

    Units: price and confidence exact, in the quote of the feed; `feed` is its id, 0x and 64 hex digits.
    """

    feed: str
    price: Decimal
    confidence: Decimal
    published_at: Instant
    is_average: bool = False


Stated = OraclePrice | Missing


def exact(mantissa: int, exponent: int) -> Decimal:
    """Returns mantissa * 10**exponent, every digit of it.

    Needs: an exponent from -EXPONENT_MAX to EXPONENT_MAX.
    """
    return Decimal(mantissa).scaleb(exponent)


def price_of_numbers(feed: str, numbers: Sequence[int], *, is_average: bool = False) -> Stated:
    """Returns the price that four numbers state: price, confidence, exponent, and the second of its publication.

    Gives: Missing where the exponent or the second cannot be.
    """
    price, confidence, exponent, seconds = numbers
    if not -EXPONENT_MAX <= exponent <= EXPONENT_MAX:
        return Missing(reason=MissingFor.UNREADABLE, detail=f"an exponent of {exponent} is out of reason", feed=feed)
    if not 0 < seconds <= SECONDS_MAX:
        return Missing(reason=MissingFor.UNREADABLE, detail=f"second {seconds} is no time of a price", feed=feed)
    return OraclePrice(
        feed=feed,
        price=exact(price, exponent),
        confidence=exact(confidence, exponent),
        published_at=instant_of_seconds(seconds),
        is_average=is_average,
    )


def price_of_words(feed: str, answer: bytes, *, is_average: bool = False) -> Stated:
    """Returns the price that the contract answered in four words."""
    if len(answer) != 4 * WORD:
        detail = f"the contract answered {len(answer)} bytes, not {4 * WORD}"
        return Missing(reason=MissingFor.UNREADABLE, detail=detail, feed=feed)
    words = [answer[at : at + WORD] for at in range(0, len(answer), WORD)]
    price, exponent = (int.from_bytes(words[place], "big", signed=True) for place in (0, 2))
    confidence, seconds = (int.from_bytes(words[place], "big") for place in (1, 3))
    if not -(2**63) <= price < 2**63 or confidence >= 2**64:
        detail = "price or confidence does not fit into 64 bits"
        return Missing(reason=MissingFor.UNREADABLE, detail=detail, feed=feed)
    return price_of_numbers(feed, (price, confidence, exponent, seconds), is_average=is_average)


def one_of_feed(stated: Sequence[Stated], feed: str) -> Stated:
    """Returns what was stated of one feed, told apart by its id, wherever it stands among the others.

    Gives: the newest price before an average; Missing where nothing was stated, or two things that differ.
    """
    ours = [each for each in stated if each.feed == feed]
    prices = [each for each in ours if isinstance(each, OraclePrice)]
    prices = [each for each in prices if not each.is_average] or prices
    if not prices:
        return ours[0] if ours else Missing(reason=MissingFor.NOT_CALLED, detail="nothing asked for it", feed=feed)
    if any(each != prices[0] for each in prices):
        detail = f"{len(prices)} calls were answered differently"
        return Missing(reason=MissingFor.AMBIGUOUS, detail=detail, feed=feed)
    return prices[0]
