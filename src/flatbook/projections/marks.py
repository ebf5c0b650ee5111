"""What assets are worth in USD, by time."""

from __future__ import annotations

from bisect import bisect_right, insort
from operator import attrgetter

import msgspec

from flatbook.values.ids import AssetId
from flatbook.values.instants import Instant
from flatbook.values.money import ONE, Price

USD = AssetId("USD")


class Mark(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """The value of an asset in USD from an instant on.

    Units: USD per unit. `early` is true where the asked instant lies before every mark and the first one stands in.
    """

    at: Instant
    usd: Price
    early: bool = False


_start = attrgetter("at")


class Marks:
    """The stated marks of all assets, each in force until the next one of its asset."""

    def __init__(self) -> None:
        self._marks: dict[AssetId, list[Mark]] = {}
        self._asked: dict[AssetId, Instant] = {}
        self._revisions: dict[AssetId, int] = {}

    def add(self, asset: AssetId, mark: Mark) -> bool:
        """Takes a mark and returns whether it is the first of its asset."""
        known = self._marks.setdefault(asset, [])
        insort(known, mark)
        if len(known) == 1 or mark.at <= self._asked.get(asset, mark.at):
            self._revisions[asset] = self.revision(asset) + 1
        return len(known) == 1

    def fork(self) -> Marks:
        """Returns a copy that goes its own way from here."""
        copy = Marks()
        copy._marks = {asset: list(marks) for asset, marks in self._marks.items()}
        copy._asked, copy._revisions = dict(self._asked), dict(self._revisions)
        return copy

    def revision(self, asset: AssetId) -> int:
        """Returns what is another number whenever a value that was given before could be another one now."""
        return self._revisions.get(asset, 0)

    def at(self, asset: AssetId, at: Instant) -> Mark | None:
        """Returns the mark in force at an instant; None when the asset has none.

        Gives: one for USD itself; before the first mark that mark, and says so.
        """
        if asset == USD:
            return Mark(at=at, usd=Price(ONE))
        known = self._marks.get(asset)
        if not known:
            return None
        position = bisect_right(known, at, key=_start)
        first = known[0]
        return known[position - 1] if position else Mark(at=first.at, usd=first.usd, early=True)

    def price_at(self, asset: AssetId, at: Instant) -> Price | None:
        """Returns what the mark in force at an instant says, or the first one before it; None when the asset has none.

        Units: USD per unit of the asset.
        """
        if asset == USD:
            return Price(ONE)
        known = self._marks.get(asset)
        self._asked[asset] = max(at, self._asked.get(asset, at))
        return known[max(0, bisect_right(known, at, key=_start) - 1)].usd if known else None

    def latest(self, asset: AssetId) -> Mark | None:
        """Returns the newest mark of an asset; None when it has none."""
        known = self._marks.get(asset)
        return known[-1] if known else None
