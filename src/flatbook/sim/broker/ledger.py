"""The broker's own truth: orders, executions, postings and received requests in one SQLite file.

It shares no code with the engine's state, so that the two can be compared. A request changes it in one transaction
that is on disk before the answer leaves; killing the process that hosts the broker changes nothing that was answered.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import Enum
from pathlib import Path

import msgspec

from flatbook.sim.broker.wire import Verb
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.money import ZERO, Price, Quantity, plain

SCHEMA_VERSION = "1"
BUSY_MS_MAX = 5_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, client_id TEXT, number INTEGER NOT NULL,
    symbol TEXT NOT NULL, side TEXT NOT NULL, qty TEXT NOT NULL, price_limit TEXT, placed_at INTEGER NOT NULL,
    works_from INTEGER NOT NULL, works_until INTEGER NOT NULL, filled TEXT NOT NULL, notional TEXT NOT NULL,
    last_fill_at INTEGER, cancel_asked_at INTEGER, cancel_at INTEGER, ended_at INTEGER, ending TEXT,
    ending_text TEXT NOT NULL, late_at INTEGER, late_qty TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS orders_by_client_id ON orders (account, client_id);
CREATE INDEX IF NOT EXISTS orders_alive ON orders (id) WHERE ended_at IS NULL OR late_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS executions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, order_id INTEGER NOT NULL, client_id TEXT, account TEXT NOT NULL,
    symbol TEXT NOT NULL, side TEXT NOT NULL, qty TEXT NOT NULL, price TEXT NOT NULL, commission TEXT NOT NULL,
    regulatory TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS executions_by_order ON executions (order_id);
CREATE INDEX IF NOT EXISTS executions_by_account ON executions (account, id);
CREATE TABLE IF NOT EXISTS postings (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, account TEXT NOT NULL, asset TEXT NOT NULL,
    amount TEXT NOT NULL, why TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS postings_by_time ON postings (account, at);
CREATE TABLE IF NOT EXISTS balances (
    account TEXT NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL, PRIMARY KEY (account, asset)
) STRICT;
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, verb TEXT NOT NULL, number INTEGER NOT NULL,
    client_id TEXT, fate TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS requests_by_verb ON requests (verb, number);
"""


class Ending(Enum):
    """How an order ended at the broker."""

    FILLED = "filled"
    CANCELED = "canceled"
    EXPIRED = "expired"


class Fate(Enum):
    """What became of a request: never arrived, or arrived and was answered, answered in vain, or refused."""

    LOST = "lost"
    ANSWERED = "answered"
    ANSWER_SPOILT = "answer_spoilt"


class BrokerOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order in the broker's truth.

    Units: qty, filled, late_qty in shares; limit and notional executed so far in the broker's currency. It works in
    [works_from, works_until); `number` is the count of the place request that made it.
    """

    id: int
    account: str
    client_id: str | None
    number: int
    symbol: str
    side: Side
    qty: Quantity
    limit: Price | None
    placed_at: Instant
    works_from: Instant
    works_until: Instant
    filled: Quantity = Quantity(ZERO)
    notional: Decimal = ZERO
    last_fill_at: Instant | None = None
    cancel_asked_at: Instant | None = None
    cancel_at: Instant | None = None
    ended_at: Instant | None = None
    ending: Ending | None = None
    ending_text: str = ""
    late_at: Instant | None = None
    late_qty: Quantity | None = None

    @property
    def rest(self) -> Quantity:
        """What may still execute, zero when nothing may."""
        return Quantity(max(self.qty - self.filled, ZERO))


class BrokerExecution(msgspec.Struct, frozen=True, kw_only=True):
    """An execution in the broker's truth. Units: qty in shares; price in currency per share; fees in currency."""

    id: int
    order_id: int
    client_id: str | None
    account: str
    symbol: str
    side: Side
    qty: Quantity
    price: Price
    commission: Decimal
    regulatory: Decimal
    at: Instant


