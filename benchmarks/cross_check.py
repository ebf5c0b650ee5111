"""The same orders in the same recorded market here and at hftbacktest: python -m benchmarks.cross_check TAPE.

At regular instants of our clock both orders of before are canceled and both sides of the touch are joined, so that
every order is the same on both sides whatever became of those before it. What was executed is compared order by order.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from benchmarks.bench_backtest import child
from benchmarks.bench_peers import PEER_PYTHON
from benchmarks.peer_seat import OWNER, instrument_of, terms_of
from flatbook.backtest.run import run
from flatbook.backtest.tape import Tape
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
            script = str(Path(__file__).with_name("orders_hftbacktest.py"))
            told = child(str(PEER_PYTHON), script, str(events), json.dumps(terms))
            if told["stopped_at"] is None:
                return [Outcome(*row) for row in told["orders"]]
            skipped.append(told["stopped_at"])
    raise ValueError(f"hftbacktest stopped more than {STOPS_MAX} times, last at {skipped[-1]}")


def compared(path: Path, lots: int) -> str:
    """Returns a row of a table: orders, how many differ, and what was executed on both sides."""
    tape = FileTape(path)
    first = int(next(iter(tape.chunks())).local_ts[0])
    params = Joining(instrument_of(tape, 0), lots, first // EVERY_NS * EVERY_NS + FIRST_NS, EVERY_NS)
    mine = ours(tape, params)
    other = {(each.at, each.sign): each for each in theirs(tape, params, len(mine))}
    pairs = [(each, other[each.at, each.sign]) for each in mine if (each.at, each.sign) in other]
    assert all(one.ticks == two.ticks for one, two in pairs), "both saw the same touch"
    less, more = (sum((one.lots - two.lots) * sign > 0 for one, two in pairs) for sign in (-1, 1))
    executed = [sum(pair[side].lots for pair in pairs) for side in (0, 1)]
    for one, two in pairs:
        if one != two:
            print(f"  {one.at} {'buy' if one.sign > 0 else 'sell'} at {one.ticks}: {one.lots} here, {two.lots} there")
    left_out = len(mine) - len(pairs)
    return f"| {path.stem} | {lots} | {len(pairs)} | {left_out} | {less} | {more} | {executed[0]} | {executed[1]} |"


def main() -> None:
    """Compares each tape that is named, with orders of one lot and of many."""
    print("| tape | lots | orders | left out | less here | more here | lots executed here | there |")
    for path in map(Path, sys.argv[1:]):
        for lots in LOTS:
            print(compared(path, lots))


if __name__ == "__main__":
    main()
