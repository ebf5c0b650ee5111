"""What happens at an exchange that is served to other processes, line by line in a file, as of a broker that is served.

A line is written before the answer that it led to: the file is the truth that a run is judged by.
"""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import msgspec

from flatbook.sim.exchange.exchange import Exchange
from flatbook.sim.exchange.orders import BookedOrder, Change, Execution, Print
from flatbook.sim.exchange.terms import Market
from flatbook.sim.network.served_books import FILE_MODE, Line


class ServedExchange:
    """Writes what happens to a file. Implements Watcher."""

    def __init__(self, exchange: Exchange, path: Path) -> None:
        """Opens the file, which is made when missing, and writes what each account holds.

        Errors: OSError.
        """
        self._exchange = exchange
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
        exchange.watchers.insert(0, self)
        for account in exchange.accounts.values():
            for wallet, held in account.wallets.items():
                for coin in held.coins():
                    self._write("opened", account.name, symbol=coin, qty=held.total(coin), status=wallet)

    def order_changed(self, order: BookedOrder, change: Change, execution: Execution | None) -> None:
        """Writes that an order was taken, executed, or ended."""
        if execution is not None:
            self._order("executed", order, order.sign * execution.qty, execution.price)
        elif change in (Change.NEW, Change.AMENDED):
            self._order("taken", order, order.sign * order.qty, order.price)
        if not order.is_open:
            self._order("over", order, order.sign * order.filled, order.price)

    def account_changed(self, account: str, wallet: str, why: str, coins: tuple[str, ...], market: str) -> None:
        """Writes funding; balances after trades follow from those."""
        if why != "ORDER":
            for coin in coins:
                total = self._exchange.accounts[account].wallets[wallet].total(coin)
                self._write("balance", account, symbol=coin, qty=total, status=f"{why}:{market}")

    def printed(self, market: Market, trade: Print) -> None:
        """Leaves what others see to the streams."""

    def depth_changed(self, market: Market, first_id: int, last_id: int, levels: dict[tuple[int, int], int]) -> None:
        """Leaves what others see to the streams."""

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)

    def _order(self, what: str, order: BookedOrder, qty: Decimal, price: Decimal | None) -> None:
        line = Line(
            at=self._exchange.now,
            what=what,
            account=order.account,
            symbol=order.market.name,
            client_id=order.client_id,
            venue_id=str(order.id),
            qty=qty,
            price=price,
            status=order.status.value,
        )
        os.write(self._descriptor, msgspec.json.encode(line) + b"\n")

    def _write(self, what: str, account: str, *, symbol: str, qty: Decimal, status: str) -> None:
        line = Line(at=self._exchange.now, what=what, account=account, symbol=symbol, qty=qty, status=status)
        os.write(self._descriptor, msgspec.json.encode(line) + b"\n")
