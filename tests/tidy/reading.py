"""Reads the repository once for all tidy tests: its files, and the syntax trees of its Python files."""

from __future__ import annotations

import ast
import gc
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGE = "src/flatbook/"
LAYERS = (
    ("values", "events", "market"),
    ("state", "matcher"),
    ("strategies", "risk", "sagas"),
    ("engine",),
    ("journal", "feeds", "venues", "projections"),
    ("sim", "backtest", "api", "ops"),
    ("services", "cli"),
)


class Source(NamedTuple):
    """One Python file: its path from the root, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def module(self) -> str:
        """The path inside the package, as in `engine/step.py`; other files keep their path from the root."""
        return self.path.removeprefix(PACKAGE)

    @property
    def package(self) -> str:
        """The name of the package under flatbook that holds the file, or nothing."""
        parts = Path(self.module).parts
        return parts[0] if self.path.startswith(PACKAGE) and len(parts) > 1 else ""


@cache
def files() -> tuple[str, ...]:
    """Lists the files that are or would be committed, as paths from the root."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return tuple(sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


@cache
def text_of(path: str) -> str:
    """Returns the text of a file, or nothing where it is no text."""
    content = (ROOT / path).read_bytes()
    return "" if b"\0" in content[:8192] else content.decode(errors="replace")


@cache
def sources() -> tuple[Source, ...]:
    """Parses every Python file of the repository; nobody ever looks through the millions of nodes for garbage."""
    gc.disable()
    try:
        return tuple(
            Source(path, text_of(path), ast.parse(text_of(path), path)) for path in files() if path.endswith(".py")
        )
    finally:
        gc.freeze()
        gc.enable()


def product() -> tuple[Source, ...]:
    """Returns the files of the package itself."""
    return tuple(source for source in sources() if source.path.startswith(PACKAGE))


def layers(first: int, last: int) -> tuple[Source, ...]:
    """Returns the files of the packages from one layer to another, both included."""
    wanted = {name for layer in LAYERS[first : last + 1] for name in layer}
    return tuple(source for source in product() if source.package in wanted)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yields every function and method of a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def dotted(node: ast.AST) -> str:
    """Returns a name such as `datetime.now` as it is written, or nothing for other expressions."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def imported_by(node: ast.AST) -> list[str]:
    """Returns the modules that a statement imports, or nothing where it imports none."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def report(places: list[str]) -> str:
    """Returns the places as lines, for the message of an assertion."""
    return "\n  " + "\n  ".join(places)
