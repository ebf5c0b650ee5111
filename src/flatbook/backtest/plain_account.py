"""The account of the oracle at its venue, in exact decimals: written apart from `kernel.margin`, by the same rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import NamedTuple

from flatbook.backtest.terms import FEE_DECIMALS
from flatbook.backtest.venue_account import KeptInstrument
from flatbook.market.ticks import RATE_DECIMALS
from flatbook.matcher.margin import is_liquidated, is_turned_down, led_to, to_open, to_stay
from flatbook.values.money import ZERO, lower_to, raise_to


class OpenOrder(NamedTuple):
    """An order that rests, or arrives, and may open a position. Units: lots."""

    inst: int
    sign: int
    lots: int


class PlainAccount:
    """What an account has by coin. `marks` returns the mark of a place in its quote, `lots` what is held there."""

    def __init__(
        self, kept: Iterable[KeptInstrument], marks: Callable[[int], Decimal], lots: Callable[[int], int]
    ) -> None:
        self._kept = {each.place: each for each in kept}
        self._cash = {each.coin: each.cash for each in self._kept.values()}
        self._mark, self._lots = marks, lots

    def execute(self, inst: int, price: Decimal, lots: int, *, is_maker: bool) -> None:
        """Moves cash by an execution and its fee. Units: quote; lots are signed."""
        kept = self._kept.get(inst)
        if kept is None:
            return
        paid = self._size(kept, lots) * price
        rate = kept.rates.maker if is_maker else kept.rates.taker
        fee = ZERO if kept.pays_in_kind and lots > 0 else raise_to(abs(paid) * rate, decimals=FEE_DECIMALS)
        self._cash[kept.coin] -= paid + fee

    def fund(self, inst: int, rate: int, price: Decimal) -> None:
        """Moves cash by funding on what is held. Units: rate in 1e-12."""
        kept = self._kept.get(inst)
        if kept is not None:
            paid = self._size(kept, self._lots(inst)) * price * Decimal(rate).scaleb(-RATE_DECIMALS)
            self._cash[kept.coin] += lower_to(-paid, decimals=FEE_DECIMALS)

    def lacks_margin(self, arriving: OpenOrder, price: Decimal, resting: Iterable[OpenOrder]) -> bool:
        """Whether an order that would open a position is turned down for want of margin."""
        kept = self._kept.get(arriving.inst)
        if kept is None or kept.margin is None:
            return False
        orders = tuple(resting)
        before = self._initial(kept.coin, orders, arriving.inst, ZERO)
        needed = self._initial(kept.coin, (*orders, arriving), arriving.inst, price)
        return is_turned_down(before, needed, self._equity(kept.coin))

    def to_close(self, inst: int) -> tuple[int, ...]:
        """Returns the places whose positions are closed by force now, as of the coin of an instrument."""
        kept = self._kept.get(inst)
        if kept is None:
            return ()
        held = [each for each in self._margined(kept.coin) if self._lots(each.place)]
        needed = ZERO
        for each in held:
            assert each.margin is not None
            worth = abs(self._size(each, self._lots(each.place))) * self._mark(each.place)
            needed += to_stay(worth, each.margin.maintenance, each.margin.tiers)
        is_due = bool(held) and is_liquidated(self._equity(kept.coin), needed)
        return tuple(each.place for each in held) if is_due else ()

    def shares_margin(self, inst: int, other: int) -> bool:
        """Whether orders of another instrument are taken back when a position of one is closed by force."""
        mine, theirs = self._kept[inst], self._kept.get(other)
        return theirs is not None and theirs.coin == mine.coin and theirs.margin is not None

    def _margined(self, coin: int) -> list[KeptInstrument]:
        return [each for _, each in sorted(self._kept.items()) if each.coin == coin and each.margin is not None]

    def _equity(self, coin: int) -> Decimal:
        held = ((each, self._lots(each.place)) for each in self._margined(coin))
        worth = (self._size(each, lots) * self._mark(each.place) for each, lots in held if lots)
        return self._cash[coin] + sum(worth, ZERO)

    def _initial(self, coin: int, orders: tuple[OpenOrder, ...], arriving: int, price: Decimal) -> Decimal:
        needed = ZERO
        for each in self._margined(coin):
            assert each.margin is not None
            buys = sum(order.lots for order in orders if order.inst == each.place and order.sign > 0)
            sells = sum(order.lots for order in orders if order.inst == each.place and order.sign < 0)
            most = led_to(self._lots(each.place), buys, sells)
            mark = self._mark(each.place) or (price if each.place == arriving else ZERO)
            terms = each.margin
            needed += to_open(self._size(each, most) * mark, terms.leverage, terms.maintenance, terms.tiers)
        return needed

    def _size(self, kept: KeptInstrument, lots: int) -> Decimal:
        return lots * kept.instrument.rules.lot * kept.instrument.contract_size
