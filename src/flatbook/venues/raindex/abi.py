"""Words of the contract ABI, read where they stand: each place is checked before anything is read there.

Units: places and sizes in bytes from the first one of the payload.
Source: Solidity contract ABI specification. A payload that passes is read as eth-abi reads it; tests hold the two
against each other on every log of the vectors and on arbitrary bytes.
"""

from __future__ import annotations

WORD = 32
ADDRESS_PADDING = bytes(12)
WORD_MAX = 2**256 - 1


class AbiRefused(ValueError):
    """The bytes are not what their layout says. Never leaves the reader of a log."""


def word_at(payload: bytes, at: int) -> bytes:
    """Returns the 32 bytes at a place.

    Errors: AbiRefused beyond the end.
    """
    word = payload[at : at + WORD]
    if len(word) != WORD:
        raise AbiRefused(f"it ends before byte {at + WORD}")
    return word


def number_at(payload: bytes, at: int, *, most: int = WORD_MAX) -> int:
    """Returns the unsigned number at a place.

    Errors: AbiRefused beyond the end, or above `most`.
    """
    number = int.from_bytes(word_at(payload, at), "big")
    if number > most:
        raise AbiRefused(f"the number at byte {at} is above {most}")
    return number


def address_at(payload: bytes, at: int) -> str:
    """Returns the address at a place, in lower-case hex with its prefix.

    Errors: AbiRefused beyond the end, or where bits stand beside it.
    """
    word = word_at(payload, at)
    if word[:12] != ADDRESS_PADDING:
        raise AbiRefused(f"no address stands at byte {at}")
    return "0x" + word[12:].hex()


def pointed(payload: bytes, frame: int, at: int, *, head: int) -> int:
    """Returns the place of a part of a frame that a pointer states. `head` is how long the pointers of the frame are.

    Errors: AbiRefused when it points into them, or where no whole word follows, with which every part begins.
    """
    place = frame + number_at(payload, at)
    if not frame + head <= place <= len(payload) - WORD:
        raise AbiRefused(f"the pointer at byte {at} points nowhere")
    return place


def items_at(payload: bytes, at: int, *, size: int) -> range:
    """Returns the places of the items of a list at a place. Units: `size` in bytes an item.

    Errors: AbiRefused when the payload is too short for so many.
    """
    first = at + WORD
    end = first + number_at(payload, at) * size
    if end > len(payload):
        raise AbiRefused(f"the list at byte {at} is longer than what there is")
    return range(first, end, size)
