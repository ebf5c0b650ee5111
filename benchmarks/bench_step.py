"""The step for each kind of input, on a state with thousands of hedges behind it. Budget: 30 s, quick 5 s."""

from __future__ import annotations

import time
from decimal import Decimal

import msgspec

from benchmarks import Figure, amount, median, share
from benchmarks.desk import CHAIN, PARAMS, holdings, quote_at, rules
from benchmarks.workload import OWNER, PAPER, SHARES, USD, fill_at, opening
from flatbook.engine.inputs import ExecutionsRead, Item, PlaceAnswered, Resumed, Stated, TimeCame, Woken
from flatbook.engine.ports import ChainRead
from flatbook.engine.reports import Accepted, AccountStatement, Balance, Execution, Holding
from flatbook.engine.step import Step, step
from flatbook.engine.views import hedge_view
from flatbook.engine.wakes import Wakes
from flatbook.events.chain import VaultFilled
from flatbook.events.orders import Fee, OrderIntended
from flatbook.market.quotes import Market
from flatbook.sim.tapes.bars import PAPER_BARS
from flatbook.state.desk import State
from flatbook.state.fold import apply
from flatbook.strategies.hedge import decide
from flatbook.values.ids import AssetId, ExecutionId, InstrumentId, Underlying, VenueOrderId
from flatbook.values.instants import Instant
from flatbook.values.money import Money, Quantity

HEDGES = amount(8_000, 1_500)
EVERY = 50
FEES = (Fee(asset=USD, amount=Money(Decimal("0.35"))),)


class Desk:
    """A desk without a shell: each input is stepped, and the microseconds are kept by kind."""

    def __init__(self) -> None:
        self.state, self.market, self.wakes, self.rules = State(), Market(), Wakes(), rules()
        self.taken: dict[str, list[float]] = {}
        for event in (*opening()[0], *holdings()):
            apply(self.state, event)
        for key in self.rules.hedges:
            self.take("first decision after a start", Resumed(key=key), fill_at(0).seen_at)

    def take(self, name: str, item: Item, now: Instant) -> Step:
        """Steps an input and keeps how long it took."""
        begun = time.perf_counter_ns()
        done = step(self.state, self.market, item, now=now, rules=self.rules, wakes=self.wakes)
        self.taken.setdefault(name, []).append((time.perf_counter_ns() - begun) / 1000)
        return done


def intent_in(done: Step) -> OrderIntended:
    """Returns the intent that a step led to.

    Errors: ValueError when it led to none: then something else than a hedge was measured.
    """
    for event in done.events:
        if isinstance(event, OrderIntended):
            return event
    raise ValueError(f"the fill was not hedged: {done}")


def execution_of(intent: OrderIntended, fill: VaultFilled, number: int) -> Execution:
    """Returns the execution of an order in full."""
    return Execution(
        execution_id=ExecutionId(f"X-{number}"),
        order_id=intent.order_id,
        venue_order_id=VenueOrderId(f"venue-{number}"),
        instrument=intent.instrument,
        side=intent.side,
        qty=intent.qty,
        price=fill.price,
        fees=FEES,
        realised=None,
        happened_at=fill.seen_at,
    )


def statement_of(state: State, now: Instant) -> AccountStatement:
    """Returns a statement that agrees with our books."""
    cash = Quantity(state.balances[PAPER, USD])
    return AccountStatement(
        account=PAPER,
        stated_at=now,
        open_orders=(),
        holdings=tuple(
            Holding(instrument=InstrumentId(f"{name}/USD"), qty=Quantity(state.balances[PAPER, AssetId(name)]))
            for name in SHARES
        ),
        balances=(Balance(asset=USD, total=cash, available=cash),),
    )


def hedge(desk: Desk, number: int) -> None:
    """Steps a fill, its hedge to the end, and what repeats or wakes without news."""
    fill = fill_at(number)
    now, key = fill.seen_at, (OWNER, fill.underlying)
    desk.market.write(fill.underlying, PAPER_BARS, quote_at(now, fill.price))
    read = ChainRead(source=CHAIN, events=(fill,), cursor=str(number))
    intent = intent_in(desk.take("fill seen, hedge decided", read, now))
    accepted = Accepted(venue_order_id=VenueOrderId(f"venue-{number}"), pending=False, happened_at=now)
    desk.take("order accepted", PlaceAnswered(order_id=intent.order_id, attempt=0, answer=accepted), now)
    executions = ExecutionsRead(account=PAPER, executions=(execution_of(intent, fill, number),), cursor=f"X-{number}")
    desk.take("order executed", executions, now)
    desk.take("execution told again", executions, now)
    desk.take("fill told again", read, now)
    desk.take("strategy woken, nothing to do", Woken(key=key), now)
    desk.take("time came, nothing due", TimeCame(), now)
    if number % EVERY == 0:
        desk.take("statement that agrees", Stated(statement=statement_of(desk.state, now)), now)


def decisions(desk: Desk) -> dict[str, list[float]]:
    """Returns the microseconds of the hedge's own decision, and of the picture it decides on."""
    fill = fill_at(HEDGES - 1)
    key = (OWNER, Underlying(fill.underlying))
    taken: dict[str, list[float]] = {"view of a net": [], "hedge decides to place": []}
    for _ in range(HEDGES):
        begun = time.perf_counter_ns()
        view = hedge_view(desk.state, desk.market, key, desk.rules, fill.seen_at)
        seen = time.perf_counter_ns()
        open_view = msgspec.structs.replace(view, net=Quantity(Decimal("-10.75")))
        asked = time.perf_counter_ns()
        decision = decide(open_view, PARAMS)
        ended = time.perf_counter_ns()
        taken["view of a net"].append((seen - begun) / 1000)
        taken["hedge decides to place"].append((ended - asked) / 1000)
        if not decision.intents:
            raise ValueError(f"nothing was to be placed: {decision}")
    return taken


def run() -> list[Figure]:
    """Measures the step and the decision; medians, and what 99 of 100 stay below."""
    desk = Desk()
    for number in range(HEDGES):
        hedge(desk, number)
    taken = desk.taken | decisions(desk)
    return [
        figure
        for name, values in taken.items()
        for figure in (
            Figure(f"step: {name}, median" if name in desk.taken else f"{name}, median", median(values), "us"),
            Figure("  99 of 100 below", share(values, 0.99), "us"),
        )
    ]
