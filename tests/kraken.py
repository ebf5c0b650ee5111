"""An account at Kraken, which tests reach through ccxt: bitcoin for dollars, and an order of ours."""

from __future__ import annotations

from decimal import Decimal

from flatbook.values.ids import AccountId, AssetId, InstrumentId, OrderId, Underlying
from flatbook.values.instruments import Instrument, TradingRules

MAIN, BTC = AccountId("kraken"), InstrumentId("BTC@kraken")
OURS = OrderId("fbaaaaaaaaaaaaaaaaaaaaaaaa")
INSTRUMENT = Instrument(
    id=BTC,
    account=MAIN,
    symbol="BTC/USD",
    underlying=Underlying("BTC"),
    quote=AssetId("USD"),
    rules=TradingRules(
        tick=Decimal("0.1"), lot=Decimal("0.00000001"), qty_min=Decimal("0.00005"), notional_min=Decimal("0.5")
    ),
)
