"""The books of Coinbase: a market in USDC is told under the name of the one in USD, whose book it shares."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flatbook.market.depth import Grid, Numbered, Unread, Update
from flatbook.venues.book_stream import books_of
from flatbook.venues.coinbase.books import FEED

USD, USDC, EUR = "BTC-USD", "BTC-USDC", "BTC-EUR"


def frame(number: int, product: str, kind: str, *told: tuple[str, str, str]) -> bytes:
    updates = [{"side": side, "price_level": price, "new_quantity": size} for side, price, size in told]
    event = {"type": kind, "product_id": product, "updates": updates}
    return json.dumps({"channel": "l2_data", "sequence_num": number, "events": [event]}).encode()


@pytest.mark.parametrize("asked", [(USDC,), (USD,), (USD, USDC)])
def test_a_book_is_kept_under_each_name_that_was_asked_for(asked: tuple[str, ...]) -> None:
    grids = {symbol: Grid(2 + place, 1) for place, symbol in enumerate(asked)}
    books = books_of(FEED, grids)
    whole = frame(0, USD, "snapshot", ("bid", "100.10", "2"), ("offer", "100.20", "3"))
    for each in (whole, frame(1, USD, "update", ("bid", "100.15", "1"))):
        for heard in FEED.read(each, grids):
            books.take(heard)
    for place, symbol in enumerate(asked):
        sync = books.by_symbol[symbol]
        assert (sync.unfit, list(sync.book.bids())) == (None, [(10_015 * 10**place, 10), (10_010 * 10**place, 20)])


def test_only_a_market_in_usd_is_told_of_under_two_names() -> None:
    grids = {USDC: Grid(2, 1), EUR: Grid(2, 1), EUR + "C": Grid(2, 1)}
    told: list[Any] = [*FEED.read(frame(0, EUR, "snapshot", ("bid", "1", "1")), grids)]
    assert [each.symbol for each in told if isinstance(each, Update)] == [EUR]
    assert FEED.read(frame(0, USDC, "snapshot", ("bid", "1", "1")), {USD: Grid(2, 1)}) == (Numbered(0),)


def test_the_dollar_of_tether_has_a_book_in_each_of_both() -> None:
    grids = {"USDT-USDC": Grid(4, 1)}
    told = frame(0, "USDT-USD", "snapshot", ("bid", "0.9998", "1"))
    assert FEED.read(told, grids) == (Numbered(0),)


def test_what_cannot_be_read_of_it_loses_the_book_that_was_asked_for() -> None:
    _, lost = FEED.read(frame(0, USD, "snapshot", ("bid", "1.001", "1")), {USDC: Grid(2, 1)})
    assert isinstance(lost, Unread)
    assert lost.symbol == USDC
