"""Events of the engine itself and of its operators: starts, commands, halts, marks, differences and alerts."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

from flatbook.events.event import Event
from flatbook.values.ids import AccountId, AssetId, Epoch, EventRef, HaltId, InstrumentId, OwnerId, Underlying
from flatbook.values.instants import Instant
from flatbook.values.money import Price, Quantity


class Mode(Enum):
    """Whether orders reach a real venue."""

    OBSERVE = "observe"
    PAPER = "paper"
    LIVE = "live"


class HaltScope(Enum):
    """What a halt stops."""

    ALL = "all"
    OWNER = "owner"
    VENUE = "venue"
    INSTRUMENT = "instrument"


class HaltCause(Enum):
    """Why new risk is stopped."""

    OPERATOR = "operator"
    REPORT_REFUSED = "report_refused"
    FOREIGN_FILL = "foreign_fill"
    DIVERGED = "diverged"
    CLOCK_SKEWED = "clock_skewed"
    NOT_TRADABLE = "not_tradable"
    LOGIN_OVER = "login_over"
    BREAKER = "breaker"
    KILLED = "killed"
    INVARIANT = "invariant"


class HoldReason(Enum):
    """Why an exposure above its threshold is not being hedged right now."""

    NO_MARKET = "no_market"
    STALE_QUOTE = "stale_quote"
    SESSION_CLOSED = "session_closed"
    CLOSE_TOO_NEAR = "close_too_near"
    BELOW_LOT = "below_lot"
    CAPACITY = "capacity"
    HALTED = "halted"
    RETRY_LATER = "retry_later"
    SECOND_SOURCE_DIFFERS = "second_source_differs"
    ORDER_CAP = "order_cap"
    NO_MARK = "no_mark"


class Severity(Enum):
    """How urgent an alert is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertName(Enum):
    """The alerts the engine raises; each has an anchor in docs/runbook.md."""

    EXPOSURE_HELD = "exposure_held"
    ORDER_UNKNOWN = "order_unknown"
    INTENT_REFUSED = "intent_refused"
    ORDER_REJECTED = "order_rejected"
    ORDER_OVERFILLED = "order_overfilled"
    REPORT_REFUSED = "report_refused"
    FOREIGN_ACTIVITY = "foreign_activity"
    FILL_SKIPPED = "fill_skipped"
    FILL_REVERSED = "fill_reversed"
    LOG_UNPARSED = "log_unparsed"
    BOOKS_DIVERGED = "books_diverged"
    RESIDUE_LIMIT = "residue_limit"
    MARK_DEPEGGED = "mark_depegged"
    FILL_UNVALUED = "fill_unvalued"
    INPUT_POISONED = "input_poisoned"
    WAKE_MISSED = "wake_missed"
    CHAIN_UNREAD = "chain_unread"
    VENUE_SILENT = "venue_silent"
    RATIO_JUMPED = "ratio_jumped"
    CLOCK_SKEWED = "clock_skewed"
    ACTIVITY_UNKNOWN = "activity_unknown"
    HOURS_DIFFER = "hours_differ"
    STOCK_HALTED = "stock_halted"
    LOGIN_ENDING = "login_ending"
    LOGIN_OVER = "login_over"
    CALL_REFUSED = "call_refused"
    CALL_REVERTED = "call_reverted"
    CALL_STUCK = "call_stuck"
    CALL_DISPLACED = "call_displaced"
    WALLET_SHARED = "wallet_shared"
    GAS_LOW = "gas_low"
    FORCED_REDUCTION = "forced_reduction"
    RISK_RAISED = "risk_raised"
    BOOKS_CORRECTED = "books_corrected"
    BREAKER_TRIPPED = "breaker_tripped"
    CANCEL_UNPROVEN = "cancel_unproven"
    MARKET_UNSEEN = "market_unseen"


class EngineStarted(Event, frozen=True, kw_only=True, tag="engine_started"):
    """An engine took the lease of the journal and raised the epoch."""

    epoch: Epoch
    mode: Mode
    version: str
    config_digest: str
    started_at: Instant


class EngineStopped(Event, frozen=True, kw_only=True, tag="engine_stopped"):
    """The engine ended in good order."""

    reason: str
    stopped_at: Instant


class CommandAccepted(Event, frozen=True, kw_only=True, tag="command_accepted"):
    """An operator's command was taken; what it changed follows as events of their own."""

    key: str
    actor: str
    verb: str
    reason: str
    arguments: dict[str, str]
    accepted_at: Instant


