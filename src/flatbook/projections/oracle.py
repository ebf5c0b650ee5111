"""What oracles said of fills, beside what the fills were executed at."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events import chain
from flatbook.events.prices import FillPriced
from flatbook.events.refs import ref_of_fill
from flatbook.projections.fold import Recorded
from flatbook.values.ids import EventRef
from flatbook.values.money import ZERO, divide_cut

BPS_DECIMALS = 2
BPS_OF_ONE = 10_000


class PricedFills:
    """The fills that stand, and for each the newest price that an oracle was asked for."""

    def __init__(self) -> None:
        self.fills: dict[EventRef, chain.VaultFilled] = {}
        self.prices: dict[EventRef, FillPriced] = {}

    def apply(self, item: Recorded) -> None:
        """Takes one event."""
        event = item.event
        if isinstance(event, chain.VaultFilled):
            self.fills[ref_of_fill(event.key)] = event
        elif isinstance(event, chain.FillReversed):
            self.fills.pop(ref_of_fill(event.key), None)
            self.prices.pop(ref_of_fill(event.key), None)
        elif isinstance(event, FillPriced):
            self.prices[ref_of_fill(event.key)] = event

    def fork(self) -> PricedFills:
        """Returns a copy that goes its own way from here."""
        copy = PricedFills()
        copy.fills, copy.prices = dict(self.fills), dict(self.prices)
        return copy

    def of_tx(self, fragment: str) -> list[tuple[EventRef, chain.VaultFilled]]:
        """Returns the fills of the transactions whose hash begins so, in the order of the journal."""
        return [(ref, fill) for ref, fill in self.fills.items() if fill.key.tx.startswith(fragment.lower())]


def deviation_bps(execution: Decimal, oracle: Decimal) -> Decimal | None:
    """Returns how far an execution lies above an oracle's price, below zero when beneath it, cut to a hundredth.

    Units: basis points of the oracle's price.
    Gives: None where the oracle's price is not above zero.
    """
    if not oracle > ZERO:
        return None
    return divide_cut((execution - oracle) * BPS_OF_ONE, oracle, decimals=BPS_DECIMALS)
