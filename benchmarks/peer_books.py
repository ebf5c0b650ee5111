"""A peer's order book over the same changes, run in its environment: `python peer_books.py PEER COUNT`. Prints JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.delta_stream import Delta, deltas

Ends = tuple[float, int, int]  # ns for a change and a read of both best prices, and those in the end


def ccxt(changes: list[Delta]) -> Ends:
    """Its own book, as `watch_order_book` keeps it, prices and sizes as floats."""
    from ccxt.async_support.base.ws.order_book import OrderBook  # type: ignore[import-not-found]

    rows = [(is_ask, price / 10, size / 1000) for is_ask, price, size in changes]
    book = OrderBook({}, None)
    bids, asks, seen = book["bids"], book["asks"], 0.0
    set_bid, set_ask = bids.store, asks.store
    begun = time.process_time_ns()
    for is_ask, price, size in rows:
        if is_ask:
            set_ask(price, size)
        else:
            set_bid(price, size)
        if bids and asks:
            seen += bids[0][0] + asks[0][0]
    return (time.process_time_ns() - begun) / len(rows), round(bids[0][0] * 10), round(asks[0][0] * 10)


def nautilus(changes: list[Delta]) -> Ends:
    """Its own book, in Rust; the objects that it takes are made before."""
    from nautilus_trader.model import book as books  # type: ignore[import-not-found]
    from nautilus_trader.model import data, enums, identifiers, objects

    instrument = identifiers.InstrumentId.from_str("BTCUSDT.SIM")
    rows = [_nautilus_delta(data, enums, objects, instrument, change) for change in changes]
    book: Any = books.OrderBook(instrument, enums.BookType.L2_MBP)
    apply_delta, best_bid, best_ask = book.apply_delta, book.best_bid_price, book.best_ask_price
    begun = time.process_time_ns()
    for row in rows:
        apply_delta(row)
        best_bid()
        best_ask()
    took = (time.process_time_ns() - begun) / len(rows)
    return took, round(float(best_bid()) * 10), round(float(best_ask()) * 10)


def _nautilus_delta(data: Any, enums: Any, objects: Any, instrument: Any, change: Delta) -> Any:
    is_ask, price, size = change
    side = enums.OrderSide.SELL if is_ask else enums.OrderSide.BUY
    action = enums.BookAction.UPDATE if size else enums.BookAction.DELETE
    order = data.BookOrder(side, objects.Price(price / 10, 1), objects.Quantity(size / 1000, 3), price)
    return data.OrderBookDelta(instrument, action, order, 0, 0, 0, 0)


PEERS: dict[str, Callable[[list[Delta]], Ends]] = {"ccxt": ccxt, "nautilus": nautilus}


def main() -> None:
    """Prints what one peer takes, and where its book ends."""
    took, bid, ask = PEERS[sys.argv[1]](deltas(int(sys.argv[2])))
    print(json.dumps({"ns": took, "bid": bid, "ask": ask}))


if __name__ == "__main__":
    main()
