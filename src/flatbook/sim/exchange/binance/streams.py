"""The streams of the simulated Binance: market data and users, of spot and of USD-M, and the calls of spot over one.

A stream that is asked for at the wrong address of USD-M is silent, as it is at Binance.

Source: Binance documentation, WebSocket Streams and User Data Streams; routed addresses of USD-M since 2026-04-23.
"""

from __future__ import annotations

from urllib.parse import parse_qs

import msgspec

from flatbook.sim.alpaca.faults import Pushing
from flatbook.sim.chance import digest
from flatbook.sim.exchange.binance import market_pages, spot_pages, usdm_pages
from flatbook.sim.exchange.binance.socket_calls import take_call, terminated
from flatbook.sim.exchange.binance.words import ms
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import BookedOrder, Change, Execution, Print
from flatbook.sim.exchange.terms import MARGIN_WALLET, SPOT_WALLET, Kind, Market
from flatbook.sim.network.http_broker import Ask
from flatbook.sim.network.http_stream import Say, Talk
from flatbook.values.instants import NS_PER_S, Instant

Page = dict[str, object]
KEY_S = 3_600
CALLS = "/ws-api/v3"
PUBLIC = ("depth", "bookTicker", "trade")


class Streams:
    """All open streams of one Binance. Implements Watcher."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._listeners: dict[int, Listener] = {}
        self._opened = self._keys_made = 0
        self._keys: dict[str, tuple[str, Instant]] = {}
        exchange.watchers.append(self)

    # Keys of user streams.

    def make_key(self, account: str, now: Instant) -> str:
        """Returns the key of an account's stream, a new one where the last one is over."""
        key = self.keep_key(account, now)
        if key is None:
            self._keys_made += 1
            key = digest(self.exchange.terms.seed, "listen key", str(self._keys_made)).hex()
            self._keys[account] = (key, Instant(now + KEY_S * NS_PER_S))
            self.exchange.later(Instant(now + KEY_S * NS_PER_S), lambda: self._end_due(account))
        return key

    def keep_key(self, account: str, now: Instant) -> str | None:
        """Lets the key of an account live another hour. Returns it, None when there is none."""
        held = self._keys.get(account)
        if held is None or held[1] <= now:
            return None
        until = Instant(now + KEY_S * NS_PER_S)
        self._keys[account] = (held[0], until)
        self.exchange.later(until, lambda: self._end_due(account))
        return held[0]

    def drop_key(self, account: str) -> None:
        """Ends the key of an account, and its streams."""
        held = self._keys.pop(account, None)
        for listener in tuple(self._listeners.values()):
            if held is not None and listener.key == held[0]:
                listener.close()

    def end_keys(self) -> None:
        """Ends all keys and subscriptions to accounts at once, telling those who listen."""
        for account in tuple(self._keys):
            self._expire(account)
        for listener in self._listeners.values():
            if listener.subscription is not None:
                listener.push(terminated(self.exchange.now), "")
                listener.subscription, listener.account = None, None

    def _end_due(self, account: str) -> None:
        held = self._keys.get(account)
        if held is not None and held[1] <= self.exchange.now:
            self._expire(account)

    def _expire(self, account: str) -> None:
        key, _ = self._keys.pop(account)
        for listener in self._listeners.values():
            if listener.key == key:
                event = {"e": "listenKeyExpired", "E": ms(self.exchange.now), "listenKey": key}
                listener.push(event, key)
                listener.account = None

    def account_of(self, key: str) -> str | None:
        """Returns whose key it is, None for one that is over."""
        return next((account for account, (held, _) in self._keys.items() if held == key), None)

    # Opening.

    def is_stream(self, ask: Ask) -> bool:
        """Whether a request asks for a stream."""
        return ask.headers.get("upgrade", "").lower() == "websocket"

    def open(self, ask: Ask, say: Say, _now: Instant) -> Talk:
        """Opens a stream at an address, with what is named there."""
        self._opened += 1
        root, _, rest = ask.path.removeprefix("/").partition("/")
        category = root if root in ("public", "market", "private") else ""
        path = f"/{rest}" if category else ask.path
        listener = Listener(self, self._opened, say, category=category, combined=path.startswith("/stream"))
        self._listeners[self._opened] = listener
        query = parse_qs(ask.raw_query)
        if ask.path == CALLS:
            listener.makes_calls = True
            return listener
        named = [name for text in query.get("streams", []) for name in text.split("/")]
        named += [path.removeprefix("/ws/")] if path.startswith("/ws/") else []
        keys = [*query.get("listenKey", []), *(named if category == "private" else [])]
        for key in keys[:1]:
            listener.key, listener.account = key, self.account_of(key)
            listener.events = tuple(name for text in query.get("events", []) for name in text.split("/"))
        if not keys:
            listener.names |= dict.fromkeys(named)
        return listener

    def forget(self, number: int) -> None:
        """Forgets a stream that is closed."""
        self._listeners.pop(number, None)

    # What happens.

    def order_changed(self, order: BookedOrder, change: Change, execution: Execution | None) -> None:
        """Tells an order to those who listen to its account."""
        at = self.exchange.now
        if order.market.kind is Kind.SPOT:
            event = spot_pages.order_event(order, change, execution, at)
            self._tell_account(order.account, SPOT_WALLET, event)
            return
        if execution is not None and change is Change.TRADE:
            self._tell_account(order.account, MARGIN_WALLET, usdm_pages.lite_event(order, execution, at))
        self._tell_account(order.account, MARGIN_WALLET, usdm_pages.order_event(order, change, execution, at))

    def account_changed(self, account: str, wallet: str, why: str, coins: tuple[str, ...], market: str) -> None:
        """Tells balances to those who listen to an account."""
        held, at = self.exchange.accounts[account], self.exchange.now
        if wallet == SPOT_WALLET:
            self._tell_account(account, wallet, spot_pages.account_event(held, coins, at))
        else:
            event = usdm_pages.account_event(self.exchange, held, why, coins, market, at)
            self._tell_account(account, wallet, event)

    def printed(self, market: Market, trade: Print) -> None:
        """Tells a trade."""
        name, at = market.symbol.lower(), self.exchange.now
        self._tell(market.kind, f"{name}@trade", market_pages.trade_event(market, trade, at, aggregate=False))
        self._tell(market.kind, f"{name}@aggTrade", market_pages.trade_event(market, trade, at, aggregate=True))

    def depth_changed(self, market: Market, first_id: int, last_id: int, levels: dict[tuple[int, int], int]) -> None:
        """Tells a change of a book, and the touch."""
        name, at = market.symbol.lower(), self.exchange.now
        event = market_pages.depth_event(market, first_id, last_id, levels, (at, at))
        for speed in ("", "@100ms", "@250ms", "@500ms", "@1000ms", "@0ms"):
            self._tell(market.kind, f"{name}@depth{speed}", event)
        self._tell(market.kind, f"{name}@bookTicker", market_pages.touch_event(self.exchange, market, at))
        for count in (5, 10, 20):
            self._tell_part(market, count, at)
        if market.kind is Kind.PERP:
            page = usdm_pages.premium_page(self.exchange, market, at)
            names = {"p": "markPrice", "i": "indexPrice", "P": "estimatedSettlePrice", "r": "lastFundingRate"}
            short = {short: page[long] for short, long in names.items()} | {"T": page["nextFundingTime"]}
            event = {"e": "markPriceUpdate", "E": ms(at), "s": market.symbol, **short}
            for speed in ("", "@1s"):
                self._tell(market.kind, f"{name}@markPrice{speed}", event)

    def _tell_part(self, market: Market, count: int, at: Instant) -> None:
        names = [f"{market.symbol.lower()}@depth{count}{speed}" for speed in ("", "@100ms", "@250ms", "@500ms")]
        if not any(name in listener.names for listener in self._listeners.values() for name in names):
            return
        pit = self.exchange.pits[market.name]
        if market.kind is Kind.SPOT:
            levels = market_pages.levels_page(self.exchange, market, count, ("bids", "asks"))
            event: Page = {"lastUpdateId": pit.update_id, **levels}
        else:
            levels = market_pages.levels_page(self.exchange, market, count, ("b", "a"))
            numbers = {"U": pit.update_id, "u": pit.update_id, "pu": pit.update_id - 1}
            event = {"e": "depthUpdate", "E": ms(at), "T": ms(at), "s": market.symbol, **numbers, **levels}
        for name in names:
            self._tell(market.kind, name, event)

    def _tell(self, kind: Kind, name: str, event: Page) -> None:
        for listener in tuple(self._listeners.values()):
            if name in listener.names and listener.serves(kind, name):
                listener.push(event, name)

    def _tell_account(self, account: str, wallet: str, event: Page) -> None:
        for listener in tuple(self._listeners.values()):
            is_his = listener.account == account and (listener.category == "private") == (wallet == MARGIN_WALLET)
            if is_his and (not listener.events or event["e"] in listener.events):
                listener.push(event, listener.key)


