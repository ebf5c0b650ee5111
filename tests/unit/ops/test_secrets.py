from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from flatbook.ops.secret_files import _turn_in, read_age
from flatbook.ops.secret_places import parse_reference
from flatbook.ops.secret_value import Places, Secret, SecretRefused
from flatbook.ops.secrets import Checked, Listed, check_secret, list_secrets, resolve, set_secret

CANARY = "canary-7f3a91"


class Ring(KeyringBackend):
    """A key ring in memory; `locked` makes it refuse."""

    priority = 1

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]

    def _check(self) -> None:
        if self.locked:
            raise KeyringLocked(CANARY)


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    made = Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def places(home: Path, *, environment: Mapping[str, str] | None = None, **references: str) -> Places:
    return Places(
        references=references, home=home, identity=home / "identity.txt", environment=environment or dict(os.environ)
    )


def refused(places: Places, name: str) -> str:
    with pytest.raises(SecretRefused) as error:
        resolve(places, f"secret:{name}")
    assert CANARY not in str(error.value)
    assert error.value.__cause__ is None
    return str(error.value)


def test_a_file_is_read_and_its_last_end_of_line_left_out(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{CANARY}\n")
    path.chmod(0o600)
    assert resolve(places(tmp_path, key="file:key"), "secret:key") == Secret(CANARY)
    assert resolve(places(tmp_path, key=f"file:{path}"), "secret:key") == Secret(CANARY)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o700 | 0o001])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    path.write_text(CANARY)
    path.chmod(mode)
    assert refused(places(tmp_path, key="file:key"), "key") == f"{path} can be used by others: chmod 600 {path}"


