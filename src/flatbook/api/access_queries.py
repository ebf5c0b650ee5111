"""Which questions a route knows: one that it does not know, that is asked twice or is no number is refused.

A filter with a typing error would otherwise be an answer about everything: to the framework `null` is nothing asked
for, and `1e2` a hundred.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from litestar import Litestar
from litestar.openapi.spec import OpenAPIType, Parameter, Schema

from flatbook.api.problems import Code, Problem

PAIRS_MAX = 64
NAME_TEXT_MAX = 40
LISTS = ("type",)
NUMBER = re.compile(r"-?[0-9]{1,19}")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FORMS = {OpenAPIType.INTEGER: NUMBER, "date": DATE}

Known = dict[str, re.Pattern[str] | None]
OF_STREAM: Known = {"after": NUMBER, "stream": None, "protocol": NUMBER}


def known_queries(app: Litestar) -> dict[str, Known]:
    """Returns the query parameters of each route that reads, by its operation, and how those look that are no text."""
    known = {"stream": OF_STREAM}
    for item in (app.openapi_schema.paths or {}).values():
        if item.get is not None and item.get.operation_id is not None:
            parameters = item.get.parameters or []
            found = [each for each in parameters if isinstance(each, Parameter) and each.param_in == "query"]
            known[item.get.operation_id] = {each.name: form_of(each.schema) for each in found}
    return known


def form_of(schema: Any) -> re.Pattern[str] | None:
    """Returns how a parameter of this description looks; None for a text, which looks like anything."""
    if not isinstance(schema, Schema):
        return None
    stated = [each for each in (schema, *(schema.one_of or ())) if isinstance(each, Schema)]
    forms = (FORMS.get(form) for each in stated for form in (each.type, each.format) if isinstance(form, str))
    return next((form for form in forms if form is not None), None)


def check_queries(query: bytes, known: Known) -> None:
    """Passes questions that a route knows, each asked once, or more often where it may be.

    Errors: Problem.
    """
    if not query:
        return
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=PAIRS_MAX)
    except ValueError:
        raise Problem(422, Code.INVALID, f"at most {PAIRS_MAX} questions are asked at once") from None
    names = [name for name, _ in pairs]
    for name, text in pairs:
        if name not in known:
            asked = ", ".join(known) or "nothing"
            raise Problem(422, Code.INVALID, f"there is no {name[:NAME_TEXT_MAX]!r} to ask for: {asked}")
        if names.count(name) > 1 and name not in LISTS:
            raise Problem(422, Code.INVALID, f"{name} is asked for twice")
        form = known[name]
        if form is not None and form.fullmatch(text) is None:
            said = [{"where": f"query:{name}", "what": "a day, such as 2025-12-01" if form is DATE else "a number"}]
            raise Problem(422, Code.INVALID, "a value is not as it must be", errors=said)
