"""Which client order ids exchanges take. Ours are of one form that all of them take; Gate wants `t-` before it.

Source: the venues' documentation of `newClientOrderId`, `clOrdId`, `orderLinkId`, `text`, `clientOid` and
`client_order_id`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec


class IdForm(msgspec.Struct, frozen=True, kw_only=True):
    """What a client order id looks like at a venue: its characters, its length, and what it begins with."""

    length_max: int
    pattern: str | None
    prefix: str = ""


ID_FORMS: Mapping[str, IdForm] = {
    "binance": IdForm(length_max=36, pattern=r"^[.A-Z:/a-z0-9_-]{1,36}$"),
    "bitget": IdForm(length_max=50, pattern=None),
    "bybit": IdForm(length_max=36, pattern=r"^[A-Za-z0-9_-]{1,36}$"),
    "gate": IdForm(length_max=30, pattern=r"^t-[0-9A-Za-z_.-]{1,28}$", prefix="t-"),
    "gemini": IdForm(length_max=100, pattern=r"^[:\-_.#a-zA-Z0-9]{1,100}$"),
    "okx": IdForm(length_max=32, pattern=r"^[A-Za-z0-9]{1,32}$"),
}


def is_taken(venue: str, sent: str) -> bool:
    """Returns whether a venue takes a client order id as it is sent."""
    form = ID_FORMS[venue]
    fits = form.pattern is None or re.fullmatch(form.pattern, sent, re.ASCII) is not None
    return fits and 0 < len(sent) <= form.length_max


def id_sent_to(venue: str, order_id: str) -> str:
    """Returns a client order id of ours as it is sent to a venue."""
    return ID_FORMS[venue].prefix + order_id
