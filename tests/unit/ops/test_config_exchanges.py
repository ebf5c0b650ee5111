"""Accounts at exchanges in the configuration: what they are, and what is refused."""

from __future__ import annotations

import pytest

from flatbook.ops.config import load_text
from flatbook.ops.config_accounts import (
    BinanceAccount,
    BinanceMarket,
    BybitAccount,
    CcxtAccount,
    Environment,
    is_real_money,
)
from flatbook.ops.config_example import LIVE_EXAMPLE
from flatbook.ops.config_instruments import instruments_at
from flatbook.values.instruments import Product
from tests.parity.paper_desk import CONFIG
from tests.unit.ops.scene import HOME, changed, problems

AT_ALPACA = '\n[instruments."COIN/USD@alpaca"]\n'
BYBIT = """
[accounts.bybit]
kind = "bybit"
environment = "sandbox"
user_id = "24617703"
key = "secret:alpaca_key"
secret = "secret:alpaca_secret"
shorting = "whole_shares"
dead_man_s = 30

[instruments."BTC-PERP@bybit"]
account = "bybit"
symbol = "BTCUSDT"
underlying = "BTC"
quote = "USDT"
tick = "0.1"
lot = "0.001"
qty_min = "0.001"
notional_min = "5"
contract_size = "1"
product = "linear_perp"

[instruments."BTC@bybit"]
account = "bybit"
symbol = "BTCUSDT"
underlying = "BTC"
quote = "USDT"
tick = "0.01"
lot = "0.000001"
qty_min = "0.000001"
notional_min = "5"
contract_size = "1"
"""


def with_bybit(old: str = "", new: str = "") -> str:
    """Returns the live example with an account at Bybit, and a change in it."""
    marks = ("[marks]\n", '[marks]\nUSDT = "1"\n')
    return changed((AT_ALPACA, BYBIT.replace(old, new, 1) + AT_ALPACA), marks, text=LIVE_EXAMPLE)


def test_spot_and_perpetual_of_one_symbol_stand_side_by_side() -> None:
    config = load_text(with_bybit(), HOME).config
    account = config.accounts["bybit"]
    assert isinstance(account, BybitAccount)
    assert (account.environment, account.dead_man_s, is_real_money(account)) == (Environment.SANDBOX, 30, False)
    traded = [(each.symbol, each.product) for each in instruments_at(config, "bybit")]
    assert traded == [("BTCUSDT", Product.LINEAR_PERP), ("BTCUSDT", Product.SPOT)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('product = "linear_perp"', 'product = "inverse_perp"', "inverse_perp is not traded at bybit"),
        ('product = "linear_perp"', "", "BTCUSDT is traded at bybit as BTC-PERP@bybit already"),
        ("dead_man_s = 30", "dead_man_s = 2", "accounts.bybit.dead_man_s"),
        ('user_id = "24617703"', 'user_id = "me"', "accounts.bybit.user_id"),
        ('key = "secret:alpaca_key"', 'key = "secret:none"', "there is no secret 'none'"),
        ('user_id = "24617703"', 'user_id = "1"\nbase_url = "https://api.bybit.com"', "accounts.bybit.base_url"),
    ],
)
def test_what_does_not_agree_at_bybit_is_refused(old: str, new: str, said: str) -> None:
    assert said in "\n".join(problems(with_bybit(old, new)))


def test_a_perpetual_is_not_traded_at_a_broker() -> None:
    text = changed(('symbol = "COIN"', 'symbol = "COIN"\nproduct = "linear_perp"'), text=LIVE_EXAMPLE)
    assert "linear_perp is not traded at alpaca" in "\n".join(problems(text))


BINANCE = """
[accounts.binance]
kind = "binance"
market = "usdm"
environment = "sandbox"
key = "secret:alpaca_key"
secret = "secret:alpaca_secret"
shorting = "whole_shares"

[instruments."BTC-PERP@binance"]
account = "binance"
symbol = "BTCUSDT"
underlying = "BTC"
quote = "USDT"
tick = "0.1"
lot = "0.001"
qty_min = "0.001"
notional_min = "100"
contract_size = "1"
product = "linear_perp"
"""


def with_binance(old: str = "", new: str = "") -> str:
    """Returns the live example with an account at Binance, and a change in it."""
    marks = ("[marks]\n", '[marks]\nUSDT = "1"\n')
    return changed((AT_ALPACA, BINANCE.replace(old, new, 1) + AT_ALPACA), marks, text=LIVE_EXAMPLE)


def test_a_perpetual_is_traded_at_usd_m() -> None:
    config = load_text(with_binance(), HOME).config
    account = config.accounts["binance"]
    assert isinstance(account, BinanceAccount)
    assert (account.market, account.environment, is_real_money(account)) == (
        BinanceMarket.USD_M,
        Environment.SANDBOX,
        False,
    )
    assert [each.product for each in instruments_at(config, "binance")] == [Product.LINEAR_PERP]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('market = "usdm"', 'market = "spot"', "linear_perp is not traded at binance"),
        ('market = "usdm"', 'market = "coinm"', "accounts.binance.market"),
        ('product = "linear_perp"', "", "spot is not traded at binance"),
        ('environment = "sandbox"', 'environment = "paper"', "Binance has no paper accounts"),
        ('environment = "sandbox"', 'environment = "live"\nbase_url = "https://fapi.binance.com"', "base_url"),
        ('shorting = "whole_shares"', 'shorting = "never"\nmargin = "hedged"', "accounts.binance.margin"),
        ('secret = "secret:alpaca_secret"', 'secret = "secret:none"', "there is no secret 'none'"),
    ],
)
def test_what_does_not_agree_at_binance_is_refused(old: str, new: str, said: str) -> None:
    assert said in "\n".join(problems(with_binance(old, new)))


