"""What the simulated Alpaca checks before it takes an order, in its own order and words.

Source: docs.alpaca.markets (Placing Orders, Fractional Trading, User Protection) for the rules; the words as users
report them in public issues: alpaca-java#145, Alpaca-API#82, #90, #135, alpaca-py#260.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from flatbook.sim.alpaca.ledger import BookedOrder, Ledger, Placing
from flatbook.sim.alpaca.terms import FORBIDDEN, INVALID, UNPROCESSABLE, AlpacaTerms, Asset, Refused
from flatbook.values.instants import Instant
from flatbook.values.money import ONE, ZERO, NumberRefused, cut, parse_number, plain, significant_decimals

CLIENT_ID_CHARS_MAX = 128
QTY_DECIMALS_MAX = 9
NOTIONAL_MIN = ONE
DUPLICATE = "client_order_id must be unique"

Fields = Mapping[str, object]


class _Ask(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a placing that could be read."""

    symbol: str
    side: str
    kind: str
    time_in_force: str
    client_id: str
    qty: Decimal
    limit: Decimal | None
    extended: bool

    @property
    def is_fraction(self) -> bool:
        """Whether the quantity is no whole number of shares."""
        return self.qty != cut(self.qty, decimals=0)


def check_placing(
    fields: Fields, account_id: str, ledger: Ledger, terms: AlpacaTerms, now: Instant
) -> Placing | Refused:
    """Returns the order that a body asks for, or Alpaca's refusal.

    Needs: the ledger has advanced to `now`.
    """
    ask = _read(fields)
    if isinstance(ask, Refused):
        return ask
    asset = next((asset for asset in terms.assets if asset.symbol == ask.symbol), None)
    if asset is None:
        return _unprocessable(f'asset "{ask.symbol}" not found')
    refused = _flaw_of_form(ask, asset)
    if refused is None and (account_id, ask.client_id) in ledger.by_client_id:
        refused = Refused(status=422, code=terms.duplicate_code, message=DUPLICATE)
    if refused is None:
        refused = _flaw_of_book(ask, account_id, ledger, terms) or _flaw_of_account(ask, asset, account_id, ledger, now)
    return refused or _placing(ask, account_id)


def check_replacing(fields: Fields, order: BookedOrder, ledger: Ledger, terms: AlpacaTerms) -> Placing | Refused:
    """Returns the order that is to stand in the place of another one, or Alpaca's refusal.

    Needs: the other one is open. What a body leaves out is as it was, the quantity what the other one has left.
    """
    stated = {
        "symbol": order.symbol,
        "side": "buy" if order.sign > 0 else "sell",
        "type": "market" if order.limit is None else "limit",
        "time_in_force": fields.get("time_in_force") or "day",
        "client_order_id": fields.get("client_order_id"),
        "qty": fields.get("qty") or plain(order.rest),
        "limit_price": fields.get("limit_price") or (None if order.limit is None else plain(order.limit)),
        "extended_hours": order.extended,
    }
    ask = _read(stated)
    if isinstance(ask, Refused):
        return ask
    asset = next(asset for asset in terms.assets if asset.symbol == order.symbol)
    refused = _flaw_of_form(ask, asset)
    if refused is None and (order.account_id, ask.client_id) in ledger.by_client_id:
        refused = Refused(status=422, code=terms.duplicate_code, message=DUPLICATE)
    return refused or _placing(ask, order.account_id)


def _placing(ask: _Ask, account_id: str) -> Placing:
    return Placing(
        account_id=account_id,
        client_id=ask.client_id,
        symbol=ask.symbol,
        sign=1 if ask.side == "buy" else -1,
        qty=ask.qty,
        limit=ask.limit,
        extended=ask.extended,
    )


def _read(fields: Fields) -> _Ask | Refused:
    texts = {
        name: str(fields.get(name) or "") for name in ("symbol", "side", "type", "time_in_force", "client_order_id")
    }
    try:
        qty = _number(fields.get("qty"))
        limit = _number(fields.get("limit_price"))
    except NumberRefused as error:
        return _invalid(f"request body format is invalid: {error}")
    if fields.get("notional") is not None:
        return _unprocessable("orders by notional are not simulated")
    if not texts["symbol"]:
        return _invalid("symbol is required")
    if qty is None:
        return _invalid("qty or notional is required")
    if texts["side"] not in ("buy", "sell"):
        return _invalid("side must be buy or sell")
    if len(texts["client_order_id"]) > CLIENT_ID_CHARS_MAX:
        return _invalid(f"client_order_id must be no more than {CLIENT_ID_CHARS_MAX} characters")
    return _Ask(
        symbol=texts["symbol"],
        side=texts["side"],
        kind=texts["type"],
        time_in_force=texts["time_in_force"],
        client_id=texts["client_order_id"],
        qty=qty,
        limit=limit,
        extended=fields.get("extended_hours") is True,
    )


def _number(stated: object) -> Decimal | None:
    return None if stated is None else parse_number(str(stated))


def _flaw_of_form(ask: _Ask, asset: Asset) -> Refused | None:
    """Returns what is wrong with an order whatever the books say."""
    if not asset.active:
        return _unprocessable(f"asset {ask.symbol} is not active")
    if not asset.tradable:
        return _unprocessable(f"asset {ask.symbol} is not tradable")
    if ask.qty <= ZERO:
        return _invalid("qty must be > 0")
    if significant_decimals(ask.qty) > QTY_DECIMALS_MAX:
        return _unprocessable(f"qty must be limited to {QTY_DECIMALS_MAX} decimal places")
    if ask.kind not in ("market", "limit"):
        return _unprocessable(f"invalid order type {ask.kind}")
    if ask.time_in_force != "day":
        return _unprocessable("fractional orders must be DAY orders" if ask.is_fraction else "invalid time_in_force")
    if ask.extended and ask.kind != "limit":
        return _unprocessable("extended hours order must be DAY limit orders")
    if ask.is_fraction and not asset.fractionable:
        return Refused(status=403, code=FORBIDDEN, message=f'asset "{ask.symbol}" is not fractionable')
    return _flaw_of_limit(ask)


