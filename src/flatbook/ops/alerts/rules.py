"""The alerts there are, each with its severity, its bound and what to do, and which of them stand now.

What the engine raises is told as it stands in the journal. The others are seen from the same fold by who watches it,
so that they are also told when the engine is the one that failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum

import msgspec

from flatbook.events.control import AlertName, HaltCause, Severity
from flatbook.state.desk import State
from flatbook.state.halts import Halt
from flatbook.state.positions import Net, NetKey
from flatbook.values.ids import SourceId
from flatbook.values.instants import Instant, seconds_between
from flatbook.values.money import plain


class Watched(Enum):
    """The alerts that no engine raises: they are seen by who watches it."""

    HALTED = "halted"
    UNHEDGED = "unhedged"
    CHECKPOINT_OLD = "checkpoint_old"
    CHANNEL_SILENT = "channel_silent"
    ENGINE_GONE = "engine_gone"


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """From which net on a hedge is due. Units: shares; USD at the price of the newest fill. None: not by this one."""

    shares: Decimal | None = None
    usd: Decimal | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of the rules, as they are configured.

    Units: seconds. `nets` are those that must be flat; `chains` the sources whose reading must progress.
    """

    nets: Mapping[NetKey, Threshold]
    chains: tuple[SourceId, ...]
    unknown_s: int
    unhedged_s: int
    checkpoint_s: int
    gone_s: int
    silent_s: int
    renew_critical_s: int
    renew_warning_s: int
    recover_s: int


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen beside the journal: when each chain was last read on, whether an engine is there, what is silent.

    `gone_since` says since when no engine answers although none said that it stopped; `silent` which channels
    deliver nothing, since when and why.
    """

    read_at: Mapping[SourceId, Instant] = {}
    gone_since: Instant | None = None
    silent: Mapping[str, tuple[Instant, str]] = {}


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What is fixed of an alert: how urgent, and what to do first. `severity` is None where the engine says it."""

    name: str
    severity: Severity | None
    do: str

    @property
    def anchor(self) -> str:
        """Where the runbook speaks of it."""
        return f"docs/runbook.md#{self.name}"


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stands now and needs a person, be it long enough or not.

    `since` is None where nobody noted when it began.
    """

    name: str
    subject: str
    severity: Severity
    detail: str
    since: Instant | None = None

    @property
    def key(self) -> str:
        """What makes it the same alert the next time it is seen."""
        return f"{self.name} {self.subject}"


_DO = {
    AlertName.EXPOSURE_HELD: "flatbook status says why; mend the cause, or flatbook flatten if it must not wait",
    AlertName.ORDER_UNKNOWN: "place nothing by hand; when the venue shows it: flatbook order recheck ORDER_ID",
    AlertName.INTENT_REFUSED: "see which limit it breaks: flatbook orders; change the limit or the cause",
    AlertName.ORDER_REJECTED: "flatbook why ORDER_ID shows the venue's words; remove the cause when it repeats",
    AlertName.ORDER_OVERFILLED: "tell the venue, with the executions that flatbook why shows",
    AlertName.REPORT_REFUSED: "compare with the venue's screen; flatbook reconcile, then flatbook lift the halt",
    AlertName.FOREIGN_ACTIVITY: "find out who traded; if nobody did, revoke the key first",
    AlertName.FILL_SKIPPED: "compare with the chain, then flatbook fill release",
    AlertName.FILL_REVERSED: "nothing; if it repeats read the chain further from its head",
    AlertName.LOG_UNPARSED: "look at the transaction; if it was a fill: flatbook position overwrite",
    AlertName.BOOKS_DIVERGED: "find the missing trade, then flatbook reconcile; the venue may be right",
    AlertName.RESIDUE_LIMIT: "flatbook positions shows the nets; see why the large ones wait",
    AlertName.MARK_DEPEGGED: "check the number; if it is true take down the offers",
    AlertName.FILL_UNVALUED: "bring the ratio of its block; it is hedged by itself then",
    AlertName.INPUT_POISONED: "keep the log and flatbook events export, and update",
    AlertName.WAKE_MISSED: "keep flatbook events export, and update",
    AlertName.CHAIN_UNREAD: "replace the node that is wrong",
    AlertName.CLOCK_SKEWED: "set the clock of this machine; the halt ends when both clocks agree",
    AlertName.CALL_REFUSED: "flatbook why CALL_ID says what refused it; put that right",
    AlertName.CALL_REVERTED: "put right what the contract refused, then give the command again",
    AlertName.CALL_STUCK: "look at the gas price and the nodes; it is replaced by one that pays more",
    AlertName.CALL_DISPLACED: "find out who else signs with this wallet",
    AlertName.WALLET_SHARED: "find out who else signs with this wallet; if nobody should, move what it holds",
    AlertName.FORCED_REDUCTION: "look at the margin of the account; flatbook positions shows what is left",
    AlertName.RISK_RAISED: "nothing: it ends when the markets are calm; flatbook halt stops the other side too",
    AlertName.BREAKER_TRIPPED: "see why it lost: flatbook pnl; then flatbook lift HALT_ID --reason, which counts anew",
    AlertName.BOOKS_CORRECTED: "find out why: flatbook why shows both numbers; it stands in suspense until explained",
    AlertName.CANCEL_UNPROVEN: "look at the venue's own screen and cancel there what still rests on that side",
    AlertName.GAS_LOW: "send some of the coin to the wallet",
    AlertName.LOGIN_ENDING: "log in again: flatbook auth schwab",
    AlertName.LOGIN_OVER: "log in again: flatbook auth schwab; no hedge can be sent there meanwhile",
    AlertName.RATIO_JUMPED: "find out why; flatbook action end ID puts offers back",
    AlertName.VENUE_SILENT: "mend the connection or the credentials; flatbook doctor",
    AlertName.MARKET_UNSEEN: "look at the network and the symbol: the text names the host that should tell it",
    AlertName.STOCK_HALTED: "look at the broker what it does not trade; new risk there waits, and lifts by itself",
    AlertName.HOURS_DIFFER: "compare the exchange's calendar; the earlier close holds until both agree",
    AlertName.ACTIVITY_UNKNOWN: "flatbook export activities; find out what the broker booked, it stands in suspense",
}

_WATCHED = (
    Rule(name="halted", severity=None, do="find the alert behind it; then flatbook lift HALT_ID --reason"),
    Rule(
        name="unhedged",
        severity=Severity.CRITICAL,
        do="flatbook status and flatbook orders say what it waits for; if nothing: flatbook flatten",
    ),
    Rule(
        name="checkpoint_old",
        severity=Severity.CRITICAL,
        do="fills are not seen: look at the nodes of the chain and at the engine's log",
    ),
    Rule(name="channel_silent", severity=Severity.CRITICAL, do="flatbook alerts test says what its server answers"),
    Rule(
        name="engine_gone",
        severity=Severity.CRITICAL,
        do="flatbook run starts it again: it asks before it sends; the last line of its log says why it ended",
    ),
)

RULES: Mapping[str, Rule] = {rule.name: rule for rule in _WATCHED} | {
    name.value: Rule(name=name.value, severity=None, do=_DO[name]) for name in AlertName
}


def conditions(state: State, seen: Seen, terms: Terms, now: Instant) -> tuple[Condition, ...]:
    """Returns what stands at an instant and needs a person, in the order of the rules."""
    return (
        *_of_engine(state),
        *_of_halts(state),
        *_unhedged(state, terms),
        *_old_checkpoints(state, seen, terms, now),
        *_silent_channels(seen),
        *_gone(state, seen),
    )


def bound_s(name: str, terms: Terms) -> int:
    """Returns how long a condition must stand before it is told."""
    bounds = {
        AlertName.ORDER_UNKNOWN.value: terms.unknown_s,
        Watched.UNHEDGED.value: terms.unhedged_s,
        Watched.CHECKPOINT_OLD.value: terms.checkpoint_s,
        Watched.CHANNEL_SILENT.value: terms.silent_s,
        Watched.ENGINE_GONE.value: terms.gone_s,
    }
    return bounds.get(name, 0)


def _of_engine(state: State) -> Iterator[Condition]:
    for (name, subject), alert in state.alerts.items():
        yield Condition(
            name=name.value, subject=subject, severity=alert.severity, detail=alert.detail, since=alert.raised_at
        )


def _of_halts(state: State) -> Iterator[Condition]:
    for halt in state.halts.values():
        by_hand = halt.cause in (HaltCause.OPERATOR, HaltCause.KILLED)
        yield Condition(
            name=Watched.HALTED.value,
            subject=halt.halt_id,
            severity=Severity.WARNING if by_hand else Severity.CRITICAL,
            detail=_halt_text(halt),
            since=halt.halted_at,
        )


def _halt_text(halt: Halt) -> str:
    where = f"{halt.scope.value} {halt.target}".strip()
    return f"no new orders for {where}: {halt.cause.value}, {halt.reason}"


def _unhedged(state: State, terms: Terms) -> Iterator[Condition]:
    """Yields the nets at or above their threshold for which the engine itself gives no reason."""
    for key, threshold in terms.nets.items():
        net = state.positions.nets.get(key)
        subject = f"{key[0]}:{key[1]}"
        if net is None or not _is_due(net, threshold) or (AlertName.EXPOSURE_HELD, subject) in state.alerts:
            continue
        hold = state.holds.get(key)
        why = hold.value if hold is not None else "no reason is given"
        worth = f" ({plain(abs(net.known) * net.last_price)} USD)" if net.last_price is not None else ""
        yield Condition(
            name=Watched.UNHEDGED.value,
            subject=subject,
            severity=Severity.CRITICAL,
            detail=f"{plain(net.known)} {key[1]}{worth} is not hedged: {why}",
        )


def _is_due(net: Net, threshold: Threshold) -> bool:
    size = abs(net.known)
    if not size:
        return False
    by_shares = threshold.shares is not None and size >= threshold.shares
    worth = None if net.last_price is None else size * net.last_price
    by_usd = threshold.usd is not None and (worth is None or worth >= threshold.usd)
    return by_shares or by_usd


def _old_checkpoints(state: State, seen: Seen, terms: Terms, now: Instant) -> Iterator[Condition]:
    """Yields the chains that were not read on for long; none of an engine that said that it stopped."""
    if state.stopped or not state.epoch:
        return
    for source in terms.chains:
        read_at = seen.read_at.get(source)
        age_s = 0 if read_at is None else seconds_between(read_at, now)
        if read_at is not None and age_s >= terms.checkpoint_s:
            yield Condition(
                name=Watched.CHECKPOINT_OLD.value,
                subject=source,
                severity=Severity.CRITICAL,
                detail=f"nothing was read of {source} for {age_s} s; it stands at {state.cursors.get(source, 'none')}",
                since=read_at,
            )


def _silent_channels(seen: Seen) -> Iterator[Condition]:
    for name, (since, why) in seen.silent.items():
        yield Condition(
            name=Watched.CHANNEL_SILENT.value,
            subject=name,
            severity=Severity.CRITICAL,
            detail=f"the channel {name} delivers no alert: {why}",
            since=since,
        )


def _gone(state: State, seen: Seen) -> Iterator[Condition]:
    if seen.gone_since is not None and state.epoch and not state.stopped:
        yield Condition(
            name=Watched.ENGINE_GONE.value,
            subject="engine",
            severity=Severity.CRITICAL,
            detail=f"the engine ended without saying so; {len(state.open_orders)} orders may still execute",
            since=seen.gone_since,
        )
