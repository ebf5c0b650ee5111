"""Peers, each in an environment of its own: one that is not there, or cannot run, is told and left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import ROOT

HERE = Path(__file__).parent
BENCH = ROOT / ".venv-bench" / "bin" / "python"
CCXT = ROOT / ".venv-clients" / "ccxt" / "bin" / "python"


def peer(python: Path, script: str, *arguments: object) -> dict[str, Any] | None:
    """Returns what a peer measures of itself, in the JSON of its last line; None where it cannot, which is told."""
    name = f"{script.removesuffix('.py')} {arguments[0]}"
    if not python.exists():
        _left_out(name, f"{python.parent.parent.name} is not there; make bench makes it")
        return None
    path = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    command = [str(python), str(HERE / script), *map(str, arguments)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}
    )
    if done.returncode:
        _left_out(name, (done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"])[-1])
        return None
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def _left_out(name: str, why: str) -> None:
    print(f"{name} is left out: {why}", file=sys.stderr)
