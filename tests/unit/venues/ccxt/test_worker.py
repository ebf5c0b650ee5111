"""How the worker turns the pages of trades, whichever way an exchange tells them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from flatbook.venues.ccxt.worker import trades_since

DAY_MS = 86_400_000
NOW_MS = 1_795_000_000_000


class Told:
    """An exchange that tells so many trades at once, oldest or newest first, of a window that begins where asked."""

    def __init__(
        self, times: list[int], *, at_once: int = 500, window_days: int = 10_000, newest: bool = False
    ) -> None:
        self._times, self._at_once, self._newest = sorted(times), at_once, newest
        self._window_ms, self.asked = window_days * DAY_MS, 0

    def milliseconds(self) -> int:
        return NOW_MS

    async def fetch_my_trades(self, symbol: str, since: int, limit: Any = None, params: Any = None) -> list[Any]:
        self.asked += 1
        until = min((params or {}).get("until", NOW_MS), since + self._window_ms)
        found = [ms for ms in self._times if since <= ms <= until]
        part = found[-self._at_once :] if self._newest else found[: self._at_once]
        return [{"id": str(ms), "timestamp": ms, "order": str(ms % 2)} for ms in part]


def trades(told: Told, days: int) -> list[int]:
    """Returns the times of the trades that the worker finds since so many days ago."""
    found = asyncio.run(trades_since(told, "BTC/USD", NOW_MS - days * DAY_MS))
    return sorted(trade["timestamp"] for trade in found.values())


def ago(*days: float) -> list[int]:
    return [NOW_MS - int(each * DAY_MS) for each in days]


@pytest.mark.parametrize("days", [7, 30])
def test_trades_of_an_exchange_that_tells_of_a_window_only_are_all_found(days: int) -> None:
    """Source: ccxt 4.5.90, binance.py: of USD-M a week from where it is asked."""
    times = ago(0.001, 2, 6.5, 29)
    assert trades(Told(times, window_days=7), days) == sorted(ms for ms in times if ms >= NOW_MS - days * DAY_MS)


@pytest.mark.parametrize("newest", [False, True])
def test_pages_are_turned_until_all_trades_are_found(newest: bool) -> None:
    times = [NOW_MS - 1_000 * each for each in range(1, 421)]
    assert trades(Told(times, at_once=50, newest=newest), 1) == sorted(times)


def test_a_window_without_trades_costs_a_question_a_day() -> None:
    told = Told([])
    assert trades(told, 7) == []
    assert told.asked == 7


def test_more_than_can_be_asked_for_is_an_error_and_no_short_list() -> None:
    with pytest.raises(ValueError, match="more trades than are read at once"):
        trades(Told(ago(1)), 200)
