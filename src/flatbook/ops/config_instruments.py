"""The instruments of a configuration, as the desk knows them."""

from __future__ import annotations

from flatbook.ops.config_shape import Config
from flatbook.values.ids import AccountId, AssetId, InstrumentId, Underlying
from flatbook.values.instruments import Instrument, TradingRules


def instrument_of(config: Config, name: str) -> Instrument:
    """Returns one instrument."""
    stated = config.instruments[name]
    return Instrument(
        id=InstrumentId(name),
        account=AccountId(stated.account),
        symbol=stated.symbol,
        underlying=Underlying(stated.underlying),
        quote=AssetId(stated.quote),
        rules=TradingRules(
            tick=stated.tick,
            lot=stated.lot,
            qty_min=stated.qty_min,
            notional_min=stated.notional_min,
            tick_below_one=stated.tick_below_one,
        ),
        contract_size=stated.contract_size,
        product=stated.product,
    )


def instruments_at(config: Config, account: str) -> tuple[Instrument, ...]:
    """Returns the instruments of an account."""
    return tuple(instrument_of(config, name) for name, each in config.instruments.items() if each.account == account)
