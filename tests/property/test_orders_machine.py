"""The life of one order under any sequence of reports, against a model that knows nothing of the table."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from flatbook.engine.reports import Absent, CancelTaken, CancelTooLate, NotSent, Unknown
from flatbook.events.orders import NotSentReason, RejectReason, UnknownReason
from flatbook.state.exposure import exposure_of
from flatbook.state.fold import apply
from flatbook.values.instants import later
from tests.depth import examples
from tests.desk import COIN, OWNER
from tests.unit.engine.scene import START, Bench, accepted, execution, rejected, report
from tests.unit.state.scene import ONE, folded, intended

SIZE = Decimal(10)
SIZES = st.sampled_from(["1", "2.5", "4", "10", "12"])


class Phase(Enum):
    """Where the order is, for all that is known."""

    NEW = "only intended"
    THERE = "the venue has it"
    LOST = "nobody knows"
    OVER = "the venue ended it, or filled it"
    NEVER = "it never came to the venue"


class Expected:
    """What must be true of an order, said without a table."""

    def __init__(self) -> None:
        self.phase = Phase.NEW
        self.executions: dict[int, Decimal] = {}
        self.claimed = Decimal(0)
        self.refused = False

    @property
    def filled(self) -> Decimal:
        """The sum of all executions seen."""
        return sum(self.executions.values(), Decimal(0))

    @property
    def may_execute(self) -> Decimal:
        """What may still come."""
        most = max(self.claimed, self.filled)
        if self.phase in (Phase.NEW, Phase.THERE, Phase.LOST):
            most = max(most, SIZE)
        return most - self.filled

    def shown(self) -> None:
        """The venue shows that it has the order."""
        if self.phase is not Phase.OVER:
            self.phase = Phase.THERE

    def executed(self, number: int, size: Decimal) -> None:
        """The venue shows an execution."""
        if number in self.executions:
            self.refused |= self.executions[number] != size
            return
        self.executions[number] = size
        if self.filled >= SIZE:
            self.phase = Phase.OVER
        elif self.phase is Phase.NEVER:
            self.phase = Phase.LOST
        elif self.phase in (Phase.NEW, Phase.LOST):
            self.phase = Phase.THERE

    def ended(self) -> None:
        """The venue shows that it works the order no longer."""
        self.phase = Phase.OVER


class OrderMachine(RuleBasedStateMachine):
    """Sends reports into the production step; strategies are not asked, so that only reports move the order."""

    @initialize()
    def intend(self) -> None:
        """An order of ten is in the journal."""
        self.bench, self.model = Bench(), Expected()
        apply(self.bench.state, intended(decided_at=START, good_until=later(START, seconds=600)))

    @rule(pending=st.booleans())
    def venue_accepts(self, pending: bool) -> None:
        """The answer to the place is that the venue has the order."""
        self.bench.answer(ONE, accepted(self.bench.now, pending=pending))
        self.model.shown()

    @rule(reason=st.sampled_from([RejectReason.NO_MARKET, RejectReason.DUPLICATE_ID]))
    def venue_rejects(self, reason: RejectReason) -> None:
        """The answer to the place is a reject; one that says the id is taken leaves open what became of the order."""
        if self.model.phase not in (Phase.NEW, Phase.LOST):
            return
        self.bench.answer(ONE, rejected(self.bench.now, reason.value))
        self.model.phase = Phase.LOST if reason is RejectReason.DUPLICATE_ID else Phase.OVER

    @rule()
    def nobody_answers(self) -> None:
        """The place is not answered."""
        if self.model.phase in (Phase.NEW, Phase.LOST):
            self.bench.answer(ONE, Unknown(reason=UnknownReason.TIMED_OUT))
            self.model.phase = Phase.LOST

    @rule()
    def it_never_left(self) -> None:
        """The place never left."""
        if self.model.phase is Phase.NEW:
            self.bench.answer(ONE, NotSent(reason=NotSentReason.NO_CONNECTION))
            self.model.phase = Phase.NEVER

    @rule()
    def it_is_absent(self) -> None:
        """Asked long after its time, the venue does not know the order."""
        self.bench.wait(700)
        self.bench.find(ONE, Absent())
        if self.model.phase is Phase.LOST:
            self.model.phase = Phase.NEVER

    @rule()
    def the_process_restarts(self) -> None:
        """The engine starts anew over its journal."""
        self.bench.restart()
        if self.model.phase is Phase.NEW:
            self.model.phase = Phase.LOST

    @rule(number=st.integers(1, 4), size=SIZES, alone=st.booleans())
    def an_execution_is_seen(self, number: int, size: str, alone: bool) -> None:
        """An execution comes from a poll or with a report."""
        seen = execution(size, number, order_id=ONE)
        known = number in self.model.executions
        self.model.executed(number, Decimal(size))
        if alone or known:
            self.bench.executions(seen)
            return
        filled = str(self.model.filled)
        self.bench.report(report(ONE, "open", filled=filled, executions=(seen,)))
        self.model.claimed = max(self.model.claimed, self.model.filled)
        self.model.shown()

    @rule(claim=st.sampled_from(["0", "3", "10"]), status=st.sampled_from(["open", "pending_cancel", "unreadable"]))
    def it_is_shown(self, claim: str, status: str) -> None:
        """The venue shows the order working, with what it has filled."""
        self.bench.report(report(ONE, status, filled=claim))
        self.model.claimed = max(self.model.claimed, Decimal(claim))
        self.model.shown()

    @rule(claim=st.sampled_from(["0", "3", "10"]), status=st.sampled_from(["canceled", "expired"]))
    def it_has_ended(self, claim: str, status: str) -> None:
        """The venue shows the order ended, with what it had filled."""
        self.bench.report(report(ONE, status, filled=claim))
        self.model.claimed = max(self.model.claimed, Decimal(claim))
        self.model.ended()

    @rule()
    def a_cancel_is_wanted(self) -> None:
        """An operator halts: the order is to be canceled."""
        self.bench.command("halt", f"h{len(self.bench.events)}")

    @rule(late=st.booleans())
    def a_cancel_is_answered(self, late: bool) -> None:
        """The venue takes the cancel, or says that it is too late."""
        answer = CancelTooLate(message="too late") if late else CancelTaken()
        self.bench.answer_cancel(ONE, answer, self.bench.order(ONE).cancel_attempt)

    @invariant()
    def the_order_is_what_the_model_says(self) -> None:
        """Filled, open and owed agree, and what may execute is exposure."""
        if not hasattr(self, "bench"):
            return
        order, model = self.bench.order(ONE), self.model
        assert order.filled == model.filled
        assert order.is_open is (model.phase in (Phase.NEW, Phase.THERE, Phase.LOST))
        assert (order.status.value == "unknown") is (model.phase is Phase.LOST)
        assert order.leaves == model.may_execute
        assert exposure_of(self.bench.state, (OWNER, COIN)).may_buy == model.may_execute
        assert self.bench.net == model.filled

    @invariant()
    def the_journal_tells_the_same(self) -> None:
        """Folding the events anew gives the same state, and a contradiction has stopped the instrument."""
        if not hasattr(self, "bench"):
            return
        first = intended(decided_at=START, good_until=later(START, seconds=600))
        assert folded([first, *self.bench.events]).orders == self.bench.state.orders
        if self.model.refused:
            assert any(halt.cause.value == "report_refused" for halt in self.bench.state.halts.values())


OrderMachine.TestCase.settings = settings(max_examples=examples(150), stateful_step_count=25, deadline=None)
TestOrderMachine = OrderMachine.TestCase
