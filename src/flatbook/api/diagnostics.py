"""What whoever mends a fault needs to know of a desk, as a text that its operator reads before it goes anywhere.

It holds names, states, counts and times. No secret can stand in it: it is made of what the API tells anyway, and of log
records, which hold none. Amounts, prices and the words of persons stand in it only where they are asked for.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from flatbook.api.answers.moment import instant_or_none
from flatbook.api.answers.status import StatusAnswer
from flatbook.api.checks import Checks, LookBody
from flatbook.api.checks_routes import AtChecks, ChecksAnswer, checks_of
from flatbook.api.part_state import PartState
from flatbook.api.reads_desk import mode_of, status_of
from flatbook.api.reads_health import PartsAnswer, parts_of
from flatbook.api.routes import AtSite, reading
from flatbook.api.site import Site
from flatbook.ops.config import Loaded
from flatbook.ops.doctor import Verdict
from flatbook.ops.home import LOG_FILE
from flatbook.ops.log_file import Record, newest_records

ALERTS_MAX = HALTS_MAX = 50
RECORDS_MAX = 50
URGENT = ("warning", "error")
HOME = "HOME"
AMOUNTS = ("qty", "price", "limit", "filled_qty", "net", "shares", "usd", "ours", "theirs")
FIRST = ("at", "level", "event")
NOTHING = "nothing"


def written(site: Site, checks: Checks, records: Iterable[Record], *, amounts: bool) -> str:
    """Returns the text. `records` are the urgent ones of the engine's log; `amounts` lets amounts and words in."""
    told, known = parts_of(site), site.follower.caught_up
    status = status_of(site, site.present()) if known else None
    sections = (
        ("versions", _versions(told)),
        ("desk", _desk(site)),
        ("state", ("the journal cannot be read",) if status is None else _state(status, amounts=amounts)),
        ("parts that are not good", _parts(told)),
        ("measured", _measured(told)),
        ("chain of hashes", _chain(checks_of(checks, site))),
        ("doctor, what is not ok", _doctor(checks_of(checks, site))),
        ("urgent records of the engine's log, the newest first", _records(records, amounts=amounts)),
    )
    text = "\n\n".join(f"# {name}\n" + ("\n".join(lines) or NOTHING) for name, lines in sections)
    return without_home(text, site.home) + "\n"


def without_home(text: str, home: Path) -> str:
    """Returns a text without where the desk's folder is, which often names its user."""
    for place in dict.fromkeys((str(home.absolute()), str(home))):
        text = text.replace(place, HOME)
    return text.replace(str(Path.home()), "~")


def _versions(told: PartsAnswer) -> Iterator[str]:
    for run in told.processes:
        commit = "commit unknown" if run.commit is None else f"commit {run.commit}"
        yield f"{run.of}: flatbook {run.version or 'unknown'}, {commit}, up {_measure(run.up_s, 's')}"
    yield f"python {platform.python_version()} on {platform.system()} {platform.machine()}"


def _desk(site: Site) -> Iterator[str]:
    config = site.loaded.config
    yield f"mode {mode_of(site).value}, clock {config.clock.kind.value}, configuration {site.loaded.digest}"
    yield f"accounts: {_kinds(site.loaded)}"
    grids = sum(len(each) for each in config.grid.values())
    yield f"hedges {len(config.hedges)}, grids {grids}, chains {len(config.chains)}"
    yield f"at the desk it is {instant_or_none(site.now) or 'unknown'}"


def _kinds(loaded: Loaded) -> str:
    """Returns how many accounts there are of each kind."""
    counts: dict[str, int] = {}
    for account in loaded.config.accounts.values():
        kind = type(account).__name__.removesuffix("Account").lower()
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "none"


