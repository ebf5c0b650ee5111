"""A desk without a shell: inputs go into the production step, events and effects come out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Self, TypeVar

import msgspec

from flatbook.engine.effects import Cancel, CancelAll, Effect, Find, Place
from flatbook.engine.inputs import (
    AccountSilent,
    CancelAnswered,
    Command,
    ExecutionsRead,
    FindAnswered,
    Item,
    OrderReported,
    PlaceAnswered,
    Restarted,
    Resumed,
    Stated,
    TimeCame,
    Verb,
)
from flatbook.engine.ports import ChainRead, IdRule
from flatbook.engine.reports import (
    Absent,
    Accepted,
    AccountStatement,
    Balance,
    CancelAnswer,
    Execution,
    FindAnswer,
    Funds,
    Holding,
    OrderReport,
    PlaceAnswer,
    Rejected,
    Unknown,
    VenueStatus,
)
from flatbook.engine.rules import Rules
from flatbook.engine.step import Step, step
from flatbook.engine.wakes import Wakes
from flatbook.events.codec import name_of
from flatbook.events.event import Event
from flatbook.events.orders import OrderIntended, RejectReason, UnknownReason
from flatbook.market.quotes import Market, Quote
from flatbook.state.desk import State
from flatbook.state.orders import Order
from flatbook.values.ids import ExecutionId, OrderId, VenueOrderId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side
from flatbook.values.money import Price, Quantity
from tests.desk import CHAIN, COIN, HEDGE, OPEN, OWNER, PAPER, Setting, desk_of, fill
from tests.unit.state.scene import STOCK, USD, qty

KEY = (OWNER, COIN)
START = later(OPEN, seconds=3600)
E = TypeVar("E", bound=Event)


class Bench:
    """The state of a desk, its market and its wakes, at an instant that a test moves."""

    def __init__(self, *, id_rule: IdRule = IdRule.FOR_EVER, lot: str = "0.001", **setting: Any) -> None:
        rules = desk_of(Setting(id_rule=id_rule, lot=lot, **setting), ()).rules
        cards = {PAPER: msgspec.structs.replace(rules.cards[PAPER], id_window_s=60)}
        self.rules: Rules = msgspec.structs.replace(rules, cards=cards)
        self.state, self.market, self.wakes = State(), Market(), Wakes()
        self.now = START
        self.events: list[Event] = []
        self.effects: list[Effect] = []
        self.dropped: list[str] = []

    def take(self, item: Item) -> Step:
        """Steps one input now."""
        done = step(self.state, self.market, item, now=self.now, rules=self.rules, wakes=self.wakes)
        self.events += done.events
        self.effects += done.effects
        self.dropped += done.dropped
        return done

    def wait(self, seconds: int) -> Self:
        """Lets time pass, with a fresh price at its end."""
        self.now = later(self.now, seconds=seconds)
        self.quote()
        return self

    def quote(self, price: str = "250") -> None:
        """States a price that holds now."""
        self.market.write(
            COIN, HEDGE.price_source, Quote(price=Price(Decimal(price)), happened_at=self.now, seen_at=self.now)
        )

    def resume(self) -> Self:
        """Starts with the marks of the configuration, and asks the strategy for the first time, with a price."""
        self.take(Restarted())
        self.quote()
        self.take(Resumed(key=KEY))
        return self

    def fill(self, number: int, side: str, shares: str, **changes: Any) -> Step:
        """Takes an onchain fill."""
        event = fill(number, side, shares, at=self.now, **changes)
        return self.take(ChainRead(source=CHAIN, events=(event,), cursor=str(number)))

    def ordered(self, shares: str = "10") -> OrderId:
        """Takes a fill that leads to an order of the same size, and returns the order's id."""
        self.resume()
        self.fill(900, "sell", shares)
        return self.placed()[-1].order_id

    def working(self, shares: str = "10") -> OrderId:
        """Returns an order that the venue accepted."""
        order_id = self.ordered(shares)
        self.answer(order_id, accepted(self.now))
        return order_id

    def unknown(self, shares: str = "10") -> OrderId:
        """Returns an order whose place was not answered."""
        order_id = self.ordered(shares)
        self.answer(order_id, Unknown(reason=UnknownReason.TIMED_OUT))
        return order_id

    def answer(self, order_id: OrderId, answer: PlaceAnswer, attempt: int = 0) -> Step:
        """Takes the answer to a place."""
        return self.take(PlaceAnswered(order_id=order_id, attempt=attempt, answer=answer))

    def answer_cancel(self, order_id: OrderId, answer: CancelAnswer, attempt: int = 1) -> Step:
        """Takes the answer to a cancel."""
        return self.take(CancelAnswered(order_id=order_id, attempt=attempt, answer=answer))

    def find(self, order_id: OrderId, answer: FindAnswer, **changes: Any) -> Step:
        """Takes the answer to a question that was asked now."""
        return self.take(
            msgspec.structs.replace(
                FindAnswered(order_id=order_id, asked_at=self.now, answer=answer, statement=None), **changes
            )
        )

    def absent(self, order_id: OrderId, statement: AccountStatement | None = None) -> Step:
        """Takes the answer that a venue does not know an order."""
        return self.find(order_id, Absent(), statement=statement)

    def executions(self, *executions: Execution, cursor: str | None = "c") -> Step:
        """Takes executions."""
        return self.take(ExecutionsRead(account=PAPER, executions=executions, cursor=cursor))

    def report(self, report: OrderReport) -> Step:
        """Takes a report of an order."""
        return self.take(OrderReported(account=PAPER, report=report))

    def state_account(self, statement: AccountStatement) -> Step:
        """Takes a statement; one that opens the account agrees with another one, read before it by the lag of reads."""
        earlier = None
        if statement.account not in self.state.opened:
            lag_s = self.rules.cards[statement.account].read_lag_max_s
            earlier = msgspec.structs.replace(statement, stated_at=later(statement.stated_at, seconds=-lag_s))
        return self.take(Stated(statement=statement, earlier=earlier))

    def silence(self) -> Step:
        """Takes that the account was last read an hour ago."""
        return self.take(AccountSilent(account=PAPER, since=later(self.now, seconds=-3_600)))

    def command(self, verb: str, key: str = "k", **arguments: str) -> Step:
        """Takes a command."""
        return self.take(Command(key=key, actor="alice", reason="because", verb=Verb(verb), arguments=dict(arguments)))

    def take_time(self) -> Step:
        """Lets what waits for this instant be asked."""
        return self.take(TimeCame())

    def restart(self) -> Step:
        """Forgets all wakes and takes a restart, as a new process does after its fold."""
        self.wakes = Wakes()
        return self.take(Restarted())

    def order(self, order_id: OrderId) -> Order:
        """Returns an order as it stands."""
        return self.state.orders[order_id]

    def status(self, order_id: OrderId) -> str:
        """Returns the status of an order."""
        return self.state.orders[order_id].status.value

    @property
    def net(self) -> Decimal:
        """The net in shares."""
        return self.state.positions.net(*KEY).known

    @property
    def alerts(self) -> list[str]:
        """The names of the alerts that stand."""
        return [name.value for name, _ in self.state.alerts]

    @property
    def halted(self) -> list[tuple[str, str, str]]:
        """Scope, target and cause of the halts that stand."""
        return [(halt.scope.value, halt.target, halt.cause.value) for halt in self.state.halts.values()]

    def placed(self) -> list[OrderIntended]:
        """Returns the intents so far."""
        return [event for event in self.events if isinstance(event, OrderIntended)]

    def orders(self) -> list[str]:
        """Returns the intents so far as text."""
        return [f"{event.side.value} {event.qty}" for event in self.placed()]


