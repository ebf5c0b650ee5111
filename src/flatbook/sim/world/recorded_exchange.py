"""An account of a simulated exchange as a world has it: what happens there goes into the world's record.

Units: as in sim/world/record.py; the books of the exchange are in decimals.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from urllib.parse import parse_qsl

import msgspec

from flatbook.sim.exchange.bybit.words import long_id
from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import BookedOrder, Change, Ending, Execution, Print, Status
from flatbook.sim.exchange.server import ExchangeServer
from flatbook.sim.exchange.terms import Kind, Market
from flatbook.sim.network.http_broker import Ask, Told
from flatbook.sim.world.record import (
    AccountOpened,
    AskedToWait,
    Displayed,
    Executed,
    Held,
    Moved,
    OrderOver,
    OrderRefused,
    OrderTaken,
    Record,
    Requested,
)
from flatbook.sim.world.seat import SEAT_ACCOUNT, cash_units
from flatbook.values.ids import InstrumentId
from flatbook.values.instants import Instant, later
from flatbook.values.money import Quantity, to_base_units

SHARE_DECIMALS, PRICE_DECIMALS = 9, 4
TOO_MANY, BANNED = 429, 418
BINANCE_ORDER = ("/api/v3/order", "/fapi/v1/order")
BYBIT_VERBS = {"/v5/order/create": "place", "/v5/order/cancel": "cancel"}
BY_HAND = "hand"
CUT = "expired"
"""How an order ended that may only reduce, and was made smaller by the exchange before it was filled."""


class Naming(msgspec.Struct, frozen=True, kw_only=True):
    """How an adapter names things, stated a second time. `expires` tells what an order is that ended by itself."""

    execution: Callable[[BookedOrder, Execution], str]
    ending: Callable[[BookedOrder], str]
    request: Callable[[Ask], tuple[str, str | None]]


class RecordedExchange:
    """Mirrors an exchange into the record. Implements Watcher."""

    def __init__(
        self,
        server: ExchangeServer,
        record: Record,
        naming: Naming,
        instrument: InstrumentId,
        now: Callable[[], Instant],
    ) -> None:
        self._exchange, self._record, self._naming, self._now = server.exchange, record, naming, now
        self._instrument = instrument
        self._market = self._exchange.terms.markets[0]
        self._taken: dict[int, None] = {}
        self._working: dict[int, None] = {}
        self._touch = (0, 0)
        server.arrived, server.told = self._arrived, self._told
        self._exchange.watchers.insert(0, self)
        opened = self._exchange.accounts[SEAT_ACCOUNT].wallet(self._market)
        held = to_base_units(Quantity(opened.total(self._market.coin)), decimals=SHARE_DECIMALS)
        record.add(
            AccountOpened(
                at=now(),
                account=SEAT_ACCOUNT,
                cash=cash_units(opened.total(self._market.quote)),
                holdings={self._market.symbol: held} if held else {},
            )
        )

    @property
    def exchange(self) -> Exchange:
        """The books."""
        return self._exchange

    def order_changed(self, order: BookedOrder, _change: Change, execution: Execution | None) -> None:
        """Records that an order was taken, executed, or ended."""
        if order.forced is None:
            self._take(order)
        if execution is not None:
            self._execute(order, execution)
        if not order.is_open and order.id in self._working:
            del self._working[order.id]
            self._over(order)

    def account_changed(self, account: str, _wallet: str, why: str, coins: tuple[str, ...], _market: str) -> None:
        """Records funding; balances after trades follow from those."""
        if why == "FUNDING_FEE":
            flow = self._exchange.flows[-1]
            self._move(account, coins[0], flow.amount, why)

    def printed(self, _market: Market, _trade: Print) -> None:
        """Leaves what others see to the streams."""

    def depth_changed(self, market: Market, _first_id: int, _last_id: int, _levels: dict[tuple[int, int], int]) -> None:
        """Records the touch where it is another one."""
        pit = self._exchange.pits[market.name]
        touch = (_price(market.tick * (pit.best(1) or 0)), _price(market.tick * (pit.best(-1) or 0)))
        if touch != self._touch:
            self._touch = touch
            self._record.add(Displayed(at=self._now(), symbol=market.symbol, bid=touch[0], ask=touch[1]))

    def end(self) -> None:
        """Records what the account holds at the end."""
        account, market = self._exchange.accounts[SEAT_ACCOUNT], self._market
        wallet = account.wallet(market)
        for coin in wallet.coins():
            self._hold(coin, wallet.total(coin))
        if market.kind is Kind.PERP:
            self._hold(self._instrument, account.position(market).qty)

    def _told(self, ask: Ask, told: Told) -> None:
        """Records that the exchange asked to wait."""
        wait_s = (told.headers or {}).get("Retry-After", "") if told.status in (TOO_MANY, BANNED) else ""
        if wait_s:
            until = later(self._now(), seconds=int(wait_s))
            verb = f"{ask.method} {ask.path}"
            self._record.add(AskedToWait(at=self._now(), account=SEAT_ACCOUNT, verb=verb, until=until))

    def _hold(self, asset: str, amount: Decimal) -> None:
        self._record.add(Held(at=self._now(), account=SEAT_ACCOUNT, asset=asset, amount=cash_units(amount)))

    def _move(self, account: str, asset: str, amount: Decimal, why: str) -> None:
        self._record.add(Moved(at=self._now(), account=account, asset=asset, amount=cash_units(amount), why=why))

    def _take(self, order: BookedOrder) -> None:
        if order.id in self._taken:
            return
        self._taken[order.id] = None
        if order.ending is Ending.WOULD_TAKE:
            self._record.add(
                OrderRefused(at=self._now(), account=order.account, client_id=order.client_id, code="would take")
            )
            return
        self._working[order.id] = None
        self._record.add(
            OrderTaken(
                at=self._now(),
                account=order.account,
                venue_id=str(order.id),
                client_id=order.client_id or None,
                symbol=order.market.symbol,
                sign=order.sign,
                qty=_shares(order.asked.qty or order.qty),
                limit=None if order.price is None else _price(order.price),
                ours=not order.client_id.startswith(BY_HAND),
            )
        )

    def _execute(self, order: BookedOrder, execution: Execution) -> None:
        self._record.add(
            Executed(
                at=self._now(),
                account=order.account,
                execution_id=self._naming.execution(order, execution),
                venue_id=str(order.id),
                client_id=None if order.forced is not None else order.client_id or None,
                symbol=order.market.symbol,
                sign=order.sign,
                qty=_shares(execution.qty),
                price=_price(execution.price),
                fee=cash_units(execution.fee),
                forced=order.forced is not None,
                fee_asset=None if execution.fee_coin == order.market.quote else execution.fee_coin,
            )
        )

    def _over(self, order: BookedOrder) -> None:
        was_cut = order.status is Status.FILLED and order.filled < (order.asked.qty or order.filled)
        self._record.add(
            OrderOver(
                at=self._now(),
                account=order.account,
                venue_id=str(order.id),
                client_id=order.client_id or None,
                ending=CUT if was_cut else self._naming.ending(order),
            )
        )

    def _arrived(self, ask: Ask, host: str, sent_at: Instant, copy: int) -> None:
        verb, client_id = self._naming.request(ask)
        process, _, life = host.partition("#")
        self._record.add(
            Requested(
                at=self._now(),
                account=SEAT_ACCOUNT,
                verb=verb,
                client_id=client_id,
                process=process,
                life=int(life or 0),
                sent_at=sent_at,
                copy=copy,
            )
        )


def _binance_request(ask: Ask) -> tuple[str, str | None]:
    if ask.path not in BINANCE_ORDER or ask.method == "GET":
        return "read", None
    words = dict(parse_qsl(ask.raw_query)) | dict(parse_qsl(ask.body.decode(errors="replace")))
    if ask.method == "POST":
        return "place", words.get("newClientOrderId")
    return "cancel", words.get("origClientOrderId")


def _bybit_request(ask: Ask) -> tuple[str, str | None]:
    if ask.path not in BYBIT_VERBS:
        return "read", None
    try:
        words = msgspec.json.decode(ask.body, type=dict[str, object])
    except msgspec.DecodeError:
        return BYBIT_VERBS[ask.path], None
    named = words.get("orderLinkId")
    return BYBIT_VERBS[ask.path], None if named is None else str(named)


def _binance_ending(order: BookedOrder) -> str:
    words = {Status.FILLED: "filled", Status.CANCELED: "canceled", Status.REJECTED: "canceled"}
    return words.get(order.status, "expired")


def _bybit_ending(order: BookedOrder) -> str:
    if order.ending is Ending.WOULD_TAKE:
        return "turned_down"
    return "filled" if order.status is Status.FILLED else "canceled"


def binance_naming() -> Naming:
    """Returns how the adapter of Binance names things."""
    return Naming(
        execution=lambda order, execution: f"{order.market.symbol}:{execution.trade_id}",
        ending=_binance_ending,
        request=_binance_request,
    )


def bybit_naming(seed: str) -> Naming:
    """Returns how the adapter of Bybit names things."""
    return Naming(
        execution=lambda order, execution: long_id(seed, order.account, execution.trade_id * 2 + (order.sign > 0)),
        ending=_bybit_ending,
        request=_bybit_request,
    )


def _shares(qty: Decimal) -> int:
    return to_base_units(Quantity(qty), decimals=SHARE_DECIMALS)


def _price(price: Decimal) -> int:
    return to_base_units(Quantity(price), decimals=PRICE_DECIMALS)
