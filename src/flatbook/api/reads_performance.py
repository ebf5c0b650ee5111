"""How the desk does: what the newest days earned, how much was taken and how fast, and what it should hold to."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated

import msgspec
from litestar.params import QueryParameter

from flatbook.api.answers import objectives as of
from flatbook.api.answers.moment import instant_or_none
from flatbook.api.answers.objectives import ObjectiveBody, ObjectivesAnswer, ms_up, objective_body
from flatbook.api.answers.performance import PerformanceAnswer, StrategyBody, grid_body, hedge_body, point_body
from flatbook.api.answers.pnl import totals_body
from flatbook.api.answers.status import age_s
from flatbook.api.follow import Folds
from flatbook.api.reads_desk import present_status_of
from flatbook.api.routes import KEPT, OF_JOURNAL, AtSite, OwnerQuery, reading
from flatbook.api.site import AGE_S_MAX, Site, View
from flatbook.api.within import scope_of
from flatbook.events.control import Severity
from flatbook.projections.course import Course, course_of, scope_of_days
from flatbook.projections.days import eastern_date_or_none
from flatbook.projections.pace import FillsTaken, fills_taken, orders_taken
from flatbook.projections.report import Books, at_once
from flatbook.projections.results import Scope, totals_of
from flatbook.values.ids import OwnerId
from flatbook.values.instants import NS_PER_S, Instant, instant_of_text
from flatbook.values.money import plain

DAYS_MAX = 366
WINDOW_S = 24 * 3_600

DaysQuery = Annotated[
    int, QueryParameter(description="So many days in New York, the last one included.", ge=1, le=DAYS_MAX)
]


@reading("/performance", "How the newest days went", tag="books", opt=OF_JOURNAL)
async def performance(site: AtSite, days: DaysQuery = 1, owner: OwnerQuery = None) -> PerformanceAnswer:
    """Returns what the newest days earned, taken apart, and how much each strategy took of what it saw, how fast."""
    return await site.results(partial(_performance, site, scope_of(owner, None), days))


def _performance(site: Site, scope: Scope, days: int, view: View) -> PerformanceAnswer:
    folds = view.folds
    today = None if folds.at is None else eastern_date_or_none(folds.at)
    if today is None or folds.at is None:
        return PerformanceAnswer(
            as_of=view.moment, days=days, first=None, last=None, total=None, parts_usd={}, points=[], strategies=[]
        )
    within = scope_of_days(scope, today, days)
    books = Books(folds.pnl, folds.evidence, folds.ledger, folds.times)
    return _told(view, days, course_of(books, site.prices, within, folds.at), list(_strategies(site, folds, within)))


def _told(view: View, days: int, course: Course, strategies: list[StrategyBody]) -> PerformanceAnswer:
    return PerformanceAnswer(
        as_of=view.moment,
        days=days,
        first=course.first.isoformat(),
        last=course.last.isoformat(),
        total=totals_body(course.totals),
        parts_usd={part.value: plain(usd) for part, usd in course.parts.items()},
        points=[point_body(point) for point in course.points],
        strategies=strategies,
    )


def _strategies(site: Site, folds: Folds, scope: Scope) -> Iterator[StrategyBody]:
    """Yields the strategies of the configuration: those that hedge, then those that quote."""
    for owner in dict.fromkeys(owner for owner, _ in site.rules.hedges):
        if scope.owner in (None, owner):
            own = _of(scope, owner)
            fills = fills_taken(folds.pnl, folds.times, own)
            yield hedge_body(owner, totals_of(folds.pnl, own), fills, orders_taken(folds.orders, owner, own))
    for owner in site.rules.seats:
        if scope.owner in (None, owner):
            own = _of(scope, owner)
            yield grid_body(owner, totals_of(folds.pnl, own), orders_taken(folds.orders, owner, own))


def _of(scope: Scope, owner: OwnerId) -> Scope:
    return msgspec.structs.replace(scope, owner=owner)


@reading("/objectives", "What the desk should hold to", tag="desk", opt=KEPT)
async def objectives(site: AtSite) -> ObjectivesAnswer:
    """Returns each objective with its value, its bounds and its state; what was not seen lately is unknown."""
    since = Instant(site.now - WINDOW_S * NS_PER_S)
    fills = await site.results(partial(_fills_since, since))
    return ObjectivesAnswer(
        now=instant_or_none(site.now) or "",
        window_s=WINDOW_S,
        objectives=[
            objective_body(of.DETECTION, ms_up(fills.detection.most_ns), fills.detection.count),
            objective_body(of.EXPOSURE, ms_up(fills.exposed.most_ns), fills.exposed.count),
            *_of_present(site, since),
        ],
    )


def _fills_since(since: Instant, view: View) -> FillsTaken:
    newest = Scope(first=eastern_date_or_none(since))
    openness = view.folds.openness
    due = at_once if openness is None else openness.begun
    return fills_taken(view.folds.pnl, view.folds.times, newest, since, due)


def _of_present(site: Site, since: Instant) -> Iterator[ObjectiveBody]:
    """Yields what holds only while journal and engine are heard: all of it is unknown once they are not."""
    read_age = age_s(site.follower.seen_at, site.clock.now())
    is_heard = site.live.answers and read_age is not None and read_age <= AGE_S_MAX
    raised = site.folds.raised
    yield objective_body(of.ERRORS, raised.since(since, Severity.CRITICAL) if is_heard else None)
    yield objective_body(of.WARNINGS, raised.since(since, Severity.WARNING) if is_heard else None)
    yield objective_body(of.OPEN_AGE, _open_age_s(site) if is_heard else None)
    if site.rules.chains:
        yield objective_body(of.BLOCK_LAG, _block_lag(site))


def _open_age_s(site: Site) -> int | None:
    """Returns since how many seconds the desk has not been flat, 0 while it is, None while that is not known."""
    status = present_status_of(site, site.present())
    if not status.known:
        return None
    since = status.open_since
    return age_s(instant_of_text(since), site.now) if isinstance(since, str) else 0 if status.flat else None


def _block_lag(site: Site) -> int | None:
    """Returns by how many blocks the slowest chain is behind; None where one does not say."""
    lags = [chain.get("blocks") for chain in site.live.status.own.get("chains", [])]
    return None if not lags or None in lags else max(lag for lag in lags if lag is not None)


ROUTES = (performance, objectives)
