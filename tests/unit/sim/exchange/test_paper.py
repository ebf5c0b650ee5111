"""An exchange in the process of a desk: it meets the market that is shown to it, and its books outlive the process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flatbook.sim.exchange.kept import KeptRefused, take_up, written
from flatbook.sim.exchange.paper import PaperExchange, Protocol, opening
from flatbook.sim.exchange.terms import MARGIN_WALLET, Market
from flatbook.values.instants import NS_PER_MS, Instant
from tests.exchange import BINANCE, BYBIT, ETH, KEY, PERP, SECRET, SPOT, START
from tests.unit.sim.exchange.bybit_client import Client
from tests.unit.sim.exchange.core import asked, placed, scene

D = Decimal
LOOKS_MAX = 10_000
MARKETS: tuple[Market, ...] = tuple(
    msgspec.structs.replace(each, is_watched=True, refuses_taking_maker=False) for each in (SPOT, PERP)
)
BIDS, ASKS = [(500_000, 2_000), (499_990, 5_000)], [(500_010, 1_000), (500_020, 4_000)]


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> Instant:
        return self.at

    async def pass_ms(self, ms: int) -> None:
        self.at = Instant(self.at + ms * NS_PER_MS)
        for _ in range(20):
            await asyncio.sleep(0)


def session(what: Callable[[PaperExchange, Client], Awaitable[Any]], path: Path | None = None) -> Any:
    """Returns what a client came to at an exchange in this process."""

    async def talked() -> Any:
        clock = Clock()
        account = opening(Protocol.BYBIT, KEY, SECRET, {"USDT": D(10_000)})
        paper = PaperExchange(Protocol.BYBIT, MARKETS, account, now=clock.now, rest=clock.pass_ms, path=path)
        await paper.open()
        paper.saw_book(PERP.name, BIDS, ASKS)
        try:
            async with Client(clock, connector=paper.connect()) as client:
                return await what(paper, client)
        finally:
            await paper.close()

    return asyncio.run(talked())


def test_an_order_waits_in_the_queue_of_the_market_that_is_shown() -> None:
    async def traded(paper: PaperExchange, client: Client) -> Any:
        await client.order(price="50000", qty="0.5", orderLinkId="q")
        paper.saw_trade(PERP.name, 500_000, 1_500, -1)
        before = (await client.get("/order/realtime", orderLinkId="q"))[1]["list"][0]["cumExecQty"]
        paper.saw_trade(PERP.name, 500_000, 700, -1)
        row = (await client.get("/order/realtime", orderLinkId="q"))[1]["list"][0]
        return before, row["orderStatus"], row["cumExecQty"]

    assert session(traded) == ("0", "PartiallyFilled", "0.2")


def test_its_stream_is_told_over_the_same_pairs() -> None:
    async def traded(paper: PaperExchange, client: Client) -> Any:
        seen: list[Any] = []
        await client.listen("/private", seen, "execution", auth=True)
        await client.order(orderType="Market", qty="0.5")
        for _ in range(LOOKS_MAX):
            if any(each.get("topic") for each in seen):
                break
            await asyncio.sleep(0)
        return [each["data"][0]["execPrice"] for each in seen if each.get("topic")]

    assert session(traded) == ["50001"]


def test_books_outlive_the_process_and_orders_rest_again(tmp_path: Path) -> None:
    path = tmp_path / "paper.json"

    async def first(paper: PaperExchange, client: Client) -> Any:
        await client.order(orderType="Market", qty="0.5")
        await client.order(price="49999", qty="0.01", orderLinkId="rests")
        return (await client.get("/account/wallet-balance", accountType="UNIFIED"))[1]["list"][0]["coin"][0]

    async def second(paper: PaperExchange, client: Client) -> Any:
        coin = (await client.get("/account/wallet-balance", accountType="UNIFIED"))[1]["list"][0]["coin"][0]
        held = (await client.get("/position/list", symbol="BTCUSDT"))[1]["list"][0]
        rows = (await client.get("/execution/list", symbol="BTCUSDT"))[1]["list"]
        paper.saw_trade(PERP.name, 499_980, 10, -1)
        order = (await client.get("/order/realtime", orderLinkId="rests"))[1]["list"][0]
        return coin, held["size"], held["avgPrice"], len(rows), order["orderStatus"]

    coin = session(first, path)
    again, size, entry, executions, status = session(second, path)
    assert again["walletBalance"] == coin["walletBalance"] == "9987.49975"
    assert (size, entry, executions, status) == ("0.5", "50001", 1, "Filled")


def test_what_is_written_is_what_is_taken_up() -> None:
    exchange = scene()
    placed(exchange, asked("rest", 1, "0.1", "49000"))
    placed(exchange, asked("spot", -1, "0.5", "51000", market=SPOT))
    placed(exchange, asked("taken", 1, "0.1", None))
    exchange.advance(Instant(START + 8 * 3_600_000 * NS_PER_MS))
    again = scene()
    take_up(again, written(exchange))
    assert written(again) == written(exchange)
    assert [order.client_id for order in again.open_orders("main")] == ["rest", "spot"]
    assert again.pits[PERP.name].left(str(again.open_orders("main", PERP)[0].id)) == 100
    assert len(again.flows) == 1


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version":2}'])
def test_books_that_cannot_be_read_are_refused(content: bytes) -> None:
    with pytest.raises(KeptRefused):
        take_up(scene(), content)


def test_a_market_that_is_gone_with_an_order_in_it_is_refused() -> None:
    exchange = scene()
    placed(exchange, asked("eth", 1, "1", "1900", market=ETH))
    with pytest.raises(KeptRefused, match="which is no market of the paper exchange any more"):
        take_up(scene(msgspec.structs.replace(BINANCE, markets=(SPOT, PERP))), written(exchange))


def test_an_account_at_bybit_has_its_coins_once() -> None:
    assert opening(Protocol.BYBIT, KEY, SECRET, {"USDT": D(5)}).margin == {}
    assert opening(Protocol.BINANCE, KEY, SECRET, {"USDT": D(5)}).margin == {"USDT": D(5)}
    assert scene(BYBIT).accounts["main"].wallets[MARGIN_WALLET].total("USDT") == D(100_000)
