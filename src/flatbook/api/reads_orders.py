"""What was asked, what became of it, and why: orders, executions, trades and stories."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from functools import partial
from heapq import merge
from itertools import islice
from typing import Annotated

import msgspec
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter, SkipValidation

from flatbook.api.answers.cycles import CycleAnswer, cycle_answer
from flatbook.api.answers.executions import ExecutionBody, ExecutionsPage, execution_body
from flatbook.api.answers.moment import AsOf
from flatbook.api.answers.orders import OrderBody, OrdersPage, foreign_body, order_body, refused_body
from flatbook.api.answers.story import StoryAnswer, story_answer
from flatbook.api.answers.sums import OrderSumsAnswer, TradeSumsAnswer, order_sums_answer, trade_sums_answer
from flatbook.api.answers.trades import TradeBody, TradesPage, trade_body
from flatbook.api.courtesy import one_by_one
from flatbook.api.follow import Part
from flatbook.api.pages import AtPage, Page, Place
from flatbook.api.problems import Code, Problem
from flatbook.api.routes import OF_JOURNAL, TEXT_MAX, At, AtSite, OwnerQuery, SymbolQuery, reading
from flatbook.api.site import Site, View
from flatbook.api.within import AtScope
from flatbook.engine.ports import JournalFault
from flatbook.journal.sqlite_reader import open_reader
from flatbook.projections.cycles import cycle_of
from flatbook.projections.days import day_window
from flatbook.projections.facts import TradeFact
from flatbook.projections.orders import INDEXED, STATUS, OrderKey, OrderLine, Orders, foreign_lines, refused_lines
from flatbook.projections.results import EVERYTHING, Scope
from flatbook.projections.sums import sums_of_orders, sums_of_trades
from flatbook.projections.timeline import Plot, Story, find_subjects, plot_of, story_of
from flatbook.projections.trades import facts_within, lines_of, newest_facts, page_of_facts
from flatbook.state.orders import TERMINAL, Status
from flatbook.values.ids import OrderId, Underlying
from flatbook.values.instants import Instant

OPEN = "open"
TOLD_MAX = 50
STATUSES = (OPEN, *(status.value for status in Status))
REF_LEAST, REF_MAX = 4, 256

StatusQuery = Annotated[
    str | None, QueryParameter(description=f"Only these: {', '.join(STATUSES)}.", max_length=TEXT_MAX)
]
AccountQuery = Annotated[str | None, QueryParameter(description="Only at this account.", max_length=TEXT_MAX)]
InstrumentQuery = Annotated[str | None, QueryParameter(description="Only of this instrument.", max_length=TEXT_MAX)]
RefQuery = Annotated[str | None, QueryParameter(description="Only the trade with this reference.", max_length=REF_MAX)]
IdParameter = Annotated[str, PathParameter(description="The id of an order of ours.", max_length=TEXT_MAX)]
StoryQuery = Annotated[
    str,
    QueryParameter(
        description="An order id, a transaction, an execution, an id at the venue, or a part of it.",
        min_length=REF_LEAST,
        max_length=REF_MAX,
    ),
]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders are asked for; None means all."""

    owner: str | None
    underlying: str | None
    account: str | None
    instrument: str | None
    status: str | None
    first: date | None = None
    last: date | None = None

    @property
    def is_everything(self) -> bool:
        """Whether all orders are asked for."""
        return all(getattr(self, name) is None for name in self.__struct_fields__)

    def keys_in(self, folded: Orders) -> Sequence[OrderKey]:
        """Returns the keys of what is asked for, the oldest decision first: those of one value are kept in order."""
        lists = [folded.keys_of(name, getattr(self, name)) for name in INDEXED if getattr(self, name) is not None]
        if self.status == OPEN:
            lists.append(list(merge(*(folded.keys_of(STATUS, each.value) for each in Status if each not in TERMINAL))))
        elif self.status is not None:
            lists.append(folded.keys_of(STATUS, self.status))
        found, *others = sorted(lists, key=len) or [folded.keys]
        for each in others:
            if len(each) < len(folded.keys):
                among = dict.fromkeys(each)
                found = [key for key in found if key in among]
        return self._of_days(found)

    def _of_days(self, keys: Sequence[OrderKey]) -> Sequence[OrderKey]:
        """Leaves out what was decided on other days."""
        begin = 0 if self.first is None else bisect_left(keys, day_window(self.first).start, key=_decided_at)
        end = len(keys) if self.last is None else bisect_right(keys, day_window(self.last).end, key=_decided_at)
        return keys if (begin, end) == (0, len(keys)) else keys[begin:end]


def _decided_at(key: OrderKey) -> Instant:
    return key[0]


