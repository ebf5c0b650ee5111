"""The judge of a run: the tape, the broker's own ledger and the events of the journal, compared without any fold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from flatbook.engine.ports import Link, Row
from flatbook.engine.recover import fold_journal
from flatbook.events import chain
from flatbook.events import orders as ev
from flatbook.events.codec import name_of
from flatbook.events.control import BalanceStated, EngineStarted
from flatbook.events.event import Event
from flatbook.journal.kept_states import desk_fold
from flatbook.journal.snapshot import fold_journal as fold_journal_on
from flatbook.journal.sqlite_reader import open_reader
from flatbook.sim.broker.ledger import BrokerLedger
from flatbook.sim.broker.wire import Verb
from flatbook.state.desk import State
from flatbook.values.ids import OrderId
from flatbook.values.instants import Instant
from tests.infra.home import THRESHOLD, Tape
from tests.unit.cli.scene import Told, call

ACCOUNT = "paper"
SHARE = "COIN"
END_OF_TIME = Instant(2**62)


class Evidence(NamedTuple):
    """What a run left: the rows of the journal, and the state that the product folds from them."""

    home: Path
    rows: tuple[Row, ...]
    state: State

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, in order."""
        return tuple(event for row in self.rows for event in row.events)


def evidence_of(home: Path) -> Evidence:
    """Reads what a desk has left in its home."""
    with closing(open_reader(home / "journal.sqlite")) as reader:
        rows = tuple(reader.read())
    return Evidence(home, rows, fold_journal(_Rows(rows)))  # type: ignore[arg-type]


def keep_state_of(home: Path) -> Link:
    """Folds what a desk has left beside it, as a verb that reads does, and returns where the kept state stands."""
    fold = desk_fold()
    assert fold is not None
    with closing(open_reader(home / "journal.sqlite")) as reader:
        fold_journal_on(reader, home / "snapshots", fold)
        return reader.link()


class _Rows(NamedTuple):
    rows: tuple[Row, ...]

    def read(self) -> Iterator[Row]:
        return iter(self.rows)


@contextmanager
def ledger_of(home: Path) -> Iterator[BrokerLedger]:
    """Opens the broker's truth."""
    with closing(BrokerLedger(home / "paper-broker.sqlite")) as ledger:
        yield ledger


def assert_promises_kept(tape: Tape, home: Path) -> None:
    """Passes when every fill of a tape that ended is hedged exactly once, and every cent is accounted for."""
    run = evidence_of(home)
    with ledger_of(home) as ledger:
        assert_fills_booked_once(tape, run)
        assert_executions_booked_once(ledger, run)
        assert_nothing_sent_twice(ledger, run)
        assert_flat_and_quiet(tape, ledger, run)
        assert_balances_equal(tape, ledger, run)
    assert_epochs_rise(run)
    assert_chain_of_hashes_holds(home)


def assert_fills_booked_once(tape: Tape, run: Evidence) -> None:
    """Each fill that stands on the chain is in the journal once, net of reversals, and no other is."""
    booked = Counter(
        (event.key.tx, event.key.log_index) for event in run.events if isinstance(event, chain.VaultFilled)
    )
    undone = Counter(
        (event.key.tx, event.key.log_index) for event in run.events if isinstance(event, chain.FillReversed)
    )
    assert booked - undone == Counter(dict.fromkeys(tape.keys(), 1))
    assert not undone - booked


def assert_executions_booked_once(ledger: BrokerLedger, run: Evidence) -> None:
    """The broker's executions and those of the journal are the same, each once, to the last digit."""
    theirs = Counter(
        (f"X-{each.id}", each.client_id, each.side, each.qty, each.price, each.commission + each.regulatory)
        for each in ledger.executions()
    )
    ours = Counter(
        (event.execution_id, event.order_id, event.side, event.qty, event.price, _fees(event))
        for event in run.events
        if isinstance(event, ev.OrderFilled)
    )
    assert ours == theirs
    assert not [event for event in run.events if isinstance(event, (ev.ForeignFilled, ev.ForeignOrderSeen))]


def _fees(event: ev.OrderFilled) -> Decimal:
    return sum((fee.amount for fee in event.fees), Decimal(0))


def assert_nothing_sent_twice(ledger: BrokerLedger, run: Evidence) -> None:
    """Each intent has an id of its own and at most one order at the broker; no order is there without an intent."""
    intents = {event.order_id: event for event in run.events if isinstance(event, ev.OrderIntended)}
    assert Counter(event.order_id for event in run.events if isinstance(event, ev.OrderIntended)).total() == len(
        intents
    )
    placed = assert_nothing_placed_twice(ledger)
    for order in ledger.orders():
        intent = intents.get(OrderId(order.client_id or ""))
        assert intent is not None, order
        assert (intent.side, intent.qty, intent.limit) == (order.side, order.qty, order.limit)
    for event in run.events:
        if isinstance(event, (ev.OrderRejected, ev.OrderNotSent)) or (
            isinstance(event, ev.OrderAbsent) and event.proven
        ):
            assert placed[event.order_id] == 0, event


