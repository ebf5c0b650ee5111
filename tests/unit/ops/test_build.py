"""Of which commit the code is: of a clone, of a worktree, of refs that were packed, and of nothing that is not ours."""

from __future__ import annotations

from pathlib import Path

from flatbook.ops.build import commit_of

COMMIT = "9c6fa6a9c07e41c3b3736e6bd8f8ef6339c72d3e"


def package(root: Path, *, inside: str = "src") -> Path:
    folder = root / inside / "flatbook"
    folder.mkdir(parents=True)
    return folder


def git(folder: Path, head: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "HEAD").write_text(f"{head}\n", "utf-8")
    return folder


def test_a_clone_says_where_its_branch_stands(tmp_path: Path) -> None:
    folder = git(tmp_path / ".git", "ref: refs/heads/main")
    (folder / "refs" / "heads").mkdir(parents=True)
    (folder / "refs" / "heads" / "main").write_text(f"{COMMIT}\n", "utf-8")
    assert commit_of(package(tmp_path)) == COMMIT


def test_a_branch_may_be_packed_and_a_head_may_be_on_none(tmp_path: Path) -> None:
    folder = git(tmp_path / "one" / ".git", "ref: refs/heads/main")
    (folder / "packed-refs").write_text(f"# pack-refs with: peeled\n{COMMIT} refs/heads/main\n", "utf-8")
    git(tmp_path / "two" / ".git", COMMIT)
    assert commit_of(package(tmp_path / "one")) == COMMIT
    assert commit_of(package(tmp_path / "two")) == COMMIT


def test_a_worktree_shares_the_refs_of_its_clone(tmp_path: Path) -> None:
    shared = git(tmp_path / "clone" / ".git", "ref: refs/heads/main")
    own = git(shared / "worktrees" / "tree", "ref: refs/heads/tree")
    (own / "commondir").write_text("../..\n", "utf-8")
    (shared / "refs" / "heads").mkdir(parents=True)
    (shared / "refs" / "heads" / "tree").write_text(f"{COMMIT}\n", "utf-8")
    tree = package(tmp_path / "tree")
    (tmp_path / "tree" / ".git").write_text(f"gitdir: {own}\n", "utf-8")
    assert commit_of(tree) == COMMIT


def test_what_is_no_clone_of_ours_says_nothing(tmp_path: Path) -> None:
    git(tmp_path / ".git", COMMIT)
    assert commit_of(package(tmp_path, inside="site-packages").with_name("no-such-distribution")) is None
    assert commit_of(package(tmp_path / "bare")) is None
    git(tmp_path / "torn" / ".git", "what")
    assert commit_of(package(tmp_path / "torn")) is None
