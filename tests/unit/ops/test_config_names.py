"""What is said behind a name that is not known."""

from __future__ import annotations

from flatbook.ops.config_names import meant, offered


def test_the_closest_name_is_asked_for() -> None:
    assert meant("binanse", ("alpaca", "Binance")) == "; did you mean Binance?"
    assert offered("BTC/USDT@exch", ("BTC/USDT@exchange", "ETH/USDT@exchange")) == "; did you mean BTC/USDT@exchange?"


def test_where_none_is_close_the_names_are_told() -> None:
    assert meant("x", ("alpaca",)) == ""
    assert offered("DOGE", ("A/USD@paper", "B/USD@paper")) == "; there are A/USD@paper, B/USD@paper"
    assert offered("DOGE", ()) == "; none is stated"


def test_of_many_names_the_first_twelve_are_told() -> None:
    told = offered("DOGE", [f"{number}@paper" for number in range(13)])
    assert told.endswith("11@paper, ...")
    assert "12@paper" not in told
