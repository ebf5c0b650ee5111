"""Random scripts of a market: what takers do, and what goes wrong, drawn from a seed."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from tests.e2e.judge import assert_agreed, books_of, bought, is_settled, told_of
from tests.e2e.market import ASK, BID, Market, open_market, until
from tests.e2e.node_proxy import Manner
from tests.real.books import Order, Take

STEPS = 10
SETTLES_S = 90.0
HEDGES_S = 25.0
SMALL = Decimal(2)
FAULTS = {
    "alpaca": {"N9": 400, "N5": 400, "V1": 500, "V13": 3000},
    "schwab": {"N9": 400, "V1": 500, "V13": 3000},
}
BAD = (Manner.LAGS, Manner.HIDES_LOGS, Manner.FORGES_HASHES, Manner.SILENT, Manner.REFUSES)


class Ran(NamedTuple):
    """What a script came to. Units: largest net and bound in shares."""

    seed: int
    broker: str
    faults: dict[str, int]
    done: dict[str, int]
    fills: int
    executions: int
    moments: int
    largest: Decimal
    bound: Decimal
    seconds: int


class Script:
    """One run of a market by a seed."""

    def __init__(self, market: Market, seed: int, steps: int) -> None:
        self.market, self.chance, self.steps = market, random.Random(seed), steps
        self.done: Counter[str] = Counter()
        scene = market.scene
        self.small: list[Order] = [scene.ask("COIN", price=ASK, shares=SMALL) for _ in range(2)]
        self.theirs: Order = scene.bid("COIN", price="260", shares=SMALL, owner=scene.stranger)
        self.acts: tuple[tuple[int, Callable[[], None]], ...] = (
            (4, self.sell),
            (4, self.buy),
            (2, self.sell_twice),
            (2, self.both_ways),
            (2, self.clear),
            (2, self.reorganise),
            (3, self.spoil_a_node),
            (3, self.kill),
            (2, self.silence_heads),
        )

    def run(self) -> None:
        """Does the steps once a first fill is hedged, then lets everything become well and settle."""
        self.market.start()
        self.hedged("2")
        weights = [weight for weight, _ in self.acts]
        for _ in range(self.steps):
            (_, act) = self.chance.choices(self.acts, weights)[0]
            self.market.tick()
            act()
            self.done[act.__name__] += 1
            self.market.note()
            time.sleep(self.chance.random() * 2)
        for way in self.market.ways:
            way.behave(Manner.HONEST)
        self.market.calm()
        until(lambda: is_settled(self.market), SETTLES_S, lambda: told_of(self.market))
        assert_agreed(self.market)

    def size(self) -> Decimal:
        """Draws how much a taker takes: quarters of a share."""
        return Decimal(self.chance.randint(2, 16)) / 4

    def hedged(self, shares: str) -> int:
        """A taker buys from us, and the desk hedges it, if it does so in time. Returns the block of the fill."""
        market = self.market
        before = bought(market.truth())
        market.tick()
        mined = market.scene.take(market.ask, most=shares)
        market.note()
        ends_at = time.monotonic() + HEDGES_S
        while bought(market.truth()) == before and time.monotonic() < ends_at:
            time.sleep(0.2)
        return mined.block

    def sell(self) -> None:
        """A taker buys from us."""
        self.market.scene.take(self.market.ask, most=self.size())

    def buy(self) -> None:
        """A taker sells to us."""
        self.market.scene.take(self.market.bid, most=self.size() * BID)

    def sell_twice(self) -> None:
        """Two orders of ours are taken in one call: two fills in one transaction."""
        self.market.scene.take(*self.small, most=SMALL + self.chance.randint(1, 4) / Decimal(4))

    def both_ways(self) -> None:
        """A taker buys from us and sells to us in one transaction."""
        book, market = self.market.scene.book, self.market
        there, back = Take([market.ask], self.size()), Take([market.bid], self.size() * BID)
        market.scene.together(book.take(there), book.take(back))

    def clear(self) -> None:
        """Our order trades with another maker's."""
        self.market.scene.clear(self.small[0], self.theirs)

    def reorganise(self) -> None:
        """A fill is hedged, and then it has never been."""
        block = self.hedged("3")
        self.market.scene.reorg(self.market.scene.chain.height - block + 1)

    def spoil_a_node(self) -> None:
        """One of the two ways to the chain is bad for a while."""
        way = self.market.ways[self.chance.randrange(2)]
        way.behave(self.chance.choice(BAD))
        self.buy() if self.chance.randrange(2) else self.sell()
        self.market.note()
        time.sleep(1 + 3 * self.chance.random())
        way.behave(Manner.HONEST)

    def silence_heads(self) -> None:
        """The nodes do not tell of new blocks any more, or again."""
        self.market.heads.is_mute = not self.market.heads.is_mute
        self.sell()

    def kill(self) -> None:
        """A taker takes, and the desk is killed a moment later."""
        self.buy() if self.chance.randrange(2) else self.sell()
        self.market.note()
        time.sleep(self.chance.random() * 2)
        self.market.kill()
        time.sleep(self.chance.random())
        self.market.start()
        if self.chance.randrange(2):
            self.hedged("1")


def run_script(root: Path, seed: int, broker: str, *, steps: int = STEPS) -> Ran:
    """Runs the script of a seed at a broker, and says what it came to."""
    began = time.monotonic()
    chance = random.Random(f"faults:{seed}")
    faults = {name: bps for name, bps in FAULTS[broker].items() if chance.randrange(2)}
    with open_market(root, broker, seed=str(seed), faults=faults) as market:
        script = Script(market, seed, steps)
        script.run()
        exposed = market.exposure()
        assert exposed.largest <= exposed.bound, f"seed {seed}: {exposed}; {told_of(market)}"
        books = books_of(market)
        return Ran(
            seed=seed,
            broker=broker,
            faults=faults,
            done=dict(script.done),
            fills=sum(type(event).__name__ == "VaultFilled" for event in books.events),
            executions=sum(line.what == "executed" for line in market.truth()),
            moments=exposed.moments,
            largest=exposed.largest,
            bound=exposed.bound,
            seconds=int(time.monotonic() - began),
        )
