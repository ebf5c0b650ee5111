"""The resources of the simulated Alpaca as it writes them: orders, positions, account, assets, clock and calendar.

Source: docs.alpaca.markets, Working with /orders, /positions, /account, /assets; the fields of alpaca-py's fixtures.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from flatbook.sim.alpaca.checks import buying_power
from flatbook.sim.alpaca.ledger import ENDED, REGULAR, BookedOrder, Ledger, View
from flatbook.sim.alpaca.terms import INVALID, NOT_FOUND, Asset, Refused
from flatbook.values.instants import NS_PER_S, Instant, InstantRefused, instant_of_text, text_of_instant
from flatbook.values.money import ZERO, NumberRefused, cut, divide_cut, lower_to, parse_number, plain
from flatbook.values.sessions import hours_on, is_trading_day, next_session, next_trading_day, session_at
from flatbook.values.us_eastern import eastern_clock_of, eastern_offset_s

ORDERS_DEFAULT = 50
ORDERS_MAX = 500
CALENDAR_DAYS_MAX = 366
PRICE_DECIMALS = 6

NOT_KEPT = (
    "previous_close",
    "last_cash",
    "last_long_market_value",
    "last_short_market_value",
    "last_initial_margin",
    "last_regt_buying_power",
    "last_buying_power",
)

Page = dict[str, object]
Query = Mapping[str, str]


def order_page(ledger: Ledger, order: BookedOrder, view: View) -> Page:
    """Returns an order as it looked in a view."""
    average = divide_cut(view.paid, view.filled, decimals=PRICE_DECIMALS) if view.filled else None
    kind = "market" if order.limit is None else "limit"
    return {
        "id": order.id,
        "client_order_id": order.client_id,
        "created_at": text_of_instant(order.taken_at),
        "updated_at": text_of_instant(view.at),
        "submitted_at": text_of_instant(order.taken_at),
        "filled_at": _text(view.filled_at),
        "expired_at": _text(view.expired_at),
        "canceled_at": _text(view.canceled_at),
        "failed_at": _text(view.failed_at),
        "replaced_at": _text(view.replaced_at),
        "replaced_by": order.replaced_by if view.replaced_at else None,
        "replaces": order.replaces,
        "asset_id": ledger.derived_id("asset", order.symbol),
        "symbol": order.symbol,
        "asset_class": "us_equity",
        "notional": None,
        "qty": plain(order.qty),
        "filled_qty": plain(view.filled),
        "filled_avg_price": None if average is None else plain(average),
        "order_class": "",
        "order_type": kind,
        "type": kind,
        "side": "buy" if order.sign > 0 else "sell",
        "time_in_force": "day",
        "limit_price": None if order.limit is None else plain(order.limit),
        "stop_price": None,
        "status": view.status,
        "extended_hours": order.extended,
        "legs": None,
        "trail_percent": None,
        "trail_price": None,
        "hwm": None,
    }


def _text(at: Instant | None) -> str | None:
    return None if at is None else text_of_instant(at)


def orders_page(ledger: Ledger, account_id: str, query: Query, as_of: Instant) -> list[Page] | Refused:
    """Returns the orders of an account that a query asks for, by the time they were submitted.

    Source: docs.alpaca.markets, Get All Orders: open ones by default, 50 of at most 500, the newest first, `after`
    and `until` without their own instant.
    """
    try:
        limit = int(query.get("limit", str(ORDERS_DEFAULT)))
        after = instant_of_text(query["after"]) if "after" in query else None
        until = instant_of_text(query["until"]) if "until" in query else None
    except (InstantRefused, ValueError) as error:
        return Refused(status=422, code=INVALID, message=f"invalid query: {error}")
    if not 0 < limit <= ORDERS_MAX:
        return Refused(status=422, code=INVALID, message=f"limit must be between 1 and {ORDERS_MAX}")
    wanted, symbols = query.get("status", "open"), query.get("symbols")
    found = []
    for order in ledger.orders.values():
        view = order.seen_at(as_of)
        if view is None or order.account_id != account_id or not _is_wanted(view, wanted):
            continue
        if (after is not None and order.taken_at <= after) or (until is not None and order.taken_at >= until):
            continue
        if symbols is None or order.symbol in symbols.split(","):
            found.append(order_page(ledger, order, view))
    return (found if query.get("direction") == "asc" else found[::-1])[:limit]


def _is_wanted(view: View, wanted: str) -> bool:
    return wanted == "all" or (view.status in ENDED) == (wanted == "closed")


def positions_page(ledger: Ledger, account_id: str, as_of: Instant) -> list[Page]:
    """Returns the positions of an account; one of zero is no position."""
    held = ledger.holdings(account_id, as_of)
    return [_position(ledger, account_id, symbol, held[symbol], as_of) for symbol in sorted(held)]


def position_page(ledger: Ledger, account_id: str, symbol: str, as_of: Instant) -> Page | Refused:
    """Returns one position."""
    qty = ledger.holdings(account_id, as_of).get(symbol)
    if qty is None:
        return Refused(status=404, code=NOT_FOUND, message="position does not exist")
    return _position(ledger, account_id, symbol, qty, as_of)


def _position(ledger: Ledger, account_id: str, symbol: str, qty: Decimal, as_of: Instant) -> Page:
    price = ledger.price(symbol, as_of) or ZERO
    bound = [order.rest for order in ledger.open_orders(account_id) if order.symbol == symbol and order.sign * qty < 0]
    entry = entry_price(ledger, account_id, symbol, as_of)
    return {
        "asset_id": ledger.derived_id("asset", symbol),
        "symbol": symbol,
        "exchange": "NASDAQ",
        "asset_class": "us_equity",
        "qty": plain(qty),
        "qty_available": plain(abs(qty) - sum(bound, ZERO)),
        "side": "long" if qty > ZERO else "short",
        "avg_entry_price": plain(entry),
        "cost_basis": plain(lower_to(qty * entry, decimals=2)),
        "unrealized_pl": plain(lower_to(qty * (price - entry), decimals=2)),
        "market_value": plain(lower_to(qty * price, decimals=2)),
        "current_price": plain(price),
        "asset_marginable": False,
    }


def closing_fields(symbol: str, held: Decimal, query: Query) -> dict[str, object] | Refused:
    """Returns the order that closes a position, or the part of it that a query asks for."""
    try:
        qty = parse_number(query["qty"]) if "qty" in query else abs(held)
        if "percentage" in query:
            qty = cut(abs(held) * parse_number(query["percentage"]).scaleb(-2), decimals=9)
    except NumberRefused as error:
        return Refused(status=422, code=INVALID, message=f"invalid query: {error}")
    side = "sell" if held > ZERO else "buy"
    return {"symbol": symbol, "qty": plain(qty), "side": side, "type": "market", "time_in_force": "day"}


def entry_price(ledger: Ledger, account_id: str, symbol: str, as_of: Instant) -> Decimal:
    """Returns what a share of a position cost on average; one that was there from the start cost nothing.

    Units: USD a share, cut to PRICE_DECIMALS.
    """
    held, entry = Decimal(ledger.opened[account_id].holdings.get(symbol, ZERO)), ZERO
    for execution in ledger.executions:
        order = execution.order
        if order.account_id != account_id or order.symbol != symbol or execution.at > as_of:
            continue
        moved = order.sign * execution.qty
        if held * moved < ZERO:
            entry = entry if abs(moved) <= abs(held) else execution.price
        else:
            cost = held * entry + moved * execution.price
            entry = divide_cut(cost, held + moved, decimals=PRICE_DECIMALS)
        held += moved
    return entry


def account_page(ledger: Ledger, account_id: str, as_of: Instant, *, decimals: int) -> Page:
    """Returns cash and buying power of an account. Units: USD, cash cut to `decimals`.

    Gives: the superset of both APIs; what the books do not keep, as the values of the last close, is null.
    """
    cash = ledger.cash(account_id, as_of)
    value = sum(
        (qty * (ledger.price(symbol, as_of) or ZERO) for symbol, qty in ledger.holdings(account_id, as_of).items()),
        ZERO,
    )
    power = plain(lower_to(buying_power(account_id, ledger, as_of), decimals=2))
    return {
        "id": account_id,
        "account_number": account_id[:8],
        "status": "ACTIVE",
        "currency": "USD",
        "cash": plain(cut(cash, decimals=decimals)),
        "cash_withdrawable": plain(cut(max(cash, ZERO), decimals=2)),
        "cash_transferable": plain(cut(max(cash, ZERO), decimals=2)),
        "portfolio_value": plain(cut(cash + value, decimals=2)),
        "equity": plain(cut(cash + value, decimals=2)),
        "buying_power": power,
        "non_marginable_buying_power": power,
        "multiplier": "1",
        "trading_blocked": False,
        "transfers_blocked": False,
        "account_blocked": False,
        "trade_suspended_by_user": False,
        "shorting_enabled": ledger.opened[account_id].may_short,
        "clearing_broker": "ALPACA_APCA",
        **dict.fromkeys(NOT_KEPT),
    }


def asset_page(ledger: Ledger, asset: Asset | None, symbol: str) -> Page | Refused:
    """Returns an asset."""
    if asset is None:
        return Refused(status=404, code=NOT_FOUND, message=f"asset not found for {symbol}")
    return {
        "id": ledger.derived_id("asset", asset.symbol),
        "class": "us_equity",
        "exchange": asset.exchange,
        "symbol": asset.symbol,
        "name": f"{asset.symbol} Common Stock",
        "status": "active" if asset.active else "inactive",
        "tradable": asset.tradable,
        "marginable": False,
        "shortable": asset.shortable,
        "easy_to_borrow": asset.shortable,
        "fractionable": asset.fractionable,
        "attributes": ["overnight_tradable"] if asset.overnight else [],
    }


def assets_page(ledger: Ledger, assets: tuple[Asset, ...], query: Query) -> list[Page]:
    """Returns the assets that a query asks for by status and exchange."""
    status, exchange = query.get("status"), query.get("exchange")
    return [
        page
        for asset in assets
        if isinstance(page := asset_page(ledger, asset, asset.symbol), dict)
        and status in (None, page["status"])
        and exchange in (None, page["exchange"])
    ]


def clock_page(now: Instant) -> Page:
    """Returns whether the regular session is on, and when it opens and closes next, on clocks of New York."""
    is_open = session_at(now).kind in REGULAR
    session = next_session(now, REGULAR)
    opens_at = next_session(session.closes_at, REGULAR).opens_at if is_open else session.opens_at
    return {
        "timestamp": _eastern_text(now),
        "is_open": is_open,
        "next_open": _eastern_text(opens_at),
        "next_close": _eastern_text(session.closes_at),
    }


def _eastern_text(at: Instant) -> str:
    offset_s = eastern_offset_s(at)
    local = text_of_instant(Instant(at + offset_s * NS_PER_S))
    return f"{local.removesuffix('Z')}-{-offset_s // 3600:02d}:00"


def calendar_page(query: Query, now: Instant) -> list[Page] | Refused:
    """Returns the trading days from `start` to `end`, both included, with the hours of each."""
    today = eastern_clock_of(now)[0]
    try:
        day = date.fromisoformat(query["start"]) if "start" in query else today
        end = date.fromisoformat(query["end"]) if "end" in query else day
    except ValueError:
        return Refused(status=422, code=INVALID, message="start and end are dates such as 2025-01-06")
    days = []
    for _ in range(CALENDAR_DAYS_MAX):
        if day > end:
            break
        if is_trading_day(day):
            days.append(_day(day))
        day += timedelta(days=1)
    return days


def _day(day: date) -> Page:
    hours = hours_on(day)
    return {
        "date": day.isoformat(),
        "open": _clock_text(hours.regular_opens, ":"),
        "close": _clock_text(hours.regular_closes, ":"),
        "session_open": _clock_text(hours.early_opens, ""),
        "session_close": _clock_text(hours.late_closes, ""),
        "settlement_date": next_trading_day(day).isoformat(),
    }


def _clock_text(second: int, between: str) -> str:
    hour, rest = divmod(second, 3600)
    return f"{hour:02d}{between}{rest // 60:02d}"
