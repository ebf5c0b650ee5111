"""What a backtest books directly is what the engine books, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from benchmarks.peer_seat import ACCOUNT, OWNER, instrument_of, seat_of, terms_of
from flatbook.backtest.desk import SimulatedDesk
from flatbook.backtest.run import Plan, compiled_market, drive, places_of, rules_of, traded_of
from flatbook.backtest.simulator import Stop
from flatbook.backtest.tape import Tape
from flatbook.backtest.terms import FeeRates, Latency, Terms
from flatbook.events.event import Event
from flatbook.events.grid import GridLaid
from flatbook.events.orders import IntentRefused, OrderFilled, OrderIntended
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.state.intents import PlaceIntent
from flatbook.strategies.decision import Decision
from flatbook.strategies.grid_seat import seat_of as grid_seat_of
from flatbook.strategies.grid_terms import GridMode, GridParams, QtyPerLevel
from flatbook.strategies.quoting import QuoteView, Seat
from flatbook.values.ids import InstrumentId, OwnerId
from flatbook.values.instants import Instant
from flatbook.values.lattice import Spacing
from flatbook.values.money import Quantity
from tests.unit.backtest.restless import drawn_tape, restless_seat, restless_terms
from tests.unit.backtest.test_run import tape_of

OTHER = OwnerId("other")


def both_ways(tape: Tape, seats: tuple[Seat, ...], terms: Terms) -> tuple[list[Event], bool]:
    """Runs seats directly and by the engine. Returns the events, and whether both journals are one."""
    stores = MemoryStore(), MemoryStore()
    for store, is_direct in zip(stores, (True, False), strict=True):
        plan = Plan(tape, seats, terms)
        drive(compiled_market(tape, seats, terms), plan, MemoryJournal(store), is_direct=is_direct)
    events = [event for row in MemoryJournal(stores[0]).read() for event in row.events]
    return events, stores[0].link == stores[1].link


def count(events: list[Event], kind: type[Event]) -> int:
    """Returns how many events are of a kind."""
    return sum(type(event) is kind for event in events)


@pytest.mark.parametrize("seed", range(100, 112))
def test_a_strategy_that_does_all_that_one_can_do_writes_the_journal_of_the_engine(seed: int) -> None:
    tape = drawn_tape(seed)
    events, is_same = both_ways(tape, (restless_seat(tape),), restless_terms(seed))
    assert is_same
    assert count(events, OrderFilled) > 10


def test_quotes_that_are_executed_with_fees_and_latencies_write_the_journal_of_the_engine() -> None:
    tape = tape_of(0.05)
    fees = {
        InstrumentId(each.id): FeeRates(maker=Decimal("-0.0001"), taker=Decimal("0.0005"))
        for each in tape.head.instruments
    }
    late = Latency(least_ns=700_000, spread_ns=4_000_000)
    for terms in (terms_of(), replace(terms_of(), fees=fees, placing=late, canceling=late, reporting=late)):
        events, is_same = both_ways(tape, (seat_of(tape),), terms)
        assert is_same
        assert count(events, OrderFilled) > 100


def test_two_seats_on_the_same_instruments_share_the_entry_of_their_account_and_never_cross() -> None:
    tape = tape_of(0.05)
    one = seat_of(tape)
    far = one.params._replace(offset=12)
    other = replace(one, owner=OTHER, params=far, decide=_as_other)
    terms = terms_of()
    terms = replace(terms, limits={OWNER: terms.limits[OWNER], OTHER: terms.limits[OWNER]})
    events, is_same = both_ways(tape, (one, other), terms)
    assert is_same
    owners = {event.owner for event in events if type(event) is OrderFilled}
    assert owners == {OWNER, OTHER}


def test_limits_refuse_what_they_refuse_by_the_engine() -> None:
    tape, terms = tape_of(0.05), terms_of()
    limits: list[dict[str, Any]] = [
        {"position_max": Decimal(3)},
        {"orders_per_minute_max": 5},
        {"day_loss_usd_max": Decimal(2)},
        {"open_orders_max": 2},
        {"collar_bps_max": 1, "order_notional_usd_max": Decimal("100000.5")},
    ]
    for changes in limits:
        tight = {OWNER: replace(terms.limits[OWNER], **changes)}
        events, is_same = both_ways(tape, (seat_of(tape),), replace(terms, limits=tight))
        assert is_same
        assert count(events, OrderIntended) >= 4
        assert count(events, IntentRefused) > 0


def test_a_strategy_that_asks_for_what_is_seldom_asked_sees_what_the_engine_shows() -> None:
    tape = tape_of(0.03)
    seat = seat_of(tape)
    looking = replace(seat, decide=_looking)
    events, is_same = both_ways(tape, (looking,), terms_of())
    assert is_same
    evidence = [event.evidence for event in events if type(event) is OrderIntended][-1]
    assert evidence is not None
    assert evidence["free"] != "None"


@pytest.mark.parametrize(("mode", "place"), [(GridMode.NEUTRAL, 0), (GridMode.LONG, 1)])
def test_a_grid_with_its_notes_slots_and_exits_writes_the_journal_of_the_engine(mode: GridMode, place: int) -> None:
    tape = tape_of(0.05)
    instrument = instrument_of(tape, place)
    params = GridParams(
        instrument=instrument,
        mode=mode,
        spacing=Spacing.ARITHMETIC,
        step=8,
        buy_levels=4,
        sell_levels=4,
        size=QtyPerLevel(amount=Quantity(Decimal(2))),
        inventory_max=Quantity(Decimal(1_000)),
        fee=Decimal(0),
    )
    events, is_same = both_ways(tape, (grid_seat_of(OWNER, params),), replace(terms_of(), fees={}))
    assert is_same
    assert count(events, OrderFilled) > 20
    assert count(events, GridLaid) > 0


class Kept:
    """The events of a run, in a list."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, events: Sequence[Event]) -> None:
        """Keeps events."""
        self.events += events

    def since(self, count: int) -> list[Event]:
        """Returns what was kept after its first events."""
        return self.events[count:]


