"""Requests to Binance as method, path and query. Whatever travels is in the query, of a POST as well.

A request that ends with a window is signed when it is sent; it is refused where it takes longer to arrive.
"""

from __future__ import annotations

from flatbook.engine.ports import ApprovedOrder
from flatbook.events.orders import OrderStyle
from flatbook.values.ids import OrderId
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.instruments import Instrument, Product, Side
from flatbook.values.money import ZERO, plain
from flatbook.venues.binance.line import RECV_WINDOW
from flatbook.venues.binance.markets import RIGHTS_PATH, Market
from flatbook.venues.client_ids import is_taken
from flatbook.venues.http import Request

WINDOW_MS = 3000
TRADES_MAX = 1000  # Source: Spot myTrades, USD-M userTrades: the largest limit
INCOME_MAX = 1000  # Source: USD-M Get Income History: the largest limit
FLOWS_MAX = 1000  # Source: Wallet API, Deposit History and Withdraw History: the largest limit
TRANSFERS_MAX = 100  # Source: Wallet API, Query User Universal Transfer History: the largest size
SELF_TRADE = "EXPIRE_MAKER"  # what rests of ours gives way to what we need now
FUNDING = "FUNDING_FEE"
INCOME_KINDS = (FUNDING, "TRANSFER", "INSURANCE_CLEAR", "COMMISSION_REBATE")
"""Those of the income that are asked for by name, all of the last days; the others come with what was booked lately."""

_WINDOW = (RECV_WINDOW, str(WINDOW_MS))
_BUYS, _SELLS, _REDUCING = ("side", "BUY"), ("side", "SELL"), (("reduceOnly", "true"),)
_ENDING = (("newOrderRespType", "RESULT"), ("selfTradePreventionMode", SELF_TRADE), _WINDOW)
_Query = tuple[str, str]
_BUY, _POST_ONLY, _SPOT = Side.BUY, OrderStyle.POST_ONLY, Product.SPOT  # the name of a member is looked up slowly
_AT_MARKET, _MAKER = ("type", "MARKET"), ("type", "LIMIT_MAKER")
_LASTING = {
    style: (("type", "LIMIT"), ("timeInForce", word))
    for style, word in ((OrderStyle.LIMIT, "GTC"), (OrderStyle.IOC, "IOC"), (OrderStyle.POST_ONLY, "GTX"))
}


def flaw_of_order(order: ApprovedOrder, instrument: Instrument) -> str | None:
    """Returns why Binance would refuse an order whatever the market does, None when it would not."""
    rules, limit = instrument.rules, order.limit
    if not is_taken("binance", order.order_id):
        return "its id is none that Binance takes"
    if not order.qty >= rules.qty_min:
        return f"quantity {plain(order.qty)} is below {plain(rules.qty_min)}"
    if limit is None:
        return None if order.style is OrderStyle.LIMIT else "an order without a limit has no style"
    if not limit > ZERO:
        return f"limit {plain(limit)} is not above zero"
    return None


def place_request(market: Market, order: ApprovedOrder, *, symbol: str) -> Request:
    """Returns the request that places an order.

    Gives: one of a key of its own against trading with ourselves; no id of a broker. Spot has no word for an order that
    only reduces: what it sells is there.
    """
    limit, is_spot, qty = order.limit, market.product is _SPOT, ("quantity", plain(order.qty))
    if limit is None:
        terms: tuple[_Query, ...] = (_AT_MARKET, qty)
    elif is_spot and order.style is _POST_ONLY:
        terms = (_MAKER, qty, ("price", plain(limit)))
    else:
        terms = (*_LASTING[order.style], qty, ("price", plain(limit)))
    if order.reduce_only and not is_spot:
        terms += _REDUCING
    query = (
        ("symbol", symbol),
        _BUYS if order.side is _BUY else _SELLS,
        *terms,
        ("newClientOrderId", order.order_id),
        *_ENDING,
    )
    return Request(method="POST", path=market.order, query=query)


def cancel_request(market: Market, order_id: OrderId, *, symbol: str) -> Request:
    """Returns the request that asks to cancel an order by our id."""
    return _signed("DELETE", market.order, ("symbol", symbol), ("origClientOrderId", order_id))


def cancel_all_request(market: Market, *, symbol: str) -> Request:
    """Returns the request that asks to cancel every open order of a symbol, whoever placed it."""
    return _signed("DELETE", market.all_open_orders, ("symbol", symbol))


def find_request(market: Market, order_id: OrderId, *, symbol: str) -> Request:
    """Returns the request for an order by our id."""
    return _signed("GET", market.order, ("symbol", symbol), ("origClientOrderId", order_id))


