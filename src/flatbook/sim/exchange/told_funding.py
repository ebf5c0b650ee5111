"""Funding at a market that is watched: settled when its venue says, at the rate that it told last before."""

from __future__ import annotations

from decimal import Decimal

from flatbook.sim.exchange import margin
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.terms import Market
from flatbook.values.instants import Instant, later

AHEAD_S_MAX = 60  # Source: trading_practice.md, funding: settlements deviate by up to a minute both ways


class ToldFunding:
    """The settlements of one market. One that was past when it was first told is not settled any more."""

    def __init__(self, exchange: Exchange, market: Market) -> None:
        self._exchange, self._market = exchange, market
        self._rate: Decimal | None = None
        self._at: Instant | None = None
        self._settled = exchange.now

    def hear(self, rate: Decimal | None, settles_at: Instant | None) -> None:
        """Takes the rate and the instant of the next settlement; None: as they were told before.

        Gives: a venue that tells another instant has settled the one before where that is due within AHEAD_S_MAX by
        our clock, and has withdrawn it where it is farther off.
        """
        funded = self._exchange.funded.get(self._market.name, self._settled)
        if settles_at is not None and settles_at <= max(self._settled, funded):
            return
        if settles_at is not None and settles_at != self._at:
            if self._at is not None and self._at <= later(self._exchange.now, seconds=AHEAD_S_MAX):
                self._settle(self._at)
            self._at = settles_at
            self._exchange.later(settles_at, lambda: self._settle(settles_at))
        self._rate = self._rate if rate is None else rate

    def _settle(self, at: Instant) -> None:
        if at != self._at:
            return
        self._settled, self._at = at, None
        if self._rate is not None:
            self._exchange.funded[self._market.name] = at
            margin.fund(self._exchange, self._market, self._rate)
