"""What the simulated Alpaca writes into the record of a world."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec

from flatbook.sim.alpaca.recorded import RecordedAlpaca, Tape
from flatbook.sim.alpaca.server import AlpacaServer
from flatbook.sim.network.http_broker import Ask
from flatbook.sim.world.record import SHARE, AccountOpened, Entry, Executed, OrderOver, OrderRefused, OrderTaken, Record
from flatbook.values.instants import Instant, later
from tests.unit.sim.alpaca.scene import ACCOUNT, KEYS, OPEN, OTHER, TERMS, Faults

ORDERS = f"/v1/trading/accounts/{ACCOUNT}/orders"


class World:
    """A clock that a test moves, a record, and what is planned to happen by itself."""

    def __init__(self) -> None:
        self.at = OPEN
        self.record = Record()
        self.planned: list[tuple[Instant, Callable[[], None]]] = []
        self.tape = Tape(lambda: self.at, self.record)
        self.tape.set_price("AAPL", 2_000_000)
        self.server = AlpacaServer(TERMS, self.tape.price, now=lambda: self.at, rest=self.rest, faults=Faults())
        names = {ACCOUNT: "alpha", OTHER: "beta"}
        self.alpaca = RecordedAlpaca(
            self.server, self.record, names, lambda: self.at, lambda at, act: self.planned.append((at, act))
        )

    async def rest(self, ms: int) -> None:
        """Lets no time pass."""

    def wait(self, seconds: int) -> None:
        """Lets what is planned happen, each at its instant."""
        until = later(self.at, seconds=seconds)
        while due := sorted((entry for entry in self.planned if entry[0] <= until), key=lambda entry: entry[0]):
            self.planned.remove(due[0])
            self.at = max(self.at, due[0][0])
            due[0][1]()
        self.at = until

    def place(self, **changes: object) -> None:
        """Asks for 10 AAPL at market."""
        body = {"symbol": "AAPL", "qty": "10", "side": "buy", "type": "market", "time_in_force": "day"} | changes
        ask = Ask(
            method="POST",
            path=ORDERS,
            query={},
            headers=KEYS,
            body=msgspec.json.encode(body | {"client_order_id": "one"}),
        )
        self.alpaca.arrived(ask, "desk#2", self.at, 0)
        self.server.front.ask(ask, self.at)

    def told(self) -> list[Entry]:
        """Returns the entries after the opening."""
        return self.record.entries[3:]


def test_accounts_open_with_their_cash_and_shares() -> None:
    opened = [entry for entry in World().record.entries if isinstance(entry, AccountOpened)]
    assert [(entry.account, entry.cash) for entry in opened] == [
        ("alpha", 100_000 * 10_000 * SHARE),
        ("beta", 500 * 10_000 * SHARE),
    ]
    assert opened[0].holdings == {"AAPL": 50_500_000_000, "TSLA": -20_000_000_000}


def test_a_request_an_order_its_execution_and_its_end_are_recorded_at_their_instants() -> None:
    world = World()
    world.place()
    world.wait(60)
    requested, taken, executed, over = world.told()
    assert (type(requested).__name__, getattr(requested, "verb", ""), getattr(requested, "life", 0)) == (
        "Requested",
        "place",
        2,
    )
    assert isinstance(taken, OrderTaken)
    assert (taken.account, taken.client_id, taken.qty, taken.limit, taken.ours) == (
        "alpha",
        "one",
        10 * SHARE,
        None,
        True,
    )
    assert isinstance(executed, Executed)
    assert (executed.at, executed.price, executed.forced) == (later(OPEN, ms=75), 2_000_000, False)
    assert isinstance(over, OrderOver)
    assert (over.at, over.ending, over.venue_id) == (later(OPEN, ms=75), "filled", taken.venue_id)


def test_a_refusal_is_recorded_in_its_words() -> None:
    world = World()
    world.place(qty="100000")
    refused = world.told()[1]
    assert isinstance(refused, OrderRefused)
    assert (refused.client_id, refused.code) == ("one", "insufficient buying power")


def test_trades_of_others_are_no_orders_of_ours_and_forced_ones_no_orders_at_all() -> None:
    world = World()
    for forced in (False, True):
        world.alpaca.trade_of_others("alpha", "AAPL", -1, 2 * SHARE, forced=forced)
        world.wait(1)
    taken, executed, over, forced_one = world.told()
    assert isinstance(taken, OrderTaken)
    assert (taken.ours, taken.client_id) == (False, None)
    assert isinstance(executed, Executed)
    assert isinstance(over, OrderOver)
    assert isinstance(forced_one, Executed)
    assert [executed.forced, forced_one.forced] == [False, True]


def test_the_tape_knows_the_price_of_each_instant() -> None:
    world = World()
    world.wait(10)
    world.tape.set_price("AAPL", 2_015_000)
    prices = [world.tape.price("AAPL", later(OPEN, seconds=second)) for second in (-1, 0, 9, 10)]
    assert prices == [None, Decimal(200), Decimal(200), Decimal("201.5")]