def order_request(market: Market, number: int, *, symbol: str) -> Request:
    """Returns the request for an order by the number of Binance."""
    return _signed("GET", market.order, ("symbol", symbol), ("orderId", str(number)))


def open_orders_request(market: Market, symbol: str | None = None) -> Request:
    """Returns the request for all open orders, or for those of one symbol."""
    return _signed("GET", market.open_orders, *((("symbol", symbol),) if symbol is not None else ()))


def trades_request(market: Market, *, symbol: str, after: int | None, first_from: Instant) -> Request:
    """Returns the request for the executions of a symbol after one, oldest first; without one, since an instant."""
    start = ("startTime", str(first_from // NS_PER_MS)) if after is None else ("fromId", str(after + 1))
    return _signed("GET", market.trades, ("symbol", symbol), start, ("limit", str(TRADES_MAX)))


def trades_of_order_request(market: Market, number: int, *, symbol: str) -> Request:
    """Returns the request for the executions of one order."""
    return _signed("GET", market.trades, ("symbol", symbol), ("orderId", str(number)), ("limit", str(TRADES_MAX)))


def time_request(market: Market) -> Request:
    """Returns the request for the clock of Binance."""
    return Request(method="GET", path=market.time)


def rules_request(market: Market) -> Request:
    """Returns the request for all symbols with their rules."""
    return Request(method="GET", path=market.rules)


def rights_request() -> Request:
    """Returns the request for what the key may do. Source: Wallet API, Get API Key Permission."""
    return _signed("GET", RIGHTS_PATH)


def spot_account_request() -> Request:
    """Returns the request for what a spot account holds."""
    return _signed("GET", "/api/v3/account", ("omitZeroBalances", "true"))


def positions_request() -> Request:
    """Returns the request for all positions of USD-M."""
    return _signed("GET", "/fapi/v3/positionRisk")


def balances_request() -> Request:
    """Returns the request for the wallets of USD-M."""
    return _signed("GET", "/fapi/v3/balance")


def position_mode_request() -> Request:
    """Returns the request that tells one-way mode from hedge mode."""
    return _signed("GET", "/fapi/v1/positionSide/dual")


def margin_assets_request() -> Request:
    """Returns the request that tells whether positions share the margin of several assets."""
    return _signed("GET", "/fapi/v1/multiAssetsMargin")


def symbol_settings_request(symbol: str) -> Request:
    """Returns the request for the margin mode and leverage of a symbol."""
    return _signed("GET", "/fapi/v1/symbolConfig", ("symbol", symbol))


def income_request(kind: str, *, first_from: Instant, until: Instant) -> Request:
    """Returns the request for what was booked between two instants, oldest first; of all kinds for an empty one."""
    span, kinds = _span(first_from, until), (("incomeType", kind),) if kind else ()
    return _signed("GET", "/fapi/v1/income", *kinds, *span, ("limit", str(INCOME_MAX)))


def deposits_request(first_from: Instant, until: Instant) -> Request:
    """Returns the request for what came into the account from outside. Source: Wallet API, Deposit History."""
    return _signed("GET", "/sapi/v1/capital/deposit/hisrec", *_span(first_from, until), ("limit", str(FLOWS_MAX)))


def withdrawals_request(first_from: Instant, until: Instant) -> Request:
    """Returns the request for what left the account. Source: Wallet API, Withdraw History."""
    return _signed("GET", "/sapi/v1/capital/withdraw/history", *_span(first_from, until), ("limit", str(FLOWS_MAX)))


def transfers_request(way: str, first_from: Instant, until: Instant) -> Request:
    """Returns the request for transfers of one kind between wallets of the account, the newest ones.

    Source: Wallet API, Query User Universal Transfer History.
    """
    size = ("size", str(TRANSFERS_MAX))
    return _signed("GET", "/sapi/v1/asset/transfer", ("type", way), *_span(first_from, until), size)


def countdown_request(*, symbol: str, countdown_ms: int) -> Request:
    """Returns the request after which Binance cancels a symbol's orders unless it comes again; 0 ends that."""
    return _signed("POST", "/fapi/v1/countdownCancelAll", ("symbol", symbol), ("countdownTime", str(countdown_ms)))


def listen_key_request(method: str) -> Request:
    """Returns the request that makes (POST) or prolongs (PUT) the key of a stream; the API key alone proves it."""
    return Request(method=method, path="/fapi/v1/listenKey")


def _span(first_from: Instant, until: Instant) -> tuple[_Query, _Query]:
    return ("startTime", str(first_from // NS_PER_MS)), ("endTime", str(until // NS_PER_MS))


def _signed(method: str, path: str, *query: _Query) -> Request:
    return Request(method=method, path=path, query=(*query, _WINDOW))
