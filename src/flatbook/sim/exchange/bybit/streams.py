"""The streams of the simulated Bybit: books, trades and tickers, accounts, and orders placed over a stream.

Source: Bybit V5 documentation, WebSocket Stream: Connect, Orderbook, Trade, Ticker, Order, Execution, Position, Wallet,
Disconnect Protect; WebSocket Trade Guideline.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import msgspec

from flatbook.sim.alpaca.faults import Pushing
from flatbook.sim.exchange.accounts import Account
from flatbook.sim.exchange.bybit import market_pages, pages
from flatbook.sim.exchange.bybit.calls import Words
from flatbook.sim.exchange.bybit.words import CATEGORIES, long_id, ms
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import BookedOrder, Change, Ending, Execution, Print
from flatbook.sim.exchange.terms import Kind, Market
from flatbook.sim.exchange.wholes import is_whole
from flatbook.sim.network.http_broker import Ask
from flatbook.sim.network.http_stream import Say, Talk
from flatbook.values.instants import NS_PER_S, Instant

Page = dict[str, object]
PUBLIC, PRIVATE, TRADE = "/v5/public/", "/v5/private", "/v5/trade"
DEPTHS = {Kind.SPOT: (1, 50, 200, 1_000), Kind.PERP: (1, 50, 200, 1_000)}
PRIVATE_TOPICS = ("order", "execution", "position", "wallet", "dcp")
GUARDS = {"dcp.future": ("DERIVATIVES", Kind.PERP), "dcp.spot": ("SPOT", Kind.SPOT)}
ACTS = {"order.create": "create", "order.amend": "amend", "order.cancel": "cancel"}
Tops = dict[int, dict[int, int]]


class Streams:
    """All open streams of one Bybit. Implements Watcher. `ids` are the orders by the ids that they are told with."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.ids: dict[str, int] = {}
        self.acts: Callable[[str, Words, Account, Instant], object] | None = None
        self._listeners: dict[int, Listener] = {}
        self._opened = self._said = 0
        self._tops: dict[tuple[str, int], tuple[int, Tops]] = {}
        self._guarded: dict[tuple[str, str], int] = {}
        exchange.watchers.append(self)

    def is_stream(self, ask: Ask) -> bool:
        """Whether a request asks for a stream."""
        return ask.headers.get("upgrade", "").lower() == "websocket"

    def open(self, ask: Ask, say: Say, _now: Instant) -> Talk:
        """Opens a stream at an address."""
        self._opened += 1
        kind = CATEGORIES.get(ask.path.removeprefix(PUBLIC)) if ask.path.startswith(PUBLIC) else None
        listener = Listener(self, self._opened, say, path=ask.path, kind=kind)
        self._listeners[self._opened] = listener
        return listener

    def forget(self, number: int) -> None:
        """Forgets a stream that is closed, and cancels later what it was to guard."""
        gone = self._listeners.pop(number, None)
        if gone is None or gone.account is None:
            return
        for topic, (product, kind) in GUARDS.items():
            others = any(each.account is gone.account and topic in each.topics for each in self._listeners.values())
            window_s = gone.account.guards.get(product)
            if topic in gone.topics and window_s is not None and not others:
                self._cancel_later(gone.account, topic, kind, window_s)

    def guard(self, account: Account, topic: str) -> None:
        """Takes note that a stream guards an account again."""
        self._guarded[(account.name, topic)] = self._guarded.get((account.name, topic), 0) + 1

    def _cancel_later(self, account: Account, topic: str, kind: Kind, window_s: int) -> None:
        self.guard(account, topic)
        count = self._guarded[(account.name, topic)]

        def over() -> None:
            if self._guarded[(account.name, topic)] == count:
                for order in self.exchange.open_orders(account.name):
                    if order.market.kind is kind:
                        self.exchange.cancel(order, self.exchange.now, Ending.COUNTDOWN)

        self.exchange.later(Instant(self.exchange.now + window_s * NS_PER_S), over)

    def account_of(self, key: str) -> Account | None:
        """Returns whose key it is."""
        return next((each for each in self.exchange.accounts.values() if each.opening.key == key), None)

    # What happens.

    def order_changed(self, order: BookedOrder, change: Change, execution: Execution | None) -> None:
        """Tells an order, and its execution first, to those who listen to its account."""
        self.ids[pages.order_id(self.exchange, order)] = order.id
        category = pages.category_of(order)
        if execution is not None:
            page = pages.execution_page(self.exchange, order, execution)
            self._tell_account(order.account, "execution", {"category": category, **page})
        page = pages.order_page(self.exchange, order)
        fee_coin = order.executions[-1].fee_coin if order.executions else ""
        if change is not Change.AMENDED or order.is_open:
            self._tell_account(order.account, "order", {"category": category, **page, "feeCurrency": fee_coin})

    def account_changed(self, account: str, _wallet: str, _why: str, coins: tuple[str, ...], market: str) -> None:
        """Tells the wallet and the position to those who listen to an account."""
        held = self.exchange.accounts[account]
        position = held.positions.get(market)
        if position is not None:
            page = pages.position_page(self.exchange, position)
            entry = page.pop("avgPrice")
            self._tell_account(account, "position", {"category": "linear", **page, "entryPrice": entry})
        self._tell_account(account, "wallet", pages.wallet_page(self.exchange, held, coins))

    def printed(self, market: Market, trade: Print) -> None:
        """Tells a trade."""
        event: Page = {
            "type": "snapshot",
            "ts": ms(self.exchange.now),
            "data": [market_pages.trade_event(market, trade)],
        }
        self._tell(market.kind, f"publicTrade.{market.symbol}", event)

    def depth_changed(self, market: Market, _first_id: int, _last_id: int, _levels: dict[tuple[int, int], int]) -> None:
        """Tells what changed in the uppermost levels of a book, and the ticker."""
        for depth in DEPTHS[market.kind]:
            self._tell_top(market, depth)
        ticker = market_pages.ticker_page(self.exchange, market)
        event: Page = {"type": "snapshot", "data": ticker, "cs": self.exchange.pits[market.name].update_id}
        self._tell(market.kind, f"tickers.{market.symbol}", {**event, "ts": ms(self.exchange.now)})

    def _tell_top(self, market: Market, depth: int) -> None:
        pit, key = self.exchange.pits[market.name], (market.name, depth)
        top = {sign: {price: pit.levels[sign][price] for price in pit.prices(sign)[:depth]} for sign in (1, -1)}
        number, before = self._tops.get(key, (0, {1: {}, -1: {}}))
        if top == before:
            return
        self._tops[key] = (number + 1, top)
        changed = {
            sign: {
                price: top[sign].get(price, 0)
                for price in (*top[sign], *before[sign])
                if top[sign].get(price) != before[sign].get(price)
            }
            for sign in (1, -1)
        }
        self._tell(
            market.kind,
            _topic(market, depth),
            self._book(market, depth, "snapshot" if depth == 1 else "delta", changed),
        )

    def _book(self, market: Market, depth: int, kind: str, sides: Tops) -> Page:
        number, top = self._tops.get((market.name, depth), (0, {1: {}, -1: {}}))
        told = top if kind == "snapshot" else sides
        rows = {
            name: [market_pages.level(market, price, lots) for price, lots in told[sign].items()]
            for name, sign in (("b", 1), ("a", -1))
        }
        seq = self.exchange.pits[market.name].update_id
        at = ms(self.exchange.now)
        return {"type": kind, "ts": at, "data": {"s": market.symbol, **rows, "u": number, "seq": seq}, "cts": at}

    def snapshot(self, listener: Listener, topic: str) -> None:
        """Tells the whole of what a topic is about, where it has a whole."""
        name, _, rest = topic.partition(".")
        depth, _, symbol = rest.partition(".") if name == "orderbook" else ("0", "", rest)
        market = next(
            (each for each in self.exchange.markets.values() if (each.kind, each.symbol) == (listener.kind, symbol)),
            None,
        )
        if market is None:
            return
        if name == "orderbook" and is_whole(depth):
            self._tell_top(market, int(depth))
            listener.push(topic, self._book(market, int(depth), "snapshot", {1: {}, -1: {}}))
        elif name == "tickers":
            page = market_pages.ticker_page(self.exchange, market)
            listener.push(topic, {"type": "snapshot", "data": page, "ts": ms(self.exchange.now)})

    def _tell(self, kind: Kind, topic: str, event: Page) -> None:
        for listener in tuple(self._listeners.values()):
            if listener.kind is kind and topic in listener.topics:
                listener.push(topic, event)

    def _tell_account(self, account: str, topic: str, page: Page) -> None:
        self._said += 1
        number = long_id(self.exchange.terms.seed, "message", self._said)
        event: Page = {"id": number, "creationTime": ms(self.exchange.now), "data": [page]}
        names = (topic, f"{topic}.{page.get('category', '')}")
        for listener in tuple(self._listeners.values()):
            if listener.account is not None and listener.account.name == account:
                asked = [name for name in names if name in listener.topics]
                if asked:
                    listener.push(asked[0], event)


