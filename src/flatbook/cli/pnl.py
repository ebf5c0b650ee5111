"""`flatbook pnl`: what was earned, out of what, at what cost, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, At, OwnerOption, SymbolOption, Where, says
from flatbook.cli.output import Column, Part, Table, ago, brief, cents, cents_in_sum, short, show

if TYPE_CHECKING:
    from flatbook.cli.reading import Past
    from flatbook.projections.results import Scope


def pnl(
    *,
    owner: OwnerOption = None,
    symbol: SymbolOption = None,
    first: Annotated[str | None, says("First day in New York, such as 2025-12-01.")] = None,
    last: Annotated[str | None, says("Last day in New York.")] = None,
    at: At = None,
    where: Where = HERE,
) -> None:
    """Shows what was earned in all and on the last day, per owner and underlying, first in first out.

    Counter is what trades on the other side closed in time, netting what takers closed among themselves, directional
    what lay open longer. What fees took of the traded asset itself is lost in these; in kind gives it back at the price
    of its execution, as it counts in the fees. The spread captured is what lies between the onchain price of a fill and
    the price of its hedge: margin up to a second price, such as a pool's, and basis from there to the hedge. Slippage
    cost is what hedges cost beyond the price that they were decided on, above zero when worse. Fees and gas are costs;
    what could not be valued is counted and never taken for zero. What moved and is not explained stands in suspense,
    with its age. The last line says whether the ledger balances.
    """
    from flatbook.cli.asked import check_known
    from flatbook.cli.reading import past_of
    from flatbook.projections.results import Scope
    from flatbook.values.ids import OwnerId, Underlying

    scope = Scope(
        owner=None if owner is None else OwnerId(owner),
        underlying=None if symbol is None else Underlying(symbol),
        first=_day(first, "--first"),
        last=_day(last, "--last"),
    )
    if scope.first is not None and scope.last is not None and scope.last < scope.first:
        raise Failed(Exit.USAGE, f"ends before {first} begins", where=f"--last {last}", do="name a later day")
    asked = {"first": first, "last": last}
    with past_of(where, at) as past:
        check_known(where, past, owner, symbol)
        question = {"owner": owner, "symbol": symbol, **asked}
        body = past.answer("pnl", question, lambda: _answer(past, scope))
    show("pnl", body, lambda: _parts(body), as_json=where.as_json)


def _answer(past: Past, scope: Scope) -> dict[str, Any]:
    from flatbook.api.answers.moment import body_of
    from flatbook.api.answers.pnl import Books, pnl_answer
    from flatbook.projections.edges import Evidence
    from flatbook.projections.fold import fold_all
    from flatbook.projections.ledger import Ledger
    from flatbook.projections.pnl import Pnl

    books = Books(pnl=Pnl(), evidence=Evidence(), ledger=Ledger(keeps_entries=False))
    fold_all((books.pnl, books.evidence, books.ledger), past.read())
    return body_of(pnl_answer(books, past.moment(), scope, _today(past.until.at, past.at), past.at))


def _day(text: str | None, name: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise Failed(Exit.USAGE, f"{text!r} is no day", where=name, do="write it as 2025-12-01") from error


def _today(asked: int | None, committed: int | None) -> date | None:
    """Returns the day in New York that counts as today: of the asked instant, or of the newest commit."""
    from flatbook.projections.days import eastern_date_or_none
    from flatbook.values.instants import Instant

    at = asked if asked is not None else committed
    return None if at is None else eastern_date_or_none(Instant(at))


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    from flatbook.cli.reading import as_of_line

    yield as_of_line(body)
    spans = [(_span(**body["asked"]), body["total"])]
    if body["today"] and not any(body["asked"].values()):
        spans.append((body["day"], body["today"]))
    rows = [{"span": span, **results_in_cents(totals)} for span, totals in spans]
    yield Table("results in USD", result_columns(body["total"]), rows)
    yield "realised, first in first out, without what is still held; days in New York"
    yield Table(
        "by owner and underlying, in USD",
        (
            Column("owner", "owner"),
            Column("underlying", "underlying"),
            Column("hedged>", lambda row: short(row["hedged_qty"])),
            Column("spread captured>", "edge"),
            Column("margin>", "margin"),
            Column("basis>", "basis"),
            Column("slippage cost>", lambda row: cents(row["slippage_usd"])),
            Column("fees>", lambda row: cents(row["costs"]["broker_fee"]["usd"])),
            Column("net>", lambda row: cents(row["net_usd"])),
        ),
        [{**row, **edge_in_cents(row)} for row in body["lines"]],
    )
    yield Table(
        "by account, in USD",
        (
            Column("account", "account"),
            Column("gross>", "whole"),
            Column("costs>", "less"),
            Column("net>", "rest"),
        ),
        [{**row, **rest_in_cents(row["gross_usd"], row["cost_usd"])} for row in body["accounts"]],
    )
    yield Table(
        "held, in USD",
        (
            Column("owner", "owner"),
            Column("underlying", "underlying"),
            Column("quantity>", lambda row: short(row["qty"])),
            Column("cost>", "less"),
            Column("value>", "whole"),
            Column("unrealised>", "rest"),
            Column("valued at", "price_from"),
        ),
        [{**row, **rest_in_cents(row["value_usd"], row["cost_usd"])} for row in body["held"]],
    )
    yield Table(
        "in suspense",
        (
            Column("what", lambda row: brief(row["subject"])),
            Column("asset", "asset"),
            Column("amount>", lambda row: short(row["amount"])),
            Column("since", "since"),
            Column("age", lambda row: ago(row["age_s"])),
        ),
        body["suspense"],
    )
    yield from _closing_lines(body)


def _span(first: str | None, last: str | None) -> str:
    begin, end = (f"from {first}" if first else ""), (f"to {last}" if last else "")
    return " ".join(part for part in (begin, end) if part) or "in all"


def results_in_cents(totals: dict[str, Any]) -> dict[str, str]:
    """Returns results in cents that add up: the buckets to the gross, and that less the costs to the net."""
    from decimal import Decimal

    from flatbook.values.money import ZERO, cents_of

    buckets, costs = totals["buckets_usd"], totals["costs"]
    taken = [Decimal(cost["usd"]) for cost in costs.values()]
    told = cents_of([*(Decimal(usd) for usd in buckets.values()), *(-usd for usd in taken)])
    earned, paid = told[: len(buckets)], [-usd for usd in told[len(buckets) :]]
    named = zip((*buckets, *costs, "gross", "net"), (*earned, *paid, sum(earned, ZERO), sum(told, ZERO)), strict=True)
    return {name: f"{usd or abs(usd):,f}" for name, usd in named}


def edge_in_cents(line: dict[str, Any]) -> dict[str, str | None]:
    """Returns margin, basis and the spread captured in cents; the two add up to it where every hedge has both."""
    parts = [line["margin_usd"], line["basis_usd"]]
    is_whole = not line["margin_usd_missing"] and None not in parts
    told = cents_in_sum(parts) if is_whole else [cents(text) for text in (*parts, line["edge_usd"])]
    return dict(zip(("margin", "basis", "edge"), told, strict=True))


def rest_in_cents(whole: str | None, less: str | None) -> dict[str, str | None]:
    """Returns an amount, what goes off it, and what that leaves, in cents that add up; each alone where one is None."""
    from decimal import Decimal

    from flatbook.values.money import cents_of

    if whole is None or less is None:
        return {"whole": cents(whole), "less": cents(less), "rest": None}
    amount, off = cents_of([Decimal(whole), -Decimal(less)])
    return {name: f"{usd or abs(usd):,f}" for name, usd in (("whole", amount), ("less", -off), ("rest", amount + off))}


def result_columns(total: dict[str, Any]) -> tuple[Column, ...]:
    """Returns the columns of results; those that seldom hold anything only where they do."""
    seldom = [name for name in ("funding", "tokenization") if total["costs"][name]["observations"]]
    return (
        Column("span", "span"),
        Column("counter>", "counter_trade"),
        Column("netting>", "onchain_netting"),
        Column("directional>", "directional"),
        *([Column("in kind>", "in_kind")] if total["buckets_usd"]["in_kind"] != "0" else ()),
        Column("gross>", "gross"),
        Column("fees>", "broker_fee"),
        Column("gas>", "gas"),
        *(Column(f"{name}>", name) for name in seldom),
        Column("net>", "net"),
    )


def _closing_lines(body: dict[str, Any]) -> Iterator[str]:
    coverage, total, ledger = body["coverage"], body["total"], body["ledger"]
    missing = sum(cost["missing"] for cost in total["costs"].values())
    gaps = {
        "matches without a value": total["unpriced"],
        "costs without a value": missing,
        "trades valued with a later mark": coverage["early_marks"],
        "trades with an assumed quantity": coverage["assumed_quantities"],
        "trades that could not be matched": len(coverage["refused"]),
    }
    found = [f"{count} {what}" for what, count in gaps.items() if count]
    yield ""
    yield f"coverage: {', '.join(found) if found else 'everything is valued'}"
    unbalanced = [line["asset"] for line in ledger["trial"] if line["difference"] != "0"]
    trial = f"differs for {', '.join(unbalanced)}" if unbalanced else f"zero for each of {len(ledger['trial'])} assets"
    agrees = "agrees" if ledger["agrees_with_pnl"] else "DOES NOT AGREE"
    yield f"trial balance: {trial}; the ledger {agrees} with profit and loss"
