"""Random Floats of every kind, and what the Float of Raindex itself says of them, from one process of Node."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.real.programs import float_package, node_program

ORACLE = Path(__file__).with_name("float_oracle.mjs")
COEFFICIENT_MIN, COEFFICIENT_MAX = -(2**223), 2**223 - 1
EXPONENT_MIN, EXPONENT_MAX = -(2**31), 2**31 - 1
EDGES = (0, 1, -1, COEFFICIENT_MAX, COEFFICIENT_MIN, 10**66, 10**67, -(10**67))
ROOM = 500  # so that the result of one operation on two exponents at the edge can be both in and out of range
NODE_S = 600


class Case(NamedTuple):
    """What one case asks: two Floats, a fixed-point integer and its decimals, and a decimal text."""

    a: bytes
    b: bytes
    fixed: int
    decimals: int
    text: str


def cases(seed: int, count: int) -> Iterator[Case]:
    """Draws cases: whole ranges, edges, and numbers of the size of amounts and prices; the same ones for a seed."""
    draw = random.Random(seed)
    for _ in range(count):
        first = _exponent(draw)
        near = max(EXPONENT_MIN, min(EXPONENT_MAX, first + draw.randrange(-80, 80)))
        second = near if draw.random() < 0.4 else _exponent(draw)
        fixed = draw.choice((draw.randrange(2**256), draw.randrange(10**30), draw.randrange(10**12)))
        decimals = draw.choice((0, 6, 8, 18, 18, draw.randrange(80)))
        yield Case(_bytes(_coefficient(draw), first), _bytes(_coefficient(draw), second), fixed, decimals, _text(draw))


def _coefficient(draw: random.Random) -> int:
    number = draw.choice(
        (
            draw.randrange(COEFFICIENT_MIN, COEFFICIENT_MAX + 1),
            draw.choice(EDGES),
            draw.randrange(10**18) * draw.choice((1, 10**6, 10**9)),
            draw.randrange(-(10 ** draw.randrange(1, 67)), 10 ** draw.randrange(1, 67)),
            draw.randrange(1, 10**6) * 10 ** draw.randrange(60),
            draw.randrange(10**12),
        )
    )
    return max(COEFFICIENT_MIN, min(COEFFICIENT_MAX, number))


def _exponent(draw: random.Random) -> int:
    return draw.choice(
        (
            draw.randrange(EXPONENT_MIN + ROOM, EXPONENT_MAX - ROOM),
            draw.randrange(-90, 90),
            draw.randrange(-36, 10),
            draw.randrange(-36, 10),
        )
    )


def _bytes(coefficient: int, exponent: int) -> bytes:
    return exponent.to_bytes(4, "big", signed=True) + coefficient.to_bytes(28, "big", signed=True)


def _text(draw: random.Random) -> str:
    text = draw.choice(("", "-")) + str(draw.randrange(10 ** draw.randrange(1, 40)))
    if draw.random() < 0.7:
        text += "." + str(draw.randrange(10**20)).rjust(draw.randrange(1, 25), "0")
    return text + (f"e{draw.randrange(-60, 60)}" if draw.random() < 0.5 else "")


def said_of(asked: list[Case]) -> list[dict[str, Any]]:
    """Returns what the Float of Raindex answers to each case, by operation."""
    lines = [
        json.dumps(["0x" + case.a.hex(), "0x" + case.b.hex(), str(case.fixed), case.decimals, case.text])
        for case in asked
    ]
    found = subprocess.run(
        [str(node_program()), str(ORACLE), str(float_package().parents[2])],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=NODE_S,
    )
    return [json.loads(line) for line in found.stdout.splitlines()]
