"""What must be true of a market at its end, and at every moment of it: truth on chain, at the broker, and our books."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import NamedTuple

from flatbook.engine.ports import Row
from flatbook.engine.recover import fold_journal
from flatbook.events.event import Event
from flatbook.journal.sqlite_reader import open_reader
from flatbook.sim.network.served_books import Line
from flatbook.state.desk import State
from flatbook.values.instants import NS_PER_S
from tests.e2e.home import THRESHOLD, VAULT_ACCOUNT
from tests.e2e.market import Market

ZERO = Decimal(0)


class Books(NamedTuple):
    """What a desk has booked: its rows, and the state that the product folds from them."""

    rows: tuple[Row, ...]
    state: State

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, in order."""
        return tuple(event for row in self.rows for event in row.events)

    def held(self, account: str) -> Decimal:
        """Returns the shares that the desk says it has at an account, since it began."""
        rows = self.state.positions.rows.items()
        return sum((row.qty for (_, at, _), row in rows if at == account), ZERO)

    @property
    def net(self) -> Decimal:
        """Returns the net of the desk in COIN."""
        nets = self.state.positions.nets
        return sum((net.known for (_, underlying), net in nets.items() if underlying == "COIN"), ZERO)


class _Rows(NamedTuple):
    rows: tuple[Row, ...]

    def read(self) -> Iterator[Row]:
        return iter(self.rows)


def books_of(market: Market) -> Books:
    """Reads what a desk has in its journal, while it runs or after."""
    path = market.home / "journal.sqlite"
    if not path.exists():
        return Books((), State())
    with closing(open_reader(path)) as reader:
        rows = tuple(reader.read())
    return Books(rows, fold_journal(_Rows(rows)))  # type: ignore[arg-type]


def bought(lines: tuple[Line, ...]) -> Decimal:
    """Returns the shares that the broker executed for us, below zero for sold."""
    return sum((line.qty or ZERO for line in lines if line.what == "executed"), ZERO)


def sold_onchain(market: Market) -> Decimal:
    """Returns by how many shares our vault has changed."""
    return (market.vault().tokens - market.opening.tokens) * market.scene.ratio("COIN")


def is_settled(market: Market) -> bool:
    """Whether the books know all of the chain, and the net is below the threshold with no order open."""
    books = books_of(market)
    known = books.held(VAULT_ACCOUNT) == sold_onchain(market)
    return known and not books.state.open_orders and abs(books.net) < Decimal(THRESHOLD)


def told_of(market: Market) -> str:
    """Returns how things stand, for people."""
    books, lines = books_of(market), market.truth()
    return (
        f"chain {sold_onchain(market)}, broker {bought(lines)}, books: vault {books.held(VAULT_ACCOUNT)}, "
        f"broker {books.held('broker')}, net {books.net}, open {dict(books.state.open_orders)}, halts "
        f"{list(books.state.halts)}; last events {books.events[-12:]}; {market.errors()[-3000:]}"
    )


def assert_agreed(market: Market) -> None:
    """Truth on chain, truth at the broker and our books are the same, and nothing was ordered twice."""
    books, lines = books_of(market), market.truth()
    assert books.held(VAULT_ACCOUNT) == sold_onchain(market), told_of(market)
    assert books.held("broker") == bought(lines), told_of(market)
    assert books.net == sold_onchain(market) + bought(lines)
    assert abs(books.net) < Decimal(THRESHOLD)
    ids = [line.client_id for line in lines if line.what == "taken"]
    assert len(set(ids)) == len(ids), "an id was taken twice"


class Exposed(NamedTuple):
    """The true net over time: how many moments were looked at, and the largest net. Units: shares."""

    moments: int
    largest: Decimal


def exposure(market: Market) -> Exposed:
    """Walks through every block and every execution in the order of time."""
    chain = market.scene.chain
    moves: list[tuple[int, Decimal]] = []
    before = market.opening.tokens
    for number in range(market.first_block + 1, chain.height + 1):
        block = chain.do("eth_getBlockByNumber", hex(number), False)
        tokens = market.vault(number).tokens
        moves.append((int(block["timestamp"], 16) * NS_PER_S, tokens - before))
        before = tokens
    moves += [(line.at, line.qty or ZERO) for line in market.truth() if line.what == "executed"]
    net, largest = ZERO, ZERO
    for _, moved in sorted(moves, key=lambda move: move[0]):
        net += moved
        largest = max(largest, abs(net))
    return Exposed(len(moves), largest)
