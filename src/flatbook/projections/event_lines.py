"""Events as programs read them: amounts as texts, instants in RFC 3339, one object each."""

from __future__ import annotations

from typing import Any

import msgspec

from flatbook.projections.fold import Recorded
from flatbook.values.instants import Instant, text_of_instant


def event_fields(item: Recorded) -> dict[str, Any]:
    """Returns one event with its number and the instant at which its commit was made."""
    built: dict[str, Any] = msgspec.to_builtins(item.event)
    stated = {name: _readable(name, value) for name, value in built.items()}
    return {"seq": item.seq, "recorded_at": text_of_instant(item.at), **stated}


def _readable(name: str, value: Any) -> Any:
    is_instant = isinstance(value, int) and (name.endswith("_at") or name == "good_until")
    return text_of_instant(Instant(value)) if is_instant else value
