"""What is traded, by which rules, and what trading it costs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from flatbook.api.answers.positions import number_or_none
from flatbook.ops.config_accounts import PaperAccount, PaperExchangeAccount
from flatbook.ops.config_shape import Config
from flatbook.values.instruments import Instrument
from flatbook.values.money import ZERO, plain


class FeeBody(msgspec.Struct, frozen=True, kw_only=True):
    """One fee that the configuration states: of a grid what it reckons with, of a simulated account what it charges.

    Units: as `unit` says.
    """

    name: str
    value: str
    unit: str
    stated_by: str


class InstrumentBody(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument with the rules by which its venue accepts orders. Units: `tick` in quote per base, `lot` and
    `qty_min` in base, `notional_min` in quote; `tick_below_one` where a price is below 1, None where that is the same.

    `fees` are what the configuration states, nothing where a venue alone knows them.
    """

    instrument: str
    account: str
    symbol: str
    underlying: str
    quote: str
    product: str
    contract_size: str
    tick: str
    tick_below_one: str | None
    lot: str
    qty_min: str
    notional_min: str
    fees: list[FeeBody]


class InstrumentsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The instruments that the desk trades at accounts, in the order of the configuration."""

    instruments: list[InstrumentBody]


def instrument_body(instrument: Instrument, config: Config) -> InstrumentBody:
    """Returns one instrument as programs read it."""
    rules = instrument.rules
    return InstrumentBody(
        instrument=instrument.id,
        account=instrument.account,
        symbol=instrument.symbol,
        underlying=instrument.underlying,
        quote=instrument.quote,
        product=instrument.product.value,
        contract_size=plain(instrument.contract_size),
        tick=plain(rules.tick),
        tick_below_one=number_or_none(rules.tick_below_one),
        lot=plain(rules.lot),
        qty_min=plain(rules.qty_min),
        notional_min=plain(rules.notional_min),
        fees=list(_fees(instrument, config)),
    )


def _fees(instrument: Instrument, config: Config) -> Iterator[FeeBody]:
    account = config.accounts.get(instrument.account)
    where = f"accounts.{instrument.account}"
    if isinstance(account, PaperExchangeAccount):
        yield FeeBody(name="maker", value=plain(account.maker_bps), unit="bps", stated_by=where)
        yield FeeBody(name="taker", value=plain(account.taker_bps), unit="bps", stated_by=where)
    elif isinstance(account, PaperAccount):
        fees, each = account.fees, f"{account.currency} per share"
        stated = (
            ("per order", fees.commission_per_order, account.currency),
            ("per share", fees.commission_per_share, each),
            ("of what is sold", fees.sell_notional_rate, f"{account.currency} per {account.currency}"),
            ("per share sold", fees.sell_per_share, each),
        )
        for name, value, unit in stated:
            if value != ZERO:
                yield FeeBody(name=name, value=plain(value), unit=unit, stated_by=f"{where}.fees")
    for owner, grids in config.grid.items():
        grid = grids.get(instrument.id)
        if grid is not None:
            yield FeeBody(name="resting", value=plain(grid.fee_bps), unit="bps", stated_by=f"grid.{owner}")
