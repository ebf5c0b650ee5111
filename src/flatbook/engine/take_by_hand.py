"""What an operator does to single orders and limits: cancel one, hedge at once, order by hand, tighten a limit.

Nothing here passes a check that a strategy's own order must pass. An order by hand can therefore only bring a net
nearer to zero: whoever wants a position has to want it in the configuration.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from flatbook.engine.book_intents import book_approved
from flatbook.engine.decide_nets import book_note
from flatbook.engine.effects import cancel_of
from flatbook.engine.inputs import Command
from flatbook.engine.turn import Turn
from flatbook.engine.views import hedge_view, limits_of, risk_view
from flatbook.events.control import HedgeHeld
from flatbook.events.orders import CancelReason, OrderStyle
from flatbook.events.risk import RiskLimitSet
from flatbook.risk.checks import Refused, check
from flatbook.risk.limits import CONFIGURED, why_not_told
from flatbook.state.intents import Intent, PlaceIntent
from flatbook.state.positions import NetKey
from flatbook.strategies.decision import Decision, Trigger
from flatbook.strategies.hedge import decide
from flatbook.strategies.hedge_terms import HedgeParams
from flatbook.values.ids import EventRef, OrderId, OwnerId, Underlying, order_id_of_event
from flatbook.values.instants import later
from flatbook.values.instruments import Instrument, Side, is_multiple, tick_at
from flatbook.values.money import ZERO, NumberRefused, Price, Quantity, parse_number, plain

SMALLEST = Decimal("1E-18")
GOOD_S_MAX = 3_600

Refusal = str


def why_not_cancel(turn: Turn, command: Command) -> Refusal | None:
    """Returns why an order cannot be canceled, None when its venue can be asked for it."""
    order_id = OrderId(command.arguments.get("order_id", ""))
    order = turn.state.orders.get(order_id)
    if order is None:
        return f"no order {order_id!r} is known"
    return None if order.is_open else f"order {order_id} has ended: {order.status.value}"


def cancel_by_hand(turn: Turn, command: Command) -> None:
    """Asks for the cancel of one order, again where it was asked for before. A strategy may order anew."""
    order = turn.state.orders[OrderId(command.arguments["order_id"])]
    if order.cancel_pending:
        turn.effects.append(cancel_of(order))
    else:
        turn.cancel(order, CancelReason.OPERATOR)


def why_not_hedge_now(turn: Turn, command: Command) -> Refusal | None:
    """Returns why a net cannot be hedged at this moment, None when it can."""
    key = _net_of(command)
    return _why_no_net(turn, key) or _why_no_hedge(turn, key)


def hedge_now(turn: Turn, command: Command) -> None:
    """Places the hedge of a net as it stands, whatever its threshold and however lately a venue refused."""
    key = _net_of(command)
    decision = _urged(turn, key, is_told=True)
    for note in decision.notes:
        book_note(turn, key, note)
    book_approved(turn, decision.intents)
    turn.touch(key, Trigger.OPERATOR_ACTED)


def _net_of(command: Command) -> NetKey:
    return OwnerId(command.arguments.get("owner", "")), Underlying(command.arguments.get("underlying", ""))


def _why_no_net(turn: Turn, key: NetKey) -> Refusal | None:
    if key not in turn.rules.hedges:
        known = ", ".join(f"{owner} {underlying}" for owner, underlying in turn.rules.hedges) or "it hedges nothing"
        return f"{key[0]!r} does not hedge {key[1]!r} on this desk: {known}"
    if not turn.wakes.is_resumed(key):
        return "this net is not recovered yet: its venue is being asked"
    if turn.state.orders_owing(key):
        return "an order of this net is still open: cancel it or wait for its end"
    return None


def _why_no_hedge(turn: Turn, key: NetKey) -> Refusal | None:
    decision = _urged(turn, key, is_told=False)
    if decision.intents:
        return _why_risk_refuses(turn, key, decision.intents)
    held = [note.reason for note in decision.notes if isinstance(note, HedgeHeld) and note.reason is not None]
    return f"it cannot be hedged now: {held[0].value}" if held else "nothing to hedge: the net is zero"


def _why_risk_refuses(turn: Turn, key: NetKey, intents: tuple[Intent, ...]) -> Refusal | None:
    state, rules = turn.state, turn.rules
    verdict = check(risk_view(state, turn.market, key, rules, turn.now), intents, limits_of(state, rules))
    if not isinstance(verdict, Refused):
        return None
    told = (f"{each.rule.value} allows {each.limit}, {each.asked} is asked" for each in verdict.refusals)
    return f"risk refuses it: {'; '.join(told)}"


def _urged(turn: Turn, key: NetKey, *, is_told: bool) -> Decision:
    """Returns what the hedge does of any net that can be traded. `is_told`: a hold that was noted is known to it."""
    view = hedge_view(turn.state, turn.market, key, turn.rules, turn.now)
    view = msgspec.structs.replace(view, refusals=0, retry_from=None, hold=view.hold if is_told else None)
    return decide(view, _of_any_size(turn.rules.hedges[key].params))


def _of_any_size(params: HedgeParams) -> HedgeParams:
    ramp = params.ramp
    if ramp is not None:
        ramp = msgspec.structs.replace(ramp, threshold_shares=SMALLEST)
    return msgspec.structs.replace(params, threshold_shares=SMALLEST, threshold_usd=None, ramp=ramp)


def why_not_place(turn: Turn, command: Command) -> Refusal | None:
    """Returns why an order by hand cannot be placed, None when it passes all that a hedge of its net must pass."""
    key = _net_of(command)
    why = _why_no_net(turn, key)
    if why is not None:
        return why
    if _instrument_of(turn, command) is None:
        named = " or ".join(each.account for each in turn.rules.hedges[key].named)
        return f"{key[1]} of {key[0]} is hedged at {named}: name one of them as account, or none"
    try:
        intent = _intent_of(turn, command)
    except (NumberRefused, ValueError) as error:
        return str(error)
    return _why_off_grid(intent) or _why_risk_refuses(turn, key, (intent,))


def place_by_hand(turn: Turn, command: Command) -> None:
    """Places an order of the operator's own size and limit."""
    book_approved(turn, (_intent_of(turn, command),))
    turn.touch(_net_of(command), Trigger.OPERATOR_ACTED)


