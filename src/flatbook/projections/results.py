"""Results of profit and loss: by bucket, cost and day, with what is missing counted and never taken for zero."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from flatbook.projections.cells import Cell, CostSum, Sums
from flatbook.projections.days import DayWindow, day_window, eastern_date_or_none
from flatbook.projections.facts import CostFact, CostKind
from flatbook.projections.lots import USD_DECIMALS, Bucket, Lot, Slice
from flatbook.projections.pnl import Pnl, Refused
from flatbook.values.ids import AccountId, OwnerId, Underlying
from flatbook.values.money import ZERO, Money, divide_cut

PERCENT_DAYS_A_YEAR = 36_500

NetKey = tuple[OwnerId, Underlying]


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Which results are asked for; None means all. Days are US Eastern dates, both included."""

    owner: OwnerId | None = None
    underlying: Underlying | None = None
    first: date | None = None
    last: date | None = None


EVERYTHING = Scope()


class CostTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of cost came to.

    Units: usd is the sum of the observations whose value is known; `missing` of all observations have none.
    """

    usd: Money
    observations: int
    missing: int


class OpenLot(msgspec.Struct, frozen=True, kw_only=True):
    """A lot that is still open, with whose it is."""

    owner: OwnerId
    underlying: Underlying
    lot: Lot


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Realised results over a scope.

    Units: USD. gross is the sum of the buckets, net is gross less all costs that are known. `unpriced` slices have no
    result because a value is missing; they are in no sum. A scope of one underlying holds no gas, which is paid for
    an owner's transactions and not for a share.
    """

    buckets: dict[Bucket, Money]
    costs: dict[CostKind, CostTotal]
    slices: int
    unpriced: int

    @property
    def gross(self) -> Money:
        """The sum of the buckets."""
        return Money(sum(self.buckets.values(), ZERO))

    @property
    def cost(self) -> Money:
        """The sum of the known costs."""
        return Money(sum((total.usd for total in self.costs.values()), ZERO))

    @property
    def missing(self) -> int:
        """How many observed costs have no value."""
        return sum(total.missing for total in self.costs.values())

    @property
    def net(self) -> Money:
        """Gross less the known costs."""
        return Money(self.gross - self.cost)


class DayLine(msgspec.Struct, frozen=True, kw_only=True):
    """The results of one US Eastern day, and the running net up to its end.

    Units: USD. What is realised counts on the day of the closing trade.
    """

    window: DayWindow
    totals: Totals
    running_net: Money


