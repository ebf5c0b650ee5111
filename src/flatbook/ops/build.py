"""Of which commit the code of this process is, where it is known."""

from __future__ import annotations

import re
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import msgspec

PACKAGE = Path(__file__).parents[1]
SOURCES = "src"
_COMMIT = re.compile(r"[0-9a-f]{40}")


class _Vcs(msgspec.Struct):
    commit_id: str = ""


class _Origin(msgspec.Struct):
    """What an installer notes of where a distribution came from. Source: PEP 610, direct_url.json."""

    vcs_info: _Vcs = msgspec.field(default_factory=_Vcs)


def commit_of(package: Path = PACKAGE) -> str | None:
    """Returns the commit that a clone stands at, or that was installed; None where nobody noted it.

    Gives: that of the newest commit of a clone, whatever was changed in its files since.
    """
    found = _of_clone(package) if package.parent.name == SOURCES else _of_installed(package.name)
    return found if found is not None and _COMMIT.fullmatch(found) else None


def _of_installed(name: str) -> str | None:
    with suppress(PackageNotFoundError, OSError, msgspec.MsgspecError):
        noted = distribution(name).read_text("direct_url.json")
        return None if noted is None else msgspec.json.decode(noted, type=_Origin).vcs_info.commit_id
    return None


def _of_clone(package: Path) -> str | None:
    with suppress(OSError, UnicodeDecodeError):
        folder = _git_folder(package.parents[1] / ".git")
        head = (folder / "HEAD").read_text("utf-8").strip()
        if not head.startswith("ref: "):
            return head
        name, shared = head.removeprefix("ref: "), _shared_folder(folder)
        for place in (folder / name, shared / name):
            if place.is_file():
                return place.read_text("utf-8").strip()
        return _packed(shared / "packed-refs", name)
    return None


def _git_folder(place: Path) -> Path:
    """Returns where git keeps a clone; that of a worktree is named in a file."""
    if place.is_dir():
        return place
    return place.parent / place.read_text("utf-8").strip().removeprefix("gitdir: ")


def _shared_folder(folder: Path) -> Path:
    common = folder / "commondir"
    return folder / common.read_text("utf-8").strip() if common.is_file() else folder


def _packed(refs: Path, name: str) -> str | None:
    lines = (line.split(" ", 1) for line in refs.read_text("utf-8").splitlines() if " " in line)
    return next((commit for commit, ref in lines if ref == name), None)