def _state(status: StatusAnswer, *, amounts: bool) -> Iterator[str]:
    orders = status.orders
    yield f"flat {_yes(status.flat)}, known {_yes(status.known)}, draining {_yes(status.draining)}"
    yield f"orders: {orders.open} open, {orders.unknown} of unknown fate, {orders.executions_missing} owe executions"
    yield f"differences {len(status.differences)}, freezes {len(status.freezes)}, stops {len(status.stops)}"
    for halt in status.halts[:HALTS_MAX]:
        yield f"halt of {halt.scope} since {halt.halted_at}: {halt.cause}" + (f": {halt.reason}" if amounts else "")
    for alert in status.alerts[:ALERTS_MAX]:
        detail = f": {alert.detail}" if amounts else ""
        yield f"alert {alert.name} ({alert.severity}) of {alert.subject} since {alert.raised_at}{detail}"
    if amounts:
        yield from (f"net {net.owner} {net.underlying} {net.net}, {net.usd or 'unknown'} USD" for net in status.nets)


def _parts(told: PartsAnswer) -> Iterator[str]:
    for part in told.parts:
        if part.state is not PartState.GOOD:
            age = "" if part.age_s is None else f", {part.age_s} s old"
            detail = f": {part.detail}" if part.detail else ""
            yield f"{part.kind} {part.name}: {part.state.value}{age}{detail}"
    for clock in told.clocks:
        if clock.state is PartState.BAD:
            yield f"clock of {clock.account}: {clock.skew_ms} ms, {clock.most_ms} are allowed"
    for login in told.logins:
        if login.state is not PartState.GOOD:
            yield f"login of {login.account}: {login.state.value}, ends {login.ends_at or 'unknown'}"


def _measured(told: PartsAnswer) -> Iterator[str]:
    for gauge in told.gauges:
        yield f"{gauge.of} {gauge.name}: {_measure(gauge.value, gauge.unit)} ({gauge.state.value})"
    for budget in told.budgets:
        yield f"{budget.account} {budget.name}: {budget.used} of {budget.most} in {budget.window_s} s"


def _chain(checks: ChecksAnswer) -> Iterator[str]:
    read = checks.journal.read
    yield f"read to event {read.seq}, hash {read.hash or 'none'}, at {read.at or 'never'}: {read.fault or 'no fault'}"
    head, whole = checks.journal.head, checks.journal.whole
    stands = "unknown" if whole is None else "whole" if whole else "not whole"
    yield f"verified from the beginning: {_look(checks.journal)}: {stands}" + (
        f", to event {head.last}" if head else ""
    )
    if checks.journal.why is not None:
        yield checks.journal.why


def _doctor(checks: ChecksAnswer) -> Iterator[str]:
    yield _look(checks.doctor)
    for finding in checks.doctor.findings:
        if finding.verdict is not Verdict.OK:
            yield f"{finding.verdict.value} {finding.check}: {finding.found}"


def _look(look: LookBody) -> str:
    return look.state.value if look.age_s is None else f"{look.state.value}, {look.age_s} s ago"


def _records(records: Iterable[Record], *, amounts: bool) -> Iterator[str]:
    for record in records:
        rest = (
            f"{name}={value}"
            for name, value in record.items()
            if name not in FIRST and value is not None and (amounts or name not in AMOUNTS)
        )
        yield " ".join((*(str(record.get(name)) for name in FIRST), *rest))


def _measure(value: int | None, unit: str) -> str:
    return "unknown" if value is None else f"{value} {unit}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


# The route.


class DiagnosticsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A text about the desk for whoever mends a fault, to be read before it is sent. It was sent nowhere."""

    text: str
    amounts: bool


AmountsQuery = Annotated[bool, QueryParameter(description="Whether amounts, prices and words of persons are in it.")]


@reading("/diagnostics", "What to say when something is wrong", tag="checks")
async def diagnostics(
    checks: AtChecks,
    site: AtSite,
    amounts: Annotated[
        bool, QueryParameter(description="Whether amounts, prices and words of persons are in it.")
    ] = False,
) -> DiagnosticsAnswer:
    """Returns versions, states, counts, what is late, and the urgent records of the engine's log, as one text."""
    find = partial(newest_records, site.home / LOG_FILE, _is_urgent, RECORDS_MAX)
    try:
        records = await asyncio.to_thread(find)
    except OSError:
        records = []
    return DiagnosticsAnswer(text=written(site, checks, records, amounts=amounts), amounts=amounts)


def _is_urgent(record: Record) -> bool:
    return record.get("level") in URGENT


ROUTES: tuple[ControllerRouterHandler, ...] = (diagnostics,)
