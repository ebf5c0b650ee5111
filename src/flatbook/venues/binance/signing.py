"""What Binance wants signed.

Source: developers.binance.com, Spot REST API, "SIGNED endpoint examples": since 2026-01-15 the payload is
percent-encoded before it is signed, else -1022; Web Socket API, "Request security": parameters in the order of their
names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from flatbook.venues.signing import hmac_hex

KEY_HEADER = "X-MBX-APIKEY"
SIGNATURE = "signature"
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
"""Source: RFC 3986, 2.3."""


def encoded(params: Sequence[tuple[str, str]]) -> str:
    """Returns parameters as they travel in a query: percent-encoded in full, in their order."""
    return "&".join(f"{_escaped(name)}={_escaped(value)}" for name, value in params)


def _escaped(text: str) -> str:
    """Returns a text percent-encoded; most hold nothing that needs it, and looking is faster than encoding."""
    return text if _UNRESERVED(text) else quote(text, safe="")


def signature_of(query: str, *, secret: str) -> str:
    """Returns the signature of a query that is encoded already."""
    return hmac_hex(secret, query)


def signed_query(params: Sequence[tuple[str, str]], *, secret: str) -> str:
    """Returns the query that a signed request carries: encoded, then signed, the signature last."""
    query = encoded(params)
    return f"{query}&{SIGNATURE}={signature_of(query, secret=secret)}"


def signed_params(params: Mapping[str, str | int], *, secret: str) -> dict[str, str | int]:
    """Returns the parameters of a request over the Web Socket API with their signature."""
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    return {**params, SIGNATURE: signature_of(payload, secret=secret)}
