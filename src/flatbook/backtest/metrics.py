"""Figures of merit of an equity curve and of closed trades, by their standard definitions.

A return is that of one period, equity over the equity before it. Where nothing varies there is no ratio, nor of one
return alone, and None says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

import msgspec

VARIES = 1e-15


class EquityMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """What an equity curve tells.

    Units: fractions of one, of one period where not annualised; the duration in periods below an earlier peak.
    """

    total_return: float
    max_drawdown: float
    max_drawdown_duration_periods: int
    mean_return: float | None
    std_sample: float | None
    sharpe: float | None
    sortino: float | None
    annualised_volatility: float | None
    cagr: float | None
    calmar: float | None


class TradeMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """What the results of closed trades tell. Units: those of the results; rates are fractions of one."""

    count: int
    wins: int
    losses: int
    total: float
    win_rate: float | None
    profit_factor: float | None
    average: float | None
    average_win: float | None
    average_loss: float | None
    expectancy: float | None
    max_consecutive_losses: int


def equity_metrics(equity: Sequence[float], periods_per_year: float) -> EquityMetrics:
    """Returns what an equity curve tells, marked once each period.

    Needs: one mark at least, the first above zero.
    """
    returns = [after / before - 1 for before, after in pairwise(equity) if before > 0]
    drawdown, duration = _drawdown(equity)
    whole = equity[-1] / equity[0] - 1
    count = len(returns)
    mean = sum(returns) / count if count else None
    spread = sqrt(sum((each - mean) ** 2 for each in returns) / (count - 1)) if mean is not None and count > 1 else None
    below = sqrt(sum(min(each, 0.0) ** 2 for each in returns) / count) if count > 1 else 0.0
    yearly = sqrt(periods_per_year)
    ratio = None if mean is None or spread is None or spread < VARIES else mean / spread * yearly
    growth = _growth(whole, periods_per_year / count) if count else None
    return EquityMetrics(
        total_return=whole,
        max_drawdown=drawdown,
        max_drawdown_duration_periods=duration,
        mean_return=mean,
        std_sample=spread,
        sharpe=ratio,
        sortino=None if mean is None or below < VARIES else mean / below * yearly,
        annualised_volatility=None if spread is None else spread * yearly,
        cagr=growth,
        calmar=None if growth is None or drawdown < VARIES else growth / drawdown,
    )


def _growth(whole: float, exponent: float) -> float | None:
    """Returns a return as one of a year; None where all was lost, or the year's number has no meaning any more."""
    try:
        return (1 + whole) ** exponent - 1 if whole > -1 else None
    except OverflowError:
        return None


def _drawdown(equity: Sequence[float]) -> tuple[float, int]:
    peak, deepest, longest, below = equity[0], 0.0, 0, 0
    for each in equity:
        peak = max(peak, each)
        below = below + 1 if each < peak else 0
        longest = max(longest, below)
        if peak > 0:
            deepest = max(deepest, (peak - each) / peak)
    return deepest, longest


def trade_metrics(results: Sequence[float]) -> TradeMetrics:
    """Returns what the results of closed trades tell; one of zero is neither won nor lost."""
    wins, losses = [each for each in results if each > 0], [each for each in results if each < 0]
    count, total = len(results), sum(results)
    return TradeMetrics(
        count=count,
        wins=len(wins),
        losses=len(losses),
        total=total,
        win_rate=_over(len(wins), count),
        profit_factor=_over(sum(wins), -sum(losses)),
        average=_over(total, count),
        average_win=_over(sum(wins), len(wins)),
        average_loss=_over(sum(losses), len(losses)),
        expectancy=_over(total, count),
        max_consecutive_losses=_longest_loss(results),
    )


def _over(top: float, bottom: float) -> float | None:
    return top / bottom if bottom else None


def _longest_loss(results: Sequence[float]) -> int:
    longest = run = 0
    for each in results:
        run = run + 1 if each < 0 else 0
        longest = max(longest, run)
    return longest
