"""What a monitor sees becomes: a side stopped or freed, its orders canceled, and a proof that none is left.

Exits and cancels pass whatever is stopped. A stop is a fact of the journal: it stands over a restart until its monitor
has seen enough of a calm market, for long enough and by a process that lives.
"""

from __future__ import annotations

from flatbook.engine.effects import ReadStatement
from flatbook.engine.inputs import Command, RiskDue
from flatbook.engine.reports import AccountStatement
from flatbook.engine.rules import Rules
from flatbook.engine.turn import Turn
from flatbook.events.control import AlertName, Severity
from flatbook.events.orders import CancelReason
from flatbook.events.risk import RiskCleared, RiskRaised, StopProven
from flatbook.market.quotes import Market
from flatbook.risk.monitor import AGAINST, Condition, Found, MonitorRules, look, should_clear, should_stop
from flatbook.state.desk import SideStop, State, StopKey
from flatbook.state.orders import Order
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import AccountId
from flatbook.values.instants import Instant, later
from flatbook.values.instruments import Side

PROOF_S = 30


CalmSince = dict[StopKey, Instant]


def monitors_due(
    state: State, market: Market, rules: Rules, calm_since: CalmSince, began_at: Instant, now: Instant
) -> tuple[RiskDue, ...]:
    """Returns the monitors that would stop or free a side now, or whose proof is late and not told.

    `calm_since` is when a side that is stopped was first found calm without a break since then; it is brought up to
    date, and must not outlive a process: nobody has looked while there was none.
    """
    due: list[RiskDue] = []
    for name, monitor in rules.monitors.items():
        stops, calm, late = False, [], False
        for side in monitor.sides:
            key, found = (name, side), found_of(market, name, monitor, side, began_at, now)
            stops = stops or (key not in state.stops and should_stop(found, monitor))
            late = late or bool(_late(state, key, now))
            if key not in state.stops or not should_clear(found, monitor):
                calm_since.pop(key, None)
            elif now >= later(calm_since.setdefault(key, now), seconds=monitor.calm_s):
                calm.append(side)
        if stops or calm or late:
            due.append(RiskDue(monitor=name, calm=tuple(calm)))
    return tuple(due)


def found_of(market: Market, name: str, monitor: MonitorRules, side: Side, began_at: Instant, now: Instant) -> Found:
    """Returns what a monitor finds on a side now."""
    sights = {instrument: market.candles.sight(name, instrument, now) for instrument in monitor.instruments}
    return look(sights, monitor, side, now, began_at)


def _late(state: State, key: StopKey, now: Instant) -> tuple[AccountId, ...]:
    """Returns the accounts that have not shown in time that nothing is left of what had to go, and are not told."""
    stop = state.stops.get(key)
    if stop is None or now <= later(stop.raised_at, seconds=PROOF_S):
        return ()
    return tuple(
        account for account in stop.unproven if (AlertName.CANCEL_UNPROVEN, _subject(key, account)) not in state.alerts
    )


def take_risk_due(turn: Turn, item: RiskDue) -> None:
    """Lets a monitor look: stops or frees its sides, and tells what has not been proven in time."""
    monitor = turn.rules.monitors.get(item.monitor)
    if monitor is None:
        turn.drop("monitor_gone")
        return
    began_at = turn.wakes.began_at or turn.now
    for side in monitor.sides:
        key = (item.monitor, side)
        found = found_of(turn.market, item.monitor, monitor, side, began_at, turn.now)
        if key in turn.state.stops:
            if side in item.calm and should_clear(found, monitor):
                _clear(turn, key, found)
        elif should_stop(found, monitor):
            _raise(turn, key, found, monitor)
    for side in monitor.sides:
        _tell_late(turn, (item.monitor, side))


def free_unwatched(turn: Turn) -> None:
    """Frees the sides that a monitor stopped which the configuration does not state any more: nobody else would."""
    for key in tuple(turn.state.stops):
        monitor = turn.rules.monitors.get(key[0])
        if monitor is None or key[1] not in monitor.sides:
            _clear(turn, key, Found(conditions={}, sights={}))


