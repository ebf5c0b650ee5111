from __future__ import annotations

from pathlib import Path

import pytest

from flatbook.engine.ports import JournalUnavailable
from flatbook.journal import mounts
from flatbook.journal.mounts import file_system_of, is_network, refuse_network

TABLE = r"""22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:40 / /mnt rw,relatime shared:5 master:1 - tmpfs tmpfs rw
24 23 0:41 / /mnt/far rw,relatime - nfs4 server:/export rw
25 23 0:42 / /mnt/two\040words rw - fuse.sshfs host: rw
26 23 0:43 / /mnt/over rw - cifs //host/share rw
27 26 254:1 / /mnt/over rw - xfs /dev/vdb rw
not a line of a table
"""


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text(TABLE)
    monkeypatch.setattr(mounts, "MOUNTINFO", path)
    return path


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/srv/book", "ext4"),
        ("/mnt", "tmpfs"),
        ("/mnt/farther/book", "tmpfs"),
        ("/mnt/far/book", "nfs4"),
        ("/mnt/two words/book", "fuse.sshfs"),
        ("/mnt/over/book", "xfs"),
    ],
)
def test_the_deepest_and_latest_mount_holds_a_path(path: str, kind: str) -> None:
    assert file_system_of(Path(path)) == kind


def test_a_system_without_the_table_says_nothing(table: Path) -> None:
    table.unlink()
    assert file_system_of(Path("/srv")) == ""


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "lustre", "fuse.sshfs", "fuse.unheard"])
def test_networks_and_unheard_file_systems_in_user_space_are_refused(kind: str) -> None:
    assert is_network(kind)


@pytest.mark.parametrize("kind", ["", "ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "apfs", "fuse.fuse-overlayfs"])
def test_local_file_systems_pass(kind: str) -> None:
    assert not is_network(kind)


def test_the_refusal_says_what_to_do() -> None:
    with pytest.raises(JournalUnavailable, match=r"/mnt/far/book is on a nfs4 .* keep it on a local disk"):
        refuse_network(Path("/mnt/far/book"))
