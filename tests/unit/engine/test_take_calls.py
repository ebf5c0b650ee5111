"""Chain calls: signed once, sent as the same bytes any number of times, and never under a second nonce."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from flatbook.engine.call_reports import CallFlaw, NotReady, NotReadyFor
from flatbook.engine.effects import SendCall
from flatbook.engine.reports import NotSent, Unknown
from flatbook.events import calls as ev
from flatbook.events.calls import CALL_ADVICE, CallRefusal
from flatbook.events.chain import GasSpent
from flatbook.events.codec import name_of
from flatbook.events.orders import NotSentReason, UnknownReason
from flatbook.values.ids import CallId
from flatbook.values.money import Quantity
from tests.unit.engine.call_scene import (
    BOOK,
    DEPOSIT,
    ETH,
    HOLDINGS,
    KEY,
    CallBench,
    asked,
    sight,
    to_sign,
    tx_of,
    wish,
)
from tests.unit.engine.scene import one, tags

TIMED_OUT = Unknown(reason=UnknownReason.TIMED_OUT)


def test_a_wish_is_intended_and_then_has_a_signature_asked_for() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    assert tags_of(bench) == ["call_intended"]
    call = to_sign(bench.effects)
    assert (call.call_id, call.attempt, call.to, call.payload[:10]) == (call_id, 1, BOOK, DEPOSIT)
    assert (call.nonce, call.nonce_floor, call.fee_wei_total_max) == (None, 0, Decimal(10000000000000000))


def test_the_same_wish_twice_is_one_call() -> None:
    bench = CallBench()
    bench.wants(wish())
    bench.wants(wish())
    assert tags_of(bench) == ["call_intended"]
    assert bench.dropped == ["call_known"]


def test_signed_bytes_are_in_the_journal_before_they_are_sent() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    done = bench.signed(call_id, nonce=7)
    signed = one(done, ev.CallSigned)
    assert (signed.nonce, signed.tx, signed.raw, signed.attempt) == (7, tx_of(1), "0x020001", 1)
    assert asked(done.effects) == ["send"]
    assert bench.stands(call_id) == "signed"


def test_a_call_ends_when_its_block_is_deep_enough_and_its_gas_is_booked_with_it() -> None:
    bench = CallBench()
    call_id = bench.under_way()
    assert tags(bench.mined(call_id, block=100, head=100)) == ["call_mined"]
    assert tags(bench.mined(call_id, block=100, head=101)) == []
    done = bench.mined(call_id, block=100, head=102)
    assert tags(done) == ["gas_spent", "call_confirmed"]
    gas = one(done, GasSpent)
    assert (gas.wei_amount, gas.success, gas.coin, gas.account) == (150_000_000, True, ETH, HOLDINGS)
    assert bench.state.balances[HOLDINGS, ETH] == Decimal("-0.000000000150000000")
    assert bench.stands(call_id) == "confirmed"
    assert not bench.state.open_calls


def test_a_reverted_call_books_its_gas_and_is_told() -> None:
    bench = CallBench()
    call_id = bench.under_way()
    done = bench.mined(call_id, head=200, success=False)
    assert tags(done) == ["call_mined", "gas_spent", "call_confirmed"]
    assert not one(done, GasSpent).success
    assert bench.stands(call_id) == "reverted"
    assert bench.alerts == ["call_reverted"]


def test_a_later_success_of_the_same_kind_clears_what_was_told_of_a_failure() -> None:
    bench = CallBench()
    bench.mined(bench.under_way(), head=200, success=False)
    again = bench.wants(wish(number=1))
    bench.signed(again, nonce=1, number=2)
    bench.sent(again)
    bench.mined(again, number=2, head=200)
    assert bench.alerts == []


def test_a_reorganisation_puts_a_mined_call_back_to_sent_and_its_gas_is_booked_once() -> None:
    bench = CallBench()
    call_id = bench.under_way()
    bench.mined(call_id, block=100, head=101)
    assert tags(bench.looked(call_id, sight(head=101, pooled=(tx_of(1),)))) == ["call_unmined"]
    assert bench.stands(call_id) == "sent"
    assert tags(bench.mined(call_id, block=101, head=101)) == ["call_mined"]
    assert tags(bench.mined(call_id, block=101, head=103)) == ["gas_spent", "call_confirmed"]
    assert len([event for event in bench.events if isinstance(event, GasSpent)]) == 1


def test_a_call_that_stands_in_another_block_than_before_is_mined_anew() -> None:
    bench = CallBench()
    call_id = bench.under_way()
    bench.mined(call_id, block=100, head=101)
    assert tags(bench.mined(call_id, block=101, head=102)) == ["call_unmined", "call_mined"]


@pytest.mark.parametrize("answer", [TIMED_OUT, Unknown(reason=UnknownReason.SERVER_FAULT)])
def test_silence_leaves_a_call_unknown_and_the_chain_is_asked(answer: Unknown) -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    bench.signed(call_id)
    assert tags(bench.sent(call_id, answer)) == ["call_unknown"]
    assert asked(bench.due().effects) == ["look"]


def test_an_unknown_call_that_no_node_has_is_sent_again_as_the_same_bytes() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    bench.signed(call_id, nonce=5)
    bench.sent(call_id, TIMED_OUT)
    done = bench.looked(call_id, sight(nonce=5), misses=1)
    (effect,) = [each for each in done.effects if isinstance(each, SendCall)]
    assert asked(done.effects) == ["send"]
    assert (effect.tx, effect.raw, effect.attempt) == (tx_of(1), "0x020001", 1)
    assert done.events == ()


def test_a_call_that_never_left_is_handed_over_when_its_wallet_is_due() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    bench.signed(call_id)
    bench.sent(call_id, NotSent(reason=NotSentReason.NO_CONNECTION))
    assert bench.stands(call_id) == "signed"
    assert asked(bench.due().effects) == ["send"]


def test_a_restart_makes_a_signed_call_unknown_and_asks_before_anything_is_sent() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    bench.signed(call_id)
    done = bench.restart()
    assert tags(done) == ["call_unknown"]
    assert asked(done.effects) == ["look"]
    assert bench.stands(call_id) == "unknown"


def test_a_dropped_call_is_sent_again_after_a_grace_and_three_misses() -> None:
    bench = CallBench()
    call_id = bench.under_way()
    assert asked(bench.wait(4).looked(call_id, sight(), misses=3).effects) == []
    assert asked(bench.wait(26).looked(call_id, sight(), misses=2).effects) == []
    done = bench.looked(call_id, sight(), misses=3)
    assert tags(done) == ["call_dropped"]
    assert asked(done.effects) == ["send"]
    assert bench.stands(call_id) == "unknown"


def test_a_slow_call_is_replaced_under_the_same_nonce_at_fifteen_percent_more() -> None:
    bench = CallBench()
    call_id = bench.under_way(nonce=4)
    pooled = sight(pooled=(tx_of(1),), nonce=4)
    assert asked(bench.wait(59).looked(call_id, pooled).effects) == []
    call = to_sign(bench.wait(1).looked(call_id, pooled).effects)
    assert (call.nonce, call.attempt, call.fee_wei_floor, call.tip_wei_floor) == (4, 2, 2_300, 115)
    done = bench.signed(call_id, nonce=4, number=2, fee_wei_max=2_300)
    assert one(done, ev.CallSigned).nonce == 4
    assert asked(bench.sent(call_id).effects) == []
    assert asked(bench.due().effects) == ["look"]
    assert [each.tx for each in bench.call(call_id).attempts] == [tx_of(1), tx_of(2)]


def test_a_fee_is_raised_at_most_four_times() -> None:
    bench = CallBench()
    call_id = bench.under_way()
    for number in range(2, 6):
        bench.wait(60).looked(call_id, sight(pooled=(tx_of(number - 1),)))
        bench.signed(call_id, nonce=0, number=number)
        bench.sent(call_id)
    assert asked(bench.wait(600).looked(call_id, sight(pooled=(tx_of(5),))).effects) == []
    assert len(bench.call(call_id).attempts) == 5


def test_the_replaced_signature_may_be_the_one_that_is_mined() -> None:
    bench = CallBench()
    call_id = bench.under_way()
    bench.wait(60).looked(call_id, sight(pooled=(tx_of(1),)))
    bench.signed(call_id, nonce=0, number=2)
    done = bench.mined(call_id, number=1, head=200)
    assert one(done, ev.CallMined).attempt == 1
    assert bench.stands(call_id) == "confirmed"


def test_a_replacement_under_another_nonce_is_never_sent() -> None:
    bench = CallBench()
    call_id = bench.under_way(nonce=4)
    bench.wait(60).looked(call_id, sight(pooled=(tx_of(1),)))
    done = bench.signed(call_id, nonce=5, number=2)
    assert asked(done.effects) == []
    assert tags(done) == []
    assert bench.alerts == ["call_stuck"]


def test_no_second_call_is_signed_while_the_first_can_still_be_mined() -> None:
    bench = CallBench()
    first = bench.under_way()
    second = bench.wants(wish(number=1))
    assert asked(bench.effects) == []
    assert asked(bench.due().effects) == ["look"]
    done = bench.mined(first)
    assert to_sign(done.effects).call_id == second
    assert to_sign(done.effects).nonce_floor == 1
    assert to_sign(done.effects).block_seen == 100


def test_of_two_signatures_made_at_once_the_second_is_thrown_away() -> None:
    bench = CallBench()
    first = bench.wants(wish())
    urgent = bench.wants(wish("remove_order", 1, None, urgent=True))
    assert to_sign(bench.effects).call_id == urgent
    bench.signed(urgent, nonce=0, number=2)
    done = bench.signed(first, nonce=0, number=1)
    assert tags(done) == []
    assert asked(done.effects) == []
    assert bench.stands(first) == "intended"


def test_an_urgent_call_goes_before_those_that_wait() -> None:
    bench = CallBench()
    first = bench.under_way()
    bench.wants(wish(number=1))
    urgent = bench.wants(wish("remove_order", 2, None, urgent=True))
    assert to_sign(bench.mined(first).effects).call_id == urgent


def test_a_call_waits_for_the_one_it_needs_and_ends_with_it() -> None:
    bench = CallBench()
    approve = bench.wants(wish("approve"))
    deposit = bench.wants(wish(number=1, after=approve))
    bench.signed(approve)
    bench.sent(approve)
    done = bench.mined(approve, head=200, success=False)
    assert "call_refused" in tags(done)
    assert one(done, ev.CallRefused).reason is CallRefusal.PREREQUISITE_FAILED
    assert bench.stands(deposit) == "refused"


def test_a_signature_that_nobody_takes_gives_its_nonce_back_and_another_one_is_asked_for() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    bench.signed(call_id, nonce=3)
    assert tags(bench.turned_down(call_id, "underpriced")) == ["call_released"]
    assert bench.state.wallets[KEY].nonce_next == 3
    assert to_sign(bench.due().effects).nonce_floor == 3


def test_a_nonce_too_low_never_gives_a_nonce_back_for_these_very_bytes_may_have_used_it() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    bench.signed(call_id, nonce=3)
    done = bench.turned_down(call_id, "nonce_too_low")
    assert tags(done) == ["call_unknown"]
    assert asked(done.effects) == ["look"]
    assert tags(bench.mined(call_id, head=200)) == ["call_mined", "gas_spent", "call_confirmed"]


def test_three_signatures_that_nobody_takes_end_a_call() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    for number in (1, 2, 3):
        bench.signed(call_id, nonce=number, number=number)
        bench.turned_down(call_id, "underpriced")
    assert one_of(bench, ev.CallRefused).reason is CallRefusal.NONCE_TRIES


@pytest.mark.parametrize("status", ["signed", "sent", "unknown"])
def test_a_halt_takes_back_what_is_under_way_and_adds_risk(status: str) -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    bench.signed(call_id, nonce=4)
    if status != "signed":
        bench.sent(call_id, None if status == "sent" else TIMED_OUT)
    bench.command("halt", scope="all")
    assert "call_cancel_intended" in tags(bench.due())
    done = bench.looked(call_id, sight(nonce=4), misses=3)
    assert asked(done.effects) == ["sign"]
    assert (to_sign(done.effects).cancels, to_sign(done.effects).nonce) == (True, 4)


def test_what_is_under_way_when_its_time_is_over_is_taken_back_and_what_takes_back_is_not() -> None:
    bench = CallBench()
    bench.under_way()
    assert "call_cancel_intended" in tags(bench.wait(3_600).due())
    other = CallBench()
    pull = other.wants(wish("remove_order", 1, None))
    other.signed(pull)
    other.sent(pull)
    other.command("halt", scope="all")
    assert tags(other.wait(3_600).due()) == []


def test_a_nonce_too_low_for_a_call_that_may_have_been_sent_proves_nothing() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    bench.signed(call_id, nonce=3)
    bench.sent(call_id, TIMED_OUT)
    done = bench.turned_down(call_id, "nonce_too_low")
    assert tags(done) == []
    assert asked(done.effects) == ["look"]
    assert bench.stands(call_id) == "unknown"


def test_only_a_nonce_used_for_good_by_another_transaction_ends_a_call_that_was_sent() -> None:
    bench = CallBench()
    call_id = bench.under_way(nonce=4)
    assert tags(bench.looked(call_id, sight(nonce=5, nonce_settled=4), misses=3)) == []
    assert tags(bench.looked(call_id, sight(nonce=5, nonce_settled=5), misses=2)) == []
    done = bench.looked(call_id, sight(nonce=5, nonce_settled=5), misses=3)
    assert tags(done) == ["call_displaced"]
    assert bench.stands(call_id) == "displaced"
    assert bench.alerts == ["call_displaced", "wallet_shared"]


def test_a_call_without_coin_for_gas_waits_and_tells_until_its_time_is_over() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    answer = NotReady(reason=NotReadyFor.COIN_MISSING, detail="0.001 ETH held, 0.002 needed")
    bench.sign_answer(call_id, answer)
    assert bench.stands(call_id) == "intended"
    assert bench.alerts == ["call_stuck"]
    assert asked(bench.due().effects) == ["sign"]
    bench.wait(3600).due()
    assert bench.stands(call_id) == "refused"
    assert one_of(bench, ev.CallRefused).reason is CallRefusal.EXPIRED


def test_a_call_that_would_revert_is_refused_and_says_what_to_do() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    flaw = CallFlaw(reason=CallRefusal.WOULD_REVERT, detail="ERC20: insufficient allowance")
    assert tags(bench.sign_answer(call_id, flaw)) == ["call_refused"]
    (told,) = bench.state.alerts.values()
    assert "ERC20: insufficient allowance" in told.detail
    assert CALL_ADVICE[CallRefusal.WOULD_REVERT] in told.detail


def test_every_refusal_says_what_to_do() -> None:
    assert set(CALL_ADVICE) == set(CallRefusal)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"to": "0x" + "dd" * 20}, "not_allowed"),
        ({"payload": "0xdeadbeef"}, "not_allowed"),
        ({"amount": Quantity(Decimal("1000.01"))}, "amount_max"),
        ({"value": Quantity(Decimal(1))}, "value_max"),
        ({"wallet": "0x" + "ee" * 20}, "wallet_unknown"),
    ],
)
def test_what_risk_refuses_ends_at_once_and_is_told(changes: dict[str, Any], reason: str) -> None:
    bench = CallBench()
    call_id = bench.wants(wish(**changes))
    assert bench.stands(call_id) == "refused"
    assert one_of(bench, ev.CallRefused).reason.value == reason
    assert asked(bench.effects) == []


def test_an_approval_of_more_than_the_cap_or_for_another_contract_is_refused() -> None:
    bench = CallBench()
    bench.wants(wish("approve", amount="100000000000000000000"))
    assert one_of(bench, ev.CallRefused).reason is CallRefusal.UNLIMITED_APPROVAL
    bench.wants(wish("approve", 1, destination="0x" + "ee" * 20))
    assert one_of(bench, ev.CallRefused).reason is CallRefusal.NOT_ALLOWED
    bench.wants(wish("approve", 2))
    assert asked(bench.effects) == ["sign"]


def test_what_a_day_may_move_counts_calls_that_were_not_refused() -> None:
    bench = CallBench()
    for number in range(2):
        bench.wants(wish(number=number, amount="1000"))
    bench.wants(wish(number=2, amount="501"))
    assert one_of(bench, ev.CallRefused).reason is CallRefusal.DAY_AMOUNT_MAX
    assert bench.stands(bench.wants(wish(number=3, amount="500"))) == "intended"


def test_a_halt_stops_what_adds_risk_and_nothing_that_takes_back() -> None:
    bench = CallBench()
    waits = bench.wants(wish())
    bench.command("halt", scope="all")
    bench.due()
    assert bench.stands(waits) == "refused"
    assert bench.stands(bench.wants(wish(number=1))) == "refused"
    assert bench.stands(bench.wants(wish("remove_order", 2, None))) == "intended"


def test_a_halt_between_signing_and_its_answer_throws_the_signature_away() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    bench.command("halt", scope="all")
    done = bench.signed(call_id)
    assert tags(done) == ["call_refused"]
    assert asked(done.effects) == []


def test_taking_back_an_unsigned_call_refuses_it() -> None:
    bench = CallBench()
    call_id = bench.wants(wish())
    bench.takes_back(call_id)
    assert one_of(bench, ev.CallRefused).reason is CallRefusal.CANCELED


def test_taking_back_a_sent_call_spends_its_nonce_on_nothing() -> None:
    bench = CallBench()
    call_id = bench.under_way(nonce=4)
    bench.takes_back(call_id)
    call = to_sign(bench.looked(call_id, sight(pooled=(tx_of(1),), nonce=4)).effects)
    assert (call.to, call.payload, call.nonce, call.cancels) == (KEY[1], "0x", 4, True)
    bench.signed(call_id, nonce=4, number=2)
    bench.sent(call_id)
    done = bench.mined(call_id, number=2, head=200)
    assert tags(done) == ["call_mined", "gas_spent", "call_confirmed"]
    assert bench.stands(call_id) == "canceled"


def test_a_call_that_does_not_get_into_a_block_is_told() -> None:
    bench = CallBench()
    bench.under_way()
    bench.wait(300).due()
    assert bench.alerts == ["call_stuck"]
    bench.mined(next(iter(bench.state.open_calls)))
    assert bench.alerts == []


def test_a_wallet_short_of_coin_is_told_until_it_is_filled() -> None:
    bench = CallBench()
    bench.coin("0.049")
    assert bench.alerts == ["gas_low"]
    bench.coin("0.05")
    assert bench.alerts == []


def test_a_nonce_that_somebody_else_used_is_adopted_and_told() -> None:
    bench = CallBench()
    first = bench.under_way()
    bench.mined(first, head=200)
    second = bench.wants(wish(number=1))
    bench.signed(second, nonce=3, number=2)
    assert bench.alerts == ["wallet_shared"]
    assert bench.state.wallets[KEY].nonce_next == 4


def test_a_receipt_of_a_transaction_that_is_not_ours_says_nothing() -> None:
    bench = CallBench()
    call_id = bench.under_way()
    assert tags(bench.mined(call_id, number=99)) == []
    assert bench.stands(call_id) == "sent"


def tags_of(bench: CallBench) -> list[str]:
    return [name_of(type(event)) for event in bench.events]


def one_of(bench: CallBench, kind: type[ev.CallRefused]) -> ev.CallRefused:
    return [event for event in bench.events if isinstance(event, kind)][-1]


def test_an_answer_for_a_call_that_is_not_known_is_dropped() -> None:
    bench = CallBench()
    assert bench.looked(CallId("gone"), sight()).events == ()
    assert bench.dropped == ["sight_of_ended_call"]


def test_a_final_call_that_a_deep_reorganisation_removed_is_sent_again_as_it_was_and_told() -> None:
    bench = CallBench()
    call_id = bench.under_way(nonce=4)
    bench.mined(call_id, head=200)
    assert asked(bench.coin("1", nonce=5).effects) == []
    done = bench.coin("1", nonce=4)
    (effect,) = [each for each in done.effects if isinstance(each, SendCall)]
    assert (effect.tx, effect.raw) == (tx_of(1), "0x020001")
    assert bench.alerts == ["call_stuck"]
    assert tags(bench.sent(call_id)) == []
    assert asked(bench.coin("1", nonce=5).effects) == []
    assert bench.alerts == []
