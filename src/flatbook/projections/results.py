"""Results of profit and loss: by bucket, cost and day, with what is missing counted and never taken for zero."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from flatbook.projections.days import DayWindow, day_window, eastern_date_or_none
from flatbook.projections.facts import CostFact, CostKind
from flatbook.projections.lots import USD_DECIMALS, Bucket, Lot, Slice
from flatbook.projections.marks import Marks
from flatbook.projections.pnl import Pnl, Refused
from flatbook.values.ids import AccountId, OwnerId, Underlying
from flatbook.values.money import ZERO, Money, cut, divide_cut

PERCENT_DAYS_A_YEAR = 36_500


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
        for each in pnl.matching(underlying).slices
        if _is_owned(scope, each.owner) and is_within(scope, each.day)
    ]
    return tuple(sorted(found, key=lambda each: (each.closed_at, each.closing)))


def totals_of(pnl: Pnl, scope: Scope = EVERYTHING) -> Totals:
    """Returns the results of a scope."""
    return _totals(slices_of(pnl, scope), [cost for _, cost in _costs(pnl, scope)], pnl.marks)


def days_of(pnl: Pnl, scope: Scope = EVERYTHING) -> tuple[DayLine, ...]:
    """Returns the results of each day that has any, in order; the running net starts at zero with the scope."""
    slices: dict[date, list[Slice]] = {}
    costs: dict[date, list[CostFact]] = {}
    for each in slices_of(pnl, scope):
        slices.setdefault(each.day, []).append(each)
    for day, cost in _costs(pnl, scope):
        if day is not None:
            costs.setdefault(day, []).append(cost)
    lines, running = [], ZERO
    for day in sorted(slices | costs):
        totals = _totals(slices.get(day, []), costs.get(day, []), pnl.marks)
        running += totals.net
        lines.append(DayLine(window=day_window(day), totals=totals, running_net=Money(running)))
    return tuple(lines)


def accounts_of(pnl: Pnl, scope: Scope = EVERYTHING) -> tuple[AccountLine, ...]:
    """Returns the results of each account that has any, those of none last. Their sum is the results of the scope."""
    held_at = {fact.ref: fact.account for each in underlyings_of(pnl, EVERYTHING) for fact in pnl.trades(each)}
    slices: dict[AccountId | None, list[Slice]] = {}
    costs: dict[AccountId | None, list[CostFact]] = {}
    for each in slices_of(pnl, scope):
        slices.setdefault(held_at.get(each.closing), []).append(each)
    for _, cost in _costs(pnl, scope):
        costs.setdefault(held_at.get(cost.ref), []).append(cost)
    names = sorted(slices | costs, key=lambda name: (name is None, name or ""))
    return tuple(
        AccountLine(account=name, totals=_totals(slices.get(name, []), costs.get(name, []), pnl.marks))
        for name in names
    )


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
        assumed=sum(fact.assumed for underlying in underlyings for fact in pnl.trades(underlying)),
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


def cost_in_usd(cost: CostFact, marks: Marks) -> Money | None:
    """Returns the value of a cost; None when its amount or its price is not known."""
    each = cost.usd_each if cost.usd_each is not None else marks.price_at(cost.asset, cost.at)
    if cost.amount is None or each is None:
        return None
    return Money(cut(cost.amount * each, decimals=USD_DECIMALS))


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


def _costs(pnl: Pnl, scope: Scope) -> Iterator[tuple[date | None, CostFact]]:
    for cost in pnl.costs(scope.underlying):
        if _is_owned(scope, cost.owner):
            day = eastern_date_or_none(cost.at)
            if is_within(scope, day):
                yield day, cost


def _totals(slices: Sequence[Slice], costs: Sequence[CostFact], marks: Marks) -> Totals:
    buckets = dict.fromkeys(Bucket, Money(ZERO))
    unpriced = 0
    for each in slices:
        if (realised := each.realised) is None:
            unpriced += 1
        else:
            buckets[each.bucket] = Money(buckets[each.bucket] + realised)
    by_kind = {kind: _cost_total([cost for cost in costs if cost.kind is kind], marks) for kind in CostKind}
    return Totals(buckets=buckets, costs=by_kind, slices=len(slices), unpriced=unpriced)


def _cost_total(costs: list[CostFact], marks: Marks) -> CostTotal:
    values = [cost_in_usd(cost, marks) for cost in costs]
    known = [value for value in values if value is not None]
    return CostTotal(usd=Money(sum(known, ZERO)), observations=len(values), missing=len(values) - len(known))
