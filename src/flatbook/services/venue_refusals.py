"""What venues say in a public stream when they refuse what was asked for: of any of them, in its own words.

Source: error answers of the WebSocket documents of Bybit, OKX, Gate, Bitget, Gemini, Coinbase and Bitstamp.
"""

from __future__ import annotations

import msgspec

from flatbook.market.depth import UNREADABLE

WORDS_MAX = 200
ERRORS = ("error", "bts:error")


class _Said(msgspec.Struct):
    """The fields in which one or another venue says that it refuses, and why."""

    success: bool = True
    ret_msg: str = ""
    event: str = ""
    type: str = ""
    result: msgspec.Raw = msgspec.Raw()
    msg: str = ""
    message: str = ""
    reason: str = ""
    error: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw()


class _Why(msgspec.Struct):
    message: str = ""


_said = msgspec.json.Decoder(_Said)
_why = msgspec.json.Decoder(_Why)


def refusal_of(frame: bytes) -> str | None:
    """Returns in a venue's own words why it refuses what was asked for; None of any other frame."""
    try:
        said = _said.decode(frame)
    except UNREADABLE:
        return None
    is_error = said.event in ERRORS or said.type in ERRORS or bytes(said.result) == b'"error"'
    if said.success and not is_error and not _message(said.error):
        return None
    words = said.ret_msg or said.msg or said.message or said.reason or _message(said.error) or _message(said.data)
    return (words or "it does not say why")[:WORDS_MAX]


def _message(raw: msgspec.Raw) -> str:
    if not bytes(raw).startswith(b"{"):
        return ""
    try:
        return _why.decode(raw).message
    except UNREADABLE:
        return ""
