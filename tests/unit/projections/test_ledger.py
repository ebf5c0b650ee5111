"""Double entry."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.event import Event
from flatbook.projections.accounts import LedgerAccount
from flatbook.projections.ledger import (
    Ledger,
    Unbalanced,
    balances,
    check_balanced,
    entries_in_order,
    suspense_items,
    trial_balance,
)
from flatbook.projections.postings import Posting
from flatbook.values.ids import ActivityId, AssetId, Seq
from flatbook.values.instants import NS_PER_S
from flatbook.values.instruments import Side
from tests.unit.events.samples import SAMPLES
from tests.unit.projections import scene
from tests.unit.projections.scene import COIN_ASSET, TOKEN, USD, USDC, at, d, executed, fill, ref

BUY, SELL = Side.BUY, Side.SELL


def ledger(*events: Event) -> Ledger:
    found: Ledger = scene.folded(Ledger(), *events)
    assert [line.asset for line in trial_balance(found) if line.difference] == []
    return found


def balance(found: Ledger, account: str, asset: str) -> Decimal:
    return balances(found).get((LedgerAccount(account), AssetId(asset)), Decimal(0))


def test_a_sale_onchain_moves_both_assets_exactly_and_the_position_by_cut_shares() -> None:
    event = fill(1, SELL, "0.1234567890123456789", "33.333333333333333333333", 0, ratio="1.05")
    found = ledger(event)
    assert balance(found, "holdings:vault:free", TOKEN) == Decimal("-0.1234567890123456789")
    assert balance(found, "holdings:vault:free", USDC) == Decimal("33.333333333333333333333")
    assert balance(found, "position:coin-hedge:COIN", COIN_ASSET) == Decimal("-0.129629628462962962")
    assert balance(found, "residue:COIN", COIN_ASSET) == Decimal("-0.000000000000000000845")
    assert balance(found, "exposure:COIN", COIN_ASSET) == Decimal("0.129629628462962962845")


def test_a_purchase_onchain_is_the_other_way_round() -> None:
    found = ledger(fill(1, BUY, "2", "500", 0))
    assert balance(found, "holdings:vault:free", TOKEN) == 2
    assert balance(found, "holdings:vault:free", USDC) == -500
    assert balance(found, "cash:coin-hedge:COIN", USDC) == 500
    assert balance(found, "position:coin-hedge:COIN", COIN_ASSET) == 2


def test_an_execution_moves_shares_cash_fees_in_their_assets_and_rebates() -> None:
    fees = [("USD", "0.65"), ("BNB", "0.001"), ("USD", "-0.2")]
    found = ledger(executed(BUY, "2", "250.5", 0, fees=fees))
    assert balance(found, "holdings:broker:free", COIN_ASSET) == 2
    assert balance(found, "holdings:broker:free", USD) == Decimal("-501.45")
    assert balance(found, "holdings:broker:free", "BNB") == Decimal("-0.001")
    assert balance(found, "fees:broker", USD) == Decimal("0.45")
    assert balance(found, "fees:broker", "BNB") == Decimal("0.001")
    assert balance(found, "cash:coin-hedge:COIN", USD) == 501


def test_contracts_are_counted_in_the_underlying() -> None:
    found = ledger(executed(SELL, "3", "100", 0, contract_size=Decimal("0.1")))
    assert balance(found, "position:coin-hedge:COIN", COIN_ASSET) == Decimal("-0.3")
    assert balance(found, "holdings:broker:free", USD) == 30


def test_a_hedged_fill_leaves_no_position() -> None:
    found = ledger(fill(1, SELL, "2", "520", 0), executed(BUY, "2", "255", 30))
    assert balance(found, "position:coin-hedge:COIN", COIN_ASSET) == 0


def test_a_takers_gas_is_no_cost_of_ours_but_our_own_gas_is_even_when_it_failed() -> None:
    found = ledger(fill(1, SELL, "2", "520", 0), scene.gas(7, "21000000000000", "3000", 5, success=False))
    assert balance(found, "gas:vault", "ETH") == Decimal("0.000021")
    assert balance(found, "holdings:vault:free", "ETH") == Decimal("-0.000021")


def test_a_stated_balance_stands_against_the_outside() -> None:
    found = ledger(scene.stated(USD, "100000", 0))
    assert balance(found, "holdings:broker:free", USD) == 100_000
    assert balance(found, "external:broker", USD) == -100_000


def test_a_reversed_fill_leaves_nothing_at_any_instant() -> None:
    event = fill(1, SELL, "0.1234567890123456789", "33.3", 0, ratio="1.05")
    found = ledger(event, scene.reversal(event))
    assert balances(found) == {}
    assert balances(found, at(0)) == {}
    undone = entries_in_order(found)[1]
    assert undone.undoes == ref(event)
    assert undone.what == "fill_reversed"


def test_the_same_log_in_another_block_is_booked_again() -> None:
    event = fill(1, SELL, "2", "520", 0)
    found = ledger(event, scene.reversal(event), fill(1, SELL, "2", "520", 4))
    assert balance(found, "position:coin-hedge:COIN", COIN_ASSET) == -2


def test_a_value_that_comes_later_corrects_the_position_and_not_the_tokens() -> None:
    found = ledger(
        scene.unvalued(1, SELL, "2", "520", 0, assumed="1"), scene.valued(1, ratio="1.1", shares="2.2", price="236.36")
    )
    assert balance(found, "holdings:vault:free", TOKEN) == -2
    assert balance(found, "position:coin-hedge:COIN", COIN_ASSET) == Decimal("-2.2")


def test_a_valued_fill_is_reversed_with_its_correction() -> None:
    event = scene.unvalued(1, SELL, "2", "520", 0, assumed="1")
    assert (
        balances(ledger(event, scene.valued(1, ratio="1.1", shares="2.2", price="236.36"), scene.reversal(event))) == {}
    )


def test_a_skipped_fill_of_an_unknown_token_stands_in_suspense_with_its_age() -> None:
    event = scene.skipped(1, 0)
    found = ledger(event)
    items = suspense_items(found, now=at(3600))
    assert [(item.asset, item.amount, item.age_ns) for item in items] == [
        (AssetId("0xdead"), d(2), 3600 * NS_PER_S),
        (USDC, d(-5), 3600 * NS_PER_S),
    ]
    assert {item.ref for item in items} == {ref(event)}
    assert balance(found, "holdings:vault:free", USDC) == 5


def test_what_an_operator_accepts_of_a_statement_stands_in_suspense_with_its_age() -> None:
    opened = scene.stated(USD, "1000", 0)
    accepted = replace(scene.stated(USD, "-40", 60), reason="statement_accepted")
    found = ledger(opened, accepted)
    items = suspense_items(found, now=at(3660))
    assert [(item.account, item.asset, item.amount, item.age_ns) for item in items] == [
        ("suspense:accepted:broker", USD, d(40), 3600 * NS_PER_S)
    ]
    assert (balance(found, "holdings:broker:free", USD), balance(found, "external:broker", USD)) == (960, -1000)


def test_a_decision_takes_a_skipped_fill_out_of_suspense_once() -> None:
    found = ledger(scene.skipped(1, 0), scene.released(1, hedge=False), scene.released(1, hedge=False))
    assert suspense_items(found, now=at(3600)) == ()
    assert balance(found, "external:vault", USDC) == -5


def test_a_skipped_fill_whose_share_is_known_moves_the_position() -> None:
    known = {"underlying": scene.COIN, "instrument": scene.ONCHAIN, "side": SELL, "shares": Decimal(2)}
    found = ledger(scene.skipped(1, 0, gave=TOKEN, **known))
    assert suspense_items(found, now=at(3600)) == ()
    assert balance(found, "position:coin-hedge:COIN", COIN_ASSET) == -2
    assert balance(found, "cash:coin-hedge:COIN", USDC) == -5
    assert balance(found, "goods:coin-hedge:COIN", TOKEN) == 2


def test_a_position_stated_by_an_operator_stands_against_suspense_until_it_is_taken_back() -> None:
    first, second = scene.overwritten("0", "3", "250", 10), scene.overwritten("3", "0", None, 90)
    assert [(item.amount, item.age_ns) for item in suspense_items(ledger(first), now=at(20))] == [
        (d(-3), 10 * NS_PER_S)
    ]
    assert suspense_items(ledger(first, second), now=at(100)) == ()


def test_suspense_ages_from_its_first_difference() -> None:
    first, second = scene.overwritten("0", "3", "250", 10), scene.overwritten("3", "4", "250", 90)
    (item,) = suspense_items(ledger(first, second), now=at(100))
    assert (item.amount, item.since, item.age_ns) == (d(-4), at(10), 90 * NS_PER_S)


def test_a_fill_is_undone_once() -> None:
    event = fill(1, SELL, "2", "520", 0)
    assert balances(ledger(event, scene.reversal(event), scene.reversal(event))) == {}


def test_operators_count_in_contracts_where_the_instrument_does() -> None:
    tenths = executed(BUY, "3", "100", 0, contract_size=d("0.1"))
    found = ledger(tenths, scene.overwritten("3", "5", "100", 10))
    assert balance(found, "position:coin-hedge:COIN", COIN_ASSET) == d("0.5")
    found = ledger(tenths, scene.assigned("5", 10))
    assert balance(found, "position:unassigned:COIN", COIN_ASSET) == d("-0.5")


def test_an_assignment_moves_the_position_to_its_owner() -> None:
    found = ledger(scene.foreign(BUY, "5", "250", 0), scene.assigned("5", 60))
    assert balance(found, "position:unassigned:COIN", COIN_ASSET) == 0
    assert balance(found, "position:coin-hedge:COIN", COIN_ASSET) == 5


def test_balances_of_an_instant_hold_what_had_happened_and_not_what_was_known() -> None:
    late = executed(BUY, "2", "255", 10)
    found = ledger(fill(1, SELL, "2", "520", 60), late)
    assert balances(found, at(30))[LedgerAccount("position:coin-hedge:COIN"), COIN_ASSET] == 2
    assert [entry.ref for entry in entries_in_order(found)] == [ref(late), ref(fill(1, SELL, "2", "520", 60))]


def test_every_entry_cites_its_event() -> None:
    events = (fill(1, SELL, "2", "520", 0), executed(BUY, "2", "255", 30), scene.gas(7, "1", "3000", 40))
    found = [entry.ref for entry in ledger(*events).entries()]
    assert found == [ref(events[0]), ref(events[1]), f"gas:8453:0x{7:064x}"]


def test_a_reversal_or_value_of_an_unknown_fill_posts_nothing() -> None:
    event = fill(1, SELL, "2", "520", 0)
    assert balances(ledger(scene.reversal(event), scene.valued(1, ratio="1", shares="2", price="260"))) == {}


def test_postings_that_do_not_cancel_out_are_never_kept() -> None:
    with pytest.raises(Unbalanced, match="event 7"):
        check_balanced((Posting(account=LedgerAccount("cash:a:b"), asset=USD, amount=Decimal(1)),), Seq(7))


def test_what_a_venue_booked_besides_executions_stands_by_its_kind() -> None:
    booked = next(sample for sample in SAMPLES if isinstance(sample, AccountActivityBooked))
    kinds = (
        (ActivityKind.FEE, "-0.02", "fees:paper"),
        (ActivityKind.DIVIDEND, "12.5", "dividend:paper"),
        (ActivityKind.INTEREST, "-3", "interest:paper"),
        (ActivityKind.TRANSFER, "1000", "external:paper"),
        (ActivityKind.OTHER, "7", "suspense:activity:paper:e"),
    )
    found = ledger(
        *(
            replace(booked, activity_id=ActivityId("abcde"[number]), kind=kind, amount=d(amount))
            for number, (kind, amount, _) in enumerate(kinds)
        )
    )
    assert balance(found, "holdings:paper:free", "USD") == d("1016.48")
    assert {account: balance(found, account, "USD") for _, _, account in kinds} == {
        "fees:paper": d("0.02"),
        "dividend:paper": d("-12.5"),
        "interest:paper": d("3"),
        "external:paper": d("-1000"),
        "suspense:activity:paper:e": d("-7"),
    }
