"""Everything that the desk stands on, and how it is: good, late, bad, or unknown."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import msgspec

from flatbook import __version__
from flatbook.api.answers.market import BookBody
from flatbook.api.answers.moment import instant_or_none
from flatbook.api.answers.status import age_s
from flatbook.api.part_state import PartState
from flatbook.api.reads_books import inventory_of, market_of
from flatbook.api.reads_gauges import BudgetBody, GaugeBody, budgets_of, gauges_of
from flatbook.api.reads_processes import ClockBody, LoginBody, RunBody, clocks_of, logins_of, runs_of
from flatbook.api.routes import KEPT, PUBLIC, AtSite, reading
from flatbook.api.site import AGE_S_MAX, Site
from flatbook.values.instants import Instant, instant_of_text

DISK_FREE_LEAST = 1_000_000_000
MB = 1_000_000
MS_PER_S = 1_000


class PartBody(msgspec.Struct, frozen=True, kw_only=True):
    """One part that the desk stands on, and how it is.

    Units: `age_s` seconds since it was last seen good, None where that never was; it is late beyond `age_s_max`.
    """

    name: str
    kind: str
    state: PartState
    age_s: int | None
    age_s_max: int | None
    detail: str


class HealthAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How the process, the journal and the engine are. `ok` where every part is good."""

    ok: bool
    now: str
    version: str
    parts: list[PartBody]


class PartsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Every part that the desk stands on: journal, engine, prices, books, chains, statements, switches, disk.

    `gauges` is what is measured of the engine's process and of the API's, `budgets` what the key of each account has
    asked of its venue, where its adapter counts that; `processes` run, `clocks` are those of venues, `logins` those
    that persons make.
    """

    now: str
    parts: list[PartBody]
    gauges: list[GaugeBody]
    budgets: list[BudgetBody]
    processes: list[RunBody]
    clocks: list[ClockBody]
    logins: list[LoginBody]


@reading("/health", "Is everything there", tag="desk", opt=PUBLIC)
async def health(site: AtSite) -> HealthAnswer:
    """Says how the journal and the engine are, without a login: nothing of the desk is told."""
    return health_of(site)


def health_of(site: Site) -> HealthAnswer:
    """Returns how the parts are that answers stand on."""
    journal = _journal_part(site)
    if journal.state is PartState.BAD:
        journal = msgspec.structs.replace(journal, detail="it cannot be read")
    parts = [journal, _engine_part(site)]
    return HealthAnswer(
        ok=all(part.state is PartState.GOOD for part in parts),
        now=instant_or_none(site.now) or "",
        version=__version__,
        parts=parts,
    )


def _journal_part(site: Site) -> PartBody:
    follower = site.follower
    age = age_s(follower.seen_at, site.clock.now())
    if follower.fault is not None:
        state, detail = PartState.BAD, follower.fault
    elif age is None:
        state, detail = PartState.UNKNOWN, "it is being read"
    else:
        state, detail = (PartState.GOOD if age <= AGE_S_MAX else PartState.LATE), ""
    return PartBody(name="journal", kind="journal", state=state, age_s=age, age_s_max=AGE_S_MAX, detail=detail)


def _engine_part(site: Site) -> PartBody:
    told, age = site.live.status, age_s(site.live.seen_at, site.clock.now())
    if told.running is None:
        state, detail = PartState.UNKNOWN, "it was not asked yet"
    elif not told.running:
        state, detail = PartState.BAD, "no engine runs"
    elif told.own.get("cancel_only"):
        state, detail = PartState.BAD, "it only cancels: its journal cannot be written"
    elif age is None or age > AGE_S_MAX:
        state, detail = PartState.UNKNOWN, "it listens and does not answer"
    else:
        state, detail = PartState.GOOD, ""
    return PartBody(name="engine", kind="engine", state=state, age_s=age, age_s_max=AGE_S_MAX, detail=detail)


@reading("/parts", "How everything is", tag="desk", opt=KEPT)
async def parts(site: AtSite) -> PartsAnswer:
    """Says of every part that the desk stands on how it is, and how old what is known of it."""
    return parts_of(site)


def parts_of(site: Site) -> PartsAnswer:
    """Returns how every part is. What only an engine could say is unknown where none answers."""
    own, now = site.live.status.own, site.now
    found = [
        _journal_part(site),
        _engine_part(site),
        _disk_part(site),
        *_market_parts(site, now),
        *_statement_parts(site, now),
        *(_chain_part(each) for each in own.get("chains", [])),
        *_switch_parts(own.get("accounts", {})),
    ]
    return PartsAnswer(
        now=instant_or_none(now) or "",
        parts=found,
        gauges=gauges_of(site),
        budgets=list(budgets_of(site)),
        processes=runs_of(site),
        clocks=list(clocks_of(site, now)),
        logins=list(logins_of(site, now)),
    )


def _disk_part(site: Site) -> PartBody:
    free = shutil.disk_usage(site.home).free
    state = PartState.GOOD if free >= DISK_FREE_LEAST else PartState.BAD
    detail = f"{free // MB} MB free"
    return PartBody(name="disk", kind="disk", state=state, age_s=0, age_s_max=None, detail=detail)


def _market_parts(site: Site, now: Instant) -> Iterator[PartBody]:
    seen = market_of(site)
    for (_, underlying), hedge in () if seen.known else site.rules.hedges.items():
        name, bound_s = f"{underlying} by {hedge.params.price_source}", hedge.params.price_age_s_max
        yield PartBody(
            name=name, kind="price", state=PartState.UNKNOWN, age_s=None, age_s_max=bound_s, detail="no engine says"
        )
    for price in seen.prices:
        age = _age(price.happened_at, now)
        state = PartState.UNKNOWN if age is None else PartState.GOOD if age <= price.age_s_max else PartState.LATE
        name = f"{price.underlying} by {price.source}"
        yield PartBody(name=name, kind="price", state=state, age_s=age, age_s_max=price.age_s_max, detail="")
    yield from (_book_part(book, now) for book in seen.books)


def _book_part(book: BookBody, now: Instant) -> PartBody:
    age, bound_ms = _age(book.seen_at, now), book.age_ms_max
    bound_s = None if bound_ms is None else -(-bound_ms // MS_PER_S)
    if book.unfit is not None:
        state = PartState.BAD
    elif age is None:
        state = PartState.UNKNOWN
    else:
        state = PartState.LATE if bound_s is not None and age > bound_s else PartState.GOOD
    name, detail = book.instrument, book.unfit or ""
    return PartBody(name=name, kind="book", state=state, age_s=age, age_s_max=bound_s, detail=detail)


def _statement_parts(site: Site, now: Instant) -> Iterator[PartBody]:
    """Yields how long ago each account was last compared with its venue, and whether it agreed."""
    if not site.follower.caught_up:
        return
    for account in inventory_of(site, site.present()).accounts:
        if account.age_s_max is None:
            continue
        age = _age(account.stated_at, now)
        state = PartState.UNKNOWN if age is None else PartState.GOOD if age <= account.age_s_max else PartState.LATE
        differing = ", ".join(each.subject for each in account.differences)
        yield PartBody(
            name=account.account,
            kind="account",
            state=PartState.BAD if differing else state,
            age_s=age,
            age_s_max=account.age_s_max,
            detail=f"differs: {differing}" if differing else "",
        )


def _chain_part(chain: dict[str, Any]) -> PartBody:
    name, detail = f"{chain.get('source')} {chain.get('tag')}", f"{chain.get('blocks')} blocks behind"
    return PartBody(
        name=name, kind="chain", state=PartState.GOOD, age_s=chain.get("seconds"), age_s_max=None, detail=detail
    )


def _switch_parts(accounts: dict[str, Any]) -> Iterator[PartBody]:
    """Yields what becomes of open orders at each account once the engine is gone, where its venue can do anything."""
    for account, switch in accounts.items():
        if switch is not None:
            # A venue without a switch is no fault of anything: what it leaves open stands with the switches.
            state = PartState.GOOD if switch.get("state") in ("armed", "none") else PartState.BAD
            detail = str(switch.get("detail") or switch.get("state"))
            yield PartBody(name=account, kind="switch", state=state, age_s=None, age_s_max=None, detail=detail)


def _age(at: str | None, now: Instant) -> int | None:
    return None if at is None else age_s(instant_of_text(at), now)


ROUTES = (health, parts)
