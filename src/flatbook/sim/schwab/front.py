"""The paths of the simulated Schwab: who asks, how often, for what, and what is written back. Pure: no bytes travel."""

from __future__ import annotations

from datetime import date

import msgspec

from flatbook.sim.alpaca.faults import BrokerFaults
from flatbook.sim.alpaca.ledger import BookedOrder, Ledger, Placing, Prices
from flatbook.sim.network.http_broker import Ask, Told
from flatbook.sim.schwab import pages
from flatbook.sim.schwab.checks import Asked, check_placing
from flatbook.sim.schwab.login import Logins
from flatbook.sim.schwab.market import quotes_page
from flatbook.sim.schwab.paths import TRADER, Resource, resource_of
from flatbook.sim.schwab.streamer import Streamer
from flatbook.sim.schwab.terms import Refused, SchwabTerms, refused
from flatbook.sim.schwab.transactions import fees_page, transaction_pages
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant, InstantRefused, instant_of_text
from flatbook.values.sessions import CalendarEnded, trade_date_of

NS_PER_MINUTE = 60 * NS_PER_S
ORDERS_MAX = 3_000
TRANSACTIONS_MAX = 3_000


class Front:
    """The desk at which requests arrive."""

    def __init__(self, terms: SchwabTerms, prices: Prices, faults: BrokerFaults) -> None:
        self._terms, self._faults = terms, faults
        self.ledger = Ledger(terms, prices, faults)
        self.logins = Logins(terms)
        self.orders: dict[int, pages.Numbered] = {}
        self.streamer = Streamer(terms, self.ledger, self.logins, self.orders)
        self._numbers = {account_hash: number for number, account_hash in terms.hashes.items()}
        self._tokens_ns = terms.requests_per_minute * NS_PER_MINUTE
        self._filled_at = Instant(0)
        self.requests: dict[str, int] = {}

    def number_of(self, account_hash: str) -> str:
        """Returns the number of an account by its hash, empty for one that is not known."""
        return self._numbers.get(account_hash, "")

    def place_by_hand(self, placing: Placing, now: Instant) -> None:
        """Takes an order that does not come through the API, such as one that a person enters."""
        order = self.ledger.place(placing, now)
        instruction = "BUY" if placing.sign > 0 else "SELL"
        self._list_as(order, session="NORMAL", instruction=instruction)

    def replace_by_hand(self, number: int, placing: Placing, now: Instant) -> None:
        """Takes an order in the place of another, as a person enters it at the broker's site."""
        before = self.orders[number]
        order = self.ledger.replace(before.order, placing, now)
        self._list_as(order, session=before.session, instruction=before.instruction)

    def verb_of(self, ask: Ask) -> str:
        """Returns the name by which faults know a request."""
        return resource_of(ask.path).verb(ask.method)

    def advance(self, now: Instant) -> None:
        """Lets everything happen that was due until an instant, and streams what is new."""
        self.ledger.advance(now)
        self.streamer.tell(now)

    def ask(self, ask: Ask, now: Instant) -> Told:
        """Takes one request, lets it have its effect, and returns the answer."""
        self.advance(now)
        resource, verb = resource_of(ask.path), self.verb_of(ask)
        self.requests[verb] = self.requests.get(verb, 0) + 1
        content = self._answer(ask, resource, verb, now)
        self.streamer.tell(now)
        if isinstance(content, Told):
            return content
        if isinstance(content, Refused):
            return Told(status=content.status, content=content.content, headers={})
        return Told(status=200, content=content, headers={})

    def _answer(self, ask: Ask, resource: Resource, verb: str, now: Instant) -> object:
        if resource.kind == "authorize":
            return self.logins.authorize(ask, now)
        if self._faults.refuses_caller(verb):
            return refused(401, "Client not authorized")
        if resource.kind == "token":
            return self.logins.token(ask, now)
        self.logins.end(self._faults.ends_token(verb))
        if not self.logins.knows(ask, now):
            return Refused(status=401, content={"errors": [{"status": 401, "title": "Unauthorized", "detail": ""}]})
        if not self._takes_token(now):
            return refused(429, "Too many requests")
        if resource.account_hash and resource.account_hash not in self._numbers:
            return refused(400, "Invalid account number")
        if resource.kind == "orders" and ask.method == "POST":
            return self._place(ask, self._numbers[resource.account_hash], verb, now)
        if resource.kind == "orders" and ask.method == "PUT":
            return self._replace(ask, resource, verb, now)
        if resource.kind == "orders" and ask.method == "DELETE":
            return self._cancel(resource, now)
        if ask.method != "GET":
            return refused(405, "Method not allowed")
        return self._read(ask, resource, verb, now)

    def _takes_token(self, now: Instant) -> bool:
        """Takes a token out of the bucket, which fills evenly over a minute. Tokens are counted in ns of a minute."""
        size = self._faults.requests_per_minute(self._terms.requests_per_minute)
        flowed = max(now - self._filled_at, 0) * size
        self._tokens_ns, self._filled_at = min(self._tokens_ns + flowed, size * NS_PER_MINUTE), now
        if self._tokens_ns < NS_PER_MINUTE:
            return False
        self._tokens_ns -= NS_PER_MINUTE
        return True

    def _place(self, ask: Ask, number: str, verb: str, now: Instant) -> object:
        placing = self._checked(ask, number, now)
        if isinstance(placing, Refused):
            return placing
        return self._numbered(ask, self.ledger.place(placing, now), verb)

    def _replace(self, ask: Ask, resource: Resource, verb: str, now: Instant) -> object:
        """Asks for an order in the place of another, under a number of its own."""
        before = self._named(resource)
        if before is None:
            return refused(404, f"Order {resource.name} not found")
        if not before.order.is_open or before.order.now.status in ("pending_cancel", "pending_replace"):
            return refused(400, "Order cannot be replaced")
        placing = self._checked(ask, before.order.account_id, now, replacing=before.order)
        if isinstance(placing, Refused):
            return placing
        return self._numbered(ask, self.ledger.replace(before.order, placing, now), verb)

    def _checked(
        self, ask: Ask, number: str, now: Instant, *, replacing: BookedOrder | None = None
    ) -> Placing | Refused:
        placing = check_placing(ask.body, number, self.ledger, self._terms, now, replacing=replacing)
        if isinstance(placing, Placing) and self._faults.restricts(placing.symbol):
            placing = refused(403, "This account is restricted")
        if isinstance(placing, Refused) and self.ledger.listener is not None:
            self.ledger.listener.refused(number, "", str(placing.content["message"]))
        return placing

    def _numbered(self, ask: Ask, order: BookedOrder, verb: str) -> Told:
        """Gives an order its number. Gives: an answer that may name another one, or none."""
        asked = msgspec.json.decode(ask.body, type=Asked)
        told = self._list_as(order, session=asked.session, instruction=asked.order_leg_collection[0].instruction)
        if self._faults.names_neighbour(verb) and len(self.orders) > 1:
            told = list(self.orders)[-2]
        where = f"https://api.schwabapi.com{TRADER}/{self._terms.hashes[order.account_id]}/orders/{told}"
        headers = {} if self._faults.names_nothing(verb) else {"Location": where}
        return Told(status=201, content=None, headers=headers)

    def _list_as(self, order: BookedOrder, *, session: str, instruction: str) -> int:
        listed = pages.Numbered(
            number=pages.ORDER_BASE + len(self.orders), order=order, session=session, instruction=instruction
        )
        self.orders[listed.number] = listed
        return listed.number

    def _cancel(self, resource: Resource, now: Instant) -> object:
        listed = self._named(resource)
        if listed is None:
            return refused(404, f"Order {resource.name} not found")
        if not listed.order.is_open or listed.order.now.status == "pending_cancel":
            return refused(400, "Order cannot be canceled")
        self.ledger.ask_cancel(listed.order, now)
        return None

    def _named(self, resource: Resource) -> pages.Numbered | None:
        name = resource.name
        listed = self.orders.get(int(name)) if name.isascii() and name.isdigit() else None
        is_theirs = listed is not None and listed.order.account_id == self._numbers[resource.account_hash]
        return listed if is_theirs else None

    def _read(self, ask: Ask, resource: Resource, verb: str, now: Instant) -> object:
        as_of = Instant(now - self._faults.read_lag_ms(verb) * NS_PER_MS)
        match resource.kind:
            case "numbers":
                return [{"accountNumber": number, "hashValue": hash_} for number, hash_ in self._terms.hashes.items()]
            case "accounts":
                return [self._account(ask, number, as_of) for number in self._terms.hashes]
            case "account":
                return self._account(ask, self._numbers[resource.account_hash], as_of)
            case "orders" if resource.name:
                listed = self._named(resource)
                page = None if listed is None else self._page(listed, as_of, verb)
                return refused(404, f"Order {resource.name} not found") if page is None else page
            case "orders":
                return self._orders(ask, (self._numbers[resource.account_hash],), as_of, verb)
            case "all_orders":
                return self._orders(ask, tuple(self._terms.hashes), as_of, verb)
            case "transactions":
                return self._transactions(ask, resource, as_of)
            case "preference":
                return pages.preference_page(self._terms)
            case _:
                return self._read_market(ask, resource, now)

    def _read_market(self, ask: Ask, resource: Resource, now: Instant) -> object:
        match resource.kind:
            case "hours" | "markets":
                return self._hours(ask, now)
            case "quotes":
                symbols = [resource.name] if resource.name else ask.query.get("symbols", "").split(",")
                return quotes_page(self.ledger, self._terms, symbols, now)
            case _:
                return refused(404, "Not found")

    def _account(self, ask: Ask, number: str, as_of: Instant) -> pages.Page:
        positions = "positions" in ask.query.get("fields", "")
        return pages.account_page(self.ledger, number, as_of, decimals=self._terms.cash_decimals, positions=positions)

    def _page(self, listed: pages.Numbered, as_of: Instant, verb: str) -> pages.Page | None:
        view = listed.order.seen_at(as_of)
        if view is None:
            return None
        ids = self._terms.states_activity_ids
        page = pages.order_page(self.ledger, listed, view, as_of, activity_ids=ids)
        if view.status == "replaced":
            page["replacingOrderCollection"] = [
                {"orderId": other.number}
                for other in self.orders.values()
                if other.order.id == listed.order.replaced_by
            ]
        if self._terms.states_fees and view.filled:
            page["commissionAndFee"] = fees_page(self.ledger, listed.order.id, as_of)
        strange = self._faults.strange_status(verb)
        return page if strange is None else {**page, "status": strange}

    def _transactions(self, ask: Ask, resource: Resource, as_of: Instant) -> object:
        """Returns the transactions of a span, or the one that is named."""
        rows = transaction_pages(self.ledger, self.orders, self._numbers[resource.account_hash], as_of)
        if resource.name:
            found = [page for _, page in rows if str(page["activityId"]) == resource.name]
            return found[0] if found else refused(404, f"Transaction {resource.name} not found")
        try:
            since, until = (instant_of_text(ask.query[name]) for name in ("startDate", "endDate"))
        except (KeyError, InstantRefused):
            return refused(400, "startDate and endDate are required")
        kinds = ask.query.get("types", "").split(",")
        asked = [page for at, page in rows if since <= at <= until and page["type"] in kinds]
        return asked[:TRANSACTIONS_MAX]

    def _orders(self, ask: Ask, numbers: tuple[str, ...], as_of: Instant, verb: str) -> object:
        """Returns the orders that were entered in a span, the newest first."""
        try:
            since, until = (instant_of_text(ask.query[name]) for name in ("fromEnteredTime", "toEnteredTime"))
            limit = int(ask.query.get("maxResults", str(ORDERS_MAX)))
        except (KeyError, ValueError, InstantRefused):
            return refused(400, "fromEnteredTime and toEnteredTime are required")
        found = []
        for listed in reversed(self.orders.values()):
            entered_at = Instant(listed.order.taken_at // NS_PER_S * NS_PER_S)
            page = self._page(listed, as_of, verb) if since <= entered_at <= until else None
            if page is None or listed.order.account_id not in numbers:
                continue
            if ask.query.get("status", page["status"]) == page["status"]:
                found.append(page)
        return found[:limit]

    def _hours(self, ask: Ask, now: Instant) -> object:
        try:
            day = date.fromisoformat(ask.query["date"]) if "date" in ask.query else trade_date_of(now)
        except (ValueError, CalendarEnded):
            return refused(400, "date is invalid")
        return pages.hours_page(day)
