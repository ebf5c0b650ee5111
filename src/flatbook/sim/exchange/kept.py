"""The books of a simulated exchange as they are kept in a file, and taken up again.

Markets and rules are not kept: they are those of the terms at the next start. An order that rested goes behind what is
displayed then.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import msgspec

from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import BookedOrder, Ending, Execution, Flow, Forced, Placing, Status
from flatbook.sim.exchange.terms import Life, Stp
from flatbook.values.instants import Instant
from flatbook.values.money import plain

FILE_MODE = 0o600
ENDED_MAX = 5_000
VERSION = 1


class KeptRefused(ValueError):
    """Books that were kept cannot be taken up. Says why."""


class _Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: int
    account: str
    market: str
    client_id: str
    sign: int
    qty: Decimal
    price: Decimal | None
    spend: Decimal | None
    life: Life
    reduces: bool
    stp: Stp
    forced: Forced | None
    words: dict[str, str]
    status: Status
    ending: Ending
    created_at: Instant
    updated_at: Instant
    filled: Decimal
    locked: Decimal
    executions: list[Execution]


class _Position(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    market: str
    qty: Decimal
    cost: Decimal
    realised: Decimal
    leverage: int
    opened_at: Instant
    updated_at: Instant
    contract_size: Decimal = Decimal(1)


class _Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    free: dict[str, dict[str, Decimal]]
    locked: dict[str, dict[str, Decimal]]
    positions: list[_Position]
    pays_in_fee_coin: bool


class _Books(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    order_id: int
    trade_id: int
    accounts: list[_Account]
    orders: list[_Order]
    flows: list[Flow]
    funded: dict[str, Instant] = {}


def keep(exchange: Exchange, path: Path) -> None:
    """Writes the books in the place of what was kept before, whole or not at all.

    Errors: OSError.
    """
    beside = path.with_name(f"{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - the descriptor has its mode
        file.write(written(exchange))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def written(exchange: Exchange) -> bytes:
    """Writes the books: all open orders, and the last ones that ended."""
    ended = [order for order in exchange.orders.values() if not order.is_open][-ENDED_MAX:]
    orders = sorted([*ended, *exchange.open.values()], key=lambda order: order.id)
    order_id, trade_id = exchange.numbers()
    books = _Books(
        version=VERSION,
        order_id=order_id,
        trade_id=trade_id,
        accounts=[_account(exchange, name) for name in exchange.accounts],
        orders=[_order(order) for order in orders],
        flows=exchange.flows,
        funded=exchange.funded,
    )
    return msgspec.json.encode(books)


def take_up(exchange: Exchange, content: bytes) -> None:
    """Takes up books that were kept in the place of those of a new exchange.

    Needs: the same markets and accounts; a market that is gone must have no order and no position.
    Errors: KeptRefused.
    """
    try:
        books = msgspec.json.decode(content, type=_Books)
    except msgspec.MsgspecError as error:
        raise KeptRefused(f"the books of the paper exchange cannot be read: {error}") from error
    if books.version != VERSION:
        raise KeptRefused(f"the books of the paper exchange have version {books.version}, and {VERSION} is read")
    for named in books.accounts:
        account = exchange.accounts.get(named.name)
        if account is None:
            raise KeptRefused(f"the paper exchange has no account {named.name} any more")
        for name, wallet in account.wallets.items():
            wallet.free, wallet.locked = dict(named.free[name]), dict(named.locked[name])
        account.pays_in_fee_coin = named.pays_in_fee_coin
        for held in named.positions:
            _take_position(exchange, named.name, held)
    exchange.funded.update(books.funded)
    exchange.resume(books.order_id, books.trade_id, [_booked(exchange, each) for each in books.orders], books.flows)


def _take_position(exchange: Exchange, account: str, held: _Position) -> None:
    market = exchange.markets.get(held.market)
    if market is None:
        if held.qty:
            raise KeptRefused(
                f"there is a position in {held.market}, which is no market of the paper exchange any more"
            )
        return
    if held.qty and held.contract_size != market.contract_size:
        sizes = f"{plain(held.contract_size)}, and {plain(market.contract_size)} is configured"
        raise KeptRefused(f"the position in {held.market} is of contracts of {sizes}")
    position = exchange.accounts[account].position(market)
    position.qty, position.cost, position.realised = held.qty, held.cost, held.realised
    position.leverage, position.opened_at, position.updated_at = held.leverage, held.opened_at, held.updated_at


def _account(exchange: Exchange, name: str) -> _Account:
    account = exchange.accounts[name]
    return _Account(
        name=name,
        free={each: wallet.free for each, wallet in account.wallets.items()},
        locked={each: wallet.locked for each, wallet in account.wallets.items()},
        positions=[
            _Position(
                market=market,
                qty=position.qty,
                cost=position.cost,
                realised=position.realised,
                leverage=position.leverage,
                opened_at=position.opened_at,
                updated_at=position.updated_at,
                contract_size=position.market.contract_size,
            )
            for market, position in account.positions.items()
        ],
        pays_in_fee_coin=account.pays_in_fee_coin,
    )


def _order(order: BookedOrder) -> _Order:
    return _Order(
        id=order.id,
        account=order.account,
        market=order.market.name,
        client_id=order.client_id,
        sign=order.sign,
        qty=order.qty,
        price=order.price,
        spend=order.asked.spend,
        life=order.life,
        reduces=order.reduces,
        stp=order.stp,
        forced=order.forced,
        words=order.words,
        status=order.status,
        ending=order.ending,
        created_at=order.created_at,
        updated_at=order.updated_at,
        filled=order.filled,
        locked=order.locked,
        executions=order.executions,
    )


def _booked(exchange: Exchange, kept: _Order) -> BookedOrder:
    market = exchange.markets.get(kept.market)
    if market is None:
        raise KeptRefused(f"order {kept.id} is in {kept.market}, which is no market of the paper exchange any more")
    asked = Placing(
        account=kept.account,
        market=market,
        client_id=kept.client_id,
        sign=kept.sign,
        qty=kept.qty,
        price=kept.price,
        spend=kept.spend,
        life=kept.life,
        reduces=kept.reduces,
        stp=kept.stp,
        forced=kept.forced,
        words=kept.words,
    )
    order = BookedOrder(kept.id, asked, kept.qty, kept.created_at)
    order.status, order.ending, order.updated_at = kept.status, kept.ending, kept.updated_at
    order.filled, order.locked, order.executions = kept.filled, kept.locked, kept.executions
    return order
