"""How often the simulated Binance lets itself be asked: weights per minute, new orders per ten seconds, and bans.

Source: Binance documentation, LIMITS: 429 with Retry-After, 418 for who does not stop, headers of used weight.
"""

from __future__ import annotations

from flatbook.sim.exchange.binance.words import Refused, ms
from flatbook.values.instants import NS_PER_S, Instant

MINUTE_S, TEN_S = 60, 10
STUBBORN_MAX = 20
BAN_S = 120


class Rates:
    """What was asked in the present minute, and how many orders of each account came in the present ten seconds."""

    def __init__(self, orders_per_10s: int) -> None:
        self._orders_max = orders_per_10s
        self._minute = self._weight = self._turned_down = 0
        self._orders: dict[tuple[str, int], int] = {}
        self._banned_until = Instant(0)

    def refuse(self, weight: int, weight_max: int, now: Instant) -> Refused | None:
        """Counts a request. Returns a refusal when it is one too many."""
        if now < self._banned_until:
            return self._banned(now)
        minute = now // (MINUTE_S * NS_PER_S)
        if minute != self._minute:
            self._minute, self._weight, self._turned_down = minute, 0, 0
        self._weight += weight
        if self._weight <= weight_max:
            return None
        self._turned_down += 1
        if self._turned_down > STUBBORN_MAX:
            self._banned_until = Instant(now + BAN_S * NS_PER_S)
            return self._banned(now)
        text = f"Too many requests; current limit of IP is {weight_max} requests per minute."
        return Refused(code=-1003, msg=text, status=429, wait_s=MINUTE_S - now // NS_PER_S % MINUTE_S)

    def refuse_order(self, account: str, now: Instant) -> Refused | None:
        """Counts a new order of an account. Returns a refusal when it is one too many."""
        key = (account, now // (TEN_S * NS_PER_S))
        self._orders = {each: count for each, count in self._orders.items() if each[1] == key[1]}
        self._orders[key] = self._orders.get(key, 0) + 1
        if self._orders[key] <= self._orders_max:
            return None
        text = f"Too many new orders; current limit is {self._orders_max} orders per 10 SECOND."
        return Refused(code=-1015, msg=text, status=429, wait_s=TEN_S - now // NS_PER_S % TEN_S)

    def headers(self, account: str | None, now: Instant) -> dict[str, str]:
        """Returns the headers that tell what is used up."""
        told = {"X-MBX-USED-WEIGHT-1M": str(self._weight)}
        if account is not None:
            told["X-MBX-ORDER-COUNT-10S"] = str(self._orders.get((account, now // (TEN_S * NS_PER_S)), 0))
        return told

    def _banned(self, now: Instant) -> Refused:
        text = f"Way too many requests; IP banned until {ms(self._banned_until)}."
        return Refused(code=-1003, msg=text, status=418, wait_s=(self._banned_until - now) // NS_PER_S + 1)