def _instrument_of(turn: Turn, command: Command) -> Instrument | None:
    named = turn.rules.hedges[_net_of(command)].named
    account = command.arguments.get("account", named[0].account)
    return next((each for each in named if each.account == account), None)


def _intent_of(turn: Turn, command: Command) -> PlaceIntent:
    arguments, (owner, underlying) = command.arguments, _net_of(command)
    instrument = _instrument_of(turn, command)
    side, good_s = arguments.get("side", ""), arguments.get("good_s", "60")
    if instrument is None or side not in [each.value for each in Side]:
        raise ValueError(f"side must be {' or '.join(each.value for each in Side)}")
    if not good_s.isdecimal() or not 0 < int(good_s) <= GOOD_S_MAX:
        raise ValueError(f"good_s must be a whole number of seconds from 1 to {GOOD_S_MAX}")
    cause = EventRef(f"command:{command.key}")
    return PlaceIntent(
        order_id=order_id_of_event(owner, cause, index=turn.state.positions.net(owner, underlying).intents),
        owner=owner,
        underlying=underlying,
        instrument=instrument,
        side=Side(side),
        qty=Quantity(parse_number(arguments.get("qty", ""))),
        limit=Price(parse_number(arguments.get("limit", ""))),
        style=OrderStyle.LIMIT,
        slot=None,
        reduce_only=False,
        because=None,
        evidence={"command": command.key, "actor": command.actor},
        good_until=later(turn.now, seconds=int(good_s)),
    )


def _why_off_grid(intent: PlaceIntent) -> Refusal | None:
    rules, qty, limit = intent.instrument.rules, intent.qty, intent.limit
    if not qty > ZERO or not is_multiple(qty, rules.lot) or qty < rules.qty_min:
        return f"qty must be a multiple of {plain(rules.lot)}, and at least {plain(rules.qty_min)}"
    if limit is None or not limit > ZERO or not is_multiple(limit, tick_at(limit, rules)):
        return f"limit must be above zero and a multiple of {plain(rules.tick)}"
    return None


def why_not_set_limit(turn: Turn, command: Command) -> Refusal | None:
    """Returns why a limit cannot be set, None when it can: it exists, and is not looser than it is configured."""
    name, text = command.arguments.get("name", ""), command.arguments.get("to", "")
    return why_not_told(turn.rules.limits, turn.state.limits, name, text)


def set_limit(turn: Turn, command: Command) -> None:
    """Sets a limit, and asks every strategy: what was held by it may go, and what passed it may not."""
    text = command.arguments["to"]
    to = None if text == CONFIGURED else parse_number(text)
    turn.book(RiskLimitSet(name=command.arguments["name"], to=to, reason=command.reason, set_at=turn.now))
    turn.touch_all(Trigger.OPERATOR_ACTED)
