"""`flatbook status`: is the desk flat, and if not, why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from flatbook.cli.faults import Exit
from flatbook.cli.options import HERE, At, Where, says
from flatbook.cli.output import Column, Part, Table, ago, cents, show

if TYPE_CHECKING:
    from decimal import Decimal

    from flatbook.ops.config_shape import Config
    from flatbook.projections.positions import NetLine
    from flatbook.state.desk import State


RUNBOOK = "docs/runbook.md#{anchor}"


class Threshold(NamedTuple):
    """From which net on a hedge is due, in shares or USD; none of them: everything but zero is."""

    shares: Decimal | None = None
    usd: Decimal | None = None
    on_purpose: bool = False

    def told(self) -> str | None:
        """Returns the threshold in words, None where there is none."""
        from flatbook.values.money import plain

        if self.on_purpose:
            return "never"
        unit = "share" if self.shares == 1 else "shares"
        stated = ((self.shares, unit), (self.usd, "USD"))
        return " or ".join(f"{plain(size)} {named}" for size, named in stated if size is not None) or None


FREEZES = (
    Column("id", "action_id"),
    Column("of", "underlying"),
    Column("since", "since"),
    Column("why", "why"),
)
Thresholds = dict[tuple[str, str], Threshold]
NO_THRESHOLD = Threshold()


def status(
    *,
    exit_code: Annotated[
        bool, says("Exit with 0 when flat, 1 when not, 7 when the fate of an order is unknown.")
    ] = False,
    at: At = None,
    where: Where = HERE,
) -> int:
    """Says whether the desk is flat, and shows nets with their worst case, halts, alerts, and the engine.

    Flat means: every net is below the threshold of its hedge and nothing may still fill. The worst case counts every
    working and unknown order as if it filled in full. Works beside a running engine, and on the journal of one that
    was killed.
    """
    from flatbook.cli.desks import config_or_none
    from flatbook.cli.reading import past_of

    config = config_or_none(where)
    with past_of(where, at) as past:
        state = past.state()
        body = {"as_of": past.as_of(), **_body(state, None if config is None else thresholds_of(config))}
        own, running = _own_status(where) if at is None else ({}, None)
        body["engine"] = _engine(state, own, running)
        told = at is None and (running or config is None or not _on_tape(config))
        body["last_event_age_s"] = _age_s(past.at, own.get("now")) if told else None
    show("status", body, lambda: _parts(body), as_json=where.as_json)
    if not exit_code or body["flat"]:
        return Exit.OK
    return Exit.ERROR if body["known"] else Exit.UNKNOWN


def _on_tape(config: Config) -> bool:
    """Whether the desk lives in a time of its own, whose age nobody can tell while no engine runs."""
    from flatbook.ops.config_shape import ClockKind

    return config.clock.kind is not ClockKind.SYSTEM


def thresholds_of(config: Config) -> Thresholds:
    """Returns from which net on each (owner, underlying) is hedged, and which are left open on purpose."""
    found = {
        (owner, underlying): Threshold(hedge.threshold_shares, hedge.threshold_usd)
        for owner, hedges in config.hedges.items()
        for underlying, hedge in hedges.items()
    }
    for owner, section in config.owners.items():
        for underlying in section.unhedged:
            found[owner, underlying] = Threshold(on_purpose=True)
    return found


def _body(state: State, stated: Thresholds | None) -> dict[str, Any]:
    from decimal import Decimal

    from flatbook.cli.positions import net_body
    from flatbook.projections.positions import net_lines
    from flatbook.state.orders import Status
    from flatbook.values.money import ZERO, plain

    lines, thresholds = net_lines(state), stated or {}
    nets = [_net(net_body(line), line, thresholds.get((line.owner, line.underlying), NO_THRESHOLD)) for line in lines]
    orders = [state.orders[order_id] for order_id in state.open_orders]
    owed = [order for key in state.owing for order in state.orders_owing(key) if not order.is_open]
    unknown = [order for order in orders if order.status is Status.UNKNOWN]
    return {
        "flat": all(net["flat"] for net in nets) and not orders and not owed and not state.foreign_orders,
        "known": not unknown,
        "thresholds_known": stated is not None,
        "nets": nets,
        "open_usd": plain(sum((abs(Decimal(net["usd"])) for net in nets if net["usd"] is not None), ZERO)),
        "unvalued": [net["underlying"] for net in nets if net["usd"] is None and net["net"] != "0"],
        "orders": {
            "open": len(orders),
            "unknown": len(unknown),
            "executions_missing": len(owed),
            "foreign": len(state.foreign_orders),
        },
        **_standing(state),
    }


def _net(body: dict[str, Any], line: NetLine, threshold: Threshold) -> dict[str, Any]:
    return {**body, "flat": is_flat(line, threshold), "hedged_from": threshold.told()}


def is_flat(line: NetLine, threshold: Threshold) -> bool:
    """Whether a net needs nothing: below its threshold, nothing held, nothing that may still fill."""
    exposure = line.exposure
    if threshold.on_purpose:
        return True
    if exposure.may_buy or exposure.may_sell or line.held:
        return False
    size = abs(exposure.net)
    if not size:
        return True
    in_shares = threshold.shares is not None and size >= threshold.shares
    in_usd = threshold.usd is not None and (line.price is None or size * line.price >= threshold.usd)
    return (threshold.shares is not None or threshold.usd is not None) and not in_shares and not in_usd


def _standing(state: State) -> dict[str, Any]:
    """Returns what stands in the way: halts, alerts, freezes, and differences to a venue."""
    from flatbook.values.instants import text_of_instant
    from flatbook.values.money import plain

    return {
        "halts": [
            {
                "halt_id": halt.halt_id,
                "scope": halt.scope.value,
                "target": halt.target,
                "cause": halt.cause.value,
                "reason": halt.reason,
                "halted_at": text_of_instant(halt.halted_at),
            }
            for halt in state.halts.values()
        ],
        "alerts": [
            {
                "name": name.value,
                "severity": alert.severity.value,
                "subject": subject,
                "detail": alert.detail,
                "raised_at": text_of_instant(alert.raised_at),
                "runbook": RUNBOOK.format(anchor=name.value),
            }
            for (name, subject), alert in state.alerts.items()
        ],
        "freezes": [
            {
                "action_id": action_id,
                "underlying": freeze.underlying,
                "since": text_of_instant(freeze.since),
                "why": freeze.why,
            }
            for action_id, freeze in state.freezes.by_id.items()
        ],
        "differences": [
            {"account": account, "subject": subject, "ours": plain(ours), "theirs": plain(theirs)}
            for (account, subject), (ours, theirs) in state.divergences.items()
        ],
        "draining": state.draining,
        "drain_waits_for": _drain_waits_for(state) if state.draining else [],
    }


def _drain_waits_for(state: State) -> list[str]:
    """Returns what must end before a drain does: orders that may still execute, and nets that are held back."""
    orders = [state.orders[order_id] for owed in state.owing.values() for order_id in owed]
    return [
        *(f"order {order.order_id} ({order.status.value})" for order in orders),
        *(f"{owner}:{underlying} ({reason.value})" for (owner, underlying), reason in state.holds.items()),
    ]


def _engine(state: State, own: dict[str, Any], running: bool | None) -> dict[str, Any]:
    """Returns what the journal says of the engine and, where one runs, what it says of itself."""
    return {
        "running": running,
        "mode": None if state.mode is None else state.mode.value,
        "epoch": state.epoch,
        "stopped_in_order": state.stopped,
        **{name: own.get(name) for name in ("pid", "version", "queued", "in_flight", "cancel_only")},
        "chains": own.get("chains", []),
    }


def _own_status(where: Where) -> tuple[dict[str, Any], bool]:
    from flatbook.cli.desks import engine_status
    from flatbook.ops.control_client import ControlFault, NotRunning

    try:
        return engine_status(where), True
    except NotRunning:
        return {}, False
    except ControlFault:
        return {}, True


def _age_s(at: int | None, now: int | None) -> int | None:
    """Returns the age of the newest commit by the engine's own clock, by the machine's where no engine runs."""
    from flatbook.ops.clock import SystemClock
    from flatbook.values.instants import Instant, seconds_between

    if at is None:
        return None
    return seconds_between(Instant(at), SystemClock().now() if now is None else Instant(now))


def _parts(body: dict[str, Any]) -> Iterator[Part]:
    from flatbook.cli.positions import nets_table
    from flatbook.cli.reading import as_of_line

    yield f"{_verdict(body)}; {as_of_line(body)}"
    yield _engine_line(body)
    yield nets_table(body["nets"])
    if body["nets"]:
        unvalued = f", without {', '.join(body['unvalued'])}: no price" if body["unvalued"] else ""
        yield f"open in USD: {cents(body['open_usd'])}{unvalued}"
    if body["nets"] and not body["thresholds_known"]:
        yield "no usable configuration (see flatbook config check): every net but zero counts as not flat"
    orders = body["orders"]
    yield (
        f"orders: {orders['open']} open, {orders['unknown']} unknown, {orders['executions_missing']} with missing "
        f"executions, {orders['foreign']} not ours"
    )
    yield Table(
        "halts",
        (
            Column("id", "halt_id"),
            Column("since", "halted_at"),
            Column("scope", "scope"),
            Column("target", "target"),
            Column("cause", "cause"),
            Column("reason", "reason"),
        ),
        body["halts"],
    )
    yield Table(
        "alerts",
        (
            Column("alert", "name"),
            Column("severity", "severity"),
            Column("since", "raised_at"),
            Column("subject", "subject"),
            Column("detail", "detail"),
            Column("runbook", "runbook"),
        ),
        body["alerts"],
    )
    yield Table("freezes", FREEZES, body["freezes"])
    yield Table(
        "chains",
        (
            Column("source", "source"),
            Column("node", "node"),
            Column("tag", "tag"),
            Column("blocks behind>", "blocks"),
            Column("seconds behind>", "seconds"),
            Column("exposure, share-seconds>", "share_seconds"),
        ),
        body["engine"]["chains"],
    )
    yield Table(
        "differences to a venue",
        (
            Column("account", "account"),
            Column("subject", "subject"),
            Column("ours>", "ours"),
            Column("theirs>", "theirs"),
        ),
        body["differences"],
    )


def _verdict(body: dict[str, Any]) -> str:
    if body["flat"]:
        return "FLAT"
    return "NOT FLAT" if body["known"] else "NOT KNOWN: the fate of an order is open"


def _engine_line(body: dict[str, Any]) -> str:
    engine, age_s = body["engine"], body["last_event_age_s"]
    running = engine["running"]
    doing = "as it was then" if running is None else "running" if running else "not running"
    if running is False and engine["epoch"]:
        doing += ", stopped in order" if engine["stopped_in_order"] else ", ended without a stop"
    age = "" if age_s is None else f", last event {ago(age_s)} ago"
    doing += ", ONLY CANCELS: ITS JOURNAL CANNOT BE WRITTEN" if engine["cancel_only"] else ""
    draining = ", draining" if body["draining"] and running is not False else ""
    if draining and body["drain_waits_for"]:
        draining += f": waits for {', '.join(body['drain_waits_for'])}"
    return f"engine: {doing}, mode {engine['mode'] or 'never started'}, epoch {engine['epoch']}{age}{draining}"
