"""What must be true of a market at its end, and at every moment of it: truth on chain, at the broker, and our books."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from typing import NamedTuple

from flatbook.engine.ports import Row
from flatbook.engine.recover import fold_journal
from flatbook.events.chain import VaultFilled
from flatbook.events.event import Event
from flatbook.events.orders import OrderIntended
from flatbook.journal.sqlite_reader import open_reader
from flatbook.sim.network.served_books import Line
from flatbook.state.desk import State
from tests.e2e.home import THRESHOLD, VAULT_ACCOUNT
from tests.e2e.market import Market

ZERO = Decimal(0)
UNIT = Decimal("1e-18")


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


def knows_chain(books: Books, market: Market) -> bool:
    """Whether the books have what the vault has: to the smallest unit of the token, which each fill may be cut to."""
    fills = sum(isinstance(event, VaultFilled) for event in books.events)
    return abs(books.held(VAULT_ACCOUNT) - sold_onchain(market)) <= fills * UNIT


def is_settled(market: Market) -> bool:
    """Whether the books know all of the chain, and the net is below the threshold with no order open."""
    books = books_of(market)
    return knows_chain(books, market) and not books.state.open_orders and abs(books.net) < Decimal(THRESHOLD)


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
    assert knows_chain(books, market), told_of(market)
    assert books.held("broker") == bought(lines), told_of(market)
    assert books.net == books.held(VAULT_ACCOUNT) + books.held("broker")
    assert abs(books.net) < Decimal(THRESHOLD)
    ids = [line.venue_id for line in lines if line.what == "taken"]
    assert len(set(ids)) == len(ids), "an id was taken twice"
    assert_one_at_a_time(lines)
    assert_never_beyond_the_net(books)


def assert_one_at_a_time(lines: tuple[Line, ...]) -> None:
    """At no moment the broker had two orders of the desk that could both execute."""
    working: list[str] = []
    for line in lines:
        if line.what == "taken":
            assert not working, f"{line} was taken while {working} worked"
            working.append(line.venue_id)
        elif line.what == "over":
            working.remove(line.venue_id)


def assert_never_beyond_the_net(books: Books) -> None:
    """No order was larger than the net that it was decided on, or in its direction."""
    for event in books.events:
        if isinstance(event, OrderIntended):
            net = Decimal((event.evidence or {})["net"])
            assert event.side.sign * net < 0, event
            assert event.qty <= abs(net), event
