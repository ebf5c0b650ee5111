"""nautilus_trader over the peers' tape, in its own environment: ticks_nautilus.py ROWS.npy. One JSON line of figures.

Its low-level engine with quote and trade ticks, risk engine and analysis as by default; loading is left out.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from typing import Any

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CryptoPerpetual
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

VENUE = Venue("SIM")
TICK, LOT, OFFSET = 0.1, 0.001, 0.9
NAMES = ("PERP", "SPOT")


def instrument(name: str) -> Any:
    """Returns a contract with a tick of 0.1 and no fees."""
    zero = Decimal(0)
    return CryptoPerpetual(
        instrument_id=InstrumentId(Symbol(name), VENUE),
        raw_symbol=Symbol(name),
        base_currency=BTC,
        quote_currency=USDT,
        settlement_currency=USDT,
        is_inverse=False,
        price_precision=1,
        price_increment=Price.from_str("0.1"),
        size_precision=3,
        size_increment=Quantity.from_str("0.001"),
        margin_init=zero,
        margin_maint=zero,
        maker_fee=zero,
        taker_fee=zero,
        ts_event=0,
        ts_init=0,
    )


INSTRUMENTS = [instrument(name) for name in NAMES]


def ticks_of(rows: Any) -> list[Any]:
    """Returns the rows (time, is trade, instrument, p1, q1, p2, q2) as its objects."""
    out = np.empty(len(rows), object)
    for place, each in enumerate(INSTRUMENTS):
        of = (rows[:, 2] == place) & (rows[:, 1] == 0)
        time_ns, bid, bid_size, ask, ask_size = (rows[of, column] for column in (0, 3, 4, 5, 6))
        ts = time_ns.astype("u8")
        quotes = (bid * TICK, ask * TICK, bid_size * LOT, ask_size * LOT)
        out[of] = QuoteTick.from_raw_arrays_to_list(each.id, 1, 3, *quotes, ts, ts)
        of = (rows[:, 2] == place) & (rows[:, 1] == 1)
        time_ns, price, size, side = (rows[of, column] for column in (0, 3, 4, 5))
        ts, taker = time_ns.astype("u8"), np.where(side > 0, 1, 2).astype("u1")
        names = [str(number) for number in range(len(price))]
        out[of] = TradeTick.from_raw_arrays_to_list(each.id, 1, 3, price * TICK, size * LOT, taker, names, ts, ts)
    ticks: list[Any] = out.tolist()
    return ticks


class Quoting(Strategy):  # type: ignore[misc]
    """Quotes both sides of each market; where one is executed the other is canceled and both are placed anew."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig(strategy_id="QUOTING-1"))
        self.live: dict[Any, Any] = {}
        self.newest: dict[Any, Any] = {}
        self.waiting: set[Any] = set()
        self.orders = self.fills = 0
        self.size = Quantity.from_str("0.001")

    def on_start(self) -> None:
        """Asks for all ticks."""
        for each in INSTRUMENTS:
            self.subscribe_quote_ticks(each.id)
            self.subscribe_trade_ticks(each.id)

    def on_quote_tick(self, tick: Any) -> None:
        """Quotes where nothing works."""
        self.newest[tick.instrument_id] = tick
        self.quote(tick.instrument_id)

    def on_trade_tick(self, tick: Any) -> None:
        """Quotes where an order was executed since."""
        if tick.instrument_id in self.waiting:
            self.quote(tick.instrument_id)

    def quote(self, name: Any) -> None:
        """Places both sides unless they work already."""
        if name in self.live and name not in self.waiting:
            return
        self.waiting.discard(name)
        touch = self.newest[name]
        limit, both = self.order_factory.limit, []
        both.append(limit(name, OrderSide.BUY, self.size, Price(touch.bid_price.as_double() - OFFSET, 1)))
        both.append(limit(name, OrderSide.SELL, self.size, Price(touch.ask_price.as_double() + OFFSET, 1)))
        self.live[name] = both
        self.orders += 2
        for order in both:
            self.submit_order(order)

    def on_order_filled(self, event: Any) -> None:
        """Cancels the other side."""
        self.fills += 1
        buy, sell = self.live[event.instrument_id]
        self.cancel_order(sell if event.client_order_id == buy.client_order_id else buy)
        self.waiting.add(event.instrument_id)


def main() -> None:
    """Runs once."""
    rows = np.load(sys.argv[1])
    config = BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True))
    engine = BacktestEngine(config)
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=USDT,
        starting_balances=[Money(10_000_000, USDT)],
        trade_execution=False,
    )
    for each in INSTRUMENTS:
        engine.add_instrument(each)
    engine.add_data(ticks_of(rows), sort=True, validate=False)
    strategy = Quoting()
    engine.add_strategy(strategy)
    begun = time.process_time()
    engine.run()
    took = time.process_time() - begun
    held = [round(float(engine.portfolio.net_position(each.id)) * 1000) for each in INSTRUMENTS]
    print(json.dumps({"cpu_s": took, "orders": strategy.orders, "fills": strategy.fills, "held": held}))


if __name__ == "__main__":
    main()
