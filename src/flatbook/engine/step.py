"""One input to events and effects: the pure heart of the loop.

Each event is folded into the state at once, so that the next decision sees it; nothing outside may see any of it
before the events are committed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from flatbook.engine.ahead import ahead_of
from flatbook.engine.decide_nets import decide_net, decide_touched, scan_net
from flatbook.engine.decide_offers import decide_offers
from flatbook.engine.effects import Effect
from flatbook.engine.inputs import (
    AccountSilent,
    ActivitySeen,
    CallLooked,
    CancelAnswered,
    CoinRead,
    Command,
    ExecutionsRead,
    FindAnswered,
    Item,
    LoginSeen,
    MarketSight,
    OffersRead,
    OrderReported,
    PlaceAnswered,
    Priced,
    Restarted,
    Resumed,
    RiskDue,
    Scanned,
    SendAnswered,
    SignAnswered,
    Stated,
    TimeCame,
    WalletDue,
    Woken,
)
from flatbook.engine.ports import ChainRead
from flatbook.engine.reports import UnreadableExecution
from flatbook.engine.rules import Rules
from flatbook.engine.take_activities import take_activity
from flatbook.engine.take_breakers import arm_breakers, watch_breakers
from flatbook.engine.take_calls import (
    restart_calls,
    take_call_looked,
    take_coin,
    take_send_answer,
    take_sign_answer,
    take_wallet_due,
)
from flatbook.engine.take_chain import take_chain_read
from flatbook.engine.take_commands import take_command
from flatbook.engine.take_login import take_login
from flatbook.engine.take_market import take_sight
from flatbook.engine.take_offers import take_offers_read
from flatbook.engine.take_orders import (
    take_cancel_answer,
    take_execution,
    take_find_answer,
    take_order_report,
    take_place_answer,
    take_restart,
)
from flatbook.engine.take_prices import take_priced
from flatbook.engine.take_risk import free_unwatched, take_risk_due
from flatbook.engine.take_statement import take_silence, take_statement
from flatbook.engine.take_unreadable import take_unreadable
from flatbook.engine.take_wallets import revoke_left_over
from flatbook.engine.turn import Turn
from flatbook.engine.wakes import Wakes
from flatbook.engine.watch import watch
from flatbook.events.event import Event
from flatbook.market.quotes import Market
from flatbook.state.desk import State
from flatbook.values.ids import AccountId, SourceId
from flatbook.values.instants import Instant

_NEVER = Instant(0)


class Step(msgspec.Struct, frozen=True, gc=False):
    """What one input led to. The events are folded already; the effects wait for the commit."""

    events: tuple[Event, ...]
    effects: tuple[Effect, ...]
    cursors: dict[SourceId, str]
    dropped: tuple[str, ...]


def execution_source(account: AccountId) -> SourceId:
    """Returns the name under which the execution cursor of an account is stored."""
    return SourceId(f"executions:{account}")


def joined(steps: Sequence[Step]) -> Step:
    """Returns what several inputs led to as one step, but for their cursors, of which `moved_cursors` knows more."""
    return Step(
        tuple(event for each in steps for event in each.events),
        tuple(effect for each in steps for effect in each.effects),
        {},
        tuple(why for each in steps for why in each.dropped),
    )


def moved_cursors(
    items: Sequence[Item], steps: Sequence[Step], standing: Mapping[SourceId, str]
) -> dict[SourceId, str]:
    """Returns the cursors that the steps of inputs moved. `standing` are the cursors before them.

    Gives: nothing for a page that was read from a cursor which was left meanwhile: another page overtook it.
    """
    moved: dict[SourceId, str] = {}
    for item, each in zip(items, steps, strict=False):
        for source, cursor in each.cursors.items():
            since = item.since if isinstance(item, ExecutionsRead) else None
            if since is None or since == moved.get(source, standing.get(source, "")):
                moved[source] = cursor
    return moved


def step(state: State, market: Market, item: Item, *, now: Instant, rules: Rules, wakes: Wakes) -> Step:
    """Folds one input into the state and returns the events to commit and the effects that follow them.

    Gives: the same events for the same state, market, item and instant, in every run.
    """
    return steps(state, market, ((item, now),), rules=rules, wakes=wakes)


def steps(state: State, market: Market, items: Iterable[tuple[Item, Instant]], *, rules: Rules, wakes: Wakes) -> Step:
    """Folds inputs of growing instants as one: each is taken at its own, and whoever they touch is asked at the last.

    Needs: none but the last is of a kind that somebody waits for, or else they would be asked late.
    """
    turn = Turn(state, market, wakes, _NEVER, rules)
    for item, at in items:
        turn.now = at
        _TAKES[type(item)](turn, item)
    finish(turn)
    return Step(tuple(turn.events), tuple(turn.effects), turn.cursors, tuple(turn.dropped))


def take_item(turn: Turn, item: Item, at: Instant) -> None:
    """Takes one input at its instant, and notes whom it touches."""
    turn.now = at
    _TAKES[type(item)](turn, item)


def finish(turn: Turn) -> None:
    """Asks whoever was touched, once all that came at once was taken, and looks after the bounds of the desk."""
    state = turn.state
    if state.breakers:
        watch_breakers(turn)
    if turn.touched:
        decide_touched(turn)
    if turn.rules.offers:
        decide_offers(turn)
    if state.calls:
        revoke_left_over(turn)
    watch(turn)


def look_ahead(state: State, rules: Rules, wakes: Wakes) -> None:
    """Works out what the seat that was asked last needs for its next decision, where an event has come since.

    Needs: nothing waits for it now.
    """
    key, ahead = wakes.asked_last, wakes.ahead
    seated = None if key is None else rules.seats.get(key[0])
    if seated is not None and (ahead.seq != state.seq or ahead.state is not state or ahead.owner != seated.seat.owner):
        wakes.ahead = ahead_of(state, rules, seated)


def _take_executions(turn: Turn, item: ExecutionsRead) -> None:
    for line in item.executions:
        if isinstance(line, UnreadableExecution):
            take_unreadable(turn, item.account, line)
        else:
            take_execution(turn, item.account, line)
    if item.cursor is not None:
        turn.cursors[execution_source(item.account)] = item.cursor


def _take_order_report(turn: Turn, item: OrderReported) -> None:
    take_order_report(turn, item.account, item.report)


def _take_stated(turn: Turn, item: Stated) -> None:
    take_statement(turn, item)


def _take_silent(turn: Turn, item: AccountSilent) -> None:
    take_silence(turn, item.account, item.since)


def _take_activity(turn: Turn, item: ActivitySeen) -> None:
    take_activity(turn, item.account, item.activity)


def _take_woken(turn: Turn, item: Woken) -> None:
    if item.key in turn.wakes.newest:
        turn.touched[item.key] = None


def _take_scanned(turn: Turn, item: Scanned) -> None:
    if item.woken or item.key in turn.wakes.due(turn.now):
        turn.drop("scan_of_a_woken_net")
    elif turn.wakes.is_resumed(item.key):
        scan_net(turn, item.key)


def _take_resumed(turn: Turn, item: Resumed) -> None:
    decide_net(turn, item.key)


def _take_restarted(turn: Turn, _item: Restarted) -> None:
    turn.wakes.began_at = turn.now
    take_restart(turn)
    arm_breakers(turn)
    free_unwatched(turn)
    restart_calls(turn)


def _take_time(turn: Turn, _item: TimeCame) -> None:
    for key in turn.wakes.due(turn.now):
        turn.touched[key] = None


_TAKES: dict[type[Item], Callable[[Turn, Any], None]] = {
    PlaceAnswered: take_place_answer,
    CancelAnswered: take_cancel_answer,
    FindAnswered: take_find_answer,
    ExecutionsRead: _take_executions,
    OrderReported: _take_order_report,
    Stated: _take_stated,
    AccountSilent: _take_silent,
    LoginSeen: take_login,
    MarketSight: take_sight,
    ChainRead: take_chain_read,
    ActivitySeen: _take_activity,
    Woken: _take_woken,
    Scanned: _take_scanned,
    RiskDue: take_risk_due,
    Resumed: _take_resumed,
    Restarted: _take_restarted,
    Priced: take_priced,
    TimeCame: _take_time,
    SignAnswered: take_sign_answer,
    SendAnswered: take_send_answer,
    CallLooked: take_call_looked,
    WalletDue: take_wallet_due,
    OffersRead: take_offers_read,
    CoinRead: take_coin,
    Command: take_command,
}