def assert_nothing_placed_twice(ledger: BrokerLedger) -> Counter[str | None]:
    """Returns how many orders the broker has of each client id: never more than one."""
    placed = Counter(order.client_id for order in ledger.orders())
    assert max(placed.values(), default=0) <= 1
    return placed


def true_net(tape: Tape, ledger: BrokerLedger) -> Decimal:
    """Returns what the chain gave and the broker took, in shares, from their own records."""
    onchain = sum((fill.side.sign * fill.tokens for fill in tape.standing), Decimal(0))
    return onchain + sum((each.side.sign * each.qty for each in ledger.executions()), Decimal(0))


def assert_flat_and_quiet(tape: Tape, ledger: BrokerLedger, run: Evidence) -> None:
    """What the chain gave and the broker took is below the threshold, and nothing works or is unknown any more."""
    net = true_net(tape, ledger)
    assert abs(net) < THRESHOLD, f"net {net}"
    assert ledger.open_at(ACCOUNT, END_OF_TIME) == ()
    open_orders = dict(unsettled(run.events))
    assert not open_orders, open_orders
    assert not run.state.open_orders
    assert not any(run.state.owing.values())
    assert not run.state.halts
    assert not run.state.divergences


def unsettled(events: tuple[Event, ...]) -> Iterator[tuple[str, Decimal]]:
    """Yields the orders of which the journal holds no end, with what is left of them."""
    ended = {
        event.order_id: None
        for event in events
        if isinstance(event, (ev.OrderDone, ev.OrderRejected, ev.OrderNotSent))
        or (isinstance(event, ev.OrderAbsent) and event.proven)
    }
    left: dict[str, Decimal] = {event.order_id: event.qty for event in events if isinstance(event, ev.OrderIntended)}
    for event in events:
        if isinstance(event, ev.OrderFilled):
            left[event.order_id] -= event.qty
    return ((order_id, rest) for order_id, rest in left.items() if rest > 0 and order_id not in ended)


def assert_balances_equal(tape: Tape, ledger: BrokerLedger, run: Evidence) -> None:
    """Cash and shares are equal to the last unit: the broker's own, those added up from events, those of the fold."""
    cash, shares = Decimal(0), Decimal(0)
    for event in run.events:
        if isinstance(event, BalanceStated):
            cash += event.change if event.asset == "USD" else 0
            shares += event.change if event.asset == SHARE else 0
        if isinstance(event, ev.OrderFilled):
            cash -= event.side.sign * event.qty * event.price + _fees(event)
            shares += event.side.sign * event.qty
    truth = (ledger.balance(ACCOUNT, "USD"), ledger.balance(ACCOUNT, SHARE))
    assert (cash, shares) == truth
    folded = {str(asset): amount for (account, asset), amount in run.state.balances.items() if account == ACCOUNT}
    assert (folded["USD"], folded[SHARE]) == truth
    vault = {str(asset): amount for (account, asset), amount in run.state.balances.items() if account == "vault"}
    assert vault["wtCOIN"] == sum((fill.side.sign * fill.tokens for fill in tape.standing), Decimal(0))
    assert vault["USDC"] == -sum((fill.side.sign * fill.usdc for fill in tape.standing), Decimal(0))


def assert_epochs_rise(run: Evidence) -> None:
    """Each start has a higher epoch than the one before, and no row is of an epoch that was over."""
    starts = [event.epoch for event in run.events if isinstance(event, EngineStarted)]
    assert starts == sorted(set(starts))
    epochs = [row.epoch for row in run.rows]
    assert epochs == sorted(epochs)


def assert_chain_of_hashes_holds(home: Path) -> None:
    """`flatbook events verify` finds the journal whole."""
    done = flatbook(home, "events", "verify")
    assert done.code == 0, done.err


def flatbook(home: Path, *words: str) -> Told:
    """Runs a verb of the command line on a desk, in this process."""
    return call(*words, "--home", str(home))


def between(home: Path) -> tuple[str, str]:
    """Returns where a process died: after which event of its journal, and how far its last order had come.

    An order is `unsent` when no request for it reached the broker, `unanswered` when one did and the journal does not
    know what came of it, `settled` otherwise.
    """
    path = home / "journal.sqlite"
    if not path.exists() or not path.stat().st_size:
        return "no journal", ""
    events = evidence_of(home).events
    last = name_of(type(events[-1])) if events else "nothing"
    intended = [event.order_id for event in events if isinstance(event, ev.OrderIntended)]
    if not intended:
        return last, ""
    if any(getattr(event, "order_id", None) == intended[-1] for event in events if isinstance(event, _OUTCOMES)):
        return last, "settled"
    with ledger_of(home) as ledger:
        return last, "unanswered" if ledger.received(intended[-1])[Verb.PLACE] else "unsent"


_OUTCOMES = (ev.OrderAccepted, ev.OrderRejected, ev.OrderNotSent, ev.OrderUnknown, ev.OrderFound, ev.OrderFilled)
