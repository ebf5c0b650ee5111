"""hftbacktest over the peers' tape, in its own environment: ticks_hftbacktest.py ROWS.npy. One JSON line of figures.

Its strategy is compiled and woken by every row of the feed; each quote is two rows of depth, four where it moved.
Loading and compiling are left out.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numba
import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    FILLED,
    GTC,
    LIMIT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype

TICK = 0.1
OFFSET = 9
WARM_ROWS = 200
WAIT_NS = 10_000_000_000_000
PRICE_MAX = 1 << 40


def feed_of(rows: Any, place: int) -> Any:
    """Returns the rows (time, is trade, instrument, p1, q1, p2, q2) of one instrument as its feed."""
    rows = rows[rows[:, 2] == place]
    time_ns, is_trade, bid, bid_size, ask, ask_size = (rows[:, column] for column in (0, 1, 3, 4, 5, 6))
    quote = is_trade == 0
    newest = np.maximum.accumulate(np.where(quote, np.arange(len(rows)), -1))
    before = np.zeros(len(rows), np.int64)
    before[1:] = np.where(newest[:-1] >= 0, bid[np.maximum(newest[:-1], 0)], 0)
    moved = quote & (before != bid) & (before > 0)
    out, used = np.zeros((len(rows), 4), event_dtype), np.zeros((len(rows), 4), bool)
    out["exch_ts"] = out["local_ts"] = time_ns[:, None]
    depth, trade = EXCH_EVENT | LOCAL_EVENT | DEPTH_EVENT, EXCH_EVENT | LOCAL_EVENT | TRADE_EVENT

    def put(column: int, where: Any, event: Any, price: Any, qty: Any) -> None:
        used[where, column] = True
        out["ev"][where, column] = event if np.isscalar(event) else event[where]
        out["px"][where, column] = (price * TICK)[where]
        out["qty"][where, column] = qty if np.isscalar(qty) else qty[where]

    put(0, moved, depth | SELL_EVENT, before + 1, 0)
    put(1, moved, depth | BUY_EVENT, before, 0)
    put(2, quote, depth | SELL_EVENT, ask, ask_size)
    put(3, quote, depth | BUY_EVENT, bid, bid_size)
    put(0, ~quote, trade | np.where(ask > 0, BUY_EVENT, SELL_EVENT), bid, bid_size)
    return np.ascontiguousarray(out[used])


@numba.njit  # type: ignore[untyped-decorator]
def quoting(market: Any) -> Any:
    """Quotes both sides of each market; where one is executed the other is canceled and both are placed anew."""
    live, ids, free, orders, fills = np.zeros(2, np.int64), np.zeros((2, 2), np.int64), 1, 0, 0
    while market.wait_next_feed(True, WAIT_NS) != 1:
        for place in range(2):
            depth = market.depth(place)
            bid, ask = depth.best_bid_tick, depth.best_ask_tick
            if not (0 < bid < PRICE_MAX and 0 < ask < PRICE_MAX):
                continue
            if live[place]:
                known = market.orders(place)
                buy, sell = known.get(ids[place, 0]), known.get(ids[place, 1])
                bought = buy is not None and buy.status == FILLED
                sold = sell is not None and sell.status == FILLED
                if bought or sold:
                    fills += 1
                    if not bought:
                        market.cancel(place, ids[place, 0], False)
                    if not sold:
                        market.cancel(place, ids[place, 1], False)
                    live[place] = 0
                    market.clear_inactive_orders(place)
            if not live[place]:
                market.submit_buy_order(place, free, (bid - OFFSET) * TICK, 1.0, GTC, LIMIT, False)
                market.submit_sell_order(place, free + 1, (ask + OFFSET) * TICK, 1.0, GTC, LIMIT, False)
                ids[place, 0], ids[place, 1] = free, free + 1
                free, orders, live[place] = free + 2, orders + 2, 1
    return orders, fills


def market_of(feeds: Any) -> Any:
    """Returns its exchange over two feeds: the careful queue, whole fills, no latency and no fees."""
    return HashMapMarketDepthBacktest(
        [
            BacktestAsset()
            .data(feed)
            .linear_asset(1.0)
            .constant_order_latency(0, 0)
            .risk_adverse_queue_model()
            .no_partial_fill_exchange()
            .trading_value_fee_model(0.0, 0.0)
            .tick_size(TICK)
            .lot_size(1.0)
            .last_trades_capacity(0)
            for feed in feeds
        ]
    )


def main() -> None:
    """Runs a little to have all compiled, and once more to be measured."""
    rows = np.load(sys.argv[1])
    feeds = [feed_of(rows, 0), feed_of(rows, 1)]
    begun = time.process_time()
    warm = market_of([feed[:WARM_ROWS] for feed in feeds])
    quoting(warm)
    warm.close()
    compiled = time.process_time() - begun
    market = market_of(feeds)
    begun = time.process_time()
    orders, fills = quoting(market)
    took = time.process_time() - begun
    held = [round(float(market.state_values(place).position)) for place in range(2)]
    print(json.dumps({"cpu_s": took, "compile_s": compiled, "orders": orders, "fills": fills, "held": held}))


if __name__ == "__main__":
    main()
