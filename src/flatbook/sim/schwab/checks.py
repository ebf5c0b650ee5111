"""What the simulated Schwab checks before it takes an order.

Source: Trader API, OrderRequest, and its place order samples; texts as users report them in public issues.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.sim.alpaca.checks import buying_power
from flatbook.sim.alpaca.ledger import EXTENDED, REGULAR, BookedOrder, Ledger, Placing
from flatbook.sim.schwab.terms import Refused, SchwabTerms, refused
from flatbook.values.instants import Instant
from flatbook.values.money import ONE, ZERO, NumberRefused, check_number, cut, significant_decimals
from flatbook.values.sessions import SessionKind

SESSIONS = {"NORMAL": REGULAR, "AM": (SessionKind.EARLY,), "PM": (SessionKind.LATE,), "SEAMLESS": EXTENDED}
SIGNS = {"BUY": 1, "BUY_TO_COVER": 1, "SELL": -1, "SELL_SHORT": -1}


class _Instrument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    symbol: str
    asset_type: str


class _Leg(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    instruction: str
    quantity: Decimal
    instrument: _Instrument


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of a request that places an order."""

    order_type: str
    session: str
    duration: str
    order_strategy_type: str
    order_leg_collection: list[_Leg]
    price: Decimal | None = None


def check_placing(
    body: bytes,
    number: str,
    ledger: Ledger,
    terms: SchwabTerms,
    now: Instant,
    *,
    replacing: BookedOrder | None = None,
) -> Placing | Refused:
    """Returns the order that a body asks for, or Schwab's refusal.

    Needs: the ledger has advanced to `now`; `replacing` is the order that makes room for it.
    """
    try:
        asked = msgspec.json.decode(body, type=Asked)
        numbers = [check_number(leg.quantity) for leg in asked.order_leg_collection]
        limit = None if asked.price is None else check_number(asked.price)
    except (msgspec.MsgspecError, NumberRefused):
        return refused(400, "Request body is invalid")
    flaw = _flaw_of_form(asked, numbers, limit)
    if flaw is not None:
        return refused(400, flaw)
    leg = asked.order_leg_collection[0]
    if leg.instrument.symbol not in terms.symbols:
        return refused(400, f"Symbol {leg.instrument.symbol} is invalid")
    working = [each for each in ledger.open_orders(number) if each is not replacing]
    flaw = _flaw_of_account(leg, limit, ledger, now, number=number, working=working)
    if flaw is not None:
        return refused(400, flaw)
    return Placing(
        account_id=number,
        client_id="",
        symbol=leg.instrument.symbol,
        sign=SIGNS[leg.instruction],
        qty=leg.quantity,
        limit=limit,
        extended=False,
        kinds=SESSIONS[asked.session],
    )


def _flaw_of_form(asked: Asked, numbers: list[Decimal], limit: Decimal | None) -> str | None:
    legs = asked.order_leg_collection
    if asked.order_strategy_type != "SINGLE" or len(legs) != 1 or asked.duration != "DAY":
        return "Only single day orders are simulated"
    if asked.session not in SESSIONS or legs[0].instruction not in SIGNS or legs[0].instrument.asset_type != "EQUITY":
        return "Order has an invalid session, instruction or assetType"
    if not numbers[0] > ZERO or numbers[0] != cut(numbers[0], decimals=0):
        return "Quantity must be a whole number above zero"
    if asked.order_type not in ("MARKET", "LIMIT") or (asked.order_type == "LIMIT") != (limit is not None):
        return "Order type and price do not fit"
    if limit is None:
        return None if asked.session == "NORMAL" else "Session is not available for market orders"
    if not limit > ZERO or significant_decimals(limit) > (2 if limit >= ONE else 4):
        return "Limit price has an invalid increment"
    return None


def _flaw_of_account(
    leg: _Leg, limit: Decimal | None, ledger: Ledger, now: Instant, *, number: str, working: list[BookedOrder]
) -> str | None:
    held = ledger.holdings(number, now).get(leg.instrument.symbol, ZERO)
    of_symbol = [order for order in working if order.symbol == leg.instrument.symbol]
    selling = sum((order.rest for order in of_symbol if order.sign < 0), ZERO)
    buying = sum((order.rest for order in of_symbol if order.sign > 0), ZERO)
    oversold = "This order may result in an oversold/overbought position in your account."
    match leg.instruction:
        case "SELL":
            return None if leg.quantity <= held - selling else oversold
        case "BUY_TO_COVER":
            return None if leg.quantity <= -held - buying else oversold
        case "SELL_SHORT" if held > ZERO:
            return oversold
        case "SELL_SHORT" if not ledger.opened[number].may_short:
            return "Short sale orders are restricted in this account"
        case "BUY" if held < ZERO:
            return oversold
        case _:
            cost = leg.quantity * (limit or ledger.price(leg.instrument.symbol, now) or ZERO)
            return None if cost <= buying_power(number, ledger, now) else "You do not have enough buying power"
