"""Whatever the hedge sees, it never trades away from zero, beyond it, off the grid, or on top of what already works."""

from __future__ import annotations

from decimal import Decimal

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flatbook.events.control import HoldReason
from flatbook.market.quotes import Quote
from flatbook.state.intents import CancelIntent, PlaceIntent
from flatbook.state.orders import Order
from flatbook.strategies.hedge import HedgeView, decide
from flatbook.strategies.hedge_size import Route
from flatbook.strategies.hedge_terms import HedgeParams
from flatbook.values.ids import AccountId
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from flatbook.values.sessions import SessionKind
from tests.unit.strategies.scene import BACKUP, POOL, backup_route, order, params, quote, route, view

FIRST = instant_of_text("2025-11-28T13:00:00Z")
CANCELABLE = ("intended", "submitted", "accepted", "partially_filled")
STATUSES = (*CANCELABLE, "pending_cancel", "unknown", "canceled", "rejected")

EARLY = params(sessions=(SessionKind.EARLY, SessionKind.REGULAR))
SHARES = st.builds(lambda digits, places: Decimal(digits).scaleb(-places), st.integers(0, 10**6), st.integers(0, 9))
SIGNED = st.builds(lambda size, sign: size * sign, SHARES, st.sampled_from([-1, 1]))
PRICES = st.builds(lambda cents: Decimal(cents).scaleb(-2), st.integers(1, 10**6))
ANY_TIME = st.integers(0, 5 * 24 * 3600)
TRADED = st.builds(lambda day, second: day * 24 * 3600 + second, st.sampled_from([0, 3, 4]), st.integers(5_400, 18_000))
NOWS = st.one_of(TRADED, ANY_TIME).map(lambda seconds: later(FIRST, seconds=seconds))
FUNDS = st.one_of(st.none(), st.builds(lambda size, sign: size * sign * 1000, SHARES, st.sampled_from([-1, 1])))
DAYTIME, EDGES = (SessionKind.REGULAR,), (SessionKind.EARLY, SessionKind.LATE)
SESSIONS = (DAYTIME, (*EDGES, *DAYTIME), EDGES)
RARELY = st.integers(0, 4).map(lambda number: number == 4)
HELD = st.one_of(st.none(), SIGNED)


@st.composite
def orders(draw: st.DrawFn, at: Instant) -> Order:
    size = draw(SHARES.filter(bool))
    filled = draw(st.sampled_from([Decimal(0), size]))
    status, attempt = draw(st.sampled_from(STATUSES)), draw(st.integers(0, 2))
    return order(
        draw(st.sampled_from(["buy", "sell"])),
        str(size),
        status,
        name=f"fb{draw(st.integers(0, 10**9))}",
        filled=str(filled),
        claimed=Quantity(max(filled, draw(SHARES))),
        account=draw(st.sampled_from([None, BACKUP])),
        cancel_pending=status == "pending_cancel",
        cancel_attempt=attempt,
        good_until=later(at, seconds=draw(st.integers(-100, 100))),
        cancel_at=later(at, seconds=draw(st.integers(-20, 0))) if attempt else Instant(0),
        reduce_only=draw(st.booleans()),
    )


@st.composite
def routes(draw: st.DrawFn, start: Route) -> Route:
    size = draw(st.sampled_from(["1", "1", "10", "0.1"]))
    lot = draw(st.sampled_from(["1", "0.001", "0.3", "100"]))
    rules = msgspec.structs.replace(
        start.instrument.rules,
        lot=Decimal(lot),
        qty_min=Decimal(lot) * draw(st.integers(1, 3)),
        notional_min=draw(st.sampled_from([Decimal(0), Decimal(1), Decimal(1000)])),
    )
    return msgspec.structs.replace(
        start,
        instrument=msgspec.structs.replace(start.instrument, rules=rules, contract_size=Decimal(size)),
        cash=draw(FUNDS),
        held=draw(HELD),
        selling=Quantity(draw(SHARES)),
        buying=Quantity(draw(SHARES)),
        halted=draw(RARELY),
    )


@st.composite
def hedges(draw: st.DrawFn) -> HedgeParams:
    by_usd = draw(st.booleans())
    return params(
        threshold_shares=None if by_usd else draw(st.sampled_from([Decimal("0.001"), Decimal(1), Decimal(100)])),
        threshold_usd=Decimal(500) if by_usd else None,
        order_shares_max=draw(st.sampled_from([None, Decimal(1), Decimal("2.5"), Decimal(1000)])),
        sessions=draw(st.sampled_from(SESSIONS)),
        collar_bps=draw(st.sampled_from([1, 100, 9_999])),
        second_source=draw(st.sampled_from([None, POOL])),
        shorting=draw(st.booleans()),
    )


def quotes(now: Instant) -> st.SearchStrategy[Quote]:
    ages = st.one_of(st.integers(0, 5), st.integers(-5, 200))
    return st.builds(lambda px, age: quote(str(px), at=later(now, seconds=-age)), PRICES, ages)


