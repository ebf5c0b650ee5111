"""The resend law: what follows when a venue does not know an unknown order, by its id rule."""

from __future__ import annotations

import msgspec
import pytest

from flatbook.engine.effects import Place
from flatbook.engine.ports import IdRule
from flatbook.engine.reports import Absent
from flatbook.engine.take_absence import fence, shown_in
from flatbook.events import orders as ev
from flatbook.state.exposure import exposure_of
from flatbook.values.ids import AccountId
from flatbook.values.instants import later
from tests.desk import PAPER
from tests.unit.engine.scene import KEY, START, Bench, accepted, effects, execution, one, report, statement, tags

# Of the card of the test desk: a request dies after 5 s, an answer may take 5 s, reads lag 10 s, an id holds for 60 s.
FENCE_S = 15
NOT_FOR_EVER = (IdRule.WHILE_OPEN, IdRule.NONE)


def test_the_fence_is_the_life_of_a_request_and_the_lag_of_reads_after_the_last_send() -> None:
    bench = Bench()
    order = bench.order(bench.unknown())
    assert fence(bench.rules.cards[PAPER], order) == later(START, seconds=FENCE_S)
    slow = msgspec.structs.replace(bench.rules.cards[PAPER], place_timeout_s=30)
    assert fence(slow, order) == later(START, seconds=40)


# Ids that hold for ever.


def test_the_same_order_is_sent_again_under_the_same_id_before_its_time_ends() -> None:
    bench = Bench()
    order_id = bench.unknown()
    done = bench.wait(2).absent(order_id)
    assert tags(done) == ["order_absent", "order_resent"]
    assert one(done, ev.OrderAbsent).proven is False
    (place,) = done.effects
    assert isinstance(place, Place)
    first = bench.placed()[0]
    assert (place.order.order_id, place.order.attempt, place.order.good_until) == (order_id, 1, first.good_until)
    assert (bench.status(order_id), len(bench.placed())) == ("unknown", 1)


def test_a_resent_order_that_is_accepted_works() -> None:
    bench = Bench()
    order_id = bench.unknown()
    bench.wait(2).absent(order_id)
    bench.answer(order_id, accepted(bench.now), attempt=1)
    assert (bench.status(order_id), bench.alerts) == ("accepted", [])


def test_an_answer_older_than_the_last_send_says_nothing_about_it() -> None:
    bench = Bench()
    order_id = bench.unknown()
    bench.wait(2).absent(order_id)
    early = bench.find(order_id, Absent(), asked_at=later(bench.now, seconds=-1))
    assert (early.events, early.dropped) == ((), ("absence_older_than_the_order",))


def test_no_more_is_resent_than_the_rules_allow() -> None:
    bench = Bench()
    order_id = bench.unknown()
    for _ in range(20):
        bench.wait(1).absent(order_id)
    assert bench.order(order_id).attempt == bench.rules.resends_max == 5


def test_after_the_last_resend_absence_is_proven_at_the_fence_and_not_before() -> None:
    bench = Bench()
    order_id = bench.unknown()
    for _ in range(5):
        bench.wait(1).absent(order_id)
    assert bench.wait(FENCE_S - 1).absent(order_id).dropped == ("absence_not_proven",)
    done = bench.wait(1).absent(order_id)
    assert one(done, ev.OrderAbsent).proven is True
    assert bench.status(order_id) == "denied"
    assert tags(done) == ["order_absent", "order_intended"]
    assert bench.placed()[-1].order_id != order_id


def test_after_its_time_an_order_is_not_resent_but_proven_absent() -> None:
    bench = Bench()
    order_id = bench.unknown()
    bench.wait(600)
    done = bench.absent(order_id)
    assert tags(done)[0] == "order_absent"
    assert one(done, ev.OrderAbsent).proven is True


def test_an_order_whose_fate_became_unknown_late_has_its_fence_from_then() -> None:
    bench = Bench()
    order_id = bench.ordered()
    bench.wait(595).restart()
    assert bench.wait(10).absent(order_id).dropped == ("absence_not_proven",)
    assert tags(bench.wait(5).absent(order_id)) == ["order_absent"]


def test_nothing_is_resent_under_a_halt_or_after_a_cancel() -> None:
    halted = Bench()
    order_id = halted.unknown()
    halted.command("halt")
    assert "place" not in effects(halted.wait(2).absent(order_id))
    assert halted.order(order_id).attempt == 0
    done = halted.wait(FENCE_S).absent(order_id)
    assert (halted.status(order_id), one(done, ev.OrderAbsent).proven) == ("denied", True)


