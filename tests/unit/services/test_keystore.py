"""Keystores: encrypted, readable by their owner only, never overwritten, and silent about the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from flatbook.ops.secret_value import Secret
from flatbook.services.keystore import KeystoreRefused, address_in, keep_key, key_from, key_of_text, make_key
from flatbook.venues.evm.signing import address_of_key

DIGITS = "5a" * 32
PASSWORD = Secret("correct horse")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home") / "keys" / "hot.json"
    keep_key(path, key_of_text(DIGITS), PASSWORD)
    return path


def test_a_key_comes_back_with_its_password_only(kept: Path) -> None:
    assert key_from(kept, PASSWORD).reveal() == "0x" + DIGITS
    assert address_in(kept) == address_of_key("0x" + DIGITS)
    with pytest.raises(KeystoreRefused, match="the password is wrong"):
        key_from(kept, Secret("another"))


def test_the_file_holds_no_key_and_belongs_to_its_owner(kept: Path) -> None:
    assert DIGITS not in kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_overwritten(kept: Path) -> None:
    before = kept.read_bytes()
    with pytest.raises(KeystoreRefused, match="never overwritten"):
        keep_key(kept, make_key(), PASSWORD)
    assert kept.read_bytes() == before


def test_two_new_keys_differ_and_are_not_shown() -> None:
    first, second = make_key(), make_key()
    assert first.reveal() != second.reveal()
    assert first.reveal() not in repr(first)


@pytest.mark.parametrize("text", ["", "0x12", DIGITS + "00", "zz" * 32])
def test_what_is_no_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(KeystoreRefused, match="64 hex digits"):
        key_of_text(text)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"address": "0x12"}', "not json"])
def test_a_damaged_keystore_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "hot.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeystoreRefused):
        address_in(path)


def test_an_empty_password_keeps_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeystoreRefused, match="the password is empty"):
        keep_key(tmp_path / "hot.json", make_key(), Secret(""))
    assert not (tmp_path / "hot.json").exists()
