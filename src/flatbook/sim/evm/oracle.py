"""Pyth on a simulated chain: what its contract answers at a block, and how a transaction that reads it is traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flatbook.sim.evm.contracts import BOOK, PYTH, TAKER, feed_of
from flatbook.sim.world.chain import Block
from flatbook.values.instants import NS_PER_S, Instant

GET_PRICE_UNSAFE = "0x96834ad3"
INTERPRETER = "0x" + "1e" * 20
COIN = "ETH"
WORD_DIGITS = 64
SELECTOR_DIGITS = 10
NOT_FOUND = "execution reverted: PriceFeedNotFound()"


class Point(NamedTuple):
    """What the oracle holds of a feed. Units: price and confidence times 10**exponent in USD."""

    price: int
    confidence: int
    exponent: int
    published_at: Instant


Points = Callable[[str, Block], Point | None]


class SimulatedPyth:
    """The contract. `points` says what stands in it for a symbol at a block, None where nobody has ever put a price."""

    def __init__(self, symbols: Sequence[str], points: Points) -> None:
        self._symbols = {feed_of(symbol): symbol for symbol in (*symbols, COIN)}
        self._points = points

    def answer(self, payload: str, block: Block) -> str | None:
        """Returns the four words that a call is answered with; None where it reverts."""
        symbol = self._symbols.get(f"0x{payload[SELECTOR_DIGITS:]}")
        point = self._points(symbol, block) if symbol is not None and payload[:10] == GET_PRICE_UNSAFE else None
        if point is None:
            return None
        seconds = point.published_at // NS_PER_S
        words = (point.price % 2**256, point.confidence, point.exponent % 2**256, seconds)
        return "0x" + "".join(f"{word:0{WORD_DIGITS}x}" for word in words)

    def trace(self, symbol: str, block: Block) -> dict[str, object]:
        """Returns a taker's transaction as callTracer tells it: the coin's price is read before that of the share."""
        failed = _call(BOOK, INTERPRETER, "0x", error="execution reverted", calls=[self._read(symbol, block)])
        priced = _call(BOOK, INTERPRETER, "0x", calls=[self._read(COIN, block), self._read(symbol, block)])
        return _call(TAKER, BOOK, "0x", calls=[failed, priced])

    def _read(self, symbol: str, block: Block) -> dict[str, object]:
        asked = GET_PRICE_UNSAFE + feed_of(symbol)[2:]
        answer = self.answer(asked, block)
        error = {"error": NOT_FOUND} if answer is None else {}
        return _call(INTERPRETER, PYTH, answer, input=asked, type="STATICCALL", **error)


def _call(sender: str, to: str, output: str | None, **other: object) -> dict[str, object]:
    return {"type": "CALL", "from": sender, "to": to, "input": "0x", "output": output, **other}
