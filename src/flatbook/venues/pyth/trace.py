"""Which prices of Pyth a transaction has read, from its trace. Pure; nothing raises, whatever a node states.

Source: geth's callTracer: frames with `to`, `input`, `output`, `error` and `calls`; selectors of IPyth.sol.
"""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.venues.evm.rpc import Call
from flatbook.venues.pyth.price import Missing, MissingFor, Stated, price_of_words
from flatbook.venues.raindex.wire import read_hex

FRAMES_MAX = 20_000
FEED_STARTS, FEED_ENDS = 4, 36
GET_PRICE_UNSAFE = bytes.fromhex("96834ad3")
IS_AVERAGE = {
    GET_PRICE_UNSAFE: False,
    bytes.fromhex("a4ae35e0"): False,  # getPriceNoOlderThan
    bytes.fromhex("9474f45b"): True,  # getEmaPriceUnsafe
    bytes.fromhex("711a2e28"): True,  # getEmaPriceNoOlderThan
}


def trace_call(tx: str) -> Call:
    """Returns the call for the calls that a transaction made."""
    return Call(method="debug_traceTransaction", params=(tx, {"tracer": "callTracer"}))


def prices_in_trace(trace: object, contract: str) -> tuple[Stated, ...] | Missing:
    """Returns what the contract answered in a transaction, in the order of the calls; each names its feed.

    Gives: nothing for a call that was reverted, nor for one inside it: the chain has forgotten them. Missing where
    what the node states is no trace, or has more than FRAMES_MAX calls.
    """
    found: list[Stated] = []
    waiting, count = [trace], 0
    while waiting:
        frame = waiting.pop()
        count += 1
        calls = frame.get("calls") or [] if isinstance(frame, Mapping) else None
        if not isinstance(frame, Mapping) or not isinstance(calls, list) or count > FRAMES_MAX:
            detail = "it has too many calls" if count > FRAMES_MAX else "a part of it is no call"
            return Missing(reason=MissingFor.UNREADABLE, detail=f"the trace cannot be read: {detail}")
        if frame.get("error") is not None:
            continue
        answered = _answered(frame, contract)
        if answered is not None:
            found.append(answered)
        waiting += reversed(calls)
    return tuple(found)


def _answered(frame: Mapping[str, object], contract: str) -> Stated | None:
    asked = read_hex(frame.get("input"))
    to = frame.get("to")
    if not isinstance(to, str) or to.lower() != contract or asked is None or len(asked) < FEED_ENDS:
        return None
    is_average = IS_AVERAGE.get(asked[:FEED_STARTS])
    if is_average is None:
        return None
    feed = "0x" + asked[FEED_STARTS:FEED_ENDS].hex()
    return price_of_words(feed, read_hex(frame.get("output")) or b"", is_average=is_average)