def test_nothing_is_resent_for_a_net_that_is_not_hedged_any_more() -> None:
    bench = Bench()
    order_id = bench.unknown()
    bench.rules = msgspec.structs.replace(bench.rules, hedges={})
    assert "place" not in effects(bench.wait(2).absent(order_id))
    done = bench.wait(FENCE_S).absent(order_id)
    assert (bench.status(order_id), one(done, ev.OrderAbsent).proven) == ("denied", True)


def test_nothing_is_resent_that_no_longer_fits_the_net() -> None:
    bench = Bench()
    order_id = bench.unknown("10")
    bench.fill(2, "buy", "6")
    assert bench.wait(2).absent(order_id).effects == ()
    done = bench.wait(FENCE_S).absent(order_id)
    assert (bench.status(order_id), tags(done)) == ("denied", ["order_absent", "order_intended"])
    assert bench.orders() == ["buy 10.000", "buy 4.000"]


def test_what_still_fits_after_another_fill_is_resent() -> None:
    bench = Bench()
    order_id = bench.unknown("10")
    bench.fill(2, "sell", "6")
    assert effects(bench.wait(2).absent(order_id)) == ["place"]


# Ids that may come again.


@pytest.mark.parametrize("rule", NOT_FOR_EVER)
def test_where_an_id_may_come_again_nothing_is_resent(rule: IdRule) -> None:
    bench = Bench(id_rule=rule)
    order_id = bench.unknown()
    for seconds in (2, 5, 30, 60):
        done = bench.wait(seconds).absent(order_id)
        assert (done.events, done.effects, done.dropped) == ((), (), ("absence_not_proven",))
    assert bench.orders() == ["buy 10.000"]


@pytest.mark.parametrize("rule", NOT_FOR_EVER)
def test_absence_needs_the_fence_and_a_statement_that_agrees(rule: IdRule) -> None:
    for after_s, stated_s, shares, proven in (
        (FENCE_S, FENCE_S, "0", True),
        (FENCE_S - 1, FENCE_S, "0", False),
        (FENCE_S, FENCE_S - 1, "0", False),
        (FENCE_S, FENCE_S, "10", False),
        (FENCE_S, FENCE_S, "-1", False),
    ):
        bench = Bench(id_rule=rule)
        order_id = bench.unknown()
        done = bench.wait(after_s).absent(order_id, statement(later(START, seconds=stated_s), shares=shares))
        assert (bench.status(order_id) == "denied") is proven, (after_s, stated_s, shares)
        assert ("order_intended" in tags(done)) is proven


@pytest.mark.parametrize("rule", NOT_FOR_EVER)
def test_a_statement_of_another_account_or_none_proves_nothing(rule: IdRule) -> None:
    bench = Bench(id_rule=rule)
    order_id = bench.unknown()
    bench.wait(FENCE_S)
    other = msgspec.structs.replace(statement(bench.now), account=AccountId("other"))
    assert bench.absent(order_id, other).events == ()
    assert bench.absent(order_id, None).events == ()


@pytest.mark.parametrize("rule", NOT_FOR_EVER)
def test_an_order_that_looks_like_ours_and_has_no_id_may_be_ours(rule: IdRule) -> None:
    for line, proven in (
        (report(None, size="10"), False),
        (report(None, size="9"), True),
        (report("fb-somebody", size="10"), True),
    ):
        bench = Bench(id_rule=rule)
        order_id = bench.unknown()
        bench.wait(FENCE_S).absent(order_id, statement(later(START, seconds=FENCE_S), open_orders=[line]))
        assert (bench.status(order_id) == "denied") is proven


@pytest.mark.parametrize("rule", NOT_FOR_EVER)
def test_a_statement_that_shows_the_order_finds_it(rule: IdRule) -> None:
    bench = Bench(id_rule=rule)
    order_id = bench.unknown()
    bench.wait(FENCE_S).absent(order_id, statement(bench.now, open_orders=[report(order_id)]))
    assert bench.status(order_id) == "accepted"


