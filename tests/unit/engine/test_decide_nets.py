"""From a decision to the journal: notes, approved orders, refused intents, and the alerts around them."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.engine.effects import EffectVerb, Place, key_of
from flatbook.engine.inputs import Resumed, Scanned, Woken
from flatbook.engine.ports import ChainRead
from flatbook.events.control import AlertRaised, HedgeHeld
from flatbook.events.orders import IntentRefused, OrderIntended
from flatbook.market.quotes import Quote
from flatbook.strategies.decision import Wake
from flatbook.values.ids import InstrumentId, OwnerId, SourceId
from flatbook.values.instants import instant_of_text, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price
from tests.desk import CHAIN, COIN, HEDGE, LIMITS
from tests.unit.engine.scene import KEY, Bench, effects, execution, one, statement, tags
from tests.unit.state.scene import vault_filled

NIGHT = instant_of_text("2025-12-03T05:00:00Z")


def tight(**limits: object) -> Bench:
    """Returns a desk with tighter limits."""
    return Bench(limits=msgspec.structs.replace(LIMITS, **limits)).resume()


def test_nothing_is_decided_before_a_net_is_resumed() -> None:
    bench = Bench()
    bench.quote()
    assert tags(bench.fill(1, "sell", "10")) == ["vault_filled"]
    assert tags(bench.take(Woken(key=KEY))) == []
    assert tags(bench.take(Resumed(key=KEY))) == ["order_intended"]


def test_a_net_that_nobody_hedges_is_booked_and_left_alone() -> None:
    bench = Bench().resume()
    assert bench.take(Resumed(key=(OwnerId("other"), COIN))).events == ()


def test_a_refused_intent_is_kept_told_and_tried_again_later_under_another_id() -> None:
    bench = tight(collar_bps_max=50)
    done = bench.fill(1, "sell", "10")
    assert tags(done) == ["vault_filled", "intent_refused", "hedge_held"]
    refused = one(done, IntentRefused)
    assert (refused.rule.value, refused.limit, refused.asked) == ("collar", "251.26", "252.5")
    assert one(done, HedgeHeld).reason is not None
    assert bench.alerts == ["intent_refused"]
    assert done.effects == ()
    again = bench.wait(10).take_time()
    assert one(again, IntentRefused).order_id != refused.order_id
    assert bench.wait(10).take_time().events == ()
    assert tags(bench.wait(10).take_time()) == ["hedge_held", "intent_refused", "hedge_held"]


def test_the_alert_of_a_refusal_ends_with_the_next_approved_order() -> None:
    bench = tight(day_loss_usd_max=Decimal(100))
    bench.fill(1, "sell", "10", price="230")
    bench.fill(2, "buy", "7", price="230")
    assert bench.alerts == ["intent_refused"]
    bench.wait(60).take_time()
    assert (bench.orders(), bench.alerts) == (["buy 3.000"], [])


def test_an_alert_names_every_rule_that_is_broken() -> None:
    bench = tight(collar_bps_max=50, day_loss_usd_max=Decimal(100))
    raised = one(bench.fill(1, "sell", "10", price="230"), AlertRaised)
    assert raised.detail == "collar: 252.5 asked, 251.26 allowed; day_loss_max: -200 asked, -100 allowed"


def test_a_net_above_what_one_order_may_be_is_hedged_in_pieces_one_after_the_other() -> None:
    bench = tight(order_notional_usd_max=Decimal(1000), order_shares_max=Decimal(100))
    bench.fill(1, "sell", "10")
    for number in range(1, 4):
        order = bench.placed()[-1]
        bench.executions(execution(str(order.qty), number, order_id=order.order_id))
    assert [str(order.qty) for order in bench.placed()] == ["3.960", "3.960", "2.080"]
    assert (bench.net, bench.alerts) == (0, [])


def test_an_exposure_that_stays_is_told_once_in_dollars_until_it_is_gone() -> None:
    bench = Bench()
    bench.now = NIGHT
    bench.resume()
    raised = one(bench.fill(1, "sell", "10"), AlertRaised)
    assert raised.detail == "-10 COIN stays exposed (2500 USD at 250): session_closed"
    assert tags(bench.fill(2, "sell", "1")) == ["vault_filled"]
    cleared = bench.fill(3, "buy", "10.5")
    assert tags(cleared) == ["vault_filled", "hedge_held"]
    assert bench.alerts == []


def test_an_exposure_without_any_price_says_so() -> None:
    bench = Bench()
    bench.take(Resumed(key=KEY))
    bench.fill(1, "sell", "10")
    assert bench.alerts == ["exposure_held", "residue_limit"]


def test_a_net_that_no_order_within_the_limits_can_hedge_stays_exposure_and_says_so() -> None:
    bench = tight(order_notional_usd_max=Decimal("0.25"))
    raised = one(bench.fill(1, "sell", "10"), AlertRaised)
    assert raised.detail == "-10 COIN stays exposed (2500 USD at 250): order_cap"


def test_a_retry_alone_raises_no_exposure_alert() -> None:
    bench = tight(collar_bps_max=50)
    bench.fill(1, "sell", "10")
    assert bench.alerts == ["intent_refused"]


def test_an_order_is_in_the_journal_before_it_is_an_effect() -> None:
    bench = Bench().resume()
    done = bench.fill(1, "sell", "10")
    (place,) = [effect for effect in done.effects if isinstance(effect, Place)]
    assert place.order.order_id == one(done, OrderIntended).order_id
    assert key_of(place) == (place.order.order_id, EffectVerb.PLACE, 0)


def test_the_rate_of_orders_is_counted_over_a_minute() -> None:
    bench = tight(orders_per_minute_max=2)
    for number in range(1, 4):
        bench.fill(number, "sell", "1")
        for order in bench.placed()[number - 1 :]:
            bench.executions(execution("1", number, order_id=order.order_id))
    assert len(bench.placed()) == 2
    assert bench.state.holds != {}
    bench.wait(61).take_time()
    assert len(bench.placed()) == 3


def test_a_daily_loss_stops_new_orders() -> None:
    bench = tight(day_loss_usd_max=Decimal(100), orders_per_minute_max=100)
    bench.fill(1, "sell", "10", price="230")
    assert bench.orders() == []
    refused = next(event for event in bench.events if isinstance(event, IntentRefused))
    assert (refused.rule.value, refused.limit, refused.asked) == ("day_loss_max", "-100", "-200")


def test_yesterdays_loss_does_not_count() -> None:
    bench = Bench(limits=msgspec.structs.replace(LIMITS, day_loss_usd_max=Decimal(100)))
    bench.fill(1, "sell", "10", price="230")
    bench.now = later(bench.now, seconds=86_400)
    bench.resume()
    assert bench.orders() == ["buy 10.000"]


# What the account can take, over all nets of it.


def test_a_hedge_waits_for_funds_and_goes_on_when_an_execution_of_another_net_brings_them() -> None:
    bench = Bench().resume()
    bench.state_account(statement(bench.now, cash="0.1"))
    assert tags(bench.fill(1, "sell", "2")) == ["vault_filled", "hedge_held"]
    assert (bench.orders(), bench.alerts) == ([], ["exposure_held"])
    other = execution("1", order_id=None, instrument=InstrumentId("HOOD/USD"), side=Side.SELL, at=bench.now)
    done = bench.executions(msgspec.structs.replace(other, price=Price(Decimal(900))))
    assert tags(done) == ["foreign_filled", "trading_halted", "hedge_held", "order_intended"]
    assert bench.orders() == ["buy 2.000"]


def test_cash_that_a_working_buy_may_need_is_not_spent_twice() -> None:
    other = OwnerId("second")
    bench = Bench().resume()
    hedge = bench.rules.hedges[KEY]
    bench.rules.hedges[other, COIN] = hedge
    bench.take(Resumed(key=(other, COIN)))
    bench.state_account(statement(bench.now, cash="3000"))
    bench.fill(1, "sell", "8")
    theirs = msgspec.structs.replace(vault_filled(2, "sell", "8"), owner=other)
    bench.take(ChainRead(source=CHAIN, events=(theirs,), cursor="2"))
    assert [(order.owner, str(order.qty)) for order in bench.placed()] == [("desk", "8.000"), ("second", "3.881")]


@pytest.mark.parametrize("price", ["250", "240"])
def test_the_evidence_of_an_order_is_the_price_it_was_decided_on(price: str) -> None:
    bench = Bench().resume()
    bench.quote(price)
    evidence = one(bench.fill(1, "sell", "10"), OrderIntended).evidence
    assert evidence is not None
    assert evidence["price"] == price


def test_a_second_source_is_asked_where_it_is_named() -> None:
    pool = SourceId("pool")
    bench = Bench(hedge=msgspec.structs.replace(HEDGE, second_source=pool)).resume()
    assert tags(bench.fill(1, "sell", "10")) == ["vault_filled", "hedge_held"]
    bench.market.write(COIN, pool, Quote(price=Price(Decimal(251)), happened_at=bench.now, seen_at=bench.now))
    assert bench.wakes.observing(COIN, pool) == (KEY,)
    assert tags(bench.take(Woken(key=KEY))) == ["hedge_held", "order_intended"]


def test_an_order_accepted_is_not_followed_by_another_while_it_works() -> None:
    bench = Bench()
    order_id = bench.working()
    for number in range(2, 6):
        assert effects(bench.fill(number, "sell", "10")) == []
    bench.executions(execution("10", order_id=order_id))
    assert bench.orders() == ["buy 10.000", "buy 40.000"]


def test_what_no_wake_led_to_is_hedged_by_the_scan_and_told() -> None:
    bench = Bench().resume()
    bench.wakes.put(KEY, Wake(on=()))
    assert tags(bench.fill(1, "sell", "10")) == ["vault_filled"]
    done = bench.take(Scanned(key=KEY))
    assert tags(done) == ["order_intended"]
    assert effects(done) == ["place"]
    told = one(done, AlertRaised)
    assert (told.name.value, told.severity.value, told.subject) == ("wake_missed", "critical", "desk:COIN")
    assert told.detail == "order_intended was decided by a scan and by no wake"
    assert bench.take(Scanned(key=KEY)).events == ()
    assert bench.alerts == ["wake_missed"]
    bench.restart()
    assert bench.alerts == ["order_unknown"]


def test_a_scan_of_a_net_whose_wake_is_on_its_way_asks_nothing() -> None:
    bench = Bench().resume()
    bench.wakes.put(KEY, Wake(on=(), at=later(bench.now, seconds=5)))
    bench.fill(1, "sell", "10")
    assert bench.take(Scanned(key=KEY, woken=True)).dropped == ("scan_of_a_woken_net",)
    assert bench.wait(5).take(Scanned(key=KEY)).dropped == ("scan_of_a_woken_net",)
    assert tags(bench.take_time()) == ["order_intended"]
    assert bench.alerts == []


def test_a_net_that_has_not_resumed_is_not_scanned() -> None:
    bench = Bench()
    bench.quote()
    bench.fill(1, "sell", "10")
    assert bench.take(Scanned(key=KEY)).events == ()
