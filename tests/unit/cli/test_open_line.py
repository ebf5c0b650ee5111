"""What is open and has no price is unknown in the line of `flatbook status`, and never zero."""

from __future__ import annotations

from flatbook.cli.status import open_line


def test_what_is_open_without_a_price_is_unknown_and_not_zero() -> None:
    assert open_line({"open_usd": None, "unvalued": ["BTC"]}) == "open in USD: unknown, without BTC: no price"


def test_what_is_known_of_it_is_told_with_what_it_leaves_out() -> None:
    assert open_line({"open_usd": "512.5", "unvalued": ["BTC"]}) == "open in USD: 512.50, without BTC: no price"
    assert open_line({"open_usd": "512.5", "unvalued": []}) == "open in USD: 512.50"
