"""Every rule refuses just beyond its bound and passes at it; exits pass whatever the rest says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from flatbook.events.orders import CancelReason, OrderStyle, RefusalRule
from flatbook.risk.checks import ALWAYS, NEW_RISK, Approved, Named, Refused, RiskView, check
from flatbook.risk.limits import Limits
from flatbook.state.exposure import Exposure
from flatbook.state.intents import CancelIntent, Intent, PlaceIntent
from flatbook.values.ids import AccountId, HaltId, OrderId
from flatbook.values.instants import instant_of_text, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.values.sessions import session_at
from tests.desk import COIN, OWNER, PAPER, coin
from tests.unit.state.scene import qty
from tests.unit.strategies.scene import NOON, quote

FREE = Named(halt=None, stopped=(), quote_usd=Price(Decimal(1)), unresolved=None)
LIMITS = Limits(
    order_notional_usd_max=Decimal(2500),
    order_shares_max=Decimal(100),
    collar_bps_max=100,
    second_bps_max=200,
    price_age_s_max=60,
    day_loss_usd_max=Decimal(1000),
    open_orders_max=3,
    orders_per_minute_max=5,
)


def exposure(net: str, may_buy: str = "0", may_sell: str = "0") -> Exposure:
    return Exposure(
        net=qty(net), may_buy=qty(may_buy), may_sell=qty(may_sell), unknown_buy=qty("0"), unknown_sell=qty("0")
    )


def seen(**changes: Any) -> RiskView:
    plain = RiskView(
        now=NOON,
        exposure=exposure("-10"),
        named={PAPER: FREE},
        price=quote("250"),
        second=None,
        second_required=False,
        day_result_usd=Decimal(0),
        open_orders=0,
        orders_in_window=0,
        session=session_at(NOON),
    )
    return msgspec.structs.replace(plain, **changes)


def buy(size: str = "10", limit: str | None = "250", **changes: Any) -> PlaceIntent:
    plain = PlaceIntent(
        order_id=OrderId("fb1"),
        owner=OWNER,
        underlying=COIN,
        instrument=coin("0.001"),
        side=Side.BUY,
        qty=qty(size),
        limit=None if limit is None else Price(Decimal(limit)),
        reduce_only=False,
        style=OrderStyle.LIMIT,
        slot=None,
        because=None,
        evidence={},
        good_until=later(NOON, seconds=600),
    )
    return msgspec.structs.replace(plain, **changes)


def sell(size: str, limit: str | None = "250", **changes: Any) -> PlaceIntent:
    return buy(size, limit, side=Side.SELL, **changes)


def broken(view: RiskView, *intents: Intent) -> list[str]:
    """Returns the names of the rules that the first refused intent breaks."""
    verdict = check(view, intents, LIMITS)
    return [refusal.rule.value for refusal in verdict.refusals] if isinstance(verdict, Refused) else []


def refusal(view: RiskView, intent: PlaceIntent) -> tuple[str, str, str]:
    verdict = check(view, (intent,), LIMITS)
    assert isinstance(verdict, Refused)
    first = verdict.refusals[0]
    return first.rule.value, first.limit, first.asked


def test_an_ordinary_hedge_is_approved() -> None:
    intents = (buy(),)
    assert check(seen(), intents, LIMITS) == Approved(intents=intents)


@pytest.mark.parametrize(
    ("view", "inside", "beyond", "rule"),
    [
        (exposure("-10"), buy("10", "250"), buy("10.001", "1"), "exceeds_net"),
        (exposure("-10", may_buy="4"), buy("6"), buy("6.001"), "exceeds_net"),
        (exposure("-10", may_sell="4"), buy("10"), buy("10.001", "1"), "exceeds_net"),
        (exposure("10", may_sell="4"), sell("6"), sell("6.001"), "exceeds_net"),
        (exposure("0"), buy("0.000", "250"), buy("0.001"), "exceeds_net"),
        (exposure("10"), sell("1"), buy("0.001"), "exceeds_net"),
        (exposure("-10", may_buy="10"), buy("0.000"), buy("0.001"), "exceeds_net"),
    ],
)
def test_no_order_may_turn_the_net_over_counting_all_that_may_still_execute(
    view: Exposure, inside: PlaceIntent, beyond: PlaceIntent, rule: str
) -> None:
    assert rule not in broken(seen(exposure=view), inside)
    assert rule in broken(seen(exposure=view), beyond)


@pytest.mark.parametrize(
    ("inside", "beyond", "rule"),
    [
        ((seen(), buy("10", "250")), (seen(), buy("10", "250.01")), "notional_max"),
        (
            (seen(exposure=exposure("-200")), buy("100", "1")),
            (seen(exposure=exposure("-200")), buy("100.001", "1")),
            "quantity_max",
        ),
        ((seen(now=later(NOON, seconds=60)), buy()), (seen(now=later(NOON, seconds=61)), buy()), "freshness"),
        ((seen(), buy("1", "252.51")), (seen(), buy("1", "252.52")), "collar"),
        (
            (seen(exposure=exposure("10")), sell("1", "247.49")),
            (seen(exposure=exposure("10")), sell("1", "247.48")),
            "collar",
        ),
        (
            (seen(price=quote("0.5")), buy("1", "0.5051")),
            (seen(price=quote("0.5")), buy("1", "0.5052")),
            "collar",
        ),
        (
            (seen(second_required=True, second=quote("248")), buy("1", "252.5")),
            (seen(second_required=True, second=quote("247.5")), buy("1", "252.5")),
            "second_source",
        ),
        (
            (seen(day_result_usd=Decimal(-1000)), buy()),
            (seen(day_result_usd=Decimal("-1000.01")), buy()),
            "day_loss_max",
        ),
        ((seen(open_orders=2), buy()), (seen(open_orders=3), buy()), "open_orders_max"),
        ((seen(orders_in_window=4), buy()), (seen(orders_in_window=5), buy()), "order_rate_max"),
        (
            (seen(), buy(good_until=instant_of_text("2025-12-02T21:00:00Z"))),
            (seen(), buy(good_until=later(instant_of_text("2025-12-02T21:00:00Z"), ms=1))),
            "session",
        ),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_a_rule_passes_at_its_bound_and_refuses_just_beyond(
    inside: tuple[RiskView, PlaceIntent], beyond: tuple[RiskView, PlaceIntent], rule: str
) -> None:
    assert broken(*inside) == []
    assert broken(*beyond) == [rule]


HALTED = Named(halt=HaltId("halt-x"), stopped=(), quote_usd=Price(Decimal(1)), unresolved=None)


@pytest.mark.parametrize(
    ("view", "intent", "rules"),
    [
        (seen(named={PAPER: HALTED}), buy(), ["halted"]),
        (seen(named={AccountId("other"): FREE}), buy(), ["broker_named", "notional_max"]),
        (seen(price=None), buy(), ["freshness"]),
        (seen(), buy(limit=None), ["no_limit_price"]),
        (seen(price=None), buy(limit=None), ["no_limit_price", "notional_max", "freshness"]),
        (seen(named={PAPER: msgspec.structs.replace(FREE, quote_usd=None)}), buy(), ["notional_max"]),
        (seen(named={PAPER: msgspec.structs.replace(FREE, unresolved=OrderId("fb0"))}), buy(), ["unresolved_order"]),
        (seen(second_required=True), buy(), ["second_source"]),
        (seen(session=session_at(instant_of_text("2025-11-29T15:00:00Z"))), buy(), ["session"]),
    ],
)
def test_what_is_missing_or_stopped_is_refused(view: RiskView, intent: PlaceIntent, rules: list[str]) -> None:
    assert broken(view, intent) == rules


def test_a_refusal_names_the_rule_its_limit_and_what_was_asked() -> None:
    assert refusal(seen(), buy("11", "250")) == ("exceeds_net", "10", "11")
    assert refusal(seen(), buy("10", "251")) == ("notional_max", "2500", "2510")
    assert refusal(seen(exposure=exposure("3")), buy("1")) == ("exceeds_net", "0", "1")


def test_dollars_of_another_quote_count_at_their_mark() -> None:
    half = seen(named={PAPER: msgspec.structs.replace(FREE, quote_usd=Price(Decimal("0.5")))}, price=quote("125"))
    assert broken(half, buy("10", "250")) == []
    double = seen(named={PAPER: msgspec.structs.replace(FREE, quote_usd=Price(Decimal(2)))}, price=quote("500"))
    assert broken(double, buy("10", "250")) == ["notional_max"]
    assert refusal(double, buy("10", "250")) == ("notional_max", "2500", "5000")


def test_a_collar_in_dollars_holds_a_limit_in_another_quote_at_its_mark() -> None:
    cheap = msgspec.structs.replace(FREE, quote_usd=Price(Decimal("0.9")))
    view = seen(named={PAPER: cheap}, second_required=True, second=quote("250"))
    assert broken(view, buy("1", "280.56")) == []
    assert refusal(view, buy("1", "280.57")) == ("collar", "252.509", "252.513")
    assert broken(view, buy("1", "283.34")) == ["collar", "second_source"]
    assert broken(seen(named={PAPER: cheap}), buy("1", "250")) == []
    below = seen(exposure=exposure("10"), named={PAPER: cheap})
    assert (broken(below, sell("1", "274.99")), broken(below, sell("1", "274.98"))) == ([], ["collar"])


def test_contracts_count_with_their_size() -> None:
    tens = msgspec.structs.replace(coin("0.001"), contract_size=Decimal(10))
    assert broken(seen(), buy("1", "250", instrument=tens)) == []
    assert broken(seen(), buy("1.001", "250", instrument=tens)) == ["exceeds_net", "notional_max"]


WORST = seen(
    named={PAPER: msgspec.structs.replace(HALTED, quote_usd=None, unresolved=OrderId("fb0"))},
    price=None,
    second_required=True,
    day_result_usd=Decimal(-1_000_000),
    open_orders=1000,
    orders_in_window=1000,
)


def test_what_only_reduces_passes_everything_but_turning_the_net_over() -> None:
    exit_order = buy("10", None, reduce_only=True)
    assert broken(WORST, exit_order) == []
    assert broken(WORST, buy("10.001", None, reduce_only=True)) == ["exceeds_net"]
    assert broken(msgspec.structs.replace(WORST, named={}), exit_order) == ["broker_named"]
    assert len(broken(WORST, buy("10", None))) == 8


def test_a_cancel_always_passes() -> None:
    cancel = CancelIntent(order_id=OrderId("fb1"), reason=CancelReason.OPERATOR, because=None)
    assert check(WORST, (cancel,), LIMITS) == Approved(intents=(cancel,))


def test_several_intents_pass_or_fail_as_one() -> None:
    cancel = CancelIntent(order_id=OrderId("fb1"), reason=CancelReason.OPERATOR, because=None)
    intents = (cancel, buy("4"), buy("6"))
    assert check(seen(), intents, LIMITS) == Approved(intents=intents)
    verdict = check(seen(), (buy("4"), cancel, buy("6.001")), LIMITS)
    assert isinstance(verdict, Refused)
    assert verdict.intent.qty == Quantity(Decimal("6.001"))


def test_several_intents_count_one_after_the_other() -> None:
    assert broken(seen(), buy("6"), buy("6")) == ["exceeds_net"]
    assert broken(seen(exposure=exposure("10")), sell("6"), sell("4")) == []
    assert broken(seen(exposure=exposure("10")), sell("6"), sell("5")) == ["exceeds_net"]
    assert broken(seen(open_orders=2), buy("1"), buy("1")) == ["open_orders_max"]
    assert broken(seen(orders_in_window=4), buy("1"), buy("1")) == ["order_rate_max"]


def test_each_rule_has_a_name_of_its_own() -> None:
    assert set(ALWAYS) <= set(NEW_RISK)
    of_quotes = (RefusalRule.POSITION_MAX, RefusalRule.WOULD_TAKE, RefusalRule.SELF_CROSS)
    assert len(set(NEW_RISK)) == len(NEW_RISK) == len(RefusalRule) - len(of_quotes)


@pytest.mark.parametrize("name", Limits.__struct_fields__)
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    fields = msgspec.structs.asdict(LIMITS)
    with pytest.raises(ValueError, match=name):
        Limits(**{**fields, name: 0 if isinstance(fields[name], int) else Decimal(0)})