KRAKEN = """
[accounts.kraken]
kind = "ccxt"
exchange = "kraken"
python = "/opt/ccxt/bin/python"
environment = "sandbox"
key = "secret:alpaca_key"
secret = "secret:alpaca_secret"
shorting = "never"

[instruments."BTC@kraken"]
account = "kraken"
symbol = "BTC/USD"
underlying = "BTC"
quote = "USD"
tick = "0.1"
lot = "0.00000001"
qty_min = "0.00005"
notional_min = "0.5"
contract_size = "1"
"""


def test_any_exchange_of_ccxt_is_an_account_with_its_own_interpreter() -> None:
    config = load_text(changed((AT_ALPACA, KRAKEN + AT_ALPACA), text=LIVE_EXAMPLE), HOME).config
    account = config.accounts["kraken"]
    assert isinstance(account, CcxtAccount)
    assert (account.exchange, account.python, account.password) == ("kraken", "/opt/ccxt/bin/python", None)
    assert [each.symbol for each in instruments_at(config, "kraken")] == ["BTC/USD"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('exchange = "kraken"', 'exchange = "Kraken!"', "accounts.kraken.exchange"),
        ('shorting = "never"', 'shorting = "never"\npassword = "secret:none"', "there is no secret 'none'"),
        (
            'contract_size = "1"',
            'contract_size = "1"\nproduct = "inverse_perp"',
            "inverse_perp is not traded at kraken",
        ),
        ('shorting = "never"', 'shorting = "never"\nwatched = "okx"', "not that of a test network: leave it out"),
        ('shorting = "never"', 'shorting = "never"\nwatched = "bybit"', 'write kind = "bybit"'),
    ],
)
def test_what_does_not_agree_at_ccxt_is_refused(old: str, new: str, said: str) -> None:
    text = changed((AT_ALPACA, KRAKEN.replace(old, new, 1) + AT_ALPACA), text=LIVE_EXAMPLE)
    assert said in "\n".join(problems(text))


def test_what_is_watched_for_an_account_of_ccxt_is_spot() -> None:
    watched = KRAKEN.replace('environment = "sandbox"', 'environment = "live"\nwatched = "okx"')
    perp = watched.replace('contract_size = "1"', 'contract_size = "1"\nproduct = "linear_perp"')
    said = [problems(changed((AT_ALPACA, text + AT_ALPACA), text=LIVE_EXAMPLE)) for text in (watched, perp)]
    assert ["linear_perp is not traded at kraken" in "\n".join(each) for each in said] == [False, True]


ON_BITGET = CONFIG.replace('exchange = "binance"', 'exchange = "bitget"')
TIERS = '[accounts.paper.margin.tiers]\n50000 = "0.6"\n250000 = "1"\n'
MARGIN = '[accounts.paper.margin]\nleverage = 20\nmaintenance_pct = "0.5"\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"bitget"', '"coinbase"', "of Coinbase spot alone is watched: take binance, bybit, bitget, okx or gate"),
        (MARGIN, "", "perpetuals need margin: state leverage"),
        ("leverage = 20", "leverage = 201", "accounts.paper.margin.leverage"),
        ('"0.5"', '"5"', "must be less than an order needs, which is 100 divided by"),
        ('"0.5"', '"0.12345"', "maintenance_pct, and that of each tier, has at most 4 decimals"),
        (MARGIN, MARGIN + TIERS.replace('"1"', '"1.00001"'), "that of each tier, has at most 4 decimals"),
        (MARGIN, MARGIN + TIERS.replace("0.6", "0.4"), "tiers must rise: a part that is above more needs more"),
        (MARGIN, MARGIN + TIERS.replace('"1"', '"0.55"'), "tiers must rise"),
        ("linear_perp", "inverse_perp", "inverse_perp is not traded at paper"),
    ],
)
def test_perpetuals_on_paper_are_those_of_five_exchanges_with_their_margin(old: str, new: str, said: str) -> None:
    assert old in ON_BITGET
    assert [each.symbol for each in instruments_at(load_text(ON_BITGET, HOME).config, "paper")] == ["BTCUSDT"]
    assert said in "\n".join(problems(ON_BITGET.replace(old, new, 1)))


@pytest.mark.parametrize("exchange", ["okx", "gate"])
def test_contracts_of_another_size_than_a_coin_are_traded_on_paper(exchange: str) -> None:
    config = ON_BITGET.replace('"bitget"', f'"{exchange}"').replace('contract_size = "1"', 'contract_size = "0.01"')
    (traded,) = instruments_at(load_text(config.replace(MARGIN, MARGIN + TIERS), HOME).config, "paper")
    assert str(traded.contract_size) == "0.01"