def test_an_id_that_holds_for_a_window_is_for_ever_inside_it_and_nothing_outside() -> None:
    bench = Bench(id_rule=IdRule.WINDOW)
    order_id = bench.unknown()
    assert effects(bench.wait(54).absent(order_id)) == ["place"]
    late = Bench(id_rule=IdRule.WINDOW)
    order_id = late.unknown()
    assert late.wait(55).absent(order_id).dropped == ("absence_not_proven",)
    late.absent(order_id, statement(late.now))
    assert late.status(order_id) == "denied"


# In between.


def test_an_unknown_order_that_is_found_is_adopted() -> None:
    bench = Bench()
    order_id = bench.unknown()
    assert tags(bench.find(order_id, report(order_id))) == ["order_found"]
    assert (bench.status(order_id), bench.order(order_id).venue_order_id) == ("accepted", "V-1")


def test_an_order_proven_absent_that_is_found_after_all_counts_again_and_what_exceeds_the_net_is_canceled() -> None:
    bench = Bench()
    order_id = bench.unknown()
    bench.wait(600).absent(order_id)
    newer = bench.placed()[-1].order_id
    bench.answer(newer, accepted(bench.now))
    assert (bench.status(order_id), bench.status(newer)) == ("denied", "accepted")
    done = bench.report(report(order_id))
    assert tags(done) == ["order_found", "cancel_intended"]
    assert effects(done) == ["cancel"]
    assert (bench.status(order_id), bench.status(newer)) == ("pending_cancel", "accepted")
    assert exposure_of(bench.state, KEY).may_buy == 20


def test_an_absence_of_an_order_that_worked_is_told_and_ends_nothing() -> None:
    bench = Bench()
    order_id = bench.working()
    assert bench.wait(5).absent(order_id).dropped == ("absence_within_read_lag",)
    bench.wait(10).absent(order_id)
    assert (bench.status(order_id), bench.alerts) == ("accepted", ["order_unknown"])
    bench.find(order_id, report(order_id, filled="1"))
    assert bench.alerts == []


@pytest.mark.parametrize("rule", [*NOT_FOR_EVER, IdRule.WINDOW])
@pytest.mark.parametrize(
    ("asked_s", "stated_s", "shares", "ends"),
    [
        (FENCE_S, FENCE_S, "4", True),
        (FENCE_S - 1, 20, "4", False),
        (20, FENCE_S - 1, "4", False),
        (20, 20, "10", False),
    ],
)
def test_an_order_that_worked_ends_where_the_statement_agrees_that_it_is_gone(
    rule: IdRule, asked_s: int, stated_s: int, shares: str, ends: bool
) -> None:
    """Binance forgets what it canceled without an execution three days after it was made, and so does a long night."""
    bench = Bench(id_rule=rule)
    order_id = bench.working()
    bench.executions(execution("4", order_id=order_id, at=bench.now))
    at, stated = bench.now, statement(later(bench.now, seconds=stated_s), shares=shares)
    bench.wait(60)
    done = bench.find(order_id, Absent(), asked_at=later(at, seconds=asked_s), statement=stated)
    assert (bench.status(order_id) == "expired") is ends
    assert (bench.alerts == []) is ends
    assert ("order_intended" in tags(done)) is ends
    assert bench.orders() == (["buy 10.000", "buy 6.000"] if ends else ["buy 10.000"])


def test_an_order_that_owes_executions_is_not_gone_and_one_that_executes_late_counts() -> None:
    bench = Bench(id_rule=IdRule.WHILE_OPEN)
    order_id = bench.working()
    bench.report(report(order_id, filled="4"))
    bench.wait(60).absent(order_id, statement(bench.now))
    assert bench.status(order_id) == "accepted"
    bench.executions(execution("4", order_id=order_id, at=bench.now))
    bench.wait(60).absent(order_id, statement(bench.now, shares="4"))
    assert bench.status(order_id) == "expired"
    bench.executions(execution("6", 2, order_id=order_id, at=bench.now))
    assert (bench.status(order_id), bench.net) == ("filled", 0)


def test_an_absence_of_an_order_that_has_ended_means_nothing() -> None:
    bench = Bench()
    order_id = bench.working()
    bench.report(report(order_id, "canceled"))
    bench.wait(60)
    assert bench.absent(order_id).events == ()


def test_a_line_of_a_statement_shows_an_order_by_its_id() -> None:
    bench = Bench()
    order = bench.order(bench.unknown())
    line = report(order.order_id)
    assert shown_in(statement(START, open_orders=[report("fb-x"), line]), order) is line
    assert shown_in(statement(START), order) is None
    assert shown_in(None, order) is None
