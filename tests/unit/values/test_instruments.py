"""The grid of a venue: lots, ticks, collars, and what rounding leaves over."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.values.ids import AccountId, AssetId, InstrumentId, Underlying
from flatbook.values.instruments import (
    Instrument,
    Side,
    TradingRules,
    collared_limit,
    cost_ceiling,
    floor_to_lot,
    in_cents,
    in_quote,
    least_order,
    notional,
    round_to_tick,
    tick_at,
    whole_share_lot,
)
from flatbook.values.money import Money, Price, Quantity


def rules(tick: str = "0.01", lot: str = "1", tick_below_one: str | None = "0.0001") -> TradingRules:
    return TradingRules(
        tick=Decimal(tick),
        tick_below_one=None if tick_below_one is None else Decimal(tick_below_one),
        lot=Decimal(lot),
        qty_min=Decimal(lot),
        notional_min=Decimal(0),
    )


@pytest.mark.parametrize(
    ("qty", "lot", "floored", "residue"),
    [
        ("10.75", "1", "10", "0.75"),
        ("0.99", "1", "0", "0.99"),
        ("10.75", "0.001", "10.75", "0"),
        ("10.7509999", "0.001", "10.750", "0.0009999"),
        ("0", "1", "0", "0"),
        ("249", "100", "200", "49"),
        ("1", "0.3", "0.9", "0.1"),
        ("0.000000000000000001", "0.000000001", "0", "0.000000000000000001"),
    ],
)
def test_a_quantity_is_floored_to_the_lot_and_nothing_is_dropped(
    qty: str, lot: str, floored: str, residue: str
) -> None:
    got = floor_to_lot(Quantity(Decimal(qty)), rules(lot=lot))
    assert got == (Decimal(floored), Decimal(residue))
    assert got[0] + got[1] == Decimal(qty)


@pytest.mark.parametrize(
    ("px", "side", "tick", "rounded"),
    [
        ("250.001", "buy", "0.01", "250.01"),
        ("250.009", "sell", "0.01", "250.00"),
        ("250.01", "buy", "0.01", "250.01"),
        ("250.01", "sell", "0.01", "250.01"),
        ("0.99991", "buy", "0.01", "1.0000"),
        ("0.99991", "sell", "0.01", "0.9999"),
        ("1.001", "sell", "0.01", "1.00"),
        ("12.30", "buy", "0.25", "12.50"),
        ("12.30", "sell", "0.25", "12.25"),
    ],
)
def test_a_price_is_rounded_to_the_tick_toward_being_filled(px: str, side: str, tick: str, rounded: str) -> None:
    assert round_to_tick(Decimal(px), side=Side(side), rules=rules(tick)) == Decimal(rounded)


def test_the_smaller_tick_holds_below_one_only_where_the_venue_has_one() -> None:
    assert tick_at(Decimal("0.9999"), rules()) == Decimal("0.0001")
    assert tick_at(Decimal(1), rules()) == Decimal("0.01")
    assert tick_at(Decimal("0.5"), rules(tick_below_one=None)) == Decimal("0.01")


@pytest.mark.parametrize("px", ["0.00009", "0", "-1"])
def test_a_sell_price_that_rounds_to_nothing_is_refused(px: str) -> None:
    with pytest.raises(ValueError, match="rounds to nothing"):
        round_to_tick(Decimal(px), side=Side.SELL, rules=rules())


@pytest.mark.parametrize(
    ("reference", "side", "bps", "limit"),
    [
        ("250", "buy", 100, "252.50"),
        ("250", "sell", 100, "247.50"),
        ("249.99", "buy", 1, "250.02"),
        ("249.99", "sell", 1, "249.96"),
        ("0.5", "buy", 100, "0.5050"),
        ("0.5", "sell", 30, "0.4985"),
        ("100", "buy", 0, "100"),
    ],
)
def test_a_marketable_limit_is_the_reference_moved_by_the_collar(
    reference: str, side: str, bps: int, limit: str
) -> None:
    got = collared_limit(Price(Decimal(reference)), side=Side(side), collar_bps=bps, rules=rules())
    assert got == Decimal(limit)


def test_value_and_cost_count_the_contract_size() -> None:
    qty, px, ten = Quantity(Decimal(3)), Price(Decimal("2.005")), Decimal(10)
    assert notional(qty, px, contract_size=ten) == Decimal("60.15")
    assert cost_ceiling(qty, px, collar_bps=0) == Decimal("6.02")
    assert cost_ceiling(qty, px, collar_bps=100) == Decimal("6.08")
    assert cost_ceiling(qty, px, collar_bps=0, contract_size=ten) == Decimal("60.15")


@pytest.mark.parametrize(("usd", "cents"), [("1.239", 123), ("-1.231", -124), ("0", 0), ("1E+2", 10_000)])
def test_dollars_are_cut_to_cents_downwards(usd: str, cents: int) -> None:
    assert in_cents(Money(Decimal(usd))) == cents


def test_the_two_sides() -> None:
    assert (Side.BUY.sign, Side.SELL.sign) == (1, -1)
    assert (Side.BUY.opposite, Side.SELL.opposite) == (Side.SELL, Side.BUY)


@pytest.mark.parametrize("field", ["tick", "lot", "qty_min", "tick_below_one"])
def test_a_grid_of_zero_is_refused(field: str) -> None:
    fields = {"tick": Decimal(1), "lot": Decimal(1), "qty_min": Decimal(1), "notional_min": Decimal(0)}
    with pytest.raises(ValueError, match=field):
        TradingRules(**{**fields, field: Decimal(0)})


def test_a_negative_smallest_notional_and_a_contract_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="notional_min"):
        TradingRules(tick=Decimal(1), lot=Decimal(1), qty_min=Decimal(1), notional_min=Decimal(-1))
    with pytest.raises(ValueError, match="contract_size"):
        Instrument(
            id=InstrumentId("X"),
            account=AccountId("a"),
            symbol="X",
            underlying=Underlying("X"),
            quote=AssetId("USD"),
            rules=rules(),
            contract_size=Decimal(0),
        )


@pytest.mark.parametrize(
    ("usd", "quote_usd", "side", "price"),
    [
        ("250", "1", "buy", "250"),
        ("250", "0.9", "buy", "277.777777777777777777"),
        ("250", "0.9", "sell", "277.777777777777777778"),
        ("250", "0.5", "sell", "500"),
        ("250", "1.25", "buy", "200"),
    ],
)
def test_a_price_in_dollars_is_one_in_the_quote_at_its_mark_and_never_worse_for_us(
    usd: str, quote_usd: str, side: str, price: str
) -> None:
    assert in_quote(Decimal(usd), quote_usd=Decimal(quote_usd), side=Side(side)) == Decimal(price)


@pytest.mark.parametrize(
    ("lot", "size", "whole"),
    [
        ("1", "1", "1"),
        ("0.001", "1", "1"),
        ("0.3", "1", "3"),
        ("100", "1", "100"),
        ("1", "0.1", "10"),
        ("1", "10", "1"),
    ],
)
def test_the_smallest_lot_of_whole_shares(lot: str, size: str, whole: str) -> None:
    assert whole_share_lot(Decimal(lot), contract_size=Decimal(size)) == Decimal(whole)


@pytest.mark.parametrize(
    ("lot", "qty_min", "notional_min", "least"),
    [
        ("1", "1", "0", "1"),
        ("0.001", "0.001", "1", "0.004"),
        ("1", "1", "250", "1"),
        ("1", "1", "250.01", "2"),
        ("0.3", "1", "0", "1.2"),
        ("0.001", "0.001", "0.333333333333333333", "0.002"),
    ],
)
def test_the_least_order_is_on_the_grid_and_worth_enough(lot: str, qty_min: str, notional_min: str, least: str) -> None:
    rules = TradingRules(
        tick=Decimal("0.01"), lot=Decimal(lot), qty_min=Decimal(qty_min), notional_min=Decimal(notional_min)
    )
    share = Instrument(
        id=InstrumentId("COIN/USD"),
        account=AccountId("paper"),
        symbol="COIN",
        underlying=Underlying("COIN"),
        quote=AssetId("USD"),
        rules=rules,
    )
    assert least_order(share, Price(Decimal(250)), quote_usd=Decimal(1)) == Decimal(least)
