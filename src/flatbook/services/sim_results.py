"""The results of a simulated desk, as its own read models make them of the journal that its world recorded."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from flatbook.projections.accounts import CASH, EXTERNAL, FEES, GAS, GOODS, HOLDINGS, SUSPENSE
from flatbook.projections.audit import audit
from flatbook.projections.fold import Recorded
from flatbook.projections.ledger import Ledger, balances, trial_balance
from flatbook.projections.lots import Bucket, cost_of, net_of
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import Scope, Totals, coverage_of, totals_of
from flatbook.sim.judges.results import Flows, NetResults, Results, SeatResults
from flatbook.sim.world.record import Appended, Record
from flatbook.sim.world.seat import SEAT_ACCOUNT
from flatbook.state.desk import State
from flatbook.values.ids import OwnerId, Seq, Underlying
from flatbook.values.money import ZERO, Money

_CLASSES = {
    HOLDINGS: ("held", 1),
    CASH: ("traded", -1),
    GOODS: ("traded", -1),
    FEES: ("charged", 1),
    GAS: ("charged", 1),
    EXTERNAL: ("opened", -1),
    SUSPENSE: ("unexplained", -1),
}


def results_of(record: Record) -> Results:
    """Returns what profit and loss and the ledger say at the end of a world."""
    pnl, ledger = Pnl(), Ledger(keeps_entries=False)
    for item in _journalled(record):
        pnl.apply(item)
        ledger.apply(item)
    totals = totals_of(pnl)
    return Results(
        nets=tuple(_nets(pnl)),
        flows=_flows(ledger),
        net_usd=totals.net,
        gaps=totals.unpriced + totals.missing + len(coverage_of(pnl).refused),
        agrees=audit(ledger, pnl).is_sound,
    )


def seat_results_of(record: Record, state: State) -> SeatResults:
    """Returns what the books of a desk at an exchange hold at the end of a world. `state` is the fold of its engine."""
    pnl, ledger = Pnl(), Ledger(keeps_entries=False)
    for item in _journalled(record):
        pnl.apply(item)
        ledger.apply(item)
    owned: dict[str, Decimal] = {}
    for row in state.positions.rows.values():
        owned[row.owner] = owned.get(row.owner, ZERO) + row.qty
    return SeatResults(
        held={
            asset: amount for (account, asset), amount in state.balances.items() if amount and account == SEAT_ACCOUNT
        },
        owned=owned,
        in_slots=sum((each.qty for slots in state.slots.values() for each in slots.values()), ZERO),
        agrees=audit(ledger, pnl).is_sound,
    )


def _journalled(record: Record) -> Iterator[Recorded]:
    for entry in record.entries:
        if isinstance(entry, Appended):
            for offset, event in enumerate(entry.events):
                yield Recorded(Seq(entry.first + offset), entry.believed_at, event)


def _nets(pnl: Pnl) -> Iterator[NetResults]:
    for underlying in pnl.underlyings():
        for owner in sorted(pnl.matching(underlying).lots):
            yield _net(pnl, owner, underlying)


def _net(pnl: Pnl, owner: OwnerId, underlying: Underlying) -> NetResults:
    """A venue in a simulation charges in cash: what a fee took in kind is in what the trades brought."""
    totals: Totals = totals_of(pnl, Scope(owner=owner, underlying=underlying))
    lots = pnl.matching(underlying).lots[owner]
    return NetResults(
        owner=owner,
        underlying=underlying,
        realised={bucket.value: usd for bucket, usd in totals.buckets.items() if bucket is not Bucket.IN_KIND},
        fees=Money(totals.cost - totals.buckets[Bucket.IN_KIND]),
        open_qty=net_of(lots),
        open_usd=cost_of(lots),
    )


def _flows(ledger: Ledger) -> dict[str, Flows]:
    sums: dict[str, dict[str, Decimal]] = {}
    for (account, asset), amount in balances(ledger).items():
        found = next((each for prefix, each in _CLASSES.items() if account.startswith(prefix)), None)
        if found is not None:
            name, sign = found
            of_asset = sums.setdefault(asset, {})
            of_asset[name] = of_asset.get(name, ZERO) + amount * sign
    for line in trial_balance(ledger):
        sums.setdefault(line.asset, {})["unbalanced"] = line.difference
    return {asset: Flows(**amounts) for asset, amounts in sorted(sums.items())}
