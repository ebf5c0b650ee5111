"""The code that folds a journal, as one short text: it is another one as soon as any byte of that code is."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path

import msgspec

FOLDING = ("values", "events", "state", "engine", "journal")
SHOWN = 32


@cache
def fold_code() -> str | None:
    """Returns the digest of the sources that decode and fold, and of Python and msgspec.

    Needs: the first call comes soon after the process began. It answers for what is loaded, whatever is installed in
    its place later.
    Gives: None where the sources cannot be read: then nobody can say which code has folded.
    """
    return code_of(Path(__file__).parents[1])


def code_of(package: Path) -> str | None:
    """Returns the digest of the folding code of an installed package; None when a part of it has no source."""
    digest = hashlib.sha256(f"{sys.version} {sys.flags.optimize} {msgspec.__version__}".encode())
    try:
        for name in FOLDING:
            paths = sorted((package / name).rglob("*.py"))
            if not paths:
                return None
            for path in paths:
                content = path.read_bytes()
                digest.update(f" {path.relative_to(package).as_posix()} {len(content)} ".encode() + content)
    except OSError:
        return None
    return digest.hexdigest()[:SHOWN]
