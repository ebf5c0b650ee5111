"""The shape that all events share."""

from __future__ import annotations

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", gc=False):
    """A fact that happened. Each concrete event declares its own tag.

    A changed event gets a new tag and an upcaster in `codec`; a tag once written keeps its fields for ever.
    """
