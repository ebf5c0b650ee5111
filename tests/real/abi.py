"""Calls of our contracts from what the compiler states of them, and Floats from decimals: nothing of the product's."""

from __future__ import annotations

from decimal import ROUND_DOWN, Context, Decimal
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.grammar import parse
from eth_hash.auto import keccak

from tests.real.programs import compiled

WIDE = Context(prec=400, traps=[])
FLOAT_DIGITS = 60


def keccak_hex(data: bytes) -> str:
    """Returns the hash as the chain writes it."""
    return "0x" + keccak(data).hex()


def parts_of(signature: str) -> list[str]:
    """Returns the types of the arguments of a signature such as `transfer(address,uint256)`."""
    arguments = signature[signature.index("(") :]
    return [part.to_type_str() for part in parse(arguments).components] if arguments != "()" else []


def call_of(contract: str, function: str, *arguments: object) -> str:
    """Returns the bytes that call a function of a contract, which is named without its types."""
    functions: dict[str, str] = compiled()[contract]["functions"]
    ((signature, selector),) = [each for each in functions.items() if each[0].split("(")[0] == function]
    return "0x" + selector + encode(parts_of(signature), arguments).hex()


def creation_of(contract: str, *arguments: object) -> str:
    """Returns the bytes that create a contract."""
    built = compiled()[contract]
    inputs: list[dict[str, str]] = next((part["inputs"] for part in built["abi"] if part["type"] == "constructor"), [])
    encoded: str = encode([stated["type"] for stated in inputs], arguments).hex()
    return str(built["bytecode"]) + encoded


def answer_of(types: list[str], stated: str) -> tuple[Any, ...]:
    """Returns the values of an answer."""
    return tuple(decode(types, bytes.fromhex(stated[2:])))


def address_of_creation(creator: str, nonce: int) -> str:
    """Returns where the contract stands that an account creates with its nonce. Needs: nonce below 128."""
    stated = bytes([0x80 if nonce == 0 else nonce])
    return "0x" + keccak(b"\xd6\x94" + bytes.fromhex(creator[2:]) + stated)[12:].hex()


def float_of(value: Decimal) -> bytes:
    """Returns the 32 bytes of Raindex that state a decimal: the exponent in 4 bytes, the coefficient in 28."""
    sign, digits, exponent = value.as_tuple()
    coefficient = int("".join(map(str, digits))) * (-1 if sign else 1)
    assert isinstance(exponent, int)
    if coefficient == 0:
        return bytes(32)
    return exponent.to_bytes(4, "big", signed=True) + coefficient.to_bytes(28, "big", signed=True)


def decimal_of(raw: bytes) -> Decimal:
    """Returns the decimal that 32 bytes of Raindex state, every digit of it."""
    coefficient = int.from_bytes(raw[4:], "big", signed=True)
    return Decimal(coefficient).scaleb(int.from_bytes(raw[:4], "big", signed=True), WIDE)


def units_of(amount: Decimal, decimals: int) -> int:
    """Returns an amount of whole tokens in units of the token. Needs: no digit below its last one."""
    scaled = amount.scaleb(decimals, WIDE)
    assert scaled == scaled.to_integral_value(context=WIDE), (amount, decimals)
    return int(scaled)


def whole_of(units: int, decimals: int) -> Decimal:
    """Returns units of a token as whole tokens."""
    return Decimal(units).scaleb(-decimals, WIDE)


def reciprocal(value: Decimal) -> Decimal:
    """Returns 1 / value, cut to 60 digits."""
    return Context(prec=FLOAT_DIGITS, rounding=ROUND_DOWN, traps=[]).divide(Decimal(1), value)
