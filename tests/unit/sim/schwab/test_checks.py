"""What the simulated Schwab checks before it takes an order."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sim.alpaca.scene import Faults
from tests.unit.sim.schwab.scene import Scene


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"quantity": 1.5}, "Quantity must be a whole number above zero"),
        ({"quantity": 0}, "Quantity must be a whole number above zero"),
        ({"orderType": "LIMIT"}, "Order type and price do not fit"),
        ({"price": "5"}, "Order type and price do not fit"),
        ({"orderType": "LIMIT", "price": "5.001"}, "Limit price has an invalid increment"),
        ({"session": "AM"}, "Session is not available for market orders"),
        ({"session": "NIGHT"}, "Order has an invalid session, instruction or assetType"),
        ({"duration": "GOOD_TILL_CANCEL"}, "Only single day orders are simulated"),
        ({"symbol": "GONE"}, "Symbol GONE is invalid"),
        ({"quantity": 1_000}, "You do not have enough buying power"),
        ({"orderType": 5}, "Request body is invalid"),
    ],
)
def test_an_order_that_cannot_be_is_refused_in_words(changes: dict[str, Any], text: str) -> None:
    told = Scene().log_in().place(**changes)
    assert (told.status, told.content) == (400, {"message": text, "errors": []})


@pytest.mark.parametrize(
    ("symbol", "instruction", "quantity", "is_taken"),
    [
        ("AAPL", "SELL", 50, True),
        ("AAPL", "SELL", 51, False),
        ("AAPL", "SELL_SHORT", 1, False),
        ("TSLA", "BUY_TO_COVER", 20, True),
        ("TSLA", "BUY_TO_COVER", 21, False),
        ("TSLA", "BUY", 1, False),
        ("TSLA", "SELL", 1, False),
        ("NVDA", "SELL_SHORT", 5, True),
    ],
)
def test_no_order_takes_a_position_through_zero(symbol: str, instruction: str, quantity: int, is_taken: bool) -> None:
    told = Scene().log_in().place(symbol=symbol, instruction=instruction, quantity=quantity)
    assert (told.status == 201) == is_taken


def test_what_works_already_is_counted() -> None:
    scene = Scene().log_in()
    assert scene.place(instruction="SELL", quantity=30, orderType="LIMIT", price="300").status == 201
    assert scene.place(instruction="SELL", quantity=21, orderType="LIMIT", price="300").status == 400
    assert scene.place(instruction="SELL", quantity=20, orderType="LIMIT", price="300").status == 201


def test_a_restricted_account_is_refused() -> None:
    assert Scene(Faults(restricted=True)).log_in().place().status == 403
