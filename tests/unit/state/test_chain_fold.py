"""Onchain fills: booked, held, valued, released, and undone exactly."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.events import chain
from flatbook.state import chain_fold
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.state.orders import Broken
from flatbook.state.positions import DayResult, Net
from flatbook.values.ids import AssetId, OwnerId, Underlying
from flatbook.values.money import Quantity
from tests.unit.state.scene import (
    BASE,
    COIN,
    KEY,
    OWNER,
    USDC,
    VAULT,
    WTCOIN,
    at,
    folded,
    marked,
    qty,
    released,
    reversed_fill,
    skipped,
    these,
    unvalued,
    valued,
    vault_filled,
)

MARK = marked(USDC, "1")


def numbers(state: State) -> object:
    """Returns what the books say: positions, nets, balances and days, without identities and instants."""
    nets = {key: (net.known, net.held, net.unvalued, net.hedgeable) for key, net in state.positions.nets.items()}
    rows = {key: row.qty for key, row in state.positions.rows.items()}
    days = {key: (day.cash_usd, day.qty) for key, day in state.positions.days.items() if day.cash_usd or day.qty}
    return rows, nets, state.balances, days


def test_a_fill_moves_position_net_balances_day_price_and_ratio() -> None:
    state = folded([MARK, vault_filled(1, "sell", "1.5", price="251")])
    net = state.positions.net(*KEY)
    assert (net.known, net.hedgeable) == these("-1.5 -1.5")
    assert (net.last_price, net.last_price_at) == (Decimal(251), at(0))
    assert net.cause == f"fill:8453:0x{1:064x}:0@0xaa"
    assert state.balances == {(VAULT, "USDC"): Decimal("376.5"), (VAULT, "wtCOIN"): Decimal("-1.5")}
    assert state.positions.days[KEY] == DayResult(day=20424, cash_usd=Decimal("376.5"), qty=Decimal("-1.5"))
    assert state.ratios == {AssetId("wtCOIN"): 1}
    assert state.positions.rows[OWNER, VAULT, WTCOIN].qty == Decimal("-1.5")


def test_a_buy_of_the_vault_is_long_and_costs_cash() -> None:
    state = folded([vault_filled(1, "buy", "2")])
    assert state.positions.net(*KEY).known == 2
    assert state.balances == {(VAULT, "wtCOIN"): Decimal(2), (VAULT, "USDC"): Decimal(-500)}


def test_the_last_price_is_that_of_the_newest_fill_and_not_of_the_last_one_read() -> None:
    newest, older = vault_filled(1, "sell", "1", price="251", seconds=9), vault_filled(2, "sell", "1", seconds=8)
    assert folded([MARK, newest, older]).positions.net(*KEY).last_price == 251


def test_the_last_price_is_in_dollars_whatever_the_dollar_token_is_worth() -> None:
    sold = vault_filled(1, "sell", "1", price="300")
    assert folded([marked(USDC, "0.90"), sold]).positions.net(*KEY).last_price == 270
    assert folded([sold]).positions.net(*KEY).last_price is None


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_reversal_undoes_a_fill_exactly(side: str) -> None:
    kept = [MARK, vault_filled(1, "sell", "1.25"), vault_filled(2, "buy", "0.5")]
    gone = vault_filled(3, side, "7.123456789012345678", price="249.987654321")
    before = folded(kept)
    after = folded([*kept, gone, reversed_fill(gone)])
    assert numbers(after) == numbers(before)
    assert after.fills == before.fills


def test_a_reversal_of_the_only_fill_leaves_zeros() -> None:
    gone = vault_filled(1, "sell", "3")
    state = folded([MARK, gone, reversed_fill(gone)])
    assert state.positions.net(*KEY).known == 0
    assert set(state.balances.values()) == {Decimal(0)}
    assert state.positions.days[KEY] == DayResult(day=20424, cash_usd=Decimal(0), qty=Decimal(0))


def test_a_reversal_takes_back_what_the_day_took_whatever_the_mark_is_now() -> None:
    gone = vault_filled(1, "sell", "3")
    state = folded([MARK, gone, marked(USDC, "0.5"), reversed_fill(gone)])
    assert state.positions.days[KEY].cash_usd == 0


def test_a_chain_that_goes_back_to_a_block_it_had_left_books_the_fill_again() -> None:
    fill_a, fill_b = vault_filled(1, "sell", "3"), vault_filled(1, "sell", "3", block_hash="0xbb")
    state = folded([fill_a, reversed_fill(fill_a), fill_b, reversed_fill(fill_b), fill_a])
    assert state.positions.net(*KEY).known == -3
    assert [fill.event.key.block_hash for fill in state.fills.values()] == ["0xaa"]


def test_a_fill_is_never_booked_twice_and_only_a_known_one_is_reversed() -> None:
    state = folded([vault_filled(1, "sell", "3")])
    for event in (vault_filled(1, "sell", "3", block_hash="0xbb"), reversed_fill(vault_filled(2, "sell", "3"))):
        before = numbers(state)
        with pytest.raises(Broken):
            apply(state, event)
        assert numbers(state) == before


def test_a_fill_that_waits_for_its_value_is_exposure_and_not_hedged() -> None:
    event = vault_filled(1, "sell", "3")
    state = folded([unvalued(event, "2.5")])
    net = state.positions.net(*KEY)
    assert (net.known, net.held, net.unvalued, net.hedgeable) == these("-2.5 -2.5 -2.5 0")


@pytest.mark.parametrize("assumed", ["2.5", "3", "4"])
def test_a_fill_valued_later_ends_where_one_valued_at_once_does(assumed: str) -> None:
    event = vault_filled(1, "sell", "3", price="251")
    later, at_once = folded([MARK, unvalued(event, assumed), valued(event)]), folded([MARK, event])
    assert numbers(later) == numbers(at_once)
    assert later.positions.net(*KEY).last_price == 251
    assert later.ratios == at_once.ratios
    assert next(iter(later.fills.values())).hold is False


def test_a_reversal_undoes_a_fill_that_waits_for_its_value_and_one_that_got_it() -> None:
    event = vault_filled(1, "sell", "3")
    waiting = unvalued(event, "2.5")
    nothing = {key: Decimal(0) for key in folded([event]).balances}
    for events in ([waiting, reversed_fill(waiting)], [waiting, valued(event), reversed_fill(event)]):
        state = folded([MARK, *events])
        net = state.positions.net(*KEY)
        assert (net.known, net.held, net.unvalued) == these("0 0 0")
        assert state.balances == nothing
        assert [(day.cash_usd, day.qty) for day in state.positions.days.values()] in ([], [these("0 0")])


def test_a_value_is_taken_once() -> None:
    event = vault_filled(1, "sell", "3")
    state = folded([unvalued(event, "2.5"), valued(event)])
    with pytest.raises(Broken):
        apply(state, valued(event))


def test_a_skipped_fill_moves_position_and_balances_but_is_held() -> None:
    state = folded([skipped(1)])
    net = state.positions.net(*KEY)
    assert (net.known, net.held, net.hedgeable) == these("-3 -3 0")
    assert state.balances == {(VAULT, "USDC"): Decimal(750), (VAULT, "wtCOIN"): Decimal(-3)}


def test_a_skipped_fill_of_no_known_share_moves_balances_only() -> None:
    for event in (skipped(1, side=None, shares=None), skipped(1, side=None), skipped(1, shares=None)):
        state = folded([event])
        assert state.positions.nets == {}
        assert state.balances == {(VAULT, "USDC"): Decimal(750), (VAULT, "wtCOIN"): Decimal(-3)}
        apply(state, released(event))
        apply(state, reversed_fill(event))
        assert set(state.balances.values()) == {Decimal(0)}


def test_a_released_fill_is_hedged_and_one_left_alone_is_not() -> None:
    event = skipped(1)
    assert folded([event, released(event)]).positions.net(*KEY).hedgeable == -3
    assert folded([event, released(event, hedge=False)]).positions.net(*KEY).hedgeable == 0
    twice = folded([event, released(event), released(event)])
    assert (twice.positions.net(*KEY).held, twice.positions.net(*KEY).hedgeable) == these("0 -3")


@pytest.mark.parametrize("free", [True, False])
def test_a_reversal_undoes_a_skipped_fill_held_or_released(free: bool) -> None:
    event = skipped(1)
    state = folded([vault_filled(2, "buy", "1"), event, *([released(event)] if free else []), reversed_fill(event)])
    net = state.positions.net(*KEY)
    assert (net.known, net.held, net.hedgeable) == these("1 0 1")


@pytest.mark.parametrize(
    ("known", "held", "hedgeable"),
    [
        ("-10", "-3", "-7"),
        ("-10", "0", "-10"),
        ("0", "-3", "0"),
        ("2", "-3", "2"),
        ("-2", "-3", "0"),
        ("-2", "3", "-2"),
    ],
)
def test_what_may_be_hedged_lies_between_zero_and_the_true_net(known: str, held: str, hedgeable: str) -> None:
    net = Net(owner=OwnerId("o"), underlying=Underlying("U"), known=qty(known), held=qty(held))
    assert net.hedgeable == Decimal(hedgeable)


def test_onchain_amounts_with_36_decimals_stay_exact() -> None:
    tiny = Quantity(Decimal("1E-36"))
    event = msgspec.structs.replace(vault_filled(1, "sell", "1"), token_amount=Quantity(Decimal(10**17) + tiny))
    state = folded([event, vault_filled(2, "buy", "100000000000000000")])
    assert state.balances[VAULT, AssetId("wtCOIN")] == -tiny


def test_gas_is_taken_in_whole_coins_and_remembered() -> None:
    gas = chain.GasSpent(
        chain=BASE,
        tx="0x01",
        block=1,
        owner=OWNER,
        account=VAULT,
        coin=AssetId("ETH"),
        wei_amount=qty("123456789012345678901"),
        coin_usd=None,
        success=False,
        happened_at=at(0),
        seen_at=at(0),
    )
    state = folded([gas])
    assert state.balances == {(VAULT, "ETH"): Decimal("-123.456789012345678901")}
    assert state.gas == {(BASE, "0x01"): None}


def test_fills_and_gas_beyond_their_bounds_are_forgotten_above_a_watermark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_fold, "FILLS_KEPT_MAX", 2)
    state = folded([vault_filled(number, "sell", "1") for number in (3, 1, 2)])
    assert [fill.event.key.block for fill in state.fills.values()] == [1001, 1002]
    assert state.fill_watermarks == {BASE: 1003}
    assert state.positions.net(OWNER, COIN).known == -3
