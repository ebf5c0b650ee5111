"""Calls to the simulated Binance spot over a stream: what paths do too, and the stream of an account.

A call is signed over its parameters in the order of their names. Keys with HMAC cannot log a session on: they subscribe
with a signature. Source: Binance documentation, WebSocket API of Spot: Request Security, User Data Stream Requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from flatbook.sim.exchange.accounts import Account
from flatbook.sim.exchange.binance import spot
from flatbook.sim.exchange.binance.callers import account_of_key, check_signed
from flatbook.sim.exchange.binance.calls import Call, Needs
from flatbook.sim.exchange.binance.words import Refused, ms
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.terms import Kind
from flatbook.values.instants import NS_PER_MS, Instant

if TYPE_CHECKING:
    from flatbook.sim.exchange.binance.streams import Listener

Page = dict[str, object]
PATHS = {
    "ping": ("GET", "/api/v3/ping"),
    "time": ("GET", "/api/v3/time"),
    "exchangeInfo": ("GET", "/api/v3/exchangeInfo"),
    "depth": ("GET", "/api/v3/depth"),
    "order.place": ("POST", "/api/v3/order"),
    "order.test": ("POST", "/api/v3/order/test"),
    "order.status": ("GET", "/api/v3/order"),
    "order.cancel": ("DELETE", "/api/v3/order"),
    "openOrders.status": ("GET", "/api/v3/openOrders"),
    "openOrders.cancelAll": ("DELETE", "/api/v3/openOrders"),
    "account.status": ("GET", "/api/v3/account"),
    "myTrades": ("GET", "/api/v3/myTrades"),
}
SUBSCRIBE, UNSUBSCRIBE = "userDataStream.subscribe.signature", "userDataStream.unsubscribe"
NO_METHOD = Refused(code=-1000, msg="Unknown method.")
NO_SESSION = Refused(code=-2014, msg="The session is not authenticated: log on with an Ed25519 key.", status=401)


def take_call(exchange: Exchange, listener: Listener, said: str | bytes, now: Instant) -> None:
    """Takes one call and answers it on its stream."""
    try:
        asked = msgspec.json.decode(said, type=dict[str, object])
    except msgspec.MsgspecError:
        listener.answer({"id": None, "status": 400, "error": {"code": -1000, "msg": "JSON is malformed."}})
        return
    method, params = str(asked.get("method", "")), asked.get("params")
    named = params if isinstance(params, dict) else {}
    told = _answer(exchange, listener, method, {name: _text(value) for name, value in named.items()}, now)
    head: Page = {"id": asked.get("id")}
    if isinstance(told, Refused):
        listener.answer({**head, "status": told.status, "error": {"code": told.code, "msg": told.msg}})
    else:
        listener.answer({**head, "status": 200, "result": told, "rateLimits": []})


def _answer(exchange: Exchange, listener: Listener, method: str, params: dict[str, str], now: Instant) -> object:
    told_at = Instant(now + exchange.faults.skew_ms(method) * NS_PER_MS)
    if method == UNSUBSCRIBE:
        listener.subscription, listener.account = None, None
        return {}
    if method in ("userDataStream.subscribe", "session.logon", "session.status"):
        return NO_SESSION
    route = spot.ROUTES[PATHS[method]] if method in PATHS else None
    if route is None and method != SUBSCRIBE:
        return NO_METHOD
    is_open = route is not None and route.needs is Needs.NOTHING
    caller = None if is_open else _caller(exchange, params, told_at)
    if isinstance(caller, Refused):
        return caller
    if route is None:
        return NO_METHOD if caller is None else _subscribe(listener, caller)
    words = {name: value for name, value in params.items() if name not in ("apiKey", "signature")}
    return route.act(Call(exchange=exchange, kind=Kind.SPOT, params=words, now=now, told_at=told_at, caller=caller))


def _subscribe(listener: Listener, account: Account) -> object:
    listener.account = account.name
    listener.subscription = 0 if listener.subscription is None else listener.subscription
    return {"subscriptionId": listener.subscription}


def _caller(exchange: Exchange, params: dict[str, str], now: Instant) -> Account | Refused:
    account = account_of_key(exchange, params.get("apiKey", ""))
    if isinstance(account, Refused):
        return account
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")
    refused = check_signed(account, payload, params, now)
    return account if refused is None else refused


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else str(value)


def terminated(now: Instant) -> Page:
    """Writes that the stream of an account is over."""
    return {"e": "eventStreamTerminated", "E": ms(now)}