class Listener:
    """One open stream: its address, what it asked for, and what is held back."""

    def __init__(self, streams: Streams, number: int, say: Say, *, category: str, combined: bool) -> None:
        self._streams, self._number, self._say = streams, number, say
        self.category, self.combined = category, combined
        self.names: dict[str, None] = {}
        self.events: tuple[str, ...] = ()
        self.key, self.account = "", None
        self.makes_calls = False
        self.subscription: int | None = None
        self._late: list[str] = []

    account: str | None

    def hear(self, said: str | bytes, now: Instant) -> None:
        """Takes a request of the client: a subscription, or a call."""
        self._streams.exchange.advance(now)
        if self.makes_calls:
            take_call(self._streams.exchange, self, said, now)
            return
        try:
            asked = msgspec.json.decode(said, type=dict[str, object])
        except msgspec.DecodeError:
            self.answer({"error": {"code": 3, "msg": "Invalid JSON: expected value"}})
            return
        params = asked.get("params")
        names = [str(each) for each in params] if isinstance(params, list) else []
        method = asked.get("method")
        if method == "SUBSCRIBE":
            self.names |= dict.fromkeys(names)
        elif method == "UNSUBSCRIBE":
            self.names = {name: None for name in self.names if name not in names}
        listed = list(self.names) if method == "LIST_SUBSCRIPTIONS" else None
        self.answer({"result": listed, "id": asked.get("id")})

    def gone(self) -> None:
        """Forgets the stream: it is closed."""
        self._streams.forget(self._number)

    def close(self) -> None:
        """Closes the stream."""
        self._say(None)

    def serves(self, kind: Kind, name: str) -> bool:
        """Whether a stream of this name is served at the address: public and market data of USD-M have their own."""
        if kind is Kind.SPOT:
            return not self.category
        channel = name.partition("@")[2]
        of_public = channel.startswith(PUBLIC)
        return self.category == ("public" if of_public else "market")

    def answer(self, page: Page) -> None:
        """Answers a request."""
        self._say(msgspec.json.encode(page).decode())

    def push(self, event: Page, name: str) -> None:
        """Tells an event, unless a fault loses, repeats or delays it."""
        faults, verb = self._streams.exchange.faults, f"push {event.get('e', 'depth')}"
        if faults.is_silent(verb):
            return
        if faults.cuts_stream(verb):
            self._say(None)
            return
        text = msgspec.json.encode(self._wrapped(event, name)).decode()
        pushing = faults.pushes(verb)
        if pushing is Pushing.LATE:
            self._late.append(text)
            return
        for _ in range(2 if pushing is Pushing.TWICE else 0 if pushing is Pushing.LOST else 1):
            self._say(text)
        late, self._late = self._late, []
        for each in late:
            self._say(each)

    def _wrapped(self, event: Page, name: str) -> Page:
        if self.subscription is not None:
            return {"subscriptionId": self.subscription, "event": event}
        return {"stream": name, "data": event} if self.combined else event