class Listener:
    """One open stream: its address, what it asked for, and what is held back."""

    def __init__(self, streams: Streams, number: int, say: Say, *, path: str, kind: Kind | None) -> None:
        self._streams, self._number, self._say = streams, number, say
        self._path, self.kind = path, kind
        self.topics: dict[str, None] = {}
        self.account: Account | None = None
        self._late: list[str] = []

    def hear(self, said: str | bytes, now: Instant) -> None:
        """Takes a request of the client."""
        self._streams.exchange.advance(now)
        try:
            asked = msgspec.json.decode(said, type=dict[str, object])
        except msgspec.DecodeError:
            self._answer({"success": False, "ret_msg": "Request not valid", "op": ""})
            return
        op, args = str(asked.get("op", "")), asked.get("args")
        words = [str(each) for each in args] if isinstance(args, list) else []
        if op == "ping":
            self._pong(asked)
        elif op == "auth":
            self._authenticate(words, asked, now)
        elif op in ("subscribe", "unsubscribe"):
            self._subscribe(op, words, asked)
        elif self._path == TRADE and op in ACTS:
            self._act(op, asked, args, now)
        else:
            self._answer({"success": False, "ret_msg": "error:invalid op", "op": op, "req_id": asked.get("req_id", "")})

    def gone(self) -> None:
        """Forgets the stream: it is closed."""
        self._streams.forget(self._number)

    def push(self, topic: str, event: Page) -> None:
        """Tells an event, unless a fault loses, repeats or delays it."""
        faults, verb = self._streams.exchange.faults, f"push {topic}"
        if faults.is_silent(verb):
            return
        if faults.cuts_stream(verb):
            self._say(None)
            return
        text = msgspec.json.encode({"topic": topic, **event}).decode()
        pushing = faults.pushes(verb)
        if pushing is Pushing.LATE:
            self._late.append(text)
            return
        for _ in range(2 if pushing is Pushing.TWICE else 0 if pushing is Pushing.LOST else 1):
            self._say(text)
        late, self._late = self._late, []
        for each in late:
            self._say(each)

    def _pong(self, asked: Page) -> None:
        if self.kind is not None:
            page = {"success": True, "ret_msg": "pong", "conn_id": self._name, "op": "ping"}
            self._answer({**page, "req_id": asked.get("req_id", "")})
            return
        at = str(ms(self._streams.exchange.now))
        self._answer({"req_id": asked.get("req_id", ""), "op": "pong", "args": [at], "conn_id": self._name})

    def _authenticate(self, words: list[str], asked: Page, now: Instant) -> None:
        key, expires, sign = (*words, "", "", "")[:3]
        account = self._streams.account_of(key)
        secret = account.opening.secret if account is not None else ""
        expected = hmac.new(secret.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
        well = account is not None and is_whole(expires) and int(expires) > ms(now)
        if not well or not hmac.compare_digest(expected, sign):
            if self._path == TRADE:
                self._answer({"retCode": 10004, "retMsg": "Invalid sign", "op": "auth", "connId": self._name})
            else:
                page = {"success": False, "ret_msg": "Request not authorized", "conn_id": self._name, "op": "auth"}
                self._answer({**page, "req_id": asked.get("req_id", "")})
            self._say(None)
            return
        self.account = account
        if self._path == TRADE:
            self._answer({"retCode": 0, "retMsg": "OK", "op": "auth", "connId": self._name})
        else:
            page = {"success": True, "ret_msg": "", "op": "auth", "conn_id": self._name}
            self._answer({**page, "req_id": asked.get("req_id", "")})

    def _subscribe(self, op: str, words: list[str], asked: Page) -> None:
        private = self._path == PRIVATE
        bad = [each for each in words if (each.partition(".")[0] in PRIVATE_TOPICS) != private]
        if bad or (private and self.account is None):
            text = f"error:handler not found,topic:{bad[0]}" if bad else "Request not authorized"
            page = {"success": False, "ret_msg": text, "conn_id": self._name, "op": op}
            self._answer({**page, "req_id": asked.get("req_id", "")})
            return
        page = {"success": True, "ret_msg": "subscribe" if op == "subscribe" else "", "conn_id": self._name}
        self._answer({**page, "req_id": asked.get("req_id", ""), "op": op})
        for topic in words:
            if op == "unsubscribe":
                self.topics.pop(topic, None)
                continue
            if not private:
                self._streams.snapshot(self, topic)
            self.topics[topic] = None
            if topic in GUARDS and self.account is not None:
                self._streams.guard(self.account, topic)

    def _act(self, op: str, asked: Page, args: object, now: Instant) -> None:
        head = {"reqId": asked.get("reqId", ""), "op": op, "connId": self._name}
        if self.account is None or self._streams.acts is None or not isinstance(args, list) or not args:
            self._answer({**head, "retCode": 10004, "retMsg": "Not authorized", "data": {}})
            return
        told = self._streams.acts(f"/v5/order/{ACTS[op]}", args[0], self.account, now)
        assert isinstance(told, dict)
        named = {"retCode": told["retCode"], "retMsg": told["retMsg"], "data": told["result"], "retExtInfo": {}}
        self._answer({**head, **named, "header": {"Timenow": str(ms(now))}})

    @property
    def _name(self) -> str:
        return f"connection-{self._number}"

    def _answer(self, page: Page) -> None:
        self._say(msgspec.json.encode(page).decode())


def _topic(market: Market, depth: int) -> str:
    return f"orderbook.{depth}.{market.symbol}"
