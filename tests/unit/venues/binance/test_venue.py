"""The adapter of Binance beside what the conformance cards hold: what it refuses, forgets and asks anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from flatbook.engine.reports import (
    Absent,
    Accepted,
    CancelTaken,
    CancelTooLate,
    Execution,
    ExecutionPage,
    NotSent,
    OrderReport,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.events.orders import ForcedBy, NotSentReason, OrderStyle, RejectReason
from flatbook.values.ids import InstrumentId, OrderId
from flatbook.values.instants import instant_of_ms, later
from flatbook.values.instruments import Product
from flatbook.venues.binance.markets import USD_M
from flatbook.venues.binance.standing import Ways
from flatbook.venues.binance.venue import BinanceAccount, BinanceFuturesVenue
from tests.clocks import StillClock
from tests.conformance.stage import instrument_of
from tests.conformance.test_binance import BENCHES
from tests.exchange import ETH, Scene
from tests.exchange import PERP as PERP_MARKET
from tests.unit.venues.binance.sample import (
    ACCOUNT,
    NOW,
    ORDER,
    OURS,
    TRADE,
    approved,
    instrument,
    line_to,
    refused,
    reply,
)
from tests.unit.venues.binance.test_standing import fit

ORDERS = "/fapi/v1/order"
TRADES = "/fapi/v1/userTrades"
LOCALLY = NotSent(reason=NotSentReason.REFUSED_LOCALLY)


class Desk:
    """An adapter before what a test answers."""

    def __init__(self) -> None:
        self.http, self.clock = fit(), StillClock(NOW)
        http = self.http
        http.says("/fapi/v1/time", reply({"serverTime": NOW // 1_000_000}))
        http.says("/fapi/v1/openOrders", reply([]))
        http.says("/fapi/v3/positionRisk", reply([]))
        http.says("/fapi/v3/balance", reply([]))
        http.says("/fapi/v1/income", reply([]))
        line = line_to(http, USD_M, self.clock)
        ways = Ways(market=USD_M, line=line, rights=line)
        account = BinanceAccount(account=ACCOUNT, instruments=(instrument(),))
        self.venue = BinanceFuturesVenue(ways, self.clock, account=account)

    async def page(self, cursor: str) -> ExecutionPage:
        """Returns the executions after a cursor."""
        page = await self.venue.executions_since(cursor)
        assert isinstance(page, tuple), page
        return page

    def asked(self, path: str) -> list[str]:
        """Returns the methods by which a path was asked."""
        return [request.method for request in self.http.asked if request.path == path]


def at_desk(talk: Callable[[Desk], Awaitable[Any]], *, is_open: bool = True) -> Any:
    async def talked() -> Any:
        desk = Desk()
        if is_open:
            await desk.venue.statement()
            desk.http.asked.clear()
        return await talk(desk)

    return asyncio.run(talked())


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"good_until": NOW}, NotSent(reason=NotSentReason.EXPIRED)),
        ({"qty": "0.0001"}, LOCALLY),
        ({"order_id": OrderId("no id")}, LOCALLY),
        ({"limit": None, "style": OrderStyle.IOC}, LOCALLY),
    ],
)
def test_what_must_not_be_sent_is_not(changed: dict[str, Any], answer: NotSent) -> None:
    async def talk(desk: Desk) -> None:
        assert await desk.venue.place(approved(**changed)) == answer
        assert desk.http.asked == []

    at_desk(talk)


def test_an_exit_is_sent_although_nobody_saw_how_the_account_stands() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(ORDERS, reply(ORDER))
        assert await desk.venue.place(approved()) == LOCALLY
        assert isinstance(await desk.venue.place(approved(reduce_only=True)), Accepted)

    at_desk(talk, is_open=False)


@pytest.mark.parametrize(
    "refusal",
    [refused(-1021, "Timestamp"), refused(-1111, "Precision"), refused(-4061, "Mode"), refused(-2015, "", 401)],
)
def test_a_refusal_that_speaks_against_what_we_know_reads_it_anew_and_sends_no_order_again(refusal: Any) -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(ORDERS, refusal)
        assert isinstance(await desk.venue.place(approved()), Rejected)
        assert desk.asked(ORDERS) == ["POST"]
        assert desk.asked("/fapi/v1/time") == desk.asked("/fapi/v1/exchangeInfo") == ["GET"]

    at_desk(talk)


def test_an_account_that_cannot_be_read_after_such_a_refusal_takes_no_order_until_it_can() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(ORDERS, refused(-2015, "Invalid API-key.", 401))
        desk.http.says("/fapi/v1/positionSide/dual", refused(-2015, "Invalid API-key.", 401))
        await desk.venue.place(approved())
        assert await desk.venue.place(approved()) == LOCALLY
        desk.http.says("/fapi/v1/positionSide/dual", reply({"dualSidePosition": False}))
        desk.http.says(ORDERS, reply(ORDER))
        await desk.venue.statement()
        assert isinstance(await desk.venue.place(approved()), Accepted)

    at_desk(talk)


def test_a_key_that_may_withdraw_makes_no_statement_and_places_nothing() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(
            "/sapi/v1/account/apiRestrictions",
            reply(
                {
                    "enableReading": True,
                    "enableWithdrawals": True,
                    "enableInternalTransfer": False,
                    "enableSpotAndMarginTrading": True,
                    "enableFutures": True,
                    "ipRestrict": True,
                }
            ),
        )
        assert isinstance(await desk.venue.statement(), Unknown)
        assert desk.venue.standing.flaw == "the key may withdraw"
        assert await desk.venue.place(approved()) == LOCALLY

    at_desk(talk, is_open=False)


def test_a_duplicate_is_told_as_such_and_the_order_is_found() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(f"POST {ORDERS}", refused(-4116, "ClientOrderId is duplicated."))
        desk.http.says(f"GET {ORDERS}", reply(ORDER))
        answer = await desk.venue.place(approved())
        assert isinstance(answer, Rejected)
        assert answer.reason is RejectReason.DUPLICATE_ID
        assert isinstance(await desk.venue.find(OURS), OrderReport)
        assert desk.asked(ORDERS) == ["POST", "GET"]

    at_desk(talk)


def test_executions_of_an_order_that_nobody_placed_here_are_named_by_asking_once() -> None:
    async def talk(desk: Desk) -> None:
        page = [{**TRADE, "id": number} for number in (1, 2, 3)]
        desk.http.says(TRADES, reply(page))
        desk.http.says(ORDERS, reply({**ORDER, "clientOrderId": "autoclose-1795860000", "type": "LIMIT"}))
        lines, cursor = await desk.page("")
        assert [isinstance(line, Execution) and line.forced for line in lines] == [ForcedBy.LIQUIDATION] * 3
        assert cursor == "BTCUSDT=3"
        assert desk.asked(ORDERS) == ["GET"]

    at_desk(talk)


def test_a_liquidation_is_known_by_the_kind_of_its_order_where_its_id_says_nothing() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(TRADES, reply([TRADE]))
        desk.http.says(ORDERS, reply({**ORDER, "clientOrderId": "web_x", "type": "LIQUIDATION"}))
        (line,), _ = await desk.page("")
        assert isinstance(line, Execution)
        assert (line.forced, line.order_id) == (ForcedBy.LIQUIDATION, None)

    at_desk(talk)


def test_a_page_ends_before_an_execution_whose_order_cannot_be_had() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(TRADES, reply([{**TRADE, "id": 1}, {**TRADE, "id": 2, "orderId": 7}]))
        desk.http.says(ORDERS, reply(ORDER))
        lines, cursor = await desk.page("")
        assert [line.execution_id for line in lines] == ["BTCUSDT:1"]
        assert cursor == "BTCUSDT=1"
        desk.http.says(TRADES, reply([{**TRADE, "id": 2, "orderId": 7}]))
        assert isinstance(await desk.venue.executions_since(cursor), Unknown)

    at_desk(talk)


def test_an_execution_of_an_order_that_is_proven_not_to_be_there_names_nobody() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(TRADES, reply([TRADE]))
        desk.http.says(ORDERS, refused(-2013, "Order does not exist."))
        desk.clock.at = later(NOW, seconds=-7_195)
        assert isinstance(await desk.venue.executions_since(""), Unknown)
        desk.clock.at = NOW
        (line,), _ = await desk.page("")
        assert isinstance(line, Execution)
        assert (line.order_id, line.forced) == (None, None)

    at_desk(talk)


def test_by_a_clock_of_ours_that_is_ahead_an_order_is_not_held_to_be_absent_too_soon() -> None:
    """Our clock is 200 s ahead. The trade is a second old by the clock that dates it, and its order not seen yet."""

    async def talk(desk: Desk) -> None:
        desk.http.says("/fapi/v1/time", reply({"serverTime": TRADE["time"] + 1_000}))
        desk.clock.at = later(instant_of_ms(TRADE["time"]), seconds=201)
        await desk.venue.statement()
        desk.http.says(TRADES, reply([TRADE]))
        desk.http.says(ORDERS, refused(-2013, "Order does not exist."))
        assert isinstance(await desk.venue.executions_since(""), Unknown)
        desk.http.says(ORDERS, reply(ORDER))
        (line,), _ = await desk.page("")
        assert isinstance(line, Execution)
        assert line.order_id == OURS

    at_desk(talk)


def test_a_full_page_that_ends_between_two_orders_of_ours_that_met_loses_neither() -> None:
    """An order by hand met one of ours: one id for both, the thousandth line of the page and the first of the next."""

    async def talk(desk: Desk) -> None:
        met = {**TRADE, "id": 1_000, "orderId": 7, "buyer": True}
        desk.http.says(TRADES, reply([{**TRADE, "id": number} for number in range(1, 1_001)]))
        desk.http.says(ORDERS, reply(ORDER))
        lines, cursor = await desk.page("")
        assert (len(lines), cursor) == (999, "BTCUSDT=999")
        desk.http.says(TRADES, reply([{**TRADE, "id": 1_000}, met]))
        desk.http.says(ORDERS, reply({**ORDER, "orderId": 7, "clientOrderId": "web_x"}))
        lines, cursor = await desk.page(cursor)
        assert ([line.order_id for line in lines if isinstance(line, Execution)], cursor) == (
            [OURS, "web_x"],
            "BTCUSDT=1000",
        )

    at_desk(talk)


def test_where_only_the_executions_cannot_be_read_a_report_says_what_is_filled() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(ORDERS, reply({**ORDER, "executedQty": "0.004", "status": "PARTIALLY_FILLED"}))
        found = await desk.venue.find(OURS)
        assert isinstance(found, OrderReport)
        assert (str(found.filled_qty), found.executions, found.complete) == ("0.004", (), False)

    at_desk(talk)


def test_a_cancel_asks_one_symbol_where_the_order_names_it_and_all_where_nobody_knows() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(ORDERS, refused(-2011, "Unknown order sent."))
        assert isinstance(await desk.venue.cancel(OURS, None), CancelTooLate)
        desk.http.says(ORDERS, reply({**ORDER, "status": "CANCELED"}))
        assert await desk.venue.cancel(OURS, None) == CancelTaken()
        assert desk.asked(ORDERS) == ["DELETE", "DELETE"]

    at_desk(talk, is_open=False)


def test_an_order_whose_instrument_is_known_is_asked_for_in_its_symbol_only() -> None:
    async def talk(scene: Scene) -> list[int]:
        bench = BENCHES["usdm"]
        both = (instrument_of(Product.LINEAR_PERP, PERP_MARKET), instrument_of(Product.LINEAR_PERP, ETH))
        eth = msgspec.structs.replace(both[1], id=InstrumentId("ETH"))
        venue = bench.venue(scene, instruments=(both[0], eth))
        asked = scene.server.front.requests  # type: ignore[attr-defined]
        counts: list[int] = []
        for named in (eth.id, None, InstrumentId("not ours any more")):
            before = asked.get("GET /fapi/v1/order", 0)
            assert await venue.find(OURS, named) == Absent()
            counts.append(asked["GET /fapi/v1/order"] - before)
        before = asked.get("DELETE /fapi/v1/order", 0)
        assert isinstance(await venue.cancel(OURS, None, eth.id), CancelTooLate)
        return [*counts, asked["DELETE /fapi/v1/order"] - before]

    assert BENCHES["usdm"].run(talk) == [1, 2, 2, 1]


def test_an_order_is_absent_only_where_every_symbol_says_so() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(ORDERS, refused(-2013, "Order does not exist."))
        assert await desk.venue.find(OURS) == Absent()
        desk.http.says(ORDERS, reply(b"", 502))
        assert isinstance(await desk.venue.find(OURS), Unknown)

    at_desk(talk)


def numbered(number: int, **changed: Any) -> dict[str, Any]:
    return {**ORDER, "orderId": number, "clientOrderId": f"fb{number}", **changed}


def test_orders_that_work_are_asked_for_together_and_one_that_ended_by_itself() -> None:
    async def talk(desk: Desk) -> None:
        ids = [OrderId("fb1"), OrderId("fb2")]
        for number in (1, 2):
            desk.http.says(ORDERS, reply(numbered(number)))
            await desk.venue.find(OrderId(f"fb{number}"))
        assert desk.asked(ORDERS) == ["GET", "GET"]
        desk.http.says("/fapi/v1/openOrders", reply([numbered(1), numbered(2)]))
        found = await asyncio.gather(*map(desk.venue.find, ids))
        assert [isinstance(each, OrderReport) and each.order_id for each in found] == ids
        assert (desk.asked(ORDERS), desk.asked("/fapi/v1/openOrders")) == (["GET", "GET"], ["GET"])
        desk.http.says("/fapi/v1/openOrders", reply([numbered(1)]))
        desk.http.says(ORDERS, reply(numbered(2, status="CANCELED")))
        ended = (await asyncio.gather(*map(desk.venue.find, ids)))[1]
        assert isinstance(ended, OrderReport)
        assert ended.status is VenueStatus.CANCELED
        assert len(desk.asked(ORDERS)) == 3

    at_desk(talk)


def test_an_order_that_is_filled_in_part_is_asked_for_by_itself_with_its_executions() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(ORDERS, reply(numbered(1)))
        await desk.venue.find(OrderId("fb1"))
        part = numbered(1, executedQty="0.002", status="PARTIALLY_FILLED")
        desk.http.says("/fapi/v1/openOrders", reply([part]))
        desk.http.says(ORDERS, reply(part))
        desk.http.says(TRADES, reply([{**TRADE, "orderId": 1, "qty": "0.002"}]))
        found = await desk.venue.find(OrderId("fb1"))
        assert isinstance(found, OrderReport)
        assert found.complete
        assert [str(each.qty) for each in found.executions] == ["0.002"]

    at_desk(talk)


def test_a_report_is_complete_only_where_the_executions_that_were_read_are_all_that_it_states() -> None:
    async def talk(desk: Desk) -> None:
        part = numbered(1, executedQty="0.005", status="PARTIALLY_FILLED")
        desk.http.says(ORDERS, reply(part))
        desk.http.says(TRADES, reply([{**TRADE, "orderId": 1, "qty": "0.002"}]))
        found = await desk.venue.find(OrderId("fb1"))
        assert isinstance(found, OrderReport)
        assert ([str(each.qty) for each in found.executions], str(found.filled_qty)) == (["0.002"], "0.005")
        assert not found.complete

    at_desk(talk)


def test_a_switch_that_one_symbol_did_not_take_is_not_armed() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says("/fapi/v1/countdownCancelAll", reply({"symbol": "BTCUSDT", "countdownTime": "60000"}))
        assert await desk.venue.arm(60)
        assert desk.http.asked[-1].query[:2] == (("symbol", "BTCUSDT"), ("countdownTime", "60000"))
        desk.http.says("/fapi/v1/countdownCancelAll", reply(b"", 503))
        assert not await desk.venue.arm(60)

    at_desk(talk)


def test_without_a_stream_nothing_is_watched() -> None:
    async def talk(desk: Desk) -> None:
        assert await desk.venue.watch(lambda _: None) is False

    at_desk(talk)


def test_nothing_of_a_broker_travels() -> None:
    async def talk(desk: Desk) -> None:
        desk.http.says(ORDERS, reply(ORDER))
        await desk.venue.place(approved())
        (placed,) = [request for request in desk.http.asked if request.method == "POST"]
        named = dict(placed.query)
        assert named["newClientOrderId"] == OURS
        assert named["selfTradePreventionMode"] == "EXPIRE_MAKER"
        assert not [name for name in named if "broker" in name.lower() or "tag" in name.lower()]

    at_desk(talk)
