"""Cases of kind `l2_books`: the messages of a venue in their order into an empty book, and walks through one.

A venue is read by its production feed, and books are kept in step as the product keeps them. A book that nobody heard
of for longer than strategies decide on is stale, as a grid that is asked then finds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.events.grid import GridHold
from flatbook.market.depth import Books, BookSync, Grid, Leave, Unfit, levels
from flatbook.market.orderbook import Level, OrderBook
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from flatbook.values.money import ONE, divide_cut
from flatbook.venues.bitstamp import books as bitstamp
from flatbook.venues.book_stream import BookFeed, books_of
from flatbook.venues.coinbase import books as coinbase
from flatbook.venues.gemini import books as gemini
from tests.unit.strategies.grid_scene import START, LiteralView
from tests.vectors.outcome import Case, NotDue, differing

FINE = Grid(12, 12)
WALK_DECIMALS = 12
HALF_ULP = ONE.scaleb(-WALK_DECIMALS) / 2
FEEDS: Mapping[str, BookFeed] = {
    "gemini_legacy": gemini.FEED,
    "coinbase": coinbase.FEED,
    "bitstamp": bitstamp.FEED,
}
# A connection whose own numbers have a gap is left, and its books are asked for over a new one.
STATES: Mapping[Unfit, tuple[str, ...]] = {
    Unfit.NO_BOOK: ("not_ready",),
    Unfit.DISCONNECTED: ("not_ready", "reconnect"),
    Unfit.GAP: ("resync", "reconnect"),
    Unfit.UNREAD: ("resync", "reconnect"),
    Unfit.CROSSED: ("crossed",),
}
REASONS = {Unfit.GAP: "gap", Unfit.UNREAD: "unread", Unfit.CROSSED: "crossed"}


def run(case: Case) -> str | None:
    """Compares the levels and the state of a book, or what an order takes of one."""
    if case.get("kind") == "walk_book":
        return _walk(case)
    feed = FEEDS.get(str(case["venue"]))
    if feed is None:
        raise NotDue(f"no feed of ours speaks {case['venue']}")
    kept = KeptBook(feed, _symbol_of(case))
    for message in case["messages"]:
        kept.take(message)
    expected = case["expected"]
    if expected["state"] not in kept.states:
        return f"state: expected {expected['state']}, found {' or '.join(kept.states)}"
    return differing(expected, {**kept.found(), "state": expected["state"]})


def _symbol_of(case: Case) -> str:
    """Returns whose book a case is about: of the market that it asked for, else of the first that is told."""
    if "subscribed" in case:
        return str(case["subscribed"])
    for message in case["messages"]:
        if "symbol" in message:
            return str(message["symbol"])
        if str(message.get("channel", "")).startswith(bitstamp.CHANNEL):
            return str(message["channel"]).removeprefix(bitstamp.CHANNEL).upper()
        for event in message.get("events", ()):
            if "product_id" in event:
                return str(event["product_id"])
    return "NONE"


class KeptBook:
    """One book of a venue, told what a case says, and the clock of whoever reads it."""

    def __init__(self, feed: BookFeed, symbol: str) -> None:
        self._feed, self._symbol = feed, symbol
        self._books: Books = books_of(feed, {symbol: FINE})
        self._now = self._heard_at = START
        self._leaves = self._was_offered = False

    @property
    def _sync(self) -> BookSync:
        return self._books.by_symbol[self._symbol]

    def take(self, message: Mapping[str, Any]) -> None:
        """Takes what came: a message, a book that was asked for, or what happened to the connection or the clock."""
        if "_control" in message:
            self._happen(message)
        elif "_rest" in message:
            assert self._feed.whole is not None
            told = {name: each for name, each in message.items() if not name.startswith("_")}
            self._hear(self._feed.whole.read(self._symbol, msgspec.json.encode(told), FINE))
            self._was_offered = True
        else:
            for heard in self._feed.read(msgspec.json.encode(message), {self._symbol: FINE}):
                self._leaves = self._leaves or isinstance(heard, Leave)
                self._hear(heard)

    def _happen(self, message: Mapping[str, Any]) -> None:
        if message["_control"] == "reconnect":
            self._books.lose(Unfit.DISCONNECTED)
            self._leaves = self._was_offered = False
        elif message["_control"] == "advance_clock_s":
            self._now = later(self._now, seconds=int(message["s"]))
        else:
            raise NotDue(f"nothing here plays {message['_control']}")

    def _hear(self, heard: Any) -> None:
        if self._books.take(heard) is not None:
            self._heard_at = self._now

    @property
    def states(self) -> tuple[str, ...]:
        """What a case may call the state of the book."""
        unfit = self._sync.unfit
        if self._leaves and unfit is not None:
            return ("reconnect",)
        if unfit is None:
            return ("stale",) if _is_stale(self._heard_at, self._now) else ("ok",)
        if unfit is Unfit.NO_BOOK and self._was_offered:
            return ("wait_or_refetch",)
        return STATES[unfit]

    def found(self) -> dict[str, Any]:
        """Returns the levels of the book, best first, and why it must not be read."""
        unfit, book = self._sync.unfit, self._sync.book
        if unfit is not None:
            return {"reason": REASONS.get(unfit, unfit.value)}
        return {"bids": _told(book.bids()), "asks": _told(book.asks()), "last_id": self._sync.last}


def _told(side: Any) -> list[list[Decimal]]:
    return [[Decimal(price).scaleb(-12), Decimal(size).scaleb(-12)] for price, size in side]


def _is_stale(heard_at: Instant, now: Instant) -> bool:
    """Whether a grid that is asked now does without a book that was heard of then."""
    view = LiteralView()
    view.heard_at, view.now = heard_at, now
    view.apply()
    return view.memory is not None and view.memory.hold is GridHold.NO_BOOK


def _walk(case: Case) -> str | None:
    if case["limit_price"] is not None or Decimal(case["usage_cap_fraction"]) != ONE:
        raise NotDue("nothing sizes an order by a limit, or by a share of what is shown")
    book = OrderBook()
    book.replace(*(_levels(case["book"][side]) for side in ("bids", "asks")))
    sign, qty = Side(case["side"]).sign, Decimal(case["quantity"])
    taken, notional, _ = book.cost_to_fill(sign, int(qty.scaleb(12)))
    filled, paid = Decimal(taken).scaleb(-12), Decimal(notional).scaleb(-24)
    vwap = divide_cut(paid + filled * HALF_ULP, filled, decimals=WALK_DECIMALS) if taken else None
    return differing(case["expected"], {"filled": filled, "notional": paid, "vwap": vwap, "complete": filled == qty})


def _levels(rows: Sequence[Sequence[str]]) -> list[Level]:
    return levels(rows, FINE)
