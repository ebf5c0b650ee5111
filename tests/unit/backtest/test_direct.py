"""What a backtest books directly is what the engine books, byte for byte."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from benchmarks.peer_seat import ACCOUNT, OWNER, USD, instrument_of, seat_of, terms_of
from flatbook.backtest.booked import Booked
from flatbook.backtest.desk import SimulatedDesk
from flatbook.backtest.run import Plan, compiled_market, drive, places_of, rules_of, traded_of
from flatbook.backtest.simulator import Stop
from flatbook.backtest.tape import MemoryTape, Tape
from flatbook.backtest.terms import FeeRates, Latency, Terms
from flatbook.events.control import AlertRaised
from flatbook.events.event import Event
from flatbook.events.grid import GridLaid
from flatbook.events.orders import (
    CancelReason,
    IntentRefused,
    OrderAccepted,
    OrderDone,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    OrderStyle,
)
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.state.intents import CancelIntent, Intent, PlaceIntent
from flatbook.strategies.decision import Decision, Every, Trigger, Wake
from flatbook.strategies.grid_seat import seat_of as grid_seat_of
from flatbook.strategies.grid_terms import GridMode, GridParams, QtyPerLevel
from flatbook.strategies.quoting import QuoteView, Seat
from flatbook.values.ids import AssetId, InstrumentId, OwnerId, Slot
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Instrument, Side
from flatbook.values.lattice import Spacing
from flatbook.values.money import Price, Quantity
from tests.unit.backtest.restless import MS, drawn_tape, restless_seat, restless_terms
from tests.unit.backtest.restless import OTHER as RESTIVE
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
    late = Latency(least_ns=700_000, spread_ns=4_000_000)
    for in_quote in (True, False):
        rates = FeeRates(maker=Decimal("-0.0001"), taker=Decimal("0.0005"), in_quote=in_quote)
        fees = {InstrumentId(each.id): rates for each in tape.head.instruments}
        for terms in (terms_of(), replace(terms_of(), fees=fees, placing=late, canceling=late, reporting=late)):
            events, is_same = both_ways(tape, (seat_of(tape),), terms)
            assert is_same
            assert count(events, OrderFilled) > 100


GRIDS = (
    ("0.1", "1", "1", 0),
    ("0.00000001", "0.001", "0.01", 3),
    ("0.5", "0.00001", "10", 0),
    ("25", "0.10", "0.5", 3),
    ("2E+1", "1", "1", 0),
)


@pytest.mark.parametrize(("tick", "lot", "contract_size", "late"), GRIDS)
def test_orders_executed_in_parts_on_any_grid_write_the_journal_of_the_engine(
    tick: str, lot: str, contract_size: str, late: int
) -> None:
    plain = tape_of(0.005)
    grid = {"tick": Decimal(tick), "lot": Decimal(lot)}
    traded = tuple(replace(each, **grid) for each in plain.head.instruments)
    tape = MemoryTape(replace(plain.head, instruments=traded), next(plain.chunks()))
    instruments = tuple(replace(instrument_of(tape, place), contract_size=Decimal(contract_size)) for place in range(2))
    rates = FeeRates(maker=Decimal("-0.00012"), taker=Decimal("0.00055"), in_quote=True)
    latency = Latency(least_ns=late * MS, spread_ns=late * MS)
    far = {"order_notional_usd_max": Decimal(10**15), "day_loss_usd_max": Decimal(10**15)}
    terms = replace(
        terms_of(),
        limits={OWNER: replace(terms_of().limits[OWNER], **far)},
        fees={instruments[0].id: rates, instruments[1].id: FeeRates(maker=Decimal("0.001"), in_quote=True)},
        marks={AssetId("USD"): Price(Decimal("1.07"))},
        placing=latency,
        canceling=latency,
        reporting=latency,
    )
    seat = Seat(owner=OWNER, instruments=instruments, params=instruments, decide=_in_parts)
    events, is_same = both_ways(tape, (seat,), terms)
    assert is_same
    fills = [event for event in events if type(event) is OrderFilled]
    assert len(fills) > 20
    assert any(event.realised for event in fills)
    assert count(events, OrderDone) > 5


def _in_parts(view: QuoteView, instruments: tuple[Instrument, ...]) -> Decision:
    """Rests orders of many lots near the touch, cancels the oldest, and asks again whenever one is executed."""
    intents: list[Intent] = []
    placed, wake = 0, Wake(on=(Trigger.ORDER_FILLED,), every=(Every(instruments[0].id, 40),))
    for instrument in instruments:
        touch, orders = view.touch(instrument.id), view.orders(instrument.id)
        if touch is None:
            continue
        if len(orders) > 5 and not orders[0].cancel_pending:
            intents.append(CancelIntent(order_id=orders[0].order_id, reason=CancelReason.OFF_GRID, because=None))
        if len(orders) < 9:
            number = int(view.order_id(placed)[-9:])
            side = Side.BUY if number % 3 else Side.SELL
            ticks = touch.bid - number % 2 if side is Side.BUY else touch.ask + number % 2
            limit = Price(ticks * instrument.rules.tick)
            others = [each.limit for each in orders if each.side is not side and each.limit is not None]
            if any((other - limit) * side.sign <= 0 for other in others):
                continue
            order = replace(
                _buy(view, instrument, limit, OrderStyle.LIMIT),
                order_id=view.order_id(placed),
                side=side,
                qty=Quantity((17 + number * 7919 % 1500) * instrument.rules.lot),
                slot=Slot(f"slot-{number % 4}") if number % 5 else None,
                evidence={"number": str(number)} if number % 7 == 0 else {},
            )
            intents.append(order)
            placed += 1
    return Decision(intents=tuple(intents), notes=(), wake=wake)


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


def test_of_two_grids_whoever_waits_for_something_else_is_not_asked_and_nobody_can_tell() -> None:
    """Where a seat is not plain, as at spot with its funds looked at, one of two is asked at a stop, all alike."""
    tape, terms = tape_of(0.05), replace(terms_of(), fees={}, checks_funds=True)
    asked, stops, stores = [0, 0], [0, 0], (MemoryStore(), MemoryStore())
    for number, store in enumerate(stores):
        seats = tuple(_counted(tape, place, asked, number) for place in (0, 1))
        limits = {seat.owner: terms.limits[OWNER] for seat in seats}
        cash = {USD: Decimal(10**9), AssetId(seats[1].instruments[0].underlying): Decimal(100)}
        both = replace(terms, limits=limits, cash=cash)
        market = compiled_market(tape, seats, both)
        if number:
            market.ask_each()
        stops[number] = drive(market, Plan(tape, seats, both), MemoryJournal(store)).counts["woken"]
    assert stores[0].link == stores[1].link
    events = [event for row in MemoryJournal(stores[0]).read() for event in row.events]
    assert {event.owner for event in events if type(event) is OrderFilled} == {"grid0", "grid1"}
    assert stops[0] < asked[0] < 1.2 * stops[0]


def _counted(tape: Tape, place: int, asked: list[int], number: int) -> Seat:
    """Returns a grid of which it is counted how often it is asked."""
    params = GridParams(
        instrument=instrument_of(tape, place),
        mode=(GridMode.NEUTRAL, GridMode.LONG)[place],
        spacing=Spacing.ARITHMETIC,
        step=8,
        buy_levels=4,
        sell_levels=4,
        size=QtyPerLevel(amount=Quantity(Decimal(2))),
        inventory_max=Quantity(Decimal(1_000)),
        fee=Decimal(0),
    )
    seat = grid_seat_of(OwnerId(f"grid{place}"), params)

    def decide(view: QuoteView, told: GridParams) -> Decision:
        asked[number] += 1
        return seat.decide(view, told)

    return replace(seat, decide=decide)


@pytest.mark.parametrize("is_direct", [True, False])
@pytest.mark.parametrize("rejected", [0, 1])
@pytest.mark.parametrize(("waiting", "times"), [("every", 120), ("at", 1_200)])
def test_a_strategy_that_says_the_same_wake_is_asked_on_though_an_alert_may_stand(
    waiting: str, times: int, rejected: int, *, is_direct: bool
) -> None:
    tape, terms, store = tape_of(0.001), terms_of(), MemoryStore()
    first = instrument_of(tape, 0)
    wake = Wake(on=(), every=(Every(first.id, 5),)) if waiting == "every" else Wake(on=(), at=Instant(1))
    asked: list[Instant] = []

    def decide(view: QuoteView, _params: Any) -> Decision:
        """Places an order between two ticks, if any, which the venue turns down, and says the same for ever."""
        asked.append(view.now)
        touch = view.touch(first.id)
        if touch is None or not rejected or view.turned_down(first.id) is not None:
            return Decision(intents=(), notes=(), wake=wake)
        tick = first.rules.tick
        order = _buy(view, first, Price(touch.bid * tick + tick / 2), OrderStyle.LIMIT)
        return Decision(intents=(order,), notes=(), wake=wake)

    seats = (replace(seat_of(tape), decide=decide, instruments=(first,)),)
    plan = Plan(tape, seats, terms)
    drive(compiled_market(tape, seats, terms), plan, MemoryJournal(store), is_direct=is_direct)
    events = [event for row in MemoryJournal(store).read() for event in row.events]
    assert (count(events, OrderRejected), count(events, AlertRaised)) == (rejected, rejected)
    assert tape.head.rows == 1_200  # every other one is of the first instrument
    assert len(dict.fromkeys(asked)) == times


@pytest.mark.parametrize("seed", [0, 1, 4, 9, 12, 18])
def test_seats_that_are_touched_at_once_are_asked_in_the_order_of_the_engine(seed: int) -> None:
    tape, drawn = drawn_tape(seed, 300), restless_terms(seed)
    late = replace(drawn, placing=Latency(least_ns=3 * MS), reporting=Latency(least_ns=2 * MS), canceling=Latency())
    one = replace(restless_seat(tape), decide=_resting, features=())
    other = replace(restless_seat(tape, RESTIVE), decide=_turned_down, features=())
    events, is_same = both_ways(tape, (one, other), late)
    assert is_same
    assert count(events, OrderAccepted) > 10
    assert count(events, OrderRejected) > 0


def _resting(view: QuoteView, instruments: tuple[Instrument, ...]) -> Decision:
    """Rests a buy three ticks away whenever it is asked: what is told of it is plain."""
    return _bidding(view, instruments[0], -3)


def _turned_down(view: QuoteView, instruments: tuple[Instrument, ...]) -> Decision:
    """Buys now at the bid and now next to the ask, where the venue often turns it down, which the engine must take."""
    touch = view.touch(instruments[0].id)
    is_far = touch is None or int(view.order_id(0)[-9:]) % 2
    return _bidding(view, instruments[0], 0 if is_far or touch is None else touch.ask - 1 - touch.bid)


def _bidding(view: QuoteView, instrument: Instrument, away: int) -> Decision:
    """Places a buy so many ticks from the bid, forty times in all."""
    wake = Wake(on=(Trigger.ORDER_WORKING, Trigger.ORDER_ENDED), every=(Every(instrument.id, 3),))
    touch = view.touch(instrument.id)
    if touch is None or int(view.order_id(0)[-9:]) >= 40:
        return Decision(intents=(), notes=(), wake=wake)
    limit = Price((touch.bid + away) * instrument.rules.tick)
    return Decision(intents=(_buy(view, instrument, limit, OrderStyle.POST_ONLY),), notes=(), wake=wake)


def _buy(view: QuoteView, instrument: Instrument, limit: Price, style: OrderStyle) -> PlaceIntent:
    """Returns an order to buy one lot."""
    return PlaceIntent(
        order_id=view.order_id(0),
        owner=view.owner,
        underlying=instrument.underlying,
        instrument=instrument,
        side=Side.BUY,
        qty=Quantity(instrument.rules.lot),
        limit=limit,
        reduce_only=False,
        style=style,
        slot=None,
        because=None,
        evidence={},
        good_until=later(view.now, seconds=1_000),
    )


def test_the_state_of_the_desk_lags_behind_and_catches_up_with_its_journal() -> None:
    tape, terms, journal = tape_of(0.02), terms_of(), MemoryJournal()
    book = Booked(journal, journal.take_lease(Instant(0)))
    seats, simulator = (seat_of(tape),), compiled_market(tape, (seat_of(tape),), terms)
    desk = SimulatedDesk(simulator, rules_of(seats, terms), terms, traded_of(tape, seats), book)
    desk.name(places_of(tape), {})
    desk.begin(Instant(tape.head.first_ts))
    while (stop := simulator.run()) is not Stop.ENDED:
        desk.take(simulator.now, woken=stop is Stop.WOKEN)
    assert desk.state.seq < 20 < book.count
    desk.catch_up()
    folded = State()
    desk.close()
    for event in (event for row in journal.read() for event in row.events):
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