def tags(done: Step) -> list[str]:
    """Returns what was booked, alerts and marks left out."""
    return [tag for event in done.events if not (tag := name_of(type(event))).startswith(("alert_", "mark_"))]


def effects(done: Step) -> list[str]:
    """Returns what is asked of the outside."""
    names = {Place: "place", Cancel: "cancel", CancelAll: "cancel_all", Find: "find"}
    return [names.get(type(effect), "statement") for effect in done.effects]


def one(done: Step, kind: type[E]) -> E:
    """Returns the one event of a kind."""
    (event,) = [event for event in done.events if isinstance(event, kind)]
    return event


def accepted(at: Instant, *, pending: bool = False) -> Accepted:
    """Returns that a venue took an order."""
    return Accepted(venue_order_id=VenueOrderId("V-1"), pending=pending, happened_at=at)


def rejected(at: Instant, reason: str = "no_market") -> Rejected:
    """Returns that a venue did not take an order."""
    return Rejected(reason=RejectReason(reason), code="422", message="no", happened_at=at)


def execution(size: str, number: int = 1, *, order_id: str | None, at: Instant = START, **changes: Any) -> Execution:
    """Returns an execution of a buy at 250."""
    plain = Execution(
        execution_id=ExecutionId(f"X-{number}"),
        order_id=None if order_id is None else OrderId(order_id),
        venue_order_id=VenueOrderId("V-1"),
        instrument=STOCK,
        side=Side.BUY,
        qty=qty(size),
        price=Price(Decimal(250)),
        fees=(),
        realised=None,
        happened_at=at,
    )
    return msgspec.structs.replace(plain, **changes)


def report(
    order_id: str | None, status: str = "open", size: str = "10", filled: str = "0", **changes: Any
) -> OrderReport:
    """Returns the state of a buy as a venue shows it."""
    plain = OrderReport(
        order_id=None if order_id is None else OrderId(order_id),
        venue_order_id=VenueOrderId("V-1"),
        instrument=STOCK,
        side=Side.BUY,
        qty=qty(size),
        filled_qty=qty(filled),
        status=VenueStatus(status),
        status_text=status,
        executions=(),
        complete=False,
        happened_at=START,
    )
    return msgspec.structs.replace(plain, **changes)


def statement(
    at: Instant,
    *,
    shares: str = "0",
    cash: str = "1000000",
    open_orders: Sequence[OrderReport] = (),
    funds: Funds | None = None,
) -> AccountStatement:
    """Returns a statement of the paper account."""
    return AccountStatement(
        account=PAPER,
        stated_at=at,
        open_orders=tuple(open_orders),
        holdings=(Holding(instrument=STOCK, qty=qty(shares)),) if qty(shares) else (),
        balances=(Balance(asset=USD, total=qty(cash), available=qty(cash)),),
        funds=funds,
    )


POISONED: dict[str, Quantity] = {
    "NaN": Quantity(Decimal("NaN")),
    "sNaN": Quantity(Decimal("sNaN")),
    "infinity": Quantity(Decimal("Infinity")),
    "67 digits": Quantity(Decimal("1" * 67)),
    "38 digits": Quantity(Decimal("1" * 20 + "." + "1" * 18)),
    "21 integer digits": Quantity(Decimal("1E+20")),
    "19 decimals": Quantity(Decimal("1E-19")),
    "negative": Quantity(Decimal(-1)),
    "zero": Quantity(Decimal(0)),
}
