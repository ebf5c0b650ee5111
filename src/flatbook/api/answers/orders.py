"""Our orders, the intents that risk refused, and the orders on our accounts that are not ours."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from flatbook.api.answers.moment import Answer, AsOf, instant_or_none, session_or_none
from flatbook.api.answers.positions import Asked, number_or_none
from flatbook.projections.orders import (
    ForeignLine,
    OrderLine,
    Orders,
    Outcome,
    RefusedLine,
    foreign_lines,
    order_lines,
    refused_lines,
)
from flatbook.state.orders import Order
from flatbook.values.ids import Underlying
from flatbook.values.money import plain

NOBODY = ""


class OrderBody(msgspec.Struct, frozen=True, kw_only=True):
    """One order of ours: what was asked, what the venue accepted, what was filled, and what is not known.

    Units: quantities in contracts, prices in quote; `fees` by asset in units of it, rebates below zero. `why` is the
    venue's or our reason where it was rejected or never sent; `evidence` are the numbers that it was decided on.
    `slippage_usd` and `slippage_bps` are what its executions cost beyond the price of the decision, above zero when
    worse, None where its evidence states no such price. `session` is that of its US share when it was decided, None
    where what it trades knows none.
    """

    order_id: str
    venue_order_id: str | None
    owner: str
    account: str
    instrument: str
    underlying: str
    side: str
    qty: str
    limit: str | None
    status: str
    outcome: Outcome
    open: bool
    accepted: bool
    filled: str
    leaves: str
    average_price: str | None
    fees: dict[str, str]
    slippage_usd: str | None
    slippage_bps: str | None
    session: str | None
    attempt: int
    because: str | None
    why: str | None
    decided_at: str | None
    accepted_at: str | None
    unknown_since: str | None
    first_filled_at: str | None
    last_filled_at: str | None
    ended_at: str | None
    good_until: str | None
    evidence: dict[str, str]


class RefusedBody(msgspec.Struct, frozen=True, kw_only=True):
    """An intent that risk refused: by which rule, its limit, and what was asked. Units: as the rule names them."""

    order_id: str
    owner: str
    account: str
    instrument: str
    underlying: str
    side: str
    qty: str
    rule: str
    limit: str
    asked: str
    because: str | None
    decided_at: str | None


class ForeignBody(msgspec.Struct, frozen=True, kw_only=True):
    """An order on our account that is not ours, as it was last seen. Units: contracts."""

    venue_order_id: str
    account: str
    instrument: str
    underlying: str
    side: str
    qty: str
    filled: str
    open: bool
    seen_at: str | None


class OrdersAnswer(Answer, frozen=True, kw_only=True):
    """Orders of ours, and what is none; `found` counts the orders that were asked for, shown or not."""

    found: int
    orders: list[OrderBody]
    refused: list[RefusedBody]
    foreign: list[ForeignBody]


class OrdersPage(OrdersAnswer, frozen=True, kw_only=True):
    """A page of orders, the newest first; `next` continues towards older ones, None at the end.

    The first page of all orders has what risk refused, the newest first, and the orders that are not ours, each list as
    long as a page at most; on every other page both are empty.
    """

    next: str | None


def orders_answer(
    folded: Orders,
    moment: AsOf,
    asked: Asked,
    shares: Collection[Underlying],
    *,
    open_only: bool = False,
    limit: int = 0,
) -> OrdersAnswer:
    """Returns the latest orders that are asked for, the oldest first; `limit` 0 returns all. `shares` have sessions."""
    lines = [line for line in order_lines(folded, open_only=open_only) if _is_about(asked, line.order)]
    refused = [] if open_only else [line for line in refused_lines(folded) if _is_about(asked, line)]
    foreign = [
        line
        for line in foreign_lines(folded)
        if asked.is_about(NOBODY, line.underlying) and (line.open or not open_only)
    ]
    return OrdersAnswer(
        as_of=moment,
        found=len(lines),
        orders=[order_body(line, shares) for line in lines[-limit:]],
        refused=[refused_body(line) for line in refused[-limit:]],
        foreign=[foreign_body(line) for line in foreign[-limit:]],
    )


def _is_about(asked: Asked, line: Order | RefusedLine) -> bool:
    return asked.is_about(line.owner, line.underlying)


def order_body(line: OrderLine, shares: Collection[Underlying]) -> OrderBody:
    """Returns one order of ours as programs read it; what is traded of `shares` has a session."""
    order = line.order
    return OrderBody(
        order_id=order.order_id,
        venue_order_id=order.venue_order_id,
        owner=order.owner,
        account=order.account,
        instrument=order.instrument,
        underlying=order.underlying,
        side=order.side.value,
        qty=plain(order.qty),
        limit=number_or_none(order.limit),
        status=order.status.value,
        outcome=line.outcome,
        open=order.is_open,
        accepted=line.is_posted,
        filled=plain(order.filled),
        leaves=plain(order.leaves),
        average_price=number_or_none(line.average_price),
        fees={asset: plain(amount) for asset, amount in sorted(line.fees.items())},
        slippage_usd=number_or_none(line.slippage_usd),
        slippage_bps=number_or_none(line.slippage_bps),
        session=session_or_none(order.decided_at, order.underlying, shares),
        attempt=order.attempt,
        because=order.because,
        why=line.why,
        decided_at=instant_or_none(order.decided_at),
        accepted_at=instant_or_none(line.accepted_at),
        unknown_since=instant_or_none(line.unknown_since),
        first_filled_at=instant_or_none(line.first_filled_at),
        last_filled_at=instant_or_none(line.last_filled_at),
        ended_at=instant_or_none(line.ended_at),
        good_until=instant_or_none(order.good_until),
        evidence=dict(sorted(line.evidence.items())),
    )


def refused_body(line: RefusedLine) -> RefusedBody:
    """Returns one refused intent as programs read it."""
    return RefusedBody(
        order_id=line.order_id,
        owner=line.owner,
        account=line.account,
        instrument=line.instrument,
        underlying=line.underlying,
        side=line.side.value,
        qty=plain(line.qty),
        rule=line.rule.value,
        limit=line.limit,
        asked=line.asked,
        because=line.because,
        decided_at=instant_or_none(line.decided_at),
    )


def foreign_body(line: ForeignLine) -> ForeignBody:
    """Returns one order that is not ours as programs read it."""
    return ForeignBody(
        venue_order_id=line.venue_order_id,
        account=line.account,
        instrument=line.instrument,
        underlying=line.underlying,
        side=line.side.value,
        qty=plain(line.qty),
        filled=plain(line.filled_qty),
        open=line.open,
        seen_at=instant_or_none(line.seen_at),
    )