def test_a_file_that_is_missing_empty_binary_or_huge_is_refused(tmp_path: Path) -> None:
    assert (
        refused(places(tmp_path, key="file:none"), "key")
        == f"{tmp_path}/none cannot be read: No such file or directory"
    )
    for name, content, said in (
        ("empty", b"\n", "file:empty is empty"),
        ("binary", b"\xff", f"{tmp_path}/binary holds no UTF-8 text"),
        ("huge", b"x" * 65_537, f"{tmp_path}/huge is larger than 65536 bytes"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        path.chmod(0o600)
        assert refused(places(tmp_path, key=f"file:{name}"), "key") == said


def test_what_is_set_in_a_file_is_for_its_owner_only(tmp_path: Path) -> None:
    here = places(tmp_path, key="file:keys/one")
    assert set_secret(here, "key", Secret(CANARY)) == "file:keys/one"
    path = tmp_path / "keys" / "one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert resolve(here, "secret:key") == Secret(CANARY)
    assert [each.name for each in path.parent.iterdir()] == ["one"]


def test_an_age_file_is_made_with_its_identity_and_read_again(tmp_path: Path) -> None:
    here = places(tmp_path, one="age:secrets.age#one", two="age:secrets.age#two words")
    hard = 'quote " backslash \\ newline \n snow \u2603 clef \U0001d11e delete \x7f'
    set_secret(here, "one", Secret(CANARY))
    set_secret(here, "two", Secret(hard))
    assert resolve(here, "secret:one").reveal() == CANARY
    assert resolve(here, "secret:two").reveal() == hard
    assert stat.S_IMODE((tmp_path / "identity.txt").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets.age").stat().st_mode) == 0o600
    assert CANARY.encode() not in (tmp_path / "secrets.age").read_bytes()
    set_secret(here, "one", Secret("another"))
    assert resolve(here, "secret:one").reveal() == "another"
    assert resolve(here, "secret:two").reveal() == hard


WRITES = """
import sys
from pathlib import Path
from flatbook.ops.secret_files import write_age
for number in range(20):
    write_age(Path(sys.argv[1], "secrets.age"), f"{sys.argv[2]}{number}", "word", Path(sys.argv[1], "identity.txt"))
"""


def test_of_processes_that_write_one_age_file_at_once_none_loses_what_another_wrote(tmp_path: Path) -> None:
    here = places(tmp_path, first="age:secrets.age#first")
    set_secret(here, "first", Secret("word"))
    running = [subprocess.Popen([sys.executable, "-c", WRITES, str(tmp_path), name]) for name in "ab"]
    assert [process.wait(120) for process in running] == [0, 0]
    written = [f"{name}{number}" for name in "ab" for number in range(20)]
    assert [read_age(tmp_path / "secrets.age", entry, here.identity) for entry in ("first", *written)] == ["word"] * 41


def test_a_secret_is_not_written_while_another_process_does_not_end_its_turn(tmp_path: Path) -> None:
    here = places(tmp_path, one="age:secrets.age#one")
    with _turn_in(tmp_path), pytest.raises(SecretRefused, match="another process writes secrets in"):
        set_secret(here, "one", Secret("word"))
    set_secret(here, "one", Secret("word"))


def test_an_age_file_says_what_is_missing(tmp_path: Path) -> None:
    here = places(tmp_path, one="age:secrets.age#one", other="age:secrets.age#other")
    set_secret(here, "one", Secret(CANARY))
    assert refused(here, "other") == f"{tmp_path}/secrets.age has no other: use `flatbook secrets set`"
    identity, sealed = (tmp_path / "identity.txt"), (tmp_path / "secrets.age")
    kept = sealed.read_bytes()
    sealed.write_bytes(kept[:-1])
    assert refused(here, "one") == f"{sealed} is not encrypted to {identity}, or is damaged"
    identity.chmod(0o640)
    assert "can be used by others" in refused(here, "one")
    identity.chmod(0o600)
    identity.write_text("nothing\n")
    assert refused(here, "one") == f"{identity} holds no age identity"
    identity.unlink()
    assert "identity.txt cannot be read" in refused(here, "one")


def test_an_age_file_of_another_identity_is_not_overwritten(tmp_path: Path) -> None:
    here = places(tmp_path, one="age:secrets.age#one")
    set_secret(here, "one", Secret(CANARY))
    kept = (tmp_path / "secrets.age").read_bytes()
    (tmp_path / "identity.txt").unlink()
    with pytest.raises(SecretRefused, match=r"identity\.txt cannot be read"):
        set_secret(here, "one", Secret("x"))
    assert (tmp_path / "secrets.age").read_bytes() == kept


def test_the_environment_is_read_and_never_written(tmp_path: Path) -> None:
    here = places(tmp_path, environment={"KEY": CANARY}, key="env:KEY", other="env:OTHER")
    assert resolve(here, "secret:key") == Secret(CANARY)
    assert refused(here, "other") == "the environment has no OTHER"
    with pytest.raises(SecretRefused, match="env:KEY is only read: set it where it comes from"):
        set_secret(here, "key", Secret("x"))


def test_the_key_ring_is_read_and_written(tmp_path: Path, ring: Ring) -> None:
    here = places(tmp_path, key="keyring:flatbook/desk/key")
    assert refused(here, "key") == "the key ring has no flatbook/desk/key: use `flatbook secrets set`"
    assert set_secret(here, "key", Secret(CANARY)) == "keyring:flatbook/desk/key"
    assert ring.kept == {("flatbook", "desk/key"): CANARY}
    assert resolve(here, "secret:key") == Secret(CANARY)


def test_a_locked_key_ring_says_so_without_its_own_words(tmp_path: Path, ring: Ring) -> None:
    ring.locked = True
    here = places(tmp_path, key="keyring:flatbook/key")
    do = 'unlock it, or write "age:secrets.age#key" in its place under [secrets]'
    assert refused(here, "key") == f"the key ring does not answer (KeyringLocked): {do}"
    with pytest.raises(SecretRefused, match=r"the key ring does not take it \(KeyringLocked\)"):
        set_secret(here, "key", Secret(CANARY))


def test_a_program_is_asked_and_never_written(tmp_path: Path) -> None:
    here = places(tmp_path, key=f"exec:echo {CANARY}")
    assert resolve(here, "secret:key") == Secret(CANARY)
    with pytest.raises(SecretRefused, match="exec:echo is only read"):
        set_secret(here, "key", Secret("x"))


def test_lists_show_names_and_places_and_of_a_program_its_name_only(tmp_path: Path) -> None:
    here = places(tmp_path, b="env:B", a=f"exec:vault read {CANARY}", c="age:f#c", d="keyring:s/d", e="file:x")
    assert list_secrets(here) == (
        Listed(name="a", place="exec:vault"),
        Listed(name="b", place="env:B"),
        Listed(name="c", place="age:f#c"),
        Listed(name="d", place="keyring:s/d"),
        Listed(name="e", place="file:x"),
    )


def test_a_check_says_whether_and_how(tmp_path: Path) -> None:
    here = places(tmp_path, environment={"KEY": CANARY}, key="env:KEY", other="env:OTHER")
    assert check_secret(here, "key") == Checked(name="key", place="env:KEY", resolves=True, text="resolves")
    assert check_secret(here, "other") == Checked(
        name="other", place="env:OTHER", resolves=False, text="the environment has no OTHER"
    )
    assert check_secret(here, "none").text == (
        'there is no secret \'none\': add "none" = "keyring:flatbook/none" under [secrets]'
    )


def test_a_secret_is_named_and_never_written(tmp_path: Path) -> None:
    with pytest.raises(SecretRefused) as error:
        resolve(places(tmp_path), CANARY)
    assert str(error.value) == "a secret is named and never written: secret:name, with its place under [secrets]"


@pytest.mark.parametrize("size", [0, 65_537])
def test_a_secret_that_is_empty_or_huge_is_not_kept(tmp_path: Path, size: int) -> None:
    with pytest.raises(SecretRefused, match="a secret has 1 to 65536 bytes"):
        set_secret(places(tmp_path, key="file:key"), "key", Secret("x" * size))


@pytest.mark.parametrize(
    "text", ["", CANARY, f"vault:{CANARY}", "env:", "file: ", f"age:{CANARY}", "keyring:x", "age:#a"]
)
def test_what_is_no_reference_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SecretRefused) as error:
        parse_reference(text)
    assert CANARY not in str(error.value)
