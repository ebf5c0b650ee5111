"""The compiled simulator: the plain functions of this package, given to a compiler of arrays once and kept on disk.

What was compiled is kept under a folder named by the source of all of it, so that a changed function is never mixed
with what was compiled before the change.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numba
from numba.core import config

from flatbook.backtest.kernel import levels, passing, queues, resting, scan, seen, sending, tables
from flatbook.market import feature_feed, features, ticks
from flatbook.matcher import rule

CONSTANTS = (ticks, tables)
MODULES: tuple[Any, ...] = (features, feature_feed, rule, queues, levels, resting, seen, passing, sending, scan)
INLINED = (
    scan.is_quiet,
    scan.quote_happens,
    scan.venue_row,
    scan.seen_row,
    scan.next_message,
    scan.see_next,
    seen.see_touch,
    seen.shows_book,
    seen.end_message,
)
"""What is called for every row: it becomes part of the scan."""

KEPT_UNDER = "flatbook"


@cache
def compiled() -> SimpleNamespace:
    """Returns the compiled functions by their names, compiled on first use.

    Needs: no two have one name, and each stands after those that it calls.
    """
    spaces = {module.__name__: dict(vars(module)) for module in MODULES}
    made: dict[str, Callable[..., Any]] = {}
    settings: Any = config
    kept, settings.CACHE_DIR = settings.CACHE_DIR, str(cache_folder((*CONSTANTS, *MODULES)))
    try:
        for function in (function for module in MODULES for function in module.COMPILED):
            copy = FunctionType(function.__code__, spaces[function.__module__], function.__name__)
            copy.__module__, copy.__qualname__ = function.__module__, function.__qualname__
            made[function.__name__] = _jit(copy, inlined=function in INLINED)
            _put_in(spaces.values(), function, made[function.__name__])
    finally:
        settings.CACHE_DIR = kept
    return SimpleNamespace(**made)


def _put_in(spaces: Iterable[dict[str, Any]], function: Callable[..., Any], made: Callable[..., Any]) -> None:
    """Has each module that knows a function call the compiled one; a module keeps its own constants."""
    for space in spaces:
        if space.get(function.__name__) is function:
            space[function.__name__] = made


def _jit(function: Callable[..., Any], *, inlined: bool) -> Callable[..., Any]:
    """Returns a compiled function. It allocates nothing, so that arrays are passed uncounted."""
    njit: Any = numba.njit
    compiled_function: Callable[..., Any] = njit(cache=True, _nrt=False, inline="always" if inlined else "never")(
        function
    )
    return compiled_function


def cache_folder(modules: Iterable[ModuleType]) -> Path:
    """Returns where what is compiled of some modules is kept."""
    digest = hashlib.sha256()
    for name in sorted((__file__, *(str(module.__file__) for module in modules))):
        digest.update(Path(name).read_bytes())
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / KEPT_UNDER / f"compiled-{digest.hexdigest()[:16]}"
