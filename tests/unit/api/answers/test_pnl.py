"""What the answer about results says of what is missing in them, and of the ledger beside them."""

from __future__ import annotations

from flatbook.api.answers.moment import AsOf
from flatbook.api.answers.pnl import Books, PnlAnswer, pnl_answer
from flatbook.events.event import Event
from flatbook.projections.edges import Evidence
from flatbook.projections.fold import fold_all
from flatbook.projections.ledger import Ledger
from flatbook.projections.pnl import Pnl
from flatbook.projections.results import EVERYTHING
from flatbook.values.ids import OrderId
from flatbook.values.instruments import Side
from tests.unit.projections import scene
from tests.unit.projections.scene import USDC, accepted, executed, fill, intended

PAR = scene.mark(USDC, "1", -60)
SECOND = OrderId("fb-2")
BUY, SELL = Side.BUY, Side.SELL


def told(*events: Event) -> PnlAnswer:
    """Returns what is answered after events."""
    books = Books(pnl=Pnl(), evidence=Evidence(), ledger=Ledger())
    fold_all((books.pnl, books.evidence, books.ledger), scene.rows_of((PAR, *events)))
    return pnl_answer(books, AsOf(seq=1, at=None), EVERYTHING, None, None)


def test_hedges_without_a_second_price_are_counted_as_missing_in_the_margin() -> None:
    first, second = fill(1, SELL, "2", "522", 0), fill(2, SELL, "2", "522", 60)
    (line,) = told(
        first,
        intended(BUY, "2", 5, because=first, price="254", second="258"),
        accepted(6),
        executed(BUY, "2", "255", 30, number=1),
        second,
        intended(BUY, "2", 65, because=second, price="254", order_id=SECOND),
        accepted(66, order_id=SECOND),
        executed(BUY, "2", "255", 90, number=2, order_id=SECOND),
    ).lines
    assert (line.hedges, line.margin_usd, line.margin_usd_missing, line.basis_usd_missing) == (2, "6", 1, 1)
    assert (line.edge_usd, line.slippage_usd_missing) == ("24", 0)


def test_a_ledger_that_says_something_else_than_the_result_is_told() -> None:
    assert told(fill(1, SELL, "2", "522", 0), executed(BUY, "2", "255", 30)).ledger.agrees_with_pnl is True
    assert told(executed(BUY, "2", "0", 0)).ledger.agrees_with_pnl is False
