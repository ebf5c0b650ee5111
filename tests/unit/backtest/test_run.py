"""Seats over a tape: what the strategy of the peers' benchmarks gets, order for order as the peers count it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from benchmarks.peer_seat import seat_of, terms_of
from benchmarks.peer_tape import PERP, SPOT, peer_columns
from flatbook.backtest.run import BacktestRun, Plan, compiled_market, drive, run
from flatbook.backtest.simulator import Refused
from flatbook.backtest.tape import MemoryTape, TapeHead, covers_of
from flatbook.backtest.terms import FeeRates, Terms
from flatbook.events.event import Event
from flatbook.events.orders import CancelReason, OrderFilled, OrderIntended, OrderRejected, RejectReason
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.state.intents import CancelIntent
from flatbook.strategies.decision import Decision, Trigger
from flatbook.strategies.quoting import QuoteView
from flatbook.values.ids import AssetId, InstrumentId
from flatbook.values.instants import later
from flatbook.values.instruments import Side


def tape_of(scale: float) -> MemoryTape:
    """Returns the peers' tape."""
    columns = peer_columns(scale)
    return MemoryTape(TapeHead(instruments=(PERP, SPOT), covers=covers_of(columns), rows=columns.rows), columns)


def ran(terms: Terms, scale: float = 0.1, **options: Any) -> tuple[BacktestRun, MemoryStore, list[Event]]:
    """Runs the peers' strategy. Returns the run, the store of its journal, and its events."""
    tape, store = tape_of(scale), MemoryStore()
    journal = MemoryJournal(store)
    done = run(tape, (seat_of(tape),), terms, journal, **options)
    return done, store, [event for row in journal.read() for event in row.events]


def positions(events: list[Event]) -> dict[str, Decimal]:
    """Returns what was bought less what was sold of each instrument."""
    held: dict[str, Decimal] = {}
    for event in events:
        if isinstance(event, OrderFilled):
            held[event.instrument] = held.get(event.instrument, Decimal(0)) + event.side.sign * event.qty
    return held


def test_the_strategy_of_the_peers_places_and_executes_what_it_does_there() -> None:
    done, _, events = ran(terms_of())
    counted = Counter(type(event).__name__ for event in events)
    assert (counted["OrderIntended"], counted["OrderFilled"], counted["OrderDone"]) == (1322, 659, 659)
    assert positions(events) == {"made:PERP": Decimal(-14), "made:SPOT": Decimal(-21)}
    assert (done.rows, done.is_whole) == (120_000, True)


def test_the_fee_of_a_spot_purchase_is_taken_in_what_was_bought_unless_the_venue_takes_the_quote() -> None:
    for in_quote, assets in ((False, {"made:SPOT", "USD"}), (True, {"USD"})):
        rates = FeeRates(maker=Decimal("0.001"), taker=Decimal("0.001"), in_quote=in_quote)
        _, _, events = ran(replace(terms_of(), fees={InstrumentId(SPOT.id): rates}), 0.01)
        filled = [event for event in events if isinstance(event, OrderFilled) and event.instrument == SPOT.id]
        assert {fee.asset for event in filled for fee in event.fees} == assets
        bought = next(event for event in filled if event.side is Side.BUY)
        (fee,) = bought.fees
        worth = bought.qty if not in_quote else bought.qty * bought.price
        assert fee.amount == worth * bought.contract_size * Decimal("0.001")


def test_the_same_run_gives_the_same_journal_byte_for_byte_and_another_seed_another_one() -> None:
    terms = replace(terms_of(1_000_000), placing=replace(terms_of().placing, least_ns=500_000, spread_ns=3_000_000))
    first, again, other = ran(terms), ran(terms), ran(replace(terms, seed=1))
    assert first[1].link == again[1].link
    assert first[1].link.hash != other[1].link.hash


def test_a_run_can_be_stopped_and_says_how_far_it_came() -> None:
    seen: list[tuple[int, int]] = []

    def stop_at_once(done: int, of: int) -> bool:
        seen.append((done, of))
        return False

    done, _, _ = ran(terms_of(), scale=0.2, progress=stop_at_once)
    assert not done.is_whole
    assert len(seen) == 1
    assert 100_000 <= done.rows < 110_000


def test_an_instrument_with_another_tick_than_the_tape_is_refused() -> None:
    tape = tape_of(0.01)
    seat = seat_of(tape)
    other = replace(seat.instruments[0], rules=replace(seat.instruments[0].rules, tick=Decimal("0.5")))
    with pytest.raises(ValueError, match="has a tick of"):
        run(tape, (replace(seat, instruments=(other, seat.instruments[1])),), terms_of(), MemoryJournal())


@pytest.mark.parametrize("latency_ns", [0, 1_000_000])
def test_a_strategy_that_is_asked_after_every_message_writes_the_journal_of_its_wakes(latency_ns: int) -> None:
    tape, terms, store = tape_of(0.01), terms_of(latency_ns), MemoryStore()
    seats = (seat_of(tape),)
    market = compiled_market(tape, seats, terms)
    market.ask_each()
    done = drive(market, Plan(tape, seats, terms), MemoryJournal(store))
    assert done.counts["woken"] >= 12_000
    assert store.link == ran(terms, 0.01)[1].link


def test_a_strategy_that_orders_at_each_answer_without_latency_is_stopped_and_named() -> None:
    tape = tape_of(0.01)
    seat = seat_of(tape)

    def decide(view: QuoteView, params: Any) -> Decision:
        decision = seat.decide(view, params)
        asks_again = replace(decision.wake, at=later(view.now, ms=0))
        orders = view.orders(seat.instruments[0].id)
        cancels = tuple(
            CancelIntent(order_id=each.order_id, reason=CancelReason.OPERATOR, because=None) for each in orders
        )
        return replace(decision, intents=(*cancels, *decision.intents), wake=replace(asks_again, on=tuple(Trigger)))

    with pytest.raises(Refused, match="it answers each report at once"):
        run(tape, (replace(seat, decide=decide),), terms_of(), MemoryJournal())


def test_a_spot_order_for_which_the_account_has_too_little_is_turned_down_as_venues_do() -> None:
    for cash, bought, refused in ((10**9, True, True), (0, False, True)):
        terms = replace(terms_of(), cash={AssetId("USD"): Decimal(cash)}, checks_funds=True)
        _, _, events = ran(terms, 0.01)
        about = {event.order_id: event for event in events if isinstance(event, OrderIntended)}
        why = {event.order_id: event.reason for event in events if isinstance(event, OrderRejected)}
        spot = {order_id for order_id, order in about.items() if order.instrument == SPOT.id}
        assert {why[order_id] for order_id in spot & set(why)} == {RejectReason.INSUFFICIENT_FUNDS}
        assert not {order_id for order_id in why if order_id not in spot}
        assert any(event.order_id in spot for event in events if isinstance(event, OrderFilled)) == bought
        assert bool(why) == refused
        held = Decimal(0)
        for event in events:
            if isinstance(event, OrderFilled) and event.instrument == SPOT.id:
                held += event.side.sign * event.qty
                assert held >= 0
