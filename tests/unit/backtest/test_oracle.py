"""The compiled scan and its oracle give one journal, byte for byte."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.backtest.kernel import tables as at
from flatbook.backtest.kernel.market import CompiledMarket
from flatbook.backtest.plain_market import PlainMarket
from flatbook.backtest.run import BacktestRun, Plan, drive, features_of, observe, places_of
from flatbook.events.forced import ForcedReduction
from flatbook.events.orders import OrderFilled, OrderRejected
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.matcher.margin import Tier
from tests.unit.backtest.restless import OTHER, drawn_tape, patient_seat, restless_seat, restless_terms


def driven(
    kind: type[CompiledMarket | PlainMarket],
    seed: int,
    *,
    each: bool = False,
    poor: bool = False,
    tiers: tuple[Tier, ...] = (),
    patient: bool = False,
) -> tuple[BacktestRun, MemoryStore]:
    """Runs the restless strategy, or a patient one, by one of the simulators."""
    tape, terms, store = drawn_tape(seed), restless_terms(seed, poor=poor, tiers=tiers), MemoryStore()
    seldom = restless_seat(tape, seldom=True), restless_seat(tape, OTHER, seldom=True)
    seats = seldom if each else (patient_seat(tape) if patient else restless_seat(tape),)
    places = places_of(tape)
    simulator = kind(tape, terms, [(places[feature.instrument], feature) for _, feature in features_of(seats)])
    observe(simulator, seats, terms, places)
    if each:
        simulator.ask_each()
    return drive(simulator, Plan(tape, seats, terms), MemoryJournal(store)), store


def executions(store: MemoryStore) -> int:
    """Returns how many executions a journal holds."""
    return sum(isinstance(event, OrderFilled) for row in MemoryJournal(store).read() for event in row.events)


@pytest.mark.parametrize("seed", range(24))
def test_the_compiled_scan_writes_the_journal_of_its_oracle(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flatbook.backtest.tape.ROWS_IN_A_CHUNK", 37)
    monkeypatch.setattr(at, "LEVEL_SLOTS", 4096)
    compiled, plain = driven(CompiledMarket, seed), driven(PlainMarket, seed)
    assert events_of(compiled[1]) == events_of(plain[1])
    assert compiled[1].link == plain[1].link
    assert list(compiled[0].samples) == list(plain[0].samples)
    assert list(compiled[0].queue) == list(plain[0].queue)
    assert executions(plain[1]) > 8


@pytest.mark.parametrize("seed", range(100, 116))
def test_asked_after_messages_that_were_gone_past_a_strategy_decides_as_asked_at_each(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flatbook.backtest.tape.ROWS_IN_A_CHUNK", 61)
    monkeypatch.setattr(at, "LEVEL_SLOTS", 4096)
    compiled, plain = driven(CompiledMarket, seed, each=True), driven(PlainMarket, seed, each=True)
    assert events_of(compiled[1]) == events_of(plain[1])
    assert compiled[1].link == plain[1].link
    assert list(compiled[0].samples) == list(plain[0].samples)
    assert list(compiled[0].queue) == list(plain[0].queue)
    assert dict(compiled[0].counts) == dict(plain[0].counts)


@pytest.mark.parametrize(
    ("seed", "each", "closed"),
    [(202, True, 1), (203, True, 2), (205, False, 1), (209, False, 0), (212, True, 1), (217, True, 1), (228, True, 1)],
)
def test_an_account_that_has_little_is_turned_down_and_closed_by_force_alike(
    seed: int, each: bool, closed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flatbook.backtest.tape.ROWS_IN_A_CHUNK", 37)
    monkeypatch.setattr(at, "LEVEL_SLOTS", 4096)
    compiled = driven(CompiledMarket, seed, each=each, poor=True)
    plain = driven(PlainMarket, seed, each=each, poor=True)
    assert events_of(compiled[1]) == events_of(plain[1])
    assert compiled[1].link == plain[1].link
    assert list(compiled[0].samples) == list(plain[0].samples)
    assert sum(isinstance(event, ForcedReduction) for event in events_of(plain[1])) == closed
    assert sum(isinstance(event, OrderRejected) for event in events_of(plain[1])) > 0


TIERS = tuple(
    Tier(above=Decimal(above), rate=Decimal(rate))
    for above, rate in (("0.05", "0.006"), ("0.1", "0.0087"), ("0.2", "0.05"))
)


@pytest.mark.parametrize(
    ("seed", "down", "closed"), [(205, -4, 0), (211, 9, 0), (212, 7, 1), (219, -6, 0), (223, 2, 0)]
)
def test_what_a_large_position_needs_by_its_tiers_is_needed_alike(
    seed: int, down: int, closed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`down` is how many more orders are turned down than without tiers."""
    monkeypatch.setattr("flatbook.backtest.tape.ROWS_IN_A_CHUNK", 37)
    monkeypatch.setattr(at, "LEVEL_SLOTS", 4096)
    compiled, plain = (driven(kind, seed, poor=True, tiers=TIERS) for kind in (CompiledMarket, PlainMarket))
    assert events_of(compiled[1]) == events_of(plain[1])
    assert compiled[1].link == plain[1].link
    found = (events_of(plain[1]), events_of(driven(PlainMarket, seed, poor=True)[1]))
    refused = [sum(isinstance(event, OrderRejected) for event in events) for events in found]
    assert refused[0] - refused[1] == down
    assert sum(isinstance(event, ForcedReduction) for event in found[0]) == closed


@pytest.mark.parametrize("seed", range(200, 216))
def test_rows_that_are_only_seen_are_gone_through_at_once_with_the_same_journal(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flatbook.backtest.tape.ROWS_IN_A_CHUNK", 331)
    monkeypatch.setattr(at, "LEVEL_SLOTS", 4096)
    compiled, plain = driven(CompiledMarket, seed, patient=True), driven(PlainMarket, seed, patient=True)
    assert events_of(compiled[1]) == events_of(plain[1])
    assert compiled[1].link == plain[1].link
    assert list(compiled[0].samples) == list(plain[0].samples)
    assert list(compiled[0].queue) == list(plain[0].queue)
    assert executions(plain[1]) > 8


def events_of(store: MemoryStore) -> list[object]:
    """Returns all events of a journal."""
    return [event for row in MemoryJournal(store).read() for event in row.events]