class RequestLine(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the broker logged it; `number` counts the requests of its verb."""

    at: Instant
    verb: Verb
    number: int
    client_id: str | None
    fate: Fate


class BrokerFileRefused(ValueError):
    """The file is no ledger of this paper broker, or of another version."""


_ORDER_FIELDS = BrokerOrder.__struct_fields__
_ORDER_COLUMNS = ", ".join("price_limit" if name == "limit" else name for name in _ORDER_FIELDS)
_EXECUTION_COLUMNS = ", ".join(BrokerExecution.__struct_fields__)


def _stored(value: object) -> str | int | None:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Enum):
        return str(value.value)
    assert value is None or isinstance(value, str | int)
    return value


class BrokerLedger:
    """The tables of one paper broker. A path of None keeps them in memory."""

    def __init__(self, path: Path | None) -> None:
        self._db = sqlite3.connect(":memory:" if path is None else path, isolation_level=None)
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise BrokerFileRefused(f"{path} is no paper broker's ledger: {error}. Name another file.") from error

    def _open(self) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {BUSY_MS_MAX}")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)
        with self.transaction():
            stored = self.fact("schema")
            if stored is not None and stored != SCHEMA_VERSION:
                raise sqlite3.DatabaseError(f"it has schema {stored}, this version reads {SCHEMA_VERSION}")
            self.state_fact("schema", SCHEMA_VERSION)

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes what happens inside durable at its end, or undoes all of it."""
        self._db.execute("BEGIN IMMEDIATE")
        complete = False
        try:
            yield
            complete = True
        finally:
            self._db.execute("COMMIT" if complete else "ROLLBACK")

    def fact(self, name: str) -> str | None:
        """Returns a fact about the broker itself."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def state_fact(self, name: str, value: str) -> None:
        """Keeps a fact about the broker itself."""
        self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def add_order(self, order: BrokerOrder) -> BrokerOrder:
        """Adds an order under the next id and returns it with that id."""
        row = self._db.execute("SELECT max(id) FROM orders").fetchone()
        added = msgspec.structs.replace(order, id=1 + int(row[0] or 0))
        self.save_order(added)
        return added

    def save_order(self, order: BrokerOrder) -> None:
        """Replaces an order by its new state."""
        marks = ", ".join("?" * len(_ORDER_FIELDS))
        values = [_stored(getattr(order, name)) for name in _ORDER_FIELDS]
        self._db.execute(f"INSERT OR REPLACE INTO orders ({_ORDER_COLUMNS}) VALUES ({marks})", values)  # noqa: S608

    def order(self, order_id: int) -> BrokerOrder | None:
        """Returns the order with an id of the broker."""
        return next(self._orders("WHERE id = ?", order_id), None)

    def newest_by_client_id(self, account: str, client_id: str) -> BrokerOrder | None:
        """Returns the order that last took a client id."""
        return next(
            self._orders("WHERE account = ? AND client_id = ? ORDER BY id DESC LIMIT 1", account, client_id), None
        )

    def alive(self) -> tuple[BrokerOrder, ...]:
        """Returns the orders to which something may still happen, oldest first."""
        return tuple(self._orders("WHERE ended_at IS NULL OR late_at IS NOT NULL ORDER BY id"))

    def open_at(self, account: str, at: Instant) -> tuple[BrokerOrder, ...]:
        """Returns the orders of an account that were placed and not ended at an instant, oldest first."""
        where = "WHERE account = ? AND placed_at <= ? AND (ended_at IS NULL OR ended_at > ?) ORDER BY id"
        return tuple(self._orders(where, account, at, at))

    def orders(self) -> tuple[BrokerOrder, ...]:
        """Returns all orders, oldest first."""
        return tuple(self._orders("ORDER BY id"))

    def _orders(self, where: str, *values: str | int) -> Iterator[BrokerOrder]:
        for row in self._db.execute(f"SELECT {_ORDER_COLUMNS} FROM orders {where}", values):  # noqa: S608
            yield msgspec.convert(dict(zip(_ORDER_FIELDS, row, strict=True)), BrokerOrder)

    def add_execution(self, execution: BrokerExecution) -> BrokerExecution:
        """Adds an execution under the next id and returns it with that id."""
        fields = BrokerExecution.__struct_fields__[1:]
        cursor = self._db.execute(
            f"INSERT INTO executions ({', '.join(fields)}) VALUES ({', '.join('?' * len(fields))})",  # noqa: S608
            [_stored(getattr(execution, name)) for name in fields],
        )
        assert cursor.lastrowid is not None
        return msgspec.structs.replace(execution, id=cursor.lastrowid)

    def executions_of(self, order_id: int, *, until: Instant) -> tuple[BrokerExecution, ...]:
        """Returns the executions of an order up to an instant, oldest first."""
        return self._executions("WHERE order_id = ? AND at <= ? ORDER BY id", order_id, until)

    def executions_after(
        self, account: str, after: int, *, until: Instant, count_max: int
    ) -> tuple[BrokerExecution, ...]:
        """Returns the next executions of an account with an id beyond `after`, up to an instant."""
        where = "WHERE account = ? AND id > ? AND at <= ? ORDER BY id LIMIT ?"
        return self._executions(where, account, after, until, count_max)

    def executions(self) -> tuple[BrokerExecution, ...]:
        """Returns all executions, oldest first."""
        return self._executions("ORDER BY id")

    def _executions(self, where: str, *values: str | int) -> tuple[BrokerExecution, ...]:
        rows = self._db.execute(f"SELECT {_EXECUTION_COLUMNS} FROM executions {where}", values)  # noqa: S608
        names = BrokerExecution.__struct_fields__
        return tuple(msgspec.convert(dict(zip(names, row, strict=True)), BrokerExecution) for row in rows)

    def post(self, account: str, asset: str, amount: Decimal, *, at: Instant, why: str) -> None:
        """Books a change of cash or of a holding. Units: amount in currency or shares, signed."""
        if not amount:
            return
        row = (at, account, asset, plain(amount), why)
        self._db.execute("INSERT INTO postings (at, account, asset, amount, why) VALUES (?, ?, ?, ?, ?)", row)
        total = plain(self.balance(account, asset) + amount)
        self._db.execute("INSERT OR REPLACE INTO balances VALUES (?, ?, ?)", (account, asset, total))

    def balance(self, account: str, asset: str) -> Decimal:
        """Returns what an account has of an asset now."""
        query = "SELECT amount FROM balances WHERE account = ? AND asset = ?"
        row = self._db.execute(query, (account, asset)).fetchone()
        return ZERO if row is None else Decimal(row[0])

    def balances_at(self, account: str, at: Instant) -> dict[str, Decimal]:
        """Returns what an account had of each asset at an instant, in order of asset."""
        query = "SELECT asset, amount FROM balances WHERE account = ? ORDER BY asset"
        totals = {str(asset): Decimal(amount) for asset, amount in self._db.execute(query, (account,))}
        later = "SELECT asset, amount FROM postings WHERE account = ? AND at > ?"
        for asset, amount in self._db.execute(later, (account, at)):
            totals[asset] -= Decimal(amount)
        return totals

    def postings(self) -> tuple[tuple[str, str, Decimal], ...]:
        """Returns (account, asset, amount) of every posting, oldest first."""
        rows = self._db.execute("SELECT account, asset, amount FROM postings ORDER BY id")
        return tuple((str(account), str(asset), Decimal(amount)) for account, asset, amount in rows)

    def has_account(self, account: str) -> bool:
        """Returns whether an account was ever opened here."""
        return self.fact(f"account:{account}") is not None

    def next_number(self, verb: Verb) -> int:
        """Returns the count that the next request of a verb will have, from 1."""
        row = self._db.execute("SELECT max(number) FROM requests WHERE verb = ?", (verb.value,)).fetchone()
        return 1 + int(row[0] or 0)

    def log_request(self, line: RequestLine) -> None:
        """Logs a request."""
        row = (line.at, line.verb.value, line.number, line.client_id, line.fate.value)
        self._db.execute("INSERT INTO requests (at, verb, number, client_id, fate) VALUES (?, ?, ?, ?, ?)", row)

    def requests(self) -> tuple[RequestLine, ...]:
        """Returns the logged requests in the order in which they came."""
        rows = self._db.execute("SELECT at, verb, number, client_id, fate FROM requests ORDER BY id")
        names = RequestLine.__struct_fields__
        return tuple(msgspec.convert(dict(zip(names, row, strict=True)), RequestLine) for row in rows)

    def received(self, client_id: str) -> dict[Verb, int]:
        """Returns how many requests to place, find and cancel the order of a client id arrived here."""
        query = "SELECT verb, count(*) FROM requests WHERE client_id = ? AND fate <> ? GROUP BY verb"
        rows = self._db.execute(query, (client_id, Fate.LOST.value))
        counts = {Verb(verb): int(count) for verb, count in rows}
        return {verb: counts.get(verb, 0) for verb in (Verb.PLACE, Verb.FIND, Verb.CANCEL)}