class CommandRefused(Event, frozen=True, kw_only=True, tag="command_refused_v2"):
    """An operator's command was not carried out.

    `reason` and `arguments` are those that were given, cut to what a command may have; None where nobody knows them.
    """

    key: str
    actor: str
    verb: str
    reason: str | None
    arguments: dict[str, str] | None
    why: str
    refused_at: Instant


class TradingHalted(Event, frozen=True, kw_only=True, tag="trading_halted"):
    """New risk is stopped for a scope; exits and cancels still pass."""

    halt_id: HaltId
    scope: HaltScope
    target: str
    cause: HaltCause
    reason: str
    halted_at: Instant


class TradingLifted(Event, frozen=True, kw_only=True, tag="trading_lifted"):
    """One halt was taken back by its id."""

    halt_id: HaltId
    reason: str
    lifted_at: Instant


class HedgeHeld(Event, frozen=True, kw_only=True, tag="hedge_held"):
    """A note of the hedge strategy: an exposure stays open, and why. `None` ends the note.

    Units: net in shares, signed.
    """

    owner: OwnerId
    underlying: Underlying
    reason: HoldReason | None
    net: Quantity
    decided_at: Instant


class FlattenIntended(Event, frozen=True, kw_only=True, tag="flatten_intended"):
    """An operator wants the net of an underlying brought to zero at the market, whatever its threshold."""

    owner: OwnerId
    underlying: Underlying
    reason: str
    decided_at: Instant


class FlattenEnded(Event, frozen=True, kw_only=True, tag="flatten_ended"):
    """A flatten is over: what is left of the net is below what the broker can trade, or the operator lifted it.

    Units: net in shares, signed.
    """

    owner: OwnerId
    underlying: Underlying
    net: Quantity
    decided_at: Instant


class DrainIntended(Event, frozen=True, kw_only=True, tag="drain_intended"):
    """An operator wants hedges finished and the engine stopped; nothing more is read from chains."""

    reason: str
    decided_at: Instant


class MarkSet(Event, frozen=True, kw_only=True, tag="mark_set"):
    """The value of an asset in USD.

    Units: usd per one unit of the asset.
    """

    asset: AssetId
    usd: Price
    source: str
    marked_at: Instant


class BooksDiverged(Event, frozen=True, kw_only=True, tag="books_diverged"):
    """Our books and a venue's statement differ; nothing is corrected in silence.

    Units: ours and theirs in units of the subject: an instrument's signed quantity, or an asset's balance.
    """

    account: AccountId
    subject: str
    instrument: InstrumentId | None
    ours: Quantity
    theirs: Quantity
    stated_at: Instant
    seen_at: Instant


class BooksAgreed(Event, frozen=True, kw_only=True, tag="books_agreed"):
    """A difference found earlier is gone."""

    account: AccountId
    subject: str
    seen_at: Instant


class PositionOverwritten(Event, frozen=True, kw_only=True, tag="position_overwritten_v2"):
    """An operator stated a position; the difference goes to the suspense account until explained.

    Units: before and after in base (contracts) or shares, signed; contract_size in base per contract, None where it was
    not noted: then that of what was held there before counts, and one without such; price in quote per base, None when
    after is zero.
    """

    owner: OwnerId
    account: AccountId
    instrument: InstrumentId
    underlying: Underlying
    before: Quantity
    after: Quantity
    contract_size: Decimal | None
    price: Price | None
    reason: str
    decided_at: Instant


STATEMENT_ACCEPTED = "statement_accepted"


class BalanceStated(Event, frozen=True, kw_only=True, tag="balance_stated"):
    """An opening or externally changed balance of an account, as the venue or an operator states it.

    Units: change in units of the asset, signed. `reason` is STATEMENT_ACCEPTED where an operator took a statement for
    the truth; the difference then goes to the suspense account until explained.
    """

    account: AccountId
    asset: AssetId
    change: Quantity
    reason: str
    stated_at: Instant


class AlertRaised(Event, frozen=True, kw_only=True, tag="alert_raised"):
    """Something needs a person. Raised once per (name, subject) until cleared."""

    name: AlertName
    severity: Severity
    subject: str
    detail: str
    because: EventRef | None
    raised_at: Instant


class AlertCleared(Event, frozen=True, kw_only=True, tag="alert_cleared"):
    """The condition of an alert is gone."""

    name: AlertName
    subject: str
    cleared_at: Instant
