"""What is said to a scan before it goes on: from a stop whose strategy waits for the same as before."""

from __future__ import annotations

from typing import Any

from flatbook.backtest.kernel import sending
from flatbook.backtest.kernel import tables as at
from flatbook.backtest.kernel.desk_table import new_desk_table
from flatbook.backtest.kernel.tables import I0, META_ROW, new_table


def test_a_scan_that_goes_on_from_a_stop_waits_for_the_same_from_its_instant_on() -> None:
    t = new_table(2)
    t[META_ROW, [at.NOW, at.WOKEN, at.RANG, at.TIMER]] = 70, 1, 1, at.NEVER
    sending.leave_stop(t)
    assert t[META_ROW, [at.WOKEN, at.RANG, at.AGAIN, at.NOW]].tolist() == [0, 0, 70, 70]
    assert t[I0 : I0 + 2, at.ASKED_AT].tolist() == [0, 0]
    texts: Any = (t, t, t, t, t)
    assert sending.send_all(t, new_desk_table(), texts, False) == -1
    assert t[META_ROW, [at.AGAIN, at.TIMER]].tolist() == [0, 70]
    assert t[I0 : I0 + 2, at.ASKED_AT].tolist() == [70, 70]
