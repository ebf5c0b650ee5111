"""What Coinbase wants signed: a token for each request, of a key of the Developer Platform.

Source: docs.cdp.coinbase.com, Coinbase App API key authentication: ES256 or Ed25519, a life of 120 seconds, the `uri`
claim is method, host and path without query; a token for a stream has none. RFC 7515 and RFC 7518, 3.4: a signature of
ES256 is r and s of 32 bytes each.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Protocol

import msgspec

from flatbook.values.instants import NS_PER_S, Instant

if TYPE_CHECKING:  # a heavy import, needed by nobody who does not sign
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LIFETIME_S = 120
ISSUER = "cdp"
COORDINATE_BYTES = 32
SEED_BYTES = 32


class KeyRefused(Exception):
    """A text is no private key that Coinbase signs with. It never carries the text."""


class TokenKey(Protocol):
    """A key that signs tokens."""

    @property
    def algorithm(self) -> str:
        """The name that the token states."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Returns the signature of a message, as a token carries it."""
        ...


class EdKey:
    """An Ed25519 key."""

    algorithm = "EdDSA"

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def sign(self, message: bytes) -> bytes:
        """Returns the 64 bytes of the signature. Source: RFC 8032."""
        return self._key.sign(message)


class P256Key:
    """A key on the curve P-256."""

    algorithm = "ES256"

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        self._key = key

    def sign(self, message: bytes) -> bytes:
        """Returns r and s, 64 bytes, and not the DER that libraries make of them."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256

        r, s = decode_dss_signature(self._key.sign(message, ECDSA(SHA256())))
        return r.to_bytes(COORDINATE_BYTES, "big") + s.to_bytes(COORDINATE_BYTES, "big")


def key_of(text: str) -> TokenKey:
    """Returns the key that a secret holds: PEM for ES256, base64 of seed and public key for Ed25519.

    Errors: KeyRefused.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        if "BEGIN" not in text:
            return EdKey(ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(text)[:SEED_BYTES]))
        key = load_pem_private_key(text.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyRefused("the secret is no private key") from None
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return P256Key(key)
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return EdKey(key)
    raise KeyRefused("the secret is a key of another kind")


def uri_of(method: str, host: str, target: str) -> str:
    """Returns the claim that binds a token to one request; the query is left out."""
    return f"{method} {host}{target.split('?', maxsplit=1)[0]}"


def nonce_of(name: str, at: Instant, count: int) -> str:
    """Returns a nonce that no other call of a key has, given the moment and how many tokens were made before."""
    return hashlib.sha256(f"{name}:{at}:{count}".encode()).hexdigest()[:32]


def signing_input(*, name: str, algorithm: str, nonce: str, at: Instant, uri: str | None) -> str:
    """Returns the part of a token that is signed. A token for a stream has no `uri`."""
    header = {"alg": algorithm, "kid": name, "nonce": nonce, "typ": "JWT"}
    seconds = at // NS_PER_S
    claims: dict[str, str | int] = {"sub": name, "iss": ISSUER, "nbf": seconds, "exp": seconds + LIFETIME_S}
    if uri is not None:
        claims["uri"] = uri
    return f"{_base64url(msgspec.json.encode(header))}.{_base64url(msgspec.json.encode(claims))}"


def token_of(key: TokenKey, *, name: str, nonce: str, at: Instant, uri: str | None) -> str:
    """Returns a token for one request, or for one subscription where `uri` is None."""
    signed = signing_input(name=name, algorithm=key.algorithm, nonce=nonce, at=at, uri=uri)
    return f"{signed}.{_base64url(key.sign(signed.encode()))}"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
