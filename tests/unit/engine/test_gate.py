"""Every action under every state of the gate: new risk is kept back, exits pass but under a kill, cancels always."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flatbook.engine.effects import Cancel, Place
from flatbook.engine.inputs import Command, Resumed, Verb
from flatbook.engine.leave import why_over
from flatbook.events.control import CommandRefused, HaltCause, HaltScope, TradingHalted
from flatbook.events.orders import CancelReason, IntentRefused, RefusalRule
from flatbook.events.risk import RiskRaised
from flatbook.state.fold import apply
from flatbook.state.intents import CancelIntent
from flatbook.state.stops import must_go
from flatbook.strategies.decision import Decision
from flatbook.strategies.quoting import QuoteView, Stop
from flatbook.values.ids import UNASSIGNED, HaltId
from flatbook.values.instruments import Side
from tests.unit.engine.quote_scene import ACCOUNT, OWNER, SPOT, Scene, decision, place

TARGETS = {
    HaltScope.ALL: "",
    HaltScope.OWNER: OWNER,
    HaltScope.VENUE: ACCOUNT,
    HaltScope.INSTRUMENT: SPOT.id,
}
STOPS = ((), (Side.BUY,), (Side.SELL,), (Side.BUY, Side.SELL))
LIMIT = {Side.BUY: "99.8", Side.SELL: "100.2"}


class Gate(Scene):
    """A seat that wants what a test says, and nothing before."""

    def __init__(self) -> None:
        super().__init__(lambda view, _: self.wanted(view))
        self.wish = ""
        self.begin()

    def wanted(self, view: QuoteView) -> Decision:
        """Decides what the test says, once."""
        wish, self.wish = self.wish, ""
        if not wish:
            return decision()
        kind, side = wish.split()
        if kind == "cancel":
            orders = [order for order in view.orders(SPOT.id) if order.side.value == side]
            return decision(
                *(CancelIntent(order_id=order.order_id, reason=CancelReason.OPERATOR, because=None) for order in orders)
            )
        return decision(place(view, 0, Side(side), LIMIT[Side(side)], reduce_only=kind == "exit"))

    def hold(self, qty: str) -> None:
        """Gives the owner a position."""
        self.state.positions.move((OWNER, ACCOUNT, SPOT.id), SPOT.underlying, Decimal(qty), Decimal(1))

    def halt(self, scope: HaltScope, cause: HaltCause) -> None:
        """Lets a halt stand."""
        apply(
            self.state,
            TradingHalted(
                halt_id=HaltId("h"), scope=scope, target=TARGETS[scope], cause=cause, reason="", halted_at=self.now
            ),
        )

    def stop(self, *sides: Side) -> None:
        """Lets a monitor stop sides."""
        for side in sides:
            apply(
                self.state,
                RiskRaised(
                    monitor="majors",
                    side=side,
                    owners=(OWNER,),
                    accounts=(ACCOUNT,),
                    abnormal=(),
                    evidence={},
                    raised_at=self.now,
                ),
            )

    def ask(self, wish: str) -> tuple[int, int, list[RefusalRule]]:
        """Lets the seat want something. Returns how many orders and cancels leave, and what was refused."""
        self.wish, before, told = wish, len(self.effects), len(self.events)
        self.observe(998, 1002)
        self.take_due()
        effects = self.effects[before:]
        refused = [event.rule for event in self.events[told:] if isinstance(event, IntentRefused)]
        placed = sum(isinstance(effect, Place) for effect in effects)
        return placed, sum(isinstance(effect, Cancel) for effect in effects), refused

    def take_due(self) -> None:
        """Asks the seat although nothing woke it."""
        self.take(Resumed(key=self.seat.key))


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("cause", list(HaltCause))
@pytest.mark.parametrize("scope", list(HaltScope))
def test_under_every_halt_new_risk_is_refused_and_exits_leave_but_under_a_kill(
    scope: HaltScope, cause: HaltCause, side: Side
) -> None:
    gate = Gate()
    gate.halt(scope, cause)
    assert gate.ask(f"open {side.value}") == (0, 0, [RefusalRule.HALTED])
    gate.hold("1" if side is Side.SELL else "-1")
    leaves = (0, 0, [RefusalRule.HALTED]) if cause is HaltCause.KILLED else (1, 0, [])
    assert gate.ask(f"exit {side.value}") == leaves


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("stops", STOPS)
def test_under_every_stop_only_new_risk_of_its_side_is_refused(stops: tuple[Side, ...], side: Side) -> None:
    gate = Gate()
    gate.stop(*stops)
    kept_back = side in stops
    wanted = (0, 0, [RefusalRule.HALTED]) if kept_back else (1, 0, [])
    assert gate.ask(f"open {side.value}") == wanted
    other = Gate()
    other.stop(*stops)
    other.hold("1" if side is Side.SELL else "-1")
    assert other.ask(f"exit {side.value}") == (1, 0, [])


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("stops", STOPS)
@pytest.mark.parametrize("cause", [None, *HaltCause])
def test_a_cancel_leaves_whatever_stands(cause: HaltCause | None, stops: tuple[Side, ...], side: Side) -> None:
    gate = Gate()
    assert gate.ask(f"open {side.value}") == (1, 0, [])
    gate.accept(gate.intents()[0].order_id)
    if cause is not None:
        gate.halt(HaltScope.OWNER, cause)
    gate.stop(*stops)
    assert gate.ask(f"cancel {side.value}") == (0, 1, [])


@pytest.mark.parametrize("side", list(Side))
def test_an_exit_never_turns_a_position_over(side: Side) -> None:
    gate = Gate()
    gate.hold("0.005" if side is Side.SELL else "-0.005")
    placed, _, refused = gate.ask(f"exit {side.value}")
    assert (placed, len(refused)) == (0, 1)


class Noting(Gate):
    """A seat that notes what is kept from it."""

    kept_from: Stop | None = None

    def wanted(self, view: QuoteView) -> Decision:
        """Notes what stands, and decides what the test says."""
        self.kept_from = view.stop(SPOT.id)
        return super().wanted(view)


def test_a_desk_that_drains_withdraws_what_a_quoting_strategy_has_at_work_and_lets_it_place_nothing() -> None:
    """A grid always has orders at work: a drain waited for them for ever, and the grid went on to open."""
    gate = Noting()
    gate.hold("1")
    for wish in ("open buy", "exit sell"):
        gate.ask(wish)
        gate.accept(gate.intents()[-1].order_id)
    before = len(gate.effects)
    gate.take(Command(key="k", actor="alice", verb=Verb.DRAIN, reason="enough", arguments={}))
    canceled = [effect.order_id for effect in gate.effects[before:] if isinstance(effect, Cancel)]
    assert canceled == [event.order_id for event in gate.intents()]
    for order_id in canceled:
        gate.end(order_id)
    gate.take_due()
    assert gate.kept_from is Stop.KILLED
    assert why_over(gate.state, gate.rules, None, now=gate.now, is_busy=False) == "drained"


def test_a_drain_asks_again_for_a_cancel_that_did_not_arrive_and_lets_nothing_leave() -> None:
    gate = Gate()
    gate.ask("open buy")
    order_id = gate.intents()[-1].order_id
    gate.take(Command(key="k", actor="alice", verb=Verb.DRAIN, reason="enough", arguments={}))
    assert must_go(gate.state, gate.order(order_id))
    before = len(gate.effects)
    gate.accept(order_id)
    assert [type(effect) for effect in gate.effects[before:]] == [Cancel]


def why_refused(gate: Gate, verb: Verb, **arguments: str) -> str | None:
    """Commands something of the position at the account. Returns why it is refused, None where it is done."""
    named = {"account": ACCOUNT, "instrument": SPOT.id, **arguments}
    done = gate.take(Command(key=f"k{len(gate.events)}", actor="a", verb=verb, reason="mine", arguments=named))
    return next((event.why for event in done.events if isinstance(event, CommandRefused)), None)


def test_a_strangers_position_is_given_to_the_owner_of_a_grid_who_alone_trades_there() -> None:
    gate = Gate()
    gate.state.positions.move((UNASSIGNED, ACCOUNT, SPOT.id), SPOT.underlying, Decimal("0.3"), Decimal(1))
    stranger = why_refused(gate, Verb.POSITION_ASSIGN, owner="nobody")
    assert stranger == f"'nobody' does not hedge BTC or quote BTC/USDT: {OWNER}"
    assert why_refused(gate, Verb.POSITION_ASSIGN, owner=OWNER) is None
    assert gate.state.positions.rows[OWNER, ACCOUNT, SPOT.id].qty == Decimal("0.3")


def test_a_position_that_a_grid_never_had_may_be_stated_by_an_operator() -> None:
    gate, stated = Gate(), {"qty": "0.2", "expected": "0", "price": "100"}
    assert "no owner of BTC" in (why_refused(gate, Verb.POSITION_OVERWRITE, owner="nobody", **stated) or "")
    assert why_refused(gate, Verb.POSITION_OVERWRITE, owner=OWNER, **stated) is None
    assert gate.state.positions.net(OWNER, SPOT.underlying).known == Decimal("0.2")
