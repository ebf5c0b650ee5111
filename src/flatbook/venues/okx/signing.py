"""What OKX wants signed. Source: www.okx.com/docs-v5, REST Authentication, and WebSocket Login."""

from __future__ import annotations

from flatbook.venues.signing import hmac_base64


def request_message(*, timestamp: str, method: str, target: str, body: str) -> str:
    """Returns what is signed of a request. `target` is the path with its query; `timestamp` as in RFC 3339, with ms."""
    return f"{timestamp}{method}{target}{body}"


def stream_message(*, timestamp_s: str) -> str:
    """Returns what is signed to log into a private stream."""
    return f"{timestamp_s}GET/users/self/verify"


def signature_of(message: str, *, secret: str) -> str:
    """Returns the signature of a message."""
    return hmac_base64(secret, message)
