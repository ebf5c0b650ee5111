"""Bodies of requests, read as they are described and in no other way.

The framework reads a body as kindly as a query: the text "30" where a number is due, or 1 for true. Whoever sends such
a body has something else in mind than we would do, so that it is refused with the name of the field.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from litestar import Request

from flatbook.api.problems import Code, Problem

_WHERE = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<where>.*)`)?", re.DOTALL)
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING_FIELD = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
FIELD_TEXT_MAX = 80


class StrictRequest(Request[Any, Any, Any]):
    """A request whose body has exactly the types that its route describes."""

    async def json(self) -> Any:
        """Returns the body in the type that the route takes. Needs: the route takes one.

        Errors: Problem.
        """
        asked = self.route_handler.parsed_data_field
        assert asked is not None
        return decode_strictly(await self.body(), asked.annotation)


def decode_strictly(body: bytes, wanted: Any) -> Any:
    """Returns a body as the type that is wanted.

    Errors: Problem, which names the field that is not as it must be.
    """
    try:
        return msgspec.json.decode(body, type=wanted)
    except msgspec.ValidationError as error:
        where, what = field_of(str(error))
        said = [{"where": f"body:{where}".rstrip(":"), "what": what}]
        raise Problem(422, Code.INVALID, "a value is not as it must be", errors=said) from None
    except msgspec.DecodeError:
        raise Problem(400, Code.BAD_REQUEST, "the body is no JSON") from None


def field_of(said: str) -> tuple[str, str]:
    """Returns which field a refusal of the decoder is about, and what is wrong with it; of the whole body no field."""
    split = _WHERE.fullmatch(said)
    what = said if split is None else split["what"]
    where = (split["where"] or "").lstrip(".") if split is not None else ""
    found = _UNKNOWN_FIELD.fullmatch(what) or _MISSING_FIELD.fullmatch(what)
    if found is not None:
        where = f"{where}.{found[1]}".lstrip(".")
    return where[:FIELD_TEXT_MAX], what[:FIELD_TEXT_MAX]
