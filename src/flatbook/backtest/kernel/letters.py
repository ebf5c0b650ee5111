"""Writes the texts of events as the codec of the journal writes them: MessagePack, numbers as texts."""

from __future__ import annotations

from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel.desk_table import Bytes
from flatbook.backtest.kernel.tables import Longs

Texts = tuple[Bytes, Longs, Bytes, Longs, Bytes]
"""What is written to, where each piece stands, the pieces, the executions that are kept, and texts that were made."""

ID_DIGITS = 9
SCRATCH = 96
"""How far ahead of the text that is written digits are laid out: the bytes there are free."""
DIGIT, POINT, MINUS, EXPONENT = ord("0"), ord("."), ord("-"), ord("E")
SHORT_TEXT, TEXT_OF_8, SHORT_MAX = 0xA0, 0xD9, 31
U8, U16, U32, U64 = 0xCC, 0xCD, 0xCE, 0xCF
SMALLEST_PLAIN = -6
"""From which place of the first digit on a number is written with an exponent."""


def put_piece(w: Bytes, at: int, p: Longs, x: Bytes, piece: int) -> int:
    """Writes a piece that never changes. Gives: where what follows begins, as all that write here do."""
    first, length = p[piece, 0], p[piece, 1]
    for k in range(length):
        w[at + k] = x[first + k]
    return int(at + length)


def put_digits(w: Bytes, at: int, number: int, width: int) -> int:
    """Writes a whole number that is not below zero, with at least so many digits."""
    count, rest = 1, number // 10
    while rest > 0:
        count += 1
        rest //= 10
    count = max(count, width)
    rest = number
    for k in range(count - 1, -1, -1):
        w[at + k] = DIGIT + rest % 10
        rest //= 10
    return at + count


def put_whole(w: Bytes, at: int, number: int) -> int:
    """Writes a whole number that is not below zero as a number, in the fewest bytes."""
    if number < 128:
        w[at] = number
        return at + 1
    if number < 2**8:
        w[at], size = U8, 1
    elif number < 2**16:
        w[at], size = U16, 2
    elif number < 2**32:
        w[at], size = U32, 4
    else:
        w[at], size = U64, 8
    for k in range(size):
        w[at + 1 + k] = (number >> (8 * (size - 1 - k))) & 255
    return at + 1 + size


def put_name(w: Bytes, at: int, number: int, nth: int) -> int:
    """Writes the id of an order at the venue as a text; with an execution of it from the first on."""
    end = put_digits(w, at + 2, number, 1)
    if nth > 0:
        w[end] = MINUS
        end = put_digits(w, end + 1, nth, 1)
    w[at] = SHORT_TEXT + end - at - 1
    w[at + 1] = ord("s")
    return end


def put_decimal(w: Bytes, at: int, number: int, decimals: int) -> int:
    """Writes a number that is so many of the last of its decimals, as a text."""
    digits = put_digits(w, at + SCRATCH, abs(number), 1) - at - SCRATCH
    return put_laid_out(w, at, digits, decimals, number < 0)


def put_parts(w: Bytes, at: int, whole: int, parts: int, is_negative: bool) -> int:
    """Writes a number of wholes and of parts of one, neither below zero, with all its eighteen decimals."""
    if whole > 0:
        end = put_digits(w, put_digits(w, at + SCRATCH, whole, 1), parts, 18)
    else:
        end = put_digits(w, at + SCRATCH, parts, 1)
    return put_laid_out(w, at, end - at - SCRATCH, 18, is_negative)


def put_laid_out(w: Bytes, at: int, digits: int, decimals: int, is_negative: bool) -> int:
    """Writes the digits that were laid out as a number with decimals: as Python writes a decimal number."""
    source, end, left = at + SCRATCH, at + 2, digits - decimals
    if is_negative:
        w[end] = MINUS
        end += 1
    has_exponent = left <= SMALLEST_PLAIN
    before = 1 if has_exponent else left
    if before <= 0:
        w[end] = DIGIT
        end += 1
    for k in range(min(before, 0), digits):
        if k == before:
            w[end] = POINT
            end += 1
        w[end] = w[source + k] if k >= 0 else DIGIT
        end += 1
    if has_exponent:
        w[end] = EXPONENT
        w[end + 1] = MINUS
        end = put_digits(w, end + 2, 1 - left, 1)
    length = end - at - 2
    if length > SHORT_MAX:
        w[at] = TEXT_OF_8
        w[at + 1] = length
        return end
    w[at] = SHORT_TEXT + length
    for k in range(length):
        w[at + 1 + k] = w[at + 2 + k]
    return end - 1


def wrote(d: Longs, at: int, time: int) -> None:
    """Notes that one more event was written up to a byte, and where a row of the journal became full with it."""
    head = d[desk.DESK_ROW]
    head[desk.WRITTEN] = at
    head[desk.COUNT] += 1
    if head[desk.COUNT] == desk.GROUP:
        head[desk.COUNT] = 0
        cut = desk.C0 + head[desk.CUTS]
        d[cut, desk.CUT_AT] = at
        d[cut, desk.CUT_TIME] = time
        head[desk.CUTS] += 1
        head[desk.CALLS] = 1


COMPILED = (wrote, put_piece, put_digits, put_whole, put_name, put_laid_out, put_decimal, put_parts)
"""What a compiler of arrays must be given, each after what it calls."""
