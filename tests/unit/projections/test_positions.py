"""Nets as people ask for them, and what must be flat in USD."""

from __future__ import annotations

from decimal import Decimal

from flatbook.events.event import Event
from flatbook.projections.positions import PriceFrom, net_lines, portfolio_exposure
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.values.ids import AssetId, InstrumentId, OwnerId, Underlying
from flatbook.values.instruments import Side
from flatbook.values.money import Quantity
from tests.unit.projections import scene
from tests.unit.projections.scene import COIN, COIN_ASSET, OWNER, USDC, accepted, d, executed, fill, intended

BUY, SELL = Side.BUY, Side.SELL
GME = Underlying("GME")


def state(*events: Event) -> State:
    found = State()
    for event in (scene.mark(USDC, "1", -60), *events):
        apply(found, event)
    return found


def test_a_net_shows_what_it_is_and_what_may_still_happen() -> None:
    sold = fill(1, SELL, "3", "780", 0)
    (line,) = net_lines(state(sold, intended(BUY, "3", 5, because=sold), accepted(6), executed(BUY, "1", "255", 8)))
    assert (line.exposure.net, line.exposure.may_buy) == (d(-2), d(2))
    assert (line.price, line.price_from, line.usd) == (d(260), PriceFrom.LAST_FILL, d(-520))
    assert [(row.account, row.qty) for row in line.positions] == [("broker", d(1)), ("vault", d(-3))]


def test_a_stated_mark_goes_before_the_newest_fill() -> None:
    (line,) = net_lines(state(fill(1, SELL, "3", "780", 0), scene.mark(COIN_ASSET, "250", 0)))
    assert (line.price, line.price_from, line.usd) == (d(250), PriceFrom.MARK, d(-750))


def test_an_exposure_without_a_price_has_no_value_in_usd() -> None:
    bought = (intended(BUY, "3", 5), accepted(6), executed(BUY, "3", "255", 8))
    (line,) = net_lines(state(*bought))
    assert (line.price, line.usd) == (None, None)
    portfolio = portfolio_exposure(state(*bought))
    assert (portfolio.gross_usd, portfolio.unpriced) == (d(0), (COIN,))


def test_residues_of_both_signs_add_up_in_size() -> None:
    marks = (scene.mark(COIN_ASSET, "250", 0), scene.mark(AssetId("GME"), "20", 0))
    other = executed(BUY, "5", "20", 8, underlying=GME, instrument=InstrumentId("broker:GME"))
    events = (*marks, fill(1, SELL, "3", "780", 0), intended(BUY, "9", 5), accepted(6), other)
    portfolio = portfolio_exposure(state(*events))
    assert [(line.underlying, line.residue, line.usd) for line in portfolio.lines] == [
        (COIN, d(-3), d(-750)),
        (GME, d(5), d(100)),
    ]
    assert (portfolio.gross_usd, portfolio.unpriced) == (d(850), ())


def test_what_an_owner_intends_need_not_be_flat() -> None:
    intended_delta = {(OWNER, COIN): Quantity(Decimal(-2))}
    events = (scene.mark(COIN_ASSET, "250", 0), fill(1, SELL, "3", "780", 0))
    portfolio = portfolio_exposure(state(*events), intended_delta)
    assert [(line.net, line.intended, line.residue) for line in portfolio.lines] == [(d(-3), d(-2), d(-1))]
    assert (portfolio.gross_usd, portfolio.intended_gross_usd) == (d(250), d(500))


def test_owners_offset_each_other_in_the_portfolio_and_not_in_their_nets() -> None:
    other = OwnerId("other")
    events = (scene.mark(COIN_ASSET, "250", 0), fill(1, SELL, "3", "780", 0), fill(2, BUY, "3", "780", 0, owner=other))
    assert [(line.owner, line.exposure.net) for line in net_lines(state(*events))] == [(OWNER, d(-3)), (other, d(3))]
    assert portfolio_exposure(state(*events)).gross_usd == 0
