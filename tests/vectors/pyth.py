"""Cases of kinds `pyth` and `pyth_updates`: from what the contract, a trace or an update states to exact prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flatbook.values.instants import NS_PER_S
from flatbook.venues.pyth.price import EXPONENT_MAX, Missing, OraclePrice, Stated, exact, one_of_feed, price_of_words
from flatbook.venues.pyth.trace import prices_in_trace
from flatbook.venues.pyth.update import read_update
from tests.vectors.outcome import Case, NotDue, differing

CONTRACT = "0x8250f4af4b972684f7b336503e2d6dfedeb1487a"
FEEDS = {"TSLA": "0x16dad506d7db8da01c87581c87ca897a012a153557d4d578c3b9c9e1bc0632f1"}


def run(case: Case) -> str | None:
    """Compares the prices of a trace, of an answer of the contract, or of a number and its exponent."""
    if "trace" in case:
        return _run_trace(case)
    if "returndata" in case:
        stated = price_of_words(case["feed_id"], bytes.fromhex(case["returndata"][2:]))
        if isinstance(stated, Missing):
            return stated.detail
        confidence = Decimal(case["conf"]).scaleb(case["expo"])
        wanted = {"price": case["decimal"], "confidence": confidence, "at": case["publish_time"]}
        found = {"price": stated.price, "confidence": stated.confidence, "at": stated.published_at // NS_PER_S}
        return differing(wanted, found)
    return differing({"decimal": case["decimal"]}, {"decimal": exact(int(case["price"]), case["expo"])})


def _run_trace(case: Case) -> str | None:
    if not isinstance(case["expected"], list | str):
        raise NotDue("the case says in words which price is right")
    found = prices_in_trace(case["trace"], CONTRACT)
    if isinstance(found, Missing):
        return found.detail
    stated: tuple[Stated, ...] = (one_of_feed(found, FEEDS[case["symbol"]]),) if "symbol" in case else found
    prices = [each for each in stated if isinstance(each, OraclePrice)]
    if not isinstance(case["expected"], list) or len(case["expected"]) != len(prices):
        return f"expected {case['expected']!r}, found {prices!r}"
    told = (
        differing(wanted, {"feed_id": each.feed, "decimal": each.price})
        for wanted, each in zip(case["expected"], prices, strict=True)
    )
    return next((failure for failure in told if failure is not None), None)


def run_update(case: Case) -> str | None:
    """Compares what an update states with every field of the case."""
    expected = case["expected"]
    update = read_update(bytes.fromhex(case["hex"][2:]))
    if isinstance(update, Missing):
        return differing(expected, {"missing": update.reason.value})
    if not isinstance(expected, dict) or "updates" not in expected:
        return f"expected {expected!r}, found an update"
    envelope = update.envelope
    wrong = differing(expected, {"guardian_set": envelope.guardian_set, "num_sigs": envelope.signatures})
    if wrong is not None or len(expected["updates"]) != len(update.messages):
        return wrong or f"found {len(update.messages)} prices"
    for wanted, message in zip(expected["updates"], update.messages, strict=True):
        newest = message.newest
        found = {
            "feed_id": newest.feed.removeprefix("0x"),
            "price": newest.price,
            "conf": newest.confidence,
            "publish_time": newest.published_at // NS_PER_S,
            "prev_publish_time": message.published_before_at // NS_PER_S,
            "ema_price": message.average,
            "ema_conf": message.average_confidence,
        }
        failure = differing(_scaled(wanted), found)
        if failure is not None:
            return failure
    return None


def _scaled(wanted: Any) -> dict[str, Any]:
    """Returns what a case wants with its numbers before the exponent made to prices."""
    numbers = ("price", "conf", "ema_price", "ema_conf")
    exponent = wanted["expo"]
    assert abs(exponent) <= EXPONENT_MAX
    return {**wanted, **{name: Decimal(wanted[name]).scaleb(exponent) for name in numbers}}
