"""Perpetuals whose contract is no coin, and positions that need more to stay the larger they are."""

from __future__ import annotations

import random
from decimal import Decimal

import msgspec
import pytest

from flatbook.matcher.margin import Tier
from flatbook.sim.exchange import margin
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.kept import KeptRefused, take_up, written
from flatbook.sim.exchange.orders import BookedOrder, Forced, Refusal, Status
from flatbook.sim.exchange.terms import MARGIN_WALLET, Market
from tests.exchange import BINANCE, PERP, START
from tests.unit.sim.exchange.core import asked, placed, refused

D = Decimal
HUNDREDTHS = msgspec.structs.replace(
    PERP, contract_size=D("0.01"), lot=PERP.lot * 100, qty_min=PERP.qty_min * 100, qty_max=PERP.qty_max * 100
)
TIERED = msgspec.structs.replace(
    PERP, tiers=(Tier(above=D(50_000), rate=D("0.01")), Tier(above=D(250_000), rate=D("0.05")))
)


def opened(market: Market, leverage: int = 20) -> Exchange:
    """Returns an exchange of one market with a book of a hundred coins on each side of 50,000."""
    exchange = Exchange(msgspec.structs.replace(BINANCE, markets=(market,), leverage=leverage), now=START)
    size = 100 / market.contract_size
    exchange.quote(market, [(D(49_990), size)], [(D(50_010), size)])
    return exchange


def stands(exchange: Exchange, market: Market) -> tuple[Decimal, ...]:
    """Returns what an account has in money, all of it."""
    account = exchange.accounts["main"]
    position = account.position(market)
    return (
        account.wallets[MARGIN_WALLET].total("USDT"),
        position.cost,
        position.entry,
        position.realised,
        position.qty * market.contract_size,
        margin.equity(exchange, account, "USDT"),
        margin.initial(exchange, account, "USDT"),
        margin.maintenance(exchange, account, "USDT"),
        margin.available(exchange, account, "USDT"),
    )


@pytest.mark.parametrize("seed", range(5))
def test_contracts_of_a_hundredth_are_worth_what_the_coins_are_in_every_account_of_money(seed: int) -> None:
    chance, marks = random.Random(seed), [D(50_000), D(51_000), D(48_500)]
    pair = [(opened(market), market) for market in (PERP, HUNDREDTHS)]
    for number in range(12):
        coins, sign = D(chance.randint(1, 900)) * D("0.001"), chance.choice((1, -1))
        mark, price = chance.choice(marks), chance.choice((None, "49995", "50005"))
        for exchange, market in pair:
            qty = coins / market.contract_size
            placed(exchange, asked(f"o{number}", sign, str(qty), price, market=market))
            exchange.set_mark(market, mark)
            margin.fund(exchange, market, D("0.0003"))
    by_coins, by_contracts = (stands(exchange, market) for exchange, market in pair)
    assert by_coins == by_contracts
    assert by_coins[0] != D(100_000)
    fees = [[each.fee for order in exchange.orders.values() for each in order.executions] for exchange, _ in pair]
    worths = [[order.spent for order in exchange.orders.values()] for exchange, _ in pair]
    averages = [[order.average for order in exchange.orders.values()] for exchange, _ in pair]
    assert (fees[0], worths[0], averages[0]) == (fees[1], worths[1], averages[1])


def test_the_least_worth_of_an_order_counts_the_size_of_a_contract() -> None:
    fine = msgspec.structs.replace(HUNDREDTHS, lot=D("0.001"), qty_min=D("0.001"))
    exchange = opened(fine)
    assert refused(exchange, asked("small", 1, "0.009", "49000", market=fine)) is Refusal.NOTIONAL
    assert placed(exchange, asked("fair", 1, "0.011", "49000", market=fine)).is_open


def test_what_a_position_needs_to_stay_grows_part_by_part() -> None:
    worths = [D(10_000), D(50_000), D(100_000), D(250_000), D(1_000_000)]
    assert [TIERED.maintenance_of(worth) for worth in worths] == [D(50), D(250), D(750), D(2_250), D(39_750)]


def test_a_large_position_is_closed_by_force_where_a_small_one_of_the_same_leverage_stays() -> None:
    for market, qty, is_closed in ((PERP, "10", False), (TIERED, "10", True), (TIERED, "0.1", False)):
        exchange = opened(market)
        exchange.accounts["main"].wallets[MARGIN_WALLET].add("USDT", D(-67_000))
        placed(exchange, asked("open", 1, qty, None, market=market))
        exchange.set_mark(market, D(48_000))
        closed = [order for order in exchange.orders.values() if order.forced is Forced.LIQUIDATION]
        assert bool(closed) is is_closed


def test_an_order_needs_at_least_what_it_leads_to_needs_to_stay() -> None:
    exchange = opened(TIERED, leverage=100)
    exchange.accounts["main"].wallets[MARGIN_WALLET].add("USDT", D(-80_000))
    large, small = (asked(name, 1, qty, "49990", market=TIERED) for name, qty in (("large", "15"), ("small", "5")))
    assert refused(exchange, large) is Refusal.MARGIN
    taken = placed(exchange, small)
    assert isinstance(taken, BookedOrder)
    assert taken.status is Status.NEW


def test_a_position_that_was_kept_is_not_taken_up_as_contracts_of_another_size() -> None:
    exchange = opened(HUNDREDTHS)
    placed(exchange, asked("held", 1, "10", None, market=HUNDREDTHS))
    again = opened(HUNDREDTHS)
    take_up(again, written(exchange))
    assert again.accounts["main"].position(HUNDREDTHS).qty == D(10)
    with pytest.raises(KeptRefused, match=r"is of contracts of 0\.01, and 1 is configured"):
        take_up(opened(msgspec.structs.replace(HUNDREDTHS, contract_size=D(1))), written(exchange))
