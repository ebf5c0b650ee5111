"""Liquidity from outside for a simulated exchange: by a script, or around prices that wander by a seed.

What comes is a series of steps in order of time. Each is done when its time comes, and only then is the next one asked
for, so that a series may be as long as it likes. Units: coins, quote coins per coin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import count

import msgspec

from flatbook.sim.chance import draw
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.terms import Market, cut_to
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.money import cut, divide_cut

Levels = tuple[tuple[Decimal, Decimal], ...]
LEVELS = 10
STEP_MS = 500
STEP_BPS = 4
TRADE_BPS = 3_000
WHOLE_BPS = 10_000
PRICE_DECIMALS = 12
WORTH = Decimal(20_000)
PARTS = Decimal(100)
BPS = Decimal("0.0001")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What happens on a market at an instant: other levels, a trade of somebody outside, another mark, other rules.

    A trade is the sign of who takes, how much, and up to which price. Levels that are not stated stay, unless what is
    stated is `whole`.
    """

    at: Instant
    market: str
    bids: Levels | None = None
    asks: Levels | None = None
    trade: tuple[int, Decimal, Decimal | None] | None = None
    whole: bool = True
    mark: Decimal | None = None
    rules: Market | None = None


def play(exchange: Exchange, steps: Iterable[Step]) -> None:
    """Lets a series of steps happen, each at its time.

    Needs: instants that do not go back.
    """
    coming = iter(steps)

    def next_one() -> None:
        step = next(coming, None)
        if step is not None:
            exchange.later(step.at, lambda: done(step))

    def done(step: Step) -> None:
        do_step(exchange, step)
        next_one()

    next_one()


def do_step(exchange: Exchange, step: Step) -> None:
    """Does one step now."""
    if step.rules is not None:
        exchange.change_rules(step.rules)
    market = exchange.markets[step.market]
    if step.mark is not None:
        exchange.set_mark(market, step.mark)
    if step.bids is not None and step.asks is not None:
        exchange.quote(market, step.bids, step.asks, whole=step.whole)
    if step.trade is not None:
        sign, qty, limit = step.trade
        exchange.trade_outside(market, sign, qty, limit)


def wandering(markets: Iterable[Market], prices: Mapping[str, Decimal], *, start: Instant, seed: str) -> Iterator[Step]:
    """Yields books around prices that wander by a seed, and now and then somebody who takes.

    Units: `prices` by symbol; they move by at most STEP_BPS in STEP_MS. Spot and perpetuals of a symbol move as one.
    """
    listed, worth = tuple(markets), dict(prices)
    for number in count():
        at = Instant(start + number * STEP_MS * NS_PER_MS)
        for symbol, price in worth.items():
            move = draw(seed, f"move:{symbol}", str(number), below=2 * STEP_BPS + 1) - STEP_BPS
            worth[symbol] = cut(price + price * move * BPS, decimals=PRICE_DECIMALS)
        for market in listed:
            middle = cut_to(worth[market.symbol], market.tick)
            bids, asks = around(market, middle, seed=seed, number=number)
            trade = _taker(market, seed, number)
            yield Step(at=at, market=market.name, bids=bids, asks=asks, mark=middle, trade=trade)


def around(market: Market, middle: Decimal, *, seed: str, number: int) -> tuple[Levels, Levels]:
    """Returns levels on both sides of a price, a tick to several ticks apart."""
    sides = []
    for sign in (-1, 1):
        gap = 1 + draw(seed, f"gap:{market.name}:{sign}", str(number), below=3)
        rows = []
        for place in range(LEVELS):
            drawn = draw(seed, f"size:{market.name}:{sign}:{place}", str(number), below=100) + 1
            worth = cut_to(divide_cut(WORTH * drawn, PARTS * middle, decimals=8), market.lot) if middle else market.lot
            qty = max(worth, market.lot)
            rows.append((middle + sign * market.tick * (gap + place * gap), qty))
        sides.append(tuple(rows))
    return sides[0], sides[1]


def _taker(market: Market, seed: str, number: int) -> tuple[int, Decimal, Decimal | None] | None:
    if draw(seed, f"takes:{market.name}", str(number), below=WHOLE_BPS) >= TRADE_BPS:
        return None
    sign = 1 if draw(seed, f"side:{market.name}", str(number), below=2) else -1
    lots = 1 + draw(seed, f"lots:{market.name}", str(number), below=50)
    return sign, market.lot * lots, None
