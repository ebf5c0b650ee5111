"""What is wrong with a table is said by its key, with what to state."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
import pytest

from flatbook.services.plan_words import shaped


class Way(Enum):
    UP = "up"
    DOWN = "down"


class Round(msgspec.Struct, frozen=True, kw_only=True, tag="round"):
    width: int


class Square(msgspec.Struct, frozen=True, kw_only=True, tag="square"):
    side: int


class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    way: Way
    count: int
    share: Decimal
    held: dict[str, Decimal] = {}
    wish: int | None = None
    form: Round | Square | None = None


FITS: dict[str, Any] = {"way": "up", "count": 1, "share": "0.5"}


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ({"way": "sideways"}, "a.b.way is 'sideways': state up or down"),
        ({"way": 1}, "a.b.way: state a text, and not a whole number"),
        ({"count": "1.5"}, "a.b.count: state a whole number"),
        ({"count": True}, "a.b.count: state a whole number, and not true or false"),
        ({"wish": []}, "a.b.wish: state a whole number, and not a list"),
        ({"share": {}}, 'a.b.share: state a number in quotes, such as "100.5", and not a table'),
        ({"held": {"BTC": False}}, 'a.b.held: state a number in quotes, such as "100.5", and not true or false'),
        ({"shrae": "1", "way": 1}, "there is no key a.b.shrae; did you mean share[?]"),
        ({"more": 1}, "there is no key a.b.more: name one of way, count, share, held, wish, form"),
        ({"form": {"type": "round", "wdth": 1}}, "there is no key a.b.form.wdth; did you mean width[?]"),
        ({"form": {"typ": "round", "width": 1}}, "there is no key a.b.form.typ; did you mean type[?]"),
        ({"form": {"type": "rund", "width": 1}}, "a.b.form.type is 'rund': state round or square"),
        ({"form": {"width": 1}}, "a.b.form.type is missing: state it"),
        ({"form": {"type": "square", "more": 1}}, "there is no key a.b.form.more: name one of type, side"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_its_key(stated: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=f"^{says.replace('.', '[.]')}$"):
        shaped(FITS | stated, Shape, "a", "b")


def test_a_key_that_is_missing_is_named_and_what_fits_is_returned() -> None:
    with pytest.raises(ValueError, match=r"^count is missing: state it$"):
        shaped({"way": "up", "share": "1"}, Shape)
    assert shaped(FITS, Shape) == Shape(way=Way.UP, count=1, share=Decimal("0.5"))
