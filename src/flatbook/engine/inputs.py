"""What the loop takes: answers, reports, chain reads, statements, commands and wakes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from flatbook.engine.call_reports import CoinSight, LookAnswer, SendAnswer, SignAnswer
from flatbook.engine.offer_reports import OffersSight
from flatbook.engine.ports import ChainRead
from flatbook.engine.reports import (
    AccountStatement,
    Activity,
    CancelAnswer,
    Execution,
    ExecutionLine,
    FindAnswer,
    OrderReport,
    PlaceAnswer,
)
from flatbook.events.prices import FillPriced
from flatbook.state.calls import WalletKey
from flatbook.state.positions import NetKey
from flatbook.values.ids import AccountId, CallId, InstrumentId, OrderId
from flatbook.values.instants import Instant
from flatbook.values.instruments import Side


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of all inputs made by the engine's own shell."""


class PlaceAnswered(Input, frozen=True, kw_only=True):
    """A venue answered, or did not answer, the placing of an order."""

    order_id: OrderId
    attempt: int
    answer: PlaceAnswer


class CancelAnswered(Input, frozen=True, kw_only=True):
    """A venue answered, or did not answer, a cancel."""

    order_id: OrderId
    attempt: int
    answer: CancelAnswer


class FindAnswered(Input, frozen=True, kw_only=True):
    """A venue answered the question for an order. `asked_at` was taken before the question left.

    `statement` was read after the question, where the venue's id rule needs more than one witness for absence.
    """

    order_id: OrderId
    asked_at: Instant
    answer: FindAnswer
    statement: AccountStatement | None = None


class ExecutionsRead(Input, frozen=True, kw_only=True):
    """Executions of an account, from a poll (with the cursor that follows) or a stream (without).

    `since` is the cursor that a poll read from. Polls overtake each other: one that read from another cursor than the
    one that stands by then moves it no more.
    """

    account: AccountId
    executions: tuple[ExecutionLine, ...]
    cursor: str | None
    since: str | None = None


class OrderReported(Input, frozen=True, kw_only=True):
    """A venue reported the state of an order on its own."""

    account: AccountId
    report: OrderReport


class ReadBefore(msgspec.Struct, frozen=True, kw_only=True):
    """The executions that polls read of an account that is not opened yet.

    `held` came until the earlier of two statements was read, all that its venue still lists; `since` came after that.
    """

    held: tuple[Execution, ...]
    since: tuple[Execution, ...]


class Stated(Input, frozen=True, kw_only=True):
    """An account statement to reconcile with; `earlier` is the one before it, where the account is to be opened.

    `read` is what was read until then of an account that is to be opened, None where nobody noted it.
    """

    statement: AccountStatement
    earlier: AccountStatement | None = None
    read: ReadBefore | None = None


class AccountSilent(Input, frozen=True, kw_only=True):
    """An account has not been read completely since an instant, for longer than it may be."""

    account: AccountId
    since: Instant


class LoginSeen(Input, frozen=True, kw_only=True):
    """Until when the login of an account lasts, None where nobody is logged in."""

    account: AccountId
    ends_at: Instant | None


class MarketSight(Input, frozen=True, kw_only=True):
    """Whether the market of an instrument can be seen, as it has been for long: `why` its book must not be read.

    `host` is who should tell it.
    """

    instrument: InstrumentId
    host: str
    why: str | None


class ActivitySeen(Input, frozen=True, kw_only=True):
    """A venue told of money that it booked on an account, apart from a statement."""

    account: AccountId
    activity: Activity


class Woken(Input, frozen=True, kw_only=True):
    """An observation or an instant that a strategy waits for has come."""

    key: NetKey


class Scanned(Input, frozen=True, kw_only=True):
    """A net is asked although nothing woke it, as a safety net. `woken` says that its wake is on its way already."""

    key: NetKey
    woken: bool = False


class RiskDue(Input, frozen=True, kw_only=True):
    """A monitor is to look: what it sees has changed, or a proof is late.

    `calm` are the sides that are stopped and on which it has found the market calm for long enough.
    """

    monitor: str
    calm: tuple[Side, ...] = ()


class Resumed(Input, frozen=True, kw_only=True):
    """Recovery is over for a net: its strategy is asked for the first time."""

    key: NetKey


class Restarted(Input, frozen=True, kw_only=True):
    """An engine folded the journal: every intent without an outcome becomes unknown."""


class Priced(Input, frozen=True, kw_only=True):
    """An oracle's price of a fill was read, some time after the fill."""

    event: FillPriced


class TimeCame(Input, frozen=True, kw_only=True):
    """An instant that nothing else brings has come, such as the end of a wait for an unknown order."""