def wanted(
    owner: OwnerQuery = None,
    symbol: SymbolQuery = None,
    account: AccountQuery = None,
    instrument: InstrumentQuery = None,
    status: StatusQuery = None,
    within: AtScope = EVERYTHING,
) -> Wanted:
    """Returns which orders a request asks for; of days those count on which they were decided.

    Errors: Problem for a status that there is not.
    """
    if status is not None and status not in STATUSES:
        raise Problem(422, Code.INVALID, f"status is one of {', '.join(STATUSES)}")
    return Wanted(
        owner=owner,
        underlying=symbol,
        account=account,
        instrument=instrument,
        status=status,
        first=within.first,
        last=within.last,
    )


AtWanted = NamedDependency[SkipValidation[Wanted]]


@reading("/orders", "Our orders, and what is not ours", tag="orders", opt=OF_JOURNAL)
async def orders(site: AtSite, wanted: AtWanted, page: AtPage, at: At = None) -> OrdersPage:
    """Returns our orders, the newest decision first; the first page of all has what is not ours or was refused."""
    view = await site.view(at, Part.ORDERS)
    folded = view.folds.orders
    found, shown, following = _page_of(folded, wanted, page)
    rest = wanted.is_everything and page.before is None
    return OrdersPage(
        as_of=view.moment,
        found=found,
        orders=[order_body(line, site.rules.shares()) for line in shown],
        refused=[refused_body(line) for line in refused_lines(folded)[: -page.limit - 1 : -1]] if rest else [],
        foreign=[foreign_body(line) for line in foreign_lines(folded)[: page.limit]] if rest else [],
        next=following,
    )


def _page_of(folded: Orders, wanted: Wanted, page: Page) -> tuple[int, list[OrderLine], str | None]:
    """Returns how many orders are asked for, those of a page, and its cursor: only the page itself is looked at."""
    keys = wanted.keys_in(folded)
    end = len(keys) if page.before is None else bisect_left(keys, page.before)
    begin = max(0, end - page.limit)
    shown = (folded.line(order_id) for _, order_id in reversed(keys[begin:end]))
    following = page.cursor(Place(*keys[begin])) if begin else None
    return len(keys), [line for line in shown if line is not None], following


def _place_of_order(line: OrderLine) -> Place:
    return Place(line.order.decided_at, line.order.order_id)


@reading("/sums/orders", "What orders come to", tag="orders", opt=OF_JOURNAL)
async def order_sums(site: AtSite, wanted: AtWanted, at: At = None) -> OrderSumsAnswer:
    """Returns how all orders that are asked for went together, what they cost and were charged: the same filters."""
    return await site.results(partial(_order_sums, wanted), at, Part.ORDERS)


def _order_sums(wanted: Wanted, view: View) -> OrderSumsAnswer:
    folded = view.folds.orders
    lines = (folded.line(order_id) for _, order_id in wanted.keys_in(folded))
    return order_sums_answer(sums_of_orders(line for line in lines if line is not None), view.moment)


@reading("/orders/{order_id:str}", "One order", tag="orders")
async def order(site: AtSite, order_id: IdParameter) -> OrderBody:
    """Returns one order of ours; its story is under /story?ref=ID."""
    line = site.present().folds.orders.line(OrderId(order_id))
    if line is None:
        raise Problem(404, Code.NOT_FOUND, "no order of ours has this id")
    return order_body(line, site.rules.shares())


@reading("/executions", "Orders as chains of steps", tag="orders", opt=OF_JOURNAL)
async def executions(site: AtSite, wanted: AtWanted, page: AtPage, at: At = None) -> ExecutionsPage:
    """Returns each order with the instants of its steps and how long each took, the newest decision first."""
    view = await site.view(at, Part.ORDERS)
    found, shown, following = _page_of(view.folds.orders, wanted, page)
    return ExecutionsPage(
        as_of=view.moment,
        found=found,
        executions=[execution_body(line, view.folds.times) for line in shown],
        next=following,
    )


@reading("/executions/{order_id:str}", "One order as a cycle of steps", tag="orders", opt=OF_JOURNAL)
async def execution(site: AtSite, order_id: IdParameter) -> CycleAnswer:
    """Returns the steps of one order, from the fill that caused it to the end of its hedge, and what it closed."""
    return await site.results(partial(_cycle, OrderId(order_id)))


def _cycle(order_id: OrderId, view: View) -> CycleAnswer:
    folds = view.folds
    line = folds.orders.line(order_id)
    if line is None:
        raise Problem(404, Code.NOT_FOUND, "no order of ours has this id")
    return cycle_answer(cycle_of(folds.pnl, folds.times, line), folds.times, view.moment)


