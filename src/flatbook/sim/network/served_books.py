"""What happens in the books of a broker that is served to other processes, line by line in a file.

The file is the truth that a run is judged by: it survives whoever was served, and a line is written before the answer
that it led to.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec

from flatbook.sim.alpaca.ledger import BookedExecution, BookedOrder, Ledger
from flatbook.values.instants import Instant

FILE_MODE = 0o600


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened. Units: qty in shares, below zero for sold; price and limit in USD per share."""

    at: Instant
    what: str
    account: str
    symbol: str = ""
    client_id: str = ""
    venue_id: str = ""
    qty: Decimal | None = None
    price: Decimal | None = None
    status: str = ""


class ServedBooks:
    """Writes the books of a ledger to a file. Implements Listener; `later` calls at an instant."""

    def __init__(
        self,
        ledger: Ledger,
        path: Path,
        now: Callable[[], Instant],
        later: Callable[[Instant, Callable[[], None]], None],
    ) -> None:
        """Opens the file, which is made when missing, and writes what each account holds.

        Errors: OSError.
        """
        self._ledger, self._now, self._later = ledger, now, later
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
        ledger.listener = self
        for account in ledger.opened.values():
            self._write(Line(at=now(), what="opened", account=account.account_id, symbol="USD", qty=account.cash))
            for symbol, qty in account.holdings.items():
                self._write(Line(at=now(), what="opened", account=account.account_id, symbol=symbol, qty=qty))

    def due(self, at: Instant) -> None:
        """Lets the books advance when something is due."""
        self._later(at, lambda: self._ledger.advance(self._now()))

    def taken(self, order: BookedOrder) -> None:
        """Writes that an order was taken."""
        self._order("taken", order.taken_at, order)

    def refused(self, account_id: str, client_id: str, message: str) -> None:
        """Writes that an order was not taken."""
        self._write(Line(at=self._now(), what="refused", account=account_id, client_id=client_id, status=message))

    def executed(self, execution: BookedExecution) -> None:
        """Writes an execution."""
        order = execution.order
        self._write(
            Line(
                at=execution.at,
                what="executed",
                account=order.account_id,
                symbol=order.symbol,
                client_id=order.client_id,
                venue_id=order.id,
                qty=order.sign * execution.qty,
                price=execution.price,
            )
        )

    def over(self, order: BookedOrder) -> None:
        """Writes that an order ended."""
        self._order("over", order.now.at, order)

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)

    def _order(self, what: str, at: Instant, order: BookedOrder) -> None:
        self._write(
            Line(
                at=at,
                what=what,
                account=order.account_id,
                symbol=order.symbol,
                client_id=order.client_id,
                venue_id=order.id,
                qty=order.sign * order.qty,
                price=order.limit,
                status=order.now.status,
            )
        )

    def _write(self, line: Line) -> None:
        os.write(self._descriptor, msgspec.json.encode(line) + b"\n")


def read_books(path: Path) -> tuple[Line, ...]:
    """Returns what stands in such a file; a last line that was cut off does not count.

    Errors: OSError, msgspec.MsgspecError.
    """
    return tuple(msgspec.json.decode(line, type=Line) for line in path.read_bytes().split(b"\n")[:-1])
