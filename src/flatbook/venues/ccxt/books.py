"""The order books of exchanges through the worker: what ccxt keeps in step, checked again on our side.

Every message is a whole book of the best levels. A book that says nothing for SILENCE_S, one that ccxt has lost, and
all books of a worker that is gone are unfit until a whole one comes; a crossed one is not read. Source: docs.ccxt.com,
watchOrderBook: ccxt follows sequence numbers and checksums of each exchange, and raises where they break.
"""

from __future__ import annotations

from collections.abc import Mapping

from flatbook.engine.ports import Clock
from flatbook.engine.rest import rest_until
from flatbook.market.depth import Books, BookSync, Depth, Grid, OffGrid, Unfit, Update, in_one_row, levels, unread
from flatbook.values.instants import Instant, later
from flatbook.venues.book_stream import Changed
from flatbook.venues.ccxt.process import BookTold, CcxtWorker, Done
from flatbook.venues.ccxt.terms import CcxtAccount, words_of

SILENCE_S = 15
LOOK_S = 5
WATCH_TIMEOUT_S = 60


class CcxtBooks:
    """The books of some symbols of one exchange, which is opened for them in the worker without keys.

    `changed` hears of each book that moved, and of each that may not be read any more.
    """

    def __init__(self, worker: CcxtWorker, clock: Clock, terms: CcxtAccount, grids: Mapping[str, Grid]) -> None:
        self.books = Books(grids, in_one_row)
        self.changed: Changed = _nothing
        self.name = terms.exchange
        self._worker, self._clock, self._terms, self._grids = worker, clock, terms, dict(grids)
        self._at = f"{terms.account}.books"
        self._heard_at: dict[str, Instant] = {}
        self._watched_in = -1
        worker.books[self._at] = self._hear

    async def keep(self) -> None:
        """Asks for the books wherever nobody tells them, and looks for silent ones, for ever; then all are unfit."""
        try:
            await self._keep()
        finally:
            self._hear(None)

    async def _keep(self) -> None:
        while True:
            if self._watched_in != self._worker.generation:
                await self._watch()
            self._look()
            await self._clock.sleep_until(rest_until(self._clock.now(), LOOK_S, "books", self._at))

    async def _watch(self) -> None:
        symbols = {"at": self._at, "symbols": list(self._grids)}
        for question in ({"do": "open", **words_of(self._terms)}, {"do": "watch"}):
            outcome = await self._worker.ask({**question, **symbols}, later(self._clock.now(), seconds=WATCH_TIMEOUT_S))
            if not isinstance(outcome, Done):
                return
        self._watched_in = self._worker.generation

    def _look(self) -> None:
        silent_from = later(self._clock.now(), seconds=-SILENCE_S)
        for symbol, heard_at in tuple(self._heard_at.items()):
            if heard_at <= silent_from:
                self._lose(symbol)

    def _hear(self, told: BookTold | None) -> None:
        if told is None:
            self._watched_in = -1
            for symbol in self._grids:
                self._lose(symbol)
            return
        grid = self._grids.get(told.book)
        if grid is None:
            return
        if told.lost is not None:
            self._lose(told.book)
            return
        try:
            depth = Depth(levels(told.bids, grid), levels(told.asks, grid))
        except OffGrid as error:
            self.books.take(unread(error))
            self._lose(told.book)
            return
        self._heard_at[told.book] = self._clock.now()
        self.books.take(Update(told.book, True, depth))
        self.changed(told.book, self.books.by_symbol[told.book])

    def _lose(self, symbol: str) -> None:
        sync = self.books.by_symbol[symbol]
        self._heard_at.pop(symbol, None)
        sync.lose(Unfit.DISCONNECTED)
        self.changed(symbol, sync)


def _nothing(_symbol: str, _sync: BookSync) -> None:
    return
