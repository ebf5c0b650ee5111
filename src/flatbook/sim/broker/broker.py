"""A simulated stock broker: bytes in, bytes out, and a durable truth of its own.

It has no clock: time comes in with each request and with `advance`. Everything that happens between two instants
happens in order when the later one is stated, so that the same calls give the same truth in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec

from flatbook.sim.broker import answers, rules
from flatbook.sim.broker.faults import Fault, FaultKind, FaultPlan
from flatbook.sim.broker.ledger import (
    BrokerExecution,
    BrokerLedger,
    BrokerOrder,
    Ending,
    Fate,
    RequestLine,
)
from flatbook.sim.broker.rules import Due, Step
from flatbook.sim.broker.spec import BrokerSpec, fees_of
from flatbook.sim.broker.wire import (
    AskClock,
    AskQuote,
    Call,
    Cancel,
    Executions,
    Find,
    Place,
    Refusal,
    Statement,
    Ticket,
    Verb,
    read_call,
    read_instant,
    read_ticket,
    write_error,
    write_ok,
    write_push,
)
from flatbook.sim.chance import draw
from flatbook.sim.tapes.bars import Bars, is_inside
from flatbook.values.instants import NS_PER_MS, NS_PER_S, Instant
from flatbook.values.money import ZERO, Price, Quantity
from flatbook.venues.paper.wire import Served

PAGE_EXECUTIONS_MAX = 200
LISTENERS_MAX = 16
_ALWAYS = Instant(0)
_NOTHING = FaultPlan()
_LOGGED = (Verb.PLACE, Verb.CANCEL, Verb.FIND, Verb.UNREADABLE)

Listener = Callable[[bytes], None]


class Broker:
    """One paper broker over its ledger. `path` None keeps the ledger in memory.

    Needs: `bars` by symbol. Reopened over the same file with the same spec, bars and plan, it goes on from where it
    stood.
    """

    def __init__(
        self, spec: BrokerSpec, bars: Mapping[str, Bars], *, path: Path | None = None, plan: FaultPlan = _NOTHING
    ) -> None:
        if missing := [symbol for symbol in spec.rules if symbol not in bars]:
            raise ValueError(f"the paper broker trades {', '.join(missing)} but has no bars of it")
        self._spec = spec
        self._bars = dict(bars)
        self._plan = plan
        self._listeners: list[Listener] = []
        self._pushes: list[bytes] = []
        self._ledger = BrokerLedger(path)
        with self._ledger.transaction():
            self._now = Instant(int(self._ledger.fact("now") or 0))
            self._open_accounts()

    def _open_accounts(self) -> None:
        for opening in self._spec.accounts:
            if self._ledger.has_account(opening.account):
                continue
            self._ledger.state_fact(f"account:{opening.account}", "open")
            self._ledger.post(opening.account, self._spec.currency, opening.cash, at=_ALWAYS, why="opening")
            for symbol, qty in opening.holdings.items():
                self._ledger.post(opening.account, symbol, qty, at=_ALWAYS, why="opening")

    def close(self) -> None:
        """Closes the ledger; what was answered stays."""
        self._ledger.close()

    @property
    def now(self) -> Instant:
        """The latest instant the broker was told of."""
        return self._now

    @property
    def truth(self) -> BrokerLedger:
        """The broker's ledger, for judges and displays: read it, never write it."""
        return self._ledger

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Pushes the bytes of every later execution to a listener, after it is durable. Returns what ends that.

        Errors: ValueError when LISTENERS_MAX listen already.
        """
        if len(self._listeners) >= LISTENERS_MAX:
            raise ValueError(f"at most {LISTENERS_MAX} listeners")
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)

    def next_due(self) -> Instant | None:
        """Returns when something happens next without a request: a fill, an end; None when nothing does."""
        due = self._next_due()
        return None if due is None else due.at

    def advance(self, to: Instant) -> None:
        """Lets everything happen that happens until `to`, included. A `to` in the past changes nothing."""
        with self._change():
            self._advance(to)

    def serve(self, body: bytes, now: Instant) -> Served | None:
        """Answers one request that arrives at `now`; None when request or answer is lost.

        Gives: the change is durable before this returns. Total: any bytes have an answer.
        """
        call = read_call(body)
        with self._change():
            self._advance(now)
            verb, client_id = answers.verb_of(call), answers.client_id_of(call)
            number = self._ledger.next_number(verb)
            fault = self._plan.of_request(verb, number, client_id)
            line = RequestLine(at=self._now, verb=verb, number=number, client_id=client_id, fate=_fate(fault))
            self._log(line)
            answer = None if line.fate is Fate.LOST else self._answer(call, number, fault)
        return None if answer is None else self._served(answer, line, fault)

    def _log(self, line: RequestLine) -> None:
        """Logs what concerns orders, and what the plan counts; a poll that finds nothing new leaves no trace."""
        if line.verb in _LOGGED or any(fault.verb is line.verb for fault in self._plan.faults):
            self._ledger.log_request(line)
            self._keep_time()

    def _keep_time(self) -> None:
        self._ledger.state_fact("now", str(self._now))

    @contextmanager
    def _change(self) -> Iterator[None]:
        """Makes what happens inside durable and pushes its executions, or undoes all of it."""
        before, self._pushes = self._now, []
        complete = False
        try:
            with self._ledger.transaction():
                yield
            complete = True
        finally:
            self._now = self._now if complete else before
        self._push()

    def _served(self, answer: bytes, line: RequestLine, fault: Fault | None) -> Served | None:
        key = f"{line.verb.value}:{line.number}:{line.at}"
        jitter_ms = draw(self._spec.seed, "latency", key, below=self._spec.latency_jitter_ms + 1)
        delay_ms = self._spec.latency_ms + jitter_ms
        kind = None if fault is None else fault.kind
        if kind is FaultKind.DROP_ANSWER:
            return None
        if kind is FaultKind.GARBLE_ANSWER:
            answer = answer[: len(answer) // 2]
        if kind is FaultKind.SERVER_FAULT:
            answer = write_error(self._now, Refusal(code="internal", message="try again later"))
        if fault is not None and kind is FaultKind.DELAY_ANSWER:
            delay_ms += fault.delay_ms
        return Served(body=answer, after_ns=delay_ms * NS_PER_MS)

    def _answer(self, call: Call | Refusal, number: int, fault: Fault | None) -> bytes:
        content = self._content(call, number, fault)
        return write_error(self._now, content) if isinstance(content, Refusal) else write_ok(self._now, content)

    def _content(self, call: Call | Refusal, number: int, fault: Fault | None) -> dict[str, object] | Refusal:
        if isinstance(call, Refusal):
            return call
        if fault is not None and fault.kind is FaultKind.REJECT:
            return Refusal(code=fault.code, message="refused by the script")
        if (refusal := self._check_request(call)) is not None:
            return refusal
        match call:
            case Place():
                return self._place(call, number)
            case Cancel():
                return self._cancel(call)
            case Find():
                return self._find(call)
            case Executions():
                return self._executions(call)
            case Statement():
                return self._statement(call)
            case AskQuote():
                return self._quote(call)
            case AskClock():
                return answers.clock(self._now)

    def _check_request(self, call: Call) -> Refusal | None:
        if not self._ledger.has_account(call.account):
            return Refusal(code="unknown_account", message=f"there is no account {call.account[:64]}")
        sent_at = read_instant(call.sent_at)
        if isinstance(sent_at, Refusal):
            return sent_at
        if self._now - sent_at > self._spec.request_window_s * NS_PER_S:
            return Refusal(code="request_expired", message=f"sent more than {self._spec.request_window_s} s ago")
        return None

    def _place(self, call: Place, number: int) -> dict[str, object] | Refusal:
        ticket = read_ticket(call)
        if isinstance(ticket, Refusal):
            return ticket
        window = self._check_order(call.account, ticket)
        if isinstance(window, Refusal):
            return window
        order = BrokerOrder(
            id=0,
            account=call.account,
            client_id=ticket.client_id,
            number=number,
            symbol=ticket.symbol,
            side=ticket.side,
            qty=ticket.qty,
            limit=ticket.limit,
            placed_at=self._now,
            works_from=window.starts_at,
            works_until=window.ends_at,
        )
        return {"order": answers.order_view(self._ledger.add_order(order), self._now, Quantity(ZERO))}

    def _check_order(self, account: str, ticket: Ticket) -> rules.Window | Refusal:
        trading_rules = self._spec.rules.get(ticket.symbol)
        if trading_rules is None:
            return Refusal(code="unknown_symbol", message=f"{ticket.symbol[:32]} is not traded here")
        if ticket.client_id is not None:
            earlier = self._ledger.newest_by_client_id(account, ticket.client_id)
            if (refusal := rules.check_client_id(earlier, self._spec, self._now)) is not None:
                return refusal
        window = rules.working_window(ticket, self._spec, self._now)
        if isinstance(window, Refusal):
            return window
        works_now = window.starts_at <= self._now
        refusal = (
            rules.check_form(ticket, trading_rules)
            or (rules.check_market(ticket, trading_rules, self._bars[ticket.symbol], self._now) if works_now else None)
            or rules.check_funds(ticket, self._standing(account, self._now), self._spec)
        )
        return window if refusal is None else refusal

    def _standing(self, account: str, at: Instant) -> rules.Standing:
        balances = self._ledger.balances_at(account, at)
        known = {symbol: bars.known(at) for symbol, bars in self._bars.items()}
        return rules.Standing(
            cash=balances.pop(self._spec.currency, ZERO),
            holdings=balances,
            open_orders=self._ledger.open_at(account, at),
            prices={symbol: price.price for symbol, price in known.items() if price is not None},
        )

    def _cancel(self, call: Cancel) -> dict[str, object] | Refusal:
        order = self._named(call)
        if order is None or order.account != call.account:
            return Refusal(code="unknown_order", message="there is no such order")
        if order.ended_at is not None:
            return Refusal(code="not_cancelable", message=f"the order is {answers.ending_of(order).value}")
        if order.cancel_at is None:
            acts_at = Instant(self._now + self._spec.cancel_ms * NS_PER_MS)
            self._ledger.save_order(msgspec.structs.replace(order, cancel_asked_at=self._now, cancel_at=acts_at))
            self._advance(self._now)
        return {}

    def _named(self, call: Cancel) -> BrokerOrder | None:
        if call.order_id is not None:
            order_id = answers.read_order_id(call.order_id)
            return None if order_id is None else self._ledger.order(order_id)
        if call.client_order_id is None:
            return None
        return self._ledger.newest_by_client_id(call.account, call.client_order_id)

    @property
    def _view_at(self) -> Instant:
        """The instant whose truth a read shows."""
        return Instant(self._now - self._spec.read_lag_ms * NS_PER_MS)

    def _find(self, call: Find) -> dict[str, object] | Refusal:
        order = self._ledger.newest_by_client_id(call.account, call.client_order_id)
        if order is None or order.placed_at > self._view_at:
            return Refusal(code="unknown_order", message="there is no order with this client id")
        executions = self._ledger.executions_of(order.id, until=self._view_at)
        return {
            "order": self._order_at(order, self._view_at),
            "executions": [
                answers.execution_view(execution, self._spec.currency) for execution in executions[:PAGE_EXECUTIONS_MAX]
            ],
            "complete": len(executions) <= PAGE_EXECUTIONS_MAX,
        }

    def _executions(self, call: Executions) -> dict[str, object] | Refusal:
        after = 0 if call.after == "" else answers.read_cursor(call.after)
        if after is None:
            return Refusal(code="malformed", message="the cursor is not one of this broker's")
        executions = self._ledger.executions_after(
            call.account, after, until=self._view_at, count_max=PAGE_EXECUTIONS_MAX
        )
        return {
            "executions": [answers.execution_view(execution, self._spec.currency) for execution in executions],
            "next": answers.cursor(executions[-1].id if executions else after),
        }

    def _statement(self, call: Statement) -> dict[str, object]:
        standing = self._standing(call.account, self._view_at)
        return answers.statement(
            [self._order_at(order, self._view_at) for order in standing.open_orders],
            currency=self._spec.currency,
            cash=standing.cash,
            available=rules.available_cash(standing, self._spec),
            holdings=standing.holdings,
        )

    def _order_at(self, order: BrokerOrder, at: Instant) -> dict[str, object]:
        executions = self._ledger.executions_of(order.id, until=at)
        return answers.order_view(order, at, Quantity(sum((execution.qty for execution in executions), ZERO)))

    def _quote(self, call: AskQuote) -> dict[str, object] | Refusal:
        bars = self._bars.get(call.symbol)
        if bars is None:
            return Refusal(code="unknown_symbol", message=f"{call.symbol[:32]} is not traded here")
        known = bars.known(self._now)
        if known is None:
            return Refusal(code="no_market", message="nothing traded yet")
        return answers.quote(call.symbol, known.price, known.happened_at)

    def _advance(self, to: Instant) -> None:
        while (due := self._next_due()) is not None and due.at <= to:
            self._now = max(self._now, due.at)
            order = self._ledger.order(due.order_id)
            assert order is not None
            self._happen(order, due)
            self._keep_time()
        self._now = max(self._now, to)

    def _next_due(self) -> Due | None:
        dues = [rules.due_of(order, self._bars[order.symbol]) for order in self._ledger.alive()]
        return min((due for due in dues if due is not None), default=None)

    def _happen(self, order: BrokerOrder, due: Due) -> None:
        match due.step:
            case Step.CANCEL:
                late_at, late_qty = rules.late_fill(order, self._spec, self._plan, due.at) or (None, None)
                order = msgspec.structs.replace(order, late_at=late_at, late_qty=late_qty)
                self._end(order, due.at, Ending.CANCELED, "canceled")
            case Step.EXPIRE:
                self._end(order, due.at, Ending.EXPIRED, "expired")
            case Step.NO_MARKET:
                self._end(order, due.at, Ending.EXPIRED, "no_market")
            case Step.FILL:
                bar = self._bars[order.symbol].started(due.at)
                assert bar is not None
                self._execute(order, rules.fill_qty(order, self._spec, self._plan, due.at), bar.open, due.at)
            case Step.LATE_FILL:
                assert order.late_qty is not None
                done = msgspec.structs.replace(order, late_at=None, late_qty=None)
                self._execute(done, order.late_qty, self._late_price(order, due.at), due.at)

    def _late_price(self, order: BrokerOrder, at: Instant) -> Price:
        known = self._bars[order.symbol].known(at)
        assert known is not None
        return known.price if is_inside(known.price, side=order.side, limit=order.limit) else order.limit or known.price

    def _end(self, order: BrokerOrder, at: Instant, ending: Ending, text: str) -> None:
        self._ledger.save_order(msgspec.structs.replace(order, ended_at=at, ending=ending, ending_text=text))

    def _execute(self, order: BrokerOrder, qty: Quantity, price: Price, at: Instant) -> None:
        schedule, side = self._spec.fees, order.side
        filled, notional = Quantity(order.filled + qty), order.notional + qty * price
        charged = fees_of(schedule, side=side, qty=order.filled, notional=order.notional)
        due = fees_of(schedule, side=side, qty=filled, notional=notional)
        execution = self._ledger.add_execution(
            BrokerExecution(
                id=0,
                order_id=order.id,
                client_id=order.client_id,
                account=order.account,
                symbol=order.symbol,
                side=side,
                qty=qty,
                price=price,
                commission=due.commission - charged.commission,
                regulatory=due.regulatory - charged.regulatory,
                at=at,
            )
        )
        self._post(execution)
        order = msgspec.structs.replace(order, filled=filled, notional=notional, last_fill_at=at)
        if order.ended_at is None and not order.rest:
            self._end(order, at, Ending.FILLED, "filled")
        else:
            self._ledger.save_order(order)
        self._pushes.append(write_push(at, order.account, answers.execution_view(execution, self._spec.currency)))

    def _post(self, execution: BrokerExecution) -> None:
        account, at, sign = execution.account, execution.at, execution.side.sign
        cash = self._spec.currency
        why = f"execution {execution.id}"
        self._ledger.post(account, execution.symbol, sign * execution.qty, at=at, why=why)
        self._ledger.post(account, cash, -sign * execution.qty * execution.price, at=at, why=why)
        self._ledger.post(account, cash, -(execution.commission + execution.regulatory), at=at, why=f"fees, {why}")

    def _push(self) -> None:
        pushes, self._pushes = self._pushes, []
        for body in pushes:
            for listener in tuple(self._listeners):
                listener(body)


def _fate(fault: Fault | None) -> Fate:
    if fault is None or fault.kind is FaultKind.REJECT:
        return Fate.ANSWERED
    return Fate.LOST if fault.kind is FaultKind.DROP_REQUEST else Fate.ANSWER_SPOILT