def _flaw_of_limit(ask: _Ask) -> Refused | None:
    if ask.kind == "market":
        return None if ask.limit is None else _unprocessable("market orders require no stop or limit price")
    if ask.limit is None:
        return _invalid("limit orders require a limit price")
    if ask.limit <= ZERO:
        return _invalid("limit price must be > 0")
    if significant_decimals(ask.limit) > (2 if ask.limit >= ONE else 4):
        return _unprocessable(
            f"invalid limit_price {plain(ask.limit)}. sub-penny increment does not fulfill minimum pricing criteria"
        )
    return None


def _flaw_of_book(ask: _Ask, account_id: str, ledger: Ledger, terms: AlpacaTerms) -> Refused | None:
    """Returns why open orders of the account stand against this one."""
    sign = 1 if ask.side == "buy" else -1
    for order in ledger.open_orders(account_id):
        if order.symbol == ask.symbol and order.sign != sign and _could_meet(ask, order):
            kind = "market/stop" if order.limit is None else "limit"
            return Refused(
                status=terms.wash_status,
                code=terms.wash_code,
                message="potential wash trade detected. use complex orders",
                extra={"existing_order_id": order.id, "reject_reason": f"opposite side {kind} order exists"},
            )
    return None


def _could_meet(ask: _Ask, order: BookedOrder) -> bool:
    if ask.limit is None or order.limit is None:
        return True
    return ask.limit >= order.limit if ask.side == "buy" else ask.limit <= order.limit


def _flaw_of_account(ask: _Ask, asset: Asset, account_id: str, ledger: Ledger, now: Instant) -> Refused | None:
    """Returns why the account cannot give what the order takes. An order never takes a position through zero."""
    held = ledger.holdings(account_id, now).get(ask.symbol, ZERO)
    working = [order for order in ledger.open_orders(account_id) if order.symbol == ask.symbol]
    if ask.side == "sell":
        bound = sum((order.rest for order in working if order.sign < 0), ZERO)
        if held > ZERO:
            return _lacking(ask, held, bound)
        return _flaw_of_short(ask, asset, account_id, ledger) or _too_dear(ask, account_id, ledger, now)
    bound = sum((order.rest for order in working if order.sign > 0), ZERO)
    if held < ZERO:
        return _lacking(ask, -held, bound)
    if any(order.sign < 0 for order in working) and held == ZERO:
        return _forbidden("cannot open a long buy while a short sell order is open")
    return _too_dear(ask, account_id, ledger, now)


def _lacking(ask: _Ask, held: Decimal, bound: Decimal) -> Refused | None:
    available = max(held - bound, ZERO)
    if ask.qty <= available:
        return None
    return Refused(
        status=403,
        code=FORBIDDEN,
        message=f"insufficient qty available for order (requested: {plain(ask.qty)}, available: {plain(available)})",
        extra={
            "available": plain(available),
            "existing_qty": plain(held),
            "held_for_orders": plain(bound),
            "symbol": ask.symbol,
        },
    )


def _flaw_of_short(ask: _Ask, asset: Asset, account_id: str, ledger: Ledger) -> Refused | None:
    if ask.is_fraction:
        return _unprocessable("fractional orders cannot be sold short")
    if not ledger.opened[account_id].may_short:
        return _forbidden("account is not allowed to short")
    if not asset.shortable:
        return _unprocessable(f'asset "{ask.symbol}" cannot be sold short')
    return None


def _too_dear(ask: _Ask, account_id: str, ledger: Ledger, now: Instant) -> Refused | None:
    cost = ask.qty * (ask.limit or ledger.price(ask.symbol, now) or ZERO)
    if ask.is_fraction and cost < NOTIONAL_MIN:
        return _forbidden(f"cost basis must be >= minimal amount of order {plain(NOTIONAL_MIN)}")
    power = buying_power(account_id, ledger, now)
    if cost <= power:
        return None
    extra = {"buying_power": plain(power), "cost_basis": plain(cost)}
    return Refused(status=403, code=FORBIDDEN, message="insufficient buying power", extra=extra)


def buying_power(account_id: str, ledger: Ledger, now: Instant) -> Decimal:
    """Returns the cash of an account that no open purchase and no short position binds. Units: USD.

    Gives: without credit: a simulated account never trades on margin, except that shares may be short.
    """
    bound = ZERO
    for order in ledger.open_orders(account_id):
        if order.sign > 0:
            bound += order.rest * (order.limit or ledger.price(order.symbol, now) or ZERO)
    for symbol, qty in ledger.holdings(account_id, now).items():
        if qty < ZERO:
            bound -= qty * (ledger.price(symbol, now) or ZERO)
    return max(ledger.cash(account_id, now) - bound, ZERO)


def _invalid(message: str) -> Refused:
    return Refused(status=422, code=INVALID, message=message)


def _unprocessable(message: str) -> Refused:
    return Refused(status=422, code=UNPROCESSABLE, message=message)


def _forbidden(message: str) -> Refused:
    return Refused(status=403, code=FORBIDDEN, message=message)
