"""Pyth on the chain of a world on bytes: what it holds at each block, near the market or far off, fresh or not.

Nothing of the desk decides on it, so that no fault of it may change what is traded. What was asked for is recorded.
"""

from __future__ import annotations

from flatbook.sim.chance import stream
from flatbook.sim.evm.contracts import PYTH, feed_of
from flatbook.sim.evm.oracle import Point
from flatbook.sim.runs.scenario import PRICES, Scenario
from flatbook.sim.world.chain import Block
from flatbook.sim.world.outside import Outside
from flatbook.sim.world.record import OracleHeld
from flatbook.values.ids import Underlying
from flatbook.values.instants import NS_PER_S, later
from flatbook.venues.pyth.terms import Feed, PythTerms

EXPONENT = -8
UNITS_OF_PRICE = 10**4  # prices of a world have four decimals
AGE_S_MAX, CONFIDENCE_BPS_MAX = 60, 50
APART_BPS = 100
ODD_ONE_IN = 4
OLD_S = (61, 3_600)


class WorldOracle:
    """What the contract holds. A price is the same for everybody who asks at one block."""

    def __init__(self, scenario: Scenario, outside: Outside) -> None:
        self._seed, self._record = scenario.seed, outside.record
        self._now = outside.now
        self._held: dict[tuple[str, str], Point | None] = {}

    def points(self, symbol: str, block: Block) -> Point | None:
        """Returns what stands in the contract at a block, recorded when it is asked for first."""
        key = (symbol, block.block_hash)
        if key not in self._held:
            point = self._held[key] = self._point(symbol, block)
            if point is not None and symbol in PRICES:
                self._record.add(
                    OracleHeld(
                        at=self._now(),
                        symbol=symbol,
                        block_hash=block.block_hash,
                        made_s=block.at // NS_PER_S,
                        price=point.price,
                        confidence=point.confidence,
                        published_s=point.published_at // NS_PER_S,
                    )
                )
        return self._held[key]

    def _point(self, symbol: str, block: Block) -> Point | None:
        """Draws a price. One in ODD_ONE_IN is old, ten times as high, below zero, not certain, or not there at all."""
        chance = stream(self._seed, f"oracle:{symbol}:{block.block_hash}")
        middle = PRICES.get(symbol, PRICES[min(PRICES)]) * UNITS_OF_PRICE
        price = middle + middle * chance.randint(-APART_BPS, APART_BPS) // 10_000
        point = Point(price, price // 5_000, EXPONENT, later(block.at, seconds=-chance.randint(0, 3)))
        if chance.randrange(ODD_ONE_IN):
            return point
        odd = (
            point._replace(published_at=later(block.at, seconds=-chance.randint(*OLD_S))),
            point._replace(price=10 * price),
            point._replace(price=-price),
            point._replace(confidence=price),
            None,
        )
        return odd[chance.randrange(len(odd))]


def pyth_terms(symbols: tuple[str, ...]) -> PythTerms:
    """Returns what a desk knows of the oracle."""
    return PythTerms(
        contract=PYTH,
        feeds={Underlying(symbol): Feed(id=feed_of(symbol)) for symbol in symbols},
        age_s_max=AGE_S_MAX,
        confidence_bps_max=CONFIDENCE_BPS_MAX,
    )
