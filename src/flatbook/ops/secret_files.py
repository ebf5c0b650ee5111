"""Secrets in files that only their owner may read, plain or encrypted with age."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from flatbook.ops.secret_value import SecretRefused

SECRET_BYTES_MAX = 64 * 1024
OTHERS = stat.S_IRWXG | stat.S_IRWXO
TURN_LOOKS, TURN_LOOK_S = 100, 0.01
IDENTITY_PREFIX = "AGE-SECRET-KEY-"


def read_private(path: Path) -> str:
    """Returns the text of a file that only its owner may read, without the end of its last line.

    Errors: SecretRefused.
    """
    return text_of(_private_bytes(path), str(path))


def text_of(content: bytes, place: str) -> str:
    """Returns bytes as text, without the end of line that editors and programs add.

    Errors: SecretRefused.
    """
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretRefused(f"{place} holds no UTF-8 text") from None


def _private_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_mode & OTHERS:
                raise SecretRefused(f"{path} can be used by others: chmod 600 {path}")
            if status.st_uid not in (os.geteuid(), 0):
                raise SecretRefused(f"{path} belongs to another user")
            content = file.read(SECRET_BYTES_MAX + 1)
    except OSError as error:
        raise SecretRefused(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > SECRET_BYTES_MAX:
        raise SecretRefused(f"{path} is larger than {SECRET_BYTES_MAX} bytes")
    return content


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, whole or not at all.

    Errors: SecretRefused.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SecretRefused(f"{path} cannot be written: {error.strerror}") from None


def read_age(path: Path, entry: str, identity: Path) -> str:
    """Returns one entry of an age file, whose content is TOML with one line per name.

    Errors: SecretRefused.
    """
    entries = _age_entries(path, identity)
    if entry not in entries:
        raise SecretRefused(f"{path} has no {entry}: use `flatbook secrets set`")
    return entries[entry]


def write_age(path: Path, entry: str, text: str, identity: Path) -> None:
    """Sets one entry of an age file. The first entry of all makes file and identity.

    Errors: SecretRefused.
    """
    with _turn_in(path.parent):
        _write_age(path, entry, text, identity)


@contextmanager
def _turn_in(folder: Path) -> Iterator[None]:
    """Lets one process at a time read a file and write it anew: of two at once, one would lose what the other wrote.

    Errors: SecretRefused where another one takes longer than TURN_LOOKS looks.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise SecretRefused(f"{folder} cannot be written: {error.strerror}") from None
    waiting = Event()
    try:
        if not any(_has_turn(descriptor) or waiting.wait(TURN_LOOK_S) for _ in range(TURN_LOOKS)):
            raise SecretRefused(f"another process writes secrets in {folder}: try again")
        yield
    finally:
        os.close(descriptor)


def _has_turn(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True


def _write_age(path: Path, entry: str, text: str, identity: Path) -> None:
    import pyrage  # type: ignore[import-untyped]

    if not path.exists() and not identity.exists():
        made = pyrage.x25519.Identity.generate()
        write_private(identity, f"# public key: {made.to_public()}\n{made}\n".encode())
    entries = _age_entries(path, identity) if path.exists() else {}
    recipient = pyrage.x25519.Identity.from_str(_identity_text(identity)).to_public()
    write_private(path, pyrage.encrypt(_toml({**entries, entry: text}).encode(), [recipient]))


def _age_entries(path: Path, identity: Path) -> dict[str, str]:
    import pyrage

    sealed, key = _private_bytes(path), pyrage.x25519.Identity.from_str(_identity_text(identity))
    try:
        entries = tomllib.loads(pyrage.decrypt(sealed, [key]).decode())
    except pyrage.DecryptError:
        raise SecretRefused(f"{path} is not encrypted to {identity}, or is damaged") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise SecretRefused(f'{path} does not hold lines of name = "secret"') from None
    return {name: value for name, value in entries.items() if isinstance(value, str)}


def _identity_text(identity: Path) -> str:
    """Returns the identity that a file holds.

    Errors: SecretRefused.
    """
    import pyrage

    lines = [line.strip() for line in read_private(identity).splitlines()]
    text = next((line for line in lines if line.startswith(IDENTITY_PREFIX)), "")
    try:
        pyrage.x25519.Identity.from_str(text)
    except pyrage.IdentityError:
        raise SecretRefused(f"{identity} holds no age identity") from None
    return text


def _toml(entries: Mapping[str, str]) -> str:
    """Returns names and texts as TOML, whose strings are those of JSON but for one character."""
    lines = (f"{json.dumps(name)} = {json.dumps(text, ensure_ascii=False)}" for name, text in entries.items())
    return "\n".join(lines).replace("\x7f", "\\u007f") + "\n"
