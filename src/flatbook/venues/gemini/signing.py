"""What Gemini wants signed. Source: docs.gemini.com, REST API, Private API Invocation."""

from __future__ import annotations

import base64

from flatbook.venues.signing import Hash, hmac_hex


def payload_of(content: bytes) -> str:
    """Returns the payload of a request: its JSON, `request` and `nonce` in it, in base64."""
    return base64.b64encode(content).decode()


def signature_of(payload: str, *, secret: str) -> str:
    """Returns the signature of a payload."""
    return hmac_hex(secret, payload, Hash.SHA384)


def request_headers(content: bytes, *, key: str, secret: str) -> dict[str, str]:
    """Returns the headers that carry a request and prove who sends it; its body is empty."""
    payload = payload_of(content)
    return {
        "Content-Type": "text/plain",
        "Content-Length": "0",
        "X-GEMINI-APIKEY": key,
        "X-GEMINI-PAYLOAD": payload,
        "X-GEMINI-SIGNATURE": signature_of(payload, secret=secret),
        "Cache-Control": "no-cache",
    }
