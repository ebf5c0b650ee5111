"""Is the desk flat, and if not, why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from flatbook.api.answers.holdings import Holdings
from flatbook.api.answers.moment import Answer, AsOf, instant_or_none
from flatbook.api.answers.positions import NetBody, net_fields
from flatbook.api.answers.thresholds import KeptBy, Threshold
from flatbook.api.courtesy import one_by_one
from flatbook.projections.positions import NetLine
from flatbook.state.desk import State
from flatbook.state.orders import Status
from flatbook.state.positions import NetKey
from flatbook.values.instants import Instant, seconds_between, text_of_instant
from flatbook.values.money import ZERO, plain

OpenSince = Callable[[NetKey | None], Instant | None]

RUNBOOK = "docs/runbook.md#{anchor}"


class FlatNetBody(NetBody, frozen=True, kw_only=True):
    """A net, whether it needs nothing, and from what size on it is hedged, in words.

    `kept_by` says who holds it on purpose, None where it is hedged: such a net needs nothing and may be far from zero.

    `open_since` is since when it has been open without a break, None while it is flat; only the API tells it.
    """

    flat: bool
    hedged_from: str | None
    kept_by: KeptBy | None
    open_since: str | msgspec.UnsetType | None = msgspec.UNSET


class OrderCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many orders may still execute, are of unknown fate, lack executions, and are not ours."""

    open: int
    unknown: int
    executions_missing: int
    foreign: int


class HaltAskedBody(msgspec.Struct, frozen=True, kw_only=True):
    """One command that wanted a halt."""

    actor: str
    reason: str
    asked_at: str


class HaltBody(msgspec.Struct, frozen=True, kw_only=True):
    """A halt that stands.

    `reason` is that of what set it; `asked` are the commands that wanted it, the first one and then the newest, none
    where the engine set it by itself. One lift ends it for all of them.
    """

    halt_id: str
    scope: str
    target: str | None
    cause: str
    reason: str
    halted_at: str
    asked: list[HaltAskedBody]


