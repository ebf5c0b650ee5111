"""A desk hedges at simulated exchanges, spot and perpetual: books that agree, through faults, deaths and force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from random import Random
from typing import NamedTuple

import pytest

from flatbook.events.activities import AccountActivityBooked
from flatbook.events.control import BooksDiverged, TradingHalted
from flatbook.events.event import Event
from flatbook.events.forced import ForcedReduction
from flatbook.events.orders import ForeignFilled, OrderFilled, OrderIntended
from flatbook.sim.alpaca.faults import Pushing, Spoiling
from flatbook.sim.exchange import margin
from flatbook.sim.exchange.orders import Forced
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.instruments import Product
from tests.desk import COIN, OWNER, PAPER, at, fill
from tests.sim.bybit_desk import BybitDesk
from tests.sim.exchange_desk import ExchangeDesk

D = Decimal
PRODUCTS = (Product.LINEAR_PERP, Product.SPOT)


class At(NamedTuple):
    """An exchange: its desk, how faults know its requests that place an order, and how it calls funding."""

    desk: type[ExchangeDesk]
    placing: Mapping[Product, str]
    funding: str


BINANCE = At(
    ExchangeDesk,
    {Product.SPOT: "POST /api/v3/order", Product.LINEAR_PERP: "POST /fapi/v1/order"},
    "FUNDING_FEE",
)
BYBIT = At(BybitDesk, dict.fromkeys(PRODUCTS, "POST /v5/order/create"), "SETTLEMENT")
EXCHANGES = {"binance": BINANCE, "bybit": BYBIT}
PLACES = [
    pytest.param(exchange, product, id=f"{name}-{product.value}")
    for name, exchange in EXCHANGES.items()
    for product in PRODUCTS
]
AT_PERPS = [pytest.param(exchange, id=name) for name, exchange in EXCHANGES.items()]
SOLD = ScriptedBlocks(at=at(1), events=(fill(1, "sell", "10", at=at(1)),))
SOLD_AGAIN = ScriptedBlocks(at=at(3), events=(fill(2, "sell", "5", at=at(3)),))


@contextmanager
def desk_at(exchange: At, product: Product, *script: ScriptedBlocks) -> Iterator[ExchangeDesk]:
    desk = exchange.desk(script, product)
    try:
        yield desk
        assert desk.loop.faults == []
    finally:
        desk.kill()
        desk.close()


def of(kind: type[Event], desk: ExchangeDesk) -> list[Event]:
    return [event for event in desk.events() if isinstance(event, kind)]


def net(desk: ExchangeDesk) -> Decimal:
    return desk.engines[-1].state.positions.net(OWNER, COIN).known


def check_books(desk: ExchangeDesk) -> None:
    """Each intent is one order in truth, each execution is booked once, and no statement found a difference."""
    assert of(BooksDiverged, desk) == []
    assert of(TradingHalted, desk) == []
    assert of(ForeignFilled, desk) == []
    intended = [event.order_id for event in of(OrderIntended, desk) if isinstance(event, OrderIntended)]
    ours = Counter(order.client_id for order in desk.exchange.orders.values())
    assert set(ours) <= set(intended)
    assert set(ours.values()) == {1}
    booked = Counter(event.execution_id for event in of(OrderFilled, desk) if isinstance(event, OrderFilled))
    assert set(booked.values()) == {1}
    state = desk.engines[-1].state
    assert state.balances[PAPER, desk.instrument.asset] - desk.opened() == desk.position()


@pytest.mark.parametrize(("exchange", "product"), PLACES)
def test_what_was_sold_on_chain_is_bought_and_all_statements_agree(exchange: At, product: Product) -> None:
    with desk_at(exchange, product, SOLD, SOLD_AGAIN) as desk:
        desk.begin()
        desk.advance(seconds=600)
        assert abs(net(desk)) < 1
        assert 0 <= 15 - desk.position() < 1
        check_books(desk)


@pytest.mark.parametrize(("exchange", "product"), PLACES)
@pytest.mark.parametrize("spoiling", [Spoiling.SILENCE, Spoiling.CUT, Spoiling.SERVER_ERROR, Spoiling.TRUNCATED])
def test_an_answer_that_is_lost_is_asked_for_and_nothing_is_doubled(
    exchange: At, product: Product, spoiling: Spoiling
) -> None:
    with desk_at(exchange, product, SOLD, SOLD_AGAIN) as desk:
        desk.faults.say("spoils", spoiling, of=exchange.placing[product], times=2)
        desk.begin()
        desk.advance(seconds=600)
        assert abs(net(desk)) < 1
        check_books(desk)


@pytest.mark.parametrize(("exchange", "product"), PLACES)
def test_a_desk_that_dies_with_an_order_under_way_finds_it_and_goes_on(exchange: At, product: Product) -> None:
    with desk_at(exchange, product, SOLD, SOLD_AGAIN) as desk:
        desk.faults.say("thinks_ms", 3_000, of=exchange.placing[product])
        desk.begin()
        while not of(OrderIntended, desk):
            desk.advance(ms=500)
        desk.kill()
        desk.advance(seconds=10)
        desk.begin()
        desk.advance(seconds=600)
        assert abs(net(desk)) < 1
        check_books(desk)


@pytest.mark.parametrize(("exchange", "product"), PLACES)
def test_a_stream_that_is_cut_or_says_things_twice_or_never_changes_no_books(exchange: At, product: Product) -> None:
    with desk_at(exchange, product, SOLD, SOLD_AGAIN) as desk:
        desk.faults.say("pushes", Pushing.LOST, times=2)
        desk.faults.say("cuts_stream", True)
        desk.faults.say("pushes", Pushing.TWICE, times=20)
        desk.begin()
        desk.advance(seconds=600)
        assert abs(net(desk)) < 1
        check_books(desk)


@pytest.mark.parametrize("exchange", AT_PERPS)
@pytest.mark.parametrize("why", [Forced.LIQUIDATION, Forced.ADL])
def test_what_the_exchange_closes_by_force_is_booked_for_its_holder_and_covered_anew(exchange: At, why: Forced) -> None:
    with desk_at(exchange, Product.LINEAR_PERP, SOLD) as desk:
        desk.begin()
        desk.advance(seconds=180)
        assert desk.position() == 10
        desk.exchange.force("main", desk.market, D(-4), why, D(249))
        desk.advance(seconds=400)
        assert len(of(ForcedReduction, desk)) == 1
        assert of(ForeignFilled, desk) == []
        assert of(BooksDiverged, desk) == []
        assert abs(net(desk)) < 1
        assert desk.position() == 10


@pytest.mark.parametrize("exchange", AT_PERPS)
def test_funding_is_booked_as_the_exchange_paid_it_and_cash_agrees(exchange: At) -> None:
    with desk_at(exchange, Product.LINEAR_PERP, SOLD) as desk:
        margin.keep_funding(desk.exchange, desk.market)
        desk.begin()
        desk.advance(seconds=6_000)
        booked = [event for event in of(AccountActivityBooked, desk) if isinstance(event, AccountActivityBooked)]
        assert [(event.venue_kind, event.asset, event.instrument) for event in booked] == [
            (exchange.funding, "USDT", desk.instrument.id)
        ]
        paid = [flow.amount for flow in desk.exchange.flows if flow.kind == "FUNDING_FEE"]
        assert [event.amount for event in booked] == paid
        assert of(BooksDiverged, desk) == []


@pytest.mark.parametrize(("exchange", "first_s", "then_s"), [(BINANCE, 40, 20), (BYBIT, 20, 20)])
def test_a_desk_that_is_gone_leaves_nothing_open(exchange: At, first_s: int, then_s: int) -> None:
    with desk_at(exchange, Product.LINEAR_PERP, SOLD) as desk:
        desk.exchange.quote(desk.market, [], [])
        desk.begin()
        while not desk.exchange.open:
            desk.advance(seconds=1)
        desk.advance(seconds=5)
        if exchange is BYBIT:
            desk.lives[-1].cancel()
        else:
            desk.kill()
        desk.advance(seconds=first_s)
        assert len(desk.exchange.open) == 1
        desk.advance(seconds=then_s)
        assert desk.exchange.open == {}


STRENGTHS = {
    "N1": 600, "N2": 600, "N3": 600, "N4": 400, "N6": 60, "N7": 100, "N8": 100, "N9": 600, "N11": 40, "N12": 200,
    "V5": 400, "V7": 40, "V9": 60, "V11": 2_000, "V13": 6_000, "V16": 400, "W1": 1_000, "W2": 600, "W3": 4_000,
    "W7": 600,
}  # fmt: skip


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("seed", range(3))
def test_worlds_in_which_all_fails_and_the_desk_dies_twice_end_with_books_that_agree(
    seed: int, product: Product
) -> None:
    chance = Random(seed)
    fills = [
        fill(each, chance.choice(("sell", "buy")), str(chance.randrange(1, 20)), at=at(each)) for each in range(1, 9)
    ]
    script = tuple(ScriptedBlocks(at=at(number), events=(each,)) for number, each in enumerate(fills, 1))
    desk = ExchangeDesk(script, product, seed=seed, strengths=STRENGTHS)
    try:
        for _ in range(3):
            desk.begin()
            desk.advance(seconds=chance.randrange(60, 240))
            desk.kill()
            desk.advance(seconds=chance.randrange(1, 30))
        desk.begin()
        desk.injection.stop()
        desk.advance(seconds=1_200)
        assert desk.strikes
        assert desk.loop.faults == []
        assert abs(net(desk)) < 1 + (product is Product.SPOT)
        check_books(desk)
    finally:
        desk.kill()
        desk.close()