class AccountLine(msgspec.Struct, frozen=True, kw_only=True):
    """The results that were realised at one account; None where no trade stands behind them.

    Units: USD. What is realised counts at the account of the closing trade, a fee at that of its execution.
    """

    account: AccountId | None
    totals: Totals


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What the results do not know.

    `early` trades were valued with a mark stated after them; `assumed` ones have a quantity by an assumed ratio.
    """

    refused: tuple[Refused, ...]
    early: int
    assumed: int


def slices_of(pnl: Pnl, scope: Scope = EVERYTHING) -> tuple[Slice, ...]:
    """Returns the closed slices of a scope in the order in which they closed."""
    found = [
        each
        for underlying in underlyings_of(pnl, scope)
        for each in _from_first_day(pnl.matching(underlying).slices, scope)
        if _is_owned(scope, each.owner) and is_within(scope, each.day)
    ]
    return tuple(sorted(found, key=lambda each: (each.closed_at, each.closing)))


def _from_first_day(slices: Sequence[Slice], scope: Scope) -> Sequence[Slice]:
    """Leaves out what closed before the first day of a scope. Needs: the slices in the order in which they closed."""
    if scope.first is None:
        return slices
    start = day_window(scope.first).start
    return slices[bisect_left(slices, start, key=lambda each: each.closed_at) :]


def costs_of(pnl: Pnl, scope: Scope = EVERYTHING, *, in_kind: bool) -> Iterator[CostFact]:
    """Yields the costs of a scope: those that were taken of what was traded, or all others."""
    for cost in pnl.costs(scope.underlying):
        is_meant = cost.in_kind is in_kind and _is_owned(scope, cost.owner)
        if is_meant and is_within(scope, eastern_date_or_none(cost.at)):
            yield cost


def totals_of(pnl: Pnl, scope: Scope = EVERYTHING) -> Totals:
    """Returns the results of a scope."""
    return _totals(sums for _, sums in _cells(pnl, scope))


def days_of(pnl: Pnl, scope: Scope = EVERYTHING) -> tuple[DayLine, ...]:
    """Returns the results of each day that has any, in order; the running net starts at zero with the scope."""
    days: dict[date, list[Sums]] = {}
    for cell, sums in _cells(pnl, scope):
        if cell.day is not None:
            days.setdefault(cell.day, []).append(sums)
    lines, running = [], ZERO
    for day in sorted(days):
        totals = _totals(days[day])
        running += totals.net
        lines.append(DayLine(window=day_window(day), totals=totals, running_net=Money(running)))
    return tuple(lines)


def accounts_of(pnl: Pnl, scope: Scope = EVERYTHING) -> tuple[AccountLine, ...]:
    """Returns the results of each account that has any, those of none last. Their sum is the results of the scope."""
    accounts: dict[AccountId | None, list[Sums]] = {}
    for cell, sums in _cells(pnl, scope):
        accounts.setdefault(cell.account, []).append(sums)
    names = sorted(accounts, key=lambda name: (name is None, name or ""))
    return tuple(AccountLine(account=name, totals=_totals(accounts[name])) for name in names)


def nets_of(pnl: Pnl, scope: Scope = EVERYTHING) -> dict[NetKey, Totals]:
    """Returns the results of each owner in each underlying that closed or paid anything, in alphabetical order."""
    nets: dict[NetKey, list[Sums]] = {}
    for cell, sums in _cells(pnl, scope):
        if cell.underlying is not None:
            nets.setdefault((cell.owner, cell.underlying), []).append(sums)
    return {key: _totals(nets[key]) for key in sorted(nets)}


def open_lots_of(pnl: Pnl, scope: Scope = EVERYTHING) -> tuple[OpenLot, ...]:
    """Returns the open lots of a scope by underlying and owner, oldest first; its days are left aside."""
    return tuple(
        OpenLot(owner=owner, underlying=underlying, lot=lot)
        for underlying in underlyings_of(pnl, scope)
        for owner, lots in sorted(pnl.matching(underlying).lots.items())
        if _is_owned(scope, owner)
        for lot in lots
    )


def coverage_of(pnl: Pnl, scope: Scope = EVERYTHING) -> Coverage:
    """Returns what the results of a scope do not know; its days and owner are left aside."""
    underlyings = underlyings_of(pnl, scope)
    matchings = [pnl.matching(underlying) for underlying in underlyings]
    return Coverage(
        refused=tuple(refused for matching in matchings for refused in matching.refused),
        early=sum(matching.early for matching in matchings),
        assumed=sum(pnl.assumed(underlying) for underlying in underlyings),
    )


def annual_return_pct(days: Sequence[tuple[Money | None, Money | None]]) -> Decimal | None:
    """Returns the return on capital of (result, capital) days as percent a year, cut to 18 decimals.

    Units: USD; percent.
    Gives: only days that have both count, on either side; None where no such day has capital.
    Source: 100 * 365 * sum of results / sum of capital.
    """
    usable = [(result, capital) for result, capital in days if result is not None and capital is not None]
    capital = sum((capital for _, capital in usable), ZERO)
    result = sum((result for result, _ in usable), ZERO)
    return divide_cut(result * PERCENT_DAYS_A_YEAR, capital, decimals=USD_DECIMALS) if capital else None


def underlyings_of(pnl: Pnl, scope: Scope) -> tuple[Underlying, ...]:
    """Returns the underlyings of a scope, in alphabetical order."""
    return pnl.underlyings() if scope.underlying is None else (scope.underlying,)


def _is_owned(scope: Scope, owner: OwnerId) -> bool:
    return scope.owner is None or scope.owner == owner


def is_within(scope: Scope, day: date | None) -> bool:
    """Returns whether a day is in the scope; a fact without a day is in scopes without bounds only."""
    if day is None:
        return scope.first is None and scope.last is None
    return (scope.first is None or scope.first <= day) and (scope.last is None or day <= scope.last)


def _cells(pnl: Pnl, scope: Scope) -> Iterator[tuple[Cell, Sums]]:
    """Yields the running sums of a scope; costs of no underlying are in scopes of all of them only."""
    for cell, sums in pnl.cells():
        if _is_owned(scope, cell.owner) and scope.underlying in (None, cell.underlying) and is_within(scope, cell.day):
            yield cell, sums


def _totals(parts: Iterable[Sums]) -> Totals:
    whole = Sums()
    for part in parts:
        whole.add(part)
    return Totals(
        buckets={bucket: Money(whole.buckets.get(bucket, ZERO)) for bucket in Bucket},
        costs={kind: _cost_total(whole.costs.get(kind, CostSum())) for kind in CostKind},
        slices=whole.slices,
        unpriced=whole.unpriced,
    )


def _cost_total(cost: CostSum) -> CostTotal:
    return CostTotal(usd=Money(cost.usd), observations=cost.observations, missing=cost.missing)
