"""What is known of a market: hours that are not ours are told, what is not traded is halted, what is unseen is told."""

from __future__ import annotations

from flatbook.engine.inputs import MarketSight
from flatbook.engine.reports import MarketHours
from flatbook.engine.turn import Turn
from flatbook.events.control import AlertName, HaltCause, HaltScope, Severity, TradingLifted
from flatbook.strategies.decision import Trigger
from flatbook.values.ids import AccountId, InstrumentId, halt_id_of
from flatbook.values.instants import Instant, text_of_instant
from flatbook.values.sessions import CalendarEnded, SessionAbsent, SessionKind, sessions_of

CLOSED = "closed"


def take_hours(turn: Turn, account: AccountId, hours: MarketHours | None) -> None:
    """Tells where a venue states other regular hours of a day than our table; the later close is nobody's."""
    if hours is None:
        return
    ours, theirs = _ours(hours), (hours.opens_at, hours.closes_at)
    if ours == theirs:
        turn.clear(AlertName.HOURS_DIFFER, account)
        return
    detail = f"{hours.trade_date}: ours {_told(*ours)}, theirs {_told(*theirs)}: orders go out in neither's closed time"
    turn.alert(AlertName.HOURS_DIFFER, account, detail, severity=Severity.CRITICAL)


def take_tradability(turn: Turn, account: AccountId, untradable: tuple[InstrumentId, ...] | None) -> None:
    """Halts the instruments of an account that its venue does not trade, or says nothing of, until it does again."""
    if untradable is None:
        return
    for instrument in turn.rules.instruments.values():
        if instrument.account == account:
            _halt_or_lift(turn, instrument.id, is_halted=instrument.id in untradable)


def take_sight(turn: Turn, item: MarketSight) -> None:
    """Tells that the market of an instrument cannot be seen, with who should tell it, until it can."""
    if item.why is None:
        turn.clear(AlertName.MARKET_UNSEEN, item.instrument)
        return
    detail = f"no book of {item.instrument} from {item.host} ({item.why}): what opens there is withdrawn"
    turn.alert(AlertName.MARKET_UNSEEN, item.instrument, detail, severity=Severity.CRITICAL)


def _halt_or_lift(turn: Turn, instrument: InstrumentId, *, is_halted: bool) -> None:
    halt_id = halt_id_of(HaltScope.INSTRUMENT.value, instrument, HaltCause.NOT_TRADABLE.value)
    if is_halted:
        detail = f"{instrument} is not tradable there, or its state is not known"
        turn.alert(AlertName.STOCK_HALTED, instrument, detail, severity=Severity.CRITICAL)
        turn.halt(HaltScope.INSTRUMENT, instrument, HaltCause.NOT_TRADABLE, detail)
    elif halt_id in turn.state.halts:
        turn.clear(AlertName.STOCK_HALTED, instrument)
        turn.book(TradingLifted(halt_id=halt_id, reason="its venue trades it again", lifted_at=turn.now))
        turn.touch_all(Trigger.HALT_CHANGED)


def _ours(hours: MarketHours) -> tuple[Instant | None, Instant | None]:
    try:
        sessions = sessions_of(hours.trade_date)
    except (CalendarEnded, SessionAbsent):
        return None, None
    regular = next((session for session in sessions if session.kind is SessionKind.REGULAR), None)
    return (None, None) if regular is None else (regular.opens_at, regular.closes_at)


def _told(opens_at: Instant | None, closes_at: Instant | None) -> str:
    if opens_at is None or closes_at is None:
        return CLOSED
    return f"{text_of_instant(opens_at)} to {text_of_instant(closes_at)}"
