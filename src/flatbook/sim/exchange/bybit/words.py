"""How the simulated Bybit writes: ids, numbers, the words for orders, its refusals and their codes.

Source: Bybit V5 documentation: Error Codes, Enums Definitions.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.sim.chance import digest
from flatbook.sim.exchange.orders import BookedOrder, Ending, Flow, Forced, Refusal, Status
from flatbook.sim.exchange.terms import Kind, Life, Stp
from flatbook.values.instants import NS_PER_MS, Instant

CATEGORIES = {"spot": Kind.SPOT, "linear": Kind.PERP}
NAMES = {Kind.SPOT: "spot", Kind.PERP: "linear"}
SIDES = {1: "Buy", -1: "Sell"}
LIVES = {"GTC": Life.GTC, "IOC": Life.IOC, "FOK": Life.FOK, "PostOnly": Life.MAKER}
TIFS = {Life.GTC: "GTC", Life.IOC: "IOC", Life.FOK: "FOK", Life.MAKER: "PostOnly"}
STPS = {
    "None": Stp.NONE,
    "CancelMaker": Stp.EXPIRE_MAKER,
    "CancelTaker": Stp.EXPIRE_TAKER,
    "CancelBoth": Stp.EXPIRE_BOTH,
}
STP_WORDS = {stp: word for word, stp in STPS.items()}


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that says no. `status` is that of HTTP."""

    code: int
    msg: str
    status: int = 200


def wrong(what: str) -> Refused:
    """Refuses for a parameter."""
    return Refused(code=10001, msg=f"params error: {what}")


NO_SYMBOL = wrong("symbol invalid")
NO_ORDER = {
    Kind.PERP: Refused(code=110001, msg="order not exists or too late to cancel"),
    Kind.SPOT: Refused(code=170213, msg="Order does not exist."),
}
PERP = {
    Refusal.MARKET: NO_SYMBOL,
    Refusal.CLOSED: Refused(code=110074, msg="This contract is not live"),
    Refusal.ACCOUNT: Refused(code=10005, msg="Permission denied, please check your API key permissions."),
    Refusal.TICK: wrong("price invalid"),
    Refusal.PRICE: wrong("price invalid"),
    Refusal.LOT: Refused(code=10001, msg="Qty invalid"),
    Refusal.QTY_MIN: Refused(code=10001, msg="The number of contracts exceeds minimum limit allowed"),
    Refusal.QTY_MAX: Refused(code=10001, msg="The number of contracts exceeds maximum limit allowed"),
    Refusal.NOTIONAL: Refused(code=110094, msg="Order does not meet minimum order value 5USDT"),
    Refusal.FUNDS: Refused(code=110007, msg="ab not enough for new order"),
    Refusal.MARGIN: Refused(code=110007, msg="ab not enough for new order"),
    Refusal.CLIENT_ID: Refused(code=110072, msg="OrderLinkedID is duplicate"),
    Refusal.WOULD_TAKE: wrong("PostOnly will take"),
    Refusal.NOT_WHOLE: wrong("cannot be filled"),
    Refusal.REDUCE_ONLY: Refused(code=110017, msg="current position is zero, cannot fix reduce-only order qty"),
    Refusal.GONE: NO_ORDER[Kind.PERP],
}
SPOT = {
    **PERP,
    Refusal.MARKET: Refused(code=170121, msg="Invalid symbol."),
    Refusal.CLOSED: Refused(code=170209, msg="This trading pair is only available on the Innovation Zone."),
    Refusal.TICK: Refused(code=170134, msg="Order price has too many decimals."),
    Refusal.LOT: Refused(code=170137, msg="Order quantity has too many decimals."),
    Refusal.QTY_MIN: Refused(code=170136, msg="Order quantity exceeded lower limit."),
    Refusal.QTY_MAX: Refused(code=170135, msg="Order quantity exceeded upper limit."),
    Refusal.NOTIONAL: Refused(code=170140, msg="Order value exceeded lower limit."),
    Refusal.FUNDS: Refused(code=170131, msg="Insufficient balance."),
    Refusal.MARGIN: Refused(code=170131, msg="Insufficient balance."),
    Refusal.CLIENT_ID: Refused(code=170141, msg="Duplicate clientOrderId"),
    Refusal.GONE: NO_ORDER[Kind.SPOT],
}
REFUSALS = {Kind.PERP: PERP, Kind.SPOT: SPOT}