@st.composite
def views(draw: st.DrawFn, hedge: HedgeParams) -> HedgeView:
    now = draw(NOWS)
    backup = draw(st.one_of(st.none(), routes(backup_route())))
    price = draw(st.one_of(quotes(now), st.none()))
    return view(
        str(draw(SIGNED)),
        now=now,
        params=hedge,
        last_price=draw(st.one_of(st.none(), PRICES.map(Price))),
        orders=tuple(
            draw(st.one_of(st.just([]), st.lists(orders(now), max_size=3, unique_by=lambda each: each.order_id)))
        ),
        route=draw(routes(route())),
        backup=backup,
        price=price,
        second=draw(st.one_of(st.just(price), quotes(now), st.none())),
        flattening=draw(st.booleans()),
        hold=draw(st.one_of(st.none(), st.sampled_from(HoldReason))),
        refusals=draw(st.integers(0, 20)),
        retry_from=draw(st.one_of(st.none(), st.just(later(now, seconds=-draw(st.integers(0, 2000)))))),
        intents=draw(st.integers(0, 5)),
    )


@st.composite
def asked(draw: st.DrawFn) -> tuple[HedgeView, HedgeParams]:
    hedge = draw(hedges())
    return draw(views(hedge)), hedge


def shares(works: Order) -> Decimal:
    return works.leaves * works.contract_size


@given(asked())
@example((view("-10", orders=(order(),)), params()))
@example((view("-10", now=later(instant_of_text("2025-12-02T14:30:00Z"), seconds=29), flattening=True), params()))
@example((view("-10", now=FIRST, flattening=True, params=EARLY), EARLY))
def test_an_order_reduces_the_net_stays_on_the_grid_and_leaves_room_for_what_works(
    case: tuple[HedgeView, HedgeParams],
) -> None:
    seen, hedge = case
    decision = decide(seen, hedge)
    places = [intent for intent in decision.intents if isinstance(intent, PlaceIntent)]
    assert len(places) <= 1
    for intent in places:
        instrument = intent.instrument
        assert intent.side is (Side.BUY if seen.net < 0 else Side.SELL)
        working = sum((shares(each) for each in seen.orders), Decimal(0))
        assert intent.qty * instrument.contract_size + working <= abs(seen.net)
        assert intent.qty >= instrument.rules.qty_min > 0
        assert intent.qty % instrument.rules.lot == 0
        assert seen.now < intent.good_until <= seen.session.closes_at
        assert seen.session.kind in hedge.sessions
        assert intent.reduce_only is seen.flattening
        settled = seen.now >= later(seen.session.opens_at, seconds=hedge.open_wait_s)
        assert (intent.limit is None) is (seen.flattening and settled and seen.session.kind is SessionKind.REGULAR)
        taken = seen.route if instrument.account != BACKUP else seen.backup
        assert taken is not None
        assert_account_can_take(intent, taken, hedge)


def assert_account_can_take(intent: PlaceIntent, taken: Route, hedge: HedgeParams) -> None:
    if intent.side is Side.SELL and taken.held is not None:
        assert intent.qty <= taken.held - taken.selling if taken.held > 0 else hedge.shorting
    if intent.side is Side.BUY and taken.held is not None and taken.held < 0:
        assert intent.qty <= -taken.held - taken.buying
    elif intent.side is Side.BUY and taken.cash is not None and intent.limit is not None:
        assert intent.qty * intent.limit * intent.instrument.contract_size <= taken.cash


@given(asked())
def test_after_its_cancels_no_more_works_on_the_hedge_side_than_the_net_unless_it_cannot_be_canceled(
    case: tuple[HedgeView, HedgeParams],
) -> None:
    seen, hedge = case
    gone = [intent.order_id for intent in decide(seen, hedge).intents if isinstance(intent, CancelIntent)]
    side = Side.BUY if seen.net < 0 else Side.SELL
    left = [each for each in seen.orders if each.order_id not in gone]
    free = [
        each for each in left if each.status.value in CANCELABLE and not each.cancel_pending and not each.cancel_attempt
    ]
    working = sum((shares(each) for each in left if each.side is side and not each.cancel_pending), Decimal(0))
    assert working <= abs(seen.net) or not [each for each in free if each.side is side]
    assert not [each for each in free if each.side is not side]
    assert len(set(gone)) == len(gone)


@given(asked())
def test_a_decision_is_a_function_of_its_view_and_notes_a_hold_only_when_it_changes(
    case: tuple[HedgeView, HedgeParams],
) -> None:
    seen, hedge = case
    decision = decide(seen, hedge)
    assert decide(seen, hedge) == decision
    for note in decision.notes:
        assert getattr(note, "reason", "flatten") is not seen.hold
    assert decision.wake.at is None or decision.wake.at > seen.now


def test_the_views_reach_the_kinds_of_answer_that_matter() -> None:
    reached: dict[str, None] = {}

    @settings(max_examples=400, derandomize=True, deadline=None)
    @given(asked())
    def collect(case: tuple[HedgeView, HedgeParams]) -> None:
        decision = decide(*case)
        for intent in decision.intents:
            reached[type(intent).__name__ if not isinstance(intent, CancelIntent) else intent.reason.value] = None
            if isinstance(intent, PlaceIntent) and intent.account == AccountId("backup"):
                reached["backup"] = None
        for note in decision.notes:
            reason = getattr(note, "reason", None)
            reached[type(note).__name__ if reason is None else reason.value] = None

    collect()
    assert {"PlaceIntent", "wrong_side", "session_closed", "halted"} <= set(reached)
