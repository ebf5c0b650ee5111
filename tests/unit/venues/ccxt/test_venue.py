"""An exchange of ccxt behind a worker whose every answer is a test's: whose a trade is, and by which clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any, cast

import msgspec
import pytest

from flatbook.engine.reports import AccountStatement, Execution, Unknown
from flatbook.values.ids import OrderId
from flatbook.values.instants import NS_PER_MS, Instant, instant_of_text, later
from flatbook.venues.ccxt.process import CcxtWorker, Done, Failed, Outcome
from flatbook.venues.ccxt.terms import CcxtAccount, CcxtKeys
from flatbook.venues.ccxt.venue import CcxtVenue
from tests.clocks import StillClock
from tests.kraken import INSTRUMENT, MAIN, OURS

D = Decimal
NOW = instant_of_text("2026-11-28T12:00:00Z")
MARKET = {
    "base": "BTC",
    "quote": "USD",
    "settle": None,
    "active": True,
    "kind": "spot",
    "inverse": False,
    "contract_size": "1",
    "tick": "0.1",
    "lot": "0.00000001",
    "qty_min": "0.00005",
    "notional_min": "0.5",
}
NO_SUCH_ORDER = Failed(classes=("OrderNotFound", "InvalidOrder", "ExchangeError", "BaseError"), text="no", left=True)


class LiteralWorker:
    """Stands where the worker stands: an exchange with one trade of one order, whose clock may be ahead of ours."""

    generation = 1

    def __init__(self, clock: StillClock) -> None:
        self.clock, self.ahead_ms = clock, 0
        self.trades: list[dict[str, Any]] = []
        self.order: Any = NO_SUCH_ORDER
        self.asked: list[dict[str, Any]] = []

    async def is_up(self) -> bool:
        return True

    async def ask(self, content: dict[str, Any], timeout_at: Instant) -> Outcome:
        del timeout_at
        self.asked.append(content)
        answer = getattr(self, f"_{content['do']}")(content)
        return answer if isinstance(answer, Failed) else Done(msgspec.Raw(json.dumps(answer).encode()))

    def _open(self, _: Any) -> Any:
        return {"has": ["fetchClosedOrders"], "rate_limit_ms": "1", "markets": {"BTC/USD": MARKET}}

    def _time(self, _: Any) -> Any:
        return self.there_ms()

    def there_ms(self) -> int:
        return self.clock.at // NS_PER_MS + self.ahead_ms

    def _orders(self, _: Any) -> Any:
        return []

    def _wallet(self, _: Any) -> Any:
        return {"coins": {}, "positions": []}

    def _order(self, _: Any) -> Any:
        return self.order

    def _trades(self, asked: Any) -> Any:
        return [each for each in self.trades if each["ms"] >= asked["since_ms"]]

    def trade(self, number: int) -> None:
        """Lets an order trade now."""
        told = {"id": f"T-{number}", "order": "O-1", "symbol": "BTC/USD", "side": "buy", "amount": "0.1"}
        self.trades.append({**told, "price": "50000", "ms": self.there_ms(), "fees": []})


class Desk:
    """The adapter of an account, its worker and its clock."""

    def __init__(self) -> None:
        self.clock = StillClock(NOW)
        self.worker = LiteralWorker(self.clock)
        account = CcxtAccount(account=MAIN, exchange="kraken", instruments=(INSTRUMENT,))
        keys = CcxtKeys(key="k", secret="s")
        self.venue = CcxtVenue(cast("CcxtWorker", self.worker), self.clock, account=account, reveal=lambda: keys)
        self.cursor = ""

    def wait(self, seconds: int) -> None:
        self.clock.at = later(self.clock.at, seconds=seconds)

    async def read(self) -> list[OrderId | None] | Unknown:
        """Returns whose orders executed since the last read, and keeps how far it went."""
        page = await self.venue.executions_since(self.cursor)
        if not isinstance(page, tuple):
            assert isinstance(page, Unknown)
            return page
        lines, self.cursor = page
        return [line.order_id for line in lines if isinstance(line, Execution)]


def run(talk: Callable[[Desk], Coroutine[Any, Any, Any]]) -> Any:
    return asyncio.run(talk(Desk()))


def order_of(client_id: str | None) -> dict[str, Any]:
    told = {"id": "O-1", "client_id": client_id, "symbol": "BTC/USD", "side": "buy", "status": "closed"}
    return {**told, "amount": "0.1", "filled": "0.1", "ms": NOW // NS_PER_MS}


def test_a_trade_that_is_seen_before_its_order_is_not_taken_for_a_strangers() -> None:
    async def talk(desk: Desk) -> Any:
        desk.worker.trade(1)
        told = [await desk.read()]
        desk.wait(20)
        told.append(await desk.read())
        desk.worker.order = order_of(OURS)
        return [*told, await desk.read(), await desk.read()]

    first, second, third, last = run(talk)
    assert (isinstance(first, Unknown), isinstance(second, Unknown)) == (True, True)
    assert (third, last) == ([OURS], [])


def test_a_trade_of_an_order_that_is_not_there_after_its_lag_names_nobody() -> None:
    async def talk(desk: Desk) -> Any:
        desk.worker.trade(1)
        desk.wait(30)
        return await desk.read()

    assert run(talk) == [None]


@pytest.mark.parametrize("ahead_s", [-120, 0, 120])
def test_trades_are_read_by_the_clock_of_the_exchange_however_far_it_is_from_ours(ahead_s: int) -> None:
    """By a clock of ours that is two minutes ahead the next trades would lie before all that was read."""

    async def talk(desk: Desk) -> Any:
        desk.worker.ahead_ms, desk.worker.order = ahead_s * 1_000, order_of(OURS)
        statement = await desk.venue.statement()
        assert isinstance(statement, AccountStatement)
        told = []
        for number in range(3):
            desk.wait(10)
            desk.worker.trade(number)
            told.append(await desk.read())
        return told

    assert run(talk) == [[OURS]] * 3


def test_a_fee_whose_coin_ccxt_does_not_know_hides_no_other_trade() -> None:
    async def talk(desk: Desk) -> Any:
        desk.worker.order = order_of(OURS)
        for number in range(3):
            desk.worker.trade(number)
        desk.worker.trades[0]["fees"] = [[None, "0"]]
        desk.worker.trades[1]["fees"] = [[None, "0.5"]]
        desk.worker.trades[2]["fees"] = [["USD", "0.5"]]
        page = await desk.venue.executions_since("")
        assert isinstance(page, tuple)
        return page[0]

    first, second, third = run(talk)
    assert (first.fees, second.detail) == ((), "a fee of 0.5 of no coin")
    assert [(fee.asset, fee.amount) for fee in third.fees] == [("USD", D("0.5"))]