_STATUSES = {
    Status.NEW: "New",
    Status.PARTIALLY_FILLED: "PartiallyFilled",
    Status.FILLED: "Filled",
    Status.CANCELED: "Cancelled",
    Status.EXPIRED: "Cancelled",
    Status.EXPIRED_IN_MATCH: "Cancelled",
    Status.REJECTED: "Rejected",
}
_REASONS = {
    Ending.NONE: "EC_NoError",
    Ending.ASKED: "EC_PerCancelRequest",
    Ending.COUNTDOWN: "EC_PerCancelRequest",
    Ending.NOTHING_LEFT: "EC_NoImmediateQtyToFill",
    Ending.WOULD_TAKE: "EC_PostOnlyWillTakeLiquidity",
    Ending.NOT_WHOLE: "EC_CancelForNoFullFill",
    Ending.OWN: "EC_PerCancelRequest",
    Ending.REDUCE_ONLY: "EC_NoError",
    Ending.LIQUIDATION: "EC_NoError",
    Ending.REJECTED_LATE: "EC_Others",
}
_CANCELS = {
    Ending.ASKED: "CancelByUser",
    Ending.COUNTDOWN: "CancelByDCP",
    Ending.OWN: "CancelBySmp",
    Ending.REDUCE_ONLY: "CancelByReduceOnly",
    Ending.LIQUIDATION: "CancelAllBeforeLiq",
}
_MADE = {
    None: "CreateByUser",
    Forced.LIQUIDATION: "CreateByLiq",
    Forced.ADL: "CreateByAdl_PassThrough",
    Forced.SETTLEMENT: "CreateBySettle",
}
_EXECUTED = {
    None: "Trade",
    Forced.LIQUIDATION: "BustTrade",
    Forced.ADL: "AdlTrade",
    Forced.SETTLEMENT: "Settle",
}
TRANSFERRED = ("DEPOSIT", "WITHDRAW", "TRANSFER")
LOGGED = {
    None: "TRADE",
    Forced.LIQUIDATION: "LIQUIDATION",
    Forced.ADL: "ADL",
    Forced.SETTLEMENT: "DELIVERY",
}


def status_word(order: BookedOrder) -> str:
    """Writes where an order is in its life; a spot order that was canceled keeps what it had filled in its word."""
    word = _STATUSES[order.status]
    return (
        "PartiallyFilledCanceled" if word == "Cancelled" and order.filled and order.market.kind is Kind.SPOT else word
    )


def reason_word(order: BookedOrder) -> str:
    """Writes why an order ended."""
    return _REASONS[order.ending]


def cancel_word(order: BookedOrder) -> str:
    """Writes who canceled an order."""
    return _CANCELS.get(order.ending, "UNKNOWN")


def made_word(order: BookedOrder) -> str:
    """Writes who made an order."""
    return _MADE[order.forced]


def executed_word(order: BookedOrder) -> str:
    """Writes what kind of execution an order had."""
    return _EXECUTED[order.forced]


def logged_word(order: BookedOrder) -> str:
    """Writes as what the log of the account has what an execution brought."""
    return LOGGED[order.forced]


def flow_word(flow: Flow) -> str:
    """Returns what the log calls a change of the wallet that is no trade."""
    if flow.kind == "FUNDING_FEE":
        return "SETTLEMENT"
    if flow.kind in TRANSFERRED:
        return "TRANSFER_IN" if flow.amount > 0 else "TRANSFER_OUT"
    return flow.kind


def long_id(seed: str, kind: str, number: int) -> str:
    """Derives an id in the form of a UUID."""
    text = digest(seed, kind, str(number)).hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"


def ms(at: Instant) -> int:
    """Returns an instant in ms."""
    return at // NS_PER_MS


ZERO = Decimal(0)
