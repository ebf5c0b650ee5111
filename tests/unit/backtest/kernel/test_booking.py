"""A stop at which all is booked is told by its instant, and any other by why it is one."""

from __future__ import annotations

import pytest

from flatbook.backtest.kernel import booking
from flatbook.backtest.kernel import desk_table as desk
from flatbook.backtest.kernel import tables as at
from flatbook.backtest.kernel.desk_table import DESK_ROW, new_desk_table
from flatbook.backtest.kernel.tables import META_ROW, new_table

NOW = 1_700_000_000 * 10**9


@pytest.mark.parametrize(
    ("why", "columns", "told"),
    [
        (at.WOKE, {}, NOW),
        (at.RING_FULL, {}, at.RING_FULL),
        (at.MORE_ROWS, {}, at.MORE_ROWS),
        (at.ENDED, {}, at.ENDED),
        (at.HELD, {}, at.HELD),
        (at.WOKE, {desk.LOOKED_AT: NOW - 1}, at.WOKE),
        (at.WOKE, {desk.LOOKED_AT: 0}, at.WOKE),
        (at.WOKE, {desk.BLIND: 1}, at.WOKE),
        (at.WOKE, {desk.CALLS: 1}, at.WOKE),
    ],
)
def test_a_stop_is_plain_only_where_all_was_booked_at_it_and_nothing_is_to_be_done(
    why: int, columns: dict[int, int], told: int
) -> None:
    t, d = new_table(1), new_desk_table()
    t[META_ROW, at.NOW] = d[DESK_ROW, desk.LOOKED_AT] = NOW
    for column, number in columns.items():
        d[DESK_ROW, column] = number
    assert booking.stop_at(t, d, why) == told


def test_an_instant_is_never_taken_for_a_reason() -> None:
    assert max(at.WOKE, at.RING_FULL, at.MORE_ROWS, at.ENDED, at.FULL, at.CROWDED, at.NO_ROOM, at.HELD) == at.WHY_MAX
    assert at.WHY_MAX < NOW
