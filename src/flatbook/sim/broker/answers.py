"""What the paper broker's answers say: its truth in the words of its wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from flatbook.sim.broker.ledger import BrokerExecution, BrokerOrder, Ending
from flatbook.sim.broker.wire import (
    AskClock,
    AskQuote,
    Call,
    Cancel,
    Executions,
    Find,
    Place,
    Refusal,
    Statement,
    Verb,
    number,
)
from flatbook.values.instants import Instant, text_of_instant
from flatbook.values.money import ZERO, Price, Quantity
from flatbook.values.sessions import session_at

ORDER_PREFIX = "P-"
EXECUTION_PREFIX = "X-"
ID_DIGITS_MAX = 15

_VERBS = {
    Place: Verb.PLACE,
    Cancel: Verb.CANCEL,
    Find: Verb.FIND,
    Executions: Verb.EXECUTIONS,
    Statement: Verb.STATEMENT,
    AskQuote: Verb.QUOTE,
    AskClock: Verb.CLOCK,
    Refusal: Verb.UNREADABLE,
}


def verb_of(call: Call | Refusal) -> Verb:
    """Returns the verb of a request; unreadable when there is none."""
    return _VERBS[type(call)]


def client_id_of(call: Call | Refusal) -> str | None:
    """Returns the client id that a request names."""
    return call.client_order_id if isinstance(call, Place | Cancel | Find) else None


def read_order_id(text: str) -> int | None:
    """Returns the number of an order id of this broker; None when it is none."""
    return _read_number(text, ORDER_PREFIX)


def read_cursor(text: str) -> int | None:
    """Returns the execution that a cursor follows; None when it is no cursor of this broker."""
    return _read_number(text, EXECUTION_PREFIX)


def _read_number(text: str, prefix: str) -> int | None:
    digits = text.removeprefix(prefix)
    if not text.startswith(prefix) or not (digits.isascii() and digits.isdecimal()) or len(digits) > ID_DIGITS_MAX:
        return None
    return int(digits)


def cursor(execution_id: int) -> str:
    """Returns the cursor that follows an execution."""
    return f"{EXECUTION_PREFIX}{execution_id}"


def ending_of(order: BrokerOrder) -> Ending:
    """Returns how an ended order ended."""
    assert order.ending is not None
    return order.ending


def order_view(order: BrokerOrder, at: Instant, filled: Quantity) -> dict[str, object]:
    """Returns an order as it stood at an instant, with what had executed by then."""
    return {
        "order_id": f"{ORDER_PREFIX}{order.id}",
        "client_order_id": order.client_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "qty": number(order.qty),
        "filled_qty": number(filled),
        "limit_price": None if order.limit is None else number(order.limit),
        "status": _status(order, at, filled),
        "reason": order.ending_text if _has_ended(order, at) else "",
        "placed_at": text_of_instant(order.placed_at),
        "updated_at": text_of_instant(_changed_at(order, at)),
    }


def _has_ended(order: BrokerOrder, at: Instant) -> bool:
    return order.ended_at is not None and order.ended_at <= at


def _status(order: BrokerOrder, at: Instant, filled: Quantity) -> str:
    if _has_ended(order, at):
        return ending_of(order).value
    if order.cancel_asked_at is not None and order.cancel_asked_at <= at:
        return "pending_cancel"
    if at < order.works_from:
        return "queued"
    return "partially_filled" if filled > ZERO else "open"


def _changed_at(order: BrokerOrder, at: Instant) -> Instant:
    changes = (order.placed_at, order.last_fill_at, order.cancel_asked_at, order.ended_at)
    return max(change for change in changes if change is not None and change <= max(at, order.placed_at))


def execution_view(execution: BrokerExecution, currency: str) -> dict[str, object]:
    """Returns an execution with the fees that it added to its order."""
    kinds = (("commission", execution.commission), ("regulatory", execution.regulatory))
    return {
        "execution_id": f"{EXECUTION_PREFIX}{execution.id}",
        "order_id": f"{ORDER_PREFIX}{execution.order_id}",
        "client_order_id": execution.client_id,
        "symbol": execution.symbol,
        "side": execution.side.value,
        "qty": number(execution.qty),
        "price": number(execution.price),
        "fees": [{"kind": kind, "asset": currency, "amount": number(amount)} for kind, amount in kinds if amount],
        "at": text_of_instant(execution.at),
    }


def statement(
    orders: Sequence[dict[str, object]],
    *,
    currency: str,
    cash: Decimal,
    available: Decimal,
    holdings: Mapping[str, Decimal],
) -> dict[str, object]:
    """Returns open orders, holdings and cash of an account. Units: currency and shares."""
    balance = {"asset": currency, "total": number(cash), "available": number(available)}
    return {
        "orders": list(orders),
        "holdings": [{"symbol": symbol, "qty": number(qty)} for symbol, qty in holdings.items() if qty],
        "balances": [balance],
    }


def quote(symbol: str, price: Price, at: Instant) -> dict[str, object]:
    """Returns the newest known price of a symbol."""
    return {"symbol": symbol, "price": number(price), "at": text_of_instant(at)}


def clock(now: Instant) -> dict[str, object]:
    """Returns the broker's time and the session it is in; an empty session where the calendar ends."""
    try:
        session = session_at(now)
    except LookupError:
        return {"now": text_of_instant(now), "session": "", "until": ""}
    return {"now": text_of_instant(now), "session": session.kind.value, "until": text_of_instant(session.closes_at)}
