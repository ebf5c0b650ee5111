"""The desk of the simulated Bybit at which requests arrive: who asks, how often, for what. Pure: no bytes travel.

Source: Bybit V5 documentation: Integration Guidance (signature and time), Rate Limit.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qsl

import msgspec

from flatbook.sim.exchange.accounts import Account
from flatbook.sim.exchange.bybit.calls import Call, Route, Words
from flatbook.sim.exchange.bybit.routes import ROUTES
from flatbook.sim.exchange.bybit.streams import Streams
from flatbook.sim.exchange.bybit.words import Refused, ms, wrong
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.wholes import is_whole
from flatbook.sim.network.http_broker import Ask, Told
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant

WINDOW_MS = 5_000
AHEAD_MS_MAX = 1_000
SECONDS_PER_MINUTE = 60
BAD_KEY = Refused(code=10003, msg="API key is invalid.")
NOT_YOURS = Refused(code=10010, msg="Unmatched IP, please check your API key's bound IP addresses.")
TOO_OFTEN = Refused(code=10006, msg="Too many visits. Exceeded the API Rate Limit.")


class Front:
    """All paths of one Bybit. `requests` counts what was asked by verb, such as `POST /v5/order/create`."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.streams = Streams(exchange)
        self.streams.acts = self.act
        self.requests: dict[str, int] = {}
        self._used: dict[tuple[str, str, int], int] = {}

    def verb_of(self, ask: Ask) -> str:
        """Returns the name by which faults know a request."""
        return f"{ask.method} {ask.path}"

    def ask(self, ask: Ask, now: Instant) -> Told:
        """Takes one request, lets it have its effect, and returns the answer."""
        self.exchange.advance(now)
        verb = self.verb_of(ask)
        self.exchange.meddles(verb)
        self.requests[verb] = self.requests.get(verb, 0) + 1
        told_at = Instant(now + self.exchange.faults.skew_ms(verb) * NS_PER_MS)
        route, headers = ROUTES.get((ask.method, ask.path)), {"Timenow": str(ms(told_at))}
        content: object = Refused(code=10404, msg=f"Not found: {verb}", status=404)
        if self.exchange.faults.refuses_caller(verb):
            content = NOT_YOURS
        elif route is not None:
            content = self._answer(ask, route, headers, (now, told_at))
        status = content.status if isinstance(content, Refused) else 200
        return Told(status=status, content=self._wrapped(content, verb, told_at), headers=headers)

    def act(self, path: str, words: Words, account: Account, now: Instant) -> object:
        """Does what a path does for a caller who is known."""
        route = ROUTES.get(("POST", path))
        if route is None:
            return wrong("op invalid")
        call = Call(exchange=self.exchange, words=words, now=now, told_at=now, ids=self.streams.ids, caller=account)
        return self._wrapped(route.act(call), f"POST {path}", now)

    def _answer(self, ask: Ask, route: Route, headers: dict[str, str], times: tuple[Instant, Instant]) -> object:
        words = _words(ask)
        if isinstance(words, Refused):
            return words
        caller = self._caller(ask, times[1]) if route.signed else None
        if isinstance(caller, Refused):
            return caller
        if caller is not None:
            refused = self._count(ask.path, route, caller.name, headers, times[0])
            if refused is not None:
                return refused
        lag_ms = self.exchange.faults.read_lag_ms(self.verb_of(ask)) if ask.method == "GET" else 0
        call = Call(
            exchange=self.exchange,
            words=words,
            now=times[0],
            told_at=times[1],
            ids=self.streams.ids,
            caller=caller,
            lag_ms=lag_ms,
        )
        return route.act(call)

    def _caller(self, ask: Ask, now: Instant) -> Account | Refused:
        """Returns who asks: by key, signature and time stamp."""
        key, stamp, window, sign = (
            ask.headers.get(f"x-bapi-{name}", "") for name in ("api-key", "timestamp", "recv-window", "sign")
        )
        account = next((each for each in self.exchange.accounts.values() if each.opening.key == key), None)
        if account is None:
            return BAD_KEY
        if not is_whole(stamp) or not is_whole(window or str(WINDOW_MS)):
            return wrong("timestamp invalid")
        at, allowed = ms(now), int(window or WINDOW_MS)
        if not at - allowed <= int(stamp) < at + AHEAD_MS_MAX:
            text = (
                "invalid request, please check your server timestamp or recv_window param. "
                f"req_timestamp[{stamp}],server_timestamp[{at}],recv_window[{allowed}]"
            )
            return Refused(code=10002, msg=text)
        payload = ask.raw_query if ask.method == "GET" else ask.body.decode(errors="replace")
        text = f"{stamp}{key}{window}{payload}"
        expected = hmac.new(account.opening.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, sign):
            return Refused(code=10004, msg=f"error sign! origin_string[{text}]")
        return account

    def _count(self, path: str, route: Route, account: str, headers: dict[str, str], now: Instant) -> Refused | None:
        """Counts a request against the limit of its path, which is per second, and writes the headers that tell it."""
        stated = route.per_s * SECONDS_PER_MINUTE
        most = max(self.exchange.faults.requests_per_minute(stated) // SECONDS_PER_MINUTE, 1)
        second = now // NS_PER_S
        self._used = {key: count for key, count in self._used.items() if key[2] == second}
        key = (account, path, second)
        self._used[key] = self._used.get(key, 0) + 1
        headers["X-Bapi-Limit"] = str(most)
        headers["X-Bapi-Limit-Status"] = str(max(most - self._used[key], 0))
        headers["X-Bapi-Limit-Reset-Timestamp"] = str((second + 1) * 1_000)
        return TOO_OFTEN if self._used[key] > most else None

    def _wrapped(self, content: object, verb: str, told_at: Instant) -> dict[str, object]:
        if isinstance(content, Refused):
            return {"retCode": content.code, "retMsg": content.msg, "result": {}, "retExtInfo": {}, "time": ms(told_at)}
        extra: dict[str, object] = {}
        if isinstance(content, dict):
            codes = content.pop("codes", None)
            extra = {} if codes is None else {"list": codes}
            strange = self.exchange.faults.strange_status(verb)
            rows = content.get("list")
            if strange is not None and isinstance(rows, list):
                content["list"] = [{**row, "orderStatus": strange} if "orderStatus" in row else row for row in rows]
        return {"retCode": 0, "retMsg": "OK", "result": content, "retExtInfo": extra, "time": ms(told_at)}


def _words(ask: Ask) -> Words | Refused:
    if ask.method == "GET":
        return dict(parse_qsl(ask.raw_query, keep_blank_values=True))
    try:
        return msgspec.json.decode(ask.body or b"{}", type=dict[str, object])
    except msgspec.MsgspecError:
        return wrong("request body is no JSON")
