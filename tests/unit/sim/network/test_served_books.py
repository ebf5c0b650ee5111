"""The books of a broker that is served, as lines of a file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from flatbook.sim.alpaca.faults import CalmBroker
from flatbook.sim.alpaca.ledger import Ledger, Placing
from flatbook.sim.alpaca.terms import AlpacaTerms, Asset, OpeningAccount
from flatbook.sim.network.served_books import ServedBooks, read_books
from flatbook.values.instants import Instant, instant_of_text, later
from flatbook.values.money import Money, Quantity

OPEN = instant_of_text("2026-11-24T15:00:00Z")
TERMS = AlpacaTerms(
    accounts=(OpeningAccount(account_id="one", cash=Money(Decimal(1000)), holdings={"COIN": Quantity(Decimal(3))}),),
    assets=(Asset(symbol="COIN"),),
    key="key",
    secret="word",
    trading_account="one",
)


def test_what_happens_in_the_books_is_told_line_by_line_and_appended_by_the_next_server(tmp_path: Path) -> None:
    path, due = tmp_path / "books.jsonl", list[Instant]()
    ledger = Ledger(TERMS, lambda _symbol, _at: Decimal(250), CalmBroker())
    books = ServedBooks(ledger, path, lambda: OPEN, lambda at, _act: due.append(at))
    placing = Placing(
        account_id="one", client_id="c1", symbol="COIN", sign=-1, qty=Decimal(2), limit=None, extended=False
    )
    ledger.place(placing, OPEN)
    ledger.advance(later(OPEN, seconds=1))
    books.refused("one", "c2", "not enough")
    books.close()
    told = [(line.what, line.symbol, line.client_id, line.qty, line.status) for line in read_books(path)]
    assert told == [
        ("opened", "USD", "", Decimal(1000), ""),
        ("opened", "COIN", "", Decimal(3), ""),
        ("taken", "COIN", "c1", Decimal(-2), "pending_new"),
        ("executed", "COIN", "c1", Decimal(-2), ""),
        ("over", "COIN", "c1", Decimal(-2), "filled"),
        ("refused", "", "c2", None, "not enough"),
    ]
    assert due
    ServedBooks(ledger, path, lambda: OPEN, lambda at, _act: due.append(at)).close()
    assert len(read_books(path)) == 8


def test_a_line_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "books.jsonl"
    path.write_bytes(b'{"at":1,"what":"opened","account":"one"}\n{"at":2,"what":"op')
    assert [line.at for line in read_books(path)] == [1]
