"""The bounds of what a state keeps."""

import pytest

from flatbook.state.desk import forget_oldest, oldest


@pytest.mark.parametrize(
    ("count", "kept_max", "forgotten"), [(0, 16, 0), (16, 16, 0), (17, 16, 3), (40, 16, 26), (3, 2, 1), (2, 1, 1)]
)
def test_what_came_first_is_forgotten_in_lots_of_an_eighth(count: int, kept_max: int, forgotten: int) -> None:
    kept = dict.fromkeys(range(count))
    assert oldest(kept, kept_max) == tuple(range(forgotten))
    forget_oldest(kept, kept_max)
    assert list(kept) == list(range(forgotten, count))
