"""Whatever accounts and the outside do at a simulated exchange, nothing is made or lost in its books."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import BookedOrder, Status
from flatbook.sim.exchange.terms import MARGIN_WALLET, SPOT_WALLET, Kind, Life, Stp
from tests.depth import examples
from tests.exchange import BINANCE, PERP, SPOT
from tests.unit.sim.exchange.core import asked, scene

D = Decimal
PRICES = [50_000 + step for step in range(-4, 5)]
ACTS = st.tuples(
    st.sampled_from(["main", "other"]),
    st.sampled_from([SPOT, PERP]),
    st.sampled_from([1, -1]),
    st.integers(1, 40),
    st.sampled_from([*PRICES, None]),
    st.sampled_from([Life.GTC, Life.IOC, Life.FOK, Life.MAKER]),
    st.sampled_from(list(Stp)),
    st.booleans(),
)
STEPS = st.lists(
    st.one_of(ACTS, st.integers(0, 30), st.tuples(st.sampled_from(PRICES), st.integers(1, 9))), max_size=40
)


def totals(exchange: Exchange, coin: str, wallet: str) -> Decimal:
    return sum((account.wallets[wallet].total(coin) for account in exchange.accounts.values()), D(0))


def flowed(exchange: Exchange, coin: str, kind: Kind) -> Decimal:
    """Returns what executions moved of a coin, fees included, by the orders alone."""
    moved = D(0)
    for order in exchange.orders.values():
        if order.market.kind is not kind:
            continue
        for each in order.executions:
            if kind is Kind.SPOT:
                moved += order.sign * (
                    each.qty if coin == order.market.coin else -each.notional if coin == "USDT" else 0
                )
            elif coin == "USDT":
                moved += each.realised
            moved -= each.fee if each.fee_coin == coin else D(0)
    return moved


def do(exchange: Exchange, number: int, step: object) -> None:
    if isinstance(step, int):
        orders = list(exchange.open.values())
        if orders:
            exchange.cancel(orders[step % len(orders)], exchange.now)
        return
    assert isinstance(step, tuple)
    if len(step) == 2:
        middle, lots = D(step[0]), D(step[1]) / 10
        for market in (SPOT, PERP):
            exchange.quote(market, [(middle - 1, lots)], [(middle + 1, lots)])
        return
    account, market, sign, lots, price, life, stp, reduces = step
    words = {"account": account, "market": market, "stp": stp, "reduces": reduces and market is PERP}
    if price is not None:
        words["life"] = life
    exchange.place(asked(f"c{number}", sign, str(D(lots) / 100), str(price) if price else None, **words), exchange.now)


@settings(max_examples=examples(120), deadline=None)
@given(STEPS)
def test_coins_move_by_executions_only_and_what_is_locked_is_what_open_orders_lock(steps: list[object]) -> None:
    exchange = scene(BINANCE)
    before = {
        (coin, wallet): totals(exchange, coin, wallet)
        for coin in ("BTC", "USDT")
        for wallet in (SPOT_WALLET, MARGIN_WALLET)
    }
    for number, step in enumerate(steps):
        do(exchange, number, step)
    for coin, kind, wallet in (
        ("BTC", Kind.SPOT, SPOT_WALLET),
        ("USDT", Kind.SPOT, SPOT_WALLET),
        ("USDT", Kind.PERP, MARGIN_WALLET),
    ):
        assert totals(exchange, coin, wallet) == before[(coin, wallet)] + flowed(exchange, coin, kind)
    for account in exchange.accounts.values():
        spot = account.wallets[SPOT_WALLET]
        for coin in ("BTC", "USDT"):
            locks = (each.locked for each in exchange.open_orders(account.name) if each.locked_coin == coin)
            assert spot.locked.get(coin, D(0)) == sum(locks, D(0))
            assert spot.free.get(coin, D(0)) >= 0


def is_sound(order: BookedOrder) -> bool:
    filled = sum((each.qty for each in order.executions), D(0))
    ended = order.status in (Status.CANCELED, Status.EXPIRED, Status.REJECTED, Status.EXPIRED_IN_MATCH)
    return filled == order.filled <= order.qty and (order.status is Status.FILLED) == (
        order.filled == order.qty and not ended
    )


@settings(max_examples=examples(120), deadline=None)
@given(STEPS)
def test_orders_fill_no_more_than_they_are_and_positions_are_the_sum_of_what_they_filled(steps: list[object]) -> None:
    exchange = scene(BINANCE)
    for number, step in enumerate(steps):
        do(exchange, number, step)
    assert all(is_sound(order) for order in exchange.orders.values())
    for account in exchange.accounts.values():
        ours = [order for order in exchange.orders.values() if (order.account, order.market) == (account.name, PERP)]
        assert account.position(PERP).qty == sum((order.sign * order.filled for order in ours), D(0))
        assert all(order.market.kind is Kind.PERP or not order.reduces for order in ours)
    for market in (SPOT, PERP):
        pit = exchange.pits[market.name]
        bid, ask = pit.best(1), pit.best(-1)
        assert bid is None or ask is None or bid < ask
        for order in exchange.open_orders("main", market) + exchange.open_orders("other", market):
            assert pit.left(str(order.id)) * market.lot == order.left
