"""Where the simulated worlds strike: every call that draws or counts a fault by its id, read from the source."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "flatbook"
STRIKING = ("hits", "count", "strikes", "strikes_for", "_strikes_for")


def sources() -> Iterator[Path]:
    """Yields the files that make up the simulated worlds: without the catalogue."""
    catalogue = PACKAGE / "sim" / "catalogue"
    yield from (path for path in sorted((PACKAGE / "sim").rglob("*.py")) if catalogue not in path.parents)
    yield from sorted((PACKAGE / "services").glob("*.py"))


def injectors_of(source: str, module: str) -> dict[str, tuple[str, ...]]:
    """Returns, by what is said to strike, the functions of a module that draw or count it."""
    found: dict[str, list[str]] = defaultdict(list)
    _walk(ast.parse(source), module, found)
    return {fault: tuple(dict.fromkeys(places)) for fault, places in found.items()}


def injectors() -> dict[str, tuple[str, ...]]:
    """Returns the functions that strike, by the id of the fault."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sources():
        module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for fault, places in injectors_of(path.read_text(), module).items():
            found[fault] += places
    return {fault: tuple(places) for fault, places in found.items()}


def _walk(node: ast.AST, place: str, found: dict[str, list[str]]) -> None:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        place = f"{place}.{node.name}"
    if isinstance(node, ast.Call) and node.args and _name_of(node.func) in STRIKING:
        for part in ast.walk(node.args[0]):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                found[part.value].append(place)
    for child in ast.iter_child_nodes(node):
        _walk(child, place, found)


def _name_of(called: ast.expr) -> str | None:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else None
