"""What Bitget wants signed. Source: www.bitget.com/api-doc/common/signature, and websocket-intro."""

from __future__ import annotations

from flatbook.venues.signing import hmac_base64


def request_message(*, timestamp_ms: str, method: str, target: str, body: str) -> str:
    """Returns what is signed of a request. `target` is the path with its query."""
    return f"{timestamp_ms}{method}{target}{body}"


def stream_message(*, timestamp_s: str) -> str:
    """Returns what is signed to log into a private stream."""
    return f"{timestamp_s}GET/user/verify"


def signature_of(message: str, *, secret: str) -> str:
    """Returns the signature of a message."""
    return hmac_base64(secret, message)
