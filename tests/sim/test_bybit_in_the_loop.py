"""A desk hedges at the simulated Bybit, spot and perpetual: books that agree, through faults, deaths and force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from flatbook.events.activities import AccountActivityBooked
from flatbook.events.control import BooksDiverged
from flatbook.events.forced import ForcedReduction
from flatbook.events.orders import ForeignFilled, OrderIntended
from flatbook.sim.alpaca.faults import Pushing, Spoiling
from flatbook.sim.exchange import margin
from flatbook.sim.exchange.orders import Forced
from flatbook.sim.tapes.script import ScriptedBlocks
from flatbook.values.instruments import Product
from tests.sim.bybit_desk import BybitDesk
from tests.sim.test_exchange_in_the_loop import PRODUCTS, SOLD, SOLD_AGAIN, check_books, net, of

D = Decimal


@contextmanager
def desk_at(product: Product, *script: ScriptedBlocks) -> Iterator[BybitDesk]:
    desk = BybitDesk(script, product)
    try:
        yield desk
        assert desk.loop.faults == []
    finally:
        desk.kill()
        desk.close()


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_was_sold_on_chain_is_bought_and_all_statements_agree(product: Product) -> None:
    with desk_at(product, SOLD, SOLD_AGAIN) as desk:
        desk.begin()
        desk.advance(seconds=600)
        assert abs(net(desk)) < 1
        assert 0 <= 15 - desk.position() < 1
        check_books(desk)


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("spoiling", [Spoiling.SILENCE, Spoiling.SERVER_ERROR])
def test_an_answer_that_is_lost_is_asked_for_and_nothing_is_doubled(product: Product, spoiling: Spoiling) -> None:
    with desk_at(product, SOLD, SOLD_AGAIN) as desk:
        desk.faults.say("spoils", spoiling, of="POST /v5/order/create", times=2)
        desk.begin()
        desk.advance(seconds=600)
        assert abs(net(desk)) < 1
        check_books(desk)


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_desk_that_dies_with_an_order_under_way_finds_it_and_goes_on(product: Product) -> None:
    with desk_at(product, SOLD, SOLD_AGAIN) as desk:
        desk.faults.say("thinks_ms", 3_000, of="POST /v5/order/create")
        desk.begin()
        while not of(OrderIntended, desk):
            desk.advance(ms=500)
        desk.kill()
        desk.advance(seconds=10)
        desk.begin()
        desk.advance(seconds=600)
        assert abs(net(desk)) < 1
        check_books(desk)


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_stream_that_is_cut_or_says_things_twice_or_never_changes_no_books(product: Product) -> None:
    with desk_at(product, SOLD, SOLD_AGAIN) as desk:
        desk.faults.say("pushes", Pushing.LOST, times=2)
        desk.faults.say("cuts_stream", True)
        desk.faults.say("pushes", Pushing.TWICE, times=20)
        desk.begin()
        desk.advance(seconds=600)
        assert abs(net(desk)) < 1
        check_books(desk)


@pytest.mark.parametrize("why", [Forced.LIQUIDATION, Forced.ADL])
def test_what_bybit_closes_by_force_is_booked_for_its_holder_and_covered_anew(why: Forced) -> None:
    with desk_at(Product.LINEAR_PERP, SOLD) as desk:
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


def test_funding_is_booked_as_bybit_paid_it_and_cash_agrees() -> None:
    with desk_at(Product.LINEAR_PERP, SOLD) as desk:
        margin.keep_funding(desk.exchange, desk.market)
        desk.begin()
        desk.advance(seconds=6_000)
        booked = [event for event in of(AccountActivityBooked, desk) if isinstance(event, AccountActivityBooked)]
        assert [(event.venue_kind, event.asset, event.instrument) for event in booked] == [
            ("SETTLEMENT", "USDT", desk.instrument.id)
        ]
        paid = [flow.amount for flow in desk.exchange.flows if flow.kind == "FUNDING_FEE"]
        assert [event.amount for event in booked] == paid
        assert of(BooksDiverged, desk) == []


def test_a_desk_whose_stream_is_gone_leaves_nothing_open() -> None:
    with desk_at(Product.LINEAR_PERP, SOLD) as desk:
        desk.exchange.quote(desk.market, [], [])
        desk.begin()
        while not desk.exchange.open:
            desk.advance(seconds=1)
        desk.advance(seconds=5)
        desk.lives[-1].cancel()
        desk.advance(seconds=20)
        assert len(desk.exchange.open) == 1
        desk.advance(seconds=20)
        assert desk.exchange.open == {}
