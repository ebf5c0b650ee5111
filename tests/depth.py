"""How much of what can be drawn or enumerated a run looks at: a part for each change, and all of it in `make thorough`.

Where CI is set, what is drawn is the same in each run, so that a change is judged by what it changed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

THOROUGH = os.environ.get("THOROUGH") == "1"
PART = 4
EXAMPLES_MIN = 10

Each = TypeVar("Each")


def examples(count: int) -> int:
    """Returns how many of so many examples are drawn: one in PART, but not too few to mean something."""
    return count if THOROUGH else min(count, max(count // PART, EXAMPLES_MIN))


def part_of(cases: Sequence[Each], part: int = PART) -> Sequence[Each]:
    """Returns the cases that are looked at: one in `part`, spread over all of them."""
    return cases if THOROUGH else cases[::part]
