"""Keccak-256 as Ethereum and Pyth use it, which is not the SHA-3 of the standard library: the padding differs.

A few hashes per update are needed, so that plain Python will do.
Source: the Keccak reference, version 3.0; tests hold it against another implementation.
"""

from __future__ import annotations

RATE = 136
LANES = 25
ROUNDS = 24
MASK = 2**64 - 1


def _round_constants() -> tuple[int, ...]:
    """Returns what is added in each round: bits of a shift register with the polynomial x^8 + x^6 + x^5 + x^4 + 1."""
    register, constants = 1, []
    for _ in range(ROUNDS):
        constant = 0
        for power in range(7):
            if register & 1:
                constant |= 1 << (2**power - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


def _walk() -> tuple[tuple[int, int], ...]:
    """Returns for each lane that moves, in order, where it goes and by how much it is turned."""
    x, y, steps = 1, 0, []
    for count in range(1, LANES):
        x, y = y, (2 * x + 3 * y) % 5
        steps.append((x + 5 * y, count * (count + 1) // 2 % 64))
    return tuple(steps)


CONSTANTS = _round_constants()
WALK = _walk()


def keccak256(content: bytes) -> bytes:
    """Returns the 32 bytes of the hash."""
    padded = bytearray(content + bytes(RATE - len(content) % RATE))
    padded[len(content)] = 0x01
    padded[-1] |= 0x80
    lanes = [0] * LANES
    for start in range(0, len(padded), RATE):
        for place in range(RATE // 8):
            at = start + 8 * place
            lanes[place] ^= int.from_bytes(padded[at : at + 8], "little")
        _permute(lanes)
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])


def _permute(lanes: list[int]) -> None:
    for constant in CONSTANTS:
        columns = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        for x in range(5):
            mixed = columns[x - 1] ^ _turned(columns[(x + 1) % 5], 1)
            for place in range(x, LANES, 5):
                lanes[place] ^= mixed
        carried = lanes[1]
        for place, by in WALK:
            carried, lanes[place] = lanes[place], _turned(carried, by)
        for row in range(0, LANES, 5):
            old = lanes[row : row + 5]
            for x in range(5):
                lanes[row + x] = old[x] ^ (~old[(x + 1) % 5] & MASK & old[(x + 2) % 5])
        lanes[0] ^= constant


def _turned(lane: int, by: int) -> int:
    return (lane << by | lane >> (64 - by)) & MASK
