"""What strategies and risk are shown of a desk."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.engine.effects import Cancel, EffectVerb, Find, Place, ReadStatement, cancel_of, find_of, key_of, place_of
from flatbook.engine.ports import IdRule
from flatbook.engine.rules import HedgeRules, Rules
from flatbook.engine.views import hedge_view, risk_view
from flatbook.market.quotes import Quote
from flatbook.state.fold import apply
from flatbook.values.ids import AccountId, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import instant_of_text, later, text_of_instant
from flatbook.values.money import Price
from tests.desk import COIN, HEDGE, OWNER, PAPER
from tests.unit.engine.scene import KEY, START, Bench, statement
from tests.unit.state.scene import accepted, executed, intended, unknown


def seen(bench: Bench) -> Any:
    return hedge_view(bench.state, bench.market, KEY, bench.rules, bench.now)


def checked(bench: Bench) -> Any:
    return risk_view(bench.state, bench.market, KEY, bench.rules, bench.now)


def test_an_account_never_stated_shows_neither_cash_nor_shares() -> None:
    route = seen(Bench()).route
    assert (route.cash, route.held) == (None, None)


def test_cash_is_what_working_buys_of_the_account_leave() -> None:
    bench = Bench()
    bench.state_account(statement(START, shares="20", cash="10000"))
    apply(bench.state, intended("buy", "10", owner=OwnerId("other")))
    apply(bench.state, intended("sell", "3", "fb2"))
    apply(bench.state, intended("buy", "1", "fb3", limit=None))
    route = seen(bench).route
    assert (route.cash, route.held, route.buying, route.selling) == (Decimal("7475.0"), 20, 11, 3)
    apply(bench.state, executed("4", order_id="fb1"))
    assert seen(bench).route.buying == 7


def test_shares_are_shown_in_contracts() -> None:
    bench = Bench()
    bench.state_account(statement(START, shares="25"))
    instrument = next(iter(bench.rules.instruments.values()))
    tens = msgspec.structs.replace(instrument, contract_size=Decimal(10))
    hedges = {KEY: HedgeRules(params=HEDGE, instrument=tens, backup=None)}
    rules = msgspec.structs.replace(bench.rules, hedges=hedges, instruments={tens.id: tens})
    assert hedge_view(bench.state, bench.market, KEY, rules, START).route.held == Decimal("2.5")


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2025-12-02T17:00:00Z", "2025-12-03T14:30:00Z"),
        ("2025-12-02T10:00:00Z", "2025-12-02T14:30:00Z"),
        ("2025-11-28T20:00:00Z", "2025-12-01T14:30:00Z"),
    ],
)
def test_the_next_session_to_trade_in_is_shown(now: str, opens: str) -> None:
    bench = Bench()
    bench.now = instant_of_text(now)
    assert text_of_instant(seen(bench).next_open) == opens


def test_the_day_result_values_what_today_left_open() -> None:
    bench = Bench().resume()
    assert checked(bench).day_result_usd == 0
    apply(bench.state, intended())
    apply(bench.state, msgspec.structs.replace(executed("10", price="249"), seen_at=START, happened_at=START))
    assert checked(bench).day_result_usd == Decimal(10)
    other = Bench()
    other.state, other.now = bench.state, START
    assert checked(other).day_result_usd is None
    bench.now = later(START, seconds=86_400)
    assert checked(bench).day_result_usd == 0


def test_orders_of_the_last_minute_are_counted() -> None:
    bench = Bench()
    for number, seconds in enumerate((-61, -60, -1, 0)):
        apply(bench.state, intended(order_id=f"fb{number}", decided_at=later(START, seconds=seconds)))
    view = checked(bench)
    assert (view.orders_in_window, view.open_orders) == (3, 4)


def test_an_order_of_unknown_fate_is_shown_only_where_its_id_may_come_again() -> None:
    for rule, expected in ((IdRule.FOR_EVER, None), (IdRule.NONE, "fb1"), (IdRule.WHILE_OPEN, "fb1")):
        bench = Bench(id_rule=rule)
        apply(bench.state, intended(owner=OwnerId("other")))
        assert checked(bench).named[PAPER].unresolved == expected
        apply(bench.state, unknown())
        assert checked(bench).named[PAPER].unresolved == expected
        apply(bench.state, accepted())
        assert checked(bench).named[PAPER].unresolved is None


def test_a_halt_is_shown_at_the_account_it_covers() -> None:
    bench = Bench().resume()
    bench.command("halt", scope="venue", target="paper")
    assert checked(bench).named[PAPER].halt == next(iter(bench.state.halts))
    assert seen(bench).route.halted
    bench.market.write(COIN, HEDGE.price_source, Quote(price=Price(Decimal(251)), happened_at=START, seen_at=START))
    assert checked(bench).price.price == 251


# Effects.


def test_an_effect_is_keyed_by_order_verb_and_attempt() -> None:
    bench = Bench()
    order = bench.order(bench.working())
    name = str(order.order_id)
    retried = msgspec.structs.replace(order, attempt=2, cancel_attempt=3)
    assert key_of(place_of(retried)) == (name, EffectVerb.PLACE, 2)
    assert key_of(cancel_of(retried)) == (name, EffectVerb.CANCEL, 3)
    assert key_of(find_of(order)) == (name, EffectVerb.FIND, 0)
    assert key_of(ReadStatement(account=PAPER)) == ("paper", EffectVerb.STATE, 0)


def test_an_effect_carries_the_order_as_it_stands() -> None:
    bench = Bench()
    order = bench.order(bench.working())
    assert cancel_of(order) == Cancel(
        order_id=order.order_id,
        account=PAPER,
        instrument=order.instrument,
        venue_order_id=order.venue_order_id,
        attempt=0,
    )
    assert find_of(order) == Find(order_id=order.order_id, account=PAPER, instrument=order.instrument)
    assert isinstance(place_of(order), Place)
    assert place_of(order).order.side is order.side


# Rules.


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"underlying": Underlying("HOOD")}, "hedges COIN with COIN/USD, which is HOOD"),
        ({"id": InstrumentId("COIN/EUR")}, "COIN/EUR of paper is hedged with and not configured"),
        ({"account": AccountId("alpaca")}, "COIN/USD of alpaca is hedged with and not configured"),
    ],
)
def test_a_hedge_with_another_share_or_with_what_is_not_configured_is_refused(
    changes: dict[str, Any], why: str
) -> None:
    rules = Bench().rules
    instrument = msgspec.structs.replace(rules.hedges[KEY].instrument, **changes)
    hedge = HedgeRules(params=HEDGE, instrument=instrument, backup=None)
    fields = {name: getattr(rules, name) for name in rules.__struct_fields__}
    with pytest.raises(ValueError, match=why):
        Rules(**{**fields, "hedges": {(OWNER, COIN): hedge}})
    backup = HedgeRules(params=HEDGE, instrument=rules.hedges[KEY].instrument, backup=instrument)
    with pytest.raises(ValueError, match=why):
        Rules(**{**fields, "hedges": {(OWNER, COIN): backup}})