def test_the_state_of_the_desk_lags_behind_and_catches_up_with_its_journal() -> None:
    tape, terms, book = tape_of(0.02), terms_of(), Kept()
    seats, simulator = (seat_of(tape),), compiled_market(tape, (seat_of(tape),), terms)
    desk = SimulatedDesk(simulator, rules_of(seats, terms), terms, traded_of(tape, seats), book)
    desk.name(places_of(tape), {})
    desk.begin(Instant(tape.head.first_ts))
    while (stop := simulator.run()) is not Stop.ENDED:
        desk.take(simulator.told(), simulator.now, woken=stop is Stop.WOKEN)
    assert desk.state.seq < 20 < len(book.events)
    desk.catch_up()
    folded = State()
    for event in book.events:
        apply(folded, event)
    assert desk.state == folded
    assert folded.positions.rows[OWNER, ACCOUNT, InstrumentId("made:PERP")].qty == 10


def _as_other(view: QuoteView, params: Any) -> Decision:
    """The strategy of the peers under another owner."""
    decision = seat_of(tape_of(0.001)).decide(view, params)
    intents = tuple(replace(each, owner=OTHER) if type(each) is PlaceIntent else each for each in decision.intents)
    return replace(decision, intents=intents)


def _looking(view: QuoteView, params: Any) -> Decision:
    """The strategy of the peers, with all that it can see in the evidence of each order."""
    decision = seat_of(tape_of(0.001)).decide(view, params)
    instrument = params.wishes[0][0].id
    seen = {
        "free": str(view.free(instrument)),
        "position": str(view.position(instrument)),
        "stop": str(view.stop(instrument)),
        "turned_down": str(view.turned_down(instrument)),
        "slots": str(list(view.slots(instrument))),
        "note": str(view.note(instrument)),
        "orders": str([(order.order_id, order.status.value, str(order.leaves)) for order in view.orders(instrument)]),
        "observed_at": str(view.observed_at(instrument)),
        "next": view.order_id(3),
    }
    intents = tuple(replace(each, evidence=seen) if type(each) is PlaceIntent else each for each in decision.intents)
    return replace(decision, intents=intents)
