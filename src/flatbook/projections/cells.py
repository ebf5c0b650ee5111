"""Running sums of results, by owner, underlying, day and account: added to as slices close and costs are observed.

So results cost what came since they were last asked for, however long the journal is. Sums are begun anew where what
they stand on was corrected, or came late, or is worth something else by a mark that was stated afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, DecimalException
from typing import NamedTuple

import msgspec

from flatbook.projections.days import eastern_date_or_none
from flatbook.projections.facts import CostFact, CostKind
from flatbook.projections.lots import USD_DECIMALS, Bucket, Slice
from flatbook.projections.marks import Marks
from flatbook.values.ids import AccountId, AssetId, EventRef, OwnerId, Underlying
from flatbook.values.money import ONE, ZERO, Money, cut


class Cell(NamedTuple):
    """Where a result belongs: whose, of what, on which US Eastern day, at which account; None where there is none."""

    owner: OwnerId
    underlying: Underlying | None
    day: date | None
    account: AccountId | None


class CostSum(msgspec.Struct):
    """What one kind of cost came to. Units: USD; `missing` of all observations have no value and are in no sum."""

    usd: Decimal = ZERO
    observations: int = 0
    missing: int = 0


class Sums(msgspec.Struct):
    """The results of a cell. Units: USD; `unpriced` of the slices have no value and are in no sum."""

    buckets: dict[Bucket, Decimal] = {}
    costs: dict[CostKind, CostSum] = {}
    slices: int = 0
    unpriced: int = 0

    def add_slice(self, each: Slice) -> None:
        """Adds a closed slice."""
        self.slices += 1
        if (realised := each.realised) is None:
            self.unpriced += 1
        else:
            self.buckets[each.bucket] = self.buckets.get(each.bucket, ZERO) + realised

    def add_cost(self, cost: CostFact, usd: Decimal | None) -> None:
        """Adds an observed cost; one in kind is no loss beside that of the trades."""
        line = self.costs.setdefault(cost.kind, CostSum())
        line.observations += 1
        if usd is None:
            line.missing += 1
            return
        line.usd += usd
        if cost.in_kind:
            self.buckets[Bucket.IN_KIND] = self.buckets.get(Bucket.IN_KIND, ZERO) + usd

    def add(self, other: Sums) -> None:
        """Adds the results of another cell."""
        self.slices += other.slices
        self.unpriced += other.unpriced
        for bucket, usd in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, ZERO) + usd
        for kind, cost in other.costs.items():
            line = self.costs.setdefault(kind, CostSum())
            line.usd += cost.usd
            line.observations += cost.observations
            line.missing += cost.missing


Filled = dict[Cell, Sums]
Told = Iterator[tuple[Cell, Sums]]


class _OfSlices(msgspec.Struct):
    """The sums of the first `upto` of a growing list of slices."""

    slices: Sequence[Slice]
    upto: int = 0
    cells: Filled = {}


class Cells:
    """The running sums of one fold of profit and loss."""

    def __init__(self, marks: Marks) -> None:
        self.amounts: dict[AssetId, Decimal] = {}
        self._marks = marks
        self._accounts: dict[EventRef, AccountId] = {}
        self._of_slices: dict[Underlying, _OfSlices] = {}
        self._of_costs: Filled = {}
        self._waiting: list[CostFact] = []
        self._revisions: dict[AssetId, int] = {}
        self._homeless: dict[EventRef, None] = {}
        self._costs_are_whole = True

    def fork(self, marks: Marks) -> Cells:
        """Returns a copy that goes its own way from here; its sums are made when they are asked for."""
        copy = Cells(marks)
        copy.amounts, copy._accounts, copy._costs_are_whole = dict(self.amounts), dict(self._accounts), False
        return copy

    def settle(self, ref: EventRef, account: AccountId | None) -> None:
        """Takes the account of a trade; None where the trade was taken away."""
        known = self._accounts.get(ref)
        if account is None:
            self._accounts.pop(ref, None)
        else:
            self._accounts[ref] = account
        if account != known and (known is not None or ref in self._homeless):
            self._costs_are_whole = False
            self._of_slices.clear()

    def take(self, cost: CostFact, before: CostFact | None) -> None:
        """Takes a cost, in place of one that was told before where there was one."""
        self._count(cost, 1)
        if before is None:
            self._waiting.append(cost)
        else:
            self._count(before, -1)
            self._costs_are_whole = False

    def _count(self, cost: CostFact, sign: int) -> None:
        if cost.amount is not None and not cost.in_kind:
            self.amounts[cost.asset] = self.amounts.get(cost.asset, ZERO) + cost.amount * sign

    def of_slices(self, underlying: Underlying, slices: Sequence[Slice]) -> Told:
        """Yields the sums of the slices of an underlying. Needs: it is the list of last time, or one made anew."""
        found = self._of_slices.get(underlying)
        if found is None or found.slices is not slices:
            found = self._of_slices[underlying] = _OfSlices(slices)
        for place in range(found.upto, len(slices)):
            each = slices[place]
            cell = Cell(each.owner, underlying, each.day, self._accounts.get(each.closing))
            _sums(found.cells, cell).add_slice(each)
        found.upto = len(slices)
        yield from found.cells.items()

    def of_costs(self, costs: Iterable[CostFact]) -> Told:
        """Yields the sums of all costs. Needs: `costs` are those that were taken and stand."""
        revised = any(self._marks.revision(asset) != revision for asset, revision in self._revisions.items())
        if revised or not self._costs_are_whole:
            self._waiting, self._of_costs = list(costs), {}
            self._revisions.clear()
            self._homeless.clear()
            self._costs_are_whole = True
        for cost in self._waiting:
            self._add(cost)
        self._waiting = []
        yield from self._of_costs.items()

    def _add(self, cost: CostFact) -> None:
        if (account := self._accounts.get(cost.ref)) is None:
            self._homeless[cost.ref] = None
        usd = cost_in_usd(cost, self._marks)
        priced = _priced_by(cost)
        self._revisions[priced] = self._marks.revision(priced)
        cell = Cell(cost.owner, cost.underlying, eastern_date_or_none(cost.at), account)
        _sums(self._of_costs, cell).add_cost(cost, usd)


def _sums(cells: Filled, cell: Cell) -> Sums:
    found = cells.get(cell)
    if found is None:
        found = cells[cell] = Sums()
    return found


def cost_in_usd(cost: CostFact, marks: Marks) -> Money | None:
    """Returns the value of a cost; None when its amount or its price is not known."""
    mark = marks.price_at(_priced_by(cost), cost.at)
    if cost.amount is None or mark is None:
        return None
    try:
        return Money(cut(cost.amount * (ONE if cost.each is None else cost.each) * mark, decimals=USD_DECIMALS))
    except DecimalException:
        return None


def _priced_by(cost: CostFact) -> AssetId:
    """Returns the asset whose mark says what a cost is worth in USD."""
    return cost.asset if cost.each is None else cost.each_in
