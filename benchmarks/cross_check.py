"""The same orders in the same recorded market here and at hftbacktest: python -m benchmarks.cross_check TAPE.

At regular instants of our clock both orders of before are canceled and both sides of the touch are joined, so that
every order is the same on both sides whatever became of those before it. What was executed is compared order by order,
and it ends with 1 where an order differs in another way than docs/backtesting.md says, or too many do.

With --golden FILE it writes what hftbacktest executes on the beginning of the peers' tape, for a test to compare.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.peer_seat import OWNER, instrument_of, terms_of
from benchmarks.peer_tape import PERP, SPOT, peer_columns
from benchmarks.peers import BENCH, peer
from flatbook.backtest.run import run
from flatbook.backtest.tape import MemoryTape, Tape, TapeHead, covers_of
from flatbook.backtest.tape_file import FileTape
from flatbook.backtest.tape_hftbacktest import write_events
from flatbook.events.orders import CancelReason, OrderFilled, OrderIntended, OrderStyle
from flatbook.journal.memory import MemoryJournal
from flatbook.state.intents import CancelIntent, Intent, PlaceIntent
from flatbook.strategies.decision import Decision, Wake
from flatbook.strategies.quoting import QuoteView, Seat
from flatbook.values.instants import Instant
from flatbook.values.instruments import Instrument, Side
from flatbook.values.money import Price, Quantity

EVERY_NS, LATENCY_NS, FIRST_NS = 1_000_000_000, 5_000_000, 2_000_000_000
LOTS, STOPS_MAX = (1, 500), 20
DIFFERING_OF = 100
"""Of so many orders one may differ."""
GOLDEN_SCALE, GOLDEN_EVERY_NS, GOLDEN_AFTER_NS = 0.02, 100_000_000, 500_000
"""Between two rows of the peers' tape, one of which stands at each millisecond: there both see the same touch."""
FOREVER = Instant(2**62)


class Joining(NamedTuple):
    """What is joined, how large, from when on and how often. Units: lots, ns."""

    instrument: Instrument
    lots: int
    begin: int
    every: int


class Outcome(NamedTuple):
    """An order, and how much of it was executed. Units: ticks, lots."""

    at: int
    sign: int
    ticks: int
    lots: int


