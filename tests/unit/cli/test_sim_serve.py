"""The simulated broker from the command line: what is stated wrongly is refused before anything listens."""

from __future__ import annotations

import pytest

from tests.unit.cli.scene import call


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--price", "COIN"], "'' is no plain number"),
        (["--price", "COIN=1e3"], "'1e3' is no plain number"),
        (["--price", "COIN=250", "--hold", "COIN=many"], "'many' is no plain number"),
        (["--price", "COIN=250", "--cash", "1,000"], "'1,000' is no plain number"),
        (["--price", "COIN=250", "--fault", "N9=often"], "'often' is no plain number"),
    ],
)
@pytest.mark.usefixtures("home_of_its_own")
def test_what_is_no_number_is_refused(words: list[str], said: str) -> None:
    told = call("sim", "serve", "alpaca", *words)
    assert told.code == 2
    assert said in told.err


@pytest.mark.parametrize("stated", ["NOPE=500", "N9=0", "N9=10001"])
@pytest.mark.usefixtures("home_of_its_own")
def test_a_fault_that_no_served_broker_has_is_refused(stated: str) -> None:
    told = call("sim", "serve", "alpaca", "--price", "COIN=250", "--fault", stated)
    assert told.code == 2
    assert f"{stated} is no fault of the catalogue with a chance from 1 to 10000" in told.err


@pytest.mark.usefixtures("home_of_its_own")
def test_a_broker_that_nobody_plays_is_refused() -> None:
    assert call("sim", "serve", "ibkr", "--price", "COIN=250").code == 2


@pytest.mark.parametrize("stated", ["BTC=50000", "BTCUSDT=0"])
@pytest.mark.usefixtures("home_of_its_own")
def test_a_symbol_that_no_exchange_would_have_is_refused(stated: str) -> None:
    told = call("sim", "serve", "binance", "--price", stated)
    assert told.code == 2
    assert f"{stated} is no symbol such as BTCUSDT with a price above zero" in told.err


@pytest.mark.parametrize("stated", ["perp:ETHUSDT=x.gz", "swap:BTCUSDT=x.gz", "perp:BTCUSDT=absent.gz", "BTCUSDT"])
@pytest.mark.usefixtures("home_of_its_own")
def test_a_recording_that_is_not_there_is_refused(stated: str) -> None:
    told = call("sim", "serve", "binance", "--price", "BTCUSDT=50000", "--recording", stated)
    assert told.code == 2
    assert f"{stated} is no market with a --price and a file" in told.err
