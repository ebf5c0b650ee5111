"""The example configuration, changed line by line, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from flatbook.ops.config import Loaded, load_text
from flatbook.ops.config_example import EXAMPLE, LIVE_EXAMPLE
from flatbook.ops.config_read import ConfigRefused

HOME = Path("desk-home")


def changed(*changes: tuple[str, str], text: str = EXAMPLE) -> str:
    """Returns the example with each first text replaced by the second; the first must stand in it once."""
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def loaded(*changes: tuple[str, str], environment: Mapping[str, str] | None = None) -> Loaded:
    """Returns the example, changed, as it is loaded."""
    return load_text(changed(*changes), HOME, environment=environment)


def live(*changes: tuple[str, str], environment: Mapping[str, str] | None = None) -> Loaded:
    """Returns the example of a live desk, changed, as it is loaded."""
    return load_text(changed(*changes, text=LIVE_EXAMPLE), HOME, environment=environment)


def problems(text: str, *, environment: Mapping[str, str] | None = None) -> list[str]:
    """Returns what is wrong with a configuration, a line per problem."""
    with pytest.raises(ConfigRefused) as refused:
        load_text(text, HOME, environment=environment)
    return [str(problem) for problem in refused.value.problems]


def problem(*changes: tuple[str, str]) -> str:
    """Returns the one thing that is wrong with the example, changed."""
    found = problems(changed(*changes))
    assert len(found) == 1, found
    return found[0]
