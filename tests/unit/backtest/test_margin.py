"""The margin of contracts: what is turned down for want of it, and what the venue closes by force."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from benchmarks.peer_seat import ACCOUNT, LIMITS, USD, instrument_of
from flatbook.backtest.kernel.market import CompiledMarket
from flatbook.backtest.plain_market import PlainMarket
from flatbook.backtest.report import draw_report
from flatbook.backtest.run import Plan, drive, observe, places_of
from flatbook.backtest.tape import MemoryTape
from flatbook.backtest.tape_file import Message, memory_tape
from flatbook.backtest.terms import FeeRates, MarginTerms, Terms
from flatbook.events.event import Event
from flatbook.events.forced import ForcedReduction
from flatbook.events.orders import Fee, ForcedBy, OrderDone, OrderFilled, OrderRejected, OrderStyle, RejectReason
from flatbook.journal.memory import MemoryJournal
from flatbook.market.ticks import Kind
from flatbook.matcher.margin import Tier
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.state.intents import PlaceIntent
from flatbook.strategies.decision import Decision, Every, Wake
from flatbook.strategies.quoting import QuoteView, Seat
from flatbook.values.ids import InstrumentId, OwnerId
from flatbook.values.instants import later
from flatbook.values.instruments import Instrument, Side
from flatbook.values.money import ONE, Money, Price, Quantity
from tests.unit.backtest.scenes import PERP

S = 10**9
BEGIN = 1_700_000_000 * S
OWNER = OwnerId("holder")
PERPETUAL = InstrumentId(PERP.id)
# What is wanted, in order: lots (below zero to sell), and the limit in ticks.
Wanted = tuple[tuple[int, int], ...]


def tape_of(bids: tuple[int, ...], funding: int = 0) -> MemoryTape:
    """A perpetual of 100 USD and a tick of 0.1 whose touch moves each second, and is paid funding on at last."""
    quotes = [
        Message(BEGIN + at * S, BEGIN + at * S, [(Kind.QUOTE, 0, bid, 10**6, bid + 2, 10**6, at)])
        for at, bid in enumerate(bids)
    ]
    end = BEGIN + len(bids) * S
    return memory_tape([*quotes, Message(end, end, [(Kind.FUNDING, 0, funding, end, bids[-1], 0, 0)])], (PERP,))


def seat_that_wants(tape: MemoryTape, wanted: Wanted) -> Seat:
    """A seat that places the next of its orders after each quote."""

    def decide(view: QuoteView, instrument: Instrument) -> Decision:
        touch, asked = view.touch(instrument.id), int(view.order_id(0)[-9:])
        intents: tuple[PlaceIntent, ...] = ()
        if touch is not None and asked < len(wanted):
            lots, ticks = wanted[asked]
            intents = (
                PlaceIntent(
                    order_id=view.order_id(0),
                    owner=OWNER,
                    underlying=instrument.underlying,
                    instrument=instrument,
                    side=Side.BUY if lots > 0 else Side.SELL,
                    qty=Quantity(abs(lots) * instrument.rules.lot),
                    limit=Price(ticks * instrument.rules.tick),
                    reduce_only=False,
                    style=OrderStyle.LIMIT,
                    slot=None,
                    because=None,
                    evidence={},
                    good_until=later(view.now, seconds=1_000),
                ),
            )
        return Decision(intents=intents, notes=(), wake=Wake(on=(), every=(Every(instrument.id, 1),)))

    instrument = instrument_of(tape, 0)
    return Seat(owner=OWNER, instruments=(instrument,), params=instrument, decide=decide)


def ran(
    kind: type[CompiledMarket | PlainMarket], tape: MemoryTape, wanted: Wanted, cash: str, *tiers: Tier
) -> tuple[list[Event], State]:
    """Returns the events of a run at a leverage of 10 and maintenance of 5 percent, and the state that they lead to."""
    seats, journal = (seat_that_wants(tape, wanted),), MemoryJournal()
    terms = Terms(
        limits={OWNER: replace(LIMITS, collar_bps_max=10_000)},
        marks={USD: Price(ONE)},
        cash={USD: Decimal(cash)},
        fees={PERPETUAL: FeeRates(maker=Decimal(0), taker=Decimal("0.001"))},
        margins={PERPETUAL: MarginTerms(leverage=10, maintenance=Decimal("0.05"), tiers=tiers)},
    )
    market = kind(tape, terms)
    observe(market, seats, terms, places_of(tape))
    run = drive(market, Plan(tape, seats, terms), journal)
    events, state = [event for row in journal.read() for event in row.events], State()
    for event in events:
        apply(state, event)
    report = draw_report(run, events, tape, terms.marks)
    assert report.adds_up
    return events, state


@pytest.fixture(params=[CompiledMarket, PlainMarket])
def kind(request: pytest.FixtureRequest) -> type[CompiledMarket | PlainMarket]:
    found: type[CompiledMarket | PlainMarket] = request.param
    return found


def of(events: list[Event], *kinds: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kinds)]


def test_an_order_is_turned_down_that_needs_more_margin_than_there_is_beside_what_rests(
    kind: type[CompiledMarket | PlainMarket],
) -> None:
    # At a mark of 100.1 and a leverage of 10, 600 lots need 6.006; so do 600 sold, which lead to no larger side.
    events, _ = ran(kind, tape_of((1_000,) * 6), ((600, 990), (400, 990), (-600, 1_010), (-601, 1_010)), "10")
    down = [event for event in events if isinstance(event, OrderRejected)]
    assert [event.reason for event in down] == [RejectReason.INSUFFICIENT_FUNDS] * 2
    assert [event.order_id[-1] for event in down] == ["1", "3"]


def test_what_closes_a_position_needs_no_margin(kind: type[CompiledMarket | PlainMarket]) -> None:
    # 990 lots bought at 100.2 leave 9.900802 of 10 and need 9.90990: nothing more can be opened, and all be sold.
    events, state = ran(kind, tape_of((1_000,) * 6), ((990, 1_002), (1, 1_002), (-990, 1_000)), "10")
    assert [event.reason.value for event in events if isinstance(event, OrderRejected)] == ["insufficient_funds"]
    assert [event.qty for event in events if isinstance(event, OrderFilled)] == [Decimal("0.990"), Decimal("0.990")]
    assert state.balances[ACCOUNT, USD] == Decimal("9.603802")


def test_a_position_is_closed_by_force_at_the_mark_once_the_account_has_less_than_it_needs_to_stay(
    kind: type[CompiledMarket | PlainMarket],
) -> None:
    # 0.9 bought at 100.2 leave 9.90982. At 94.1: 4.41982 above the 4.2345 needed; at 93.6: 3.96982 below 4.212.
    tape = tape_of((1_000, 1_000, 1_000, 940, 935, 920))
    events, state = ran(kind, tape, ((900, 1_002), (-50, 1_200)), "10")
    (closed,) = (event for event in events if isinstance(event, ForcedReduction))
    assert (closed.forced, closed.side, closed.qty) == (ForcedBy.LIQUIDATION, Side.SELL, Decimal("0.900"))
    assert (closed.price, closed.happened_at) == (Decimal("93.60"), BEGIN + 4 * S)
    assert closed.fees == (Fee(asset=USD, amount=Money(Decimal("0.08424000"))),)
    assert closed.realised == Decimal("-5.94")
    assert [event.end.value for event in events if isinstance(event, OrderDone)] == ["canceled"]
    assert not [row for row in state.positions.rows.values() if row.qty]
    assert state.balances[ACCOUNT, USD] == Decimal("3.88558")


def test_funding_can_take_the_margin_of_a_position(kind: type[CompiledMarket | PlainMarket]) -> None:
    # At 0.9 and a mark of 100, funding of 6.5 percent takes 5.85 of 9.90982, and 4.5045 are needed.
    events, _ = ran(kind, tape_of((1_000,) * 4, 65 * 10**9), ((900, 1_002),), "10")
    assert len(of(events, ForcedReduction)) == 1
    events, _ = ran(kind, tape_of((1_000,) * 4, 45 * 10**9), ((900, 1_002),), "10")
    assert not of(events, ForcedReduction)


STEEP = Tier(above=Decimal(50), rate=Decimal("0.2")), Tier(above=Decimal(80), rate=Decimal("0.5"))


def test_an_order_needs_no_less_than_what_it_leads_to_needs_to_stay(kind: type[CompiledMarket | PlainMarket]) -> None:
    # At a mark of 100.1 600 lots need 6.006 by leverage, and 4.512 to stay; 900 need 9.009 and 13.545.
    wanted = ((600, 990), (300, 990))
    for cash, tiers, turned_down in (("10", (), 0), ("10", STEEP, 1), ("13.544", STEEP, 1), ("13.545", STEEP, 0)):
        events, _ = ran(kind, tape_of((1_000,) * 6), wanted, cash, *tiers)
        assert len(of(events, OrderRejected)) == turned_down, cash


def test_a_large_position_is_closed_by_force_where_its_tiers_need_more(
    kind: type[CompiledMarket | PlainMarket],
) -> None:
    # 900 lots bought at 100.2 of 14.2 leave 14.10982. At 93.6 that is 8.16982: 4.212 are needed, and 10.62 with tiers.
    tape = tape_of((1_000, 1_000, 1_000, 935, 900))
    events, _ = ran(kind, tape, ((900, 1_002),), "14.2")
    assert not of(events, ForcedReduction)
    events, _ = ran(kind, tape, ((900, 1_002),), "14.2", *STEEP)
    (closed,) = (event for event in events if isinstance(event, ForcedReduction))
    assert (closed.price, closed.happened_at) == (Decimal("93.60"), BEGIN + 3 * S)


def test_the_band_in_which_nothing_is_due_holds_with_tiers_too(kind: type[CompiledMarket | PlainMarket]) -> None:
    """The market falls a tick at a time, and the first message at which too little is left closes the position."""
    bids = tuple(range(1_000, 840, -1))
    events, _ = ran(kind, tape_of((1_000, *bids)), ((900, 1_002),), "20", *STEEP)
    (closed,) = (event for event in events if isinstance(event, ForcedReduction))

    def left(mark: Decimal) -> Decimal:
        worth = mark * Decimal("0.9")
        need = [(worth, "0.05"), (worth - 50, "0.15"), (worth - 80, "0.3")]
        needed = sum((max(part, Decimal(0)) * Decimal(rate) for part, rate in need), Decimal(0))
        return Decimal(20) - Decimal("0.09018") + (mark - Decimal("100.2")) * Decimal("0.9") - needed

    marks = [Decimal(bid + 1) / 10 for bid in bids]
    assert closed.price == next(mark for mark in marks if left(mark) < 0)


def test_tiers_that_make_no_sense_are_refused() -> None:
    for tiers, says in (
        ((("10", "0.005"),), "tiers must rise"),
        ((("10", "0.01"), ("10", "0.02")), "tiers must rise"),
        ((("0", "0.01"),), "tiers must rise"),
        ((("10", "1"),), "tiers must rise"),
        ((("10", "0.0100001"),), "at most 6 decimals"),
        (tuple((str(n), f"0.1{n:02}") for n in range(1, 66)), "at most 64 tiers"),
    ):
        made = tuple(Tier(above=Decimal(above), rate=Decimal(rate)) for above, rate in tiers)
        with pytest.raises(ValueError, match=says):
            MarginTerms(leverage=10, maintenance=Decimal("0.005"), tiers=made)


def test_margin_that_makes_no_sense_is_refused() -> None:
    for leverage, maintenance, says in (
        (0, "0.005", "a whole number from 1 to 200"),
        (20, "0.05", "less than an order needs"),
        (20, "0.0000001", "at most 6 decimals"),
    ):
        with pytest.raises(ValueError, match=says):
            MarginTerms(leverage=leverage, maintenance=Decimal(maintenance))
    with pytest.raises(ValueError, match="beyond all bounds"):
        ran(CompiledMarket, tape_of((1_000,)), (), "10000000000")
