"""Whatever net, price, mark and limits: a hedge that is possible at all is made, and risk lets it pass."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from flatbook.events.control import HedgeHeld, HoldReason
from flatbook.risk.checks import Approved, Named, RiskView, check
from flatbook.risk.limits import Limits
from flatbook.state.exposure import Exposure
from flatbook.state.intents import PlaceIntent
from flatbook.strategies.hedge import HedgeView, decide
from flatbook.strategies.hedge_size import OrderCaps
from flatbook.values.instruments import Side, collared_limit, in_quote
from flatbook.values.money import ZERO, Price, Quantity
from tests.desk import HEDGE, LIMITS, PAPER
from tests.unit.strategies.scene import quote, route, view

NONE = Quantity(ZERO)
PRICES = st.builds(lambda digits, places: Decimal(digits).scaleb(-places), st.integers(1, 10**7), st.integers(0, 6))
NETS = st.builds(
    lambda digits, places, sign: sign * Decimal(digits).scaleb(-places),
    st.integers(1, 10**6),
    st.integers(0, 6),
    st.sampled_from([1, -1]),
)
MARKS = st.sampled_from([Decimal(1), Decimal("0.9"), Decimal("1.0003"), Decimal("0.333333333333333333"), Decimal(7)])


@st.composite
def asked(draw: st.DrawFn) -> tuple[HedgeView, Limits]:
    lot = draw(st.sampled_from([Decimal(1), Decimal("0.001"), Decimal("0.3"), Decimal(100)]))
    plain = route().instrument
    rules = msgspec.structs.replace(
        plain.rules,
        lot=lot,
        qty_min=lot * draw(st.sampled_from([Decimal(1), Decimal("2.5")])),
        notional_min=draw(st.sampled_from([ZERO, Decimal(1), Decimal(500)])),
    )
    size = draw(st.sampled_from([Decimal(1), Decimal("0.1"), Decimal(10)]))
    limits = msgspec.structs.replace(
        LIMITS, order_notional_usd_max=draw(PRICES), order_shares_max=draw(PRICES), collar_bps_max=HEDGE.collar_bps
    )
    there = msgspec.structs.replace(plain, rules=rules, contract_size=size)
    seen = view(
        str(draw(NETS)),
        price=quote(str(draw(PRICES))),
        route=route(instrument=there, quote_usd=Price(draw(MARKS))),
        caps=OrderCaps(usd=limits.order_notional_usd_max, shares=limits.order_shares_max),
    )
    return seen, limits


def risk_sees(seen: HedgeView) -> RiskView:
    exposure = Exposure(net=seen.net, may_buy=NONE, may_sell=NONE, unknown_buy=NONE, unknown_sell=NONE)
    return RiskView(
        now=seen.now,
        exposure=exposure,
        named={PAPER: Named(halt=None, stopped=(), quote_usd=seen.route.quote_usd, unresolved=None)},
        price=seen.price,
        second=None,
        second_required=False,
        day_result_usd=ZERO,
        open_orders=0,
        orders_in_window=0,
        session=seen.session,
    )


@given(asked())
@example((view("-10", caps=OrderCaps(usd=Decimal(1000), shares=Decimal(2))), LIMITS))
def test_no_order_of_a_hedge_is_refused_for_what_it_is_worth_its_shares_or_its_collar(
    case: tuple[HedgeView, Limits],
) -> None:
    seen, limits = case
    decision = decide(seen, HEDGE)
    assert isinstance(check(risk_sees(seen), decision.intents, limits), Approved)


@given(asked())
def test_a_hedge_waits_for_a_cap_only_where_no_order_that_the_venue_takes_fits_under_it(
    case: tuple[HedgeView, Limits],
) -> None:
    seen, limits = case
    decision = decide(seen, HEDGE)
    held = [note.reason for note in decision.notes if isinstance(note, HedgeHeld)]
    smallest = smallest_order(seen)
    fits = smallest is not None and fits_under(smallest, seen, limits)
    assert (HoldReason.ORDER_CAP in held) is (smallest is not None and not fits and is_due(seen))
    assert [isinstance(intent, PlaceIntent) for intent in decision.intents] == ([True] if fits and is_due(seen) else [])


def is_due(seen: HedgeView) -> bool:
    return abs(seen.net) >= Decimal(1)


def limit_of(seen: HedgeView) -> Price | None:
    assert seen.price is not None
    assert seen.route.quote_usd is not None
    side = Side.BUY if seen.net < 0 else Side.SELL
    reference = in_quote(seen.price.price, quote_usd=seen.route.quote_usd, side=side)
    try:
        return collared_limit(reference, side=side, collar_bps=HEDGE.collar_bps, rules=seen.route.instrument.rules)
    except ValueError:
        return None


def smallest_order(seen: HedgeView) -> Decimal | None:
    """Returns the fewest contracts that the venue takes, where the net holds so many; None where it does not."""
    assert seen.price is not None
    assert seen.route.quote_usd is not None
    instrument = seen.route.instrument
    rules, size = instrument.rules, instrument.contract_size
    lots_by_qty = ceil(Fraction(rules.qty_min) / Fraction(rules.lot))
    each = Fraction(seen.price.price * size * rules.lot)
    lots_by_value = ceil(Fraction(rules.notional_min * seen.route.quote_usd) / each)
    contracts = max(lots_by_qty, lots_by_value) * rules.lot
    if contracts * size > abs(seen.net) or limit_of(seen) is None:
        return None
    return contracts


def fits_under(contracts: Decimal, seen: HedgeView, limits: Limits) -> bool:
    assert seen.route.quote_usd is not None
    shares, limit = contracts * seen.route.instrument.contract_size, limit_of(seen)
    if limit is None or shares > limits.order_shares_max:
        return False
    return shares * limit * seen.route.quote_usd <= limits.order_notional_usd_max
