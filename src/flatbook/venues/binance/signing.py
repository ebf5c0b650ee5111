"""What Binance wants signed, by keys of three kinds: HMAC, Ed25519 and RSA. The secret tells which one it is.

Source: developers.binance.com, Spot REST API, "SIGNED endpoint examples": since 2026-01-15 the payload is
percent-encoded before it is signed, else -1022; Web Socket API, "Request security": parameters in the order of their
names; "SIGNED endpoint security": RSASSA-PKCS1-v1_5 with SHA-256, and Ed25519, both in base64.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING

from flatbook.venues.signing import hmac_hex

if TYPE_CHECKING:  # a heavy import, needed by nobody whose key is one of HMAC
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

PEM = "-----BEGIN "
KEY_HEADER = "X-MBX-APIKEY"
SIGNATURE = "signature"


class KeyRefused(Exception):
    """A text is no private key that Binance takes. It never carries the text."""


def signature_of(query: str, *, secret: str) -> str:
    """Returns the signature of a query that is encoded already, as text that is not encoded yet.

    Errors: KeyRefused for a PEM that is no such key.
    """
    if PEM not in secret:
        return hmac_hex(secret, query)
    return base64.b64encode(_signed_by(private_key_of(secret, was_checked=True), query.encode())).decode()


def private_key_of(secret: str, *, was_checked: bool = False) -> Ed25519PrivateKey | RSAPrivateKey:
    """Returns the key that a PEM holds.

    Needs: that its numbers belong together takes tens of milliseconds to check, which is done once, at the start.
    Errors: KeyRefused.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        pem = secret.replace("\\n", "\n").encode()
        key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=was_checked)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyRefused("the secret is no private key") from None
    if isinstance(key, Ed25519PrivateKey | RSAPrivateKey):
        return key
    raise KeyRefused("the secret is a key of another kind than Ed25519 and RSA")


def _signed_by(key: Ed25519PrivateKey | RSAPrivateKey, message: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    if isinstance(key, Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, PKCS1v15(), SHA256())


def signed_params(params: Mapping[str, str | int], *, secret: str) -> dict[str, str | int]:
    """Returns the parameters of a request over the Web Socket API with their signature."""
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    return {**params, SIGNATURE: signature_of(payload, secret=secret)}
