"""Which symbols a source of quotes is asked for, and from whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from flatbook.ops.clock import SystemClock
from flatbook.ops.config import load_text
from flatbook.ops.config_example import LIVE_EXAMPLE
from flatbook.ops.config_prices import AskedPrices
from flatbook.services.live_quotes import symbols_of
from flatbook.services.outside import Outside
from flatbook.venues.alpaca.quotes import AlpacaQuotes


@pytest.fixture
def stated(monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("NODE", "KEY", "WORD"):
        monkeypatch.setenv(name, "https://node.example")
    text = LIVE_EXAMPLE.replace("keyring:flatbook/base_node_one", "env:NODE")
    return text.replace("keyring:flatbook/alpaca_key", "env:KEY").replace("keyring:flatbook/alpaca_secret", "env:WORD")


def test_an_underlying_is_asked_for_by_what_the_broker_calls_it(stated: str, tmp_path: Path) -> None:
    text = stated.replace('symbol = "COIN"\nunderlying', 'symbol = "COIN.A"\nunderlying')
    config = load_text(text.replace('underlyings = ["COIN"]', 'underlyings = ["COIN", "MSTR"]'), tmp_path).config
    source = config.prices["alpaca-quotes"]
    assert isinstance(source, AskedPrices)
    assert symbols_of(config, source) == {"COIN.A": "COIN", "MSTR": "MSTR"}


def test_quotes_are_asked_for_at_their_pace(stated: str, tmp_path: Path) -> None:
    (asked,) = Outside(load_text(stated, tmp_path), SystemClock()).quotes()
    assert isinstance(asked.source, AlpacaQuotes)
    assert (asked.source.source, asked.poll_s) == ("alpaca-quotes", 2)
