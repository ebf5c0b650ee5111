"""Cases of kind `alpaca_orders`: requests that place orders, and what Alpaca's answers mean, by the production adapter.

Cases show only the part of a payload that they are about; what every documented order carries besides is completed
here, instants excepted. States are in the words of the system that the cases were taken from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flatbook.engine.ports import ApprovedOrder
from flatbook.engine.reports import Accepted, OrderReport, PlaceAnswer, Rejected, VenueStatus
from flatbook.events.orders import OrderStyle, RejectReason
from flatbook.values.ids import AccountId, InstrumentId, OrderId
from flatbook.values.instants import Instant, InstantRefused, instant_of_text
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Price, Quantity
from flatbook.venues.alpaca import parse
from flatbook.venues.alpaca.wire import Api, broker_api, flaw_of_order, place_request, trading_api
from flatbook.venues.http import Reply
from tests.vectors.outcome import Case, NotDue, differing

OURS = "33333333-3333-4333-8333-333333333333"
NOW = instant_of_text("2025-01-06T15:00:00Z")
BROKER_PATH = ("", "v1", "trading", "accounts")
DOCUMENTED: Mapping[str, Any] = {
    "id": "61e7b016-9c91-4a97-b912-615c9d365c9d",
    "client_order_id": OURS,
    "symbol": "AAPL",
    "qty": "100",
    "side": "buy",
    "time_in_force": "day",
    "status": "new",
    "updated_at": "2025-01-06T14:32:05Z",
}
STATES = {
    VenueStatus.PENDING: "submitted",
    VenueStatus.OPEN: "submitted",
    VenueStatus.PENDING_CANCEL: "submitted",
    VenueStatus.FILLED: "filled",
    VenueStatus.CANCELED: "cancelled",
    VenueStatus.EXPIRED: "failed",
    VenueStatus.REJECTED: "failed",
    VenueStatus.UNREADABLE: "unreadable",
}
FAILURES = ("error", "rejected", "unreadable")
ENDED = (VenueStatus.EXPIRED, VenueStatus.REJECTED)


def run(case: Case) -> str | None:
    """Compares what the adapter makes of a case with what it expects."""
    if isinstance(case.get("expected"), dict) and "error" in case["expected"]:
        case = {**case, "expected": "error"}
    if "limit_price" in case or "input_shares" in case:
        return _run_numbers(case)
    if "status" in case:
        return _run_status(case)
    if "request" in case:
        return _run_placing(case)
    if "steps" in case:
        return _run_steps(case)
    if isinstance(case.get("response"), dict):
        return _run_response(case)
    raise NotDue("no request, response, status, price or quantity")


def _run_numbers(case: Case) -> str | None:
    stated = {"qty": case.get("input_shares", "1"), "limit_price": case.get("limit_price")}
    flaw = flaw_of_order(_order({"symbol": "AAPL", "side": "buy", "client_order_id": OURS} | stated))
    return _differing_word(case["expected"], "accepted" if flaw is None else "rejected")


def _run_status(case: Case) -> str | None:
    report = _report({**DOCUMENTED, "status": case["status"]})
    if not isinstance(report, OrderReport):
        return f"the order is {report}"
    state = _state(report)
    terminal = report.status in ENDED if state == "failed" else None
    found = {"state": state, "terminal": terminal, "release_idempotency_anchor": bool(terminal)}
    return (
        _differing_word(case["expected"], state)
        if isinstance(case["expected"], str)
        else differing(case["expected"], found)
    )


def _run_placing(case: Case) -> str | None:
    wanted, api = case["request"], _api(case["request"]["path"])
    order, symbol = _order(wanted["body"]), wanted["body"]["symbol"]
    made = place_request(api, order, symbol=symbol, extended_hours=bool(wanted["body"]["extended_hours"]))
    body = json.loads(made.body)
    if (made.method, made.path, body) != (wanted["method"], wanted["path"], wanted["body"]):
        return f"request: expected {wanted}, found {made.method} {made.path} {body}"
    answer = _placed(case["response"], order, symbol)
    if isinstance(case["expected"], str):
        return _differing_word(case["expected"], "error" if isinstance(answer, Rejected) else "accepted")
    if not isinstance(answer, Accepted):
        return f"the answer is {answer}"
    found = {"order_id": answer.venue_order_id, "placed_qty": order.qty, "extended_hours": body["extended_hours"]}
    return differing(case["expected"], found | ({} if order.limit is None else {"limit_price": order.limit}))


def _run_steps(case: Case) -> str | None:
    """The first answer is to a place request; one that says that the id is taken is followed by a question."""
    first, second = (step["response"] for step in case["steps"])
    placed = _placed(first, _order({**DOCUMENTED, "limit_price": None}), DOCUMENTED["symbol"])
    if not isinstance(placed, Rejected) or placed.reason is not RejectReason.DUPLICATE_ID:
        return f"the first answer is {placed}"
    report = _report(second["body"], second["status"])
    if isinstance(case["expected"], str):
        return _differing_word(case["expected"], "error" if not isinstance(report, OrderReport) else "adopted")
    if not isinstance(report, OrderReport):
        return f"the order is {report}"
    found = {"order_id": report.venue_order_id, "placed_qty": report.qty, "state": _state(report)}
    return differing(case["expected"], found)


def _run_response(case: Case) -> str | None:
    response, expected = case["response"], case["expected"]
    if "body" in response:
        answer = _placed(response, _order({**DOCUMENTED, "limit_price": None}), DOCUMENTED["symbol"])
        return _differing_word(expected, _word_of(answer))
    report = _report(response)
    if not isinstance(report, OrderReport):
        return _differing_word(expected, "error") if isinstance(expected, str) else f"the order is {report}"
    if isinstance(expected, str):
        return _differing_word(expected, _state(report))
    if "time" in expected and report.happened_at != _instant(expected["time"], response):
        return f"time: expected {expected['time']}, found {report.happened_at}"
    found = {"state": _state(report), "kept_fill": report.filled_qty, "filled_qty": report.filled_qty}
    return differing(expected, found) if any(name in found for name in expected) else None


def _word_of(answer: PlaceAnswer) -> str:
    """Returns what an answer to a request is in a word; what nobody knows is an error to whoever asked."""
    if isinstance(answer, Accepted):
        return "accepted"
    return "duplicate" if isinstance(answer, Rejected) and answer.reason is RejectReason.DUPLICATE_ID else "error"


def _order(body: Mapping[str, Any]) -> ApprovedOrder:
    limit = body.get("limit_price")
    return ApprovedOrder(
        order_id=OrderId(body["client_order_id"]),
        account=AccountId("main"),
        instrument=InstrumentId(body["symbol"]),
        side=Side(body["side"]),
        qty=Quantity(Decimal(body["qty"])),
        limit=None if limit is None else Price(Decimal(limit)),
        reduce_only=False,
        style=OrderStyle.LIMIT,
        attempt=0,
        good_until=NOW,
    )


def _api(path: str) -> Api:
    parts = path.split("/")
    return broker_api(parts[4]) if tuple(parts[:4]) == BROKER_PATH else trading_api()


def _placed(response: Mapping[str, Any], order: ApprovedOrder, symbol: str) -> PlaceAnswer:
    body = dict(response["body"])
    if "id" in body:
        body = {"client_order_id": order.order_id, "filled_qty": "0", **body}
    return parse.place_answer(_reply(body, response["status"]), order=order, symbol=symbol, now=NOW)


def _report(body: Mapping[str, Any], status: int = 200) -> object:
    whole = dict(body)
    if "id" in whole:
        filled = {"filled": whole.get("qty"), "partially_filled": "0.5"}.get(whole.get("status", ""), "0")
        whole = {"client_order_id": OURS, "filled_qty": filled, **whole}
    order_id = OrderId(whole.get("client_order_id", OURS))
    return parse.order_answer(_reply(whole, status), order_id=order_id, symbols={})


def _reply(body: Mapping[str, Any], status: int) -> Reply:
    return Reply(status=status, headers={"content-type": "application/json"}, body=json.dumps(body).encode())


def _state(report: OrderReport) -> str:
    if report.status_text in parse.STALLED:
        return "failed"
    if report.status is VenueStatus.OPEN and report.filled_qty > ZERO:
        return "partially_filled"
    return STATES[report.status]


def _instant(stated: str, response: Mapping[str, Any]) -> Instant | None:
    """Returns the instant that a case states, or that the field which it names holds; None when it states none."""
    word = stated.split(maxsplit=1)[0].rstrip(";,")
    try:
        return instant_of_text(str(response.get(word, word)))
    except InstantRefused:
        return None


def _differing_word(expected: str, found: str) -> str | None:
    """Compares the first word of an expectation that is written for people."""
    wanted = expected.split(maxsplit=1)[0].rstrip(":;,")
    known = FAILURES if found in FAILURES else (found,)
    return None if wanted in known else f"expected {expected!r}, found {found}"
