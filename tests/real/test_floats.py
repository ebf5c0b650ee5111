"""Three Floats say the same of random numbers: the one of Raindex itself, ours in Python, and ours in Solidity.

Numbers are compared by value. Two differences to release 0.0.0-alpha.22 of the one of Raindex are known and named
below: what lies under the smallest exponent, and the floor of what lies under zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from flatbook.venues.raindex import rain_float
from flatbook.venues.raindex.rain_float import FloatRefused, RainFloat, compare, pack_lossy, text_of_float, unpack
from tests.real.abi import address_of_creation, answer_of, call_of, creation_of, keccak_hex
from tests.real.anvil import Anvil, Refused, running_anvil
from tests.real.float_cases import Case, cases, said_of

pytestmark = pytest.mark.real

SEED = 4
CALL_MAX = 250
GAS = hex(900_000_000)
UNDERFLOW = -(2**31)

TWO: dict[str, Callable[[RainFloat, RainFloat], RainFloat]] = {
    "add": rain_float.add,
    "sub": rain_float.subtract,
    "mul": rain_float.multiply,
    "div": rain_float.divide,
    "min": rain_float.smaller,
    "max": rain_float.larger,
}
ONE: dict[str, Callable[[RainFloat], RainFloat]] = {
    "inv": rain_float.invert,
    "abs": rain_float.absolute,
    "neg": rain_float.minus,
    "frac": rain_float.fraction_part,
    "floor": rain_float.floor,
}
ORDERS: dict[str, Callable[[int], bool]] = {
    "lt": lambda order: order < 0,
    "lte": lambda order: order <= 0,
    "eq": lambda order: order == 0,
    "gte": lambda order: order >= 0,
    "gt": lambda order: order > 0,
}


def value_of(number: RainFloat) -> tuple[int, int]:
    """Returns coefficient and exponent without trailing zeros: equal where the values are."""
    coefficient, exponent = number.coefficient, number.exponent
    while coefficient and coefficient % 10 == 0:
        coefficient, exponent = coefficient // 10, exponent + 1
    return (coefficient, exponent) if coefficient else (0, 0)


def value_of_hex(stated: str) -> tuple[int, int]:
    return value_of(unpack(bytes.fromhex(stated[2:])))


def answer_to(ask: Callable[[], object]) -> object:
    """Returns what an operation of ours gives, None where it refuses."""
    try:
        return ask()
    except FloatRefused:
        return None


def packed(number: RainFloat) -> tuple[int, int]:
    raw, _ = pack_lossy(number)
    return value_of(unpack(raw))


def ours_of(case: Case, said: dict[str, Any]) -> dict[str, object]:
    """Returns our answer to each operation, None for a refusal."""
    a, b = unpack(case.a), unpack(case.b)
    order = compare(a, b)
    stated = said["format"]
    scientific = isinstance(stated, str) and "e" in stated
    found: dict[str, object] = {
        **{name: answer_to(partial(_done, act, a, b)) for name, act in TWO.items()},
        **{name: answer_to(partial(_done, act, a)) for name, act in ONE.items()},
        **{name: is_so(order) for name, is_so in ORDERS.items()},
        "isZero": a.coefficient == 0,
        "format": text_of_float(a, scientific=scientific),
        "parse": answer_to(lambda: value_of(rain_float.float_of_text(case.text))),
    }
    if case.fixed < 2**255 or case.fixed % 10 == 0:
        found["fromFixedDecimal"] = answer_to(lambda: value_of(unpack(rain_float.pack(_fixed(case)))))
    found["fromFixedDecimalLossy"] = answer_to(lambda: packed(_fixed(case)))
    found["toFixedDecimalLossy"] = answer_to(lambda: rain_float.to_fixed_decimal(a, decimals=case.decimals)[0])
    found["toFixedDecimal"] = answer_to(lambda: _lossless(a, case.decimals))
    return found


def _done(act: Callable[..., RainFloat], *numbers: RainFloat) -> tuple[int, int]:
    return packed(act(*numbers))


def _fixed(case: Case) -> RainFloat:
    return rain_float.from_fixed_decimal(case.fixed, decimals=case.decimals)[0]


def _lossless(number: RainFloat, decimals: int) -> int | None:
    found, lossless = rain_float.to_fixed_decimal(number, decimals=decimals)
    return found if lossless else None


def theirs_of(name: str, said: object) -> object:
    """Returns an answer of the Float of Raindex in our terms, None for a refusal."""
    if isinstance(said, dict):
        return None
    if isinstance(said, bool) or name == "format":
        return said
    text = str(said)
    return int(text) if name.startswith("toFixed") else value_of_hex(text)


def is_known(name: str, case: Case, ours: object, theirs: object) -> bool:
    """True for the two differences to this release of the Float of Raindex."""
    if name == "floor":
        return theirs == packed(rain_float.integer_part(unpack(case.a)))
    return theirs is None and ours == (0, 0) and name in {"mul", "div", "inv"}


def check_against_raindex(seed: int, count: int) -> None:
    asked = list(cases(seed, count))
    answers = said_of(asked)
    assert len(answers) == count
    differing = [
        f"{name} of {unpack(case.a)}, {unpack(case.b)}, {case[2:]}: ours {mine}, theirs {theirs}"
        for case, said in zip(asked, answers, strict=True)
        for name, mine in ours_of(case, said).items()
        if (theirs := theirs_of(name, said[name])) != mine and not is_known(name, case, mine, theirs)
    ]
    assert not differing, f"{len(differing)}: " + "\n".join(differing[:5])


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with running_anvil() as started:
        yield started


class Probe:
    """The Float of our contracts, asked for many numbers at once."""

    def __init__(self, chain: Anvil) -> None:
        self._chain = chain
        deployer = chain.accounts[0]
        self._place = address_of_creation(deployer, 0)
        creation = {"from": deployer, "data": creation_of("FloatProbe"), "gas": hex(12_000_000)}
        tx = chain.do("eth_sendTransaction", creation)
        chain.mine()
        assert chain.receipt(tx)["status"] == "0x1"

    def ask(self, function: str, types: list[str], *columns: list[Any]) -> list[tuple[Any, ...]]:
        """Returns a row of answers for each row of arguments."""
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(columns[0]), CALL_MAX):
            payload = call_of("FloatProbe", function, *(column[start : start + CALL_MAX] for column in columns))
            answer = self._chain.do("eth_call", {"to": self._place, "data": payload, "gas": GAS}, "latest")
            rows += zip(*answer_of(types, answer), strict=True)
        return rows


def check_contracts_against_raindex(chain: Anvil, seed: int, count: int) -> None:
    asked = list(cases(seed, count))
    answers = said_of(asked)
    probe = Probe(chain)
    for name in ("add", "sub", "mul", "div"):
        due = [(case, said[name]) for case, said in zip(asked, answers, strict=True) if isinstance(said[name], str)]
        rows = probe.ask(f"{name}All", ["bytes32[]"], [case.a for case, _ in due], [case.b for case, _ in due])
        for (case, said), (found,) in zip(due, rows, strict=True):
            assert value_of(unpack(found)) == value_of_hex(said), (name, unpack(case.a), unpack(case.b))
    rows = probe.ask("compareAll", ["int256[]"], [case.a for case in asked], [case.b for case in asked])
    for case, said, (order,) in zip(asked, answers, rows, strict=True):
        assert {name: is_so(order) for name, is_so in ORDERS.items()} == {name: said[name] for name in ORDERS}, case
    check_conversions(probe, asked, answers)


def check_conversions(probe: Probe, asked: list[Case], answers: list[dict[str, Any]]) -> None:
    fixed, decimals = [case.fixed for case in asked], [case.decimals for case in asked]
    rows = probe.ask("fromFixedAll", ["bytes32[]", "bool[]"], fixed, decimals)
    for case, said, (found, lossless) in zip(asked, answers, rows, strict=True):
        assert value_of(unpack(found)) == value_of_hex(said["fromFixedDecimalLossy"]), case
        assert lossless == isinstance(said["fromFixedDecimal"], str), case
    name = "toFixedDecimalLossy"
    due = [(case, said) for case, said in zip(asked, answers, strict=True) if isinstance(said[name], str)]
    columns = [case.a for case, _ in due], [case.decimals for case, _ in due]
    for (case, said), (units, lossless) in zip(
        due, probe.ask("toFixedAll", ["uint256[]", "bool[]"], *columns), strict=True
    ):
        assert units == int(said[name]), (unpack(case.a), case.decimals)
        assert lossless == isinstance(said["toFixedDecimal"], str), (unpack(case.a), case.decimals)


def test_our_float_agrees_with_the_one_of_raindex() -> None:
    check_against_raindex(SEED, 1_500)


def test_the_float_of_our_contracts_agrees_with_the_one_of_raindex(chain: Anvil) -> None:
    check_contracts_against_raindex(chain, SEED + 1, 500)


@pytest.mark.e2e
@pytest.mark.parametrize("part", range(20))
def test_our_float_agrees_on_a_hundred_thousand_numbers(part: int) -> None:
    check_against_raindex(1_000 + part, 5_000)


@pytest.mark.e2e
@pytest.mark.parametrize("part", range(20))
def test_the_float_of_our_contracts_agrees_on_a_hundred_thousand_numbers(chain: Anvil, part: int) -> None:
    check_contracts_against_raindex(chain, 2_000 + part, 5_000)


def test_ours_in_solidity_refuses_what_cannot_be(chain: Anvil) -> None:
    probe = Probe(chain)
    largest = (2**31 - 1).to_bytes(4, "big", signed=True) + (1).to_bytes(28, "big", signed=True)
    with pytest.raises(Refused) as overflow:
        probe.ask("mulAll", ["bytes32[]"], [largest], [largest])
    with pytest.raises(Refused) as negative:
        probe.ask("toFixedAll", ["uint256[]", "bool[]"], [b"\x00" * 4 + b"\xff" * 28], [18])
    assert overflow.value.reverted_with[:10] == keccak_hex(b"ExponentOverflow(int256)")[:10]
    assert negative.value.reverted_with[:10] == keccak_hex(b"NegativeFixedDecimal(int256,int256)")[:10]
    assert probe.ask("packAll", ["bytes32[]", "bool[]"], [1, 2**223], [UNDERFLOW - 1, 0]) == [
        (bytes(32), False),
        (bytes.fromhex("000000010" + "c" * 55), False),
    ]
