"""The way of `bench_quote_latency` in one function, for its one strategy: what Python and the libraries cost at least.

It decodes the same frame, writes the same levels, and comes to the very events of the row and the very query of the
order, as the benchmark checks. It knows one instrument, one owner and one kind of order: no halts and no stops, nobody
else and none of our orders to cross, no age of the book, no gap, nothing that is refused, and no report that follows.

Medians in us on the reference machine (2 vCPUs, shared, CPython 3.11), 2026-11-28, both in turn in one process, with a
load of 3 to 5; `before` is ours earlier that day with a load of 1:

    part                                        bare    ours  before
    the frame is read                            1.7     2.9     3.1
    the book is written                          1.0     2.2     2.5
    who waits for it is found                      -     1.7     2.4
    the strategy decides, risk checks, booked    3.2    11.4    14.8
    the row is encoded, hashed and kept          2.3     4.0     4.4
    the request is made                          0.8     1.6     1.8
    in all                                       9.1    24.1    29.4

In a loop of its own the bare function takes 6.5: what comes in between pushes it out of the caches, as at a desk. The
goal of 10 us is thus what one function for one strategy just reaches, and no layer may cost anything beside it. A step
of the interpreter costs about 10 ns there, three times as much as in a loop of its own: the way has 2,200 of them, the
bare function 560. What counts is how many they are.
"""

from __future__ import annotations

import hashlib
import struct
import time

import msgspec

from benchmarks.bench_quote_step import LIMITS, OWNER, QTY, TICK, TRADED
from flatbook.events.orders import OrderIntended, OrderStyle
from flatbook.state.orders import Order, order_of_intent
from flatbook.values.ids import Epoch, OrderId, order_id_of_observation
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ONE, ZERO, Price, plain

MINUTE_NS = 60 * NS_PER_S
FAR = 2**62
_HEAD = struct.Struct(">QQQqI")
_NO_CURSORS = msgspec.msgpack.encode({})
_BUY, _IOC, _PRODUCT = Side.BUY, OrderStyle.IOC, TRADED.product
_ACCOUNT, _INSTRUMENT, _UNDERLYING = TRADED.account, TRADED.id, TRADED.underlying


class _Change(msgspec.Struct, gc=False):
    s: str
    b: list[tuple[str, str]]
    a: list[tuple[str, str]]


class _Frame(msgspec.Struct, gc=False):
    data: _Change


class _Units(dict[str, int]):
    def __missing__(self, text: str) -> int:
        units = self[text] = int(text.replace(".", ""))
        return units


_decode = msgspec.json.Decoder(_Frame).decode
_encode = msgspec.msgpack.Encoder().encode


class BareLine:
    """All that a strategy needs which takes at each new touch. Needs: a bid and an ask, in ticks."""

    def __init__(self, bid: int, ask: int, epoch: Epoch) -> None:
        self.bids, self.asks, self.bid, self.ask, self.epoch = {bid: 5}, {ask: 7}, bid, ask, epoch
        self.units, self.above, self.below = _Units(), bid, bid
        self.orders: dict[OrderId, Order] = {}
        self.times: list[Instant] = []
        self.records: list[tuple[int, bytes, bytes]] = []
        self.held, self.open_orders, self.seq, self.hash, self.events, self.query = ZERO, 0, 0, bytes(32), b"", ""

    def hear(self, frame: bytes, now: Instant, count: int) -> tuple[int, ...]:
        """Takes a frame, and returns the ns at which it began, was read, written, decided on, kept and asked for.

        Gives: nothing where no order comes of it.
        """
        clock = time.perf_counter_ns
        begun = clock()
        change, units = _decode(frame).data, self.units
        changes = (
            (self.bids, [(units[price], units[size]) for price, size in change.b]),
            (self.asks, [(units[price], units[size]) for price, size in change.a]),
        )
        read = clock()
        for held, levels in changes:
            for price, size in levels:
                if size:
                    held[price] = size
                else:
                    held.pop(price, 0)
        bid, ask = self.bid, self.ask = max(self.bids), min(self.asks)
        written = clock()
        limit, times, cap = Price(ask * TICK), self.times, LIMITS.orders_per_minute_max
        if self.below < bid < self.above or LIMITS.order_qty_max < QTY or self.open_orders >= LIMITS.open_orders_max:
            return ()
        if QTY * limit * TRADED.contract_size > LIMITS.order_notional_usd_max or self.held + QTY > LIMITS.position_max:
            return ()
        if len(times) >= cap and times[-cap] >= now - MINUTE_NS:
            return ()
        self.above, self.below = bid + 1, bid - 1
        order_id, until = order_id_of_observation(OWNER, epoch=self.epoch, count=count), Instant(now + NS_PER_S)
        evidence = {"bid": str(bid), "ask": str(ask)}
        places = (order_id, OWNER, _ACCOUNT, _INSTRUMENT, _UNDERLYING, _BUY, QTY, limit, ONE, False, _IOC, _PRODUCT)
        event = OrderIntended(*places, None, None, None, evidence, now, until)
        self.orders[order_id] = order_of_intent(event)
        times.append(now)
        decided = clock()
        self.seq += 1
        self.events = _encode((event,))
        body = _HEAD.pack(self.seq, self.seq, self.epoch, now, len(_NO_CURSORS)) + _NO_CURSORS + self.events
        self.hash = hashlib.sha256(self.hash + body).digest()
        self.records.append((self.seq, self.hash, body))
        kept = clock()
        self.query = (
            f"symbol={change.s}&side=BUY&type=LIMIT&timeInForce=IOC&quantity={plain(QTY)}&price={plain(limit)}"
            f"&newClientOrderId={order_id}&newOrderRespType=RESULT&selfTradePreventionMode=EXPIRE_MAKER&recvWindow=3000"
        )
        return begun, read, written, decided, kept, clock()
