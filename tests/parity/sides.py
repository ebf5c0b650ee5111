"""The three sides that are compared, and what became of each order on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from flatbook.backtest.kernel.market import CompiledMarket
from flatbook.backtest.plain_market import PlainMarket
from flatbook.backtest.run import Plan, drive, features_of, observe, places_of
from flatbook.backtest.tape import Tape
from flatbook.backtest.tape_file import FileTape
from flatbook.backtest.tape_survey import Heard
from flatbook.events.event import Event
from flatbook.events.orders import OrderDone, OrderEnd, OrderFilled, OrderIntended, OrderRejected, OrderStyle
from flatbook.journal.memory import MemoryJournal, MemoryStore
from flatbook.market.ticks import Told
from flatbook.services.backtest_plan import BacktestPlan
from flatbook.services.tape_sources import Recording, recordings_of
from flatbook.services.tapes import Steps, make_tape, surveyed
from flatbook.values.ids import Slot
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side


class Execution(NamedTuple):
    """One execution, without its time and its fee."""

    price: Decimal
    qty: Decimal
    is_maker: bool | None


class Became(NamedTuple):
    """What an order was and what became of it, without ids and times. `end` is None where it was filled or stands."""

    side: Side
    qty: Decimal
    limit: Decimal | None
    style: OrderStyle
    reduce_only: bool
    executions: tuple[Execution, ...]
    end: OrderEnd | None
    is_rejected: bool


class Order(NamedTuple):
    """An order, the times of its life (when it was decided, when each execution happened), and the fees of those.

    Units: fees in quote.
    """

    became: Became
    times: tuple[Instant, ...]
    fees: tuple[Decimal, ...]


def orders_of(journal: Sequence[Event], until: Instant | None = None) -> dict[Slot | None, list[Order]]:
    """Returns the orders of a journal by slot, in order of decision, as they stood at an instant or at the end.

    Of orders that were decided at one instant the ids are in no order: which cancel was answered first gives the place.
    """
    about: dict[str, list[Event]] = defaultdict(list)
    told = [event for event in journal if until is None or _instant_of(event) < until]
    for event in told:
        about[getattr(event, "order_id", "")].append(event)
    found: dict[Slot | None, list[Order]] = defaultdict(list)
    for event in told:
        if isinstance(event, OrderIntended):
            found[event.slot].append(_order(event, about[event.order_id]))
    return dict(found)


def _instant_of(event: Event) -> int:
    """Returns when an event of an order came about; 0 for all others."""
    if isinstance(event, OrderFilled | OrderDone):
        return event.happened_at
    return event.decided_at if isinstance(event, OrderIntended) else 0


def _order(intended: OrderIntended, events: Sequence[Event]) -> Order:
    fills = [event for event in events if isinstance(event, OrderFilled)]
    became = Became(
        side=intended.side,
        qty=intended.qty,
        limit=intended.limit,
        style=intended.style,
        reduce_only=intended.reduce_only,
        executions=tuple(Execution(each.price, each.qty, each.maker) for each in fills),
        end=next((event.end for event in events if isinstance(event, OrderDone)), None),
        is_rejected=any(isinstance(event, OrderRejected) for event in events),
    )
    return Order(became, (intended.decided_at, *(each.happened_at for each in fills)), tuple(map(_fee, fills)))


def _fee(fill: OrderFilled) -> Decimal:
    return sum((fee.amount for fee in fill.fees), Decimal(0))


def as_seen(recording: Path, folder: Path, steps: Steps) -> FileTape:
    """Returns a recording as a tape whose market does everything when it is seen: a paper exchange knows no more."""
    (found,) = recordings_of([recording])
    make_tape(folder / "seen.parquet", [surveyed(replace(found, heard=lambda: _at_once(found)))], steps)
    return FileTape(folder / "seen.parquet")


def _at_once(recording: Recording) -> Iterator[Heard]:
    for at, told in recording.heard():
        yield at, replace(told, happened_at=at, sent_at=at) if isinstance(told, Told) else told


def backtested(kind: type[CompiledMarket | PlainMarket], tape: Tape, plan: BacktestPlan) -> tuple[Event, ...]:
    """Returns the journal of a plan over a tape."""
    store, places, seats, terms = MemoryStore(), places_of(tape), plan.seats, plan.terms
    market = kind(tape, terms, [(places[feature.instrument], feature) for _, feature in features_of(seats)])
    observe(market, seats, terms, places)
    drive(market, Plan(tape, seats, terms), MemoryJournal(store))
    return tuple(event for row in MemoryJournal(store).read() for event in row.events)
