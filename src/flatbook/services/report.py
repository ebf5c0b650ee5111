"""The report of a desk over its journal, with the market prices that its configuration has recorded."""

from __future__ import annotations

from collections.abc import Iterable

from flatbook.engine.ports import Row
from flatbook.ops.config import Loaded
from flatbook.ops.config_accounts import USD
from flatbook.ops.config_prices import RecordedBars
from flatbook.projections.edges import Evidence
from flatbook.projections.fold import fold_all
from flatbook.projections.ledger import Ledger
from flatbook.projections.pnl import Pnl
from flatbook.projections.report import Books, FillTimes, Prices, Report, report_of
from flatbook.projections.results import Scope
from flatbook.sim.tapes.bar_file import read_bars
from flatbook.sim.tapes.bars import Bars
from flatbook.values.ids import Underlying
from flatbook.values.instants import Instant
from flatbook.values.money import ONE, Price


def prices_of(loaded: Loaded) -> Prices:
    """Returns what says the market's price of a share at an instant; None where no bars are recorded in dollars.

    Errors: BarsRefused, OSError.
    """
    config, bars = loaded.config, dict[Underlying, Bars]()
    for source in config.prices.values():
        if isinstance(source, RecordedBars) and (source.quote == USD or config.marks[source.quote] == ONE):
            for underlying, path in source.files.items():
                bars.setdefault(Underlying(underlying), read_bars(loaded.place(path)))

    def price(underlying: Underlying, at: Instant) -> Price | None:
        known = bars[underlying].known(at) if underlying in bars else None
        return None if known is None else known.price

    return price


def draw_report(rows: Iterable[Row], prices: Prices, until: Instant | None, scope: Scope) -> Report:
    """Returns the report of a journal's rows.

    Errors: CalendarEnded.
    """
    books = Books(Pnl(), Evidence(), Ledger(keeps_entries=False), FillTimes())
    fold_all((books.pnl, books.evidence, books.ledger, books.times), rows)
    return report_of(books, prices, until, scope)
