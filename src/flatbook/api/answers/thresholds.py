"""From which net on each hedge is due, as the configuration says, and what values what a grid holds."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import NamedTuple

from flatbook.ops.config_shape import Config
from flatbook.values.ids import AssetId
from flatbook.values.money import plain


class KeptBy(Enum):
    """Who holds a net on purpose: a grid in its slots, or an owner that leaves it unhedged."""

    GRID = "grid"
    OWNER = "owner"


class Threshold(NamedTuple):
    """From which net on a hedge is due, in shares or USD; none of them: everything but zero is.

    `quotes` are what the instruments of a grid are paid in, which values what it holds where nothing else does.
    """

    shares: Decimal | None = None
    usd: Decimal | None = None
    on_purpose: bool = False
    in_slots: bool = False
    quotes: Mapping[str, AssetId] = {}

    @property
    def kept_by(self) -> KeptBy | None:
        """Who holds the net on purpose, None where it is hedged."""
        return KeptBy.GRID if self.in_slots else KeptBy.OWNER if self.on_purpose else None

    def told(self) -> str | None:
        """Returns the threshold in words, None where there is none."""
        if self.on_purpose:
            return "never"
        if self.in_slots:
            return "never, it is a grid's: what its slots hold is intended"
        unit = "share" if self.shares == 1 else "shares"
        stated = ((self.shares, unit), (self.usd, "USD"))
        return " or ".join(f"{plain(size)} {named}" for size, named in stated if size is not None) or None


Thresholds = dict[tuple[str, str], Threshold]
NO_THRESHOLD = Threshold()


def thresholds_of(config: Config) -> Thresholds:
    """Returns from which net on each (owner, underlying) is hedged, and which are left open on purpose."""
    found = {
        (owner, underlying): Threshold(hedge.threshold_shares, hedge.threshold_usd)
        for owner, hedges in config.hedges.items()
        for underlying, hedge in hedges.items()
    }
    for owner, section in config.owners.items():
        for underlying in section.unhedged:
            found[owner, underlying] = Threshold(on_purpose=True)
    for owner, sections in config.grid.items():
        for name in sections:
            key = owner, config.instruments[name].underlying
            quotes = {**found.get(key, NO_THRESHOLD).quotes, name: AssetId(config.instruments[name].quote)}
            found[key] = Threshold(in_slots=True, quotes=quotes)
    return found
