"""What was earned, out of what, at what cost, and what is not known."""

from __future__ import annotations

from datetime import date

import msgspec
from msgspec.structs import replace

from flatbook.api.answers.moment import Answer, AsOf, instant_or_none
from flatbook.api.answers.positions import number_or_none
from flatbook.api.courtesy import one_by_one
from flatbook.projections.accounts import SUSPENSE
from flatbook.projections.audit import audit
from flatbook.projections.edges import NO_EDGES, EdgeTotals, Evidence, edge_totals
from flatbook.projections.held import Held, held_of
from flatbook.projections.ledger import Ledger, suspense_items, trial_balance
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import NetKey, Scope, Totals, accounts_of, coverage_of, days_of, nets_of, totals_of
from flatbook.values.instants import NS_PER_S, Instant, text_of_instant
from flatbook.values.money import plain


class CostBody(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of cost came to. Units: USD; `missing` of all observations have no value and are in no sum."""

    usd: str
    observations: int
    missing: int


class TotalsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Realised results. Units: USD; net is gross less the known costs; `unpriced` slices are in no sum."""

    net_usd: str
    gross_usd: str
    cost_usd: str
    buckets_usd: dict[str, str]
    costs: dict[str, CostBody]
    slices: int
    unpriced: int


class PnlLineBody(msgspec.Struct, frozen=True, kw_only=True):
    """Results of an owner in an underlying, with the edge of its hedges taken apart. Units: USD; qty in underlying."""

    owner: str
    underlying: str
    hedges: int
    hedged_qty: str
    edge_usd: str
    margin_usd: str | None
    margin_usd_missing: int
    basis_usd: str | None
    basis_usd_missing: int
    slippage_usd: str | None
    slippage_usd_missing: int
    net_usd: str
    gross_usd: str
    cost_usd: str
    buckets_usd: dict[str, str]
    costs: dict[str, CostBody]
    slices: int
    unpriced: int


class HeldBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an owner still holds of an underlying, in no sum of results, and what it is worth.

    `price_from` says what it is valued at, `price_at` since when that was so; None where nothing says.
    Units: qty in underlying, signed; USD: cost above zero for what was bought, below for what was sold short, and None
    where a value is missing; unrealised is value less cost, before costs.
    """

    owner: str
    underlying: str
    qty: str
    lots: int
    cost_usd: str | None
    price_usd: str | None
    price_from: str | None
    price_at: str | None
    value_usd: str | None
    unrealised_usd: str | None


class AccountPnlBody(msgspec.Struct, frozen=True, kw_only=True):
    """Results that were realised at one account, None where no trade stands behind them. Units: USD."""

    account: str | None
    net_usd: str
    gross_usd: str
    cost_usd: str
    slices: int
    unpriced: int


class DayBody(msgspec.Struct, frozen=True, kw_only=True):
    """Results of one day in New York, and the running net up to its end. Units: USD."""

    day: str
    net_usd: str
    gross_usd: str
    cost_usd: str
    running_net_usd: str


class RefusedFactBody(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that could not be matched, and why."""

    ref: str
    why: str


class CoverageBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the results do not know: marks stated late, assumed quantities, and facts that could not be matched."""

    early_marks: int
    assumed_quantities: int
    refused: list[RefusedFactBody]


class TrialBody(msgspec.Struct, frozen=True, kw_only=True):
    """The trial balance of one asset, in units of it."""

    asset: str
    debits: str
    credits: str
    difference: str


class LedgerBody(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the ledger balances, and agrees with profit and loss."""

    balances: bool
    agrees_with_pnl: bool
    trial: list[TrialBody]


class SuspenseBody(msgspec.Struct, frozen=True, kw_only=True):
    """What moved and is not explained yet, and since when. Units: amount in units of the asset; seconds."""

    subject: str
    asset: str
    amount: str
    since: str
    age_s: int
    ref: str


class AskedDays(msgspec.Struct, frozen=True, kw_only=True):
    """The first and the last day that were asked for, in New York; None where none was named."""

    first: str | None
    last: str | None


class PnlAnswer(Answer, frozen=True, kw_only=True):
    """Profit and loss in all, on the last day, by owner and underlying, by account, and by day; and what is held."""

    asked: AskedDays
    day: str | None
    total: TotalsBody
    today: TotalsBody | None
    lines: list[PnlLineBody]
    accounts: list[AccountPnlBody]
    days: list[DayBody]
    held: list[HeldBody]
    coverage: CoverageBody
    ledger: LedgerBody
    suspense: list[SuspenseBody]


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """The folds that results are told from."""

    pnl: Pnl
    evidence: Evidence
    ledger: Ledger


def pnl_answer(books: Books, moment: AsOf, scope: Scope, today: date | None, at: Instant | None) -> PnlAnswer:
    """Returns the results of a scope. `today` is the day that counts as today, `at` the end of what was folded."""
    results = books.pnl
    of_today = None if today is None else replace(scope, first=today, last=today)
    coverage = coverage_of(results, scope)
    return PnlAnswer(
        as_of=moment,
        asked=AskedDays(first=_day_or_none(scope.first), last=_day_or_none(scope.last)),
        day=_day_or_none(today),
        total=totals_body(totals_of(results, scope)),
        today=None if of_today is None else totals_body(totals_of(results, of_today)),
        lines=_lines(books, scope),
        accounts=_accounts(results, scope),
        days=_days(results, scope),
        held=[_held(each) for each in one_by_one(held_of(results, scope))],
        coverage=CoverageBody(
            early_marks=coverage.early,
            assumed_quantities=coverage.assumed,
            refused=[RefusedFactBody(ref=each.ref, why=each.why) for each in coverage.refused],
        ),
        ledger=_ledger(books.ledger, results),
        suspense=_suspense(books.ledger, at),
    )


def _day_or_none(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def totals_body(totals: Totals) -> TotalsBody:
    """Returns results as programs read them."""
    return TotalsBody(
        net_usd=plain(totals.net),
        gross_usd=plain(totals.gross),
        cost_usd=plain(totals.cost),
        buckets_usd={bucket.value: plain(amount) for bucket, amount in totals.buckets.items()},
        costs={
            kind.value: CostBody(usd=plain(cost.usd), observations=cost.observations, missing=cost.missing)
            for kind, cost in totals.costs.items()
        },
        slices=totals.slices,
        unpriced=totals.unpriced,
    )


def _lines(books: Books, scope: Scope) -> list[PnlLineBody]:
    """Returns one line per (owner, underlying) that closed or paid anything, with the edge of its hedges."""
    edges = edge_totals(books.pnl, books.evidence, scope)
    return [
        _line(key, edges.get(key, NO_EDGES), totals_body(totals))
        for key, totals in one_by_one(nets_of(books.pnl, scope).items())
    ]


def _line(key: NetKey, edges: EdgeTotals, totals: TotalsBody) -> PnlLineBody:
    owner, underlying = key
    return PnlLineBody(
        owner=owner,
        underlying=underlying,
        hedges=edges.hedges,
        hedged_qty=plain(edges.qty),
        edge_usd=plain(edges.edge_usd),
        margin_usd=number_or_none(edges.margin_usd),
        margin_usd_missing=edges.hedges - edges.priced,
        basis_usd=number_or_none(edges.basis_usd),
        basis_usd_missing=edges.hedges - edges.priced,
        slippage_usd=number_or_none(edges.slippage_usd),
        slippage_usd_missing=edges.hedges - edges.decided,
        **{name: getattr(totals, name) for name in totals.__struct_fields__},
    )


def _held(held: Held) -> HeldBody:
    return HeldBody(
        owner=held.owner,
        underlying=held.underlying,
        qty=plain(held.qty),
        lots=held.lots,
        cost_usd=number_or_none(held.cost),
        price_usd=number_or_none(held.price),
        price_from=None if held.price_from is None else held.price_from.value,
        price_at=instant_or_none(held.price_at),
        value_usd=number_or_none(held.value),
        unrealised_usd=number_or_none(held.unrealised),
    )


def _accounts(results: Pnl, scope: Scope) -> list[AccountPnlBody]:
    return [
        AccountPnlBody(
            account=line.account,
            net_usd=plain(line.totals.net),
            gross_usd=plain(line.totals.gross),
            cost_usd=plain(line.totals.cost),
            slices=line.totals.slices,
            unpriced=line.totals.unpriced,
        )
        for line in accounts_of(results, scope)
    ]


def _days(results: Pnl, scope: Scope) -> list[DayBody]:
    return [
        DayBody(
            day=line.window.day.isoformat(),
            net_usd=plain(line.totals.net),
            gross_usd=plain(line.totals.gross),
            cost_usd=plain(line.totals.cost),
            running_net_usd=plain(line.running_net),
        )
        for line in days_of(results, scope)
    ]


def _ledger(ledger: Ledger, results: Pnl) -> LedgerBody:
    audited = audit(ledger, results)
    return LedgerBody(
        balances=not audited.unbalanced,
        agrees_with_pnl=audited.is_sound,
        trial=[
            TrialBody(
                asset=line.asset,
                debits=plain(line.debits),
                credits=plain(line.credits),
                difference=plain(line.difference),
            )
            for line in trial_balance(ledger)
        ],
    )


def _suspense(ledger: Ledger, at: Instant | None) -> list[SuspenseBody]:
    """Returns what stands in suspense at the end of the journal, the oldest first."""
    return [
        SuspenseBody(
            subject=item.account.removeprefix(SUSPENSE),
            asset=item.asset,
            amount=plain(item.amount),
            since=text_of_instant(item.since),
            age_s=item.age_ns // NS_PER_S,
            ref=item.ref,
        )
        for item in suspense_items(ledger, now=Instant(0) if at is None else at)
    ]
