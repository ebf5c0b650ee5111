"""What a simulated venue must know of an account whose margin it looks at: terms, fees, and cash by coin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from flatbook.backtest.terms import FeeRates, MarginTerms, Terms
from flatbook.strategies.quoting import Seat
from flatbook.values.ids import InstrumentId
from flatbook.values.instruments import Instrument, Product
from flatbook.values.money import ZERO


class KeptInstrument(NamedTuple):
    """One instrument of an account: its place on the tape, and that of the first one that is paid in the same coin.

    `margin` is None of what needs none, whose trades move the cash all the same. Units: `cash` of that coin, at the
    start.
    """

    place: int
    coin: int
    instrument: Instrument
    rates: FeeRates
    margin: MarginTerms | None
    cash: Decimal

    @property
    def pays_in_kind(self) -> bool:
        """Whether the fee of a purchase takes a part of what is bought."""
        return self.instrument.product is Product.SPOT and not self.rates.in_quote


def kept_of(seats: Sequence[Seat], terms: Terms, places: Mapping[InstrumentId, int]) -> list[KeptInstrument]:
    """Returns the instruments whose trades move a coin that margin stands in, in the order of the tape."""
    traded = {places[each.id]: each for seat in seats for each in seat.instruments}
    coins: dict[tuple[str, str], int] = {}
    for place, each in sorted(traded.items()):
        if each.id in terms.margins:
            coins.setdefault((each.account, each.quote), place)
    return [
        KeptInstrument(
            place=place,
            coin=coins[each.account, each.quote],
            instrument=each,
            rates=terms.fees.get(each.id, FeeRates()),
            margin=terms.margins.get(each.id),
            cash=terms.cash.get(each.quote, ZERO),
        )
        for place, each in sorted(traded.items())
        if (each.account, each.quote) in coins
    ]
