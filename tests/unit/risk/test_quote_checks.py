"""The limits of a quoting strategy: each rule refuses what breaks it and lets the edge pass."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from flatbook.events.orders import OrderStyle
from flatbook.market.orderbook import Touch
from flatbook.risk.quote_checks import EXITS, NEW_RISK, Room, check_quote, passes_plainly
from flatbook.risk.quote_limits import QuoteLimits
from flatbook.state.intents import PlaceIntent
from flatbook.values.ids import OrderId, OwnerId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ONE, Price, Quantity
from tests.unit.engine.quote_scene import LIMITS, SPOT

BUY, SELL = Side.BUY, Side.SELL


def room(**changes: Any) -> Room:
    """Returns a desk that is flat, on a book of 99.9 to 100.1."""
    plain: dict[str, Any] = {
        "instrument": SPOT,
        "touch": Touch(999, 5, 1001, 5),
        "halt": None,
        "stopped": (),
        "quote_usd": Price(ONE),
        "position": Decimal(0),
        "order_times": [],
        "rate_from": Instant(100),
        "day_result_usd": Decimal(0),
    }
    return Room(**(plain | changes))


def intent(side: Side = BUY, limit: str | None = "99.8", qty: str = "1", **changes: Any) -> PlaceIntent:
    """Returns the wish for a post-only order."""
    plain = PlaceIntent(
        order_id=OrderId("fb1"),
        owner=OwnerId("maker"),
        underlying=SPOT.underlying,
        instrument=SPOT,
        side=side,
        qty=Quantity(Decimal(qty)),
        limit=None if limit is None else Price(Decimal(limit)),
        reduce_only=False,
        style=OrderStyle.POST_ONLY,
        slot=None,
        because=None,
        evidence={},
        good_until=Instant(10),
    )
    return replace(plain, **changes)


def refused(where: Room, wanted: PlaceIntent, limits: QuoteLimits = LIMITS) -> tuple[str, str, str] | None:
    """Returns what refuses an intent: the rule, its limit and what was asked."""
    found = check_quote(where, wanted, limits)
    return None if found is None else (found.rule.value, found.limit, found.asked)


def limits(**changes: Any) -> QuoteLimits:
    """Returns the limits with changes."""
    return replace(LIMITS, **changes)


@pytest.mark.parametrize(
    ("where", "wanted", "caps", "because"),
    [
        (room(halt="halt-1"), intent(), LIMITS, ("halted", "no halt", "halt-1")),
        (room(stopped=(BUY,)), intent(), LIMITS, ("halted", "no buy", "buy")),
        (room(stopped=(SELL,)), intent(), LIMITS, None),
        (room(touch=None), intent(), LIMITS, ("freshness", "750", "no book")),
        (room(), intent(limit=None), LIMITS, ("no_limit_price", "a limit", "none")),
        (room(quote_usd=None), intent(), LIMITS, ("notional_max", "no mark of USDT", "unvalued")),
        (room(), intent(qty="10"), LIMITS, None),
        (room(), intent(qty="10"), limits(order_notional_usd_max=Decimal("997.99")), ("notional_max", "997.99", "998")),
        (room(), intent(qty="10.001"), limits(order_notional_usd_max=Decimal(9999)), ("quantity_max", "10", "10.001")),
        (room(position=Decimal(19)), intent(), LIMITS, None),
        (room(position=Decimal(18), buy_leaves=Decimal(2)), intent(), LIMITS, ("position_max", "20", "21")),
        (room(position=Decimal(-19)), intent(SELL, "100.2"), LIMITS, None),
        (room(position=Decimal(-19)), intent(SELL, "100.2", "2"), LIMITS, ("position_max", "20", "21")),
        (room(), intent(limit="101.2", style=OrderStyle.IOC), LIMITS, ("collar", "101.101", "101.2")),
        (room(), intent(limit="101.1", style=OrderStyle.IOC), LIMITS, None),
        (room(), intent(SELL, "98.9", style=OrderStyle.IOC), LIMITS, ("collar", "98.901", "98.9")),
        (room(), intent(SELL, "99", style=OrderStyle.IOC), LIMITS, None),
        (room(), intent(limit="100.1"), LIMITS, ("would_take", "100.1", "100.1")),
        (room(), intent(limit="100"), LIMITS, None),
        (room(), intent(SELL, "99.9"), LIMITS, ("would_take", "99.9", "99.9")),
        (room(own_ask=Price(Decimal("99.8"))), intent(), LIMITS, ("self_cross", "99.8", "99.8")),
        (room(own_ask=Price(Decimal("99.9"))), intent(), LIMITS, None),
        (room(own_bid=Price(Decimal(100))), intent(SELL, "100"), LIMITS, ("self_cross", "100", "100")),
        (room(day_result_usd=Decimal("-10000.01")), intent(), LIMITS, ("day_loss_max", "-10000", "-10000.01")),
        (room(day_result_usd=Decimal(-10_000)), intent(), LIMITS, None),
        (room(day_result_usd=None), intent(), LIMITS, ("day_loss_max", "-10000", "unvalued")),
        (room(open_orders=20), intent(), LIMITS, ("open_orders_max", "20", "21")),
        (room(open_orders=19), intent(), LIMITS, None),
        (room(order_times=[100, 101]), intent(), limits(orders_per_minute_max=2), ("order_rate_max", "2", "3")),
        (room(order_times=[99, 101]), intent(), limits(orders_per_minute_max=2), None),
    ],
)
def test_what_breaks_a_rule_is_refused_and_its_edge_passes(
    where: Room, wanted: PlaceIntent, caps: QuoteLimits, because: tuple[str, str, str] | None
) -> None:
    assert refused(where, wanted, caps) == because


def test_under_a_kill_not_even_an_exit_passes() -> None:
    where = room(halt="halt-1", is_killed=True, position=Decimal(2))
    assert refused(where, intent(SELL, None, "2", reduce_only=True)) == ("halted", "no kill", "halt-1")


def test_an_exit_passes_whatever_stands_but_a_kill() -> None:
    where = room(halt="halt-1", touch=None, day_result_usd=None, quote_usd=None, open_orders=99, position=Decimal(2))
    assert refused(where, intent(SELL, None, "2", reduce_only=True)) is None


def test_an_exit_never_turns_a_position_over() -> None:
    where = room(position=Decimal(2), sell_exits=Decimal("0.5"), sell_leaves=Decimal(9))
    assert refused(where, intent(SELL, "100.2", "1.6", reduce_only=True)) == ("exceeds_net", "1.5", "1.6")
    assert refused(where, intent(BUY, "99.8", "1", reduce_only=True)) == ("exceeds_net", "0", "1")
    assert refused(where, intent(SELL, "100.2", "1.5", reduce_only=True)) is None
    assert refused(where, intent(SELL, "100.2", "0.001", reduce_only=True)) == ("exceeds_net", "0", "0.001")


def test_what_passed_counts_for_what_comes_after_it() -> None:
    where, caps = room(), limits(position_max=Decimal("1.5"), open_orders_max=3)
    assert refused(where, intent(), caps) is None
    assert refused(where, intent(), caps) == ("position_max", "1.5", "2")
    assert refused(where, intent(SELL, "99.8", style=OrderStyle.LIMIT), caps) == ("self_cross", "99.8", "99.8")
    assert refused(where, intent(SELL, "100.2", "1"), caps) is None
    assert refused(where, intent(BUY, "99.7", "0.5"), caps) is None
    assert refused(where, intent(SELL, "100.3", "0.5"), caps) == ("open_orders_max", "3", "4")


def test_each_rule_stands_once() -> None:
    assert len(set(NEW_RISK)) == len(NEW_RISK) == 12
    assert len(EXITS) == 2


def test_a_limit_that_is_not_above_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="position_max"):
        limits(position_max=Decimal(0))


def test_what_passes_at_one_look_breaks_no_rule() -> None:
    chance = Random(1)

    def maybe(value: Any) -> Any:
        return value if chance.random() < 0.95 else None

    limits = replace(LIMITS, position_max=Decimal(4), order_notional_usd_max=Decimal(250), order_qty_max=Decimal(3))
    plain = 0
    for _ in range(5_000):
        drawn = room(
            touch=chance.choice((Touch(999, 5, 1001, 5), Touch(999, 5, 1000, 5), None)),
            halt=None if chance.random() < 0.9 else "halt-1",
            stopped=chance.choice(((), (), (), (BUY,), (BUY, SELL))),
            quote_usd=maybe(Price(ONE)),
            position=Decimal(chance.randint(-4, 4)),
            order_times=[Instant(chance.randint(90, 110))] * chance.choice((0, limits.orders_per_minute_max)),
            day_result_usd=maybe(Decimal(chance.choice((0, 1, -limits.day_loss_usd_max - 1)))),
            buy_leaves=Decimal(chance.randint(0, 2)),
            sell_leaves=Decimal(chance.randint(0, 2)),
            own_bid=maybe(Price(Decimal(chance.randint(997, 1002)) * SPOT.rules.tick)),
            own_ask=maybe(Price(Decimal(chance.randint(998, 1003)) * SPOT.rules.tick)),
            open_orders=chance.choice((0, limits.open_orders_max)),
        )
        limit = str(Decimal(chance.randint(996, 1004)) * SPOT.rules.tick)
        wish = intent(
            chance.choice((BUY, SELL)), maybe(limit), str(chance.randint(1, 4)), style=chance.choice(list(OrderStyle))
        )
        if passes_plainly(drawn, wish, limits):
            plain += 1
            assert [rule(drawn, wish, limits) for rule in NEW_RISK] == [None] * len(NEW_RISK)
        assert not passes_plainly(drawn, replace(wish, reduce_only=True), limits)
    assert plain > 40
