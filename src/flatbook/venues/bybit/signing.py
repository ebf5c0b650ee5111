"""What Bybit wants signed. Source: bybit-exchange.github.io/docs/v5/guide, Authentication; v5/ws/connect."""

from __future__ import annotations

from flatbook.venues.signing import hmac_hex


def request_message(*, timestamp_ms: str, key: str, recv_window_ms: str, payload: str) -> str:
    """Returns what is signed of a request. `payload` is the query of a GET as it travels, the body of a POST."""
    return f"{timestamp_ms}{key}{recv_window_ms}{payload}"


def stream_message(*, expires_ms: int) -> str:
    """Returns what is signed to log into a private stream."""
    return f"GET/realtime{expires_ms}"


def signature_of(message: str, *, secret: str) -> str:
    """Returns the signature of a message."""
    return hmac_hex(secret, message)


def request_headers(*, key: str, secret: str, timestamp_ms: int, recv_window_ms: int, payload: str) -> dict[str, str]:
    """Returns the headers that prove who sends a request."""
    message = request_message(
        timestamp_ms=str(timestamp_ms), key=key, recv_window_ms=str(recv_window_ms), payload=payload
    )
    return {
        "X-BAPI-API-KEY": key,
        "X-BAPI-TIMESTAMP": str(timestamp_ms),
        "X-BAPI-RECV-WINDOW": str(recv_window_ms),
        "X-BAPI-SIGN": signature_of(message, secret=secret),
    }