def decide(view: QuoteView, params: Joining) -> Decision:
    """Cancels what stands and joins both sides, once at each instant."""
    instrument, now = params.instrument, view.now
    due = max(params.begin, params.begin + (now - params.begin) // params.every * params.every)
    orders = view.orders(instrument.id)
    next_at = Instant(params.begin if now < params.begin else due + params.every)
    wake = Wake(on=(), at=next_at)
    touch = view.touch(instrument.id)
    if now != due:
        return Decision(intents=(), notes=(), wake=wake)
    intents: list[Intent] = [
        CancelIntent(order_id=order.order_id, reason=CancelReason.STALE_PRICE, because=None)
        for order in orders
        if not order.cancel_pending
    ]
    if touch is not None:
        for index, (side, ticks) in enumerate(((Side.BUY, touch.bid), (Side.SELL, touch.ask))):
            intents.append(_place(view, params, (side, ticks), index))
    return Decision(intents=tuple(intents), notes=(), wake=wake)


def _place(view: QuoteView, params: Joining, quoted: tuple[Side, int], index: int) -> PlaceIntent:
    (side, ticks), instrument = quoted, params.instrument
    return PlaceIntent(
        order_id=view.order_id(index),
        owner=OWNER,
        underlying=instrument.underlying,
        instrument=instrument,
        side=side,
        qty=Quantity(params.lots * instrument.rules.lot),
        limit=Price(ticks * instrument.rules.tick),
        reduce_only=False,
        style=OrderStyle.POST_ONLY,
        slot=None,
        because=None,
        evidence={},
        good_until=FOREVER,
    )


def ours(tape: Tape, params: Joining) -> list[Outcome]:
    """Returns what became of the orders here."""
    rules = params.instrument.rules
    seat = Seat(owner=OWNER, instruments=(params.instrument,), params=params, decide=decide)
    journal = MemoryJournal()
    run(tape, (seat,), terms_of(LATENCY_NS), journal)
    events = [event for row in journal.read() for event in row.events]
    filled: Counter[str] = Counter()
    for event in events:
        if isinstance(event, OrderFilled):
            filled[event.order_id] += int(event.qty / rules.lot)
    return [
        Outcome(each.decided_at, each.side.sign, int((each.limit or 0) / rules.tick), filled[each.order_id])
        for each in events
        if isinstance(each, OrderIntended)
    ]


def theirs(tape: Tape, params: Joining, orders: int) -> list[Outcome]:
    """Returns what became of the orders at hftbacktest; an instant at which its exchange stops is left out."""
    rules, skipped = params.instrument.rules, list[int]()
    with tempfile.TemporaryDirectory() as place:
        events = Path(place) / "events.npz"
        write_events(events, tape, 0)
        for _ in range(STOPS_MAX):
            terms = {
                "tick": float(rules.tick),
                "lot": float(rules.lot),
                "qty": float(params.lots * rules.lot),
                "latency_ns": LATENCY_NS,
                "begin": params.begin,
                "every_ns": params.every,
                "orders": orders,
                "skipped": skipped,
            }
            told = peer(BENCH, "orders_hftbacktest.py", events, json.dumps(terms))
            if told is None:
                raise ValueError("hftbacktest cannot run: make bench makes its environment")
            if told["stopped_at"] is None:
                return [Outcome(*row) for row in told["orders"]]
            skipped.append(told["stopped_at"])
    raise ValueError(f"hftbacktest stopped more than {STOPS_MAX} times, last at {skipped[-1]}")


def joining_of(tape: Tape, lots: int, every: int = EVERY_NS, after: int = 0) -> Joining:
    """Returns what is joined on a tape, from two seconds after its first whole one on, and a little more. Units: ns."""
    first = int(next(iter(tape.chunks())).local_ts[0])
    return Joining(instrument_of(tape, 0), lots, first // EVERY_NS * EVERY_NS + FIRST_NS + after, every)


def golden_joining(tape: Tape, lots: int) -> Joining:
    """Returns what is joined on the beginning of the peers' tape."""
    return joining_of(tape, lots, GOLDEN_EVERY_NS, GOLDEN_AFTER_NS)


def unexplained(pairs: Sequence[tuple[Outcome, Outcome]], lots: int) -> list[tuple[Outcome, Outcome]]:
    """Returns the orders that differ otherwise than they may.

    Less is executed here where a trade goes through the price, for which the whole order is executed there, and more
    where an order arrives with the book that it would meet, for which it is turned down there.
    """
    return [(one, two) for one, two in pairs if two.lots not in (one.lots, 0 if one.lots > two.lots else lots)]


def check(pairs: Sequence[tuple[Outcome, Outcome]], lots: int) -> None:
    """Passes where both executed the same but for the documented differences, and those are few. Errors: ValueError."""
    wrong = unexplained(pairs, lots)
    differing = sum(one.lots != two.lots for one, two in pairs)
    if wrong or differing * DIFFERING_OF > len(pairs):
        told = f"{differing} of {len(pairs)} orders differ, {len(wrong)} of them in no way that is known"
        raise ValueError(f"{told}: {wrong[:3]}")


def golden_tape() -> MemoryTape:
    """Returns the beginning of the peers' tape."""
    columns = peer_columns(GOLDEN_SCALE)
    return MemoryTape(TapeHead(instruments=(PERP, SPOT), covers=covers_of(columns), rows=columns.rows), columns)


def write_golden(path: Path) -> None:
    """Writes what hftbacktest executes of each order on the beginning of the peers' tape."""
    tape = golden_tape()
    runs = {}
    for lots in LOTS:
        params = golden_joining(tape, lots)
        runs[str(lots)] = [list(each) for each in theirs(tape, params, len(ours(tape, params)))]
    told = {
        "made_by": "hftbacktest 2.4.4: benchmarks/orders_hftbacktest.py, python -m benchmarks.cross_check --golden",
        "tape": f"benchmarks/peer_tape.py, scale {GOLDEN_SCALE}, the perpetual; latency {LATENCY_NS} ns each way",
        "columns": Outcome._fields,
        "orders_by_lots": runs,
    }
    path.write_text(json.dumps(told) + "\n")


def compared(path: Path, lots: int) -> str:
    """Returns a row of a table: orders, how many differ, and what was executed on both sides. Errors: ValueError."""
    tape = FileTape(path)
    params = joining_of(tape, lots)
    mine = ours(tape, params)
    other = {(each.at, each.sign): each for each in theirs(tape, params, len(mine))}
    pairs = [(each, other[each.at, each.sign]) for each in mine if (each.at, each.sign) in other]
    assert all(one.ticks == two.ticks for one, two in pairs), "both saw the same touch"
    less, more = (sum((one.lots - two.lots) * sign > 0 for one, two in pairs) for sign in (-1, 1))
    executed = [sum(pair[side].lots for pair in pairs) for side in (0, 1)]
    for one, two in pairs:
        if one != two:
            print(f"  {one.at} {'buy' if one.sign > 0 else 'sell'} at {one.ticks}: {one.lots} here, {two.lots} there")
    check(pairs, lots)
    left_out = len(mine) - len(pairs)
    return f"| {path.stem} | {lots} | {len(pairs)} | {left_out} | {less} | {more} | {executed[0]} | {executed[1]} |"


def main() -> None:
    """Compares each tape that is named, with orders of one lot and of many."""
    if sys.argv[1:2] == ["--golden"]:
        write_golden(Path(sys.argv[2]))
        return
    print("| tape | lots | orders | left out | less here | more here | lots executed here | there |")
    for path in map(Path, sys.argv[1:]):
        for lots in LOTS:
            print(compared(path, lots))


if __name__ == "__main__":
    main()
