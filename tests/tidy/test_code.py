"""How the code is written: lengths, names, docstrings, broad handlers, unfinished places."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.reading import PACKAGE, Source, dotted, files, functions, layers, product, report, sources, text_of

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 500
TEST_FILE_LINES_MAX = 800
BROAD_EXCEPT_PACKAGES = ("engine", "services")
FORBIDDEN_WORDS = {
    "base", "bases", "common", "commons", "data", "handler", "handlers", "helper", "helpers", "manager", "managers",
    "misc", "model", "models", "processor", "processors", "type", "types", "util", "utils", "utility", "utilities",
}  # fmt: skip
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", r"\bXX" + r"X\b", "NotImplemented" + "Error")))


def words_of(name: str) -> set[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return {word for word in spaced.lower().split("_") if word}


def test_no_function_is_longer_than_seventy_lines() -> None:
    long = [
        f"{source.path}:{function.lineno}: {function.name} has {length} lines"
        for source in sources()
        for function in functions(source.tree)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    ]
    assert not long, report(long)


def test_no_file_is_longer_than_its_bound() -> None:
    long = []
    for source in sources():
        bound = TEST_FILE_LINES_MAX if source.path.startswith("tests/") else FILE_LINES_MAX
        if (lines := source.text.count("\n")) > bound:
            long.append(f"{source.path}: {lines} lines, at most {bound}")
    assert not long, report(long)


def test_no_module_is_named_with_a_word_that_says_nothing() -> None:
    bad = [
        f"{source.path}: {word}"
        for source in sources()
        for part in Path(source.path).with_suffix("").parts
        for word in sorted(words_of(part) & FORBIDDEN_WORDS)
    ]
    assert not bad, report(bad)


def test_no_class_is_named_with_a_word_that_says_nothing() -> None:
    bad = [
        f"{source.path}:{node.lineno}: {node.name}"
        for source in sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and words_of(node.name) & FORBIDDEN_WORDS
    ]
    assert not bad, report(bad)


def broad_handlers(source: Source) -> Iterator[int]:
    broad = {"Exception", "BaseException"}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(kind is None or dotted(kind) in broad for kind in caught):
                yield node.lineno
        elif isinstance(node, ast.Call) and dotted(node.func).endswith("suppress"):
            yield from (node.lineno for argument in node.args if dotted(argument) in broad)


def test_only_the_supervisor_catches_everything() -> None:
    found = [(source, line) for source in product() for line in broad_handlers(source)]
    places = [f"{source.path}:{line}" for source, line in found]
    assert len(found) <= 1, report(places)
    assert all(source.package in BROAD_EXCEPT_PACKAGES for source, _ in found), report(places)


def undocumented(source: Source) -> Iterator[str]:
    """Yields the public functions, methods and modules without a docstring whose first sentence ends."""
    public: list[ast.AST] = [source.tree, *source.tree.body]
    for statement in source.tree.body:
        if isinstance(statement, ast.ClassDef) and not statement.name.startswith("_"):
            public += statement.body
    for node in public:
        if not isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        name = getattr(node, "name", "the module")
        if name.startswith("_"):
            continue
        if not re.search(r"[.:)]$", (ast.get_docstring(node) or "").strip().split("\n\n")[0]):
            yield f"{source.path}:{getattr(node, 'lineno', 1)}: {name}"


def test_public_functions_of_the_inner_layers_say_what_they_do() -> None:
    missing = [place for source in layers(0, 4) if source.text.strip() for place in undocumented(source)]
    assert not missing, report(missing)


def test_nothing_is_left_unfinished() -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in files()
        if path.startswith((PACKAGE, "tests/", "docs/", "contracts/", "benchmarks/", "tools/")) or "/" not in path
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not found, report(found)


def test_no_test_sleeps() -> None:
    found = [
        f"{source.path}:{node.lineno}: {dotted(node.func)}"
        for source in sources()
        if re.match(r"tests/(unit|property|tidy|docs)/", source.path)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and dotted(node.func) in {"time.sleep", "sleep"}
    ]
    assert not found, report(found)


def test_every_test_asserts_something() -> None:
    empty = [
        f"{source.path}:{function.lineno}: {function.name}"
        for source in sources()
        if Path(source.path).name.startswith("test_") and source.path.startswith("tests/")
        for function in functions(source.tree)
        if function.name.startswith("test_") and not asserts(function)
    ]
    assert not empty, report(empty)


def asserts(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """True where a test asserts, expects a raise, or calls a function that says in its name that it checks."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        called = dotted(node.func).rsplit(".", 1)[-1] if isinstance(node, ast.Call) else ""
        if called == "raises" or called.lstrip("_").startswith(("assert", "check", "expect")):
            return True
    return False