class AlertBody(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that stands, and where it says what to do."""

    name: str
    severity: str
    subject: str
    detail: str
    raised_at: str
    runbook: str


class FreezeBody(msgspec.Struct, frozen=True, kw_only=True):
    """A share of which nothing is offered, over a corporate action."""

    action_id: str
    underlying: str
    since: str
    why: str


class DifferenceBody(msgspec.Struct, frozen=True, kw_only=True):
    """What our books and a venue's statement say of one thing, where they differ."""

    account: str
    subject: str
    ours: str
    theirs: str


class ChainBody(msgspec.Struct, frozen=True, kw_only=True):
    """How far the reading of a chain is behind its head, and what exposure that meant. None where it is not known."""

    source: str
    node: str | None
    tag: str | None
    blocks: int | None
    seconds: int | None
    share_seconds: str | None


class SwitchBody(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of open orders at an account once the desk is gone: `state` is armed, refused or none."""

    account: str
    state: str
    detail: str


class WarmingBody(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument that a monitor does not know yet: so many of its candles are there, and the rest come in so long.

    Until then it speaks neither for nor against a market; one that is not heard of for too long stops both sides.
    """

    monitor: str
    instrument: str
    closed: int
    window: int
    full_in_s: int


class StopBody(msgspec.Struct, frozen=True, kw_only=True):
    """A side that a monitor has stopped: for whom, what was abnormal, and at which accounts orders may still rest."""

    monitor: str
    side: str
    owners: list[str]
    reason: str
    raised_at: str
    unproven: list[str]


class HeldGridBody(msgspec.Struct, frozen=True, kw_only=True):
    """A grid that opens less than it could, and why: `no_book`, `no_profit`, `below_minimum` and the like."""

    owner: str
    instrument: str
    reason: str


class EngineBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal says of the engine and, where one runs, what it says of itself. None where it is not known."""

    running: bool | None
    mode: str | None
    epoch: int
    stopped_in_order: bool
    pid: int | None
    version: str | None
    queued: int | None
    in_flight: int | None
    cancel_only: bool | None
    chains: list[ChainBody]
    switches: list[SwitchBody]
    warming: tuple[WarmingBody, ...] = ()


class StatusAnswer(Answer, frozen=True, kw_only=True):
    """Whether the desk is flat, and what stands in the way.

    `known` is false while the fate of an order is unknown. Units: `open_usd` in USD sums the sizes of the nets that
    have a price, None where something is open and none of it has one; `unvalued` names what it leaves out. `open_since`
    is since when the desk has not been flat, None while it is.
    """

    flat: bool
    known: bool
    thresholds_known: bool
    nets: list[FlatNetBody]
    open_usd: str | None
    unvalued: list[str]
    orders: OrderCounts
    halts: list[HaltBody]
    alerts: list[AlertBody]
    freezes: list[FreezeBody]
    differences: list[DifferenceBody]
    draining: bool
    drain_waits_for: list[str]
    engine: EngineBody
    last_event_age_s: int | None
    stops: tuple[StopBody, ...] = ()
    held_grids: tuple[HeldGridBody, ...] = ()
    open_since: str | msgspec.UnsetType | None = msgspec.UNSET


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine says of itself; `running` is None where the past is asked for, or nobody could ask."""

    running: bool | None = None
    own: dict[str, Any] = msgspec.field(default_factory=dict)


NOT_ASKED = Told()


def status_answer(
    held: Holdings,
    moment: AsOf,
    told: Told = NOT_ASKED,
    age_s: int | None = None,
    since: OpenSince | None = None,
) -> StatusAnswer:
    """Returns how a desk stands. `since` says of what is open since when; without it that is left out of the answer.

    Units: `age_s` in seconds since the newest event was committed.
    """
    state, lines = held.state, held.lines
    nets = [_net(line, held.threshold(line.key), held.intended(line.key), since) for line in one_by_one(lines)]
    quoting = {owner for (owner, _), threshold in (held.stated or {}).items() if threshold.in_slots}
    orders = [state.orders[order_id] for order_id in state.open_orders]
    owed = [order for key in state.owing for order in state.orders_owing(key) if not order.is_open]
    pending = [order for order in orders if order.owner not in quoting or order.status is Status.UNKNOWN]
    unknown = [order for order in orders if order.status is Status.UNKNOWN]
    is_whole_flat = all(net.flat for net in nets) and not pending and not owed and not state.foreign_orders
    return StatusAnswer(
        as_of=moment,
        flat=is_whole_flat,
        known=not unknown,
        thresholds_known=held.stated is not None,
        nets=nets,
        open_usd=open_usd_of(lines),
        unvalued=[net.underlying for net in nets if net.usd is None and net.net != "0"],
        orders=OrderCounts(
            open=len(orders),
            unknown=len(unknown),
            executions_missing=len(owed),
            foreign=len(state.foreign_orders),
        ),
        halts=halts_of(state),
        alerts=alerts_of(state),
        freezes=freezes_of(state),
        differences=differences_of(state),
        draining=state.draining,
        drain_waits_for=_drain_waits_for(state) if state.draining else [],
        engine=engine_of(state, told),
        last_event_age_s=age_s,
        stops=stops_of(state),
        held_grids=held_grids_of(state),
        open_since=_since(since, None, is_flat=is_whole_flat),
    )


def open_usd_of(lines: Sequence[NetLine]) -> str | None:
    """Returns what the open nets that have a price come to; None where something is open and none of it has one.

    Units: USD.
    """
    worths = [line.usd for line in lines if line.exposure.net]
    known = [abs(worth) for worth in worths if worth is not None]
    return plain(sum(known, ZERO)) if known or not worths else None


def _net(line: NetLine, threshold: Threshold, intended: Decimal, since: OpenSince | None) -> FlatNetBody:
    flat = is_flat(line, threshold, intended)
    opened = _since(since, line.key, is_flat=flat)
    return FlatNetBody(
        **net_fields(line), flat=flat, hedged_from=threshold.told(), kept_by=threshold.kept_by, open_since=opened
    )


def _since(since: OpenSince | None, key: NetKey | None, *, is_flat: bool) -> str | msgspec.UnsetType | None:
    if since is None:
        return msgspec.UNSET
    return None if is_flat else instant_or_none(since(key))


def is_flat(line: NetLine, threshold: Threshold, intended: Decimal = ZERO) -> bool:
    """Whether a net needs nothing: below its threshold, nothing held, nothing that may still fill.

    Units: `intended` in shares, what its strategy holds in slots: a net that is quoted is flat when it is just that.
    """
    exposure = line.exposure
    if threshold.on_purpose:
        return True
    if threshold.in_slots:
        return exposure.net == intended
    if exposure.may_buy or exposure.may_sell or line.held:
        return False
    size = abs(exposure.net)
    if not size:
        return True
    in_shares = threshold.shares is not None and size >= threshold.shares
    in_usd = threshold.usd is not None and (line.price is None or size * line.price >= threshold.usd)
    return (threshold.shares is not None or threshold.usd is not None) and not in_shares and not in_usd


def stops_of(state: State) -> tuple[StopBody, ...]:
    """Returns the sides that monitors have stopped."""
    return tuple(
        StopBody(
            monitor=monitor,
            side=side.value,
            owners=list(stop.owners),
            reason=stop.reason,
            raised_at=text_of_instant(stop.raised_at),
            unproven=list(stop.unproven),
        )
        for (monitor, side), stop in state.stops.items()
    )


def held_grids_of(state: State) -> tuple[HeldGridBody, ...]:
    """Returns the grids that open less than they could."""
    return tuple(
        HeldGridBody(owner=owner, instrument=instrument, reason=memory.hold.value)
        for (owner, instrument), memory in state.notes.items()
        if memory.hold is not None
    )


def halts_of(state: State) -> list[HaltBody]:
    """Returns the halts that stand."""
    return [
        HaltBody(
            halt_id=halt.halt_id,
            scope=halt.scope.value,
            target=halt.target,
            cause=halt.cause.value,
            reason=halt.reason,
            halted_at=text_of_instant(halt.halted_at),
            asked=[
                HaltAskedBody(actor=each.actor, reason=each.reason, asked_at=text_of_instant(each.asked_at))
                for each in state.halts_asked.get(halt.halt_id, ())
            ],
        )
        for halt in state.halts.values()
    ]


def alerts_of(state: State) -> list[AlertBody]:
    """Returns the alerts that stand."""
    return [
        AlertBody(
            name=name.value,
            severity=alert.severity.value,
            subject=subject,
            detail=alert.detail,
            raised_at=text_of_instant(alert.raised_at),
            runbook=RUNBOOK.format(anchor=name.value),
        )
        for (name, subject), alert in state.alerts.items()
    ]


def freezes_of(state: State) -> list[FreezeBody]:
    """Returns the freezes that stand."""
    return [
        FreezeBody(
            action_id=action_id,
            underlying=freeze.underlying,
            since=text_of_instant(freeze.since),
            why=freeze.why,
        )
        for action_id, freeze in state.freezes.by_id.items()
    ]


def differences_of(state: State) -> list[DifferenceBody]:
    """Returns where our books and a venue's newest statement differ."""
    return [
        DifferenceBody(account=account, subject=subject, ours=plain(ours), theirs=plain(theirs))
        for (account, subject), (ours, theirs) in state.divergences.items()
    ]


def engine_of(state: State, told: Told) -> EngineBody:
    """Returns what the journal says of the engine and, where one runs, what it says of itself."""
    own = told.own
    return EngineBody(
        running=told.running,
        mode=None if state.mode is None else state.mode.value,
        epoch=state.epoch,
        stopped_in_order=state.stopped,
        pid=own.get("pid"),
        version=own.get("version"),
        queued=own.get("queued"),
        in_flight=own.get("in_flight"),
        cancel_only=own.get("cancel_only"),
        chains=msgspec.convert(own.get("chains", []), list[ChainBody]),
        switches=[
            SwitchBody(account=account, state=told["state"], detail=told["detail"])
            for account, told in own.get("accounts", {}).items()
            if told is not None
        ],
        warming=msgspec.convert(own.get("warming", []), tuple[WarmingBody, ...]),
    )


def age_s(at: Instant | None, now: int) -> int | None:
    """Returns how long ago an instant was. Units: seconds."""
    return None if at is None else seconds_between(at, Instant(now))


def _drain_waits_for(state: State) -> list[str]:
    """Returns what must end before a drain does: orders that may still execute, and nets that are held back."""
    orders = [state.orders[order_id] for owed in state.owing.values() for order_id in owed]
    return [
        *(f"order {order.order_id} ({order.status.value})" for order in orders),
        *(f"{owner}:{underlying} ({reason.value})" for (owner, underlying), reason in state.holds.items()),
    ]
