"""What Bitstamp wants signed. Source: www.bitstamp.net/api, API authentication, version 2."""

from __future__ import annotations

import hmac

import msgspec

from flatbook.venues.signing import hmac_hex

VERSION = "v2"


class ToSign(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a request that are signed. `content_type` is empty where there is no body."""

    method: str
    host: str
    path: str
    query: str
    content_type: str
    body: str
    nonce: str
    timestamp_ms: str


def request_message(request: ToSign, *, key: str) -> str:
    """Returns what is signed of a request."""
    target = f"{request.method}{request.host}{request.path}{request.query}{request.content_type}"
    return f"BITSTAMP {key}{target}{request.nonce}{request.timestamp_ms}{VERSION}{request.body}"


def signature_of(message: str, *, secret: str) -> str:
    """Returns the signature of a message."""
    return hmac_hex(secret, message)


def request_headers(request: ToSign, *, key: str, secret: str) -> dict[str, str]:
    """Returns the headers that prove who sends a request; without a body there is no content type."""
    return {
        "X-Auth": f"BITSTAMP {key}",
        "X-Auth-Nonce": request.nonce,
        "X-Auth-Timestamp": request.timestamp_ms,
        "X-Auth-Version": VERSION,
        "X-Auth-Signature": signature_of(request_message(request, key=key), secret=secret),
        **({"Content-Type": request.content_type} if request.content_type else {}),
    }


def is_signed_reply(request: ToSign, *, content_type: str, body: str, stated: str, secret: str) -> bool:
    """Returns whether a reply is Bitstamp's answer to a request, by the signature that it states."""
    made = hmac_hex(secret, f"{request.nonce}{request.timestamp_ms}{content_type}{body}")
    return hmac.compare_digest(made, stated)
