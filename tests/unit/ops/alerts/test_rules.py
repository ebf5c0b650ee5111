from __future__ import annotations

from decimal import Decimal

from msgspec.structs import replace

from flatbook.events.control import AlertName, HaltCause, HoldReason, Severity
from flatbook.ops.alerts.rules import RULES, Condition, Seen, Threshold, Watched, bound_s, conditions
from flatbook.state.desk import State
from flatbook.values.money import Price
from tests.unit.ops.alerts.scene import (
    CHAIN,
    COIN,
    OWNER,
    STOPPED,
    T0,
    TERMS,
    at,
    cleared,
    folded,
    halted,
    held,
    raised,
    with_net,
)

NOTHING = Seen()


def found(state: State, seen: Seen = NOTHING, seconds: int = 0) -> list[tuple[str, str, Severity]]:
    return [(each.name, each.subject, each.severity) for each in conditions(state, seen, TERMS, at(seconds))]


def only(state: State, seen: Seen = NOTHING, seconds: int = 0) -> Condition:
    (condition,) = conditions(state, seen, TERMS, at(seconds))
    return condition


def test_every_alert_of_the_engine_and_of_its_watcher_has_a_rule_and_a_place_in_the_runbook() -> None:
    assert sorted(RULES) == sorted([name.value for name in AlertName] + [name.value for name in Watched])
    assert RULES["halted"].anchor == "docs/runbook.md#halted"
    assert all(rule.do for rule in RULES.values())


def test_what_the_engine_raised_stands_until_it_clears_it() -> None:
    state = folded(raised(AlertName.BOOKS_DIVERGED, "paper:COIN", 3, Severity.CRITICAL))
    assert only(state) == Condition(
        name="books_diverged", subject="paper:COIN", severity=Severity.CRITICAL, detail="what it is", since=at(3)
    )
    gone = folded(raised(AlertName.BOOKS_DIVERGED, "paper:COIN"), cleared(AlertName.BOOKS_DIVERGED, "paper:COIN"))
    assert found(gone) == []


def test_a_halt_of_the_engine_is_critical_and_one_by_hand_a_warning() -> None:
    assert found(folded(halted())) == [("halted", "halt-one", Severity.CRITICAL)]
    assert found(folded(halted(HaltCause.OPERATOR))) == [("halted", "halt-one", Severity.WARNING)]
    assert only(folded(halted())).detail == ("no new orders for instrument COIN/USD@paper: diverged, the books differ")


def test_a_net_from_its_threshold_on_is_told_with_its_size_and_worth() -> None:
    state = with_net(folded(), "-2.5")
    state.positions.kept_net(OWNER, COIN).last_price = Price(Decimal(250))
    condition = only(state)
    assert (condition.name, condition.subject, condition.since) == ("unhedged", "desk:COIN", None)
    assert condition.detail == "-2.5 COIN (625 USD) is not hedged: no reason is given"
    assert found(with_net(folded(), "0.999")) == []
    assert found(with_net(folded(), "1")) == [("unhedged", "desk:COIN", Severity.CRITICAL)]


def test_a_net_that_the_engine_says_it_holds_is_told_once() -> None:
    state = with_net(folded(held(HoldReason.SESSION_CLOSED), raised(AlertName.EXPOSURE_HELD, "desk:COIN")), "3")
    assert found(state) == [("exposure_held", "desk:COIN", Severity.WARNING)]


def test_a_threshold_in_dollars_counts_a_net_without_a_price() -> None:
    terms = replace(TERMS, nets={(OWNER, COIN): Threshold(usd=Decimal(500))})
    state = with_net(folded(), "0.1")
    assert [each.name for each in conditions(state, NOTHING, terms, T0)] == ["unhedged"]
    state.positions.kept_net(OWNER, COIN).last_price = Price(Decimal(250))
    assert conditions(state, NOTHING, terms, T0) == ()


def test_a_chain_that_is_not_read_on_is_told_with_its_age_unless_the_engine_stopped() -> None:
    seen = Seen(read_at={CHAIN: at(0)})
    assert found(folded(), seen, 899) == []
    assert found(folded(), seen, 900) == [("checkpoint_old", "raindex:base", Severity.CRITICAL)]
    assert only(folded(), seen, 901).detail == "nothing was read of raindex:base for 901 s; it stands at none"
    assert found(folded(STOPPED), seen, 900) == []


def test_an_engine_that_is_gone_is_told_only_if_it_did_not_say_that_it_stops() -> None:
    seen = Seen(gone_since=at(9))
    assert only(folded(), seen).detail == "the engine ended without saying so; 0 orders may still execute"
    assert found(folded(STOPPED), seen) == []
    assert found(State(), seen) == []


def test_a_channel_that_is_silent_is_told_with_the_word_of_its_server() -> None:
    condition = only(folded(), Seen(silent={"phone": (at(4), "status 502")}))
    assert (condition.name, condition.detail) == (
        "channel_silent",
        "the channel phone delivers no alert: status 502",
    )


def test_bounds_are_those_of_the_configuration_and_all_else_is_told_at_once() -> None:
    bounds = {name: bound_s(name, TERMS) for name in RULES if bound_s(name, TERMS)}
    assert bounds == {
        "order_unknown": 60,
        "unhedged": 300,
        "checkpoint_old": 900,
        "channel_silent": 60,
        "engine_gone": 30,
    }
