"""Commands about vaults and calls: the same wishes that deciders state, or why not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.engine.call_reports import TokenMove
from flatbook.engine.effects import SignCall
from flatbook.events import calls as ev
from flatbook.values.ids import CallId
from tests.desk import VAULT
from tests.unit.engine.call_scene import BOOK, HOLDINGS, TOKEN, USDC, CallBench, asked
from tests.unit.engine.scene import one, tags

MOVE = {"account": VAULT, "asset": "USDC"}


def test_a_deposit_approves_exactly_its_amount_and_waits_for_that() -> None:
    bench = CallBench()
    done = bench.command("vault_move", move="deposit", amount="75.5", **MOVE)
    assert tags(done) == ["command_accepted", "call_intended", "call_intended"]
    approve, deposit = (event for event in done.events if isinstance(event, ev.CallIntended))
    assert (approve.to, approve.destination, approve.payload) == (TOKEN, BOOK, f"0x095ea7b3{75_500_000:064x}")
    assert (deposit.to, deposit.after, deposit.amount) == (BOOK, approve.call_id, Decimal("75.5"))
    assert {each.call.call_id for each in done.effects if isinstance(each, SignCall)} == {approve.call_id}


def test_the_same_command_twice_is_one_deposit() -> None:
    bench = CallBench()
    bench.command("vault_move", move="deposit", amount="75.5", **MOVE)
    assert tags(bench.command("vault_move", move="deposit", amount="75.5", **MOVE)) == []
    assert len(bench.state.calls) == 2


def test_what_a_withdrawal_paid_is_booked_and_not_what_was_asked() -> None:
    bench = CallBench()
    bench.command("vault_move", move="withdraw", amount="80", **MOVE)
    (call_id,) = bench.state.open_calls
    bench.signed(call_id)
    bench.sent(call_id)
    done = bench.mined(call_id, head=200, moves=(TokenMove(token=TOKEN, raw=75_500_000),))
    assert tags(done) == ["call_mined", "gas_spent", "vault_moved", "call_confirmed"]
    moved = one(done, ev.VaultMoved)
    assert (moved.account, moved.wallet_account, moved.amount) == (VAULT, HOLDINGS, Decimal("-75.500000"))
    assert bench.state.balances[VAULT, USDC] == Decimal("-75.5")
    assert bench.state.balances[HOLDINGS, USDC] == Decimal("75.5")


def test_an_approval_moves_nothing() -> None:
    bench = CallBench()
    bench.command("vault_move", move="approve", amount="80", **MOVE)
    (call_id,) = bench.state.open_calls
    bench.signed(call_id)
    bench.sent(call_id)
    done = bench.mined(call_id, head=200, moves=(TokenMove(token=TOKEN, raw=1),))
    assert "vault_moved" not in tags(done)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"asset": "DAI"}, "no vault of this desk holds 'DAI' at 'base:vault': USDC of base:vault"),
        ({"move": "burn"}, "move must be approve, deposit, withdraw"),
        ({"amount": "0.0000001"}, "has more than 6 decimals"),
        ({"amount": "0"}, "0 is not above zero"),
        ({"amount": "-5"}, "-5 is not above zero"),
        ({"amount": "much"}, "amount must be a number of tokens"),
    ],
)
def test_a_move_that_cannot_be_is_refused(arguments: dict[str, str], why: str) -> None:
    bench = CallBench()
    stated = {"move": "deposit", "amount": "1", **MOVE, **arguments}
    done = bench.command("vault_move", **stated)
    assert tags(done) == ["command_refused"]
    assert why in str(getattr(done.events[0], "why", ""))


def test_more_than_the_cap_is_intended_and_refused_by_risk() -> None:
    bench = CallBench()
    done = bench.command("vault_move", move="deposit", amount="1000.01", **MOVE)
    assert tags(done).count("call_refused") == 2
    assert asked(done.effects) == []


def test_a_call_is_taken_back_by_command_and_only_once() -> None:
    bench = CallBench()
    call_id = bench.under_way()
    assert tags(bench.command("call_take_back", call_id=call_id)) == ["command_accepted", "call_cancel_intended"]
    again = bench.command("call_take_back", key="k2", call_id=call_id)
    assert tags(again) == ["command_refused"]


def test_a_call_in_a_block_and_one_that_nobody_knows_are_not_taken_back() -> None:
    bench = CallBench()
    call_id = bench.under_way()
    bench.mined(call_id)
    assert tags(bench.command("call_take_back", call_id=call_id)) == ["command_refused"]
    assert tags(bench.command("call_take_back", key="k2", call_id=CallId("gone"))) == ["command_refused"]


def test_a_deposit_of_most_of_a_day_is_not_refused_for_its_own_approval() -> None:
    bench = CallBench()
    bench.command("vault_move", move="deposit", amount="900", **MOVE)
    bench.command("vault_move", key="k2", move="deposit", amount="900", **MOVE)
    assert [call.status.value for call in bench.state.calls.values()] == ["intended"] * 4
    done = bench.command("vault_move", key="k3", move="deposit", amount="900", **MOVE)
    assert one(done, ev.CallRefused).reason is ev.CallRefusal.DAY_AMOUNT_MAX


def test_what_was_approved_for_a_deposit_that_failed_is_taken_back_even_under_a_halt() -> None:
    bench = CallBench()
    bench.command("vault_move", move="deposit", amount="900", **MOVE)
    approve, deposit = bench.state.open_calls
    bench.signed(approve)
    bench.sent(approve)
    bench.mined(approve, head=200)
    bench.command("halt", key="h", scope="all")
    done = bench.due()
    assert one(done, ev.CallRefused).call_id == deposit
    revoked = one(done, ev.CallIntended)
    assert (revoked.purpose, revoked.to, revoked.payload) == (ev.CallPurpose.REVOKE, TOKEN, f"0x095ea7b3{0:064x}")
    assert bench.stands(revoked.call_id) == "intended"
    assert bench.due().effects != ()


def test_a_deposit_that_succeeds_leaves_nothing_to_take_back() -> None:
    bench = CallBench()
    bench.command("vault_move", move="deposit", amount="900", **MOVE)
    for number, call_id in enumerate(tuple(bench.state.open_calls), 1):
        bench.signed(call_id, nonce=number, number=number)
        bench.sent(call_id)
        bench.mined(call_id, number=number, head=200)
    assert [call.status.value for call in bench.state.calls.values()] == ["confirmed"] * 2
