"""A seat of a backtest that is looked after directly, and what it wanted last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flatbook.backtest.standing import Standing
from flatbook.backtest.standing_view import StandingView
from flatbook.engine.rules import SeatRules
from flatbook.state.intents import Intent
from flatbook.strategies.decision import Wake
from flatbook.values.ids import InstrumentId, OrderId
from flatbook.values.instants import Instant


class Seated:
    """A seat, what its strategy sees, where it stands on what it trades, and what it waits for."""

    __slots__ = ("decide", "key", "limits", "owner", "params", "row", "standings", "view", "wake")

    def __init__(
        self, seated: SeatRules, view: StandingView, standings: dict[InstrumentId, Standing], row: int
    ) -> None:
        seat = seated.seat
        self.decide, self.params, self.key, self.owner = seat.decide, seat.params, seat.key, seat.owner
        self.limits, self.view, self.standings, self.row = seated.limits, view, standings, row
        self.wake: Wake | None = None


Wanted = tuple[Seated, Sequence[Intent], Mapping[OrderId, None], Instant, tuple[int, int, int, int]]
"""What a seat wanted last: all of it, which of its orders it cancels, when; and how many orders, times and wishes were
there before, and how many orders its owner had wanted."""
