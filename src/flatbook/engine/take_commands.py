"""What operators' commands become. A command is journalled as accepted or refused, never both, never silently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

from flatbook.engine.agreed import IT_HAS_CHANGED, has_changed, log_of
from flatbook.engine.effects import CancelAll, ReadStatement, cancel_of, find_of
from flatbook.engine.inputs import TOLD, Command, Verb
from flatbook.engine.refuse import clear_refused
from flatbook.engine.take_acceptance import accept_statement, why_not_accept
from flatbook.engine.take_actions import end_freeze, state_action, why_not_end, why_not_state
from flatbook.engine.take_by_hand import (
    cancel_by_hand,
    hedge_now,
    place_by_hand,
    set_limit,
    why_not_cancel,
    why_not_hedge_now,
    why_not_place,
    why_not_set_limit,
)
from flatbook.engine.take_chaos import make_chaos, why_not_chaos
from flatbook.engine.take_reconnect import note_reconnect, why_not_reconnect
from flatbook.engine.take_risk import free_stop, why_not_free
from flatbook.engine.take_wallets import move_vault, take_back, why_not_move, why_not_take_back
from flatbook.engine.turn import Turn
from flatbook.events import control
from flatbook.events.chain import SkippedFillReleased
from flatbook.events.control import AlertName, HaltCause, HaltScope
from flatbook.events.event import Event
from flatbook.events.orders import CancelReason, ForeignAssigned
from flatbook.events.refs import halt_id_of_command
from flatbook.state.control_fold import command_digest
from flatbook.state.desk import State
from flatbook.state.halts import Halt
from flatbook.state.orders import Order
from flatbook.state.positions import NetKey
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import (
    UNASSIGNED,
    AccountId,
    HaltId,
    InstrumentId,
    OrderId,
    OwnerId,
    Underlying,
)
from flatbook.values.instants import text_of_instant
from flatbook.values.money import ONE, ZERO, NumberRefused, Price, Quantity, parse_number, plain

KEY_TEXT_MAX = 128
ACTOR_TEXT_MAX = 128
REASON_TEXT_MAX = 512
ARGUMENTS_MAX = 16
ARGUMENT_TEXT_MAX = 256

KEY_IS_TAKEN = "the key was that of another command: give this one a key of its own"

Refusal = str


def take_command(turn: Turn, command: Command) -> None:
    """Books a command and what it leads to; a repeated command is answered by what it led to before.

    Gives: a refusal where the key was that of another command, for it would not be carried out. Whoever repeats a kill
    waits for the venues' word, and what they said before was perhaps not for him: they are asked again.
    """
    known = turn.state.commands.get(command.key)
    if known is not None and known == command_digest(command.verb.value, command.arguments):
        turn.drop("command_known")
        if command.verb is Verb.KILL:
            turn.effects.extend(ReadStatement(account=account) for account in _killed_accounts(turn, command))
        return
    why = KEY_IS_TAKEN if known is not None else _why_not(turn, command)
    if why is not None:
        turn.book(
            control.CommandRefused(
                key=command.key[:KEY_TEXT_MAX],
                actor=command.actor[:ACTOR_TEXT_MAX],
                verb=command.verb.value,
                reason=command.reason[:REASON_TEXT_MAX],
                arguments=_cut(command.arguments),
                why=why,
                refused_at=turn.now,
            )
        )
        return
    turn.book(
        control.CommandAccepted(
            key=command.key,
            actor=command.actor,
            verb=command.verb.value,
            reason=command.reason,
            arguments=command.arguments,
            accepted_at=turn.now,
        )
    )
    _ACTS[command.verb][1](turn, command)


def _cut(arguments: dict[str, str]) -> dict[str, str]:
    """Returns what was asked for, however much that was, within what a command may have."""
    some = islice(arguments.items(), ARGUMENTS_MAX)
    return {name[:ARGUMENT_TEXT_MAX]: text[:ARGUMENT_TEXT_MAX] for name, text in some}


def _why_not(turn: Turn, command: Command) -> Refusal | None:
    if flaw := flaw_of_command(command):
        return flaw
    if has_changed(turn.state, turn.rules.hedges, command):
        return IT_HAS_CHANGED
    return _ACTS[command.verb][0](turn, command)


def flaw_of_command(command: Command) -> Refusal | None:
    """Returns why a command is not well formed, None when it is."""
    if not 0 < len(command.key) <= KEY_TEXT_MAX:
        return f"the key must have 1 to {KEY_TEXT_MAX} characters"
    if not 0 < len(command.actor) <= ACTOR_TEXT_MAX:
        return f"the actor must have 1 to {ACTOR_TEXT_MAX} characters"
    if not command.reason.strip() or len(command.reason) > REASON_TEXT_MAX:
        return f"a reason of 1 to {REASON_TEXT_MAX} characters is required, and not of blanks alone"
    if len(command.arguments) > ARGUMENTS_MAX:
        return f"more than {ARGUMENTS_MAX} arguments"
    long = [name[:32] for name, text in command.arguments.items() if max(len(name), len(text)) > ARGUMENT_TEXT_MAX]
    if long:
        return f"argument {long[0]!r} has more than {ARGUMENT_TEXT_MAX} characters"
    told = TOLD[command.verb]
    unknown = [name[:32] for name in command.arguments if name not in told]
    return f"{command.verb.value} is told {', '.join(told) or 'nothing'}, and not {unknown[0]!r}" if unknown else None


def _free(_turn: Turn, _command: Command) -> Refusal | None:
    return None


def _why_not_halt(turn: Turn, command: Command) -> Refusal | None:
    scope = command.arguments.get("scope", HaltScope.ALL.value)
    if scope not in [each.value for each in HaltScope]:
        return f"scope {scope!r} is none of {', '.join(each.value for each in HaltScope)}"
    known = _targets(turn, HaltScope(scope))
    target = command.arguments.get("target", "")
    if target in known:
        return None
    if scope == HaltScope.ALL.value:
        return f"a halt of all has no target, and {target!r} was named: leave it out, or name its scope too"
    names = ", ".join(known) or "none"
    if not target:
        return f"a halt of scope {scope} names its target; this desk has {names}"
    return f"{target!r} is no {scope} of this desk; it has {names}"


def _targets(turn: Turn, scope: HaltScope) -> tuple[str, ...]:
    """Returns what a halt of this scope may name; a halt of nothing would look like a halt and stop nothing."""
    rules = turn.rules
    names = {
        HaltScope.ALL: ("",),
        HaltScope.OWNER: tuple(dict.fromkeys((*(owner for owner, _ in rules.hedges), *rules.seats))),
        HaltScope.VENUE: tuple(rules.cards),
        HaltScope.INSTRUMENT: tuple(rules.instruments),
    }
    return names[scope]


def _halt(turn: Turn, command: Command) -> None:
    scope = HaltScope(command.arguments.get("scope", HaltScope.ALL.value))
    turn.halt(scope, command.arguments.get("target", ""), HaltCause.OPERATOR, command.reason)


def already_halted(state: State, command: Command, events: Sequence[Event]) -> str | None:
    """Returns since when and why the halt stands that a command wanted and an earlier one set; None of any other.

    `events`: what the command led to. It set nothing new, and its own reason is kept with the command alone.
    """
    kinds = {type(event) for event in events}
    if command.verb not in (Verb.HALT, Verb.KILL) or control.CommandAccepted not in kinds:
        return None
    halt_id = halt_id_of_command(command.verb.value, command.arguments)
    halt = None if halt_id is None or control.TradingHalted in kinds else state.halts.get(halt_id)
    if halt is None:
        return None
    since = text_of_instant(halt.halted_at)
    kept = "your reason is kept in the journal's command, and one lift ends both"
    return f'already halted since {since} because "{halt.reason}"; {kept}'


def _why_not_kill(turn: Turn, command: Command) -> Refusal | None:
    account, known = command.arguments.get("account"), turn.rules.cards
    return None if account is None or account in known else f"{account!r} is no account: {', '.join(known)}"


def _kill(turn: Turn, command: Command) -> None:
    """Halts everything, or one account, and asks for the cancel of all that is open there, of others too.

    Gives: orders of ours one by one, again where that was asked for before, and the whole account where its venue can.
    """
    named, accounts = command.arguments.get("account"), _killed_accounts(turn, command)
    asked = [order for order in _open_orders(turn, named) if order.cancel_pending]
    turn.halt(HaltScope.ALL if named is None else HaltScope.VENUE, named or "", HaltCause.KILLED, command.reason)
    for order in _open_orders(turn, named):
        if not order.cancel_pending:
            turn.cancel(order, CancelReason.OPERATOR)
    turn.effects.extend(cancel_of(order) for order in asked)
    turn.effects.extend(CancelAll(account=account) for account in accounts)
    turn.effects.extend(ReadStatement(account=account) for account in accounts)


def _killed_accounts(turn: Turn, command: Command) -> tuple[AccountId, ...]:
    named = command.arguments.get("account")
    return tuple(turn.rules.cards) if named is None else (AccountId(named),)


def _open_orders(turn: Turn, account: str | None) -> tuple[Order, ...]:
    orders = (turn.state.orders[order_id] for order_id in turn.state.open_orders)
    return tuple(order for order in orders if account in (None, order.account))


def _why_not_lift(turn: Turn, command: Command) -> Refusal | None:
    halt_id = HaltId(command.arguments.get("halt_id", ""))
    if halt_id in turn.state.halts:
        return None
    standing = ", ".join(turn.state.halts)
    return f"no halt {halt_id!r} stands; {f'these do: {standing}' if standing else 'none does'}"


def _lift(turn: Turn, command: Command) -> None:
    halt: Halt = turn.state.halts[HaltId(command.arguments["halt_id"])]
    turn.book(control.TradingLifted(halt_id=halt.halt_id, reason=command.reason, lifted_at=turn.now))
    if halt.cause is HaltCause.REPORT_REFUSED:
        clear_refused(turn, halt)
    if halt.cause is HaltCause.FOREIGN_FILL:
        _clear_foreign(turn, halt.target)
    if halt.cause is HaltCause.INVARIANT:
        _clear_poisoned(turn)
    if halt.cause is HaltCause.BREAKER:
        turn.clear(AlertName.BREAKER_TRIPPED, halt.target)
    turn.touch_all(Trigger.HALT_CHANGED)


def _clear_foreign(turn: Turn, instrument: str) -> None:
    for name, subject in tuple(turn.state.alerts):
        if name is AlertName.FOREIGN_ACTIVITY and subject.endswith(f":{instrument}"):
            turn.clear(name, subject)


def _clear_poisoned(turn: Turn) -> None:
    for name, subject in tuple(turn.state.alerts):
        if name is AlertName.INPUT_POISONED:
            turn.clear(name, subject)


def _flatten_keys(turn: Turn, command: Command) -> list[NetKey]:
    owner, underlying = command.arguments.get("owner"), command.arguments.get("underlying")
    return [
        key
        for key in turn.rules.hedges
        if owner in (None, key[0]) and underlying in (None, key[1]) and turn.state.positions.net(*key).hedgeable
    ]


def _why_not_flatten(turn: Turn, command: Command) -> Refusal | None:
    for place, name in enumerate(("owner", "underlying")):
        known = dict.fromkeys(key[place] for key in turn.rules.hedges)
        named = command.arguments.get(name)
        if named not in (None, *known):
            return f"this desk hedges no {name} {named!r}: {', '.join(known) or 'it hedges nothing'}"
    return None if _flatten_keys(turn, command) else "nothing to flatten: every net asked for is zero"


def _flatten(turn: Turn, command: Command) -> None:
    for owner, underlying in _flatten_keys(turn, command):
        turn.book(
            control.FlattenIntended(owner=owner, underlying=underlying, reason=command.reason, decided_at=turn.now)
        )
        turn.touch((owner, underlying), Trigger.OPERATOR_ACTED)


def _drain(turn: Turn, command: Command) -> None:
    """Lets hedges finish, and withdraws what quoting strategies have at work: they would never be done."""
    turn.book(control.DrainIntended(reason=command.reason, decided_at=turn.now))
    turn.cancel_covered(CancelReason.OPERATOR)
    turn.touch_all(Trigger.HALT_CHANGED)


def _read_statements(turn: Turn, _command: Command) -> None:
    turn.effects.extend(ReadStatement(account=account) for account in turn.rules.cards)


def _why_not_recheck(turn: Turn, command: Command) -> Refusal | None:
    order_id = OrderId(command.arguments.get("order_id", ""))
    return None if order_id in turn.state.orders else f"no order {order_id!r} is known"


def _recheck(turn: Turn, command: Command) -> None:
    turn.effects.append(find_of(turn.state.orders[OrderId(command.arguments["order_id"])]))


def _why_not_release(turn: Turn, command: Command) -> Refusal | None:
    key = log_of(command.arguments)
    fill = turn.state.fills.get(key) if key is not None else None
    if fill is None:
        return "no booked fill has this chain, tx and log_index"
    if fill.assumed:
        return "this fill waits for its value, not for a decision"
    if command.arguments.get("hedge", "yes") not in ("yes", "no"):
        return "hedge must be yes or no"
    return None if fill.hold else "this fill is not held"


def _release(turn: Turn, command: Command) -> None:
    key = log_of(command.arguments)
    if key is None:
        return
    hedge = command.arguments.get("hedge", "yes") == "yes"
    fill = turn.state.fills[key]
    turn.book(
        SkippedFillReleased(
            chain=key[0], tx=key[1], log_index=key[2], hedge=hedge, reason=command.reason, decided_at=turn.now
        )
    )
    turn.clear(AlertName.FILL_SKIPPED, str(fill.ref))
    if fill.event.underlying is not None:
        turn.touch((fill.event.owner, fill.event.underlying), Trigger.OPERATOR_ACTED)


def _why_not_overwrite(turn: Turn, command: Command) -> Refusal | None:
    arguments = command.arguments
    key = _position_of(command)
    underlying = _underlying_of(turn, command)
    if underlying is None:
        return f"instrument {key[2]!r} of {key[1]!r} is not configured and not held: name its underlying"
    if key not in turn.state.positions.rows and key[0] not in _owners_of(turn, underlying, key[2]):
        return f"{key[0]!r} is no owner of {underlying} on this desk"
    if turn.state.orders_owing((key[0], underlying)):
        return "an order of this net is still open: cancel it or wait for its end"
    try:
        after, expected = parse_number(arguments.get("qty", "")), parse_number(arguments.get("expected", ""))
        price = parse_number(arguments["price"]) if "price" in arguments else None
        expected_net = parse_number(arguments["expected_net"]) if "expected_net" in arguments else None
    except NumberRefused as error:
        return f"qty, expected, expected_net and price must be numbers: {error}"
    row = turn.state.positions.rows.get(key)
    before = row.qty if row is not None else ZERO
    if before != expected:
        return f"the position is {plain(before)}, not {plain(expected)} as expected"
    net = turn.state.positions.net(key[0], underlying).known
    if expected_net is not None and net != expected_net:
        return f"the net of {key[0]} in {underlying} is {plain(net)}, not {plain(expected_net)} as expected"
    if after != ZERO and (price is None or not price > ZERO):
        return "a position that is not zero needs a price above zero"
    return None


def _underlying_of(turn: Turn, command: Command) -> Underlying | None:
    """Returns what a position is a position in: as it is held, else as it is configured, else as the operator says."""
    key = _position_of(command)
    row = turn.state.positions.rows.get(key)
    if row is not None:
        return row.underlying
    instrument = turn.rules.instruments.get(key[2])
    if instrument is not None:
        return instrument.underlying if instrument.account == key[1] else None
    named = command.arguments.get("underlying")
    return Underlying(named) if named else None


def _position_of(command: Command) -> tuple[OwnerId, AccountId, InstrumentId]:
    owner, account, instrument = (command.arguments.get(name, "") for name in ("owner", "account", "instrument"))
    return OwnerId(owner), AccountId(account), InstrumentId(instrument)


def _overwrite(turn: Turn, command: Command) -> None:
    arguments, key = command.arguments, _position_of(command)
    underlying = _underlying_of(turn, command)
    if underlying is None:
        return
    row, instrument = turn.state.positions.rows.get(key), turn.rules.instruments.get(key[2])
    configured = ONE if instrument is None or instrument.account != key[1] else instrument.contract_size
    turn.book(
        control.PositionOverwritten(
            owner=key[0],
            account=key[1],
            instrument=key[2],
            underlying=underlying,
            before=row.qty if row is not None else Quantity(ZERO),
            after=Quantity(parse_number(arguments["qty"])),
            contract_size=configured if row is None else row.contract_size,
            price=Price(parse_number(arguments["price"])) if "price" in arguments else None,
            reason=command.reason,
            decided_at=turn.now,
        )
    )
    turn.touch((key[0], underlying), Trigger.OPERATOR_ACTED)


def _why_not_assign(turn: Turn, command: Command) -> Refusal | None:
    _, account, instrument = _position_of(command)
    row = turn.state.positions.rows.get((UNASSIGNED, account, instrument))
    if row is None or not row.qty:
        return f"nothing of {instrument!r} at {account!r} is unassigned"
    owners, owner = _owners_of(turn, row.underlying, instrument), command.arguments.get("owner", "")
    if owner in owners:
        return None
    return f"{owner!r} does not hedge {row.underlying} or quote {instrument}: {', '.join(owners) or 'nobody does'}"


def _owners_of(turn: Turn, underlying: Underlying, instrument: InstrumentId) -> tuple[OwnerId, ...]:
    """Returns who may hold a position: whoever hedges its underlying, or quotes on its instrument."""
    hedging = (owner for owner, hedged in turn.rules.hedges if hedged == underlying)
    trading = (owner for owner, _ in turn.rules.traders.get(instrument, ()))
    return tuple(dict.fromkeys((*hedging, *trading)))


def _assign(turn: Turn, command: Command) -> None:
    owner, account, instrument = _position_of(command)
    row = turn.state.positions.rows[UNASSIGNED, account, instrument]
    turn.book(
        ForeignAssigned(
            account=account,
            instrument=instrument,
            underlying=row.underlying,
            owner=owner,
            qty=row.qty,
            reason=command.reason,
            decided_at=turn.now,
        )
    )
    turn.touch((owner, row.underlying), Trigger.OPERATOR_ACTED)


_ACTS: dict[Verb, tuple[Callable[[Turn, Command], Refusal | None], Callable[[Turn, Command], None]]] = {
    Verb.HALT: (_why_not_halt, _halt),
    Verb.KILL: (_why_not_kill, _kill),
    Verb.LIFT: (_why_not_lift, _lift),
    Verb.FLATTEN: (_why_not_flatten, _flatten),
    Verb.DRAIN: (_free, _drain),
    Verb.RECONCILE: (_free, _read_statements),
    Verb.ORDER_RECHECK: (_why_not_recheck, _recheck),
    Verb.ORDER_CANCEL: (why_not_cancel, cancel_by_hand),
    Verb.ORDER_PLACE: (why_not_place, place_by_hand),
    Verb.HEDGE_NOW: (why_not_hedge_now, hedge_now),
    Verb.LIMIT_SET: (why_not_set_limit, set_limit),
    Verb.FILL_RELEASE: (_why_not_release, _release),
    Verb.POSITION_OVERWRITE: (_why_not_overwrite, _overwrite),
    Verb.POSITION_ASSIGN: (_why_not_assign, _assign),
    Verb.ACCOUNT_ACCEPT_STATEMENT: (why_not_accept, accept_statement),
    Verb.VAULT_MOVE: (why_not_move, move_vault),
    Verb.ACTION_STATE: (why_not_state, state_action),
    Verb.ACTION_END: (why_not_end, end_freeze),
    Verb.CALL_TAKE_BACK: (why_not_take_back, take_back),
    Verb.CHAOS: (why_not_chaos, make_chaos),
    Verb.STOP_FREE: (why_not_free, free_stop),
    Verb.RECONNECT: (why_not_reconnect, note_reconnect),
}
