"""schwab-py, the community's client, runs against our Schwab: what it saw, and what our ledger holds."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web

from flatbook.sim.alpaca.terms import FeeRates, OpeningAccount
from flatbook.sim.network.http_broker import Ask
from flatbook.sim.schwab.front import Front
from flatbook.sim.schwab.server import SchwabServer
from flatbook.sim.schwab.terms import SchwabTerms
from flatbook.values.instants import SECONDS_PER_DAY, Instant, instant_of_text, later
from flatbook.values.money import Money
from tests.clients.serving import clock_from, rest, session_of

NUMBER, HASH = "123456789", "ABC123DEF456"
OPEN = instant_of_text("2026-06-02T14:00:00Z")
PULSE_MS = 20
PASSES_S = {"/a-day-passes": SECONDS_PER_DAY, "/a-week-passes": 7 * SECONDS_PER_DAY}
PRICES = {"AAPL": Decimal(200), "NVDA": Decimal(120)}
TERMS = SchwabTerms(
    accounts=(OpeningAccount(account_id=NUMBER, cash=Money(Decimal(100_000)), holdings={}),),
    hashes={NUMBER: HASH},
    symbols=tuple(PRICES),
    key="app-key",
    secret="app-word",
    fees=(FeeRates(effective_from="2026-04-04", sec_rate=Decimal("0.0000206"), taf_per_share=Decimal("0.000195")),),
    streamer_url="ws://streamer.example/ws",
)


def played() -> tuple[Any, Front]:
    """Plays the session. Time passes by itself, and by a day or a week when the client asks for a path of that name."""
    clock, passed = clock_from(OPEN), [0]

    def now() -> Instant:
        return later(clock(), seconds=sum(passed))

    server = SchwabServer(TERMS, lambda symbol, _at: PRICES[symbol], now=now, rest=rest)

    def arrived(ask: Ask, _host: str, _sent_at: Instant, _copy: int) -> None:
        passed.append(PASSES_S.get(ask.path, 0))

    async def pulse() -> None:
        while True:
            await rest(PULSE_MS)
            server.front.advance(now())

    pulses: list[asyncio.Task[None]] = []

    def serving() -> web.ServerRunner:
        pulses.append(asyncio.get_running_loop().create_task(pulse()))
        return server.runner()

    server.arrived = arrived
    return session_of("schwab", "schwab_session.py", serving, "2026-06-02"), server.front


@pytest.fixture(scope="module")
def session() -> tuple[Any, Front]:
    return played()


@pytest.fixture(scope="module")
def seen(session: tuple[Any, Front]) -> Any:
    return session[0]


@pytest.fixture(scope="module")
def front(session: tuple[Any, Front]) -> Front:
    return session[1]


def test_the_client_is_as_it_was_published(seen: Any) -> None:
    assert seen["files changed"] == []


def test_a_code_gives_tokens_once_and_a_refresh_gives_new_ones(seen: Any) -> None:
    assert seen["authorize"].startswith(
        "https://api.schwabapi.com/v1/oauth/authorize?response_type=code&client_id=app-key"
    )
    assert seen["first"] == seen["numbers"] == [{"accountNumber": NUMBER, "hashValue": HASH}]
    assert seen["a code twice"] == "invalid_grant: Bad authorization code"
    assert seen["refreshed"] == [True, True]


def test_a_token_that_schwab_did_not_give_and_a_login_of_last_week_are_refused(seen: Any) -> None:
    assert seen["stranger"] == {"status": 401, "errors": "Unauthorized"}
    assert seen["after a week"] == 401
    assert seen["ended"] == "OAuthError: unsupported_token_type: refresh token invalid"


def test_orders_fill_as_the_ledger_says(seen: Any, front: Front) -> None:
    for name, sign, qty, instruction in (
        ("bought", 1, 10, "BUY"),
        ("sold", -1, 4, "SELL"),
        ("short", -1, 3, "SELL_SHORT"),
    ):
        page = seen[name]
        truth = front.orders[page["orderId"]].order
        assert (truth.sign, truth.qty, truth.now.status) == (sign, Decimal(qty), "filled")
        assert page["orderLegCollection"][0]["instruction"] == instruction
        (execution,) = page["orderActivityCollection"][0]["executionLegs"]
        assert (execution["quantity"], execution["price"]) == (qty, 120.0 if name == "short" else 200.0)
        assert (page["filledQuantity"], page["remainingQuantity"]) == (qty, 0)


def test_what_is_refused_is_told_and_leaves_no_order(seen: Any, front: Front) -> None:
    assert seen["oversold"]["status"] == 400
    assert "oversold" in seen["oversold"]["message"]
    assert seen["unknown order"] == 404
    assert len(front.orders) == len(front.ledger.orders) == 8


def test_an_order_is_canceled_once(seen: Any, front: Front) -> None:
    assert (seen["canceling"], seen["canceled twice"]) == (200, 400)
    assert seen["canceled"]["closeTime"].startswith("2026-06-02T14:00:0")
    assert front.orders[seen["rests"]["orderId"]].order.now.status == "canceled"


def test_an_order_that_is_replaced_goes_on_under_another_id(seen: Any, front: Front) -> None:
    first, second = seen["replacing"]["first"], seen["replacing"]["second"]
    assert seen["replaced"]["status"] == "REPLACED"
    assert seen["replaced"]["replacingOrderCollection"] == [{"orderId": second}]
    assert (front.orders[first].order.now.status, front.orders[second].order.now.status) == ("replaced", "filled")
    assert (seen["replacement"]["filledQuantity"], front.orders[second].order.now.filled) == (3.0, Decimal(3))


def test_an_order_of_a_later_session_waits_for_it(seen: Any, front: Front) -> None:
    page = seen["of the evening"]
    assert (page["session"], page["status"]) == ("PM", "PENDING_ACTIVATION")
    assert front.orders[page["orderId"]].order.now.status == "expired"


def test_lists_show_the_newest_first_and_one_status_where_it_is_asked_for(seen: Any) -> None:
    numbers = [page["orderId"] for page in seen["orders"]]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == seen["all orders"] == 7
    assert {page["status"] for page in seen["filled"]} == {"FILLED"}
    assert len(seen["filled"]) == 4


def test_positions_and_cash_are_those_of_the_ledger(seen: Any) -> None:
    held = {
        row["instrument"]["symbol"]: row["longQuantity"] - row["shortQuantity"] for row in seen["account"]["positions"]
    }
    assert held == {"AAPL": 9.0, "NVDA": -3.0}
    assert seen["account"]["currentBalances"]["cashBalance"] == 98_560.0
    assert seen["accounts"] == 1


def test_hours_and_quotes_are_read(seen: Any) -> None:
    (market,) = seen["hours"]["equity"].values()
    assert market["sessionHours"]["regularMarket"] == [
        {"start": "2026-06-02T09:30:00-04:00", "end": "2026-06-02T16:00:00-04:00"}
    ]
    (closed,) = seen["sunday"]["equity"].values()
    assert closed["isOpen"] is False
    assert "sessionHours" not in closed
    assert (seen["quotes"]["AAPL"]["quote"]["bidPrice"], seen["quotes"]["AAPL"]["quote"]["askPrice"]) == (
        199.99,
        200.01,
    )
    assert seen["quotes"]["errors"] == {"invalidSymbols": ["NOPE"]}
    assert seen["quote"]["NVDA"]["quote"]["lastPrice"] == 120.0


def test_the_stream_tells_what_becomes_of_an_order_and_quotes(seen: Any, front: Front) -> None:
    stream = seen["stream"]
    assert stream["kinds"] == ["SUBSCRIBED", "OrderCreated", "OrderAccepted", "ExecutionCreated", "OrderFillCompleted"]
    assert front.orders[stream["order"]].order.now.filled == Decimal(1)
    lines = [line for message in stream["activity"][1:] for line in message["content"]]
    assert {line["ACCOUNT"] for line in lines} == {NUMBER}
    assert all(f'"SchwabOrderID":"{stream["order"]}"' in line["MESSAGE_DATA"] for line in lines)
    (quote,) = stream["quotes"][0]["content"]
    assert (quote["key"], quote["BID_PRICE"], quote["ASK_PRICE"]) == ("AAPL", 199.99, 200.01)


def test_a_second_login_on_the_stream_ends_the_first(seen: Any) -> None:
    assert seen["displaced"] == "ConnectionClosedOK"


def test_the_history_has_the_fees_of_the_day_before(seen: Any, front: Front) -> None:
    fees = {
        item["feeType"]: item["cost"]
        for row in seen["transactions"]
        for item in row["transferItems"]
        if row["orderId"] == seen["sold"]["orderId"] and "feeType" in item
    }
    assert fees == {"COMMISSION": 0.0, "SEC_FEE": -0.02, "TAF_FEE": -0.01}
    charged = [row.amount for row in front.ledger.postings if row.kind in ("REG", "TAF")]
    assert sorted(charged) == [Decimal("-0.02"), Decimal("-0.01"), Decimal("-0.01"), Decimal("-0.01")]
    assert seen["transaction"] == seen["transactions"][0]
