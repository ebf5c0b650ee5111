"""Cases of kind `schwab`: orders, hours, tokens and accounts as Schwab writes them, read by the production adapter.

Cases show only the part of a payload that they are about; what every documented order carries besides is completed
here. States are in the words of the system that the cases were taken from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import OrderReport, VenueStatus
from flatbook.events.orders import OrderStyle
from flatbook.values.ids import AccountId, InstrumentId, OrderId, VenueOrderId
from flatbook.values.instants import Instant, instant_of_text, seconds_between, text_of_instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Price, Quantity, cut, divide_cut
from flatbook.venues.http import Reply
from flatbook.venues.schwab import parse
from flatbook.venues.schwab.market_day import MarketDay, hours_answer
from flatbook.venues.schwab.tokens import Tokens, exchange_request, tokens_answer
from flatbook.venues.schwab.wire import account_numbers_request, place_request
from tests.vectors.outcome import Case, NotDue, differing, is_equal

NOW = instant_of_text("2025-01-03T15:00:00Z")
LEG = {"instruction": "BUY", "quantity": "200", "instrument": {"symbol": "GME", "assetType": "EQUITY"}}
EXECUTED_AT = "2023-10-15T10:30:00Z"
STATES = {
    VenueStatus.FILLED: "filled",
    VenueStatus.CANCELED: "terminal_failure",
    VenueStatus.EXPIRED: "terminal_failure",
    VenueStatus.REJECTED: "terminal_failure",
}
NOT_ENDED, CLOSED = "pending", "closed"
# An order that was replaced states by which one, and goes on in that.
SUCCESSORS: Mapping[str, Mapping[str, Any]] = {"REPLACED": {"replacingOrderCollection": [{"orderId": 2}]}}


def run(case: Case) -> str | None:
    """Compares what the adapter makes of a case with what it expects."""
    if "status" in case:
        found = _state(_read({"orderId": 1, "status": case["status"], **SUCCESSORS.get(case["status"], {})}))
        return None if is_equal(case["expected"], found) else f"expected {case['expected']}, found {found}"
    if "request" in case:
        return _run_request(case)
    response = case.get("response")
    if not isinstance(response, dict):
        raise NotDue("no status, request or response")
    if "equity" in response:
        return _run_hours(case)
    return _run_location(case) if "headers" in response else _run_order(case)


def _run_order(case: Case) -> str | None:
    expected, response = case["expected"], case["response"]
    found = parse.order_answer(_reply(_with_instants(response)), venue_order_id=_id(response), symbols={})
    if list(response) == ["orderId"]:
        word = "open" if isinstance(found, parse.Listed) else "unknown"
        return None if str(expected["state"]).split(maxsplit=1)[0] == word else f"the order is {found}"
    return differing(expected, _told(_read(response)))


def _told(listed: parse.Listed) -> dict[str, Any]:
    report = listed.report
    paid = sum((each.qty * each.price for each in report.executions), ZERO)
    average = divide_cut(paid, report.filled_qty, decimals=8) if report.executions else None
    return {
        "state": _state(listed),
        "order_id": report.venue_order_id,
        "filled_qty": Decimal(report.filled_qty),
        "avg_price": average,
        "price_cents_rounded": None if average is None else int(cut(average * 100 + Decimal("0.5"), decimals=0)),
        "entered": text_of_instant(listed.entered_at),
    }


def _run_hours(case: Case) -> str | None:
    day = hours_answer(_reply(case["response"]))
    if not isinstance(day, MarketDay):
        return f"the day is {day}"
    spans, expected = day.spans.get("NORMAL", ()), case["expected"]
    opens_at, closes_at = map(text_of_instant, spans[0]) if spans else (None, None)
    state = "open" if spans else CLOSED
    if isinstance(expected, str):
        return None if expected.split(maxsplit=1)[0] == state else f"expected {expected}, found {state}"
    found = {"regular_open_utc": opens_at, "regular_close_utc": closes_at, "state": state, "is_open": bool(spans)}
    return differing(expected, found)


def _run_location(case: Case) -> str | None:
    headers = {str(name).lower(): str(value) for name, value in case["response"]["headers"].items()}
    placed = parse.placed_id(Reply(status=int(case["response"]["status"]), headers=headers, body=b""))
    expected = case["expected"]
    if isinstance(expected, dict) and "error" not in expected:
        return differing(expected, {"order_id": placed})
    wanted = "error" if isinstance(expected, dict) else str(expected).split(maxsplit=1)[0].rstrip(":;,")
    known = ("error",) if placed is None else ("placed", placed)
    return None if wanted in known else f"expected {expected}, found {placed}"


def _run_request(case: Case) -> str | None:
    """Compares a request with ours for the same thing, and what is read in its answer."""
    path = str(case["request"]["path"])
    if path.endswith("/token"):
        return _run_tokens(case)
    if path.endswith("/accountNumbers"):
        return _run_account(case)
    return _run_placing(case) if path.endswith("/orders") and "body" in case["request"] else _unknown_request(path)


def _unknown_request(path: str) -> str | None:
    raise NotDue(f"no rule for a request to {path}")


def _run_account(case: Case) -> str | None:
    made, number = account_numbers_request(), case["response"][0]["accountNumber"]
    if (made.method, made.path) != (case["request"]["method"], case["request"]["path"]):
        return f"request: found {made.method} {made.path}"
    found = parse.hash_answer(_reply(case["response"]), number=number)
    is_it = isinstance(found, parse.AccountHash) and found.text == str(case["expected"]).split(maxsplit=1)[0]
    return None if is_it else f"expected {case['expected']}, found {found}"


def _run_placing(case: Case) -> str | None:
    wanted = case["request"]
    body = json.loads(wanted["body"]) if isinstance(wanted["body"], str) else wanted["body"]
    (leg,) = body["orderLegCollection"]
    order = ApprovedOrder(
        order_id=OrderId("one"),
        account=AccountId("main"),
        instrument=InstrumentId(leg["instrument"]["symbol"]),
        side=Side.BUY if leg["instruction"].startswith("BUY") else Side.SELL,
        qty=Quantity(Decimal(leg["quantity"])),
        limit=Price(Decimal(body["price"])) if "price" in body else None,
        reduce_only=False,
        style=OrderStyle.LIMIT,
        attempt=0,
        good_until=NOW,
    )
    made = place_request(
        wanted["path"].split("/")[-2],
        order,
        symbol=leg["instrument"]["symbol"],
        instruction=leg["instruction"],
        session=body["session"],
    )
    if (made.method, made.path, json.loads(made.body)) != (wanted["method"], wanted["path"], body):
        return f"request: expected {wanted}, found {made.method} {made.path} {made.body.decode()}"
    return _run_location(case)


def _run_tokens(case: Case) -> str | None:
    wanted = case["request"]
    made = exchange_request("C0.b3@", callback="https://127.0.0.1")
    if (made.method, made.path, made.content_type) != (
        wanted["method"],
        wanted["path"],
        wanted["headers"]["content-type"],
    ):
        return f"request: expected {wanted}, found {made}"
    tokens = tokens_answer(_reply(case["response"]), asked_at=NOW, before=None)
    if not isinstance(tokens, Tokens):
        return f"the tokens are {tokens}"
    return differing(
        case["expected"],
        {
            "access_ttl_s": seconds_between(NOW, tokens.access_ends_at),
            "refresh_ttl_s": seconds_between(NOW, Instant(tokens.login_ends_at)),
        },
    )


def _read(response: Mapping[str, Any]) -> parse.Listed:
    """Returns the order of a response, completed with what every documented order carries."""
    whole = _with_instants({"enteredTime": EXECUTED_AT, "orderLegCollection": [LEG], **response})
    found = parse.order_answer(_reply(whole), venue_order_id=_id(response), symbols={})
    assert isinstance(found, parse.Listed), found
    return found


def _with_instants(response: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a response whose executions have an instant and an id, where they were left out."""
    activities = [
        {"activityId": number} | activity | {"executionLegs": [{"time": EXECUTED_AT} | leg for leg in _legs(activity)]}
        for number, activity in enumerate(response.get("orderActivityCollection", ()))
    ]
    return {**response, **({"orderActivityCollection": activities} if activities else {})}


def _legs(activity: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(activity["executionLegs"])


def _id(response: Mapping[str, Any]) -> VenueOrderId:
    return VenueOrderId(str(response["orderId"]))


def _state(listed: parse.Listed) -> str:
    report: OrderReport = listed.report
    return NOT_ENDED if listed.successor is not None else STATES.get(report.status, NOT_ENDED)


def _reply(content: Any) -> Reply:
    return Reply(status=200, headers={"content-type": "application/json"}, body=json.dumps(content).encode())
