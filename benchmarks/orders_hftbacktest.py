"""hftbacktest over a recorded market, in its own environment: orders_hftbacktest.py EVENTS.npz TERMS. One JSON line.

TERMS is JSON: tick, lot, qty, latency_ns, begin, every_ns, orders and skipped. At regular instants of our clock, the
skipped ones left out, both orders of before are canceled and both sides of the touch are joined; what was executed of
each is told, in order of placing. It stops at an error of its exchange, and the line says at which instant.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numba
import numpy as np
from hftbacktest import GTX, LIMIT, BacktestAsset, HashMapMarketDepthBacktest

PRICE_MAX = 1 << 40
OVER, END_OF_DATA = 1, 15


@numba.njit  # type: ignore[untyped-decorator]
def read(market: Any, told: Any, placed: int, lot: float) -> None:
    """Notes how much of the newest orders was executed. Units: lots."""
    orders = market.orders(0)
    for number in range(max(0, placed - 4), placed):
        order = orders.get(number + 1)
        if order is not None:
            told[number, 3] = round((order.qty - order.leaves_qty) / lot)


@numba.njit  # type: ignore[untyped-decorator]
def joining(market: Any, sizes: Any, times: Any, told: Any, skipped: Any) -> Any:
    """Joins both sides at each instant. `sizes` are (tick, lot, qty), `times` (begin, every).

    A row of `told` is (placed at, sign, ticks, lots executed) of an order.
    """
    tick, lot, qty = sizes
    at, every = times
    placed, last, answer = 0, 0, 0
    market.elapse(1)
    while placed + 2 <= len(told):
        answer = market.elapse(at - market.current_timestamp)
        if answer != 0:
            break
        orders, depth = market.orders(0), market.depth(0)
        read(market, told, placed, lot)
        for number in range(last, placed):
            order = orders.get(number + 1)
            if order is not None and order.cancellable:
                market.cancel(0, number + 1, False)
        last = placed
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        if 0 < bid < ask < PRICE_MAX and not np.any(skipped == at):
            market.submit_buy_order(0, placed + 1, bid * tick, qty, GTX, LIMIT, False)
            market.submit_sell_order(0, placed + 2, ask * tick, qty, GTX, LIMIT, False)
            told[placed, 0], told[placed, 1], told[placed, 2] = at, 1, bid
            told[placed + 1, 0], told[placed + 1, 1], told[placed + 1, 2] = at, -1, ask
            placed += 2
        at += every
    if answer == 0:  # those of the last instant have been looked at by nobody
        market.elapse(every)
        read(market, told, placed, lot)
    return placed, at, answer


def main() -> None:
    """Runs it once."""
    terms = json.loads(sys.argv[2])
    events = np.ascontiguousarray(np.load(sys.argv[1])["data"])
    market = HashMapMarketDepthBacktest(
        [
            BacktestAsset()
            .data(events)
            .linear_asset(1.0)
            .constant_order_latency(terms["latency_ns"], terms["latency_ns"])
            .risk_adverse_queue_model()
            .partial_fill_exchange()
            .trading_value_fee_model(0.0, 0.0)
            .tick_size(terms["tick"])
            .lot_size(terms["lot"])
            .last_trades_capacity(0)
        ]
    )
    told = np.zeros((terms["orders"], 4), np.int64)
    sizes, times = (terms["tick"], terms["lot"], terms["qty"]), (terms["begin"], terms["every_ns"])
    placed, at, answer = joining(market, sizes, times, told, np.array([0, *terms["skipped"]], np.int64))
    stopped_at = None if answer in (0, OVER, END_OF_DATA) else at - terms["every_ns"]
    rows = [[int(number) for number in row] for row in told[:placed]]
    print(json.dumps({"orders": rows, "stopped_at": stopped_at}))


if __name__ == "__main__":
    main()
