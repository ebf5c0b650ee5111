"""`flatbook alerts`: what is told to people, through which channels, and what stands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from flatbook.cli.faults import Exit, Failed
from flatbook.cli.options import HERE, Where, says
from flatbook.cli.output import Column, Part, Table, ago, show

if TYPE_CHECKING:
    from flatbook.ops.alerts.book import Known
    from flatbook.ops.alerts.rules import Rule, Terms
    from flatbook.ops.config import Loaded
    from flatbook.ops.telemetry import Log

NO_CHANNEL = "state one under [alerts.channels], such as kind = log"


def send_tests(*, where: Where = HERE) -> int:
    """Sends one test message through each channel and says what came of it. Exits with 1 when one was not taken."""
    import asyncio

    from flatbook.cli.desks import loaded_of
    from flatbook.ops.alerts.delivery import Sent
    from flatbook.ops.clock import SystemClock
    from flatbook.services.alerts import try_channels

    loaded = loaded_of(where)
    if not loaded.config.alerts.channels:
        raise Failed(Exit.USAGE, "there is no channel", where="alerts.channels", do=NO_CHANNEL)
    outcomes = asyncio.run(try_channels(loaded, _log(loaded), SystemClock()))
    rows = [
        {
            "channel": name,
            "kind": loaded.config.alerts.channels[name].__struct_config__.tag,
            "taken": isinstance(outcome, Sent),
            "why": None if isinstance(outcome, Sent) else outcome.why,
        }
        for name, outcome in outcomes.items()
    ]
    columns = (Column("channel", "channel"), Column("kind", "kind"), Column("taken", "taken"), Column("why", "why"))
    show("alerts.test", {"channels": rows}, lambda: (Table("channels", columns, rows),), as_json=where.as_json)
    return Exit.OK if all(row["taken"] for row in rows) else Exit.ERROR


def standing(*, where: Where = HERE) -> None:
    """Lists what stands now and needs a person, with its age and when it was told; whether a watcher runs or not."""
    from flatbook.cli.desks import loaded_of
    from flatbook.cli.reading import past_of
    from flatbook.ops.alerts.book import alerts_of, by_urgency
    from flatbook.ops.alerts.delivery import file_beside, read_kept
    from flatbook.ops.alerts.rules import Seen, conditions
    from flatbook.ops.clock import SystemClock
    from flatbook.ops.control_client import is_listening
    from flatbook.services.alerts import terms_of

    loaded, clock = loaded_of(where), SystemClock()
    terms, kept, now = terms_of(loaded.config), read_kept(file_beside(loaded.journal)), clock.now()
    with past_of(where) as past:
        state = past.state()
        as_of = past.as_of()
    gone = None if is_listening(where.socket) else now
    seen = Seen(read_at=kept.read_at, gone_since=gone)
    decided = alerts_of(kept.book, conditions(state, seen, terms, now), terms, now)
    rows = [_row(known, kept.book, now) for known in by_urgency(decided.book)]
    show("alerts.list", {"as_of": as_of, "alerts": rows}, lambda: _standing_parts(rows), as_json=where.as_json)


def _row(known: Known, before: dict[str, Known], now: int) -> dict[str, Any]:
    from flatbook.api.answers.moment import instant_or_none
    from flatbook.ops.alerts.rules import RULES
    from flatbook.values.instants import NS_PER_S

    condition = known.condition
    told = before[condition.key].told_at if condition.key in before else None
    return {
        "name": condition.name,
        "subject": condition.subject,
        "severity": condition.severity.value,
        "detail": condition.detail,
        "since": instant_or_none(known.since),
        "age_s": max(0, now - known.since) // NS_PER_S,
        "told_at": instant_or_none(told),
        "do": RULES[condition.name].do,
        "runbook": RULES[condition.name].anchor,
    }


def _standing_parts(rows: list[dict[str, Any]]) -> Iterator[Part]:
    yield f"{len(rows) or 'no'} alert{'' if len(rows) == 1 else 's'}"
    columns = (
        Column("severity", "severity"),
        Column("name", "name"),
        Column("subject", "subject"),
        Column("since", "since"),
        Column("age", lambda row: ago(row["age_s"])),
        Column("told", "told_at"),
        Column("detail", "detail"),
        Column("runbook", "runbook"),
    )
    yield Table("standing", columns, rows)


def rules(*, where: Where = HERE) -> None:
    """Lists every alert there is: its severity, its bound as it is configured, and what to do."""
    from flatbook.cli.desks import loaded_of
    from flatbook.ops.alerts.rules import RULES
    from flatbook.services.alerts import terms_of

    terms = terms_of(loaded_of(where).config)
    rows = [_rule_row(rule, terms) for rule in RULES.values()]
    columns = (
        Column("name", "name"),
        Column("severity", "severity"),
        Column("bound", "bound"),
        Column("do", "do"),
        Column("runbook", "runbook"),
    )
    show("alerts.rules", {"rules": rows}, lambda: (Table("rules", columns, rows),), as_json=where.as_json)


def _rule_row(rule: Rule, terms: Terms) -> dict[str, Any]:
    from flatbook.ops.alerts.rules import bound_s

    bound = f"{bound_s(rule.name, terms)} s" if bound_s(rule.name, terms) else "at once"
    severity = rule.severity.value if rule.severity is not None else "as it is raised"
    return {"name": rule.name, "severity": severity, "bound": bound, "do": rule.do, "runbook": rule.anchor}


def watch(
    *,
    beside: Annotated[bool, says("End when standard input does: so the engine starts it.")] = False,
    where: Where = HERE,
) -> int:
    """Follows the journal and tells alerts until it is stopped. `flatbook run` starts one where channels are stated.

    It only reads the journal: whatever a channel does, trading does not notice.
    """
    import asyncio
    from contextlib import suppress

    from flatbook.cli.desks import loaded_of
    from flatbook.ops.clock import SystemClock
    from flatbook.services.alerts import AlreadyWatched
    from flatbook.services.alerts import watch as follow

    loaded = loaded_of(where)
    if not loaded.config.alerts.channels:
        raise Failed(Exit.USAGE, "there is no channel", where="alerts.channels", do=NO_CHANNEL)
    try:
        with suppress(asyncio.CancelledError):
            asyncio.run(follow(loaded, _log(loaded), SystemClock(), beside=beside))
    except AlreadyWatched as error:
        raise Failed(Exit.ERROR, str(error), do="end that one first") from error
    return Exit.OK


def _log(loaded: Loaded) -> Log:
    from flatbook.ops.clock import SystemClock
    from flatbook.ops.telemetry import open_log

    return open_log(sys.stderr, now=SystemClock().now, stated=loaded.config.log)
