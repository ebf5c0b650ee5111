"""Cases of kinds `pnl_fifo`, `pnl_buckets` and `live_tests`: trades to lots, results by bucket, costs and days."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flatbook.projections.days import day_window, eastern_date
from flatbook.projections.facts import CostFact, CostKind, Fact, StatedFact, TradeFact
from flatbook.projections.lots import (
    FactRefused,
    Lots,
    Place,
    Slice,
    Trade,
    check_trade,
    match_trade,
    net_of,
    price_of,
    value_at_price,
)
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import annual_return_pct, open_lots_of, slices_of, totals_of
from flatbook.values.ids import AccountId, AssetId, EventRef, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Money, Price, Quantity, parse_number, plain
from tests.vectors.hedge import run_live_fills
from tests.vectors.outcome import Case, NotDue, Runner, differing

OWNER = OwnerId("owner")
SYMBOL = Underlying("SHARE")
USD = AssetId("USD")
START = instant_of_text("2026-05-15T14:00:00Z")
ROWID_DIGITS = 12
COSTS = {
    "bot_gas": CostKind.GAS,
    "broker_fees": CostKind.BROKER_FEE,
    "tokenization_fees": CostKind.TOKENIZATION,
    "cctp_fees": CostKind.BRIDGE,
}
MISSING = "missing_cost_observations"
BUCKET_FIELDS = {"id", "kind", "op", "fn", "provenance", "real", "note", "profile", "rows", "costs", "expected"}


def run_fifo(case: Case) -> str | None:
    """Compares what each trade of a case realises, and the net it leaves."""
    found = _fifo_outcomes(case["trades"])
    expected = case["expected"]
    if not isinstance(expected, list) or len(expected) != len(found):
        return f"expected one outcome for each of {len(found)} trades"
    for number, (wanted, outcome) in enumerate(zip(expected, found, strict=True)):
        failure = _differing_outcome(wanted, outcome)
        if failure is not None:
            return f"trade {number}: {failure}"
    return None


def run_buckets(case: Case) -> str | None:
    """Compares the results of a case's rows by bucket, cost and day."""
    if "days" in case:
        return differing({"expected": case["expected"]}, {"expected": _annual_return(case["days"])})
    unknown = sorted(set(case) - BUCKET_FIELDS)
    if unknown:
        raise NotDue(f"the product has no place for {', '.join(unknown)} yet")
    must_fail = _must_fail(case["expected"])
    expected = {} if must_fail else _with_instants(case["expected"])
    try:
        found = _figures(case["rows"], _costs_of(case, expected))
    except FactRefused as refused:
        return None if must_fail else str(refused)
    if must_fail:
        return f"must fail, found {found['realized']}"
    if not set(expected) & set(found):
        raise NotDue(f"the product has no figure for {', '.join(expected)} yet")
    return differing(expected, found)


def run_live(case: Case) -> str | None:
    """Compares a live record by what it holds: trades, fills or a broker's answer."""
    for field, run in LIVE_RUNNERS.items():
        if field in case:
            return run(case)
    raise NotDue("the product has no place for this record yet")


def _fees(case: Case) -> str | None:
    """Compares the result of trades with fees, and what stays open."""
    trades = case["trades"]
    lots, slices = _matched([trade[:3] for trade in trades])
    fees = sum((_number(trade[3]) for trade in trades if len(trade) > 3), ZERO)
    gross = _realised(slices)
    found = {
        "gross": gross,
        "net": gross - fees,
        "fees": fees,
        "remaining": " + ".join(f"{plain(lot.qty)} @ {plain(price_of(lot.usd, lot.qty) or ZERO)}" for lot in lots),
    }
    return differing(case["expected"], found)


LIVE_RUNNERS: dict[str, Runner] = {"trades": _fees, "fills": run_live_fills}


def _number(value: Any) -> Decimal:
    return parse_number(str(value))


def _trade(number: int, row: Sequence[Any]) -> Trade:
    side, qty, price = row[0], Quantity(_number(row[1])), Price(_number(row[2]))
    at = Instant(START + number * NS_PER_S)
    trade = Trade(
        ref=_ref(number),
        owner=OWNER,
        underlying=SYMBOL,
        place=Place.OFFCHAIN,
        side=Side(side),
        qty=qty,
        usd=value_at_price(qty, price),
        at=at,
        day=eastern_date(at),
        order_id=None,
    )
    return check_trade(trade)


def _matched(rows: Sequence[Sequence[Any]]) -> tuple[Lots, list[Slice]]:
    lots: Lots = deque()
    slices = [each for number, row in enumerate(rows) for each in match_trade(lots, _trade(number, row))]
    return lots, slices


def _realised(slices: Sequence[Slice]) -> Decimal:
    return sum((each.realised or ZERO for each in slices), ZERO)


def _fifo_outcomes(rows: Sequence[Sequence[Any]]) -> list[dict[str, Any] | None]:
    """Returns what each trade realised (None: it only opened), in sum, and the net behind it; None if refused."""
    lots: Lots = deque()
    total, outcomes = ZERO, list[dict[str, Any] | None]()
    for number, row in enumerate(rows):
        try:
            slices = match_trade(lots, _trade(number, row))
        except FactRefused:
            outcomes.append(None)
            continue
        realised = _realised(slices)
        total += realised
        outcomes.append({"realized": realised if slices else None, "cumulative": total, "net": net_of(lots)})
    return outcomes


