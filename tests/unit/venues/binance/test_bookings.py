"""What came to or left a spot account: told in statements as transfers, and never guessed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flatbook.engine.reports import AccountStatement, Activity
from flatbook.events.activities import ActivityKind
from flatbook.sim.alpaca.faults import Spoiling
from flatbook.values.instants import NS_PER_MS, Instant, later
from flatbook.venues.binance import bookings
from flatbook.venues.binance.markets import USD_M
from flatbook.venues.binance.venue import BinanceVenue
from flatbook.venues.http import Reply
from tests.clocks import StillClock
from tests.conformance.test_binance import BENCHES
from tests.exchange import Scene
from tests.unit.venues.binance.sample import NOW, SYMBOLS, Answers, line_to, reply

D = Decimal
Session = Callable[[Scene, BinanceVenue], Awaitable[Any]]
WITHDRAWAL = {
    "id": "b6ae22b3aa844210a7041aee7589627c",
    "amount": "8.91000000",
    "transactionFee": "0.004",
    "coin": "USDT",
    "status": 6,
    "applyTime": "2019-10-12 11:12:02",
    "network": "ETH",
    "transferType": 0,
    "walletType": 0,
}
DEPOSIT = {
    "id": "769800519366885376",
    "amount": "0.001",
    "coin": "BNB",
    "status": 1,
    "insertTime": 1661493146000,
    "completeTime": 1661493246000,
    "walletType": 0,
}


def at_spot(session: Session) -> Any:
    """Returns what a session with the adapter of a spot account comes to."""
    return BENCHES["spot"].run(lambda scene: session(scene, BENCHES["spot"].venue(scene)))


def booked(statement: object) -> list[tuple[str, str, Decimal]]:
    assert isinstance(statement, AccountStatement), statement
    assert all(each.kind is ActivityKind.TRANSFER for each in statement.activities)
    return [(each.venue_kind, str(each.asset), each.amount) for each in statement.activities]


def test_a_statement_of_a_spot_account_tells_what_came_and_what_left() -> None:
    async def session(scene: Scene, venue: BinanceVenue) -> Any:
        first = await venue.statement()
        scene.exchange.move_coins("main", "USDT", D(500))
        scene.exchange.move_coins("main", "BTC", D("-0.25"))
        await scene.pass_ms(61_000)
        return first, await venue.statement()

    first, second = at_spot(session)
    assert booked(first) == []
    assert booked(second) == [("deposit", "USDT", D(500)), ("withdrawal", "BTC", D("-0.25"))]
    usdt = [next(each.total for each in told.balances if each.asset == "USDT") for told in (first, second)]
    assert usdt[1] - usdt[0] == D(500)


def test_flows_are_read_again_where_the_coins_moved_and_after_five_times_once_a_minute() -> None:
    async def session(scene: Scene, venue: BinanceVenue) -> Any:
        told = []
        for wait_ms in (10_000, 10_000, 10_000, 10_000, 10_000, 45_000, 20_000):
            scene.exchange.move_coins("main", "USDT", D(1))
            await scene.pass_ms(wait_ms)
            statement = await venue.statement()
            told.append(len(booked(statement)))
        return told

    assert at_spot(session) == [1, 2, 3, 4, 5, 5, 7]


def test_flows_are_complete_once_they_were_read_after_the_lag_of_what_moved_the_coins() -> None:
    async def session(scene: Scene, venue: BinanceVenue) -> Any:
        told = []
        for amount, wait_ms in ((1, 10_000), (0, 9_000), (0, 2_000), (1, 1_000), (0, 11_000)):
            if amount:
                scene.exchange.move_coins("main", "USDT", D(amount))
            await scene.pass_ms(wait_ms)
            statement = await venue.statement()
            told.append(isinstance(statement, AccountStatement) and statement.activities_complete)
        return told

    assert at_spot(session) == [False, False, True, False, True]


def test_a_service_that_is_down_stops_no_statement_and_what_is_known_stays() -> None:
    async def session(scene: Scene, venue: BinanceVenue) -> Any:
        await venue.statement()
        scene.exchange.move_coins("main", "USDT", D(1))
        await scene.pass_ms(61_000)
        known = booked(await venue.statement())
        scene.exchange.move_coins("main", "USDT", D(2))
        await scene.pass_ms(61_000)
        scene.faults.say("spoils", Spoiling.SERVER_ERROR, of="GET /sapi/v1/capital", times=1)
        down = booked(await venue.statement())
        return known, down, booked(await venue.statement())

    known, down, after = at_spot(session)
    assert known == down == [("deposit", "USDT", D(1))]
    assert after == [("deposit", "USDT", D(1)), ("deposit", "USDT", D(2))]


def told(answer: Any, read: Any) -> list[tuple[str, str, Decimal]] | None:
    found: tuple[Activity, ...] | None = bookings.read_flows(reply(json.dumps(answer).encode()), read)
    return None if found is None else [(str(each.activity_id), str(each.asset), each.amount) for each in found]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [("withdrawal:b6ae22b3aa844210a7041aee7589627c", "USDT", D("-8.914"))]),
        ({"status": 4}, [("withdrawal:b6ae22b3aa844210a7041aee7589627c", "USDT", D("-8.914"))]),
        ({"status": 5}, []),
        ({"walletType": 1}, []),
        ({"amount": 8.91}, None),
        ({"applyTime": "yesterday"}, None),
        ({"status": "6"}, None),
    ],
)
def test_a_withdrawal_is_what_left_with_its_fee_once_it_left(changes: dict[str, Any], expected: Any) -> None:
    """Source: Wallet API, Withdraw History."""
    assert told([WITHDRAWAL | changes], bookings._withdrawals) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [("deposit:769800519366885376", "BNB", D("0.001"))]),
        ({"status": 6}, [("deposit:769800519366885376", "BNB", D("0.001"))]),
        ({"status": 0}, []),
        ({"walletType": 1}, []),
        ({"amount": ""}, None),
    ],
)
def test_a_deposit_counts_once_it_is_credited(changes: dict[str, Any], expected: Any) -> None:
    """Source: Wallet API, Deposit History."""
    assert told([DEPOSIT | changes], bookings._deposits) == expected


def test_more_transfers_than_one_answer_holds_are_unreadable_and_none_is_no_list() -> None:
    row = {"asset": "USDT", "amount": "1", "type": "MAIN_UMFUTURE", "status": "CONFIRMED", "tranId": 7, "timestamp": 1}
    sent = partial(bookings._transfers, -1)
    assert told({"total": 0}, sent) == []
    assert told({"total": 1, "rows": [row]}, sent) == [("MAIN_UMFUTURE:7", "USDT", D(-1))]
    assert told({"total": 1, "rows": [row | {"status": "PENDING"}]}, sent) == []
    assert told({"total": 101, "rows": [row]}, sent) is None


@given(st.binary(max_size=120))
def test_any_bytes_are_flows_or_nothing(body: bytes) -> None:
    answer = Reply(status=200, headers={}, body=body)
    for read in (bookings._deposits, bookings._withdrawals, partial(bookings._transfers, 1)):
        assert isinstance(bookings.read_flows(answer, read), tuple | None)


class Ledger(Answers):
    """Answers for income as Binance does: of a kind or of all, oldest first, a thousand lines at most."""

    def __init__(self, lines: list[tuple[int, str]]) -> None:
        super().__init__()
        self.lines, self.kinds = lines, list[str]()

    async def send(self, request: Any, timeout_at: Instant) -> Any:
        del timeout_at
        asked = dict(request.query)
        kind, start, end = asked.get("incomeType", ""), int(asked["startTime"]), int(asked["endTime"])
        self.kinds.append(kind)
        rows = [
            {"symbol": "BTCUSDT", "incomeType": each, "income": "1", "asset": "USDT", "time": at, "tranId": number}
            for number, (at, each) in enumerate(self.lines)
            if start <= at <= end and kind in ("", each)
        ]
        return reply(rows[:1000])


def income_of(lines: list[tuple[int, str]], *reads_s: int) -> tuple[list[list[str]], Ledger]:
    """Returns the kinds that each read tells, at some seconds from now, and what answered."""
    http, clock = Ledger(lines), StillClock(NOW)
    income = bookings.Income(line_to(http, USD_M, clock), SYMBOLS)

    async def told() -> list[list[str]]:
        kinds = []
        for at_s in reads_s:
            clock.at = later(NOW, seconds=at_s)
            found = await income.read(clock.at, ())
            assert isinstance(found, tuple)
            kinds.append([each.venue_kind for each in found])
        return kinds

    return asyncio.run(told()), http


NOW_MS = NOW // NS_PER_MS


def test_income_of_any_kind_is_told_and_what_executions_tell_is_not() -> None:
    lines = [(NOW_MS - 9_000, "FUNDING_FEE"), (NOW_MS - 8_000, "COMMISSION"), (NOW_MS - 7_000, "MELTED")]
    lines += [(NOW_MS + 30_000, "WELCOME_BONUS")]
    kinds, http = income_of(lines, 0, 60)
    assert kinds == [["FUNDING_FEE", "MELTED"], ["FUNDING_FEE", "MELTED", "WELCOME_BONUS"]]
    assert http.kinds.count("") == 2


def test_what_a_busy_account_booked_is_read_a_few_pages_at_a_time_until_all_is_known() -> None:
    """Seven thousand lines of executions stand before what no kind that is asked for by name tells."""
    lines = [(NOW_MS - 400_000 + each * 10, "REALIZED_PNL") for each in range(7_000)]
    kinds, http = income_of([*lines, (NOW_MS - 1_000, "API_REBATE")], 0, 10, 20)
    assert [kind.count("API_REBATE") for kind in kinds] == [0, 1, 1]
    assert http.kinds.count("") == 5 + 3 + 5


def test_more_funding_than_one_answer_holds_is_read_to_its_end() -> None:
    """Eight contracts whose funding is settled each hour: 1152 payments in six days."""
    hours = [NOW_MS - hour * 3_600_000 - 1 for hour in range(143, -1, -1)]
    lines = [(at, "FUNDING_FEE") for at in hours for _ in range(8)]
    kinds, http = income_of(lines, 0, 60)
    assert [len(kind) for kind in kinds] == [1152, 1000]
    assert http.kinds.count("FUNDING_FEE") == 2 + 1


def test_a_backlog_of_income_is_read_some_pages_at_a_time_and_said_not_to_be_complete() -> None:
    lines = [(NOW_MS - 400_000_000 + each * 20_000, "FUNDING_FEE") for each in range(11_500)]
    lines += [(NOW_MS - 3, "TRANSFER")]
    http, clock = Ledger(lines), StillClock(NOW)
    income = bookings.Income(line_to(http, USD_M, clock), SYMBOLS)

    async def talk() -> list[tuple[int, bool]]:
        told: dict[str, Activity] = {}
        counts = []
        for _ in range(4):
            found = await income.read(clock.at, ())
            assert isinstance(found, tuple)
            assert len(found) <= 10_000
            told |= {each.activity_id: each for each in found}
            counts.append((len(told), income.is_complete))
        return counts

    assert asyncio.run(talk()) == [(9_000 - 8, False), (11_501, False), (11_501, False), (11_501, True)]


def test_income_that_was_read_for_a_statement_which_was_thrown_away_is_told_again() -> None:
    lines = [(NOW_MS - 1_000, "FUNDING_FEE"), (NOW_MS - 500, "FEE_RETURN")]
    kinds, _ = income_of(lines, 0, 7_200, 86_400, 7 * 86_400)
    assert kinds == [["FUNDING_FEE", "FEE_RETURN"]] * 3 + [[]]
