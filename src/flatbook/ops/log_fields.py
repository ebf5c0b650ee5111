"""What a log record may hold: an allow-list of fields, and values that are names, numbers or states."""

from __future__ import annotations

import re
import traceback
from collections.abc import MutableMapping
from decimal import Decimal
from enum import Enum
from typing import Any

from flatbook.values.money import plain

TEXT_MAX = 256
FRAMES_MAX = 4
UNNAMED = "unnamed"
CUT_MARK = "..."

# Names of things, numbers and states. Texts of operators, venues, programs and exceptions have no place here: whoever
# writes them may write a secret into them.
ALLOWED = frozenset(
    (
        *("at", "event", "level", "seq", "first", "last", "epoch", "ref", "because", "error", "where", "library"),
        *("owner", "account", "instrument", "underlying", "asset", "subject", "name", "severity", "scope", "target"),
        *("order_id", "venue_order_id", "execution_id", "attempt", "side", "qty", "price", "limit", "filled_qty"),
        *("net", "shares", "status", "rule", "end", "proven", "cause", "reason", "halt_id", "verb", "actor", "kind"),
        *("chain", "tx", "log_index", "block", "first_block", "last_block", "source", "token", "usd", "ours", "theirs"),
        *("mode", "version", "config_digest", "pid", "port", "signal", "exit_code", "count", "duration_s", "lag_s"),
        *("bytes", "rows", "events", "queued"),
    )
)

# The sentences of our own errors, which promise to hold no secret.
SENTENCES = ("reason", "limit")
# Of events only these: what risk would let pass, in its own words.
RISK_WORDS = ("limit",)

_EVENT = re.compile(r"[a-z][a-z0-9_]{0,63}")
_URL = re.compile(r"([a-z][a-z0-9+.-]*://)(?:[^/@\s]*@)?([^\s?#]*)[^\s]*", re.IGNORECASE)


def cleaned(fields: MutableMapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Returns what a record may hold of its fields, and how many were dropped."""
    kept: dict[str, Any] = {}
    for name, value in fields.items():
        plain_value = scalar(value, spaces=name in SENTENCES)
        if name in ALLOWED and (plain_value is not None or value is None):
            kept[name] = plain_value
    if not _EVENT.fullmatch(str(fields.get("event", ""))):
        kept["event"] = UNNAMED
        return kept, len(fields) - len(kept) + 1
    return kept, len(fields) - len(kept)


def scalar(value: Any, *, spaces: bool = False) -> str | int | float | bool | None:
    """Returns a value as a record shows it; None for objects and sentences, whose content nobody has looked at."""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Enum):
        return str(value.value)
    return text(value, spaces=spaces) if type(value) is str else None


def text(value: str, *, spaces: bool) -> str | None:
    """Returns a text without what URLs carry along, cut to its bound; None for a sentence where a name is due."""
    if not value.isprintable() or (" " in value and not spaces):
        return None
    bare = _URL.sub(r"\1\2", value[: 4 * TEXT_MAX])
    return bare if len(bare) <= TEXT_MAX else bare[: TEXT_MAX - len(CUT_MARK)] + CUT_MARK


def error_fields(error: BaseException) -> dict[str, str]:
    """Returns the kind of an error and where it came from; never its text."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
    where = ",".join(f"{frame.name}:{frame.lineno}" for frame in frames)
    return {"error": type(error).__name__, "where": where}