def _raise(turn: Turn, key: StopKey, found: Found, monitor: MonitorRules) -> None:
    name, side = key
    abnormal = found.of(*AGAINST)
    turn.book(
        RiskRaised(
            monitor=name,
            side=side,
            owners=monitor.owners,
            accounts=monitor.accounts,
            abnormal=abnormal,
            evidence=found.evidence(),
            raised_at=turn.now,
        )
    )
    detail = f"no new {side.value} for {' '.join(monitor.owners)}: {' '.join(abnormal)} abnormal"
    turn.alert(AlertName.RISK_RAISED, _name(key), detail, severity=Severity.WARNING)
    turn.touch_all(Trigger.HALT_CHANGED)
    turn.cancel_covered(CancelReason.HALTED)
    turn.effects.extend(ReadStatement(account=account) for account in monitor.accounts)


def _clear(turn: Turn, key: StopKey, found: Found) -> None:
    name, side = key
    for account in turn.state.stops[key].unproven:
        turn.clear(AlertName.CANCEL_UNPROVEN, _subject(key, account))
    normal = found.of(Condition.NORMAL)
    turn.book(RiskCleared(monitor=name, side=side, normal=normal, evidence=found.evidence(), cleared_at=turn.now))
    turn.clear(AlertName.RISK_RAISED, _name(key))
    turn.touch_all(Trigger.HALT_CHANGED)


def why_not_free(turn: Turn, command: Command) -> str | None:
    """Returns why an operator may not free a side now: none is stopped so, or what stopped it still stands."""
    key = _stop_named(turn, command)
    if key is None:
        standing = ", ".join(_name(each) for each in turn.state.stops)
        return f"no such stop stands; {f'these do: {standing}' if standing else 'none does'}"
    monitor = turn.rules.monitors.get(key[0])
    found = Found(conditions={}, sights={}) if monitor is None else _found_now(turn, key, monitor)
    if monitor is not None and should_stop(found, monitor):
        return f"its cause still stands: {' '.join(found.of(*AGAINST))} abnormal or not heard of"
    return None


def free_stop(turn: Turn, command: Command) -> None:
    """Frees a side before its monitor has seen enough of a calm market; it may stop it again."""
    key = _stop_named(turn, command)
    assert key is not None, "a command that may be carried out names a stop"
    monitor = turn.rules.monitors.get(key[0])
    _clear(turn, key, Found(conditions={}, sights={}) if monitor is None else _found_now(turn, key, monitor))


def _stop_named(turn: Turn, command: Command) -> StopKey | None:
    name, side = command.arguments.get("monitor", ""), command.arguments.get("side", "")
    return next((key for key in turn.state.stops if (key[0], key[1].value) == (name, side)), None)


def _found_now(turn: Turn, key: StopKey, monitor: MonitorRules) -> Found:
    return found_of(turn.market, key[0], monitor, key[1], turn.wakes.began_at or turn.now, turn.now)


def _tell_late(turn: Turn, key: StopKey) -> None:
    for account in _late(turn.state, key, turn.now):
        detail = f"{PROOF_S} s after new {key[1].value} was stopped, {account} has not shown that nothing rests there"
        turn.alert(AlertName.CANCEL_UNPROVEN, _subject(key, account), detail, severity=Severity.CRITICAL)


def prove_stops(turn: Turn, statement: AccountStatement) -> None:
    """Books that an account shows nothing of what had to go, once a statement that was read after the stop shows it."""
    account = statement.account
    for key, stop in tuple(turn.state.stops.items()):
        if account not in stop.unproven or statement.stated_at <= stop.raised_at:
            continue
        if _left(turn, key[1], stop, statement):
            continue
        turn.book(
            StopProven(monitor=key[0], side=key[1], account=account, stated_at=statement.stated_at, seen_at=turn.now)
        )
        turn.clear(AlertName.CANCEL_UNPROVEN, _subject(key, account))


def _left(turn: Turn, side: Side, stop: SideStop, statement: AccountStatement) -> bool:
    """Whether an order that had to go may still work: the statement shows it, or we hold it as open."""
    state = turn.state
    shown = (state.orders.get(report.order_id) for report in statement.open_orders if report.order_id is not None)
    held = (state.orders[order_id] for order_id in state.open_orders)
    ours = (*shown, *(order for order in held if order.account == statement.account))
    return any(order is not None and _had_to_go(order, side, stop) for order in ours)


def _had_to_go(order: Order, side: Side, stop: SideStop) -> bool:
    return order.side is side and order.owner in stop.owners and not order.reduce_only


def _name(key: StopKey) -> str:
    return f"{key[0]}:{key[1].value}"


def _subject(key: StopKey, account: AccountId) -> str:
    return f"{_name(key)}:{account}"
