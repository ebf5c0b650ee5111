"""The paths of the simulated Alpaca: who asks, how often, for what, and what is written back. Pure: no bytes travel."""

from __future__ import annotations

import base64
from urllib.parse import unquote

import msgspec

from flatbook.sim.alpaca import pages
from flatbook.sim.alpaca.activities import NON_TRADE, ActivityLog
from flatbook.sim.alpaca.checks import check_placing, check_replacing
from flatbook.sim.alpaca.faults import BrokerFaults
from flatbook.sim.alpaca.ledger import BookedOrder, Ledger, Placing, Prices, View
from flatbook.sim.alpaca.market import latest_page
from flatbook.sim.alpaca.terms import (
    FORBIDDEN,
    INVALID,
    NOT_FOUND,
    TOO_MANY,
    UNAUTHORIZED,
    UNPROCESSABLE,
    AlpacaTerms,
    MarketTerms,
    Refused,
)
from flatbook.sim.network.http_broker import Ask, Told
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant

NS_PER_MINUTE = 60 * NS_PER_S
BROKER = "/v1/trading/accounts/"
UUID_CHARS = 36


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """What a path names: the account, the kind of thing, and which one, empty for all of them."""

    account_id: str
    kind: str
    name: str = ""

    def verb(self, method: str) -> str:
        """Returns the name by which faults know the request, such as `GET order`."""
        return f"{method} {self.kind.removesuffix('s') if self.name else self.kind}"


