"""Which questions a route knows: one that it does not know, or that is asked twice, is refused and not left aside.

A filter with a typing error would otherwise be an answer about everything.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from litestar import Litestar

from flatbook.api.problems import Code, Problem

PAIRS_MAX = 64
LISTS = ("type",)
OF_STREAM = ("after", "stream")


def known_queries(app: Litestar) -> dict[str, tuple[str, ...]]:
    """Returns the names of the query parameters of each route that reads, by its operation."""
    known: dict[str, tuple[str, ...]] = {"stream": OF_STREAM}
    for item in (app.openapi_schema.paths or {}).values():
        if item.get is not None and item.get.operation_id is not None:
            parameters = item.get.parameters or []
            names = (getattr(each, "name", "") for each in parameters if getattr(each, "param_in", "") == "query")
            known[item.get.operation_id] = tuple(names)
    return known


def check_queries(query: bytes, known: tuple[str, ...]) -> None:
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
    for name in dict.fromkeys(names):
        if name not in known:
            raise Problem(422, Code.INVALID, f"there is no {name[:40]!r} to ask for: {', '.join(known) or 'nothing'}")
        if names.count(name) > 1 and name not in LISTS:
            raise Problem(422, Code.INVALID, f"{name} is asked for twice")
