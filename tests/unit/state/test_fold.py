"""The fold of orders, executions, commands and halts: what deciders and risk read afterwards."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.events import control
from flatbook.events import orders as ev
from flatbook.events.codec import EVENT_TYPES, UPCASTERS
from flatbook.state import control_fold, order_fold
from flatbook.state.desk import HALTS_ASKED_MAX
from flatbook.state.dump import state_bytes, state_from_bytes
from flatbook.state.exposure import exposure_of
from flatbook.state.fold import FOLDS, apply, apply_row
from flatbook.state.orders import Status
from flatbook.state.positions import DayResult
from flatbook.values.ids import UNASSIGNED, AssetId, Epoch, ExecutionId, HaltId, OrderId, SourceId, halt_id_of
from flatbook.values.instants import instant_of_text
from flatbook.values.money import Money
from tests.unit.events.samples import SAMPLES
from tests.unit.state.scene import (
    COIN,
    KEY,
    ONE,
    OPEN,
    OWNER,
    PAPER,
    STOCK,
    USD,
    absent,
    accepted,
    at,
    cancel_intended,
    cancel_refused,
    done,
    executed,
    folded,
    foreign,
    found,
    intended,
    marked,
    qty,
    rejected,
    resent,
    stated,
    unknown,
)


def test_every_event_has_its_fold() -> None:
    assert set(FOLDS) == set(EVENT_TYPES) - set(UPCASTERS)


def test_an_event_that_only_informs_changes_nothing_but_the_sequence() -> None:
    informing = (ev.ReportRefused, ev.OrderOverfilled, control.CommandRefused)
    for sample in SAMPLES:
        if isinstance(sample, informing):
            state = folded([sample])
            assert state.seq == 1
            state.seq = folded([]).seq
            assert state_bytes(state) == state_bytes(folded([]))


def test_a_row_moves_the_cursors_with_its_events() -> None:
    state = apply_row(folded([]), (stated(USD, "5"),), {SourceId("base"): "7"})
    assert (state.seq, state.cursors) == (1, {"base": "7"})
    assert apply_row(state, (), {SourceId("base"): "8"}).cursors == {"base": "8"}


def test_an_execution_moves_order_position_net_balances_and_day() -> None:
    state = folded([intended(), accepted(), executed("4", price="250.5")])
    order = state.orders[ONE]
    assert (order.status, order.filled, order.leaves) == (Status.PARTIALLY_FILLED, Decimal(4), Decimal(6))
    assert state.positions.rows[OWNER, PAPER, STOCK].qty == 4
    assert state.positions.net(*KEY).known == 4
    assert state.balances == {(PAPER, "USD"): Decimal(-1002), (PAPER, "COIN"): Decimal(4)}
    assert state.positions.days[KEY].cash_usd == Decimal(-1002)
    assert state.moved_at == {(PAPER, "USD"): at(5), (PAPER, "COIN"): at(5)}


def test_fees_are_taken_from_the_asset_they_are_charged_in() -> None:
    fees = (ev.Fee(asset=USD, amount=Money(Decimal("1.5"))), ev.Fee(asset=USD, amount=Money(Decimal("-0.5"))))
    state = folded([intended(), msgspec.structs.replace(executed("1"), fees=fees)])
    assert state.balances[PAPER, USD] == Decimal(-251)
    assert state.positions.days[KEY].cash_usd == Decimal(-251)


def test_contracts_count_with_their_size() -> None:
    size = Decimal(100)
    filled = msgspec.structs.replace(executed("2", price="3"), contract_size=size)
    state = folded([intended(contract_size=size), accepted(), filled])
    assert state.positions.rows[OWNER, PAPER, STOCK].qty == 2
    assert state.positions.net(*KEY).known == 200
    assert state.balances == {(PAPER, "USD"): Decimal(-600), (PAPER, "COIN"): Decimal(200)}
    assert exposure_of(state, KEY).may_buy == 800


def test_an_order_leaves_the_open_ones_when_it_ends_and_owes_until_all_is_seen() -> None:
    state = folded([intended(), accepted(), done("4")])
    assert tuple(state.open_orders) == ()
    assert [order.leaves for order in state.orders_owing(KEY)] == [4]
    apply(state, executed("4"))
    assert state.orders_owing(KEY) == ()


def test_a_claim_seen_after_the_end_is_owed_too() -> None:
    state = folded([intended(), accepted(), done(), found("3")])
    assert state.orders[ONE].status is Status.CANCELED
    assert [order.leaves for order in state.orders_owing(KEY)] == [3]


def test_intents_are_counted_for_ever_so_that_no_order_id_comes_again() -> None:
    refused = ev.IntentRefused(
        order_id=OrderId("fb2"),
        owner=OWNER,
        account=PAPER,
        instrument=STOCK,
        underlying=COIN,
        side=intended().side,
        qty=qty("1"),
        rule=ev.RefusalRule.HALTED,
        limit="",
        asked="",
        because=None,
        decided_at=at(1),
    )
    state = folded([intended(), accepted(), cancel_intended(), cancel_refused(), executed("10"), refused])
    net = state.positions.net(*KEY)
    assert (net.intents, net.cause) == (2, "exec:paper:COIN/USD:X-1")


def test_refusals_are_counted_until_something_executes() -> None:
    state = folded([intended(), rejected(), intended(order_id="fb2"), rejected("fb2")])
    net = state.positions.net(*KEY)
    assert (net.refusals, net.retry_from) == (2, at(2))
    apply(state, intended(order_id="fb3"))
    apply(state, executed("1", order_id="fb3"))
    assert (state.positions.net(*KEY).refusals, state.positions.net(*KEY).retry_from) == (0, None)


def test_a_foreign_execution_is_nobodys_until_it_is_assigned() -> None:
    state = folded([foreign("2")])
    assert state.positions.net(UNASSIGNED, COIN).known == -2
    assert state.positions.net(*KEY).known == 0
    assert state.balances[PAPER, USD] == Decimal("499.5")
    apply(
        state,
        ev.ForeignAssigned(
            account=PAPER,
            instrument=STOCK,
            underlying=COIN,
            owner=OWNER,
            qty=qty("-2"),
            reason="ours",
            decided_at=at(9),
        ),
    )
    assert state.positions.net(UNASSIGNED, COIN).known == 0
    assert state.positions.net(*KEY).known == -2
    assert {key: row.qty for key, row in state.positions.rows.items()} == {
        (UNASSIGNED, PAPER, STOCK): 0,
        (OWNER, PAPER, STOCK): -2,
    }


def test_the_day_of_an_execution_is_the_eastern_one_and_never_tomorrow() -> None:
    evening = instant_of_text("2025-12-03T03:00:00Z")  # 22:00 on the 2nd in New York
    late = msgspec.structs.replace(executed("1"), happened_at=evening, seen_at=evening)
    ahead = msgspec.structs.replace(
        executed("1", 2), happened_at=instant_of_text("2025-12-03T14:30:00Z"), seen_at=evening
    )
    state = folded([intended(), late, ahead])
    assert state.positions.days[KEY] == DayResult(day=20424, cash_usd=Decimal(-500), qty=Decimal(2))


def test_a_fee_in_a_coin_without_a_mark_waits_for_one_before_the_day_has_a_result() -> None:
    coin = AssetId("BNB")
    fees = (ev.Fee(asset=coin, amount=Money(Decimal("0.002"))), ev.Fee(asset=USD, amount=Money(Decimal(1))))
    paid = [msgspec.structs.replace(executed("1", number), fees=fees) for number in (1, 2)]
    old = msgspec.structs.replace(paid[1], execution_id=ExecutionId("old"), happened_at=at(-86_400))
    state = folded([intended(), *paid, old])
    waits = DayResult(day=20424, cash_usd=Decimal(-502), qty=Decimal(2), unmarked={coin: Decimal("0.004")})
    assert state.positions.days[KEY] == waits
    assert state_from_bytes(state_bytes(state)).positions.days[KEY] == waits
    apply(state, marked(coin, "600"))
    assert state.positions.days[KEY] == DayResult(day=20424, cash_usd=Decimal("-504.4"), qty=Decimal(2))


def test_an_execution_of_an_older_day_does_not_change_the_day() -> None:
    yesterday = msgspec.structs.replace(executed("1", 2), happened_at=at(-86_400))
    state = folded([intended(), executed("1"), yesterday])
    assert state.positions.days[KEY].qty == 1
    assert state.positions.net(*KEY).known == 2


def test_asking_for_a_net_that_never_moved_leaves_no_trace() -> None:
    state = folded([])
    assert state.positions.net(*KEY).known == 0
    assert exposure_of(state, KEY).worst == 0
    assert state_bytes(state) == state_bytes(folded([]))


def test_ended_orders_are_forgotten_beyond_their_bound_but_not_while_they_owe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_fold, "ENDED_ORDERS_KEPT_MAX", 2)
    events = []
    for number in range(5):
        name = f"fb{number}"
        events += [intended(order_id=name), accepted(name), done("1" if number == 0 else "0", order_id=name)]
    state = folded(events)
    assert list(state.orders) == ["fb0", "fb3", "fb4"]
    apply(state, executed("1", order_id="fb0"))
    for number in range(5, 9):
        name = f"fb{number}"
        for event in (intended(order_id=name), done(order_id=name)):
            apply(state, event)
    assert list(state.orders) == ["fb7", "fb8"]


def test_an_order_that_opened_again_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_fold, "ENDED_ORDERS_KEPT_MAX", 1)
    state = folded([intended(), unknown(), absent(proven=True), found()])
    for number in range(5):
        for event in (intended(order_id=f"fb-{number}"), done(order_id=f"fb-{number}")):
            apply(state, event)
    assert list(state.orders) == [ONE, "fb-4"]
    assert state.orders[ONE].status is Status.ACCEPTED


def test_executions_beyond_their_bound_leave_a_watermark_of_their_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_fold, "EXECUTIONS_KEPT_MAX", 2)
    state = folded(
        [intended()] + [executed("1", number, seconds=seconds) for number, seconds in ((1, 9), (2, 3), (3, 4))]
    )
    assert [key[2] for key in state.executions] == ["X-2", "X-3"]
    assert state.execution_watermarks == {PAPER: at(9)}
    assert state.executions[PAPER, STOCK, ExecutionId("X-2")] == (at(3), Decimal(1), Decimal(250))


def test_times_of_orders_commands_and_alerts_have_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_fold, "ORDER_TIMES_KEPT_MAX", 3)
    monkeypatch.setattr(control_fold, "COMMANDS_KEPT_MAX", 3)
    monkeypatch.setattr(control_fold, "ALERTS_KEPT_MAX", 3)
    state = folded([])
    for number in range(10):
        apply(state, intended(order_id=f"fb{number}", decided_at=at(number)))
        apply(
            state,
            control.CommandAccepted(
                key=f"k{number}", actor="a", verb="halt", reason="r", arguments={}, accepted_at=at(number)
            ),
        )
        apply(
            state,
            control.AlertRaised(
                name=control.AlertName.LOG_UNPARSED,
                severity=control.Severity.INFO,
                subject=str(number),
                detail="",
                because=None,
                raised_at=at(number),
            ),
        )
    assert state.order_times == [at(6), at(7), at(8), at(9)]
    assert list(state.commands) == ["k7", "k8", "k9"]
    assert [subject for _, subject in state.alerts] == ["7", "8", "9"]


def test_a_start_clears_what_a_stop_left() -> None:
    started = control.EngineStarted(
        epoch=Epoch(9), mode=control.Mode.PAPER, version="1", config_digest="", started_at=OPEN
    )
    state = folded(
        [
            control.DrainIntended(reason="x", decided_at=OPEN),
            control.EngineStopped(reason="drained", stopped_at=OPEN),
        ]
    )
    assert (state.draining, state.stopped) == (True, True)
    apply(state, started)
    assert (state.draining, state.stopped, state.epoch, state.mode) == (False, False, 9, control.Mode.PAPER)


def test_marks_value_the_day_and_dollars_need_none() -> None:
    paid = msgspec.structs.replace(executed("2", price="10"), quote="USDC")
    assert folded([intended(), paid]).positions.days == {}
    state = folded([marked(paid.quote, "0.5"), intended(), paid])
    assert state.positions.days[KEY].cash_usd == Decimal(-10)
    assert folded([]).mark(USD) == 1


def test_an_unknown_order_counts_as_exposure_in_full_until_it_is_proven_absent() -> None:
    state = folded([intended(), unknown(), absent(proven=False), resent()])
    assert exposure_of(state, KEY).unknown_buy == 10
    assert exposure_of(state, KEY).may_buy == 10
    apply(state, absent(proven=True))
    assert exposure_of(state, KEY).may_buy == 0


def test_a_halt_keeps_everybody_who_wanted_it_until_it_is_lifted() -> None:
    halt_id = halt_id_of("all", "", "operator")
    state = folded([wanted("ada", "news", 1), halted(halt_id), wanted("bob", "the broker is wrong", 2)])
    assert [(each.actor, each.reason, each.asked_at) for each in state.halts_asked[halt_id]] == [
        ("ada", "news", at(1)),
        ("bob", "the broker is wrong", at(2)),
    ]
    apply(state, control.TradingLifted(halt_id=halt_id, reason="over", lifted_at=at(3)))
    assert state.halts_asked == {}


def test_of_many_who_wanted_a_halt_the_first_and_the_newest_are_kept() -> None:
    asked = folded(wanted(f"a{number}", "news", number) for number in range(HALTS_ASKED_MAX + 5)).halts_asked
    ((first, second, *_, newest),) = asked.values()
    assert (first.actor, second.actor, newest.actor) == ("a0", "a6", "a104")
    assert [len(each) for each in asked.values()] == [100]


def wanted(actor: str, reason: str, second: int) -> control.CommandAccepted:
    """Returns an accepted halt of everything."""
    return control.CommandAccepted(
        key=f"{actor}{second}", actor=actor, verb="halt", reason=reason, arguments={}, accepted_at=at(second)
    )


def halted(halt_id: HaltId) -> control.TradingHalted:
    """Returns the halt that the first of them sets."""
    return control.TradingHalted(
        halt_id=halt_id,
        scope=control.HaltScope.ALL,
        target="",
        cause=control.HaltCause.OPERATOR,
        reason="news",
        halted_at=at(1),
    )