@reading("/trades", "Fills and executions", tag="trades", opt=OF_JOURNAL)
async def trades(site: AtSite, page: AtPage, within: AtScope, ref: RefQuery = None, at: At = None) -> TradesPage:
    """Returns fills onchain and executions at accounts, the newest first, each with the trades it was matched with."""
    return await site.results(partial(_trades, Chosen(scope=within, ref=ref, shares=site.rules.shares()), page), at)


@reading("/sums/trades", "What trades come to", tag="trades", opt=OF_JOURNAL)
async def trade_sums(site: AtSite, within: AtScope, at: At = None) -> TradeSumsAnswer:
    """Returns what all trades that are asked for come to together, and were charged."""
    return await site.results(partial(_trade_sums, within), at)


def _trade_sums(scope: Scope, view: View) -> TradeSumsAnswer:
    pnl = view.folds.pnl
    return trade_sums_answer(sums_of_trades(pnl, facts_within(pnl, scope)), view.moment)


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Which trades are asked for; those of `shares` have a session."""

    scope: Scope
    ref: str | None
    shares: frozenset[Underlying]


def _trades(chosen: Chosen, page: Page, view: View) -> TradesPage:
    pnl = view.folds.pnl
    found, facts, has_more = page_of_facts(pnl, chosen.scope, page.before, page.limit, chosen.ref)
    return TradesPage(
        as_of=view.moment,
        found=found,
        trades=[trade_body(pnl, line, view.folds.priced, chosen.shares) for line in lines_of(pnl, facts[::-1])],
        next=page.cursor(_place_of_trade(facts[0])) if has_more else None,
    )


def _place_of_trade(fact: TradeFact) -> Place:
    return Place(fact.at, fact.ref)


@reading("/story", "Why it happened", tag="trades", opt=OF_JOURNAL)
async def story(site: AtSite, ref: StoryQuery) -> StoryAnswer:
    """Returns the whole story of what a reference names, or a part of one that names one thing only: `flatbook why`."""
    plot, moment = await site.results(partial(_plot, ref))
    return story_answer(await _told(site, plot), moment)


def _plot(ref: str, view: View) -> tuple[Plot, AsOf]:
    folds = view.folds
    found = find_subjects(folds.threads, ref)
    if found.found != 1:
        raise _not_one(list(found.subjects), found.found)
    return plot_of(folds.threads, folds.pnl, found.subjects[0]), view.moment


def _not_one(subjects: list[str], count: int) -> Problem:
    if not count:
        return Problem(404, Code.NOT_FOUND, "nothing in the journal has such an id")
    return Problem(422, Code.AMBIGUOUS, f"that fits {count} things", candidates=subjects)


async def _told(site: Site, plot: Plot) -> Story:
    """Reads the events of a story beside the event loop: they may be spread over the whole journal."""

    def read() -> Story:
        with closing(open_reader(site.follower.path)) as reader:
            return story_of(reader.read, plot)

    try:
        return await asyncio.to_thread(read)
    except JournalFault as error:
        raise Problem(503, Code.JOURNAL_UNAVAILABLE, str(error)) from error


def _newest_lines(view: View) -> list[OrderLine]:
    """Returns the orders that may still execute, and the newest others, the oldest decision first."""
    folded, state = view.folds.orders, view.folds.state
    newest = islice((line for line in reversed(folded.rows.values()) if isinstance(line, OrderLine)), TOLD_MAX)
    lines = {line.order.order_id: line for line in newest}
    opened = (folded.line(order_id) for order_id in state.open_orders)
    lines |= {line.order.order_id: line for line in opened if line is not None}
    return sorted(lines.values(), key=_place_of_order)


def newest_orders(site: Site, view: View) -> dict[str, OrderBody]:
    """Returns the orders that a console shows first, by their id, the oldest first."""
    return {line.order.order_id: order_body(line, site.rules.shares()) for line in one_by_one(_newest_lines(view))}


def newest_executions(_site: Site, view: View) -> dict[str, ExecutionBody]:
    """Returns the same orders as chains of steps."""
    return {line.order.order_id: execution_body(line, view.folds.times) for line in one_by_one(_newest_lines(view))}


def newest_trades(site: Site, view: View) -> dict[str, TradeBody]:
    """Returns the newest trades by their reference, the oldest first."""
    pnl, shares = view.folds.pnl, site.rules.shares()
    lines = lines_of(pnl, newest_facts(pnl, TOLD_MAX))
    return {line.fact.ref: trade_body(pnl, line, view.folds.priced, shares) for line in one_by_one(lines)}


ROUTES = (orders, order_sums, order, executions, execution, trades, trade_sums, story)
