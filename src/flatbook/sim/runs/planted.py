"""The patches of the planted bugs: what each one puts in the place of a function of the product."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from flatbook.engine import (
    decide_nets,
    follow,
    outbox,
    run,
    step,
    take_absence,
    take_chain,
    take_orders,
    take_statement,
)
from flatbook.engine import turn as turn_of
from flatbook.engine.move_orders import book_move
from flatbook.engine.overdue import Overdue
from flatbook.engine.reports import NotSent, Unknown, VenueStatus
from flatbook.engine.turn import Turn
from flatbook.events import orders as ev
from flatbook.events.control import BalanceStated
from flatbook.projections import facts, ledger, marks
from flatbook.risk import checks
from flatbook.sim.world import disk
from flatbook.state import control_fold, fold, order_fold
from flatbook.state.chain_fold import log_id
from flatbook.state.desk import State
from flatbook.state.orders import Status
from flatbook.strategies import hedge, hedge_size
from flatbook.values import sessions
from flatbook.values.ids import Epoch, OrderId
from flatbook.values.instruments import Side
from flatbook.values.money import ONE, ZERO, Money, Price, Quantity, from_base_units, scaled_integer
from flatbook.venues.alpaca import parse as alpaca_parse
from flatbook.venues.evm import facts as block_facts
from flatbook.venues.evm import log_source

LATE_S = 0.05
PLACES = 18


class Swap(NamedTuple):
    """One patch: the attribute of a module or class, and what stands there while the bug is planted."""

    owner: Any
    name: str
    value: Any


def _present(owner: Any, name: str) -> Any:
    """Returns what stands in a module under a name that it has imported."""
    return vars(owner)[name]


def no_execution_dedupe() -> tuple[Swap, ...]:
    """Forgets each execution before it is reported again."""
    original = take_orders.take_execution

    def forgetful(turn: Turn, account: Any, execution: Any) -> None:
        turn.state.executions.pop((account, execution.instrument, execution.execution_id), None)
        original(turn, account, execution)

    return Swap(take_orders, "take_execution", forgetful), Swap(step, "take_execution", forgetful)


def no_fill_dedupe() -> tuple[Swap, ...]:
    """Forgets each fill before it is read again."""
    original = take_chain._take_fill

    def forgetful(turn: Turn, item: Any, event: Any) -> None:
        turn.state.fills.pop(log_id(event.key), None)
        original(turn, item, event)

    return (Swap(take_chain, "_take_fill", forgetful),)


def effect_before_append() -> tuple[Swap, ...]:
    """Hands orders out at once and makes their intents durable a moment later."""
    original = run.Engine._commit

    def late(self: Any, events: Any, cursors: Any, *, folded: bool = True) -> None:
        if folded and any(isinstance(event, ev.OrderIntended) for event in events):
            asyncio.get_running_loop().call_later(LATE_S, original, self, events, cursors)
        else:
            original(self, events, cursors, folded=folded)

    return (Swap(run.Engine, "_commit", late),)


def fresh_id_on_retry() -> tuple[Swap, ...]:
    """Sends an order again under an id that its intent does not have."""
    original = _present(take_absence, "place_of")

    def fresh(order: Any) -> Any:
        place = original(order)
        renamed = msgspec.structs.replace(place.order, order_id=OrderId(f"{order.order_id}r{order.attempt}"))
        return msgspec.structs.replace(place, order=renamed)

    def may_send(_self: Any, _order: Any) -> None:
        return None

    return Swap(take_absence, "place_of", fresh), Swap(run.Engine, "may_send", may_send)


def no_status_poll() -> tuple[Swap, ...]:
    """Never asks for an order."""
    return (
        Swap(Overdue, "look", lambda *_: ((), None)),
        Swap(follow, "_working", lambda *_: ()),
        Swap(take_statement, "missing_orders", lambda *_: ()),
    )


def no_back_fill() -> tuple[Swap, ...]:
    """Reads statements without the executions before them, and no executions in between."""

    async def alone(venue: Any, _account: Any, _put: Any, *, cursor: str) -> Any:  # noqa: ARG001
        statement = await venue.statement()
        return None if isinstance(statement, (Unknown, NotSent)) else statement

    async def nothing(*_: Any) -> None:
        return None

    return (
        Swap(follow, "read_account", alone),
        Swap(outbox, "read_account", alone),
        Swap(follow, "_read_executions", nothing),
    )


def hedge_while_open() -> tuple[Swap, ...]:
    """Decides as if nothing worked, with a risk check that lets it pass."""
    original, checked = _present(decide_nets, "decide"), _present(decide_nets, "check")

    def blind(view: Any, params: Any) -> Any:
        return original(msgspec.structs.replace(view, orders=()), params)

    def lenient(view: Any, intents: Any, limits: Any) -> Any:
        verdict = checked(view, intents, limits)
        if isinstance(verdict, checks.Refused):
            rules = [refusal.rule for refusal in verdict.refusals]
            if all(rule in (ev.RefusalRule.EXCEEDS_NET, ev.RefusalRule.UNRESOLVED_ORDER) for rule in rules):
                return checks.Approved(intents=intents)
        return verdict

    return Swap(decide_nets, "decide", blind), Swap(decide_nets, "check", lenient)


def timeout_is_rejected() -> tuple[Swap, ...]:
    """Takes an order whose fate is not known for one that the venue refused."""

    def rejected(turn: Turn, order: Any, _attempt: int, reason: Any) -> None:
        event = ev.OrderRejected(
            order_id=order.order_id,
            reason=ev.RejectReason.OTHER,
            code=reason.value,
            message="no answer",
            happened_at=turn.now,
            seen_at=turn.now,
        )
        book_move(turn, order, event)

    return (Swap(take_orders, "_book_unknown", rejected),)


def absent_is_failed() -> tuple[Swap, ...]:
    """Ends an order the first time that its venue does not find it."""

    def failed(turn: Turn, order: Any, _item: Any) -> None:
        book_move(turn, order, take_absence._absent(turn, order, proven=True))

    return (Swap(take_orders, "take_absence", failed),)


def late_fill_dropped() -> tuple[Swap, ...]:
    """Drops what executes after an order was reported as canceled."""
    original = take_orders._book_execution

    def dropping(turn: Turn, order: Any, execution: Any) -> None:
        if order.status is Status.CANCELED:
            turn.drop("late")
        else:
            original(turn, order, execution)

    return (Swap(take_orders, "_book_execution", dropping),)


def total_is_increment() -> tuple[Swap, ...]:
    """Books each running total of an order as if it came on top of the one before."""
    original = _present(take_orders, "execution_of_total")

    def on_top(turn: Turn, order: Any, report: Any, quote: Any) -> Any:
        turn.state.totals.pop(order.order_id, None)
        return original(turn, msgspec.structs.replace(order, filled=Quantity(ZERO)), report, quote)

    return (Swap(take_orders, "execution_of_total", on_top),)


def fee_sign() -> tuple[Swap, ...]:
    """Adds fees to the balances instead of taking them."""
    original = order_fold._book_execution

    def turned(state: State, event: Any, owner: Any) -> Any:
        fees = tuple(msgspec.structs.replace(fee, amount=Money(-fee.amount)) for fee in event.fees)
        return original(state, msgspec.structs.replace(event, fees=fees), owner)

    return (Swap(order_fold, "_book_execution", turned),)


def contract_size_ignored() -> tuple[Swap, ...]:
    """Books what was executed as if a contract were of one share."""
    original = order_fold._book_execution

    def as_shares(state: State, event: Any, owner: Any) -> Any:
        return original(state, msgspec.structs.replace(event, contract_size=ONE), owner)

    return (Swap(order_fold, "_book_execution", as_shares),)


def floor_is_round() -> tuple[Swap, ...]:
    """Rounds an order to the nearest lot, above the net too, with a risk check that lets it pass."""

    def rounded(qty: Any, rules: Any) -> Any:
        lot, units = (scaled_integer(number, decimals=PLACES) for number in (rules.lot, qty))
        near = Quantity(from_base_units((2 * units + lot) // (2 * lot) * lot, decimals=PLACES))
        return near, Quantity(qty - near)

    return (Swap(hedge_size, "floor_to_lot", rounded), hedge_while_open()[1])


def residue_dropped() -> tuple[Swap, ...]:
    """Forgets what is left of a net after its hedge."""
    original = fold.FOLDS[ev.OrderFilled]

    def forgetful(state: State, event: Any) -> None:
        original(state, event)
        net = state.positions.kept_net(event.owner, event.underlying)
        if abs(net.known) < ONE:
            net.known = Quantity(ZERO)

    folds = fold.FOLDS | {ev.OrderFilled: forgetful}
    return Swap(fold, "FOLDS", folds), Swap(turn_of, "FOLDS", folds)


def stale_quote_used() -> tuple[Swap, ...]:
    """Prices orders from quotes of any age, in the strategy and in risk."""
    original, checked = hedge._stale_at, _present(decide_nets, "check")

    def ageless(quote: Any, _age_s_max: int) -> Any:
        return original(quote, 10**6)

    def lenient(view: Any, intents: Any, limits: Any) -> Any:
        return checked(view, intents, msgspec.structs.replace(limits, price_age_s_max=10**6))

    return Swap(hedge, "_stale_at", ageless), Swap(decide_nets, "check", lenient)


def reorg_ignored() -> tuple[Swap, ...]:
    """Keeps the fills of blocks that were replaced."""
    return (Swap(take_chain, "_take_removed", lambda *_: None),)


def cursor_before_facts() -> tuple[Swap, ...]:
    """Commits cursors in a row of their own before the events that came with them."""
    original = run.Engine._commit

    def apart(self: Any, events: Any, cursors: Any, *, folded: bool = True) -> None:
        if events and cursors:
            journal, now = self.parts.journal, self.parts.clock.now()
            journal.append((), after=journal.last, epoch=self.epoch, cursors=cursors, at=now)
        original(self, events, cursors, folded=folded)

    return (Swap(run.Engine, "_commit", apart),)


def lease_not_checked() -> tuple[Swap, ...]:
    """Lets a process append whose lease another one has taken."""
    return (Swap(disk, "check_lease", lambda _held, _epoch: None),)


def epoch_not_raised() -> tuple[Swap, ...]:
    """Gives every process the same epoch."""
    return (Swap(disk, "next_epoch", lambda stored, _now: Epoch(stored or 1)),)


def stop_waits_for_journal() -> tuple[Swap, ...]:
    """Does nothing about working orders when the journal fails."""

    async def wait(_self: Any) -> None:
        return None

    return (Swap(run.Engine, "_only_cancel", wait),)


def command_key_not_kept() -> tuple[Swap, ...]:
    """Carries a command out as often as it comes."""
    original = control_fold.fold_command

    def forgetful(state: State, event: Any) -> None:
        original(state, event)
        state.commands.clear()

    folds = {kind: forgetful if each is original else each for kind, each in fold.FOLDS.items()}
    return Swap(fold, "FOLDS", folds), Swap(turn_of, "FOLDS", folds)


def foreign_booked_as_ours() -> tuple[Swap, ...]:
    """Books an execution that no intent of ours caused under our newest order of the instrument."""
    original = _present(take_orders, "take_foreign_execution")

    def ours(turn: Turn, account: Any, execution: Any) -> None:
        same = [order for order in turn.state.orders.values() if order.instrument == execution.instrument]
        if same:
            take_orders._book_execution(turn, same[-1], execution)
        else:
            original(turn, account, execution)

    return (Swap(take_orders, "take_foreign_execution", ours),)


def statement_and_fill_booked() -> tuple[Swap, ...]:
    """Corrects balances to a statement, and books the executions behind the difference too."""
    original = _present(take_statement, "reconcile")

    def correcting(state: State, statement: Any, rules: Any, now: Any, **fields: Any) -> Any:
        events = list(original(state, statement, rules, now, **fields))
        for balance in statement.balances:
            change = balance.total - state.balances.get((statement.account, balance.asset), ZERO)
            if statement.account in state.opened and change:
                events.append(
                    BalanceStated(
                        account=statement.account,
                        asset=balance.asset,
                        change=Quantity(change),
                        reason="correction",
                        stated_at=statement.stated_at,
                    )
                )
        return tuple(events)

    return (Swap(take_statement, "reconcile", correcting),)


def resend_before_fence() -> tuple[Swap, ...]:
    """Sends an order again although its venue would take a second one of its id."""
    return (Swap(take_absence, "_id_holds", lambda *_: True),)


def unknown_status_is_end() -> tuple[Swap, ...]:
    """Takes a status that is not known for a cancel that worked."""
    original = take_orders.take_order_report

    def guessing(turn: Turn, account: Any, report: Any) -> None:
        if report.status is VenueStatus.UNREADABLE:
            report = msgspec.structs.replace(report, status=VenueStatus.CANCELED)
        original(turn, account, report)

    return Swap(take_orders, "take_order_report", guessing), Swap(step, "take_order_report", guessing)


def alerts_swallowed() -> tuple[Swap, ...]:
    """Raises no alert."""
    return (Swap(Turn, "alert", lambda *_, **__: None),)


def order_in_the_last_second() -> tuple[Swap, ...]:
    """Sends orders up to and after the close, with a risk check that lets them pass."""
    checked = _present(decide_nets, "check")

    def lenient(view: Any, intents: Any, limits: Any) -> Any:
        verdict = checked(view, intents, limits)
        if isinstance(verdict, checks.Refused) and all(
            refusal.rule is ev.RefusalRule.SESSION for refusal in verdict.refusals
        ):
            return checks.Approved(intents=intents)
        return verdict

    return Swap(hedge, "_held_by_session", lambda *_: None), Swap(decide_nets, "check", lenient)


def half_day_is_full() -> tuple[Swap, ...]:
    """Takes the hours of a full day for those of a half day."""
    hours = tuple(msgspec.structs.replace(each, half_day=each.full_day) for each in sessions.HOURS)
    return (Swap(sessions, "HOURS", hours),)


def forget_days() -> None:
    """Forgets the trading days that were worked out from other hours."""
    sessions.sessions_of.cache_clear()
    sessions._timeline.cache_clear()


def excess_not_canceled() -> tuple[Swap, ...]:
    """Lets an order work on when the net has become smaller than it."""
    return (Swap(hedge, "_cancels", lambda _view: ()),)


def fee_sign_in_ledger() -> tuple[Swap, ...]:
    """Posts fees to the ledger as if they had been received."""
    original = _present(ledger, "PLAIN")

    def turned(event: Any) -> Any:
        fees = tuple(msgspec.structs.replace(fee, amount=Money(-fee.amount)) for fee in event.fees)
        return original[type(event)](msgspec.structs.replace(event, fees=fees))

    return (Swap(ledger, "PLAIN", original | dict.fromkeys((ev.OrderFilled, ev.ForeignFilled), turned)),)


def stable_is_dollar() -> tuple[Swap, ...]:
    """Values a dollar token at one dollar in profit and loss, whatever its mark says."""
    original = marks.Marks.add

    def pegged(self: marks.Marks, asset: Any, mark: marks.Mark) -> bool:
        return original(self, asset, msgspec.structs.replace(mark, usd=Price(ONE)))

    return (Swap(marks.Marks, "add", pegged),)


def newest_mark() -> tuple[Swap, ...]:
    """Values trades at the newest mark in profit and loss, not at that of their instant."""
    original = marks.Marks.at

    def newest(self: marks.Marks, asset: Any, at: Any) -> Any:
        return self.latest(asset) or original(self, asset, at)

    return (Swap(marks.Marks, "at", newest),)


def levy_missing() -> tuple[Swap, ...]:
    """Leaves the last fee of each sale out of profit and loss, where a regulator's fee stands."""
    original = facts._DRAWN

    def without(item: Any, event: Any, known: Any) -> Any:
        fees = event.fees[:-1] if event.side is Side.SELL else event.fees
        return original[type(event)](item, msgspec.structs.replace(event, fees=fees), known)

    return (Swap(facts, "_DRAWN", original | dict.fromkeys((ev.OrderFilled, ev.ForeignFilled), without)),)


def one_node_believed() -> tuple[Swap, ...]:
    """Takes what one node says for what all of them say."""
    original = log_source.EvmLogSource._ask_all

    async def alike(self: Any, calls: Any) -> Any:
        stated = await original(self, calls)
        return [stated[-1]] * len(stated)

    return (Swap(log_source.EvmLogSource, "_ask_all", alike),)


def ratio_of_the_head() -> tuple[Swap, ...]:
    """Reads what a wrapper is worth now, whatever block its fill stands in."""
    original = _present(block_facts, "ratio_call")

    def now(address: str, block_hash: str) -> Any:
        call = original(address, block_hash)
        return msgspec.structs.replace(call, params=(call.params[0], "latest"))

    return (Swap(block_facts, "ratio_call", now),)


def float_price() -> tuple[Swap, ...]:
    """Reads the price of an execution at Alpaca as a float, with all digits that its binary form has."""
    original = _present(alpaca_parse, "_execution")

    def floated(wire: Any, symbols: Any) -> Any:
        execution = original(wire, symbols)
        price = Decimal.from_float(float(execution.price))  # noqa: FURB164, the constructor is trapped
        return msgspec.structs.replace(execution, price=Price(price))

    return (Swap(alpaca_parse, "_execution", floated),)
