"""The broker's side of its wire: the requests it reads and the answers it writes.

JSON objects, protocol version 1. Every number is a text, every instant RFC 3339. A request names its verb; an answer
holds either `ok` or `error`. An unknown field in a request is refused, so that a typing error cannot place an order
without its limit.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.values.instants import Instant, InstantRefused, instant_of_text, text_of_instant
from flatbook.values.instruments import Side
from flatbook.values.money import NumberRefused, Price, Quantity, parse_number, plain

VERSION = 1
CLIENT_ID_CHARS_MAX = 48


class Verb(Enum):
    """What a client may ask for."""

    PLACE = "place"
    CANCEL = "cancel"
    FIND = "find"
    EXECUTIONS = "executions"
    STATEMENT = "statement"
    QUOTE = "quote"
    CLOCK = "clock"
    UNREADABLE = "unreadable"


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="verb"):
    """What every request states: protocol version, account, and when it was sent."""

    v: int
    account: str
    sent_at: str


class Place(Request, frozen=True, kw_only=True, tag="place"):
    """An order. Without limit_price it is a market order. `client_order_id` is null for an order by hand."""

    client_order_id: str | None
    symbol: str
    side: str
    qty: str
    limit_price: str | None
    time_in_force: str
    extended_hours: bool
    good_until: str | None


class Cancel(Request, frozen=True, kw_only=True, tag="cancel"):
    """A cancel by the broker's order id or by the client's."""

    order_id: str | None
    client_order_id: str | None


class Find(Request, frozen=True, kw_only=True, tag="find"):
    """A question for the order with a client id."""

    client_order_id: str


class Executions(Request, frozen=True, kw_only=True, tag="executions"):
    """A question for the executions after a cursor; empty text: from the first one."""

    after: str


class Statement(Request, frozen=True, kw_only=True, tag="statement"):
    """A question for open orders, holdings and balances."""


class AskQuote(Request, frozen=True, kw_only=True, tag="quote"):
    """A question for the price of a symbol."""

    symbol: str


class AskClock(Request, frozen=True, kw_only=True, tag="clock"):
    """A question for the broker's time and session."""


Call = Place | Cancel | Find | Executions | Statement | AskQuote | AskClock
_CALLS: msgspec.json.Decoder[Call] = msgspec.json.Decoder(Call)


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why the broker refuses a request: one of its codes, and a sentence."""

    code: str
    message: str


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """The readable content of a place request. Units: qty in shares; limit in currency per share."""

    client_id: str | None
    symbol: str
    side: Side
    qty: Quantity
    limit: Price | None
    extended_hours: bool
    good_until: Instant | None


def read_call(body: bytes) -> Call | Refusal:
    """Returns the request that some bytes state, or why they state none. Total: any bytes have an answer."""
    try:
        call = _CALLS.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return Refusal(code="malformed", message=f"not a request of version {VERSION}: {error}"[:200])
    if call.v != VERSION:
        return Refusal(code="unsupported_version", message=f"version {call.v} is not spoken here, {VERSION} is")
    return call


def read_instant(text: str) -> Instant | Refusal:
    """Returns the instant of a request's field, or the refusal of one that cannot be read."""
    try:
        return instant_of_text(text)
    except InstantRefused as error:
        return Refusal(code="malformed", message=str(error)[:200])


def read_ticket(call: Place) -> Ticket | Refusal:
    """Returns the order that a place request states, or why it states none."""
    client_id = call.client_order_id
    if client_id is not None and not (client_id.isalnum() and len(client_id) <= CLIENT_ID_CHARS_MAX):
        return Refusal(code="malformed", message=f"client ids have 1 to {CLIENT_ID_CHARS_MAX} letters and digits")
    if call.time_in_force != "day":
        return Refusal(code="malformed", message="time_in_force is day; good_until may end the order earlier")
    try:
        return Ticket(
            client_id=client_id,
            symbol=call.symbol,
            side=Side(call.side),
            qty=Quantity(parse_number(call.qty)),
            limit=None if call.limit_price is None else Price(parse_number(call.limit_price)),
            extended_hours=call.extended_hours,
            good_until=None if call.good_until is None else instant_of_text(call.good_until),
        )
    except (NumberRefused, InstantRefused, ValueError) as error:
        return Refusal(code="malformed", message=str(error)[:200])


def write_ok(at: Instant, content: dict[str, object]) -> bytes:
    """Returns the bytes of an answer."""
    return msgspec.json.encode({"v": VERSION, "at": text_of_instant(at), "ok": content})


def write_error(at: Instant, refusal: Refusal) -> bytes:
    """Returns the bytes of a refusal."""
    error = {"code": refusal.code, "message": refusal.message}
    return msgspec.json.encode({"v": VERSION, "at": text_of_instant(at), "error": error})


def write_push(at: Instant, account: str, execution: dict[str, object]) -> bytes:
    """Returns the bytes of an execution that the broker pushes."""
    return msgspec.json.encode({"v": VERSION, "at": text_of_instant(at), "account": account, "execution": execution})


def number(value: Decimal) -> str:
    """Returns a number as it stands on the wire."""
    return plain(value)
