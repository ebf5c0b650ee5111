"""What exchanges could say wrongly of an account: each has its meaning or its reason, and none is taken for another.

One table: how an adapter reads something, as its venue writes it, and what one changed field makes of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from flatbook.engine.reports import OrderReport, UnreadableExecution, VenueStatus
from flatbook.market.depth import UnreadFor, reason_of
from flatbook.venues.binance import orders as binance
from flatbook.venues.binance import parse as binance_answers
from flatbook.venues.binance.refusals import UNREADABLE
from flatbook.venues.bybit import account as bybit_account
from flatbook.venues.bybit import parse as bybit
from flatbook.venues.bybit.wire import Category
from flatbook.venues.ccxt import parse as ccxt
from tests.unit.venues.binance import sample as of_binance
from tests.unit.venues.bybit import sample as of_bybit

MALFORMED, WORD = UnreadFor.MALFORMED, UnreadFor.UNKNOWN_WORD
NUMBER, INSTANT = UnreadFor.NO_NUMBER, UnreadFor.NO_INSTANT
Read = Callable[[bytes], object]


class Row(NamedTuple):
    """How something is read, as it comes, a field of it, what stands there instead, and what comes of it."""

    read: Read
    told: dict[str, Any]
    field: str
    word: Any
    means: object


def binance_order(body: bytes) -> object:
    return binance.report_of(msgspec.json.decode(body, type=binance.WireOrder), of_binance.SYMBOLS)


def binance_trade(body: bytes) -> object:
    trade = msgspec.json.decode(body, type=binance.WireTrade)
    return binance.execution_of(trade, of_binance.SYMBOLS, of_binance.OURS, "")


def binance_push(body: bytes) -> object:
    return binance.told_by(msgspec.json.decode(body, type=binance.Pushed), of_binance.SYMBOLS)[0]


def binance_position(body: bytes) -> object:
    positions = of_binance.reply(b"[" + body + b"]")
    return binance_answers.futures_stated(positions, of_binance.reply([]), of_binance.SYMBOLS)


def binance_income(body: bytes) -> object:
    return binance_answers.income_answer(of_binance.reply(b"[" + body + b"]"), of_binance.SYMBOLS)


def bybit_order(body: bytes) -> object:
    return bybit.order_report(msgspec.json.decode(body, type=bybit.WireOrder), Category.LINEAR, of_bybit.SYMBOLS)


def bybit_push(body: bytes) -> object:
    return bybit.pushed_execution(msgspec.Raw(body), of_bybit.SYMBOLS)


def bybit_line(body: bytes) -> object:
    return bybit.execution_line(msgspec.Raw(body), Category.LINEAR, of_bybit.SYMBOLS)


def bybit_position(body: bytes) -> object:
    return bybit_account.holding_of(msgspec.json.decode(body, type=bybit_account.WirePosition), of_bybit.SYMBOLS)


def ccxt_order(body: bytes) -> object:
    return ccxt.order_report(msgspec.json.decode(body, type=ccxt.WireOrder), {})


POSITION = {"symbol": "BTCUSDT", "positionAmt": "0.01", "positionSide": "BOTH"}
INCOME = {
    "symbol": "",
    "incomeType": "TRANSFER",
    "income": "1",
    "asset": "USDT",
    "info": "",
    "time": 1_795_860_000_000,
    "tranId": 5,
}
PUSH = of_bybit.execution(1, "0.003", category="linear")
UNIFIED = {"id": "1", "symbol": "BTC/USDT", "side": "buy", "status": "open", "amount": "1", "filled": "0", "ms": 5}
ROWS = [
    Row(binance_order, of_binance.ORDER, "status", "MELTED", VenueStatus.UNREADABLE),
    Row(binance_order, of_binance.ORDER, "status", "new", VenueStatus.UNREADABLE),
    Row(binance_order, of_binance.ORDER, "status", 1, MALFORMED),
    Row(binance_order, of_binance.ORDER, "side", "BOTH", WORD),
    Row(binance_order, of_binance.ORDER, "side", "buy", WORD),
    Row(binance_order, of_binance.ORDER, "origQty", 0.01, MALFORMED),
    Row(binance_order, of_binance.ORDER, "origQty", "abc", NUMBER),
    Row(binance_order, of_binance.ORDER, "executedQty", "-1", MALFORMED),
    Row(binance_order, of_binance.ORDER, "orderId", "283194212", MALFORMED),
    Row(binance_order, of_binance.ORDER, "updateTime", -1, INSTANT),
    Row(binance_order, of_binance.ORDER, "updateTime", 10**15, INSTANT),
    Row(binance_order, of_binance.ORDER, "updateTime", "1795860000123", MALFORMED),
    Row(binance_trade, of_binance.TRADE, "buyer", None, MALFORMED),
    Row(binance_trade, of_binance.TRADE, "buyer", "true", MALFORMED),
    Row(binance_trade, of_binance.TRADE, "maker", "true", MALFORMED),
    Row(binance_trade, of_binance.TRADE, "commissionAsset", "", MALFORMED),
    Row(binance_trade, of_binance.TRADE, "qty", "0", MALFORMED),
    Row(binance_trade, of_binance.TRADE, "price", 7819.01, MALFORMED),
    Row(binance_trade, of_binance.TRADE, "price", "Infinity", NUMBER),
    Row(binance_trade, of_binance.TRADE, "id", 698759.5, MALFORMED),
    Row(binance_push, of_binance.PUSHED, "x", "MELTED", WORD),
    Row(binance_push, of_binance.PUSHED, "X", "MELTED", VenueStatus.UNREADABLE),
    Row(binance_push, of_binance.PUSHED, "S", "BOTH", WORD),
    Row(binance_push, of_binance.PUSHED, "m", "true", MALFORMED),
    Row(binance_push, of_binance.PUSHED, "t", -1, MALFORMED),
    Row(binance_push, of_binance.PUSHED, "l", 0.002, MALFORMED),
    Row(binance_push, of_binance.PUSHED, "T", 0, INSTANT),
    Row(binance_position, POSITION, "positionSide", "LONG", UNREADABLE),
    Row(binance_position, POSITION, "positionSide", "SIDEWAYS", UNREADABLE),
    Row(binance_position, POSITION, "positionAmt", 0.01, UNREADABLE),
    Row(binance_income, INCOME, "income", 1, UNREADABLE),
    Row(binance_income, INCOME, "income", "1e400", UNREADABLE),
    Row(binance_income, INCOME, "time", -1, UNREADABLE),
    Row(bybit_order, of_bybit.order(), "orderStatus", "Melted", VenueStatus.UNREADABLE),
    Row(bybit_order, of_bybit.order(), "orderStatus", "new", VenueStatus.UNREADABLE),
    Row(bybit_order, of_bybit.order(), "side", "None", WORD),
    Row(bybit_order, of_bybit.order(), "side", "BUY", WORD),
    Row(bybit_order, of_bybit.order(), "qty", 0.003, MALFORMED),
    Row(bybit_order, of_bybit.order(), "qty", "0x1", NUMBER),
    Row(bybit_order, of_bybit.order(), "updatedTime", 1_795_860_000_123, MALFORMED),
    Row(bybit_order, of_bybit.order(), "updatedTime", "soon", INSTANT),
    Row(bybit_order, of_bybit.order(), "updatedTime", "9" * 16, INSTANT),
    Row(bybit_push, PUSH, "execType", "Melted", WORD),
    Row(bybit_push, PUSH, "category", "options", WORD),
    Row(bybit_push, PUSH, "side", "Both", WORD),
    Row(bybit_push, PUSH, "isMaker", "true", MALFORMED),
    Row(bybit_push, PUSH, "execQty", 0.003, MALFORMED),
    Row(bybit_push, PUSH, "execPrice", "", NUMBER),
    Row(bybit_push, PUSH, "execId", "", MALFORMED),
    Row(bybit_line, PUSH, "execType", "Melted", UnreadableExecution),
    Row(bybit_line, PUSH, "side", "Both", UnreadableExecution),
    Row(bybit_line, PUSH, "execFee", "much", UnreadableExecution),
    Row(bybit_position, of_bybit.position(), "positionIdx", 1, MALFORMED),
    Row(bybit_position, of_bybit.position(), "positionIdx", "0", MALFORMED),
    Row(bybit_position, of_bybit.position(size="1"), "side", "Long", WORD),
    Row(ccxt_order, UNIFIED, "status", "melted", VenueStatus.UNREADABLE),
    Row(ccxt_order, UNIFIED, "side", "long", MALFORMED),
    Row(ccxt_order, UNIFIED, "amount", "abc", NUMBER),
    Row(ccxt_order, UNIFIED, "ms", -1, INSTANT),
    Row(ccxt_order, UNIFIED, "ms", 10**15, INSTANT),
]


def named(row: Row) -> str:
    return f"{row.read.__name__}-{row.field}-{row.word}"


def meaning(row: Row, told: dict[str, Any]) -> object:
    """Returns what comes of reading: the reason of a fault, else what was read of the state of an order."""
    try:
        found = row.read(json.dumps(told).encode())
    except (msgspec.MsgspecError, ValueError) as fault:
        return reason_of(fault)
    if isinstance(found, OrderReport):
        return found.status
    return type(found) if isinstance(found, UnreadableExecution) else found


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_a_field_that_is_not_as_it_should_be_has_its_reason(row: Row) -> None:
    assert meaning(row, row.told | {row.field: row.word}) == row.means


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_what_is_as_it_should_be_is_read(row: Row) -> None:
    found = meaning(row, row.told)
    assert not isinstance(found, UnreadFor)
    assert found not in (VenueStatus.UNREADABLE, UNREADABLE, UnreadableExecution)


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_what_lacks_the_field_is_never_read_as_what_it_is_not(row: Row) -> None:
    """A field that may be left out makes no order, execution or holding of another kind."""
    whole, without = meaning(row, row.told), dict(row.told)
    del without[row.field]
    found = meaning(row, without)
    is_refused = isinstance(found, UnreadFor) or found in (UNREADABLE, UnreadableExecution, VenueStatus.UNREADABLE)
    assert is_refused or type(found) is type(whole)
