"""`flatbook status`: is the desk flat, and if not, why not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.faults import Exit
from flatbook.cli.options import HERE, At, Where, says
from flatbook.cli.output import Column, Part, Table, ago, cents, show

if TYPE_CHECKING:
    from flatbook.api.answers.status import Told
    from flatbook.ops.config_shape import Config
    from flatbook.values.instants import Instant

ENGINE = "engine"
FREEZES = (
    Column("id", "action_id"),
    Column("of", "underlying"),
    Column("since", "since"),
    Column("why", "why"),
)


def status(
    *,
    exit_code: Annotated[
        bool,
        says("Exit with 0 when flat, 1 when not, 7 when the fate of an order is unknown, or the engine died."),
    ] = False,
    at: At = None,
    where: Where = HERE,
) -> int:
    """Says whether the desk is flat, and shows nets with their worst case, halts, alerts, and the engine.

    Flat means: every net is below the threshold of its hedge and nothing may still fill. The worst case counts every
    working and unknown order as if it filled in full. Works beside a running engine, and on the journal of one that
    was killed: what happened since then it cannot know, and says so.
    """
    from flatbook.api.answers.holdings import holdings_of
    from flatbook.api.answers.moment import body_of
    from flatbook.api.answers.status import NOT_ASKED, status_answer
    from flatbook.api.answers.thresholds import thresholds_of
    from flatbook.cli.desks import config_or_none
    from flatbook.cli.reading import past_of
    from flatbook.ops.home import is_backtest

    config = config_or_none(where)
    with past_of(where, at) as past:
        state = past.state()
        told = _told_by_engine(where) if at is None else NOT_ASKED
        finished = is_backtest(where.folder)
        is_told = at is None and not finished and (told.running or config is None or not _on_tape(config))
        age = _age_s(past.event_at, told.own.get("now")) if is_told else None
        stated = None if config is None else thresholds_of(config)
        body = body_of(status_answer(holdings_of(state, stated), past.moment(), told, age))
    show("status", body, lambda: _parts(body, finished=finished), as_json=where.as_json)
    if not exit_code:
        return Exit.OK
    if body["flat"]:
        return Exit.OK if body["engine"]["epoch"] and not _has_died(body) else Exit.UNKNOWN
    return Exit.ERROR if body["known"] else Exit.UNKNOWN


def _on_tape(config: Config) -> bool:
    """Whether the desk lives in a time of its own, whose age nobody can tell while no engine runs."""
    from flatbook.ops.config_shape import ClockKind

    return config.clock.kind is not ClockKind.SYSTEM


def _told_by_engine(where: Where) -> Told:
    from flatbook.api.answers.status import Told
    from flatbook.cli.desks import engine_status
    from flatbook.ops.control_client import ControlFault, NotRunning

    try:
        return Told(running=True, own=engine_status(where))
    except NotRunning:
        return Told(running=False)
    except ControlFault:
        return Told(running=True)


def _age_s(at: Instant | None, now: int | None) -> int | None:
    """Returns the age of the newest event by the engine's own clock, by the machine's where no engine runs."""
    from flatbook.api.answers.status import age_s
    from flatbook.ops.clock import SystemClock

    return age_s(at, SystemClock().now() if now is None else now)


def _parts(body: dict[str, Any], *, finished: bool) -> Iterator[Part]:
    from flatbook.cli.reading import as_of_line

    yield f"{_verdict(body)}; {as_of_line(body)}"
    yield "engine: none, this is a finished backtest" if finished else _engine_line(body)
    yield from _exposure(body)
    yield Table(
        "halts",
        (
            Column("id", "halt_id"),
            Column("since", "halted_at"),
            Column("scope", "scope"),
            Column("target", "target"),
            Column("cause", "cause"),
            Column("by", "by"),
            Column("reason", "reason"),
        ),
        list(_halt_rows(body["halts"])),
    )
    yield from _watched_tables(body)
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
    yield from _outside_tables(body)


def open_line(body: dict[str, Any]) -> str:
    """Returns what is open in USD; unknown where it is open and nothing of it has a price."""
    known = "unknown" if body["open_usd"] is None else cents(body["open_usd"])
    left_out = f", without {', '.join(body['unvalued'])}: no price" if body["unvalued"] else ""
    return f"open in USD: {known}{left_out}"


def _halt_rows(halts: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yields a row for everybody who wanted a halt that stands; one for a halt that the engine set by itself."""
    for halt in halts:
        if not halt["asked"]:
            yield {**halt, "by": ENGINE}
        for asked in halt["asked"]:
            yield {**halt, "by": asked["actor"], "halted_at": asked["asked_at"], "reason": asked["reason"]}


def _exposure(body: dict[str, Any]) -> Iterator[Part]:
    """Yields the nets, what they are worth, and how many orders stand behind them."""
    from flatbook.cli.positions import nets_table

    yield nets_table(body["nets"])
    if body["nets"]:
        yield open_line(body)
    if body["nets"] and not body["thresholds_known"]:
        yield "no usable configuration (see flatbook config check): every net but zero counts as not flat"
    orders = body["orders"]
    yield (
        f"orders: {orders['open']} open, {orders['unknown']} unknown, {orders['executions_missing']} with missing "
        f"executions, {orders['foreign']} not ours"
    )


def _outside_tables(body: dict[str, Any]) -> Iterator[Part]:
    """Yields how far chains are read, what venues do without us, and where their books differ from ours."""
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
        "open orders once the desk is gone",
        (Column("account", "account"), Column("switch", "state"), Column("what its venue does", "detail")),
        body["engine"]["switches"],
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


def _watched_tables(body: dict[str, Any]) -> Iterator[Part]:
    """Yields what monitors have stopped, which of them do not know their market yet, and grids that are held."""
    yield Table(
        "grids that open less than they could",
        (Column("owner", "owner"), Column("instrument", "instrument"), Column("because", "reason")),
        body["held_grids"],
    )
    yield Table(
        "stops",
        (
            Column("monitor", "monitor"),
            Column("side", "side"),
            Column("since", "raised_at"),
            Column("of", lambda stop: " ".join(stop["owners"])),
            Column("abnormal", "reason"),
            Column("not proven at", lambda stop: " ".join(stop["unproven"])),
        ),
        body["stops"],
    )
    yield Table(
        "monitors that do not know their market yet",
        (
            Column("monitor", "monitor"),
            Column("instrument", "instrument"),
            Column("candles>", lambda each: f"{each['closed']} of {each['window']}"),
            Column("known in", lambda each: f"{each['full_in_s']} s"),
        ),
        body["engine"]["warming"],
    )


def _verdict(body: dict[str, Any]) -> str:
    if not body["engine"]["epoch"]:
        return "NEVER RAN: whether it is flat nobody knows"
    if body["flat"]:
        return "FLAT WHEN ITS ENGINE DIED: nobody has looked since" if _has_died(body) else "FLAT"
    return "NOT FLAT" if body["known"] else "NOT KNOWN: the fate of an order is open"


def _has_died(body: dict[str, Any]) -> bool:
    """Whether an engine ran, did not stop, and runs no more: what was traded since then stands in no journal."""
    engine = body["engine"]
    return engine["running"] is False and bool(engine["epoch"]) and not engine["stopped_in_order"]


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
