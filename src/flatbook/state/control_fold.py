"""How events of the engine and of operators change the state of a desk."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from flatbook.events import control
from flatbook.events.actions import CorporateActionStated, FreezeEnded, RatioJumped
from flatbook.events.activities import AccountActivityBooked, ActivityKind
from flatbook.events.funds import FundsStated
from flatbook.events.refs import halt_id_of_command
from flatbook.events.risk import BooksDoubted, BreakerArmed, RiskLimitSet
from flatbook.state.breakers import BreakerBook, reset_breaker
from flatbook.state.desk import (
    ACTIVITIES_KEPT_MAX,
    ALERTS_KEPT_MAX,
    COMMANDS_KEPT_MAX,
    HALTS_ASKED_MAX,
    Alert,
    KnownFunds,
    State,
    forget_oldest,
)
from flatbook.state.freezes import freeze_of_action, freeze_of_jump
from flatbook.state.halts import Halt, HaltAsked
from flatbook.values.ids import EventRef, InstrumentId, OwnerId, digest_text
from flatbook.values.money import NUMBER_DECIMALS_MAX, ONE, ZERO, Money, Quantity, divide_cut

_HALTING = ("halt", "kill")


def fold_started(state: State, event: control.EngineStarted) -> None:
    """Notes the epoch and mode of a start."""
    state.epoch, state.mode = event.epoch, event.mode
    state.stopped = state.draining = False


def fold_stopped(state: State, _event: control.EngineStopped) -> None:
    """Notes a stop in good order."""
    state.stopped = True


def fold_command(state: State, event: control.CommandAccepted) -> None:
    """Remembers the key of a command, so that a repetition is answered and not done again, and who wanted a halt."""
    state.commands[event.key] = command_digest(event.verb, event.arguments)
    forget_oldest(state.commands, COMMANDS_KEPT_MAX)
    if event.verb in _HALTING:
        _note_asked(state, event)


def _note_asked(state: State, event: control.CommandAccepted) -> None:
    """Keeps who wanted a halt and why until it is lifted: the first one and the newest, at most HALTS_ASKED_MAX."""
    halt_id = halt_id_of_command(event.verb, event.arguments)
    if halt_id is not None:
        asked = HaltAsked(actor=event.actor, reason=event.reason, asked_at=event.accepted_at)
        known = state.halts_asked.get(halt_id, ())
        kept = known if len(known) < HALTS_ASKED_MAX else (known[0], *known[2:])
        state.halts_asked[halt_id] = (*kept, asked)


def command_digest(verb: str, arguments: Mapping[str, str]) -> str:
    """Returns a text that is the same for the same command whoever gives it, and another one for any other command."""
    return digest_text(verb, *(part for name in sorted(arguments) for part in (name, arguments[name])))


def fold_halted(state: State, event: control.TradingHalted) -> None:
    """Sets a halt."""
    state.halts[event.halt_id] = Halt(
        halt_id=event.halt_id,
        scope=event.scope,
        target=event.target,
        cause=event.cause,
        reason=event.reason,
        halted_at=event.halted_at,
    )


def fold_lifted(state: State, event: control.TradingLifted) -> None:
    """Takes a halt back. That of a breaker is lifted by a person, and its counts begin anew."""
    halt = state.halts.pop(event.halt_id, None)
    state.halts_asked.pop(event.halt_id, None)
    if halt is not None and halt.cause is control.HaltCause.BREAKER:
        book = state.breakers.get(OwnerId(halt.target))
        if book is not None:
            reset_breaker(book)


def fold_limit(state: State, event: RiskLimitSet) -> None:
    """Notes how tight an operator wants a limit, or that it is as configured again."""
    if event.to is None:
        state.limits.pop(event.name, None)
    else:
        state.limits[event.name] = event.to


def fold_armed(state: State, event: BreakerArmed) -> None:
    """Gives an owner its breaker, or takes it; limits that change leave what is counted."""
    if event.losses_max is None and event.drawdown_usd_max is None:
        state.breakers.pop(event.owner, None)
        return
    book = state.breakers.get(event.owner)
    if book is None:
        state.breakers[event.owner] = BreakerBook(losses_max=event.losses_max, drawdown_usd_max=event.drawdown_usd_max)
    else:
        book.losses_max, book.drawdown_usd_max = event.losses_max, event.drawdown_usd_max


def fold_held(state: State, event: control.HedgeHeld) -> None:
    """Keeps, or ends, the strategy's note of why an exposure stays open."""
    key = (event.owner, event.underlying)
    if event.reason is None:
        state.holds.pop(key, None)
    else:
        state.holds[key] = event.reason


def fold_flatten(state: State, event: control.FlattenIntended) -> None:
    """Puts a net into flattening."""
    net = state.positions.kept_net(event.owner, event.underlying)
    net.flattening = True
    net.cause = EventRef(f"flatten:{event.owner}:{event.underlying}:{event.decided_at}")


def fold_flattened(state: State, event: control.FlattenEnded) -> None:
    """Ends a flatten."""
    state.positions.kept_net(event.owner, event.underlying).flattening = False


