"""What the inner layers may not touch: the outside, the clock, chance, floats for money, the order of sets."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.tidy.reading import Source, dotted, imported_by, layers, product, report

PURE_MODULES = {
    "__future__", "abc", "base64", "binascii", "bisect", "collections", "copy", "dataclasses", "datetime", "decimal",
    "enum", "fractions", "functools", "hashlib", "heapq", "itertools", "math", "msgspec", "operator", "re", "string",
    "struct", "textwrap", "types", "typing",
}  # fmt: skip
IMPURE_CALLS = {"breakpoint", "eval", "exec", "hash", "id", "input", "open", "print", "__import__"}
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter"}
EXACT = {"values", "events", "state", "strategies", "risk", "sagas", "projections"}
INEXACT_CALLS = {"float", "round", "math.floor", "math.ceil", "math.trunc", "math.isclose"}
ROUNDINGS = {"quantize", "sqrt", "to_integral_value", "to_integral", "to_integral_exact"}
NAMED_ROUNDINGS = "values/money.py"


def pure() -> tuple[Source, ...]:
    step = tuple(source for source in product() if source.module == "engine/step.py")
    return layers(0, 2) + step


def exact() -> tuple[Source, ...]:
    return tuple(source for source in product() if source.package in EXACT)


def test_pure_layers_import_only_what_computes() -> None:
    found = [
        f"{source.path}:{getattr(node, 'lineno', 0)}: imports {name}"
        for source in pure()
        for node in ast.walk(source.tree)
        for name in imported_by(node)
        if name.split(".")[0] not in PURE_MODULES | {"flatbook"}
    ]
    assert not found, report(found)


def test_pure_layers_call_nothing_outside() -> None:
    found = []
    for source in pure():
        for node in ast.walk(source.tree):
            called = dotted(node.func) if isinstance(node, ast.Call) else ""
            clock = "." in called and called.rsplit(".", 1)[-1] in CLOCKS
            if called in IMPURE_CALLS or clock:
                found.append(f"{source.path}:{getattr(node, 'lineno', 0)}: calls {called}")
    assert not found, report(found)


def test_pure_layers_never_wait() -> None:
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    found = [
        f"{source.path}:{node.lineno}"
        for source in pure()
        for node in ast.walk(source.tree)
        if isinstance(node, waiting)
    ]
    assert not found, report(found)


def test_pure_layers_keep_no_memory_of_their_own() -> None:
    found = [
        f"{source.path}:{node.lineno}"
        for source in pure()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Global | ast.Nonlocal)
    ]
    assert not found, report(found)


def inexact(node: ast.AST, module: str) -> str:
    """Names the way in which an expression loses digits, or returns nothing."""
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return f"the float {node.value}"
    if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
        return "a division"
    if isinstance(node, ast.FormattedValue) and node.format_spec is not None and "'." in ast.unparse(node.format_spec):
        return "a precision in a format"
    if isinstance(node, ast.Call):
        called = dotted(node.func)
        if called in INEXACT_CALLS:
            return f"{called}()"
        if module != NAMED_ROUNDINGS and called.rsplit(".", 1)[-1] in ROUNDINGS:
            return f"{called}() outside {NAMED_ROUNDINGS}"
    return ""


def test_money_is_never_rounded_without_a_name() -> None:
    found = [
        f"{source.path}:{getattr(node, 'lineno', 0)}: {loss}"
        for source in exact()
        for node in ast.walk(source.tree)
        if (loss := inexact(node, source.module))
    ]
    assert not found, report(found)


def cuts(node: ast.AST) -> str:
    """Names the operator that cuts a decimal without trapping; a divisor such as NS_PER_S shows that it is no money."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.FloorDiv | ast.Mod):
        divisor = dotted(node.right if isinstance(node, ast.BinOp) else node.value)
        return "" if "_PER_" in divisor else "// or %"
    if isinstance(node, ast.Call) and dotted(node.func) == "int":
        return "int()"
    return ""


def test_deciding_and_folding_never_cut_a_decimal() -> None:
    found = [
        f"{source.path}:{getattr(node, 'lineno', 0)}: {operator}"
        for source in exact()
        if source.package not in {"values", "events"}
        for node in ast.walk(source.tree)
        if (operator := cuts(node))
    ]
    assert not found, report(found)


def test_every_cut_is_seen() -> None:
    assert [any(cuts(node) for node in ast.walk(ast.parse(line))) for line in ("a // b", "a %= b", "int(a)")] == [
        True
    ] * 3
    assert not any(cuts(node) for node in ast.walk(ast.parse("at // NS_PER_S")))


def test_every_way_to_lose_a_digit_is_seen() -> None:
    lines = ("x = 0.5", "x = a / b", "a /= b", "x = round(a)", "x = float(a)", "x = f'{a:.2f}'", "x = a.quantize(b)")
    for line in lines:
        assert any(inexact(node, "state/x.py") for node in ast.walk(ast.parse(line))), line


def makes_a_set(node: ast.AST) -> bool:
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Call):
        return dotted(node.func) in {"set", "frozenset"}
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor | ast.Sub):
        return any(makes_a_set(side) or is_keys(side) for side in (node.left, node.right))
    return False


def is_keys(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "keys"


def is_set_annotation(node: ast.AST | None) -> bool:
    outer = node.value if isinstance(node, ast.Subscript) else node
    return outer is not None and dotted(outer) in {"set", "frozenset"}


def names_of_sets(tree: ast.AST) -> set[str]:
    """Returns the names that a file assigns or annotates as sets, attributes by their last part."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and makes_a_set(node.value):
            names |= {dotted(target).rsplit(".", 1)[-1] for target in node.targets}
        if isinstance(node, ast.AnnAssign) and is_set_annotation(node.annotation):
            names.add(dotted(node.target).rsplit(".", 1)[-1])
        if isinstance(node, ast.arg) and is_set_annotation(node.annotation):
            names.add(node.arg)
    return names - {""}


def iterated(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            yield node.iter
        if isinstance(node, ast.Call) and dotted(node.func) in {
            "list",
            "tuple",
            "enumerate",
            "zip",
            "map",
            "next",
            "iter",
        }:
            yield from node.args
        if isinstance(node, ast.Starred):
            yield node.value


def set_iterations(tree: ast.AST) -> list[int]:
    names = names_of_sets(tree)
    return [
        node.lineno for node in iterated(tree) if makes_a_set(node) or dotted(node).rsplit(".", 1)[-1] in names - {""}
    ]


def test_no_set_is_iterated() -> None:
    found = [f"{source.path}:{line}" for source in product() for line in set_iterations(source.tree)]
    assert not found, report(found)


def test_every_iteration_of_a_set_is_seen() -> None:
    seen = (
        "for x in {1, 2}: pass",
        "for x in set(y): pass",
        "names: set[str] = set()\nlist(names)",
        "def f(names: frozenset[str]): return [n for n in names]",
        "class A:\n    names: set[str]\n    def f(self): return (*self.names,)",
        "for k in a.keys() & b.keys(): pass",
    )
    assert [set_iterations(ast.parse(text)) == [] for text in seen] == [False] * 6
    assert set_iterations(ast.parse("for x in sorted({1, 2}): pass\nfor y in {1: 2}: pass")) == []
