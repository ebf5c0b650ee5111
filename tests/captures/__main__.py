"""`make captures DIR=...`: a line for each recorded session, exit code 1 where a book differs."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.captures.compare import compare_folder

PYTHON = Path(__file__).parents[2] / ".venv-clients" / "ccxt" / "bin" / "python"


def main(arguments: list[str]) -> int:
    """Compares the sessions of a folder."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: make captures DIR=<folder of recorded sessions>", file=sys.stderr)
        return 2
    if not PYTHON.exists():
        print("the client is not installed: make clients", file=sys.stderr)
        return 2
    return 0 if compare_folder(Path(arguments[0]), str(PYTHON), lambda line: print(line, flush=True)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