class SignAnswered(Input, frozen=True, kw_only=True):
    """A wallet signed, or did not sign, one attempt of a call. `nonce_floor` is what it was asked with."""

    call_id: CallId
    attempt: int
    nonce_floor: int
    answer: SignAnswer


class SendAnswered(Input, frozen=True, kw_only=True):
    """The nodes answered, or did not answer, the sending of one attempt of a call."""

    call_id: CallId
    attempt: int
    answer: SendAnswer


class CallLooked(Input, frozen=True, kw_only=True):
    """The nodes were asked for a call. `misses` counts the questions in a row, this one too, that found nothing."""

    call_id: CallId
    answer: LookAnswer
    misses: int


class WalletDue(Input, frozen=True, kw_only=True):
    """It is time to look after the open calls of a wallet."""

    wallet: WalletKey


class OffersRead(Input, frozen=True, kw_only=True):
    """Nodes said what orders of ours offer."""

    sight: OffersSight


class CoinRead(Input, frozen=True, kw_only=True):
    """What a wallet holds of its chain's coin was read."""

    wallet: WalletKey
    sight: CoinSight


class Verb(Enum):
    """What an operator can command."""

    HALT = "halt"
    LIFT = "lift"
    FLATTEN = "flatten"
    KILL = "kill"
    DRAIN = "drain"
    RECONCILE = "reconcile"
    ORDER_RECHECK = "order_recheck"
    ORDER_CANCEL = "order_cancel"
    ORDER_PLACE = "order_place"
    HEDGE_NOW = "hedge_now"
    LIMIT_SET = "limit_set"
    FILL_RELEASE = "fill_release"
    POSITION_OVERWRITE = "position_overwrite"
    POSITION_ASSIGN = "position_assign"
    ACCOUNT_ACCEPT_STATEMENT = "account_accept_statement"
    VAULT_MOVE = "vault_move"
    ACTION_STATE = "action_state"
    ACTION_END = "action_end"
    CALL_TAKE_BACK = "call_take_back"
    CHAOS = "chaos"
    STOP_FREE = "stop_free"
    RECONNECT = "reconnect"


STOPPING = (Verb.HALT, Verb.KILL, Verb.ORDER_CANCEL)

TOLD: Mapping[Verb, tuple[str, ...]] = {
    Verb.HALT: ("scope", "target"),
    Verb.LIFT: ("halt_id",),
    Verb.FLATTEN: ("owner", "underlying"),
    Verb.KILL: ("account",),
    Verb.DRAIN: (),
    Verb.RECONCILE: (),
    Verb.ORDER_RECHECK: ("order_id",),
    Verb.ORDER_CANCEL: ("order_id",),
    Verb.ORDER_PLACE: ("owner", "underlying", "side", "qty", "limit", "account", "good_s"),
    Verb.HEDGE_NOW: ("owner", "underlying"),
    Verb.LIMIT_SET: ("name", "to"),
    Verb.FILL_RELEASE: ("chain", "tx", "log_index", "hedge"),
    Verb.POSITION_OVERWRITE: (
        "owner",
        "account",
        "instrument",
        "underlying",
        "qty",
        "expected",
        "expected_net",
        "price",
    ),
    Verb.POSITION_ASSIGN: ("owner", "account", "instrument"),
    Verb.ACCOUNT_ACCEPT_STATEMENT: ("account",),
    Verb.VAULT_MOVE: ("move", "account", "asset", "amount"),
    Verb.ACTION_STATE: ("underlying", "kind", "effective_at"),
    Verb.ACTION_END: ("action_id",),
    Verb.CALL_TAKE_BACK: ("call_id",),
    Verb.CHAOS: ("fault", "account", "count", "seconds", "depth"),
    Verb.STOP_FREE: ("monitor", "side"),
    Verb.RECONNECT: ("account",),
}
"""What each verb is told: a name beside these is refused, for what it was to narrow would be done in full."""


class Command(Input, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator's command. `key` is the idempotency key: the same key twice is one command.

    `expected` is the version of what was agreed to (`agreed.version_of`), None where nobody looked.
    """

    key: str
    actor: str
    reason: str
    verb: Verb
    arguments: dict[str, str]
    expected: str | None = None


Item = (
    PlaceAnswered
    | CancelAnswered
    | FindAnswered
    | ExecutionsRead
    | OrderReported
    | Stated
    | AccountSilent
    | LoginSeen
    | MarketSight
    | ChainRead
    | ActivitySeen
    | Woken
    | Scanned
    | RiskDue
    | Resumed
    | Restarted
    | Priced
    | TimeCame
    | SignAnswered
    | SendAnswered
    | CallLooked
    | WalletDue
    | OffersRead
    | CoinRead
    | Command
)
