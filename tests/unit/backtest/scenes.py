"""Small tapes for tests."""

from __future__ import annotations

from decimal import Decimal

from flatbook.backtest.tape import TapeInstrument
from flatbook.market.ticks import Product

PERP = TapeInstrument(
    id="binance:BTCUSDT-PERP",
    venue="binanceusdm",
    symbol="BTCUSDT",
    product=Product.LINEAR,
    tick=Decimal("0.1"),
    lot=Decimal("0.001"),
    quote="USDT",
)
SPOT = TapeInstrument(
    id="binance:BTCUSDT",
    venue="binance",
    symbol="BTCUSDT",
    product=Product.SPOT,
    tick=Decimal("0.01"),
    lot=Decimal("0.00001"),
    quote="USDT",
)
