"""What Gate wants signed. Source: www.gate.io/docs/developers/apiv4, APIv4 signed request; apiv4/ws, Authentication."""

from __future__ import annotations

from flatbook.venues.signing import Hash, hmac_hex, sha512_hex


def request_message(*, method: str, path: str, query: str, body: str, timestamp_s: int) -> str:
    """Returns what is signed of a request. `query` is not percent-encoded; of the body its hash is signed."""
    return "\n".join((method, path, query, sha512_hex(body), str(timestamp_s)))


def stream_message(*, channel: str, event: str, timestamp_s: int) -> str:
    """Returns what is signed to subscribe to a private channel."""
    return f"channel={channel}&event={event}&time={timestamp_s}"


def signature_of(message: str, *, secret: str) -> str:
    """Returns the signature of a message."""
    return hmac_hex(secret, message, Hash.SHA512)
