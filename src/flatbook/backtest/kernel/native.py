"""The machine code of the simulator: loaded where it is kept, and compiled before that where it is not.

What was compiled is kept in one file, named by a digest of all sources that went into it, of the compiler and of the
processor, so that a changed function is never mixed with what was compiled before the change. Loading it needs neither
the compiler nor the time that it takes to load.
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import llvmlite.binding as llvm

import flatbook

SOURCES = (
    "backtest/tape_checks.py",
    *(
        f"backtest/kernel/{name}.py"
        for name in (
            *(
                "block",
                "booking",
                "compiled",
                "desk_table",
                "letters",
                "levels",
                "liquidation",
                "live_orders",
                "margin",
            ),
            *("passing", "queues", "resting", "scan", "seen", "sending", "skimming", "sums", "tables", "wishes"),
        )
    ),
    "market/feature_feed.py",
    "market/features.py",
    "market/ticks.py",
    "matcher/margin.py",
    "matcher/rule.py",
)
"""All that the machine code is made of."""

KEPT_UNDER = "flatbook"
KEPT_MAX = 4
DIGEST = 64
CALL = "call_way_in"
GIVEN = 4
FAILED = -(2**63)

WayIn = Callable[[int, int], int]
"""Is told the address of a block and what is to be done."""


def is_kept() -> bool:
    """Whether the machine code need not be compiled first."""
    return _read(_kept_as()) is not None


@cache
def native() -> WayIn:
    """Returns the way in to the compiled simulator, compiled on first use."""
    path = _kept_as()
    found = _read(path)
    if found is None:
        with _alone(path.parent):
            found = _read(path) or _compiled(path)
    return _loaded(*found)


def _compiled(path: Path) -> tuple[str, bytes]:
    """Compiles, and keeps what was compiled where that can be written."""
    from flatbook.backtest.kernel.compiled import compile_way_in

    made = compile_way_in()
    with suppress(OSError):
        _keep(path, *made)
    return made


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Waits until no other process compiles into a folder; at once where it cannot be written."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = (place / "compiling").open("w")
    except OSError:
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def folder() -> Path:
    """Returns where what is compiled is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / KEPT_UNDER


def _kept_as() -> Path:
    digest = hashlib.sha256()
    root = Path(flatbook.__file__).parent
    for name in SOURCES:
        digest.update((root / name).read_bytes())
    features = llvm.get_host_cpu_features().flatten()
    digest.update("\n".join((version("numba"), version("llvmlite"), llvm.get_host_cpu_name(), features)).encode())
    return folder() / f"simulator-{digest.hexdigest()[:16]}.o"


def _read(path: Path) -> tuple[str, bytes] | None:
    """Returns the name of the way in and the machine code; None where none is kept, or it is not whole."""
    try:
        kept = path.read_bytes()
    except OSError:
        return None
    digest, body = kept[:DIGEST], kept[DIGEST:]
    if hashlib.sha256(body).hexdigest().encode() != digest:
        return None
    name, _, code = body.partition(b"\n")
    return name.decode(), code


def _keep(path: Path, name: str, code: bytes) -> None:
    """Keeps machine code whole or not at all, and no more than the newest few."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = name.encode() + b"\n" + code
    with NamedTemporaryFile(dir=path.parent, delete=False) as part:
        part.write(hashlib.sha256(body).hexdigest().encode() + body)
    Path(part.name).replace(path)
    others = sorted(path.parent.glob("simulator-*.o"), key=lambda each: each.stat().st_mtime, reverse=True)
    for old in others[KEPT_MAX:]:
        old.unlink(missing_ok=True)


def _loaded(name: str, code: bytes) -> WayIn:
    """Returns machine code as a function."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine()
    given = (ctypes.c_int64 * GIVEN)()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(_call_of(name, ctypes.addressof(given))), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    call: Any = ctypes.PYFUNCTYPE(ctypes.c_int64)(engine.get_function_address(CALL))
    numbers: Any = memoryview(given).cast("B").cast("q")

    def way_in(block: int, what: int) -> int:
        numbers[0] = block
        numbers[1] = what
        gives: int = call()
        if gives == FAILED:
            raise RuntimeError("the compiled simulator failed")
        return gives

    way_in.held = engine, given  # type: ignore[attr-defined]  # the code, and what it reads
    return way_in


def _call_of(name: str, given: int) -> str:
    """Returns the source of a call of the way in with what stands at an address: the block, and what is to be done.

    To hand over four numbers costs ten times as much as to call, and a scan is called at each stop.
    """
    block, what, gives, raised = (f"ptr inttoptr (i64 {given + 8 * k} to ptr)" for k in range(GIVEN))
    return f"""
declare i32 @"{name}"(ptr, ptr, ptr, i64)
define i64 @{CALL}() {{
  %block = load ptr, {block}
  %what = load i64, {what}
  %status = call i32 @"{name}"({gives}, {raised}, ptr %block, i64 %what)
  %gives = load i64, {gives}
  %is_well = icmp eq i32 %status, 0
  %found = select i1 %is_well, i64 %gives, i64 {FAILED}
  ret i64 %found
}}
"""
