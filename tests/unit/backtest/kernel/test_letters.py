"""What the compiled code writes is what the codec of the journal writes."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import numpy as np
import pytest

from flatbook.backtest.kernel.letters import put_decimal, put_name, put_parts, put_whole

encode = msgspec.msgpack.Encoder().encode


def room() -> np.ndarray:
    """Returns room for a text."""
    return np.zeros(512, np.uint8)


@pytest.mark.parametrize("decimals", [0, 1, 2, 6, 7, 8, 18])
@pytest.mark.parametrize("number", [0, 1, 9, 10, 123, 999_999, 1_000_000, 99_999_999, 10**17 + 3, -1, -250, -1_000_000])
def test_a_number_with_decimals_is_written_as_the_codec_writes_it(number: int, decimals: int) -> None:
    text = room()
    end = put_decimal(text, 0, number, decimals)
    assert text[:end].tobytes() == encode(Decimal(number).scaleb(-decimals))


@pytest.mark.parametrize(
    ("whole", "parts", "negative", "text"),
    [
        (0, 0, False, "0E-18"),
        (0, 1, False, "1E-18"),
        (0, 123, True, "-1.23E-16"),
        (0, 999_999_999_999, False, "9.99999999999E-7"),
        (0, 10**12, False, "0.000001000000000000"),
        (12, 3 * 10**17, True, "-12.300000000000000000"),
        (10**17, 1, False, "100000000000000000.000000000000000001"),
    ],
)
def test_a_sum_is_written_with_all_its_decimals(whole: int, parts: int, negative: bool, text: str) -> None:
    written = room()
    end = put_parts(written, 0, whole, parts, negative)
    assert written[:end].tobytes() == encode(Decimal(text))
    assert str(Decimal(text)) == text


@pytest.mark.parametrize(
    "number", [0, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 1_700_000_000_000_000_000, 2**62]
)
def test_a_whole_number_takes_the_fewest_bytes(number: int) -> None:
    text = room()
    assert text[: put_whole(text, 0, number)].tobytes() == encode(number)


@pytest.mark.parametrize(("number", "nth", "name"), [(1, 0, "s1"), (12_936, 0, "s12936"), (90, 17, "s90-17")])
def test_the_id_of_an_order_at_the_venue_and_of_an_execution_is_written(number: int, nth: int, name: str) -> None:
    text = room()
    assert text[: put_name(text, 0, number, nth)].tobytes() == encode(name)
