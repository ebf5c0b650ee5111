"""The hedge: when it orders, how much, at what limit, and why it waits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.events.control import FlattenEnded, HedgeHeld, HoldReason
from flatbook.strategies.decision import Trigger
from flatbook.strategies.hedge import decide
from flatbook.strategies.hedge_terms import HedgeParams
from flatbook.values.ids import EventRef, order_id_of_event
from flatbook.values.instants import instant_of_text, later, text_of_instant
from flatbook.values.money import Price
from flatbook.values.sessions import SessionKind
from tests.desk import HEDGE, OWNER
from tests.unit.state.scene import qty
from tests.unit.strategies.scene import (
    BACKUP,
    NOON,
    POOL,
    backup_route,
    canceled,
    order,
    params,
    placed,
    quote,
    route,
    view,
    wanted,
    with_rules,
)

FRACTIONAL = route("0.001")
SECOND = params(second_source=POOL, second_bps_max=100, second_age_s_max=60)


@pytest.mark.parametrize(
    ("net", "lot", "answer"),
    [
        ("-10.75", "1", "buy 10 at 252.50"),
        ("-10.75", "0.001", "buy 10.750 at 252.50"),
        ("10.75", "1", "sell 10 at 247.50"),
        ("-0.999", "0.001", "nothing"),
        ("-1", "0.001", "buy 1.000 at 252.50"),
        ("0", "1", "nothing"),
        ("1.9999", "1", "sell 1 at 247.50"),
    ],
)
def test_a_net_at_its_threshold_is_ordered_away_in_lots(net: str, lot: str, answer: str) -> None:
    assert wanted(net, route=route(lot)) == answer


def test_small_fills_add_up_to_a_whole_share_and_the_rest_is_carried() -> None:
    nets = ["-0.3", "-0.8", "-1.2", "-0.2"]
    assert [wanted(net) for net in nets] == ["nothing", "nothing", "buy 1 at 252.50", "nothing"]


@pytest.mark.parametrize(
    ("net", "last", "answer"),
    [
        ("-3.9", "250", "nothing"),
        ("-4", "250", "buy 4 at 252.50"),
        ("-3.99", "251", "buy 3 at 252.50"),
        ("-1", None, "buy 1 at 252.50"),
        ("0", None, "nothing"),
    ],
)
def test_a_threshold_in_dollars_is_reached_at_the_price_of_the_last_fill(
    net: str, last: str | None, answer: str
) -> None:
    by_usd = params(threshold_shares=None, threshold_usd=Decimal(1000))
    assert wanted(net, params=by_usd, last_price=None if last is None else Price(Decimal(last))) == answer


def test_either_threshold_is_enough() -> None:
    either = params(threshold_shares=Decimal(5), threshold_usd=Decimal(500))
    assert wanted("-2", params=either) == "buy 2 at 252.50"
    assert wanted("-5", params=either, last_price=Price(Decimal(1))) == "buy 5 at 252.50"
    assert wanted("-1", params=either) == "nothing"


def test_the_operational_cap_splits_a_net_into_orders_one_after_the_other() -> None:
    capped = params(order_shares_max=Decimal(1), threshold_shares=Decimal("0.5"))
    sizes = [wanted(net, params=capped, route=FRACTIONAL) for net in ("-2.5", "-1.5", "-0.5", "0")]
    assert sizes == ["buy 1.000 at 252.50", "buy 1.000 at 252.50", "buy 0.500 at 252.50", "nothing"]


@pytest.mark.parametrize(
    "status", ["intended", "submitted", "accepted", "partially_filled", "pending_cancel", "unknown"]
)
def test_nothing_is_added_while_an_order_may_still_execute(status: str) -> None:
    pending = status == "pending_cancel"
    decision = decide(view("-20", orders=(order("buy", "10", status, cancel_pending=pending),)), HEDGE)
    assert decision.intents == ()


def test_nothing_is_added_while_an_ended_order_owes_executions() -> None:
    owing = order("buy", "10", "canceled", claimed=qty("4"))
    assert decide(view("-20", orders=(owing,)), HEDGE).intents == ()


@pytest.mark.parametrize("status", ["intended", "submitted", "accepted", "partially_filled"])
def test_what_works_beyond_the_net_is_canceled(status: str) -> None:
    decision = decide(view("-9", orders=(order("buy", "10", status),)), HEDGE)
    assert canceled(decision) == [("fb1", "exceeds_net")]


def test_what_works_up_to_the_net_stays() -> None:
    assert decide(view("-9", orders=(order("buy", "10", "partially_filled", filled="1"),)), HEDGE).intents == ()


@pytest.mark.parametrize(("net", "side"), [("9", "buy"), ("-9", "sell"), ("0", "buy")])
def test_what_works_on_the_wrong_side_is_canceled(net: str, side: str) -> None:
    assert canceled(decide(view(net, orders=(order(side, "1"),)), HEDGE)) == [("fb1", "wrong_side")]


def test_at_zero_whatever_works_goes() -> None:
    assert canceled(decide(view("0", orders=(order("sell", "1"),)), HEDGE)) == [("fb1", "exceeds_net")]


def test_orders_that_together_exceed_the_net_are_canceled_newest_first_until_the_rest_fits() -> None:
    unknown = order("buy", "6", "unknown", name="fb1")
    older, newer = order("buy", "3", name="fb2"), order("buy", "2", name="fb3")
    assert canceled(decide(view("-9", orders=(unknown, older, newer)), HEDGE)) == [("fb3", "exceeds_net")]
    assert canceled(decide(view("-8", orders=(unknown, older, newer)), HEDGE)) == [
        ("fb3", "exceeds_net"),
        ("fb2", "exceeds_net"),
    ]
    assert decide(view("-11", orders=(unknown, older, newer)), HEDGE).intents == ()
    leaving = order("buy", "2", "pending_cancel", name="fb3", cancel_pending=True)
    assert decide(view("-9", orders=(unknown, older, leaving)), HEDGE).intents == ()


def test_an_order_beyond_its_time_is_canceled_after_a_grace() -> None:
    works = order(good_until=NOON)
    assert decide(view("-10", now=later(NOON, seconds=4), orders=(works,)), HEDGE).intents == ()
    assert canceled(decide(view("-10", now=later(NOON, seconds=5), orders=(works,)), HEDGE)) == [("fb1", "stale_price")]


def test_a_refused_cancel_is_repeated_after_a_while_and_the_strategy_wakes_for_it() -> None:
    works = order(cancel_attempt=1, cancel_at=NOON)
    waiting = decide(view("-9", now=later(NOON, seconds=4), orders=(works,)), HEDGE)
    assert (waiting.intents, waiting.wake.at) == ((), later(NOON, seconds=5))
    assert canceled(decide(view("-9", now=later(NOON, seconds=5), orders=(works,)), HEDGE)) == [("fb1", "exceeds_net")]


def test_a_halt_cancels_what_may_add_risk() -> None:
    halted = route(halted=True)
    assert canceled(decide(view("-10", route=halted, orders=(order(),)), HEDGE)) == [("fb1", "halted")]
    assert decide(view("-10", route=halted, orders=(order(reduce_only=True),)), HEDGE).intents == ()
    assert wanted("-10", route=halted) == "halted"


def test_an_order_names_its_cause_its_evidence_and_its_time() -> None:
    cause = EventRef("fill:8453:0xaa:1@0xbbbbbbbb")
    intent = placed(decide(view("-10.75", cause=cause, intents=3), HEDGE))
    assert intent.order_id == order_id_of_event(OWNER, cause, index=3)
    assert intent.because == cause
    assert intent.good_until == later(NOON, seconds=600)
    assert intent.reduce_only is False
    assert intent.evidence == {
        "net": "-10.75",
        "session": "regular",
        "price": "250",
        "price_source": "paper-bars",
        "price_at": "2025-12-02T17:00:00Z",
    }


# Sessions.

EXTENDED = params(sessions=(SessionKind.EARLY, SessionKind.REGULAR, SessionKind.LATE))


@pytest.mark.parametrize(
    ("text", "hedge", "answer"),
    [
        ("2025-12-02T14:29:59Z", HEDGE, "session_closed"),
        ("2025-12-02T14:30:00Z", HEDGE, "buy 2 at 252.50"),
        ("2025-12-02T20:59:44Z", HEDGE, "buy 2 at 252.50"),
        ("2025-12-02T20:59:45Z", HEDGE, "close_too_near"),
        ("2025-12-02T21:00:00Z", HEDGE, "session_closed"),
        ("2025-12-02T21:00:00Z", EXTENDED, "buy 2 at 252.50"),
        ("2025-12-03T00:59:45Z", EXTENDED, "close_too_near"),
        ("2025-12-03T01:00:00Z", EXTENDED, "session_closed"),
        ("2025-11-28T17:59:44Z", HEDGE, "buy 2 at 252.50"),
        ("2025-11-28T18:00:00Z", HEDGE, "session_closed"),
        ("2025-11-28T21:59:44Z", EXTENDED, "buy 2 at 252.50"),
        ("2025-11-28T22:00:00Z", EXTENDED, "session_closed"),
        ("2025-11-27T15:00:00Z", HEDGE, "session_closed"),
        ("2025-11-29T15:00:00Z", EXTENDED, "session_closed"),
    ],
)
def test_a_hedge_waits_for_a_session_it_may_trade_in_and_away_from_its_close(
    text: str, hedge: HedgeParams, answer: str
) -> None:
    assert wanted("-2", now=instant_of_text(text), params=hedge) == answer


@pytest.mark.parametrize(
    ("text", "hedge", "ends"),
    [
        ("2025-12-02T20:55:00Z", HEDGE, "2025-12-02T21:00:00Z"),
        ("2025-12-03T00:55:00Z", EXTENDED, "2025-12-03T01:00:00Z"),
        ("2025-11-28T17:55:00Z", HEDGE, "2025-11-28T18:00:00Z"),
        ("2025-11-28T21:55:00Z", EXTENDED, "2025-11-28T22:00:00Z"),
        ("2025-12-02T20:30:00Z", HEDGE, "2025-12-02T20:40:00Z"),
    ],
)
def test_no_order_outlives_the_session_it_was_decided_in(text: str, hedge: HedgeParams, ends: str) -> None:
    intent = placed(decide(view("-2", now=instant_of_text(text), params=hedge), hedge))
    assert text_of_instant(intent.good_until) == ends


def test_a_closed_market_wakes_at_the_next_session_it_may_trade_in() -> None:
    friday_evening = instant_of_text("2025-11-29T01:30:00Z")
    decision = decide(view("-2", now=friday_evening), HEDGE)
    assert decision.wake.at is not None
    assert friday_evening < decision.wake.at <= instant_of_text("2025-12-01T14:30:00Z")
    near_close = decide(view("-2", now=instant_of_text("2025-12-02T20:59:50Z")), HEDGE)
    assert near_close.wake.at == instant_of_text("2025-12-02T21:00:00Z")


# Prices.


@pytest.mark.parametrize(
    ("age_s", "answer"), [(120, "buy 2 at 252.50"), (121, "stale_quote"), (100_000, "stale_quote")]
)
def test_a_price_older_than_its_bound_is_not_traded_on(age_s: int, answer: str) -> None:
    assert wanted("-2", price=quote("250", at=later(NOON, seconds=-age_s))) == answer


def test_without_a_price_there_is_no_market() -> None:
    assert wanted("-2", price=None) == "no_market"
    decision = decide(view("-2", price=None), HEDGE)
    assert decision.wake.observed == ("paper-bars",)


@pytest.mark.parametrize(
    ("second", "age_s", "answer"),
    [
        ("250", 0, "buy 2 at 252.50"),
        ("252.5", 0, "buy 2 at 252.50"),
        ("253", 0, "second_source_differs"),
        ("247", 0, "second_source_differs"),
        ("250", 60, "buy 2 at 252.50"),
        ("250", 61, "stale_quote"),
    ],
)
def test_a_second_source_must_be_fresh_and_agree(second: str, age_s: int, answer: str) -> None:
    other = quote(second, at=later(NOON, seconds=-age_s))
    assert wanted("-2", params=SECOND, second=other) == answer


def test_a_missing_second_source_holds_the_hedge() -> None:
    assert wanted("-2", params=SECOND) == "stale_quote"


def test_two_sources_that_differ_are_looked_at_again_at_any_quote_and_when_one_grows_old() -> None:
    decision = decide(view("-2", params=SECOND, second=quote("260", at=later(NOON, seconds=-20))), SECOND)
    assert decision.wake.observed == ("paper-bars", "pool")
    assert decision.wake.at == later(NOON, seconds=40) + 1


def test_a_limit_that_rounds_to_nothing_is_no_market() -> None:
    assert wanted("2", price=quote("0.00001")) == "no_market"
    assert wanted("-2", price=quote("0.00001")) == "buy 2 at 0.0001"


# What the account can take.


@pytest.mark.parametrize(
    ("net", "changes", "answer"),
    [
        ("-10", {"cash": Decimal(2525)}, "buy 10 at 252.50"),
        ("-10", {"cash": Decimal("2524.99")}, "buy 9 at 252.50"),
        ("-10", {"cash": Decimal(252)}, "capacity"),
        ("-10", {"cash": Decimal(-1)}, "capacity"),
        ("10", {"held": qty("10")}, "sell 10 at 247.50"),
        ("10", {"held": qty("4.5")}, "sell 4 at 247.50"),
        ("10", {"held": qty("0")}, "capacity"),
        ("10", {"held": qty("10"), "selling": qty("7")}, "sell 3 at 247.50"),
        ("10", {"held": qty("10"), "selling": qty("10")}, "capacity"),
        ("10", {"held": qty("-3")}, "capacity"),
        ("-10", {"held": qty("-3"), "cash": Decimal(0)}, "buy 3 at 252.50"),
        ("-10", {"held": qty("-3"), "buying": qty("1")}, "buy 2 at 252.50"),
    ],
)
def test_an_order_is_cut_to_what_the_account_can_take(net: str, changes: dict[str, Any], answer: str) -> None:
    assert wanted(net, route=route(**changes)) == answer


@pytest.mark.parametrize(
    ("held", "answer"), [("4", "sell 4 at 247.50"), ("0", "sell 10 at 247.50"), ("-3", "sell 10 at 247.50")]
)
def test_where_shorting_is_allowed_a_sell_still_stops_at_zero_first(held: str, answer: str) -> None:
    assert wanted("10", params=params(shorting=True), route=route(held=qty(held))) == answer


def test_contracts_count_with_their_size() -> None:
    tens = route(cash=Decimal(10_000))
    instrument = msgspec.structs.replace(tens.instrument, contract_size=Decimal(10))
    tens = msgspec.structs.replace(tens, instrument=instrument)
    assert wanted("-35", route=tens) == "buy 3 at 252.50"
    assert wanted("-9", route=tens) == "below_lot"
    assert wanted("-35", route=msgspec.structs.replace(tens, cash=Decimal(6000))) == "buy 2 at 252.50"


def test_a_net_due_but_below_the_lot_says_so() -> None:
    half = params(threshold_shares=Decimal("0.5"))
    assert wanted("-0.7", params=half) == "below_lot"
    costly = with_rules(route("0.001").instrument, notional_min=Decimal(200))
    assert wanted("-0.7", params=half, route=route(instrument=costly)) == "below_lot"
    assert wanted("-0.8", params=half, route=route(instrument=costly)) == "buy 0.800 at 252.50"


def test_a_hedge_held_for_want_of_funds_wakes_at_any_change_of_the_account_or_the_price() -> None:
    decision = decide(view("-10", route=route(cash=Decimal(1))), HEDGE)
    assert Trigger.BALANCE_CHANGED in decision.wake.on
    assert decision.wake.observed == ("paper-bars",)
    assert decision.wake.at == later(NOON, seconds=120) + 1
    assert Trigger.BALANCE_CHANGED not in decide(view("0"), HEDGE).wake.on


# Waiting after a refusal.


@pytest.mark.parametrize(("refusals", "wait_s"), [(1, 10), (2, 20), (3, 40), (7, 640), (8, 640), (1000, 640)])
def test_each_refusal_doubles_the_wait_up_to_a_bound(refusals: int, wait_s: int) -> None:
    early, late = later(NOON, seconds=wait_s - 1), later(NOON, seconds=wait_s)
    held = decide(view("-2", now=early, refusals=refusals, retry_from=NOON), HEDGE)
    assert held.wake.at == late
    assert wanted("-2", now=early, refusals=refusals, retry_from=NOON) == "retry_later"
    assert wanted("-2", now=late, refusals=refusals, retry_from=NOON) == "buy 2 at 252.50"


# Notes.


def test_a_hold_is_noted_once_and_cleared_when_it_is_gone() -> None:
    first = decide(view("-2", price=None), HEDGE)
    assert first.notes == (
        HedgeHeld(
            owner=OWNER, underlying=view("0").underlying, reason=HoldReason.NO_MARKET, net=qty("-2"), decided_at=NOON
        ),
    )
    assert decide(view("-2", price=None, hold=HoldReason.NO_MARKET), HEDGE).notes == ()
    for later_view in (view("-2", hold=HoldReason.NO_MARKET), view("-0.5", hold=HoldReason.NO_MARKET)):
        (cleared,) = decide(later_view, HEDGE).notes
        assert isinstance(cleared, HedgeHeld)
        assert cleared.reason is None


# Flatten.


def test_a_flatten_trades_at_the_market_whatever_threshold_cap_price_or_halt() -> None:
    capped = params(order_shares_max=Decimal(1), threshold_shares=Decimal(100))
    stopped = route("0.001", halted=True)
    intent = placed(decide(view("-2.5", flattening=True, price=None, route=stopped), capped))
    assert (intent.qty, intent.limit, intent.reduce_only) == (Decimal("2.5"), None, True)


def test_a_flatten_still_waits_for_the_session_and_after_a_refusal() -> None:
    night = instant_of_text("2025-12-02T10:00:00Z")
    assert wanted("-2", now=night, flattening=True) == "session_closed"
    assert wanted("-2", flattening=True, refusals=1, retry_from=NOON) == "retry_later"


@pytest.mark.parametrize("net", ["0", "0.5", "-0.999"])
def test_a_flatten_ends_when_nothing_more_can_be_traded(net: str) -> None:
    (ended,) = decide(view(net, flattening=True), HEDGE).notes
    assert isinstance(ended, FlattenEnded)
    assert ended.net == Decimal(net)


def test_a_flatten_ends_below_what_the_venue_takes() -> None:
    costly = with_rules(route("0.001").instrument, notional_min=Decimal(200))
    (ended,) = decide(view("-0.7", flattening=True, route=route(instrument=costly)), HEDGE).notes
    assert isinstance(ended, FlattenEnded)


# A second broker.


def test_the_second_broker_takes_only_what_no_unknown_order_can_cover() -> None:
    unknown = order("buy", "10", "unknown")
    intent = placed(decide(view("-15", orders=(unknown,), backup=backup_route()), HEDGE))
    assert (intent.account, intent.qty) == (BACKUP, Decimal(5))
    assert decide(view("-10.5", orders=(unknown,), backup=backup_route()), HEDGE).intents == ()
    assert decide(view("-15", orders=(unknown,)), HEDGE).intents == ()


def test_the_second_broker_waits_while_any_order_works_or_one_of_its_own_is_unknown() -> None:
    backup = backup_route()
    for orders in (
        (order("buy", "10"),),
        (order("buy", "10", "unknown"), order("buy", "1", name="fb2", account=BACKUP)),
        (order("buy", "10", "unknown", account=BACKUP),),
        (order("buy", "10", "canceled", claimed=qty("5")),),
    ):
        assert decide(view("-20", orders=orders, backup=backup), HEDGE).intents == ()


def test_the_second_broker_has_its_own_funds_and_its_own_halts() -> None:
    unknown = order("buy", "10", "unknown")
    poor = backup_route(cash=Decimal(600))
    assert placed(decide(view("-15", orders=(unknown,), backup=poor), HEDGE)).qty == 2
    halted = decide(view("-15", orders=(unknown,), backup=backup_route(halted=True)), HEDGE)
    assert (halted.intents, halted.notes) == ((), ())


def test_a_second_broker_whose_account_was_never_stated_gets_nothing_until_it_is() -> None:
    unknown = order("buy", "10", "unknown")
    decision = decide(view("-15", orders=(unknown,), backup=backup_route(held=None)), HEDGE)
    assert decision.intents == ()
    assert Trigger.BALANCE_CHANGED in decision.wake.on


def test_a_second_broker_that_must_wait_wakes_for_what_it_waits_for() -> None:
    unknown = order("buy", "10", "unknown", good_until=later(NOON, seconds=900))
    decision = decide(view("-15", orders=(unknown,), backup=backup_route(), price=None), HEDGE)
    assert decision.wake.observed == ("paper-bars",)
    assert decision.wake.at == later(NOON, seconds=905)


# Parameters.


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"threshold_shares": None}, "threshold"),
        ({"threshold_shares": Decimal(0)}, "threshold_shares"),
        ({"threshold_usd": Decimal(-1)}, "threshold_usd"),
        ({"order_shares_max": Decimal(0)}, "order_shares_max"),
        ({"price_age_s_max": 0}, "price_age_s_max"),
        ({"collar_bps": 0}, "collar_bps"),
        ({"collar_bps": 10_000}, "collar_bps"),
        ({"order_ttl_s": 0}, "order_ttl_s"),
        ({"retry_s": 0}, "retry_s"),
        ({"sessions": ()}, "sessions"),
        ({"sessions": (SessionKind.CLOSED,)}, "sessions"),
    ],
)
def test_parameters_that_cannot_hedge_are_refused(changes: dict[str, object], why: str) -> None:
    fields = msgspec.structs.asdict(HEDGE)
    with pytest.raises(ValueError, match=why):
        HedgeParams(**{**fields, **changes})
