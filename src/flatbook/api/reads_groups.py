"""What was earned by hour, day of the week, session and week."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from litestar.params import QueryParameter

from flatbook.api.answers.moment import Answer
from flatbook.api.routes import OF_JOURNAL, At, AtSite, reading
from flatbook.api.site import View
from flatbook.api.within import AtScope
from flatbook.projections.groups import GroupBy, GroupLine, groups_of
from flatbook.projections.results import Scope
from flatbook.values.money import plain


class GroupBody(msgspec.Struct, frozen=True, kw_only=True):
    """Results of one group before costs, which are of a day and not of a trade. Units: USD.

    `in_kind_usd` is the part of the gross that gives back what fees took of what was traded: that is a cost, too.
    `lost` counts what closed at a loss; what is `unpriced` has no result, and is in no sum.
    """

    name: str
    gross_usd: str
    in_kind_usd: str
    closed: int
    lost: int
    unpriced: int


class GroupsAnswer(Answer, frozen=True, kw_only=True):
    """Realised results by when they closed, in New York, in the order of the clock or the calendar."""

    by: GroupBy
    groups: list[GroupBody]


ByQuery = Annotated[GroupBy, QueryParameter(description="By what results are put together.")]


@reading("/pnl/groups", "What was earned, by hour, weekday, session or week", tag="books", opt=OF_JOURNAL)
async def pnl_groups(site: AtSite, within: AtScope, by: ByQuery = GroupBy.HOUR, at: At = None) -> GroupsAnswer:
    """Returns realised results before costs by when they closed."""
    return await site.results(partial(_groups, within, by), at)


def _groups(scope: Scope, by: GroupBy, view: View) -> GroupsAnswer:
    return GroupsAnswer(
        as_of=view.moment, by=by, groups=[_group(each) for each in groups_of(view.folds.pnl, scope, by)]
    )


def _group(line: GroupLine) -> GroupBody:
    return GroupBody(
        name=line.name,
        gross_usd=plain(line.gross),
        in_kind_usd=plain(line.in_kind),
        closed=line.slices,
        lost=line.lost,
        unpriced=line.unpriced,
    )


ROUTES = (pnl_groups,)