def fold_drain(state: State, _event: control.DrainIntended) -> None:
    """Notes that the engine shall finish hedges and stop."""
    state.draining = True


def fold_mark(state: State, event: control.MarkSet) -> None:
    """Sets the value of an asset in USD."""
    state.marks[event.asset] = event.usd
    state.positions.mark_owed(event.asset, event.usd)


def fold_diverged(state: State, event: control.BooksDiverged) -> None:
    """Keeps a difference between our books and a venue."""
    state.divergences[event.account, event.subject] = (event.ours, event.theirs)
    state.doubts.pop((event.account, event.subject), None)


def fold_agreed(state: State, event: control.BooksAgreed) -> None:
    """Drops a difference that is gone, and the doubt that was before it; a correction is proven by it."""
    key = (event.account, event.subject)
    state.divergences.pop(key, None)
    state.doubts.pop(key, None)
    corrected = state.corrected.get(key)
    if corrected is not None and corrected.unproven:
        state.corrected[key] = msgspec.structs.replace(corrected, unproven=False)


def fold_doubted(state: State, event: BooksDoubted) -> None:
    """Keeps what a statement differed by, until the next one."""
    state.doubts[event.account, event.subject] = event.difference


def fold_overwritten(state: State, event: control.PositionOverwritten) -> None:
    """Sets a position to what an operator states."""
    key = (event.owner, event.account, event.instrument)
    row = state.positions.rows.get(key)
    size = event.contract_size
    if size is None:
        size = row.contract_size if row is not None else ONE
    net = state.positions.move(key, event.underlying, Quantity(event.after - event.before), size)
    net.cause = EventRef(f"overwritten:{event.account}:{event.instrument}:{event.underlying}:{event.decided_at}")
    if event.price is not None:
        net.last_price, net.last_price_at = event.price, event.decided_at


def fold_balance(state: State, event: control.BalanceStated) -> None:
    """Adds an opening or externally changed balance."""
    state.add_balance(event.account, event.asset, event.change, event.stated_at)
    state.opened.setdefault(event.account, event.stated_at)
    _enter_stated(state, event)


def _enter_stated(state: State, event: control.BalanceStated) -> None:
    """Makes what an account holds in margin as many contracts as was stated, each entered at what they were before."""
    key = (event.account, InstrumentId(event.asset))
    entry = state.entries.get(key)
    if entry is None or not entry.qty:
        return
    rows = state.positions.rows.values()
    size = next((row.contract_size for row in rows if (row.account, row.instrument) == key), ONE)
    after = Quantity(entry.qty + divide_cut(event.change, size, decimals=NUMBER_DECIMALS_MAX))
    if not after:
        del state.entries[key]
        return
    entry.cost = Money(divide_cut(entry.cost * after, entry.qty, decimals=NUMBER_DECIMALS_MAX))
    entry.qty = after


def fold_activity(state: State, event: AccountActivityBooked) -> None:
    """Moves the balance by what a venue booked, and remembers what it was."""
    if event.amount:
        state.add_balance(event.account, event.asset, event.amount, event.happened_at)
        if state.breakers:
            _count_paid(state, event)
    state.activities[event.account, event.activity_id] = None
    forget_oldest(state.activities, ACTIVITIES_KEPT_MAX)


def _count_paid(state: State, event: AccountActivityBooked) -> None:
    """Counts funding and fees of an owner in its breaker; a charge that has no mark leaves it without a value."""
    book, mark = state.breakers.get(event.owner), state.mark(event.asset)
    if book is None or event.kind not in (ActivityKind.FUNDING, ActivityKind.FEE):
        return
    if mark is not None:
        book.paid_usd += event.amount * mark
    elif event.amount < ZERO:
        book.unvalued = True


def fold_funds(state: State, event: FundsStated) -> None:
    """Keeps what an account may spend and borrow."""
    state.funds[event.account] = KnownFunds(
        asset=event.asset,
        settled=event.settled,
        instant=event.instant,
        good_faith=event.good_faith,
        borrowable=event.borrowable,
        stated_at=event.stated_at,
    )


def fold_action(state: State, event: CorporateActionStated) -> None:
    """Keeps the freeze of a corporate action."""
    state.freezes.by_id[event.action_id] = freeze_of_action(event)


def fold_jump(state: State, event: RatioJumped) -> None:
    """Keeps the freeze of a wrapper that jumped, and measures from its new ratio."""
    state.freezes.by_id[event.action_id] = freeze_of_jump(event)
    state.freezes.ratios[event.token] = (event.seen_at, event.after)


def fold_thaw(state: State, event: FreezeEnded) -> None:
    """Ends a freeze."""
    state.freezes.by_id.pop(event.action_id, None)


def fold_alert(state: State, event: control.AlertRaised) -> None:
    """Keeps an alert until it is cleared."""
    state.alerts[event.name, event.subject] = Alert(
        raised_at=event.raised_at, severity=event.severity, detail=event.detail
    )
    forget_oldest(state.alerts, ALERTS_KEPT_MAX)


def fold_alert_cleared(state: State, event: control.AlertCleared) -> None:
    """Drops an alert."""
    state.alerts.pop((event.name, event.subject), None)
