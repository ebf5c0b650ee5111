"""The calls of an order book, by generation: V4 counts in units of the tokens, V5 and V6 in Floats."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple, Protocol

from eth_abi.abi import encode

from tests.real.abi import call_of, decimal_of, float_of, keccak_hex, parts_of, units_of, whole_of
from tests.real.programs import compiled

NOBODY = "0x" + "00" * 20
UNBOUNDED = Decimal(10) ** 30
VAULT = 0xFAB


class Generation(Enum):
    """The generations of the order book; the value is the name of the contract."""

    V4 = "BookV4"
    V5 = "BookV5"
    V6 = "BookV6"


class Erc20(NamedTuple):
    """A token: where it stands, what it calls itself, and its decimals."""

    address: str
    symbol: str
    decimals: int


class Offer(NamedTuple):
    """What an order offers: at most `most` of `gives` in one trade, each for `ratio` of `wants`.

    With a `pricing` (interpreter and its bytecode) most and ratio are computed onchain.
    """

    gives: Erc20
    wants: Erc20
    most: Decimal
    ratio: Decimal
    gives_vault: int = VAULT
    wants_vault: int = VAULT
    pricing: tuple[str, bytes] | None = None


class Order(NamedTuple):
    """An order as the book knows it: the owner, the offer, its words in the ABI, and its hash."""

    owner: str
    offer: Offer
    words: tuple[Any, ...]
    hash: str


class Take(NamedTuple):
    """What a taker wants: at most `most` of what the orders give, or with `spend` at most that of what they want."""

    orders: Sequence[Order]
    most: Decimal | None = None
    spend: Decimal | None = None
    least: Decimal = Decimal(0)


class Book(Protocol):
    """The calls of one generation. Each returns the bytes of a call to `address`."""

    generation: Generation
    address: str

    def order(self, owner: str, offer: Offer, nonce: int) -> Order: ...
    def add(self, order: Order) -> str: ...
    def remove(self, order: Order) -> str: ...
    def deposit(self, token: Erc20, amount: Decimal, vault: int) -> str: ...
    def withdraw(self, token: Erc20, amount: Decimal, vault: int) -> str: ...
    def take(self, take: Take) -> str: ...
    def clear(self, alice: Order, bob: Order, bounty_vault: int) -> str: ...
    def vault(self, owner: str, token: Erc20, vault: int) -> str: ...
    def in_vault(self, answer: str, token: Erc20) -> Decimal: ...


def evaluable_of(offer: Offer) -> tuple[str, str, bytes]:
    """Returns interpreter, store and bytecode; without an interpreter the bytecode states most and ratio."""
    if offer.pricing is not None:
        return offer.pricing[0], NOBODY, offer.pricing[1]
    return NOBODY, NOBODY, float_of(offer.most) + float_of(offer.ratio)


def _hash_of(contract: str, function: str, words: tuple[Any, ...]) -> str:
    functions: dict[str, str] = compiled()[contract]["functions"]
    (signature,) = [each for each in functions if each.split("(")[0] == function]
    return keccak_hex(encode([parts_of(signature)[0]], [words]))


def _added(order: Order) -> tuple[Any, ...]:
    _, evaluable, inputs, outputs, nonce = order.words
    return (evaluable, inputs, outputs, nonce, bytes(32), b"")


class UnitBook:
    """The fourth generation."""

    def __init__(self, address: str) -> None:
        self.generation, self.address = Generation.V4, address

    def order(self, owner: str, offer: Offer, nonce: int) -> Order:
        sides = [
            [(token.address, token.decimals, vault)]
            for token, vault in ((offer.wants, offer.wants_vault), (offer.gives, offer.gives_vault))
        ]
        words = (owner, evaluable_of(offer), *sides, nonce.to_bytes(32, "big"))
        return Order(owner, offer, words, _hash_of("BookV4", "removeOrder2", words))

    def add(self, order: Order) -> str:
        return call_of("BookV4", "addOrder2", _added(order), [])

    def remove(self, order: Order) -> str:
        return call_of("BookV4", "removeOrder2", order.words, [])

    def deposit(self, token: Erc20, amount: Decimal, vault: int) -> str:
        return call_of("BookV4", "deposit2", token.address, vault, units_of(amount, token.decimals), [])

    def withdraw(self, token: Erc20, amount: Decimal, vault: int) -> str:
        return call_of("BookV4", "withdraw2", token.address, vault, units_of(amount, token.decimals), [])

    def take(self, take: Take) -> str:
        assert take.spend is None, "this generation is asked for what the taker gets"
        gives = take.orders[0].offer.gives
        most = 2**255 if take.most is None else units_of(take.most, gives.decimals)
        orders: list[Any] = [(order.words, 0, 0, []) for order in take.orders]
        least = units_of(take.least, gives.decimals)
        return call_of("BookV4", "takeOrders2", (least, most, 2**255, orders, b""))

    def clear(self, alice: Order, bob: Order, bounty_vault: int) -> str:
        config = (0, 0, 0, 0, bounty_vault, bounty_vault)
        return call_of("BookV4", "clear2", alice.words, bob.words, config, [], [])

    def vault(self, owner: str, token: Erc20, vault: int) -> str:
        return call_of("BookV4", "vaultBalance", owner, token.address, vault)

    def in_vault(self, answer: str, token: Erc20) -> Decimal:
        return whole_of(int(answer, 16), token.decimals)


class FloatBook:
    """The fifth and the sixth generation."""

    def __init__(self, generation: Generation, address: str) -> None:
        self.generation, self.address = generation, address
        self._name = generation.value
        self._add, self._deposit, self._withdraw, self._take = (
            ("addOrder4", "deposit4", "withdraw4", "takeOrders4")
            if generation is Generation.V6
            else ("addOrder3", "deposit3", "withdraw3", "takeOrders3")
        )

    def order(self, owner: str, offer: Offer, nonce: int) -> Order:
        sides = [
            [(token.address, vault.to_bytes(32, "big"))]
            for token, vault in ((offer.wants, offer.wants_vault), (offer.gives, offer.gives_vault))
        ]
        words = (owner, evaluable_of(offer), *sides, nonce.to_bytes(32, "big"))
        return Order(owner, offer, words, _hash_of(self._name, "removeOrder3", words))

    def add(self, order: Order) -> str:
        return call_of(self._name, self._add, _added(order), [])

    def remove(self, order: Order) -> str:
        return call_of(self._name, "removeOrder3", order.words, [])

    def deposit(self, token: Erc20, amount: Decimal, vault: int) -> str:
        return call_of(self._name, self._deposit, token.address, vault.to_bytes(32, "big"), float_of(amount), [])

    def withdraw(self, token: Erc20, amount: Decimal, vault: int) -> str:
        return call_of(self._name, self._withdraw, token.address, vault.to_bytes(32, "big"), float_of(amount), [])

    def take(self, take: Take) -> str:
        is_input = take.spend is None
        most = take.most if is_input else take.spend
        limits = tuple(map(float_of, (take.least, UNBOUNDED if most is None else most, UNBOUNDED)))
        orders: list[Any] = [(order.words, 0, 0, []) for order in take.orders]
        if self.generation is Generation.V6:
            return call_of(self._name, self._take, (*limits, is_input, orders, b""))
        assert is_input, "this generation is asked for what the taker gets"
        return call_of(self._name, self._take, (*limits, orders, b""))

    def clear(self, alice: Order, bob: Order, bounty_vault: int) -> str:
        config = (0, 0, 0, 0, bounty_vault.to_bytes(32, "big"), bounty_vault.to_bytes(32, "big"))
        return call_of(self._name, "clear3", alice.words, bob.words, config, [], [])

    def vault(self, owner: str, token: Erc20, vault: int) -> str:
        return call_of(self._name, "vaultBalance2", owner, token.address, vault.to_bytes(32, "big"))

    def in_vault(self, answer: str, token: Erc20) -> Decimal:
        return decimal_of(bytes.fromhex(answer[2:]))


def book_of(generation: Generation, address: str) -> Book:
    """Returns the calls of the book of a generation at an address."""
    return UnitBook(address) if generation is Generation.V4 else FloatBook(generation, address)
