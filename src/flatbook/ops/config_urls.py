"""Addresses of the outside: what may stand in a configuration, and what may be connected to."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from flatbook.ops.secrets import PREFIX

ENCRYPTED = ("https", "wss")
PLAIN = ("http", "ws")


def flaw_of_stated(stated: str, schemes: tuple[str, str]) -> str | None:
    """Returns what is wrong with an address that is written down, None when nothing is. `schemes`: encrypted, plain.

    Gives: one that carries a password or a query is refused, for whoever reads the configuration could use it.
    """
    if stated.startswith(PREFIX):
        return None
    flaw = flaw_of_address(stated, schemes)
    if flaw is not None:
        return flaw
    parts = urlsplit(stated)
    if parts.username is not None or parts.password is not None or parts.query:
        return f'an address with a password or a key is a secret: write "{PREFIX}NAME", with its place under [secrets]'
    return None


def flaw_of_address(address: str, schemes: tuple[str, str]) -> str | None:
    """Returns why an address may not be connected to, None when it may. The address stands in no text of it."""
    encrypted, plain = schemes
    parts = _parts(address)
    if parts is None or parts.scheme not in schemes or not parts.hostname:
        return f"is no address: it begins with {encrypted}:// and a host"
    if parts.scheme == plain and not is_loopback(parts.hostname):
        return f"is not encrypted: {plain}:// goes to this machine only, write {encrypted}://"
    return None


def flaw_of_loopback(address: str) -> str | None:
    """Returns why an address is none of this machine, None when it is one."""
    parts = _parts(address)
    if parts is None or parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
        return "is no address: it is http:// and a host, with no path"
    return None if is_loopback(parts.hostname) else "must be on this machine, such as http://127.0.0.1:8080"


def is_loopback(host: str) -> bool:
    """Returns whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_here(stated: str) -> bool:
    """Returns whether an address that is written down is one of this machine; of a secret nobody knows."""
    parts = _parts(stated)
    return parts is not None and is_loopback(parts.hostname or "")


def _parts(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts
