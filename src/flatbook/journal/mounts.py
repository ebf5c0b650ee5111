"""Which kind of file system holds a path: SQLite's locks and shared memory do not work over a network."""

from __future__ import annotations

import re
from pathlib import Path

from flatbook.engine.ports import JournalUnavailable

MOUNTINFO = Path("/proc/self/mountinfo")

_NETWORK = frozenset(
    (
        "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "fakeowner", "gfs2", "glusterfs", "gpfs", "lustre",
        "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "pvfs2", "smb2", "smb3", "smbfs",
    )
)  # fmt: skip
_LOCAL_FUSE = frozenset(("fuse.bindfs", "fuse.encfs", "fuse.fuse-overlayfs", "fuse.gocryptfs"))
_ESCAPED = re.compile(r"\\([0-7]{3})")


def file_system_of(path: Path) -> str:
    """Returns the kind of file system that holds a path, or an empty text where the system does not say.

    Source: proc_pid_mountinfo(5); of two mounts on one point the later one is seen.
    """
    place = path.resolve()
    found, depth = "", -1
    for line in _mounts():
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < 5:
            continue
        point = Path(_ESCAPED.sub(lambda match: chr(int(match.group(1), 8)), fields[4]))
        if len(point.parts) >= depth and place.is_relative_to(point):
            found, depth = after.split(" ")[0], len(point.parts)
    return found


def _mounts() -> list[str]:
    try:
        return MOUNTINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def is_network(kind: str) -> bool:
    """Returns whether a kind of file system is a network's, or one in user space that is not known to be local."""
    return kind in _NETWORK or (kind.startswith("fuse.") and kind not in _LOCAL_FUSE)


def refuse_network(path: Path) -> None:
    """Passes when a path is on a local file system.

    Errors: JournalUnavailable.
    """
    kind = file_system_of(path)
    if is_network(kind):
        raise JournalUnavailable(
            f"{path} is on a {kind} file system, where a journal is not safe from a second writer: "
            f"keep it on a local disk and send backups there"
        )
