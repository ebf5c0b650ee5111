"""The places where secrets are kept, and references to them: key ring, age file, environment, file, program."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import msgspec

from flatbook.ops.secret_files import SECRET_BYTES_MAX, read_age, read_private, write_age, write_private
from flatbook.ops.secret_program import run_program
from flatbook.ops.secret_value import Places, Secret, SecretRefused

FORMS = "keyring:service/name, age:path#name, env:NAME, file:path or exec:command"


class Backend(Enum):
    """A kind of place."""

    KEYRING = "keyring"
    AGE = "age"
    ENV = "env"
    FILE = "file"
    EXEC = "exec"


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """Where one secret is: the kind of place, the place, and the name inside it where it has several."""

    backend: Backend
    place: str
    entry: str = ""

    @property
    def text(self) -> str:
        """The reference as it may be shown: of a program its name only, for arguments may be secrets themselves."""
        if self.backend is Backend.EXEC:
            return f"exec:{self.place.split()[0]}"
        separator = {Backend.KEYRING: "/", Backend.AGE: "#"}.get(self.backend, "")
        return f"{self.backend.value}:{self.place}{separator}{self.entry}"


def parse_reference(text: str) -> Reference:
    """Returns what a reference says.

    Errors: SecretRefused, which does not repeat the text: it may be a secret written at the wrong place.
    """
    scheme, _, rest = text.partition(":")
    backend = next((backend for backend in Backend if backend.value == scheme), None)
    if backend is None or not rest.strip():
        raise SecretRefused(f"is no reference: write {FORMS}, never the secret itself")
    if backend not in (Backend.KEYRING, Backend.AGE):
        return Reference(backend=backend, place=rest)
    place, _, entry = rest.partition("/" if backend is Backend.KEYRING else "#")
    if not (place and entry):
        raise SecretRefused(f"names no entry: write {FORMS}")
    return Reference(backend=backend, place=place, entry=entry)


def read(reference: Reference, places: Places) -> Secret:
    """Returns the secret at a reference.

    Errors: SecretRefused.
    """
    found = _found(reference, places)
    if not found:
        raise SecretRefused(f"{reference.text} is empty")
    return Secret(found)


def _found(reference: Reference, places: Places) -> str:
    match reference.backend:
        case Backend.KEYRING:
            return _read_keyring(reference)
        case Backend.AGE:
            return read_age(_path(reference, places), reference.entry, places.identity)
        case Backend.ENV:
            return _read_environment(reference, places)
        case Backend.FILE:
            return read_private(_path(reference, places))
        case Backend.EXEC:
            return run_program(reference.place, places.environment)


def write(reference: Reference, secret: Secret, places: Places) -> None:
    """Keeps a secret at a reference.

    Errors: SecretRefused, also for places that are only read.
    """
    if not 0 < len(secret.reveal().encode()) <= SECRET_BYTES_MAX:
        raise SecretRefused(f"a secret has 1 to {SECRET_BYTES_MAX} bytes")
    match reference.backend:
        case Backend.KEYRING:
            _write_keyring(reference, secret)
        case Backend.AGE:
            write_age(_path(reference, places), reference.entry, secret.reveal(), places.identity)
        case Backend.FILE:
            write_private(_path(reference, places), secret.reveal().encode())
        case Backend.ENV | Backend.EXEC:
            raise SecretRefused(f"{reference.text} is only read: set it where it comes from")


def _path(reference: Reference, places: Places) -> Path:
    return places.home / Path(reference.place).expanduser()


def _read_environment(reference: Reference, places: Places) -> str:
    if reference.place not in places.environment:
        raise SecretRefused(f"the environment has no {reference.place}")
    return places.environment[reference.place]


def _read_keyring(reference: Reference) -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        found = keyring.get_password(reference.place, reference.entry)
    except KeyringError as error:
        raise SecretRefused(_without_keyring("does not answer", error, reference)) from None
    if found is None:
        raise SecretRefused(f"the key ring has no {reference.place}/{reference.entry}: use `flatbook secrets set`")
    return found


def _without_keyring(what: str, error: Exception, reference: Reference) -> str:
    kept = f'"age:secrets.age#{reference.entry}"'
    return f"the key ring {what} ({type(error).__name__}): unlock it, or write {kept} in its place under [secrets]"


def _write_keyring(reference: Reference, secret: Secret) -> None:
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(reference.place, reference.entry, secret.reveal())
    except KeyringError as error:
        raise SecretRefused(_without_keyring("does not take it", error, reference)) from None
