"""Addresses without a version, which other programs know: each stands for a route of the present version.

`/health` is a page of the console too: whoever accepts HTML is told that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

ROOT = "/api/v1"
ALIASES = ("/health", "/positions", "/trades", "/executions", "/accumulators", "/metrics")
OF_CONSOLE = ("/health",)
ONE_POSITION = "/positions/"
HTML = b"text/html"


def unaliased(scope: Mapping[str, Any]) -> dict[str, Any] | None:
    """Returns what a request for an alias asks for; None for any other one."""
    path = str(scope["path"])
    if scope["method"] not in ("GET", "HEAD"):
        return None
    if path in ALIASES:
        if path in OF_CONSOLE and any(name == b"accept" and HTML in text for name, text in scope["headers"]):
            return None
        return _asked(scope, path, scope["query_string"])
    symbol = path.removeprefix(ONE_POSITION)
    if symbol == path or not symbol or "/" in symbol:
        return None
    query = b"&".join(part for part in (f"symbol={quote(symbol, safe='')}".encode(), scope["query_string"]) if part)
    return _asked(scope, "/positions", query)


def _asked(scope: Mapping[str, Any], path: str, query: bytes) -> dict[str, Any]:
    return {**scope, "path": ROOT + path, "raw_path": (ROOT + path).encode(), "query_string": query}
