"""The self-audit: profit and loss against the ledger, two folds of one journal that must tell the same story."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from flatbook.projections.accounts import FEES, FUNDING, GAS, LedgerAccount, cash, position
from flatbook.projections.ledger import Balances, Ledger, balances, trial_balance
from flatbook.projections.lots import Bucket, cost_of, net_of
from flatbook.projections.marks import Marks
from flatbook.projections.pnl import Matching, Pnl
from flatbook.values.ids import AssetId, OwnerId, Underlying
from flatbook.values.money import ZERO

TOLERANCE_USD = Decimal("0.000001")

Moved = dict[LedgerAccount, Decimal | None]
Results = dict[Underlying, Decimal | None]


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """Both books of one underlying, compared.

    Units: cash_difference in USD: what trades paid less what they received by the ledger, less what open lots cost,
    plus results, less what stated positions took out of the lots; None where a trade has no value. qty_difference in
    underlying: the ledger's positions less the open lots, in size, summed over the owners. `refused` counts the facts
    that profit and loss could not match.
    """

    underlying: Underlying
    cash_difference: Decimal | None
    qty_difference: Decimal
    refused: int

    @property
    def is_sound(self) -> bool:
        """Whether both books agree within the tolerance."""
        cash_difference = self.cash_difference
        return not self.qty_difference and cash_difference is not None and abs(cash_difference) <= TOLERANCE_USD


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison of the whole books.

    Units: cost_differences in units of each asset: fees, funding and gas in the ledger less those in profit and loss,
    only where they differ. `unbalanced` names the assets whose trial balance is not zero.
    """

    lines: tuple[AuditLine, ...]
    cost_differences: dict[AssetId, Decimal]
    unbalanced: tuple[AssetId, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every comparison holds."""
        return not self.unbalanced and not self.cost_differences and all(line.is_sound for line in self.lines)


def audit(ledger: Ledger, pnl: Pnl) -> Audit:
    """Compares profit and loss with the ledger.

    Needs: both are folds of the same prefix of one journal.
    """
    moved, held = _cash_moved(ledger, pnl.marks), balances(ledger)
    results = _results(pnl)
    return Audit(
        lines=tuple(_line(pnl, underlying, (moved, held, results)) for underlying in pnl.underlyings()),
        cost_differences=_cost_differences(held, pnl),
        unbalanced=tuple(line.asset for line in trial_balance(ledger) if line.difference),
    )


def _cash_moved(ledger: Ledger, marks: Marks) -> Moved:
    """Returns what was paid less what was received per cash account, in USD; None where a mark is missing."""
    sums: Moved = {}
    for (account, asset), line in ledger.sums.lines.items():
        if line.moved is None:
            continue
        sums[account] = _sum((sums.get(account, ZERO), line.moved.in_usd(asset, marks)))
    return sums


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    total = ZERO
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _results(pnl: Pnl) -> Results:
    """Returns the results of each underlying after fees in kind and before other costs, None without a value."""
    results: Results = {}
    for cell, sums in pnl.cells():
        if cell.underlying is not None:
            traded = sum(sums.buckets.values(), ZERO) - sums.buckets.get(Bucket.IN_KIND, ZERO)
            found = None if sums.unpriced else traded
            results[cell.underlying] = _sum((results.get(cell.underlying, ZERO), found))
    return results


def _line(pnl: Pnl, underlying: Underlying, told: tuple[Moved, Balances, Results]) -> AuditLine:
    moved, held, results = told
    matching = pnl.matching(underlying)
    owners = sorted(dict.fromkeys((*matching.lots, *pnl.owners(underlying))))
    paid = _sum(moved.get(cash(owner, underlying), ZERO) for owner in owners)
    explained = _explained(matching, results.get(underlying, ZERO))
    return AuditLine(
        underlying=underlying,
        cash_difference=None if paid is None or explained is None else paid - explained,
        qty_difference=sum((abs(_qty_difference(matching, owner, underlying, held)) for owner in owners), ZERO),
        refused=len(matching.refused),
    )


def _explained(matching: Matching, results: Decimal | None) -> Decimal | None:
    """Returns what open lots cost, less results, plus what stated positions took out of the lots, in USD."""
    return _sum(
        (
            _sum(cost_of(lots) for lots in matching.lots.values()),
            None if results is None else -results,
            _sum(each.cleared_usd for each in matching.restated),
            _sum(None if each.seeded_usd is None else -each.seeded_usd for each in matching.restated),
        )
    )


def _qty_difference(matching: Matching, owner: OwnerId, underlying: Underlying, held: Balances) -> Decimal:
    in_ledger = held.get((position(owner, underlying), AssetId(underlying)), ZERO)
    return in_ledger - net_of(matching.lots.get(owner, ()))


def _cost_differences(held: Balances, pnl: Pnl) -> dict[AssetId, Decimal]:
    sums: dict[AssetId, Decimal] = {}
    for (account, asset), amount in held.items():
        if account.startswith((FEES, FUNDING, GAS)):
            sums[asset] = sums.get(asset, ZERO) + amount
    for asset, amount in pnl.cost_amounts().items():
        sums[asset] = sums.get(asset, ZERO) - amount
    return {asset: difference for asset, difference in sorted(sums.items()) if difference}
