"""One call at the simulated Binance: what was asked, by whom, and how an order is read out of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.sim.chance import digest
from flatbook.sim.exchange.accounts import Account
from flatbook.sim.exchange.binance.words import NO_ORDER, NO_SYMBOL, Refused, missing
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import BookedOrder, Placing
from flatbook.sim.exchange.terms import Kind, Life, Market, Stp
from flatbook.sim.exchange.wholes import is_whole, whole_of
from flatbook.values.instants import NS_PER_MS, Instant
from flatbook.values.money import NumberRefused, parse_number

CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}", re.ASCII)
SIDES = {"BUY": 1, "SELL": -1}
STPS = {each.value: each for each in Stp}
ROWS, ROWS_MAX = 500, 1_000


class Needs(Enum):
    """What a call must bring."""

    NOTHING = "nothing"
    KEY = "key"
    SIGNATURE = "signature"


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request whose caller is known where it must be. `told_at` is the time as the exchange tells it."""

    exchange: Exchange
    kind: Kind
    params: Mapping[str, str]
    now: Instant
    told_at: Instant
    caller: Account | None = None
    lag_ms: int = 0

    @property
    def account(self) -> Account:
        """The account of the caller. Needs: a call that needs a key."""
        assert self.caller is not None
        return self.caller

    def text(self, name: str) -> str:
        """Returns a parameter, empty where it was not sent."""
        return self.params.get(name, "")

    def market(self) -> Market | Refused:
        """Returns the market that is asked for."""
        symbol = self.text("symbol")
        if not symbol:
            return missing("symbol")
        return self.exchange.markets.get(f"{self.kind.value}:{symbol}", NO_SYMBOL)

    def markets(self) -> list[Market]:
        """Returns the market that is asked for, or all of them; none for one that is unknown."""
        symbol = self.text("symbol")
        markets = (each for each in self.exchange.markets.values() if each.kind is self.kind)
        return [each for each in markets if symbol in ("", each.symbol)]

    def order(self, market: Market) -> BookedOrder | Refused:
        """Returns the order that is asked for, by its id or by its client id."""
        order_id, client_id = self.text("orderId"), self.text("origClientOrderId")
        if not order_id and not client_id:
            return Refused(
                code=-1102, msg="Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
            )
        number = int(order_id) if is_whole(order_id) else None
        order = self.exchange.order_of(self.account.name, market, number, client_id)
        return NO_ORDER if order is None or not self.shows(order.created_at) else order

    def shows(self, at: Instant) -> bool:
        """Whether what happened at an instant is there to be read: reads may trail the truth."""
        return at <= self.now - self.lag_ms * NS_PER_MS

    def rows(self) -> int:
        """Returns how many rows are asked for."""
        limit = self.text("limit")
        return min(int(limit), ROWS_MAX) if is_whole(limit) and int(limit) else ROWS

    def since(self) -> tuple[int, int]:
        """Returns the span of time that is asked for. Units: ms."""
        start, end = self.text("startTime"), self.text("endTime")
        return whole_of(start, 0), whole_of(end, 2**62)

    def number(self, name: str) -> Decimal | Refused | None:
        """Returns a number that was sent, None where none was."""
        if name not in self.params:
            return None
        try:
            return parse_number(self.params[name])
        except NumberRefused:
            return Refused(code=-1100, msg=f"Illegal characters found in parameter '{name}'.")


Act = Callable[[Call], object]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What answers a path: an act, what it needs, and what it weighs. `places` counts against the limit of orders."""

    act: Act
    needs: Needs = Needs.NOTHING
    weight: int = 1
    places: bool = False


def placing_of(call: Call, market: Market, lives: Mapping[str, Life]) -> Placing | Refused:
    """Reads an order out of a call, or says what is wrong with its words."""
    sign, kind = SIDES.get(call.text("side")), call.text("type")
    if sign is None:
        return missing("side")
    if kind not in ("LIMIT", "MARKET", "LIMIT_MAKER"):
        return missing("type") if not kind else Refused(code=-1116, msg="Invalid orderType.")
    numbers = {name: call.number(name) for name in ("quantity", "price", "quoteOrderQty")}
    for number in numbers.values():
        if isinstance(number, Refused):
            return number
    qty, price, spend = (number if isinstance(number, Decimal) else None for number in numbers.values())
    if qty is None and (spend is None or kind != "MARKET"):
        return missing("quantity")
    if (kind == "MARKET") == (price is not None):
        return (
            missing("price") if price is None else Refused(code=-1106, msg="Parameter 'price' sent when not required.")
        )
    return _placing(call, market, lives, sign=sign, numbers=(qty, price, spend))


def _placing(
    call: Call,
    market: Market,
    lives: Mapping[str, Life],
    *,
    sign: int,
    numbers: tuple[Decimal | None, Decimal | None, Decimal | None],
) -> Placing | Refused:
    kind, tif = call.text("type"), call.text("timeInForce")
    life = {"MARKET": Life.IOC, "LIMIT_MAKER": Life.MAKER}.get(kind) or lives.get(tif)
    if life is None:
        return missing("timeInForce") if not tif else Refused(code=-1115, msg="Invalid timeInForce.")
    client_id = call.text("newClientOrderId")
    if client_id and CLIENT_ID.fullmatch(client_id) is None:
        return Refused(code=-1100, msg="Illegal characters found in parameter 'newClientOrderId'.")
    stp = STPS.get(call.text("selfTradePreventionMode") or call.exchange.terms.stp.value)
    if stp is None:
        return Refused(code=-1130, msg="Invalid data sent for a parameter.")
    made = digest(call.exchange.terms.seed, "client id", str(len(call.exchange.orders))).hex()[:22]
    return Placing(
        account=call.account.name,
        market=market,
        client_id=client_id or made,
        sign=sign,
        qty=numbers[0],
        price=numbers[1],
        spend=numbers[2],
        life=life,
        reduces=call.text("reduceOnly").lower() == "true",
        stp=stp,
        words={"type": kind, "timeInForce": tif or "GTC"},
    )
