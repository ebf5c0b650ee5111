"""The desk of the simulated Binance at which requests arrive: who asks, how often, for what. Pure: no bytes travel."""

from __future__ import annotations

from urllib.parse import parse_qsl

from flatbook.sim.exchange.accounts import Account
from flatbook.sim.exchange.binance import spot, usdm
from flatbook.sim.exchange.binance.callers import account_of_key, check_signed, without_signature
from flatbook.sim.exchange.binance.calls import Call, Needs, Route
from flatbook.sim.exchange.binance.rates import Rates
from flatbook.sim.exchange.binance.streams import Streams
from flatbook.sim.exchange.binance.words import Refused
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.terms import Kind
from flatbook.sim.exchange.wholes import is_whole
from flatbook.sim.network.http_broker import Ask, Told
from flatbook.values.instants import NS_PER_MS, Instant

ROUTES: dict[tuple[str, str], Route] = {**spot.ROUTES, **usdm.ROUTES}
USER_STREAM = "/fapi/v1/listenKey"
WHOLE = ("orderId", "fromId", "limit", "startTime", "endTime", "timestamp", "leverage", "countdownTime")
NO_STREAM = Refused(code=-1125, msg="This listenKey does not exist.")


class Front:
    """All paths of one Binance. `requests` counts what was asked by verb, such as `POST /fapi/v1/order`."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.streams = Streams(exchange)
        self.requests: dict[str, int] = {}
        self._rates = {kind: Rates(exchange.terms.orders_per_10s) for kind in Kind}

    def verb_of(self, ask: Ask) -> str:
        """Returns the name by which faults know a request."""
        return f"{ask.method} {ask.path}"

    def ask(self, ask: Ask, now: Instant) -> Told:
        """Takes one request, lets it have its effect, and returns the answer."""
        self.exchange.advance(now)
        verb = self.verb_of(ask)
        self.exchange.meddles(verb)
        self.requests[verb] = self.requests.get(verb, 0) + 1
        rates = self._rates[Kind.PERP if ask.path.startswith("/fapi") else Kind.SPOT]
        caller = account_of_key(self.exchange, ask.headers.get("x-mbx-apikey", ""))
        account = caller.name if isinstance(caller, Account) else None
        content = self._answer(ask, rates, caller, now)
        headers = rates.headers(account, now)
        if isinstance(content, Refused):
            if content.wait_s:
                headers["Retry-After"] = str(content.wait_s)
            return Told(status=content.status, content={"code": content.code, "msg": content.msg}, headers=headers)
        return Told(status=200, content=content, headers=headers)

    def _answer(self, ask: Ask, rates: Rates, caller: Account | Refused, now: Instant) -> object:
        verb, faults = self.verb_of(ask), self.exchange.faults
        route = ROUTES.get((ask.method, ask.path))
        is_stream = ask.path == USER_STREAM
        if route is None and not is_stream:
            return Refused(code=-5000, msg=f"Path {ask.path}, Method {ask.method} is invalid", status=404)
        if faults.refuses_caller(verb):
            return Refused(code=-2015, msg="Invalid API-key, IP, or permissions for action.", status=401)
        weight_max = faults.requests_per_minute(self.exchange.terms.weight_per_minute)
        refused = rates.refuse(1 if route is None else route.weight, weight_max, now)
        if refused is not None:
            return refused
        if faults.ends_listen_key(verb):
            self.streams.end_keys()
        if route is None:
            return caller if isinstance(caller, Refused) else self._user_stream(ask.method, caller, now)
        return self._called(ask, route, rates, caller, now)

    def _called(self, ask: Ask, route: Route, rates: Rates, caller: Account | Refused, now: Instant) -> object:
        told_at = Instant(now + self.exchange.faults.skew_ms(self.verb_of(ask)) * NS_PER_MS)
        body = ask.body.decode(errors="replace")
        params = dict(parse_qsl(ask.raw_query, keep_blank_values=True)) | dict(parse_qsl(body, keep_blank_values=True))
        flawed = next((name for name in WHOLE if params.get(name) and not is_whole(params[name])), None)
        if flawed is not None:
            return Refused(code=-1100, msg=f"Illegal characters found in parameter '{flawed}'; legal range is digits.")
        if route.needs is not Needs.NOTHING:
            if isinstance(caller, Refused):
                return caller
            payload = without_signature(ask.raw_query) + without_signature(body)
            refused = check_signed(caller, payload, params, told_at) if route.needs is Needs.SIGNATURE else None
            if refused is None and route.places:
                refused = rates.refuse_order(caller.name, now)
            if refused is not None:
                return refused
        call = Call(
            exchange=self.exchange,
            kind=Kind.PERP if ask.path.startswith("/fapi") else Kind.SPOT,
            params=params,
            now=now,
            told_at=told_at,
            caller=caller if isinstance(caller, Account) else None,
            lag_ms=self.exchange.faults.read_lag_ms(self.verb_of(ask)) if ask.method == "GET" else 0,
        )
        return self._in_strange_words(route.act(call), self.verb_of(ask))

    def _user_stream(self, method: str, account: Account, now: Instant) -> object:
        """Makes, keeps or ends the key of an account's stream."""
        if method == "POST":
            return {"listenKey": self.streams.make_key(account.name, now)}
        if method == "PUT":
            key = self.streams.keep_key(account.name, now)
            return NO_STREAM if key is None else {"listenKey": key}
        self.streams.drop_key(account.name)
        return {}

    def _in_strange_words(self, content: object, verb: str) -> object:
        """Lets faults name another status, or another order."""
        if not isinstance(content, dict) or "status" not in content or "orderId" not in content:
            return content
        strange = self.exchange.faults.strange_status(verb)
        if strange is not None:
            content = {**content, "status": strange}
        if self.exchange.faults.names_neighbour(verb):
            content = {**content, "orderId": content["orderId"] - 1}
        return content
