"""The resources of the simulated Schwab as it writes them: orders, accounts and the hours of the market.

Numbers are JSON numbers with a fraction, instants whole seconds with +0000, as in recorded answers. Source: Trader
API; the recorded order of ST0x-Technology/schwab, order_status.rs.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from flatbook.sim.alpaca.checks import buying_power
from flatbook.sim.alpaca.ledger import ENDED, REGULAR, BookedOrder, Ledger, View
from flatbook.sim.schwab.terms import SchwabTerms
from flatbook.values.instants import NS_PER_S, Instant, text_of_instant
from flatbook.values.money import ZERO, cut, lower_to, plain
from flatbook.values.sessions import Session, SessionKind, is_trading_day, sessions_of
from flatbook.values.us_eastern import eastern_clock_of, eastern_offset_s, instant_of_eastern, second_of_clock

PRE_MARKET_OPENS = second_of_clock("07:00")  # Source: Market Data API, GET markets, its example
ORDER_BASE = 1_004_055_538_000
ACTIVITY_BASE = 102_102_000_000
STATUSES = {
    "pending_new": "ACCEPTED",
    "accepted": "PENDING_ACTIVATION",
    "held": "AWAITING_MANUAL_REVIEW",
    "new": "WORKING",
    "partially_filled": "WORKING",
    "pending_cancel": "PENDING_CANCEL",
    "filled": "FILLED",
    "canceled": "CANCELED",
    "expired": "EXPIRED",
    "rejected": "REJECTED",
    "pending_replace": "PENDING_REPLACE",
    "replaced": "REPLACED",
}
MARKETS = {
    SessionKind.EARLY: "preMarket",
    SessionKind.REGULAR: "regularMarket",
    SessionKind.LATE: "postMarket",
}

CUSTOMER, CORRELATION, CHANNEL, FUNCTION = "customer-of-flatbook", "correlation-of-flatbook", "N9", "APIAPP"

Page = dict[str, object]


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    """An order under its number, with the session and the instruction that were asked for."""

    number: int
    order: BookedOrder
    session: str
    instruction: str


def order_page(ledger: Ledger, listed: Numbered, view: View, as_of: Instant, *, activity_ids: bool) -> Page:
    """Returns an order as it looked in a view, with the executions that had happened by an instant."""
    order = listed.order
    page: Page = {
        "session": listed.session,
        "duration": "DAY",
        "orderType": "MARKET" if order.limit is None else "LIMIT",
        "complexOrderStrategyType": "NONE",
        "quantity": number(order.qty),
        "filledQuantity": number(view.filled),
        "remainingQuantity": number(ZERO if view.status in ENDED else max(order.qty - view.filled, ZERO)),
        "requestedDestination": "AUTO",
        "destinationLinkName": "AutoRoute",
        "orderLegCollection": [
            {
                "orderLegType": "EQUITY",
                "legId": 1,
                "instrument": {"assetType": "EQUITY", "symbol": order.symbol, "instrumentId": 4_430_271},
                "instruction": listed.instruction,
                "positionEffect": "OPENING" if listed.instruction in ("BUY", "SELL_SHORT") else "CLOSING",
                "quantity": number(order.qty),
            }
        ],
        "orderStrategyType": "SINGLE",
        "orderId": listed.number,
        "cancelable": view.status not in ENDED,
        "editable": False,
        "status": STATUSES[view.status],
        "enteredTime": time_text(order.taken_at),
        "accountNumber": int(order.account_id),
    }
    if order.limit is not None:
        page["price"] = number(order.limit)
    if view.status in ENDED:
        page["closeTime"] = time_text(view.at)
    activities = _activities(ledger, order, as_of, activity_ids=activity_ids)
    return page | ({"orderActivityCollection": activities} if activities else {})


def _activities(ledger: Ledger, order: BookedOrder, as_of: Instant, *, activity_ids: bool) -> list[Page]:
    activities: list[Page] = []
    for place, execution in enumerate(ledger.executions):
        if execution.order is not order or execution.at > as_of:
            continue
        activity: Page = {
            "activityType": "EXECUTION",
            "executionType": "FILL",
            "quantity": number(execution.qty),
            "orderRemainingQuantity": number(order.qty - execution.total),
            "executionLegs": [
                {
                    "legId": 1,
                    "quantity": number(execution.qty),
                    "mismarkedQuantity": number(ZERO),
                    "price": number(execution.price),
                    "time": time_text(execution.at),
                    "instrumentId": 4_430_271,
                }
            ],
        }
        activities.append(activity | ({"activityId": ACTIVITY_BASE + place} if activity_ids else {}))
    return activities


def account_page(ledger: Ledger, account: str, as_of: Instant, *, decimals: int, positions: bool) -> Page:
    """Returns balances of an account, and its positions where they are asked for and there are some."""
    cash = number(lower_to(ledger.cash(account, as_of), decimals=decimals))
    power = number(lower_to(buying_power(account, ledger, as_of), decimals=decimals))
    balances = {"cashBalance": cash, "availableFunds": power, "buyingPower": power}
    content: Page = {
        "type": "MARGIN",
        "accountNumber": account,
        "roundTrips": 0,
        "isDayTrader": False,
        "isClosingOnlyRestricted": False,
        "initialBalances": {"cashBalance": number(ledger.opened[account].cash)},
        "currentBalances": balances,
        "projectedBalances": {"availableFunds": power},
    }
    held = ledger.holdings(account, as_of)
    if positions and held:
        content["positions"] = [_position(symbol, held[symbol]) for symbol in sorted(held)]
    return {"securitiesAccount": content}


def _position(symbol: str, qty: Decimal) -> Page:
    return {
        "shortQuantity": number(max(-qty, ZERO)),
        "longQuantity": number(max(qty, ZERO)),
        "instrument": {"assetType": "EQUITY", "symbol": symbol},
    }


def hours_page(day: date) -> Page:
    """Returns the hours of the stock market on a day; a closed one states no sessions."""
    market: Page = {
        "date": day.isoformat(),
        "marketType": "EQUITY",
        "category": "EQUITY",
        "product": "EQ",
        "productName": "equity",
        "isOpen": is_trading_day(day),
    }
    if is_trading_day(day):
        market["sessionHours"] = {
            MARKETS[session.kind]: [{"start": _local(_opens_at(session)), "end": _local(session.closes_at)}]
            for session in sessions_of(day)
            if session.kind in (*REGULAR, *MARKETS)
        }
    return {"equity": {"EQ": market}}


def _opens_at(session: Session) -> Instant:
    return max(session.opens_at, instant_of_eastern(session.trade_date, PRE_MARKET_OPENS))


def number(value: Decimal) -> msgspec.Raw:
    """Returns a number as Schwab writes it: with a fraction, if only of zero."""
    text = plain(value)
    return msgspec.Raw((f"{text}.0" if value == cut(value, decimals=0) and "." not in text else text).encode())


def time_text(at: Instant) -> str:
    """Returns an instant in whole seconds with +0000."""
    return text_of_instant(Instant(at // NS_PER_S * NS_PER_S)).replace("Z", "+0000")


def _local(at: Instant) -> str:
    day, second = eastern_clock_of(at)
    hours = -eastern_offset_s(at) // 3600
    return f"{day.isoformat()}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}-{hours:02d}:00"


def preference_page(terms: SchwabTerms) -> Page:
    """Returns what a client must know to stream, and the accounts it may see."""
    return {
        "accounts": [
            {
                "accountNumber": account,
                "primaryAccount": place == 0,
                "type": "BROKERAGE",
                "nickName": "Individual",
                "displayAcctId": f"...{account[-3:]}",
                "autoPositionEffect": False,
                "accountColor": "Green",
            }
            for place, account in enumerate(terms.hashes)
        ],
        "streamerInfo": [
            {
                "streamerSocketUrl": terms.streamer_url,
                "schwabClientCustomerId": CUSTOMER,
                "schwabClientCorrelId": CORRELATION,
                "schwabClientChannel": CHANNEL,
                "schwabClientFunctionId": FUNCTION,
            }
        ],
        "offers": [{"level2Permissions": True, "mktDataPermission": "NP"}],
    }
