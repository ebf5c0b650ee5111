"""Runs golden cases: `python -m tests.vectors <folder>`."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path

from tests.vectors.registry import RUNNERS
from tests.vectors.suite import Tally, run_folder


def main(arguments: list[str]) -> int:
    """Returns 0 when no case failed, 1 when one did, 2 when there was nothing to run."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    folder = Path(arguments[0]) if len(arguments) == 1 else None
    if folder is None or not folder.is_dir():
        print(f"usage: python -m tests.vectors <folder>; {arguments} is no folder", file=sys.stderr)
        return 2
    total = run_folder(folder, RUNNERS, print)
    if total == Tally():
        print(f"no file under {folder} has a kind and cases", file=sys.stderr)
        return 2
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
