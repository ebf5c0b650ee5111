"""The stream of the simulated Schwab: a login by access token, account activity, and quotes of the first level.

One stream per customer: a new login ends the one before. Source: Schwab Trader API, Streamer Guide: commands, codes,
fields by their numbers; message types of account activity as users of Schwabdev and Lean list them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import msgspec

from flatbook.sim.alpaca.ledger import ENDED, Ledger, View
from flatbook.sim.network.http_broker import Ask
from flatbook.sim.network.http_stream import Say
from flatbook.sim.schwab.login import Logins
from flatbook.sim.schwab.market import level_one
from flatbook.sim.schwab.pages import CORRELATION, CUSTOMER, Numbered, time_text
from flatbook.sim.schwab.terms import SchwabTerms
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.money import scaled_integer

STREAM_PATH = "/ws"
ACTIVITY, QUOTES = "ACCT_ACTIVITY", "LEVELONE_EQUITIES"
SUCCESS, LOGIN_DENIED, UNAVAILABLE, CLOSED, NOT_FOUND, BAD_FORMAT = 0, 3, 11, 12, 20, 21
SYMBOL_FIELD = "0"
LO_DECIMALS, SIGN_SCALE = 6, 12


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    service: str
    command: str
    requestid: str | int
    customer: str = msgspec.field(name="SchwabClientCustomerId", default="")
    parameters: dict[str, str] = {}


class _Requests(msgspec.Struct, frozen=True, kw_only=True):
    requests: list[_Asked]


class Streamer:
    """All streams of one Schwab. `tell` says what is new in the books to those who subscribed to it."""

    def __init__(self, terms: SchwabTerms, ledger: Ledger, logins: Logins, orders: dict[int, Numbered]) -> None:
        self._terms, self._ledger, self._logins, self._orders = terms, ledger, logins, orders
        self._talks: dict[str, Conversation] = {}
        self._views: dict[int, int] = {}
        self._executions = 0

    @property
    def is_followed(self) -> bool:
        """Whether somebody subscribed to account activity."""
        return any(talk.follows_account for talk in self._talks.values())

    def is_stream(self, ask: Ask) -> bool:
        """Whether a request asks for the stream."""
        return ask.path == STREAM_PATH and ask.headers.get("upgrade", "").lower() == "websocket"

    def open(self, _ask: Ask, say: Say, _now: Instant) -> Conversation:
        """Opens a stream, on which nobody has logged in yet."""
        return Conversation(self, say)

    def log_in(self, talk: Conversation, asked: _Asked, now: Instant) -> tuple[int, str]:
        """Lets a stream in, ends the one before, and returns a code with its text."""
        if asked.customer != CUSTOMER or not self._logins.lives(asked.parameters.get("Authorization", ""), now):
            return LOGIN_DENIED, "Login Denied.: token is invalid or has expired."
        self.tell(now)
        before = self._talks.get(CUSTOMER)
        if before is not None:
            before.end(CLOSED, "Maximum number of connections reached.", now)
        self._talks[CUSTOMER] = talk
        return SUCCESS, "server=s0635dc6-2;status=NP"

    def is_in(self, talk: Conversation) -> bool:
        """Whether a stream is logged in."""
        return self._talks.get(CUSTOMER) is talk

    def forget(self, talk: Conversation) -> None:
        """Forgets a stream that is closed."""
        if self.is_in(talk):
            del self._talks[CUSTOMER]

    def quote(self, symbol: str, now: Instant) -> dict[str, object] | None:
        """Returns the fields of a quote by their numbers, None where there is none."""
        return level_one(self._ledger, self._terms, symbol, now)

    def tell(self, now: Instant) -> None:
        """Says what is new until an instant. Needs: the ledger has advanced to it."""
        news = list(self._news())
        for talk in tuple(self._talks.values()):
            talk.tell(news, now)

    def _news(self) -> Iterator[tuple[str, str, str]]:
        """Yields account, type and content of each message of account activity since the last time."""
        for listed in self._orders.values():
            told = self._views.get(listed.number, 0)
            views = listed.order.views
            self._views[listed.number] = len(views)
            for place in range(told, len(views)):
                before = views[place - 1] if place else None
                for kind in _kinds(before, views[place]):
                    yield listed.order.account_id, kind, self._content(listed, kind, before, views[place])

    def _content(self, listed: Numbered, kind: str, before: View | None, view: View) -> str:
        event: dict[str, object] = {"EventType": kind}
        if before is not None and view.filled > before.filled:
            qty = view.filled - before.filled
            event[f"{kind}EventExecutionInfo"] = {
                "ExecutionTimeStamp": {"DateTimeString": time_text(view.at)},
                "ExecutionQuantity": {"lo": _lo(qty), "signScale": SIGN_SCALE},
            }
        content = {"SchwabOrderID": str(listed.number), "AccountNumber": listed.order.account_id, "BaseEvent": event}
        return msgspec.json.encode(content).decode()


class Conversation:
    """One stream and what it subscribed to: by service the key or the symbols, with the numbers of fields."""

    def __init__(self, streamer: Streamer, say: Say) -> None:
        self._streamer, self._say = streamer, say
        self._activity_key: str | None = None
        self._fields: tuple[str, ...] = ()
        self._quotes: dict[str, dict[str, object]] = {}
        self._said = 0

    @property
    def follows_account(self) -> bool:
        """Whether account activity is subscribed to."""
        return self._activity_key is not None

    def hear(self, said: str | bytes, now: Instant) -> None:
        """Answers requests, one or several in a message."""
        requests = _requests_of(said)
        if not requests:
            self._answer("ADMIN", "", "", (BAD_FORMAT, "Bad command formatting"), now)
        for asked in requests:
            self._take(asked, now)

    def gone(self) -> None:
        """Forgets the stream: it is closed."""
        self._streamer.forget(self)

    def end(self, code: int, text: str, now: Instant) -> None:
        """Tells that the stream is over, and closes it."""
        self._write("notify", {"service": "ADMIN", "timestamp": now // NS_PER_MS, "content": _content(code, text)})
        self._say(None)

    def tell(self, news: list[tuple[str, str, str]], now: Instant) -> None:
        """Says what is new of what was subscribed to."""
        for account, kind, content in news:
            if self._activity_key is not None:
                self._activity(account, kind, content, now)
        changed = [line for symbol in self._quotes if (line := self._changed(symbol, now)) is not None]
        if changed:
            self._data(QUOTES, changed, now)

    def _take(self, asked: _Asked, now: Instant) -> None:
        if asked.service == "ADMIN" and asked.command == "LOGIN":
            result = self._streamer.log_in(self, asked, now)
            self._answer(asked.service, asked.command, str(asked.requestid), result, now)
            if result[0] != SUCCESS:
                self._say(None)
        elif not self._streamer.is_in(self):
            result = (NOT_FOUND, "Stream connection was not found")
            self._answer(asked.service, asked.command, str(asked.requestid), result, now)
        elif asked.service == "ADMIN" and asked.command == "LOGOUT":
            self._answer(asked.service, asked.command, str(asked.requestid), (SUCCESS, "SUCCESS"), now)
            self._say(None)
        else:
            self._subscribe(asked, now)

    def _subscribe(self, asked: _Asked, now: Instant) -> None:
        acts: dict[tuple[str, str], Callable[[_Asked, Instant], None]] = {
            (ACTIVITY, "SUBS"): self._follow_account,
            (ACTIVITY, "UNSUBS"): self._leave_account,
            (QUOTES, "SUBS"): self._follow_quotes,
            (QUOTES, "ADD"): self._add_quotes,
            (QUOTES, "UNSUBS"): self._leave_quotes,
        }
        act = acts.get((asked.service, asked.command))
        known = any(asked.service == service for service, _ in acts)
        if act is None:
            refusal = (BAD_FORMAT, "Bad command formatting") if known else (UNAVAILABLE, "Service not available")
            self._answer(asked.service, asked.command, str(asked.requestid), refusal, now)
            return
        done = (SUCCESS, f"{asked.command} command succeeded")
        self._answer(asked.service, asked.command, str(asked.requestid), done, now)
        act(asked, now)

    def _follow_account(self, asked: _Asked, now: Instant) -> None:
        self._activity_key = asked.parameters.get("keys", "")
        self._activity("", "SUBSCRIBED", "", now)

    def _leave_account(self, _asked: _Asked, _now: Instant) -> None:
        self._activity_key = None

    def _follow_quotes(self, asked: _Asked, now: Instant) -> None:
        self._quotes = {}
        self._add_quotes(asked, now)

    def _add_quotes(self, asked: _Asked, now: Instant) -> None:
        self._fields = tuple(asked.parameters.get("fields", SYMBOL_FIELD).split(","))
        symbols = asked.parameters.get("keys", "").split(",")
        self._quotes = {**self._quotes, **{symbol: {} for symbol in symbols if self._streamer.quote(symbol, now)}}
        self.tell([], now)

    def _leave_quotes(self, asked: _Asked, _now: Instant) -> None:
        gone = asked.parameters.get("keys", "").split(",")
        self._quotes = {symbol: told for symbol, told in self._quotes.items() if symbol not in gone}

    def _changed(self, symbol: str, now: Instant) -> dict[str, object] | None:
        """Returns the fields of a quote that changed since they were told, None where none did."""
        quote = self._streamer.quote(symbol, now) or {}
        told = self._quotes[symbol]
        fields = {field: value for field, value in quote.items() if field in self._fields}
        if all(told.get(field) == value for field, value in fields.items()):
            return None
        changed = {field: value for field, value in fields.items() if told.get(field) != value}
        self._quotes[symbol] = fields
        head = {} if told else {"delayed": False, "assetMainType": "EQUITY", "assetSubType": "COE"}
        return {"key": symbol, **head, **changed}

    def _activity(self, account: str, kind: str, content: str, now: Instant) -> None:
        line: dict[str, object] = {"seq": self._said, "key": self._activity_key, "1": account, "2": kind, "3": content}
        self._said += 1
        self._data(ACTIVITY, [line], now)

    def _data(self, service: str, content: list[dict[str, object]], now: Instant) -> None:
        self._write("data", {"service": service, "timestamp": now // NS_PER_MS, "command": "SUBS", "content": content})

    def _answer(self, service: str, command: str, number: str, result: tuple[int, str], now: Instant) -> None:
        answer = {
            "service": service,
            "command": command,
            "requestid": number,
            "SchwabClientCorrelId": CORRELATION,
            "timestamp": now // NS_PER_MS,
            "content": _content(*result),
        }
        self._write("response", answer)

    def _write(self, kind: str, line: dict[str, object]) -> None:
        self._say(msgspec.json.encode({kind: [line]}).decode())


def _requests_of(said: str | bytes) -> list[_Asked]:
    """Returns the requests of a message, which may be one that stands alone; none when it cannot be read."""
    try:
        return msgspec.json.decode(said, type=_Requests).requests
    except msgspec.MsgspecError:
        pass
    try:
        return [msgspec.json.decode(said, type=_Asked)]
    except msgspec.MsgspecError:
        return []


def _content(code: int, text: str) -> dict[str, object]:
    return {"code": code, "msg": text}


def _kinds(before: View | None, view: View) -> tuple[str, ...]:
    """Returns the types of the messages that a change of an order makes."""
    if before is None:
        return ("OrderCreated", "OrderAccepted")
    if view.filled > before.filled:
        return ("ExecutionCreated", "OrderFillCompleted") if view.status == "filled" else ("ExecutionCreated",)
    if view.status == "pending_cancel":
        return ("CancelAccepted",)
    return ("OrderUROutCompleted",) if view.status in ENDED else ()


def _lo(qty: Decimal) -> str:
    """Returns a number as account activity writes it: in millionths."""
    return str(scaled_integer(qty, decimals=LO_DECIMALS))
