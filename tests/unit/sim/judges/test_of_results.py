"""The judge of results: each number of the product's results is compared with the truth, to the last digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.events import control, orders
from flatbook.sim.judges.expectation import AccountTerms, Expectation
from flatbook.sim.judges.of_results import TrueLots, TrueTrade
from flatbook.sim.judges.results import Flows, NetResults, Results
from flatbook.sim.judges.table import judge
from flatbook.sim.world import record as rec
from flatbook.sim.world.record import SHARE
from flatbook.values.ids import AccountId, AssetId, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import NS_PER_S, Instant
from flatbook.values.money import Price, Quantity
from tests.unit.sim.judges.story import (
    EXPECTS,
    aloud,
    at,
    before_end,
    changed,
    executed,
    foreign_filled,
    opened,
    replaced,
    row,
)

EXPECTS_USD = replaced(EXPECTS, tokens={"COIN": "wtCOIN"}, marks={"USDC": (9_800,)})
MARK = control.MarkSet(asset=AssetId("USDC"), usd=Price(Decimal("0.98")), source="config", marked_at=at(0))
REALISED = {"counter_trade": Decimal("-7.65"), "onchain_netting": Decimal(0), "directional": Decimal(0)}
NET = NetResults(
    owner="desk",
    underlying="COIN",
    realised=REALISED,
    fees=Decimal("0.01"),
    open_qty=Decimal(0),
    open_usd=Decimal(0),
)
USD = Flows(opened=Decimal(1_000), traded=Decimal("-375.15"), charged=Decimal("0.01"), held=Decimal("624.84"))
FLOWS = {
    "USD": USD,
    "COIN": Flows(opened=Decimal(10), traded=Decimal("1.5"), held=Decimal("11.5")),
    "USDC": Flows(traded=Decimal(375), held=Decimal(375)),
    "wtCOIN": Flows(traded=Decimal("-1.5"), held=Decimal("-1.5")),
}
RESULTS = Results(nets=(NET,), flows=FLOWS, net_usd=Decimal("-7.66"), gaps=0, agrees=True)
LEAST = Decimal("1E-18")


def found(
    results: Results | None, entries: list[rec.Entry] | None = None, expects: Expectation = EXPECTS_USD
) -> list[str]:
    """What the judge of results says of the story, or of other entries."""
    record = rec.Record()
    record.entries = [row(0, 1, MARK), *(changed() if entries is None else entries)]
    return [each.what for each in judge(record, expects, results).violations if each.invariant == "I25"]


def with_net(**fields: Any) -> Results:
    """The results with another net, and the total that belongs to it."""
    net = replaced(NET, **fields)
    return replaced(RESULTS, nets=(net,), net_usd=sum(net.realised.values(), Decimal(0)) - net.fees)


def test_results_that_are_those_of_the_truth_pass() -> None:
    assert found(RESULTS) == []


def test_a_world_without_results_is_not_judged_by_them() -> None:
    assert found(None) == []


def test_a_dollar_token_is_worth_what_its_mark_says() -> None:
    at_par = with_net(realised=REALISED | {"counter_trade": Decimal("-0.15")})
    assert found(at_par) == [
        "the money received less paid and fees of desk:COIN is -7.66, the results say -0.16",
        "the result counter_trade of desk:COIN is -7.65, the results say -0.15",
    ]


@pytest.mark.parametrize(("marked_at", "usd"), [(3, "-7.65"), (2, "3.6"), (1, "3.6")])
def test_a_trade_is_worth_what_the_mark_of_its_instant_says_whenever_it_was_recorded(marked_at: int, usd: str) -> None:
    later = replaced(MARK, usd=Price(Decimal("1.01")), marked_at=at(marked_at))
    expects = replaced(EXPECTS_USD, marks={"USDC": (9_800, 10_100)})
    results = with_net(realised=REALISED | {"counter_trade": Decimal(usd)})
    assert found(results, before_end(row(20, 8, later)), expects) == []


def test_a_mark_that_nobody_stated_is_found() -> None:
    other = replaced(MARK, usd=Price(Decimal("0.9801")), marked_at=at(40))
    assert found(RESULTS, before_end(row(40, 8, other))) == ["USDC is marked at 0.9801, which nobody stated"]


def test_a_fee_that_is_missing_or_turned_is_found() -> None:
    assert "the fees of desk:COIN is 0.01, the results say 0" in found(with_net(fees=Decimal(0)))
    assert "the fees of desk:COIN is 0.01, the results say -0.01" in found(with_net(fees=Decimal("-0.01")))


def test_a_result_in_another_bucket_is_found_although_the_sum_is_right() -> None:
    moved = {"counter_trade": Decimal(0), "directional": Decimal("-7.65")}
    assert found(with_net(realised=REALISED | moved)) == [
        "the result counter_trade of desk:COIN is -7.65, the results say 0",
        "the result directional of desk:COIN is 0, the results say -7.65",
    ]


def test_the_least_difference_in_what_is_open_is_found() -> None:
    assert found(with_net(open_qty=LEAST)) == [
        "the open quantity of desk:COIN is 0, the results say 0.000000000000000001"
    ]
    assert len(found(with_net(open_usd=LEAST))) == 2


def test_a_net_that_is_not_in_the_results_is_missed() -> None:
    assert "the fees of desk:COIN is 0.01, the results say 0" in found(replaced(RESULTS, nets=()))


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"charged": Decimal("-0.01")}, "0.01 USD were charged, the ledger says -0.01"),
        ({"traded": Decimal(-375)}, "-375.15 USD were traded, the ledger says -375"),
        ({"opened": Decimal(999)}, "1000 USD were opened, the ledger says 999"),
        ({"held": Decimal("624.85")}, "624.84 USD were held, the ledger says 624.85"),
        ({"unbalanced": LEAST}, "debits and credits of USD differ by 1E-18"),
        ({"unexplained": LEAST}, "1E-18 USD stand in suspense"),
    ],
)
def test_each_class_of_the_ledger_is_compared(fields: dict[str, Decimal], what: str) -> None:
    assert found(replaced(RESULTS, flows=FLOWS | {"USD": replaced(USD, **fields)})) == [what]


def test_what_the_results_say_of_themselves_must_hold() -> None:
    assert found(replaced(RESULTS, net_usd=Decimal("-7.65"))) == [
        "the buckets less fees are -7.66 USD, the total says -7.65"
    ]
    assert found(replaced(RESULTS, gaps=1)) == ["1 trades or costs are not valued or not matched"]
    assert found(replaced(RESULTS, agrees=False)) == [
        "profit and loss and the ledger do not agree by the product's own audit"
    ]


def test_venues_that_state_totals_are_judged_by_sums() -> None:
    totals = replaced(EXPECTS_USD, accounts={"alpha": AccountTerms(totals=True)})
    moved = with_net(realised=REALISED | {"counter_trade": Decimal("-7.64")}, fees=Decimal("0.02"))
    usd = replaced(USD, traded=Decimal("-375.14"), charged=Decimal("0.02"))
    assert found(replaced(moved, flows=FLOWS | {"USD": usd}), expects=totals) == []
    assert found(replaced(RESULTS, flows=FLOWS | {"USD": usd}))
    assert found(with_net(fees=Decimal("0.02")), expects=totals) == [
        "the money received less paid and fees of desk:COIN is -7.66, the results say -7.67"
    ]


def test_what_others_did_after_the_opening_belongs_to_nobody_and_what_they_did_before_to_the_opening() -> None:
    stranger = executed(
        20, execution_id="x2", client_id=None, venue_id="v2", sign=-1, qty=SHARE, price=2_500_000, fee=0
    )
    unassigned = replaced(
        NET, owner="unassigned", realised={}, fees=Decimal(0), open_qty=Decimal(-1), open_usd=Decimal(-250)
    )
    usd = replaced(USD, traded=Decimal("-125.15"), held=Decimal("874.84"))
    coin = Flows(opened=Decimal(10), traded=Decimal("0.5"), held=Decimal("10.5"))
    later = replaced(RESULTS, nets=(NET, unassigned), flows=FLOWS | {"USD": usd, "COIN": coin})
    assert found(later, aloud(before_end(stranger, row(21, 8, foreign_filled())))) == []

    usd = replaced(USD, opened=Decimal(1_250), held=Decimal("874.84"))
    coin = Flows(opened=Decimal(9), traded=Decimal("1.5"), held=Decimal("10.5"))
    earlier = replaced(RESULTS, flows=FLOWS | {"USD": usd, "COIN": coin})
    assert found(earlier, changed(opening=(replaced(stranger, at=at(0)), row(1, 2, *opened())))) == []


def test_what_an_operator_assigned_leaves_the_nets_of_its_underlying_aside() -> None:
    assigned = orders.ForeignAssigned(
        owner=OwnerId("desk"),
        account=AccountId("alpha"),
        instrument=InstrumentId("COIN@alpha"),
        underlying=Underlying("COIN"),
        qty=Quantity(Decimal(1)),
        reason="ours",
        decided_at=at(20),
    )
    assert found(with_net(open_qty=Decimal(1)), before_end(row(20, 8, assigned))) == []


def test_openings_are_left_aside_while_a_difference_waits_for_a_person() -> None:
    diverged = control.BooksDiverged(
        account=AccountId("alpha"),
        subject="COIN",
        instrument=None,
        ours=Quantity(Decimal("11.5")),
        theirs=Quantity(Decimal(12)),
        stated_at=at(20),
        seen_at=at(20),
    )
    other = replaced(RESULTS, flows=FLOWS | {"USD": replaced(USD, opened=Decimal(999), held=Decimal("623.84"))})
    assert found(other, aloud(before_end(row(20, 8, diverged)))) == []
    assert len(found(other)) == 2


def trade(seconds: int, sign: int, shares: str, usd: str, *, onchain: bool) -> TrueTrade:
    """A trade without a fee. Units: 1e-36."""
    amounts = tuple(int(Decimal(text).scaleb(36)) for text in (shares, usd, "0"))
    return TrueTrade(Instant(seconds * NS_PER_S), "", sign, amounts, onchain=onchain)  # type: ignore[arg-type]


def test_lots_close_first_in_first_out_into_buckets_and_what_a_part_loses_stays_in_its_lot() -> None:
    lots = TrueLots()
    lots.trade(trade(0, -1, "3", "100", onchain=True))
    lots.trade(trade(1, -1, "1", "40", onchain=True))
    lots.trade(trade(300, 1, "1", "30", onchain=False))
    lots.trade(trade(301, 1, "1", "30", onchain=False))
    lots.trade(trade(302, 1, "1.5", "60", onchain=True))
    assert [lots.realised[bucket] for bucket in ("counter_trade", "directional", "onchain_netting")] == [
        3_333_333_333_333_333_333 * 10**18,
        3_333_333_333_333_333_333 * 10**18,
        -6_666_666_666_666_666_666 * 10**18,
    ]
    assert (lots.qty, lots.cost, lots.paid) == (-5 * 10**35, -20 * 10**36, -20 * 10**36)
