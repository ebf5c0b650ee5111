"""A grid with 40 orders: what it takes from a reached level, or an execution, to what it wants. Budget: 5 s, quick 2 s.

It is the engine's step in process; reading the wire, the row of the journal and the request come on top of it, as
`quote_latency` tells. The market goes up and down by a level at a time, and executes the order that it meets.
"""

from __future__ import annotations

from decimal import Decimal

from benchmarks import Figure, amount, median, microseconds
from benchmarks.bench_quote_step import OWNER, STEP_NS, TICK, TRADED, Desk
from flatbook.engine.step import look_ahead
from flatbook.market.orderbook import OrderBook
from flatbook.state.orders import Order
from flatbook.strategies.grid_scene import ticks_of
from flatbook.strategies.grid_seat import seat_of
from flatbook.strategies.grid_terms import GridMode, GridParams, QtyPerLevel
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side
from flatbook.values.lattice import Spacing
from flatbook.values.money import ZERO, Price, Quantity

LEVELS = 20  # on each side
MIDDLE = 1_000_000
MOVES = amount(1_000, 300)
WARM = 50
ONE_WAY = 3  # levels that the market goes before it turns
GRID = GridParams(
    instrument=TRADED,
    mode=GridMode.NEUTRAL,
    spacing=Spacing.ARITHMETIC,
    step=100,
    buy_levels=LEVELS,
    sell_levels=LEVELS,
    size=QtyPerLevel(amount=Quantity(Decimal(1))),
    inventory_max=Quantity(Decimal(1_000)),
    fee=Decimal("0.00001"),
)


def _price(order: Order) -> Price:
    return order.limit or Price(ZERO)


class GridDesk(Desk):
    """A desk whose one seat is a grid, with its orders in the market."""

    def __init__(self) -> None:
        book = OrderBook()
        book.replace([(MIDDLE - 1, 5)], [(MIDDLE + 1, 5)])
        super().__init__(book=book, seat=seat_of(OWNER, GRID))
        self.see(MIDDLE)
        self.settle()

    def see(self, ticks: int) -> None:
        """Moves the market to a price a while later."""
        self.now = Instant(self.now + STEP_NS)
        self.book.replace([(ticks - 1, 5)], [(ticks + 1, 5)])
        self.seen.saw_book(TRADED.id, self.now)

    def settle(self) -> None:
        """Takes what waits, and lets the venue answer until it has nothing left to say."""
        while self.answers:
            answers, self.answers = self.answers, []
            self.take(answers)

    def step_us(self) -> float:
        """Takes what waits, and returns the microseconds that it took; then lets the venue answer, and rests."""
        answers, self.answers = self.answers, []
        taken = microseconds(lambda: self.take(answers))
        self.settle()
        look_ahead(self.state, self.rules, self.wakes)
        self.wakes.next_at()
        return taken

    def nearest(self, side: Side) -> Order:
        """Returns the order of a side that the market meets first."""
        orders = [order for order in self.working() if order.side is side]
        return max(orders, key=_price) if side is Side.BUY else min(orders, key=_price)


def run() -> list[Figure]:
    """Measures what a grid takes to answer the market, and an execution."""
    desk, reached, executed = GridDesk(), list[float](), list[float]()
    orders = len(desk.working())
    for number in range(MOVES):
        order = desk.nearest(Side.SELL if number // ONE_WAY % 2 else Side.BUY)
        desk.see(ticks_of(_price(order), TICK))
        reached.append(desk.step_us())
        desk.execute(order)
        executed.append(desk.step_us())
    return [
        Figure("orders of the grid", orders, ""),
        Figure("a level is reached: to what the grid wants, median", median(reached[WARM:]), "us"),
        Figure("an order is executed: to what the grid wants, median", median(executed[WARM:]), "us"),
    ]
