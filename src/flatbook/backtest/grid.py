"""Between the whole numbers of a tape and the exact decimals of a desk."""

from __future__ import annotations

from decimal import Decimal

from flatbook.backtest.tape import TapeInstrument
from flatbook.engine.sound import FEW_DECIMALS
from flatbook.values.instruments import Instrument
from flatbook.values.money import Price, Quantity, significant_decimals

SOUND_BELOW = 10**8
CONTRACT_SIZE_MAX = 10**4
KEPT_MAX = 4_096


class Steps:
    """The tick and the lot of one instrument that is traded, and its place on the tape.

    `prices` are those that were asked for, by their ticks, and `ticks_of` says those of each within the bound by its
    identity.
    """

    __slots__ = (
        "instrument",
        "known_lots",
        "known_ticks",
        "lot",
        "lot_ratio",
        "lots_bound",
        "place",
        "prices",
        "tick",
        "tick_ratio",
        "ticks_bound",
        "ticks_of",
    )

    def __init__(self, place: int, recorded: TapeInstrument, instrument: Instrument) -> None:
        for name in ("tick", "lot"):
            ours, theirs = getattr(instrument.rules, name), getattr(recorded, name)
            if ours != theirs:
                raise ValueError(f"{instrument.id} has a {name} of {ours}, and on the tape one of {theirs}")
        self.place, self.instrument = place, instrument
        self.known_ticks: dict[Decimal, int] = {}
        self.prices: dict[int, Price] = {}
        self.ticks_of: dict[int, int] = {}
        self.known_lots: dict[Decimal, int] = {}
        self.tick, self.lot = instrument.rules.tick, instrument.rules.lot
        self.tick_ratio, self.lot_ratio = self.tick.as_integer_ratio(), self.lot.as_integer_ratio()
        is_small = instrument.contract_size < CONTRACT_SIZE_MAX
        self.ticks_bound, self.lots_bound = (_bound(self.tick), _bound(self.lot)) if is_small else (0, 0)

    def price(self, ticks: int) -> Price:
        """Returns a price, which is kept: it is known again by itself. Units: quote per base."""
        price = self.prices.get(ticks)
        if price is None:
            if len(self.prices) >= KEPT_MAX:
                self.prices.clear()
                self.ticks_of.clear()
            price = self.prices[ticks] = Price(ticks * self.tick)
            if 0 < ticks < self.ticks_bound:
                self.ticks_of[id(price)] = ticks
        return price

    def qty(self, lots: int) -> Quantity:
        """Returns a quantity. Units: contracts."""
        return Quantity(lots * self.lot)

    def ticks(self, price: Decimal) -> int | None:
        """Returns a price in ticks; None where it is between two."""
        known = self.known_ticks.get(price)
        return _kept(self.known_ticks, price, self.tick_ratio) if known is None else known

    def lots(self, qty: Decimal) -> int | None:
        """Returns a quantity in lots; None where it is between two."""
        known = self.known_lots.get(qty)
        return _kept(self.known_lots, qty, self.lot_ratio) if known is None else known

    def count_in(self, cap: Decimal) -> int:
        """Returns how many lots are no more than a cap. Units: contracts."""
        top, bottom = cap.as_integer_ratio()
        return top * self.lot_ratio[1] // (bottom * self.lot_ratio[0])

    def fit_in(self, cap: Decimal, worth: Decimal) -> int:
        """Returns how many ticks times lots are worth no more than a cap. Units: worth of one contract at a price of 1.

        Needs: both above zero.
        """
        top, bottom = cap.as_integer_ratio()
        each = self.tick * self.lot * worth
        over, under = each.as_integer_ratio()
        return top * under // (bottom * over)


def least_order(instrument: Instrument) -> tuple[int, int]:
    """Returns the fewest lots that an order may have, and the least of its ticks times lots."""
    rules = instrument.rules
    return _least(rules.qty_min, rules.lot), _least(
        rules.notional_min, rules.tick * rules.lot * instrument.contract_size
    )


def _least(bound: Decimal, step: Decimal) -> int:
    top, bottom = bound.as_integer_ratio()
    over, under = step.as_integer_ratio()
    return -(-top * under // (bottom * over))


def _bound(step: Decimal) -> int:
    """Returns up to how many steps a number has few digits; none where the step itself has many decimals."""
    if significant_decimals(step) > FEW_DECIMALS:
        return 0
    top, bottom = step.as_integer_ratio()
    return SOUND_BELOW * bottom // top


def _kept(known: dict[Decimal, int], value: Decimal, step: tuple[int, int]) -> int | None:
    """Returns a value in steps, and keeps it: the same prices and sizes come again and again."""
    count = _whole(value, step)
    if count is not None:
        if len(known) >= KEPT_MAX:
            known.clear()
        known[value] = count
    return count


def _whole(value: Decimal, step: tuple[int, int]) -> int | None:
    top, bottom = value.as_integer_ratio()
    count, rest = divmod(top * step[1], bottom * step[0])
    return None if rest else count