class Front:
    """The desk at which requests arrive."""

    def __init__(self, terms: AlpacaTerms, prices: Prices, faults: BrokerFaults) -> None:
        self._terms, self._faults = terms, faults
        self.ledger = Ledger(terms, prices, faults)
        self._log = ActivityLog(self.ledger)
        self._basic = "Basic " + base64.b64encode(f"{terms.key}:{terms.secret}".encode()).decode()
        self._tokens_ns = terms.requests_per_minute * NS_PER_MINUTE
        self._filled_at = Instant(0)
        self.requests: dict[str, int] = {}

    def resource_of(self, path: str) -> Resource | None:
        """Returns what a path of one of the two APIs names, None when it names nothing."""
        if path.startswith(BROKER):
            account_id, _, rest = path[len(BROKER) :].partition("/")
            return _resource(unquote(account_id), rest)
        if path.startswith("/v1/accounts/activities"):
            return _resource("", path.removeprefix("/v1/accounts/"))
        if path.startswith("/v1/"):
            return _resource("", path.removeprefix("/v1/"))
        if path.startswith("/v2/account/activities"):
            return _resource(self._terms.trading_account, path.removeprefix("/v2/account/"))
        if path.startswith("/v2/"):
            return _resource(self._terms.trading_account, path.removeprefix("/v2/"))
        return None

    def verb_of(self, ask: Ask) -> str:
        """Returns the name by which faults know a request."""
        resource = self.resource_of(ask.path)
        return ask.method if resource is None else resource.verb(ask.method)

    def ask(self, ask: Ask, now: Instant) -> Told:
        """Takes one request, lets it have its effect, and returns the answer."""
        self.ledger.advance(now)
        resource, verb = self.resource_of(ask.path), self.verb_of(ask)
        self.requests[verb] = self.requests.get(verb, 0) + 1
        content, status = self._answer(ask, resource, verb, now), 200
        if isinstance(content, Refused):
            status = content.status
            content = {"code": content.code, "message": content.message, **content.extra}
        elif content is None:
            status = 204
        elif (ask.method, resource and resource.name) == ("DELETE", ""):
            status = 207
        return Told(status=status, content=content, headers=self._rate_headers(now))

    def _answer(self, ask: Ask, resource: Resource | None, verb: str, now: Instant) -> object:
        if self._faults.refuses_caller(verb) or not self.knows(ask):
            return Refused(status=401, code=UNAUTHORIZED, message="request is not authorized")
        if not self._takes_token(now):
            return Refused(status=429, code=TOO_MANY, message="too many requests")
        if resource is None:
            return Refused(status=404, code=NOT_FOUND, message="endpoint not found")
        if resource.account_id and resource.account_id not in self.ledger.opened:
            return Refused(status=404, code=NOT_FOUND, message="account not found")
        if resource.kind == "orders" and ask.method == "POST":
            return self._place(ask, resource.account_id, verb, now)
        if resource.kind == "orders" and ask.method == "DELETE":
            return self._cancel(resource, now)
        if resource.kind == "orders" and ask.method == "PATCH":
            return self._replace(ask, resource, now)
        if resource.kind == "positions" and ask.method == "DELETE":
            return self._close(ask, resource, verb, now)
        if ask.method != "GET":
            return Refused(status=405, code=NOT_FOUND, message="method not allowed")
        as_of = Instant(now - self._faults.read_lag_ms(verb) * NS_PER_MS)
        return self._read(ask, resource, as_of, verb, now)

    def knows(self, ask: Ask) -> bool:
        """Whether a request proves who asks: by HTTP Basic at the Broker API, by two headers at the Trading API."""
        if ask.path.startswith(("/v1/", "/v2/events/", "/v2beta1/")):
            return ask.headers.get("authorization") == self._basic
        names = ("apca-api-key-id", "apca-api-secret-key")
        return tuple(ask.headers.get(name) for name in names) == (self._terms.key, self._terms.secret)

    def _takes_token(self, now: Instant) -> bool:
        """Takes a token out of the bucket, which fills evenly over a minute. Tokens are counted in ns of a minute."""
        size = self._faults.requests_per_minute(self._terms.requests_per_minute)
        flowed = max(now - self._filled_at, 0) * size
        self._tokens_ns = min(self._tokens_ns + flowed, size * NS_PER_MINUTE)
        self._filled_at = now
        if self._tokens_ns < NS_PER_MINUTE:
            return False
        self._tokens_ns -= NS_PER_MINUTE
        return True

    def _rate_headers(self, now: Instant) -> dict[str, str]:
        size = self._faults.requests_per_minute(self._terms.requests_per_minute)
        missing_ns = max(NS_PER_MINUTE - self._tokens_ns, 0) // size if self._tokens_ns < NS_PER_MINUTE else 0
        return {
            "X-RateLimit-Limit": str(size),
            "X-RateLimit-Remaining": str(self._tokens_ns // NS_PER_MINUTE),
            "X-RateLimit-Reset": str((now + missing_ns) // NS_PER_S + 1),
        }

    def _place(self, ask: Ask, account_id: str, verb: str, now: Instant) -> object:
        fields = _fields(ask)
        return fields if isinstance(fields, Refused) else self._place_fields(fields, account_id, verb, now)

    def _place_fields(self, fields: dict[str, object], account_id: str, verb: str, now: Instant) -> object:
        placing = check_placing(fields, account_id, self.ledger, self._terms, now)
        if isinstance(placing, Placing) and self._faults.restricts(placing.symbol):
            placing = Refused(status=403, code=FORBIDDEN, message="account is restricted")
        if isinstance(placing, Refused):
            if self.ledger.listener is not None:
                self.ledger.listener.refused(account_id, str(fields.get("client_order_id") or ""), placing.message)
            return placing
        order = self.ledger.place(placing, now)
        page = pages.order_page(self.ledger, order, order.now)
        if self._faults.names_neighbour(verb) and len(self.ledger.orders) > 1:
            page["id"] = list(self.ledger.orders)[-2]
        return self._in_strange_words(page, verb)

    def _replace(self, ask: Ask, resource: Resource, now: Instant) -> object:
        order, fields = self.ledger.orders.get(resource.name), _fields(ask)
        if isinstance(fields, Refused):
            return fields
        refused = self._flaw_of_cancel(order, resource)
        if order is None or refused is not None:
            return refused
        if order.now.status == "pending_replace":
            return Refused(status=422, code=UNPROCESSABLE, message="order pending replace")
        asked = check_replacing(fields, order, self.ledger, self._terms)
        if isinstance(asked, Refused):
            return asked
        new = self.ledger.replace(order, asked, now)
        return pages.order_page(self.ledger, new, new.now)

    def _close(self, ask: Ask, resource: Resource, verb: str, now: Instant) -> object:
        """Sells or buys back a position at market: all of it, or the `qty` or `percentage` of the query."""
        account_id, held = resource.account_id, self.ledger.holdings(resource.account_id, now)
        if resource.name:
            symbol = self._symbol_of(resource.name)
            if symbol not in held:
                return Refused(status=404, code=NOT_FOUND, message=f"position not found: {resource.name}")
            fields = pages.closing_fields(symbol, held[symbol], ask.query)
            return fields if isinstance(fields, Refused) else self._place_fields(fields, account_id, verb, now)
        if ask.query.get("cancel_orders", "").lower() == "true":
            self._cancel(Resource(account_id=account_id, kind="orders"), now)
        rows = []
        for symbol in sorted(held):
            whole = pages.closing_fields(symbol, held[symbol], {})
            body = whole if isinstance(whole, Refused) else self._place_fields(whole, account_id, verb, now)
            status = 200
            if isinstance(body, Refused):
                status, body = body.status, {"code": body.code, "message": body.message, **body.extra}
            rows.append({"symbol": symbol, "status": status, "body": body})
        return rows

    def _symbol_of(self, name: str) -> str:
        """Returns the symbol of an asset that a path names by its symbol or by its id."""
        ids = {self.ledger.derived_id("asset", asset.symbol): asset.symbol for asset in self._terms.assets}
        return ids.get(name, name)

    def _cancel(self, resource: Resource, now: Instant) -> object:
        if resource.name:
            return self._cancel_one(self.ledger.orders.get(resource.name), resource, now)
        rows = []
        for order in self.ledger.open_orders(resource.account_id):
            refused = self._cancel_one(order, resource, now)
            row: dict[str, object] = {"id": order.id, "status": 200}
            if refused is not None:
                row = {"id": order.id, "status": refused.status, "body": {"message": refused.message}}
            rows.append(row)
        return rows

    def _cancel_one(self, order: BookedOrder | None, resource: Resource, now: Instant) -> Refused | None:
        refused = self._flaw_of_cancel(order, resource)
        if order is not None and refused is None:
            self.ledger.ask_cancel(order, now)
        return refused

    def _flaw_of_cancel(self, order: BookedOrder | None, resource: Resource) -> Refused | None:
        if order is None or order.account_id != resource.account_id:
            return Refused(status=404, code=NOT_FOUND, message=f"order not found for {resource.name}")
        if not order.is_open:
            text = f'order is already in "{order.now.status}" state'
            return Refused(status=422, code=UNPROCESSABLE, message=text)
        if order.now.status == "pending_cancel":
            return Refused(status=422, code=UNPROCESSABLE, message="order pending cancel")
        return None

    def _read(self, ask: Ask, resource: Resource, as_of: Instant, verb: str, now: Instant) -> object:
        account_id, name = resource.account_id, resource.name
        match resource.kind:
            case "orders" if name:
                return self._one_order(self.ledger.orders.get(name), resource, as_of, verb)
            case "orders":
                return pages.orders_page(self.ledger, account_id, ask.query, as_of)
            case "orders:by_client_order_id":
                wanted = ask.query.get("client_order_id", "")
                return self._one_order(self.ledger.by_client_id.get((account_id, wanted)), resource, as_of, verb)
            case "positions" if name:
                return pages.position_page(self.ledger, account_id, self._symbol_of(name), as_of)
            case "positions":
                return pages.positions_page(self.ledger, account_id, as_of)
            case "account":
                return pages.account_page(self.ledger, account_id, as_of, decimals=self._terms.cash_decimals)
            case "activities":
                return self._activities(ask, resource, as_of)
            case _:
                return self._read_market(ask, resource, now)

    def _read_market(self, ask: Ask, resource: Resource, now: Instant) -> object:
        """Reads what is the same for all accounts."""
        name = resource.name
        match resource.kind:
            case "assets" if name:
                symbol = self._symbol_of(name)
                found = next((asset for asset in self._terms.assets if asset.symbol == symbol), None)
                return pages.asset_page(self.ledger, found, name)
            case "assets":
                return pages.assets_page(self.ledger, self._terms.assets, ask.query)
            case "stocks" if name.endswith("/latest"):
                feed = ask.query.get("feed", "iex")
                market = self._terms.market if self._faults.is_subscribed(feed) else MarketTerms(feeds=())
                return latest_page(name.removesuffix("/latest"), ask.query, self.ledger.price, market, now)
            case "clock":
                return pages.clock_page(now)
            case "calendar":
                return pages.calendar_page(ask.query, now)
            case _:
                pass
        return Refused(status=404, code=NOT_FOUND, message="endpoint not found")

    def _one_order(self, order: BookedOrder | None, resource: Resource, as_of: Instant, verb: str) -> object:
        if resource.name and len(resource.name) != UUID_CHARS:
            return Refused(status=422, code=INVALID, message="order_id is missing")
        view: View | None = None
        if order is not None and order.account_id == resource.account_id:
            view = order.seen_at(as_of)
        if order is None or view is None:
            text = f"order not found for {resource.name}" if resource.name else "order not found"
            return Refused(status=404, code=NOT_FOUND, message=text)
        return self._in_strange_words(pages.order_page(self.ledger, order, view), verb)

    def _in_strange_words(self, page: pages.Page, verb: str) -> pages.Page:
        strange = self._faults.strange_status(verb)
        return page if strange is None else {**page, "status": strange}

    def _activities(self, ask: Ask, resource: Resource, as_of: Instant) -> object:
        asked = resource.account_id or ask.query.get("account_id", "")
        if asked and asked not in self.ledger.opened:
            return Refused(status=403, code=FORBIDDEN, message="account is not yours")
        accounts = (asked,) if asked else tuple(self.ledger.opened)
        listed = resource.name or ask.query.get("activity_types", "")
        kinds = tuple(listed.split(",")) if listed else _kinds_of(ask.query.get("category", ""))
        if any(kind not in ("FILL", *NON_TRADE) for kind in kinds):
            return Refused(status=422, code=INVALID, message=f"invalid activity type: {listed}")
        return self._log.page(accounts, kinds, ask.query, as_of)


def _fields(ask: Ask) -> dict[str, object] | Refused:
    try:
        return msgspec.json.decode(ask.body, type=dict[str, object])
    except msgspec.DecodeError:
        return Refused(status=400, code=INVALID, message="request body format is invalid")


def _resource(account_id: str, rest: str) -> Resource:
    kind, _, name = rest.partition("/")
    return Resource(account_id=account_id, kind=kind, name=unquote(name))


def _kinds_of(category: str) -> tuple[str, ...]:
    return {"trade_activity": ("FILL",), "non_trade_activity": NON_TRADE}.get(category, ())
