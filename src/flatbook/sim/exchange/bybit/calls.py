"""One call at the simulated Bybit: what was asked, by whom, and how an order is read out of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from flatbook.sim.exchange.accounts import Account
from flatbook.sim.exchange.bybit.words import CATEGORIES, LIVES, NO_ORDER, NO_SYMBOL, STPS, Refused, wrong
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import BookedOrder, Placing
from flatbook.sim.exchange.terms import Kind, Life, Market
from flatbook.sim.exchange.wholes import is_whole, whole_of
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.money import NumberRefused, parse_number

CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,36}", re.ASCII)
SIGNS = {"Buy": 1, "Sell": -1}
ROWS, ROWS_MAX = 20, 1_000
Words = Mapping[str, object]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request whose caller is known where it must be. `ids` are the orders by the ids that they are told with."""

    exchange: Exchange
    words: Words
    now: Instant
    told_at: Instant
    ids: Mapping[str, int] = {}
    caller: Account | None = None
    lag_ms: int = 0

    @property
    def account(self) -> Account:
        """The account of the caller. Needs: a call that needs a key."""
        assert self.caller is not None
        return self.caller

    def text(self, name: str) -> str:
        """Returns a parameter as text, empty where it was not sent."""
        value = self.words.get(name)
        if isinstance(value, bool):
            return str(value).lower()
        return "" if value is None else str(value)

    def kind(self) -> Kind | Refused:
        """Returns the category that is asked for."""
        return CATEGORIES.get(self.text("category"), wrong("category invalid"))

    def market(self) -> Market | Refused:
        """Returns the market that is asked for."""
        kind = self.kind()
        return (
            kind
            if isinstance(kind, Refused)
            else self.exchange.markets.get(f"{kind.value}:{self.text('symbol')}", NO_SYMBOL)
        )

    def markets(self) -> list[Market] | Refused:
        """Returns the market that is asked for, or all of a category."""
        kind, symbol = self.kind(), self.text("symbol")
        if isinstance(kind, Refused):
            return kind
        found = [each for each in self.exchange.markets.values() if each.kind is kind and symbol in ("", each.symbol)]
        return found or NO_SYMBOL

    def order(self, market: Market) -> BookedOrder | Refused:
        """Returns the order that is asked for, by its id or by its client id."""
        order_id, client_id = self.text("orderId"), self.text("orderLinkId")
        if not order_id and not client_id:
            return wrong("orderId or orderLinkId is required")
        number = self.ids.get(order_id, 0) if order_id else None
        order = self.exchange.order_of(self.account.name, market, number, client_id)
        return NO_ORDER[market.kind] if order is None or not self.shows(order.created_at) else order

    def shows(self, at: Instant) -> bool:
        """Whether what happened at an instant is there to be read: reads may trail the truth."""
        return at <= self.now - self.lag_ms * NS_PER_MS

    def number(self, name: str) -> Decimal | Refused | None:
        """Returns a number that was sent, None where none was."""
        if not self.text(name):
            return None
        try:
            return parse_number(self.text(name))
        except NumberRefused:
            return wrong(f"{name} invalid")

    def span(self) -> tuple[int, int]:
        """Returns the span of time that is asked for. Units: ms."""
        start, end = self.text("startTime"), self.text("endTime")
        return whole_of(start, 0), whole_of(end, 2**62)

    def page(self, rows: Sequence[object], *, most: int = 50) -> dict[str, object]:
        """Returns one page of rows with the cursor of the next one, empty after the last."""
        asked, cursor = self.text("limit"), self.text("cursor")
        limit = min(int(asked), most, ROWS_MAX) if is_whole(asked) and int(asked) else ROWS
        first = whole_of(cursor, 0)
        after = first + limit
        return {"list": list(rows[first:after]), "nextPageCursor": str(after) if after < len(rows) else ""}


Act = Callable[[Call], object]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What answers a path: an act, whether it needs a key, and how often a second it may be asked for."""

    act: Act
    signed: bool = True
    per_s: int = 10


def placing_of(call: Call, market: Market) -> Placing | Refused:
    """Reads an order out of a call, or says what is wrong with its words."""
    sign, kind = SIGNS.get(call.text("side")), call.text("orderType")
    client_id, stp = call.text("orderLinkId"), STPS.get(call.text("smpType") or "None")
    if sign is None:
        return wrong("side invalid")
    if kind not in ("Limit", "Market"):
        return wrong("orderType invalid")
    if call.text("positionIdx") not in ("", "0"):
        return Refused(code=10001, msg="position idx not match position mode")
    if stp is None or (client_id and CLIENT_ID.fullmatch(client_id) is None):
        return wrong("smpType invalid" if stp is None else "orderLinkId invalid")
    life = Life.IOC if kind == "Market" else LIVES.get(call.text("timeInForce") or "GTC")
    qty, price = call.number("qty"), call.number("price") if kind == "Limit" else None
    if life is None or isinstance(price, Refused) or (kind == "Limit" and price is None):
        return wrong("timeInForce invalid" if life is None else "price invalid")
    if qty is None or isinstance(qty, Refused):
        return Refused(code=10001, msg="Qty invalid")
    unit = call.text("marketUnit") or ("quoteCoin" if sign > 0 else "baseCoin")
    spends = kind == "Market" and market.kind is Kind.SPOT and unit == "quoteCoin"
    return Placing(
        account=call.account.name,
        market=market,
        client_id=client_id,
        sign=sign,
        qty=None if spends else qty,
        price=price,
        spend=qty if spends else None,
        life=life,
        reduces=call.text("reduceOnly") == "true" and market.kind is Kind.PERP,
        stp=stp,
        words={"type": kind.upper(), "marketUnit": unit if market.kind is Kind.SPOT else ""},
    )
