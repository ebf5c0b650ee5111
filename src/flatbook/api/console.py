"""The console's files, served from the same origin as everything that they ask for.

`make console` builds them into this package; without them the console's addresses say so and everything else works.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from flatbook.api.problems import Code, Problem, on_http_exception
from flatbook.api.routes import PUBLIC

BUNDLE = Path(__file__).parent / "static"
PAGES = (
    "overview",
    "execution",
    "orders",
    "inventory",
    "market",
    "grid",
    "reports",
    "events",
    "health",
    "risk",
    "settings",
)
NAME = "console"
MEDIA_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
PLAIN = "text/plain"
ALWAYS_ANEW = {"cache-control": "no-store"}
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
NOT_BUILT = "The console is not built here: run `make console` where Node is, or install a wheel that holds it.\n"


@get(["/", *(f"/{page}" for page in PAGES)], name=NAME, opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def page() -> Response[bytes]:
    """Returns the one page of the console, whichever of its pages was asked for."""
    return _page(200)


def _page(status: int) -> Response[bytes]:
    whole = BUNDLE / "index.html"
    if not whole.is_file():
        return Response(NOT_BUILT.encode(), status_code=503, media_type="text/plain", headers=ALWAYS_ANEW)
    return Response(whole.read_bytes(), status_code=status, media_type=MEDIA_TYPES[".html"], headers=ALWAYS_ANEW)


def on_lost(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answers what the framework refused: a person who asks for no such page gets the console, which says so."""
    wants_page = request.method == "GET" and MEDIA_TYPES[".html"] in request.headers.get("accept", "")
    is_here = request.app.get_handler_index_by_name(NAME) is not None
    if error.status_code != 404 or not (wants_page and is_here) or request.url.path.startswith("/api/"):
        return on_http_exception(request, error)
    return _page(404)


@get("/assets/{name:str}", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def asset(name: FromPath[str]) -> Response[bytes]:
    """Returns a part of the console; its name holds the hash of its content, so that it may be kept for ever."""
    return _file(BUNDLE / "assets", name, FOR_EVER)


@get("/favicon.svg", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def favicon() -> Response[bytes]:
    """Returns the picture of the browser's tab."""
    return _file(BUNDLE, "favicon.svg", ALWAYS_ANEW)


def _file(folder: Path, name: str, headers: dict[str, str]) -> Response[bytes]:
    """Returns a file of a folder.

    Errors: Problem when the folder itself does not hold one of that name and of a kind that the console has.
    """
    found = {path.name: path for path in folder.glob("*")}.get(name)
    if found is None or found.suffix not in MEDIA_TYPES:
        raise Problem(404, Code.NOT_FOUND, "the console has no such file")
    return Response(found.read_bytes(), media_type=MEDIA_TYPES[found.suffix], headers=headers)


CONSOLE: tuple[ControllerRouterHandler, ...] = (page, asset, favicon)