def _must_fail(wanted: Any) -> bool:
    return wanted == "error" or (isinstance(wanted, dict) and "error" in wanted)


def _differing_outcome(wanted: Any, outcome: dict[str, Any] | None) -> str | None:
    must_fail = _must_fail(wanted)
    if must_fail or outcome is None:
        return None if must_fail and outcome is None else f"expected {wanted}, found {outcome or 'an error'}"
    return differing(wanted if isinstance(wanted, dict) else {"realized": wanted}, outcome)


def _ref(rowid: int) -> EventRef:
    return EventRef(f"{rowid:0{ROWID_DIGITS}d}")


def _with_instants(expected: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: instant_of_text(value) if name in ("window_start", "window_end") else value
        for name, value in expected.items()
    }


def _costs_of(case: Case, expected: Mapping[str, Any]) -> dict[CostKind, list[Money | None]]:
    """Returns the cost observations of a case.

    Cases that state no costs name them only in what they expect: those amounts go in, and sums, gaps and net results
    must come out.
    """
    if "costs" in case:
        stated: dict[CostKind, list[Money | None]] = {}
        for cost in case["costs"]:
            amount = None if cost.get("amount") is None else Money(_number(cost["amount"]))
            stated.setdefault(COSTS[cost["kind"]], []).append(amount)
        return stated
    named = [name for name in COSTS if name in expected]
    observed = {COSTS[name]: [Money(_number(expected[name]))] if _number(expected[name]) else [] for name in named}
    gaps = [None] * int(expected.get(MISSING, 0))
    return {kind: [*amounts, *(gaps if not number else [])] for number, (kind, amounts) in enumerate(observed.items())}


def _figures(rows: Sequence[Mapping[str, Any]], costs: Mapping[CostKind, Sequence[Money | None]]) -> dict[str, Any]:
    pnl = Pnl()
    for number, fact in enumerate(_facts(rows, costs)):
        pnl.take(str(number), fact)
    totals, slices = totals_of(pnl), slices_of(pnl)
    figures: dict[str, Any] = {bucket.value: usd for bucket, usd in totals.buckets.items()}
    figures |= {"gross": totals.gross, "total": totals.gross, "realized": totals.gross, "net": totals.net}
    figures |= {name: totals.costs[kind].usd for name, kind in COSTS.items()}
    figures |= {"tracked": totals.cost, MISSING: totals.missing, "entries": len(slices)}
    for side, name in ((Side.BUY, "open_long"), (Side.SELL, "open_short")):
        figures[name] = sum((each.lot.qty for each in open_lots_of(pnl) if each.lot.side is side), ZERO)
    if slices:
        figures |= {"opening_rowid": Decimal(slices[-1].opening), "closing_rowid": Decimal(slices[-1].closing)}
        figures["delayed"] = any(each.delayed for each in slices)
    if rows:
        window = day_window(eastern_date(max(instant_of_text(row["at"]) for row in rows)))
        figures |= {"label": window.day.isoformat(), "window_start": window.start, "window_end": window.end}
    return figures


def _facts(rows: Sequence[Mapping[str, Any]], costs: Mapping[CostKind, Sequence[Money | None]]) -> list[Fact]:
    facts: list[Fact] = []
    net, at = ZERO, START
    for row in sorted(rows, key=lambda row: (instant_of_text(row["at"]), row["rowid"])):
        at = instant_of_text(row["at"])
        if row["venue"] == Place.MANUAL.value:
            facts.append(_stated(row, at, change=_number(row["target_net"]) - net))
            net = _number(row["target_net"])
        else:
            facts.append(_trade_fact(row, at))
            net += _number(row.get("shares", "1")) * Side(row["side"]).sign
    return facts + [_cost(kind, amount, at) for kind, amounts in costs.items() for amount in amounts]


def _stated(row: Mapping[str, Any], at: Instant, *, change: Decimal) -> StatedFact:
    price = None if row.get("price") is None else Price(_number(row["price"]))
    ref = _ref(row["rowid"])
    return StatedFact(ref=ref, owner=OWNER, underlying=SYMBOL, change=Quantity(change), price=price, at=at)


def _trade_fact(row: Mapping[str, Any], at: Instant) -> TradeFact:
    qty, price = Quantity(_number(row.get("shares", "1"))), Price(_number(row["price"]))
    return TradeFact(
        ref=_ref(row["rowid"]),
        owner=OWNER,
        account=AccountId(row["venue"]),
        instrument=InstrumentId(row["venue"]),
        underlying=Underlying(row.get("symbol", SYMBOL)),
        place=Place(row["venue"]),
        side=Side(row["side"]),
        qty=qty,
        money=value_at_price(qty, price),
        asset=USD,
        assumed=False,
        order_id=None,
        at=at,
    )


def _cost(kind: CostKind, amount: Money | None, at: Instant) -> CostFact:
    return CostFact(
        ref=EventRef(kind.value),
        kind=kind,
        owner=OWNER,
        underlying=None,
        order_id=None,
        asset=USD,
        amount=amount,
        each=None,
        at=at,
    )


def _annual_return(days: Sequence[Mapping[str, Any]]) -> Decimal | None:
    def money(value: Any) -> Money | None:
        return None if value is None else Money(_number(value))

    return annual_return_pct([(money(day.get("pnl")), money(day.get("capital"))) for day in days])
