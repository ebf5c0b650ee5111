"""Orders as the simulated exchange books them, and what happens to them."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Protocol

import msgspec

from flatbook.sim.exchange.terms import Life, Market, Stp
from flatbook.values.instants import Instant
from flatbook.values.money import divide_cut

AVERAGE_DECIMALS = 8


class Status(Enum):
    """Where an order is in its life."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"


OPEN = (Status.NEW, Status.PARTIALLY_FILLED)


class Refusal(Enum):
    """Why an order was not taken, in no exchange's words."""

    MARKET = "unknown market"
    CLOSED = "the market does not trade"
    ACCOUNT = "the account may not trade"
    TICK = "no whole number of ticks"
    PRICE = "no price"
    LOT = "no whole number of lots"
    QTY_MIN = "too few"
    QTY_MAX = "too many"
    NOTIONAL = "worth too little"
    FUNDS = "not enough funds"
    MARGIN = "not enough margin"
    CLIENT_ID = "the client id is in use"
    WOULD_TAKE = "would take"
    NOT_WHOLE = "cannot be filled at once"
    REDUCE_ONLY = "would not reduce"
    GONE = "no such open order"


class Ending(Enum):
    """Why an order ended before it was filled."""

    NONE = "none"
    ASKED = "asked"
    COUNTDOWN = "countdown"
    NOTHING_LEFT = "nothing left to take"
    WOULD_TAKE = "would take"
    NOT_WHOLE = "cannot be filled at once"
    OWN = "own order on the other side"
    REDUCE_ONLY = "nothing left to reduce"
    LIQUIDATION = "liquidation"
    REJECTED_LATE = "rejected after it was accepted"


class Forced(Enum):
    """Why the exchange itself reduced a position."""

    LIQUIDATION = "liquidation"
    ADL = "adl"
    SETTLEMENT = "settlement"


class Change(Enum):
    """What happened to an order."""

    NEW = "NEW"
    TRADE = "TRADE"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"
    AMENDED = "AMENDED"
    PREVENTED = "PREVENTED"
    FORCED = "FORCED"


class Placing(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it is asked for.

    `words` are those of the protocol, kept for its answers. A market order has no price; a spot one may say how much
    of the quote coin it spends instead of how much it buys. Units: coins, quote coins per coin; sign +1 to buy.
    """

    account: str
    market: Market
    client_id: str
    sign: int
    qty: Decimal | None
    price: Decimal | None = None
    spend: Decimal | None = None
    life: Life = Life.GTC
    reduces: bool = False
    stp: Stp = Stp.NONE
    forced: Forced | None = None
    words: dict[str, str] = {}


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of an order.

    Units: contracts of `contract_size` coins; `fee` in `fee_coin`, below zero for a rebate.
    """

    trade_id: int
    at: Instant
    qty: Decimal
    price: Decimal
    is_maker: bool
    fee: Decimal
    fee_coin: str
    realised: Decimal
    contract_size: Decimal = Decimal(1)

    @property
    def notional(self) -> Decimal:
        """What it is worth in the quote coin."""
        return self.qty * self.price * self.contract_size


class BookedOrder:
    """An order in the books. Units: as in Placing; `locked` in the coin of `locked_coin`."""

    __slots__ = (
        "account",
        "asked",
        "client_id",
        "created_at",
        "ending",
        "executions",
        "filled",
        "forced",
        "id",
        "life",
        "locked",
        "market",
        "price",
        "qty",
        "reduces",
        "sign",
        "status",
        "stp",
        "updated_at",
        "words",
    )

    def __init__(self, order_id: int, asked: Placing, qty: Decimal, at: Instant) -> None:
        self.id, self.asked = order_id, asked
        self.account, self.market, self.client_id, self.sign = asked.account, asked.market, asked.client_id, asked.sign
        self.qty, self.price, self.life, self.stp = qty, asked.price, asked.life, asked.stp
        self.reduces, self.forced, self.words = asked.reduces, asked.forced, asked.words
        self.status, self.ending = Status.NEW, Ending.NONE
        self.created_at = self.updated_at = at
        self.filled = self.locked = Decimal(0)
        self.executions: list[Execution] = []

    @property
    def is_open(self) -> bool:
        """Whether it may still trade."""
        return self.status in OPEN

    @property
    def left(self) -> Decimal:
        """What is not filled, nothing where too much was."""
        return max(self.qty - self.filled, Decimal(0))

    @property
    def spent(self) -> Decimal:
        """What its executions are worth. Units: quote coins."""
        return sum((each.notional for each in self.executions), Decimal(0))

    @property
    def average(self) -> Decimal:
        """The average price of its executions, cut; 0 where there is none."""
        coins = self.filled * self.market.contract_size
        return divide_cut(self.spent, coins, decimals=AVERAGE_DECIMALS) if coins else Decimal(0)

    @property
    def locked_coin(self) -> str:
        """The coin that it locks."""
        return self.market.quote if self.sign > 0 else self.market.coin


class Print(msgspec.Struct, frozen=True, kw_only=True):
    """A trade as everybody sees it; `sign` is that of the order that took. Units: coins, quote coins per coin."""

    trade_id: int
    at: Instant
    sign: int
    qty: Decimal
    price: Decimal


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a wallet that is no trade, such as funding of a position or a transfer. Units: in its coin."""

    id: int
    at: Instant
    account: str
    kind: str
    coin: str
    amount: Decimal
    market: str = ""
    qty: Decimal = Decimal(0)
    price: Decimal = Decimal(0)


class Watcher(Protocol):
    """Who is told at once what happens at the exchange."""

    def order_changed(self, order: BookedOrder, change: Change, execution: Execution | None) -> None:
        """Something happened to an order."""

    def account_changed(self, account: str, wallet: str, why: str, coins: tuple[str, ...], market: str) -> None:
        """Balances changed, and with them the position on a market where one is named."""

    def printed(self, market: Market, trade: Print) -> None:
        """Two orders traded."""

    def depth_changed(self, market: Market, first_id: int, last_id: int, levels: dict[tuple[int, int], int]) -> None:
        """Levels of a book have other quantities. Units: ticks and lots, by sign and price."""
