"""What tests of the simulated exchange share that need no bytes: an exchange, and orders by a few words."""

from __future__ import annotations

from decimal import Decimal

from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.faults import ScriptedExchange
from flatbook.sim.exchange.orders import BookedOrder, Change, Execution, Placing, Print, Refusal
from flatbook.sim.exchange.terms import ExchangeTerms, Life, Market, Stp
from tests.exchange import BINANCE, PERP, START, opened


class Told:
    """Keeps what a watcher is told of orders and funding."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, str, str]] = []
        self.funding: list[str] = []

    def order_changed(self, order: BookedOrder, change: Change, execution: Execution | None) -> None:
        self.orders.append((order.client_id, change.value, order.status.value))

    def account_changed(self, account: str, wallet: str, why: str, coins: tuple[str, ...], market: str) -> None:
        if why != "ORDER":
            self.funding.append(account)

    def printed(self, market: Market, trade: Print) -> None:
        return

    def depth_changed(self, market: Market, first_id: int, last_id: int, levels: dict[tuple[int, int], int]) -> None:
        return


def scene(terms: ExchangeTerms = BINANCE, faults: ScriptedExchange | None = None) -> Exchange:
    """Returns an exchange with books of outside liquidity."""
    return opened(terms, START, faults)


def asked(client_id: str, sign: int, qty: str, price: str | None, **words: object) -> Placing:
    """Returns an order of `main` in the perpetual of BTC, but for what is stated otherwise."""
    market = words.pop("market", PERP)
    life = words.pop("life", Life.GTC if price else Life.IOC)
    assert isinstance(market, Market)
    assert isinstance(life, Life)
    account, reduces, stp = words.pop("account", "main"), words.pop("reduces", False), words.pop("stp", Stp.NONE)
    assert isinstance(stp, Stp)
    return Placing(
        account=str(account),
        market=market,
        client_id=client_id,
        sign=sign,
        qty=Decimal(qty),
        price=Decimal(price) if price else None,
        life=life,
        reduces=bool(reduces),
        stp=stp,
        words={"type": "LIMIT" if price else "MARKET"},
    )


def placed(exchange: Exchange, order: Placing) -> BookedOrder:
    """Places an order that is taken."""
    booked = exchange.place(order, exchange.now)
    assert isinstance(booked, BookedOrder), booked
    return booked


def refused(exchange: Exchange, order: Placing) -> Refusal:
    """Places an order that is refused."""
    refusal = exchange.place(order, exchange.now)
    assert isinstance(refusal, Refusal), refusal
    return refusal
