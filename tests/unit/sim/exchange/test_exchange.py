"""The books of the simulated exchange: matching, balances, positions, margin, funding and what is done by force."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from flatbook.sim.exchange import margin
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.faults import ScriptedExchange
from flatbook.sim.exchange.orders import Ending, Forced, Refusal, Status
from flatbook.sim.exchange.terms import MARGIN_WALLET, SPOT_WALLET, Life, Stp
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant
from tests.exchange import BINANCE, BYBIT, ETH, PERP, SPOT, START, levels
from tests.unit.sim.exchange.core import Told, asked, placed, refused, scene

D = Decimal


def free(exchange: Exchange, coin: str, wallet: str = SPOT_WALLET, account: str = "main") -> Decimal:
    return exchange.accounts[account].wallets[wallet].free.get(coin, D(0))


def test_two_accounts_trade_at_the_price_of_the_one_that_rested() -> None:
    exchange = scene()
    maker = placed(exchange, asked("m", 1, "0.02", "50000"))
    taker = placed(exchange, asked("t", -1, "0.03", "49999.5", account="other", life=Life.IOC))
    assert (maker.status, maker.filled) == (Status.FILLED, D("0.02"))
    assert (taker.status, taker.filled, taker.ending) == (Status.EXPIRED, D("0.02"), Ending.NOTHING_LEFT)
    assert [each.price for each in (*maker.executions, *taker.executions)] == [D(50_000), D(50_000)]
    assert (maker.executions[0].fee, taker.executions[0].fee) == (D("0.2"), D("0.5"))
    assert exchange.accounts["main"].position(PERP).qty == -exchange.accounts["other"].position(PERP).qty == D("0.02")


def test_what_rested_first_at_a_price_is_hit_first_whoever_it_belongs_to() -> None:
    exchange = scene()
    first = placed(exchange, asked("first", 1, "0.5", "49999"))
    traded = exchange.trade_outside(PERP, -1, D("1.2"))
    assert (traded, first.filled) == (D("1.2"), D("0.2"))


def test_a_spot_order_locks_what_it_may_spend_and_frees_what_it_did_not() -> None:
    exchange = scene()
    order = placed(exchange, asked("buy", 1, "0.1", "50000.20", market=SPOT))
    wallet = exchange.accounts["main"].wallets[SPOT_WALLET]
    assert (order.status, order.spent) == (Status.FILLED, D("5000.01"))
    assert (wallet.free["USDT"], wallet.locked["USDT"]) == (D("94999.99"), D(0))
    assert wallet.free["BTC"] == D("2.0999")
    resting = placed(exchange, asked("rest", -1, "0.5", "51000", market=SPOT))
    assert (wallet.free["BTC"], wallet.locked["BTC"]) == (D("1.5999"), D("0.5"))
    exchange.cancel(resting, exchange.now)
    assert (wallet.free["BTC"], wallet.locked["BTC"]) == (D("2.0999"), D(0))


def test_where_fees_are_taken_in_the_quote_a_purchase_locks_its_fee_too_and_all_that_is_bought_comes() -> None:
    market = msgspec.structs.replace(SPOT, fees_in_quote=True)
    markets = tuple(market if each == SPOT else each for each in BINANCE.markets)
    exchange = scene(msgspec.structs.replace(BINANCE, markets=markets))
    wallet = exchange.accounts["main"].wallets[SPOT_WALLET]
    order = placed(exchange, asked("buy", 1, "0.1", "50000.20", market=market))
    paid = order.executions[0]
    assert (paid.fee_coin, paid.fee, order.spent) == ("USDT", D("5.00001"), D("5000.01"))
    assert (wallet.free["BTC"], wallet.free["USDT"], wallet.locked["USDT"]) == (D("2.1"), D("94994.98999"), D(0))
    placed(exchange, asked("rest", 1, "0.1", "40000", market=market))
    assert wallet.locked["USDT"] == D(4_004)
    sold = placed(exchange, asked("sell", -1, "0.1", None, market=market)).executions[0]
    assert (sold.fee_coin, wallet.free["BTC"]) == ("USDT", D(2))


def test_fees_of_spot_are_paid_in_the_coin_of_the_exchange_while_it_is_held() -> None:
    exchange = scene()
    exchange.accounts["main"].wallets[SPOT_WALLET].add("BNB", D(1))
    order = placed(exchange, asked("buy", 1, "0.1", None, market=SPOT))
    paid = order.executions[0]
    assert (paid.fee_coin, paid.fee) == ("BNB", D("0.00625001"))
    assert free(exchange, "BTC") == D("2.1")


def test_a_position_is_reduced_at_its_average_and_realises_the_difference() -> None:
    exchange = scene()
    exchange.quote(PERP, levels("50000 x 5"), levels("50010 x 1", "50020 x 1"))
    placed(exchange, asked("open", 1, "2", None))
    position = exchange.accounts["main"].position(PERP)
    assert (position.qty, position.entry) == (D(2), D(50_015))
    close = placed(exchange, asked("close", -1, "0.5", None))
    assert close.executions[0].realised == D("-7.50000000")
    flip = placed(exchange, asked("flip", -1, "2", None))
    assert (flip.executions[0].realised, position.qty, position.entry) == (D("-22.5"), D("-0.5"), D(50_000))


def test_orders_that_only_reduce_never_open_and_shrink_with_the_position() -> None:
    exchange = scene()
    assert refused(exchange, asked("none", -1, "0.1", "51000", reduces=True)) is Refusal.REDUCE_ONLY
    placed(exchange, asked("open", 1, "0.3", None))
    resting = placed(exchange, asked("rest", -1, "0.3", "51000", reduces=True))
    placed(exchange, asked("part", -1, "0.2", None, reduces=True))
    assert (resting.qty, resting.status) == (D("0.1"), Status.NEW)
    much = placed(exchange, asked("much", -1, "5", "49000", reduces=True))
    assert (much.filled, much.ending) == (D("0.1"), Ending.REDUCE_ONLY)
    assert (resting.status, resting.ending) == (Status.EXPIRED, Ending.REDUCE_ONLY)
    assert exchange.accounts["main"].position(PERP).qty == 0


def test_orders_that_only_reduce_turn_no_position_when_one_trade_meets_them_all() -> None:
    exchange = scene()
    placed(exchange, asked("open", 1, "0.3", None))
    first = placed(exchange, asked("first", -1, "0.2", "51000", reduces=True))
    second = placed(exchange, asked("second", -1, "0.2", "51010", reduces=True))
    third = placed(exchange, asked("third", -1, "0.2", "51020", reduces=True))
    exchange.quote(PERP, levels("52000 x 5"), levels("52010 x 5"))
    assert [(each.filled, each.status) for each in (first, second, third)] == [
        (D("0.2"), Status.FILLED),
        (D("0.1"), Status.EXPIRED),
        (D(0), Status.EXPIRED),
    ]
    assert exchange.accounts["main"].position(PERP).qty == 0


@pytest.mark.parametrize(
    ("stp", "maker", "taker"),
    [
        (Stp.EXPIRE_MAKER, Status.EXPIRED_IN_MATCH, Status.FILLED),
        (Stp.EXPIRE_TAKER, Status.NEW, Status.EXPIRED_IN_MATCH),
        (Stp.EXPIRE_BOTH, Status.EXPIRED_IN_MATCH, Status.EXPIRED_IN_MATCH),
        (Stp.NONE, Status.FILLED, Status.FILLED),
    ],
)
def test_two_orders_of_one_account_meet_as_they_say(stp: Stp, maker: Status, taker: Status) -> None:
    exchange = scene()
    rested = placed(exchange, asked("rested", 1, "0.1", "50000"))
    came = placed(exchange, asked("came", -1, "0.1", "49990", stp=stp, life=Life.IOC))
    assert (rested.status, came.status) == (maker, taker)


def test_a_maker_order_that_would_take_is_refused_or_taken_and_ended_as_the_exchange_does() -> None:
    assert refused(scene(), asked("cross", 1, "0.1", "50001", life=Life.MAKER)) is Refusal.WOULD_TAKE
    order = placed(scene(BYBIT), asked("cross", 1, "0.1", "50001", life=Life.MAKER, market=BYBIT.markets[1]))
    assert (order.status, order.ending, order.filled) == (Status.EXPIRED, Ending.WOULD_TAKE, 0)


def test_an_order_may_need_no_more_margin_than_there_is_and_closing_always_passes() -> None:
    exchange = scene(msgspec.structs.replace(BINANCE, leverage=10))
    exchange.accounts["main"].wallets[MARGIN_WALLET].add("USDT", D(-95_000))
    assert refused(exchange, asked("much", 1, "2", "49000")) is Refusal.MARGIN
    placed(exchange, asked("open", 1, "0.99", None))
    assert margin.available(exchange, exchange.accounts["main"], "USDT") < D(100)
    close = placed(exchange, asked("close", -1, "0.99", None))
    assert close.status is Status.FILLED


def test_funding_is_paid_by_longs_to_shorts_at_its_instant_and_not_before() -> None:
    exchange = scene()
    told = Told()
    exchange.watchers.append(told)
    placed(exchange, asked("m", 1, "1", "50000"))
    placed(exchange, asked("t", -1, "1", "50000", account="other"))
    due = margin.next_funding(PERP, START)
    exchange.advance(Instant(due - 1))
    assert told.funding == []
    exchange.advance(due)
    assert [(flow.account, flow.amount) for flow in exchange.flows] == [("main", D("-5.00000000")), ("other", D("5"))]
    assert told.funding == ["main", "other"]


def test_an_account_with_too_little_margin_is_liquidated_and_its_orders_are_canceled() -> None:
    exchange = scene()
    exchange.accounts["main"].wallets[MARGIN_WALLET].add("USDT", D(-97_000))
    resting = placed(exchange, asked("rest", 1, "0.01", "40000"))
    placed(exchange, asked("open", 1, "1", None))
    exchange.set_mark(PERP, D(47_000))
    forced = list(exchange.orders.values())[-1]
    assert (resting.status, resting.ending) == (Status.CANCELED, Ending.LIQUIDATION)
    assert (forced.client_id, forced.forced) == (f"autoclose-{forced.id}", Forced.LIQUIDATION)
    assert (forced.executions[0].realised, exchange.accounts["main"].position(PERP).qty) == (D(-3_001), 0)


def test_a_countdown_cancels_the_orders_of_its_market_unless_it_is_renewed() -> None:
    exchange = scene()
    here, there = (
        placed(exchange, asked("a", 1, "0.1", "49000")),
        placed(exchange, asked("b", 1, "1", "1900", market=ETH)),
    )
    exchange.count_down("main", PERP, 10_000)
    exchange.advance(Instant(START + 9 * NS_PER_S))
    exchange.count_down("main", PERP, 10_000)
    exchange.advance(Instant(START + 12 * NS_PER_S))
    assert here.is_open
    exchange.advance(Instant(START + 20 * NS_PER_S))
    assert (here.status, here.ending, there.is_open) == (Status.CANCELED, Ending.COUNTDOWN, True)


def test_a_client_id_is_refused_while_it_is_open_and_taken_again_after() -> None:
    exchange = scene()
    order = placed(exchange, asked("same", 1, "0.1", "49000"))
    assert refused(exchange, asked("same", 1, "0.1", "49000")) is Refusal.CLIENT_ID
    exchange.cancel(order, exchange.now)
    again = placed(exchange, asked("same", 1, "0.1", "49000"))
    assert exchange.order_of("main", PERP, None, "same") is again


def test_an_order_that_is_amended_goes_behind_and_may_take() -> None:
    exchange = scene()
    order = placed(exchange, asked("a", 1, "0.1", "49999"))
    assert exchange.amend(order, D(50_001), D("0.2"), exchange.now) is None
    assert (order.status, order.filled, order.qty) == (Status.FILLED, D("0.2"), D("0.2"))
    assert exchange.amend(order, D(50_001), None, exchange.now) is Refusal.GONE


def test_faults_delay_reject_overfill_fill_late_and_close_by_force() -> None:
    faults = ScriptedExchange()
    exchange = scene(faults=faults)
    faults.say("hold_ms", 500)
    held = placed(exchange, asked("held", 1, "0.1", "50001"))
    assert (held.status, held.filled) == (Status.NEW, 0)
    exchange.advance(Instant(exchange.now + 500 * NS_PER_MS))
    assert held.status is Status.FILLED
    faults.say("rejects_late", True)
    assert placed(exchange, asked("rejected", 1, "0.1", "49000")).status is Status.REJECTED
    faults.say("overfills", True)
    assert placed(exchange, asked("over", 1, "0.1", None)).filled == D("0.101")
    faults.say("late_fill_ms", 100)
    late = placed(exchange, asked("late", 1, "0.1", "49000"))
    exchange.cancel(late, exchange.now)
    exchange.advance(Instant(exchange.now + 100 * NS_PER_MS))
    assert (late.status, late.filled) == (Status.CANCELED, D("0.1"))
    faults.say("closes_by_force", True)
    placed(exchange, asked("trade", 1, "0.1", None))
    exchange.advance(exchange.now)
    forced = list(exchange.orders.values())[-1]
    assert (forced.client_id, forced.forced, forced.qty) == ("adl_autoclose", Forced.ADL, D("0.2"))


def test_what_is_closed_by_force_is_half_of_what_is_held_by_then_and_turns_no_position_round() -> None:
    faults = ScriptedExchange()
    exchange = scene(faults=faults)
    placed(exchange, asked("opens", 1, "0.3", None))
    exchange.quote(exchange.terms.markets[0], [(D(49_999), D("0.1")), (D(49_998), D(10))], [(D(50_001), D(10))])
    faults.say("closes_by_force", True)
    assert placed(exchange, asked("closes", -1, "0.28", None)).filled == D("0.28")
    exchange.advance(exchange.now)
    assert list(exchange.orders.values())[-1].qty == D("0.01")


def test_rules_that_change_hold_for_the_next_order() -> None:
    faults = ScriptedExchange()
    exchange = scene(faults=faults)
    placed(exchange, asked("fine", 1, "0.011", "49000"))
    faults.say("coarsens", True)
    assert refused(exchange, asked("fine too", 1, "0.011", "49000")) is Refusal.LOT
    assert refused(exchange, asked("still", 1, "0.011", "49000")) is Refusal.LOT
