"""Of whom, of what and of which days a request asks, where it asks for results, orders or trades."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation

from flatbook.api.problems import Code, Problem
from flatbook.api.routes import OwnerQuery, SymbolQuery
from flatbook.projections.results import Scope
from flatbook.values.ids import OwnerId, Underlying
from flatbook.values.us_eastern import RULE_YEAR_FIRST

YEAR_FIRST = RULE_YEAR_FIRST
YEAR_LAST = 2261  # the last whole year of which a signed 64-bit count of nanoseconds since 1970 knows every instant
DayQuery = Annotated[date | None, QueryParameter(description="A day in New York, such as 2025-12-01.")]


def scope_of(owner: str | None, symbol: str | None, first: date | None = None, last: date | None = None) -> Scope:
    """Returns the scope of results that a request asks for.

    Errors: Problem where the last day is before the first, or a day has no instants here.
    """
    for day in (first, last):
        if day is not None and not YEAR_FIRST <= day.year <= YEAR_LAST:
            raise Problem(422, Code.INVALID, f"{day} is outside the years {YEAR_FIRST} to {YEAR_LAST}: ask within them")
    if first is not None and last is not None and last < first:
        raise Problem(422, Code.INVALID, "the last day is before the first")
    return Scope(
        owner=None if owner is None else OwnerId(owner),
        underlying=None if symbol is None else Underlying(symbol),
        first=first,
        last=last,
    )


def within(
    owner: OwnerQuery = None, symbol: SymbolQuery = None, first: DayQuery = None, last: DayQuery = None
) -> Scope:
    """Returns the results that a request asks for.

    Errors: as `scope_of`.
    """
    return scope_of(owner, symbol, first, last)


AtScope = NamedDependency[SkipValidation[Scope]]
