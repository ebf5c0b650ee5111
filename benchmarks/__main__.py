"""Runs the benchmarks that are named, or all, and prints one table.

python -m benchmarks [name ...] [--json]
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from pathlib import Path

from benchmarks import TIMES, WORK, Figure

PREFIX = "bench_"


def names() -> list[str]:
    """Returns the names of all benchmarks."""
    return sorted(path.stem.removeprefix(PREFIX) for path in Path(__file__).parent.glob(f"{PREFIX}*.py"))


def line_of(figure: Figure) -> str:
    """Returns a figure as a line of the table; a ratio has a column of its own."""
    value = f"{figure.value:,.0f}" if abs(figure.value) >= 1000 else f"{figure.value:.3g}"
    measured = ("", "", value) if figure.unit == TIMES else (value, figure.unit, "")
    met = {None: "", True: "met", False: "missed"}[figure.met]
    return row_of(figure.name, *measured, figure.goal, met)


def row_of(name: str, value: str, unit: str, ratio: str, goal: str, met: str) -> str:
    """Returns a line of the table."""
    return f"{name:<66} {value:>11} {unit:<10} {ratio:>7} {goal:>12} {met}".rstrip()


def main() -> None:
    """Runs what was asked for; the load of the machine is said first, because it is part of every figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="*", help=f"any of {', '.join(names())}; all unless given")
    parser.add_argument("--json", action="store_true", help="print one JSON object per figure")
    asked = parser.parse_args()
    if unknown := [name for name in asked.name if name not in names()]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(names())}")
    WORK.mkdir(exist_ok=True)
    load = ", ".join(f"{part:.2f}" for part in os.getloadavg())
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, load {load}", file=sys.stderr)
    if not asked.json:
        print(row_of("figure", "value", "unit", "ratio", "target", ""), flush=True)
    for name in asked.name or names():
        begun = time.monotonic()
        for figure in importlib.import_module(f"benchmarks.{PREFIX}{name}").run():
            print(json.dumps(figure._asdict()) if asked.json else line_of(figure), flush=True)
        print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
