"""Keys of wallets in encrypted files: made, taken in, opened. Nothing here prints a key.

Source: Web3 Secret Storage version 3, as eth-account writes and reads it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flatbook.ops.secret_files import read_private, write_private
from flatbook.ops.secret_value import Secret, SecretRefused
from flatbook.values.ids import WalletId
from flatbook.venues.evm.signing import address_of_key, eth_account

KEY_HEX = 64


class KeystoreRefused(Exception):
    """A keystore cannot be read, opened or written."""


def make_key() -> Secret:
    """Returns a new private key, drawn by the operating system."""
    return Secret("0x" + bytes(eth_account().create().key).hex())


def key_of_text(text: str) -> Secret:
    """Returns a private key that an operator states.

    Errors: KeystoreRefused; its text never holds the key.
    """
    digits = text.strip().removeprefix("0x")
    if len(digits) != KEY_HEX or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        raise KeystoreRefused("a private key has 64 hex digits")
    return Secret("0x" + digits.lower())


def keep_key(path: Path, key: Secret, password: Secret) -> WalletId:
    """Writes a key, encrypted, into a file of its own that nobody else may read, and returns its address.

    Errors: KeystoreRefused when the file is there already: a key is never overwritten.
    """
    if path.exists():
        raise KeystoreRefused(f"{path.name} is there already: a key is never overwritten")
    if not password.reveal():
        raise KeystoreRefused("the password is empty")
    stated = json.dumps(eth_account().encrypt(key.reveal(), password.reveal()))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_private(path, stated.encode())
    except (SecretRefused, OSError) as error:
        raise KeystoreRefused(f"{path.name} cannot be written: {type(error).__name__}") from error
    return address_of_key(key.reveal())


def address_in(path: Path) -> WalletId:
    """Returns the address that a keystore names; no password is needed.

    Errors: KeystoreRefused.
    """
    address = str(_stated(path).get("address", "")).lower().removeprefix("0x")
    if len(address) != 40 or any(digit not in "0123456789abcdef" for digit in address):
        raise KeystoreRefused(f"{path.name} names no address")
    return WalletId("0x" + address)


def key_from(path: Path, password: Secret) -> Secret:
    """Opens a keystore and returns its key, once it is that of the address it names.

    Errors: KeystoreRefused for a wrong password or a damaged file.
    """
    stated, address = _stated(path), address_in(path)
    try:
        key = Secret("0x" + bytes(eth_account().decrypt(stated, password.reveal())).hex())
    except (ValueError, TypeError, KeyError) as error:
        raise KeystoreRefused(f"{path.name} cannot be opened: the password is wrong, or the file is damaged") from error
    if address_of_key(key.reveal()) != address:
        raise KeystoreRefused(f"{path.name} holds another key than that of {address}")
    return key


def _stated(path: Path) -> dict[str, Any]:
    try:
        stated = json.loads(read_private(path))
    except (OSError, SecretRefused, ValueError) as error:
        raise KeystoreRefused(f"{path.name} is no keystore that can be read: {type(error).__name__}") from error
    if not isinstance(stated, dict):
        raise KeystoreRefused(f"{path.name} is no keystore")
    return stated
