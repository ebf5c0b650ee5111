"""The contracts of a simulated chain: where they stand, and what a desk is told of them."""

from __future__ import annotations

from flatbook.sim.evm.contracts import BOOK, DOLLAR, address_of, token_of
from tests.unit.sim.evm.scene import contracts


def test_a_name_has_an_address_of_its_own() -> None:
    assert address_of("desk") == "0x" + "0" * 32 + "6465736b"
    assert token_of("COIN") == address_of("wtCOIN")


def test_a_desk_is_told_of_all_of_them() -> None:
    config = contracts(COIN=18, NVDA=8).config()
    assert config.order_books == (BOOK,)
    assert [(token.symbol, token.decimals, token.ticker) for token in config.tokens] == [
        ("wtCOIN", 18, "COIN"),
        ("wtNVDA", 8, "NVDA"),
    ]
    assert config.usdc[0].address == DOLLAR
    owner = config.owner(address_of("desk"))
    assert owner is not None
    assert (owner.owner, owner.account) == ("desk", "base:vault")
    assert contracts(COIN=18, NVDA=8).symbols == {token_of("COIN"): "COIN", token_of("NVDA"): "NVDA"}
